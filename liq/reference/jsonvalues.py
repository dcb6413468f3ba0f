"""JSON values: jsonb's text, steps into it, and the conversion of other values to it."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from liq.model.types import Bool as BoolType
from liq.model.types import Date, Float, Int, Json, List, Record, Timestamp, Type, Vector
from liq.model.types import Decimal as DecimalType
from liq.model.values import JsonValue, Plain, RecordValue, Value
from liq.reference.arithmetic import rescaled, scale_of
from liq.reference.compare import member_order
from liq.reference.errors import invalid_argument, invalid_value, out_of_range

_ESCAPES = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_SPECIAL = re.compile(r'["\\\x00-\x1f]')
DEPTH_MAX = 200
"""How deep a JSON text may be nested."""


def json_text(value: Plain) -> str:
    """jsonb's text: members ordered by length, then bytes; one space behind colons and commas."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return quoted(value)
        case int():
            return str(value)
        case Decimal():
            return number_text(value)
        case tuple():
            return "[" + ", ".join(json_text(item) for item in value) + "]"
        case Mapping():
            return "{" + ", ".join(f"{quoted(key)}: {json_text(value[key])}" for key in member_order(value)) + "}"


def quoted(text: str) -> str:
    """A JSON string."""
    return '"' + _SPECIAL.sub(lambda m: _ESCAPES.get(m[0]) or f"\\u{ord(m[0]):04x}", text) + '"'


def number_text(value: Decimal) -> str:
    """A decimal without an exponent; its scale is kept."""
    return format(rescaled(value, scale_of(value)), "f")


def parse_json(text: str) -> JsonValue:
    """A JSON document; numbers stay exact, of members of one name the last wins."""
    try:
        return JsonValue(plain(json.loads(text, parse_float=Decimal, parse_constant=_refuse)))
    except (ValueError, RecursionError):
        invalid_value("json")


def _refuse(_: str) -> None:
    invalid_value("json")


def plain(value: Any, depth: int = 0) -> Plain:
    """A Python object, as ``json.loads`` makes them, as a JSON value."""
    if depth > DEPTH_MAX:
        invalid_value("json")
    match value:
        case None | bool() | int():
            return value
        case str():
            if "\0" in value or any("\ud800" <= char <= "\udfff" for char in value):
                invalid_value("json")
            return value
        case float():
            return plain(Decimal(repr(value)), depth)
        case Decimal():
            if not value.is_finite() or value.adjusted() > 1000 or scale_of(value) > 1000:
                out_of_range("json number")
            return rescaled(value, scale_of(value))
        case list() | tuple():
            return tuple(plain(item, depth + 1) for item in value)
        case Mapping():
            if not all(isinstance(key, str) for key in value):
                invalid_value("json")
            return {str(plain(key)): plain(item, depth + 1) for key, item in value.items()}
        case JsonValue(inner):
            return inner
        case _:
            invalid_value("json")


def step(value: JsonValue, key: str | int) -> JsonValue | None:
    """One step: null for a missing member, a JSON null and a wrong kind."""
    inner = value.value
    found: Plain = None
    if isinstance(key, str) and isinstance(inner, Mapping):
        found = inner.get(key)
    elif isinstance(key, int) and isinstance(inner, tuple) and 0 <= key < len(inner):
        found = inner[key]
    return None if found is None else JsonValue(found)


def json_typeof(value: JsonValue) -> str:
    """object, array, string, number, boolean or null."""
    match value.value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case str():
            return "string"
        case int() | Decimal():
            return "number"
        case tuple():
            return "array"
        case Mapping():
            return "object"


def json_array_length(value: JsonValue) -> int:
    """The number of elements of an array."""
    if not isinstance(value.value, tuple):
        invalid_argument("array length of a json value that is no array")
    return len(value.value)


def to_json(type_: Type, value: Value) -> Plain:
    """PostgreSQL's ``to_jsonb``; null becomes JSON null."""
    from liq.reference.casts import output  # the text of other types; casts need JSON too

    match type_:
        case _ if value is None:
            return None
        case Json():
            assert isinstance(value, JsonValue)
            return value.value
        case BoolType() | Int() | DecimalType():
            assert isinstance(value, bool | int | Decimal)
            return value
        case Float():
            assert isinstance(value, float)
            text = output(type_, value)
            return rescaled(Decimal(text), scale_of(Decimal(text))) if value - value == 0 else text
        case Timestamp():
            assert isinstance(value, dt.datetime)
            return output(type_, value).replace(" ", "T") + ":00"
        case Date():
            return output(type_, value)
        case List(element):
            assert isinstance(value, tuple)
            return tuple(to_json(element, item) for item in value)
        case Vector():
            assert isinstance(value, tuple)
            return tuple(to_json(Float(), item) for item in value)
        case Record(fields):
            assert isinstance(value, RecordValue)
            return {f.name: to_json(f.type, item) for f, item in zip(fields, value.values, strict=True)}
        case _:
            return output(type_, value)
