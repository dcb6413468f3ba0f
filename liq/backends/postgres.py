"""Running emitted plans on PostgreSQL, through psycopg 3.

One call is one transaction: reads in one REPEATABLE READ READ ONLY snapshot, writes SERIALIZABLE with bounded retry.
Claims
are arguments of the call; the connection keeps nothing of it. Values travel as text, typed by the emitted casts.
"""

from __future__ import annotations

import datetime as dt
import json
import random
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import attrs
from attrs import field, frozen

from liq.backends.binds import Arguments, LetRows, texts
from liq.backends.calls import (
    CursorKey,
    Result,
    Rows,
    arguments,
    call_arguments,
    expect_rows,
    member_for,
    page_of,
    session,
)
from liq.backends.pgerrors import translated
from liq.backends.wire import decode
from liq.model.emitted import SqlPlan, SqlStep, SqlText
from liq.model.errors import ErrorKind, LiqError
from liq.model.expr import Column, Expr
from liq.model.ir import Delete, Insert, Query, Update
from liq.model.schema import Schema
from liq.model.types import Type
from liq.model.values import Value
from liq.reference.expressions import evaluate
from liq.reference.machine import Machine
from liq_planner.emit.emission import EmitOptions
from liq_planner.emit.paging import page_size
from liq_planner.emit.query import emit_expression

if TYPE_CHECKING:
    import psycopg

READ = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
WRITE = "BEGIN ISOLATION LEVEL SERIALIZABLE READ WRITE"
PORTAL = "liq_rows"
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


@frozen
class PostgresOptions:
    """How the host runs plans.

    ``hash_key`` is the secret of ``hash``, ``cursor`` signs page tokens, ``rows_max`` bounds what one statement may
    read,
    ``epoch`` is the hash that the ``liq`` schema of the database must hold, ``native_claims`` also hands the claims
    to native
    row security (``guard = both``).
    """

    hash_key: bytes | None = field(default=None, repr=False)
    cursor: CursorKey | None = field(default=None, repr=False)
    rows_max: int | None = None
    timeout_ms: int = 30_000
    attempts_max: int = 8
    epoch: str | None = None
    native_claims: bool = False
    search_path: str = "pg_catalog, public, pg_temp"
    emit: EmitOptions = EmitOptions()


DEFAULTS = PostgresOptions()


def execute(
    connection: psycopg.Connection[Any],
    plan: SqlPlan,
    query: Query,
    schema: Schema,
    params: Mapping[str, object],
    claims: Mapping[str, object],
    options: PostgresOptions = DEFAULTS,
) -> Result:
    """Run a plan; raises ``LiqError``. The connection must be idle, and is idle again afterwards."""
    call = _Call(connection, plan, query, schema, params, claims, options)
    for attempt in range(1, options.attempts_max + 1):
        try:
            return call.run()
        except LiqError as error:
            if error.kind is not ErrorKind.SERIALIZATION or attempt == options.attempts_max:
                raise
            time.sleep(random.uniform(0, 0.002 * 2**attempt))
    raise AssertionError("the last attempt returns or raises")


