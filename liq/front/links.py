"""Links between tables: where a name leads from a row, and the joins and subqueries that follow it."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

from liq.front.context import Context
from liq.front.scope import Joined, Place, Scope, Source, scan
from liq.model.expr import Call, Column, ColumnRef, Expr, Relation, conjunction
from liq.model.ir import Filter, Join, JoinKind
from liq.model.schema import ForeignKey, Table
from liq.model.source import Span
from liq.model.types import BOOL


@frozen
class Link:
    """A way from the rows of one table to those of ``target``: ``pairs`` of columns here and there are equal.

    ``many``: it leads to a list of rows. ``may_miss``: it may lead nowhere, whatever the policies.
    """

    name: str
    target: Table
    pairs: tuple[tuple[str, str], ...]
    many: bool
    may_miss: bool


def links_of(table: Table, context: Context) -> dict[str, Link]:
    """Every link of a table by name: its foreign keys, and those that point at it."""
    known = context.links.get(table.name)
    if known is None:
        known = context.links[table.name] = _links(table, context)
    return known


def _links(table: Table, context: Context) -> dict[str, Link]:
    found: dict[str, Link] = {}
    for key in table.foreign_keys:
        target = table if key.target == table.name else context.names.table(key.target)
        if key.link is not None and target is not None:
            pairs = tuple(zip(key.columns, key.target_columns, strict=True))
            found[key.link] = Link(key.link, target, pairs, False, any(table.by_name[c].nullable for c in key.columns))
    for other in context.names.tables():
        for key in other.foreign_keys:
            if key.target == table.name and key.reverse is not None:
                back = tuple(zip(key.target_columns, key.columns, strict=True))
                found.setdefault(key.reverse, Link(key.reverse, other, back, not _unique(other, key), True))
    return found


def _unique(table: Table, key: ForeignKey) -> bool:
    """Whether at most one row of the table points at each row: a unique key lies within the foreign key."""
    return any(k.where is None and set(k.columns) <= set(key.columns) for k in table.keys)


def follow(source: Source, link: Link, context: Context, span: Span) -> Source:
    """The one row that a link leads to, joined to ``source`` once. It never changes the number of rows.

    An inner join says the same as a left one where the key cannot be null and nothing can hide the row it points at.
    """
    assert not link.many
    known = source.links.get(link.name)
    if known is not None:
        return known.source
    target = scan(link.target, context, link.name, span)
    sure = not link.may_miss and _visible(link.target, context)
    led_by = frozenset(c.id for c in source.columns if any(c.name == here for here, _ in link.pairs))
    child = Source(
        link.name, target.columns, target, link.target, parent=source, led_by=led_by, nulled=not sure, span=span
    )
    on = matching(source.columns, child.columns, link, span)
    source.links[link.name] = Joined(child, JoinKind.INNER if sure else JoinKind.LEFT, on)
    return child


def _visible(table: Table, context: Context) -> bool:
    if context.shared:
        return False
    if context.bare:
        return table.tombstone is None
    return context.always_visible(table)


def matching(here: Sequence[Column], there: Sequence[Column], link: Link, span: Span) -> Expr:
    """The condition that two rows are linked."""
    left, right = {c.name: c for c in here}, {c.name: c for c in there}
    parts = tuple(_equal(left[a], right[b], span) for a, b in link.pairs)
    result = conjunction(parts)
    assert result is not None, "a link has a column"
    return result


def _equal(here: Column, there: Column, span: Span) -> Expr:
    arguments = tuple(ColumnRef(c.id, c.name, c.type, c.nullable, span=span) for c in (here, there))
    return Call("=", arguments, BOOL, here.nullable or there.nullable, span=span)


def rows_behind(
    start: Source, row_only: bool, hops: Sequence[Link], scope: Scope, span: Span, prefix: tuple[str, ...]
) -> Scope:
    """A scope over the rows that a chain of links leads to from a row of ``start``, for a subquery.

    Leading links to one row are joined where ``start`` stands, unless that is a row at hand; the next one is what
    correlates the subquery with it; the rest is joined inside.
    """
    context = scope.context
    anchor, remaining = start, list(hops)
    while not row_only and len(remaining) > 1 and not remaining[0].many:
        anchor = follow(anchor, remaining.pop(0), context, span)
    relation: Relation | None = None
    columns = anchor.columns
    for link in remaining:
        target = scan(link.target, context, link.name, span)
        on = matching(columns, target.columns, link, span)
        relation = Filter(target, on, span=span) if relation is None else Join(
            JoinKind.INNER, relation, target, on, span=span
        )  # fmt: skip
        columns = target.columns
    assert relation is not None, "a chain has a link"
    last = remaining[-1]
    source = Source(last.name, columns, relation, last.target, span=span)
    inner = Scope(context, [source], scope, Place.ITEM)
    inner.prefixes[prefix] = source
    return inner
