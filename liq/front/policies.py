"""Policies: which rows of a table a session reaches, as predicates over the row that read bare tables."""

from __future__ import annotations

from collections.abc import Mapping

from liq.front.access import hide_deleted
from liq.front.context import Context
from liq.front.declared import Declared
from liq.front.expressions import predicate
from liq.front.parts import distinct_names, single, unknown_table
from liq.front.row_expressions import NewContext
from liq.front.scope import Place, row_scope
from liq.model import codes
from liq.model.diagnostics import Fix
from liq.model.expr import Expr
from liq.model.schema import Operation, Policy, Table
from liq.model.source import Span
from liq_grammar import syntax

FOUND = frozenset({Operation.READ, Operation.UPDATE, Operation.DELETE})
"""Operations that find rows: ``using`` says which."""
MADE = frozenset({Operation.INSERT, Operation.UPDATE})
"""Operations that make rows: ``check`` says which."""


def declare_policy(
    declared: Declared[syntax.PolicyDecl], tables: Mapping[str, Table], views: frozenset[str], new_context: NewContext
) -> list[Policy]:
    """A policy for each of its tables."""
    node = declared.node
    context = new_context(declared.file, 1)
    operations = _operations(node, context)
    restrictive = single(node.parts, syntax.Restrictive, "restrictive", context) is not None
    to = single(node.parts, syntax.ToRoles, "to", context)
    roles = tuple(name.text for name in distinct_names(to.roles, context)) if to is not None else ()
    using = single(node.parts, syntax.Using, "using", context)
    check = single(node.parts, syntax.Check, "check", context)
    if not _fitting(node, operations, using, check, context):
        return []
    found: list[Policy] = []
    for name in node.tables:
        table = tables.get(name.text)
        if table is None:
            _unknown(name, tables, views, context)
        elif any(policy.table == table.name for policy in found):
            context.report(codes.DUPLICATE_COLUMN, name.span, f"{table.name} is listed twice")
        else:
            conditions = _conditions(table, using, check, new_context(declared.file, len(table.columns) + 1))
            if conditions is not None:
                policy = Policy(node.name.text, table.name, operations, restrictive, roles, *conditions, node.name.span)
                found.append(policy)
    return found


def _operations(node: syntax.PolicyDecl, context: Context) -> frozenset[Operation]:
    part = single(node.parts, syntax.ForOperations, "for", context)
    words = part.operations if part is not None else ("all",)
    found: set[Operation] = set()
    for word in words:
        more = set(Operation) if word == "all" else {Operation(word)}
        if part is not None and more <= found:
            context.report(codes.DUPLICATE_COLUMN, part.span, f"{word} is listed twice")
        found |= more
    return frozenset(found)


def _fitting(
    node: syntax.PolicyDecl, operations: frozenset[Operation], using: syntax.Using | None, check: syntax.Check | None,
    context: Context,
) -> bool:  # fmt: skip
    """Whether ``using`` and ``check`` say what the operations need, and nothing else."""
    name = node.name.text
    if using is None and operations & FOUND:
        words = ", ".join(op.value for op in Operation if op in operations & FOUND)
        message = f"policy {name} is for {words}, but does not say which rows: using is missing"
        help = "write `using …`, or `using true` for every row"
        context.report(codes.POLICY_PARTS, node.name.span, message, help=help)
        return False
    if using is None and check is None:
        context.report(codes.POLICY_PARTS, node.name.span, f"policy {name} says nothing", help="write `check …`")
        return False
    if using is not None and not operations & FOUND:
        word = Span(using.span.start, using.span.start + len("using"))
        context.report(
            codes.POLICY_PARTS, using.span, "insert makes new rows and finds none: it has check, not using",
            help="write `check …`", fix=Fix(word, "check", "write check") if check is None else None,
        )  # fmt: skip
        return False
    if check is not None and not operations & MADE:
        words = " and ".join(op.value for op in Operation if op in operations)
        message = f"{words} makes no rows: it has using, not check"
        context.report(codes.POLICY_PARTS, check.span, message, help="leave `check …` out")
        return False
    return True


def _conditions(
    table: Table, using: syntax.Using | None, check: syntax.Check | None, context: Context
) -> tuple[Expr | None, Expr | None] | None:
    scope = row_scope(table.row, context, table=table, name=table.name.rpartition(".")[2], place=Place.POLICY)
    results: list[Expr | None] = []
    for part in (using, check):
        condition = None if part is None else predicate(part.condition, scope)
        results.append(None if condition is None else hide_deleted(condition, context.names))
    return None if context.failed else (results[0], results[1])


def _unknown(
    name: syntax.QualifiedName, tables: Mapping[str, Table], views: frozenset[str], context: Context
) -> None:
    if name.text in views:
        message = f"{name.text} is a view: the policies of its tables apply to whoever reads it"
        context.report(codes.NOT_A_TABLE, name.span, message, help="put the policy on the table")
        return
    unknown_table(context, name, tables)
