"""``follow`` as a recursive CTE: the nodes reached and their smallest depth, then the edges that leave them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from liq.model import ir
from liq_planner.emit import nodes as n
from liq_planner.emit.block import Block, labels, render
from liq_planner.emit.emission import Env
from liq_planner.emit.nodes import Sql
from liq_planner.emit.sqltypes import cast_to

if TYPE_CHECKING:
    from liq_planner.emit.relations import Relations


def follow(r: Relations, relation: ir.Follow, env: Env) -> Block:
    """Edges within reach. UNION drops nodes met again at the same depth, the bound ends cycles."""
    block = r.block(relation.input, env)
    columns = block.columns
    edges, reach, outer = r.emission.alias("edges"), r.emission.alias("reach"), r.emission.alias("follow")
    names = dict(zip((c.id for c in columns), labels(columns), strict=True))
    keys = [f"k{i}" for i in range(1, len(relation.source) + 1)]
    source = [names[i] for i in relation.source]
    types = {c.id: c.type for c in columns}
    start = [r.scalars.key_of_node(cast_to(r.scalars.spell(s, env), s.type), s.type) for s in relation.start]

    seed = exp.Select(expressions=[n.labelled(s, k) for s, k in zip(start, keys, strict=True)])
    seed.append("expressions", n.labelled(cast_to(n.number(0), relation.depth.type), "depth"))
    deeper = n.infix(n.column(reach, "depth"), "+", n.number(1))
    reached = [r.scalars.key_of_node(n.column(edges, names[i]), types[i]) for i in relation.target]
    step = _select([*reached, deeper], reach, edges, keys, source)
    step.set("where", exp.Where(this=n.compare(deeper.copy(), "<", n.number(relation.maximum))))
    least = exp.Select(
        expressions=[*(n.column(reach, k) for k in keys), n.labelled(n.call("min", n.column(reach, "depth")), "depth")]
    )
    least.set("from_", exp.From(this=exp.Table(this=n.alias_name(reach))))
    least.set("group", exp.Group(expressions=[n.column(reach, k) for k in keys]))

    found = r.emission.alias("found")
    depth = n.labelled(n.infix(n.column(found, "depth"), "+", n.number(1)), _depth_label(names, relation))
    result = _select([*(n.column(edges, name) for name in names.values()), depth], found, edges, keys, source)
    result.set("from_", exp.From(this=exp.Subquery(this=least, alias=exp.TableAlias(this=n.alias_name(found)))))
    result = _with(result, edges, render(block), reach, exp.Union(this=seed, expression=step, distinct=True), keys)
    derived = exp.Subquery(this=result, alias=exp.TableAlias(this=n.alias_name(outer)))
    spelled: dict[int, Sql] = {id_: n.column(outer, name) for id_, name in names.items()}
    spelled[relation.depth.id] = n.column(outer, _depth_label(names, relation))
    return Block((*columns, relation.depth), spelled, source=derived)


def _depth_label(names: dict[int, str], relation: ir.Follow) -> str:
    return relation.depth.name if relation.depth.name not in names.values() else f"{relation.depth.name}_of_follow"


def _select(items: list[Sql], nodes: str, edges: str, keys: list[str], source: list[str]) -> exp.Select:
    """Nodes joined with the edges that leave them."""
    on = [n.compare(n.column(edges, s), "=", n.column(nodes, k)) for s, k in zip(source, keys, strict=True)]
    select = exp.Select(expressions=items)
    select.set("from_", exp.From(this=exp.Table(this=n.alias_name(nodes))))
    select.set("joins", [exp.Join(this=exp.Table(this=n.alias_name(edges)), on=n.conjunction(on))])
    return select


def _with(
    result: exp.Select, edges: str, rows: exp.Query, reach: str, closure: exp.Query, keys: list[str]
) -> exp.Select:
    reach_alias = exp.TableAlias(this=n.alias_name(reach), columns=[n.name(k) for k in [*keys, "depth"]])
    ctes = [
        exp.CTE(this=rows, alias=exp.TableAlias(this=n.alias_name(edges)), materialized=True),
        exp.CTE(this=closure, alias=reach_alias),
    ]
    result.set("with_", exp.With(expressions=ctes, recursive=True))
    return result
