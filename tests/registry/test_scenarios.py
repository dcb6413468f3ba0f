"""The scenarios of the system that liq comes from, by their names there: none is left out, none is a stub.

Where a database matters it is a real PostgreSQL.
"""

from __future__ import annotations

import gc
import json
import threading
import tracemalloc
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest

import liq.api
from liq.model.document import schema_epoch
from liq.model.errors import ErrorKind, LiqError
from liq.model.schema import Schema
from liq.model.source import Source
from liq.reference.samples import database_of
from liq.registry.capability import Capability, Profile, may
from liq.registry.raw_sql import grant
from liq.registry.redact import HIDDEN, without_secrets, without_values
from liq.registry.registry import Registry
from liq_planner.emit.row_security import emit_epoch
from tests.emit.agreement import Loaded
from tests.pg.server import Server
from tests.registry.office import ANN, BOB, ROWS, call, compiled, events, new_registry, notes_schema, refusal, reopened
from tests.verifier.workshop import LIST, NOTES

EXAMPLE = Path(__file__).parents[2] / "examples" / "registry"
INJECTION = "' OR 1=1 --"
SECOND_ORDER = "x'; DROP TABLE notes; --"


def loaded(pg: Server, schema: Schema, rows: dict[str, Any]) -> psycopg.Connection:
    """A database that holds a schema, its rows and its epoch."""
    stored = database_of(schema, rows)
    found = Loaded.at(pg.fresh_database(), schema, {t.name: stored.rows(t.name) for t in schema.tables})
    for statement in emit_epoch(schema_epoch(schema)).statements:
        found.connection.execute(statement.encode())
    return found.connection


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return new_registry(tmp_path)


@pytest.fixture
def connection(pg: Server) -> Iterator[psycopg.Connection]:
    with loaded(pg, notes_schema(), ROWS) as found:
        yield found


def on_postgres(registry: Registry, connection: psycopg.Connection, plan: str, claims: dict[str, Any], /, **params: Any) -> liq.api.Answer:
    return liq.api.execute_registered(registry, plan, params, claims, on=connection, host=liq.api.Host(b"key", b"key"))


def texts(registry: Registry, name: str) -> list[str]:
    """Every SQL text of a registered plan."""
    plan = registry.show(name)[2]
    return [step.main.text for sql in plan.sql.values() for member in sql.members for step in member.steps]


# --------------------------------------------------------------------------------------------------- injection
def test_cve_cwe_89_sql_injection_via_param_concat(registry: Registry, connection: psycopg.Connection) -> None:
    before = texts(registry, "notes.list")
    assert not any("running" in text or INJECTION in text for text in before)
    assert on_postgres(registry, connection, "notes.list", {"sub": ANN}, title=INJECTION).rows == ()
    assert len(on_postgres(registry, connection, "notes.list", {"sub": ANN}, title="milk").rows) == 1
    assert texts(registry, "notes.list") == before


def test_cve_cwe_89_second_order_injection_stored_value(registry: Registry, connection: psycopg.Connection) -> None:
    assert on_postgres(registry, connection, "notes.add", {"sub": ANN}, title=SECOND_ORDER).affected == 1
    rows = on_postgres(registry, connection, "notes.list", {"sub": ANN}, title=SECOND_ORDER).rows
    assert [row[1] for row in rows] == [SECOND_ORDER]
    stored = rows[0][1]
    assert len(on_postgres(registry, connection, "notes.list", {"sub": ANN}, title=stored).rows) == 1
    assert not any("DROP" in text for name in ("notes.list", "notes.add") for text in texts(registry, name))
    assert connection.execute("select count(*) from notes").fetchone() == (4,)


@pytest.mark.parametrize("text", [
    "read evil_table { id } limit 1", "read notes { id, not_a_column } limit 1", "read pg_catalog.pg_authid { rolname } limit 1",
    'read "notes; drop table notes" { id } limit 1', "read `notes; drop table notes` { id } limit 1", "read $table { id } limit 1",
    "read notes { id } limit 1; drop table notes", "read notes { id } where title = ${title} limit 1",
])  # fmt: skip
def test_cve_cwe_89_identifier_injection_dynamic_table(text: str) -> None:
    with pytest.raises(liq.api.CompileError):
        compiled(f"query q = {text}")


