"""How values of each type are encoded: sort, domain, literals. Section "Encodings" of docs/verifier.md is generated
from this table.

A value is its *order key*: two values are equal in SQL exactly when their keys are, and keys are ordered as values are.
For *exact* types the key is the value. Others have values that are equal and yet print or compute differently
(``1.0`` and
``1.00``, ``0`` and ``-0``, one month and 30 days): nothing but comparison may be concluded from equal keys.
"""

from __future__ import annotations

import datetime as dt
import decimal
import math
from fractions import Fraction

from liq.model import types as t
from liq.model.values import INT_MAX, INT_MIN, IntervalValue, Value
from liq_verifier import smt

EPOCH_DAY = dt.date(1970, 1, 1)
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
DAY = 86_400_000_000
DAY_MIN, DAY_MAX = (dt.date.min - EPOCH_DAY).days, (dt.date.max - EPOCH_DAY).days
INFINITY, NAN = Fraction(10**310), Fraction(2 * 10**310)
DECIMAL_LIMIT = 10**38
STRING = "String"

EXACT = (t.Bool, t.Int, t.Text, t.Bytes, t.Uuid, t.Date, t.Time, t.Timestamp, t.Enum)
"""Types whose equality is identity."""
_NUMBERED = (t.Int, t.Enum, t.Date, t.Time, t.Timestamp, t.Interval)

DESCRIPTIONS: dict[str, str] = {
    "bool": "two rails: is true, is false",
    "int": "integers with the type's range; overflow is a definedness condition, never wrap-around",
    "decimal": "exact rationals for + - * and comparison; / and rounding are uninterpreted",
    "float": "order key: -inf < reals < inf < NaN, NaN = NaN; arithmetic is uninterpreted",
    "text": "order key (dense, literals in their places); as strings where like or starts_with decide",
    "bytes, uuid": "order key with the literals in their places",
    "date, time, timestamp": "integers (days, microseconds) with the type's range; zones are uninterpreted",
    "interval": "length in microseconds (a month is 30 days) for comparison; everything else is uninterpreted",
    "enum": "integers, by declaration",
    "json, vector, lists, records": "equality only; steps and elements are uninterpreted per value",
}


def is_exact(type_: t.Type) -> bool:
    """Whether equal values of the type are the same value."""
    return isinstance(type_, EXACT)


def sort_of(type_: t.Type, strings: bool) -> str:
    """The SMT sort of the key."""
    if isinstance(type_, t.Bool):
        return smt.BOOL
    if isinstance(type_, t.Text) and strings:
        return STRING
    return smt.INT if isinstance(type_, _NUMBERED) else smt.REAL


def bounds(type_: t.Type) -> tuple[int, int] | None:
    """The range of an integer-keyed type."""
    match type_:
        case t.Int(bits):
            return (INT_MIN, INT_MAX) if bits == 64 else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
        case t.Enum(_, labels):
            return 0, len(labels) - 1
        case t.Date():
            return DAY_MIN, DAY_MAX
        case t.Time():
            return 0, DAY - 1
        case t.Timestamp():
            return DAY_MIN * DAY, DAY_MAX * DAY + DAY - 1
        case _:
            return None


def domain(type_: t.Type, value: str) -> str:
    """What holds of every key of the type."""
    limits = bounds(type_)
    if limits is not None:
        low, high = limits
        return f"(and (<= {smt.integer(low)} {value}) (<= {value} {smt.integer(high)}))"
    match type_:
        case t.Decimal(precision, scale):
            whole = 38 if precision is None or scale is None else precision - scale
            limit = smt.rational(10**whole)
            inside = f"(and (< (- {limit}) {value}) (< {value} {limit}))"
            return inside if scale is None else f"(and {inside} (is_int (* {value} {smt.rational(10**scale)})))"
        case t.Float():
            least, most, nan = smt.rational(-INFINITY), smt.rational(INFINITY), smt.rational(NAN)
            return f"(or (= {value} {nan}) (and (<= {least} {value}) (<= {value} {most})))"
        case _:
            return smt.TRUE


def number(value: Value, type_: t.Type) -> str | None:
    """A literal whose key is a number; None for types whose literals are named constants."""
    match type_, value:
        case t.Enum(_, labels), str() if value in labels:
            return smt.integer(labels.index(value))
        case t.Int(), int():
            return smt.integer(int(value))
        case t.Decimal(), int() | decimal.Decimal():
            return smt.rational(Fraction(value))
        case t.Float(), int() | float():
            return smt.rational(float_key(float(value)))
        case t.Timestamp(), dt.datetime():
            return smt.integer((value - EPOCH) // dt.timedelta(microseconds=1))
        case t.Date(), dt.date():
            return smt.integer((value - EPOCH_DAY).days)  # pyright: ignore
        case t.Time(), dt.time():
            return smt.integer(((value.hour * 60 + value.minute) * 60 + value.second) * 1_000_000 + value.microsecond)
        case t.Interval(), IntervalValue():
            return smt.integer(value.span_microseconds())
        case _:
            return None


def float_key(value: float) -> Fraction:
    """The order key of a double."""
    if math.isnan(value):
        return NAN
    if math.isinf(value):
        return INFINITY if value > 0 else -INFINITY
    return Fraction(value)
