"""``liq check``: every finding about a project or some files."""

from __future__ import annotations

import click

from liq.cli import options
from liq.cli.inputs import gather
from liq.cli.output import exit_code, leave, refuse, show, write
from liq.project import ProjectError


@click.command()
@click.argument("paths", nargs=-1, metavar="[FILE]...")
@options.inputs
@click.option("--strict", is_flag=True, envvar="LIQ_STRICT", help="Warnings count as findings, too.")
def command(
    paths: tuple[str, ...], schema: tuple[str, ...], folder: str | None, stdin_filename: str, form: str, strict: bool
) -> None:
    """Check files, or the whole project, without planning or running anything."""
    from liq.api import check_sources

    try:
        inputs = gather(paths, schema, folder, stdin_filename)
    except ProjectError as error:
        refuse(error, form)
    diagnostics = check_sources(inputs.sources, asked=inputs.asked)
    show(diagnostics, inputs.by_name, form)
    if not diagnostics and form == "human":
        write(f"{len(inputs.asked)} file{'s' * (len(inputs.asked) != 1)} checked: nothing found\n", err=True)
    leave(1 if strict and diagnostics else exit_code(diagnostics))
