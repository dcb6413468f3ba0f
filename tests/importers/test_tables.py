"""CREATE TABLE, types, constraints, indexes, comments: what they become."""

from __future__ import annotations

import pytest

from tests.importers.declared import declared, findings, of_table

TYPES = {
    "smallint": "int16?", "int2": "int16?", "integer": "int32?", "int4": "int32?", "bigint": "int?", "int8": "int?",
    "double precision": "float?", "float": "float?", "numeric": "decimal?", "numeric(10)": "decimal(10, 0)?",
    "decimal(10,2)": "decimal(10, 2)?", "text": "text?", "character varying": "text?", "boolean": "bool?", "bool": "bool?",
    "uuid": "uuid?", "bytea": "bytes?", "date": "date?", "time": "time?", "time without time zone": "time?",
    "timestamptz": "timestamp?", "timestamp with time zone": "timestamp?", "interval": "interval?",
    "interval year to month": "interval?", "jsonb": "json?", "text[]": "text[]?", "int array": "int32[]?",
    "pg_catalog.int4": "int32?", "vector(3)": "vector(3)?", '"text"': "text?",
}  # fmt: skip
AFFINITIES = {
    "INTEGER": "int?", "INT": "int?", "UNSIGNED BIG INT": "int?", "TEXT": "text?", "VARCHAR(20)": "text?", "CLOB": "text?",
    "BLOB": "bytes?", "REAL": "float?", "DOUBLE PRECISION": "float?", "BOOLEAN": "bool?", "NATIVE CHARACTER(70)": "text?",
}  # fmt: skip


@pytest.mark.parametrize("written", TYPES)
def test_types(written: str) -> None:
    assert of_table(f"a {written}") == f"a {TYPES[written]}"


@pytest.mark.parametrize("written", AFFINITIES)
def test_affinities(written: str) -> None:
    assert of_table(f"a {written}", "sqlite") == f"a {AFFINITIES[written]}"


@pytest.mark.parametrize(
    "written, becomes, said",
    [
        ("real", "float?", "fewer digits"), ("json", "json?", "jsonb"), ("timestamp", "timestamp?", "taken to be UTC"),
        ("timestamp(3) with time zone", "timestamp?", "rounds to 3 digits"), ("citext", "text?", "without case"),
        ("numeric(50, 2)", "decimal?", "more than 38 digits"), ("varchar(9)[]", "text[]?", "not checked"),
        ("char(1) check (a <> 'x')", "text? check length(a) <= 1 check a <> 'x'", "pads with blanks"),
    ],
)  # fmt: skip
def test_types_that_differ_say_so(written: str, becomes: str, said: str) -> None:
    assert of_table(f"a {written}") == f"a {becomes}"
    assert [said in line for line in findings(f"create table t (a {written})")] == [True]


@pytest.mark.parametrize("written", ["inet", "money", "tsvector", "int4range", "xml", "text[][]", "other.thing", "timetz", "bit(3)"])
def test_types_that_liq_does_not_have(written: str) -> None:
    text = f"create table t (id int primary key, a {written} not null, check (a is not null), unique (a), unique (id, a));"
    assert declared(text) == "table t { id int32 key }\n"
    said = findings(text)
    assert any("import-type: column t.a is left out" in line for line in said)
    assert len(said) == 4, "the check and both keys are told of, too"


def test_keys_and_nullability() -> None:
    assert of_table("id bigserial primary key, a int not null, b text null unique, c uuid not null default gen_random_uuid()") == (
        "id int key auto\na int32\nb text? unique\nc uuid = gen_random_uuid()"
    )
    assert of_table("a int, b int, c int, primary key (a, b), unique (b, c), unique nulls not distinct (c)") == (
        "a int32\nb int32\nc int32?\nkey (a, b)\nunique (b, c)\nunique (c) nulls not distinct"
    )
    assert of_table("id int generated always as identity (start with 7), a int constraint one unique") == (
        "id int32 auto\na int32?\nunique (a) as one"
    )


