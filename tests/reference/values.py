"""Boundary values of every type, and how they are written in SQL."""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal as D

from liq.model import types as t
from liq.model.types import Type
from liq.model.values import IntervalValue, JsonValue, Value
from liq.reference.casts import output

UTC = dt.UTC
COLOR = t.Enum("color", ("red", "green", "blue"))
INTS, TEXTS = t.List(t.INT), t.List(t.TEXT)

POOLS: dict[Type, list[Value]] = {
    t.BOOL: [True, False, None],
    t.INT: [0, 1, -1, 2, 3, -7, 10, 4096, 2**31, 2**53 + 1, 2**63 - 1, -(2**63), None],
    t.DECIMAL: [
        D("0"), D("0.00"), D("1"), D("-1"), D("0.5"), D("-0.5"), D("2.5"), D("-2.5"), D("1.005"), D("1.50"), D("3"), D("7"),
        D("0.1"), D("9999"), D("10000"), D("-10000.0001"), D("123456789.123456789"), D("0.00000000000000000001"),
        D("1000000000000000000"), D("9" * 38), D("-" + "9" * 20 + "." + "9" * 18), None,
    ],
    t.FLOAT: [
        0.0, -0.0, 1.0, -1.0, 0.5, 1.5, 2.5, -2.5, 0.1, 3.0, 1e308, -1e308, 5e-324, 1e-300, 1e15, 123456.789, 9007199254740993.0,
        1e23, 709.9, float("inf"), float("-inf"), float("nan"), None,
    ],
    t.TEXT: ["", "a", "abc", "Hello World", "ÄÖü ß", "  x ", "a_b%", "日本語", "\\", "it's", "aXbXc", "X", "ab", "10", None],
    t.BYTES: [b"", b"\x00", b"a", b"\xff\xfe", b"abc\\", None],
    t.UUID: [uuid.UUID(int=0), uuid.UUID(int=2**128 - 1), uuid.UUID("12345678-1234-5678-9abc-def012345678"), None],
    t.DATE: [
        dt.date(1, 1, 1), dt.date(9999, 12, 31), dt.date(1970, 1, 1), dt.date(2024, 2, 29), dt.date(2026, 11, 20),
        dt.date(1999, 12, 31), dt.date(2021, 1, 3), None,
    ],
    t.TIME: [dt.time(0), dt.time(23, 59, 59, 999999), dt.time(10, 30), dt.time(1, 2, 3, 450000), None],
    t.TIMESTAMP: [
        dt.datetime(1, 1, 1, tzinfo=UTC), dt.datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
        dt.datetime(1970, 1, 1, tzinfo=UTC), dt.datetime(2024, 2, 29, 12, 30, 15, 123456, tzinfo=UTC),
        dt.datetime(2026, 1, 31, 23, 59, 59, tzinfo=UTC), dt.datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
        dt.datetime(2026, 10, 25, 0, 30, tzinfo=UTC), None,
    ],
    t.INTERVAL: [
        IntervalValue(), IntervalValue(1), IntervalValue(-1), IntervalValue(0, 1), IntervalValue(0, 0, 1), IntervalValue(0, 30),
        IntervalValue(14, -3, 3_600_000_000), IntervalValue(-14, 3, -1), IntervalValue(0, 0, -86_400_000_001),
        IntervalValue(0, 0, 360_000_000_000), IntervalValue(12_000_000), IntervalValue(2**31 - 1, 2**31 - 1, 2**62), None,
    ],
    t.JSON: [
        *map(JsonValue, (
            None, True, False, 0, D("1.0"), D("-1.5"), 10**20, "", "a", "true", "12", "é\"\\\n\u0001", (), (1,), (1, 2), (None,),
            ("a", (1,)), {}, {"a": 1}, {"bb": (), "a": None}, {"a": {"b": (1, {"c": "x"})}}, ({},), ((),),
        )), None,
    ],
    COLOR: ["red", "green", "blue", None],
    INTS: [(), (1,), (1, 2), (2, 1), (None,), (1, None, 2), (1, 2, 3), None],
    TEXTS: [
        (), ("a",), ("a", "b"), ("", None), ("NULL", "a b", 'q"', "b\\", "{,}"), (None, None), ("b", "a", "b"), None,
    ],
}  # fmt: skip

SMALL_INTS: list[Value] = [-3, -2, -1, 0, 1, 2, 3, 5, 40, None]
"""For parameters that PostgreSQL takes as int4."""

SQL_TYPES = {
    t.BOOL: "bool", t.INT: "int8", t.INT32: "int4", t.INT16: "int2", t.DECIMAL: "numeric", t.FLOAT: "float8", t.TEXT: "text",
    t.BYTES: "bytea", t.UUID: "uuid", t.DATE: "date", t.TIME: "time", t.TIMESTAMP: "timestamptz", t.INTERVAL: "interval",
    t.JSON: "jsonb", COLOR: "color",
}  # fmt: skip


def sql_type(type_: Type) -> str:
    """How PostgreSQL calls a type."""
    match type_:
        case t.List(element):
            return f"{sql_type(element)}[]"
        case t.Decimal(int(precision), int(scale)):
            return f"numeric({precision}, {scale})"
        case _:
            return SQL_TYPES[type_]


def sql(type_: Type, value: Value) -> str:
    """A value as an SQL expression."""
    if value is None:
        return f"null::{sql_type(type_)}"
    text = output(type_, value).replace("'", "''")
    return f"'{text}'::{sql_type(type_)}"
