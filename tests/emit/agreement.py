"""One query on the reference and on PostgreSQL: equal rows, or an error that the reference foresees."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence

import psycopg
from attrs import frozen
from psycopg import sql

from liq.backends.calls import CursorKey, Result
from liq.backends.postgres import PostgresOptions, execute
from liq.backends.wire import decode, encode
from liq.model.emitted import SqlPlan
from liq.model.errors import LiqError
from liq.model.ir import Query
from liq.model.schema import Schema
from liq.model.values import JsonValue, RecordValue, Value
from liq.reference.database import Database
from liq.reference.jsonvalues import json_text
from liq.reference.run import Attempt, Call, attempt
from liq_planner.emit.query import emit_query
from liq_planner.emit.schema import emit_schema

HASH_KEY = b"a key of the host"
OPTIONS = PostgresOptions(hash_key=HASH_KEY, cursor=CursorKey("plan", b"secret"))
Rows = Mapping[str, Sequence[Mapping[str, Value]]]


@frozen
class Loaded:
    """A database that holds a schema and rows."""

    connection: psycopg.Connection
    schema: Schema
    rows: Rows

    @classmethod
    def at(cls, dsn: str, schema: Schema, rows: Rows) -> Loaded:
        """Make the tables and fill them."""
        connection = psycopg.connect(dsn, autocommit=True)
        for statement in emit_schema(schema).statements:
            connection.execute(statement.encode())
        loaded = cls(connection, schema, rows)
        loaded.reload()
        return loaded

    def reload(self) -> None:
        """Put the tables back as they were."""
        self.connection.execute("set session_replication_role = replica")
        for table in self.schema.tables:
            name = sql.Identifier(*table.name.split("."))
            self.connection.execute(sql.SQL("delete from {}").format(name))
            rows = self.rows.get(table.name, ())
            for row in rows:
                columns = [c for c in table.columns if c.name in row]
                statement = sql.SQL("insert into {} ({}) values ({})").format(
                    name,
                    sql.SQL(", ").join(sql.Identifier(c.name) for c in columns),
                    sql.SQL(", ").join(sql.Placeholder() for _ in columns),
                )
                self.connection.execute(statement, [encode(row[c.name], c.type) for c in columns])
            for column in table.columns:
                if column.auto and rows:
                    last = max(int(row[column.name]) for row in rows)  # type: ignore[arg-type]
                    self.connection.execute(
                        "select setval(pg_get_serial_sequence(%s, %s), %s)", [f'"{table.name}"', column.name, last]
                    )
        self.connection.execute("set session_replication_role = origin")

    def stored(self, table: str) -> list[tuple[Value, ...]]:
        """What a table holds now."""
        columns = self.schema.table_by_name[table].columns
        self.connection.execute("set timezone = 'UTC'")
        names = sql.SQL(", ").join(sql.SQL("{}::text").format(sql.Identifier(c.name)) for c in columns)
        found = self.connection.execute(sql.SQL("select {} from {}").format(names, sql.Identifier(*table.split("."))))
        return [tuple(decode(text, c.type) for text, c in zip(row, columns, strict=True)) for row in found.fetchall()]


@frozen
class Both:
    """What both gave."""

    expected: Attempt
    result: Result | None
    error: LiqError | None
    plan: SqlPlan


def run_both(
    loaded: Loaded, query: Query, params: Mapping[str, object] | None = None, claims: Mapping[str, object] | None = None,
    options: PostgresOptions = OPTIONS,
) -> Both:
    """Run a query on both."""
    plan = emit_query(query, loaded.schema, options=options.emit)
    call = Call(loaded.schema, Database.of(loaded.schema, loaded.rows), params or {}, claims or {}, hash_key=HASH_KEY)
    expected = attempt(query, call)
    try:
        result = execute(loaded.connection, plan, query, loaded.schema, params or {}, claims or {}, options)
    except LiqError as error:
        return Both(expected, None, error, plan)
    return Both(expected, result, None, plan)


def check(
    loaded: Loaded, query: Query, params: Mapping[str, object] | None = None, claims: Mapping[str, object] | None = None,
    options: PostgresOptions = OPTIONS,
) -> Both:
    """Both agree: on rows, on what was written, or on errors that may be raised."""
    both = run_both(loaded, query, params, claims, options)
    text = "\n\n".join(step.main.text for step in both.plan.members[0].steps)
    if both.error is not None:
        assert both.error.kind in both.expected.may_raise, f"{both.error.kind}: {both.error}\n{text}"
        return both
    assert both.result is not None
    if both.expected.error is not None:  # PostgreSQL evaluated less
        return both
    outcome = both.expected.outcome
    assert outcome is not None
    ours, theirs = list(map(canonical, outcome.rows)), list(map(canonical, both.result.rows))
    if query.ordered:
        assert ours == theirs, text
    else:
        assert Counter(ours) == Counter(theirs), text
    assert outcome.affected == both.result.affected, text
    assert (outcome.next_cursor_keys is None) == (both.result.next_cursor is None)
    return both


def check_stored(loaded: Loaded, both: Both) -> None:
    """After a write, both hold the same rows."""
    if both.expected.outcome is None:
        return
    for table in loaded.schema.tables:
        ours = [canonical(tuple(row.values())) for row in both.expected.outcome.database.rows(table.name)]
        assert Counter(ours) == Counter(map(canonical, loaded.stored(table.name))), table.name


def canonical(value: Value) -> object:
    """A value as something that can be counted; floats to twelve digits."""
    match value:
        case float():
            return ("float", "nan" if math.isnan(value) else f"{value:.12g}")
        case JsonValue(plain):
            return ("json", json_text(plain))
        case RecordValue(labels, values):
            return (labels, tuple(map(canonical, values)))
        case tuple():
            return tuple(map(canonical, value))
        case _:
            return (type(value).__name__, repr(value))
