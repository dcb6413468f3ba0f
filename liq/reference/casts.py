"""Every cast of the language: ``cast`` converts, ``output`` and ``text_of`` are the text forms."""

from __future__ import annotations

import datetime as dt
import math
import struct
import uuid
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from liq.model.errors import ErrorKind
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
from liq.model.values import IntervalValue, JsonValue, RecordValue, Value
from liq.reference.arithmetic import checked_decimal, checked_int, rescaled, sized
from liq.reference.errors import invalid_value, out_of_range
from liq.reference.intervals import format_interval, parse_interval
from liq.reference.jsonvalues import json_text, number_text, to_json
from liq.reference.temporal import midnight
from liq.reference.texts import (
    parse_bool,
    parse_bytes,
    parse_date,
    parse_decimal,
    parse_enum,
    parse_float,
    parse_int,
    parse_time,
    parse_timestamp,
    parse_uuid,
)

FLOAT4_MAX = 3.4028234663852886e38


# ------------------------------------------------------------------------------------------------- text forms
def text_of(type_: Type, value: Value) -> str:
    """``value::text``; the value is not null."""
    if isinstance(type_, Bool):
        return "true" if value else "false"
    return output(type_, value)


def output(type_: Type, value: Value) -> str:
    """PostgreSQL's output form, as it stands inside the text of a list (a bool is ``t`` or ``f``)."""
    match type_, value:
        case Bool(), bool():
            return "t" if value else "f"
        case Float(), float():
            return float_text(value)
        case DecimalType(), Decimal():
            return number_text(value)
        case Bytes(), bytes():
            return "\\x" + value.hex()
        case Timestamp(), dt.datetime():
            return f"{value.date().isoformat()} {time_text(value.time())}+00"
        case Date(), dt.date():
            return value.isoformat()
        case Time(), dt.time():
            return time_text(value)
        case Interval(), IntervalValue():
            return format_interval(value)
        case Json(), JsonValue(inner):
            return json_text(inner)
        case List(element), tuple(items):
            return "{" + ",".join("NULL" if v is None else _quoted(output(element, v)) for v in items) + "}"
        case Vector(), tuple(items):
            return "[" + ",".join(float4_text(v) for v in items if isinstance(v, float)) + "]"
        case Record(), RecordValue():
            return json_text(to_json(type_, value))
        case _:
            return str(value)


def time_text(time: dt.time) -> str:
    """A time of day, the fraction without trailing zeros."""
    fraction = f".{time.microsecond:06}".rstrip("0").rstrip(".")
    return f"{time:%H:%M:%S}{fraction}"


