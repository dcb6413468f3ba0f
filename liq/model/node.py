"""What all tree nodes of the model share: one way to reach and to rebuild children."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, TypeVar, cast

import attrs


class Node:
    """A frozen attrs node of the IR or of a physical plan.

    Comparing, hashing and showing are written once, here: they need no call stack however deep a tree is, and nodes
    that are declared with ``eq=False, repr=False`` take half the time to import, which every cold start pays.
    """

    __slots__ = ()

    def __eq__(self, other: object) -> bool:
        pending: list[tuple[object, object]] = [(self, other)]
        while pending:
            left, right = pending.pop()
            if left is right:
                continue
            if type(left) is not type(right):
                return False
            if isinstance(left, Node):
                pending.extend((getattr(left, name), getattr(right, name)) for name in _compared(cast(Any, type(left))))
            elif isinstance(left, tuple) and isinstance(right, tuple):
                if len(left) != len(right):
                    return False
                pending.extend(zip(left, right, strict=True))
            elif left != right:
                return False
        return True

    def __hash__(self) -> int:
        leaves: list[object] = []
        pending: list[object] = [self]
        while pending:
            value = pending.pop()
            if isinstance(value, Node):
                leaves.append(type(value).__name__)
                pending.extend(getattr(value, name) for name in _compared(cast(Any, type(value))))
            elif isinstance(value, tuple):
                leaves.append(len(value))
                pending.extend(value)
            else:
                leaves.append(value)
        return hash(tuple(leaves))

    def __repr__(self) -> str:
        said = (f"{name}={getattr(self, name)!r}" for name in _shown(cast(Any, type(self))))
        return f"{type(self).__name__}({', '.join(said)})"


N = TypeVar("N", bound=Node)


@cache
def _compared(cls: Any) -> tuple[str, ...]:
    return tuple(attribute.name for attribute in attrs.fields(cls) if attribute.eq)


@cache
def _shown(cls: Any) -> tuple[str, ...]:
    return tuple(attribute.name for attribute in attrs.fields(cls) if attribute.repr)


_LEAVES = frozenset({
    "str", "int", "bool", "Type", "Value", "Span", "Truth", "JoinKind", "SetOperator", "RuleKind", "Origin",
    "ConflictAction", "Frame | None", "str | None", "int | None", "str | int", "tuple[str, ...]", "tuple[int, ...]",
    "tuple[str, ...] | None",
})  # fmt: skip
"""Annotations of fields that never hold a node; every other field is looked into."""


_node_fields: dict[type, tuple[str, ...]] = {}


def _look_up(cls: Any) -> tuple[str, ...]:
    found = _node_fields[cls] = tuple(each.name for each in attrs.fields(cls) if each.type not in _LEAVES)
    return found


def children(node: Node) -> list[Node]:
    """The nodes directly below, in field order; tuples of nodes are entered."""
    below: list[Node] = []
    kind = type(node)
    names = _node_fields.get(kind)
    for name in _look_up(kind) if names is None else names:
        value = getattr(node, name)
        if isinstance(value, Node):
            below.append(value)
        elif type(value) is tuple and value:
            _gather(value, below)
    return below


def _gather(values: tuple[Any, ...], below: list[Node]) -> None:
    for value in values:
        if isinstance(value, Node):
            below.append(value)
        elif type(value) is tuple:
            _gather(value, below)


def map_children(node: N, change: Callable[[Any], Any]) -> N:
    """The same node over changed children; the node itself where nothing changed."""
    changes: dict[str, Any] = {}
    kind = type(node)
    names = _node_fields.get(kind)
    for name in _look_up(kind) if names is None else names:
        old = getattr(node, name)
        new = _mapped(old, change)
        if new is not old:
            changes[name] = new
    return cast(N, attrs.evolve(cast(Any, node), **changes)) if changes else node


def _mapped(value: Any, change: Callable[[Any], Any]) -> Any:
    if isinstance(value, Node):
        return change(value)
    if isinstance(value, tuple):
        items = tuple(_mapped(item, change) for item in value)
        return value if all(new is old for new, old in zip(items, value, strict=True)) else items
    return value


def walk(node: Node) -> Iterator[Node]:
    """Every node of the tree, parents first, left to right. Iterative: depth is not bounded by Python's stack."""
    stack = [node]
    while stack:
        current = stack.pop()
        yield current
        below = children(current)
        below.reverse()
        stack += below