@frozen
class _Call:
    """One call of a plan."""

    connection: psycopg.Connection[Any]
    plan: SqlPlan
    query: Query
    schema: Schema
    params: Mapping[str, object]
    claims: Mapping[str, object]
    options: PostgresOptions

    def run(self) -> Result:
        """One attempt: one transaction."""
        writes = any(isinstance(s.body, Insert | Update | Delete) for s in self.query.statements)
        with self._transaction(WRITE if writes else READ):
            now = self._prepare()
            machine = arguments(self.query, self.schema, self.params, self.options.cursor, now)
            claims = session(self.schema.claims, self.claims, lambda e, before: self._default(e, machine, before))
            return self._steps(machine, call_arguments(self.query, machine, claims, self.options.hash_key))

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[None]:
        """A transaction that is over when the block is left, however."""
        import psycopg

        connection = self.connection
        if connection.closed or connection.info.transaction_status is not psycopg.pq.TransactionStatus.IDLE:
            raise LiqError(ErrorKind.BACKEND, "the connection is not idle")
        automatic = connection.autocommit
        connection.autocommit = True
        try:
            self._execute(begin)
            try:
                yield
                self._execute("COMMIT")
            except BaseException:
                self._roll_back()
                raise
        finally:
            if not connection.closed:
                connection.autocommit = automatic

    def _roll_back(self) -> None:
        from psycopg.pq import TransactionStatus

        connection = self.connection
        if not connection.broken and connection.info.transaction_status is not TransactionStatus.IDLE:
            connection.execute("ROLLBACK")

    def _prepare(self) -> dt.datetime:
        """What the meaning of the texts rests on, for this transaction only; the instant that ``now()`` is."""
        settings = {
            "TimeZone": "UTC",
            "DateStyle": "ISO, YMD",
            "IntervalStyle": "postgres",
            "bytea_output": "hex",
            "extra_float_digits": "1",
            "standard_conforming_strings": "on",
            "search_path": self.options.search_path,
            "statement_timeout": str(self.options.timeout_ms),
        }
        if self.options.native_claims:
            settings["liq.claims"] = json.dumps(self.claims, default=str)
        parts = ", ".join(f"set_config(${2 * i + 1}, ${2 * i + 2}, true)" for i in range(len(settings)))
        values = [text for pair in settings.items() for text in pair]
        row = self._execute(f"SELECT (extract(epoch FROM now()) * 1000000)::bigint, {parts}", values)[0]
        if self.options.epoch is not None:
            self._check_epoch(self.options.epoch)
        return EPOCH + dt.timedelta(microseconds=int(row[0] or "0"))

    def _check_epoch(self, epoch: str) -> None:
        there = self._execute("SELECT to_regclass('liq.epoch') IS NOT NULL")[0][0]
        found = self._execute("SELECT value FROM liq.epoch") if there == "t" else []
        if found != [(epoch,)]:
            raise LiqError(ErrorKind.STALE, "the database does not hold the schema that the plan was compiled for")

    def _default(self, expr: Expr, machine: Machine, before: Mapping[str, Value]) -> Value:
        """The default of a claim: a value over the claims before it and bare tables."""
        text = emit_expression(expr, self.schema, self.options.emit)
        given = call_arguments(self.query, machine, before, self.options.hash_key)
        return decode(self._execute(text.text, texts(text, given))[0][0], expr.type)

    # --------------------------------------------------------------------------------------------- statements
    def _steps(self, machine: Machine, given: Arguments) -> Result:
        member = member_for(self.plan, self.query, machine.params)
        lets: dict[str, LetRows] = {}
        rows: Rows = ()
        count, following = 0, None
        last = self.query.statements[-1]
        for step, statement in zip(member.steps, self.query.statements, strict=True):
            columns = statement.body.columns if statement.shows or statement.name is not None else ()
            types = [column.type for column in columns]
            rows, count = self._step(step, types, attrs.evolve(given, lets=lets))
            if statement is last and self.query.paging is not None:
                rows, following = self._page(machine, rows)
                count = len(rows)
            expect_rows(statement, count)
            if statement.name is not None:
                lets[statement.name] = LetRows(tuple(types), rows)
        shown: tuple[Column, ...] = self.query.result if last.shows else ()
        visible = tuple(row[: len(shown)] for row in rows) if last.shows else ()
        return Result(shown, visible, count, self.query.ordered, following)

    def _page(self, machine: Machine, rows: Rows) -> tuple[Rows, str | None]:
        """The rows of a page without the one more that was asked for, and where the next page begins."""
        size = page_size(self.query)
        count = evaluate(size, {}, machine) if size is not None else None
        assert count is None or isinstance(count, int)
        return page_of(self.query, rows, count, self.options.cursor)

    def _step(self, step: SqlStep, types: Sequence[Type], given: Arguments) -> tuple[Rows, int]:
        """The rows of a statement, and how many it read or wrote."""
        if not step.counted:
            rows = _decoded(self._read(step.main, given), types)
            return rows, len(rows)
        answer = self._execute(step.main.text, texts(step.main, given))
        attempted, written = (int(text or "0") for text in answer[0][-2:])
        if attempted != written:
            raise LiqError(ErrorKind.POLICY, "a policy refuses a row that was to be written")
        return (_decoded([row[:-2] for row in answer], types) if written and types else ()), written

    def _read(self, text: SqlText, given: Arguments) -> list[tuple[str | None, ...]]:
        """The rows of a query; one too many is an error before they are all fetched."""
        most = self.options.rows_max
        values = texts(text, given)
        if most is None:
            return self._execute(text.text, values)
        self._execute(f"DECLARE {PORTAL} NO SCROLL CURSOR FOR {text.text}", values)
        rows = self._execute(f"FETCH FORWARD {most + 1} FROM {PORTAL}")
        self._execute(f"CLOSE {PORTAL}")
        if len(rows) > most:
            raise LiqError(ErrorKind.LIMIT, f"the plan reads more than {most} rows")
        return rows

    # --------------------------------------------------------------------------------------------- the driver
    def _execute(self, text: str, values: Sequence[str | None] = ()) -> list[tuple[str | None, ...]]:
        """Run one statement; its rows as texts."""
        import psycopg
        from psycopg.raw_cursor import RawCursor

        try:
            with RawCursor(self.connection) as cursor:
                cursor.execute(text.encode(), list(values) or None)
                return _texts(cursor.pgresult)
        except psycopg.Error as error:
            raise translated(error.diag) from None


def _texts(result: Any) -> list[tuple[str | None, ...]]:
    if result is None:
        return []
    width = range(result.nfields)
    return [tuple(_text(result.get_value(row, column)) for column in width) for row in range(result.ntuples)]


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode()


def _decoded(rows: Sequence[tuple[str | None, ...]], types: Sequence[Type]) -> Rows:
    return tuple(tuple(decode(text, type_) for text, type_ in zip(row, types, strict=False)) for row in rows)
