"""Implicit conversions: how types meet, how literals and parameters take the type of what they meet."""

from __future__ import annotations

import attrs

from liq.front.broken import Broken, broken
from liq.front.context import Context
from liq.front.literals import converts_text, from_text, json_keeps, widened_constant
from liq.front.parameter_refs import is_unknown, take_type
from liq.model import codes
from liq.model.diagnostics import Label
from liq.model.expr import Cast, ColumnRef, Expr, ListExpr, Literal, ParamRef
from liq.model.functions import conversion_cost
from liq.model.source import Span
from liq.model.types import TEXT, Cursor, Enum, Json, List, Null, Record, Type, Vector, common_type, is_numeric, widened


def meeting_type(left: Type, right: Type) -> Type | None:
    """The type in which two values are compared or stand in one column; an enum meets text as text."""
    match left, right:
        case (Enum(), t) | (t, Enum()) if t == TEXT:
            return TEXT
        case _:
            common = common_type(left, right)
            return None if common is None else widened(common)


def nullable_column(expr: Expr) -> bool:
    """Whether a parameter that meets this may be null: it is a column that may be."""
    return isinstance(expr, ColumnRef) and expr.nullable


def converted(expr: Expr, target: Type, context: Context, *, nullable: bool = False) -> Expr | None:
    """``expr`` as a value of ``target``, by a conversion that loses nothing; None where there is none.

    ``nullable``: a parameter that stands here may be null.
    """
    target = widened(target)
    match expr:
        case Broken():
            return expr
        case ParamRef():
            expr = take_type(expr, target, nullable, context)
        case Literal(value=None):
            return attrs.evolve(expr, type=target)
        case Literal(value=str(text), type=source) if source == TEXT and converts_text(target):
            return from_text(text, target, expr.span, context)
        case Literal():
            constant = widened_constant(expr, target)
            if constant is not None:
                return constant
        case ListExpr(items) if isinstance(target, List) and expr.type != target:
            parts = [converted(item, target.element, context) for item in items]
            known = [part for part in parts if part is not None]
            return ListExpr(tuple(known), target.element, span=expr.span) if len(known) == len(parts) else None
        case _:
            pass
    cost = conversion_cost(expr.type, target)
    if cost is None:
        return None
    return expr if cost == 0 or isinstance(expr.type, Null) else Cast(expr, target, span=expr.span)


def coerce(expr: Expr, target: Type, context: Context, *, nullable: bool = False, wanted: str | None = None) -> Expr:
    """``expr`` as a value of ``target``; a mismatch is reported. ``wanted``: what needs it, for the message."""
    result = converted(expr, target, context, nullable=nullable)
    if result is not None:
        return result
    if is_unknown(expr):
        return expr
    context.report(
        codes.TYPE_MISMATCH, expr.span, f"{wanted or 'this'} must be {article(target)}, but it is {article(expr.type)}",
        origin_labels(context, expr), help=cast_help(expr.type, target),
    )  # fmt: skip
    return broken(expr.span)


def unified(left: Expr, right: Expr, context: Context) -> tuple[Expr, Expr] | None:
    """Two values in one type: literals and parameters take the type of the other side. None where they do not meet."""
    if isinstance(left, Broken) or isinstance(right, Broken):
        return left, right
    for soft, hard in ((left, right), (right, left)):
        if is_unknown(soft) or _is_soft_text(soft, hard):
            if is_unknown(hard):
                return left, right
            taken = converted(soft, hard.type, context, nullable=nullable_column(hard))
            if taken is None:
                return None
            left, right = (taken, hard) if soft is left else (hard, taken)
            break
    target = meeting_type(left.type, right.type)
    if target is None:
        return None
    first = converted(left, target, context, nullable=nullable_column(right))
    second = converted(right, target, context, nullable=nullable_column(left))
    return None if first is None or second is None else (first, second)


def _is_soft_text(soft: Expr, hard: Expr) -> bool:
    return isinstance(soft, Literal) and soft.type == TEXT and soft.value is not None and converts_text(hard.type)


