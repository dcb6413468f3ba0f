"""Calls of functions and operators: which overload is meant, and what its arguments are converted to."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from liq.front import aggregates, expressions, inline, windows
from liq.front.broken import broken, is_broken
from liq.front.coerce import article, converted, is_soft, origin_labels, unify_all
from liq.front.constant_arguments import check_constants
from liq.front.context import closest
from liq.front.overloads import learn, signatures
from liq.front.parameter_refs import is_unknown
from liq.front.paths import trail
from liq.front.scope import Scope
from liq.model import codes
from liq.model.diagnostics import Fix, Label
from liq.model.expr import Call, Coalesce, Expr
from liq.model.functions import AGGREGATES, FUNCTIONS, OPERATORS, WINDOWS, Resolved
from liq.model.functions import resolve as fitting
from liq.model.node import Node, map_children
from liq.model.source import Span
from liq.model.types import NULL, Null, Type, widened
from liq_grammar import syntax

_NEVER_NULL = {"is_distinct", "concat", "array_append", "array_position"}
_NULL_WHEN_ALL = {"greatest", "least", "||"}
_SQL_NAMES = {
    "substr": "substring", "char_length": "length", "character_length": "length", "ifnull": "coalesce",
    "nvl": "coalesce", "isnull": "is null", "strpos": "position", "instr": "position", "array_length": "cardinality",
    "pow": "power", "ceiling": "ceil", "truncate": "trunc", "extract": "date_part", "percentile_cont": "percentile",
    "median": "percentile", "group_concat": "string_agg", "listagg": "string_agg", "json_agg": "a nested list",
    "every": "bool_and", "log": "ln", "getdate": "now", "current_timestamp": "now", "current_date": "today",
    "to_char": "::text", "to_number": "::decimal", "to_date": "::date", "uuid_generate_v4": "gen_random_uuid",
    "len": "length", "ucase": "upper", "lcase": "lower", "stddev_samp": "stddev", "var_samp": "variance",
    "any_value": "min", "json_build_object": "{ name: value }", "jsonb_build_object": "{ name: value }",
    "regexp_replace": "replace", "if": "case when", "iif": "case when",
}  # fmt: skip
"""What people who know SQL may write, and what liq calls it."""


def resolve_call(node: syntax.Call, scope: Scope, hint: Type | None) -> Expr:
    """A call of anything: a window, an aggregate, a built-in or a declared function."""
    name = node.function.text
    if node.over is not None:
        return windows.resolve_window(node, scope)
    if name in AGGREGATES:
        return aggregates.resolve_aggregate(node, scope)
    if name in WINDOWS:
        scope.context.report(codes.CALL_PARTS, node.span, f"{name} looks at other rows: it needs over (…)",
                             help=f"write {name}() over (order …)")  # fmt: skip
        return broken(node.span)
    builtin = (name in FUNCTIONS and name not in OPERATORS) or name == "coalesce"
    if not builtin and scope.context.names.function(name) is None:
        return _unknown(node, scope)
    if not _plain(node, scope):
        return broken(node.span)
    if not builtin:
        return inline.call_function(node, scope)
    if name == "coalesce":
        return _coalesce(node, scope, hint)
    values = [expressions.infer(argument, scope) for argument in node.arguments]
    return apply(name, values, scope, node.span, hint)


def _plain(node: syntax.Call, scope: Scope) -> bool:
    """Whether a call of a scalar function has arguments only."""
    if not node.distinct and not node.clauses:
        return True
    word = "distinct" if node.distinct else type(node.clauses[0]).__name__.lower()
    scope.context.report(
        codes.CALL_PARTS, node.span, f"{node.function.text} is no aggregate: it takes no {word}",
        help=f"aggregates are {', '.join(sorted(AGGREGATES))}",
    )  # fmt: skip
    return False


def _unknown(node: syntax.Call, scope: Scope) -> Expr:
    context = scope.context
    name = node.function.text
    names = [n.text for n in node.function.names]
    found = trail(names, scope, many=False)
    if found is not None and found.used == len(names):
        context.report(
            codes.LINK_TO_MANY, node.span, f"{name} is a list of rows, not a value",
            help=f"say which columns: {name}(…) {{ … }}, or count them: count({name})",
        )  # fmt: skip
        return broken(node.span)
    liq_name = _SQL_NAMES.get(name)
    known = [*FUNCTIONS.keys() - OPERATORS, *AGGREGATES, *WINDOWS, "coalesce", *context.names.function_names()]
    meant = None if liq_name else closest(name, known)
    context.report(
        codes.UNKNOWN_FUNCTION, node.function.span,
        f'unknown function "{name}"'
        + (f" — write {liq_name}" if liq_name else f" — did you mean {meant}?" if meant else ""),
        fix=Fix(node.function.span, meant, f"replace by {meant}") if meant else None,
    )  # fmt: skip
    for argument in node.arguments:
        expressions.infer(argument, scope)
    return broken(node.span)


def _coalesce(node: syntax.Call, scope: Scope, hint: Type | None) -> Expr:
    if not node.arguments:
        scope.context.report(codes.ARGUMENTS_TYPE, node.span, "coalesce takes one argument or more")
        return broken(node.span)
    values = [expressions.infer(argument, scope, hint) for argument in node.arguments]
    if is_broken(*values):
        return broken(node.span)
    together = unify_all(values, scope.context, node.span, "the arguments of coalesce", hint, nullable=True)
    if together is None:
        return broken(node.span)
    type_ = next((v.type for v in together if not isinstance(v.type, Null)), NULL)
    return together[0] if len(together) == 1 else Coalesce(tuple(together), widened(type_), span=node.span)


def resolve_binary(node: syntax.Binary, scope: Scope, hint: Type | None) -> Expr:
    """``a + b`` and its like. A chain of them is walked along its left side without recursion."""
    chain: list[syntax.Binary] = []
    first: syntax.Expr = node
    while isinstance(first, syntax.Binary):
        chain.append(first)
        first = first.left
    value = expressions.infer(first, scope)
    for link in reversed(chain):
        if not scope.context.charge(1, link.span):
            return broken(node.span)
        right = expressions.infer(link.right, scope)
        span = link.span
        value = apply(link.operator, [value, right], scope, span, hint)
    return value


def apply(
    name: str, values: Sequence[Expr], scope: Scope, span: Span, hint: Type | None, *, shown: str | None = None
) -> Expr:
    """A call of a built-in function or operator on typed arguments. ``shown``: its name in messages."""
    context = scope.context
    if is_broken(*values):
        return broken(span)
    arguments = learn(FUNCTIONS, name, list(values), context, hint)
    if any(is_unknown(argument) for argument in arguments):
        return broken(span)
    resolved = chosen(name, arguments)
    if resolved is None:
        _refuse(shown or name, name, arguments, scope, span)
        return broken(span)
    parts = [converted(a, t, context) for a, t in zip(arguments, resolved.arguments, strict=True)]
    known = [part for part in parts if part is not None]
    if len(known) < len(parts) or is_broken(*known):
        if len(known) < len(parts):
            _refuse(shown or name, name, arguments, scope, span)
        return broken(span)
    if not check_constants(name, known, context):
        return broken(span)
    return Call(name, tuple(known), resolved.result, _nullable(name, resolved, known), span=span)


def chosen(name: str, arguments: Sequence[Expr]) -> Resolved | None:
    """The overload for typed arguments; text literals may become what is wanted in their place."""
    types = [argument.type for argument in arguments]
    found = fitting(FUNCTIONS, name, types)
    if found is not None or not any(is_soft(argument) for argument in arguments):
        return found
    return fitting(FUNCTIONS, name, [NULL if is_soft(a) else a.type for a in arguments])


def _nullable(name: str, resolved: Resolved, arguments: Sequence[Expr]) -> bool:
    if resolved.overload.nullable:
        return True
    if resolved.overload.strict:
        return any(argument.nullable for argument in arguments)
    if name in _NULL_WHEN_ALL:
        return all(argument.nullable for argument in arguments)
    return name not in _NEVER_NULL


def renulled(node: Node) -> Node:
    """An expression whose parts changed: what its calls say of null follows from their arguments again."""
    result = map_children(node, renulled)
    if isinstance(result, Call):
        resolved = fitting(FUNCTIONS, result.function, [argument.type for argument in result.args])
        if resolved is not None:
            return attrs.evolve(result, nullable=_nullable(result.function, resolved, result.args))
    return result


def _refuse(shown: str, name: str, arguments: Sequence[Expr], scope: Scope, span: Span) -> None:
    types = [article(argument.type) for argument in arguments]
    labels = [Label(a.span, f"this is {t}") for a, t in zip(arguments, types, strict=True) if a.span != span]
    said = " and ".join(types) if len(types) == 2 and name in OPERATORS else f"({', '.join(types)})"
    if name in OPERATORS:
        message = f"{'-' if shown == 'neg' else shown} does not take {said}"
    else:
        message = f"{shown} does not take {said}" if types else f"{shown} takes arguments"
    scope.context.report(
        codes.ARGUMENTS_TYPE, span, message, [*labels, *origin_labels(scope.context, *arguments)],
        help=signatures(FUNCTIONS, name, shown),
    )  # fmt: skip
