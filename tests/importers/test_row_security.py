"""Imported row security means what the original does: the script's own policies on a server, the emitted ones on
another database, and ``liq.reference``, for the same rows, tokens and statements."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from attrs import frozen

from liq import api
from liq.model.errors import ErrorKind, LiqError
from liq.model.schema import Schema
from liq_planner.emit.row_security import emit_row_security
from liq_planner.emit.schema import emit_schema
from tests.importers.declared import imported, schema_of, script
from tests.pg.server import Server
from tests.tools.import_dir import PRELUDE, apply_scripts

CALLERS = ("anon", "authenticated", "service_role")


def key(number: int) -> str:
    """A UUID that is easy to tell from others."""
    return str(uuid.UUID(int=number))


GUILD_A, GUILD_B, GUILD_OLD = key(1), key(2), key(3)
TOOL = key(11)
OWNER_A, MEMBER_A, MEMBER_B, STRANGER = key(21), key(22), key(23), key(24)
ROWS: dict[str, list[dict[str, object]]] = {
    "guilds": [
        {"id": GUILD_A, "name": "a", "seal_key": "00"},
        {"id": GUILD_B, "name": "b", "seal_key": "01"},
        {"id": GUILD_OLD, "name": "old", "seal_key": "02", "closed_at": "2020-01-01T00:00:00Z"},
    ],
    "tools": [{"id": TOOL, "name": "t-saw"}, {"id": key(12), "name": "t-axe"}],
    "editions": [
        {"id": key(31), "tool_id": TOOL, "label": "1", "score": 80.0, "guild_id": GUILD_A},
        {"id": key(32), "tool_id": TOOL, "label": "2", "score": 90.0, "guild_id": GUILD_A, "withdrawn": True},
        {"id": key(33), "tool_id": TOOL, "label": "3", "score": 70.0, "guild_id": GUILD_B},
        {"id": key(34), "tool_id": TOOL, "label": "4", "score": 70.0, "guild_id": GUILD_OLD, "withdrawn": True},
    ],
    "marks": [
        {"id": key(41), "edition_id": key(31), "kind": "sig"},
        {"id": key(42), "edition_id": key(31), "kind": "draft"},
        {"id": key(43), "edition_id": key(32), "kind": "sig"},
        {"id": key(44), "edition_id": key(33), "kind": "sig"},
    ],
    "guild_members": [
        {"guild_id": GUILD_A, "user_id": OWNER_A, "role": "owner"},
        {"guild_id": GUILD_A, "user_id": MEMBER_A},
        {"guild_id": GUILD_B, "user_id": MEMBER_B},
        {"guild_id": GUILD_B, "user_id": OWNER_A},
    ],
    "banned": [{"id": key(51), "tool_name": "t-axe"}],
}
TOKENS: dict[str, dict[str, object]] = {
    "nobody": {},
    "service": {"role": "service_role"},
    "owner of a": {"role": "authenticated", "sub": OWNER_A, "app_metadata": {"guild_id": GUILD_A}},
    "owner of a, without a guild in the token": {"role": "authenticated", "sub": OWNER_A},
    "member of a": {"role": "authenticated", "sub": MEMBER_A},
    "member of b": {"role": "authenticated", "sub": MEMBER_B},
    "stranger": {"role": "authenticated", "sub": STRANGER},
    "stranger with the guild's claim": {"role": "authenticated", "sub": STRANGER, "app_metadata": {"guild_id": GUILD_B}},
    "anonymous member": {"sub": MEMBER_A},
    "the old guild": {"role": "authenticated", "sub": STRANGER, "app_metadata": {"guild_id": GUILD_OLD}},
}
READS = {table: "id" if table != "guild_members" else "user_id" for table in ROWS}
WRITES: dict[str, tuple[str, str]] = {
    "insert for a": (
        f"insert into editions (tool_id, label, score, guild_id) values ('{TOOL}', 'new', 1, '{GUILD_A}')",
        f"insert editions {{ tool_id: uuid '{TOOL}', label: 'new', score: 1, guild_id: uuid '{GUILD_A}' }}",
    ),
    "insert for b": (
        f"insert into editions (tool_id, label, score, guild_id) values ('{TOOL}', 'new', 1, '{GUILD_B}')",
        f"insert editions {{ tool_id: uuid '{TOOL}', label: 'new', score: 1, guild_id: uuid '{GUILD_B}' }}",
    ),
    "insert an open row": ("insert into banned (digest) values ('x')", "insert banned { digest: 'x' }"),
    "mark an edition of a": (
        f"insert into marks (edition_id, kind) values ('{key(31)}', 'note')",
        f"insert marks {{ edition_id: uuid '{key(31)}', kind: 'note' }}",
    ),
    "mark a withdrawn edition": (
        f"insert into marks (edition_id, kind) values ('{key(32)}', 'note')",
        f"insert marks {{ edition_id: uuid '{key(32)}', kind: 'note' }}",
    ),
    "draft": (
        f"insert into marks (edition_id, kind) values ('{key(33)}', 'draft')",
        f"insert marks {{ edition_id: uuid '{key(33)}', kind: 'draft' }}",
    ),
    "score": (
        "update editions set score = score - 1 where id is not null",
        "update editions set score = score - 1 where id is not null",
    ),
    "give away": (
        f"update editions set guild_id = '{GUILD_B}' where label <> 'x'",
        f"update editions set guild_id = uuid '{GUILD_B}' where label <> 'x'",
    ),
    "withdraw": (
        "update editions set withdrawn = true where label = '1'", "update editions set withdrawn = true where label = '1'",
    ),
    "delete editions": ("delete from editions where score > 0", "delete editions where score > 0"),
    "admit": (
        f"insert into guild_members (guild_id, user_id) values ('{GUILD_A}', '{STRANGER}')",
        f"insert guild_members {{ guild_id: uuid '{GUILD_A}', user_id: uuid '{STRANGER}' }}",
    ),
    "promote": (
        "update guild_members set role = 'owner' where role = 'member'",
        "update guild_members set role = 'owner' where role = 'member'",
    ),
}  # fmt: skip


@frozen
class World:
    """The same rows three times: under the script's policies, under the emitted ones, and in memory."""

    schema: Schema
    original: str
    emitted: str


