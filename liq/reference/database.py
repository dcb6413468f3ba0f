"""Tables in memory. A database is a value: a statement makes a new one, and a failed plan leaves the old one behind."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import attrs
from attrs import frozen

from liq.model.schema import Schema, Table
from liq.model.values import Value

Stored = tuple[Value, ...]
"""One stored row: a value per column of its table, in declared order."""


@frozen
class TableRows:
    """The rows of a table by identity, and the next numbers of its ``auto`` columns."""

    rows: Mapping[int, Stored]
    next_id: int
    counters: Mapping[str, int]


@frozen
class Database:
    """All tables of a schema."""

    schema: Schema
    tables: Mapping[str, TableRows]

    @classmethod
    def of(cls, schema: Schema, rows: Mapping[str, Iterable[Mapping[str, Value]]] | None = None) -> Database:
        """A database that holds the given rows; columns left out are null, or numbered where the database numbers."""
        given = rows or {}
        assert set(given) <= set(schema.table_by_name), set(given) - set(schema.table_by_name)
        return cls(schema, {t.name: _filled(t, given.get(t.name, ())) for t in schema.tables})

    def rows(self, table: str) -> list[dict[str, Value]]:
        """The stored rows of a table, as mappings."""
        names = [c.name for c in self.schema.table_by_name[table].columns]
        return [dict(zip(names, row, strict=True)) for row in self.tables[table].rows.values()]

    def with_tables(self, changed: Mapping[str, TableRows]) -> Database:
        """The database with some tables replaced."""
        return attrs.evolve(self, tables={**self.tables, **changed})


def _filled(table: Table, rows: Iterable[Mapping[str, Value]]) -> TableRows:
    counters = {c.name: 1 for c in table.columns if c.auto}
    stored: dict[int, Stored] = {}
    for number, row in enumerate(rows):
        assert set(row) <= set(table.by_name), set(row) - set(table.by_name)
        values = []
        for column in table.columns:
            value = row.get(column.name)
            if column.auto:
                value = counters[column.name] if value is None else value
                assert isinstance(value, int)
                counters[column.name] = max(counters[column.name], value + 1)
            values.append(value)
        stored[number] = tuple(values)
    return TableRows(stored, len(stored), counters)
