"""Values in documents: JSON where JSON is exact, one tagged object otherwise. Every value has exactly one spelling.

null, true, 7 and "text" stand for themselves; ``{"int": "9007199254740993"}``, ``{"float": "0.1"}``, ``{"decimal":
"1.50"}``, ``{"bytes": "00ff"}``, ``{"uuid": …}``, ``{"date": …}``, ``{"time": …}``, ``{"timestamp": …}``,
``{"interval": [m, d, µs]}``, ``{"list": […]}``, ``{"record": [[label, value]…]}``, ``{"json": plain}``. Inside
``json``, objects are ``{"object": {…}}``.
"""

from __future__ import annotations

import datetime as dt
import decimal
import re
import uuid
from collections.abc import Callable
from typing import Any

from liq.model import types as t
from liq.model.json_text import JSON_INT_MAX, Json
from liq.model.values import DECIMAL_DIGITS_MAX, INT_MAX, INT_MIN, IntervalValue, JsonValue, Plain, RecordValue, Value

INTEGER = re.compile(r"-?[1-9][0-9]{0,39}\Z")
_DECIMAL = re.compile(r"-?[0-9]{1,80}(?:\.[0-9]{1,80})?(?:E[+-][0-9]{1,5})?\Z|NaN\Z|-?Infinity\Z")
_FLOAT = re.compile(r"-?[0-9]{1,20}(?:\.[0-9]{1,20})?(?:e[+-][0-9]{1,3})?\Z|nan\Z|-?inf\Z")
_SURROGATE = re.compile("[\ud800-\udfff]")


def encode_int(number: int) -> int | str:
    """An integer of a document: a string beyond ±(2**53 - 1)."""
    return number if -JSON_INT_MAX <= number <= JSON_INT_MAX else str(number)


def encode_value(value: Value) -> Json:
    """The one spelling of a value."""
    if value is None or value is True or value is False or isinstance(value, str):
        return value
    match value:
        case int():
            return value if -JSON_INT_MAX <= value <= JSON_INT_MAX else {"int": str(value)}
        case float():
            return {"float": repr(value)}
        case decimal.Decimal():
            return {"decimal": str(value)}
        case bytes():
            return {"bytes": value.hex()}
        case uuid.UUID():
            return {"uuid": str(value)}
        case dt.datetime():
            return {"timestamp": value.astimezone(dt.UTC).isoformat()}
        case dt.date():
            return {"date": value.isoformat()}
        case dt.time():
            return {"time": value.isoformat()}
        case IntervalValue(months, days, microseconds):
            return {"interval": [encode_int(months), encode_int(days), encode_int(microseconds)]}
        case JsonValue(plain):
            return {"json": encode_plain(plain)}
        case RecordValue(labels, values):
            return {"record": [[label, encode_value(v)] for label, v in zip(labels, values, strict=True)]}
        case tuple():
            return {"list": [encode_value(item) for item in value]}
        case _:
            raise TypeError(type(value))


def encode_plain(plain: Plain) -> Json:
    """A JSON document inside a value; numbers keep their kind and digits."""
    if plain is None or plain is True or plain is False or isinstance(plain, str):
        return plain
    match plain:
        case int():
            return plain if -JSON_INT_MAX <= plain <= JSON_INT_MAX else {"int": str(plain)}
        case decimal.Decimal():
            return {"decimal": str(plain)}
        case tuple() | list():
            return [encode_plain(item) for item in plain]
        case _:
            return {"object": {key: encode_plain(item) for key, item in plain.items()}}


class Unreadable(ValueError):
    """A spelling that stands for no value."""


def is_text(raw: object) -> bool:
    """Whether it is a string without lone surrogates."""
    return isinstance(raw, str) and (raw.isascii() or _SURROGATE.search(raw) is None)


