"""Dates, times, instants and intervals: PostgreSQL's calendar arithmetic, in UTC unless a zone is given."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from liq.model.values import IntervalValue
from liq.reference.arithmetic import EXACT, quotient
from liq.reference.errors import invalid_argument, out_of_range

UTC = dt.UTC
EPOCH = dt.datetime(1970, 1, 1, tzinfo=UTC)
DAY = 86_400_000_000
"""Microseconds of a day."""
HOUR, MINUTE, SECOND = 3_600_000_000, 60_000_000, 1_000_000
JULIAN_OF_ORDINAL_0 = 1_721_425
"""The Julian day of the day before 0001-01-01."""


# ------------------------------------------------------------------------------------------------- conversions
def microseconds_of(instant: dt.datetime) -> int:
    """Microseconds since 1970 in UTC."""
    since = instant - EPOCH
    return since.days * DAY + since.seconds * SECOND + since.microseconds


def instant_of(microseconds: int) -> dt.datetime:
    """The instant, if it lies in the years 1 to 9999."""
    try:
        return EPOCH + dt.timedelta(days=microseconds // DAY, microseconds=microseconds % DAY)
    except OverflowError:
        out_of_range("timestamp")


def date_of(ordinal: int) -> dt.date:
    """The day with this number (0001-01-01 is 1), if there is one."""
    try:
        return dt.date.fromordinal(ordinal)
    except (OverflowError, ValueError):
        out_of_range("date")


def midnight(day: dt.date) -> dt.datetime:
    """The instant at which a day begins in UTC."""
    return dt.datetime(day.year, day.month, day.day, tzinfo=UTC)


def microseconds_of_day(time: dt.time) -> int:
    """Microseconds since midnight."""
    return time.hour * HOUR + time.minute * MINUTE + time.second * SECOND + time.microsecond


def time_of(microseconds: int) -> dt.time:
    """The time of day, around midnight where need be."""
    rest = microseconds % DAY
    return dt.time(rest // HOUR, rest // MINUTE % 60, rest // SECOND % 60, rest % SECOND)


def interval(months: int, days: int, microseconds: int) -> IntervalValue:
    """An interval whose fields fit PostgreSQL's."""
    if not (-(2**31) <= months < 2**31 and -(2**31) <= days < 2**31 and -(2**63) <= microseconds < 2**63):
        out_of_range("interval")
    return IntervalValue(months, days, microseconds)


# ------------------------------------------------------------------------------------------------- arithmetic
def add_days(day: dt.date, days: int) -> dt.date:
    """A number of days later."""
    return date_of(day.toordinal() + days)


def add_interval(instant: dt.datetime, step: IntervalValue) -> dt.datetime:
    """Months first, clamped to the end of the month, then days, then time."""
    if step.months:
        number = instant.year * 12 + instant.month - 1 + step.months
        year, month = number // 12, number % 12 + 1
        if not dt.MINYEAR <= year <= dt.MAXYEAR:
            out_of_range("timestamp")
        instant = instant.replace(year=year, month=month, day=min(instant.day, days_of_month(year, month)))
    return instant_of(microseconds_of(instant) + step.days * DAY + step.microseconds)


def days_of_month(year: int, month: int) -> int:
    """28 to 31."""
    return 31 if month == 12 else (dt.date(year, month + 1, 1) - dt.date(year, month, 1)).days


def subtract_interval(instant: dt.datetime, step: IntervalValue) -> dt.datetime:
    """Back by an interval."""
    return add_interval(instant, IntervalValue(-step.months, -step.days, -step.microseconds))


def between_instants(a: dt.datetime, b: dt.datetime) -> IntervalValue:
    """``a - b`` in days of 24 hours and the time left, both of one sign."""
    difference = microseconds_of(a) - microseconds_of(b)
    days = abs(difference) // DAY * (1 if difference >= 0 else -1)
    return IntervalValue(0, days, difference - days * DAY)


def add_intervals(a: IntervalValue, b: IntervalValue) -> IntervalValue:
    """Field by field."""
    return interval(a.months + b.months, a.days + b.days, a.microseconds + b.microseconds)


def subtract_intervals(a: IntervalValue, b: IntervalValue) -> IntervalValue:
    """Field by field."""
    return interval(a.months - b.months, a.days - b.days, a.microseconds - b.microseconds)


def multiply_interval(a: IntervalValue, factor: int) -> IntervalValue:
    """Field by field; the time goes through a double, as in PostgreSQL."""
    time = float(a.microseconds) * float(factor)
    return interval(a.months * factor, a.days * factor, round(time))


