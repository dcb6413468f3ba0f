"""Scripts are applied in order, as migrations are."""

from __future__ import annotations

from liq.importers import import_sql
from liq.model.source import Source
from liq_grammar import format_tree
from tests.importers.declared import declared, findings


def test_columns_come_and_go() -> None:
    text = """
        create table t (id int primary key, a int, b text, c text, unique (a, b), check (c <> ''), check (a > 0));
        create index i on t (b); create index j on t (a) where c is not null;
        alter table only t add column d text not null default 'x', add column if not exists a int, add e int check (e > 1);
        alter table t drop column c, alter column b set not null, alter b type varchar(9), alter a set default 3;
        alter table t rename column b to bb;
        alter table t rename a to aa;
        alter table t alter column d drop default, alter column d drop not null, drop column if exists nothing;
    """
    assert declared(text) == (
        "table t {\n  id int32 key\n  aa int32? = 3 check aa > 0\n  bb text check length(bb) <= 9\n  d text?\n"
        "  e int32? check e > 1\n  unique (aa, bb)\n  index (bb) as i\n}\n"
    )
    assert findings(text) == []


def test_renames_reach_what_was_written_before_them() -> None:
    text = """
        create table people (id int primary key, nick text, constraint has_nick check (nick <> ''));
        create table pets (id int primary key, person int references people (id), index_no int);
        create view names as select nick from people;
        alter table people enable row level security;
        create policy own on people using (nick = current_user and exists (select 1 from pets where pets.person = people.id));
        alter table people rename to persons; alter table persons rename column nick to alias;
        alter table pets rename column person to owner_id;
        alter table persons rename constraint has_nick to has_alias;
    """
    written = declared(text.replace("create view", "create view").replace("as select nick", "with (security_invoker) as select nick"))
    assert "alias text? check alias <> '' as has_alias" in written
    assert "owner_id int32? -> persons" in written
    assert "policy own on persons for all using alias = @role and exists (read pets where owner_id = persons.id)" in " ".join(written.split())
    assert "view names = read persons { nick: alias }" in written or "view names = read persons { alias }" in written


def test_constraints_come_and_go_by_the_names_that_postgres_gives() -> None:
    text = """
        create table t (id int primary key, a int check (a > 0), b int unique, c int references t, unique (a, b), check (a > b));
        alter table t drop constraint t_a_check, drop constraint t_b_key, drop constraint t_c_fkey,
          drop constraint t_a_b_key, drop constraint t_check, drop constraint t_pkey;
        alter table t add constraint t_a_check check (a in (1, 2)) not valid, add primary key (id), add unique (b);
        create unique index u on t (a); alter table t add constraint t_u unique using index u;
        alter table t drop constraint if exists nothing;
    """
    assert declared(text) == (
        "table t {\n  id int32 key\n  a int32? check a in (1, 2) as t_a_check\n  b int32? unique\n  c int32?\n  unique (a) as t_u\n}\n"
    )
    assert findings(text) == []


def test_drops() -> None:
    text = """
        create table a (id int primary key); create table b (id int primary key, a_id int references a);
        create view v as select id from b; create type e as enum ('x'); create function f() returns int language sql as 'select 1';
        create index i on b (a_id); create sequence s;
        drop index i; drop view v; drop type e; drop function f(); drop sequence s; drop table a cascade; drop table if exists zzz;
    """
    assert declared(text) == "table b { id int32 key, a_id int32? }\n"
    assert findings(text) == []


def test_what_the_database_would_refuse_is_reported_and_left_out() -> None:
    text = """
        create table a (id int primary key); create table b (a_id int references a);
        drop table a;
        create table a (x int);
        alter table nope add column x int;
        alter table a drop column nope;
        alter table a rename column nope to x;
        alter table a add column id int;
        alter table a add constraint c foreign key (nope) references a;
        drop policy p on a;
        create policy p on nope using (true);
        alter type nope add value 'x';
        create index on a (nope);
        insert into a (nope) values (1);
        update a set nope = 1;
        delete from nope;
        create table a (id int, id text);
    """
    said = findings(text)
    assert [line.partition(":")[0] for line in said] == [
        "3 import-unknown", "4 import-duplicate", "5 import-unknown", "6 import-unknown", "7 import-unknown",
        "8 import-duplicate", "9 import-unknown", "10 import-unknown", "11 import-unknown", "12 import-unknown",
        "13 import-unknown", "14 import-unknown", "15 import-unknown", "16 import-unknown", "17 import-duplicate",
    ]  # fmt: skip
    assert "a points at" not in said[0] and "b points at a" in said[0]
    assert declared(text) == "table a { id int32 key }\ntable b { a_id int32? -> a }\n"


