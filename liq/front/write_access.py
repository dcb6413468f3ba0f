"""The access of a write: which rows it finds, and what its new rows must fulfil."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from attrs import evolve

from liq.front.access import Guard, attached, combined
from liq.front.context import Context
from liq.front.uses import Uses
from liq.front.written import Written
from liq.model.expr import Column, Relation
from liq.model.ir import Access, Conflict, ConflictAction, Delete, Insert, Update
from liq.model.node import Node
from liq.model.schema import Operation, Schema, Table
from liq.model.source import Span

Needs = Sequence[tuple[Operation, frozenset[str]]]


def attach_write(written: Written, context: Context, schema: Schema, lent: frozenset[str] | None) -> Relation:
    """A write with its access. ``lent``: the columns that later statements take from its ``let``; None for none."""
    guard = Guard(schema, context)
    match written.body:
        case Insert():
            return _insert(written.body, written, guard, lent)
        case Update():
            return _update(written.body, written, guard, lent)
        case Delete():
            return _delete(written.body, written, guard, lent)
        case _:
            assert_never(written.body)


def _read_needs(used: frozenset[str], lent: frozenset[str] | None) -> Needs:
    """Columns of the table that are looked at must be listed for reading."""
    names = used | (lent or frozenset())
    return ((Operation.READ, names),) if names or lent is not None else ()


def _uses(parts: Sequence[Node], written: Written) -> Uses:
    uses = Uses()
    for part in parts:
        uses.add(part)
    if written.shows:
        for item in written.body.returning:
            uses.add(item.expr)
    return uses


def _found(
    body: Update | Delete, written: Written, guard: Guard, operation: Operation, uses: Uses, lent: frozenset[str] | None
) -> tuple[Update | Delete, frozenset[str]]:
    """The write with the access of what it finds."""
    table, scan = written.table, body.scan
    used = uses.names(scan.columns)
    if isinstance(body, Update):
        used |= uses.names(body.row)
    looked_at = used | (lent or frozenset())
    row = body.row if isinstance(body, Update) else ()
    guard.sensitive(table, (*scan.columns, *row), looked_at, uses, body.span)
    needs = ((operation, written.named), *_read_needs(used, lent))
    found = guard.changed(scan, operation, needs)
    inner = evolve(
        body, scan=found, predicate=attached(body.predicate, guard, uses),
        returning=tuple(attached(item, guard, uses) for item in body.returning),
    )  # fmt: skip
    return inner, looked_at


def _update(body: Update, written: Written, guard: Guard, lent: frozenset[str] | None) -> Relation:
    operation = Operation.DELETE if body.deletes else Operation.UPDATE
    uses = _uses([body.predicate, *(a.value for a in body.assignments)], written)
    found, _ = _found(body, written, guard, operation, uses, lent)
    assert isinstance(found, Update)
    assigned = tuple(attached(a, guard, uses) for a in body.assignments)
    if body.deletes:
        return evolve(found, assignments=assigned)
    check = guard.new_row(written.table, operation, body.row, body.span, shown=True, needs=())
    return evolve(found, assignments=assigned, check=check)


def _delete(body: Delete, written: Written, guard: Guard, lent: frozenset[str] | None) -> Relation:
    uses = _uses([body.predicate], written)
    return _found(body, written, guard, Operation.DELETE, uses, lent)[0]


def _insert(body: Insert, written: Written, guard: Guard, lent: frozenset[str] | None) -> Relation:
    table, conflict = written.table, body.conflict
    uses = _uses([body.source, *([conflict] if conflict is not None else [])], written)
    uses.show(body.source.columns, body.span)
    updates = conflict is not None and conflict.action is ConflictAction.UPDATE
    used = uses.names(body.row)
    if conflict is not None and updates:
        used |= uses.names(conflict.existing) | frozenset(conflict.target)
    looked_at = used | (lent or frozenset())
    guard.sensitive(table, (*body.row, *(conflict.existing if conflict else ())), looked_at, uses, body.span)
    needs = ((Operation.INSERT, written.named), *_read_needs(used, lent))
    shown = written.shows or updates or lent is not None
    check = guard.new_row(table, Operation.INSERT, body.row, body.span, shown=shown, needs=needs)
    return evolve(
        body, source=attached(body.source, guard, uses), check=check,
        conflict=None if conflict is None else _conflict(conflict, table, guard, uses, body.span),
        returning=tuple(attached(item, guard, uses) for item in body.returning),
    )  # fmt: skip


def _conflict(conflict: Conflict, table: Table, guard: Guard, uses: Uses, span: Span) -> Conflict:
    """The row there must be one that the session may update; so must be what becomes of it."""
    if conflict.action is not ConflictAction.UPDATE:
        return conflict
    there: Sequence[Column] = conflict.existing
    rules = guard.policies(table, Operation.UPDATE, there, span)
    guard.warn_unless_open(table, Operation.UPDATE, rules, span)
    rules.extend(guard.unsaid(rules, guard.readable(table, there, span)))
    named = frozenset(a.column for a in conflict.assignments)
    rules.extend(guard.role_rules(table, ((Operation.UPDATE, named),), span))
    return evolve(
        conflict, visible=Access(combined(rules), tuple(rules)),
        check=guard.new_row(table, Operation.UPDATE, conflict.changed, span, shown=True, needs=()),
        assignments=tuple(attached(a, guard, uses) for a in conflict.assignments),
        where=None if conflict.where is None else attached(conflict.where, guard, uses),
    )  # fmt: skip
