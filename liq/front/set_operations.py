"""``union``, ``union all``, ``except``, ``intersect``: rows of several reads, matched by label."""

from __future__ import annotations

from collections.abc import Sequence

from liq.front.coerce import article, coerce, meeting_type
from liq.front.completion import reference
from liq.front.context import Context, one_of
from liq.front.staged import Staged
from liq.model import codes
from liq.model.diagnostics import Label
from liq.model.expr import Column, Expr, Item, Relation
from liq.model.ir import Project, SetOperation, SetOperator
from liq.model.source import Span
from liq.model.types import Type
from liq_grammar import syntax


def operands_fit(node: syntax.Read, context: Context) -> bool:
    """Whether the operands are joined by one operator and hold no order or limit of their own."""
    fits = True
    for operand in (node.first, *(rest.read for rest in node.rest)):
        for clause in operand.clauses:
            if isinstance(clause, syntax.Order | syntax.OrderChoose | syntax.Limit | syntax.Offset | syntax.After):
                word = "order" if isinstance(clause, syntax.OrderChoose) else type(clause).__name__.lower()
                context.report(
                    codes.SET_CLAUSE, clause.span, f"an operand of {node.rest[0].operator} takes no {word}",
                    help=f"write | {word} … behind all of them, or read (read … {word} …) q",
                )  # fmt: skip
                fits = False
    for rest in node.rest[1:]:
        if rest.operator != node.rest[0].operator:
            context.report(
                codes.SET_CLAUSE, rest.span,
                f"{node.rest[0].operator} and {rest.operator} do not mix without parentheses",
                help=f"write read (read … {node.rest[0].operator} read …) q {rest.operator} read …",
            )  # fmt: skip
            fits = False
    return fits


def combined(operator: str, operands: Sequence[Staged], context: Context, spans: Sequence[Span]) -> Relation | None:
    """The rows of all operands; None, reported, where labels or types do not fit."""
    first = operands[0]
    labels = [c.name for c in first.columns]
    aligned: list[list[Column]] = []
    for operand, span in zip(operands, spans, strict=True):
        by_name = {c.name: c for c in operand.columns}
        if set(by_name) != set(labels):
            _report_labels(labels, list(by_name), operator, context, span, spans[0])
            return None
        aligned.append([by_name[label] for label in labels])
    types = [_common([row[at] for row in aligned], operator, context, spans) for at in range(len(labels))]
    known = [t for t in types if t is not None]
    if len(known) < len(types):
        return None
    inputs = tuple(
        _shaped(operand.relation, row, known, context) for operand, row in zip(operands, aligned, strict=True)
    )
    columns = tuple(
        Column(context.fresh(), label, type_, _nullable(operator, [row[at].nullable for row in aligned]))
        for at, (label, type_) in enumerate(zip(labels, known, strict=True))
    )
    return SetOperation(SetOperator(operator), inputs, columns, span=spans[0].join(spans[-1]))


def _report_labels(
    labels: list[str], others: list[str], operator: str, context: Context, span: Span, first: Span
) -> None:
    missing = [label for label in labels if label not in others]
    extra = [label for label in others if label not in labels]
    parts = [f"this one lacks {one_of(missing)}"] if missing else []
    parts += [f"this one has {one_of(extra)}, which the first lacks"] if extra else []
    context.report(
        codes.SET_LABELS, span, f"{operator} needs the same labels on both sides: {', and '.join(parts)}",
        [Label(first, f"this one has {one_of(labels)}")],
    )  # fmt: skip


def _common(columns: list[Column], operator: str, context: Context, spans: Sequence[Span]) -> Type | None:
    type_ = columns[0].type
    if all(column.type == type_ for column in columns):
        return type_
    for column, span in zip(columns[1:], spans[1:], strict=True):
        met = meeting_type(type_, column.type)
        if met is None:
            context.report(
                codes.TYPE_MISMATCH, span,
                f"{column.name} is {article(type_)} on one side of {operator}, and {article(column.type)} on this one",
                [Label(spans[0], f"here it is {article(type_)}")],
            )  # fmt: skip
            return None
        type_ = met
    return type_


def _nullable(operator: str, parts: list[bool]) -> bool:
    match operator:
        case "except":
            return parts[0]
        case "intersect":
            return all(parts)
        case _:
            return any(parts)


def _shaped(relation: Relation, columns: list[Column], types: list[Type], context: Context) -> Relation:
    """An operand's rows in the order and types of the operation."""
    items: list[Item] = []
    for column, type_ in zip(columns, types, strict=True):
        value: Expr = coerce(reference(column, relation_span(relation)), type_, context)
        if value.type == column.type:
            items.append(Item(column, reference(column, relation_span(relation))))
        else:
            items.append(Item(Column(context.fresh(), column.name, type_, column.nullable), value))
    if tuple(item.column for item in items) == relation.columns:
        return relation
    return Project(relation, tuple(items))


def relation_span(relation: Relation) -> Span:
    """Where a relation stands in the source."""
    span = getattr(relation, "span", None)
    return span if isinstance(span, Span) else Span(0, 0)