def negate_interval(a: IntervalValue) -> IntervalValue:
    """Every field negated."""
    return interval(-a.months, -a.days, -a.microseconds)


def add_to_time(time: dt.time, step: IntervalValue) -> dt.time:
    """Around midnight; months and days do not count."""
    return time_of(microseconds_of_day(time) + step.microseconds)


def subtract_from_time(time: dt.time, step: IntervalValue) -> dt.time:
    """Around midnight; months and days do not count."""
    return time_of(microseconds_of_day(time) - step.microseconds)


def between_times(a: dt.time, b: dt.time) -> IntervalValue:
    """``a - b`` on one day."""
    return IntervalValue(0, 0, microseconds_of_day(a) - microseconds_of_day(b))


def months_between(a: dt.datetime, b: dt.datetime) -> int:
    """Calendar months from a's to b's."""
    return (b.year - a.year) * 12 + b.month - a.month


# ------------------------------------------------------------------------------------------------- units
_UNIT_WORDS = {
    "microseconds": "microsecond microseconds us usec usecs usecond useconds",
    "milliseconds": "millisecond milliseconds ms msec msecs msecond mseconds",
    "second": "second seconds s sec secs",
    "minute": "minute minutes m min mins",
    "hour": "hour hours h hr hrs",
    "day": "day days d",
    "week": "week weeks w",
    "month": "month months mon mons",
    "quarter": "quarter qtr",
    "year": "year years y yr yrs",
    "decade": "decade decades dec decs",
    "century": "century centuries c cent",
    "millennium": "millennium millennia mil mils",
    "epoch": "epoch",
    "dow": "dow",
    "isodow": "isodow",
    "doy": "doy",
    "isoyear": "isoyear",
    "julian": "julian",
    "timezone": "timezone",
    "timezone_hour": "timezone_hour",
    "timezone_minute": "timezone_minute",
}
TRUNCATING = tuple(_UNIT_WORDS)[:13]
"""The units that have a beginning: from ``microseconds`` to ``millennium``."""
_UNITS = {word: unit for unit, words in _UNIT_WORDS.items() for word in words.split()}


def unit_named(word: str) -> str:
    """The unit that a word means, whatever its case."""
    unit = _UNITS.get(word.lower())
    if unit is None:
        invalid_argument("unknown unit of time")
    return unit


def date_trunc(word: str, instant: dt.datetime, zone: str | None = None) -> dt.datetime:
    """The start of the unit that an instant falls into, in UTC or in a zone."""
    unit = unit_named(word)
    if unit not in TRUNCATING:
        invalid_argument("a timestamp cannot be truncated to this unit")
    place = UTC if zone is None else zone_named(zone)
    try:
        local = instant.astimezone(place)
        floor = _floor(unit, local.replace(tzinfo=None, fold=0))
        if unit in ("microseconds", "milliseconds", "second", "minute", "hour"):  # the offset of the instant stays
            return (floor - (local.utcoffset() or dt.timedelta())).replace(tzinfo=UTC)
        return _at_local(floor, place).astimezone(UTC)
    except (OverflowError, ValueError):
        out_of_range("timestamp")


def _at_local(local: dt.datetime, place: dt.tzinfo) -> dt.datetime:
    """A local time that comes twice is the later, one that is skipped is read with the offset before the gap."""
    first, second = local.replace(tzinfo=place, fold=0), local.replace(tzinfo=place, fold=1)
    before, after = first.utcoffset(), second.utcoffset()
    assert before is not None
    assert after is not None
    return second if before > after else first


