"""Bombs: inputs made to cost more than they are. Each is answered by a coded finding or by a result, and the work grows with the size."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from liq import front
from liq.model import codes
from liq.model.document import SourceText, make_document, read_plan, read_schema
from liq.model.json_text import DocumentError
from liq.model.source import Source
from liq.model.stack import stack_room
from liq_grammar import decode, format_source, parse
from liq_planner.emit.query import emit_query
from liq_planner.lower import lower_query
from tests.hostile import ddl, sources
from tests.hostile.effort import counted, peak
from tests.hostile.outcome import coded, shown

SCHEMA = "table t { id int key, a int, b text?, j json, p int? -> t as up reverse downs }\npolicy open on t for all using true\n"

BOMBS: dict[str, Callable[[int], str]] = {
    "parentheses": lambda n: "read t { x: " + "(" * n + "1" + ")" * n + " }",
    "open parentheses": lambda n: "read t where " + "(" * n,
    "closed parentheses": lambda n: "read t where a = 1 " + ")" * n,
    "brackets": lambda n: "read t { x: " + "[" * n + "1" + "]" * n + " }",
    "braces": lambda n: "read t " + "{ downs " * n + "}" * n,
    "open braces": lambda n: "read t " + "{" * n,
    "objects": lambda n: "insert t { id: 1, j: " + "{ a: " * n + "1" + " }" * n + " }",
    "mixed brackets": lambda n: "read t where " + "([{" * n,
    "wrong brackets": lambda n: "read t where " + "(]" * n,
    "not": lambda n: "read t where " + "not " * n + "a = 1",
    "minus": lambda n: "read t { x: " + "- " * n + "1 }",
    "case": lambda n: "read t { x: " + "case when a = 1 then " * n + "1" + " end" * n + " }",
    "subqueries": lambda n: "read t where a in " + "(read t { a } where a in " * n + "(1)" + ")" * n,
    "sources": lambda n: "read " + "(read " * n + "t" + ") q" * n,
    "casts": lambda n: "read t { x: a" + "::text::int" * n + " }",
    "steps": lambda n: "read t { x: j" + ".a['b'][0]" * n + " }",
    "links": lambda n: "read t { x: " + "up." * n + "a }",
    "and": lambda n: "read t where " + " and ".join(f"a <> {i}" for i in range(n)),
    "or": lambda n: "read t where " + " or ".join(f"a = {i}" for i in range(n)),
    "sum": lambda n: "read t { x: a" + " + 1" * n + " }",
    "concatenation": lambda n: "read t { x: ''" + " || 'a'" * n + " }",
    "list": lambda n: "read t where a in (" + ", ".join(map(str, range(n))) + ")",
    "items": lambda n: "read t { " + ", ".join(f"x{i}: a" for i in range(n)) + " }",
    "stages": lambda n: "read t { a }" + " | { a }" * n,
    "unions": lambda n: "read t { a }" + " union read t { a }" * n,
    "joins": lambda n: "read t t0" + "".join(f" join t t{i} on t{i}.id = t0.id" for i in range(1, n)) + " { t0.id }",
    "left joins": lambda n: "read t t0" + "".join(f" left join t t{i} on t{i}.p = t{i - 1}.id" for i in range(1, n)) + " { t0.id }",
    "joined reads": lambda n: "read t t0" + "".join(f" join (read t {{ id, a }} where a > {i}) t{i} on t{i}.id = t0.id" for i in range(1, n)) + " { t0.id }",
    "joins in joins": lambda n: "read " + "(read t t0 join " * n + "t q on q.id = t0.id { t0.id }" + ") q on q.id = t0.id { t0.id }" * n,
    "nested lists": lambda n: "read t { a, " + "downs { a, " * n + "}" * n + " }",
    "nested objects": lambda n: "read t { a, " + "up { a, " * n + "}" * n + " }",
    "exists": lambda n: "read t where " + "exists (downs where a = 1 and " * n + "true" + ")" * n,
    "aggregates of links": lambda n: "read t { " + ", ".join(f"x{i}: count(downs where a = {i})" for i in range(n)) + " }",
    "windows": lambda n: "read t { id, a }" + " | { id, a: sum(a) over (order id) }" * n,
    "groups": lambda n: "read t { a }" + " | { a, n: count() } group a | { a }" * n,
    "nested unions": lambda n: "read " + "(read " * n + "t { a }" + " union read t { a }) q { a }" * n,
    "coalesce": lambda n: "read t { x: " + "coalesce(a, " * n + "1" + ")" * n + " }",
    "scalar reads": lambda n: "read t { x: " + "(read t { max(a) } where a = " * n + "1" + ")" * n + " }",
    "statements": lambda n: "read t limit 1\n" * n,
    "lets": lambda n: "query q { " + "".join(f"let v{i} = read {'t' if not i else f'v{i - 1}'} {{ a }} " for i in range(n)) + "read t { a } }",
    "rows": lambda n: "insert t [" + ", ".join(f"{{ id: {i}, a: 1, j: {{}} }}" for i in range(n)) + "]",
    "parameters": lambda n: "query q(" + ", ".join(f"$p{i}: int" for i in range(n)) + ") = read t where a in (" + ", ".join(f"$p{i}" for i in range(n)) + ")",
    "optionals": lambda n: "read t where " + " and ".join(f"a <> $p{i}?" for i in range(n)),
    "long name": lambda n: "read t { " + "x" * n + ": a }",
    "long unknown name": lambda n: "read t { " + "x" * n + " }",
    "long quoted name": lambda n: "read t { `" + "x" * n + "`: a }",
    "long parameter": lambda n: "read t where a = $" + "p" * n,
    "long claim": lambda n: "read t where a = @" + "c" * n,
    "long number": lambda n: "read t where a = " + "9" * n,
    "long fraction": lambda n: "read t where a = 0." + "9" * n,
    "long exponent": lambda n: "read t where a = 1e" + "9" * n,
    "long cast number": lambda n: "read t where a = '" + "9" * n + "'::int",
    "long date": lambda n: "read t where b = date '" + "9" * n + "'",
    "long text": lambda n: "read t where b = '" + "x" * n + "'",
    "long pattern": lambda n: "read t where b like '" + "%_" * n + "'",
    "long comment": lambda n: "--" + "x" * n + "\nread t limit 1",
    "comments": lambda n: "-- x\n" * n + "read t limit 1",
    "descriptions": lambda n: "--- x\n" * n + "query q = read t limit 1",
    "spaces": lambda n: "read t" + " " * n + "limit 1",
    "lines": lambda n: "read t" + "\n" * n + "limit 1",
    "quotes": lambda n: "read t where b = " + "'" * n,
    "open quotes": lambda n: "read t where b = 'x\n" * n,
    "backticks": lambda n: "read t where " + "` " * n,
    "double quotes": lambda n: 'read t where b = "x" and "' * n,
    "commas": lambda n: "read t { a" + "," * n + " }",
    "dots": lambda n: "read t { a" + "." * n + " }",
    "broken statements": lambda n: "read read read\n" * n,
    "broken items": lambda n: "read t { " + "a b c, " * n + "}",
    "misspelt": lambda n: "read t wher a = 1 oder a\n" * n,
    "unknown names": lambda n: "read t { " + ", ".join(f"x{i}: nope{i}" for i in range(n)) + " }",
    "confusables": lambda n: "rеad t where а = 1\n" * n,
    "bidi": lambda n: "read t -- \u202e\u2066\n" * n,
    "nul": lambda n: "read t\0 where a\0 = 1\n" * n,
    "surrogates": lambda n: "read t where b = '\ud800\udfff'\n" * n,
    "semicolons": lambda n: "read t; " * n,
    "words": lambda n: "where " * n,
    "noise": lambda n: "$@!#%&*" * n,
}  # fmt: skip
SMALL, LARGE = 100, 400
SIZE = 700
"""Repetitions: beyond every limit on depth, chains and findings, so that more of them would cost in proportion."""


@pytest.fixture(scope="module")
def schema():
    loaded = front.load_schema([Source("schema.liq", SCHEMA)])
    assert not loaded.diagnostics
    return loaded.schema


@pytest.mark.parametrize("name", BOMBS)
def test_every_bomb_is_answered(schema, name: str) -> None:
    """Findings or a plan; the checks of the campaign hold on the way."""
    outcome = sources.check_program(BOMBS[name](SIZE), schema, [name])
    assert outcome.accepted or outcome.codes


@pytest.mark.parametrize("name", BOMBS)
def test_reading_takes_steps_in_proportion(name: str) -> None:
    """The parser's own counter, and all calls: four times the text, about four times the steps."""
    (small, few), (large, many) = (counted(lambda n=n: parse(Source("f.liq", BOMBS[name](n))).work) for n in (SMALL * 4, LARGE * 4))
    assert large <= 5 * small + 20_000
    assert many <= 5 * few + 20_000


