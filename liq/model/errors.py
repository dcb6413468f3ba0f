"""Errors that a plan can raise while it runs: the kinds of the may-raise set, and the exception that carries one."""

from __future__ import annotations

from enum import Enum


class ErrorKind(Enum):
    """What went wrong with a value, a row or a call. Kinds are compared across backends, messages are not."""

    DIVISION_BY_ZERO = "division_by_zero"
    OUT_OF_RANGE = "out_of_range"  # an int, decimal, float, date, timestamp or interval beyond its range
    INVALID_VALUE = "invalid_value"  # a cast or conversion of a text or json that does not hold such a value
    INVALID_ARGUMENT = "invalid_argument"  # a function outside its domain: sqrt(-1), substring of negative length
    TOO_MANY_ROWS = "too_many_rows"  # a scalar subquery with more than one row
    NOT_NULL = "not_null"
    UNIQUE = "unique"
    FOREIGN_KEY = "foreign_key"
    CHECK = "check"
    POLICY = "policy"  # a row that a check policy refuses
    EXPECT = "expect"  # expect N met another number of rows
    CONFLICT_TWICE = "conflict_twice"  # an upsert that would change one row twice
    PARAMETER = "parameter"  # missing, unknown, of the wrong type, or against a precondition
    CLAIM = "claim"  # a claim that is missing or cannot be converted
    LIMIT = "limit"  # a bound of the plan or of its role was exceeded
    STALE = "stale"  # schema or policies are not the ones the plan was compiled for
    SERIALIZATION = "serialization"  # bounded retries were used up
    BACKEND = "backend"  # the database failed in a way no plan can cause


class LiqError(Exception):
    """An error of a run. The message never carries values of rows."""

    def __init__(self, kind: ErrorKind, message: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
