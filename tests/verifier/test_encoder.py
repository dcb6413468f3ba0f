"""The encoding says what the reference computes: of random expressions over random values, and of directed ones."""

from __future__ import annotations

import datetime as dt
import math
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from liq.model import types as t
from liq.model.expr import (
    And,
    Call,
    Case,
    Cast,
    ClaimRef,
    Coalesce,
    Expr,
    InList,
    Is,
    Literal,
    Not,
    Or,
    RowCompare,
    Truth,
    When,
)
from liq.model.schema import Claim, Schema
from liq.model.types import BOOL, DECIMAL, FLOAT, INT, TEXT
from liq.model.values import INT_MAX, INT_MIN, Value
from liq.reference.database import Database
from liq.reference.expressions import evaluate
from liq.reference.run import Call as Run
from liq_verifier import smt
from liq_verifier.claims import Builder
from liq_verifier.defined import defined
from liq_verifier.solver import solve
from liq_verifier.strings import like

MOOD = t.Enum("mood", ("low", "mid", "high"))
TYPES: dict[str, t.Type] = {"i": INT, "j": INT, "b": BOOL, "c": BOOL, "x": TEXT, "y": TEXT, "d": DECIMAL, "f": FLOAT, "g": FLOAT,
                            "w": t.DATE, "m": MOOD, "z": t.TIMESTAMP}
SCHEMA = Schema(claims=tuple(Claim(name, type_, True, None) for name, type_ in TYPES.items()))
POOL: dict[str, list[Value]] = {
    "int": [-4, -3, -1, 0, 1, 2, 3, INT_MIN, INT_MAX], "bool": [True, False], "text": ["", "a", "ab", "b", "a%"],
    "decimal": [Decimal("1.0"), Decimal("1.00"), Decimal("-2.5"), Decimal(0)],
    "float": [0.0, -0.0, 1.5, math.inf, -math.inf, math.nan], "date": [dt.date(1, 1, 1), dt.date(2026, 1, 1), dt.date(9999, 12, 31)],
    "mood": ["low", "mid", "high"], "timestamp": [dt.datetime(1969, 12, 31, 23, tzinfo=dt.UTC), dt.datetime(2026, 1, 1, tzinfo=dt.UTC)],
}
ARITHMETIC = ("+", "-", "*", "/", "%")


def claim(name: str) -> Expr:
    return ClaimRef(name, TYPES[name], True)


def named(type_: t.Type) -> st.SearchStrategy[Expr]:
    own = [claim(n) for n, each in TYPES.items() if each == type_]
    return st.sampled_from(own) | st.sampled_from([*POOL[str(type_)], None]).map(lambda v: Literal(v, type_))


ints = st.recursive(named(INT), lambda inner: st.one_of(
    st.builds(lambda o, a, b: Call(o, (a, b), INT, True), st.sampled_from(ARITHMETIC), inner, inner),
    st.builds(lambda o, a: Call(o, (a,), INT, True), st.sampled_from(["neg", "abs"]), inner),
    st.builds(lambda a, b: Call("nullif", (a, b), INT, True), inner, inner),
    st.builds(lambda o, a, b: Call(o, (a, b), INT, True), st.sampled_from(["greatest", "least"]), inner, inner),
    st.builds(lambda a, b: Coalesce((a, b), INT), inner, inner),
), max_leaves=4)
OPS = st.sampled_from(["=", "<>", "<", "<=", ">", ">=", "is_distinct"])


def compared(values: st.SearchStrategy[Expr]) -> st.SearchStrategy[Expr]:
    return st.one_of(
        st.builds(lambda o, a, b: Call(o, (a, b), BOOL, True), OPS, values, values),
        st.builds(lambda a, bs: InList((a,), tuple((b,) for b in bs)), values, st.lists(values, max_size=3)),
        st.builds(lambda a, n: Is(a, Truth.NULL, n), values, st.booleans()),
        st.builds(lambda o, a, b, c, d: RowCompare(o, (a, b), (c, d)),
                  st.sampled_from(["=", "<>", "<", "<=", ">", ">="]), values, values, values, values),
    )


atoms = st.one_of(named(BOOL), compared(ints), *(compared(named(x)) for x in (TEXT, DECIMAL, FLOAT, t.DATE, MOOD, t.TIMESTAMP, BOOL)),
                  compared(named(MOOD).map(lambda e: Cast(e, TEXT))), compared(named(t.TIMESTAMP).map(lambda e: Cast(e, t.DATE))))
predicates = st.recursive(atoms, lambda inner: st.one_of(
    st.builds(Not, inner), st.builds(lambda a, b: And((a, b)), inner, inner), st.builds(lambda a, b: Or((a, b)), inner, inner),
    st.builds(Is, inner, st.sampled_from(Truth), st.booleans()),
    st.builds(lambda a, b, c: Case((When(a, b),), c, BOOL), inner, inner, inner),
    st.builds(lambda a, b: Coalesce((a, b), BOOL), inner, inner),
), max_leaves=5)
sessions = st.fixed_dictionaries({name: st.sampled_from([*POOL[str(type_)], None]) for name, type_ in TYPES.items()})


def meaning(expr: Expr, session: dict[str, Value]) -> tuple[Value, bool]:
    """The value of the reference, and whether it raised."""
    machine = Run(SCHEMA, Database.of(SCHEMA), {}, {}).machine()
    machine.claims.update(session)
    value = evaluate(expr, {}, machine)
    return value, machine.journal.first is not None


def encoded(expr: Expr, session: dict[str, Value], claim_: str, builder: Builder) -> str:
    """The solver's answer to: these claims, and not the claim."""
    for name, type_ in TYPES.items():
        fixed = Call("is_distinct", (claim(name), Literal(session[name], type_)), BOOL, False)
        builder.assume((Not(fixed),))
    return solve(builder.unless_text(claim_, None)).verdict


