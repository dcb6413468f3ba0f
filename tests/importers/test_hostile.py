"""Scripts from anywhere: findings, never a traceback, and work that is bounded."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liq.importers import import_sql
from liq.importers.problems import FINDINGS_MAX
from liq.importers.sql import CHARACTERS_MAX
from liq.model.source import Source
from liq_grammar import format_tree, parse
from tests.importers.declared import SCRIPTS

DIALECTS = ("postgres", "sqlite")
CORPUS = [path.read_text(encoding="utf-8") for path in sorted(SCRIPTS.glob("*.sql"))]


def survives(text: str) -> None:
    """The import ends, with findings that point into the text, and with declarations that parse as what they are."""
    for dialect in DIALECTS:
        made = import_sql([Source("s", text)], dialect)  # type: ignore[arg-type]
        assert all(0 <= d.span.start <= d.span.end <= len(text) and "\n" not in d.message for d in made.diagnostics)
        written = format_tree(made.file)
        assert parse(Source("i", written)).tree == made.file, written[:2_000]


@pytest.mark.parametrize(
    "text",
    [
        "", "\x00", "\ud800", ";" * 1_000, "(" * 10_000, "create table " * 1_000, "'" * 999, '"' * 999, "$$" * 999 + "x", "/*" * 999,
        "create table t (" + "a int, " * 5_000 + "b int)", "create table t (a " + "int[] " * 500 + ")", "\\." * 100,
        "create trigger t begin " * 300, "create function f() returns int begin atomic " * 300,
        "create table t (a text default '" + "x" * 200_000 + "')", "create table " + "t" * 10_000 + " (a int)",
        "create table t (a int default " + "9" * 10_000 + ")", "create type e as enum ('" + "x" * 1_000 + "', '')",
        "create table t (a jsonb default '" + "[" * 5_000 + "]" * 5_000 + "')", "comment on table t is '\x00\u202e\r\n'",
        "create table t (a int); " + "alter table t add column a int; " * 3_000, "insert into t values " + "(1)," * 50_000 + "(1)",
        "create table a (x int references b); create table b (x int references a);", "create view v as select * from v",
        "create policy p on t using (true); create table t (a int); create policy p on t using ((select 1))",
        "create domain a as b; create domain b as a; create table t (x a)", "copy t from stdin;\n" + "x;y'\n" * 10_000,
        "create table t (a varchar(99999999999999999999), b numeric(-1), c numeric(5, 9), d char(x))", "set search_path = ;",
        "create table t (\ufeffa int, b\u00a0int, \u0660 int)", "create table `t` ([a] int, \"b\" int)", "alter type t add value",
        "create function f(a int) returns int language sql as 'select f(a)'; create table t (x int default f(1))",
    ],
    ids=range(34),
)  # fmt: skip
def test_odd_scripts(text: str) -> None:
    survives(text)


@given(st.integers(0, 2**32))
def test_damaged_scripts(seed: int) -> None:
    choose = random.Random(seed)
    text = choose.choice(CORPUS)
    start = choose.randrange(len(text))
    piece = text[start : start + choose.randrange(400, 2_500)]
    for _ in range(choose.randrange(1, 8)):
        at = choose.randrange(len(piece) + 1)
        other = choose.choice(CORPUS)
        cut = choose.randrange(len(other))
        insertion = choose.choice([other[cut : cut + choose.randrange(1, 60)], choose.choice("();,'\"$-*.`[]:=") * choose.randrange(1, 4), ""])
        piece = piece[:at] + insertion + piece[at + choose.randrange(0, 12) :]
    survives(piece)


@given(st.text(max_size=200))
def test_any_text(text: str) -> None:
    survives(text)


def test_limits() -> None:
    large = import_sql([Source("s", "-" * (CHARACTERS_MAX + 1))], "postgres")
    assert [d.code.name for d in large.diagnostics] == ["too-large"]
    many = import_sql([Source("s", "create tabel x;\n" * (FINDINGS_MAX + 100))], "postgres")
    assert len(many.diagnostics) == FINDINGS_MAX + 1
    assert any(d.message == "100 more findings are not shown" for d in many.diagnostics)


def test_what_a_script_says_stays_a_value() -> None:
    """Names, comments and constants that look like liq are written as what they are."""
    text = """
        create table "t { drop }" (a text default 'x'' } table evil { y int }', "b` c" int);
        comment on table "t { drop }" is '} policy evil on t for all using true
        table evil { x int }';
        create type e as enum ('} table evil { x int }', 'x''; drop table t');
        alter table "t { drop }" enable row level security;
        create policy "p on t using true" on "t { drop }" using (a = '-- } ');
    """
    made = import_sql([Source("s", text)], "postgres")
    parsed = parse(Source("i", format_tree(made.file)))
    assert parsed.ok and parsed.tree == made.file
    assert [type(item).__name__ for item in parsed.tree.items] == ["EnumDecl", "TableDecl", "PolicyDecl"]
