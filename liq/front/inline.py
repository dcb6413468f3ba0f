"""Views and declared functions, inlined where they are used."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from liq.front import calls, expressions, subqueries
from liq.front.broken import broken, is_broken
from liq.front.coerce import coerce
from liq.front.context import Reach, counted
from liq.front.scope import Scope
from liq.model import codes
from liq.model.expr import ClaimRef, ColumnRef, Expr, Literal, ParamRef, Relation
from liq.model.instantiate import instantiate
from liq.model.ir import Scan
from liq.model.node import Node, map_children, walk
from liq.model.schema import Function, View
from liq.model.source import Span
from liq.model.types import Null
from liq_grammar import syntax


def inline_view(view: View, scope: Scope, span: Span) -> Relation | None:
    """A fresh copy of a view's rows; its scans are the user's, reached through it."""
    context = scope.context
    bare = _without_access(view.relation)
    if not context.charge_copy(bare, span):
        return None
    relation = instantiate(bare, context.fresh)
    context.enlist(relation, view.name)
    return relation


def _without_access(node: Node) -> Relation:
    """Policies are attached where a statement is finished, for the one who reads."""

    def change(current: Node) -> Node:
        if isinstance(current, Scan):
            return attrs.evolve(current, access=None)
        return map_children(current, change)

    result = change(node)
    assert isinstance(result, Relation)
    return result


def call_function(node: syntax.Call, scope: Scope) -> Expr:
    """A declared function as a value: its expression, or its read where that has one column and at most one row."""
    function = scope.context.names.function(node.function.text)
    assert function is not None
    body = inline_function(function, node.arguments, scope, scope, node.span)
    if body is None:
        return broken(node.span)
    return subqueries.scalar(body, scope, node.span) if isinstance(body, Relation) else body


def inline_function(
    function: Function, arguments: Sequence[syntax.Expr], scope: Scope, argument_scope: Scope, span: Span
) -> Expr | Relation | None:
    """The body of a function with arguments for parameters; None, reported, where they do not fit."""
    context = scope.context
    if len(arguments) != len(function.parameters):
        wanted = ", ".join(f"${name}: {type_}" for name, type_ in function.parameters)
        context.report(
            codes.ARGUMENTS_TYPE, span,
            f"{function.name} takes {counted(len(function.parameters), 'argument')}, here are {len(arguments)}",
            help=f"it is declared as {function.name}({wanted})",
        )  # fmt: skip
        for argument in arguments:
            expressions.infer(argument, argument_scope)
        return None
    values: dict[str, Expr] = {}
    for (name, type_), argument in zip(function.parameters, arguments, strict=True):
        value = expressions.infer(argument, argument_scope, type_)
        if not isinstance(type_, Null):  # the declaration is wrong itself, which was said there
            value = coerce(value, type_, context, wanted=f"${name} of {function.name}")
        values[name] = value
    if is_broken(*values.values()):
        return None
    return _substituted(function, values, scope, span)


def _substituted(function: Function, values: dict[str, Expr], scope: Scope, span: Span) -> Expr | Relation | None:
    """A fresh copy of the body; every use of a parameter gets an argument of its own, with columns of its own."""
    context = scope.context
    body = _without_access(function.body) if isinstance(function.body, Relation) else function.body
    if not context.charge_copy(body, span):
        return None
    arguments: dict[str, Expr] = {}
    uses = 0

    def number(current: Node) -> Node:
        nonlocal uses
        if not (isinstance(current, ParamRef) and current.name in values):
            return map_children(current, number)
        value = values[current.name]
        if isinstance(value, ColumnRef | ParamRef | ClaimRef | Literal):
            return current
        uses += 1
        own = f"{current.name}#{uses}"
        arguments[own] = value
        return attrs.evolve(current, name=own)

    numbered = number(body)
    for own, value in list(arguments.items()):
        if not context.charge_copy(value, span):
            return None
        arguments[own] = instantiate(value, context.fresh)
        _follow_copies(value, arguments[own], scope)
    result = instantiate(numbered, context.fresh, params={**values, **arguments})
    result = calls.renulled(result) if isinstance(result, Expr) else result
    assert isinstance(result, Expr | Relation)
    _enlist(result, scope)
    return result


def _follow_copies(old: Node, new: Node, scope: Scope) -> None:
    """A copied subquery's scans are whose the original's are."""
    reaches = scope.context.user_scans
    for before, after in zip(walk(old), walk(new), strict=True):
        if isinstance(before, Scan) and isinstance(after, Scan) and before.columns[0].id in reaches:
            reaches[after.columns[0].id] = reaches[before.columns[0].id]


def _enlist(body: Expr | Relation, scope: Scope) -> None:
    """The scans that a function brings along are the user's where the user calls it."""
    context = scope.context
    if context.bare:
        return
    for node in walk(body):
        if isinstance(node, Scan):
            context.user_scans.setdefault(node.columns[0].id, Reach())


def copied(expr: Expr, scope: Scope, span: Span) -> Expr:
    """A copy of an expression for a second place: columns that its subqueries define are new."""
    if not any(isinstance(node, Relation) for node in walk(expr)):
        return expr
    if not scope.context.charge_copy(expr, span):
        return broken(span)
    new = instantiate(expr, scope.context.fresh)
    _follow_copies(expr, new, scope)
    return new
