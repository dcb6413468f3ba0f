"""O5: results are functions of the rows. Limits, lists and windows that depend on order have one that leaves no
choice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from liq.model.expr import AggregateCall, Collect, ColumnRef, Exists, Expr, Relation, SortKey, WindowCall
from liq.model.ir import Aggregate, Filter, Limit, Project, Sort, SortChoice, Window
from liq.model.node import Node, children
from liq.model.schema import Schema
from liq_verifier.algebra import Fence
from liq_verifier.dependencies import Dependencies, Ids, dependencies
from liq_verifier.fingerprint import free_columns, is_volatile
from liq_verifier.obligation import Kind, Settled, Subject, Verdict

LISTING = frozenset({"array_agg", "string_agg"})
"""Aggregates whose value depends on the order of their input."""
PEERS = frozenset({"rank", "dense_rank", "percent_rank", "cume_dist"})
"""Window functions that give equal rows of an order the same value."""
TIES = "rows that are equal in every order key may differ: complete the order with a key"
POSITIONAL = frozenset({"row_number", "ntile", "lag", "lead", "first_value", "last_value", "nth_value"})


def verify_order(root: Relation, schema: Schema, *, made: bool = False) -> Iterator[Settled]:
    """The obligations of one statement that reads. ``made``: its rows are written, and may have random keys."""
    pending: list[Node] = [root]
    while pending:
        node = pending.pop()
        yield from _of(node, schema)
        below: Iterable[Node] = children(node)
        if isinstance(node, Exists) and isinstance(node.query, Limit) and node.query.offset is None:
            below = (node.query.input,)
        pending.extend(below)
    if not made:
        yield _settled("functions", "nothing random is read", not is_volatile(root), "a volatile function")


def _of(node: Node, schema: Schema) -> Iterator[Settled]:
    match node:
        case Limit():
            yield _settled(
                "limit", "the order of a limited result leaves no choice", _is_limit_fixed(node, schema), TIES
            )
        case Collect(query):
            yield _settled("list", "the order of a nested list leaves no choice", _is_ordered(query, schema), TIES)
        case Aggregate(input_, keys, aggregates):
            known = dependencies(input_, schema)
            group = frozenset(i for key in keys for i in _columns(key.expr))
            for item in aggregates:
                if item.call.function in LISTING:
                    fixed = _is_list_fixed(item.call, known, group)
                    yield _settled("aggregate", f"{item.call.function} has one order", fixed, TIES)
        case Window(input_, windows):
            known = dependencies(input_, schema)
            for window in windows:
                fixed = _is_window_fixed(window.call, known, input_)
                yield _settled("window", f"{window.call.function} has one order", fixed, TIES)
        case _:
            return


def _settled(about: str, claim: str, holds: bool, reason: str) -> Settled:
    verdict = Verdict.PROVED if holds else Verdict.UNKNOWN
    return Settled(Subject(Kind.ORDER, about, claim), verdict, "" if holds else reason)


def _columns(expr: Expr) -> Ids:
    return frozenset({expr.id}) if isinstance(expr, ColumnRef) else frozenset()


def _ordered_by(relation: Relation) -> tuple[tuple[SortKey, ...], ...]:
    """The orders that a relation may have; none where it has none."""
    match relation:
        case Sort(_, keys):
            return (keys,)
        case SortChoice(_, _, options):
            return tuple(option.keys for option in options)
        case Project(input_) | Filter(input_) | Fence(input_) | Limit(input_):
            return _ordered_by(input_)
        case _:
            return ((),)


def _is_ordered(relation: Relation, schema: Schema) -> bool:
    """Whether equal ranks mean equal rows, in every order the relation may have."""
    known = dependencies(relation, schema)
    wanted = frozenset(c.id for c in relation.columns)
    outer = free_columns(relation)
    return all(
        known.closure(outer | {i for key in keys for i in _columns(key.expr)}) >= wanted
        for keys in _ordered_by(relation)
    )


def _is_limit_fixed(limit: Limit, schema: Schema) -> bool:
    return _is_ordered(limit.input, schema)


def _is_list_fixed(call: AggregateCall, known: Dependencies, group: Ids) -> bool:
    ranked = group | {i for key in call.order for i in _columns(key.expr)}
    same = {key.expr for key in call.order}
    return all(arg in same or free_columns(arg) <= known.closure(ranked) for arg in call.args)


def _is_window_fixed(call: WindowCall, known: Dependencies, input_: Relation) -> bool:
    positional = call.function in POSITIONAL or call.function in LISTING or call.frame is not None
    if not positional or call.function in PEERS:
        return True
    ranked = {i for part in call.partition for i in _columns(part)} | {
        i for key in call.order for i in _columns(key.expr)
    }
    return known.closure(ranked) >= frozenset(c.id for c in input_.columns)
