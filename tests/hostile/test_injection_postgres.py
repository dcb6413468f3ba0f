"""On a server, a payload comes back as the value or the name that it was, and nothing else happens."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from attrs import frozen

from liq.backends.calls import CursorKey
from liq.backends.postgres import PostgresOptions, execute
from liq.model.errors import ErrorKind, LiqError
from liq.model.schema import Schema
from liq.model.source import Source
from liq.model.values import JsonValue
from liq_grammar import parse
from liq_planner.emit.schema import emit_schema
from tests.campaigns.programs import Compiled, compile_program, compile_schema
from tests.hostile.payloads import PAYLOADS, UNSTORABLE, literal
from tests.hostile.positions import CALLED, SCHEMA, WRITTEN
from tests.hostile.tried import TriedSchema, tried_schema
from tests.pg.server import Server

NAMEABLE = [p for p in PAYLOADS if isinstance(tried_schema(f"table `{p}` {{ id int key }}"), TriedSchema) and len(p) <= 63]
"""Payloads that may be the name of something."""
SYSTEM_COLUMNS = ("ctid", "xmin", "tableoid")
"""No table of PostgreSQL can have a column of these names."""
WRITABLE = [p for p in PAYLOADS if parse(Source("f.liq", f"read t where a = {literal(p)}")).ok]
"""Payloads that may stand in a source at all."""


@frozen
class Database:
    """A database with a table that every stacked payload wants to destroy."""

    connection: psycopg.Connection[Any]

    def make(self, schema: Schema) -> None:
        """Applies the DDL of a schema."""
        for statement in emit_schema(schema).statements:
            self.connection.execute(statement.encode())

    def call(self, compiled: Compiled, schema: Schema, params: dict[str, Any], claims: dict[str, Any]) -> Any:
        """The result of a call."""
        options = PostgresOptions(cursor=CursorKey("plan", b"secret"))
        return execute(self.connection, compiled.sql, compiled.query, schema, params, claims, options)

    def column(self, sql: str) -> list[Any]:
        """The first column of a query of the test itself."""
        return [row[0] for row in self.connection.execute(sql.encode()).fetchall()]

    def unharmed(self) -> None:
        """The canary is there, nobody became somebody else, and no transaction is open."""
        assert self.column("select n from canary") == [1]
        assert self.column("select current_user::text") == ["postgres"]
        assert self.connection.info.transaction_status is psycopg.pq.TransactionStatus.IDLE


@pytest.fixture
def database(pg: Server) -> Iterator[Database]:
    with pg.database() as dsn, psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("create table canary (n int)")
        connection.execute("insert into canary values (1)")
        yield Database(connection)
        Database(connection).unharmed()


def compiled_program(text: str, schema: Schema) -> Compiled:
    compiled = compile_program(text, schema)
    assert isinstance(compiled, Compiled), compiled
    return compiled


def test_values_come_back_as_they_were_stored(database: Database) -> None:
    """Parameters, lists, JSON and claims, written by one plan and read by another: text in, the same text out."""
    schema = compile_schema(SCHEMA)
    database.make(schema)
    write, read = compiled_program(WRITTEN, schema), compiled_program(CALLED, schema)
    constant = [step.main.text for step in write.sql.members[0].steps]
    for number, payload in enumerate(PAYLOADS):
        claims = {"sub": payload or "nobody"}
        document = {payload: [payload, {"x": payload}]}
        written = database.call(write, schema, {"id": number, "p": payload, "l": [payload, "z"], "j": document}, claims)
        stored = JsonValue({payload: (payload, {"x": payload})})
        assert written.rows == ((number, claims["sub"], payload, (payload, "z"), stored),)
        found = database.call(read, schema, {"p": payload, "l": [payload], "j": document}, claims)
        assert [row[:6] for row in found.rows] == [(number, payload, (payload, "z"), stored, payload, (payload,))]
        assert found.rows[0][8] == payload * 2
        assert constant == [step.main.text for step in write.sql.members[0].steps]
    assert database.column("select count(*) from notes") == [len(PAYLOADS)]


def test_what_is_no_choice_cursor_or_parameter_is_refused(database: Database) -> None:
    """Names of orders, page tokens and names of parameters from a caller never reach the server."""
    schema = compile_schema(SCHEMA)
    database.make(schema)
    read = compiled_program(CALLED, schema)
    page = compiled_program("query p = read notes { id } order body after $cursor? limit 5", schema)
    sound = {"p": "x", "l": [], "j": None}
    for payload in [*PAYLOADS, *UNSTORABLE]:
        for compiled, params in ((read, {**sound, "j": 1, "sort": payload}), (page, {"cursor": payload}), (page, {payload + "x": 1})):
            with pytest.raises(LiqError) as caught:
                database.call(compiled, schema, params, {"sub": "ann"})
            assert caught.value.kind is ErrorKind.PARAMETER


def test_what_no_text_holds_is_refused(database: Database) -> None:
    schema = compile_schema(SCHEMA)
    database.make(schema)
    read = compiled_program(CALLED, schema)
    for payload in UNSTORABLE:
        for params in ({"p": payload, "l": [], "j": 1}, {"p": "x", "l": [payload], "j": 1}, {"p": "x", "l": [], "j": {payload: 1}}, {"p": "x", "l": [], "j": [payload]}):
            with pytest.raises(LiqError):
                database.call(read, schema, params, {"sub": "ann"})
        with pytest.raises(LiqError):
            database.call(read, schema, {"p": "x", "l": [], "j": 1}, {"sub": payload})


def test_constants_of_programs_come_back(database: Database) -> None:
    """An author's literals, JSON members, paths, patterns and labels."""
    schema = compile_schema(SCHEMA)
    database.make(schema)
    database.connection.execute("insert into notes values (1, 'ann', 'b', '{}', '{}', null)")
    for payload in WRITABLE:
        name = f"`{payload}`" if payload in NAMEABLE else "plain"
        text = literal(payload)
        if not isinstance(compiled := compile_program(
            f"query q = read notes {{ {name}: {text}, j: {{ {text}: {text} }}, m: {{ {text}: {text} }}[{text}]::text, l: [{text}], e: body like {text}, w: body matches {text} }} where {text} = {text} || '' limit 1", schema
        ), Compiled):
            compiled = compiled_program(f"query q = read notes {{ {name}: {text}, j: {{ {text}: {text} }}, l: [{text}] }} where {text} = {text} || '' limit 1", schema)  # fmt: skip
        row = database.call(compiled, schema, {}, {"sub": "ann"})
        assert row.columns[0].name == (payload if payload in NAMEABLE else "plain")
        assert row.rows[0][0] == payload
        assert JsonValue({payload: payload}) in row.rows[0]