@pytest.mark.parametrize("name", BOMBS)
def test_compiling_takes_calls_in_proportion(schema, name: str) -> None:
    """Calls made by everything up to the typed IR: what grows with the square of the input fails here."""
    small, large = (counted(lambda n=n: front.compile_query(Source("f.liq", BOMBS[name](n)), schema))[1] for n in (SMALL, LARGE))
    assert large <= 6 * small + 20_000


DOUBLING = {
    "between": ("(case when X between 1 and 3 then 1 else 2 end)", "a"),
    "case of a value": ("(case X when 1 then 2 when 3 then 4 else 5 end)", "a"),
    "between reads": ("(case when (read t { max(a) } where a = X) between 1 and 3 then 1 else 2 end)", "1"),
    "positions": ("X[0]", "j"),
    "positions of calls": ("coalesce(j, X)[0]", "j"),
    "masks": ("mask(X, 3, 3)", "b"),
    "casts of lists": ("X::int[]::text[]", "['1']"),
    "casts through json": ("X::json::interval", "interval '1 day'"),
    "rows": ("((X, 1) < (true, 2))", "true"),
    "safe casts": ("X::text::int?", "a"),
}  # fmt: skip
"""Expressions whose parts stand more than once in what is made of them: nested, they double again and again."""
CALLS_MAX = 30_000_000


