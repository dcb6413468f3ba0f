"""SQL expressions in liq, with their meaning; what has none is refused, never passed over."""

from __future__ import annotations

import psycopg
import pytest

from tests.importers.declared import COLUMNS, condition, refusal
from tests.pg.server import Server

SAME = {
    "a > 1 and (b = 'x' or not c)": "a > 1 and (b = 'x' or not c)",
    "((a > 1) and (a < 5)) and a <> 3": "a > 1 and a < 5 and a <> 3",
    "a != 3 or a >= 1 or a <= 2": "(a <> 3 or a >= 1 or a <= 2)",
    "not (a = 1 and c)": "not (a = 1 and c)",
    "a is null and b is not null and c is true and c is not false and c is unknown": (
        "a is null and b is not null and c is true and c is not false and c is null"
    ),
    "a isnull or b notnull": "(a is null or b is not null)",
    "a is distinct from 3 and b is not distinct from 'x' and a is distinct from null": (
        "a is distinct from 3 and b is not distinct from 'x' and a is not null"
    ),
    "a in (1, 2) and b not in ('x', 'y')": "a in (1, 2) and b not in ('x', 'y')",
    "b = any (array['x'::character varying, 'y']::text[])": "b in ('x', 'y')",
    "(b)::text = any ((array['x'::varchar])::text[])": "b in ('x')",
    "b <> all (array['x'])": "b not in ('x')",
    "'x' = any (l) and b = any('{p,q}'::text[])": "'x' in l and b in ('p', 'q')",
    "a between 1 and 3 and a not between 5 and 6": "a between 1 and 3 and a not between 5 and 6",
    "b like 'a%' and b not ilike '%b' and b ~~ 'c_'": "b like 'a%' and b not ilike '%b' and b like 'c_'",
    "b like 'a!%%' escape '!' and b not like 'x#_' escape '#'": r"b like 'a\%%' and b not like 'x\_'",
    "a + 1 > 2 * (a - 3) % 4 and -a < 0 and n / 2 > 1.5": "a + 1 > 2 * (a - 3) % 4 and -a < 0 and n / 2 > 1.5",
    "a - (1 - 2) = 3": "a - (1 - 2) = 3",
    "b || 'x' = 'y' || a": "b || 'x' = 'y' || a::text",
    "(a, n) < (1, 2.5) and row(a, b) = row(1, 'x')": "(a, n) < (1, 2.5) and (a, b) = (1, 'x')",
    "case when a > 1 then c else false end": "case when a > 1 then c else false end",
    "case a when 1 then 'x' when 2 then 'y' end = b": "case a when 1 then 'x' when 2 then 'y' end = b",
    "coalesce(a, 0) > 0 and nullif(b, '') is not null": "coalesce(a, 0) > 0 and nullif(b, '') is not null",
    "greatest(a, 1) = least(a, 2, 3)": "greatest(a, 1) = least(a, 2, 3)",
    "a::text = '1' and b::int > 2 and a::bigint > 3 and n::numeric(5,1) > 1": (
        "a::text = '1' and b::int32 > 2 and a > 3 and n::decimal(5, 1) > 1"
    ),
    "cast(b as integer) = 1": "b::int32 = 1",
    "m ->> 'k' = 'v' and (m ->> 'n')::int > 3": "m.k::text = 'v' and m.n::int32 > 3",
    "m -> 'a' -> 0 ->> 'odd key' is not null": "m.a[0]['odd key']::text is not null",
    "m #>> '{a,b}' = 'x' and m #>> array['c'] = 'y' and m['k'] is not null": "m.a.b::text = 'x' and m.c::text = 'y' and m.k is not null",
    "m = '{}'::jsonb or m <> '[1, {\"a\": true}]'": "(m = {} or m <> [1, { a: true }])",
    "jsonb_typeof(m) = 'object' and jsonb_array_length(m) > 0": "json_typeof(m) = 'object' and json_array_length(m) > 0",
    "l[1] = 'x' and cardinality(l) < 9": "l[0] = 'x' and cardinality(l) < 9",
    "array_length(l, 1) > 0": "nullif(cardinality(l), 0) > 0",
    "l @> array['x'] and l <@ '{a,b}' and l && array['z']": "has_all(l, ['x']) and has_all(['a', 'b'], l) and has_any(l, ['z'])",
    "l = '{}'::text[] and l || array['x'] <> l || b": "l = [] and l || ['x'] <> array_append(l, b)",
    "length(b) > 0 and char_length(trim(both from b)) > 0": "length(b) > 0 and length(trim(b)) > 0",
    "lower(b) = upper(b) and btrim(b) = ltrim(rtrim(b))": "lower(b) = upper(b) and trim(b) = ltrim(rtrim(b))",
    "substring(b from 2 for 3) = substr(b, 4) and left(b, 1) = right(b, 1)": (
        "substring(b, 2, 3) = substring(b, 4) and left(b, 1) = right(b, 1)"
    ),
    "position('x' in b) > 0 and strpos(b, 'y') = 0 and starts_with(b, 'z')": (
        "position(b, 'x') > 0 and position(b, 'y') = 0 and starts_with(b, 'z')"
    ),
    "replace(b, 'x', 'y') = split_part(b, ',', 1) and lpad(b, 3) = rpad(b, 3, '-') and reverse(b) = repeat(b, 2)": (
        "replace(b, 'x', 'y') = split_part(b, ',', 1) and lpad(b, 3, ' ') = rpad(b, 3, '-') and reverse(b) = repeat(b, 2)"
    ),
    "abs(a) + ceil(f) + floor(f) + round(n, 1) + trunc(n) > sqrt(f)": (
        "abs(a) + ceil(f) + floor(f) + round(n, 1) + trunc(n) > sqrt(f)"
    ),
    "mod(a, 2) = 0 and power(f, 2) > exp(f) + ln(f)": "a % 2 = 0 and power(f, 2) > exp(f) + ln(f)",
    "md5(b) = 'x' and concat(b, 'x', a) <> 'y'": "md5(b) = 'x' and concat(b, 'x', a::text) <> 'y'",
    "d > now() - interval '1 day' and d < current_timestamp + '2 hours'::interval": (
        "d > now() - interval '1 day' and d < now() + interval '2 hours'"
    ),
    "extract(year from d) > 2000 and date_trunc('month', d) = d and date_part('dow', d) < 6": (
        "date_part('year', d) > 2000 and date_trunc('month', d) = d and date_part('dow', d) < 6"
    ),
    "d::date = current_date and d at time zone 'utc' > timestamptz '2026-01-02 10:00+00'": (
        "d::date = today() and d > timestamp '2026-01-02 10:00+00'"
    ),
    "u = '00000000-0000-0000-0000-000000000001' and u <> uuid_generate_v4()": (
        "u = uuid '00000000-0000-0000-0000-000000000001' and u <> gen_random_uuid()"
    ),
    "num_nonnulls(a, b) = 1": "case when a is null then 0 else 1 end + case when b is null then 0 else 1 end = 1",
    "b = 'it''s' and b <> E'x\\x41\\'y' and b <> $$d'q$$": "b = 'it''s' and b <> 'xA''y' and b <> 'd''q'",
    "b collate \"C\" < 'x'": "b < 'x'",
    "f > 1e3 and f < .5 and n = 1_000": "f > 1e3 and f < 0.5 and n = 1000",
    "c": "c",
    "t.a = 1 and public.t.b = 'x'": "a = 1 and b = 'x'",
}  # fmt: skip
REFUSED = {
    "b ~ '^a'": "~ (a regular expression) has no form in liq",
    "b similar to 'a'": "SIMILAR TO has no form in liq",
    "a & 1 = 1": "& has no form in liq",
    "m ? 'x'": "? of jsonb has a form in liq for lists in the token only",
    "m @> '{}'": "@>, <@ and && have a form in liq for lists only",
    "a = null": "a comparison with null is never true",
    "a = a": "a comparison of a column with itself has no form in liq",
    "a > any (array[1])": "> ANY has no form in liq",
    "b like l[1]": "LIKE with a pattern that is not a constant has no form in liq",
    "a in (1, null)": "a null among the choices of IN has no form in liq",
    "m::text = 'x'": "the text of a json has no form in liq",
    "b::jsonb is not null": "reading a text as json has no form in liq: a cast makes a JSON string of it",
    "b collate \"de_DE\" < 'x'": "collation de_DE has no form in liq",
    "d at time zone 'Europe/Berlin' is null": "AT TIME ZONE has a form in liq for UTC only",
    "nothing = 1": "column nothing does not exist",
    "f(a) = 1": "function f() has no form in liq",
    "b::regclass is null": "type regclass does not exist in liq",
    "exists (select 1 from t)": "a check or index looks at its own row only",
    "current_setting('x') = b": "a check or index cannot know the session",
    "array_length(l, 2) = 1": "array_length of another dimension than 1 has no form in liq",
    "trim(both 'x' from b) = b": "trim takes spaces off; other characters have no form in liq",
    "b > ": "this cannot be read as SQL",
    "a as x": "this is not an expression",
    "a, b": "this is not one expression",
    "a from t": "this is not one expression",
    "random() > 0.5": "random() has no form in liq",
    "(m -> b) is null": "a JSON step that is not a constant has no form in liq",
    "coalesce(variadic l) = 'x'": "VARIADIC has no form in liq",
}  # fmt: skip


