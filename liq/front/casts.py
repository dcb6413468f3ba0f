"""``x::type`` and ``x::type?``."""

from __future__ import annotations

from liq.front import expressions
from liq.front.broken import broken, is_broken
from liq.front.coerce import article, castable, converted
from liq.front.literals import cast_constant
from liq.front.parameter_refs import is_unknown
from liq.front.scope import Scope
from liq.front.type_refs import resolve_type
from liq.model import codes
from liq.model.expr import Cast, Expr, ListExpr, Literal
from liq.model.types import Null, Type
from liq_grammar import syntax


def resolve_cast(node: syntax.Cast, scope: Scope) -> Expr:
    """A cast; of a parameter without a type it says the type, of a constant it is done here."""
    context = scope.context
    target = resolve_type(node.type, context)
    if target is None:
        expressions.infer(node.operand, scope)
        return broken(node.span)
    literal = isinstance(node.operand, syntax.ListLiteral | syntax.Record)
    operand = expressions.infer(node.operand, scope, target if literal else None)
    if is_broken(operand):
        return operand
    if is_unknown(operand) or (isinstance(operand, ListExpr) and isinstance(operand.element, Null)):
        return converted(operand, target, context) or broken(node.span)
    return cast(operand, target, node, scope)


def cast(operand: Expr, target: Type, node: syntax.Cast, scope: Scope) -> Expr:
    """A typed value as another type."""
    source, safe = operand.type, node.type.nullable
    if source == target:
        return operand
    if not castable(source, target):
        scope.context.report(codes.BAD_CAST, node.span, f"{article(source)} cannot be cast to {article(target)}")
        return broken(node.span)
    if type(operand) is Literal:
        constant = cast_constant(operand, target, node.span, scope.context, safe=safe)
        if constant is not None:
            return constant
    return Cast(operand, target, safe, span=node.span)
