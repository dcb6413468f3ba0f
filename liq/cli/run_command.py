"""``liq run``: compile a query and run it, for the owner of the data: claims are taken as they are given."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from liq.cli import options
from liq.cli.calls import (
    connected,
    given_claims,
    given_params,
    given_rows,
    host,
    json_object,
    read_text,
    show_answer,
)
from liq.cli.inputs import Inputs, gather
from liq.cli.output import leave, refuse, show, write
from liq.project import Profile, ProjectError, inside

if TYPE_CHECKING:
    from liq.api import Answer, Plan


@click.command()
@click.argument("query", metavar="QUERY")
@options.inputs
@click.option("--param", "-p", "params", multiple=True, metavar="NAME=VALUE", help="A parameter (repeatable).")
@click.option("--params", "params_file", metavar="FILE", help="A JSON object of parameters.")
@click.option("--as", "claims", envvar="LIQ_AS", metavar="JSON|FILE", help="The session: what a verified token holds.")
@click.option("--profile", "profile_name", envvar="LIQ_PROFILE", metavar="NAME", help="A profile of liq.toml.")
@click.option("--data", envvar="LIQ_DATA", metavar="FILE", help="Run in memory on the rows of this JSON file.")
@click.option("--dsn", envvar="LIQ_DSN", metavar="DSN", help="Run on this PostgreSQL database.")
@click.option("--output", type=click.Choice(["table", "json", "jsonl"]), default="table", envvar="LIQ_OUTPUT",
              show_default=True, help="How rows are shown.")  # fmt: skip
def command(
    query: str, schema: tuple[str, ...], folder: str | None, stdin_filename: str, form: str, params: tuple[str, ...],
    params_file: str | None, claims: str | None, profile_name: str | None, data: str | None, dsn: str | None,
    output: str,
) -> None:  # fmt: skip
    """Run QUERY: the name of a query of the project, or a file that holds one."""
    from liq.model.errors import LiqError

    try:
        inputs, plan = _compiled(query, schema, folder, stdin_filename, form)
        profile = _profile(inputs, profile_name)
        session = _claims(claims, inputs, profile)
    except ProjectError as error:
        refuse(error, form, machine_on_stdout=False)
    try:
        given = given_params(plan.query, params, params_file)
        answer = _answer(plan, inputs, profile, data, dsn, given, session)
    except ProjectError as error:
        refuse(error, form, machine_on_stdout=False)
    except LiqError as error:
        from liq.render.visible import visible

        write(f"liq: {error.kind.value}: {visible(error.message)}\n", err=True)
        leave(1)
    show_answer(answer, output)


def _compiled(
    query: str, schema: tuple[str, ...], folder: str | None, stdin_filename: str, form: str
) -> tuple[Inputs, Plan]:
    from liq.api import compile_sources
    from liq.cli.compile_command import named

    is_file = query == "-" or query.endswith(".liq") or Path(query).is_file()
    inputs = gather((query,) if is_file else (), schema, folder, stdin_filename)
    found = compile_sources(inputs.sources, asked=inputs.asked, dialects=("postgres",))
    show(found.diagnostics, inputs.by_name, form, machine_on_stdout=False)
    if not found.ok:
        leave(1)
    plans = named(found, None if is_file else query)
    if len(plans) != 1:
        raise click.UsageError(f"{query} holds several queries: {', '.join(plan.name for plan in plans)}; name one.")
    return inputs, plans[0]


def _profile(inputs: Inputs, name: str | None) -> Profile:
    if name is None:
        return Profile("none")
    found = inputs.project.profile(name) if inputs.project is not None else None
    if found is None:
        known = ", ".join(p.name for p in inputs.project.profiles) if inputs.project is not None else ""
        raise click.UsageError(f"There is no profile {name!r}" + (f"; there are {known}." if known else "."))
    return found


def _claims(given: str | None, inputs: Inputs, profile: Profile) -> dict[str, Any]:
    if given is None and profile.claims is not None:
        assert inputs.project is not None
        return json_object(read_text(inside(inputs.project, profile.claims), profile.claims), "claims")
    return given_claims(given)


def _answer(
    plan: Plan, inputs: Inputs, profile: Profile, data: str | None, dsn: str | None, params: dict[str, Any],
    claims: dict[str, Any],
) -> Answer:  # fmt: skip
    from liq.api import run_in_memory, run_on_postgres, sample_database

    if dsn is None and data is None and profile.dsn_env is not None:
        dsn = os.environ.get(profile.dsn_env)
        if not dsn:
            raise click.UsageError(f"The profile {profile.name!r} wants a connection string in {profile.dsn_env}.")
    if dsn is not None:
        with connected(dsn) as connection:
            return run_on_postgres(plan, connection, params, claims, host())
    if data is not None:
        rows = given_rows(data)
    elif profile.data is not None:
        assert inputs.project is not None
        rows = json_object(read_text(inside(inputs.project, profile.data), profile.data), "rows")
    else:
        raise click.UsageError("Say where to run: --data FILE (in memory), --dsn DSN (PostgreSQL) or --profile NAME.")
    return run_in_memory(plan, sample_database(plan.schema, rows), params, claims, host())