@pytest.mark.parametrize("name", DOUBLING)
def test_what_doubles_is_refused_in_time(schema, name: str) -> None:
    """Forty levels would be a million million copies."""
    wrapper, text = DOUBLING[name]
    for _ in range(40):
        text = wrapper.replace("X", text)
    outcome, _ = counted(lambda: sources.check_program(f"read t {{ x: {text} }} limit 1", schema, []), CALLS_MAX)
    assert outcome.accepted or outcome.codes


@pytest.mark.parametrize("name", BOMBS)
def test_nothing_is_exponential(schema, name: str) -> None:
    """Below every limit: twice the text may be eight times the work, but not the square of it."""
    small, large = (counted(lambda n=n: sources.check_program(BOMBS[name](n), schema, []), 50_000_000)[1] for n in (9, 18))
    assert large <= 9 * small


@pytest.mark.parametrize("name", ["unions", "and", "or", "rows", "items", "optionals", "list"])
def test_planning_takes_calls_in_proportion(schema, name: str) -> None:
    """From the IR to a plan document that is read back."""
    queries = [front.compile_query(Source("f.liq", BOMBS[name](n)), schema).queries[0] for n in (30, 120)]
    small, large = (counted(lambda query=query: planned(query, schema))[1] for query in queries)
    assert large <= 6 * small + 20_000


def planned(query, schema) -> None:
    with stack_room():
        sql = {"postgres": emit_query(query, schema)}
        plan = make_document(query=query, physical=lower_query(query), sql=sql, schema=schema, source=SourceText("f.liq", ""))
        assert read_plan(plan.data).data == plan.data


@pytest.mark.parametrize("name", BOMBS)
def test_formatting_takes_calls_in_proportion(name: str) -> None:
    small, large = (counted(lambda n=n: format_source(Source("f.liq", BOMBS[name](n))))[1] for n in (SMALL, LARGE))
    assert large <= 6 * small + 20_000


@pytest.mark.parametrize("text, code", [
    ("read t { " + "x" * 1_000_000 + " }", codes.TOO_LARGE),
    ("read t { `" + "x" * 1_000_000 + "` }", codes.TOO_LARGE),
    ("read t where a = $" + "x" * 1_000_000, codes.TOO_LARGE),
    ("read t where a = " + "9" * 5_000, codes.TOO_LARGE),
    ("read t where a = 1." + "9" * 5_000, codes.TOO_LARGE),
    ("read t { x: " + "(" * 50_000 + "1" + ")" * 50_000 + " }", codes.TOO_LARGE),
    ("read t where " + "not " * 50_000 + "true", codes.TOO_LARGE),
    ("read t where a = 1 " * 100_000, codes.TOO_LARGE),
    ("read t " + "where a = 1 " * 1_000, codes.CLAUSE_TWICE),
    ("x" * 5_000_000, codes.TOO_LARGE),
    ("a " * 250_000, codes.TOO_LARGE),
    ("read t where a = 1\0", codes.INVALID_CHARACTER),
    ("read t where b = '\u202ea'", codes.INVALID_CHARACTER),
    ("read t where b = '\ud800'", codes.INVALID_CHARACTER),
    ("read t where а = 1", codes.INVALID_CHARACTER),
    ("read t where a = １", codes.INVALID_CHARACTER),
])  # fmt: skip
def test_what_is_too_large_or_not_text_is_named(schema, text: str, code) -> None:
    source = Source("f.liq", text)
    (found, held) = peak(lambda: front.compile_query(source, schema).diagnostics)
    assert code.id in coded(found, {"f.liq": source})
    assert len(found) <= 300
    assert held <= 40_000_000 + 80 * len(text)
    shown(found, {"f.liq": source})


