"""From a solver's model to values: rows, claims and parameters that a person can read and the reference can run."""

from __future__ import annotations

import datetime as dt
import decimal
import math
import uuid
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, cast

from attrs import frozen

from liq.model import types as t
from liq.model.schema import Table
from liq.model.values import IntervalValue, JsonValue, Value
from liq_verifier import sorts
from liq_verifier.obligation import Formula
from liq_verifier.rows import Row
from liq_verifier.solver import Constant
from liq_verifier.terms import Term

TABLE_KINDS = (t.Text, t.Bytes, t.Uuid)


@frozen
class Decoded:
    """A model as values. ``rows`` pairs each witness row with its columns; ``given`` are claims and parameters by
    name."""

    rows: tuple[tuple[Row, Mapping[str, Value]], ...]
    claims: Mapping[str, Value]
    params: Mapping[str, Value]
    now: dt.datetime
    loose: tuple[Mapping[str, Value], ...] = ()


def decode(formula: Formula, values: Mapping[str, Constant], loose: Sequence[Row] = ()) -> Decoded:
    """The values of a model. Columns that the formula does not speak of get a plain value of their type.

    ``loose``: rows that are not stored, decoded besides.
    """
    reader = _Reader(formula, values)
    present = [row for row in formula.encoder.world.rows if reader.truth(row.present)]
    rows = tuple((row, reader.row(row)) for row in present)
    claims: dict[str, Value] = {}
    params: dict[str, Value] = {}
    for key, term in formula.encoder.named.items():
        match key:
            case ("claim", str(name)):
                claims[name] = reader.value(term)
            case ("param", str(name), None):
                params[name] = reader.value(term)
            case _:
                pass
    now = formula.encoder.named.get("now")
    instant = (
        cast(dt.datetime, reader.value(now)) if now is not None else dt.datetime(2026, 11, 20, 10, 0, tzinfo=dt.UTC)
    )
    return Decoded(rows, claims, params, instant, tuple(reader.row(row) for row in loose))


class _Reader:
    def __init__(self, formula: Formula, values: Mapping[str, Constant]) -> None:
        self._encoder, self._values = formula.encoder, values
        self._names: dict[str, dict[Constant, Value]] = {}
        self._fillers = 0
        for kind, places in formula.encoder.literals.items():
            for value, symbol in places.items():
                self._names.setdefault(kind, {})[values[symbol]] = cast(Value, value)

    def truth(self, text: str) -> bool:
        """A Bool constant, or ``true`` and ``false``."""
        return text == "true" if text in ("true", "false") else bool(self._values.get(text, False))

    def value(self, term: Term) -> Value:
        """The value of a constant of the model."""
        if self.truth(term.null) or term.value not in self._values:
            return None
        return self._of(term.type, self._values[term.value])

    def row(self, row: Row) -> dict[str, Value]:
        """A whole row."""
        found: dict[str, Value] = {}
        for column in row.table.columns:
            term = row.columns.get(column.name)
            if term is not None:
                found[column.name] = self.value(term)
            else:
                found[column.name] = None if column.nullable else self.filler(row.table, column.name, column.type)
        return found

    def filler(self, table: Table, name: str, type_: t.Type) -> Value:
        """Some value of a type; of a key column, one of its own."""
        self._fillers += 1
        keyed = any(name in key.columns for key in table.keys)
        return plain(type_, self._fillers if keyed else 0)

    def _of(self, type_: t.Type, key: Constant) -> Value:
        match type_:
            case t.Bool():
                return bool(key)
            case t.Int():
                return int(cast(int, key))
            case t.Decimal(_, scale):
                return _decimal(Fraction(cast(Any, key)), scale)
            case t.Float():
                return _float(Fraction(cast(Any, key)))
            case t.Date():
                return sorts.EPOCH_DAY + dt.timedelta(days=int(cast(int, key)))
            case t.Timestamp():
                return sorts.EPOCH + dt.timedelta(microseconds=int(cast(int, key)))
            case t.Time():
                return _time(int(cast(int, key)))
            case t.Interval():
                return IntervalValue(0, 0, int(cast(int, key)))
            case t.Enum(_, labels):
                return labels[int(cast(int, key))]
            case t.Text() if isinstance(key, str):
                return key.replace("\x00", "\x01")
            case _:
                return self._invented(type_, key)

    def _invented(self, type_: t.Type, key: Constant) -> Value:
        """One value for one key; literals of the plan keep theirs."""
        names = self._names.setdefault(type(type_).__name__, {})
        if key not in names:
            taken = set(map(repr, names.values()))
            number = 1
            while repr(plain(type_, number)) in taken:
                number += 1
            names[key] = plain(type_, number)
        return names[key]


def plain(type_: t.Type, number: int) -> Value:
    """The value number n of a type, as plain as possible."""
    match type_:
        case t.Bool():
            return False
        case t.Int():
            return number
        case t.Decimal(_, scale):
            return _decimal(Fraction(number), scale)
        case t.Float():
            return float(number)
        case t.Text():
            return f"t{number}"
        case t.Bytes():
            return bytes([number % 256])
        case t.Uuid():
            return uuid.UUID(int=number)
        case t.Date():
            return dt.date(2026, 1, 1) + dt.timedelta(days=number)
        case t.Time():
            return dt.time(number % 24)
        case t.Timestamp():
            return dt.datetime(2026, 1, 1, tzinfo=dt.UTC) + dt.timedelta(days=number)
        case t.Interval():
            return IntervalValue(0, number, 0)
        case t.Json():
            return JsonValue({"n": decimal.Decimal(number)})
        case t.Vector(dimensions):
            return tuple(float(number) for _ in range(dimensions))
        case t.Enum(_, labels):
            return labels[number % len(labels)]
        case t.List(element):
            return (plain(element, number),)
        case _:
            return None


def _decimal(value: Fraction, scale: int | None) -> decimal.Decimal:
    with decimal.localcontext(prec=60):
        exact = decimal.Decimal(value.numerator) / decimal.Decimal(value.denominator)
        return round(exact, scale) if scale is not None else round(exact, 12).normalize() + decimal.Decimal(0)


def _float(value: Fraction) -> float:
    if value >= sorts.INFINITY:
        return math.nan if value == sorts.NAN else math.inf
    if value <= -sorts.INFINITY:
        return -math.inf
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _time(microseconds: int) -> dt.time:
    seconds, micro = divmod(microseconds, 1_000_000)
    minutes, second = divmod(seconds, 60)
    return dt.time(minutes // 60, minutes % 60, second, micro)
