"""Comparisons: ``=`` and its like, rows, ``in``, ``between``, ``like``, ``matches``."""

from __future__ import annotations

from typing import assert_never

from liq.front import calls, expressions, subqueries
from liq.front.broken import broken, is_broken
from liq.front.coerce import article, coerce, converted, report_mismatch, unified, unify_all
from liq.front.context import Context, counted
from liq.front.kinds import orderable
from liq.front.parameter_refs import is_unknown
from liq.front.paths import let_column, let_of, let_rows
from liq.front.scope import Scope
from liq.model import codes
from liq.model.diagnostics import Fix
from liq.model.expr import And, Call, ColumnRef, Expr, InList, ListExpr, Literal, Not, RowCompare
from liq.model.source import Span
from liq.model.types import BOOL, TEXT, Cursor, List, Null, Record, widened
from liq_grammar import syntax

Comparison = (
    syntax.Compare | syntax.IsDistinct | syntax.In | syntax.Like | syntax.Between | syntax.Matches
)  # fmt: skip
SOFT = (syntax.Parameter, syntax.Text, syntax.Null, syntax.ListLiteral, syntax.Record)
"""What takes its type from the other side."""


def resolve_comparison(node: Comparison, scope: Scope) -> Expr:
    """A comparison of any kind."""
    match node:
        case syntax.Compare(operator, left, right):
            return compare(operator, left, right, scope, node.span)
        case syntax.IsDistinct(left, right, negated):
            pair = _pair(left, right, scope, node.span, "is distinct from")
            if pair is None:
                return broken(node.span)
            distinct = Call("is_distinct", pair, BOOL, False, span=node.span)
            return Not(distinct, span=node.span) if negated else distinct
        case syntax.Between(operand, low, high, negated):
            bounds = And((
                compare(">=", operand, low, scope, node.span), compare("<=", operand, high, scope, node.span),
            ), span=node.span)  # fmt: skip
            return Not(bounds, span=node.span) if negated else bounds
        case syntax.In():
            inside = _in(node, scope)
            return Not(inside, span=node.span) if node.negated and not is_broken(inside) else inside
        case syntax.Like():
            return _like(node, scope)
        case syntax.Matches(operand, query):
            text = expressions.resolve(operand, scope, TEXT)
            words = expressions.resolve(query, scope, TEXT)
            return Call("matches", (text, words), BOOL, text.nullable or words.nullable, span=node.span)
        case _:
            assert_never(node)


def compare(operator: str, left: syntax.Expr, right: syntax.Expr, scope: Scope, span: Span) -> Expr:
    """``left operator right`` for values and for rows."""
    if isinstance(left, syntax.Row) or isinstance(right, syntax.Row):
        return _compare_rows(operator, left, right, scope, span)
    pair = _pair(left, right, scope, span, operator)
    if pair is None or is_broken(*pair):
        return broken(span)
    if operator not in ("=", "<>") and not orderable(pair[0].type):
        scope.context.report(codes.NOT_ORDERED, span, f"{article(pair[0].type)} has no order: {operator} says nothing")
        return broken(span)
    return Call(operator, pair, BOOL, pair[0].nullable or pair[1].nullable, span=span)


def _pair(
    left: syntax.Expr, right: syntax.Expr, scope: Scope, span: Span, operator: str
) -> tuple[Expr, Expr] | None:
    """Both sides in one type. None, reported, where they do not meet, or where the comparison cannot be meant."""
    context = scope.context
    if isinstance(left, syntax.Null) or isinstance(right, syntax.Null):
        _null_comparison(left, right, scope, span, operator)
        return None
    if isinstance(left, SOFT) and not isinstance(right, SOFT):
        second = expressions.infer(right, scope)
        first = expressions.infer(left, scope, second.type)
    else:
        first = expressions.infer(left, scope)
        second = expressions.infer(right, scope, first.type)
    if is_broken(first, second):
        return None
    if isinstance(first, ColumnRef) and isinstance(second, ColumnRef) and first.id == second.id:
        hint = None
        if scope.outer is not None:
            hint = "inner names win: reach the outer row through its table name or an alias"
        context.report(codes.SELF_COMPARISON, span, f"{first.name} is compared with itself", help=hint)
        return None
    pair = unified(first, second, context)
    if pair is None:
        report_mismatch(first, second, context, span, f"cannot compare with {operator}")
        return None
    return pair if _equatable(pair[0], context, span, operator) else None


