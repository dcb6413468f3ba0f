"""What every backend does before and after a plan runs: parameters, claims, members, cursors, results."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence

from attrs import frozen

from liq.backends.binds import Arguments
from liq.model import types as t
from liq.model.cursor_token import read_token, write_token
from liq.model.emitted import SqlMember, SqlPlan
from liq.model.errors import ErrorKind, LiqError
from liq.model.expr import Column, Expr
from liq.model.ir import Query, Statement
from liq.model.schema import Claim, Schema
from liq.model.values import Value
from liq.reference.database import Database
from liq.reference.inputs import from_claim
from liq.reference.machine import Machine
from liq.reference.parameters import bind
from liq.reference.relations import relation_rows
from liq_planner.emit.family import switches

Rows = tuple[tuple[Value, ...], ...]
DefaultOf = Callable[[Expr, Mapping[str, Value]], Value]
"""Evaluates a claim's default, given the claims before it."""


@frozen
class CursorKey:
    """What tokens are signed with, and the plan they belong to."""

    plan: str
    secret: bytes


@frozen
class Result:
    """What a call gives: the result's rows, how many rows the last statement wrote or read, the next page's cursor."""

    columns: tuple[Column, ...]
    rows: Rows
    affected: int
    ordered: bool
    next_cursor: str | None = None


def arguments(
    query: Query, schema: Schema, given: Mapping[str, object], cursor: CursorKey | None, now: dt.datetime
) -> Machine:
    """The parameters of a call, typed and checked; ``LiqError`` where they are not the plan's."""
    machine = Machine(Database.of(schema), relation_rows, now, b"", 0)
    opened = dict(given)
    for parameter in query.parameters:
        token = given.get(parameter.name)
        if isinstance(parameter.type, t.Cursor) and token is not None:
            if cursor is None:
                raise LiqError(ErrorKind.BACKEND, "the host has given no key for cursors")
            opened[parameter.name] = read_token(token, parameter.type, cursor.plan, cursor.secret)
    bind(query.parameters, query.preconditions, opened, machine)
    return machine


def session(claims: Sequence[Claim], document: Mapping[str, object], default_of: DefaultOf) -> dict[str, Value]:
    """The claims of a call, in declared order; CLAIM where one is missing or cannot be converted."""
    result: dict[str, Value] = {}
    for claim in claims:
        result[claim.name] = _claim(claim, document, result, default_of)
    return result


def _claim(claim: Claim, document: Mapping[str, object], before: Mapping[str, Value], default_of: DefaultOf) -> Value:
    raw = _at(document, claim.path or claim.name)
    value: Value = None
    if raw is not None:
        try:
            value = from_claim(raw, claim.type)
        except LiqError:
            raise LiqError(ErrorKind.CLAIM, f"claim {claim.name} cannot be converted to {claim.type}") from None
    elif claim.default is not None:
        try:
            value = default_of(claim.default, before)
        except LiqError:
            raise LiqError(ErrorKind.CLAIM, f"the default of claim {claim.name} cannot be computed") from None
    if value is None and not claim.nullable:
        raise LiqError(ErrorKind.CLAIM, f"claim {claim.name} is missing")
    return value


def _at(document: Mapping[str, object], path: str) -> object:
    found: object = document
    for name in path.split("."):
        if not isinstance(found, Mapping):
            return None
        found = found.get(name)
    return found


def member_for(plan: SqlPlan, query: Query, params: Mapping[str, Value]) -> SqlMember:
    """The text of the family that serves this call."""
    if plan.guarded or len(plan.members) == 1:
        return plan.members[0]
    optional, orders = switches(query)
    given = {(name, None) for name in optional if params[name] is not None}
    chosen = {(name, params[name] or labels[0]) for name, labels in orders.items()}
    return next(m for m in plan.members if {(c.param, c.option) for c in m.given} == given | chosen)


def call_arguments(query: Query, machine: Machine, claims: Mapping[str, Value], hash_key: bytes | None) -> Arguments:
    """What the binds of the plan's texts are taken from."""
    row_types = {p.name: {c.name: c.type for c in p.rows_of} for p in query.parameters if p.rows_of}
    return Arguments(machine.params, machine.row_lists, claims, row_types, {}, hash_key)


def page_of(query: Query, rows: Rows, count: int | None, cursor: CursorKey | None) -> tuple[Rows, str | None]:
    """A page asked for with one row more than it shows, and where the next begins."""
    if query.paging is None or count is None or len(rows) <= count:
        return rows, None
    if cursor is None:
        raise LiqError(ErrorKind.BACKEND, "the host has given no key for cursors")
    shown = rows[:count]
    if not shown:
        return shown, None
    places = [c.id for c in query.statements[-1].body.columns]
    keys = tuple(shown[-1][places.index(id_)] for id_ in query.paging.keys)
    return shown, write_token(keys, cursor.plan, cursor.secret)


def expect_rows(statement: Statement, count: int) -> None:
    """EXPECT where a statement read or wrote another number of rows than it must."""
    expect = statement.expect
    if expect is not None and expect.rows != count:
        raise LiqError(ErrorKind.EXPECT, expect.message or f"expected {expect.rows} rows")
