"""Parameters where they are used: ``$status``, ``$status?``."""

from __future__ import annotations

import attrs

from liq.front.broken import broken
from liq.front.context import Context, closest, one_of
from liq.front.parameters import Entry, Mode
from liq.front.scope import Scope
from liq.model import codes
from liq.model.diagnostics import Label
from liq.model.expr import Expr, ParamRef
from liq.model.types import Null, Type, widened
from liq_grammar import syntax


def parameter(node: syntax.Parameter, scope: Scope) -> Expr:
    """A parameter where a value is wanted. Its type is ``Null`` as long as nothing says it."""
    context = scope.context
    if context.parameters.mode is Mode.NONE:
        context.report(
            codes.PARAMETER_PLACE, node.span,
            f"no caller gives ${node.name} a value here: {scope.place.value} has no parameters",
        )  # fmt: skip
        return broken(node.span)
    entry = enter(node, context)
    if entry is None:
        return broken(node.span)
    if node.optional and not _may_be_optional(node, entry, scope):
        return broken(node.span)
    if entry.rows_of:
        context.report(
            codes.PARAMETER_PLACE, node.span, f"${node.name} is a list of rows: it stands behind from only",
            help=f"write insert … from ${node.name} {{ … }}",
        )  # fmt: skip
        return broken(node.span)
    if entry.type is None and context.parameters.mode is not Mode.LEARNING:
        context.report(
            codes.PARAMETER_TYPE, entry.span, f"the type of ${node.name} cannot be told from its use",
            help=f"write ${node.name}::text (or what type it has), or declare the parameters of the query",
        )  # fmt: skip
        return broken(node.span)
    nullable = entry.nullable and not node.optional
    return ParamRef(node.name, Null() if entry.type is None else entry.type, nullable, span=node.span)


def enter(node: syntax.Parameter, context: Context) -> Entry | None:
    """Record the use of a parameter; None, reported, where the query declares parameters, but not this one."""
    entry = context.parameters.use(node.name, node.span, node.optional)
    if entry is None:
        declared = context.parameters.entries
        meant = closest(node.name, declared)
        context.report(
            codes.UNKNOWN_PARAMETER, node.span,
            f"unknown parameter ${node.name}" + (f" — did you mean ${meant}?" if meant else ""),
            help=f"the query declares {one_of('$' + name for name in declared)}; one that declares any declares all",
        )  # fmt: skip
    return entry


def _may_be_optional(node: syntax.Parameter, entry: Entry, scope: Scope) -> bool:
    context = scope.context
    if scope.slot is None:
        context.report(
            codes.OPTIONAL_PLACE, node.span,
            f"${node.name}? may stand in the where of a read, in after and in order choose, not in {scope.place.value}",
            help=f"write ${node.name}, and coalesce(…) for what holds without a value",
        )  # fmt: skip
        return False
    if not optional_allowed(node, entry, context):
        return False
    scope.slot.entries.setdefault(node.name, (entry, node.span))
    if len(scope.slot.entries) > 1:
        first, other = list(scope.slot.entries.values())[:2]
        context.report(
            codes.OPTIONAL_TWO, other[1], "one condition may hold one optional parameter only",
            [Label(first[1], "the other one")],
            help="both would have to be given for the condition to count: split it with and",
        )  # fmt: skip
    return True


def optional_allowed(node: syntax.Parameter, entry: Entry, context: Context) -> bool:
    """Whether a parameter may be left out; reported where it is declared as one that may not."""
    if context.parameters.mode is Mode.DECLARED and not entry.declared_nullable and entry.default is None:
        context.report(
            codes.OPTIONAL_REQUIRED, node.span, f"${node.name} is declared as {entry.type}, which is required",
            [Label(entry.span, "declared here")], help=f"declare it as ${node.name}: {entry.type}?",
        )  # fmt: skip
        return False
    if context.parameters.mode is Mode.LEARNT and entry.required:
        context.report(
            codes.OPTIONAL_REQUIRED, node.span, f"${node.name} is required elsewhere, so it cannot be left out here",
            [Label(entry.span, "used first")], help=f"write ${node.name}? everywhere, or nowhere",
        )  # fmt: skip
        return False
    return True


def is_unknown(expr: Expr) -> bool:
    """Whether an expression is a parameter whose type nothing has said yet."""
    return isinstance(expr, ParamRef) and isinstance(expr.type, Null)


def take_type(ref: ParamRef, type_: Type, nullable: bool, context: Context) -> ParamRef:
    """A parameter stands where a value of a type is wanted: it takes the type if it has none yet."""
    entry = context.parameters.entries.get(ref.name)
    if entry is None or ref.key is not None:
        return ref
    context.parameters.meet(entry, widened(type_), nullable, ref.span)
    return attrs.evolve(ref, type=widened(type_)) if isinstance(ref.type, Null) else ref
