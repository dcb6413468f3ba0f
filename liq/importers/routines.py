"""Functions written in SQL, inlined where they are called. They see what their caller sees, or their owner."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import evolve
from sqlglot import exp

from liq.importers import reads
from liq.importers.database import Function
from liq.importers.problems import Endless, Unsayable
from liq.importers.read_function import void
from liq.importers.scopes import Argument, Frame, Scope, Value
from liq.importers.sqltree import Node
from liq.importers.types import Mapped, map_type
from liq_grammar import syntax as s

if TYPE_CHECKING:
    from liq.importers.translate import Translator


def inlined(t: Translator, function: Function, arguments: list[Node], node: Node) -> Value:
    """A call that gives one value."""
    if function.what.many:
        raise t.refuse(node, f"{function.what.name.text}() gives rows, not a value")
    frame, query = opened(t, function, arguments, node)
    name = function.what.name
    with t.inside(t.functions, name.text, name.text), t.within(frame):
        value = reads.scalar(t, query, first=True)
    value = _typed(t, function, value, node)
    if not function.what.parameters:
        value = _held(t, value, name.last)
    if function.what.strict and arguments:
        value = _strict(t, value, arguments)
    return Value(value.expr, value.kind, name.last)


def _typed(t: Translator, function: Function, value: Value, node: Node) -> Value:
    """The result as a value of the type that the function declares."""
    if function.what.returns is None:
        return value
    mapped = map_type(function.what.returns, t.database, function.when)
    if isinstance(mapped, str):
        raise t.refuse(node, f"{function.what.name.text}(): {mapped}")
    met = t.met(value, mapped.kind, node)
    return Value(met.expr, mapped.kind)


def _held(t: Translator, value: Value, name: str) -> Value:
    """What a function without parameters holds for the whole session is a claim, and the function suggests its name.

    A claim, else a read that depends on nothing but the session, is that claim with the read as its default.
    """
    expr = value.expr
    if isinstance(expr, s.Claim):
        t.claims.hinted(expr, name)
        return value
    match expr:
        case s.Call(s.Path((s.Name("coalesce"),)), (s.Claim() as first, s.Subquery() as second)):
            held = t.claims.of(first)
            if held is not None and held.default is None and held.path and not held.required:
                claim = t.claims.claim(evolve(held, default=second, hint=name))
                return Value(claim, value.kind)
        case _:
            pass
    return value


def _strict(t: Translator, value: Value, arguments: list[Node]) -> Value:
    """``STRICT``: null where an argument is."""
    tests: list[s.Expr] = [s.Is(t.expression(argument).expr, "null") for argument in arguments]
    condition = tests[0] if len(tests) == 1 else s.Or(tuple(tests))
    return Value(s.Case(None, (s.When(condition, s.Null()),), value.expr), value.kind)


def rows(t: Translator, function: Function, arguments: list[Node], node: Node, labels: tuple[str, ...]) -> reads.Built:
    """A call that gives rows."""
    name = function.what.name.text
    frame, query = opened(t, function, arguments, node)
    with t.inside(t.functions, name, name), t.within(frame):
        return reads.query(t, query, labels or function.what.columns)


def opened(t: Translator, function: Function, arguments: list[Node], node: Node) -> tuple[Frame, Node]:
    """What the body of a function is read with, and its one query."""
    made = function.what
    function.used = True
    name = made.name.text
    if made.problem is not None or made.body is None:
        said = made.problem or "its body is not here"
        raise Unsayable(f"{name}() cannot be inlined: {said}", t.place(node), "write it in SQL, or as a `fn` of liq")
    if void(made.returns):
        raise t.refuse(node, f"{name}() gives no value")
    if name in t.functions:
        raise Endless(
            f"stack depth limit exceeded: {t.way_back(name)}", t.place(node),
            f"make {name}() SECURITY DEFINER, so that it reads its tables without their policies",
        )  # fmt: skip
    tree = t.parsed(made.body, query=True)
    mode = t.frame.mode
    if mode != "plain" and name in t.definers:
        mode = "bare"
    elif mode == "invoker" and made.definer:
        mode = "definer"
    scope = Scope(function=made.name.last)
    for position, parameter in enumerate(made.parameters):
        given = arguments[position] if position < len(arguments) else None
        frame = t.frame
        if given is None:
            assert parameter.default is not None, "the call has too few arguments otherwise"
            default = t.parsed(parameter.default)
            given, frame = default.root, Frame(default, function.when, Scope(), t.frame.mode)
        mapped = map_type(parameter.type, t.database, function.when)
        kind = mapped.kind if isinstance(mapped, Mapped) else ""
        for called in (parameter.name, f"${position + 1}"):
            if called is not None:
                scope.parameters[called] = Argument(given, frame, kind)
    when = evolve(t.database.now, path=function.when.path)
    root = tree.root
    while isinstance(root, exp.Subquery) and isinstance(root.this, exp.Query):
        root = root.this
    return Frame(tree, when, scope, mode), root
