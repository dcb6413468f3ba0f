"""Values from text: PostgreSQL's input syntax, with dates and times restricted to ISO 8601 forms.

Accepted, per type (white space around it unless said otherwise):

- ``int``, narrow ones: optional sign, decimal digits
- ``decimal``: optional sign, digits with an optional point and exponent (``1.5e3``); no NaN, no infinity
- ``float``: the same, and ``NaN``, ``inf``, ``infinity`` in any case
- ``bool``: the beginnings of ``true false yes no on off`` that are not ambiguous, ``1``, ``0``, in any case
- ``uuid``: 32 hex digits, a dash allowed behind each group of four, braces allowed; no white space
- ``bytes``: ``\\x`` and hex digits, else the text with ``\\\\`` and ``\\ooo`` escapes
- ``date``: ``YYYY-MM-DD``
- ``time``: ``HH:MM[:SS[.fraction]]``
- ``timestamp``: a date, then ``T`` or a space and a time, then ``Z`` or an offset (``+02``, ``+02:00``, ``+0200``)
- ``interval``: see ``liq.reference.intervals``
"""

from __future__ import annotations

import datetime as dt
import re
import uuid
from decimal import ROUND_HALF_EVEN, Decimal

from liq.model.types import Type
from liq.reference.arithmetic import checked_decimal, checked_int, rescaled
from liq.reference.errors import invalid_value, out_of_range
from liq.reference.temporal import DAY, HOUR, MINUTE, SECOND, instant_of, microseconds_of, midnight, time_of
from liq.reference.text import lower

SPACE = " \t\n\r\f\v"
_INT = re.compile(r"[+-]?[0-9]+")
_DECIMAL = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE](?P<exponent>[+-]?[0-9]+))?")
_UUID = re.compile(r"(\{)?(?:[0-9a-fA-F]{4}-?){7}[0-9a-fA-F]{4}(?(1)\})")
_DATE = re.compile(r"(?P<year>[0-9]{4,6})-(?P<month>[0-9]{1,2})-(?P<day>[0-9]{1,2})")
_CLOCK = r"(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{1,2})(?::(?P<second>[0-9]{1,2})(?P<fraction>\.[0-9]*)?)?"
_TIME = re.compile(_CLOCK)
_OFFSET = r"(?P<zone>[Zz]|(?P<sign>[+-])(?P<oh>[0-9]{1,2}):?(?P<om>[0-9]{2})?(?::(?P<os>[0-9]{2}))?)"
_TIMESTAMP = re.compile(rf"{_DATE.pattern}(?:[Tt]|[ ]+){_CLOCK}(?:[ ]*{_OFFSET})?")
_DIGITS_MAX = 4000


def parse_int(text: str, bits: int = 64) -> int:
    """An integer."""
    digits = text.strip(SPACE)
    if not _INT.fullmatch(digits):
        invalid_value("int")
    if len(digits.lstrip("+-0")) > 19:
        out_of_range("integer")
    return checked_int(int(digits), bits)


def parse_decimal(text: str) -> Decimal:
    """An exact decimal."""
    digits = text.strip(SPACE)
    found = _DECIMAL.fullmatch(digits)
    if not found:
        invalid_value("decimal")
    if len(digits) > _DIGITS_MAX or len(found["exponent"] or "") > 5:
        out_of_range("decimal")
    value = Decimal(digits)
    if value and abs(value.adjusted()) > 200:
        out_of_range("decimal")
    if not value and int(found["exponent"] or 0) < -200:
        out_of_range("decimal")
    return checked_decimal(value if value.as_tuple().exponent <= 0 else rescaled(value, 0))  # type: ignore[operator]


