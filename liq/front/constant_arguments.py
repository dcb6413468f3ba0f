"""Constants that a function would refuse when it runs, found when the program is compiled: units of time, kinds …"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from decimal import Decimal

from liq.front.context import Context, closest, one_of
from liq.model import codes
from liq.model.errors import LiqError
from liq.model.expr import Expr, Literal
from liq.model.types import Date, Interval, Time, Type
from liq.model.values import IntervalValue
from liq.reference import temporal

_SAMPLE = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
_UNITS = ("year", "quarter", "month", "week", "day", "hour", "minute", "second", "milliseconds", "microseconds")
_PARTS = (*_UNITS, "dow", "isodow", "doy", "isoyear", "epoch")
_DISTANCES = ("cosine", "l2")


def check_constants(name: str, arguments: Sequence[Expr], context: Context) -> bool:
    """Whether the constants among the arguments of a call can be what they are; reported where they cannot."""
    match name, arguments:
        case "date_trunc", (Literal(value=str(unit)) as word, *zone):
            place = zone[1] if len(zone) == 2 and isinstance(zone[1], Literal) else None
            if not _works(lambda: temporal.date_trunc(unit, _SAMPLE)):
                return _refuse(word, unit, "unit of time", _UNITS, context)
            if place is not None and isinstance(place.value, str) and not _works(_named(place.value)):
                return _refuse(place, place.value, "time zone", (), context)
        case "date_part", (Literal(value=str(unit)) as word, argument):
            if not _works(_part(unit, argument.type)):
                return _refuse(word, unit, f"part of {argument.type}", _PARTS, context)
        case "distance", (_, _, Literal(value=str(kind)) as word) if kind not in _DISTANCES:
            return _refuse(word, kind, "kind of distance", _DISTANCES, context)
        case "percentile", (Literal(value=(int() | float() | Decimal()) as part) as word, _) if not 0 <= part <= 1:
            context.report(codes.BAD_ARGUMENT, word.span, f"a percentile is between 0 and 1, not {part}")
            return False
    return True


def _named(zone: str) -> Callable[[], object]:
    return lambda: temporal.zone_named(zone)


def _part(unit: str, type_: Type) -> Callable[[], object]:
    match type_:
        case Date():
            return lambda: temporal.part_of_date(unit, _SAMPLE.date())
        case Time():
            return lambda: temporal.part_of_time(unit, _SAMPLE.time())
        case Interval():
            return lambda: temporal.part_of_interval(unit, IntervalValue(1, 1, 1))
        case _:
            return lambda: temporal.part_of_instant(unit, _SAMPLE)


def _works(call: Callable[[], object]) -> bool:
    try:
        call()
    except LiqError:
        return False
    return True


def _refuse(word: Literal, text: str, what: str, known: Sequence[str], context: Context) -> bool:
    meant = closest(text.lower(), known)
    context.report(
        codes.BAD_ARGUMENT, word.span, f"'{text[:40]}' is no {what}" + (f" — did you mean '{meant}'?" if meant else ""),
        help=f"there are {one_of(known, 20)}" if known else "write it like 'Europe/Vienna'",
    )  # fmt: skip
    return False
