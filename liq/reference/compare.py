"""Equality and total order of values, per type: PostgreSQL's.

``order_key`` maps a value that is not null to a Python object that is hashable and ordered; two values are equal
exactly when their keys are, and one is less exactly when its key is.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from liq.model.expr import SortKey
from liq.model.types import Enum, Float, Interval, Json, List, Record, Type, Uuid, Vector
from liq.model.values import IntervalValue, JsonValue, Plain, RecordValue, Value

Key = Any
"""A hashable, ordered stand-in for a value."""


def order_key(type_: Type, value: Value) -> Key:
    """The key of a value of this type; the value is not null."""
    assert value is not None
    match type_:
        case Float():
            assert isinstance(value, float)
            return _float_key(value)
        case Uuid():
            return value.int  # type: ignore[union-attr]
        case Interval():
            assert isinstance(value, IntervalValue)
            return value.span_microseconds()
        case Json():
            assert isinstance(value, JsonValue)
            return json_key(value.value)
        case Enum(labels=labels):
            assert isinstance(value, str)
            return labels.index(value)
        case List(element):
            assert isinstance(value, tuple)
            return tuple(nullable_key(element, item) for item in value)
        case Vector():
            assert isinstance(value, tuple)
            return tuple(_float_key(item) for item in value)  # type: ignore[arg-type]
        case Record(fields):
            assert isinstance(value, RecordValue)
            return tuple(nullable_key(f.type, item) for f, item in zip(fields, value.values, strict=True))
        case _:
            return value


def nullable_key(type_: Type, value: Value) -> Key:
    """A key that admits null: equal to null, greater than everything else (as inside PostgreSQL's arrays and rows)."""
    return (1,) if value is None else (0, order_key(type_, value))


def row_key(types: Sequence[Type], row: Sequence[Value]) -> Key:
    """The key by which ``distinct``, ``group`` and set operations tell rows apart."""
    return tuple(nullable_key(type_, value) for type_, value in zip(types, row, strict=True))


def equal(type_: Type, left: Value, right: Value) -> bool | None:
    """``left = right``."""
    if left is None or right is None:
        return None
    return bool(order_key(type_, left) == order_key(type_, right))


def compare(operator: str, type_: Type, left: Value, right: Value) -> bool | None:
    """One of ``= <> < <= > >=``; null when a side is."""
    if left is None or right is None:
        return None
    a, b = order_key(type_, left), order_key(type_, right)
    match operator:
        case "=":
            return bool(a == b)
        case "<>":
            return bool(a != b)
        case "<":
            return bool(a < b)
        case "<=":
            return bool(a <= b)
        case ">":
            return bool(a > b)
        case ">=":
            return bool(a >= b)
        case _:
            raise AssertionError(operator)


def compare_rows(operator: str, types: Sequence[Type], left: Sequence[Value], right: Sequence[Value]) -> bool | None:
    """Rows as PostgreSQL compares them: ``=`` and ``<>`` look at all pairs, the rest at the first that decides."""
    pairs = [equal(t, a, b) for t, a, b in zip(types, left, right, strict=True)]
    if operator in ("=", "<>"):
        same = False if False in pairs else (None if None in pairs else True)
        return same if operator == "=" or same is None else not same
    for t, a, b, same in zip(types, left, right, pairs, strict=True):
        if same is None:
            return None
        if not same:
            return compare(operator, t, a, b)
    return operator in ("<=", ">=")


class _Reversed:
    """A key that sorts the other way round."""

    __slots__ = ("key",)

    def __init__(self, key: Key) -> None:
        self.key = key

    def __lt__(self, other: _Reversed) -> bool:
        return bool(other.key < self.key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Reversed) and bool(self.key == other.key)

    def __hash__(self) -> int:
        return hash(self.key)


def sort_key(keys: Sequence[SortKey], values: Sequence[Value]) -> Key:
    """The key of a row in an order: direction and the place of nulls are in it. Equal keys are peers."""
    result: list[Key] = []
    for key, value in zip(keys, values, strict=True):
        if value is None:
            result.append((0 if key.nulls_first else 2,))
            continue
        plain = order_key(key.expr.type, value)
        result.append((1, _Reversed(plain) if key.descending else plain))
    return tuple(result)


def _float_key(value: float) -> Key:
    return (1, 0.0) if math.isnan(value) else (0, value + 0.0)  # NaN is greatest; -0.0 + 0.0 is 0.0


def json_key(value: Plain) -> Key:
    """jsonb's order: object > array > boolean > number > string > null, but an empty array at the top comes first."""
    return (-1,) if isinstance(value, tuple) and not value else _json_part(value)


def _json_part(value: Plain) -> Key:
    match value:
        case None:
            return (0,)
        case str():
            return (1, value)
        case bool():
            return (3, value)
        case int() | Decimal():
            return (2, value)
        case tuple():
            return (4, len(value), *(_json_part(item) for item in value))
        case Mapping():
            members = [part for key in member_order(value) for part in (key, _json_part(value[key]))]
            return (5, len(value), *members)


def member_order(members: Mapping[str, Plain]) -> list[str]:
    """The names of an object's members as jsonb keeps them: by length in bytes, then by bytes."""
    return sorted(members, key=lambda name: (len(name.encode("utf-8", "surrogatepass")), name))
