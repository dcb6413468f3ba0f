"""``limit``, ``offset`` and ``max``: literals, or parameters that are checked before anything runs."""

from __future__ import annotations

from liq.front.broken import is_broken
from liq.front.coerce import coerce
from liq.front.context import Context
from liq.front.parameter_refs import parameter
from liq.front.scope import Place, Scope, empty_scope
from liq.model import codes
from liq.model.expr import Call, Expr, Literal, ParamRef, conjunction
from liq.model.ir import Precondition
from liq.model.types import BOOL, INT
from liq.model.values import INT_MAX
from liq_grammar import syntax


def limit_count(node: syntax.Limit, scope: Scope) -> Expr | None:
    """How many rows a ``limit`` lets through; None where an error was reported."""
    maximum = whole(node.maximum, scope.context) if node.maximum is not None else None
    if isinstance(node.count, syntax.Number) and node.maximum is not None:
        scope.context.report(
            codes.LIMIT, node.span, "max bounds a parameter; a literal limit is its own bound",
            help=f"write limit {node.count.text}",
        )  # fmt: skip
        return None
    return _amount(node.count, scope, "limit", maximum)


def offset_count(node: syntax.Offset, scope: Scope) -> Expr | None:
    """How many rows an ``offset`` skips; None where an error was reported."""
    return _amount(node.count, scope, "offset", None)


def _amount(node: syntax.Number | syntax.Parameter, scope: Scope, what: str, maximum: int | None) -> Expr | None:
    context = scope.context
    if isinstance(node, syntax.Number):
        value = whole(node, context)
        return None if value is None else Literal(value, INT, span=node.span)
    if node.optional:
        context.report(
            codes.OPTIONAL_PLACE, node.span, f"${node.name}? cannot be left out in {what}",
            help=f"declare a default: ${node.name}: int = 50",
        )  # fmt: skip
        return None
    at_hand = empty_scope(context, Place.VALUE)
    given = coerce(parameter(node, at_hand), INT, context, wanted=f"a {what}")
    if is_broken(given) or not isinstance(given, ParamRef):
        return None
    parts = [_at(">=", given, 0)] + ([] if maximum is None else [_at("<=", given, maximum)])
    condition = conjunction(tuple(parts))
    assert condition is not None
    said = "must not be negative" if maximum is None else f"must be between 0 and {maximum}"
    context.parameters.require(Precondition(condition, f"${given.name} {said}"))
    return ParamRef(given.name, given.type, False, span=node.span)


def _at(operator: str, given: Expr, bound: int) -> Expr:
    return Call(operator, (given, Literal(bound, INT, span=given.span)), BOOL, given.nullable, span=given.span)


def whole(node: syntax.Number, context: Context) -> int | None:
    """A literal number of rows; None, reported, where it is too large."""
    value = int(node.digits) if node.kind == "int" else None
    if value is None or value > INT_MAX:
        context.report(codes.LIMIT, node.span, f"a number of rows is a whole number up to {INT_MAX}")
        return None
    return value
