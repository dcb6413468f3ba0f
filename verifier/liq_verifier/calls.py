"""Functions and operators that the encoding decides, one handler each; all others are uninterpreted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from liq.model import types as t
from liq.model.expr import Call, Expr, ListExpr, Literal
from liq.model.functions import FUNCTIONS
from liq.model.types import BOOL
from liq.model.values import IntervalValue
from liq_verifier import smt, sorts
from liq_verifier.strings import TEXT_PREDICATES, text_predicate
from liq_verifier.terms import Term

if TYPE_CHECKING:
    from liq_verifier.encode import Encoder, Env

_KEYED = frozenset({"in_list", "has_any", "has_all", "cardinality"})
"""Functions that cannot tell equal values apart, whatever their types."""
OPAQUE_PREFIX = "sql"
"""Names of what is read from a text and not decided begin so: functions of their arguments, but unknown ones."""
COMPARISONS = frozenset({"=", "<>", "<", "<=", ">", ">="})


def encode(encoder: Encoder, call: Call, env: Env) -> Term:
    """The value of a call."""
    name = call.function
    if name == "in_list":
        listed = _members(call.args[1])
        if listed is not None:
            return _in_members(encoder, call.args[0], listed, env)
    args = tuple(encoder.term(arg, env) for arg in call.args)
    if name in COMPARISONS:
        return comparison(encoder, name, *args)
    if name in TEXT_PREDICATES:
        decided = text_predicate(encoder, call, args)
        if decided is not None:
            return decided
    handler = _HANDLERS.get(name)
    decided = handler(encoder, call, args) if handler is not None else None
    return decided if decided is not None else _uninterpreted(encoder, call, args)


def _uninterpreted(encoder: Encoder, call: Call, args: Sequence[Term]) -> Term:
    overloads = FUNCTIONS.get(call.function, ())
    strict = bool(overloads) and all(o.strict for o in overloads)
    nullable = not overloads or any(o.nullable for o in overloads) or not strict
    unknown = not overloads and not call.function.startswith(f"{OPAQUE_PREFIX} ")
    volatile = unknown or any(o.volatility == "volatile" for o in overloads)
    return encoder.uninterpreted(
        call.function,
        call.type,
        args,
        nullable=nullable,
        strict=strict,
        volatile=volatile,
        keyed=call.function in _KEYED,
    )


def _strict(args: Sequence[Term]) -> str:
    return smt.disj(arg.null for arg in args)


def _made(encoder: Encoder, call: Call, args: Sequence[Term], value: str) -> Term:
    """A strict result; its ident is the expression, as the key does not tell the scale of a decimal."""
    return Term(call.type, value, _strict(args), f"{call.function} {' '.join(a.ident for a in args)}")


# ------------------------------------------------------------------------------------------------- comparison
def comparison(encoder: Encoder, op: str, left: Term, right: Term) -> Term:
    """A comparison of keys: null where a side is."""
    null = _strict((left, right))
    value = compare_keys(encoder, op, left, right)
    return Term(BOOL, value, null, f"{left.ident} {op} {right.ident}")


def compare_keys(encoder: Encoder, op: str, left: Term, right: Term) -> str:
    """The comparison of two values that are not null."""
    a, b = left.value, right.value
    match op:
        case "=":
            return smt.equal(a, b)
        case "<>":
            return smt.neg(smt.equal(a, b))
        case "<":
            return _less(encoder, left, right)
        case ">":
            return _less(encoder, right, left)
        case "<=":
            return smt.neg(_less(encoder, right, left))
        case _:
            return smt.neg(_less(encoder, left, right))


def _less(encoder: Encoder, left: Term, right: Term) -> str:
    if isinstance(left.type, t.Bool):
        return smt.conj((smt.neg(left.value), right.value))
    if sorts.sort_of(left.type, encoder.strings) == sorts.STRING:
        return f"(str.< {left.value} {right.value})"
    return f"(< {left.value} {right.value})"


def _is_distinct(encoder: Encoder, call: Call, args: Sequence[Term]) -> Term:
    left, right = args
    same = smt.disj(
        (
            smt.conj((left.null, right.null)),
            smt.conj((smt.neg(left.null), smt.neg(right.null), smt.equal(left.value, right.value))),
        )
    )
    return Term(BOOL, smt.neg(same), smt.FALSE, f"{left.ident} distinct {right.ident} {left.null} {right.null}")


# ------------------------------------------------------------------------------------------------- arithmetic
def _plus(encoder: Encoder, call: Call, args: Sequence[Term]) -> Term | None:
    return _added(encoder, call, args, "+")


def _minus(encoder: Encoder, call: Call, args: Sequence[Term]) -> Term | None:
    return _added(encoder, call, args, "-")


def _added(encoder: Encoder, call: Call, args: Sequence[Term], op: str) -> Term | None:
    left, right = args
    match left.type, right.type:
        case (t.Int(), t.Int()) | (t.Decimal(), t.Decimal()) | (t.Date(), t.Int()) | (t.Date(), t.Date()):
            return _made(encoder, call, args, f"({op} {left.value} {right.value})")
        case t.Timestamp(), t.Interval():
            shift = _exact_shift(call.args[1])
            return None if shift is None else _made(encoder, call, args, f"({op} {left.value} {smt.integer(shift)})")
        case _:
            return None


def _exact_shift(expr: Expr) -> int | None:
    """The length of a literal interval without months: in UTC a day is always 24 hours."""
    if isinstance(expr, Literal) and isinstance(expr.value, IntervalValue) and expr.value.months == 0:
        return expr.value.span_microseconds()
    return None


def _times(encoder: Encoder, call: Call, args: Sequence[Term]) -> Term | None:
    left, right = args
    if isinstance(left.type, t.Int | t.Decimal) and type(left.type) is type(right.type):
        return _made(encoder, call, args, f"(* {left.value} {right.value})")
    return None


def _over(encoder: Encoder, call: Call, args: Sequence[Term]) -> Term | None:
    """SQL truncates, SMT-LIB floors."""
    left, right = args
    if isinstance(left.type, t.Int) and isinstance(right.type, t.Int):
        return _made(encoder, call, args, quotient(left.value, right.value))
    return None


def quotient(a: str, b: str) -> str:
    """Truncated integer division; SMT-LIB's is total, so this means something only where the divisor is not 0."""
    size = f"(div (abs {a}) (abs {b}))"
    return f"(ite (= (< {a} 0) (< {b} 0)) {size} (- {size}))"


