"""PostgreSQL as the oracle of single expressions: many of them in one round trip, each with its value or its error."""

from __future__ import annotations

from collections.abc import Sequence

import psycopg
from attrs import frozen

from liq.model.errors import ErrorKind

TRY = """
create type color as enum ('red', 'green', 'blue');
create function try_eval(query text) returns text language plpgsql as $$
declare result text;
begin
  execute query into result;
  return '=' || result;
exception when others then
  return '!' || sqlstate;
end $$;
"""

KINDS = {
    "22012": ErrorKind.DIVISION_BY_ZERO,
    "22003": ErrorKind.OUT_OF_RANGE,
    "22008": ErrorKind.OUT_OF_RANGE,
    "22015": ErrorKind.OUT_OF_RANGE,
    "22009": ErrorKind.OUT_OF_RANGE,
    "54000": ErrorKind.OUT_OF_RANGE,
    "22P02": ErrorKind.INVALID_VALUE,
    "22007": ErrorKind.INVALID_VALUE,
    "22021": ErrorKind.INVALID_VALUE,
    "22023": ErrorKind.INVALID_ARGUMENT,
    "0A000": ErrorKind.INVALID_ARGUMENT,
    "2201F": ErrorKind.INVALID_ARGUMENT,
    "2201E": ErrorKind.INVALID_ARGUMENT,
    "22011": ErrorKind.INVALID_ARGUMENT,
    "22014": ErrorKind.INVALID_ARGUMENT,
    "22016": ErrorKind.INVALID_ARGUMENT,
    "2201B": ErrorKind.INVALID_ARGUMENT,
    "22025": ErrorKind.INVALID_ARGUMENT,
}
"""SQLSTATE -> kind."""


@frozen
class Answer:
    """The text of a value (None is null), or the kind of an error."""

    text: str | None = None
    error: ErrorKind | None = None


@frozen
class Oracle:
    """A connection to a server that evaluates expressions."""

    connection: psycopg.Connection

    @property
    def version(self) -> int:
        """The major version of the server."""
        return self.connection.info.server_version // 10_000

    @classmethod
    def on(cls, dsn: str) -> Oracle:
        """An oracle in a new database."""
        connection = psycopg.connect(dsn, autocommit=True)
        connection.execute(TRY)
        return cls(connection)

    def ask(self, expressions: Sequence[str]) -> list[Answer]:
        """The value of each expression, as text; as ``select (expression)::text``."""
        return self.query([f"select ({expression})::text" for expression in expressions])

    def query(self, queries: Sequence[str]) -> list[Answer]:
        """The one value of each query, which is of type text."""
        rows = self.connection.execute(
            "select try_eval(q) from unnest(%s::text[]) with ordinality as u(q, n) order by n", [list(queries)]
        ).fetchall()
        return [_answer(query, row[0]) for query, row in zip(queries, rows, strict=True)]


def _answer(query: str, result: str | None) -> Answer:
    if result is None:
        return Answer()
    if result.startswith("="):
        return Answer(result[1:])
    assert result[1:] in KINDS, f"{query}: SQLSTATE {result[1:]}"
    return Answer(error=KINDS[result[1:]])
