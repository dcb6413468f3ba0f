"""Every program of the language page: parses, keeps its tree when formatted, compiles, and gives the same rows on
``liq.reference`` and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from liq.model.errors import LiqError
from liq.model.schema import Schema
from liq.model.source import Source
from liq.reference.run import Call, attempt
from liq_grammar.formatter import format_source
from liq_grammar.parser import parse
from tests.acceptance.programs import Block, arguments, blocks, statements
from tests.campaigns.databases import Loaded, postgres
from tests.campaigns.programs import compile_program, compile_schema
from tests.campaigns.results import peers_of, same_bag, same_order
from tests.gen.rng import Rng
from tests.gen.rows import rows_for

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "language.md"
BLOCKS = blocks(PAGE)
PROGRAMS = [
    pytest.param(text, id=f"{block.id}-{number}")
    for block in BLOCKS if not block.heading.startswith("5.")
    for number, text in enumerate(statements(block))
]  # fmt: skip
CLAIMS = {"sub": "00000000-0000-0000-0000-000000000001", "app_metadata": {"publisher_id": "00000000-0000-0000-0000-000000000002"}}
DOMAINS: dict[str, list[Any]] = {
    "package_versions.coverage_pct": [85.0, 92.5, 100.0, 40.0],
    "package_versions.version": ["1.0.0", "1.0.1", "2.0.0"],
    "publishers.id": [f"00000000-0000-0000-0000-{n:012x}" for n in range(1, 7)],
    "steps.status": ["pending", "active", "done"],
    "dependencies.dep_type": ["blocks", "blocks", "informs"],
    "dependencies.source_id": ["a", "b", "x"],
    "dependencies.target_id": ["b", "x", "a"],
    "candidates.status": ["new", "open", "blocked"],
    "orders.region": ["north", "south"],
}


@cache
def language_schema() -> Schema:
    return compile_schema((HERE / "language.liq").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def database() -> Iterator[Loaded]:
    from liq.reference.inputs import typed

    schema = language_schema()
    rows = rows_for(Rng("language"), schema, count=6, domains=DOMAINS)
    typed_rows = {
        table: [{n: None if v is None else typed(v, schema.table_by_name[table].by_name[n].type) for n, v in row.items()} for row in records]
        for table, records in rows.items()
    }
    with postgres() as server, server.loaded(schema, typed_rows) as loaded:
        yield loaded


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.id)
def test_parses_and_keeps_its_tree(block: Block) -> None:
    parsed = parse(Source("block.liq", block.text))
    assert not parsed.diagnostics
    formatted = format_source(Source("block.liq", block.text))
    assert not formatted.diagnostics
    assert parse(Source("block.liq", formatted.text)).tree == parsed.tree
    assert format_source(Source("block.liq", formatted.text)).text == formatted.text


def test_there_are_programs() -> None:
    assert len(PROGRAMS) >= 48


@pytest.mark.parametrize("text", PROGRAMS)
def test_gives_the_same_rows(text: str, database: Loaded) -> None:
    compiled = compile_program(text, database.schema)
    assert not isinstance(compiled, str), compiled
    for turn in range(3):
        call = Call(database.schema, database.reference, arguments(Rng(f"{text}/{turn}"), compiled.query), CLAIMS, hash_key=b"campaign")
        expected = attempt(compiled.query, call)
        got = database.run(compiled, call)
        if expected.error is not None:
            assert isinstance(got, LiqError), expected.error
            assert got.kind in expected.may_raise, got
            continue
        assert not isinstance(got, LiqError), (got.kind, got.message)
        assert expected.outcome is not None
        rows = expected.outcome.rows
        if "gen_random_uuid" in compiled.sql_text() and compiled.query.result:
            assert len(rows) == len(got.rows) == 1  # the new row's key is random
        elif compiled.query.ordered:
            assert same_order(rows, got.rows, peers_of(compiled.query, call, len(rows))), (rows, got.rows)
        else:
            assert same_bag(rows, got.rows), (rows, got.rows)
        if expected.outcome.database is not call.database:
            database.reference = call.database
            database.restore()
