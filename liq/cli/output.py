"""What commands write: diagnostics in the format asked for, and the exit code that goes with them."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import NoReturn

import click

from liq.cli.main import FINDINGS, OK, USAGE
from liq.model.diagnostics import Diagnostic, Severity
from liq.model.source import Source
from liq.project import ProjectError
from liq.render import MACHINE_FORMATS, render


def write(text: str, err: bool = False) -> None:
    """Write a text as it is; characters that the terminal's encoding lacks are escaped."""
    stream = sys.stderr if err else sys.stdout
    encoding = stream.encoding or "utf-8"
    stream.write(text.encode(encoding, "backslashreplace").decode(encoding))


def show(
    diagnostics: Sequence[Diagnostic], sources: Mapping[str, Source], form: str, machine_on_stdout: bool = True
) -> None:
    """Show diagnostics: for people on standard error, for programs on standard output."""
    if form in MACHINE_FORMATS:
        write(render(form, diagnostics, sources), err=not machine_on_stdout)
    elif diagnostics and form == "human":
        _show_to_people(diagnostics, sources)
    elif diagnostics:
        write(render(form, diagnostics, sources), err=True)


def _show_to_people(diagnostics: Sequence[Diagnostic], sources: Mapping[str, Source]) -> None:
    from rich.console import Console

    from liq.render.human import WIDTH, human_text

    wanted = click.get_current_context().find_root().obj
    forced = {"always": True, "never": False}.get(wanted)
    console = Console(
        stderr=True, highlight=False, markup=False, emoji=False, soft_wrap=True, force_terminal=forced,
        no_color=True if forced is False else None if forced is None else False,
    )  # fmt: skip
    width = console.width if console.is_terminal else WIDTH
    text = human_text(diagnostics, sources, width)
    text.append(summary(diagnostics) + "\n")
    if console.is_terminal:
        console.print(text, end="")
    else:
        write(text.plain, err=True)


def summary(diagnostics: Sequence[Diagnostic]) -> str:
    """``2 errors, 1 warning`` and where to read more."""
    counts = [(severity, sum(d.severity is severity for d in diagnostics)) for severity in Severity]
    said = ", ".join(f"{count} {severity.value}{'s' * (count > 1)}" for severity, count in counts if count)
    return f"{said} (`liq explain {diagnostics[0].code.id}` says more)"


def exit_code(diagnostics: Sequence[Diagnostic]) -> int:
    """1 where there is an error, else 0."""
    return FINDINGS if any(diagnostic.is_error for diagnostic in diagnostics) else OK


def leave(code: int) -> NoReturn:
    """End the command with an exit code."""
    raise click.exceptions.Exit(code)


def refuse(error: ProjectError, form: str, machine_on_stdout: bool = True) -> NoReturn:
    """Show why the inputs cannot be used, and leave."""
    show(error.diagnostics, error.sources, form, machine_on_stdout)
    leave(USAGE)