def test_defaults() -> None:
    assert of_table(
        "a int default 1, b text default 'it''s'::text, c boolean default 't', d timestamptz default current_timestamp,"
        " e jsonb default '{\"a\": [1, \"x\", null]}'::jsonb, f text[] default '{}'::text[], g numeric default '1.50',"
        " h date default '2026-01-02', i text default null, k int default -1, l text default ('a' || 'b'), m text default now()"
    ).split("\n") == [
        "a int32? = 1", "b text? = 'it''s'", "c bool? = true", "d timestamp? = now()", "e json? = { a: [1, 'x', null] }",
        "f text[]? = []", "g decimal? = 1.50", "h date? = date '2026-01-02'", "i text?", "k int32? = -1", "l text? = 'a' || 'b'",
        "m text? = now()::text",
    ]  # fmt: skip


def test_defaults_that_cannot_be_said() -> None:
    said = findings("create table t (a text default to_char(now(), 'YYYY'), b int default f(1), c jsonb default 'null', d date default 'now')")
    assert [line.partition(" is left out")[0] for line in said] == [
        "1 import-expression: the default of t.a", "1 import-expression: the default of t.b",
        "1 import-expression: the default of t.c", "1 import-expression: the default of t.d",
    ]  # fmt: skip


def test_checks_stand_behind_their_column_and_keep_their_names() -> None:
    assert of_table(
        "a int check (a > 0), b int constraint positive check (b > 0), check (a > b), constraint both check (a + b < 10),"
        " c varchar(5) constraint t_c_check check (c <> '')"
    ) == (
        "a int32? check a > 0\nb int32? check b > 0 as positive\n"
        "c text? check length(c) <= 5 as t_c_check1 check c <> '' as t_c_check\ncheck a > b\ncheck a + b < 10 as both"
    )


def test_links() -> None:
    text = """
        create table users (id uuid primary key, email text unique, owner text);
        create table notes (
          id int primary key, owner_id uuid references users, by_email text references users (email) on delete cascade,
          created_by uuid references users(id) on delete set null, updated_by uuid references users(id) on delete restrict,
          parent_id int references notes, owner text
        );
        create table pairs (a int, b int, primary key (a, b));
        create table uses (x int, y int, foreign key (x, y) references pairs (a, b) on delete set default on update no action);
    """
    assert declared(text).split("\n\n")[1:] == [
        "table notes {\n"
        "  id int32 key\n"
        "  owner_id uuid? -> users as owner_id_users reverse notes_by_owner\n"
        "  by_email text? -> users (email) as by_email_users reverse notes_by_by_email on delete cascade\n"
        "  created_by uuid? -> users as created_by_users reverse notes_by_created_by on delete set null\n"
        "  updated_by uuid? -> users as updated_by_users reverse notes_by_updated_by on delete restrict\n"
        "  parent_id int32? -> notes\n"
        "  owner text?\n"
        "}",
        "table pairs { a int32, b int32, key (a, b) }\n"
        "table uses { x int32?, y int32?, foreign (x, y) -> pairs on delete set default }\n",
    ]
    assert findings(text) == []


def test_links_that_cannot_be() -> None:
    said = findings("""
        create table a (id int primary key, n int, t text);
        create table b (x int references nowhere, y int references a (n), z int references a (t), u uuid references auth.users(id),
          v int not null references a on delete set null on update cascade deferrable);
    """)
    assert [line.partition(": ")[2] for line in said] == [
        "a foreign key of b to nowhere is left out: table nowhere does not exist",
        "a foreign key of b to a is left out: (n) is no key of a",
        "a foreign key of b to a is left out: (t) is no key of a",
        "a foreign key of b to auth.users is left out: table auth.users does not exist in these scripts",
        "a foreign key of b: DEFERRABLE is left out",
        "a foreign key of b: ON UPDATE CASCADE is left out: keys that are pointed at cannot be changed",
        "a foreign key of b: ON DELETE SET NULL can only fail here, so rows pointed at cannot be deleted",
    ]


def test_indexes() -> None:
    text = """
        create table t (id int primary key, a int, b text, m jsonb, v vector(3), body text);
        create index on t (a);
        create index if not exists t_ab on t using btree (a desc, b nulls first) where a is not null;
        create unique index t_lower on t (lower(b));
        create unique index t_one on t (a) where b = 'x';
        create index t_m on t using gin (m jsonb_ops);
        create index t_v on t using hnsw (v vector_cosine_ops);
        create index t_words on t using gin (to_tsvector('english'::regconfig, body));
        create index t_hash on t using hash (b);
    """
    assert declared(text).split("\n")[7:-2] == [
        "  index (a)", "  index (a desc, b nulls first) where a is not null as t_ab", "  unique (lower(b)) as t_lower",
        "  unique (a) where b = 'x' as t_one", "  index (m) using gin as t_m", "  index (v) using hnsw as t_v",
        "  index (body) using words as t_words", "  index (b) using hash as t_hash",
    ]  # fmt: skip


