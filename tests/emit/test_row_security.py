"""Native row security: a plain query under PostgreSQL's policies sees what the compiled policies show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import attrs
import psycopg
import pytest

from liq.backends.postgres import execute
from liq.model import expr as e
from liq.model import types as t
from liq.model.errors import ErrorKind, LiqError
from liq.model.schema import Schema
from liq.model.values import Value
from liq.reference.database import Database
from liq.reference.run import Call, run
from liq_planner.emit.query import emit_query
from liq_planner.emit.refusal import EmitRefused
from liq_planner.emit.row_security import emit_epoch, emit_row_security, short_name
from liq_planner.emit.schema import emit_schema
from tests.emit.agreement import OPTIONS, Loaded, canonical
from tests.emit.ir_builder import Build, query
from tests.emit.texts import query_of, schema_of
from tests.pg.server import Server

TEXT = """
enum level { low, high }
table teams { id int key, name text }
table members { team_id int -> teams, uid text, key (team_id, uid) }
table notes {
  id int key, team_id int? -> teams reverse notes, owner text, body text, secret bool = false, level level = 'low', deleted_at timestamp? tombstone
}
session {
  uid: text? from 'sub', team: int? from 'app.team' = (read members { team_id } where uid = @uid order team_id limit 1),
  tags: text[]? from 'tags', staff: bool? from 'staff'
}
fn is_member($team: int?) = exists (read members where team_id = $team and uid = @uid)
policy own on notes for all using owner = @uid
policy team on notes for read using is_member(team_id) and not secret
policy tagged on notes for read using body in @tags and level = 'high'
policy not_secret on notes restrictive for read, update using not secret or owner = @uid or @staff is true
policy mine on members for read using uid = @uid or team_id = @team
policy everyone on teams for read using true
"""
ROWS: dict[str, list[dict[str, Value]]] = {
    "teams": [{"id": 1, "name": "one"}, {"id": 2, "name": "two"}],
    "members": [{"team_id": 1, "uid": "ann"}, {"team_id": 2, "uid": "bob"}, {"team_id": 1, "uid": "cy"}],
    "notes": [
        {"id": i, "team_id": team, "owner": owner, "body": body, "secret": secret, "level": level, "deleted_at": None}
        for i, (team, owner, body, secret, level) in enumerate([
            (1, "ann", "a", False, "low"), (1, "cy", "b", True, "high"), (2, "bob", "c", False, "high"), (None, "dee", "d", False, "high"),
            (2, "dee", "it's", True, "low"), (1, "cy", "e", False, "low"),
        ])
    ],
}  # fmt: skip
SESSIONS: list[dict[str, object]] = [
    {}, {"sub": "ann"}, {"sub": "bob"}, {"sub": "dee", "tags": ["a", "it's", None]}, {"sub": "x'; drop table notes; --", "tags": []},
    {"sub": "cy", "staff": True, "app": {"team": 2}}, {"tags": ["c", "d"], "sub": None}, {"sub": "ann", "app": {"team": "2"}},
]  # fmt: skip


@pytest.fixture(scope="module")
def schema() -> Schema:
    return schema_of(TEXT)


@pytest.fixture(scope="module")
def plain(pg: Server, schema: Schema) -> Iterator[Loaded]:
    """The tables under row security, seen by a role that it applies to."""
    dsn = pg.fresh_database()
    loaded = Loaded.at(dsn, schema, ROWS)
    role = f"plain_{loaded.connection.info.dbname}"
    loaded.connection.execute(f"create role {role} login".encode())
    for statement in (*emit_row_security(schema).statements, f"grant all on all tables in schema public to {role}"):
        loaded.connection.execute(statement.encode())
    with psycopg.connect(dsn, user=role, autocommit=True) as connection:
        yield attrs.evolve(loaded, connection=connection)
    loaded.connection.close()


NATIVE = attrs.evolve(OPTIONS, native_claims=True)


@pytest.mark.parametrize("claims", SESSIONS, ids=str)
@pytest.mark.parametrize("table", ["notes", "members", "teams"])
def test_reads(plain: Loaded, schema: Schema, table: str, claims: dict[str, object]) -> None:
    protected = query_of(schema, f"read {table}")
    bare = query(Build(schema).scan(table, access=False))
    expected = run(protected, Call(schema, Database.of(schema, ROWS), {}, claims))
    found = execute(plain.connection, emit_query(bare, schema), bare, schema, {}, claims, NATIVE)
    assert Counter(map(canonical, found.rows)) == Counter(map(canonical, expected.rows))


def test_writes_are_checked_natively_as_well(plain: Loaded, schema: Schema) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege), plain.connection.transaction():
        plain.connection.execute("select set_config('liq.claims', '{\"sub\": \"ann\"}', true)")
        plain.connection.execute("insert into notes values (99, 1, 'bob', 'x', false, 'low', null)")
    with plain.connection.transaction(force_rollback=True):
        plain.connection.execute("select set_config('liq.claims', '{\"sub\": \"ann\"}', true)")
        plain.connection.execute("insert into notes values (99, 1, 'ann', 'x', false, 'low', null)")
        changed = plain.connection.execute("update notes set body = 'y'")
        assert changed.rowcount == 2


def test_without_claims_nothing_is_open(plain: Loaded) -> None:
    for setting in ("''", "'{}'", "'{\"sub\": null}'"):
        with plain.connection.transaction():
            plain.connection.execute(f"select set_config('liq.claims', {setting}, true)".encode())
            assert plain.connection.execute("select count(*) from notes").fetchone() == (0,)
    assert plain.connection.execute("select count(*) from notes").fetchone() == (0,)


def test_functions_do_not_follow_the_callers_search_path(plain: Loaded) -> None:
    """A table of the caller's that is called like one of ours is not looked at."""
    with plain.connection.transaction(force_rollback=True):
        plain.connection.execute("create temporary table members (team_id bigint, uid text)")
        plain.connection.execute("insert into members values (2, 'ann')")
        plain.connection.execute("set local search_path = pg_temp, public")
        plain.connection.execute("select set_config('liq.claims', '{\"sub\": \"ann\"}', true)")
        rows = plain.connection.execute("select id from public.notes order by id").fetchall()
        assert rows == [(0,), (5,)]


