"""Running a query or a physical plan: one call, one transaction, rows or an error.

``run`` gives the outcome or raises ``LiqError``; ``attempt`` gives both and the set of kinds that the call may raise.
"""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import attrs
from attrs import frozen

from liq.model.errors import ErrorKind, LiqError
from liq.model.expr import Column, Literal, Relation
from liq.model.ir import Delete, Expect, Insert, Limit, Paging, Parameter, Precondition, Project, Query, Update
from liq.model.node import Node, children
from liq.model.physical import Barrier, Compute, DeleteRows, InsertRows, PhysicalPlan, Take, UpdateRows
from liq.model.schema import Schema
from liq.model.types import INT
from liq.model.values import Value
from liq.reference.database import Database
from liq.reference.expressions import evaluate
from liq.reference.machine import STEPS_MAX, Machine, Row
from liq.reference.may_raise import foreseen
from liq.reference.parameters import bind
from liq.reference.relations import relation_rows
from liq.reference.session import open_session
from liq.reference.writes import write

DEPTH_MAX = 600
"""How deep expressions and relations of one plan may be nested."""
FRAMES_PER_LEVEL = 8

FIXED_NOW = dt.datetime(2026, 11, 20, 10, 0, tzinfo=dt.UTC)
Rows = tuple[tuple[Value, ...], ...]


@frozen
class Outcome:
    """What a call gives: the result's rows, how many rows the last statement wrote or read, where the next page
    begins (None on the last page), and the database afterwards."""

    columns: tuple[Column, ...]
    rows: Rows
    affected: int
    ordered: bool
    next_cursor_keys: tuple[Value, ...] | None
    database: Database


@frozen
class Attempt:
    """A call that was tried: its outcome or its error, and every kind that some back end may raise for it."""

    outcome: Outcome | None
    error: LiqError | None
    may_raise: frozenset[ErrorKind]


@frozen
class Call:
    """Everything that a run depends on beside the plan."""

    schema: Schema
    database: Database
    params: Mapping[str, object] = attrs.field(factory=dict)
    claims: Mapping[str, object] = attrs.field(factory=dict)
    now: dt.datetime = FIXED_NOW
    hash_key: bytes = b""
    seed: int = 0
    steps_max: int = STEPS_MAX

    def machine(self) -> Machine:
        """A machine that has not run anything."""
        return Machine(self.database, relation_rows, self.now, self.hash_key, self.seed, steps_max=self.steps_max)


@frozen
class Signature:
    """What a plan takes and shows, whatever runs it."""

    parameters: tuple[Parameter, ...]
    preconditions: tuple[Precondition, ...]
    result: tuple[Column, ...]
    ordered: bool
    paging: Paging | None

    @classmethod
    def of(cls, query: Query) -> Signature:
        """The signature of a query."""
        return cls(query.parameters, query.preconditions, query.result, query.ordered, query.paging)


@frozen
class _Statement:
    body: Relation
    name: str | None
    expect: Expect | None
    shows: bool


def run(query: Query, call: Call) -> Outcome:
    """Run a query; raises ``LiqError``."""
    return _outcome(attempt(query, call))


def run_physical(plan: PhysicalPlan, signature: Signature, call: Call) -> Outcome:
    """Run a physical plan; raises ``LiqError``."""
    return _outcome(attempt_physical(plan, signature, call))


def attempt(query: Query, call: Call) -> Attempt:
    """Run a query: its outcome or error, and what it may raise in any order of evaluation."""
    statements = [_Statement(s.body, s.name, s.expect, s.shows) for s in query.statements]
    return _attempt(statements, Signature.of(query), call, query)


def attempt_physical(plan: PhysicalPlan, signature: Signature, call: Call) -> Attempt:
    """Run a physical plan as it stands: it may raise what its own operators raise, evaluated whole."""
    statements = [_Statement(s.root, s.name, s.expect, s.shows) for s in plan.steps]
    return _attempt(statements, signature, call, plan)


def _outcome(tried: Attempt) -> Outcome:
    if tried.error is not None:
        raise tried.error
    assert tried.outcome is not None
    return tried.outcome


def _attempt(statements: Sequence[_Statement], signature: Signature, call: Call, plan: Node) -> Attempt:
    machine = call.machine()
    try:
        with _deep_enough(plan):
            bind(signature.parameters, signature.preconditions, call.params, machine)
            open_session(call.schema.claims, call.claims, machine)
            for statement in statements[:-1]:
                _run_statement(statement, machine)
            last = statements[-1]
            count, rows = _run_statement(last, machine)
            outcome = _result(last, count, rows, signature, machine)
    except LiqError as error:
        return Attempt(None, error, frozenset(machine.may | {error.kind}))
    return Attempt(outcome, None, frozenset(machine.may))


def _run_statement(statement: _Statement, machine: Machine) -> tuple[int, list[Row]]:
    """Run one statement, keep what it wrote and bind what it names; the rows written or read, and what it shows."""
    machine.observed.clear()
    changed = {}
    if isinstance(statement.body, Insert | Update | Delete | InsertRows | UpdateRows | DeleteRows):
        written = write(statement.body, machine)
        rows, count, changed = written.rows, written.count, written.changed
    else:
        rows = machine.rows(statement.body, {}, machine)
        count = len(rows)
    foreseen(statement.body, machine)
    machine.may |= machine.journal.kinds
    if machine.journal.first is not None:
        raise machine.journal.first
    if statement.expect is not None and statement.expect.rows != count:
        raise LiqError(ErrorKind.EXPECT, statement.expect.message or f"expected {statement.expect.rows} rows")
    machine.database = machine.database.with_tables(changed)
    if statement.name is not None:
        columns = statement.body.columns
        machine.lets[statement.name] = tuple(tuple(row[c.id] for c in columns) for row in rows)
    return count, rows


def _result(last: _Statement, count: int, rows: list[Row], signature: Signature, machine: Machine) -> Outcome:
    shown = rows if last.shows else []
    columns = signature.result if last.shows else ()
    following = None
    if signature.paging is not None and rows and _has_more(last.body, len(rows), machine):
        following = tuple(rows[-1][id_] for id_ in signature.paging.keys)
    values = tuple(tuple(row[c.id] for c in columns) for row in shown)
    return Outcome(columns, values, count, signature.ordered, following, machine.database)


def _has_more(root: Relation, count: int, machine: Machine) -> bool:
    """Whether a page ends before the rows do: looked up by taking one row more."""
    node, above = root, []
    while isinstance(node, Project | Compute | Barrier):
        above.append(node)
        node = node.input
    if not isinstance(node, Limit | Take) or node.count is None:
        return False
    with machine.aside():
        limit = evaluate(node.count, {}, machine)
        if not isinstance(limit, int) or count < limit:
            return False
        return len(machine.rows(attrs.evolve(node, count=Literal(limit + 1, INT)), {}, machine)) > limit


# ------------------------------------------------------------------------------------------------- depth
def depth(root: Node) -> int:
    """The depth of a tree, found without recursion."""
    deepest, level = 0, [root]
    while level:
        deepest += 1
        level = [child for node in level for child in children(node)]
    return deepest


@contextmanager
def _deep_enough(plan: Node) -> Iterator[None]:
    """Refuse plans that are nested too deep; give the others the stack that they need."""
    levels = depth(plan)
    if levels > DEPTH_MAX:
        raise LiqError(ErrorKind.LIMIT, "the plan is nested too deep")
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, 2_000 + levels * FRAMES_PER_LEVEL))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)
