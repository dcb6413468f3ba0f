"""Pages: ``after $cursor?`` continues behind a row, by the keys of the order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from attrs import frozen

from liq.front.parameter_refs import enter, optional_allowed
from liq.front.staged import Use
from liq.model import codes
from liq.model.diagnostics import Label
from liq.model.expr import (
    And,
    Call,
    ColumnRef,
    Expr,
    Is,
    Literal,
    Not,
    Optional,
    Or,
    ParamRef,
    Relation,
    RowCompare,
    SortKey,
    Truth,
    cursor_key,
)
from liq.model.ir import Filter, Paging
from liq.model.source import Span
from liq.model.types import BOOL, Cursor
from liq_grammar import syntax

if TYPE_CHECKING:
    from liq.front.draft import Draft


@frozen
class Page:
    """A cursor parameter that continues a read."""

    node: syntax.After
    draft: Draft

    @property
    def name(self) -> str:
        """The name of the parameter."""
        return self.node.cursor.name

    def continued(self, relation: Relation, order: Sequence[SortKey]) -> Relation:
        """The rows behind the cursor."""
        context = self.draft.context
        type_ = Cursor(tuple(key.expr.type for key in order))
        entry = context.parameters.entries[self.name]
        if entry.type is not None and entry.type not in (type_, Cursor(())):
            context.report(
                codes.PARAMETER_CONFLICT, self.node.span, f"${self.name} has another type already, so it is no cursor",
                [Label(entry.origin or entry.span, "because of this")],
                help=f"declare it as ${self.name}: cursor?, or not at all",
            )  # fmt: skip
            return relation
        context.parameters.meet(entry, type_, False, self.node.span)
        entry.type = type_
        cursors = tuple(
            cursor_key(self.name, at, type_, key.expr.nullable, self.node.span) for at, key in enumerate(order)
        )
        behind: Expr = _behind(tuple(order), cursors, self.node.span)
        if self.node.cursor.optional:
            behind = Optional(self.name, behind, span=self.node.span)
        return Filter(relation, behind, span=self.node.span)

    def paging(self, order: Sequence[SortKey]) -> Paging:
        """How the next page is asked for."""
        return Paging(self.name, tuple(key.expr.id for key in order if isinstance(key.expr, ColumnRef)))


def page_of(node: syntax.After, draft: Draft) -> Page | None:
    """The page that ``after`` asks for; None, reported, where no page can be continued."""
    context = draft.context
    said: str | None = None
    hint: str | None = None
    if draft.use is not Use.ROOT:
        said, hint = "after continues the result of a statement, not rows inside it", "put it behind the last stage"
    elif draft.choice is not None or isinstance(draft.clauses.get(syntax.Order), syntax.OrderChoose):
        said = "a cursor holds the keys of one order, so it cannot continue a chosen one"
        hint = "write order …, or offset $skip"
    elif syntax.Limit not in draft.clauses:
        said, hint = "after needs a limit, which is the size of a page", "write limit 50 behind it"
    elif syntax.Offset in draft.clauses:
        said, hint = "after and offset both say where to begin", "leave one of them out"
    if said is not None:
        context.report(codes.CURSOR, node.span, said, help=hint)
        enter(node.cursor, context)
        return None
    entry = enter(node.cursor, context)
    if entry is None or (node.cursor.optional and not optional_allowed(node.cursor, entry, context)):
        return None
    return Page(node, draft)


def _behind(order: tuple[SortKey, ...], cursors: tuple[ParamRef, ...], span: Span) -> Expr:
    """That a row comes after the one the cursor names: compared key by key, nulls where the order puts them."""
    if not order:
        return Literal(False, BOOL, span=span)  # at most one row: nothing comes after it
    plain = not any(key.expr.nullable for key in order) and len({key.descending for key in order}) == 1
    if plain:
        operator = "<" if order[0].descending else ">"
        if len(order) == 1:
            return Call(operator, (order[0].expr, cursors[0]), BOOL, False, span=span)
        return RowCompare(operator, tuple(key.expr for key in order), cursors, span=span)
    choices: list[Expr] = []
    for at, (key, cursor) in enumerate(zip(order, cursors, strict=True)):
        equal = tuple(_equal(k.expr, c, span) for k, c in zip(order[:at], cursors[:at], strict=True))
        after = _after(key, cursor, span)
        choices.append(And((*equal, after), span=span) if equal else after)
    return choices[0] if len(choices) == 1 else Or(tuple(choices), span=span)


def _equal(value: Expr, cursor: ParamRef, span: Span) -> Expr:
    if not value.nullable:
        return Call("=", (value, cursor), BOOL, False, span=span)
    return Not(Call("is_distinct", (value, cursor), BOOL, False, span=span), span=span)


def _after(key: SortKey, cursor: ParamRef, span: Span) -> Expr:
    """That a key stands behind the cursor's: nulls are less or greater than everything, as the order says."""
    operator = "<" if key.descending else ">"
    beyond: Expr = Call(operator, (key.expr, cursor), BOOL, key.expr.nullable, span=span)
    if not key.expr.nullable:
        return beyond
    if key.nulls_first:
        value_behind_null = And(
            (Is(cursor, Truth.NULL, span=span), Is(key.expr, Truth.NULL, True, span=span)), span=span
        )
        return Or((value_behind_null, beyond), span=span)
    null_behind_value = And((Is(cursor, Truth.NULL, True, span=span), Is(key.expr, Truth.NULL, span=span)), span=span)
    return Or((beyond, null_behind_value), span=span)
