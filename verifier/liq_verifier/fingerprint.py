"""When two expressions are the same but for the ids and names of the columns they define: equal fingerprints, equal
values.

Used to give one symbol to what occurs twice (a policy's subquery in a plan and in the schema), and to compare trees.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from functools import cache
from typing import Any

import attrs

from liq.model.expr import Call, ClaimRef, Column, ColumnRef, Item, Literal, ParamRef
from liq.model.functions import FUNCTIONS
from liq.model.ir import Follow, Rule, Scan
from liq.model.node import Node, map_children, walk

_IGNORED = frozenset({"span", "nullable", "alias", "name", "rules"})
Print = Any
"""Nested tuples of strings: hashable, compared by value."""


@cache
def _fields(cls: Any) -> tuple[str, ...]:
    return tuple(a.name for a in attrs.fields(cls) if a.eq is not False and a.name not in _IGNORED)


@cache
def _scalar_fields(cls: Any) -> tuple[str, ...]:
    return tuple(a.name for a in attrs.fields(cls) if a.eq is not False and a.name != "span")


def fingerprint(node: Node, outer: Mapping[int, str]) -> Print:
    """What the node says, with ``outer`` column ids as named there and its own columns numbered."""
    return _Printer(outer).of(node)


class _Printer:
    def __init__(self, outer: Mapping[int, str]) -> None:
        self._outer = outer
        self._own: dict[int, str] = {}

    def name(self, column: int) -> str:
        found = self._own.get(column)
        return found if found is not None else self._outer.get(column, f"free {column}")

    def define(self, column: Column) -> str:
        return self._own.setdefault(column.id, f"own {len(self._own)}")

    def of(self, value: Any) -> Print:
        match value:
            case ColumnRef(id=id_):
                return ("column", self.name(id_))
            case Column():
                return self.define(value)
            case ParamRef(name, key=key):
                return ("param", name, key)
            case ClaimRef(name):
                return ("claim", name)
            case Literal(constant, type_):
                return ("literal", type(constant).__name__, repr(constant), str(type_))
            case Scan():
                return self._scan(value)
            case Item(column, expr):
                return (self.of(expr), self.of(column))
            case Follow():
                below = self.of(value.input)
                ends = (tuple(map(self.name, value.source)), tuple(map(self.name, value.target)))
                return ("follow", below, ends, self.of(value.start), value.maximum, self.of(value.depth))
            case tuple():
                return tuple(map(self.of, value))
            case Rule():
                return None
            case Node():
                return self._node(value)
            case Enum():
                return value.name
            case None | bool() | int() | str():
                return repr(value)
            case _ if attrs.has(type(value)):
                return str(value)
            case _:
                return repr(value)

    def _scan(self, scan: Scan) -> Print:
        number = sum(1 for name in self._own.values() if name.startswith("scan"))
        for column in scan.columns:
            self._own.setdefault(column.id, f"scan {number}.{column.name}")
        return ("scan", scan.table, scan.with_deleted, self.of(scan.access))

    def _node(self, node: Node) -> Print:
        kind: Any = type(node)
        names = _scalar_fields(kind) if _needs_name(node) else _fields(kind)
        return (type(node).__name__, *(self.of(getattr(node, name)) for name in names))


def _needs_name(node: Node) -> bool:
    return type(node).__name__ in ("LetScan", "RecordField")


def is_volatile(node: Node) -> bool:
    """Whether evaluating twice may give two values."""
    return any(
        isinstance(inner, Call) and any(o.volatility == "volatile" for o in FUNCTIONS.get(inner.function, ()))
        for inner in walk(node)
    )


def free_columns(node: Node) -> frozenset[int]:
    """Ids of the columns that the node refers to and does not define."""
    refs = {n.id for n in walk(node) if isinstance(n, ColumnRef)}
    refs |= {i for n in walk(node) if isinstance(n, Follow) for i in (*n.source, *n.target)}
    return frozenset(refs - {n.id for n in walk(node) if isinstance(n, Column)})


def has_query(node: Node) -> bool:
    """Whether a subquery stands in the expression."""
    return any(hasattr(inner, "query") for inner in walk(node))


def replace_columns(node: Any, by: Mapping[int, Any]) -> Any:
    """The node with references to columns replaced; ids are unique in a plan, so nothing can be captured."""
    if not by:
        return node
    if isinstance(node, ColumnRef):
        return by.get(node.id, node)
    return map_children(node, lambda child: replace_columns(child, by))