def test_names_and_descriptions_of_a_schema_come_back(database: Database) -> None:
    """Every payload at once: as table, column, label, default, check, constraint, index and description."""
    parts, tables = [], [p for p in NAMEABLE if len(p) < 60 and p not in SYSTEM_COLUMNS]
    for number, name in enumerate(tables):
        text = name.strip()
        parts.append(f"--- {text}\ntable `{name}` {{\n  id int key\n  `{name}` text = {literal(name)}  --- {text}\n  check `{name}` <> {literal(name + '!')} as `c {name}`\n  index (`{name}`) as `i {number}`\n}}")
    labels = [p for p in WRITABLE if p and len(p.encode()) < 60]
    parts.append("enum odd { " + ", ".join(map(literal, labels)) + " }\ntable odds { id int key, o odd }")
    parts += [f"policy `p` on `{name}` for all using `{name}` is distinct from {literal(name + '?')}" for name in tables]
    tried = tried_schema("\n".join(parts))
    assert isinstance(tried, TriedSchema), tried
    database.make(tried.schema)
    made = database.column("select relname::text from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace")
    assert set(made) == {*tables, "odds", "canary"}
    assert set(database.column("select description from pg_description where objoid in (select oid from pg_class where relnamespace = 'public'::regnamespace)")) == {n.strip() for n in tables} - {""}
    assert database.column("select enumlabel::text from pg_enum order by enumsortorder") == labels
    for name in tables:
        write = compiled_program(f"query q = insert `{name}` {{ id: 1 }} returning `{name}`", tried.schema)
        assert database.call(write, tried.schema, {}, {}).rows == ((name,),)


def test_json_text_of_parameters_is_json(database: Database) -> None:
    """What a JSON parameter is on the wire is parsed by the server as what it was."""
    schema = compile_schema(SCHEMA)
    database.make(schema)
    show = compiled_program("query q = read notes { j: $j::json, t: $j::json['k']::text } limit 1", schema)
    database.connection.execute("insert into notes values (1, 'ann', 'b', '{}', '{}', null)")
    for payload in PAYLOADS:
        row = database.call(show, schema, {"j": json.loads(json.dumps({"k": payload, payload: 1}))}, {"sub": "ann"}).rows[0]
        assert row[1] == ("1" if payload == "k" else payload)