def test_indexes_that_lose_something() -> None:
    said = findings("""
        create table t (id int primary key, a text, b int);
        create index i1 on t (a text_pattern_ops) include (b);
        create index i2 on t using spgist (a);
        create index i3 on t (a collate "de_DE");
        create index i4 on t ((a || random()));
        create index i5 on t (nothing);
        create index i5 on nowhere (a);
        create index i1 on t (b);
    """)
    assert [line.partition(" ")[0] for line in said] == ["3", "3", "4", "5", "6", "7", "8", "9"]


def test_enums_and_domains() -> None:
    text = """
        create type mood as enum ('sad', 'so so'); create type app.mood as enum ('x');
        alter type mood add value 'happy' after 'sad'; alter type mood add value if not exists 'sad';
        alter type mood rename value 'so so' to 'fair';
        create domain email as text not null check (value like '%@%') constraint short check (length(value) < 99);
        create table t (a mood default 'sad'::mood, b app.mood, c email, d mood[] check (a = any (array['sad', 'fair']::mood[])));
        comment on type mood is 'How one feels';
    """
    assert declared(text) == (
        "--- How one feels\nenum mood { sad, happy, fair }\n\nenum app.mood { x }\n\n"
        "table t {\n  a mood? = 'sad' check a in ('sad', 'fair')\n  b app.mood?\n"
        "  c text check c like '%@%' check length(c) < 99\n  d mood[]?\n}\n"
    )


def test_comments_become_descriptions() -> None:
    text = """
        create table t (a int, b int); create view v as select a from t;
        comment on table t is 'One\n  two\r\nthree'; comment on column t.a is E'tab\\there \\u202e'; comment on column t.b is null;
        comment on view v is 'V'; comment on index i is 'lost'; comment on column t.c is 'x';
    """
    assert declared(text) == (
        "--- One\n--- two\n--- three\ntable t {\n  a int32?  --- tab\there \ufffd\n  b int32?\n}\n\n--- V\nview v = read t { a }\n"
    )
    assert [line.partition(" ")[2] for line in findings(text)] == [
        "import-skipped: not part of a schema of liq: a comment on a index",
        "import-unknown: column t.c does not exist; the statement is left out",
    ]


def test_names() -> None:
    text = 'create table "Order" ("From" int, "a b" int, "order" int, x int, check ("From" > "a b")); create table app.t (id int);'
    assert declared(text) == (
        "table `Order` { `From` int32?, `a b` int32?, `order` int32?, x int32?, check `From` > `a b` }\n"
        "table app.t { id int32? }\n"
    )
    assert [line.partition(": ")[2] for line in findings('create table "größe" (a int); create table t ("ü" int, b int); create table "x.y" (a int)')] == [
        "table 'größe' is left out: liq cannot write its name", "column 'ü' of t is left out: liq cannot write its name",
        "table 'x.y' is left out: liq cannot write its name",
    ]  # fmt: skip


def test_what_liq_does_not_have_is_told() -> None:
    said = findings("""
        create extension if not exists postgis;
        create trigger t before insert on x for each row execute function f();
        create table parts (id int, d date) partition by range (d);
        create table parts_1 partition of parts for values from ('2020-01-01') to ('2021-01-01');
        create table child (x int) inherits (parts);
        create table g (a int, b int generated always as (a * 2) stored, exclude using gist (a with =));
        create materialized view mv as select 1;
        create temp table tmp (a int);
        create table made as select 1 as a;
        create sequence loose;
        create function f() returns trigger language plpgsql as $$ begin end $$;
        create aggregate agg (int) (sfunc = f, stype = int);
        do $$ begin end $$;
        grant select on parts to public;
        insert into parts values (1, '2020-01-01');
        create index on mv (a);
    """)
    assert [line.split(":")[0] for line in said] == [
        "2 import-left-out", "3 import-left-out", "4 import-left-out", "5 import-left-out", "6 import-left-out",
        "7 import-left-out", "7 import-left-out", "8 import-left-out", "9 import-left-out", "10 import-left-out",
        "11 import-left-out", "12 import-left-out", "13 import-left-out", "14 import-left-out", "15 import-skipped",
        "16 import-skipped",
    ]  # fmt: skip
