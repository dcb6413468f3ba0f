"""Joins. An inner join adds sources and conditions to the SELECT at hand; an outer join takes its right side as it
stands.

The policy of a left join's right side belongs to its ON: rows that it hides are not matched, and do not remove
rows on the
left. A condition that may raise is kept from hidden rows by fences around the sides that have any.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from liq.model import ir
from liq.model.expr import Call, Expr
from liq_planner.emit import nodes as n
from liq_planner.emit.block import Block, derived, render
from liq_planner.emit.emission import Env
from liq_planner.emit.nodes import Sql
from liq_planner.emit.sources import conjuncts
from liq_planner.emit.sqltypes import cast_to
from liq_planner.prune import references

if TYPE_CHECKING:
    from liq_planner.emit.relations import Relations


def join(r: Relations, relation: ir.Join, env: Env) -> Block:
    """A join of any kind."""
    left, right = r.block(relation.left, env), r.block(relation.right, env)
    match relation.kind:
        case ir.JoinKind.INNER:
            return _inner(r, relation, left, right, env)
        case ir.JoinKind.LEFT:
            return _left(r, relation, left, right, env)
        case ir.JoinKind.FULL:
            return _full(r, relation, left, right, env)


def _inner(r: Relations, relation: ir.Join, left: Block, right: Block, env: Env) -> Block:
    left, right = _mergeable(r, left), _mergeable(r, right)
    both = Block(
        relation.columns,
        {**left.spelled, **right.spelled},
        source=left.source,
        where=[*left.where, *right.where],
        exposed=left.exposed or right.exposed,
        raising=left.raising | right.raising,
    )
    parts = conjuncts(relation.on) if relation.on is not None else ()
    calm = [part for part in parts if not r.is_wild(part, both)]
    wild = [part for part in parts if part not in calm]
    if right.source is None:
        both.joins = left.joins
    elif left.source is None:
        both.source, both.joins = right.source, right.joins
    elif right.joins or any(c.id in references(*calm) and not _can_repeat(both, c.id) for c in both.columns):
        both.joins = [*left.joins, exp.Join(this=right.source, kind="CROSS"), *right.joins]
        return r.restricted(both, [*calm, *wild], env)
    else:
        on = [r.scalars.spell(part, both.env(env)) for part in calm]
        both.joins = [*left.joins, _joined(right.source, "", on)]
        return r.restricted(both, wild, env)
    return r.restricted(both, [*calm, *wild], env)


def _can_repeat(block: Block, id_: int) -> bool:
    return block.can_copy(id_)


def _joined(source: Sql, side: str, on: list[Sql]) -> exp.Join:
    if not on and not side:
        return exp.Join(this=source, kind="CROSS")
    return exp.Join(this=source, side=side or None, on=n.conjunction(on))


def _mergeable(r: Relations, block: Block) -> Block:
    return block if block.is_plain else derived(block, r.emission)


def _left(r: Relations, relation: ir.Join, left: Block, right: Block, env: Env) -> Block:
    left = _mergeable(r, left)
    if left.source is None:
        left = derived(left, r.emission)
    if not right.is_bare:
        right = derived(right, r.emission)
    parts = conjuncts(relation.on) if relation.on is not None else ()
    needed = references(*parts)
    if any(r.is_wild(part, left) or r.is_wild(part, right) for part in parts):
        left = derived(left, r.emission, fence=True) if left.exposed else left
        right = derived(right, r.emission, fence=True) if right.exposed else right
    elif any(id_ in needed and not left.can_copy(id_) for id_ in left.spelled):
        left = derived(left, r.emission)
    spelled = {**left.spelled, **right.spelled}
    on = [r.scalars.spell(part, {**env, **spelled}) for part in parts]
    assert right.source is not None
    return Block(
        relation.columns,
        spelled,
        source=left.source,
        joins=[*left.joins, _joined(right.source, "LEFT", [*on, *right.where])],
        where=left.where,
        exposed=left.exposed or right.exposed,
        raising=left.raising | right.raising,
    )


def _full(r: Relations, relation: ir.Join, left: Block, right: Block, env: Env) -> Block:
    assert relation.on is not None
    parts = conjuncts(relation.on)
    wild = any(r.is_wild(part, left) or r.is_wild(part, right) for part in parts)
    left, right = (
        side if side.is_bare and not side.where else derived(side, r.emission, fence=wild and side.exposed)
        for side in (left, right)
    )
    if not any(_is_hashable(part, relation) for part in parts):
        return _full_by_parts(r, relation, env)
    spelled = {**left.spelled, **right.spelled}
    on = [r.scalars.spell(part, {**env, **spelled}) for part in parts]
    assert right.source is not None
    return Block(
        relation.columns,
        spelled,
        source=left.source,
        joins=[_joined(right.source, "FULL", on)],
        exposed=left.exposed or right.exposed,
        raising=left.raising | right.raising,
    )


def _is_hashable(part: Expr, relation: ir.Join) -> bool:
    """PostgreSQL joins fully only where some condition equates both sides."""
    if not isinstance(part, Call) or part.function != "=":
        return False
    sides = [frozenset(c.id for c in side.columns) for side in (relation.left, relation.right)]
    used = [references(arg) for arg in part.args]
    return any(used[i] and used[1 - i] and used[i] <= sides[0] and used[1 - i] <= sides[1] for i in (0, 1))


def _full_by_parts(r: Relations, relation: ir.Join, env: Env) -> Block:
    """Any other condition: the left join, and the rows on the right that match nothing on the left."""
    matched = _left(r, relation, r.block(relation.left, env), r.block(relation.right, env), env)
    matched.columns = relation.columns
    right = _mergeable(r, r.block(relation.right, env))
    left = _mergeable(r, r.block(relation.left, env))
    assert relation.on is not None
    on = r.restricted(left, list(conjuncts(relation.on)), right.env(env))
    alone = Block(
        relation.columns,
        {**{c.id: cast_to(n.null(), c.type) for c in relation.left.columns}, **right.spelled},
        source=right.source,
        joins=right.joins,
        where=[*right.where, n.negation(n.exists(render(on, [])))],
        exposed=right.exposed,
        raising=right.raising,
    )
    union = exp.Union(this=render(matched), expression=render(alone), distinct=False)
    block = Block(relation.columns, {}, compound=union, exposed=matched.exposed or right.exposed)
    return derived(block, r.emission)