@pytest.mark.parametrize("expression", SAME)
def test_what_an_expression_becomes(expression: str) -> None:
    assert condition(expression) == SAME[expression]


@pytest.mark.parametrize("expression", REFUSED)
def test_what_is_refused(expression: str) -> None:
    assert refusal(expression).startswith(REFUSED[expression])


def test_the_server_takes_what_we_translate(pg: Server) -> None:
    """The expressions above are PostgreSQL's: nothing is tested here that only sqlglot believes to be SQL."""
    with psycopg.connect(pg.fresh_database(), autocommit=True) as connection:
        connection.execute(b'create function uuid_generate_v4() returns uuid language sql as $$ select gen_random_uuid() $$')
        for number, expression in enumerate(SAME):
            connection.execute(f"create table t ({COLUMNS}, check ({expression}))".encode())
            connection.execute(f"alter table t rename to t{number}".encode())


SQLITE = {
    "a IS 3 AND b IS NOT 'x'": "a is not distinct from 3 and b is distinct from 'x'",
    "a == 1 AND b <> 'x'": "a = 1 and b <> 'x'",
    "b LIKE 'A\\%'": "b ilike 'A\\\\%'",
    "ifnull(a, 1) > 0 AND iif(a > 1, 'x', 'y') = b": "coalesce(a, 1) > 0 and case when a > 1 then 'x' else 'y' end = b",
    "length(b) > 0 AND instr(b, 'x') > 0 AND substr(b, 1, 2) = 'ab'": "length(b) > 0 and position(b, 'x') > 0 and substring(b, 1, 2) = 'ab'",
    "flag = 1 AND flag IN (0, 1) AND NOT flag": "flag = true and flag in (false, true) and not flag",
    "a": "a <> 0",
    '"b" = "text"': "b = 'text'",
    "`a` > 1 AND [a] < 5 AND A <> 3": "a > 1 and a < 5 and a <> 3",
}