def _null_comparison(left: syntax.Expr, right: syntax.Expr, scope: Scope, span: Span, operator: str) -> None:
    other = right if isinstance(left, syntax.Null) else left
    if not isinstance(other, syntax.Null):
        expressions.infer(other, scope)
    negated = operator in ("<>", "is distinct from")
    said = "is not null" if negated else "is null"
    fix = Fix(Span(left.span.end, span.end), f" {said}", f"write {said}") if isinstance(right, syntax.Null) else None
    scope.context.report(
        codes.NULL_COMPARISON, span, f'comparison with null is never true — write "{said}"', fix=fix
    )


def _equatable(value: Expr, context: Context, span: Span, operator: str) -> bool:
    if is_unknown(value) or (not isinstance(value.type, Null | Record | Cursor) and value.type != List(Null())):
        if not (isinstance(value.type, List) and isinstance(value.type.element, Record)):
            return True
    if isinstance(value.type, Record | List):
        context.report(codes.NOT_ORDERED, span, f"{article(value.type)} cannot be compared with {operator}")
    return False


# ------------------------------------------------------------------------------------------------- rows
def _compare_rows(operator: str, left: syntax.Expr, right: syntax.Expr, scope: Scope, span: Span) -> Expr:
    context = scope.context
    if not isinstance(left, syntax.Row) or not isinstance(right, syntax.Row):
        context.report(codes.ROW_WIDTH, span, "a row is compared with a row", help="write (a, b) = (x, y)")
        return broken(span)
    if len(left.items) != len(right.items):
        context.report(
            codes.ROW_WIDTH, span, f"rows of {len(left.items)} and of {len(right.items)} values cannot be compared"
        )
        return broken(span)
    pairs = [_pair(a, b, scope, a.span.join(b.span), operator) for a, b in zip(left.items, right.items, strict=True)]
    known = [pair for pair in pairs if pair is not None]
    if len(known) < len(pairs):
        return broken(span)
    return RowCompare(operator, tuple(a for a, _ in known), tuple(b for _, b in known), span=span)


# ------------------------------------------------------------------------------------------------- in
def _in(node: syntax.In, scope: Scope) -> Expr:
    match node.choices:
        case syntax.Choices(items):
            return _in_choices(node, items, scope)
        case syntax.Read():
            return _in_query(node, node.choices, scope)
        case syntax.ListLiteral(items) if items:
            return _in_choices(node, items, scope)
        case syntax.Path() as path if (binding := let_of(path, scope)) is not None:
            column = let_column(path, binding, scope)
            if column is None:
                return broken(node.span)
            operand = expressions.infer(node.operand, scope, column.type)
            return subqueries.in_query((operand,), let_rows(binding, column, scope, path.span), scope, node.span)
        case choices:
            return _in_list(node, choices, scope)


