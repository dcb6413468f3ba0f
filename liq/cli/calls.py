"""What commands that run plans share: parameters, claims, rows, connections as they are given on a command line."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from liq.cli.output import write
from liq.project import read_source

if TYPE_CHECKING:
    from liq.api import Answer, Host
    from liq.model.ir import Parameter, Query

JSON_BYTES_MAX = 64_000_000


def given_claims(given: str | None) -> dict[str, Any]:
    """The session of ``--as``: a JSON object, or a file that holds one."""
    if given is None:
        return {}
    return json_object(given if given.lstrip().startswith("{") else read_text(Path(given), given), "claims")


def given_rows(file: str) -> dict[str, Any]:
    """The rows of ``--data``."""
    return json_object(read_text(Path(file), file), "rows")


def read_text(path: Path, name: str) -> str:
    """The text of a file, or ``ProjectError``."""
    return read_source(path, name, JSON_BYTES_MAX).text


def json_object(text: str, what: str) -> dict[str, Any]:
    """The JSON object of a text; anything else is a usage error."""
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


def given_params(query: Query, pairs: tuple[str, ...], file: str | None) -> dict[str, Any]:
    """The parameters of ``--param`` and ``--params``."""
    given = json_object(read_text(Path(file), file), "parameters") if file is not None else {}
    declared = {parameter.name: parameter for parameter in query.parameters}
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


@contextmanager
def connected(dsn: str) -> Iterator[Any]:
    """A connection to PostgreSQL, closed afterwards; a usage error where there is none to be had."""
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
        yield connection


def host() -> Host:
    """Keys of the owner's own runs. They sign nothing that others rely on; services keep keys of their own."""
    from liq.api import Host

    return Host(
        hash_key=os.environ.get("LIQ_HASH_KEY", "liq run").encode(),
        cursor_key=os.environ.get("LIQ_CURSOR_KEY", "liq run").encode(),
    )


def show_answer(answer: Answer, output: str) -> None:
    """The rows of an answer, as asked for."""
    from liq.cli.rows import answer_json, answer_table

    match output:
        case "json":
            write(json.dumps(answer_json(answer), indent=2) + "\n")
        case "jsonl":
            write("".join(json.dumps(row) + "\n" for row in answer_json(answer).get("rows", [])))
        case _:
            write(answer_table(answer))