@pytest.mark.parametrize("expression", SQLITE)
def test_expressions_of_sqlite(expression: str) -> None:
    assert condition(expression, "a INTEGER, b TEXT, flag BOOLEAN", "sqlite") == SQLITE[expression]


@pytest.mark.parametrize("expression", ["typeof(a) = 'integer'", "b GLOB 'x*'", "b REGEXP 'x'", "max(a, 2) > 1", "json_valid(b)"])
def test_what_is_refused_of_sqlite(expression: str) -> None:
    assert "has no form in liq" in refusal(expression, "a INTEGER, b TEXT", "sqlite")


@pytest.mark.parametrize(
    "expression",
    [
        "(" * 200 + "a > 1" + ")" * 200, "not " * 300 + "c", "a + " * 30_000 + "1 > 0", "-" * 300 + "a > 0",
        "case when c then " * 100 + "c" + " end" * 100, "a = 1 or " * 6_000 + "c", "(((", "a > 1))", "'open",
        "b = '\x00'", "b = '\ud800'", "b = '\u202e'", "a = " + "9" * 5_000, "$1 = a", "a = :x", "\x00", "",
    ],
    ids=range(17),
)  # fmt: skip
def test_hostile_expressions_are_findings(expression: str) -> None:
    for dialect in ("postgres", "sqlite"):
        assert refusal_or_more(expression, dialect)


def refusal_or_more(expression: str, dialect: str) -> bool:
    """Whether the import of such a check ends with findings."""
    from liq.importers import import_sql
    from liq.model.source import Source
    from liq_grammar import format_tree, parse

    source = Source("s", f"create table t (a int, b text, c boolean, check ({expression}));\ncreate table after_it (x int);")
    made = import_sql([source], dialect)  # type: ignore[arg-type]
    text = format_tree(made.file)
    assert parse(Source("i", text)).tree == made.file
    return "after_it" in text or bool(made.diagnostics)
