"""``liq compile``: plan documents."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from liq.cli import options
from liq.cli.inputs import gather
from liq.cli.output import leave, refuse, show, write
from liq.project import DIALECTS, ProjectError

if TYPE_CHECKING:
    from liq.api import Compilation, Plan


@click.command()
@click.argument("paths", nargs=-1, metavar="[FILE]...")
@options.inputs
@click.option(
    "--dialect", "dialects", multiple=True, type=click.Choice(DIALECTS), envvar="LIQ_DIALECT",
    help="SQL to emit (repeatable); else the project's, else postgres.",
)  # fmt: skip
@click.option("--name", help="Only the query of this name.")
@click.option("--out", metavar="DIR", help="Write DIR/NAME.plan.json instead of printing.")
@click.option("--pretty", is_flag=True, help="Indent what is printed; the hashes are of the canonical bytes.")
def command(
    paths: tuple[str, ...], schema: tuple[str, ...], folder: str | None, stdin_filename: str, form: str,
    dialects: tuple[str, ...], name: str | None, out: str | None, pretty: bool,
) -> None:  # fmt: skip
    """Compile queries to plan documents, one JSON document a line."""
    from liq.api import compile_sources

    try:
        inputs = gather(paths, schema, folder, stdin_filename)
    except ProjectError as error:
        refuse(error, form, machine_on_stdout=False)
    chosen = dialects or (inputs.project.dialects if inputs.project is not None else ("postgres",))
    text_is_c = inputs.project is not None and inputs.project.text_is_c
    found = compile_sources(inputs.sources, asked=inputs.asked, dialects=chosen, text_is_c=text_is_c)
    # standard output is for documents alone, whatever the format of findings
    show(found.diagnostics, inputs.by_name, form, machine_on_stdout=False)
    if not found.ok:
        leave(1)
    for plan in named(found, name):
        if out is None:
            write(_printed(plan, pretty) + "\n")
        else:
            _save(plan, Path(out))


def named(found: Compilation, name: str | None) -> tuple[Plan, ...]:
    """The plans asked for; a usage error where there are none."""
    plans = tuple(plan for plan in found.plans if name is None or plan.name == name)
    if not plans:
        from difflib import get_close_matches

        names = [plan.name for plan in found.plans]
        near = get_close_matches(name or "", names, 1)
        hint = f"; did you mean {near[0]}?" if near else f"; there are {', '.join(sorted(names))}" if names else ""
        raise click.UsageError(f"There is no query {name or 'here'}{hint}")
    return plans


def _printed(plan: Plan, pretty: bool) -> str:
    if not pretty:
        return plan.document.decode("ascii")
    import json

    return json.dumps(json.loads(plan.document), indent=2, sort_keys=True)


def _save(plan: Plan, folder: Path) -> None:
    file = folder / f"{re.sub(r'[^a-z0-9_.-]', '_', plan.name)}.plan.json"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file.write_bytes(plan.document + b"\n")
    except OSError as error:
        raise click.UsageError(f"cannot write {file}: {(error.strerror or 'error').lower()}") from None
    write(f"{plan.plan_id} {file.as_posix()}\n", err=True)
