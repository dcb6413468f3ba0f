"""Every function and operator as it is emitted, on boundary values, compared with the reference."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator

import pytest

from liq.model import types as t
from liq.model.expr import Call, ParamRef
from liq.model.functions import Overload
from liq.model.schema import Schema
from liq.model.values import Value
from liq_planner.emit.query import emit_expression
from tests.emit.server import Emitted
from tests.pg.server import Server
from tests.reference.machines import answer, call
from tests.reference.oracle import Answer
from tests.reference.test_against_postgres import OVERLOADS, at_the_end_of_time, beyond, elements, newer, pools
from tests.reference.values import sql

CLOCK = {"now()", "today()", "gen_random_uuid()"}
VECTORS = {"distance(vector, vector)", "distance(vector, vector, text)"}
INEXACT = {"power", "exp", "ln", "score"}
ASCII_ONLY = {"matches", "score", "lower", "upper", "ilike"}
"""What other letters are depends on the locale of the database."""
FEW = 400
"""Calls per signature whose arguments also stand in the text as literals."""


@pytest.fixture(scope="module")
def server(pg: Server) -> Emitted:
    return Emitted.on(pg.fresh_database())


def cases(signature: str, overload: Overload, server: Emitted) -> Iterator[tuple[tuple[t.Type, Value], ...]]:
    """Argument lists to try."""
    for element in elements(overload):
        for args in itertools.product(*pools(signature, overload, element)):
            text = " ".join(sql(*arg) for arg in args)
            if server.version < 18 and newer(signature, text):
                continue
            if overload.name in ASCII_ONLY and not text.isascii():
                continue
            if not at_the_end_of_time(signature, text):
                yield args


def agree(name: str, ours: Answer, theirs: Answer) -> bool:
    """Whether the reference's answer is the server's, but for what no server can do like liq."""
    if ours == theirs or beyond(ours, theirs):
        return True
    close = name in INEXACT and ours.text is not None and theirs.text is not None
    return close and math.isclose(float(ours.text or 0), float(theirs.text or 0), rel_tol=1e-12)


@pytest.mark.parametrize("signature", sorted(set(OVERLOADS) - CLOCK - VECTORS))
def test_function(server: Emitted, signature: str) -> None:
    overload = OVERLOADS[signature]
    by_types: dict[tuple[t.Type, ...], Call] = {}
    asked, expected = [], []
    for i, args in enumerate(cases(signature, overload, server)):
        literal = call(overload.name, *args)
        types = tuple(type_ for type_, _ in args)
        if types not in by_types:
            params = tuple(ParamRef(f"p{i}", type_, True) for i, type_ in enumerate(types))
            by_types[types] = Call(overload.name, params, literal.type, True)
        bound = emit_expression(by_types[types], Schema())
        asked.append((bound, {f"p{i}": value for i, (_, value) in enumerate(args)}))
        expected.append((literal, answer(literal)))
        if i < FEW:
            asked.append((emit_expression(literal, Schema()), {}))
            expected.append((literal, answer(literal)))
    assert asked
    wrong = [
        f"{expr}\n  liq {ours}\n  pg  {theirs}\n  {sql_text.text}"
        for (expr, ours), theirs, (sql_text, _) in zip(expected, server.ask(asked), asked, strict=True)
        if not agree(overload.name, ours, theirs)
    ]
    assert not wrong, f"{len(wrong)} of {len(asked)}\n" + "\n".join(wrong[:12])
