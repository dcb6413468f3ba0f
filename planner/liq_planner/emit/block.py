"""One SELECT under construction: relations merge into it as long as the meaning allows, so that people can read the
result."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from attrs import define, field
from sqlglot import exp

from liq.model.expr import Column
from liq_planner.emit import nodes as n
from liq_planner.emit.emission import Emission, Env
from liq_planner.emit.nodes import Sql

COPY_WEIGHT_MAX = 16
"""Larger expressions are computed in a derived table instead of being written out again."""


@define
class Block:
    """``spelled`` says how each column is written inside the SELECT; ``columns`` are its results, in order.

    ``exposed``: rows that a policy hides are only removed by its WHERE, so that the server may evaluate an
    expression that is
    added to it, or moved into it, on hidden rows. ``raising``: columns whose expressions may raise.
    """

    columns: tuple[Column, ...]
    spelled: dict[int, Sql]
    source: Sql | None = None
    joins: list[exp.Join] = field(factory=list)
    where: list[Sql] = field(factory=list)
    grouped: bool = False
    group: list[Sql] = field(factory=list)
    having: list[Sql] = field(factory=list)
    windowed: bool = False
    distinct: bool = False
    order: list[Sql] = field(factory=list)
    count: Sql | None = None
    offset: Sql | None = None
    compound: exp.Query | None = None
    exposed: bool = False
    raising: frozenset[int] = frozenset()

    @property
    def is_limited(self) -> bool:
        """Whether rows are counted off."""
        return self.count is not None or self.offset is not None

    @property
    def is_plain(self) -> bool:
        """Whether it is sources and conditions only: more of both may be added."""
        return not (self.grouped or self.windowed or self.distinct or self.is_limited or self.compound)

    @property
    def is_bare(self) -> bool:
        """Whether it is one source whose columns are read as they are (conditions aside)."""
        atoms = all(isinstance(node, exp.Column) for node in self.spelled.values())
        return self.is_plain and self.source is not None and not self.joins and atoms

    def env(self, outer: Env) -> Env:
        """How columns are spelled for an expression over this block."""
        return {**outer, **self.spelled}

    def can_copy(self, id_: int) -> bool:
        """Whether a column's expression may be written down once more."""
        node = self.spelled[id_]
        return isinstance(node, exp.Column) or (n.weight(node) <= COPY_WEIGHT_MAX and is_repeatable(node))


VOLATILE = frozenset({"gen_random_uuid"})


def is_repeatable(node: Sql) -> bool:
    """Whether a second copy means the same: neither query nor volatile function inside."""
    return not any(
        isinstance(inner, exp.Query | exp.Subquery | exp.Window)
        or (isinstance(inner, exp.Anonymous) and inner.name in VOLATILE)
        for inner in node.walk()
    )


def labels(columns: Sequence[Column]) -> Iterator[str]:
    """The names of result columns; one that is taken gets a number."""
    taken: set[str] = set()
    for column in columns:
        label, number = column.name, 1
        while label in taken:
            number += 1
            label = f"{column.name}_{number}"
        taken.add(label)
        yield label


def render(block: Block, columns: Sequence[Column] | None = None, extra: Sequence[Sql] = ()) -> exp.Query:
    """The block as a query that yields these columns (default: all of its own) and then some more expressions."""
    wanted = block.columns if columns is None else columns
    if block.compound is not None and not extra:
        return block.compound.copy()
    assert block.compound is None
    items = [n.labelled(block.spelled[c.id].copy(), label) for c, label in zip(wanted, labels(wanted), strict=True)]
    return render_items(block, [*items, *extra] or [n.number(1)])


def render_items(block: Block, items: Sequence[Sql]) -> exp.Select:
    """The block as a query with another select list."""
    assert block.compound is None
    select = exp.Select(expressions=list(items), distinct=exp.Distinct() if block.distinct else None)
    if block.source is not None:
        select.set("from_", exp.From(this=block.source.copy()))
    select.set("joins", [join.copy() for join in block.joins])
    if block.where:
        select.set("where", exp.Where(this=n.conjunction([w.copy() for w in block.where])))
    if block.group:
        select.set("group", exp.Group(expressions=[g.copy() for g in block.group]))
    if block.having:
        select.set("having", exp.Having(this=n.conjunction([h.copy() for h in block.having])))
    if block.order:
        select.set("order", exp.Order(expressions=[o.copy() for o in block.order]))
    if block.count is not None:
        select.set("limit", exp.Limit(expression=block.count.copy()))
    if block.offset is not None:
        select.set("offset", exp.Offset(expression=block.offset.copy()))
    return select


def derived(block: Block, emission: Emission, letter: str = "q", fence: bool = False) -> Block:
    """The block as a derived table. A fence keeps expressions outside from being evaluated on rows that it removes.

    OFFSET 0 is PostgreSQL's fence: such a query is neither flattened nor are conditions moved into it. It is also
    set where
    the block itself computes something that may raise, since flattening would move that into conditions outside.
    """
    fenced = fence or (block.exposed and any(c.id in block.raising for c in block.columns))
    query = render(block)
    if fenced and not block.is_limited:
        query.set("offset", exp.Offset(expression=n.number(0)))
    elif not block.is_limited:
        query.set("order", None)  # an order below other operations means nothing
    alias = emission.alias(letter)
    source = exp.Subquery(this=query, alias=exp.TableAlias(this=n.alias_name(alias)))
    spelled = {c.id: n.column(alias, label) for c, label in zip(block.columns, labels(block.columns), strict=True)}
    closed = fenced or block.is_limited
    return Block(
        block.columns,
        spelled,
        source=source,
        exposed=block.exposed and not closed,
        raising=frozenset() if closed else block.raising,
    )