# --------------------------------------------------------------------------------------------------- raw SQL
def test_cve_raw_sql_capability_audit_escalation(registry: Registry, connection: psycopg.Connection) -> None:
    expected = {(Profile.CLI_ADMIN, Capability.SESSION), (Profile.MIGRATION_RUNNER, Capability.MIGRATION)}
    assert {(p, c) for p in Profile for c in Capability if may(p, c)} == expected
    for profile in Profile:
        for capability in Capability:
            wanted = "accepted" if (profile, capability) in expected else "capability-denied"
            assert refusal(partial(grant, registry, profile, capability)) == wanted
    session = grant(registry, Profile.CLI_ADMIN, Capability.SESSION)
    assert liq.api.run_raw_sql(session, connection, "select count(*) from notes where title = 'milk'") == [(1,)]
    assert refusal(lambda: liq.api.run_raw_sql(session, connection, "select 1")) == "capability-denied"
    used = next(e for e in registry.entries() if e.event == "raw_sql.used")
    assert used.payload["text"] == "select count(*) from notes where title = ?"


def test_capability_denial_audit_trail(registry: Registry) -> None:
    for profile in (Profile.AGENT, Profile.MCP):
        for capability in Capability:
            assert refusal(partial(grant, registry, profile, capability)) == "capability-denied"
    denied = [e.payload for e in reopened(registry).entries() if e.event == "capability.denied"]
    assert [(d["profile"], d["capability"]) for d in denied] == [
        ("agent", "raw_sql:session"), ("agent", "raw_sql:migration"), ("mcp", "raw_sql:session"), ("mcp", "raw_sql:migration"),
    ]  # fmt: skip
    assert registry.verify_chain() == len(registry.entries())


# --------------------------------------------------------------------------------------------------- the log
def test_audit_log_append_only(registry: Registry) -> None:
    before = registry.log.path.read_bytes()
    call(registry)
    after = registry.log.path.read_bytes()
    assert after.startswith(before)
    one, two = registry.entries()[-2:]
    assert two.prev == one.hash
    assert registry.entries()[0].prev == "genesis"
    assert registry.verify_chain() == len(registry.entries())
    registry.log.path.write_bytes(after.replace(b'"ok"', b'"no"'))
    assert refusal(registry.verify_chain) == "registry-broken"


SECRETS = ["password='hunter2'", "password = hunter2", 'api_key="hunter2"', "api-key: hunter2", "Bearer hunter2", "bearer hunter2.x",
           "hunter2.hunter2.hunter2", "postgres://me:hunter2@host/db", "token hunter2", "SECRET=hunter2", "pwd:'hun''hunter2'"]  # fmt: skip


@pytest.mark.parametrize("secret", SECRETS)
def test_query_log_redaction(registry: Registry, secret: str) -> None:
    text = without_secrets(f"before {secret}, after")
    assert "hunter2" not in text
    assert HIDDEN in text
    assert text.startswith("before ")
    registry.revoke("notes.add", reason=f"leaked {secret}")
    liq_grant = grant(registry, Profile.CLI_ADMIN, Capability.SESSION)
    liq_grant.use(f"select 1 where a = 'hunter2' and b = $$hunter2$$ and c = 4711 -- {secret}")
    with pytest.raises(LiqError):
        call(registry, who=secret)
    logged = registry.log.path.read_text()
    assert not any(value in logged for value in ("hunter2", "4711"))


@pytest.mark.parametrize("sql, said", [
    ("select * from t where a = 'it''s' and b = 12.5", "select * from t where a = ? and b = ?"),
    ("insert into t1 values (E'x', 1e10, $1, $tag$secret$tag$)", "insert into t1 values (?, ?, $1, ?)"),
    ("select 'never closed", "select ?"),
])  # fmt: skip
def test_query_log_redaction_of_values(sql: str, said: str) -> None:
    assert without_values(sql) == said