@pytest.fixture(scope="module")
def world(pg: Server) -> World:
    """Both databases, filled."""
    source = script("guild.sql")
    schema = schema_of(imported(source))
    original, emitted = pg.fresh_database(), pg.fresh_database()
    with psycopg.connect(original, autocommit=True) as connection:
        connection.execute(PRELUDE)
        assert apply_scripts(connection, [source]) == []
        _fill(connection)
        connection.execute(_grants(("public", "guild_auth")))
    with psycopg.connect(emitted, autocommit=True) as connection:
        for statement in (*emit_schema(schema).statements, *emit_row_security(schema).statements):
            connection.execute(statement.encode())
        _fill(connection)
        connection.execute(_grants(("public",)))
    return World(schema, original, emitted)


def _fill(connection: psycopg.Connection) -> None:
    for table, rows in ROWS.items():
        for row in rows:
            values = {k: bytes.fromhex(str(v)) if k == "seal_key" else v for k, v in row.items()}
            names, marks = ", ".join(values), ", ".join(["%s"] * len(values))
            connection.execute(f"insert into {table} ({names}) values ({marks})", list(values.values()))


def _grants(schemas: tuple[str, ...]) -> bytes:
    roles = ", ".join(CALLERS)
    usage = "".join(f"grant usage on schema {name} to {roles};" for name in schemas)
    return f"{usage} grant select, insert, update, delete on all tables in schema public to {roles}".encode()


@contextmanager
def _session(dsn: str, setting: str, token: dict[str, object]) -> Iterator[psycopg.Connection]:
    """A transaction as a caller with this token, undone at the end."""
    with psycopg.connect(dsn) as connection:
        try:
            connection.execute("select set_config(%s, %s, true)", (setting, json.dumps(token)))
            connection.execute(f"set local role {token.get('role', 'anon')}".encode())
            yield connection
        finally:
            connection.rollback()


def _native(dsn: str, setting: str, token: dict[str, object], statement: str) -> object:
    """Rows of a read; how many rows a write wrote, or that it was refused."""
    with _session(dsn, setting, token) as connection:
        try:
            cursor = connection.execute(statement.encode())
        except psycopg.errors.InsufficientPrivilege:
            return "refused"
        if cursor.description is None:
            return cursor.rowcount
        return sorted(str(row[0]) for row in cursor.fetchall())


def _in_memory(schema: Schema, token: dict[str, object], text: str) -> object:
    plan = api.compile(text, schema=schema, name="q")
    try:
        answer = api.run_in_memory(plan, api.sample_database(schema, ROWS), claims=token)
    except LiqError as error:
        return "refused" if error.kind is ErrorKind.POLICY else error
    return sorted(str(row[0]) for row in answer.rows) if text.startswith("read ") else answer.affected


@pytest.mark.parametrize("caller", TOKENS)
@pytest.mark.parametrize("table", READS)
def test_the_same_rows_are_seen(world: World, caller: str, table: str) -> None:
    token, column = TOKENS[caller], READS[table]
    statement = f"select {column} from {table}"
    seen = _native(world.original, "request.jwt.claims", token, statement)
    assert _native(world.emitted, "liq.claims", token, statement) == seen
    assert _in_memory(world.schema, token, f"read {table} {{ {column} }}") == seen


@pytest.mark.parametrize("caller", TOKENS)
@pytest.mark.parametrize("write", WRITES)
def test_the_same_writes_pass(world: World, caller: str, write: str) -> None:
    token = TOKENS[caller]
    sql, text = WRITES[write]
    done = _native(world.original, "request.jwt.claims", token, sql)
    assert _native(world.emitted, "liq.claims", token, sql) == done
    assert _in_memory(world.schema, token, text) == done


def test_the_callers_are_told_apart(world: World) -> None:
    """The tests above see something: different callers see different rows, and some writes pass while others do not."""
    seen = {
        (table, str(_native(world.original, "request.jwt.claims", token, f"select * from {table}")))
        for token in TOKENS.values()
        for table in ("guilds", "editions", "marks", "guild_members")
    }
    assert len(seen) >= 11
    done = {
        (write, str(_native(world.original, "request.jwt.claims", token, sql)))
        for token in TOKENS.values()
        for write, (sql, _) in WRITES.items()
    }
    assert len(done) >= 25
