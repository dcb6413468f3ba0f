"""Options that commands share, each with its ``LIQ_*`` environment twin."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from liq.render import FORMATS

F = TypeVar("F", bound=Callable[..., Any])


def format_option(command: F) -> F:
    """``--format``: how diagnostics are shown."""
    return click.option(
        "--format", "form", type=click.Choice(FORMATS), default="human", envvar="LIQ_FORMAT", show_default=True,
        help="How diagnostics are shown.",
    )(command)  # fmt: skip


def schema_option(command: F) -> F:
    """``--schema``: schema files, instead of the project's."""
    return click.option(
        "--schema", multiple=True, envvar="LIQ_SCHEMA", metavar="FILE",
        help="Schema file, instead of the project's (repeatable).",
    )(command)  # fmt: skip


def project_option(command: F) -> F:
    """``--project``: where to look for liq.toml."""
    return click.option(
        "--project", "folder", envvar="LIQ_PROJECT", metavar="DIR",
        help="Folder of the project; else liq.toml is found by walking up.",
    )(command)  # fmt: skip


def stdin_option(command: F) -> F:
    """``--stdin-filename``: what ``-`` is called."""
    return click.option(
        "--stdin-filename", default="stdin.liq", envvar="LIQ_STDIN_FILENAME", metavar="NAME",
        help="What the text of `-` is called in diagnostics.",
    )(command)  # fmt: skip


def inputs(command: F) -> F:
    """Everything that says which files are meant."""
    return schema_option(project_option(stdin_option(format_option(command))))
