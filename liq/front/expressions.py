"""Expressions: syntax to typed model expressions, in a scope.

``resolve`` and ``predicate`` are for the outside; ``infer`` types an expression on its own, with a hint of what is
wanted where it stands, which gives parameters, empty lists and records their type. An error is reported once and leaves
a null that fits everywhere (``broken``).
"""

from __future__ import annotations

from typing import assert_never

from liq.front import calls, casts, comparisons, subqueries
from liq.front.broken import broken, is_broken
from liq.front.coerce import article, coerce, converted, unify_all
from liq.front.context import closest, one_of
from liq.front.literals import json_constant, json_keeps, number, typed
from liq.front.parameter_refs import is_unknown, parameter
from liq.front.paths import json_steps, no_member, resolve_path
from liq.front.scope import Scope, Slot
from liq.model import codes
from liq.model.expr import (
    And,
    Case,
    ClaimRef,
    Expr,
    Is,
    JsonExpr,
    JsonStep,
    ListExpr,
    Literal,
    Not,
    Optional,
    Or,
    Truth,
    When,
    conjunction,
)
from liq.model.types import BOOL, INT, JSON, NULL, TEXT, Bool, Json, List, Null, Record, Type, widened
from liq_grammar import syntax


def resolve(node: syntax.Expr, scope: Scope, expected: Type | None = None, *, nullable: bool = False) -> Expr:
    """The expression that a syntax tree says, as a value of ``expected`` where that is given.

    ``nullable``: a parameter that stands here may be null (it is written into a column that may be).
    """
    value = infer(node, scope, expected)
    if expected is None or is_broken(value):
        return value
    return coerce(value, expected, scope.context, nullable=nullable)


def predicate(node: syntax.Expr, scope: Scope) -> Expr:
    """A condition."""
    value = infer(node, scope, BOOL)
    if is_broken(value) or isinstance(value.type, Bool):
        return value
    if is_unknown(value) or isinstance(value.type, Null):
        return converted(value, BOOL, scope.context) or value
    scope.context.report(
        codes.NOT_A_CONDITION, value.span, f"a condition is true or false, but this is {article(value.type)}",
        help="compare it with something",
    )  # fmt: skip
    return broken(value.span)


def where_predicate(node: syntax.Expr, scope: Scope) -> Expr:
    """The condition of a ``where`` of a read: operands of its outermost ``and`` may hang on an optional parameter."""
    operands = node.operands if isinstance(node, syntax.And) else (node,)
    parts: list[Expr] = []
    for operand in operands:
        slot = Slot()
        inner = scope.at(scope.place, labels=scope.labels)
        inner.slot = slot
        part = predicate(operand, inner)
        names = list(slot.entries)
        parts.append(Optional(names[0], part, span=operand.span) if names and not is_broken(part) else part)
    result = conjunction(tuple(parts))
    assert result is not None, "a where has a condition"
    return result


def infer(node: syntax.Expr, scope: Scope, hint: Type | None = None) -> Expr:
    """The expression, in whatever type it has; ``hint`` types what has none of its own."""
    context = scope.context
    try:
        if not context.enter(node.span) or not context.charge(1, node.span):
            return broken(node.span)
        return _inferred(node, scope, hint)
    finally:
        context.leave()


def _inferred(node: syntax.Expr, scope: Scope, hint: Type | None) -> Expr:
    match node:
        case syntax.Null():
            return Literal(None, NULL, span=node.span)
        case syntax.Boolean(value):
            return Literal(value, BOOL, span=node.span)
        case syntax.Number():
            return number(node, scope.context)
        case syntax.Text(value):
            return Literal(value, TEXT, span=node.span)
        case syntax.Typed():
            return typed(node, scope.context)
        case syntax.Parameter():
            return parameter(node, scope)
        case syntax.Claim():
            return _claim(node, scope)
        case syntax.Path():
            return resolve_path(node, scope)
        case syntax.Member(operand, name):
            return json_steps(infer(operand, scope), (name,), scope)
        case syntax.Index():
            return _index(node, scope)
        case syntax.Cast():
            return casts.resolve_cast(node, scope)
        case syntax.Call():
            return calls.resolve_call(node, scope, hint)
        case syntax.Negate(operand):
            if isinstance(operand, syntax.Number):
                return number(operand, scope.context, negative=True)
            return calls.apply("neg", [infer(operand, scope, hint)], scope, node.span, hint)
        case syntax.Not(operand):
            return Not(predicate(operand, scope), span=node.span)
        case syntax.And(operands):
            return And(tuple(predicate(o, scope) for o in operands), span=node.span)
        case syntax.Or(operands):
            return Or(tuple(predicate(o, scope) for o in operands), span=node.span)
        case syntax.Binary():
            return calls.resolve_binary(node, scope, hint)
        case syntax.Is():
            return _is(node, scope)
        case (
            syntax.Compare() | syntax.IsDistinct() | syntax.In() | syntax.Like() | syntax.Between() | syntax.Matches()
        ):
            return comparisons.resolve_comparison(node, scope)
        case syntax.Case():
            return _case(node, scope, hint)
        case syntax.Row():
            scope.context.report(codes.ROW_WIDTH, node.span, "a row of values stands in comparisons and in (…) only")
            return broken(node.span)
        case syntax.ListLiteral():
            return _list(node, scope, hint)
        case syntax.Record():
            return _record(node, scope)
        case syntax.Subquery():
            return subqueries.scalar_subquery(node, scope)
        case syntax.Exists():
            return subqueries.resolve_exists(node, scope)
        case syntax.Broken():
            return broken(node.span)
        case _:
            assert_never(node)


