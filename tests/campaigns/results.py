"""Comparing what two back ends answered: bags, orders with ties, floats within 1e-12."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal
from itertools import groupby
from typing import Any

import attrs

from liq.model.expr import Column, ColumnRef, Item, SortKey
from liq.model.ir import Project, Query, Sort, SortChoice, Statement
from liq.model.values import IntervalValue, JsonValue, RecordValue
from liq.reference.run import Call, attempt

Rows = Sequence[tuple[Any, ...]]
TOLERANCE = 1e-12


def same(left: Any, right: Any) -> bool:
    """Whether two values are equal as liq compares them, floats within a relative tolerance."""
    if isinstance(left, float) and isinstance(right, float):
        return left == right or (math.isnan(left) and math.isnan(right)) or math.isclose(left, right, rel_tol=TOLERANCE, abs_tol=1e-300)
    if isinstance(left, RecordValue) and isinstance(right, RecordValue):
        return left.labels == right.labels and same(left.values, right.values)
    if isinstance(left, tuple) and isinstance(right, tuple):
        return len(left) == len(right) and all(same(a, b) for a, b in zip(left, right, strict=True))
    if isinstance(left, JsonValue) and isinstance(right, JsonValue):
        return _json_key(left.value) == _json_key(right.value)
    return type(left) is type(right) and bool(left == right)


def sort_key(value: Any) -> Any:
    """A total order over all values, coarse for floats, so that equal bags sort alike."""
    match value:
        case None:
            return ("",)
        case float():
            return ("float", "nan") if math.isnan(value) else ("float", f"{value + 0.0:.9e}")
        case Decimal():
            return ("decimal", value.normalize() + 0)
        case RecordValue():
            return ("record", tuple(sort_key(v) for v in value.values))
        case tuple():
            return ("tuple", tuple(sort_key(v) for v in value))
        case JsonValue():
            return ("json", _json_key(value.value))
        case IntervalValue():
            return ("interval", value.months, value.days, value.microseconds)
        case _:
            return (type(value).__name__, value)


def _json_key(value: Any) -> str:
    match value:
        case dict():
            return "{" + ",".join(f"{k!r}:{_json_key(v)}" for k, v in sorted(value.items())) + "}"
        case tuple() | list():
            return "[" + ",".join(_json_key(v) for v in value) + "]"
        case bool() | None | str():
            return repr(value)
        case _:
            return str(Decimal(value).normalize() + 0)


def same_bag(left: Rows, right: Rows) -> bool:
    """Whether the same rows come equally often."""
    return len(left) == len(right) and all(
        same(a, b) for a, b in zip(sorted(left, key=sort_key), sorted(right, key=sort_key), strict=True)
    )


def same_order(left: Rows, right: Rows, peers: Sequence[Any]) -> bool:
    """Whether ``right`` is ``left`` up to the order among peers; ``peers[i]`` is equal for rows of ``left`` that tie."""
    if len(left) != len(right):
        return False
    at = 0
    for _, group in groupby(zip(peers, left, strict=True), key=lambda pair: pair[0]):
        rows = [row for _, row in group]
        if not same_bag(rows, right[at : at + len(rows)]):
            return False
        at += len(rows)
    return True


def peers_of(query: Query, call: Call, rows: int) -> list[Any]:
    """For each row of an ordered result, what its order keys say; row numbers where the order is total anyway."""
    keyed = _with_keys(query, call)
    if keyed is None:
        return list(range(rows))
    outcome = attempt(keyed, call).outcome
    assert outcome is not None
    return [sort_key(row[len(query.result) :]) for row in outcome.rows]


def _with_keys(query: Query, call: Call) -> Query | None:
    statement = query.statements[-1]
    body = statement.body
    below = body.input if isinstance(body, Project) else body
    if not isinstance(below, Sort | SortChoice):
        return None
    keys = below.keys if isinstance(below, Sort) else _chosen(below, call.params.get(below.param))
    items = body.items if isinstance(body, Project) else tuple(Item(c, ColumnRef(c.id, c.name, c.type, c.nullable)) for c in body.columns)
    shown = tuple(item for c in query.result for item in items if item.column.id == c.id)
    extra = tuple(
        Item(Column(-1 - n, f"key{n}", key.expr.type, key.expr.nullable), key.expr) for n, key in enumerate(keys)
    )
    changed: Statement = attrs.evolve(statement, body=Project(below, (*shown, *extra)))
    return attrs.evolve(query, statements=(*query.statements[:-1], changed), result=(*query.result, *(i.column for i in extra)))


def _chosen(sort: SortChoice, label: object) -> tuple[SortKey, ...]:
    return next((option.keys for option in sort.options if option.label == label), sort.options[0].keys)
