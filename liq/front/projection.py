"""From a resolved stage to relations: rows, filters, groups, windows, columns, order and limits, in this order.

Links are joined to their sources last, when every name is resolved. Order keys that the shape does not show become
hidden columns behind the shown ones.
"""

from __future__ import annotations

from attrs import define, field

from liq.front import grouping, paging, shapes
from liq.front.broken import is_broken
from liq.front.completion import completed_window, missing_key, reference
from liq.front.draft import Draft, Named
from liq.front.keys import keys_of
from liq.front.kinds import orderable
from liq.front.limits import limit_count, offset_count
from liq.front.staged import Staged, Use
from liq.model import codes
from liq.model.expr import Column, ColumnRef, Expr, Item, Relation, SortKey
from liq.model.ir import Distinct, Filter, Limit, Project, Sort, SortChoice, SortOption, Window
from liq_grammar import syntax


def assembled(draft: Draft) -> Staged:
    """The relation of a stage whose every part is resolved."""
    base = draft.rows()
    if draft.where is not None:
        base = Filter(base, draft.where, span=draft.clauses[syntax.Where].span)
    if draft.following is not None:
        base = draft.following.rows(base)
    if draft.grouping.grouped or draft.grouping.aggregates:
        base = _grouped(draft, base)
    if draft.windows:
        items = tuple(completed_window(item, base, draft.context, draft.span) for item in draft.windows)
        base = Window(base, items, span=draft.span)
    return Projection(draft, base).finished()


def _grouped(draft: Draft, rows: Relation) -> Relation:
    """Everything over the rows becomes something over their groups."""
    keys = [
        Item(Column(draft.context.fresh(), name, value.type, value.nullable), value)
        for name, value in draft.keys
        if not is_broken(value)
    ]
    ids = frozenset(c.id for c in rows.columns)
    groups = grouping.Groups(draft.context, draft.scope, draft.grouping, keys, ids, draft.grouping.grouped)
    groups.silent = draft.silent or any(is_broken(value) for _, value in draft.keys)
    draft.named = [Named(n.name, groups.rewritten(n.expr), n.span) for n in draft.named]
    draft.windows[:] = [groups.rewritten_window(item) for item in draft.windows]
    draft.order = [groups.rewritten_key(key) for key in draft.order]
    draft.options = [(label, [groups.rewritten_key(k) for k in keys]) for label, keys in draft.options]
    return groups.relation(rows, draft.span)


