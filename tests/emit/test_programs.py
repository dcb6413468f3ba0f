"""Programs of every construct of reading, from text, on PostgreSQL and on the reference."""

from __future__ import annotations

from collections import Counter
from functools import cache

import pytest

from liq.backends.calls import Result
from liq.backends.postgres import execute
from liq.model.emitted import SqlPlan
from liq.model.errors import LiqError
from liq.model.ir import Query
from liq.model.values import Value
from liq.reference.database import Database
from liq.reference.run import Call, Signature, attempt, attempt_physical
from liq_planner.emit.query import emit_query
from liq_planner.lower import lower_query
from tests.emit.agreement import OPTIONS, Loaded, canonical
from tests.front.programs import registry, resolve_program
from tests.front.sample_data import arguments, database
from tests.front.sound_programs import PROGRAMS
from tests.pg.server import Server

SEEDS = (1, 2, 3)


@cache
def compiled(text: str) -> Query:
    return resolve_program(text).query()


@pytest.fixture(scope="module", params=SEEDS)
def loaded(pg: Server, request: pytest.FixtureRequest) -> Loaded:
    rows = database(registry(), request.param)[0]
    return Loaded.at(pg.fresh_database(), registry(), {t.name: rows.rows(t.name) for t in registry().tables})


@pytest.mark.parametrize("number", range(len(PROGRAMS)))
def test_program(loaded: Loaded, number: int) -> None:
    query = compiled(PROGRAMS[number])
    plan = emit_query(query, registry())
    for seed in range(3):
        params = arguments(query.parameters, seed)
        call = Call(registry(), database_of(loaded), params, hash_key=OPTIONS.hash_key or b"")
        expected = attempt(query, call)
        lowered = attempt_physical(lower_query(query), Signature.of(query), call)
        assert (lowered.error and lowered.error.kind) == (expected.error and expected.error.kind)
        if expected.outcome is not None and lowered.outcome is not None:
            assert lowered.outcome.rows == expected.outcome.rows
        text = "\n\n".join(s.main.text for m in plan.members[:1] for s in m.steps)
        result = outcome(loaded, plan, query, params)
        if isinstance(result, LiqError):
            assert result.kind in expected.may_raise, f"{result.kind} {result.message}\n{text}"
        elif expected.outcome is not None:
            agree(query, expected.outcome.rows, result, text)
            assert result.affected == expected.outcome.affected
            assert (result.next_cursor is None) == (expected.outcome.next_cursor_keys is None)


def outcome(loaded: Loaded, plan: SqlPlan, query: Query, params: dict[str, Value]) -> Result | LiqError:
    try:
        return execute(loaded.connection, plan, query, registry(), params, {}, OPTIONS)
    except LiqError as error:
        return error


def database_of(loaded: Loaded) -> Database:
    return Database.of(loaded.schema, loaded.rows)


def agree(query: Query, expected: tuple, result: Result, text: str) -> None:
    """The same rows; where an order leaves ties, the same bag."""
    ours, theirs = list(map(canonical, expected)), list(map(canonical, result.rows))
    assert Counter(ours) == Counter(theirs), text
