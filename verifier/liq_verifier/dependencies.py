"""Functional dependencies: which columns of a relation have one value wherever some others have.

Rows that agree on an order's columns are interchangeable when those determine every column, so that is what a limit
needs.
Inference is sound, not complete. Equality is SQL's; a computed column depends on its inputs only where equal inputs
are the
same value (a text made of 1.0 and 1.00 is not).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from attrs import field, frozen

from liq.model.expr import And, Call, Column, ColumnRef, Expr, Is, Item, Relation, Truth
from liq.model.ir import (
    Aggregate,
    Distinct,
    Filter,
    Follow,
    Join,
    JoinKind,
    Limit,
    Project,
    Scan,
    Series,
    SetOperation,
    SetOperator,
    Sort,
    SortChoice,
    Values,
    Window,
)
from liq.model.node import walk
from liq.model.schema import Schema
from liq_verifier.algebra import Fence
from liq_verifier.fingerprint import free_columns, is_volatile
from liq_verifier.sorts import is_exact

Ids = frozenset[int]


@frozen
class Dependencies:
    """``rules``: equal values of the first columns mean equal values of the second. ``unique``: columns no two rows
    agree on."""

    rules: tuple[tuple[Ids, Ids], ...] = ()
    unique: Ids | None = None
    pending: tuple[tuple[int, Ids, Ids], ...] = field(default=())
    """Keys that hold once a tombstone (the first id) is known to be null."""

    def closure(self, known: Iterable[int]) -> Ids:
        """Every column that the known ones determine."""
        found = set(known)
        grown = True
        while grown:
            grown = False
            for left, right in self.rules:
                if left <= found and not right <= found:
                    found |= right
                    grown = True
        return frozenset(found)


def dependencies(relation: Relation, schema: Schema) -> Dependencies:
    """What is known of a relation."""
    match relation:
        case Scan():
            return _scan(relation, schema)
        case Filter(input_, predicate):
            return _filtered(dependencies(input_, schema), _parts(predicate), _own(input_))
        case Project(input_, items):
            return _computed(dependencies(input_, schema), items)
        case Join():
            return _joined(relation, schema)
        case Aggregate(input_, keys, aggregates):
            below = _computed(dependencies(input_, schema), keys)
            ids = frozenset(k.column.id for k in keys)
            return Dependencies((*below.rules, (ids, frozenset(a.column.id for a in aggregates))), ids)
        case Window(input_, items):
            return _with_unique(dependencies(input_, schema), [i.column.id for i in items])
        case Follow(input_, depth=depth):
            return _with_unique(dependencies(input_, schema), [depth.id])
        case Distinct(input_):
            below = dependencies(input_, schema)
            unique = below.unique if below.unique is not None else frozenset(c.id for c in input_.columns)
            return Dependencies(below.rules, unique, below.pending)
        case Sort(input_) | SortChoice(input_) | Limit(input_) | Fence(input_):
            return dependencies(input_, schema)
        case _:
            return _leaf(relation)


def _leaf(relation: Relation) -> Dependencies:
    ids = frozenset(c.id for c in relation.columns)
    match relation:
        case Values(_, rows) if len(rows) <= 1:
            return Dependencies(((frozenset(), ids),), frozenset())
        case Series():
            return Dependencies(unique=ids)
        case SetOperation(operator) if operator is not SetOperator.UNION_ALL:
            return Dependencies(unique=ids)
        case _:
            return Dependencies()


def _own(relation: Relation) -> Ids:
    return frozenset(n.id for n in walk(relation) if isinstance(n, Column))


def _parts(expr: Expr) -> Iterator[Expr]:
    if isinstance(expr, And):
        for arg in expr.args:
            yield from _parts(arg)
    else:
        yield expr


def _scan(scan: Scan, schema: Schema) -> Dependencies:
    table = schema.table_by_name[scan.table]
    ids = {c.name: c.id for c in scan.columns}
    every = frozenset(ids.values())
    tombstone = table.tombstone
    rules: list[tuple[Ids, Ids]] = []
    always: list[tuple[Ids, Ids]] = []
    for key in sorted(table.keys, key=lambda k: not k.primary):
        whole = not key.nulls_distinct or not any(table.by_name[c].nullable for c in key.columns)
        if key.where is None and whole and set(key.columns) <= ids.keys():
            held = tombstone is None or (table.name, frozenset(key.columns)) in schema.pointed_at
            (always if held else rules).append((frozenset(ids[c] for c in key.columns), every))
    unique = always[0][0] if always else None
    if tombstone is None or tombstone.name not in ids:
        return Dependencies(tuple(always), unique)
    pending = tuple((ids[tombstone.name], left, right) for left, right in rules)
    return Dependencies(tuple(always), unique, pending)


def _filtered(below: Dependencies, parts: Iterable[Expr], own: Ids) -> Dependencies:
    """A predicate that is true of all rows: equalities tie columns together, or fix them."""
    rules, unique = list(below.rules), below.unique
    for part in parts:
        match part:
            case Call("=", (left, right)):
                for one, other in ((left, right), (right, left)):
                    if isinstance(one, ColumnRef) and _is_function(other):
                        rules.append((free_columns(other) & own, frozenset({one.id})))
            case Is(ColumnRef(id_), Truth.NULL, False):
                rules.append((frozenset(), frozenset({id_})))
                alive = [(left, right) for tomb, left, right in below.pending if tomb == id_]
                rules += alive
                unique = alive[0][0] if unique is None and alive else unique
            case _:
                pass
    return Dependencies(tuple(rules), unique, below.pending)


def _is_function(expr: Expr) -> bool:
    """Whether equal columns give an equal value."""
    if isinstance(expr, ColumnRef):
        return True
    return not is_volatile(expr) and all(is_exact(n.type) for n in walk(expr) if isinstance(n, ColumnRef))


def _computed(below: Dependencies, items: Sequence[Item]) -> Dependencies:
    rules = list(below.rules)
    for item in items:
        id_ = item.column.id
        if isinstance(item.expr, ColumnRef):
            if item.expr.id != id_:
                rules += [(frozenset({item.expr.id}), frozenset({id_})), (frozenset({id_}), frozenset({item.expr.id}))]
        elif _is_function(item.expr):
            rules.append((free_columns(item.expr), frozenset({id_})))
    return Dependencies(tuple(rules), below.unique, below.pending)


def _with_unique(below: Dependencies, computed: Iterable[int]) -> Dependencies:
    if below.unique is None:
        return below
    return Dependencies((*below.rules, (below.unique, frozenset(computed))), below.unique, below.pending)


def _joined(join: Join, schema: Schema) -> Dependencies:
    left, right = dependencies(join.left, schema), dependencies(join.right, schema)
    unique = None if left.unique is None or right.unique is None else left.unique | right.unique
    parts = () if join.on is None else tuple(_parts(join.on))
    match join.kind:
        case JoinKind.INNER:
            both = Dependencies(left.rules + right.rules, unique, left.pending + right.pending)
            return _filtered(both, parts, _own(join))
        case JoinKind.LEFT:
            return Dependencies(left.rules + _outer_rules(join, right, parts), unique, left.pending)
        case JoinKind.FULL:
            return Dependencies()


def _outer_rules(join: Join, right: Dependencies, parts: Sequence[Expr]) -> tuple[tuple[Ids, Ids], ...]:
    """Where the condition finds at most one right row, the left columns in it determine the right ones, null or not.

    Rules of the right side stay where a column that cannot be null says that the row is there.
    """
    ours = frozenset(c.id for c in join.right.columns)
    there = {c.id for c in join.right.columns if not c.nullable}
    rules = [(a, b & ours) for a, b in right.rules if a & there]
    matched = _filtered(right, parts, _own(join.right))
    left_ids = _own(join.left)
    if matched.closure(left_ids) >= ours and join.on is not None:
        rules.append((free_columns(join.on) & left_ids, ours))
    return tuple(rules)