def _floor(unit: str, at: dt.datetime) -> dt.datetime:
    midnight_ = at.replace(hour=0, minute=0, second=0, microsecond=0)
    match unit:
        case "microseconds":
            return at
        case "milliseconds":
            return at.replace(microsecond=at.microsecond // 1000 * 1000)
        case "second":
            return at.replace(microsecond=0)
        case "minute":
            return at.replace(second=0, microsecond=0)
        case "hour":
            return at.replace(minute=0, second=0, microsecond=0)
        case "day":
            return midnight_
        case "week":
            return midnight_ - dt.timedelta(days=at.weekday())
        case "month":
            return midnight_.replace(day=1)
        case "quarter":
            return midnight_.replace(month=(at.month - 1) // 3 * 3 + 1, day=1)
        case "year":
            return midnight_.replace(month=1, day=1)
        case "decade":
            return midnight_.replace(year=at.year // 10 * 10, month=1, day=1)
        case "century":
            return midnight_.replace(year=(at.year + 99) // 100 * 100 - 99, month=1, day=1)
        case "millennium":
            return midnight_.replace(year=(at.year + 999) // 1000 * 1000 - 999, month=1, day=1)
        case _:
            raise AssertionError(unit)


@cache
def _zones() -> dict[str, str]:
    return {name.lower(): name for name in available_timezones()}


@cache
def zone_named(name: str) -> ZoneInfo:
    """A zone of the IANA database, whatever the case of its name."""
    found = _zones().get(name.lower())
    if found is None:
        invalid_argument("unknown time zone")
    return ZoneInfo(found)


# ------------------------------------------------------------------------------------------------- parts
def part_of_instant(word: str, at: dt.datetime) -> Decimal:
    """``extract(unit from timestamp)``, in UTC."""
    unit = unit_named(word)
    if unit == "epoch":
        return Decimal(microseconds_of(at)).scaleb(-6)
    if unit == "julian":
        whole = Decimal(at.toordinal() + JULIAN_OF_ORDINAL_0)
        return EXACT.add(whole, quotient(Decimal(microseconds_of_day(at.time())), Decimal(DAY)))
    if unit in ("timezone", "timezone_hour", "timezone_minute"):
        return Decimal(0)
    found = _part_of_clock(unit, at.hour, at.minute, at.second * SECOND + at.microsecond)
    return found if found is not None else part_of_date(word, at.date())


def part_of_date(word: str, day: dt.date) -> Decimal:
    """``extract(unit from date)``."""
    unit = unit_named(word)
    iso_year, iso_week, iso_day = day.isocalendar()
    parts: dict[str, Callable[[], int]] = {
        "day": lambda: day.day,
        "month": lambda: day.month,
        "quarter": lambda: (day.month - 1) // 3 + 1,
        "year": lambda: day.year,
        "decade": lambda: day.year // 10,
        "century": lambda: (day.year + 99) // 100,
        "millennium": lambda: (day.year + 999) // 1000,
        "week": lambda: iso_week,
        "isoyear": lambda: iso_year,
        "isodow": lambda: iso_day,
        "dow": lambda: iso_day % 7,
        "doy": lambda: day.timetuple().tm_yday,
        "epoch": lambda: (day - dt.date(1970, 1, 1)).days * 86_400,
        "julian": lambda: day.toordinal() + JULIAN_OF_ORDINAL_0,
    }
    if unit not in parts:
        invalid_argument("a date has no such part")
    return Decimal(parts[unit]())


def part_of_time(word: str, at: dt.time) -> Decimal:
    """``extract(unit from time)``."""
    unit = unit_named(word)
    if unit == "epoch":
        return Decimal(microseconds_of_day(at)).scaleb(-6)
    found = _part_of_clock(unit, at.hour, at.minute, at.second * SECOND + at.microsecond)
    if found is None:
        invalid_argument("a time has no such part")
    return found


def part_of_interval(word: str, span: IntervalValue) -> Decimal:
    """``extract(unit from interval)``: of its months, days and time apart; a year counts 365.25 days in ``epoch``.

    ``week`` and the quarters of negative months are those of PostgreSQL 18.
    """
    unit = unit_named(word)
    years, months = _truncated(span.months, 12)
    if unit == "epoch":
        quarter_days = years * 1461 + months * 120 + span.days * 4
        return Decimal(quarter_days * (DAY // 4) + span.microseconds).scaleb(-6)
    hours, rest = _truncated(span.microseconds, HOUR)
    minutes, micro = _truncated(rest, MINUTE)
    found = _part_of_clock(unit, hours, minutes, micro)
    if found is not None:
        return found
    parts = {
        "day": span.days,
        "month": months,
        "week": _truncated(span.days, 7)[0],
        "quarter": _truncated(months, 3)[0] + (1 if months >= 0 else -1),
        "year": years,
        "decade": _truncated(years, 10)[0],
        "century": _truncated(years, 100)[0],
        "millennium": _truncated(years, 1000)[0],
    }
    if unit not in parts:
        invalid_argument("an interval has no such part")
    return Decimal(parts[unit])


def _part_of_clock(unit: str, hours: int, minutes: int, micro: int) -> Decimal | None:
    match unit:
        case "hour":
            return Decimal(hours)
        case "minute":
            return Decimal(minutes)
        case "second":
            return Decimal(micro).scaleb(-6)
        case "milliseconds":
            return Decimal(micro).scaleb(-3)
        case "microseconds":
            return Decimal(micro)
        case _:
            return None


def _truncated(value: int, unit: int) -> tuple[int, int]:
    """Quotient and remainder towards zero."""
    whole = abs(value) // unit * (1 if value >= 0 else -1)
    return whole, value - whole * unit
