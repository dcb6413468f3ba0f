"""``liq schema``: the declared schema in other forms."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from liq.cli import options
from liq.cli.inputs import gather
from liq.cli.output import leave, refuse, show, write
from liq.project import ProjectError

if TYPE_CHECKING:
    from liq.model.schema import Schema


@click.group()
def command() -> None:
    """Print the schema as SQL DDL or as a document."""


@command.command()
@options.inputs
@click.option("--dialect", type=click.Choice(["postgres"]), default="postgres", show_default=True)
@click.option("--policies", is_flag=True, help="Also row security: policies as PostgreSQL's own.")
def emit(
    schema: tuple[str, ...], folder: str | None, stdin_filename: str, form: str, dialect: str, policies: bool
) -> None:
    """The DDL that makes an empty database hold this schema."""
    from liq_planner.emit.refusal import EmitRefused
    from liq_planner.emit.row_security import emit_row_security
    from liq_planner.emit.schema import emit_schema

    declared = _declared(schema, folder, stdin_filename, form)
    try:
        parts = [emit_schema(declared), *([emit_row_security(declared)] if policies else [])]
    except EmitRefused as error:
        show([error.diagnostic], {}, form, machine_on_stdout=False)
        leave(1)
    for part in parts:
        write(part.script())
        write("".join(f"note: {note}\n" for note in part.notes), err=True)


@command.command()
@options.inputs
def document(schema: tuple[str, ...], folder: str | None, stdin_filename: str, form: str) -> None:
    """The schema document: what a verifier reads beside a plan."""
    from liq.model.document import write_schema

    write(write_schema(_declared(schema, folder, stdin_filename, form)).decode("ascii") + "\n")


def _declared(schema: tuple[str, ...], folder: str | None, stdin_filename: str, form: str) -> Schema:
    from liq.api import CompileError, load_schema

    try:
        inputs = gather((), schema, folder, stdin_filename)
        return load_schema(list(inputs.sources))
    except ProjectError as error:
        refuse(error, form, machine_on_stdout=False)
    except CompileError as error:
        show(error.diagnostics, error.sources, form, machine_on_stdout=False)
        leave(1)
