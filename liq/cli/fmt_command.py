"""``liq fmt``: files as liq writes them."""

from __future__ import annotations

import difflib
from pathlib import Path

import click

from liq.cli import options
from liq.cli.inputs import read_paths
from liq.cli.output import leave, refuse, show, write
from liq.model.diagnostics import Diagnostic
from liq.model.source import Source
from liq.project import Limits, ProjectError, load_project, project_files


@click.command()
@click.argument("paths", nargs=-1, metavar="[FILE]...")
@options.project_option
@options.stdin_option
@options.format_option
@click.option("--check", "check_only", is_flag=True, help="Change nothing; exit 1 where a file would change.")
@click.option("--diff", is_flag=True, help="Change nothing; print what would change.")
def command(
    paths: tuple[str, ...], folder: str | None, stdin_filename: str, form: str, check_only: bool, diff: bool
) -> None:
    """Format files in place; `-` formats standard input to standard output."""
    from liq.api import CompileError
    from liq.api import format as format_text

    try:
        sources = _sources(paths, folder, stdin_filename)
    except ProjectError as error:
        refuse(error, form)
    findings: list[Diagnostic] = []
    changed: list[Source] = []
    for source, path in sources:
        try:
            text = format_text(source)
        except CompileError as error:
            findings += error.diagnostics
            continue
        if text != source.text:
            changed.append(source)
        if diff:
            write(_difference(source, text))
        elif path is None and not check_only:
            write(text)
        elif text != source.text and not check_only:
            _replace(path, text)
    show(findings, {source.name: source for source, _ in sources}, form)
    if check_only and form == "human":
        write("".join(f"would change {source.name}\n" for source in changed), err=True)
    leave(1 if findings or (changed and (check_only or diff)) else 0)


def _sources(paths: tuple[str, ...], folder: str | None, stdin_filename: str) -> list[tuple[Source, Path | None]]:
    """Texts and where they are written back to."""
    limit = Limits().file_bytes
    if paths:
        found: list[tuple[Source, Path | None]] = []
        for path in paths:
            for source in read_paths([path], stdin_filename, limit):
                found.append((source, None if path == "-" else Path(source.name)))
        return found
    project = load_project(Path(folder or "."))
    files = project_files(project)
    return [(source, project.root / source.name) for source in (*files.schema, *files.queries)]


def _difference(source: Source, text: str) -> str:
    lines = difflib.unified_diff(
        source.text.splitlines(keepends=True), text.splitlines(keepends=True), source.name, f"{source.name} (formatted)"
    )
    return "".join(line if line.endswith("\n") else f"{line}\n\\ no line break at the end\n" for line in lines)


def _replace(path: Path | None, text: str) -> None:
    assert path is not None
    try:
        path.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise click.UsageError(f"cannot write {path}: {(error.strerror or 'error').lower()}") from None
