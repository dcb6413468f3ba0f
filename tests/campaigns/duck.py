"""The reference's rows on DuckDB, as far as it can hold them."""

from __future__ import annotations

from typing import Any

import duckdb

from liq.backends.calls import CursorKey
from liq.backends.duckdb import execute
from liq.backends.wire import encode
from liq.model import ir
from liq.model import types as t
from liq.model.errors import LiqError
from liq.model.expr import Call as FunctionCall
from liq.model.node import walk
from liq.model.schema import Schema
from liq.model.values import Value
from liq.reference.database import Database
from liq.reference.run import Call
from liq_planner.emit.query import emit_query
from liq_planner.emit.refusal import EmitRefused
from liq_planner.emit.sqltypes import quoted, spelled

CURSOR = CursorKey("campaign", b"campaign")
FOLDING = frozenset({"lower", "upper", "ilike"})
UNHELD = t.Json | t.List | t.Interval


def load(schema: Schema, rows: Database) -> duckdb.DuckDBPyConnection:
    """A database in memory; columns of types that it holds otherwise than liq are left out."""
    connection = duckdb.connect()
    connection.execute("set timezone = 'UTC'")
    for enum in schema.enums:
        labels = ", ".join("'" + label.replace("'", "''") + "'" for label in enum.labels)
        connection.execute(f"create type {quoted(enum.name)} as enum ({labels})")
    for table in schema.tables:
        columns = [c for c in table.columns if not isinstance(c.type, UNHELD)]
        connection.execute(f"create table {quoted(table.name)} ({', '.join(f'{quoted(c.name)} {spelled(c.type)}' for c in columns)})")
        marks = ", ".join("?" for _ in columns)
        for row in rows.rows(table.name):
            connection.execute(f"insert into {quoted(table.name)} values ({marks})", [_cell(row[c.name], c.type) for c in columns])
    return connection


def _cell(value: Value, type_: t.Type) -> object:
    return value if isinstance(value, bytes) else encode(value, type_)


def run(connection: duckdb.DuckDBPyConnection, schema: Schema, query: ir.Query, call: Call) -> Any:
    """A result or a ``LiqError``; None where DuckDB cannot say the query."""
    if any(isinstance(inner, FunctionCall) and inner.function in FOLDING for inner in walk(query)):
        return None  # letters beyond ASCII are folded otherwise there
    if any(isinstance(c.type, UNHELD) for scan in walk(query) if isinstance(scan, ir.Scan) for c in scan.columns):
        return None
    try:
        plan = emit_query(query, schema, "duckdb")
    except EmitRefused:
        return None
    claims = {"role": "anon", **call.claims}  # DuckDB computes no defaults of claims
    try:
        return execute(connection, plan, query, schema, call.params, claims, CURSOR, call.now)
    except LiqError as error:
        return error