def unify_all(
    exprs: list[Expr], context: Context, span: Span, what: str, hint: Type | None = None, *, nullable: bool = False
) -> list[Expr] | None:
    """Several values in one type (branches, list items …); a mismatch is reported with the first one that differs.

    ``nullable``: a parameter among them may be null (``coalesce`` says what holds then).
    """
    target: Type = Null() if hint is None else widened(hint)
    firm = [e for e in exprs if not is_soft(e) and not is_unknown(e)]
    for each in (*firm, *(e for e in exprs if is_soft(e))):
        if is_soft(each) and converts_text(target):
            continue
        met = meeting_type(target, each.type)
        if met is None:
            other = next((e for e in exprs if e is not each and not isinstance(e.type, Null)), each)
            report_mismatch(other, each, context, span, what)
            return None
        target = met
    nullable = nullable or (bool(exprs) and all(nullable_column(e) for e in exprs if not is_unknown(e)))
    results = [converted(e, target, context, nullable=nullable) for e in exprs]
    for before, after in zip(exprs, results, strict=True):
        if after is None:
            context.report(
                codes.TYPE_MISMATCH, before.span,
                f"{what} have one type: this is {article(before.type)}, the others are {article(target)}",
                origin_labels(context, before), help=cast_help(before.type, target),
            )  # fmt: skip
            return None
    return [e for e in results if e is not None]


def is_soft(expr: Expr) -> bool:
    """Whether an expression is a text literal, which becomes a date, uuid or enum where it meets one."""
    return isinstance(expr, Literal) and expr.type == TEXT and expr.value is not None


def report_mismatch(left: Expr, right: Expr, context: Context, span: Span, what: str) -> None:
    """Both sides of a mismatch, each with its type."""
    context.report(
        codes.TYPE_MISMATCH, span, f"{what}: {article(left.type)} does not meet {article(right.type)}",
        [
            Label(left.span, f"this is {article(left.type)}"), Label(right.span, f"this is {article(right.type)}"),
            *origin_labels(context, left, right),
        ],
        help=_meeting_help(left, right),
    )  # fmt: skip


def _meeting_help(left: Expr, right: Expr) -> str | None:
    """How two values could be made to meet."""
    for one, other in ((left, right), (right, left)):
        if isinstance(one, ParamRef):
            return f"use two parameters, or cast one use: ${one.name}::{other.type}"
        if is_soft(one):
            return "a number has no quotes" if is_numeric(other.type) else None
    target = right.type if castable(left.type, right.type) and left.type != TEXT else left.type
    return f"cast one side: …::{target}" if castable(left.type, target) and castable(right.type, target) else None


def origin_labels(context: Context, *exprs: Expr) -> list[Label]:
    """Where the types of parameters come from."""
    labels = []
    for expr in exprs:
        entry = context.parameters.entries.get(expr.name) if isinstance(expr, ParamRef) else None
        if entry is not None and entry.origin is not None and entry.origin != expr.span:
            labels.append(Label(entry.origin, f"${entry.name} is {article(expr.type)} because of this"))
    return labels


def cast_help(source: Type, target: Type) -> str | None:
    """The cast that would make a value fit."""
    if castable(source, target) and not isinstance(target, Enum | Null):
        return f"cast it: …::{target}"
    return None


def article(type_: Type) -> str:
    """A type as a message names it."""
    match type_:
        case Record():
            return "a nested object"
        case List(Record()):
            return "a nested list"
        case Null():
            return "of unknown type"
        case List(Null()):
            return "a list"
        case _:
            return str(type_)


def castable(source: Type, target: Type) -> bool:
    """Whether ``source::target`` exists: see the page about semantics, §4."""
    if source == target or isinstance(source, Null):
        return not isinstance(target, Record | Cursor)
    if any(isinstance(t, Record | Cursor) for t in (source, target)):
        return False
    match source, target:
        case Json(), _:
            return not isinstance(target, List | Vector)
        case _, Json():
            return json_keeps(source)
        case List(inner), List(outer):
            return castable(inner, outer)
        case (List(), Vector()) | (Vector(), List()):
            listed = source if isinstance(source, List) else target
            return isinstance(listed, List) and str(widened(listed.element)) in _NUMBERS
        case (List() | Vector(), t):
            return t == TEXT and isinstance(source, List) and castable(source.element, TEXT)
        case (_, List() | Vector()):
            return False
        case _:
            enums = isinstance(source, Enum) or isinstance(target, Enum)
            return _scalar_castable(str(widened(source)), str(widened(target)), enums)


_NUMBERS = {"int", "decimal", "float"}
_PAIRS = {("date", "timestamp"), ("timestamp", "date"), ("timestamp", "time"), ("bool", "int"), ("int", "bool")}


def _scalar_castable(source: str, target: str, enums: bool) -> bool:
    if enums:
        return "text" in (source, target)
    return "text" in (source, target) or {source, target} <= _NUMBERS or (source, target) in _PAIRS


