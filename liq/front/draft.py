"""A stage while it is resolved."""

from __future__ import annotations

from collections.abc import Callable

from attrs import define, field, frozen

from liq.front.context import Context
from liq.front.scope import Grouping, Label, Scope
from liq.front.staged import Use
from liq.model.expr import Column, Expr, Relation, SortKey, WindowItem
from liq.model.ir import Follow
from liq.model.source import Span
from liq_grammar import syntax


@frozen
class Named:
    """An item of a shape, resolved: its name, its value before the stage's projection, and where it stands."""

    name: str
    expr: Expr
    span: Span


@frozen
class Following:
    """A resolved ``follow``, waiting for its rows. The depth is a source of its own in the scope."""

    node: syntax.Follow
    sources: tuple[Column, ...]
    targets: tuple[Column, ...]
    start: tuple[Expr, ...]
    maximum: int
    depth: Column

    def rows(self, edges: Relation) -> Follow:
        """The rows that are reached along ``edges``."""
        sources, targets = tuple(c.id for c in self.sources), tuple(c.id for c in self.targets)
        return Follow(edges, sources, targets, self.start, self.maximum, self.depth, span=self.node.span)


@define(eq=False)
class Draft:
    """A stage while it is resolved: its expressions are over its rows (see ``liq.front.projection``)."""

    scope: Scope
    rows: Callable[[], Relation]
    use: Use
    span: Span
    labels: dict[str, Label]
    clauses: dict[type[syntax.Node], syntax.Node] = field(factory=dict)
    where: Expr | None = None
    following: Following | None = None
    keys: list[tuple[str, Expr]] = field(factory=list)
    grouping: Grouping = field(factory=Grouping)
    windows: list[WindowItem] = field(factory=list)
    named: list[Named] = field(factory=list)
    order: list[SortKey] = field(factory=list)
    options: list[tuple[str, list[SortKey]]] = field(factory=list)
    choice: str | None = None
    silent: bool = False
    """Whether columns beside groups are not to be spoken of any more."""

    @property
    def context(self) -> Context:
        """The context of the text at hand."""
        return self.scope.context
