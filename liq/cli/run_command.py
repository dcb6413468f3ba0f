"""``liq run``: compile a query and run it, for the owner of the data: claims are taken as they are given."""

from __future__ import annotations

import json
import os
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from liq.cli import options
from liq.cli.inputs import Inputs, gather
from liq.cli.output import leave, refuse, show, write
from liq.project import Profile, ProjectError, inside, read_source

if TYPE_CHECKING:
    from liq.api import Answer, Host, Plan
    from liq.model.ir import Parameter

JSON_BYTES_MAX = 64_000_000


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
        given = _params(plan, params, params_file)
        answer = _answer(plan, inputs, profile, data, dsn, given, session)
    except ProjectError as error:
        refuse(error, form, machine_on_stdout=False)
    except LiqError as error:
        from liq.render.visible import visible

        write(f"liq: {error.kind.value}: {visible(error.message)}\n", err=True)
        leave(1)
    _show(answer, output)


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
        return _object(_read(inside(inputs.project, profile.claims), profile.claims), "claims")
    if given is None:
        return {}
    return _object(given if given.lstrip().startswith("{") else _read(Path(given), given), "claims")


def _read(path: Path, name: str) -> str:
    return read_source(path, name, JSON_BYTES_MAX).text


def _object(text: str, what: str) -> dict[str, Any]:
    value = _json(text, what)
    if not isinstance(value, dict):
        raise click.UsageError(f"The {what} are not a JSON object.")
    return value


def _json(text: str, what: str) -> Any:
    def no_constant(word: str) -> NoReturn:
        raise ValueError(word)

    try:
        return json.loads(text, parse_float=Decimal, parse_constant=no_constant)
    except (ValueError, RecursionError):
        raise click.UsageError(f"The {what} are not JSON.") from None


def _params(plan: Plan, pairs: tuple[str, ...], file: str | None) -> dict[str, Any]:
    given = _object(_read(Path(file), file), "parameters") if file is not None else {}
    declared = {parameter.name: parameter for parameter in plan.query.parameters}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals:
            raise click.UsageError(f"--param {pair!r} is not of the form NAME=VALUE.")
        name = name.removeprefix("$")
        given[name] = _typed(declared[name], text) if name in declared else text
    return given


def _typed(parameter: Parameter, text: str) -> Any:
    """A parameter as typed on a command line: lists, rows and JSON as JSON, everything else as its text."""
    from liq.model import types as t

    match parameter.type:
        case t.Bool():
            return {"true": True, "false": False}.get(text, text)
        case t.List() | t.Json() | t.Vector() | t.Record():
            return _json(text, f"value of {parameter.name}")
        case _:
            return _json(text, f"rows of {parameter.name}") if parameter.rows_of else text


def _answer(
    plan: Plan, inputs: Inputs, profile: Profile, data: str | None, dsn: str | None, params: dict[str, Any],
    claims: dict[str, Any],
) -> Answer:  # fmt: skip
    from liq.api import run_in_memory, sample_database

    if dsn is None and data is None and profile.dsn_env is not None:
        dsn = os.environ.get(profile.dsn_env)
        if not dsn:
            raise click.UsageError(f"The profile {profile.name!r} wants a connection string in {profile.dsn_env}.")
    if dsn is not None:
        return _on_postgres(plan, dsn, params, claims)
    if data is not None:
        rows = _object(_read(Path(data), data), "rows")
    elif profile.data is not None:
        assert inputs.project is not None
        rows = _object(_read(inside(inputs.project, profile.data), profile.data), "rows")
    else:
        raise click.UsageError("Say where to run: --data FILE (in memory), --dsn DSN (PostgreSQL) or --profile NAME.")
    return run_in_memory(plan, sample_database(plan.schema, rows), params, claims, host())


def _on_postgres(plan: Plan, dsn: str, params: dict[str, Any], claims: dict[str, Any]) -> Answer:
    from liq.api import run_on_postgres

    try:
        import psycopg
    except ImportError:
        raise click.UsageError("PostgreSQL needs psycopg: pip install 'liq-lang[pg]'.") from None
    try:
        connection = psycopg.connect(dsn, autocommit=True, connect_timeout=10)
    except psycopg.Error as error:
        reason = " ".join(str(error).split())[:200]  # says host and port; psycopg leaves passwords out
        raise click.UsageError(f"Cannot connect to PostgreSQL: {reason}") from None
    with connection:
        return run_on_postgres(plan, connection, params, claims, host())


def host() -> Host:
    """Keys of the owner's own runs. They sign nothing that others rely on; services keep keys of their own."""
    from liq.api import Host

    return Host(
        hash_key=os.environ.get("LIQ_HASH_KEY", "liq run").encode(),
        cursor_key=os.environ.get("LIQ_CURSOR_KEY", "liq run").encode(),
    )


def _show(answer: Answer, output: str) -> None:
    from liq.cli.rows import answer_json, answer_table

    match output:
        case "json":
            write(json.dumps(answer_json(answer), indent=2) + "\n")
        case "jsonl":
            write("".join(json.dumps(row) + "\n" for row in answer_json(answer).get("rows", [])))
        case _:
            write(answer_table(answer))
