"""``liq import``: PostgreSQL or SQLite DDL as liq declarations."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from liq.cli import options
from liq.cli.output import exit_code, leave, refuse, show, write
from liq.project import ProjectError

if TYPE_CHECKING:
    from liq.model.source import Source

BYTES_MAX = 16_000_000


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "--dialect", type=click.Choice(["postgres", "sqlite"]), default="postgres", envvar="LIQ_IMPORT_DIALECT",
    show_default=True, help="The SQL of the files.",
)  # fmt: skip
@click.option("--definer", "definers", multiple=True, metavar="FUNCTION",
              help="Take this function to be SECURITY DEFINER (repeatable).")  # fmt: skip
@click.option("-o", "--out", metavar="FILE", help="Write the declarations here instead of printing them.")
@click.option("--stdin-filename", default="stdin.sql", metavar="NAME", help="What `-` is called in diagnostics.")
@options.format_option
def command(
    paths: tuple[str, ...], dialect: str, definers: tuple[str, ...], out: str | None, stdin_filename: str, form: str
) -> None:
    """Turn SQL DDL into liq declarations: the files in the order in which they were applied; a folder's by name."""
    from liq.importers import import_sql
    from liq.model.stack import stack_room
    from liq_grammar import format_tree

    try:
        sources = _sources(paths, stdin_filename)
    except ProjectError as error:
        refuse(error, form, machine_on_stdout=False)
    with stack_room():
        imported = import_sql(sources, dialect, definers=definers)  # type: ignore[arg-type]  # click has checked it
        text = format_tree(imported.file)
    show(imported.diagnostics, {source.name: source for source in sources}, form, machine_on_stdout=False)
    if out is None:
        write(text)
    else:
        try:
            Path(out).write_text(text, encoding="utf-8", newline="\n")
        except OSError as error:
            raise click.UsageError(f"cannot write {out}: {(error.strerror or 'error').lower()}") from None
    leave(exit_code(imported.diagnostics))


def _sources(paths: tuple[str, ...], stdin_filename: str) -> list[Source]:
    from liq.cli.inputs import read_paths
    from liq.project import read_source

    found: list[Source] = []
    for path in paths:
        if path != "-" and Path(path).is_dir():
            for file in sorted(Path(path).glob("*.sql")):
                found.append(read_source(file, file.as_posix(), BYTES_MAX))
        else:
            found += read_paths([path], stdin_filename, BYTES_MAX)
    return found
