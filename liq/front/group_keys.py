"""``group``: its keys, which are labels first, then columns."""

from __future__ import annotations

from liq.front import aggregates, expressions, shapes
from liq.front.broken import broken, is_broken
from liq.front.draft import Draft
from liq.front.kinds import groupable
from liq.front.scope import Label, Place, Scope
from liq.model import codes
from liq.model.expr import ColumnRef
from liq.model.functions import AGGREGATES
from liq.model.node import walk
from liq_grammar import syntax


def resolve_group_keys(draft: Draft) -> None:
    """The keys of ``group``: labels first, then columns. A label of an aggregate is passed over."""
    clause = draft.clauses.get(syntax.Group)
    if not isinstance(clause, syntax.Group):
        return
    scope = draft.scope.at(Place.GROUP)
    labels: dict[str, Label] = {}
    named = {n.text for node in clause.keys for p in syntax.descendants(node) if isinstance(p, syntax.Path)
             for n in p.names[:1]}  # fmt: skip
    for name, label in draft.labels.items():
        if name in named and label.value is not None and not _aggregates(label.value, scope):
            plain = isinstance(label.value, syntax.Path) and label.value.text == name
            label.expr = expressions.infer(label.value, scope)
            if not plain:
                labels[name] = label
    inner = draft.scope.at(Place.GROUP, labels=labels)
    for node in clause.keys:
        if _groups_by_aggregate(node, labels, draft):
            draft.keys.append(("", broken(node.span)))
            continue
        direct = labels.get(node.text) if isinstance(node, syntax.Path) else None
        value = direct.expr if direct is not None and direct.expr is not None else expressions.infer(node, inner)
        if is_broken(value):
            draft.keys.append(("", value))
            continue
        if not any(isinstance(n, ColumnRef) for n in walk(value)):
            said = "a constant is the same in every row, so it makes no groups"
            draft.context.report(codes.ORDER_KEY, node.span, said)
        elif not groupable(value.type):
            draft.context.report(codes.NOT_ORDERED, node.span, f"rows cannot be grouped by {value.type}")
        else:
            draft.keys.append((shapes.name_of(node) or f"key_{len(draft.keys) + 1}", value))


def _groups_by_aggregate(node: syntax.Expr, labels: dict[str, Label], draft: Draft) -> bool:
    """Whether a key is the label of an aggregate, and no column either; reported."""
    name = node.text if isinstance(node, syntax.Path) and len(node.names) == 1 else None
    if name is None or name in labels or name not in draft.labels:
        return False
    if any(source.column(name) is not None for source in draft.scope.sources):
        return False
    value = draft.labels[name].value
    if value is None or not _aggregates(value, draft.scope):
        return False
    draft.context.report(
        codes.AGGREGATE_PLACE, node.span, f"{name} is computed from the groups, so it cannot make them",
        help="aggregate in one stage, and group the result behind |",
    )  # fmt: skip
    return True


def _aggregates(node: syntax.Expr, scope: Scope) -> bool:
    """Whether an item holds an aggregate over the rows of the stage, or a window: nothing can be grouped by it."""
    for inner in _outside_reads(node):
        if isinstance(inner, syntax.Call):
            if inner.over is not None:
                return True
            if inner.function.text in AGGREGATES and not aggregates.goes_along_link(inner, scope):
                return True
    return False


def _outside_reads(node: syntax.Node) -> list[syntax.Node]:
    found: list[syntax.Node] = []
    pending: list[syntax.Node] = [node]
    while pending:
        current = pending.pop()
        if isinstance(current, syntax.Read):
            continue
        found.append(current)
        pending.extend(syntax.children(current))
    return found