def _modulo(encoder: Encoder, call: Call, args: Sequence[Term]) -> Term | None:
    left, right = args
    if isinstance(left.type, t.Int) and isinstance(right.type, t.Int):
        size = f"(mod (abs {left.value}) (abs {right.value}))"
        return _made(encoder, call, args, f"(ite (< {left.value} 0) (- {size}) {size})")
    return None


def _negate(encoder: Encoder, call: Call, args: Sequence[Term]) -> Term | None:
    if isinstance(args[0].type, t.Int | t.Decimal):
        return _made(encoder, call, args, f"(- {args[0].value})")
    return None


def _abs(encoder: Encoder, call: Call, args: Sequence[Term]) -> Term | None:
    if isinstance(args[0].type, t.Int | t.Decimal):
        value = args[0].value
        zero = "0" if isinstance(args[0].type, t.Int) else "0.0"
        return _made(encoder, call, args, f"(ite (< {value} {zero}) (- {value}) {value})")
    return None


# ------------------------------------------------------------------------------------------------- null handling
def _nullif(encoder: Encoder, call: Call, args: Sequence[Term]) -> Term:
    left, right = args
    equal = smt.conj((smt.neg(left.null), smt.neg(right.null), smt.equal(left.value, right.value)))
    return Term(call.type, left.value, smt.disj((left.null, equal)), f"nullif {left.ident} {right.ident} {right.null}")


def _greatest(encoder: Encoder, call: Call, args: Sequence[Term]) -> Term:
    return _extreme(encoder, call, args, False)


def _least(encoder: Encoder, call: Call, args: Sequence[Term]) -> Term:
    return _extreme(encoder, call, args, True)


def _extreme(encoder: Encoder, call: Call, args: Sequence[Term], smallest: bool) -> Term:
    result = args[0]
    for arg in args[1:]:
        better = _less(encoder, arg, result) if smallest else _less(encoder, result, arg)
        taken = smt.conj((smt.neg(arg.null), smt.disj((result.null, better))))
        result = encoder.choose(taken, arg, result, call.type)
    return result


# ------------------------------------------------------------------------------------------------- time
def _now(encoder: Encoder, call: Call, args: Sequence[Term]) -> Term:
    return encoder.remember("now", "now", t.TIMESTAMP, False)


def _today(encoder: Encoder, call: Call, args: Sequence[Term]) -> Term:
    now = _now(encoder, call, args)
    return Term(t.DATE, f"(div {now.value} {sorts.DAY})", smt.FALSE, "today")


# ------------------------------------------------------------------------------------------------- lists
def _members(expr: Expr) -> tuple[Expr, ...] | None:
    if isinstance(expr, ListExpr):
        return expr.items
    if isinstance(expr, Literal) and isinstance(expr.type, t.List) and isinstance(expr.value, tuple):
        return tuple(Literal(item, expr.type.element) for item in expr.value)
    return None


def _in_members(encoder: Encoder, item: Expr, members: Sequence[Expr], env: Env) -> Term:
    equal = tuple(encoder.compare("=", item, member, env) for member in members)
    true, false = smt.disj(r.true for r in equal), smt.conj(r.false for r in equal)
    return Term(BOOL, true, smt.neg(smt.disj((true, false))), f"in {true} {false}")


_HANDLERS: dict[str, Callable[[Encoder, Call, Sequence[Term]], Term | None]] = {
    "is_distinct": _is_distinct,
    "+": _plus,
    "-": _minus,
    "*": _times,
    "/": _over,
    "div": _over,
    "%": _modulo,
    "mod": _modulo,
    "neg": _negate,
    "abs": _abs,
    "nullif": _nullif,
    "greatest": _greatest,
    "least": _least,
    "now": _now,
    "today": _today,
}

DECIDED = frozenset(_HANDLERS) | COMPARISONS | {"in_list"}
"""Names with a meaning in the encoding (for some argument types)."""
