"""Literals: source text to typed constants, checked when compiled."""

from __future__ import annotations

import math
from decimal import Decimal as PyDecimal

from liq.front.broken import broken
from liq.front.context import Context, closest, one_of
from liq.model import codes
from liq.model.errors import LiqError
from liq.model.expr import Expr, JsonExpr, Literal
from liq.model.source import Span
from liq.model.types import (
    BYTES,
    DATE,
    DECIMAL,
    FLOAT,
    INT,
    INTERVAL,
    JSON,
    TIME,
    TIMESTAMP,
    UUID,
    Bytes,
    Date,
    Decimal,
    Enum,
    Float,
    Interval,
    Json,
    List,
    Time,
    Timestamp,
    Type,
    Uuid,
    Vector,
    widened,
)  # fmt: skip
from liq.model.values import DECIMAL_DIGITS_MAX, INT_MAX, INT_MIN, JsonValue, Plain
from liq.reference import casts
from liq_grammar import syntax

_TYPED: dict[str, Type] = {
    "date": DATE, "time": TIME, "timestamp": TIMESTAMP, "interval": INTERVAL, "uuid": UUID, "bytes": BYTES,
}  # fmt: skip
_EXAMPLES: dict[str, str] = {
    "date": "'2026-11-20'", "time": "'10:00'", "timestamp": "'2026-11-20T10:00:00Z'", "interval": "'7 days'",
    "uuid": "'00000000-0000-0000-0000-000000000001'", "bytes": "'00ff'",
}  # fmt: skip


def number(node: syntax.Number, context: Context, *, negative: bool = False) -> Expr:
    """A number literal: an int, or a decimal where it has a point or is too large for an int, or a float."""
    sign = "-" if negative else ""
    match node.kind:
        case "int":
            value = int(sign + node.digits)
            if INT_MIN <= value <= INT_MAX:
                return Literal(value, INT, span=node.span)
            return _decimal(sign, node, context)
        case "decimal":
            return _decimal(sign, node, context)
        case "float":
            parsed = float(sign + node.digits)
            if math.isfinite(parsed):
                return Literal(parsed, FLOAT, span=node.span)
            context.report(codes.BAD_LITERAL, node.span, "the number is too large for a float")
            return broken(node.span)


def _decimal(sign: str, node: syntax.Number, context: Context) -> Expr:
    if len(node.digits.replace(".", "").lstrip("0")) > DECIMAL_DIGITS_MAX:
        context.report(
            codes.BAD_LITERAL, node.span, f"the number has more than {DECIMAL_DIGITS_MAX} digits",
            help="write it as a float, such as 1e40",
        )  # fmt: skip
        return broken(node.span)
    return Literal(PyDecimal(sign + node.digits), DECIMAL, span=node.span)


def typed(node: syntax.Typed, context: Context) -> Expr:
    """``date '2026-11-20'`` and its like."""
    if node.kind == "bytes":
        try:
            return Literal(bytes.fromhex(node.value.removeprefix("\\x")), BYTES, span=node.span)
        except ValueError:
            return _refused(node.value, BYTES, node.span, context)
    return from_text(node.value, _TYPED[node.kind], node.span, context)


def converts_text(type_: Type) -> bool:
    """Whether a text literal that meets this type is read as a value of it."""
    return isinstance(type_, Date | Time | Timestamp | Interval | Uuid | Enum)


def from_text(text: str, type_: Type, span: Span, context: Context) -> Expr:
    """A text literal as a value of a type; reported where it is none."""
    if isinstance(type_, Enum):
        if text in type_.labels:
            return Literal(text, type_, span=span)
        meant = closest(text, type_.labels)
        context.report(
            codes.UNKNOWN_LABEL, span,
            f"'{text}' is no value of {type_.name}" + (f" — did you mean '{meant}'?" if meant else ""),
            help=f"its values are {one_of(type_.labels, 12)}",
        )  # fmt: skip
        return broken(span)
    try:
        return Literal(casts.from_text(text, type_), widened(type_), span=span)
    except LiqError:
        return _refused(text, type_, span, context)


def _refused(text: str, type_: Type, span: Span, context: Context) -> Expr:
    example = _EXAMPLES.get(str(type_))
    shown = text if len(text) <= 40 else text[:37] + "…"
    context.report(
        codes.BAD_LITERAL, span, f"'{shown}' is not a value of type {type_}",
        help=f"write it like {example}" if example else None,
    )  # fmt: skip
    return broken(span)


def cast_constant(value: Literal, target: Type, span: Span, context: Context, *, safe: bool) -> Expr | None:
    """A cast of a constant, done when compiled; None where it has to wait (its result depends on nothing here)."""
    if value.value is None:
        return Literal(None, target, span=span)
    if isinstance(target, List | Vector) or isinstance(value.type, List | Vector | Json):
        return None
    try:
        return Literal(casts.cast(value.value, value.type, target), target, span=span)
    except LiqError as error:
        if safe:
            return Literal(None, target, span=span)
        context.report(codes.BAD_LITERAL, span, f"{shown(value)} cannot be cast to {target}: {error.message}")
        return broken(span)


def widened_constant(value: Literal, target: Type) -> Literal | None:
    """A constant under an implicit conversion that loses nothing."""
    match value.value, target:
        case bool(), _:
            return None
        case int(whole), Decimal():
            return Literal(PyDecimal(whole), DECIMAL, span=value.span)
        case (int() | PyDecimal()) as exact, Float():
            return Literal(float(exact), FLOAT, span=value.span)
        case _:
            return None


def shown(value: Literal) -> str:
    """A constant as a message quotes it."""
    match value.value:
        case None:
            return "null"
        case str(text):
            return f"'{text}'" if len(text) <= 40 else f"'{text[:37]}…'"
        case other:
            return str(other)


def json_constant(expr: JsonExpr) -> Expr:
    """A JSON value whose parts are all constants is a constant itself."""
    parts: list[Plain] = []
    for value in expr.values:
        if not isinstance(value, Literal):
            return expr
        match value.value:
            case None | bool() | int() | str() | PyDecimal():
                parts.append(value.value)
            case JsonValue(inner):
                parts.append(inner)
            case _:
                return expr
    whole: Plain = tuple(parts) if expr.labels is None else dict(zip(expr.labels, parts, strict=True))
    return Literal(JsonValue(whole), JSON, span=expr.span)


def json_keeps(type_: Type) -> bool:
    """Whether values of a type can stand in a JSON value."""
    match type_:
        case List(element):
            return json_keeps(element)
        case Vector() | Bytes():
            return False
        case _:
            return True
