"""SQL queries, as sqlglot reads them back from a plan's text, as algebra: what the guard rule then judges, apart from
the emitter.

Every table, subquery and common table expression of the text is read; a clause that is not known here is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from typing import Any

from attrs import frozen

from liq.model import types as t
from liq.model.emitted import LetColumn
from liq.model.expr import (
    AggregateCall,
    AggregateItem,
    Column,
    ColumnRef,
    Expr,
    Item,
    Literal,
    Relation,
    SortKey,
    WindowCall,
    WindowItem,
)
from liq.model.ir import (
    Aggregate,
    Distinct,
    Filter,
    Join,
    JoinKind,
    LetScan,
    Limit,
    Project,
    Scan,
    SetOperation,
    SetOperator,
    Sort,
    Values,
    Window,
)  # fmt: skip
from liq.model.physical import LetRows
from liq.model.schema import Schema
from liq_verifier.algebra import NO_LETS, Fence, Lets, read_operator
from liq_verifier.guard import reference
from liq_verifier.sql_scalars import Scalars, Scope, Unreadable, function_name

CLAUSES = frozenset("expressions from_ joins where group having order limit offset distinct with_".split())
AGGREGATES = frozenset(
    """
    Count Sum Avg Min Max LogicalAnd LogicalOr GroupConcat ArrayAgg JSONBAgg JSONArrayAgg Filter WithinGroup Stddev
    StddevSamp Variance PercentileCont StringAgg
    """.split()
)
ANONYMOUS_AGGREGATES = frozenset("count sum avg min max bool_and bool_or string_agg array_agg jsonb_agg".split())


@frozen
class _Common:
    """A common table expression: read anew at every use, so that ids stay unique."""

    node: Any
    names: tuple[str, ...]
    recursive: bool


class QueryReader:
    """Reads the queries of one text."""

    def __init__(self, schema: Schema, binds: Sequence[Expr], lets: Lets = NO_LETS) -> None:
        self._schema, self._binds, self._lets = schema, binds, lets
        self._ids = count(1_000_000)
        enums = {enum.name: enum for enum in schema.enums}
        self._scalars = Scalars(self, binds, enums)
        self._common: dict[str, _Common] = {}
        self._open: list[str] = []
        self._bound: dict[str, Relation] = {}
        self._pseudo: str | None = None
        self.tables: set[str] = set()

    def statement(self, node: Any) -> Relation:
        """A whole statement that reads."""
        return self.query(node, {})

    def expression(self, node: Any, scope: Scope) -> Expr:
        """An expression over columns in scope."""
        return self._scalars.read(node, scope)

    def with_bound(self, bound: Mapping[str, Relation], node: Any) -> Relation:
        """A query over relations that are known already, by name."""
        saved, self._bound = self._bound, dict(bound)
        try:
            return self.query(node, {})
        finally:
            self._bound = saved

    @contextmanager
    def pseudo_column(self, name: str) -> Iterator[None]:
        """Tables have one more column while this lasts: the place of a row."""
        self._pseudo = name
        try:
            yield
        finally:
            self._pseudo = None

    def query(self, node: Any, scope: Scope) -> Relation:
        """A query as a relation."""
        kind = type(node).__name__
        if kind in ("Subquery", "Paren"):
            return self.query(node.this, scope)
        saved = dict(self._common)
        self._define(node)
        try:
            if kind == "Select":
                return self._select(node, scope)
            if kind in ("Union", "Except", "Intersect"):
                return self._compound(kind, node, scope)
            raise Unreadable(f"{kind} is not a query")
        finally:
            self._common = saved

    def _define(self, node: Any) -> None:
        with_ = node.args.get("with_")
        for cte in with_.expressions if with_ is not None else ():
            columns = cte.args["alias"].args.get("columns") or []
            self._common[cte.alias] = _Common(
                cte.this, tuple(c.name for c in columns), bool(with_.args.get("recursive"))  # pyright: ignore
            )

    def _compound(self, kind: str, node: Any, scope: Scope) -> Relation:
        left, right = self.query(node.left, scope), self.query(node.right, scope)
        distinct = bool(node.args.get("distinct"))
        operators = {"Union": SetOperator.UNION, "Except": SetOperator.EXCEPT, "Intersect": SetOperator.INTERSECT}
        operator = operators[kind] if distinct else SetOperator.UNION_ALL
        if not distinct and kind != "Union":
            raise Unreadable(f"{kind} ALL")
        if len(left.columns) != len(right.columns):
            raise Unreadable("the sides of a set operation differ")
        columns = tuple(self._column(c.name, c.type) for c in left.columns)
        result: Relation = SetOperation(operator, (left, right), columns)
        scope = {**scope, "": {c.name: reference(c) for c in columns}}
        return self._limited(node, result, scope)

    def _column(self, name: str, type_: t.Type) -> Column:
        return Column(next(self._ids), name, type_, True)

    # ------------------------------------------------------------------------------------------ select
    def _select(self, node: Any, scope: Scope) -> Relation:
        unknown = {k for k, v in node.args.items() if v and k not in CLAUSES}
        if unknown:
            raise Unreadable(f"a clause that plans do not have: {min(unknown)}")
        relation, inner = self._sources(node, scope)
        saved, self._scalars.replaced = self._scalars.replaced, {}
        try:
            if node.args.get("where") is not None:
                relation = Filter(relation, self._scalars.condition(node.args["where"].this, inner))
            relation = self._grouped(node, relation, inner)
            relation = self._windowed(node, relation, inner)
            items = [self._item(item, inner) for item in node.expressions]
            order = node.args.get("order")
            if order is not None:
                relation = Sort(relation, tuple(self._sort_key(k, inner) for k in order.expressions))
            relation = Project(relation, tuple(items))
            if node.args.get("distinct") is not None:
                if node.args["distinct"].args.get("on") is not None:
                    raise Unreadable("DISTINCT ON")
                relation = Distinct(relation)
            return self._limited(node, relation, inner)
        finally:
            self._scalars.replaced = saved

    def _item(self, node: Any, scope: Scope) -> Item:
        name = node.alias_or_name or "column"
        expr = self._scalars.read(node.this if type(node).__name__ == "Alias" else node, scope)
        return Item(self._column(name, expr.type), expr)

    def _sort_key(self, node: Any, scope: Scope) -> SortKey:
        inner = node.this if type(node).__name__ == "Ordered" else node
        return SortKey(
            self._scalars.read(inner, scope), bool(node.args.get("desc")), bool(node.args.get("nulls_first"))
        )

    def _limited(self, node: Any, relation: Relation, scope: Scope) -> Relation:
        limit, offset = node.args.get("limit"), node.args.get("offset")
        if limit is None and offset is None:
            return relation
        start = None if offset is None else self._scalars.read(offset.expression, scope)
        if limit is None:
            fenced = isinstance(start, Literal) and start.value == 0
            return Fence(relation) if fenced else Limit(relation, None, start)
        if type(limit).__name__ != "Limit":
            raise Unreadable("FETCH")
        return Limit(relation, self._scalars.read(limit.expression, scope), start)

    def _grouped(self, node: Any, relation: Relation, scope: Scope) -> Relation:
        group, having = node.args.get("group"), node.args.get("having")
        calls = list(dict.fromkeys(_aggregates([*node.expressions, having, node.args.get("order")])))
        if group is None and not calls and having is None:
            return relation
        if group is not None and any(v for k, v in group.args.items() if k != "expressions"):
            raise Unreadable("GROUPING SETS and their like")
        keys, replaced = [], {}
        for each in group.expressions if group is not None else ():
            if type(each).__name__ == "Literal":
                raise Unreadable("GROUP BY with a position")
            expr = self._scalars.read(each, scope)
            column = self._column("key", expr.type)
            keys.append(Item(column, expr))
            replaced[each.sql("postgres")] = reference(column)
        aggregates = []
        for call in calls:
            column = self._column("aggregate", t.NULL)
            expr = self._scalars.read(call, scope)
            aggregates.append(AggregateItem(column, AggregateCall("count", (expr,), t.NULL, True)))
            replaced[call.sql("postgres")] = reference(column)
        self._scalars.replaced = replaced
        result: Relation = Aggregate(relation, tuple(keys), tuple(aggregates))
        return result if having is None else Filter(result, self._scalars.condition(having.this, scope))

    def _windowed(self, node: Any, relation: Relation, scope: Scope) -> Relation:
        windows = [
            w for each in [*node.expressions, node.args.get("order")] for w in _outside(each) if _is(w, "Window")
        ]
        if not windows:
            return relation
        items, replaced = [], dict(self._scalars.replaced)
        for window in windows:
            column = self._column("window", t.NULL)
            parts = tuple(self._scalars.read(p, scope) for p in window.args.get("partition_by") or ())
            call = WindowCall("count", (self._scalars.read(window, scope),), t.NULL, True, partition=parts)
            items.append(WindowItem(column, call))
            replaced[window.sql("postgres")] = reference(column)
        self._scalars.replaced = replaced
        return Window(relation, tuple(items))

    # ------------------------------------------------------------------------------------------ sources
    def _sources(self, node: Any, scope: Scope) -> tuple[Relation, Scope]:
        from_ = node.args.get("from_")
        if from_ is None:
            return Values((), ((),)), scope
        relation, here = self._source(from_.this, scope)
        inner: dict[str, Mapping[str, ColumnRef]] = {**scope, **here}
        for join in [*(from_.this.args.get("joins") or []), *(node.args.get("joins") or [])]:
            right, added = self._source(join.this, inner if _is(join.this, "Lateral") else scope)
            if set(added) & set(here):
                raise Unreadable("an alias stands twice")
            here, inner = {**here, **added}, {**inner, **added}
            relation = self._joined(join, relation, right, inner)
        return relation, inner

    def _joined(self, join: Any, left: Relation, right: Relation, scope: Scope) -> Relation:
        if join.args.get("using") or join.args.get("method"):
            raise Unreadable("a join by names")
        side = (join.args.get("side") or join.args.get("kind") or "").upper()
        kinds = {
            "": JoinKind.INNER,
            "INNER": JoinKind.INNER,
            "CROSS": JoinKind.INNER,
            "LEFT": JoinKind.LEFT,
            "FULL": JoinKind.FULL,
        }
        if side not in kinds:
            raise Unreadable(f"a {side} join")
        on = join.args.get("on")
        predicate = None if on is None else self._scalars.condition(on, scope)
        if predicate is None and kinds[side] is not JoinKind.INNER:
            raise Unreadable("an outer join without condition")
        return Join(kinds[side], left, right, predicate)

    def _source(self, node: Any, scope: Scope) -> tuple[Relation, dict[str, Mapping[str, ColumnRef]]]:
        kind, alias = type(node).__name__, node.alias_or_name
        if kind == "Lateral":
            return self._source(node.this if node.this.alias else _realias(node), scope)
        if kind == "Subquery":
            return self._named(alias, self.query(node.this, scope), node)
        if kind == "Values":
            rows = tuple(tuple(self._scalars.read(v, scope) for v in row.expressions) for row in node.expressions)
            columns = tuple(self._column(f"column{i}", e.type) for i, e in enumerate(rows[0], 1))
            return self._named(alias, Values(columns, rows), node)
        if kind == "Table" and not _is(node.this, "Identifier"):
            return self._function(node, scope, alias)
        if kind in ("Unnest", "GenerateSeries"):
            return self._function(node, scope, alias)
        if kind != "Table":
            raise Unreadable(f"{kind} in FROM")
        return self._table(node, scope, alias)

    def _function(self, node: Any, scope: Scope, alias: str) -> tuple[Relation, dict[str, Mapping[str, ColumnRef]]]:
        call = node.this if type(node).__name__ == "Table" else node
        named = self._rows_of_let(call, node)
        if named is not None:
            return self._named(alias, named, node)
        args = (
            [self._scalars.read(a, scope) for a in (call.expressions or ())] if _is(call, "Anonymous", "Unnest") else []
        )
        if _is(call, "Anonymous"):
            function_name(call)
        elif not args:
            args = [self._scalars.read(call, scope)]
        columns = [self._column(c.name, t.NULL) for c in (node.args["alias"].args.get("columns") or [])]
        items = tuple(Item(self._column("argument", a.type), a) for a in args)
        rows = Join(JoinKind.INNER, Project(Values((), ((),)), items), LetScan("rows", tuple(columns)), None)
        return self._named(alias, Project(rows, tuple(Item(c, reference(c)) for c in columns)), node)

    def _rows_of_let(self, call: Any, node: Any) -> Relation | None:
        """``unnest`` of columns of a let: its rows, as they were read."""
        binds = [self._bind_of(arg) for arg in call.expressions or ()] if _is(call, "Unnest", "Anonymous") else []
        found = [bind for bind in binds if isinstance(bind, LetColumn)]
        names = {bind.name for bind in found}
        if not binds or len(found) != len(binds) or len(names) != 1 or not names <= self._lets.keys():
            return None
        relation = self._lets[found[0].name]
        own = tuple(Column(next(self._ids), c.name, c.type, c.nullable) for c in relation.columns)
        rows = read_operator(LetRows(found[0].name, own), self._schema, self._lets)
        labels = [c.name for c in node.args["alias"].args.get("columns") or []]
        if len(labels) != len(found):
            return None
        kept = [(label, own[bind.position]) for label, bind in zip(labels, found, strict=True)]
        return Project(rows, tuple(Item(self._column(label, c.type), reference(c)) for label, c in kept))

    def _bind_of(self, node: Any) -> Expr | None:
        inner = node.this if _is(node, "Cast") else node
        if not _is(inner, "Placeholder", "Parameter"):
            return None
        number = str(inner.this.this if hasattr(inner.this, "this") else inner.this)
        return self._binds[int(number) - 1] if number.isdigit() and 1 <= int(number) <= len(self._binds) else None

    def _table(self, node: Any, scope: Scope, alias: str) -> tuple[Relation, dict[str, Mapping[str, ColumnRef]]]:
        name = ".".join(part for part in (node.args["db"].name if node.args.get("db") else "", node.name) if part)
        extra = {k for k, v in node.args.items() if v and k not in ("this", "db", "alias", "joins")}
        if extra:
            raise Unreadable(f"a table with {min(extra)}")
        if name in self._bound:  # rows that are there already: other columns each time, of the same names
            bound = self._bound[name]
            return self._named(alias, LetScan(name, tuple(self._column(c.name, c.type) for c in bound.columns)), node)
        common = self._common.get(name)
        if common is not None:
            return self._use(name, common, scope, alias, node)
        table = self._schema.table_by_name.get(name)
        if table is None:
            raise Unreadable(f"there is no table {name}")
        self.tables.add(name)
        columns = tuple(Column(next(self._ids), c.name, c.type, c.nullable) for c in table.columns)
        if self._pseudo is not None:
            columns = (*columns, Column(next(self._ids), self._pseudo, t.TEXT, False))
        return self._named(alias, Scan(name, columns, None, name), node)

    def _use(
        self, name: str, common: _Common, scope: Scope, alias: str, node: Any
    ) -> tuple[Relation, dict[str, Mapping[str, ColumnRef]]]:
        if name in self._open:  # inside of itself: rows of which nothing is known
            columns = tuple(self._column(n, t.NULL) for n in common.names)
            return self._named(alias, LetScan(name, columns), node)
        self._open.append(name)
        saved, self._scalars.replaced = self._scalars.replaced, {}
        try:
            relation = self.query(common.node, scope)
        finally:
            self._open.pop()
            self._scalars.replaced = saved
        if common.names:
            items = zip(common.names, relation.columns, strict=True)
            relation = Project(relation, tuple(Item(self._column(n, c.type), reference(c)) for n, c in items))
        if common.recursive:  # what is said of its result says nothing of the rows it was made of
            relation = Limit(relation, Literal(2**62, t.INT), Literal(0, t.INT))
        return self._named(alias, relation, node)

    def _named(self, alias: str, relation: Relation, node: Any) -> tuple[Relation, dict[str, Mapping[str, ColumnRef]]]:
        given = node.args["alias"].args.get("columns") if node.args.get("alias") is not None else None
        names = [c.name for c in given] if given else [c.name for c in relation.columns]
        if len(names) != len(relation.columns) or len(set(names)) != len(names):
            raise Unreadable("the columns of a source are not plain")
        return relation, {alias: {n: reference(c) for n, c in zip(names, relation.columns, strict=True)}}


def _is(node: Any, *kinds: str) -> bool:
    return type(node).__name__ in kinds


def _realias(node: Any) -> Any:
    inner = node.this.copy()
    inner.set("alias", node.args.get("alias"))
    return inner


def _outside(node: Any) -> Iterator[Any]:
    """The nodes of an expression outside of its subqueries."""
    if node is None or _is(node, "Subquery", "Select", "Union", "Except", "Intersect", "Exists"):
        return
    yield node
    for child in node.iter_expressions():
        yield from _outside(child)


def _aggregates(nodes: Sequence[Any]) -> Iterator[Any]:
    """The outermost aggregates of expressions; a window's own function is none."""
    stack = [n for n in nodes if n is not None]
    while stack:
        node = stack.pop(0)
        if _is(node, "Subquery", "Select", "Union", "Except", "Intersect", "Exists"):
            continue
        if _is(node, "Window"):
            stack += [c for c in node.this.iter_expressions()] + list(node.args.get("partition_by") or ())
            continue
        called = str(node.this).lower() if _is(node, "Anonymous") else ""
        if _is(node, *AGGREGATES) or called in ANONYMOUS_AGGREGATES:
            yield node
        else:
            stack += list(node.iter_expressions())