# --------------------------------------------------------------------------------------------------- load
def test_parallel_race_plan_registry(registry: Registry) -> None:
    problems: list[BaseException] = []
    answers: list[int] = []

    def many() -> None:
        try:
            answers.extend(len(call(registry).rows) for _ in range(40))
        except BaseException as problem:
            problems.append(problem)

    threads = [threading.Thread(target=many) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert answers == [2] * 320
    assert events(registry).count("plan.admitted") == events(registry).count("plan.ran") == 320


def test_memory_leak_smoke(registry: Registry) -> None:
    """Opening and running over and over keeps neither files nor memory."""

    def rounds(count: int) -> None:
        for _ in range(count):
            assert reopened(registry).head().seq >= 3
            call(registry)

    def open_files() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    rounds(10)
    gc.collect()
    files = open_files()
    tracemalloc.start()
    rounds(5)
    gc.collect()
    first = tracemalloc.get_traced_memory()[0]
    rounds(25)
    gc.collect()
    grown = tracemalloc.get_traced_memory()[0] - first
    tracemalloc.stop()
    assert open_files() == files
    assert grown < 100_000


# --------------------------------------------------------------------------------------------------- row security
def test_rls_jwt_guc_session(registry: Registry, connection: psycopg.Connection) -> None:
    """Claims belong to a call: the next one on the same connection knows nothing of them."""
    for who, expected in [(ANN, 2), (BOB, 1), (ANN, 2)]:
        assert len(on_postgres(registry, connection, "notes.list", {"sub": who}).rows) == expected
    with pytest.raises(LiqError) as caught:
        on_postgres(registry, connection, "notes.list", {})
    assert caught.value.kind is ErrorKind.CLAIM
    connection.execute("select set_config('request.jwt.claims', %s, false)", [json.dumps({"sub": ANN, "role": "service_role"})])
    assert len(on_postgres(registry, connection, "notes.list", {"sub": BOB}).rows) == 1


def test_rls_service_role_bypass(registry: Registry, connection: psycopg.Connection) -> None:
    """A claim that calls itself a service opens nothing, in the token or in the session of the database."""
    for claims in ({"role": "service_role"}, {"role": "service_role", "app_metadata": {"role": "service_role"}}):
        assert len(on_postgres(registry, connection, "notes.list", {"sub": BOB, **claims}).rows) == 1
    with pytest.raises(LiqError):
        on_postgres(registry, connection, "notes.list", {"role": "service_role"})


def test_rls_package_version_tenant_isolation(tmp_path: Path, pg: Server) -> None:
    """Acme cannot publish into bolt's package, and sees none of bolt's yanked versions."""
    sources = [Source(str(f.relative_to(EXAMPLE)), f.read_text(encoding="utf-8")) for f in sorted(EXAMPLE.rglob("*.liq"))]
    found = liq.api.compile_sources(sources)
    registry = Registry.create(tmp_path / "registry", found.schema)
    for plan in found.plans:
        if plan.name in ("registry.publish", "packages.version"):
            registry.register(plan.contents)
    sample = json.loads((EXAMPLE / "sample" / "data.json").read_text(encoding="utf-8"))
    acme, bolt = (json.loads((EXAMPLE / "sample" / f"{who}.json").read_text(encoding="utf-8")) for who in ("acme", "bolt"))
    math, net = (package["id"] for package in sample["packages"])
    new = {"version": "9.9.9", "tree_digest": "sha256:99", "coverage": 90, "kind": "sbom", "digest": "sha256:ee"}
    with loaded(pg, found.schema, sample) as connection:
        assert on_postgres(registry, connection, "registry.publish", acme, package=math, **new).rows
        for who, package in ((acme, net), (bolt, math)):
            with pytest.raises(LiqError) as caught:
                on_postgres(registry, connection, "registry.publish", who, package=package, **new)
            assert caught.value.kind is ErrorKind.POLICY
        yanked = {"name": "li-math", "version": "1.1.0"}
        assert len(on_postgres(registry, connection, "packages.version", acme, **yanked).rows) == 1
        assert on_postgres(registry, connection, "packages.version", bolt, **yanked).rows == ()
        assert connection.execute("select count(*) from package_versions").fetchone() == (4,)


def test_a_database_of_another_epoch_is_refused(registry: Registry, connection: psycopg.Connection) -> None:
    connection.execute("update liq.epoch set value = 'sha256:other'")
    with pytest.raises(LiqError) as caught:
        on_postgres(registry, connection, "notes.list", {"sub": ANN})
    assert caught.value.kind is ErrorKind.STALE


def test_the_plan_is_the_one_that_was_compiled(registry: Registry) -> None:
    assert registry.show("notes.list")[2].plan_id == liq.api.compile(LIST, schema=NOTES).plan_id