@settings(max_examples=300, deadline=None)
@given(predicates, sessions)
def test_booleans_mean_what_the_reference_says(expr: Expr, session: dict[str, Value]) -> None:
    value, raised = meaning(expr, session)
    builder = Builder(SCHEMA, {}, False)
    rails, whole = builder.encoder.rails(expr, {}), defined(builder.encoder, expr, {})
    expected = smt.conj((
        rails.true if value is True else smt.neg(rails.true), rails.false if value is False else smt.neg(rails.false)
    ))
    # where the encoding calls it defined, it does not raise and has this value
    claim_ = smt.neg(whole) if raised else smt.implies(whole, expected)
    assert encoded(expr, session, claim_, builder) == "unsat"


@settings(max_examples=100, deadline=None)
@given(ints, sessions)
def test_what_does_not_raise_is_defined(expr: Expr, session: dict[str, Value]) -> None:
    _, raised = meaning(expr, session)
    if not raised:
        builder = Builder(SCHEMA, {}, False)
        assert encoded(expr, session, defined(builder.encoder, expr, {}), builder) == "unsat"


# ------------------------------------------------------------------------------------------------- directed
def valid(expr: Expr) -> bool:
    """Whether an expression is true for every session."""
    builder = Builder(SCHEMA, {}, False)
    return solve(builder.unless(expr, {}, None)).verdict == "unsat"


def both(*parts: Expr) -> Expr:
    return And(parts)


@pytest.mark.parametrize("function, type_", [("lower", TEXT), ("length", INT)])
def test_unknown_functions_of_equal_texts_are_equal(function: str, type_: t.Type) -> None:
    x, y = claim("x"), claim("y")
    same = Call("=", (Call(function, (x,), type_, True), Call(function, (y,), type_, True)), BOOL, True)
    implied = Or((Is(Call("=", (x, y), BOOL, True), Truth.TRUE, True), same))
    assert valid(implied)
    assert not valid(Or((Is(same, Truth.TRUE, True), Call("=", (x, y), BOOL, True))))


def test_equal_decimals_and_floats_may_print_differently() -> None:
    """1.0 = 1.00 and 0 = -0, but their texts differ."""
    for name, one, other in (("d", Decimal("1.0"), Decimal("1.00")), ("f", 0.0, -0.0)):
        type_ = TYPES[name]
        a, b = Cast(Literal(one, type_), TEXT), Cast(Literal(other, type_), TEXT)
        assert not valid(Call("=", (a, b), BOOL, True))
        assert valid(Call("=", (a, a), BOOL, True))


@pytest.mark.parametrize("op, a, b, value", [
    ("/", 7, 2, 3), ("/", -7, 2, -3), ("/", 7, -2, -3), ("/", -7, -2, 3), ("/", 0, -2, 0),
    ("%", 7, 2, 1), ("%", -7, 2, -1), ("%", 7, -2, 1), ("%", -7, -2, -1), ("%", -6, 3, 0),
])  # fmt: skip
def test_division_truncates(op: str, a: int, b: int, value: int) -> None:
    made = Call(op, (Literal(a, INT), Literal(b, INT)), INT, False)
    assert valid(Call("=", (made, Literal(value, INT)), BOOL, False))


def test_division_by_zero_proves_nothing() -> None:
    builder = Builder(SCHEMA, {}, False)
    divided = Call("/", (claim("i"), claim("j")), INT, True)
    assert solve(builder.unless_text(defined(builder.encoder, divided, {}), None)).verdict == "sat"


@pytest.mark.parametrize("text", ["\\u{41}", "a\"b", "back\\slash", "é", "\t"])
def test_strings_are_escaped_for_the_solver(text: str) -> None:
    builder = Builder(SCHEMA, {}, True)
    length = builder.encoder.script.share("Int", f"(str.len {smt.string(text)})")
    assert solve(builder.unless_text(smt.equal(length, str(len(text))), None)).verdict == "unsat"


@pytest.mark.parametrize("pattern, text, matches", [
    ("a%", "abc", True), ("a_", "abc", False), ("a\\%", "a%", True), ("a\\%", "ab", False), ("%", "", True), ("", "", True),
    ("_", "\\", True), ("a\\\\b", "a\\b", True),
])  # fmt: skip
def test_like_patterns(pattern: str, text: str, matches: bool) -> None:
    builder = Builder(SCHEMA, {}, True)
    claim_ = f"(str.in_re {smt.string(text)} {like(pattern)})"
    assert solve(builder.unless_text(claim_ if matches else smt.neg(claim_), None)).verdict == "unsat"


def test_strings_decide_what_keys_cannot() -> None:
    starts = Call("starts_with", (claim("x"), Literal("ab", TEXT)), BOOL, True)
    wider = Call("like", (claim("x"), Literal("a%", TEXT)), BOOL, True)
    implied = Or((Is(starts, Truth.TRUE, True), wider))
    assert not valid(implied)
    builder = Builder(SCHEMA, {}, True)
    assert solve(builder.unless(implied, {}, None)).verdict == "unsat"


def test_texts_are_the_same_for_every_hash_seed() -> None:
    import subprocess
    import sys

    code = ("from tests.verifier.test_guard import *; op = inner_join_gives_partner()\n"
            "print([o.solved and o.solved.sha256 for o in verify(plan(op), query(op), TENANT).obligations])")
    seen = {
        subprocess.run([sys.executable, "-c", code], env={"PYTHONHASHSEED": seed, "PYTHONPATH": "."}, capture_output=True, text=True,
                       check=True).stdout
        for seed in ("1", "2")
    }
    assert len(seen) == 1
