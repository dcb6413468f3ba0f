"""Laws that hold of every right program, on random rows: what the front end says of types, null, keys and order is true."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from liq.front.keys import keys_of
from liq.model.expr import Relation
from liq.model.ir import Limit, Query, Sort
from liq.model.node import children, walk
from liq.model.types import Enum, Float, Int
from liq.model.values import Value
from liq.reference.database import Database
from liq.reference.machine import Machine, Row
from liq.reference.parameters import bind
from liq.reference.relations import relation_rows
from liq.reference.run import Call, attempt
from tests.front.programs import Resolved, registry, resolve_program
from tests.front.sample_data import arguments, database
from tests.front.sound_programs import PROGRAMS

SEEDS = range(6)
NAMES = [text.replace("\n", " ")[:70] for text in PROGRAMS]
SINGLE = [text for text in PROGRAMS if not text.startswith("let")]


@pytest.mark.parametrize("text", PROGRAMS, ids=NAMES)
def test_right_programs_resolve(text: str) -> None:
    resolved = resolve_program(text)
    assert not resolved.errors
    assert resolved.root.result


def test_resolving_is_deterministic() -> None:
    for text in PROGRAMS:
        assert resolve_program(text).query() == resolve_program(text).query()


@pytest.mark.parametrize("text", SINGLE, ids=[text.replace("\n", " ")[:70] for text in SINGLE])
def test_columns_keep_what_they_promise(text: str) -> None:
    """What may not be null is not; keys tell rows apart; values are of their types."""
    resolved = resolve_program(text, visible=True)
    root = resolved.root.relation
    for seed in SEEDS:
        machine = _machine(resolved, database(registry(), seed)[0], seed)
        relation_rows(root, {}, machine)
        for relation in (n for n in walk(root) if isinstance(n, Relation)):
            _check_columns(relation, machine.observed.get(id(relation), []))
        for relation in _spine(root):
            _check_keys(relation, machine.observed.get(id(relation), []), resolved)


def test_most_programs_have_rows() -> None:
    """Laws over empty results would say nothing."""
    empty = 0
    for text in PROGRAMS:
        resolved = resolve_program(text)
        found = [_rows(resolved.query(), database(registry(), seed)[0], resolved, seed) for seed in SEEDS]
        empty += not any(found)
    assert empty <= len(PROGRAMS) // 10


def _machine(resolved: Resolved, data: Database, seed: int) -> Machine:
    machine = Call(registry(), data, arguments(resolved.parameters, seed)).machine()
    bind(resolved.parameters, resolved.preconditions, arguments(resolved.parameters, seed), machine)
    return machine


def _spine(relation: Relation) -> Iterator[Relation]:
    """The relations that are evaluated once: not those inside expressions."""
    yield relation
    for child in children(relation):
        if isinstance(child, Relation):
            yield from _spine(child)


def _check_columns(relation: Relation, rows: list[Row]) -> None:
    for column in relation.columns:
        for row in rows:
            value = row[column.id]
            assert value is not None or column.nullable, (column, type(relation))
            match column.type:
                case Int():
                    assert value is None or (isinstance(value, int) and not isinstance(value, bool))
                case Float():
                    assert value is None or isinstance(value, float)
                case Enum(labels=labels):
                    assert value is None or value in labels
                case _:
                    pass


def _check_keys(relation: Relation, rows: list[Row], resolved: Resolved) -> None:
    for key in keys_of(relation, resolved.context):
        seen = [tuple(repr(row[i]) for i in sorted(key)) for row in rows]
        assert len(set(seen)) == len(seen), (key, type(relation), resolved.context.file)


@pytest.mark.parametrize("text", PROGRAMS, ids=NAMES)
def test_results_do_not_depend_on_where_rows_lie(text: str) -> None:
    """A limited result is a function of the rows; any other is the same bag, in the same order of its sort keys."""
    resolved = resolve_program(text)
    query = resolved.query()
    for seed in SEEDS:
        one, other = (_rows(query, data, resolved, seed) for data in database(registry(), seed))
        if isinstance(query.statements[-1].body, Limit):
            assert one == other
        else:
            assert sorted(map(repr, one)) == sorted(map(repr, other))


def _rows(query: Query, data: Database, resolved: Resolved, seed: int) -> list[tuple[Value, ...]]:
    tried = attempt(query, Call(registry(), data, arguments(resolved.parameters, seed)))
    assert tried.outcome is not None, tried.error
    return list(tried.outcome.rows)


def test_pages_are_the_whole() -> None:
    """Following the cursor gives every row once, in the order of the read without pages."""
    shape = "{ run_id, finished_at, status }"
    for order in ("finished_at desc", "finished_at", "finished_at nulls first, status desc", "status, run_id", "cost desc"):
        paged = resolve_program(f"read agent_runs {shape} order {order} after $c? limit 2")
        whole = resolve_program(f"read agent_runs {shape} order {order} limit 100")
        for seed in SEEDS:
            data = database(registry(), seed)[0]
            wanted = _rows(whole.query(), data, whole, seed)
            assert _all_pages(paged, data) == wanted


def _all_pages(paged: Resolved, data: Database) -> list[tuple[Value, ...]]:
    found: list[tuple[Value, ...]] = []
    cursor: tuple[Value, ...] | None = None
    for _ in range(20):
        given = {} if cursor is None else {"c": cursor}
        tried = attempt(paged.query(), Call(registry(), data, given))
        assert tried.outcome is not None, tried.error
        found.extend(tried.outcome.rows)
        cursor = tried.outcome.next_cursor_keys
        if cursor is None:
            return found
    raise AssertionError("the pages do not end")


def test_limits_stand_on_orders() -> None:
    """Below every limit is an order, unless there is at most one row."""
    for text in PROGRAMS:
        resolved = resolve_program(text)
        for statement in resolved.statements:
            for node in walk(statement.body):
                if isinstance(node, Limit) and not isinstance(node.input, Sort):
                    name = type(node.input).__name__
                    assert name == "SortChoice" or frozenset() in keys_of(node.input, resolved.context), text
