"""Which registry a command is about, and how it is opened."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

from liq.cli.output import leave, show
from liq.project import FILE_NAME, find_project

if TYPE_CHECKING:
    from liq.registry.refusal import RegistryError
    from liq.registry.registry import Registry

F = TypeVar("F", bound=Callable[..., Any])
FOLDER = ".liq/registry"


def registry_option(command: F) -> F:
    """``--registry`` and ``--pin``."""
    command = click.option(
        "--pin", metavar="SEQ:HASH", envvar="LIQ_REGISTRY_PIN",
        help="The newest head of the log that was seen; a log without it is refused.",
    )(command)  # fmt: skip
    return click.option(
        "--registry", "where", metavar="DIR", envvar="LIQ_REGISTRY",
        help=f"Folder of the registry; else {FOLDER} of the project.",
    )(command)  # fmt: skip


def folder_of(where: str | None) -> Path:
    """The folder of the registry."""
    if where is not None:
        return Path(where)
    found = find_project(Path.cwd())
    return (found.parent if found is not None and found.name == FILE_NAME else Path.cwd()) / FOLDER


def opened(where: str | None, pin: str | None, form: str = "human") -> Registry:
    """The registry, or the complaint that it cannot be used."""
    from liq.registry.refusal import RegistryError
    from liq.registry.registry import Options, Registry

    folder = folder_of(where)
    if not folder.exists():
        raise click.UsageError(f"There is no registry in {folder}; `liq register` makes one.")
    try:
        return Registry.open(folder, Options(pinned=_head(pin)))
    except RegistryError as error:
        complain(error, form)


def _head(pin: str | None) -> Any:
    from liq.registry.log import Head

    if pin is None:
        return None
    found = re.fullmatch(r"(\d{1,15}):([0-9a-f]{64})", pin)
    if found is None:
        raise click.UsageError("--pin is not of the form SEQ:HASH.")
    return Head(int(found[1]), found[2])


def named(text: str) -> tuple[str, int | None]:
    """``name`` or ``name@version``."""
    name, at, number = text.partition("@")
    if at and not re.fullmatch(r"[1-9]\d{0,8}", number):
        raise click.UsageError(f"{text!r} is not of the form NAME or NAME@VERSION.")
    return name, int(number) if at else None


def complain(error: RegistryError, form: str = "human") -> NoReturn:
    """Show why the registry refused, and leave."""
    show(error.diagnostics, {}, form, machine_on_stdout=False)
    leave(1)
