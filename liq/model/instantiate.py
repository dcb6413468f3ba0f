"""Fresh copies of expressions and relations: the columns they define get new ids, outer references are substituted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

import attrs

from liq.model.expr import Column, ColumnRef, Expr, ParamRef
from liq.model.ir import Follow
from liq.model.node import Node, map_children, walk

N = TypeVar("N", bound=Node)
Fresh = Callable[[], int]
"""Gives the next unused column id."""


def instantiate(
    node: N, fresh: Fresh, columns: Mapping[int, Expr] | None = None, params: Mapping[str, Expr] | None = None
) -> N:
    """A copy of ``node`` with every column it defines renamed by ``fresh``.

    ``columns`` replaces references to outer columns by id, ``params`` references to parameters by name.
    """
    given = dict(columns or {})
    renamed: dict[int, int] = {}
    for inner in walk(node):
        if isinstance(inner, Column) and inner.id not in renamed:
            renamed[inner.id] = fresh()
    replacements = dict(params or {})

    def change(current: Node) -> Node:
        match current:
            case Column():
                return attrs.evolve(current, id=renamed[current.id])
            case ColumnRef():
                if current.id in renamed:
                    return attrs.evolve(current, id=renamed[current.id])
                return given.get(current.id, current)
            case ParamRef() if current.name in replacements:
                return replacements[current.name]
            case Follow():
                ids = attrs.evolve(
                    current,
                    source=tuple(renamed.get(i, i) for i in current.source),
                    target=tuple(renamed.get(i, i) for i in current.target),
                )
                return map_children(ids, change)
            case _:
                return map_children(current, change)

    return change(node)  # type: ignore[return-value]