def _big_int(raw: str) -> int:
    if not INTEGER.match(raw) or -JSON_INT_MAX <= int(raw) <= JSON_INT_MAX:
        raise Unreadable("an integer beyond ±(2^53 - 1) in digits")
    return int(raw)


def decode_int(raw: object) -> int:
    """The integer of ``encode_int``."""
    if isinstance(raw, int) and not isinstance(raw, bool):
        return raw
    if isinstance(raw, str):
        return _big_int(raw)
    raise Unreadable("an integer")


def _decimal(raw: str) -> decimal.Decimal:
    if not _DECIMAL.match(raw):
        raise Unreadable("a decimal in digits")
    return decimal.Decimal(raw)


def _float(raw: str) -> float:
    if not _FLOAT.match(raw):
        raise Unreadable("a float as Python writes it")
    return float(raw)


def _timestamp(raw: str) -> dt.datetime:
    value = dt.datetime.fromisoformat(raw)
    if value.utcoffset() != dt.timedelta(0):
        raise Unreadable("an instant in UTC")
    return value.astimezone(dt.UTC)


SCALARS: dict[str, Callable[[str], Any]] = {
    "int": _big_int,
    "float": _float,
    "decimal": _decimal,
    "bytes": bytes.fromhex,
    "uuid": uuid.UUID,
    "timestamp": _timestamp,
    "date": dt.date.fromisoformat,
    "time": dt.time.fromisoformat,
}


def decode_scalar(tag: str, raw: object) -> Any:
    """The value of a tagged string. Only the spelling that ``encode_value`` gives is read."""
    if not isinstance(raw, str) or len(raw) > (400 if tag != "bytes" else 2**26):
        raise Unreadable(f"the {tag} of a value is a short string")
    try:
        value = SCALARS[tag](raw)
    except (ValueError, ArithmeticError) as error:
        raise Unreadable(str(error) if isinstance(error, Unreadable) else f"{tag} does not read that") from None
    written = encode_value(value)
    if not isinstance(written, dict) or written.get(tag) != raw:
        raise Unreadable(f"this {tag} is written in another way")
    return value


def fits(value: Value, type_: t.Type) -> bool:
    """Whether a value is one of a type. Null fits every type; a type ``null`` has only null."""
    if value is None:
        return True
    match type_:
        case t.Bool():
            return isinstance(value, bool)
        case t.Int():
            return type(value) is int and INT_MIN <= value <= INT_MAX
        case t.Float():
            return isinstance(value, float)
        case t.Decimal():
            return isinstance(value, decimal.Decimal) and _digits_fit(value)
        case t.Text():
            return isinstance(value, str) and "\0" not in value
        case t.Enum():
            return isinstance(value, str) and value in type_.labels
        case t.Date():
            return isinstance(value, dt.date) and not isinstance(value, dt.datetime)
        case t.Json():
            return isinstance(value, JsonValue)
        case t.Vector():
            return isinstance(value, tuple) and len(value) == type_.dimensions and all(type(v) is float for v in value)
        case t.List(element):
            return isinstance(value, tuple) and all(fits(item, element) for item in value)
        case t.Record(fields):
            return (
                isinstance(value, RecordValue)
                and value.labels == tuple(f.name for f in fields)
                and all(fits(v, f.type) for v, f in zip(value.values, fields, strict=True))
            )
        case t.Bytes():
            return isinstance(value, bytes)
        case t.Uuid():
            return isinstance(value, uuid.UUID)
        case t.Time():
            return isinstance(value, dt.time)
        case t.Timestamp():
            return isinstance(value, dt.datetime)
        case t.Interval():
            return isinstance(value, IntervalValue)
        case t.Cursor() | t.Null():
            return False


def _digits_fit(value: decimal.Decimal) -> bool:
    _, digits, exponent = value.as_tuple()
    return isinstance(exponent, int) and len(digits) <= DECIMAL_DIGITS_MAX and abs(exponent) <= DECIMAL_DIGITS_MAX
