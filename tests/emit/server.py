"""Emitted expressions on a server: many in one round trip, each with its value as text or its kind of error."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import psycopg
from attrs import frozen

from liq.backends.binds import Arguments, texts
from liq.backends.pgerrors import SQLSTATES
from liq.model.emitted import SqlText
from liq.model.expr import Expr
from liq.model.schema import Schema
from liq.model.values import Value
from liq_planner.emit.query import emit_expression
from tests.reference.oracle import Answer

SETUP = """
create type color as enum ('red', 'green', 'blue');
create function try_emitted(query text, args jsonb) returns text language plpgsql as $$
declare result text;
begin
  execute 'select value::text from (' || query || ') as emitted' into result
    using args->>0, args->>1, args->>2, args->>3, args->>4, args->>5, args->>6, args->>7;
  return '=' || result;
exception when others then
  return '!' || sqlstate;
end $$;
"""


@frozen
class Emitted:
    """A connection to a server that runs emitted expressions."""

    connection: psycopg.Connection

    @property
    def version(self) -> int:
        """The major version of the server."""
        return self.connection.info.server_version // 10_000

    @classmethod
    def on(cls, dsn: str) -> Emitted:
        """A new database with what the tests need."""
        connection = psycopg.connect(dsn, autocommit=True)
        connection.execute(SETUP)
        return cls(connection)

    def ask(self, calls: Sequence[tuple[SqlText, Mapping[str, Value]]]) -> list[Answer]:
        """The answers of texts under parameters."""
        arguments = [json.dumps(texts(sql, Arguments(params, {}, {}, {}, {}, b"key"))) for sql, params in calls]
        rows = self.connection.execute(
            "select try_emitted(q, a::jsonb) from unnest(%s::text[], %s::text[]) with ordinality as u(q, a, n) order by n",
            [[sql.text for sql, _ in calls], arguments],
        ).fetchall()
        return [_answer(row[0], sql.text) for row, (sql, _) in zip(rows, calls, strict=True)]

    def value(self, expr: Expr, params: Mapping[str, Value] | None = None) -> Answer:
        """The answer of one expression."""
        return self.ask([(emit_expression(expr, Schema()), params or {})])[0]


def _answer(result: str | None, text: str) -> Answer:
    if result is None:
        return Answer()
    if result.startswith("="):
        return Answer(result[1:])
    assert result[1:] in SQLSTATES, f"SQLSTATE {result[1:]} of {text}"
    return Answer(error=SQLSTATES[result[1:]])
