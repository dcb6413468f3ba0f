"""Witnesses on a real PostgreSQL: what an audit shows on ``liq.reference`` happens to a plain role under row security."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import psycopg
import pytest
from attrs import frozen
from psycopg import sql

from liq.model.codes import CODES
from liq.model.schema import Schema
from liq.model.values import Value
from liq_planner.emit.row_security import emit_row_security
from liq_planner.emit.schema import emit_schema
from liq_verifier.policies.answer import Seen
from tests.verifier.policies.audited import TEAM, example, found, schema_of

Row = Mapping[str, Value]


@frozen
class Stage:
    """A database that holds a witness's rows, and a role that row security applies to."""

    owner: psycopg.Connection
    plain: psycopg.Connection
    schema: Schema

    @contextmanager
    def session(self, claims: Row) -> Iterator[psycopg.Connection]:
        """A transaction in which the session has these claims; it is rolled back."""
        token: dict[str, object] = {}
        for claim in self.schema.claims:
            if claims[claim.name] is not None and claim.path is not None:
                token[claim.path] = claims[claim.name]
        with self.plain.transaction(force_rollback=True):
            self.plain.execute("select set_config('liq.claims', %s, true)", (json.dumps(token),))
            yield self.plain

    def key(self, table: str, row: Row) -> tuple[sql.Composed, list[Value]]:
        """The condition that names a row."""
        primary = self.schema.table_by_name[table].primary_key
        assert primary is not None
        parts = [sql.SQL("{} = %s").format(sql.Identifier(c)) for c in primary.columns]
        return sql.SQL(" and ").join(parts), [row[c] for c in primary.columns]

    def sees(self, claims: Row, table: str, row: Row) -> bool:
        """Whether a session reads a row."""
        condition, values = self.key(table, row)
        query = sql.SQL("select 1 from {} where {}").format(sql.Identifier(table), condition)
        with self.session(claims) as connection:
            return connection.execute(query, values).fetchone() is not None

    def updates(self, claims: Row, table: str, old: Row, new: Row) -> int:
        """How many rows an update of one row to another changes."""
        condition, values = self.key(table, old)
        changes = sql.SQL(", ").join(sql.SQL("{} = %s").format(sql.Identifier(c)) for c in new)
        query = sql.SQL("update {} set {} where {}").format(sql.Identifier(table), changes, condition)
        with self.session(claims) as connection:
            return connection.execute(query, [*new.values(), *values]).rowcount

    def inserts(self, claims: Row, table: str, new: Row, ending: str = "") -> int:
        """How many rows an insert makes."""
        with self.session(claims) as connection:
            return connection.execute(_insert(table, new, ending), list(new.values())).rowcount


def _insert(table: str, row: Row, ending: str = "") -> sql.Composed:
    columns = sql.SQL(", ").join(sql.Identifier(c) for c in row)
    marks = sql.SQL(", ").join(sql.Placeholder() for _ in row)
    tail = sql.SQL(ending)
    return sql.SQL("insert into {} ({}) values ({}) {}").format(sql.Identifier(table), columns, marks, tail)


@contextmanager
def stage(dsn: str, schema: Schema, seen: Seen) -> Iterator[Stage]:
    """The schema, its policies and the witness's rows on a server."""
    with psycopg.connect(dsn, autocommit=True) as owner:
        role = f"plain_{owner.info.dbname}"
        owner.execute(f"create role {role} login".encode())
        grant = f"grant all on all tables in schema public to {role}"
        for statement in (*emit_schema(schema).statements, *emit_row_security(schema).statements, grant):
            owner.execute(statement.encode())
        owner.execute("set session_replication_role = replica")  # rows in any order
        for table, rows in seen.tables.items():
            for row in rows:
                owner.execute(_insert(table, row), list(row.values()))
        with psycopg.connect(dsn, user=role, autocommit=True) as plain:
            yield Stage(owner, plain, schema)


