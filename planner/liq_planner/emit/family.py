"""The members of a query's family: which optional parameters are given, which orders are chosen.

Optional predicates and chosen orders are finite, so each combination gets a text of its own, as long as there are few.
Beyond that one text serves all calls, guarded by parameters.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from liq.model.emitted import Choice
from liq.model.expr import Optional
from liq.model.ir import Query, SortChoice
from liq.model.node import walk
from liq_planner.emit.emission import Family


def switches(query: Query) -> tuple[tuple[str, ...], dict[str, tuple[str, ...]]]:
    """The optional parameters that switch a predicate, and the labels of each chosen order: as declared."""
    optional: set[str] = set()
    orders: dict[str, tuple[str, ...]] = {}
    for node in walk(query):
        match node:
            case Optional(param):
                optional.add(param)
            case SortChoice(param=param, options=options):
                orders[param] = tuple(option.label for option in options)
            case _:
                pass
    return tuple(p.name for p in query.parameters if p.name in optional), orders


def families(query: Query, members_max: int) -> list[tuple[tuple[Choice, ...], Family]] | None:
    """Every member with the choices it is for; None when there are too many."""
    optional, orders = switches(query)
    count = 2 ** len(optional)
    for labels in orders.values():
        count *= len(labels)
    if count > members_max:
        return None
    return [(_choices(family), family) for family in _members(optional, orders)]


def _members(optional: tuple[str, ...], orders: dict[str, tuple[str, ...]]) -> Iterator[Family]:
    for present in product((False, True), repeat=len(optional)):
        given = frozenset(name for name, there in zip(optional, present, strict=True) if there)
        for labels in product(*orders.values()):
            yield Family(given, dict(zip(orders, labels, strict=True)))


def _choices(family: Family) -> tuple[Choice, ...]:
    assert family.given is not None
    given = [Choice(name) for name in sorted(family.given)]
    return (*given, *(Choice(param, label) for param, label in sorted(family.orders.items())))
