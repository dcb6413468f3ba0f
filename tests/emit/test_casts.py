"""Every cast as it is emitted, plain and safe, on boundary values and texts, compared with the reference."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from liq.model import types as t
from liq.model.errors import ErrorKind
from liq.model.expr import Cast, Expr, JsonStep, Literal, ParamRef
from liq.model.schema import Schema
from liq.model.types import Type
from liq.model.values import JsonValue, Value
from liq_planner.emit.query import emit_expression
from liq_planner.emit.refusal import EmitRefused
from tests.emit.server import Emitted
from tests.pg.server import Server
from tests.reference.machines import answer
from tests.reference.oracle import Answer
from tests.reference.test_against_postgres import JSON_TARGETS, PLAIN_CASTS, TEXT_INPUTS, beyond, cast_id
from tests.reference.values import POOLS

NARROWING = [
    *((a, b) for a in (t.INT, t.DECIMAL, t.FLOAT) for b in (t.INT, t.INT32, t.INT16, t.DECIMAL, t.Decimal(5, 2), t.FLOAT)),
]  # fmt: skip
UNREFUSED = [target for target in TEXT_INPUTS if target != t.INTERVAL]


@pytest.fixture(scope="module")
def server(pg: Server) -> Emitted:
    return Emitted.on(pg.fresh_database())


def agree(ours: Answer, theirs: Answer) -> bool:
    """The same value, or an error where liq has one: the kinds of bad texts differ by type in PostgreSQL."""
    if ours == theirs or beyond(ours, theirs):
        return True
    texts = (ErrorKind.INVALID_VALUE, ErrorKind.OUT_OF_RANGE)
    return ours.error in texts and theirs.error in (*texts, ErrorKind.INVALID_ARGUMENT)


def forms(source: Type, target: Type, value: Value, safe: bool) -> Iterator[tuple[Expr, dict[str, Value]]]:
    """The cast of a bind and of a literal."""
    yield Cast(ParamRef("p", source, True), target, safe), {"p": value}
    yield Cast(Literal(value, source), target, safe), {}


def check(server: Emitted, source: Type, target: Type, values: list[Value], safe: bool) -> None:
    """Every value is cast as the reference casts it."""
    pairs = [(form, answer(Cast(Literal(v, source), target, safe))) for v in values for form in forms(source, target, v, safe)]
    asked = [(emit_expression(expr, Schema()), params) for (expr, params), _ in pairs]
    wrong = [
        f"{expr}\n  liq {ours}\n  pg  {theirs}\n  {sql.text}"
        for ((expr, _), ours), theirs, (sql, _) in zip(pairs, server.ask(asked), asked, strict=True)
        if not agree(ours, theirs)
    ]
    assert not wrong, f"{len(wrong)} of {len(asked)}\n" + "\n".join(wrong[:12])


@pytest.mark.parametrize("source, target", PLAIN_CASTS, ids=cast_id)
def test_plain(server: Emitted, source: Type, target: Type) -> None:
    check(server, source, target, POOLS.get(source) or [(1, 2), (2**31 - 1, None), (2**40,)], safe=False)


@pytest.mark.parametrize("source", [s for s in POOLS if s != t.JSON], ids=cast_id)
def test_to_json(server: Emitted, source: Type) -> None:
    check(server, source, t.JSON, POOLS[source], safe=False)


@pytest.mark.parametrize("target", TEXT_INPUTS, ids=cast_id)
def test_from_text(server: Emitted, target: Type) -> None:
    check(server, t.TEXT, target, [*TEXT_INPUTS[target], None], safe=False)


@pytest.mark.parametrize("target", UNREFUSED, ids=cast_id)
def test_safe_from_text(server: Emitted, target: Type) -> None:
    check(server, t.TEXT, target, [*TEXT_INPUTS[target], None], safe=True)


@pytest.mark.parametrize("source, target", NARROWING, ids=cast_id)
def test_safe_numbers(server: Emitted, source: Type, target: Type) -> None:
    check(server, source, target, POOLS[source], safe=True)


def json_values(target: Type) -> list[Value]:
    """JSON of every kind, and strings that look like values of the target."""
    return [*POOLS[t.JSON], *(JsonValue(text) for text in TEXT_INPUTS.get(target, []))]


@pytest.mark.parametrize("target", JSON_TARGETS, ids=cast_id)
def test_from_json(server: Emitted, target: Type) -> None:
    check(server, t.JSON, target, json_values(target), safe=False)


@pytest.mark.parametrize("target", [target for target in JSON_TARGETS if target != t.INTERVAL], ids=cast_id)
def test_safe_from_json(server: Emitted, target: Type) -> None:
    check(server, t.JSON, target, json_values(target), safe=True)


STEPS: list[tuple[str | int, ...]] = [("a",), ("a", "b"), ("a", "b", 0), ("a", "b", 1, "c"), (0,), (1,), (1, 0), (0, 0), ("it's; --",)]


@pytest.mark.parametrize("steps", STEPS, ids=str)
@pytest.mark.parametrize("target", [None, t.TEXT, t.INT], ids=str)
def test_json_steps(server: Emitted, steps: tuple[str | int, ...], target: Type | None) -> None:
    pairs = []
    for value in POOLS[t.JSON]:
        for leaf, params in ((ParamRef("p", t.JSON, True), {"p": value}), (Literal(value, t.JSON), {})):
            exprs: list[Expr] = []
            for base in (leaf, Literal(value, t.JSON)):
                expr: Expr = base
                for step in steps:
                    expr = JsonStep(expr, step, t.JSON)
                exprs.append(Cast(expr, target, target == t.INT) if target else expr)
            pairs.append((exprs[0], params, answer(exprs[1])))
    asked = [(emit_expression(expr, Schema()), params) for expr, params, _ in pairs]
    for (expr, _, ours), theirs, (sql, _) in zip(pairs, server.ask(asked), asked, strict=True):
        assert ours == theirs, f"{expr}\n{sql.text}"


def test_what_cannot_be_said_is_refused() -> None:
    with pytest.raises(EmitRefused, match="a safe cast from text to interval") as caught:
        emit_expression(Cast(ParamRef("p", t.TEXT, True), t.INTERVAL, safe=True), Schema())
    assert caught.value.diagnostic.code.id == "LIQ0801"
