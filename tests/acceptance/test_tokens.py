"""The eighteen intents: the same rows as their SQL on PostgreSQL where a schema binds. Token counts are in ``tests/full``."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
import pytest

from liq.backends.calls import CursorKey
from liq.backends.postgres import execute
from liq.backends.wire import encode
from liq.model.cursor_token import write_token
from liq.model.errors import LiqError
from liq.model.schema import Schema
from liq.model.types import Cursor
from liq.reference.inputs import typed
from tests.campaigns.databases import Loaded, postgres
from tests.campaigns.programs import compile_program, compile_schema
from tests.gen.rng import Rng
from tests.gen.rows import rows_for

HERE = Path(__file__).parent
INTENTS: list[dict[str, Any]] = tomllib.loads((HERE / "tokens.toml").read_text(encoding="utf-8"))["intent"]
OWN = "00000000-0000-0000-0000-000000000002"
CURSOR = CursorKey("tokens", b"secret")
DOMAINS: dict[str, list[Any]] = {"package_versions.version": ["1.0.0", "1.1.0", "2.0.0"], "package_versions.coverage_pct": [80.0, 95.5], "blocklist.package_name": ["a1", "b2"]}


@cache
def schema() -> Schema:
    return compile_schema((HERE / "tokens.liq").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def database() -> Iterator[Loaded]:
    made = rows_for(Rng("tokens"), schema(), count=12, domains=DOMAINS)
    rows = {
        table: [{n: None if v is None else typed(v, schema().table_by_name[table].by_name[n].type) for n, v in row.items()} for row in records]
        for table, records in made.items()
    }
    with postgres() as server, server.loaded(schema(), rows) as loaded:
        yield loaded


def test_there_are_eighteen() -> None:
    assert len(INTENTS) == 18


@pytest.mark.parametrize("intent", INTENTS, ids=lambda intent: intent["name"])
def test_compiles(intent: dict[str, Any]) -> None:
    assert not isinstance(compile_program(intent["liq"], schema()), str)


@pytest.mark.parametrize("intent", [i for i in INTENTS if "unbound" not in i], ids=lambda intent: intent["name"])
def test_gives_the_rows_of_the_sql(intent: dict[str, Any], database: Loaded) -> None:
    for turn in range(4):
        arguments = _arguments(database, intent, turn)
        by_sql = _sql(database, intent, arguments)
        after_sql = _contents(database, intent)
        database.fill()
        by_liq = _liq(database, intent, arguments)
        after_liq = _contents(database, intent)
        database.fill()
        if "table" in intent and "insert" in intent["liq"]:
            assert len(by_sql) == len(by_liq)  # keys are random
            assert sorted(map(_without_keys, after_sql)) == sorted(map(_without_keys, after_liq))
        else:
            assert sorted(map(repr, by_sql)) == sorted(map(repr, by_liq)), arguments
            assert sorted(map(repr, after_sql)) == sorted(map(repr, after_liq))


def _without_keys(row: tuple[Any, ...]) -> str:
    return repr(tuple(cell for cell in row[1:] if not _is_new_key(cell)))


def _is_new_key(cell: Any) -> bool:
    return isinstance(cell, str) and len(cell) == 36 and not cell.startswith("00000000-")


def _arguments(database: Loaded, intent: dict[str, Any], turn: int) -> dict[str, Any]:
    """Arguments that meet rows: values of the rows of the tables spoken of."""
    reference = database.reference
    versions = reference.rows("package_versions")
    version = versions[turn % len(versions)]
    package = next(p for p in reference.rows("packages") if p["id"] == version["package_id"])
    yanks = reference.rows("yanks")
    made: dict[str, Any] = {
        "ver": version["version"], "pkg": version["package_id"], "package_id": version["package_id"], "version": f"9.{turn}.0",
        "tree_digest": "sha", "proof_digest": None, "coverage_pct": 90.0, "publisher_id": version["publisher_id"], "kind": "sbom",
        "digest": "d", "signature": b"\x01", "reason": "broken", "pub": version["publisher_id"], "pv": version["id"],
        "package_version_id": yanks[turn % len(yanks)]["package_version_id"] if turn % 2 else version["id"],
        "run_id": f"run {turn}", "agent_id": "a", "status": "queued", "briefing_hash": None,
        "name": package["name"] if "blocklist" not in intent["liq"] else "a1",
        "id": version["id"], "published_at": version["published_at"],
    }  # fmt: skip
    if intent.get("table") == "publishers":
        made["id"] = version["publisher_id"]
    return {name: made[name] for name in intent.get("arguments", [])}


def _sql(database: Loaded, intent: dict[str, Any], arguments: dict[str, Any]) -> list[tuple[Any, ...]]:
    connection = database.server.connection
    with connection.transaction(), psycopg.RawCursor(connection) as cursor:
        cursor.execute("SELECT set_config('request.jwt.claim.publisher_id', $1, true)", [OWN])
        cursor.execute(intent["sql"].encode(), [arguments[name] for name in intent.get("arguments", [])])
        return cursor.fetchall()


def _liq(database: Loaded, intent: dict[str, Any], arguments: dict[str, Any]) -> list[tuple[Any, ...]]:
    import attrs

    compiled = compile_program(intent["liq"], schema())
    assert not isinstance(compiled, str)
    given = dict(arguments)
    if "cursor" in intent:
        parameter = next(p for p in compiled.query.parameters if isinstance(p.type, Cursor))
        keys = tuple(given.pop(name) for name in intent["cursor"])
        given = {parameter.name: write_token(keys, CURSOR.plan, CURSOR.secret)}
    options = attrs.evolve(database.server.options, cursor=CURSOR)
    try:
        result = execute(database.server.connection, compiled.sql, compiled.query, schema(), given, {"publisher_id": OWN}, options)
    except LiqError as error:
        raise AssertionError(error.message) from error
    return list(result.rows)


def _contents(database: Loaded, intent: dict[str, Any]) -> list[tuple[Any, ...]]:
    if "table" not in intent:
        return []
    table = schema().table_by_name[intent["table"]]
    return [tuple(encode(cell, column.type) for cell, column in zip(row, table.columns, strict=True)) for row in database.contents(table)]