def test_a_column_that_a_policy_uses_stays() -> None:
    text = """
        create table t (id int primary key, a int, b int); alter table t enable row level security;
        create policy p on t using (a = 1); create policy q on t using (b = 1);
        alter table t drop column a; alter table t drop column b cascade;
    """
    assert declared(text) == "table t { id int32 key, a int32? }\n\npolicy p on t for all using a = 1\n"
    assert findings(text) == ["4 import-unknown: policy p uses column a: PostgreSQL refuses to drop it without CASCADE"]


def test_statements_that_cannot_be_read_do_not_lose_the_others() -> None:
    text = """
        create table a (id int primary key;
        create tabel b (id int);
        create table c (id int primary key, x int y);
        flush everything;
        create table d (id int primary key);
        create policy p on d for everything using (true);
        alter table d;
    """
    said = findings(text)
    assert [line.partition(":")[0] for line in said] == [
        "2 import-syntax", "3 import-syntax", "4 import-syntax", "5 import-syntax", "7 import-syntax", "8 import-syntax",
    ]  # fmt: skip
    assert declared(text) == "table d { id int32 key }\n"


def test_schemas_and_search_paths() -> None:
    text = """
        create schema app; create table app.a (id int primary key); create table public.b (id int primary key, a_id int references app.a);
        set search_path = app, public; create table c (id int primary key, a_id int references a); alter table b add column x int;
        alter table c set schema public; reset search_path;
        create type app.kind as enum ('x'); alter table app.a add column k app.kind;
    """
    assert declared(text) == (
        "enum app.kind { x }\n\ntable app.a { id int32 key, k app.kind? }\n"
        "table b { id int32 key, a_id int32? -> app.a, x int32? }\ntable c { id int32 key, a_id int32? -> app.a }\n"
    )


def test_scripts_follow_each_other() -> None:
    first = Source("1.sql", "create table a (id int primary key);")
    second = Source("2.sql", "alter table a add column b text;\nalter table nope add column b text;")
    made = import_sql([first, second], "postgres")
    assert "table a { id int32 key, b text? }" in format_tree(made.file)
    assert [(d.file, second.position(d.span.start)[0]) for d in made.diagnostics if d.is_error] == [("2.sql", 2)]
    other_way = import_sql([second, first], "postgres")
    assert [d.file for d in other_way.diagnostics if d.is_error] == ["2.sql", "2.sql"]


def test_dumps() -> None:
    text = """
\\restrict abc
SET statement_timeout = 0;
SELECT pg_catalog.set_config('search_path', '', false);
CREATE TABLE public.t (
    id bigint NOT NULL,
    name character varying(20) DEFAULT 'x'::character varying NOT NULL,
    kind text,
    CONSTRAINT t_kind_check CHECK ((kind = ANY (ARRAY['a'::text, 'b'::text])))
);
ALTER TABLE public.t OWNER TO postgres;
CREATE SEQUENCE public.t_id_seq START WITH 1 INCREMENT BY 1 NO MINVALUE NO MAXVALUE CACHE 1;
ALTER SEQUENCE public.t_id_seq OWNED BY public.t.id;
CREATE TABLE public.u (
    id integer NOT NULL,
    t_id bigint
);
ALTER TABLE public.u ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.u_id_seq START WITH 1
);
ALTER TABLE ONLY public.t ALTER COLUMN id SET DEFAULT nextval('public.t_id_seq'::regclass);
COPY public.t (id, name) FROM stdin;
1	it's; a "test"
\\.
SELECT pg_catalog.setval('public.t_id_seq', 1, true);
ALTER TABLE ONLY public.t ADD CONSTRAINT t_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.u ADD CONSTRAINT u_pkey PRIMARY KEY (id);
CREATE INDEX t_name ON public.t USING btree (lower((name)::text), id DESC) WHERE ((kind)::text <> 'a'::text);
ALTER TABLE ONLY public.u ADD CONSTRAINT u_t_id_fkey FOREIGN KEY (t_id) REFERENCES public.t(id) ON DELETE CASCADE;
\\unrestrict abc
"""
    assert declared(text) == (
        "table t {\n  id int key auto\n  name text = 'x' check length(name) <= 20\n"
        "  kind text? check kind in ('a', 'b') as t_kind_check\n"
        "  index (lower(name), id desc) where kind <> 'a' as t_name\n}\n\n"
        "table u { id int32 key auto, t_id int? -> t on delete cascade }\n"
    )
    assert [line.partition(": ")[2] for line in findings(text)] == [
        "not part of a schema of liq: a command of the psql client (2 times)", "not part of a schema of liq: what COPY does to rows",
    ]  # fmt: skip
