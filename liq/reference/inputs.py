"""Values from outside, as typed values: what a host or an agent passes, in Python or JSON form.

Texts stand for what JSON cannot say: uuids, dates, times, instants, intervals, bytes, decimals, big integers, ``NaN``.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from decimal import Decimal

from liq.model.errors import LiqError
from liq.model.types import (
    Bool,
    Bytes,
    Cursor,
    Date,
    Enum,
    Float,
    Int,
    Interval,
    Json,
    List,
    Null,
    Record,
    Text,
    Time,
    Timestamp,
    Type,
    Uuid,
    Vector,
)
from liq.model.types import (
    Decimal as DecimalType,
)
from liq.model.values import IntervalValue, JsonValue, Value
from liq.reference.arithmetic import checked_int
from liq.reference.casts import cast, from_text, stored, to_vector
from liq.reference.errors import invalid_value, out_of_range
from liq.reference.jsonvalues import plain
from liq.reference.temporal import UTC, interval

LIST_LENGTH_MAX = 100_000


def typed(raw: object, type_: Type) -> Value:
    """The value of this type that ``raw`` stands for, not null; a ``LiqError`` when it stands for none."""
    match type_, raw:
        case Json(), _:
            return JsonValue(plain(raw))
        case Text(), str():
            return clean(raw)
        case Enum(labels=labels), str() if raw in labels:
            return raw
        case (Text() | Enum() | Bool()), _:
            return raw if isinstance(type_, Bool) and isinstance(raw, bool) else invalid_value(type_)
        case Cursor(keys), (tuple() | list()) if len(raw) == len(keys):
            return tuple(None if item is None else typed(item, key) for item, key in zip(raw, keys, strict=True))
        case List(element), (tuple() | list()) if len(raw) <= LIST_LENGTH_MAX:
            return tuple(None if item is None else typed(item, element) for item in raw)
        case Vector(), (tuple() | list()):
            return to_vector(tuple(typed(item, Float()) for item in raw), type_)
        case (List() | Vector() | Record() | Cursor() | Null()), _:
            invalid_value(type_)
        case (Int() | Float() | DecimalType()), (int() | float() | Decimal()) if not isinstance(raw, bool):
            return _number(raw, type_)
        case (_, str()):
            return from_text(clean(raw), type_)
        case _:
            return _native(raw, type_)


def clean(text: str) -> str:
    """A text that can be stored: Unicode scalar values without U+0000."""
    if "\0" in text or any("\ud800" <= char <= "\udfff" for char in text):
        invalid_value("text")
    return text


def _number(raw: float | Decimal, type_: Type) -> Value:
    match type_:
        case Int(bits):
            return checked_int(_whole(raw, type_), bits)
        case Float():
            try:
                return float(raw)
            except (OverflowError, ValueError):  # too large, or a signaling NaN
                invalid_value(type_)
        case _:
            return from_text(str(raw), type_)


def _whole(raw: float | Decimal, type_: Type) -> int:
    """A number without a fraction; one that no integer column could hold is not written out first."""
    if isinstance(raw, int):
        return raw
    exact = Decimal(raw)
    if not exact.is_finite():
        invalid_value(type_)
    if abs(exact) >= 2**64:
        out_of_range("integer")
    if exact != int(exact):
        invalid_value(type_)
    return int(exact)


def _native(raw: object, type_: Type) -> Value:
    """Python's own kinds of values."""
    match type_, raw:
        case Uuid(), uuid.UUID():
            return raw
        case Bytes(), (bytes() | bytearray() | memoryview()):
            return bytes(raw)
        case Timestamp(), dt.datetime() if raw.tzinfo is not None:
            try:
                return raw.astimezone(UTC)
            except OverflowError:  # at the ends of the calendar the zone leads out of it
                invalid_value(type_)
        case Date(), dt.date() if not isinstance(raw, dt.datetime):
            return raw
        case Time(), dt.time() if raw.tzinfo is None:
            return raw
        case Interval(), IntervalValue():
            return interval(raw.months, raw.days, raw.microseconds)
        case Interval(), dt.timedelta():
            return interval(0, raw.days, raw.seconds * 1_000_000 + raw.microseconds)
        case _:
            invalid_value(type_)


def from_claim(raw: object, type_: Type) -> Value:
    """The value of a claim: JSON scalars convert as ``::type`` does, lists element by element."""
    if isinstance(raw, list | tuple) and isinstance(type_, List):
        return tuple(None if item is None else from_claim(item, type_.element) for item in raw)
    unwrapped = not isinstance(type_, List | Vector | Record | Cursor | Null) and not isinstance(raw, bytes)
    if unwrapped and isinstance(raw, str | bool | int | float | Decimal | Mapping | Sequence):
        return stored(cast(JsonValue(plain(raw)), Json(), type_), type_)
    return typed(raw, type_)


def reason(error: LiqError) -> str:
    """What is wrong with an input, without the input."""
    return error.message
