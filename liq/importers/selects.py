"""One SELECT: its sources, its shape, its clauses."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, get_args

from attrs import define, evolve, field
from sqlglot import exp

from liq.importers import froms
from liq.importers.aggregates import NAMES, order_key
from liq.importers.claims import parts
from liq.importers.scopes import Frame, Rows, Scope, both, path
from liq.importers.sqltree import Node
from liq_grammar import syntax as s

if TYPE_CHECKING:
    from liq.importers.reads import Built
    from liq.importers.translate import Translator

_CLAUSES = ("expressions", "from_", "joins", "where", "group", "having", "order", "limit", "offset", "distinct",
            "with_")  # fmt: skip


@define
class Item:
    """One column of the result: its label, its value, its kind; ``hidden``: only for HAVING."""

    label: str
    value: s.Expr
    kind: str
    hidden: bool = False

    def field(self) -> s.Field:
        """As it stands in a shape."""
        return s.Field(None if natural(self.value) == self.label else s.Name(self.label), self.value)


def natural(value: s.Expr) -> str | None:
    """What liq calls an item without a label."""
    match value:
        case s.Path(names):
            return names[-1].text
        case s.Cast(s.Path(names)):
            return names[-1].text
        case s.Call(s.Path(names), over=None):
            return names[-1].text
        case _:
            return None


def select(t: Translator, node: exp.Select, labels: tuple[str, ...], *, existence: bool = False) -> Built:
    """A SELECT. ``existence``: only whether it has rows matters."""
    t.only(node, *_CLAUSES)
    frame = _with(t, node)
    scope = Scope(outer=frame.lookup, around=t.reader)
    if node.args.get("from_") is None:
        raise t.refuse(node, "a query without FROM has no form in liq here")
    with t.within(frame):
        source, joins, guards = froms.sources(t, node, scope)
    with t.within(evolve(frame, lookup=scope), scope):
        return _Select(t, node, scope, labels, existence).build(source, joins, guards)


def _with(t: Translator, node: Node) -> Frame:
    """The frame with what WITH names."""
    listed = node.args.get("with_")
    if listed is None:
        return t.frame
    t.only(listed, "expressions")
    frame = t.frame
    for each in listed.expressions:
        t.only(each, "this", "alias", "materialized")
        name = t.identifier(each.args["alias"].this)
        frame = evolve(frame, queries={**frame.queries, name: (each, frame)})
    return frame


def limits(t: Translator, node: Node) -> list[s.Clause]:
    """LIMIT and OFFSET."""
    found: list[s.Clause] = []
    limit, offset = node.args.get("limit"), node.args.get("offset")
    if limit is not None:
        count = limit.args.get("count") if isinstance(limit, exp.Fetch) else limit.expression
        if isinstance(limit, exp.Fetch) and limit.args["limit_options"].args.get("with_ties"):
            raise t.refuse(node, "WITH TIES has no form in liq")
        everything = isinstance(count, exp.Null) or (isinstance(count, exp.Var) and str(count.this).upper() == "ALL")
        if not everything:
            found.append(s.Limit(_count(t, count, node)))
    if offset is not None:
        found.append(s.Offset(_count(t, offset.expression, node)))
    return found


def _count(t: Translator, count: Node | None, node: Node) -> s.Number:
    if isinstance(count, exp.Literal) and not count.is_string and str(count.this).isdigit():
        return s.Number(str(count.this))
    raise t.refuse(node, "a limit that is not a number has no form in liq")


def has_aggregate(node: Node) -> bool:
    """Whether an expression holds an aggregate of its own query."""
    pending = [node]
    while pending:
        each = pending.pop()
        if isinstance(each, exp.Query | exp.Window):
            continue
        if isinstance(each, exp.AggFunc):
            return True
        pending.extend(each.iter_expressions())
    return False


@define(eq=False)
class _Select:
    t: Translator
    node: exp.Select
    scope: Scope
    labels: tuple[str, ...]
    existence: bool
    items: list[Item] = field(factory=list)
    whole: bool = False
    """Whether every column of the one source is wanted."""

    def build(self, source: s.Source, joins: tuple[s.Join, ...], guards: list[s.Expr]) -> Built:
        """The read."""
        from liq.importers.reads import Built

        t, node = self.t, self.node
        aggregated = bool(node.args.get("group")) or any(has_aggregate(e) for e in node.expressions)
        if not self.existence or aggregated or node.args.get("having") or node.args.get("distinct"):
            self._items()
        where = node.args.get("where")
        condition = both(t.truth(where.this) if where is not None else None, *guards)
        clauses: list[s.Clause] = [] if condition is None else [s.Where(condition)]
        group = self._group()
        clauses += [s.Group(group)] if group else []
        having = self._having(group)
        last = [] if self.existence and not having else self._order()
        if self._distinct():
            last.insert(0, s.Distinct())
        last += limits(t, node)
        shape = None if self.whole or not self.items else s.Shape(tuple(i.field() for i in self.items))
        if having is None:
            read = s.Read(s.SimpleRead(source, joins, shape, (*clauses, *last)))
        else:
            hidden = any(item.hidden for item in self.items)
            kept = tuple(s.Field(None, path(item.label)) for item in self.items if not item.hidden)
            stage = s.Stage(s.Shape(kept) if hidden else None, (s.Where(having), *last))
            read = s.Read(s.SimpleRead(source, joins, shape, tuple(clauses)), (), (stage,))
        shown = [item for item in self.items if not item.hidden]
        single = self._single(condition, last, aggregated and not group)
        return Built(read, tuple(i.label for i in shown), tuple(i.kind for i in shown), single)

    # ---------------------------------------------------------------------------------------------- shape
    def _items(self) -> None:
        expressions = self.node.expressions
        rows = self.scope.rows
        if len(expressions) == 1 and isinstance(expressions[0], exp.Star) and len(rows) == 1:
            self.t.only(expressions[0])
            self.whole = not self.labels and rows[0].table is not None and self._current(rows[0])
        for each in expressions:
            self._item(each)
        if self.labels:
            if len(self.labels) > len(self.items):
                raise self.t.refuse(self.node, f"the query has {len(self.items)} columns, not {len(self.labels)}")
            for item, label in zip(self.items, self.labels, strict=False):
                item.label = label
        names = [item.label for item in self.items]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise self.t.refuse(self.node, f"two columns of the result are called {twice}", "give one another name: AS")

    def _current(self, rows: Rows) -> bool:
        """Whether a star still means what it meant when it was written: no column came later."""
        if rows.table is None:
            return False
        columns = rows.table.columns.values()
        return all(c.when.number <= self.t.frame.when.number for c in columns) and all(
            kind for _, kind in rows.columns.values()
        )

    def _item(self, node: Node) -> None:
        t = self.t
        if isinstance(node, exp.Star):
            t.only(node)
            for rows in self.scope.rows:
                self._all_of(rows, node)
        elif isinstance(node, exp.Column) and isinstance(node.this, exp.Star):
            name = t.identifier(node.args["table"])
            named = next((r for r in self.scope.rows if t.database.fold(r.called) == name), None)
            if named is None:
                raise t.refuse(node, f"{name} is no source of this query")
            self._all_of(named, node)
        elif isinstance(node, exp.Alias):
            value = t.expression(node.this)
            alias = node.args["alias"]
            label = t.identifier(alias) if not alias.args.get("quoted") else str(alias.this)
            self.items.append(Item(label, value.expr, value.kind))
        else:
            value = t.expression(node)
            label = value.label or natural(value.expr) or f"column_{len(self.items) + 1}"
            self.items.append(Item(label, value.expr, value.kind))

    def _all_of(self, rows: Rows, node: Node) -> None:
        alone = len(self.scope.rows) == 1
        for key, (name, kind) in rows.columns.items():
            column = rows.table.columns.get(key) if rows.table else None
            if column is not None and column.when.number > self.t.frame.when.number:
                continue
            if not kind and rows.table is not None:
                raise self.t.refuse(node, f"column {name} of {rows.table.name} is not imported")
            self.items.append(Item(name, path(name) if alone else path(rows.alias, name), kind))

    # ---------------------------------------------------------------------------------------------- clauses
    def _distinct(self) -> bool:
        distinct = self.node.args.get("distinct")
        if distinct is None:
            return False
        self.t.only(distinct)
        return True

    def _at(self, node: Node) -> Item | None:
        """The item that a position means."""
        if isinstance(node, exp.Literal) and not node.is_string and str(node.this).isdigit():
            position = int(str(node.this))
            if 1 <= position <= len(self.items):
                return self.items[position - 1]
            raise self.t.refuse(node, f"there is no column number {position}")
        return None

    def _labelled(self, node: Node) -> Item | None:
        """The item that a bare name means."""
        if isinstance(node, exp.Column) and node.args.get("table") is None and isinstance(node.this, exp.Identifier):
            name = self.t.identifier(node.this)
            return next((item for item in self.items if item.label == name), None)
        return None

    def _group(self) -> tuple[s.Expr, ...]:
        group = self.node.args.get("group")
        if group is None:
            return ()
        self.t.only(group, "expressions")
        keys: list[s.Expr] = []
        for each in group.expressions:
            item = self._at(each)
            if item is None and isinstance(each, exp.Column) and not self._is_column(each):
                item = self._labelled(each)
            value = item.value if item is not None else self.t.expression(each).expr
            keys.append(self._by_label(value, each))
        return tuple(keys)

    def _is_column(self, node: exp.Column) -> bool:
        name = self.t.identifier(node.this) if isinstance(node.this, exp.Identifier) else ""
        return any(name in rows.columns for rows in self.scope.rows)

    def _by_label(self, value: s.Expr, node: Node) -> s.Expr:
        """A value as ``group`` and ``order`` see it: labels come before columns there."""
        item = next((item for item in self.items if item.value == value), None)
        if item is not None:
            return path(item.label)
        names = {item.label: item.value for item in self.items}
        for inner in s.descendants(value):
            if isinstance(inner, s.Path) and inner.names[0].text in names and names[inner.names[0].text] != inner:
                raise self.t.refuse(node, f"{inner.text} means a column here, and the result has another of that name")
        return value

    def _order(self) -> list[s.Clause]:
        ordered = self.node.args.get("order")
        if ordered is None:
            return []
        keys = []
        for key in ordered.expressions:
            item = self._at(key.this) or self._labelled(key.this)
            value = path(item.label) if item else self._by_label(self.t.expression(key.this).expr, key)
            if self.node.args.get("having") and not (isinstance(value, s.Path) and self._is_label(value)):
                value = path(self._hidden(value).label)
            keys.append(order_key(self.t, key, value))
        return [s.Order(tuple(keys))]

    def _is_label(self, value: s.Path) -> bool:
        return len(value.names) == 1 and any(item.label == value.names[0].text for item in self.items)

    # ---------------------------------------------------------------------------------------------- having
    def _having(self, group: tuple[s.Expr, ...]) -> s.Expr | None:
        """HAVING as a condition over labels; what it needs and the result does not show gets a hidden label."""
        having = self.node.args.get("having")
        if having is None:
            return None
        if not self.items or self.whole:
            raise self.t.refuse(having, "HAVING without a list of columns has no form in liq")
        return self._over_labels(self.t.truth(having.this), having)

    def _over_labels(self, value: s.Expr, node: Node) -> s.Expr:
        item = next((item for item in self.items if item.value == value), None)
        if item is not None:
            return path(item.label)
        if isinstance(value, s.Path) or (isinstance(value, s.Call) and value.function.text in NAMES):
            return path(self._hidden(value).label)
        if isinstance(value, s.Subquery | s.Exists) or (isinstance(value, s.In) and isinstance(value.choices, s.Read)):
            raise self.t.refuse(node, "a query within HAVING has no form in liq")
        return _mapped(value, lambda each: self._over_labels(each, node))

    def _hidden(self, value: s.Expr) -> Item:
        known = next((item for item in self.items if item.value == value), None)
        if known is not None:
            return known
        taken = {item.label for item in self.items}
        number = 1
        while f"having_{number}" in taken:
            number += 1
        item = Item(f"having_{number}", value, "", hidden=True)
        self.items.append(item)
        return item

    # ---------------------------------------------------------------------------------------------- rows
    def _single(self, condition: s.Expr | None, last: list[s.Clause], one_group: bool) -> bool:
        """Whether liq can see that there is at most one row."""
        limit = next((c for c in last if isinstance(c, s.Limit)), None)
        if one_group or (limit is not None and isinstance(limit.count, s.Number) and limit.count.text in ("0", "1")):
            return True
        if len(self.scope.rows) != 1 or self.scope.rows[0].table is None or condition is None:
            return False
        return froms.key_fixed(self.t, self.scope.rows[0], condition)


def _mapped(value: s.Expr, change: Callable[[Any], s.Expr]) -> s.Expr:
    """The same expression with its direct operands changed."""
    changes: dict[str, Any] = {}
    for name, part in parts(value):
        if isinstance(part, s.Choices):
            changes[name] = s.Choices(tuple(change(item) for item in part.items))
        elif isinstance(part, tuple) and part and all(isinstance(item, s.When) for item in part):
            changes[name] = tuple(s.When(change(w.condition), change(w.result)) for w in part)
        elif isinstance(part, tuple) and part and all(isinstance(item, _EXPRESSIONS) for item in part):
            changes[name] = tuple(change(item) for item in part)
        elif isinstance(part, _EXPRESSIONS):
            changes[name] = change(part)
    return s.evolve(value, **changes)


_EXPRESSIONS = get_args(s.Expr)
