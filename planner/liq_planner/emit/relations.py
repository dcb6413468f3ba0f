"""Relations as SELECTs: each kind merges into the block of its input where the meaning allows, else over a derived
table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs
from sqlglot import exp

from liq.model import expr as e
from liq.model import ir
from liq.model import types as t
from liq.model.node import Node, walk
from liq_planner.emit import nodes as n
from liq_planner.emit import sources
from liq_planner.emit.block import Block, derived, labels, render, render_items
from liq_planner.emit.emission import Emission, Env
from liq_planner.emit.follow import follow
from liq_planner.emit.grouping import aggregate, window
from liq_planner.emit.joins import join
from liq_planner.emit.nodes import Sql
from liq_planner.emit.refusal import EmitRefused
from liq_planner.emit.scalars import Scalars
from liq_planner.emit.sqltypes import cast_to
from liq_planner.prune import references
from liq_planner.raising import may_raise


class Relations:
    """Spells relations, and answers what expressions need of them."""

    def __init__(self, emission: Emission, scalars: Scalars, used: frozenset[int]) -> None:
        self.emission = emission
        self.scalars = scalars
        self._used = used
        scalars.subqueries = self

    def used(self, relation: ir.LetScan) -> frozenset[int]:
        """The columns of a let's rows that something refers to."""
        return self._used

    def block(self, relation: e.Relation, env: Env) -> Block:
        """The relation as a SELECT to which more may be added."""
        match relation:
            case ir.Scan():
                return sources.scan(self, relation, env)
            case ir.Values():
                return sources.values(self, relation, env)
            case ir.ParamRows():
                return sources.parameter_rows(self, relation, env)
            case ir.LetScan():
                return sources.let_rows(self, relation, env)
            case ir.Series():
                return sources.series(self, relation, env)
            case ir.Unnest():
                return sources.unnest(self, relation, env)
            case ir.Filter(input_, predicate):
                return self._filter(self.block(input_, env), predicate, env)
            case ir.Project(input_, items):
                return self._project(self.block(input_, env), items, env)
            case ir.Join():
                return join(self, relation, env)
            case ir.Aggregate():
                return aggregate(self, relation, env)
            case ir.Window():
                return window(self, relation, env)
            case ir.Distinct(input_):
                return self._distinct(self.block(input_, env))
            case ir.Sort(input_, keys):
                return self._sort(self.block(input_, env), keys, env)
            case ir.SortChoice():
                return self._sort_choice(relation, env)
            case ir.Limit():
                return self._limit(relation, env)
            case ir.SetOperation():
                return self._set_operation(relation, env)
            case ir.Follow():
                return follow(self, relation, env)
            case _:
                raise EmitRefused(self.scalars.dialect, type(relation).__name__)

    # --------------------------------------------------------------------------------------------- conditions
    def is_wild(self, expr: Node, block: Block) -> bool:
        """Whether it may raise on a row, by itself or by a column of the block that it reads."""
        return may_raise(expr) or bool(references(expr) & block.raising)

    def restricted(self, block: Block, parts: Sequence[e.Expr], env: Env) -> Block:
        """The block with conditions added; those that may raise stand outside a fence if hidden rows are inside."""
        calm = [part for part in parts if not self.is_wild(part, block)]
        wild = [part for part in parts if self.is_wild(part, block)]
        block = self._with_conditions(block, calm, env)
        if wild and block.exposed:
            block = derived(block, self.emission, fence=True)
        return self._with_conditions(block, wild, env)

    def _with_conditions(self, block: Block, parts: Sequence[e.Expr], env: Env) -> Block:
        needed = references(*parts)
        if any(id_ in needed and not block.can_copy(id_) for id_ in block.spelled):
            block = derived(block, self.emission)
        inner = block.env(env)
        nodes = [node for part in parts for node in [self.scalars.spell(part, inner)] if not _is_true(node)]
        if block.grouped:
            return attrs.evolve(block, having=[*block.having, *nodes])
        return attrs.evolve(block, where=[*block.where, *nodes])

    def _filter(self, block: Block, predicate: e.Expr, env: Env) -> Block:
        if block.windowed or block.distinct or block.is_limited or block.compound is not None:
            block = derived(block, self.emission)
        return self.restricted(block, sources.conjuncts(predicate), env)

    # --------------------------------------------------------------------------------------------- shapes
    def _project(self, block: Block, items: Sequence[e.Item], env: Env) -> Block:
        if block.distinct or block.compound is not None or self._is_misplaced(block, items):
            block = derived(block, self.emission)
        inner = block.env(env)
        spelled = {i.column.id: self.scalars.item(i.expr, inner, i.column.type) for i in items}
        raising = frozenset(i.column.id for i in items if self.is_wild(i.expr, block))
        columns = tuple(i.column for i in items)
        return attrs.evolve(block, columns=columns, spelled=spelled, raising=raising)

    def _is_misplaced(self, block: Block, items: Sequence[e.Item]) -> bool:
        """Whether a computed column would be written out twice too often, or inside a subquery, where it may mean
        another."""
        times: dict[int, int] = {}
        inside: set[int] = set()
        for item in items:
            for node in walk(item.expr):
                if isinstance(node, e.ColumnRef):
                    times[node.id] = times.get(node.id, 0) + 1
                elif isinstance(node, e.Relation):
                    inside |= references(node)
        computed = [id_ for id_, node in block.spelled.items() if not isinstance(node, exp.Column)]
        twice = any(times.get(id_, 0) > 1 and not block.can_copy(id_) for id_ in computed)
        return twice or ((block.grouped or block.windowed) and any(id_ in inside for id_ in computed))

    def _distinct(self, block: Block) -> Block:
        if block.distinct or block.is_limited or block.compound is not None:
            block = derived(block, self.emission)
        return attrs.evolve(block, distinct=True, order=[])

    def _set_operation(self, relation: ir.SetOperation, env: Env) -> Block:
        kind: type[exp.SetOperation] = {
            ir.SetOperator.UNION: exp.Union,
            ir.SetOperator.UNION_ALL: exp.Union,
            ir.SetOperator.EXCEPT: exp.Except,
            ir.SetOperator.INTERSECT: exp.Intersect,
        }[relation.operator]
        blocks = [self.block(i, env) for i in relation.inputs]
        queries = [self._operand(block, relation.columns) for block in blocks]
        tree = queries[0]
        for query in queries[1:]:
            tree = kind(this=tree, expression=query, distinct=relation.operator is not ir.SetOperator.UNION_ALL)
        risky = any(block.raising for block in blocks)
        return Block(
            relation.columns,
            {},
            compound=tree,
            exposed=any(block.exposed for block in blocks),
            raising=frozenset(c.id for c in relation.columns) if risky else frozenset(),
        )

    def _operand(self, block: Block, columns: Sequence[e.Column]) -> exp.Query:
        """One side of a set operation, under the labels and types of the result."""
        if block.compound is not None or block.order or block.is_limited or block.distinct:
            block = derived(block, self.emission)
        items = []
        for column, target, label in zip(block.columns, columns, labels(columns), strict=True):
            node = block.spelled[column.id].copy()
            if column.type != target.type or isinstance(node, exp.Literal):
                node = cast_to(node, target.type)
            items.append(n.labelled(node, label))
        return render_items(block, items or [n.number(1)])

    # --------------------------------------------------------------------------------------------- orders
    def _sort(self, block: Block, keys: Sequence[e.SortKey], env: Env) -> Block:
        block = self._sortable(block, keys)
        return attrs.evolve(block, order=self.scalars.sort_keys(keys, block.env(env)))

    def _sortable(self, block: Block, keys: Sequence[e.SortKey]) -> Block:
        needed = references(*keys)
        heavy = any(id_ in needed and not block.can_copy(id_) for id_ in block.spelled)
        if block.distinct or block.is_limited or block.compound is not None or heavy:
            return derived(block, self.emission)
        return block

    def _sort_choice(self, relation: ir.SortChoice, env: Env) -> Block:
        chosen = self.emission.family.orders.get(relation.param)
        block = self.block(relation.input, env)
        if chosen is not None:
            option = next(option for option in relation.options if option.label == chosen)
            return self._sort(block, option.keys, env)
        block = self._sortable(block, [key for option in relation.options for key in option.keys])
        inner, order = block.env(env), []
        for option in relation.options:
            for key in option.keys:
                node = self.scalars.with_collation(self.scalars.wide(key.expr, inner), key.expr.type)
                guarded = n.case([(self._is_chosen(relation, option.label), node)])
                order.append(n.ordered(guarded, key.descending, key.nulls_first))
        return attrs.evolve(block, order=order)

    def _is_chosen(self, relation: ir.SortChoice, label: str) -> Sql:
        """Whether the caller chose this order; the first one when none is."""
        bound = self.emission.bind(e.ParamRef(relation.param, t.TEXT, True))
        first = self.scalars.constant(relation.options[0].label, t.TEXT)
        return n.compare(n.coalesce(bound, first), "=", self.scalars.constant(label, t.TEXT))

    def _limit(self, relation: ir.Limit, env: Env) -> Block:
        block = self.block(relation.input, env)
        if block.is_limited or block.compound is not None:
            block = derived(block, self.emission)
        count, offset = (
            self.scalars.spell(part, env) if part is not None else None for part in (relation.count, relation.offset)
        )
        return attrs.evolve(block, count=count, offset=offset)

    # --------------------------------------------------------------------------------------------- subqueries
    def query(self, relation: e.Relation, env: Env) -> exp.Query:
        """A whole query."""
        return render(self.block(relation, env))

    def exists(self, query: e.Relation, env: Env) -> Sql:
        """EXISTS."""
        block = self.block(query, env)
        return n.exists(render(block, []) if block.compound is None else block.compound)

    def members(self, query: e.Relation, env: Env) -> exp.Query:
        """The right side of IN. PostgreSQL makes a join of it: what may raise in its columns is fenced."""
        block = self.block(query, env)
        result = render(block)
        if block.exposed and block.raising and not block.is_limited:
            result.set("offset", exp.Offset(expression=n.number(0)))
        return result

    def value(self, query: e.Relation, env: Env) -> Sql:
        """A scalar subquery."""
        return n.subquery(self.query(query, env))

    def collected(self, query: e.Relation, env: Env) -> Sql:
        """All rows, in their order, as a jsonb array of the wire forms of records."""
        block = self.block(query, env)
        order = block.order
        if not block.is_plain:
            block, order = self._ordered_table(block)
        record = self.scalars.record([(block.spelled[c.id].copy(), c.type) for c in query.columns])
        block = attrs.evolve(block, order=[])
        rows = n.aggregate("jsonb_agg", [record], order=[key.copy() for key in order])
        listed = n.coalesce(rows, cast_to(n.fixed("[]"), t.JSON))
        return n.subquery(render_items(block, [listed]))

    def _ordered_table(self, block: Block) -> tuple[Block, list[Sql]]:
        """A derived table and the order of its rows, whose keys become columns of it."""
        if block.compound is not None or block.distinct:
            assert not block.order
            return derived(block, self.emission), []
        there = {block.spelled[c.id]: c for c in reversed(block.columns)}
        keys = [
            (there.get(key.this) or self.emission.column(f"o{i}", t.TEXT), key) for i, key in enumerate(block.order, 1)
        ]
        added = [(column, key) for column, key in keys if column not in block.columns]
        spelled: Mapping[int, Sql] = {column.id: key.this.copy() for column, key in added}
        columns = (*block.columns, *(column for column, _ in added))
        wider = attrs.evolve(block, columns=columns, spelled={**block.spelled, **spelled})
        table = derived(wider, self.emission)
        order: list[Sql] = []
        for column, key in keys:
            again = key.copy()
            again.set("this", table.spelled[column.id].copy())
            order.append(again)
        return table, order


def _is_true(node: Sql) -> bool:
    return isinstance(node, exp.Boolean) and bool(node.this)
