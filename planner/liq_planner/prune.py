"""Columns that nothing uses are left out, from the root down. What a relation means for the columns that stay is the
same."""

from __future__ import annotations

from typing import cast

import attrs

from liq.model.expr import Collect, ColumnRef, Exists, Expr, InQuery, Relation, ScalarQuery
from liq.model.ir import (
    Aggregate,
    Delete,
    Distinct,
    Filter,
    Follow,
    Insert,
    Join,
    LetScan,
    Limit,
    ParamRows,
    Project,
    Scan,
    Series,
    SetOperation,
    Sort,
    SortChoice,
    Unnest,
    Update,
    Values,
    Window,
)
from liq.model.node import Node, map_children, walk

Ids = frozenset[int]


def prune(relation: Relation) -> Relation:
    """The relation with all its columns, and nothing below that they do not need."""
    return _pruned(relation, _all(relation))


def prune_expr(expr: Expr) -> Expr:
    """The expression, its subqueries pruned."""
    return cast(Expr, _expression(expr))


def references(*nodes: Node | None) -> Ids:
    """The ids of the columns that are referred to, those of subqueries included."""
    found: set[int] = set()
    for node in nodes:
        for inner in walk(node) if node is not None else ():
            match inner:
                case ColumnRef(id_):
                    found.add(id_)
                case Follow(source=source, target=target):
                    found.update(source, target)
                case _:
                    pass
    return frozenset(found)


def _all(relation: Relation) -> Ids:
    return frozenset(column.id for column in relation.columns)


def _expression(node: Node) -> Node:
    match node:
        case Exists(query):
            return attrs.evolve(node, query=_pruned(query, frozenset()))
        case InQuery(query=query) | ScalarQuery(query) | Collect(query):
            inner = cast(InQuery, map_children(node, _expression))
            return attrs.evolve(inner, query=_pruned(query, _all(query)))
        case Relation():
            return node  # the query of the node above, which prunes it itself
        case _:
            return map_children(node, _expression)


def _pruned(relation: Relation, needed: Ids) -> Relation:
    match relation:
        case Scan(columns=columns, access=access):
            kept = needed | references(access.predicate if access else None)
            slim = attrs.evolve(relation, columns=tuple(c for c in columns if c.id in kept))
            return _with_expressions(slim)
        case Values(columns, rows):
            places = [i for i, c in enumerate(columns) if c.id in needed] or list(range(len(columns)))[:1]
            kept_rows = tuple(tuple(row[i] for i in places) for row in rows)
            return _with_expressions(attrs.evolve(relation, columns=tuple(columns[i] for i in places), rows=kept_rows))
        case ParamRows(columns=columns):
            return attrs.evolve(relation, columns=tuple(c for c in columns if c.id in needed) or columns[:1])
        case Series() | Unnest() | LetScan():
            return _with_expressions(relation)
        case Filter(input_, predicate):
            return _over(relation, input_, needed | references(predicate))
        case Project(input_, items):
            kept_items = tuple(item for item in items if item.column.id in needed)
            return _over(attrs.evolve(relation, items=kept_items), input_, references(*kept_items))
        case Join(left=left, right=right, on=on):
            below = needed | references(on)
            joined = cast(Join, _with_expressions(relation))
            return attrs.evolve(joined, left=_pruned(left, below), right=_pruned(right, below))
        case Aggregate(input_, keys, aggregates):
            kept_calls = tuple(item for item in aggregates if item.column.id in needed)
            below = references(*(k.expr for k in keys), *kept_calls)
            return _over(attrs.evolve(relation, aggregates=kept_calls), input_, below)
        case Window(input_, window_items):
            kept_windows = tuple(item for item in window_items if item.column.id in needed)
            if not kept_windows:
                return _pruned(input_, needed)
            return _over(attrs.evolve(relation, items=kept_windows), input_, needed | references(*kept_windows))
        case Distinct(input_):
            return _over(relation, input_, _all(input_))
        case Sort(input_, keys) | SortChoice(input_, _, keys):
            return _over(relation, input_, needed | references(*keys))
        case Limit(input_):
            return _over(relation, input_, needed)
        case SetOperation(inputs=inputs):
            return attrs.evolve(relation, inputs=tuple(_pruned(i, _all(i)) for i in inputs))
        case Follow(input_, source, target):
            return _over(relation, input_, needed | frozenset(source) | frozenset(target))
        case Insert(source=rows_):
            return attrs.evolve(cast(Insert, _with_expressions(relation)), source=_pruned(rows_, _all(rows_)))
        case Update() | Delete():
            return _with_expressions(relation)
        case _:
            raise AssertionError(type(relation))


def _over(relation: Relation, input_: Relation, needed: Ids) -> Relation:
    return cast(Relation, attrs.evolve(cast(Filter, _with_expressions(relation)), input=_pruned(input_, needed)))


def _with_expressions(relation: Relation) -> Relation:
    """The relation with the subqueries of its own expressions pruned; its inputs are left to the caller."""
    return map_children(relation, _expression)
