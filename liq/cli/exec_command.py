"""``liq exec``: run a registered plan, for the owner of the data: claims are taken as they are given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from liq.cli import options
from liq.cli.calls import connected, given_claims, given_params, given_rows, host, show_answer
from liq.cli.output import leave, refuse, write
from liq.cli.registries import complain, named, opened, registry_option
from liq.project import ProjectError

if TYPE_CHECKING:
    from liq.model.schema import Schema
    from liq.reference.database import Database
    from liq.registry.registry import Registry


@click.command()
@click.argument("name", metavar="NAME[@VERSION]")
@registry_option
@options.format_option
@click.option("--param", "-p", "params", multiple=True, metavar="NAME=VALUE", help="A parameter (repeatable).")
@click.option("--params", "params_file", metavar="FILE", help="A JSON object of parameters.")
@click.option("--as", "claims", envvar="LIQ_AS", metavar="JSON|FILE", help="The session: what a verified token holds.")
@click.option("--data", envvar="LIQ_DATA", metavar="FILE", help="Run in memory on the rows of this JSON file.")
@click.option("--dsn", envvar="LIQ_DSN", metavar="DSN", help="Run on this PostgreSQL database.")
@click.option("--output", type=click.Choice(["table", "json", "jsonl"]), default="table", envvar="LIQ_OUTPUT",
              show_default=True, help="How rows are shown.")  # fmt: skip
def command(
    name: str, where: str | None, pin: str | None, form: str, params: tuple[str, ...], params_file: str | None,
    claims: str | None, data: str | None, dsn: str | None, output: str,
) -> None:  # fmt: skip
    """Run a registered plan. A revoked, stale, tampered or unproved one does not run."""
    from liq.model.errors import LiqError
    from liq.registry.refusal import RegistryError
    from liq.render.visible import visible

    if (data is None) == (dsn is None):
        raise click.UsageError("Say where to run: --data FILE (in memory) or --dsn DSN (PostgreSQL).")
    registry = opened(where, pin, form)
    try:
        plan, version = named(name)
        given = given_params(registry.show(plan, version)[2].query, params, params_file)
        _run(registry, plan, version, given, given_claims(claims), data, dsn, output)
    except ProjectError as error:
        refuse(error, form, machine_on_stdout=False)
    except RegistryError as error:
        complain(error, form)
    except LiqError as error:
        write(f"liq: {error.kind.value}: {visible(error.message)}\n", err=True)
        leave(1)


def _run(
    registry: Registry, name: str, version: int | None, params: dict[str, Any], claims: dict[str, Any],
    data: str | None, dsn: str | None, output: str,
) -> None:  # fmt: skip
    from liq.api import execute_registered, sample_database

    rows = given_rows(data) if data is not None else {}

    def tables(schema: Schema) -> Database:
        return sample_database(schema, rows)

    try:
        if dsn is None:
            answer = execute_registered(
                registry, name, params, claims, on=tables, version=version, host=host(), caller="cli"
            )
        else:
            with connected(dsn) as connection:
                answer = execute_registered(
                    registry, name, params, claims, on=connection, version=version, host=host(), caller="cli"
                )
    finally:
        registry.sync()
    show_answer(answer, output)
