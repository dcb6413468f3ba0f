"""When an expression is defined: a formula that holds of every row on which evaluating it cannot raise, in any order
of evaluation."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal as Number
from typing import TYPE_CHECKING

from liq.model import types as t
from liq.model.expr import Call, Case, Cast, Coalesce, Expr, Literal, Relation, ScalarQuery
from liq.model.functions import FUNCTIONS, resolve
from liq.model.node import Node, children
from liq.model.values import DECIMAL_DIGITS_MAX
from liq_verifier import smt, sorts
from liq_verifier.calls import quotient
from liq_verifier.dependencies import dependencies
from liq_verifier.fingerprint import free_columns

if TYPE_CHECKING:
    from liq_verifier.encode import Encoder, Env

UNITS = frozenset("microseconds milliseconds second minute hour day week month quarter year decade century".split())
PARTS = UNITS | frozenset("dow isodow doy epoch isoyear".split())


def may_raise(expr: Expr) -> bool:
    """Whether anything in the expression, outside its subqueries' relations, could raise."""
    return any(_raises(node) for node in _outside(expr))


def _outside(root: Node) -> Sequence[Node]:
    found: list[Node] = []
    stack = [root]
    while stack:
        node = stack.pop()
        found.append(node)
        stack.extend(child for child in children(node) if not isinstance(child, Relation))
    return found


def _raises(node: Node) -> bool:
    match node:
        case Call():
            return bool(_errors(node)) and not _is_total(node)
        case Cast():
            return not node.safe and not cast_is_total(node.arg.type, node.type)
        case ScalarQuery():
            return True
        case _:
            return False


def _errors(call: Call) -> bool:
    found = resolve(FUNCTIONS, call.function, [arg.type for arg in call.args])
    return True if found is None else bool(found.overload.errors)


def defined(encoder: Encoder, expr: Expr, env: Env) -> str:
    """That evaluating the expression does not raise."""
    match expr:
        case Case(branches, otherwise):
            parts, before = [], smt.TRUE
            for branch in branches:
                parts.append(smt.implies(before, defined(encoder, branch.condition, env)))
                taken = encoder.true(branch.condition, env)
                parts.append(smt.implies(smt.conj((before, taken)), defined(encoder, branch.value, env)))
                before = smt.conj((before, smt.neg(taken)))
            return smt.conj((*parts, smt.implies(before, defined(encoder, otherwise, env))))
        case Coalesce(args):
            parts, before = [], smt.TRUE
            for arg in args:
                parts.append(smt.implies(before, defined(encoder, arg, env)))
                before = smt.conj((before, encoder.term(arg, env).null))
            return smt.conj(parts)
        case _:
            below = [defined(encoder, child, env) for child in children(expr) if isinstance(child, Expr)]
            return smt.conj((*below, _itself(encoder, expr, env)))


def _itself(encoder: Encoder, expr: Expr, env: Env) -> str:
    match expr:
        case Call() if _errors(expr) and not _is_total(expr):
            return _call(encoder, expr, env)
        case Cast(arg, t.Int(), False) if isinstance(arg.type, t.Int):
            term = encoder.term(arg, env)
            return smt.disj((term.null, sorts.domain(expr.type, term.value)))
        case Cast(arg, type_, False) if not cast_is_total(arg.type, type_):
            return smt.FALSE
        case ScalarQuery(query):
            known = dependencies(query, encoder.schema)
            single = known.unique is not None and known.unique <= known.closure(free_columns(query))
            return smt.TRUE if single else smt.FALSE
        case _:
            return smt.TRUE


def _call(encoder: Encoder, call: Call, env: Env) -> str:
    args = [encoder.term(arg, env) for arg in call.args]
    null = smt.disj(arg.null for arg in args)
    if not all(isinstance(arg.type, t.Int) for arg in args) or not isinstance(call.type, t.Int):
        return smt.FALSE
    values = [arg.value for arg in args]
    inside = sorts.domain(t.INT, encoder.term(call, env).value)
    match call.function:
        case "+" | "-" | "*" | "neg" | "abs":
            return smt.disj((null, inside))
        case "/" | "div":
            fits = sorts.domain(t.INT, quotient(*values))
            return smt.disj((null, smt.conj((smt.neg(smt.equal(values[1], "0")), fits))))
        case "%" | "mod":
            return smt.disj((null, smt.neg(smt.equal(values[1], "0"))))
        case _:
            return smt.FALSE


def _is_total(call: Call) -> bool:
    """Calls that cannot raise, by their literals and the sizes of their types."""
    match call.function, call.args:
        case "+" | "-" | "*" | "neg" | "abs", _ if isinstance(call.type, t.Decimal):
            digits = _digits(call)
            return digits is not None and sum(digits) <= DECIMAL_DIGITS_MAX
        case "date_trunc", (Literal(str(unit)), _):
            return unit in UNITS
        case "date_part", (Literal(str(unit)), arg):
            return unit in (PARTS if isinstance(arg.type, t.Timestamp) else ())
        case "substring", (_, _, Literal(int(length))):
            return length >= 0
        case _:
            return False


def _digits(expr: Expr) -> tuple[int, int] | None:
    """At most how many digits before and behind the point."""
    match expr:
        case Literal(Number() as value):
            _, digits, exponent = value.as_tuple()
            scale = max(0, -exponent) if isinstance(exponent, int) else DECIMAL_DIGITS_MAX
            return max(0, len(digits) + (exponent if isinstance(exponent, int) else 0)), scale
        case Call("*", (a, b)):
            left, right = _digits(a), _digits(b)
            return None if left is None or right is None else (left[0] + right[0], left[1] + right[1])
        case Call("+" | "-", (a, b)):
            left, right = _digits(a), _digits(b)
            return None if left is None or right is None else (max(left[0], right[0]) + 1, max(left[1], right[1]))
        case Call("neg" | "abs", (a,)) | Cast(a, t.Decimal(None), _):
            return _digits(a)
        case _:
            return _type_digits(expr.type)


def _type_digits(type_: t.Type) -> tuple[int, int] | None:
    match type_:
        case t.Decimal(int(precision), int(scale)):
            return precision - scale, scale
        case t.Int(bits):
            return {16: 5, 32: 10, 64: 19}[bits], 0
        case _:
            return None


def cast_is_total(source: t.Type, target: t.Type) -> bool:
    """Whether a cast holds for every value."""
    if source == target or isinstance(source, t.Null):
        return True
    match source, target:
        case t.Int(a), t.Int(b):
            return a <= b
        case ((t.Text() | t.Json()), t.Text()):
            return True
        case ((t.Text() | t.Json()), _):
            return isinstance(target, t.Json) and isinstance(source, t.Json)
        case _, (t.Text() | t.Json()):
            return True
        case t.Int(), (t.Decimal(None) | t.Float()) | t.Bool():
            return True
        case t.Decimal(), (t.Decimal(None) | t.Float()):
            return True
        case t.Bool(), t.Int():
            return True
        case t.Date(), t.Timestamp():
            return True
        case t.Timestamp(), (t.Date() | t.Time()):
            return True
        case _:
            return False
