"""What one SQL text is emitted with: its binds, its aliases, and the member of the family it belongs to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import count

from attrs import define, field, frozen

from liq.model import types as t
from liq.model.expr import Column, Expr
from liq.model.schema import Schema
from liq_planner.emit import nodes as n
from liq_planner.emit.nodes import Sql
from liq_planner.emit.sqltypes import cast_to

Env = Mapping[int, Sql]
"""How each column in reach is spelled, by its id."""


@frozen
class EmitOptions:
    """What the database is like, and how much may be emitted.

    ``text_is_c``: it compares text by code point, so that no collation need be named. ``members_max``: how many
    texts a family
    may have before one guarded text serves it.
    """

    text_is_c: bool = False
    members_max: int = 16


@frozen
class Family:
    """Which member is emitted: optional parameters given (None: guarded) and orders chosen (absent: guarded)."""

    given: frozenset[str] | None = None
    orders: Mapping[str, str] = field(factory=dict)


@define
class Emission:
    """The state of emitting one text."""

    schema: Schema
    options: EmitOptions
    family: Family
    binds: list[Expr] = field(factory=list)
    nodes: int = 0
    """Expressions spelled so far, each as often as it stands in the text."""
    copies: int = 1
    """How often what is being spelled stands in the text."""
    _positions: dict[str, int] = field(factory=dict)
    _aliases: Counter[str] = field(factory=Counter)
    _columns: Iterator[int] = field(factory=lambda: count(-1, -1))

    def column(self, name: str, type_: t.Type) -> Column:
        """A column of the emitter's own: its id meets none of the query's."""
        return Column(next(self._columns), name, type_, True)

    def bind(self, expr: Expr, type_: t.Type | None = None) -> Sql:
        """A value from outside, typed; each different one has one number."""
        position = self._positions.get(key := repr(expr))
        if position is None:
            self.binds.append(expr)
            position = self._positions[key] = len(self.binds)
        return cast_to(n.placeholder(position), bound_type(type_ or expr.type))

    def alias(self, of: str) -> str:
        """A fresh short alias: the first letter of a name and a number."""
        letter = next((char for char in of.rpartition(".")[2].lower() if "a" <= char <= "z"), "t")
        self._aliases[letter] += 1
        return f"{letter}{self._aliases[letter]}"


def bound_type(type_: t.Type) -> t.Type:
    """What a bind is cast to: the widest of its kind, since the host has checked the value."""
    match type_:
        case t.List(element):
            return t.List(bound_type(element))
        case t.Int():
            return t.INT
        case t.Decimal():
            return t.DECIMAL
        case _:
            return type_
