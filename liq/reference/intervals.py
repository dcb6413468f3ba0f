"""The text forms of intervals: PostgreSQL's ``postgres`` style out; the same, words and ISO 8601 in."""

from __future__ import annotations

import re
from fractions import Fraction
from math import trunc

from liq.model.values import IntervalValue
from liq.reference.errors import invalid_value, out_of_range
from liq.reference.temporal import DAY, HOUR, MINUTE, SECOND, interval

_NUMBER = r"[+-]?(?:\d{1,18}(?:\.\d{0,18})?|\.\d{1,18})"
_CLOCK = re.compile(
    r"(?P<sign>[+-]?)(?P<hours>\d{1,10}):(?P<minutes>\d{1,2})"
    r"(?::(?P<seconds>\d{1,2}(?:\.\d{0,18})?)|(?P<tail>\.\d{1,18}))?"
)
_WORD = re.compile(rf"(?P<clock>[+-]?\d{{1,10}}:[\d:.]+)|(?P<number>{_NUMBER})\s*(?P<unit>[a-z]*)|(?P<ago>ago)")
_ISO = re.compile(
    rf"P(?:(?P<y>{_NUMBER})Y)?(?:(?P<mon>{_NUMBER})M)?(?:(?P<w>{_NUMBER})W)?(?:(?P<d>{_NUMBER})D)?"
    rf"(?P<t>T(?:(?P<h>{_NUMBER})H)?(?:(?P<min>{_NUMBER})M)?(?:(?P<s>{_NUMBER})S)?)?"
)
_UNITS = {
    "year": "year years y yr yrs",
    "month": "month months mon mons",
    "week": "week weeks w",
    "day": "day days d",
    "hour": "hour hours h hr hrs",
    "minute": "minute minutes m min mins",
    "second": "second seconds s sec secs",
    "millisecond": "millisecond milliseconds ms msec msecs mseconds",
    "microsecond": "microsecond microseconds us usec usecs useconds",
    "decade": "decade decades dec decs",
    "century": "century centuries c cent",
    "millennium": "millennium millennia mil mils",
}
_NAMED = {word: unit for unit, words in _UNITS.items() for word in words.split()}
_MONTHS = {"year": 12, "month": 1, "decade": 120, "century": 1200, "millennium": 12_000}
_TIMES = {"hour": HOUR, "minute": MINUTE, "second": SECOND, "millisecond": 1000, "microsecond": 1}


class _Sum:
    """The fields of an interval while its parts are read."""

    def __init__(self) -> None:
        self.months, self.days, self.micro = 0, 0, Fraction(0)
        self.seen: set[str] = set()

    def add(self, unit: str, amount: Fraction) -> None:
        """Add an amount; the fraction of a unit goes on in the smaller ones: a month has 30 days."""
        units = {unit}
        if unit == "second" and amount.denominator != 1:  # a fraction stands for the smaller units, too
            units |= {"millisecond", "microsecond"}
        if units & self.seen:
            invalid_value("interval")
        self.seen |= units
        if unit in _TIMES:
            self.micro += amount * _TIMES[unit]
        elif unit in _MONTHS:
            whole = trunc(amount)
            rest = (amount - whole) * _MONTHS[unit]
            self.months += whole * _MONTHS[unit]
            if unit == "month":
                self._days(rest * 30)
            else:
                self.months += _rounded(rest)
        else:
            self._days(amount * (7 if unit == "week" else 1))

    def _days(self, days: Fraction) -> None:
        whole = trunc(days)
        self.days += whole
        self.micro += (days - whole) * DAY

    def value(self, negate: bool = False) -> IntervalValue:
        """The interval read."""
        sign = -1 if negate else 1
        return interval(sign * self.months, sign * self.days, sign * _rounded(self.micro))


def parse_interval(text: str) -> IntervalValue:
    """An interval from text: ``1 year 2 mons -3 days 04:05:06.7``, words and ``ago``, or ``P1Y2M3DT4H5M6S``."""
    words = text.strip(" \t\n\r\f\v")
    if words.startswith("P"):
        return _parse_iso(words)
    words = words.lower().removeprefix("@").strip()
    total, at, ago = _Sum(), 0, False
    while at < len(words):
        found = _WORD.match(words, at)
        if found is None or ago or found.end() == at:
            invalid_value("interval")
        at = found.end()
        if found["unit"] and at < len(words) and words[at].isdigit():
            invalid_value("interval")
        while at < len(words) and words[at].isspace():
            at += 1
        if found["ago"]:
            ago = True
        elif found["clock"]:
            _add_clock(total, found["clock"])
        else:
            unit = _NAMED.get(found["unit"] or "second")
            if unit is None or not (found["unit"] or at == len(words)):
                invalid_value("interval")
            total.add(unit, Fraction(found["number"]))
    if not total.seen:
        invalid_value("interval")
    return total.value(negate=ago)


def _add_clock(total: _Sum, text: str) -> None:
    found = _CLOCK.fullmatch(text)
    if found is None or total.seen & set(_TIMES):
        invalid_value("interval")
    hours, minutes, seconds = int(found["hours"]), int(found["minutes"]), Fraction(found["seconds"] or 0)
    if found["tail"]:  # two parts with a fraction are minutes and seconds
        hours, minutes, seconds = 0, hours, minutes + Fraction(found["tail"])
    if minutes > 59 or seconds >= 61:
        out_of_range("interval")
    amount = hours * HOUR + minutes * MINUTE + seconds * SECOND
    total.micro += -amount if found["sign"] == "-" else amount
    total.seen |= {"hour", "minute", "second"}


def _parse_iso(words: str) -> IntervalValue:
    found = _ISO.fullmatch(words)
    if found is None or len(words) == 1:
        invalid_value("interval")
    total = _Sum()
    names = {"y": "year", "mon": "month", "w": "week", "d": "day", "h": "hour", "min": "minute", "s": "second"}
    for group, unit in names.items():
        if found[group]:
            total.add(unit, Fraction(found[group]))
    return total.value()


def format_interval(value: IntervalValue) -> str:
    """PostgreSQL's default output: ``1 year 2 mons 3 days 04:05:06.7``; a ``+`` follows a negative part."""
    sign = 1 if value.months >= 0 else -1
    years, months = abs(value.months) // 12 * sign, abs(value.months) % 12 * sign
    text, after_negative = "", False
    for amount, unit in ((years, "year"), (months, "mon"), (value.days, "day")):
        if amount:
            plus = "+" if after_negative and amount > 0 else ""
            text += f"{' ' if text else ''}{plus}{amount} {unit}{'' if amount == 1 else 's'}"
            after_negative = amount < 0
    if value.microseconds or not text:
        left = abs(value.microseconds)
        mark = "-" if value.microseconds < 0 else ("+" if after_negative else "")
        clock = f"{left // HOUR:02}:{left // MINUTE % 60:02}:{left // SECOND % 60:02}"
        fraction = f".{left % SECOND:06}".rstrip("0").rstrip(".")
        text += f"{' ' if text else ''}{mark}{clock}{fraction}"
    return text


def _rounded(value: Fraction) -> int:
    return round(value)
