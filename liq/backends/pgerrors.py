"""PostgreSQL's errors as liq's kinds. Messages name constraints and tables, never values."""

from __future__ import annotations

from typing import Protocol

from liq.model.errors import ErrorKind, LiqError

K = ErrorKind

SQLSTATES = {
    "22012": K.DIVISION_BY_ZERO,
    "22003": K.OUT_OF_RANGE,  # numeric value
    "22008": K.OUT_OF_RANGE,  # datetime field
    "22015": K.OUT_OF_RANGE,  # interval field
    "22009": K.OUT_OF_RANGE,  # time zone displacement
    "54000": K.OUT_OF_RANGE,  # a text longer than 1 GB
    "22001": K.OUT_OF_RANGE,  # a text longer than its column
    "22P02": K.INVALID_VALUE,  # text representation
    "22007": K.INVALID_VALUE,  # datetime format
    "22021": K.INVALID_VALUE,  # character not in repertoire
    "22P05": K.INVALID_VALUE,  # untranslatable character
    "22023": K.INVALID_ARGUMENT,
    "22011": K.INVALID_ARGUMENT,  # substring
    "2201E": K.INVALID_ARGUMENT,  # logarithm
    "2201F": K.INVALID_ARGUMENT,  # power
    "2201G": K.INVALID_ARGUMENT,  # width_bucket
    "22013": K.INVALID_ARGUMENT,  # preceding or following size
    "22014": K.INVALID_ARGUMENT,  # ntile
    "22016": K.INVALID_ARGUMENT,  # nth_value
    "2201W": K.INVALID_ARGUMENT,  # row count in limit
    "2201X": K.INVALID_ARGUMENT,  # row count in offset
    "22025": K.INVALID_ARGUMENT,  # escape sequence
    "0A000": K.INVALID_ARGUMENT,  # a unit that a type does not have
    "21000": K.TOO_MANY_ROWS,
    "23502": K.NOT_NULL,
    "23505": K.UNIQUE,
    "23503": K.FOREIGN_KEY,
    "23001": K.FOREIGN_KEY,  # restrict
    "23514": K.CHECK,
    "23P01": K.UNIQUE,  # exclusion
    "42501": K.POLICY,  # native row security, where it is on as well
    "44000": K.POLICY,  # with check option
    "57014": K.LIMIT,  # statement timeout
    "53400": K.LIMIT,
    "54001": K.LIMIT,  # statement too complex
    "40001": K.SERIALIZATION,
    "40P01": K.SERIALIZATION,  # deadlock
}

CONFLICT_FUNCTION = "ExecOnConflictUpdate"
"""Where in the server an upsert that would change one row twice is refused; its SQLSTATE is shared with other
things."""


class Diagnostic(Protocol):
    """What a driver tells of an error."""

    @property
    def sqlstate(self) -> str | None:
        """The five letters."""

    @property
    def constraint_name(self) -> str | None:
        """The constraint."""

    @property
    def table_name(self) -> str | None:
        """The table."""

    @property
    def column_name(self) -> str | None:
        """The column."""

    @property
    def source_function(self) -> str | None:
        """The function of the server."""


def translated(diagnostic: Diagnostic) -> LiqError:
    """The error that liq raises for the server's."""
    state = diagnostic.sqlstate or ""
    kind = SQLSTATES.get(state, K.BACKEND)
    if state == "21000" and diagnostic.source_function == CONFLICT_FUNCTION:
        kind = K.CONFLICT_TWICE
    return LiqError(kind, _message(kind, state, diagnostic))


def _message(kind: ErrorKind, state: str, diagnostic: Diagnostic) -> str:
    table = diagnostic.table_name or "a table"
    match kind:
        case K.UNIQUE | K.FOREIGN_KEY | K.CHECK:
            return f"{table}: {diagnostic.constraint_name or 'a constraint'} is violated"
        case K.NOT_NULL:
            return f"{table}.{diagnostic.column_name or '?'} must not be null"
        case K.POLICY:
            return f"{table}: a policy refuses the row"
        case K.BACKEND:
            return f"PostgreSQL failed with {state or 'a lost connection'}"
        case _:
            return f"{kind.value.replace('_', ' ')} (PostgreSQL {state})"
