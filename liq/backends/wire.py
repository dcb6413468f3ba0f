"""Values on the wire: PostgreSQL's text forms, lossless in both directions.

Nested objects travel as jsonb arrays of their values, in which bools and ints stand as JSON, nested objects as
arrays, and
everything else as its text form.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import uuid
from decimal import Decimal, InvalidOperation
from typing import Any

from liq.model import types as t
from liq.model.errors import ErrorKind, LiqError
from liq.model.values import IntervalValue, JsonValue, Plain, RecordValue, Value
from liq.reference.arithmetic import checked_decimal
from liq.reference.casts import output, to_float4
from liq.reference.jsonvalues import json_text, plain


# ------------------------------------------------------------------------------------------------- to the server
def encode(value: Value, type_: t.Type) -> str | None:
    """The text form of a value; PARAMETER when no server could hold it."""
    if value is None:
        return None
    text = _encoded(value, type_)
    if "\0" in text or any("\ud800" <= char <= "\udfff" for char in text):
        raise LiqError(ErrorKind.PARAMETER, "a text holds a character that no database keeps")
    return text


def _encoded(value: Value, type_: t.Type) -> str:
    match type_:
        case t.Bool():
            return "true" if value else "false"
        case t.Float():
            assert isinstance(value, int | float)
            return repr(float(value)).replace("inf", "Infinity").replace("nan", "NaN")
        case t.Json():
            assert isinstance(value, JsonValue)
            return json_text(value.value)
        case t.Record():
            return json.dumps(_wired(value, type_))
        case t.List(element) if _is_nested(element):
            return json.dumps(_wired(value, type_))
        case t.List(element):
            assert isinstance(value, tuple)
            return "{" + ",".join(_element(encode(item, element)) for item in value) + "}"
        case t.Vector():
            assert isinstance(value, tuple)
            return "{" + ",".join(_encoded(item, t.FLOAT) for item in value) + "}"
        case _:
            return output(type_, value)


def _element(text: str | None) -> str:
    if text is None:
        return "NULL"
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _is_nested(type_: t.Type) -> bool:
    return isinstance(type_, t.Record) or (isinstance(type_, t.List) and _is_nested(type_.element))


def _wired(value: Value, type_: t.Type) -> Any:
    match type_, value:
        case _, None:
            return None
        case t.Record(fields), RecordValue(_, values):
            return [_wired(item, f.type) for item, f in zip(values, fields, strict=True)]
        case t.List(element), tuple() if _is_nested(element):
            return [_wired(item, element) for item in value]
        case ((t.Bool() | t.Int()), _):
            return value
        case _:
            return encode(value, type_)


# ------------------------------------------------------------------------------------------------- from the server
def decode(text: str | None, type_: t.Type) -> Value:
    """The value of a text form; OUT_OF_RANGE where the server could hold it but liq does not."""
    if text is None:
        return None
    try:
        return _decoded(text, type_)
    except (ValueError, InvalidOperation, OverflowError):
        raise LiqError(ErrorKind.OUT_OF_RANGE, f"a value beyond the range of {type_}") from None


def _decoded(text: str, type_: t.Type) -> Value:
    match type_:
        case t.Bool():
            return text in ("t", "true")
        case t.Int():
            return int(text)
        case t.Float():
            return float(text)
        case t.Decimal():
            return checked_decimal(Decimal(text))
        case t.Bytes():
            return bytes.fromhex(text.removeprefix("\\x"))
        case t.Uuid():
            return uuid.UUID(text)
        case t.Date():
            return dt.date.fromisoformat(text)
        case t.Time():
            return dt.time.fromisoformat(text)
        case t.Timestamp():
            return dt.datetime.fromisoformat(text).astimezone(dt.UTC)
        case t.Interval():
            return _interval(text)
        case t.Json():
            return JsonValue(_document(text))
        case t.Record():
            return _unwired(json.loads(text), type_)
        case t.List(element):
            if _is_nested(element):
                return _unwired(json.loads(text), type_)
            return tuple(decode(item, element) for item in elements(text))
        case t.Vector():
            return tuple(to_float4(float(item)) for item in elements(text) if item is not None)
        case _:
            return text


_INTERVAL = re.compile(
    r"(?:([+-]?[0-9]+) years? ?)?(?:([+-]?[0-9]+) mons? ?)?(?:([+-]?[0-9]+) days? ?)?"
    r"(?:([+-]?)([0-9]+):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,6}))?)?"
)


def _interval(text: str) -> IntervalValue:
    """PostgreSQL's own output, however many hours it has."""
    found = _INTERVAL.fullmatch(text)
    if found is None:
        raise ValueError(text)
    years, months, days = (int(found[i] or 0) for i in (1, 2, 3))
    seconds = (int(found[5] or 0) * 60 + int(found[6] or 0)) * 60 + int(found[7] or 0)
    micro = seconds * 1_000_000 + int((found[8] or "").ljust(6, "0"))
    return IntervalValue(years * 12 + months, days, -micro if found[4] == "-" else micro)


def _document(text: str) -> Plain:
    return plain(json.loads(text, parse_float=Decimal))


def _unwired(value: Any, type_: t.Type) -> Value:
    match type_, value:
        case _, None:
            return None
        case t.Record(fields), list():
            values = tuple(_unwired(item, f.type) for item, f in zip(value, fields, strict=True))
            return RecordValue(tuple(f.name for f in fields), values)
        case t.List(element), list():
            return tuple(_unwired(item, element) for item in value)
        case ((t.Bool() | t.Int()), _):
            assert isinstance(value, bool | int)
            return value
        case _:
            assert isinstance(value, str)
            return decode(value, type_)


def elements(text: str) -> list[str | None]:
    """The elements of a one-dimensional array's text."""
    body = text[text.index("{") + 1 : -1]  # bounds other than 1 stand before the brace
    result: list[str | None] = []
    at = 0
    while at < len(body):
        if body[at] == '"':
            item, at = _quoted_element(body, at + 1)
            result.append(item)
        else:
            end = body.find(",", at)
            end = len(body) if end < 0 else end
            word = body[at:end]
            result.append(None if word == "NULL" else word)
            at = end
        at += 1  # the comma
    return result


def _quoted_element(body: str, at: int) -> tuple[str, int]:
    chars: list[str] = []
    while body[at] != '"':
        if body[at] == "\\":
            at += 1
        chars.append(body[at])
        at += 1
    return "".join(chars), at + 1