def float_text(value: float) -> str:
    """The shortest digits strictly between the halfway points to the neighbours; fixed for 1e-4 <= |x| < 1e15."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    if value == 0:
        return "-0" if math.copysign(1, value) < 0 else "0"
    return _laid_out(next(text for n in range(17) if _reads_back(text := f"{value:.{n}e}", value)))


def _reads_back(text: str, value: float) -> bool:
    """Whether the digits lie strictly inside the interval that rounds to the value."""
    distance = abs(Fraction(Decimal(text)) - Fraction(value))
    towards = math.inf if Decimal(text) > Decimal(value) else -math.inf
    neighbour = math.nextafter(value, towards)
    gap = Fraction(math.ulp(value)) if math.isinf(neighbour) else abs(Fraction(neighbour) - Fraction(value))
    return distance < gap / 2


def float4_text(value: float) -> str:
    """The shortest digits that read back as the same float4."""
    wanted = to_float4(value)
    if wanted == 0 or not math.isfinite(wanted):
        return float_text(wanted)
    return _laid_out(next(t for n in range(9) if _reads_back_4(t := f"{wanted:.{n}e}", wanted)), limit=6)


def _reads_back_4(text: str, value: float) -> bool:
    """As ``_reads_back``, among float4s."""
    bits = int.from_bytes(struct.pack("<f", abs(value)), "little")
    outwards = abs(Decimal(text)) > abs(Decimal(value)) and abs(value) < FLOAT4_MAX
    neighbour = struct.unpack("<f", (bits + (1 if outwards else -1)).to_bytes(4, "little"))[0]
    gap = abs(Fraction(neighbour) - abs(Fraction(value)))
    return abs(Fraction(Decimal(text)) - Fraction(value)) < gap / 2


def _laid_out(scientific: str, limit: int = 15) -> str:
    mantissa, exponent = scientific.split("e")
    sign = "-" if mantissa.startswith("-") else ""
    digits = mantissa.lstrip("-").replace(".", "").rstrip("0") or "0"
    power = int(exponent)
    if not -4 <= power < limit:
        rest = f".{digits[1:]}" if len(digits) > 1 else ""
        return f"{sign}{digits[0]}{rest}e{'-' if power < 0 else '+'}{abs(power):02}"
    if power < 0:
        return f"{sign}0.{'0' * (-power - 1)}{digits}"
    whole = digits[: power + 1].ljust(power + 1, "0")
    return f"{sign}{whole}.{digits[power + 1 :]}" if len(digits) > power + 1 else sign + whole


def _quoted(item: str) -> str:
    """An element of a list's text."""
    plain = item and item.lower() != "null" and not any(c in '"\\{},' or c in " \t\n\r\f\v" for c in item)
    return item if plain else '"' + item.replace("\\", "\\\\").replace('"', '\\"') + '"'


# ------------------------------------------------------------------------------------------------- casts
def cast(value: Value, source: Type, target: Type) -> Value:
    """``value::target``."""
    if value is None or isinstance(source, Null):
        return None
    match source, target:
        case _, Json():
            return value if isinstance(source, Json) else JsonValue(to_json(source, value))
        case Json(), _:
            assert isinstance(value, JsonValue)
            return _from_json(value, target)
        case Text(), _:
            assert isinstance(value, str)
            return from_text(value, target)
        case _, Text():
            return text_of(source, value)
        case (Int() | DecimalType() | Float()), (Int() | DecimalType() | Float()):
            return _number(value, target)
        case Bool(), Int(bits):
            return checked_int(int(bool(value)), bits)
        case Int(), Bool():
            return value != 0
        case Date(), Timestamp():
            assert isinstance(value, dt.date)
            return midnight(value)
        case Timestamp(), Date():
            assert isinstance(value, dt.datetime)
            return value.date()
        case Timestamp(), Time():
            assert isinstance(value, dt.datetime)
            return value.time()
        case List(inner), List(outer):
            assert isinstance(value, tuple)
            return tuple(cast(item, inner, outer) for item in value)
        case List(inner), Vector():
            assert isinstance(value, tuple)
            return to_vector(tuple(cast(item, inner, Float()) for item in value), target)
        case Vector(), List(outer):
            assert isinstance(value, tuple)
            return tuple(cast(item, Float(), outer) for item in value)
        case _:
            assert source == target, f"no cast from {source} to {target}"
            return value


def _number(value: Value, target: Type) -> Value:
    assert isinstance(value, int | float | Decimal)
    match target:
        case Int(bits):
            return checked_int(_whole(value), bits)
        case Float():
            return float(value)
        case DecimalType(precision, scale):
            exact = _from_float(value) if isinstance(value, float) else Decimal(value)
            if precision is None or scale is None:
                return checked_decimal(exact)
            return sized(exact, precision, scale)
        case _:
            raise AssertionError(target)


def _whole(value: int | float | Decimal) -> int:
    """Decimals round half away from zero, floats half to even."""
    match value:
        case float():
            return round(value) if math.isfinite(value) else out_of_range("integer")
        case Decimal():
            return int(value.to_integral_value(ROUND_HALF_UP))
        case int():
            return value


