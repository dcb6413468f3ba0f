"""Declared functions: typed parameters, and an expression or a read that never comes back to itself."""

from __future__ import annotations

from liq.front.broken import broken, is_broken
from liq.front.context import Context
from liq.front.expressions import resolve
from liq.front.parameters import Mode
from liq.front.reads import resolve_read
from liq.front.scope import empty_scope
from liq.front.type_refs import resolve_type
from liq.model import codes
from liq.model.diagnostics import Label
from liq.model.expr import Expr, Relation
from liq.model.ir import Parameter, Values
from liq.model.schema import Function
from liq.model.types import NULL, Type
from liq_grammar import syntax


def declare_function(node: syntax.FnDecl, context: Context) -> Function:
    """A function. Its body sees bare tables here; what is inlined into a query gets the policies of its caller."""
    context.shared = True
    parameters = _parameters(node, context)
    if isinstance(node.body, syntax.Read):
        body: Expr | Relation = resolve_read(node.body, context)
    else:
        body = resolve(node.body, empty_scope(context))
    return stand_in(node, parameters) if context.failed else Function(node.name.text, parameters, body, node.name.span)


def is_sound(function: Function) -> bool:
    """Whether a function has a body that can be inlined."""
    body = function.body
    return bool(body.columns) if isinstance(body, Relation) else not is_broken(body)


def stand_in(node: syntax.FnDecl, parameters: tuple[tuple[str, Type], ...] | None = None) -> Function:
    """What a function is taken for whose body is wrong: nothing more is said of its uses."""
    if parameters is None:
        parameters = tuple((p.name, NULL) for p in syntax.pick(node.parameters, syntax.ParameterDecl))
    body: Expr | Relation = Values((), ()) if isinstance(node.body, syntax.Read) else broken(node.span)
    return Function(node.name.text, parameters, body, node.name.span)


def _parameters(node: syntax.FnDecl, context: Context) -> tuple[tuple[str, Type], ...]:
    context.parameters.mode = Mode.DECLARED
    found: dict[str, Type] = {}
    spans: dict[str, syntax.ParameterDecl] = {}
    for parameter in syntax.pick(node.parameters, syntax.ParameterDecl):
        name = parameter.name
        if name in found:
            label = Label(spans[name].span, "it is declared here first")
            context.report(codes.PARAMETER_TWICE, parameter.span, f"parameter ${name} is declared twice", (label,))
            continue
        for part in parameter.parts:
            word = "default" if isinstance(part, syntax.Default) else "check"
            context.report(
                codes.DEFAULT, part.span, f"a parameter of a function has no {word}",
                help="a function is called with all its arguments",
            )  # fmt: skip
        type_ = resolve_type(parameter.type, context) or NULL
        found[name], spans[name] = type_, parameter
        # An argument may be null whatever the type says, so the body is typed as if every one might be.
        context.parameters.declare(Parameter(name, type_, True, span=parameter.span))
    return tuple(found.items())

