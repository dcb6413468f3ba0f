"""Which scans need a barrier: those whose hidden rows a condition that may raise could be evaluated on.

Conditions (``where``, ``on``) may be evaluated in any order, and so before the policies below them. Computed values
are made
of rows that are there; but a condition over such a value is one over its expression, and a subquery inside a
condition is
evaluated with it.
"""

from __future__ import annotations

from collections.abc import Iterator

from liq.model import ir
from liq.model.expr import Expr, Relation
from liq.model.node import Node, children, walk
from liq_planner.prune import references
from liq_planner.raising import is_open, may_raise


def scans_to_fence(body: Relation) -> frozenset[int]:
    """The scans, by identity of the node, that a barrier must stand above."""
    raising = _raising_columns(body)
    found: set[int] = set()
    for node in walk(body):
        match node:
            case ir.Filter(input_, predicate) if _is_wild(predicate, raising):
                found.update(_closed_scans(input_))
            case ir.Join(left=left, right=right, on=Expr() as on) if _is_wild(on, raising):
                found.update((*_closed_scans(left), *_closed_scans(right)))
            case ir.Update(scan=scan, predicate=predicate) | ir.Delete(scan=scan, predicate=predicate) if _is_wild(
                predicate, raising
            ):
                found.update(_closed_scans(scan))
            case _:
                pass
    return frozenset(found)


def _is_wild(condition: Expr, raising: frozenset[int]) -> bool:
    return may_raise(condition) or bool(references(condition) & raising)


def _closed_scans(relation: Relation) -> Iterator[int]:
    """The scans below whose policy looks at rows; those of subqueries have conditions of their own."""
    stack: list[Relation] = [relation]
    while stack:
        current = stack.pop()
        if isinstance(current, ir.Scan) and not is_open(current.access):
            yield id(current)
        stack.extend(child for child in children(current) if isinstance(child, Relation))


def _raising_columns(body: Relation) -> frozenset[int]:
    """Columns whose expressions may raise, also by way of other such columns."""
    definitions: dict[int, tuple[bool, frozenset[int]]] = {}
    for node in walk(body):
        for column, expr in _definitions(node):
            definitions[column] = (may_raise(expr), references(expr))
        if isinstance(node, ir.SetOperation):
            for place, made in enumerate(node.columns):
                definitions[made.id] = (False, frozenset(i.columns[place].id for i in node.inputs))
    raising = {column for column, (itself, _) in definitions.items() if itself}
    grown = True
    while grown:
        more = {c for c, (_, used) in definitions.items() if c not in raising and used & raising}
        grown = bool(more)
        raising |= more
    return frozenset(raising)


def _definitions(node: Node) -> Iterator[tuple[int, Node]]:
    match node:
        case ir.Project(items=items):
            yield from ((item.column.id, item.expr) for item in items)
        case ir.Aggregate(keys=keys):
            yield from ((key.column.id, key.expr) for key in keys)
        case ir.Window(items=window_items):
            yield from ((item.column.id, item.call) for item in window_items)
        case _:
            pass
