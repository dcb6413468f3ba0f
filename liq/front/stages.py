"""A stage: rows, a shape, and clauses, each at most once, turned into one chain of relations.

Order of evaluation: rows with their links joined, ``where``, ``follow``, ``group``, windows, the shape, ``distinct``,
``order``, ``after``, ``offset`` and ``limit``. The relation of links is put together last, when all names are resolved.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from attrs import define, field

from liq.front import aggregates, expressions, follows, grouping, ordering, paging, shapes
from liq.front.broken import broken, is_broken
from liq.front.completion import completed_window, missing_key, reference
from liq.front.context import Context
from liq.front.keys import keys_of
from liq.front.kinds import groupable, orderable
from liq.front.limits import limit_count, offset_count
from liq.front.parameter_refs import enter, optional_allowed
from liq.front.scope import Grouping, Label, Place, Scope
from liq.front.staged import Staged, Use
from liq.model import codes
from liq.model.diagnostics import Label as Note
from liq.model.expr import Column, ColumnRef, Expr, Item, Relation, SortKey, WindowItem
from liq.model.functions import AGGREGATES
from liq.model.ir import Distinct, Filter, Limit, Project, Sort, SortChoice, SortOption, Window
from liq.model.node import walk
from liq.model.source import Span
from liq.model.types import TEXT
from liq_grammar import syntax


@define(eq=False)
class Draft:
    """A stage while it is resolved: expressions are over its rows, until ``assemble`` puts relations under them."""

    scope: Scope
    rows: Callable[[], Relation]
    use: Use
    span: Span
    labels: dict[str, Label]
    clauses: dict[type[syntax.Node], syntax.Node] = field(factory=dict)
    where: Expr | None = None
    following: follows.Following | None = None
    keys: list[tuple[str, Expr]] = field(factory=list)
    grouping: Grouping = field(factory=Grouping)
    windows: list[WindowItem] = field(factory=list)
    named: list[shapes.Named] = field(factory=list)
    order: list[SortKey] = field(factory=list)
    options: list[tuple[str, list[SortKey]]] = field(factory=list)
    choice: str | None = None
    silent: bool = False
    """Whether columns beside groups are not to be spoken of any more."""

    @property
    def context(self) -> Context:
        """The context of the text at hand."""
        return self.scope.context


def build(
    scope: Scope, rows: Callable[[], Relation], shape: syntax.Shape | None, clauses: Sequence[syntax.Node], use: Use,
    span: Span,
) -> Staged:  # fmt: skip
    """Resolve and assemble a stage over the sources of ``scope``."""
    draft = Draft(scope, rows, use, span, shapes.labels_of(shape), _once(clauses, scope.context))
    draft.grouping.grouped = syntax.Group in draft.clauses
    if shape is None and draft.grouping.grouped:
        scope.context.report(
            codes.NOT_GROUPED, draft.clauses[syntax.Group].span, "groups need a shape that says what to show of them",
            help="write { key, n: count() } before it",
        )  # fmt: skip
        draft.silent = True
    where = draft.clauses.get(syntax.Where)
    if isinstance(where, syntax.Where):
        draft.where = expressions.where_predicate(where.condition, scope.at(Place.WHERE))
    follow = draft.clauses.get(syntax.Follow)
    if isinstance(follow, syntax.Follow):
        draft.following = follows.resolve_follow(follow, scope)
    _group_keys(draft)
    inner = scope.at(Place.ITEM, grouping=draft.grouping, windows=draft.windows)
    draft.named = shapes.resolve_items(shape, inner, draft.labels, span, unnamed=use is Use.VALUE)
    _order(draft)
    return _assembled(draft)


def _once(clauses: Sequence[syntax.Node], context: Context) -> dict[type[syntax.Node], syntax.Node]:
    """The clauses by kind; a second one of a kind is an error, never dropped silently."""
    found: dict[type[syntax.Node], syntax.Node] = {}
    for clause in clauses:
        kind = syntax.Order if isinstance(clause, syntax.OrderChoose) else type(clause)
        if kind in found:
            word = kind.__name__.lower()
            hint = "join the conditions with and, or filter the result behind |" if kind is syntax.Where else None
            context.report(
                codes.CLAUSE_TWICE, clause.span, f"{word} stands twice in one stage",
                [Note(found[kind].span, "the first one")], help=hint or "start a new stage with |",
            )  # fmt: skip
        else:
            found[kind] = clause
    return found


# ------------------------------------------------------------------------------------------------- group
def _group_keys(draft: Draft) -> None:
    """The keys of ``group``: labels first, then columns. A label of an aggregate is passed over."""
    clause = draft.clauses.get(syntax.Group)
    if not isinstance(clause, syntax.Group):
        return
    scope = draft.scope.at(Place.GROUP)
    labels: dict[str, Label] = {}
    named = {n.text for node in clause.keys for p in syntax.descendants(node) if isinstance(p, syntax.Path)
             for n in p.names[:1]}  # fmt: skip
    for name, label in draft.labels.items():
        if name in named and label.value is not None and not _aggregates(label.value, scope):
            plain = isinstance(label.value, syntax.Path) and label.value.text == name
            label.expr = expressions.infer(label.value, scope)
            if not plain:
                labels[name] = label
    inner = draft.scope.at(Place.GROUP, labels=labels)
    for node in clause.keys:
        if _groups_by_aggregate(node, labels, draft):
            draft.keys.append(("", broken(node.span)))
            continue
        direct = labels.get(node.text) if isinstance(node, syntax.Path) else None
        value = direct.expr if direct is not None and direct.expr is not None else expressions.infer(node, inner)
        if is_broken(value):
            draft.keys.append(("", value))
            continue
        if not any(isinstance(n, ColumnRef) for n in walk(value)):
            said = "a constant is the same in every row, so it makes no groups"
            draft.context.report(codes.ORDER_KEY, node.span, said)
        elif not groupable(value.type):
            draft.context.report(codes.NOT_ORDERED, node.span, f"rows cannot be grouped by {value.type}")
        else:
            draft.keys.append((shapes.name_of(node) or f"key_{len(draft.keys) + 1}", value))


def _groups_by_aggregate(node: syntax.Expr, labels: dict[str, Label], draft: Draft) -> bool:
    """Whether a key is the label of an aggregate, and no column either; reported."""
    name = node.text if isinstance(node, syntax.Path) and len(node.names) == 1 else None
    if name is None or name in labels or name not in draft.labels:
        return False
    if any(source.column(name) is not None for source in draft.scope.sources):
        return False
    value = draft.labels[name].value
    if value is None or not _aggregates(value, draft.scope):
        return False
    draft.context.report(
        codes.AGGREGATE_PLACE, node.span, f"{name} is computed from the groups, so it cannot make them",
        help="aggregate in one stage, and group the result behind |",
    )  # fmt: skip
    return True


def _aggregates(node: syntax.Expr, scope: Scope) -> bool:
    """Whether an item holds an aggregate over the rows of the stage, or a window: nothing can be grouped by it."""
    for inner in _outside_reads(node):
        if isinstance(inner, syntax.Call):
            if inner.over is not None:
                return True
            if inner.function.text in AGGREGATES and not aggregates.goes_along_link(inner, scope):
                return True
    return False


def _outside_reads(node: syntax.Node) -> list[syntax.Node]:
    found: list[syntax.Node] = []
    pending: list[syntax.Node] = [node]
    while pending:
        current = pending.pop()
        if isinstance(current, syntax.Read):
            continue
        found.append(current)
        pending.extend(syntax.children(current))
    return found


# ------------------------------------------------------------------------------------------------- order
def _order(draft: Draft) -> None:
    clause = draft.clauses.get(syntax.Order)
    scope = draft.scope.at(Place.ORDER, grouping=draft.grouping, windows=draft.windows, labels=draft.labels)
    if isinstance(clause, syntax.Order):
        draft.order = _keys(clause.keys, draft, scope)
    elif isinstance(clause, syntax.OrderChoose):
        _choice(clause, draft, scope)


def _keys(nodes: Sequence[syntax.OrderKey], draft: Draft, scope: Scope) -> list[SortKey]:
    keys = []
    for node in nodes:
        name = node.value.text if isinstance(node.value, syntax.Path) and len(node.value.names) == 1 else None
        known = next((n.expr for n in draft.named if n.name == name), None)
        key = ordering.sort_key(node, scope) if known is None else ordering.checked_key(node, known, draft.context)
        if key is not None:
            keys.append(key)
    return keys


def _choice(clause: syntax.OrderChoose, draft: Draft, scope: Scope) -> None:
    """``order choose``: a parameter names one of some orders."""
    context = draft.context
    seen: dict[str, Span] = {}
    for choice in clause.choices:
        label = choice.label.text
        if label in seen:
            context.report(
                codes.DUPLICATE_LABEL, choice.label.span, f"two orders are called {label}",
                [Note(seen[label], "the first one")],
            )  # fmt: skip
            continue
        seen[label] = choice.label.span
        draft.options.append((label, _keys(choice.keys, draft, scope)))
    entry = enter(clause.parameter, context)
    if entry is None or (clause.parameter.optional and not optional_allowed(clause.parameter, entry, context)):
        return
    if entry.type is not None and entry.type != TEXT:
        context.report(
            codes.PARAMETER_CONFLICT, clause.parameter.span,
            f"${entry.name} is {entry.type}, but it names an order: text",
            [Note(entry.origin or entry.span, "because of this")],
        )  # fmt: skip
        return
    if entry.options and entry.options != tuple(seen):
        context.report(
            codes.PARAMETER_CONFLICT, clause.parameter.span, f"${entry.name} chooses among other orders already",
            help="give this choice a parameter of its own",
        )  # fmt: skip
        return
    context.parameters.meet(entry, TEXT, False, clause.parameter.span)
    entry.options = tuple(seen)
    draft.choice = entry.name


# ------------------------------------------------------------------------------------------------- assembly
def _assembled(draft: Draft) -> Staged:
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
    draft.named = [shapes.Named(n.name, groups.rewritten(n.expr), n.span) for n in draft.named]
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
        if bounded and not (distinct and draft.choice):
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
