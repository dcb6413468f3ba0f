"""Values as Python objects, the same in every room.

bool, int, float, ``decimal.Decimal``, str, bytes, ``uuid.UUID``, ``datetime.date``, ``datetime.time``, aware UTC
``datetime.datetime``, ``IntervalValue``, ``JsonValue``, tuples for lists and vectors, ``RecordValue``; None is null.
"""

from __future__ import annotations

import datetime as dt
import decimal
import uuid
from collections.abc import Mapping

from attrs import field, frozen


@frozen(order=False)
class IntervalValue:
    """An interval: months, days and microseconds, each signed."""

    months: int = 0
    days: int = 0
    microseconds: int = 0

    def span_microseconds(self) -> int:
        """The length PostgreSQL compares by: a month is 30 days, a day 24 hours."""
        return (self.months * 30 + self.days) * 86_400_000_000 + self.microseconds


Plain = None | bool | int | decimal.Decimal | str | tuple["Plain", ...] | Mapping[str, "Plain"]
"""What a JSON document is made of: numbers are exact, arrays are tuples, objects are mappings."""


@frozen
class JsonValue:
    """A JSON value, told apart from SQL null: ``JsonValue(None)`` is JSON's ``null``."""

    value: Plain = field(hash=False)


@frozen
class RecordValue:
    """A nested object: labels and values, in order."""

    labels: tuple[str, ...]
    values: tuple[Value, ...]


Value = (
    None | bool | int | float | decimal.Decimal | str | bytes | uuid.UUID | dt.date | dt.time | dt.datetime
    | IntervalValue | JsonValue | RecordValue | tuple["Value", ...]
)

INT_MIN, INT_MAX = -(2**63), 2**63 - 1
DECIMAL_DIGITS_MAX = 38
"""Digits of a decimal, before and behind the point together."""