def test_guard_both_gives_the_same_rows(plain: Loaded, schema: Schema) -> None:
    protected = query_of(schema, "read notes")
    for claims in SESSIONS:
        both = execute(plain.connection, emit_query(protected, schema), protected, schema, {}, claims, NATIVE)
        expected = run(protected, Call(schema, Database.of(schema, ROWS), {}, claims))
        assert Counter(map(canonical, both.rows)) == Counter(map(canonical, expected.rows))


def test_roles_are_refused_or_told_apart_by_table() -> None:
    with_roles = schema_of(TEXT.replace("uid: text?", "role: text = 'none', uid: text?") + "\nrole reader { read notes (id, body) }")
    with pytest.raises(EmitRefused):
        emit_row_security(with_roles)
    found = emit_row_security(with_roles, exact=False)
    assert found.notes
    assert any("liq roles read" in statement for statement in found.statements)


def test_long_names_do_not_meet() -> None:
    names = {short_name("x" * 70 + str(i)) for i in range(50)}
    assert len(names) == 50
    assert all(len(name.encode()) <= 63 for name in names)
    assert short_name("short") == "short"


def test_the_epoch_that_is_emitted_is_the_epoch_that_is_read(pg: Server, schema: Schema) -> None:
    loaded = Loaded.at(pg.fresh_database(), schema, ROWS)
    q = query(Build(schema).scan("teams", access=False))
    for epoch in ("first", "it's another"):
        for statement in emit_epoch(epoch).statements:
            loaded.connection.execute(statement.encode())
        options = attrs.evolve(OPTIONS, epoch=epoch)
        assert execute(loaded.connection, emit_query(q, schema), q, schema, {}, {}, options).affected == 2
    with pytest.raises(LiqError) as caught:
        execute(loaded.connection, emit_query(q, schema), q, schema, {}, {}, attrs.evolve(OPTIONS, epoch="first"))
    assert caught.value.kind is ErrorKind.STALE


def test_ddl_is_one_script(pg: Server, schema: Schema) -> None:
    with psycopg.connect(pg.fresh_database(), autocommit=True) as connection:
        connection.execute((emit_schema(schema).script() + emit_row_security(schema).script()).encode())
        count = connection.execute("select count(*) from pg_policies").fetchone()
        assert count == (4 + 1 + 1 + 2 + 1 + 1,)
    assert e.Literal(True, t.BOOL).type == t.BOOL
