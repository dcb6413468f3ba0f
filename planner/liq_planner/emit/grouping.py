"""GROUP BY, aggregates and window functions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import attrs
from sqlglot import exp

from liq.model import expr as e
from liq.model import ir
from liq.model import types as t
from liq_planner.emit import nodes as n
from liq_planner.emit.block import Block, derived, is_repeatable
from liq_planner.emit.emission import Env
from liq_planner.emit.nodes import Sql
from liq_planner.emit.refusal import EmitRefused
from liq_planner.emit.sqltypes import cast_to
from liq_planner.prune import references
from liq_planner.raising import may_raise

if TYPE_CHECKING:
    from liq_planner.emit.relations import Relations

AGGREGATE_NAMES = {"stddev": "stddev_samp", "variance": "var_samp"}


def aggregate(r: Relations, relation: ir.Aggregate, env: Env) -> Block:
    """One row per group."""
    block = r.block(relation.input, env)
    if not block.is_plain:
        block = derived(block, r.emission)
    block.order = []
    block, relation = _with_columns_of_its_own(r, relation, block, env)
    inner = block.env(env)
    keys = {k.column.id: _group_key(r, k, inner) for k in relation.keys}
    calls = {a.column.id: _aggregate_call(r, a.call, inner) for a in relation.aggregates}
    raising = frozenset(k.column.id for k in relation.keys if r.is_wild(k.expr, block))
    return attrs.evolve(
        block,
        columns=relation.columns,
        spelled=keys | calls,
        grouped=True,
        group=[node.copy() for node in keys.values()],
        having=[] if keys or calls else [n.boolean(True)],
        raising=raising,
    )


def _group_key(r: Relations, key: e.Item, env: Env) -> Sql:
    """A key; a constant is cast, since a bare number in GROUP BY would be the number of a column."""
    node = r.scalars.item(key.expr, env, key.column.type)
    return cast_to(node, key.column.type) if n.is_constant(node) else node


def _with_columns_of_its_own(
    r: Relations, relation: ir.Aggregate, block: Block, env: Env
) -> tuple[Block, ir.Aggregate]:
    """Keys and arguments that PostgreSQL would misread become columns of a derived table first.

    An aggregate over nothing but outer columns would belong to the outer query; a key with a subquery inside
    would not be
    recognised in the select list.
    """
    items: list[e.Item] = []

    def moved(expr: e.Expr, name: str) -> e.ColumnRef:
        column = r.emission.column(name, expr.type)
        items.append(e.Item(column, expr))
        return e.ColumnRef(column.id, name, expr.type, True)

    local = frozenset(block.spelled)
    keys = tuple(
        k if _is_simple_key(k.expr, block) else attrs.evolve(k, expr=moved(k.expr, k.column.name))
        for k in relation.keys
    )
    calls = []
    for item in relation.aggregates:
        call = item.call
        used = references(*call.args, call.where)
        if used & frozenset(env) and not used & local:
            args = tuple(moved(arg, "arg") for arg in call.args)
            where = moved(call.where, "cond") if call.where is not None else None
            call = attrs.evolve(call, args=args, where=where)
        calls.append(attrs.evolve(item, call=call))
    if not items:
        return block, relation
    spelled = {i.column.id: r.scalars.item(i.expr, block.env(env), i.column.type) for i in items}
    raising = frozenset(i.column.id for i in items if r.is_wild(i.expr, block))
    columns = (*block.columns, *(i.column for i in items))
    wider = attrs.evolve(block, columns=columns, spelled=block.spelled | spelled, raising=block.raising | raising)
    return derived(wider, r.emission), attrs.evolve(relation, keys=keys, aggregates=tuple(calls))


def _is_simple_key(expr: e.Expr, block: Block) -> bool:
    subqueries = e.ScalarQuery | e.Exists | e.InQuery | e.Collect
    if any(isinstance(inner, subqueries) for inner in ir_walk(expr)):
        return False
    return all(is_repeatable(block.spelled[id_]) for id_ in references(expr) if id_ in block.spelled)


def ir_walk(expr: e.Expr) -> Sequence[object]:
    """Every node of an expression."""
    from liq.model.node import walk

    return tuple(walk(expr))


# ------------------------------------------------------------------------------------------------- aggregates
def _aggregate_call(r: Relations, call: e.AggregateCall, env: Env) -> Sql:
    args = [_argument(r, arg, env) for arg in call.args]
    order = r.scalars.sort_keys(call.order, env)
    node = _spelled(r, call, args, order)
    if call.where is not None:
        return _under_condition(node, r.scalars.spell(call.where, env))
    return node


def _under_condition(node: Sql, condition: Sql) -> Sql:
    """FILTER belongs to the aggregate itself, inside what is made of its result."""
    if isinstance(node, n.Subscript):
        inner = node.this.this if isinstance(node.this, exp.Paren) else node.this
        return n.subscript(n.paren(n.filtered(inner, condition)), node.expression)
    if isinstance(node, exp.Cast):
        return exp.Cast(this=_under_condition(node.this, condition), to=node.args["to"])
    return n.filtered(node, condition)


def _argument(r: Relations, arg: e.Expr, env: Env) -> Sql:
    node = r.scalars.wide(arg, env)
    return cast_to(node, arg.type) if isinstance(node, exp.Literal | exp.Null) else node


def _spelled(r: Relations, call: e.AggregateCall, args: list[Sql], order: list[Sql]) -> Sql:
    if call.function == "count" and not args:
        return n.call("count", exp.Star())
    if call.function == "percentile":
        within = exp.Order(expressions=[n.ordered(args[1], False, False)])
        return exp.WithinGroup(this=n.call("percentile_cont", args[0]), expression=within)
    if call.function in ("min", "max"):
        return _extreme(r, call, args[0])
    name = AGGREGATE_NAMES.get(call.function, call.function)
    if call.distinct and order:
        args, order = _distinct_in_order(r, call, args, order)
    return n.aggregate(name, args, call.distinct, order)


def _distinct_in_order(
    r: Relations, call: e.AggregateCall, args: list[Sql], order: list[Sql]
) -> tuple[list[Sql], list[Sql]]:
    """PostgreSQL wants the keys of the order among the arguments, spelled alike, collation included."""
    if len(call.order) != 1 or call.order[0].expr != call.args[0]:
        raise EmitRefused(r.scalars.dialect, "a distinct aggregate in the order of something else", call.args[0].span)
    first = r.scalars.with_collation(args[0], call.args[0].type)
    key = call.order[0]
    return [first, *args[1:]], [n.ordered(first.copy(), key.descending, key.nulls_first)]


def _extreme(r: Relations, call: e.AggregateCall, arg: Sql) -> Sql:
    """min and max; types for which PostgreSQL has none are ordered as lists."""
    match call.args[0].type:
        case t.Bool():
            return n.call("bool_and" if call.function == "min" else "bool_or", arg)
        case t.Uuid() | t.Bytes() | t.Json():
            descending = call.function == "max"
            key = n.ordered(arg.copy(), descending, False)  # nulls last either way: the first is the answer
            listed = n.aggregate("array_agg", [arg], order=[key])
            return n.subscript(n.paren(listed), n.number(1))
        case type_:
            return n.call(call.function, r.scalars.with_collation(arg, type_))


# ------------------------------------------------------------------------------------------------- windows
def window(r: Relations, relation: ir.Window, env: Env) -> Block:
    """Each row with window columns added."""
    block = r.block(relation.input, env)
    if block.windowed or block.distinct or block.is_limited or block.compound is not None:
        block = derived(block, r.emission)
    used = references(*relation.items)
    if any(id_ in used and not block.can_copy(id_) for id_ in block.spelled):
        block = derived(block, r.emission)
    block.order = []
    inner = block.env(env)
    added = {item.column.id: _window_call(r, item.call, inner) for item in relation.items}
    risky = frozenset(i.column.id for i in relation.items if may_raise(i.call))
    return attrs.evolve(
        block,
        columns=relation.columns,
        spelled=block.spelled | added,
        windowed=True,
        raising=block.raising | risky,
    )


def _window_call(r: Relations, call: e.WindowCall, env: Env) -> Sql:
    if call.function == "count" and not call.args:
        node: Sql = n.call("count", exp.Star())
    elif call.function in ("min", "max"):
        if isinstance(call.args[0].type, t.Uuid | t.Bytes | t.Json):
            raise EmitRefused(
                r.scalars.dialect, f"{call.function} of {call.args[0].type} over a window", call.args[0].span
            )
        plain = e.AggregateCall(call.function, call.args, call.type, call.nullable)
        node = _extreme(r, plain, _argument(r, call.args[0], env))
    else:
        name = AGGREGATE_NAMES.get(call.function, call.function)
        node = n.call(name, *_window_arguments(r, call, env))
    if call.where is not None:
        node = n.filtered(node, r.scalars.spell(call.where, env))
    order = r.scalars.sort_keys(call.order, env)
    over = exp.Window(
        this=node,
        partition_by=[r.scalars.item(p, env, p.type) for p in call.partition] or None,
        order=exp.Order(expressions=order) if order else None,
        spec=_frame(call.frame) if call.frame is not None else None,
    )
    return cast_to(over, t.INT) if call.function == "ntile" else over


def _window_arguments(r: Relations, call: e.WindowCall, env: Env) -> list[Sql]:
    args = [_argument(r, arg, env) for arg in call.args]
    if call.function in ("ntile", "lag", "lead", "nth_value"):
        position = 0 if call.function == "ntile" else 1
        if len(args) > position:
            args[position] = cast_to(r.scalars.spell(call.args[position], env), t.Int(32))
    return args


def _frame(frame: e.Frame) -> exp.WindowSpec:
    start, start_side = _bound(frame.start)
    end, end_side = _bound(frame.end)
    return exp.WindowSpec(kind="ROWS", start=start, start_side=start_side, end=end, end_side=end_side)


def _bound(bound: e.Bound) -> tuple[Sql | str, str | None]:
    match bound.kind:
        case e.BoundKind.UNBOUNDED_PRECEDING:
            return "UNBOUNDED", "PRECEDING"
        case e.BoundKind.UNBOUNDED_FOLLOWING:
            return "UNBOUNDED", "FOLLOWING"
        case e.BoundKind.CURRENT_ROW:
            return "CURRENT ROW", None
        case e.BoundKind.PRECEDING:
            return n.number(bound.rows), "PRECEDING"
        case e.BoundKind.FOLLOWING:
            return n.number(bound.rows), "FOLLOWING"