def _claim(node: syntax.Claim, scope: Scope) -> Expr:
    claim = scope.context.names.claim(node.name)
    if claim is None:
        known = list(scope.context.names.claim_names())
        meant = closest(node.name, known)
        scope.context.report(
            codes.UNKNOWN_CLAIM, node.span,
            f"unknown claim @{node.name}" + (f" — did you mean @{meant}?" if meant else ""),
            help=f"the session has {one_of('@' + name for name in known)}" if known else "declare it: session { … }",
        )  # fmt: skip
        return broken(node.span)
    return ClaimRef(claim.name, claim.type, claim.nullable, span=node.span)


def _is(node: syntax.Is, scope: Scope) -> Expr:
    truth = Truth(node.value)
    operand = infer(node.operand, scope) if truth is Truth.NULL else predicate(node.operand, scope)
    return operand if is_broken(operand) else Is(operand, truth, node.negated, span=node.span)


def _index(node: syntax.Index, scope: Scope) -> Expr:
    """A step into JSON by a literal name or position, or an element of a list."""
    context = scope.context
    operand = infer(node.operand, scope)
    if is_broken(operand):
        return operand
    match operand.type, node.index:
        case Json(), syntax.Text(name):
            return JsonStep(operand, name, JSON, span=node.span)
        case Json(), syntax.Number(kind="int") as position:
            return JsonStep(operand, min(int(position.digits), 2**31 - 1), JSON, span=node.span)
        case Json(), _:
            context.report(
                codes.NO_MEMBER, node.index.span, "a step into JSON is a literal name or a position counted from 0",
                help="write meta['name'] or items[0]",
            )  # fmt: skip
            return broken(node.span)
        case List(Record()), _:
            return no_member(operand, "[…]", node.index.span, scope)
        case List(), _:
            return calls.apply("element", [operand, resolve(node.index, scope, INT)], scope, node.span, None)
        case _:
            return no_member(operand, "[…]", node.index.span, scope)


def _case(node: syntax.Case, scope: Scope, hint: Type | None) -> Expr:
    conditions: list[Expr] = []
    for arm in node.arms:
        if node.subject is None:
            conditions.append(predicate(arm.condition, scope))
        else:
            equal = syntax.Compare("=", node.subject, arm.condition, span=arm.condition.span)
            conditions.append(comparisons.resolve_comparison(equal, scope))
    values = [infer(arm.result, scope, hint) for arm in node.arms]
    otherwise = Literal(None, NULL, span=node.span) if node.otherwise is None else infer(node.otherwise, scope, hint)
    unified = unify_all([*values, otherwise], scope.context, node.span, "the branches of a case", hint)
    if unified is None:
        return broken(node.span)
    if all(isinstance(value.type, Null) for value in unified):
        return unified[0]
    type_ = next(value.type for value in unified if not isinstance(value.type, Null))
    branches = tuple(When(c, v) for c, v in zip(conditions, unified, strict=False))
    return Case(branches, unified[-1], widened(type_), span=node.span)


def _list(node: syntax.ListLiteral, scope: Scope, hint: Type | None) -> Expr:
    if isinstance(hint, Json):
        return _json(node, None, node.items, scope)
    element = hint.element if isinstance(hint, List) else None
    items = [infer(item, scope, element) for item in node.items]
    unified = unify_all(items, scope.context, node.span, "the items of a list", element)
    if unified is None:
        return broken(node.span)
    type_ = next((i.type for i in unified if not isinstance(i.type, Null)), element or NULL)
    if isinstance(type_, List | Record):
        scope.context.report(codes.TYPE_MISMATCH, node.span, "a list holds values, not lists", help="write […]::json")
        return broken(node.span)
    return ListExpr(tuple(unified), widened(type_), span=node.span)


def _record(node: syntax.Record, scope: Scope) -> Expr:
    entries = [entry for entry in node.entries if isinstance(entry, syntax.Entry)]
    seen: set[str] = set()
    for entry in entries:
        if entry.name.text in seen:
            said = f"the object has two members {entry.name.text}"
            scope.context.report(codes.DUPLICATE_LABEL, entry.name.span, said)
        seen.add(entry.name.text)
    return _json(node, tuple(e.name.text for e in entries), tuple(e.value for e in entries), scope)


def _json(
    node: syntax.Expr, labels: tuple[str, ...] | None, values: tuple[syntax.Expr, ...], scope: Scope
) -> Expr:
    """A JSON object or array built from expressions."""
    parts: list[Expr] = []
    for each in values:
        value = infer(each, scope, JSON if isinstance(each, syntax.ListLiteral) else None)
        if not is_broken(value) and not json_keeps(value.type):
            said = f"a JSON value cannot hold {article(value.type)}"
            scope.context.report(codes.TYPE_MISMATCH, value.span, said, help="write ::text behind it")
        parts.append(value)
    return json_constant(JsonExpr(labels, tuple(parts), JSON, span=node.span))
