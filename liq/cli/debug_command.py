"""``liq debug``: what each stage makes of a text. For people and bug reports; the shapes may change at any time."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from liq.cli import options
from liq.cli.inputs import gather
from liq.cli.output import leave, refuse, show, write
from liq.project import ProjectError

if TYPE_CHECKING:
    from liq.api import Plan
    from liq.model.diagnostics import Diagnostic


@click.group()
def command() -> None:
    """Show the stages of the compiler: syntax, ir, physical, sql."""


@command.command()
@click.argument("path", metavar="FILE")
@options.stdin_option
@options.format_option
def syntax(path: str, stdin_filename: str, form: str) -> None:
    """The syntax tree of a file."""
    from liq.cli.inputs import read_paths
    from liq.cli.output import exit_code
    from liq.cli.tree import outline
    from liq.project import Limits
    from liq_grammar import parse

    try:
        sources = read_paths([path], stdin_filename, Limits().file_bytes)
    except ProjectError as error:
        refuse(error, form, machine_on_stdout=False)
    found: list[Diagnostic] = []
    for source in sources:
        parsed = parse(source)
        write(outline(parsed.tree))
        found += parsed.diagnostics
    show(found, {source.name: source for source in sources}, form, machine_on_stdout=False)
    leave(exit_code(found))


def _stage(name: str, help: str, shown: Callable[[Plan], str]) -> None:
    @command.command(name, help=help)
    @click.argument("paths", nargs=-1, metavar="[FILE]...")
    @options.inputs
    @click.option("--name", "wanted", help="Only the query of this name.")
    def stage(
        paths: tuple[str, ...], schema: tuple[str, ...], folder: str | None, stdin_filename: str, form: str,
        wanted: str | None,
    ) -> None:  # fmt: skip
        from liq.api import compile_sources
        from liq.cli.compile_command import named

        try:
            inputs = gather(paths, schema, folder, stdin_filename)
        except ProjectError as error:
            refuse(error, form, machine_on_stdout=False)
        dialects = ("postgres",) if inputs.project is None else inputs.project.dialects
        found = compile_sources(inputs.sources, asked=inputs.asked, dialects=dialects)
        show(found.diagnostics, inputs.by_name, form, machine_on_stdout=False)
        if not found.ok:
            leave(1)
        for plan in named(found, wanted):
            write(f"-- {plan.name} {plan.plan_id}\n{shown(plan)}")


def _tree(node: Any) -> str:
    from liq.cli.tree import outline

    return outline(node)


def _sql(plan: Plan) -> str:
    lines = []
    for dialect, emitted in plan.contents.sql.items():
        for member in emitted.members:
            given = ", ".join(c.param if c.option is None else f"{c.param} = {c.option}" for c in member.given)
            lines.append(f"-- {dialect}: {'guarded' if emitted.guarded else given or 'no optional part'}")
            for step in member.steps:
                lines.append(f"{step.main.text};")
                lines += [f"--   ${number}: {bind!r}" for number, bind in enumerate(step.main.binds, 1)]
    return "\n".join(lines) + "\n"


_stage("ir", "The typed IR of queries.", lambda plan: _tree(plan.query))
_stage("physical", "The physical plans of queries.", lambda plan: _tree(plan.physical))
_stage("sql", "The SQL of queries, per dialect and member of the family.", _sql)


@command.command("json-schema")
def json_schema() -> None:
    """The JSON Schema of plan documents."""
    from liq.model.document_schema import plan_document_schema

    write(json.dumps(plan_document_schema(), indent=1, sort_keys=True) + "\n")
