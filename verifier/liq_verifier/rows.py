"""Witness rows: the finitely many rows of each table that a formula speaks about, and what constraints say of them.

A row's columns are declared when first used. ``present`` is false of a row that only might exist (the witness of a
subquery that may be empty); universal statements hold of present rows.
"""

from __future__ import annotations

from itertools import combinations

from attrs import frozen

from liq.model.expr import Column
from liq.model.schema import Key, Schema, Table
from liq_verifier import smt
from liq_verifier.smt import Script
from liq_verifier.sorts import domain, sort_of
from liq_verifier.terms import Term

ROWS_MAX = 48


class Row:
    """One row of a table."""

    def __init__(self, table: Table, number: int, present: str, script: Script, strings: bool, generation: int) -> None:
        self.table, self.number, self.present, self.generation = table, number, present, generation
        self.columns: dict[str, Term] = {}
        self._script, self._strings = script, strings

    def term(self, name: str) -> Term:
        """A column's value."""
        known = self.columns.get(name)
        if known is None:
            column = self.table.by_name[name]
            known = free_term(
                self._script,
                f"{self.table.name}_{self.number}_{name}",
                Column(0, name, column.type, column.nullable),
                self._strings,
            )
            self.columns[name] = known
        return known


@frozen
class Cell:
    """A column of a row, not looked at yet."""

    row: Row
    name: str


Binding = Term | Cell


def free_term(script: Script, hint: str, column: Column, strings: bool) -> Term:
    """A value about which only its type and nullability are known."""
    value = script.constant(hint, sort_of(column.type, strings))
    null = script.constant(f"{hint}_null", smt.BOOL) if column.nullable else smt.FALSE
    script.claim(domain(column.type, value))
    return Term(column.type, value, null, value)


def same_value(left: Term, right: Term) -> str:
    """Both null, or both the same key."""
    equal = smt.conj((smt.neg(left.null), smt.neg(right.null), smt.equal(left.value, right.value)))
    return smt.disj((smt.conj((left.null, right.null)), equal))


class World:
    """All witness rows of one formula."""

    def __init__(self, schema: Schema, script: Script, strings: bool) -> None:
        self._schema, self._script, self._strings = schema, script, strings
        self.rows: list[Row] = []

    def add(self, table: str, present: str, generation: int = 0) -> Row:
        """A new row of a table."""
        if len(self.rows) >= ROWS_MAX:
            raise smt.TooLarge("the formula speaks about too many rows")
        row = Row(self._schema.table_by_name[table], len(self.rows), present, self._script, self._strings, generation)
        self.rows.append(row)
        return row

    def maybe(self, table: str, generation: int = 0) -> Row:
        """A new row that may not exist. ``generation``: how many foreign keys led to it."""
        return self.add(table, self._script.constant(f"{table}_{len(self.rows)}_present", smt.BOOL), generation)

    def of(self, table: str) -> tuple[Row, ...]:
        """The rows of a table so far."""
        return tuple(row for row in self.rows if row.table.name == table)

    def claim_keys(self) -> None:
        """Rows that agree on a key are one row. Deleted rows hold no key but those that foreign keys point at."""
        tables = {row.table.name: row.table for row in self.rows}
        for name, table in tables.items():
            for left, right in combinations(self.of(name), 2):
                for key in table.keys:
                    if key.where is None:
                        self._claim_key(key, left, right)

    def _claim_key(self, key: Key, left: Row, right: Row) -> None:
        pairs = [(left.term(c), right.term(c)) for c in key.columns]
        if key.primary or not key.nulls_distinct:
            agree = smt.conj(same_value(a, b) for a, b in pairs)
        else:
            agree = smt.conj(
                smt.conj((smt.neg(a.null), smt.neg(b.null), smt.equal(a.value, b.value))) for a, b in pairs
            )
        held = (left.table.name, frozenset(key.columns)) in self._schema.pointed_at
        tombstone = None if held else left.table.tombstone
        alive = [] if tombstone is None else [left.term(tombstone.name).null, right.term(tombstone.name).null]
        shared = sorted({*left.columns, *right.columns})
        same = smt.conj(same_value(left.term(c), right.term(c)) for c in shared)
        self._script.claim(smt.implies(smt.conj((left.present, right.present, *alive, agree)), same))
