"""The steps of a plan: statements and lets, first resolved in order, then given their access."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import define, field, frozen

from liq.front.access import attach_access
from liq.front.bounds import bounded
from liq.front.context import Context, LetBinding
from liq.front.describe import resolve_describe
from liq.front.keys import exactly_one, keys_of
from liq.front.reads import resolve_read, root_read
from liq.front.row_lists import row_type, used_columns
from liq.front.uses import Uses, uses_of
from liq.front.write_access import attach_write
from liq.front.writes import resolve_write
from liq.front.written import Written
from liq.model import codes
from liq.model.diagnostics import Label
from liq.model.expr import Column, Relation
from liq.model.ir import Delete, Expect, Insert, LetScan, Paging, Statement, Update
from liq.model.node import walk
from liq.model.schema import Schema
from liq.model.source import Span
from liq_grammar import syntax

STATEMENTS_MAX = 200
"""Statements of one plan."""
EXPECT_MAX = 2**31 - 1


@frozen
class Resolved:
    """One step: its rows, or the write that makes them."""

    body: Relation
    name: str | None
    expect: Expect | None
    written: Written | None
    span: Span

    @property
    def shows(self) -> bool:
        """Whether it gives rows."""
        return self.written is None or self.written.shows


@define
class Plan:
    """The steps of a query as they are resolved. ``result``: what the last one shows."""

    steps: list[Resolved] = field(factory=list)
    result: tuple[Column, ...] = ()
    ordered: bool = False
    paging: Paging | None = None
    bounded: bool = True


def resolve_steps(nodes: Sequence[syntax.Step | syntax.Broken], context: Context, *, warn: bool = True) -> Plan:
    """Every step in order; what is wrong is reported and left out."""
    plan = Plan()
    steps = [node for node in nodes if not isinstance(node, syntax.Broken)]
    if len(steps) > STATEMENTS_MAX:
        message = f"a plan has at most {STATEMENTS_MAX} statements, and this one {len(steps)}"
        context.report(codes.TOO_LARGE, steps[STATEMENTS_MAX].span, message)
        return plan
    for number, node in enumerate(steps, 1):
        last = number == len(steps)
        if isinstance(node, syntax.Let):
            if last:
                message = "the last step of a plan is its result, and this one only names rows"
                context.report(codes.PLAN_EMPTY, node.span, message, help=f"read them: read {node.name.text}")
            _let(node, plan, context)
        else:
            _statement(node, plan, context, last=last, warn=warn)
    return plan


def _statement(node: syntax.Statement, plan: Plan, context: Context, *, last: bool, warn: bool) -> None:
    expect = _expect(node, context)
    match node.body:
        case syntax.Read() as read if last:
            root = root_read(read, context, warn=warn and expect is None)
            plan.steps.append(Resolved(root.relation, None, expect, None, node.span))
            plan.result, plan.ordered, plan.paging = root.result, root.ordered, root.paging
            plan.bounded = root.bounded or expect is not None
        case syntax.Read() as read:
            plan.steps.append(Resolved(resolve_read(read, context), None, expect, None, node.span))
        case syntax.Describe() as describe:
            rows = resolve_describe(describe, context)
            plan.steps.append(Resolved(rows, None, expect, None, node.span))
            if last:
                plan.result = rows.columns
        case write:
            written = resolve_write(write, context)
            if written is None:
                return
            plan.steps.append(Resolved(written.body, None, expect, written, node.span))
            if last and written.shows:
                plan.result = written.body.columns


def _expect(node: syntax.Statement, context: Context) -> Expect | None:
    if node.expect is None:
        return None
    rows = node.expect.rows
    if rows.kind != "int" or len(rows.digits) > 10 or int(rows.digits) > EXPECT_MAX:
        context.report(codes.EXPECT_COUNT, rows.span, "expect takes a whole number of rows", help="write expect 1")
        return None
    message = node.expect.message
    return Expect(int(rows.digits), message.value if message is not None else None)


# ------------------------------------------------------------------------------------------------- lets
def _let(node: syntax.Let, plan: Plan, context: Context) -> None:
    name = node.name.text
    statement = node.statement
    expect = _expect(statement, context)
    written: Written | None = None
    match statement.body:
        case syntax.Read() as read:
            body: Relation = resolve_read(read, context)
        case syntax.Describe() as describe:
            body = resolve_describe(describe, context)
        case write:
            written = resolve_write(write, context)
            if written is None:
                _stand_in(node, context)
                return
            body = written.body
    if not _name_fits(node, context):
        return
    plan.steps.append(Resolved(body, name, expect, written, node.span))
    context.lets[name] = _binding(node, body, expect, context)


def _stand_in(node: syntax.Let, context: Context) -> None:
    """The name of rows that could not be resolved is known all the same, without columns."""
    if node.name.text not in context.lets:
        context.lets[node.name.text] = LetBinding(node.name.text, (), (frozenset(),), span=node.name.span)


def _name_fits(node: syntax.Let, context: Context) -> bool:
    name = node.name.text
    before = context.lets.get(name)
    if before is not None:
        label = Label(before.span, "this is the first")
        context.report(codes.LET_NAME, node.name.span, f"two lets are called {name}", (label,), help="rename one")
        return False
    if context.names.table(name) is not None or context.names.view(name) is not None:
        message = f"{name} is a table or view already, which the let would hide"
        context.report(codes.LET_NAME, node.name.span, message, help="choose another name")
        return False
    return True


def _binding(node: syntax.Let, body: Relation, expect: Expect | None, context: Context) -> LetBinding:
    places = {column.id: number for number, column in enumerate(body.columns)}
    found = [frozenset(places[i] for i in key) for key in keys_of(body, context) if all(i in places for i in key)]
    if expect is not None and expect.rows <= 1:
        found.insert(0, frozenset())
    sure = (expect is not None and expect.rows == 1) or (not isinstance(body, Update | Delete) and _sure(body))
    return LetBinding(
        node.name.text, body.columns, tuple(found), sure, bounded(body, context) or expect is not None, node.name.span
    )


def _sure(body: Relation) -> bool:
    """Whether there is one row, never none: one record inserted whatever is there, an aggregate without group."""
    if isinstance(body, Insert):
        return body.conflict is None and exactly_one(body.source)
    return exactly_one(body)


# ------------------------------------------------------------------------------------------------- access
def with_access(plan: Plan, context: Context, schema: Schema) -> tuple[Statement, ...]:
    """The statements with the access of every table, attached when all that uses their rows is known."""
    uses = [_uses(step) for step in plan.steps]
    statements: list[Statement] = []
    for number, step in enumerate(plan.steps):
        if step.written is None:
            body = attach_access(step.body, context, schema, uses[number])
        else:
            later = list(zip(plan.steps, uses, strict=True))[number + 1 :]
            body = attach_write(step.written, context, schema, _lent(step, later))
        statements.append(Statement(body, step.name, step.expect, step.shows, span=step.span))
    return tuple(statements)


def without_access(plan: Plan) -> tuple[Statement, ...]:
    """The statements as the owner of the database runs them: over bare tables."""
    return tuple(Statement(step.body, step.name, step.expect, step.shows, span=step.span) for step in plan.steps)


def _uses(step: Resolved) -> Uses:
    return uses_of(step.body, step.span)


def _lent(step: Resolved, later: Sequence[tuple[Resolved, Uses]]) -> frozenset[str] | None:
    """The columns of the rows that a write lends to its ``let`` and that later statements use; None where none does."""
    if step.name is None:
        return None
    met, used = False, set[str]()
    for other, uses in later:
        for node in walk(other.body):
            if isinstance(node, LetScan) and node.name == step.name:
                met = True
                used |= uses.names(node.columns)
    if not met or step.shows:
        return frozenset() if met else None
    return frozenset(used)


def narrow_row_lists(plan: Plan, context: Context) -> None:
    """A row list has the columns that some statement uses."""
    for name, entry in context.parameters.entries.items():
        if entry.rows_of:
            entry.rows_of = used_columns([step.body for step in plan.steps], name, entry.rows_of)
            entry.type = row_type(entry.rows_of)