@define(eq=False)
class Projection:
    """From the rows of a stage to its columns, their order and its limits."""

    draft: Draft
    base: Relation
    items: list[Item] = field(factory=list)
    shown: int = 0

    def finished(self) -> Staged:
        """The stage's relation."""
        draft = self.draft
        self.items = shapes.projected(draft.named, draft.context)
        self.shown = len(self.items)
        distinct = syntax.Distinct in draft.clauses
        count, offset = self._limits()
        after = draft.clauses.get(syntax.After)
        page = paging.page_of(after, draft) if isinstance(after, syntax.After) else None
        bounded = count is not None or offset is not None or after is not None or draft.use is Use.LIST
        orders = [(label, self._columns_of(keys, distinct)) for label, keys in draft.options]
        order = self._columns_of(draft.order, distinct)
        if bounded:
            orders = [(label, self._completed(keys, distinct)) for label, keys in orders]
            order = self._completed(order, distinct) if draft.choice is None else order
        relation = self._projected()
        if distinct:
            relation = Distinct(relation, span=draft.clauses[syntax.Distinct].span)
        wanted = bounded or draft.use is Use.ROOT
        relation = self._sorted(relation, order, orders, page) if wanted else relation
        if count is not None or offset is not None:
            relation = Limit(relation, count, offset, span=draft.span)
        return self._staged(relation, order, page)

    def _limits(self) -> tuple[Expr | None, Expr | None]:
        limit = self.draft.clauses.get(syntax.Limit)
        offset = self.draft.clauses.get(syntax.Offset)
        return (
            limit_count(limit, self.draft.scope) if isinstance(limit, syntax.Limit) else None,
            offset_count(offset, self.draft.scope) if isinstance(offset, syntax.Offset) else None,
        )

    def _projected(self) -> Relation:
        if tuple(item.column for item in self.items) == self.base.columns:
            return self.base
        return Project(self.base, tuple(self.items), span=self.draft.span)

    def _output(self, expr: Expr) -> Column | None:
        """The column that holds a value already."""
        for item in self.items:
            same = item.expr is expr or item.expr == expr
            if isinstance(expr, ColumnRef) and isinstance(item.expr, ColumnRef):
                same = item.expr.id == expr.id
            if same:
                return item.column
        return None

    def _hidden(self, expr: Expr) -> Column:
        """A new column behind the shown ones."""
        taken = {item.column.name for item in self.items}
        number = next(n for n in range(1, len(taken) + 2) if f"key_{n}" not in taken)
        own = isinstance(expr, ColumnRef) and all(item.column.id != expr.id for item in self.items)
        id_ = expr.id if own and isinstance(expr, ColumnRef) else self.draft.context.fresh()
        column = Column(id_, f"key_{number}", expr.type, expr.nullable)
        self.items.append(Item(column, expr))
        return column

    def _columns_of(self, keys: list[SortKey], distinct: bool) -> list[SortKey]:
        """Sort keys as references to output columns; under ``distinct`` only shown ones can be meant."""
        result = []
        for key in keys:
            column = self._output(key.expr)
            if column is None and distinct:
                self.draft.context.report(
                    codes.ORDER_KEY, key.expr.span, "distinct rows can be ordered by what they show only",
                    help="add it to the shape, or drop distinct",
                )  # fmt: skip
                continue
            column = column or self._hidden(key.expr)
            result.append(SortKey(reference(column, key.expr.span), key.descending, key.nulls_first))
        return result

    def _completed(self, keys: list[SortKey], distinct: bool) -> list[SortKey]:
        """The order completed with the key of the row, in the direction of its last key."""
        context = self.draft.context
        descending = bool(keys) and keys[-1].descending
        if distinct:
            rows = Distinct(self._projected())
            added = missing_key(rows, keys, context)
        else:
            by_id = {item.column.id: item.expr for item in self.items}
            refs = [(key, key.expr) for key in keys if isinstance(key.expr, ColumnRef)]
            added = self._key_columns([SortKey(by_id[r.id], k.descending, k.nulls_first) for k, r in refs])
        taken = {key.expr.id for key in keys if isinstance(key.expr, ColumnRef)}
        return keys + [
            SortKey(reference(c, self.draft.span), descending, descending) for c in added if c.id not in taken
        ]

    def _key_columns(self, stated: list[SortKey]) -> list[Column]:
        """Output columns that complete an order: the key of the rows before the shape, else every shown column."""
        if not keys_of(self.base, self.draft.context):
            return [item.column for item in self.items[: self.shown] if orderable(item.column.type)]
        columns = []
        for missing in missing_key(self.base, stated, self.draft.context):
            ref = reference(missing, self.draft.span)
            columns.append(self._output(ref) or self._hidden(ref))
        return columns

    def _sorted(
        self, relation: Relation, order: list[SortKey], orders: list[tuple[str, list[SortKey]]],
        page: paging.Page | None,
    ) -> Relation:  # fmt: skip
        if page is not None:
            relation = page.continued(relation, order)
        if self.draft.choice is not None:
            options = tuple(SortOption(label, tuple(keys)) for label, keys in orders)
            return SortChoice(relation, self.draft.choice, options, span=self.draft.span)
        return Sort(relation, tuple(order), span=self.draft.span) if order else relation

    def _staged(self, relation: Relation, order: list[SortKey], page: paging.Page | None) -> Staged:
        stated = bool(self.draft.order) or self.draft.choice is not None
        if self.draft.use is Use.ROOT:
            paging = page.paging(order) if page is not None else None
            return Staged(relation, self.shown, stated, paging)
        if len(self.items) > self.shown:
            kept = tuple(Item(i.column, reference(i.column, self.draft.span)) for i in self.items[: self.shown])
            relation = Project(relation, kept, span=self.draft.span)
        return Staged(relation, self.shown, stated)