def parse_float(text: str) -> float:
    """A double."""
    word = text.strip(SPACE)
    if not _DECIMAL.fullmatch(word):
        match lower(word).removeprefix("+"):
            case "nan":
                return float("nan")
            case "inf" | "infinity":
                return float("inf")
            case "-inf" | "-infinity":
                return float("-inf")
            case _:
                invalid_value("float")
    if len(word) > _DIGITS_MAX:
        out_of_range("float")
    value = float(word)
    digits = re.split("[eE]", word)[0]
    if value in (float("inf"), float("-inf")) or (value == 0 and digits.strip("+-0.")):
        out_of_range("float")
    return value


def parse_bool(text: str) -> bool:
    """A truth value."""
    word = lower(text.strip(SPACE))
    if word == "1" or (word and ("true".startswith(word) or "yes".startswith(word))) or word == "on":
        return True
    if word == "0" or (word and ("false".startswith(word) or "no".startswith(word))) or word in ("of", "off"):
        return False
    invalid_value("bool")


def parse_uuid(text: str) -> uuid.UUID:
    """A UUID."""
    if not _UUID.fullmatch(text):
        invalid_value("uuid")
    return uuid.UUID(hex=text.strip("{}").replace("-", ""))


def parse_bytes(text: str) -> bytes:
    """A byte string in hex or escape form."""
    if text.startswith("\\x"):
        digits = text[2:].translate({ord(c): None for c in " \t\n\r"})
        if len(digits) % 2 or not re.fullmatch("[0-9a-fA-F]*", digits):
            invalid_value("bytes")
        return bytes.fromhex(digits)
    if re.search(r"\\(?!\\|[0-3][0-7]{2})", text.replace("\\\\", "")):
        invalid_value("bytes")
    parts = re.split(r"(\\\\|\\[0-3][0-7]{2})", text)
    return b"".join(_unescaped(part) if part.startswith("\\") else part.encode() for part in parts)


def _unescaped(part: str) -> bytes:
    return b"\\" if part == "\\\\" else bytes([int(part[1:], 8)])


def parse_date(text: str) -> dt.date:
    """A day."""
    found = _DATE.fullmatch(text.strip(SPACE))
    if not found:
        invalid_value("date")
    return _date(found)


def _date(found: re.Match[str]) -> dt.date:
    try:
        return dt.date(int(found["year"]), int(found["month"]), int(found["day"]))
    except ValueError:
        out_of_range("date")


def _clock(found: re.Match[str]) -> int:
    """Microseconds since midnight, a day's worth at most; fractions are rounded, half to even."""
    hour, minute, second = int(found["hour"]), int(found["minute"]), int(found["second"] or 0)
    digits = (found["fraction"] or "")[1:50]
    fraction = int((Decimal(int(digits or 0)).scaleb(6 - len(digits))).to_integral_value(ROUND_HALF_EVEN))
    total = hour * HOUR + minute * MINUTE + second * SECOND + fraction
    if minute > 59 or second > 60 or total > DAY or hour > 24:
        out_of_range("time")
    return total


def parse_time(text: str) -> dt.time:
    """A time of day before 24:00."""
    found = _TIME.fullmatch(text.strip(SPACE))
    if not found:
        invalid_value("time")
    total = _clock(found)
    if total == DAY:
        out_of_range("time")
    return time_of(total)


def parse_timestamp(text: str) -> dt.datetime:
    """An instant."""
    words = text.strip(SPACE)
    if _DATE.fullmatch(words):
        return midnight(parse_date(words))
    found = _TIMESTAMP.fullmatch(words)
    if not found:
        invalid_value("timestamp")
    offset = int(found["oh"] or 0) * HOUR + int(found["om"] or 0) * MINUTE + int(found["os"] or 0) * SECOND
    if int(found["oh"] or 0) > 15 or int(found["om"] or 0) > 59 or int(found["os"] or 0) > 59:
        out_of_range("time zone")
    local = microseconds_of(midnight(_date(found))) + _clock(found)
    return instant_of(local + offset if found["sign"] == "-" else local - offset)


def parse_enum(text: str, type_: Type, labels: tuple[str, ...]) -> str:
    """A declared label."""
    if text not in labels:
        invalid_value(type_)
    return text
