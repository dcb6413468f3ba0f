"""Orders: sort keys, and their completion with the key of the row, so that limited rows depend on the rows alone."""

from __future__ import annotations

from collections.abc import Iterable

from liq.front import expressions
from liq.front.broken import is_broken
from liq.front.coerce import article
from liq.front.context import Context
from liq.front.kinds import orderable
from liq.front.parameter_refs import is_unknown
from liq.front.scope import Scope
from liq.model import codes
from liq.model.expr import ClaimRef, Expr, Literal, ParamRef, SortKey
from liq.model.types import Null
from liq_grammar import syntax


def sort_key(node: syntax.OrderKey, scope: Scope) -> SortKey | None:
    """One key of an order; None, reported, where it orders nothing."""
    if isinstance(node.value, syntax.Parameter):
        _orders_nothing(node, "a parameter", scope.context)
        return None
    return checked_key(node, expressions.infer(node.value, scope), scope.context)


def _orders_nothing(node: syntax.OrderKey, what: str, context: Context) -> None:
    context.report(
        codes.ORDER_KEY, node.value.span, f"{what} is the same in every row, so it orders nothing",
        help="name a column; a choice among orders is order choose $sort { … }",
    )  # fmt: skip


def checked_key(node: syntax.OrderKey, value: Expr, context: Context) -> SortKey | None:
    """A sort key over a value that can be one."""
    if is_broken(value):
        return None
    if isinstance(value, Literal | ParamRef | ClaimRef):
        _orders_nothing(node, "a claim" if isinstance(value, ClaimRef) else "a constant", context)
        return None
    if is_unknown(value) or isinstance(value.type, Null) or not orderable(value.type):
        context.report(codes.NOT_ORDERED, node.value.span, f"{article(value.type)} has no order")
        return None
    first = node.descending if node.nulls is None else node.nulls == "first"
    return SortKey(value, node.descending, first)


def sort_keys(nodes: Iterable[syntax.OrderKey], scope: Scope) -> tuple[SortKey, ...]:
    """The keys of an order inside an aggregate or a window."""
    keys = [sort_key(node, scope) for node in nodes]
    return tuple(key for key in keys if key is not None)
