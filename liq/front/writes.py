"""Update and delete: which rows, what they become, and what comes back."""

from __future__ import annotations

from liq.front.context import Context
from liq.front.expressions import predicate
from liq.front.inserts import resolve_insert
from liq.front.parts import single
from liq.front.scope import Place, scan
from liq.front.targets import (
    assignment,
    assignments_of,
    new_columns,
    returning_of,
    short_name,
    table_scope,
    target_table,
)
from liq.front.written import UNCHECKED, Written
from liq.model import codes
from liq.model.diagnostics import Fix
from liq.model.expr import Call, Expr, Literal
from liq.model.ir import Assignment, Delete, Scan, Update
from liq.model.schema import Table
from liq.model.source import Span
from liq.model.types import TIMESTAMP
from liq_grammar import syntax


def resolve_write(node: syntax.Insert | syntax.Update | syntax.Delete, context: Context) -> Written | None:
    """A write, without its access yet; None, reported, where it cannot be told what it writes."""
    match node:
        case syntax.Insert():
            return resolve_insert(node, context)
        case syntax.Update():
            return _update(node, context)
        case syntax.Delete():
            return _delete(node, context)


def _update(node: syntax.Update, context: Context) -> Written | None:
    table = target_table(node.table, context)
    if table is None:
        return None
    rows = scan(table, context, short_name(table), node.table.span)
    scope = table_scope(table, rows.columns, context, Place.VALUE)
    found = assignments_of(table, node.assignments, scope)
    assigned = [assignment(column, value) for _, column, value in found if value is not None]
    for each, column, value in found:
        if value is None:
            context.report(
                codes.NOTHING_WRITTEN, each.span, f"{column.name} is set to nothing", help=f"write {column.name} = …"
            )
    condition = _condition(node, "update", "change", table, rows, context)
    row = new_columns(table, context)
    items, shows = returning_of(node.clauses, table, row, context)
    if condition is None or not assigned:
        if not node.assignments:
            context.report(codes.NOTHING_WRITTEN, node.span, "update sets no column", help="write set column = value")
        return None
    if _undeletes(table, assigned):
        rows = Scan(rows.table, rows.columns, None, rows.alias, True, span=rows.span)
    body = Update(rows, condition, tuple(assigned), row, UNCHECKED, items, span=node.span)
    return Written(body, table, shows, frozenset(a.column for a in assigned))


def _undeletes(table: Table, assigned: list[Assignment]) -> bool:
    """``set deleted_at = null`` is for rows that are deleted, so it sees them."""
    tombstone = table.tombstone
    return tombstone is not None and any(
        a.column == tombstone.name and isinstance(a.value, Literal) and a.value.value is None for a in assigned
    )


def _delete(node: syntax.Delete, context: Context) -> Written | None:
    table = target_table(node.table, context)
    if table is None:
        return None
    rows = scan(table, context, short_name(table), node.table.span)
    condition = _condition(node, "delete", "delete", table, rows, context)
    tombstone = table.tombstone
    if tombstone is None:
        items, shows = returning_of(node.clauses, table, rows.columns, context)
        if condition is None:
            return None
        return Written(Delete(rows, condition, items, span=node.span), table, shows, frozenset())
    row = new_columns(table, context)
    items, shows = returning_of(node.clauses, table, row, context)
    if condition is None:
        return None
    now = Assignment(tombstone.name, Call("now", (), TIMESTAMP, False, span=node.span))
    body = Update(rows, condition, (now,), row, UNCHECKED, items, deletes=True, span=node.span)
    return Written(body, table, shows, frozenset())


def _condition(
    node: syntax.Update | syntax.Delete, word: str, does: str, table: Table, rows: Scan, context: Context,
) -> Expr | None:
    where = single(node.clauses, syntax.Where, "where", context, codes.CLAUSE_TWICE)
    if where is not None:
        return predicate(where.condition, table_scope(table, rows.columns, context, Place.WHERE))
    end = _before_returning(node)
    message = f'{word} without where would {does} every row — write "where true" if that is meant'
    fix = Fix(Span(end, end), " where true", "add where true")
    context.report(codes.WHERE_MISSING, node.span, message, fix=fix)
    return None


def _before_returning(node: syntax.Update | syntax.Delete) -> int:
    """Where a ``where`` goes: behind the assignments."""
    if isinstance(node, syntax.Update) and node.assignments:
        return node.assignments[-1].span.end
    return node.table.span.end
