"""Rows as a test states them."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence

from liq.model.expr import Column
from liq.model.types import List, Record, Type
from liq.model.values import JsonValue, RecordValue, Value
from liq.reference.casts import text_of
from liq.reference.jsonvalues import json_text


def row_text(columns: Sequence[Column], row: Sequence[Value]) -> str:
    """``li-math 1.0 -``: the values one after the other, null as a dash, lists and objects in brackets."""
    return " ".join(value_text(c.type, v) for c, v in zip(columns, row, strict=True))


def value_text(type_: Type, value: Value) -> str:
    """One value."""
    match type_, value:
        case _, None:
            return "-"
        case Record(fields), RecordValue(_, values):
            return "{" + " ".join(value_text(f.type, v) for f, v in zip(fields, values, strict=True)) + "}"
        case List(element), tuple():
            return "[" + " ".join(value_text(element, v) for v in value) + "]"
        case _, JsonValue(inner):
            return json_text(inner)
        case _, uuid.UUID():
            return f"#{value.int}"
        case _, dt.datetime():
            return f"{value:%d.%H}"
        case _:
            return text_of(type_, value)