def _from_float(value: float) -> Decimal:
    """The decimal of a float's first 15 significant digits, as in PostgreSQL."""
    if not math.isfinite(value):
        out_of_range("decimal")
    rounded = Decimal(f"{value:.15g}")
    return rescaled(rounded, max(0, -int(rounded.as_tuple().exponent)))


def from_text(text: str, target: Type) -> Value:
    """A value read from text: see ``liq.reference.texts``."""
    match target:
        case Text():
            return text
        case Bool():
            return parse_bool(text)
        case Int(bits):
            return parse_int(text, bits)
        case Float():
            return parse_float(text)
        case DecimalType(precision, scale):
            value = parse_decimal(text)
            return value if precision is None or scale is None else sized(value, precision, scale)
        case Bytes():
            return parse_bytes(text)
        case Uuid():
            return parse_uuid(text)
        case Date():
            return parse_date(text)
        case Time():
            return parse_time(text)
        case Timestamp():
            return parse_timestamp(text)
        case Interval():
            return parse_interval(text)
        case Enum(labels=labels):
            return parse_enum(text, target, labels)
        case Json() | List() | Vector() | Record() | Cursor() | Null():
            raise AssertionError(f"no cast from text to {target}")


def _from_json(value: JsonValue, target: Type) -> Value:
    """A JSON scalar is unwrapped: as if cast from its text. JSON null is null."""
    match value.value:
        case None:
            return None
        case str(text):
            return from_text(text, target)
        case bool() | int() | Decimal():
            return from_text(json_text(value.value), target)
        case _ if isinstance(target, Text):
            return json_text(value.value)
        case _:
            invalid_value(target)


def cast_kinds(source: Type, target: Type) -> frozenset[ErrorKind]:
    """What a cast could raise."""
    both = frozenset({ErrorKind.INVALID_VALUE, ErrorKind.OUT_OF_RANGE})
    if isinstance(target, Bytes):
        both |= {ErrorKind.INVALID_ARGUMENT}  # PostgreSQL's word for bad hex digits
    match source, target:
        case (Text(), Text()) | (_, Json()) | ((Int() | DecimalType()), Float()) | (Int(), DecimalType(None)):
            return frozenset()
        case (Text() | Json()), _:
            return both
        case List(), Vector():
            return both
        case List(a), List(b):
            return cast_kinds(a, b)
        case (Int() | DecimalType() | Float()), (Int() | DecimalType()):
            widens = type(source) is type(target) and target in (Int(), DecimalType())
            return frozenset() if widens or source == target else frozenset({ErrorKind.OUT_OF_RANGE})
        case _:
            return frozenset()


# ------------------------------------------------------------------------------------------------- storing
def to_float4(value: float) -> float:
    """The nearest float4."""
    if math.isnan(value) or math.isinf(value):
        return value
    try:
        result = float(struct.unpack("<f", struct.pack("<f", value))[0])
    except OverflowError:
        out_of_range("vector component")
    if result == 0 and value != 0:
        out_of_range("vector component")
    return result


def to_vector(items: tuple[Value, ...], type_: Vector) -> Value:
    """A vector of float4 components."""
    if len(items) != type_.dimensions or None in items:
        invalid_value(type_)
    return tuple(to_float4(item) for item in items if isinstance(item, float))


def stored(value: Value, type_: Type) -> Value:
    """The value as a column of this type keeps it: narrow ints and sized decimals are checked and rounded."""
    match type_:
        case _ if value is None:
            return None
        case Int(bits):
            assert isinstance(value, int)
            return checked_int(value, bits)
        case DecimalType():
            return _number(value, type_)
        case Vector():
            assert isinstance(value, tuple)
            return to_vector(value, type_)
        case List(element):
            assert isinstance(value, tuple)
            return tuple(stored(item, element) for item in value)
        case _:
            return value


assert isinstance(uuid.NAMESPACE_DNS, uuid.UUID)