def test_a_long_chain_is_read() -> None:
    """Ten thousand terms are no deep tree: they parse and keep their tree."""
    text = "read t where " + " or ".join(f"a = {i}" for i in range(10_000))
    source = Source("f.liq", text)
    parsed = parse(source)
    assert parsed.ok
    assert parsed.work <= 10 * 4 * 10_000
    assert parse(Source("f.liq", format_source(source).text)).tree == parsed.tree


def test_a_chain_of_a_hundred_thousand_terms_is_answered(schema) -> None:
    """It has more words than a source may have, and that is what is said, once."""
    source = Source("f.liq", "read t where " + " or ".join(f"a = {i}" for i in range(100_000)))
    found = front.compile_query(source, schema).diagnostics
    assert coded(found, {"f.liq": source}) == (codes.TOO_LARGE.id,)


@pytest.mark.parametrize("data", [b"\xff", b"read t\x80", b"\xed\xa0\x80", b"\xc0\xaf", b"\xff\xfer\0e\0a\0d\0", b"\xf5\x80\x80\x80"])
def test_bytes_that_are_not_utf8_are_one_finding(data: bytes) -> None:
    found = decode("f.liq", data)
    assert not isinstance(found, Source)
    assert found.code is codes.ENCODING


SCHEMA_BOMBS: dict[str, Callable[[int], str]] = {
    "tables": lambda n: "\n".join(f"table t{i} {{ id int key }}" for i in range(n)),
    "columns": lambda n: "table t { id int key " + " ".join(f"c{i} int" for i in range(n)) + " }",
    "labels": lambda n: "enum e { " + ", ".join(f"l{i}" for i in range(n)) + " }",
    "same tables": lambda n: "table t { id int key }\n" * n,
    "links": lambda n: "\n".join(f"table t{i} {{ id int key, up int? -> t{(i * 7) % n} as u{i} reverse r{i} }}" for i in range(n)),
    "views over views": lambda n: "table t { id int key }\nview v0 = read t\n" + "\n".join(f"view v{i} = read v{i - 1}" for i in range(1, n)),
    "views twice": lambda n: "table t { id int key }\nview v0 = read t\n" + "\n".join(f"view v{i} = read v{i - 1} a join v{i - 1} b on a.id = b.id {{ a.id }}" for i in range(1, n)),
    "view in itself": lambda n: "view v = read v\n" * n,
    "fn over fn": lambda n: "fn f0($x: int) = $x\n" + "\n".join(f"fn f{i}($x: int) = f{i - 1}($x)" for i in range(1, n)),
    "fn twice": lambda n: "fn f0($x: int) = $x\n" + "\n".join(f"fn f{i}($x: int) = f{i - 1}($x) + f{i - 1}($x)" for i in range(1, n)),
    "fn in a circle": lambda n: "\n".join(f"fn f{i}($x: int) = f{(i + 1) % n}($x)" for i in range(n)),
    "policies": lambda n: "table t { id int key }\n" + "\n".join(f"policy p{i} on t for all using id = {i}" for i in range(n)),
    "policy over fn twice": lambda n: "table t { id int key }\nfn f0($x: int) = $x = 1\n" + "\n".join(f"fn f{i}($x: int) = f{i - 1}($x) and f{i - 1}($x)" for i in range(1, n)) + f"\npolicy p on t for all using f{n - 1}(id)",
    "claims": lambda n: "session { " + " ".join(f"c{i}: text?" for i in range(n)) + " }",
    "claims in a circle": lambda n: "session { " + " ".join(f"c{i}: text? = @c{(i + 1) % n}" for i in range(n)) + " }",
    "roles": lambda n: "table t { id int key }\nsession { role: text }\n" + "\n".join(f"role r{i} {{ read t }}" for i in range(n)),
    "checks": lambda n: "table t { id int key " + " ".join(f"check id <> {i}" for i in range(n)) + " }",
    "uniques": lambda n: "table t { id int key " + " ".join("unique (id)" for _ in range(n)) + " }",
    "sessions": lambda n: "session { a: text? }\n" * n,
    "unknown targets": lambda n: "table t { id int key " + " ".join(f"c{i} int -> nope{i}" for i in range(n)) + " }",
}  # fmt: skip


