"""What names mean at one place of a text: the sources in reach, the outer scopes, and what may stand there."""

from __future__ import annotations

from enum import Enum

import attrs
from attrs import define, field

from liq.front.context import Context, Reach
from liq.front.parameters import Entry
from liq.model.expr import AggregateItem, Column, Expr, Relation, WindowItem
from liq.model.ir import Join, JoinKind, Scan, Values
from liq.model.schema import Table
from liq.model.source import NO_SPAN, Span
from liq_grammar import syntax


class Place(Enum):
    """Where an expression stands, as messages say it."""

    WHERE = "where"
    ON = "on"
    GROUP = "group"
    ITEM = "a shape"
    ORDER = "order"
    ARGUMENT = "the argument of an aggregate"
    WINDOW = "the argument of a window"
    VALUE = "a value"
    CHECK = "a check"
    POLICY = "a policy"
    DEFAULT = "a default"


@define(eq=False)
class Joined:
    """A link to one row that was followed from a source: joined once, however often it is named."""

    source: Source
    kind: JoinKind
    on: Expr


@define(eq=False)
class Source:
    """Rows that a scope names. ``table`` (if they are a table's) gives links. ``nulled``: an outer join may miss it.

    ``hidden``: reached by ``name.column`` only (``excluded``). ``guarded`` counts the nested objects being built around
    it: within one, its row is there.
    """

    name: str
    columns: tuple[Column, ...]
    relation: Relation
    table: Table | None = None
    qualified: tuple[str, ...] = ()
    parent: Source | None = None
    led_by: frozenset[int] = frozenset()
    """The parent's columns that a link to this row starts from."""
    nulled: bool = False
    hidden: bool = False
    guarded: int = 0
    links: dict[str, Joined] = field(factory=dict)
    span: Span = NO_SPAN

    @property
    def may_miss(self) -> bool:
        """Whether a row of the scope may come without a row of this source."""
        if self.guarded:
            return False
        return self.nulled or (self.parent is not None and self.parent.may_miss)

    def joined(self) -> Relation:
        """The relation with every followed link joined to it."""
        relation = self.relation
        for link in self.links.values():
            relation = Join(link.kind, relation, link.source.joined(), link.on)
        return relation

    def column(self, name: str) -> Column | None:
        """The column of that name."""
        return next((c for c in self.columns if c.name == name), None)

    def tree(self) -> list[Source]:
        """This source and all sources joined to it by links."""
        found: list[Source] = [self]
        for link in self.links.values():
            found.extend(link.source.tree())
        return found


@define(eq=False)
class Grouping:
    """The aggregates that the expressions of a stage turn out to hold."""

    grouped: bool = False
    """Whether the stage has a ``group``: then every group has a row."""
    aggregates: list[AggregateItem] = field(factory=list)


@define(eq=False)
class Slot:
    """The operand of a ``where`` at hand: which optional parameters stand in it."""

    entries: dict[str, tuple[Entry, Span]] = field(factory=dict)


@define(eq=False)
class Label:
    """A name that a shape gives, as ``group`` and ``order`` see it. ``expr`` is set once the item is resolved."""

    name: str
    value: syntax.Expr | None
    expr: Expr | None = None
    column: Column | None = None


@define(eq=False)
class Scope:
    """See the module. ``at`` gives the same scope for another place of the same stage.

    ``row_only``: the sources are rows at hand, not relations that joins could be added to (schema expressions, writes);
    links are then followed by subqueries. ``prefixes``: link paths that lead to a source of this scope.
    """

    context: Context
    sources: list[Source] = field(factory=list)
    outer: Scope | None = None
    place: Place = Place.VALUE
    row_only: bool = False
    labels: dict[str, Label] = field(factory=dict)
    prefixes: dict[tuple[str, ...], Source] = field(factory=dict)
    grouping: Grouping | None = None
    windows: list[WindowItem] | None = None
    slot: Slot | None = None
    subqueries: bool = True
    """Whether a read may stand here (not in a check of a table)."""

    def at(
        self, place: Place, *, grouping: Grouping | None = None, windows: list[WindowItem] | None = None,
        labels: dict[str, Label] | None = None,
    ) -> Scope:  # fmt: skip
        """This scope at another place: without labels, aggregates and windows unless they are given."""
        return attrs.evolve(self, place=place, grouping=grouping, windows=windows, labels=labels or {})

    def below(self) -> Scope | None:
        """What a subquery at this place has as its outer scope."""
        return self

    def source(self, name: str) -> Source | None:
        """The source addressed by a name."""
        return next((s for s in self.sources if s.name == name), None)


def row_scope(
    columns: tuple[Column, ...], context: Context, *, table: Table | None, name: str, place: Place,
    outer: Scope | None = None,
) -> Scope:  # fmt: skip
    """A scope over one row at hand: a policy, check, default, the rows of a write. More sources may be appended."""
    source = row_source(columns, table=table, name=name)
    return Scope(context, [source], outer, place, row_only=True)


def row_source(columns: tuple[Column, ...], *, table: Table | None, name: str, hidden: bool = False) -> Source:
    """A row at hand as a source: it has columns and links, but no relation of its own."""
    return Source(name, columns, Values(columns, ()), table, hidden=hidden)


def empty_scope(context: Context, place: Place = Place.VALUE) -> Scope:
    """A scope without rows: constants, parameters and claims only."""
    return Scope(context, [], None, place, row_only=True)


def scan(table: Table, context: Context, alias: str, span: Span, *, with_deleted: bool = False) -> Scan:
    """A new scan of a table, recorded as the user's unless the context is bare."""
    columns = tuple(Column(context.fresh(), c.name, c.type, c.nullable) for c in table.columns)
    if not context.bare:
        context.user_scans[columns[0].id] = Reach()
    context.charge(len(columns) + 1, span)
    return Scan(table.name, columns, None, alias, with_deleted, span=span)
