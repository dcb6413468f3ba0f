"""Relations that stand in FROM by themselves: tables, literal rows, rows of parameters and lets, series, lists."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlglot import exp

from liq.model import ir
from liq.model import types as t
from liq.model.emitted import Bind, LetColumn, RowsColumn
from liq.model.expr import And, Column, Expr, Literal
from liq_planner.emit import nodes as n
from liq_planner.emit.block import Block, labels
from liq_planner.emit.emission import Env
from liq_planner.emit.nodes import Sql
from liq_planner.emit.sqltypes import cast_to, is_nested
from liq_planner.raising import is_open

if TYPE_CHECKING:
    from liq_planner.emit.relations import Relations


def conjuncts(predicate: Expr) -> tuple[Expr, ...]:
    """The parts of a conjunction; none of a predicate that is simply true."""
    if isinstance(predicate, Literal) and predicate.value is True:
        return ()
    return (
        tuple(part for arg in predicate.args for part in conjuncts(arg)) if isinstance(predicate, And) else (predicate,)
    )


def scan(r: Relations, relation: ir.Scan, env: Env) -> Block:
    """A table; its policy stands in the WHERE."""
    alias = r.emission.alias(relation.table)
    block = Block(
        relation.columns,
        {c.id: n.column(alias, c.name) for c in relation.columns},
        source=n.table(relation.table, alias),
        exposed=not is_open(relation.access),
    )
    if relation.access is not None:
        block.where = [r.scalars.spell(part, block.env(env)) for part in conjuncts(relation.access.predicate)]
    return block


def values(r: Relations, relation: ir.Values, env: Env) -> Block:
    """Literal rows; a single one needs no source."""
    columns = relation.columns
    rows = [[r.scalars.item(e, env, c.type) for e, c in zip(row, columns, strict=True)] for row in relation.rows]
    if len(rows) == 1:
        return Block(columns, {c.id: typed(node, c) for c, node in zip(columns, rows[0], strict=True)})
    if not rows:
        spelled = {c.id: cast_to(n.null(), c.type) for c in columns}
        return Block(columns, spelled, where=[n.boolean(False)])
    if not columns:
        rows = [[n.number(1)] for _ in rows]
    else:
        rows[0] = [typed(node, c) for node, c in zip(rows[0], columns, strict=True)]
    alias = r.emission.alias("values")
    names = list(labels(columns)) or ["one"]
    tuples = [exp.Tuple(expressions=row) for row in rows]
    source = exp.Values(
        expressions=tuples,
        alias=exp.TableAlias(this=n.alias_name(alias), columns=[n.name(each) for each in names]),
    )
    return Block(columns, {c.id: n.column(alias, name) for c, name in zip(columns, names, strict=False)}, source=source)


def typed(node: Sql, column: Column) -> Sql:
    """A value whose type does not depend on where it stands."""
    if isinstance(node, exp.Cast | exp.Column) or isinstance(column.type, t.Null):
        return node
    return cast_to(node, column.type)


def parameter_rows(r: Relations, relation: ir.ParamRows, env: Env) -> Block:
    """The rows of a row-list parameter: one list per column."""
    return _lists(
        r, [(c, RowsColumn(relation.param, c.name, _list_of(c.type), c.type)) for c in relation.columns], "rows"
    )


def let_rows(r: Relations, relation: ir.LetScan, env: Env) -> Block:
    """The rows that an earlier statement bound: one list per column that is used."""
    used = r.used(relation)
    binds = [(c, LetColumn(relation.name, i, _list_of(c.type))) for i, c in enumerate(relation.columns) if c.id in used]
    if not binds:  # only how many there are matters
        binds = [(relation.columns[0], LetColumn(relation.name, 0, _list_of(relation.columns[0].type)))]
    block = _lists(r, binds, relation.name)
    block.columns = tuple(c for c, _ in binds)
    return block


def _list_of(type_: t.Type) -> t.Type:
    """Lists of lists would be flattened: they travel as texts."""
    return t.List(t.TEXT) if _as_text(type_) else t.List(type_)


def _as_text(type_: t.Type) -> bool:
    return isinstance(type_, t.List | t.Vector) or is_nested(type_)


def _lists(r: Relations, binds: Sequence[tuple[Column, Bind]], of: str) -> Block:
    alias = r.emission.alias(of)
    columns = tuple(c for c, _ in binds)
    names = list(labels(columns))
    lists = [r.emission.bind(bind, bind.type) for _, bind in binds]
    spelled = {}
    for column, name in zip(columns, names, strict=True):
        node = n.column(alias, name)
        spelled[column.id] = cast_to(node, column.type) if _as_text(column.type) else node
    return Block(columns, spelled, source=n.rows_from(n.call("unnest", *lists), alias, names))


def series(r: Relations, relation: ir.Series, env: Env) -> Block:
    """generate_series: dates and instants step on the UTC calendar."""
    alias = r.emission.alias(relation.column.name)
    parts = [r.scalars.wide(part, env) for part in (relation.start, relation.stop, relation.step)]
    node = n.column(alias, relation.column.name)
    match relation.column.type:
        case t.Date() if isinstance(relation.step.type, t.Int):
            parts = [exp.Cast(this=part, to=n.SqlType(this="timestamp")) for part in parts[:2]]
            days = n.call(
                "make_interval",
                *(n.number(0) for _ in range(3)),
                cast_to(r.scalars.spell(relation.step, env), t.Int(32)),
            )
            parts.append(days)  # pyright: ignore
            node = cast_to(node, t.DATE)
        case t.Date():
            parts[:2] = [exp.Cast(this=part, to=n.SqlType(this="timestamp")) for part in parts[:2]]
            node = cast_to(node, t.DATE)
        case t.Timestamp():
            parts[:2] = [n.at_utc(part) for part in parts[:2]]
            node = n.at_utc(node)
        case _:
            pass
    source = n.rows_from(n.call("generate_series", *parts), alias, [relation.column.name])
    return Block(relation.columns, {relation.column.id: node}, source=source)


def unnest(r: Relations, relation: ir.Unnest, env: Env) -> Block:
    """The elements of a list."""
    alias = r.emission.alias(relation.column.name)
    source = n.rows_from(n.call("unnest", r.scalars.spell(relation.list, env)), alias, [relation.column.name])
    return Block(relation.columns, {relation.column.id: n.column(alias, relation.column.name)}, source=source)