def shown(dsn: str, name: str) -> tuple[Schema, Seen]:
    """What the audit of a code's example shows."""
    code = next(c.id for c in CODES.values() if c.name == name)
    seen = found(example(code), name).seen
    assert seen is not None
    return schema_of(example(code)), seen


@pytest.mark.parametrize("name", ["tenant-isolation", "shared-rows"])
def test_two_tenants_see_one_row(pg_database: str, name: str) -> None:
    schema, seen = shown(pg_database, name)
    (table, row, _), (ours, theirs) = seen.rows[0], seen.sessions
    assert ours["org"] != theirs["org"] and None not in (ours["org"], theirs["org"])
    with stage(pg_database, schema, seen) as on:
        assert on.sees(ours, table, row)
        assert on.sees(theirs, table, row)


def test_users_of_two_teams_see_one_row(pg_database: str) -> None:
    text = TEAM + "policy team on docs for all using is_member(team_id)\npolicy any on docs for read using @uid > 0"
    seen = found(text, "tenant-isolation").seen
    assert seen is not None
    table, row, _ = seen.rows[0]
    with stage(pg_database, schema_of(text), seen) as on:
        assert all(on.sees(session, table, row) for session in seen.sessions)


def test_a_row_moves_to_another_tenant(pg_database: str) -> None:
    schema, seen = shown(pg_database, "moved-row")
    (table, old, _), (_, new, _) = seen.rows
    session = seen.sessions[0]
    assert old["org"] == session["org"] != new["org"]
    with stage(pg_database, schema, seen) as on:
        assert on.sees(session, table, old)
        with on.session(session) as connection:
            # without a condition and RETURNING, PostgreSQL does not ask the read policy of the new row
            assert connection.execute("update docs set org = %s", (new["org"],)).rowcount == 1


@pytest.mark.parametrize("name", ["foreign-row", "foreign-parent", "shared-parent", "self-join", "member-adds"])
def test_an_insert_goes_through(pg_database: str, name: str) -> None:
    schema, seen = shown(pg_database, name)
    table, new = next((table, row) for table, row, stored in seen.rows if not stored)
    with stage(pg_database, schema, seen) as on:
        assert on.inserts(seen.sessions[0], table, new) == 1


def test_a_session_without_the_claim_sees_more(pg_database: str) -> None:
    schema, seen = shown(pg_database, "null-session")
    (table, row, _), (without, with_claim) = seen.rows[0], seen.sessions
    with stage(pg_database, schema, seen) as on:
        assert on.sees(without, table, row)
        assert not on.sees(with_claim, table, row)


def test_a_member_promotes_itself(pg_database: str) -> None:
    schema, seen = shown(pg_database, "self-promotion")
    (table, old, _), (_, new, _) = seen.rows
    with stage(pg_database, schema, seen) as on:
        assert on.updates(seen.sessions[0], table, old, new) == 1


def test_an_insert_that_returns_is_refused(pg_database: str) -> None:
    schema, seen = shown(pg_database, "returning-refused")
    table, new, _ = seen.rows[0]
    with stage(pg_database, schema, seen) as on:
        assert on.inserts(seen.sessions[0], table, new) == 1
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            on.inserts(seen.sessions[0], table, new, "returning id")


def test_an_upsert_is_refused(pg_database: str) -> None:
    schema, seen = shown(pg_database, "upsert-refused")
    table, new, _ = seen.rows[0]
    upsert = "on conflict (id) do update set body = excluded.body"
    with stage(pg_database, schema, seen) as on:
        on.owner.execute(_insert(table, new), list(new.values()))
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            on.inserts(seen.sessions[0], table, new, upsert)


def test_an_update_that_hides_its_row_is_refused(pg_database: str) -> None:
    schema, seen = shown(pg_database, "update-hides-row")
    (table, old, _), (_, new, _) = seen.rows
    with stage(pg_database, schema, seen) as on:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            on.updates(seen.sessions[0], table, old, new)
        with on.session(seen.sessions[0]) as connection:
            assert connection.execute("update docs set hidden = true").rowcount == 1
