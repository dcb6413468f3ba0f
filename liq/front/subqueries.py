"""Reads inside expressions: values, lists, ``exists``."""

from __future__ import annotations

from liq.front import expressions, reads
from liq.front.broken import broken, is_broken
from liq.front.coerce import article, coerce, meeting_type
from liq.front.keys import at_most_one, exactly_one
from liq.front.parameter_refs import is_unknown
from liq.front.paths import open_trail, trail
from liq.front.scope import Place, Scope
from liq.front.unknown_names import not_a_link
from liq.model import codes
from liq.model.expr import Cast, Column, ColumnRef, Exists, Expr, InQuery, Item, Relation, ScalarQuery
from liq.model.ir import Filter, Project
from liq.model.source import Span
from liq.model.types import List, Record
from liq_grammar import syntax


def relation_of(read: syntax.Read, scope: Scope) -> Relation:
    """The rows of a subquery; without columns where it could not be resolved."""
    if not scope.subqueries:
        scope.context.report(
            codes.SUBQUERY_PLACE, read.span, f"{scope.place.value} may look at the values of its own row only"
        )
    return reads.resolve_read(read, scope.context, scope, value=True)


def scalar_subquery(node: syntax.Subquery, scope: Scope) -> Expr:
    """``(read …)`` as a value: one column, and at most one row, which the compiler must see."""
    return scalar(relation_of(node.read, scope), scope, node.span)


def scalar(relation: Relation, scope: Scope, span: Span) -> Expr:
    """The value of a relation of one column and at most one row."""
    context = scope.context
    if len(relation.columns) != 1:
        if relation.columns:
            context.report(
                codes.QUERY_COLUMNS, span,
                f"a subquery used as a value has one column, this one has {len(relation.columns)}",
                help="give it a shape of one item: (read t { column } …)",
            )  # fmt: skip
        return broken(span)
    if not at_most_one(relation, context):
        context.report(
            codes.MANY_ROWS, span, "this subquery may have more than one row, so it is not one value",
            help="fix a key by =, aggregate without group, or write limit 1",
        )  # fmt: skip
        return broken(span)
    type_ = relation.columns[0].type
    if isinstance(type_, Record) or (isinstance(type_, List) and isinstance(type_.element, Record)):
        context.report(codes.QUERY_COLUMNS, span, f"a subquery used as a value cannot give {article(type_)}")
        return broken(span)
    nullable = relation.columns[0].nullable or not exactly_one(relation)
    return ScalarQuery(relation, nullable, span=span)


def in_query(operands: tuple[Expr, ...], query: Relation, scope: Scope, span: Span) -> Expr:
    """``operands in query``, both in one type."""
    context = scope.context
    if is_broken(*operands):
        return broken(span)
    values: list[Expr] = []
    items: list[Item] = []
    for operand, column in zip(operands, query.columns, strict=True):
        target = column.type if is_unknown(operand) else meeting_type(operand.type, column.type)
        ref = ColumnRef(column.id, column.name, column.type, column.nullable, span=span)
        if target is None:
            context.report(
                codes.TYPE_MISMATCH, span,
                f"the value is {article(operand.type)}, {column.name} in the subquery is {article(column.type)}",
            )  # fmt: skip
            return broken(span)
        values.append(coerce(operand, target, context))
        plain = coerce(ref, target, context)
        if isinstance(plain, Cast):
            items.append(Item(Column(context.fresh(), column.name, target, column.nullable), plain))
        else:
            items.append(Item(column, ref))
    if any(isinstance(item.expr, Cast) for item in items):
        query = Project(query, tuple(items), span=span)
    return broken(span) if is_broken(*values) else InQuery(tuple(values), query, span=span)


def resolve_exists(node: syntax.Exists, scope: Scope) -> Expr:
    """``exists (read …)`` and ``exists (link where …)``."""
    if isinstance(node.rows, syntax.Read):
        relation = relation_of(node.rows, scope)
        return Exists(relation, span=node.span) if relation.columns else broken(node.span)
    path, where = node.rows.path, node.rows.where
    names = [name.text for name in path.names]
    found = trail(names, scope, many=False)
    if found is None or found.used < len(names):
        not_a_link(path, scope)
        return broken(node.span)
    inner = open_trail(found, names, scope, path.span)
    condition = expressions.where_predicate(where.condition, inner.at(Place.WHERE)) if where is not None else None
    rows = inner.sources[0].joined()
    return Exists(rows if condition is None else Filter(rows, condition, span=node.span), span=node.span)
