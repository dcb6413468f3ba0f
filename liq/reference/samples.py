"""A database from a JSON object of rows: what people try queries on. Defaults are filled in, constraints hold."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import NoReturn

from liq.model.errors import ErrorKind, LiqError
from liq.model.schema import Schema, Table, TableColumn
from liq.model.values import Value
from liq.reference.casts import stored
from liq.reference.constraints import check_foreign_keys, check_row, check_unique
from liq.reference.database import Database
from liq.reference.expressions import evaluate
from liq.reference.inputs import typed
from liq.reference.machine import Machine
from liq.reference.relations import relation_rows

ROWS_MAX = 100_000


def database_of(schema: Schema, data: object, now: dt.datetime | None = None) -> Database:
    """The database of ``{"table": [{"column": value}]}``, or a ``LiqError`` that names the table and the row."""
    machine = Machine(Database.of(schema), relation_rows, now or dt.datetime.now(dt.UTC), b"", 0)
    if not isinstance(data, Mapping):
        _refuse("sample data is an object of tables")
    tables: dict[str, list[dict[str, Value]]] = {}
    for name, rows in data.items():
        if name not in schema.table_by_name:
            _refuse(f"there is no table {str(name)[:64]}")
        if not isinstance(rows, list | tuple) or len(rows) > ROWS_MAX:
            _refuse(f"{name}: expected a list of at most {ROWS_MAX} rows")
        table = schema.table_by_name[name]
        tables[name] = [_row(table, number, row, machine) for number, row in enumerate(rows, 1)]
    database = Database.of(schema, tables)
    _check(database, machine)
    return database


def _row(table: Table, number: int, row: object, machine: Machine) -> dict[str, Value]:
    place = f"{table.name}, row {number}"
    if not isinstance(row, Mapping):
        _refuse(f"{place}: a row is an object")
    unknown = [name for name in row if name not in table.by_name]
    if unknown:
        _refuse(f"{place}: there is no column {str(unknown[0])[:64]}")
    return {column.name: _cell(column, row, place, machine) for column in table.columns}


def _cell(column: TableColumn, row: Mapping[str, object], place: str, machine: Machine) -> Value:
    raw = row.get(column.name)
    try:
        if column.name not in row and column.default is not None:
            value = evaluate(column.default, {}, machine)
        else:
            value = None if raw is None else typed(raw, column.type)
        return None if value is None else stored(value, column.type)
    except LiqError as error:
        _refuse(f"{place}, column {column.name}: {error.message}")


def _check(database: Database, machine: Machine) -> None:
    after = {name: table.rows for name, table in database.tables.items()}
    for table in database.schema.tables:
        for row in after[table.name].values():
            check_row(table, row, machine)
        check_unique(table, after[table.name], machine)
    check_foreign_keys(database.schema, {name: {} for name in after}, after, machine)
    if machine.journal.first is not None:
        raise machine.journal.first


def _refuse(message: str) -> NoReturn:
    raise LiqError(ErrorKind.PARAMETER, message)