def _in_choices(node: syntax.In, items: tuple[syntax.Expr, ...], scope: Scope) -> Expr:
    """An OR of equalities with values or rows."""
    context = scope.context
    operands = node.operand.items if isinstance(node.operand, syntax.Row) else (node.operand,)
    rows = [item.items if isinstance(item, syntax.Row) else (item,) for item in items]
    for item, row in zip(items, rows, strict=True):
        if len(row) != len(operands):
            said = f"{len(operands)} values are looked for among rows of {len(row)}"
            context.report(codes.ROW_WIDTH, item.span, said)
            return broken(node.span)
        for part in row:
            if isinstance(part, syntax.Null):
                context.report(
                    codes.NULL_COMPARISON, part.span, "nothing equals null, so it does nothing in a list of choices",
                    help="write … or x is null",
                )  # fmt: skip
                return broken(node.span)
    columns: list[list[Expr]] = []
    for place, operand in enumerate(operands):
        first = expressions.infer(operand, scope)
        column = [first, *(expressions.infer(row[place], scope, first.type) for row in rows)]
        if is_broken(*column):
            return broken(node.span)
        together = unify_all(column, context, node.span, "the value and the choices of in")
        if together is None or not all(_equatable(part, context, node.span, "in") for part in together):
            return broken(node.span)
        columns.append(together)
    table = tuple(zip(*(column[1:] for column in columns), strict=True))
    return InList(tuple(column[0] for column in columns), table, span=node.span)


def _in_query(node: syntax.In, read: syntax.Read, scope: Scope) -> Expr:
    operands = node.operand.items if isinstance(node.operand, syntax.Row) else (node.operand,)
    query = subqueries.relation_of(read, scope)
    if len(query.columns) != len(operands):
        if query.columns:
            scope.context.report(
                codes.QUERY_COLUMNS, read.span,
                f"in looks for {counted(len(operands), 'value')}, the subquery has "
                f"{counted(len(query.columns), 'column')}",
                help="give it a shape: (read t { column } …)",
            )  # fmt: skip
        return broken(node.span)
    values = tuple(expressions.infer(o, scope, c.type) for o, c in zip(operands, query.columns, strict=True))
    return subqueries.in_query(values, query, scope, node.span)


def _in_list(node: syntax.In, choices: syntax.Expr, scope: Scope) -> Expr:
    """``x in list`` for a parameter, a column or any other expression that is a list."""
    context = scope.context
    if isinstance(node.operand, syntax.Row):
        context.report(codes.ROW_WIDTH, node.operand.span, "a list holds single values, not rows")
        return broken(node.span)
    operand = expressions.infer(node.operand, scope)
    wanted = None if isinstance(operand.type, Null) else List(widened(operand.type))
    items = expressions.infer(choices, scope, wanted)
    if is_unknown(items) and wanted is not None:
        items = converted(items, wanted, context) or items
    if is_broken(operand, items) or is_unknown(items):
        return broken(node.span)
    if not isinstance(items.type, List):
        context.report(
            codes.TYPE_MISMATCH, items.span, f"in looks into a list, but this is {article(items.type)}",
            help="write in (…), or = for a single value",
        )  # fmt: skip
        return broken(node.span)
    if isinstance(items, ListExpr) and not items.items:
        return Literal(False, BOOL, span=node.span)
    found = calls.apply("in_list", [operand, items], scope, node.span, None, shown="in")
    return found


# ------------------------------------------------------------------------------------------------- like
def _like(node: syntax.Like, scope: Scope) -> Expr:
    context = scope.context
    word = "ilike" if node.ignore_case else "like"
    operand = coerce(expressions.infer(node.operand, scope, TEXT), TEXT, context, wanted=f"the left side of {word}")
    pattern = node.pattern
    if not isinstance(pattern, syntax.Text):
        if not isinstance(pattern, syntax.Parameter):
            expressions.infer(pattern, scope)
        context.report(
            codes.PATTERN, pattern.span, f"{word} takes a literal pattern, so that a value can never hold wildcards",
            help="write starts_with(x, …), ends_with(x, …) or contains(x, …)",
        )  # fmt: skip
        return broken(node.span)
    if (len(pattern.value) - len(pattern.value.rstrip("\\"))) % 2:
        context.report(codes.PATTERN, pattern.span, "the pattern ends in its escape", help="write \\\\ for a backslash")
        return broken(node.span)
    if is_broken(operand):
        return operand
    text = Literal(pattern.value, TEXT, span=pattern.span)
    call = Call(word, (operand, text), BOOL, operand.nullable, span=node.span)
    return Not(call, span=node.span) if node.negated else call
