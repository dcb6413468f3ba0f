"""``order`` and ``order choose`` of a stage: labels first, then columns."""

from __future__ import annotations

from collections.abc import Sequence

from liq.front import ordering
from liq.front.draft import Draft
from liq.front.parameter_refs import enter, optional_allowed
from liq.front.scope import Place, Scope
from liq.model import codes
from liq.model.diagnostics import Label as Note
from liq.model.expr import SortKey
from liq.model.source import Span
from liq.model.types import TEXT
from liq_grammar import syntax


def resolve_order(draft: Draft) -> None:
    """The sort keys of a stage, over its rows, and the orders among which a parameter chooses."""
    clause = draft.clauses.get(syntax.Order)
    scope = draft.scope.at(Place.ORDER, grouping=draft.grouping, windows=draft.windows, labels=draft.labels)
    if isinstance(clause, syntax.Order):
        draft.order = _keys(clause.keys, draft, scope)
    elif isinstance(clause, syntax.OrderChoose):
        _choice(clause, draft, scope)


def _keys(nodes: Sequence[syntax.OrderKey], draft: Draft, scope: Scope) -> list[SortKey]:
    keys = []
    for node in nodes:
        name = node.value.text if isinstance(node.value, syntax.Path) and len(node.value.names) == 1 else None
        known = next((n.expr for n in draft.named if n.name == name), None)
        key = ordering.sort_key(node, scope) if known is None else ordering.checked_key(node, known, draft.context)
        if key is not None:
            keys.append(key)
    return keys


def _choice(clause: syntax.OrderChoose, draft: Draft, scope: Scope) -> None:
    """``order choose``: a parameter names one of some orders."""
    context = draft.context
    seen: dict[str, Span] = {}
    for choice in clause.choices:
        label = choice.label.text
        if label in seen:
            context.report(
                codes.DUPLICATE_LABEL, choice.label.span, f"two orders are called {label}",
                [Note(seen[label], "the first one")],
            )  # fmt: skip
            continue
        seen[label] = choice.label.span
        draft.options.append((label, _keys(choice.keys, draft, scope)))
    entry = enter(clause.parameter, context)
    if entry is None or (clause.parameter.optional and not optional_allowed(clause.parameter, entry, context)):
        return
    if entry.type is not None and entry.type != TEXT:
        context.report(
            codes.PARAMETER_CONFLICT, clause.parameter.span,
            f"${entry.name} is {entry.type}, but it names an order: text",
            [Note(entry.origin or entry.span, "because of this")],
        )  # fmt: skip
        return
    if entry.options and entry.options != tuple(seen):
        context.report(
            codes.PARAMETER_CONFLICT, clause.parameter.span, f"${entry.name} chooses among other orders already",
            help="give this choice a parameter of its own",
        )  # fmt: skip
        return
    context.parameters.meet(entry, TEXT, False, clause.parameter.span)
    entry.options = tuple(seen)
    draft.choice = entry.name
