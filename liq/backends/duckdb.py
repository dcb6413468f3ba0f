"""Running emitted reads on DuckDB: a second oracle, and for tables that already live there.

The caller opens the connection and holds it for the call; nothing is written through it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import attrs

from liq.backends.binds import Arguments, LetRows
from liq.backends.calls import (
    CursorKey,
    Result,
    Rows,
    arguments,
    call_arguments,
    expect_rows,
    member_for,
    page_of,
    session,
)
from liq.backends.wire import decode
from liq.model.emitted import SqlPlan, SqlText
from liq.model.errors import ErrorKind, LiqError
from liq.model.expr import Column, Expr
from liq.model.ir import Query
from liq.model.schema import Schema
from liq.model.types import Type
from liq.model.values import Value
from liq.reference.expressions import evaluate
from liq_planner.emit.paging import page_size

if TYPE_CHECKING:
    import duckdb

KINDS = {
    "OutOfRangeException": ErrorKind.OUT_OF_RANGE,
    "ConversionException": ErrorKind.INVALID_VALUE,
    "InvalidInputException": ErrorKind.INVALID_ARGUMENT,
}


def execute(
    connection: duckdb.DuckDBPyConnection,
    plan: SqlPlan,
    query: Query,
    schema: Schema,
    params: Mapping[str, object],
    claims: Mapping[str, object],
    cursor: CursorKey | None = None,
    now: dt.datetime | None = None,
) -> Result:
    """Run a plan that reads; raises ``LiqError``."""
    at = now or dt.datetime.now(dt.UTC)
    machine = arguments(query, schema, params, cursor, at)
    given = call_arguments(query, machine, session(schema.claims, claims, _no_default), None)
    lets: dict[str, LetRows] = {}
    rows: Rows = ()
    following = None
    connection.execute("BEGIN TRANSACTION READ ONLY")
    try:
        connection.execute("SET TimeZone = 'UTC'")
        for step, statement in zip(member_for(plan, query, machine.params).steps, query.statements, strict=True):
            types = [column.type for column in statement.body.columns]
            rows = _run(connection, step.main, types, attrs.evolve(given, lets=lets))
            if statement is query.statements[-1] and query.paging is not None:
                size = page_size(query)
                count = evaluate(size, {}, machine) if size is not None else None
                assert count is None or isinstance(count, int)
                rows, following = page_of(query, rows, count, cursor)
            expect_rows(statement, len(rows))
            if statement.name is not None:
                lets[statement.name] = LetRows(tuple(types), rows)
    finally:
        connection.execute("ROLLBACK")
    shown: tuple[Column, ...] = query.result
    return Result(shown, tuple(row[: len(shown)] for row in rows), len(rows), query.ordered, following)


def _no_default(expr: Expr, before: Mapping[str, Value]) -> Value:
    """Defaults of claims are reads of PostgreSQL's or the engine's: DuckDB holds copies, which decide nothing."""
    raise LiqError(ErrorKind.CLAIM, "defaults of claims are not computed on DuckDB")


def _run(connection: Any, text: SqlText, types: Sequence[Type], given: Arguments) -> Rows:
    import duckdb

    values = [_native(given.value(bind)[0]) for bind in text.binds]
    try:
        found = connection.execute(text.text, values).fetchall()
    except duckdb.Error as error:
        kind = KINDS.get(type(error).__name__, ErrorKind.BACKEND)
        raise LiqError(kind, f"DuckDB failed: {type(error).__name__}") from None
    return tuple(tuple(decode(item, type_) for item, type_ in zip(row, types, strict=True)) for row in found)


def _native(value: Value) -> object:
    return [_native(item) for item in value] if isinstance(value, tuple) else value