@pytest.mark.parametrize("name", SCHEMA_BOMBS)
def test_every_schema_bomb_is_answered_in_proportion(name: str) -> None:
    sources.check_schema([SCHEMA_BOMBS[name](60)], [name])
    small, large = (counted(lambda n=n: front.load_schema([Source("s.liq", SCHEMA_BOMBS[name](n))]))[1] for n in (30, 120))
    assert large <= 6 * small + 100_000


DOCUMENT_BOMBS = [
    b"[" * 100_000, b'{"a":' * 100_000, b"9" * 5_000, b"[" + b"9" * 300_000 + b"]", b"1e999999999", b'"' + b"\\u0041" * 200_000 + b'"', b"\0" * 100_000,
    b"{" + b'"a":1,' * 20_000 + b'"a":1}', b'"\\ud800"', b"\xff\xfe", b"NaN", b"", b'{"format":"liq.plan/1"}', b'{"format":"liq.plan/2"}', b"[]" * 10, b'{"format":' + b"[" * 1_100 + b"]" * 1_100 + b"}",
    b"x" * (16 * 1024 * 1024 + 1),
]  # fmt: skip


@pytest.mark.parametrize("at", range(len(DOCUMENT_BOMBS)))
def test_document_bombs_are_refused(at: int) -> None:
    data = DOCUMENT_BOMBS[at]
    for read in (read_plan, read_schema):
        (refusal, held) = peak(lambda read=read: _refusal(read, data))
        assert refusal.id.startswith("LIQ07")
        assert held <= 20_000_000 + 20 * len(data)


def _refusal(read, data: bytes):
    with pytest.raises(DocumentError) as caught:
        read(data, "plan.json")
    coded([caught.value.diagnostic], {})
    return caught.value.diagnostic.code


SQL_BOMBS: dict[str, Callable[[int], str]] = {
    "parentheses": lambda n: "create table t (id int primary key, check (" + "(" * n + "id > 0" + ")" * n + "));",
    "open parentheses": lambda n: "create table t (" + "(" * n,
    "and": lambda n: "create table t (id int primary key, check (" + " and ".join(["id > 0"] * n) + "));",
    "not": lambda n: "create table t (id int primary key, check (" + "not " * n + "id > 0));",
    "columns": lambda n: "create table t (id int primary key, " + ", ".join(f"c{i} int" for i in range(n)) + ");",
    "tables": lambda n: "".join(f"create table t{i} (id int primary key);" for i in range(n)),
    "long name": lambda n: "create table " + "x" * n + " (id int primary key);",
    "long number": lambda n: "create table t (id int primary key default " + "9" * n + ");",
    "long text": lambda n: "create table t (id text primary key default '" + "x" * n + "');",
    "quotes": lambda n: "create table t (id text default " + "'" * n,
    "dollars": lambda n: "do $$ " * n,
    "dollar tags": lambda n: "".join(f"$a{i}$ " for i in range(n)),
    "comments": lambda n: "/*" * n,
    "dashes": lambda n: "--\n" * n,
    "begins": lambda n: "create function f() returns int begin " + "begin " * n,
    "semicolons": lambda n: ";" * n,
    "casts": lambda n: "create table t (id int primary key, check (id" + "::int" * n + " > 0));",
    "subqueries": lambda n: "create policy p on t using (exists " + "(select 1 where exists " * n + "(select 1)" + ")" * n + ");",
    "alters": lambda n: "create table t (id int primary key);" + "".join(f"alter table t add column c{i} int;" for i in range(n)),
    "noise": lambda n: "\0\ud800'\"$;" * n,
    "functions in a circle": lambda n: "create table t (id int primary key); alter table t enable row level security;" + "".join(f"create function f{i}() returns bool language sql as 'select f{(i + 1) % n}()';" for i in range(n)) + "create policy p on t using (f0());",
    "functions twice": lambda n: "create table t (id int primary key); alter table t enable row level security; create function f0() returns bool language sql as 'select true';" + "".join(f"create function f{i}() returns bool language sql as 'select f{i - 1}() and f{i - 1}()';" for i in range(1, n)) + f"create policy p on t using (f{n - 1}());",
}  # fmt: skip


@pytest.mark.parametrize("name", SQL_BOMBS)
def test_every_sql_bomb_is_answered_in_proportion(name: str) -> None:
    for dialect in ("postgres", "sqlite"):
        ddl.check_sql(SQL_BOMBS[name](SIZE), dialect)
    small, large = (counted(lambda n=n: ddl.check_sql(SQL_BOMBS[name](n), "postgres"))[1] for n in (30, 120))
    assert large <= 6 * small + 100_000
