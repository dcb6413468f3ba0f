"""Orders completed with the key of the row: of limits, and of aggregates and windows that depend on the order."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from liq.front.context import Context
from liq.front.keys import keys_of
from liq.front.kinds import orderable
from liq.model.expr import (
    AggregateItem,
    Bound,
    BoundKind,
    Column,
    ColumnRef,
    Frame,
    Literal,
    Relation,
    SortKey,
    WindowItem,
)
from liq.model.source import Span

ORDER_SENSITIVE = {"array_agg", "string_agg"}
"""Aggregates whose result depends on the order of the rows."""
NEEDS_TOTAL_ORDER = {"row_number", "ntile", "lag", "lead", "first_value", "last_value", "nth_value", *ORDER_SENSITIVE}
"""Window functions that tell peers apart."""


def reference(column: Column, span: Span) -> ColumnRef:
    """A column as an expression."""
    return ColumnRef(column.id, column.name, column.type, column.nullable, span=span)


def missing_key(relation: Relation, stated: Sequence[SortKey], context: Context) -> list[Column]:
    """The columns that complete an order over ``relation``: those of its key, else all of its columns.

    Nothing is missing where the stated keys contain a key already.
    """
    ids = {key.expr.id for key in stated if isinstance(key.expr, ColumnRef)}
    keys = keys_of(relation, context)
    if any(key <= ids for key in keys):
        return []
    wanted = keys[0] if keys else frozenset(c.id for c in relation.columns)
    return [c for c in relation.columns if c.id in wanted and c.id not in ids and orderable(c.type)]


def completed(
    stated: tuple[SortKey, ...], relation: Relation, context: Context, span: Span
) -> tuple[SortKey, ...]:
    """An order over the columns of ``relation``, completed in the direction of its last key."""
    descending = bool(stated) and stated[-1].descending
    added = (SortKey(reference(c, span), descending, descending) for c in missing_key(relation, stated, context))
    return (*stated, *added)


def completed_aggregate(item: AggregateItem, rows: Relation, context: Context, span: Span) -> AggregateItem:
    """A list or a text of all values depends on the order of the rows: it is completed as that of a limit."""
    call = item.call
    if call.function not in ORDER_SENSITIVE:
        return item
    if call.distinct:
        stated = {key.expr for key in call.order}
        added = tuple(SortKey(a, False, False) for a in call.args if a not in stated and orderable(a.type))
        order = (*call.order, *(key for key in added if not isinstance(key.expr, Literal)))
    else:
        order = completed(call.order, rows, context, span)
    return attrs.evolve(item, call=attrs.evolve(call, order=order))


def completed_window(item: WindowItem, rows: Relation, context: Context, span: Span) -> WindowItem:
    """The order of a window whose function depends on more than it says is completed with the key of the row."""
    call = item.call
    if call.function not in NEEDS_TOTAL_ORDER and call.frame is None:
        return item
    if call.frame is not None and _whole(call.frame) and call.function not in NEEDS_TOTAL_ORDER:
        return item
    return attrs.evolve(item, call=attrs.evolve(call, order=completed(call.order, rows, context, span)))


def _whole(frame: Frame) -> bool:
    return frame == Frame(Bound(BoundKind.UNBOUNDED_PRECEDING), Bound(BoundKind.UNBOUNDED_FOLLOWING))
