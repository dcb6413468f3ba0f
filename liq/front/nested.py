"""Nested shapes: ``publisher { id, name }`` is an object, ``versions(where … limit 3) { version }`` a list."""

from __future__ import annotations

from liq.front import shapes, stages
from liq.front.broken import broken
from liq.front.paths import Trail, open_trail, trail
from liq.front.scope import Place, Scope, Source
from liq.front.staged import Use
from liq.front.star import link_source
from liq.front.unknown_names import not_a_link
from liq.model import codes
from liq.model.expr import Case, Collect, ColumnRef, Expr, Is, Literal, RecordExpr, Truth, When
from liq_grammar import syntax


def resolve_nested(node: syntax.Nested, scope: Scope) -> Expr:
    """The value of a nested shape."""
    call = node.target if isinstance(node.target, syntax.Call) else None
    path = node.target if isinstance(node.target, syntax.Path) else node.target.function
    names = [name.text for name in path.names]
    found = trail(names, scope, many=False)
    if found is None or found.used < len(names):
        if scope.source(path.text) is None:
            not_a_link(path, scope)
            return broken(node.span)
        found = None
    if call is not None and not _call_fits(call, scope, many=found is not None and any(h.many for h in found.hops)):
        return broken(node.span)
    if found is not None and any(hop.many for hop in found.hops):
        return _list(node, found, names, call, scope)
    source = link_source(path, scope)
    return broken(node.span) if source is None else _object(node, source, scope)


def _call_fits(call: syntax.Call, scope: Scope, *, many: bool) -> bool:
    said: str | None = None
    if call.arguments or call.distinct or call.over is not None:
        said = f"{call.function.text}(…) takes where, order, limit and offset"
    elif not many:
        said = f"{call.function.text} is one row: it takes no {type(call.clauses[0]).__name__.lower()}"
    if said is not None:
        scope.context.report(codes.CALL_PARTS, call.span, said)
    return said is None


def _list(node: syntax.Nested, found: Trail, names: list[str], call: syntax.Call | None, scope: Scope) -> Expr:
    """All rows that a link leads to, in an order that is completed."""
    inner = open_trail(found, names, scope, node.target.span)
    source = inner.sources[0]
    clauses = call.clauses if call is not None else ()
    staged = stages.build(inner, source.joined, node.shape, clauses, Use.LIST, node.span)
    return Collect(staged.relation, span=node.span)


def _object(node: syntax.Nested, source: Source, scope: Scope) -> Expr:
    """The row that a link leads to, as an object; null where it leads nowhere."""
    may_miss = source.may_miss
    inner = Scope(scope.context, [source], scope, Place.ITEM, subqueries=scope.subqueries)
    source.guarded += 1
    try:
        named = shapes.resolve_items(node.shape, inner, shapes.labels_of(node.shape), node.shape.span)
    finally:
        source.guarded -= 1
    record = RecordExpr(tuple(n.name for n in named), tuple(n.expr for n in named), span=node.span)
    if not may_miss:
        return record
    there = _never_null(source)
    if there is None:
        return record
    absent = Literal(None, record.type, span=node.span)
    return Case((When(Is(there, Truth.NULL, True, span=node.span), record),), absent, record.type, span=node.span)


def _never_null(source: Source) -> ColumnRef | None:
    """A column that is null only where the whole row is missing."""
    columns = source.columns
    if source.table is not None and source.table.primary_key is not None:
        columns = tuple(c for c in columns if c.name in source.table.primary_key.columns) or columns
    column = next((c for c in columns if not c.nullable), None)
    return ColumnRef(column.id, column.name, column.type, True, span=source.span) if column is not None else None
