"""Groups: from expressions over the rows of a stage to expressions over its groups."""

from __future__ import annotations

import attrs
from attrs import define, field

from liq.front.broken import broken
from liq.front.completion import completed_aggregate
from liq.front.context import Context
from liq.front.scope import Grouping, Scope, Source
from liq.model import codes
from liq.model.expr import Column, ColumnRef, Expr, Item, Relation, SortKey, WindowItem
from liq.model.ir import Aggregate
from liq.model.node import Node, map_children
from liq.model.source import Span


@define(eq=False)
class Groups:
    """The keys of a stage's groups, and what is computed over them. Columns that they determine are added to them."""

    context: Context
    scope: Scope
    grouping: Grouping
    keys: list[Item]
    source_ids: frozenset[int]
    stated: bool
    silent: bool = False
    """Whether a key could not be resolved, so that nothing is said of columns that it may have meant."""
    _reported: set[int | Span] = field(factory=set)

    def rewritten(self, expr: Expr) -> Expr:
        """An expression over the rows, as one over the groups: keys become their columns."""
        result = self._change(expr)
        assert isinstance(result, Expr)
        return result

    def rewritten_key(self, key: SortKey) -> SortKey:
        """A sort key over the groups."""
        return attrs.evolve(key, expr=self.rewritten(key.expr))

    def rewritten_window(self, item: WindowItem) -> WindowItem:
        """A window over the groups."""
        call = map_children(item.call, self._change)
        return attrs.evolve(item, call=call)

    def relation(self, rows: Relation, span: Span) -> Aggregate:
        """The groups."""
        items = tuple(completed_aggregate(item, rows, self.context, span) for item in self.grouping.aggregates)
        return Aggregate(rows, tuple(self.keys), items, span=span)

    def _change(self, node: Node) -> Node:
        if isinstance(node, Expr):
            for key in self.keys:
                if _same(node, key.expr):
                    return ColumnRef(
                        key.column.id, key.column.name, key.column.type, key.column.nullable, span=node.span
                    )
        if isinstance(node, ColumnRef) and node.id in self.source_ids:
            return self._determined(node)
        return map_children(node, self._change)

    def _determined(self, ref: ColumnRef) -> Expr:
        """A column of a row whose whole key, or the link to which, is grouped by has one value per group."""
        source = self._owner(ref.id)
        while source is not None:
            key = source.table.primary_key if source.table is not None else None
            grouped = {item.expr.id for item in self.keys if isinstance(item.expr, ColumnRef)}
            own = frozenset(c.id for c in source.columns if key is not None and c.name in key.columns)
            if (own and own <= grouped) or (source.led_by and source.led_by <= grouped):
                column = Column(self.context.fresh(), ref.name, ref.type, ref.nullable)
                self.keys.append(Item(column, ref))
                return ColumnRef(column.id, ref.name, ref.type, ref.nullable, span=ref.span)
            source = source.parent
        self._report(ref)
        return broken(ref.span)

    def _owner(self, id_: int) -> Source | None:
        for source in self.scope.sources:
            for each in source.tree():
                if any(c.id == id_ for c in each.columns):
                    return each
        return None

    def _report(self, ref: ColumnRef) -> None:
        if self.silent or self._reported & {ref.id, ref.span}:
            return
        self._reported |= {ref.id, ref.span}
        if self.stated:
            keys = ", ".join(item.column.name for item in self.keys)
            said = f"{ref.name} is neither grouped by nor aggregated"
            hint = f"write group {keys}, {ref.name}" if keys else f"write group {ref.name}"
        else:
            said = f"{ref.name} stands beside an aggregate, so it must be grouped by"
            hint = f"write group {ref.name}, or aggregate it: max({ref.name})"
        self.context.report(codes.NOT_GROUPED, ref.span, said, help=hint)


def _same(node: Expr, key: Expr) -> bool:
    if isinstance(node, ColumnRef) and isinstance(key, ColumnRef):
        return node.id == key.id
    return type(node) is type(key) and node == key
