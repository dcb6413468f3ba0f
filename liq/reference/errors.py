"""Short ways to raise the errors of values. Messages never carry values."""

from __future__ import annotations

from typing import NoReturn

from liq.model.errors import ErrorKind, LiqError


def out_of_range(what: str) -> NoReturn:
    """A number, date or interval beyond its range."""
    raise LiqError(ErrorKind.OUT_OF_RANGE, f"{what} out of range")


def division_by_zero() -> NoReturn:
    """A zero divisor."""
    raise LiqError(ErrorKind.DIVISION_BY_ZERO, "division by zero")


def invalid_value(type_: object) -> NoReturn:
    """A text or JSON value that does not hold a value of the type."""
    raise LiqError(ErrorKind.INVALID_VALUE, f"invalid input for type {type_}")


def invalid_argument(message: str) -> NoReturn:
    """A function called outside its domain."""
    raise LiqError(ErrorKind.INVALID_ARGUMENT, message)


def too_long() -> NoReturn:
    """A text longer than this machinery makes: a bound, not an error of the value."""
    raise LiqError(ErrorKind.LIMIT, "a text is too long")
