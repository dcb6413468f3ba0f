"""What all tree nodes of the model share: one way to reach and to rebuild children."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, TypeVar, cast

import attrs


class Node:
    """A frozen attrs node of the IR or of a physical plan."""

    __slots__ = ()


N = TypeVar("N", bound=Node)


@cache
def _fields(cls: Any) -> tuple[str, ...]:
    return tuple(attribute.name for attribute in attrs.fields(cls))


def children(node: Node) -> Iterator[Node]:
    """The nodes directly below, in field order; tuples of nodes are entered."""
    for name in _fields(cast(Any, type(node))):
        yield from _nodes_in(getattr(node, name))


def _nodes_in(value: Any) -> Iterator[Node]:
    if isinstance(value, Node):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from _nodes_in(item)


def map_children(node: N, change: Callable[[Any], Any]) -> N:
    """The same node over changed children; the node itself where nothing changed."""
    changes: dict[str, Any] = {}
    for name in _fields(cast(Any, type(node))):
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
        stack.extend(reversed(tuple(children(current))))
