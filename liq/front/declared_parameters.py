"""The parameters that a query declares: typed, with defaults, and checks that hold before anything is bound."""

from __future__ import annotations

from liq.front.context import Context
from liq.front.expressions import predicate
from liq.front.parameters import Mode, Parameters
from liq.front.parts import single
from liq.front.row_expressions import default_value
from liq.front.row_lists import columns_of_rows, row_type
from liq.front.scope import Place, empty_scope
from liq.front.type_refs import resolve_type
from liq.model import codes
from liq.model.diagnostics import Label
from liq.model.expr import ClaimRef, Expr, Is, Or, ParamRef, Relation, Truth
from liq.model.ir import Parameter, Precondition
from liq.model.node import walk
from liq.model.types import NULL
from liq_grammar import syntax

PARAMETERS_MAX = 200


def declare_parameters(nodes: tuple[syntax.ParameterDecl | syntax.Broken, ...], context: Context) -> None:
    """Every declared parameter; a query that declares any declares all."""
    declared = syntax.pick(nodes, syntax.ParameterDecl)
    if not nodes:
        return
    context.parameters.mode = Mode.DECLARED
    if len(declared) > PARAMETERS_MAX:
        message = f"a query has at most {PARAMETERS_MAX} parameters"
        context.report(codes.TOO_LARGE, declared[PARAMETERS_MAX].span, message)
        return
    for node in declared:
        first = context.parameters.entries.get(node.name)
        if first is not None:
            label = Label(first.span, "it is declared here first")
            context.report(codes.PARAMETER_TWICE, node.span, f"parameter ${node.name} is declared twice", (label,))
            continue
        context.parameters.declare(_parameter(node, context))
    for node in declared:
        for check in syntax.pick(node.parts, syntax.Check):
            _check(node, check, context)
    for entry in context.parameters.entries.values():
        entry.used = False


def _parameter(node: syntax.ParameterDecl, context: Context) -> Parameter:
    default = single(node.parts, syntax.Default, "a default", context)
    table = context.names.table(node.type.name.text) if node.type.is_list else None
    if table is not None and context.names.enum(node.type.name.text) is None:
        columns = columns_of_rows(table, context)
        if default is not None or node.type.nullable:
            context.report(codes.DEFAULT, node.span, f"${node.name} is a list of rows, which is always given")
        return Parameter(
            node.name, row_type(columns), False, description=node.description or "", rows_of=columns, span=node.span
        )
    type_ = resolve_type(node.type, context, parameter=True) or NULL
    value = None if default is None else _default(node, default, context)
    return Parameter(
        node.name, type_, node.type.nullable, default=value, description=node.description or "", span=node.span
    )


def _default(node: syntax.ParameterDecl, default: syntax.Default, context: Context) -> Expr | None:
    """A default is a constant of the plan: it looks at nothing."""
    type_ = resolve_type(node.type, Context(context.names, context.file))
    if type_ is None:
        return None
    inner = Context(context.names, context.file, True, Parameters(Mode.NONE), next_id=context.next_id)
    value = default_value(default, type_, node.type.nullable, inner)
    for found in inner.diagnostics:
        context.report(found.code, found.span, found.message, found.labels, found.help, found.fix)
    if value is not None and any(isinstance(part, ClaimRef | Relation) for part in walk(value)):
        message = f"the default of ${node.name} is the same for every session"
        context.report(codes.DEFAULT, default.span, message, help="use the claim where the parameter would stand")
        return None
    return value


def _check(node: syntax.ParameterDecl, check: syntax.Check, context: Context) -> None:
    scope = empty_scope(context, Place.CHECK)
    scope.subqueries = False
    condition = predicate(check.condition, scope)
    for part in walk(condition):
        if isinstance(part, ClaimRef | Relation):
            message = f"a check of ${node.name} may look at parameters only"
            context.report(codes.PARAMETER_CHECK, check.span, message, help="put the condition into where")
            return
    entry = context.parameters.entries[node.name]
    nullable = entry.declared_nullable and entry.type is not None
    if nullable:  # a check says nothing of a value that is not there
        missing = Is(ParamRef(node.name, entry.type or NULL, True, span=check.span), Truth.NULL)
        condition = Or((missing, condition), span=check.span)
    context.parameters.require(Precondition(condition, f"${node.name} is out of range"))


def report_unused(context: Context) -> None:
    """Point out declared parameters that nothing uses."""
    if context.parameters.mode is not Mode.DECLARED or context.failed:
        return
    for entry in context.parameters.entries.values():
        if not entry.used:
            context.report(
                codes.PARAMETER_UNUSED, entry.span, f"nothing uses ${entry.name}", help="leave it out, or use it"
            )
