"""What names mean at a place of an SQL text, and how liq reaches the same thing from where its text lands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from attrs import define, field, frozen

from liq.importers.database import Table, When
from liq.importers.sqltree import Node, Tree
from liq_grammar import syntax as s


@define(eq=False)
class Rows:
    """Rows that a query names. ``called``: in SQL; ``alias``: in liq. ``columns``: name and kind by compared name."""

    called: str
    alias: str
    columns: dict[str, tuple[str, str]]
    table: Table | None = None
    schema: str | None = None


@define(eq=False)
class Argument:
    """What a parameter of an inlined function stands for: an expression, read where the function was called."""

    node: Node
    frame: Frame
    kind: str


@define(eq=False)
class Scope:
    """The sources of one query, or the parameters of one function. ``outer``: what its names may mean beyond.

    ``around``: the query of liq that surrounds this one, whatever SQL can see from here.
    """

    outer: Scope | None = None
    around: Scope | None = None
    rows: list[Rows] = field(factory=list)
    parameters: dict[str, Argument] = field(factory=dict)
    function: str | None = None

    def aliases(self) -> set[str]:
        """Every alias in reach of liq's text."""
        found: set[str] = set()
        scope: Scope | None = self
        while scope is not None:
            found.update(rows.alias for rows in scope.rows)
            scope = scope.around
        return found


@frozen
class Frame:
    """What an SQL text is read with: its tree, the moment it was written, what its names mean, and whose eyes it has.

    ``mode``: ``plain`` adds nothing, ``invoker`` adds the read policies of the tables it reads, ``definer`` those of
    tables that force them on their owner, ``bare`` none, whoever owns what.
    """

    tree: Tree
    when: When
    lookup: Scope
    mode: Literal["plain", "invoker", "definer", "bare"] = "plain"
    queries: Mapping[str, tuple[Node, Frame]] = field(factory=dict)
    """What WITH names."""


@define(eq=False)
class Value:
    """A translated expression. ``kind`` is its type, empty where it is not known; ``label`` is SQL's name for it."""

    expr: s.Expr
    kind: str = ""
    label: str | None = None


def path(*names: str) -> s.Path:
    """``a.b``."""
    return s.Path(tuple(s.Name(name) for name in names))


def call(function: str, *arguments: s.Expr) -> s.Call:
    """``function(a, b)``."""
    return s.Call(path(function), arguments)


def both(*conditions: s.Expr | None) -> s.Expr | None:
    """All conditions, without those that are true; None where none is left."""
    found: list[s.Expr] = []
    for condition in conditions:
        if condition is None or condition == s.Boolean(True):
            continue
        found.extend(condition.operands if isinstance(condition, s.And) else (condition,))
    if any(condition == s.Boolean(False) for condition in found):
        return s.Boolean(False)
    return None if not found else found[0] if len(found) == 1 else s.And(tuple(found))


def either(*conditions: s.Expr) -> s.Expr:
    """Any of the conditions, without those that are false."""
    found: list[s.Expr] = []
    for condition in conditions:
        if condition == s.Boolean(True):
            return condition
        if condition != s.Boolean(False):
            found.extend(condition.operands if isinstance(condition, s.Or) else (condition,))
    return s.Boolean(False) if not found else found[0] if len(found) == 1 else s.Or(tuple(found))
