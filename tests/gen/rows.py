"""Random rows for a real ``Schema``: keys differ, links lead to rows that are there."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from liq.model.schema import Schema, Table, TableColumn
from liq.model.types import Enum, Int, List, Text, Type, Uuid, Vector
from tests.gen import values
from tests.gen.rng import Rng

Domains = Mapping[str, Sequence[Any]]
"""Values to draw from, by ``table.column``."""


def rows_for(rng: Rng, schema: Schema, *, count: int = 6, domains: Domains | None = None) -> dict[str, list[dict[str, Any]]]:
    """``count`` rows per table, fewer where unique values run out; tables that link each other in a circle get null links."""
    result: dict[str, list[dict[str, Any]]] = {}
    for table in _ordered(schema.tables):
        taken: set[tuple[str, tuple[Any, ...]]] = set()
        rows = result.setdefault(table.name, [])
        for number in range(count):
            row = _row(rng.fork(f"{table.name}/{number}"), table, number, result, domains or {})
            marks = {(key.name, tuple(repr(row[c]) for c in key.columns)) for key in table.keys if all(row[c] is not None for c in key.columns)}
            if not marks & taken:
                taken |= marks
                rows.append(row)
    return result


def _ordered(tables: Sequence[Table]) -> list[Table]:
    done: list[Table] = []
    waiting = list(tables)
    while waiting:
        names = {t.name for t in done}
        ready = [t for t in waiting if all(f.target in names or f.target == t.name for f in t.foreign_keys)] or waiting[:1]
        done += ready
        waiting = [t for t in waiting if t not in ready]
    return done


def _row(rng: Rng, table: Table, number: int, made: Mapping[str, list[dict[str, Any]]], domains: Domains) -> dict[str, Any]:
    single_keys = {k.columns[0] for k in table.keys if len(k.columns) == 1}
    row = {c.name: _cell(rng, table, c, number, c.name in single_keys, domains) for c in table.columns}
    for link in table.foreign_keys:
        targets = made.get(link.target, [])
        nullable = all(table.by_name[c].nullable for c in link.columns)
        chosen = rng.pick(targets) if targets and not (nullable and rng.chance(0.3)) else None
        for here, there in zip(link.columns, link.target_columns, strict=True):
            row[here] = None if chosen is None else chosen[there]
    return row


def _cell(rng: Rng, table: Table, column: TableColumn, number: int, unique: bool, domains: Domains) -> Any:
    domain = domains.get(f"{table.name}.{column.name}")
    if domain is not None:
        return domain[number % len(domain)] if unique else rng.pick(domain)
    if column.nullable and rng.chance(0.7 if column.tombstone else 0.25):
        return None
    if unique and isinstance(column.type, Int):
        return number + 1
    if unique and isinstance(column.type, Uuid):
        return uuid.UUID(int=number + 1)
    if unique and isinstance(column.type, Text):
        return f"{values.TEXTS[number % len(values.TEXTS)]}{number}"
    return _value(rng, column.type)


def _value(rng: Rng, type_: Type) -> Any:
    match type_:
        case Enum(_, labels):
            return rng.pick(labels)
        case Vector(dimensions):
            return tuple(float(rng.between(-3, 3)) for _ in range(dimensions))
        case List(element):
            return tuple(itertools.islice(iter(lambda: _value(rng, element), object()), rng.between(0, 3)))
        case _:
            return values.value(rng, str(type_))
