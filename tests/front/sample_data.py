"""Rows and arguments for the small registry, drawn from a seed."""

from __future__ import annotations

import datetime as dt
import decimal
import uuid
from collections.abc import Mapping
from typing import Any

from liq.model.ir import Parameter
from liq.model.schema import Schema
from liq.model.types import Date, Decimal, Enum, Float, Int, Interval, Json, List, Text, Timestamp, Type, Uuid, Vector
from liq.model.values import IntervalValue, JsonValue, Value
from liq.reference.database import Database
from liq.reference.inputs import typed
from tests.gen.rng import Rng
from tests.gen.rows import rows_for

SMALL: Mapping[str, list[Any]] = {
    "package_versions.version": ["1", "2", "3", "4"],
    "package_versions.coverage_pct": [0.0, 50.0, 80.5, 100.0],
    "package_versions.size": [1, 2, 3, 400],
    "events.seq": [1, 2, 3, 4, 5, 6, 7],
    "events.kind": ["a", "b"],
    "agent_runs.agent_id": ["a", "b", "c"],
    "agent_runs.cost": [decimal.Decimal("0.50"), decimal.Decimal("1.00"), decimal.Decimal("2.25")],
    "calls.seconds": [1, 2, 60],
    "a.x": [1, 2, 3, 4, 5, 6],
    "b.x": [2, 3, 4, 5, 6, 7],
    "edges.source_kind": ["a", "b"],
    "edges.source_id": ["a", "b", "c", "d"],
    "edges.target_kind": ["a", "b"],
    "edges.target_id": ["a", "b", "c", "d"],
    "candidates.skills": [("python", "a"), (), ("b", None)],
    "workspaces.id": ["a", "b", "c", "d", "e", "f"],
}


def database(schema: Schema, seed: int, *, count: int = 6) -> tuple[Database, Database]:
    """The same rows twice, stored in different orders."""
    rng = Rng(f"front/{seed}")
    drawn = rows_for(rng, schema, count=count, domains=SMALL)
    rows = {
        table.name: [{c.name: _cell(row[c.name], c.type, c.nullable) for c in table.columns} for row in drawn[table.name]]
        for table in schema.tables
    }
    shuffled = {name: rng.shuffled(each) for name, each in rows.items()}
    return Database.of(schema, rows), Database.of(schema, shuffled)


def _cell(value: Any, type_: Type, nullable: bool) -> Value:
    if value is None:
        return JsonValue(None) if isinstance(type_, Json) and not nullable else None
    return typed(value, type_)


def arguments(parameters: tuple[Parameter, ...], seed: int) -> dict[str, Value]:
    """A value for every parameter; optional ones are left out now and then."""
    rng = Rng(f"arguments/{seed}")
    given: dict[str, Value] = {}
    for parameter in parameters:
        if parameter.optional and rng.chance(0.4):
            continue
        if parameter.options:
            given[parameter.name] = rng.pick(parameter.options)
        elif str(parameter.type) != "cursor":
            given[parameter.name] = _argument(rng, parameter.type)
    return given


def _argument(rng: Rng, type_: Type) -> Value:
    match type_:
        case Int():
            return rng.between(1, 5)
        case Decimal():
            return rng.pick([decimal.Decimal("0.5"), decimal.Decimal("1.00"), decimal.Decimal("3")])
        case Float():
            return rng.pick([0.0, 80.5])
        case Text():
            return rng.pick(["a", "b", "c", "1", "2", "0", "a1", "b2", "li"])
        case Uuid():
            return uuid.UUID(int=rng.between(1, 6))
        case Enum(labels=labels):
            return rng.pick(labels)
        case Timestamp():
            return dt.datetime(2026, 1, rng.between(1, 31), tzinfo=dt.UTC)
        case Date():
            return dt.date(2026, 1, rng.between(1, 31))
        case Interval():
            return IntervalValue(days=rng.between(1, 4000))
        case Vector(dimensions):
            return tuple(float(rng.between(1, 3)) for _ in range(dimensions))
        case List(element):
            return tuple(_argument(rng, element) for _ in range(rng.between(0, 3)))
        case _:
            raise AssertionError(type_)
