"""Reads: sources, set operations and stages, from the first to the last."""

from __future__ import annotations

from attrs import frozen

from liq.front import set_operations, sources, stages
from liq.front.bounds import bounded, summary
from liq.front.context import Context
from liq.front.scope import Place, Scope, Source
from liq.front.staged import Staged, Use
from liq.model import codes
from liq.model.expr import Column, Relation
from liq.model.ir import Paging, Values
from liq.model.source import Span
from liq_grammar import syntax


@frozen
class RootRead:
    """The read of a statement: ``result`` are the columns shown, hidden order keys stand behind them in ``relation``.

    ``bounded``: a limit, a key or an aggregate bounds its rows.
    """

    relation: Relation
    result: tuple[Column, ...]
    ordered: bool
    paging: Paging | None
    bounded: bool


def resolve_read(
    read: syntax.Read, context: Context, outer: Scope | None = None, *, value: bool = False
) -> Relation:
    """The rows of a read inside something else: a bag, with the shown columns only; without any after an error.

    ``value``: an expression looks into it, so that a shape of one item needs no label.
    """
    return _read(read, context, outer, Use.VALUE if value else Use.BAG).relation


def root_read(read: syntax.Read, context: Context, *, warn: bool = False) -> RootRead:
    """The read of a statement, in its order. ``warn``: its rows are the result, so it should be bounded."""
    staged = _read(read, context, None, Use.ROOT)
    is_bounded = not staged.columns or bounded(staged.relation, context)
    if warn and not is_bounded and not context.failed and not summary(staged.relation, context):
        context.report(
            codes.UNBOUNDED_READ, read.first.source.span, "nothing bounds the number of rows that this read gives",
            help="write limit 100 behind it, limit $n max 200, or fix a key by =",
        )  # fmt: skip
    return RootRead(staged.relation, staged.columns, staged.ordered, staged.paging, is_bounded)


def _read(read: syntax.Read, context: Context, outer: Scope | None, use: Use) -> Staged:
    try:
        if not context.enter(read.span):
            return _nothing(read.span)
        return _chain(read, context, outer, use)
    finally:
        context.leave()


def _chain(read: syntax.Read, context: Context, outer: Scope | None, use: Use) -> Staged:
    if not context.chain(read.stages, "stages") or not context.chain(read.first.joins, "joins"):
        return _nothing(read.span)
    last = not read.stages and not read.rest
    staged = _simple(read.first, context, outer, use if last else Use.BAG)
    if read.rest:
        staged = _combined(read, staged, context, outer)
    for number, stage in enumerate(read.stages):
        if not staged.columns:
            return staged
        final = number + 1 == len(read.stages)
        source = Source("", staged.columns, staged.relation, span=read.span)
        scope = Scope(context, [source], outer, Place.ITEM)
        staged = stages.build(
            scope, source.joined, stage.shape, stage.clauses, use if final else Use.BAG, stage.span
        )
    return staged


def _simple(node: syntax.SimpleRead, context: Context, outer: Scope | None, use: Use) -> Staged:
    scope = Scope(context, [], outer, Place.ITEM)
    rows = sources.resolve_from(node, scope)
    if rows is None:
        return _nothing(node.span)
    return stages.build(scope, rows.rows, node.shape, node.clauses, use, node.span)


def _combined(read: syntax.Read, first: Staged, context: Context, outer: Scope | None) -> Staged:
    operands = [first, *(_simple(rest.read, context, outer, Use.BAG) for rest in read.rest)]
    fits = set_operations.operands_fit(read, context)
    if not fits or not all(operand.columns for operand in operands):
        return _nothing(read.span)
    spans = [read.first.span, *(rest.read.span for rest in read.rest)]
    relation = set_operations.combined(read.rest[0].operator, operands, context, spans)
    return _nothing(read.span) if relation is None else Staged(relation, len(relation.columns))


def _nothing(span: Span) -> Staged:
    """What stands for rows that could not be resolved: no columns, so that nothing more is said of them."""
    return Staged(Values((), (), span=span), 0)
