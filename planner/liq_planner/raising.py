"""Which expressions may raise on some row: what a barrier has to keep away from rows that a policy hides.

An expression that depends on no row raises the same for everybody and is not counted. Sums and products of
numbers whose
size is bounded by their types cannot overflow and are not counted either.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal as Number

from attrs import frozen

from liq.model.expr import AggregateCall, Call, Cast, ColumnRef, Expr, Literal, Relation, WindowCall
from liq.model.functions import FUNCTIONS, resolve
from liq.model.ir import Access, Limit
from liq.model.node import Node, children
from liq.model.physical import Take
from liq.model.types import (
    Bool,
    Date,
    Decimal,
    Enum,
    Float,
    Int,
    Json,
    List,
    Null,
    Text,
    Time,
    Timestamp,
    Type,
    Vector,
)
from liq.model.values import DECIMAL_DIGITS_MAX, INT_MAX


def may_raise(node: Node) -> bool:
    """Whether evaluating it may raise because of a row; subqueries count, the policies of their scans do not."""
    return any(_raises_itself(inner) and _sees_rows(inner) for inner in _outside_policies(node))


def is_open(access: Access | None) -> bool:
    """Whether a scan's policy looks at no row: it shows all rows or none."""
    return access is None or not _sees_rows(access.predicate)


def _outside_policies(node: Node) -> Iterator[Node]:
    stack = [node]
    while stack:
        current = stack.pop()
        if not isinstance(current, Access):
            yield current
            stack.extend(children(current))


def _sees_rows(node: Node) -> bool:
    return any(isinstance(inner, ColumnRef | Relation) for inner in _outside_policies(node))


def _raises_itself(node: Node) -> bool:
    match node:
        case Call(function, args):
            resolved = resolve(FUNCTIONS, function, [arg.type for arg in args])
            return resolved is None or (bool(resolved.overload.errors) and not _is_total(node))
        case Cast(arg, type_, safe):
            return not safe and not cast_is_total(arg.type, type_)
        case AggregateCall(function, args):
            return function in ("sum", "avg") and not isinstance(args[0].type, Int | Decimal)
        case WindowCall(function, args):
            return function in ("ntile", "nth_value") and not _positive(args[-1])
        case Limit() | Take():
            return False
        case _:
            return False


def _positive(expr: Expr) -> bool:
    return isinstance(expr, Literal) and isinstance(expr.value, int) and expr.value > 0


def _is_total(node: Call) -> bool:
    """Whether this call cannot raise after all, by its literals and the sizes of its types."""
    if node.function in ("/", "%", "mod", "div") and isinstance(node.type, Int | Decimal):
        divisor = node.args[1]
        if not isinstance(divisor, Literal) or not isinstance(divisor.value, int | Number) or divisor.value in (0, -1):
            return False
        return isinstance(node.type, Int) or node.function in ("%", "mod") or _size(node.args[0]) is not None
    return _size(node) is not None


@frozen
class _Size:
    """A bound of the absolute value, and of the digits behind the point."""

    bound: int
    scale: int

    def fits(self, type_: Type) -> bool:
        """Whether every number of this size is one of the type."""
        if isinstance(type_, Int):
            return self.scale == 0 and self.bound <= INT_MAX
        return len(str(self.bound)) + self.scale <= DECIMAL_DIGITS_MAX


def _size(expr: Expr) -> _Size | None:
    """How large a number may get; None when its type does not say or it does not fit."""
    size = _computed_size(expr)
    return size if size is not None and size.fits(expr.type) else None


def _computed_size(expr: Expr) -> _Size | None:
    match expr:
        case Literal(value=bool()):
            return None
        case Literal(value=int(value)):
            return _Size(abs(value), 0)
        case Literal(value=Number() as exact):
            exponent = exact.as_tuple().exponent
            return _Size(int(abs(exact)) + 1, max(0, -exponent)) if isinstance(exponent, int) else None
        case Call("+" | "-" | "*" | "neg" | "abs" | "round" | "sign", args):
            sizes = [_size(arg) for arg in args]
            return _combined(expr.function, [s for s in sizes if s]) if all(sizes) else None
        case Cast(arg, Int() | Decimal(None)):
            return _size(arg)
        case _:
            return _size_of_type(expr.type)


def _combined(function: str, sizes: list[_Size]) -> _Size:
    match function, sizes:
        case "*", [a, b]:
            return _Size(a.bound * b.bound, a.scale + b.scale)
        case "+" | "-", [a, b]:
            return _Size(a.bound + b.bound, max(a.scale, b.scale))
        case _:
            return _Size(sizes[0].bound + 1, sizes[0].scale)


def _size_of_type(type_: Type) -> _Size | None:
    match type_:
        case Int(bits) if bits < 64:
            return _Size(2 ** (bits - 1), 0)
        case Decimal(int(precision), int(scale)):
            return _Size(10 ** (precision - scale), scale)
        case _:
            return None


def cast_is_total(source: Type, target: Type) -> bool:
    """Whether the cast holds for every value."""
    if source == target or isinstance(source, Null):
        return True
    match source, target:
        case _, Json():
            return True
        case ((Text() | Json() | Vector()), Text()):
            return True
        case ((Text() | Json()), _):
            return False
        case _, Text():
            return True
        case Int(a), Int(b):
            return a <= b
        case Int(), Decimal(None):
            return True
        case ((Int() | Decimal()), Float()):
            return True
        case Decimal(), Decimal(None):
            return True
        case (Bool(), Int()) | (Int(), Bool()) | (Date(), Timestamp()) | (Timestamp(), (Date() | Time())):
            return True
        case List(a), List(b):
            return cast_is_total(a, b)
        case (Enum(), Enum()) | (Float(), Float()):
            return True
        case _:
            return False
