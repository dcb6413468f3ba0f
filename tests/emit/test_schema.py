"""Schemas as DDL: the server holds what was declared, whatever names and texts are made of."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal as D

import psycopg
import pytest

from liq.model import schema as s
from liq_planner.emit.refusal import EmitRefused
from liq_planner.emit.schema import emit_schema
from tests.emit.texts import schema_of
from tests.pg.server import Server

TEXT = r"""
enum mood { low, 'so so', 'it''s' }
--- a description; -- with a 'quote' and a \ in it
table `weird "name"; --` {
  id int key auto
  `select` text = 'it''s "quoted" \ ; --'        --- the column's own
  n int16? check n > 0 as positive
  price decimal(6, 2) = 1.50 check price >= 0
  f float = 1e-3
  at timestamp = now()
  day date = date '2026-11-20'
  span interval = interval '1 month 2 days'
  tags text[] = ['a', 'b''c']
  meta json = { a: 1, b: ['x'] }
  mood mood = 'it''s'
  gone timestamp? tombstone
  code uuid = gen_random_uuid()
  v vector(3)?
  unique (`select`, n) nulls not distinct
  index (price desc nulls last, lower(`select`)) where n is not null
  index (`select`) using words
}
table audit.events { id int key, ref int? -> `weird "name"; --` on delete set null, at timestamp = now(), unique (at) }
table parent { id int key, other int? -> child reverse others }
table child { id int key, parent_id int -> parent as up reverse below on delete cascade }
policy open on `weird "name"; --`, audit.events, parent, child for all using true
"""


@pytest.fixture(scope="module")
def schema() -> s.Schema:
    return schema_of(TEXT)


@pytest.fixture(scope="module")
def connection(pg: Server, schema: s.Schema) -> Iterator[psycopg.Connection]:
    with psycopg.connect(pg.fresh_database(), autocommit=True) as connection:
        for statement in emit_schema(schema).statements:
            connection.execute(statement.encode())
        yield connection


WEIRD = 'weird "name"; --'


def test_defaults_are_what_was_written(connection: psycopg.Connection) -> None:
    connection.execute('insert into "weird ""name""; --" (n) values (3)')
    row = connection.execute(
        'select "select", price, f, day::text, span::text, tags, meta, mood::text, gone from "weird ""name""; --" where n = 3'
    ).fetchone()
    assert row == (
        'it\'s "quoted" \\ ; --', D("1.50"), 0.001, "2026-11-20", "1 mon 2 days", ["a", "b'c"], {"a": 1, "b": ["x"]}, "it's", None,
    )  # fmt: skip


def test_constraints_hold(connection: psycopg.Connection) -> None:
    for values, error in (
        ("(n) values (-1)", psycopg.errors.CheckViolation),
        ("(price) values (-1)", psycopg.errors.CheckViolation),
        ("(n) values (40000)", psycopg.errors.NumericValueOutOfRange),
        ("(mood) values ('other')", psycopg.errors.InvalidTextRepresentation),
        ("(v) values ('{1,2}')", psycopg.errors.CheckViolation),
        ('("select") values (null)', psycopg.errors.NotNullViolation),
    ):
        with pytest.raises(error):
            connection.execute(f'insert into "weird ""name""; --" {values}'.encode())


def test_keys_ignore_deleted_rows_and_tell_nulls_apart_as_declared(connection: psycopg.Connection) -> None:
    insert = 'insert into "weird ""name""; --" ("select", gone) values (\'k\', {})'
    connection.execute(insert.format("now()").encode())
    connection.execute(insert.format("null").encode())
    with pytest.raises(psycopg.errors.UniqueViolation):
        connection.execute(insert.format("null").encode())
    connection.execute(insert.format("now()").encode())


def test_descriptions_become_comments(connection: psycopg.Connection) -> None:
    found = connection.execute("select obj_description('\"weird \"\"name\"\"; --\"'::regclass)").fetchone()
    assert found == ("a description; -- with a 'quote' and a \\ in it",)
    column = connection.execute("select col_description('\"weird \"\"name\"\"; --\"'::regclass, 2)").fetchone()
    assert column == ("the column's own",)


def test_indexes_and_foreign_keys(connection: psycopg.Connection) -> None:
    names = connection.execute("select count(*) from pg_indexes where tablename = %s", [WEIRD]).fetchone()
    assert names == (4,)
    keys = connection.execute("select conrelid::regclass::text, confdeltype from pg_constraint where contype = 'f' order by 1").fetchall()
    assert keys == [("audit.events", "n"), ("child", "c"), ("parent", "a")]


def test_the_words_index_serves_matches(pg: Server) -> None:
    from liq.model.expr import Call, ColumnRef, ParamRef
    from liq.model.types import BOOL
    from liq.model.types import TEXT as TEXT_TYPE
    from liq_planner.emit.query import emit_query
    from tests.emit.ir_builder import LIBRARY, Build, parameter, query

    b = Build()
    books = b.scan("books", access=False)
    found = b.filter(books, Call("matches", (books["title"], ParamRef("q", TEXT_TYPE, False)), BOOL, False))
    q = query(b.keep(found, "id"), parameters=[parameter("q", TEXT_TYPE)])
    text = emit_query(q, LIBRARY).members[0].steps[0].main.text
    with psycopg.connect(pg.fresh_database(), autocommit=True) as connection:
        for statement in emit_schema(LIBRARY).statements:
            connection.execute(statement.encode())
        connection.execute("set enable_seqscan = off")
        connection.execute(f"prepare q(text) as {text}".encode())
        plan = "\n".join(row[0] for row in connection.execute("explain execute q('notes')").fetchall())
    assert "by_words" in plan
    assert isinstance(books["title"], ColumnRef)


def test_what_ddl_cannot_hold_is_left_out_or_refused(schema: s.Schema) -> None:
    import attrs

    table = schema.tables[0]
    odd = attrs.evolve(table, indexes=(s.Index("near", table.indexes[0].keys, method="hnsw"),))
    found = emit_schema(attrs.evolve(schema, tables=(odd, *schema.tables[1:])))
    assert any("near" in note for note in found.notes)
    bad = attrs.evolve(table, checks=(s.Check("c", _claim_check()),))
    with pytest.raises(EmitRefused):
        emit_schema(attrs.evolve(schema, tables=(bad, *schema.tables[1:])))


def _claim_check():
    from liq.model.expr import ClaimRef
    from liq.model.types import BOOL

    return ClaimRef("who", BOOL, True)


def test_the_same_schema_has_the_same_text(schema: s.Schema) -> None:
    assert emit_schema(schema) == emit_schema(schema_of(TEXT))
