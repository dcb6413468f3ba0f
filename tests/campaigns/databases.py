"""One schema with its rows in several places at once: PostgreSQL, DuckDB and ``liq.reference``."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from attrs import define, field
from psycopg.rows import tuple_row

from liq.backends.postgres import PostgresOptions, execute
from liq.backends.wire import decode, encode
from liq.model import ir
from liq.model.errors import LiqError
from liq.model.schema import Schema, Table
from liq.reference.database import Database
from liq.reference.run import FIXED_NOW, Call
from liq_planner.emit.query import emit_query
from liq_planner.emit.refusal import EmitRefused
from liq_planner.emit.schema import emit_schema, qualified
from tests.campaigns import duck
from tests.campaigns.programs import Compiled
from tests.campaigns.results import same_bag
from tests.pg.server import Server, running_server

HASH_KEY = b"campaign"
PLAIN = "liq_plain"
Rows = Mapping[str, Sequence[Mapping[str, Any]]]


@define
class Postgres:
    """A throw-away server whose ``now()`` stands still, with a role that row security applies to."""

    server: Server
    connection: psycopg.Connection[Any]
    plain: psycopg.Connection[Any]
    options: PostgresOptions = field(factory=lambda: PostgresOptions(hash_key=HASH_KEY, cursor=duck.CURSOR, search_path="public, pg_catalog, pg_temp"))

    @contextmanager
    def loaded(self, schema: Schema, rows: Rows) -> Iterator[Loaded]:
        """A schema with rows, in the one database of the server, gone afterwards."""
        loaded = Loaded(self, schema, Database.of(schema, rows))
        self._run("DROP SCHEMA IF EXISTS liq CASCADE", "DROP SCHEMA public CASCADE", "CREATE SCHEMA public", *_fixed_now())
        self._run(*emit_schema(schema).statements)
        loaded.native = _row_security(schema, self)
        loaded.fill()
        try:
            yield loaded
        finally:
            if loaded.duck is not None:
                loaded.duck.close()

    def _run(self, *statements: str) -> None:
        for statement in statements:
            self.connection.execute(statement.encode())


@contextmanager
def postgres() -> Iterator[Postgres]:
    """A server for one campaign."""
    with running_server() as server:
        dsn = server.fresh_database()
        with psycopg.connect(dsn, autocommit=True, row_factory=tuple_row) as connection:
            for statement in (f"CREATE ROLE {PLAIN} LOGIN", *_fixed_now()):
                connection.execute(statement.encode())
            name = connection.info.dbname
            connection.execute(f'ALTER DATABASE "{name}" SET search_path = public, pg_catalog'.encode())
            connection.execute(f'ALTER DATABASE "{name}" SET timezone = \'UTC\''.encode())
        with psycopg.connect(dsn, autocommit=True) as connection, psycopg.connect(server.dsn(name, user=PLAIN), autocommit=True) as plain:
            yield Postgres(server, connection, plain)


def _fixed_now() -> list[str]:
    instant = FIXED_NOW.astimezone(dt.UTC).isoformat()
    return [
        f"CREATE FUNCTION public.now() RETURNS timestamptz LANGUAGE sql STABLE AS $$ SELECT timestamptz '{instant}' $$",
        f"GRANT USAGE ON SCHEMA public TO {PLAIN}",
    ]


def _row_security(schema: Schema, server: Postgres) -> bool:
    """Switches native row security on; False where it cannot say what this schema's policies do."""
    from liq_planner.emit.row_security import emit_row_security

    try:
        statements = emit_row_security(schema).statements
    except EmitRefused:
        return False
    for statement in (*statements, f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {PLAIN}"):
        server.connection.execute(statement.encode())
    return True


@define
class Loaded:
    """A schema with rows in all places."""

    server: Postgres
    schema: Schema
    reference: Database
    native: bool = False
    duck: Any = None

    # ------------------------------------------------------------------------------------------ contents
    def fill(self) -> None:
        """Makes the server's tables hold the reference's rows; ``auto`` numbers go on where the reference's do."""
        self.duck = None
        connection = self.server.connection
        names = ", ".join(qualified(t.name) for t in self.schema.tables)
        with connection.transaction():
            connection.execute(f"TRUNCATE {names} CASCADE".encode())
            connection.execute(b"SET LOCAL session_replication_role = replica")
            for table in self.schema.tables:
                self._fill_table(connection, table)

    def _fill_table(self, connection: psycopg.Connection[Any], table: Table) -> None:
        columns = ", ".join(f'"{c.name}"' for c in table.columns)
        marks = ", ".join(["%s"] * len(table.columns))
        rows = [[encode(row[c.name], c.type) for c in table.columns] for row in self.reference.rows(table.name)]
        if rows:
            with connection.cursor() as cursor:
                cursor.executemany(f"INSERT INTO {qualified(table.name)} ({columns}) VALUES ({marks})".encode(), rows)
        for column, following in self.reference.tables[table.name].counters.items():
            sequence = f"pg_get_serial_sequence('{qualified(table.name)}', '{column}')"
            connection.execute(f"SELECT setval({sequence}, {following}, false)".encode())

    def contents(self, table: Table) -> list[tuple[Any, ...]]:
        """The server's rows of a table."""
        columns = ", ".join(f'"{c.name}"::text' for c in table.columns)
        found = self.server.connection.execute(f"SELECT {columns} FROM {qualified(table.name)}".encode()).fetchall()
        return [tuple(decode(cell, c.type) for cell, c in zip(row, table.columns, strict=True)) for row in found]

    def settle(self, after: Database) -> str | None:
        """Checks that the server holds what the reference does after a write, and goes on from there."""
        self.reference = after
        for table in self.schema.tables:
            expected = [tuple(row[c.name] for c in table.columns) for row in after.rows(table.name)]
            got = self.contents(table)
            if not same_bag(expected, got):
                return f"after the write {table.name} holds\n{got}\nexpected\n{expected}"
        self.fill()
        return None

    def restore(self) -> None:
        """Back to the reference's rows after a write that one side refused."""
        self.fill()

    # ------------------------------------------------------------------------------------------ runs
    def run(self, compiled: Compiled, call: Call) -> Any:
        """The plan with its policies compiled in: a result or a ``LiqError``."""
        return self._execute(self.server.connection, compiled, call, self.server.options)

    def run_natively(self, query: ir.Query, call: Call) -> Any:
        """The query without policies, as a plain role under row security; None where that is not possible."""
        import attrs

        if not self.native:
            return None
        options = attrs.evolve(self.server.options, native_claims=True)
        plain = Compiled(query, None, emit_query(query, self.schema))  # type: ignore[arg-type]
        return self._execute(self.server.plain, plain, call, options)

    def _execute(self, connection: psycopg.Connection[Any], compiled: Compiled, call: Call, options: PostgresOptions) -> Any:
        try:
            return execute(connection, compiled.sql, compiled.query, self.schema, call.params, call.claims, options)
        except LiqError as error:
            return error

    def run_on_duckdb(self, query: ir.Query, call: Call) -> Any:
        """The query on DuckDB; None where it cannot be said there."""
        if self.duck is None:
            self.duck = duck.load(self.schema, self.reference)
        return duck.run(self.duck, self.schema, query, call)
