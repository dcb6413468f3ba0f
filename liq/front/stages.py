"""A stage: rows, a shape, and clauses, each at most once, turned into one chain of relations."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from liq.front import expressions, follows, group_keys, projection, shapes, stage_orders
from liq.front.context import Context
from liq.front.draft import Draft
from liq.front.scope import Place, Scope
from liq.front.staged import Staged, Use
from liq.model import codes
from liq.model.diagnostics import Label as Note
from liq.model.expr import Relation
from liq.model.source import Span
from liq_grammar import syntax


def build(
    scope: Scope, rows: Callable[[], Relation], shape: syntax.Shape | None, clauses: Sequence[syntax.Node], use: Use,
    span: Span,
) -> Staged:  # fmt: skip
    """Resolve and assemble a stage over the sources of ``scope``."""
    draft = Draft(scope, rows, use, span, shapes.labels_of(shape), _once(clauses, scope.context))
    draft.grouping.grouped = syntax.Group in draft.clauses
    if shape is None and draft.grouping.grouped:
        scope.context.report(
            codes.NOT_GROUPED, draft.clauses[syntax.Group].span, "groups need a shape that says what to show of them",
            help="write { key, n: count() } before it",
        )  # fmt: skip
        draft.silent = True
    where = draft.clauses.get(syntax.Where)
    if isinstance(where, syntax.Where):
        draft.where = expressions.where_predicate(where.condition, scope.at(Place.WHERE))
    follow = draft.clauses.get(syntax.Follow)
    if isinstance(follow, syntax.Follow):
        draft.following = follows.resolve_follow(follow, scope)
    group_keys.resolve_group_keys(draft)
    inner = scope.at(Place.ITEM, grouping=draft.grouping, windows=draft.windows)
    draft.named = shapes.resolve_items(shape, inner, draft.labels, span, unnamed=use is Use.VALUE)
    stage_orders.resolve_order(draft)
    return projection.assembled(draft)


def _once(clauses: Sequence[syntax.Node], context: Context) -> dict[type[syntax.Node], syntax.Node]:
    """The clauses by kind; a second one of a kind is an error, never dropped silently."""
    found: dict[type[syntax.Node], syntax.Node] = {}
    for clause in clauses:
        kind = syntax.Order if isinstance(clause, syntax.OrderChoose) else type(clause)
        if kind in found:
            word = kind.__name__.lower()
            hint = "join the conditions with and, or filter the result behind |" if kind is syntax.Where else None
            context.report(
                codes.CLAUSE_TWICE, clause.span, f"{word} stands twice in one stage",
                [Note(found[kind].span, "the first one")], help=hint or "start a new stage with |",
            )  # fmt: skip
        else:
            found[kind] = clause
    return found
