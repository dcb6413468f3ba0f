"""What declarations become: keys, links, names, defaults, views, functions, claims; and what projects give."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from liq import front
from liq.front import constraint_names
from liq.front.scenarios import AsSession, GivenRows, GivesError, GivesRows
from liq.model.codes import CODES
from liq.model.ir import Project
from liq.model.schema import Operation
from liq.model.source import Source
from liq.model.types import Enum
from tests.front_schema.predicate_text import text_of
from tests.front_schema.programs import HERE, against_shop, project, said, schema_of, shop

ROOT = Path(__file__).resolve().parents[2]


def test_columns() -> None:
    table = shop().table_by_name["customers"]
    assert [(c.name, str(c.type), c.nullable, c.auto, c.sensitive, c.tombstone) for c in table.columns][:2] == [
        ("id", "int", False, True, False, False), ("shop_id", "int", False, False, False, False),
    ]  # fmt: skip
    assert table.tombstone is not None and table.tombstone.name == "left_at"
    assert [c.name for c in table.columns if c.sensitive] == ["email", "phone"]
    assert table.by_name["kind"].type == Enum("kind", ("person", "firm"))
    default = table.by_name["kind"].default
    assert default is not None and text_of(default) == "'person'"


def test_descriptions_and_earlier_names() -> None:
    schema = schema_of("--- What is sold.\ntable items { id int key --- its number\n title text was name }")
    table = schema.table_by_name["items"]
    assert (table.description, table.columns[0].description, table.columns[1].was) == ("What is sold.", "its number", "name")


def test_constraints_are_named_as_postgresql_names_them() -> None:
    table = shop().table_by_name["orders"]
    assert [(k.name, k.columns, k.primary) for k in table.keys] == [
        ("orders_pkey", ("id",), True), ("one_at_a_time", ("shop_id", "placed_at"), False),
    ]  # fmt: skip
    assert [c.name for c in table.checks] == ["orders_total_check"]
    assert [k.name for k in table.foreign_keys] == ["orders_shop_id_fkey", "orders_customer_id_fkey"]
    schema = schema_of("""
      table a { id int key, x int unique check x > 0 check x < 9, y int, check x > y, check y > x,
        index (x), index (x), index (lower(t), x desc), t text, unique (lower(t)), unique (y) where x > 1 }
    """)
    a = schema.table_by_name["a"]
    assert [c.name for c in a.checks] == ["a_x_check", "a_x_check1", "a_check", "a_check1"]
    assert [k.name for k in a.keys] == ["a_pkey", "a_x_key", "a_y_idx"]
    assert [i.name for i in a.indexes] == ["a_x_idx", "a_x_idx1", "a_lower_x_idx", "a_lower_idx"]
    assert [i.unique for i in a.indexes] == [False, False, False, True]


@pytest.mark.parametrize(("first", "second", "label", "name"), [
    ("t", "a", "key", "t_a_key"), ("t", "", "pkey", "t_pkey"),
    ("t" * 60, "c" * 60, "fkey", "t" * 29 + "_" + "c" * 28 + "_fkey"),
    ("t" * 10, "c" * 60, "idx", "t" * 10 + "_" + "c" * 48 + "_idx"),
])  # fmt: skip
def test_long_names_are_cut_as_postgresql_cuts_them(first: str, second: str, label: str, name: str) -> None:
    assert constraint_names.object_name(first, second, label) == name
    assert len(name.encode()) <= constraint_names.NAME_BYTES_MAX


def test_links_and_ways_back() -> None:
    schema = schema_of("""
      table people { id int key }
      table audit.events { id int key, person_id int -> people, writer int? -> people as author reverse written }
      table pairs { a int, b int, key (a, b) }
      table uses { id int key, x int, y int, foreign (x, y) -> pairs (a, b) on delete cascade, one int unique -> people (id) reverse `use` }
    """)
    keys = [(k.columns, k.target, k.link, k.reverse, k.on_delete.value) for t in schema.tables for k in t.foreign_keys]
    assert keys == [
        (("person_id",), "people", "person", "events", "no action"), (("writer",), "people", "author", "written", "no action"),
        (("x", "y"), "pairs", "pairs", "uses", "cascade"), (("one",), "people", "people", "use", "no action"),
    ]  # fmt: skip


def test_names_may_be_used_before_they_are_declared_and_across_files() -> None:
    files = [
        Source("z.liq", "view late = read early { id } role r { read late, early run q }"),
        Source("a.liq", "policy p on early for read using f(n) and @role = 'r' fn f($x: int) = $x > g() fn g() = 1"),
        Source("m.liq", "table early { id int key, n int, s e = 'x' } enum e { x, y } session { role: text = 'r' }"),
        Source("q.liq", "read late limit 5"),
    ]
    compiled = front.compile_project(files)
    assert compiled.ok and not compiled.diagnostics, compiled.diagnostics
    assert [(q.file, q.query.name) for q in compiled.queries] == [("q.liq", "q")]
    assert front.compile_project(list(reversed(files))).queries[0].query == compiled.queries[0].query


def test_one_name_in_two_files_is_reported_with_both_places() -> None:
    compiled = front.compile_project([Source("a.liq", "table t { id int key }"), Source("b.liq", "table t { id int key }")])
    (found,) = compiled.diagnostics
    assert (found.file, found.labels[0].file, found.message) == ("b.liq", "a.liq", "table t is declared twice")


def test_a_view_has_columns_of_its_own() -> None:
    relation = shop().view_by_name["people"].relation
    assert isinstance(relation, Project)
    assert {c.id for c in relation.columns}.isdisjoint(c.id for c in relation.input.columns)
    assert [(c.name, str(c.type), c.nullable) for c in relation.columns][-2:] == [("phone", "text", True), ("kind", "kind", False)]


def test_claims_come_before_those_that_use_them() -> None:
    schema = schema_of("session { c: text = @b, b: text from 'x.b' = @a, a: text = 'a', d: int? }")
    assert [(c.name, c.path) for c in schema.claims] == [("a", "a"), ("b", "x.b"), ("c", "c"), ("d", "d")]


def test_roles_and_channels() -> None:
    schema = project("""
      session { role: text = 'x' } table t { id int key, name text unique } policy o on t for all using true
      role x { read t (id) read t (name) insert all run one max rows 5 } channel exists(t.name) to x
      query one = read t { id } limit 5
    """).schema  # fmt: skip
    (role,) = schema.roles
    assert [(g.operation, g.target, g.columns) for g in role.grants] == [
        (Operation.READ, "t", frozenset({"id"})), (Operation.READ, "t", frozenset({"name"})),
    ]  # fmt: skip
    assert (role.everything, role.runs, role.max_rows) == (frozenset({Operation.INSERT}), ("one",), 5)
    assert [(c.table, c.column, c.roles) for c in schema.channels] == [("t", "name", ("x",))]


@pytest.mark.parametrize(("query", "problem"), [
    ("read t { id } limit 5", None), ("read t { id } where id = 1", None), ("read t { count() }", None),
    ("read t { id } limit 6", "its limit is 6"), ("read t { id }", "nothing bounds its rows"),
])  # fmt: skip
def test_a_role_that_may_have_some_rows_is_not_given_more(query: str, problem: str | None) -> None:
    text = "session { role: text = 'x' } table t { id int key } policy o on t for all using true\n" \
           f"role x {{ read t run one max rows 5 }} query one = {query}"  # fmt: skip
    errors = [d.message for d in project(text).diagnostics if d.is_error]
    assert errors == ([] if problem is None else [f"role x may have 5 rows at most and may run one, but {problem}"])


# ------------------------------------------------------------------------------------------------- tests, migrations
def test_tests_are_typed() -> None:
    compiled = against_shop("""
    query counters.one($name: text, $least: int = 0) = read counters where name = $name and hits >= $least
    test 'all of it' {
      given counters [{ name: 'a' }, { name: 'b', hits: 2 }]
      given customers [{ id: 7, shop_id: 1, name: 'x', email: 'e' }, { shop_id: 1, name: 'y', email: 'e' }]
      session { role: 'owner', shop_id: 1, uid: '00000000-0000-0000-0000-000000000001' }
      expect run counters.one { name: 'b' } gives [{ hits: 2 }]
      expect read customers { id, kind, orders { id } } order id gives [{ id: 7, kind: 'person', orders: [{ id: 1 }] }, {}]
      update counters set hits = 1 where name = 'a'
      expect error 'policy' insert customers { shop_id: 2, name: 'z', email: 'e' }
      expect error 'LIQ0403' insert customers { shop_id: 2 }
    }
    """)
    assert not compiled.diagnostics, said(compiled)
    (test,) = compiled.tests
    assert test.title == "all of it" and len(test.steps) == 8
    assert isinstance(test.steps[0], GivenRows) and isinstance(test.steps[2], AsSession)
    assert isinstance(test.steps[3], GivesRows) and test.steps[3].call.query.name == "counters.one"
    assert isinstance(test.steps[7], GivesError) and test.steps[7].call is None and test.steps[7].refused == ("LIQ0403",)


def test_migrations_are_typed_against_the_tables_of_their_moment() -> None:
    compiled = against_shop("""
    migration m2 {
      alter orders drop motto
      alter orders rename remark to note
      alter orders set total decimal(12, 2)
      alter state add 'sent-back'
      drop table old_orders
    }
    migration m1 {
      table counters { name text key, hits int = 0 }
      update orders set remark = motto, total = '1' where remark is null
      alter counters add seen_at timestamp? check seen_at > date '2026-01-01'
      alter shops add closed bool = false
      alter lines add unique (order_id, item)
      update shops set closed = true where closed is null
    }
    """)
    assert not [d for d in compiled.diagnostics if d.is_error], said(compiled)
    assert [m.name for m in compiled.migrations] == ["m1", "m2"]
    assert said(compiled) == []


def test_a_file_of_statements_is_a_query_named_after_it() -> None:
    compiled = front.compile_project([Source("queries/shops.open.liq", "--- Open ones.\nread shops where not closed limit 9")], shop())
    (query,) = compiled.queries
    assert (query.query.name, query.query.description) == ("shops.open", "Open ones.")


# ------------------------------------------------------------------------------------------------- whole projects
@pytest.mark.parametrize("folder", sorted(p.name for p in (ROOT / "examples").iterdir() if p.is_dir()))
def test_examples_compile_without_a_finding(folder: str) -> None:
    paths = sorted((ROOT / "examples" / folder).rglob("*.liq"))
    compiled = front.compile_project([Source(path.name, path.read_text(encoding="utf-8")) for path in paths])
    assert not compiled.diagnostics, said(compiled)
    assert compiled.queries


def test_compiling_twice_gives_the_same() -> None:
    text = (HERE / "shop.liq").read_text(encoding="utf-8")
    assert project(text).schema == project(text).schema


SHOP = (HERE / "shop.liq").read_text(encoding="utf-8")
EXTRA = SHOP + """
query q($n: int = 3, $rows: counters[]) { let o = insert orders { id: $n, shop_id: 1 } returning id
  insert counters from $rows or update set hits = hits + excluded.hits
  update customers set name = 'x' where id = 1 returning name
  read orders { id, customer.name, lines { item } } where id in o.id order id limit $n max 9 }
test 't' { given shops [{ id: 1 }] session { role: 'x' } expect run q gives [] }
migration m { alter shops add x int alter orders drop y update shops set name = 'x' where true }
"""


@settings(max_examples=150, deadline=None)
@given(st.integers(0, len(EXTRA)), st.integers(0, 40), st.sampled_from(["", " ", "{", "}", ",", "id", "$n", "orders", "= 1", "-> orders", "'"]))
def test_damaged_programs_give_coded_findings(start: int, length: int, instead: str) -> None:
    compiled = project(EXTRA[:start] + instead + EXTRA[start + length :])
    assert all(d.code.id in CODES for d in compiled.diagnostics)


# ------------------------------------------------------------------------------------------------- bounded work
def chain(length: int) -> str:
    """Views, each over the next, the first one first."""
    links = "".join(f"view v{i} = read v{i + 1} {{ id }}\n" for i in range(length))
    return f"table t {{ id int key }} policy o on t for read using true\n{links}view v{length} = read t {{ id }}\nread v0 limit 1"


def test_views_over_views_have_an_end() -> None:
    assert not project(chain(20)).diagnostics
    for text in (chain(200), "\n".join(reversed(chain(200).split("\n")))):
        found = project(text).diagnostics
        assert found and {d.code.id for d in found} == {"LIQ0003"}


@pytest.mark.parametrize("text", [
    "fn f0($x: int) = $x + $x\n" + "".join(f"fn f{i}($x: int) = f{i - 1}($x) + f{i - 1}($x)\n" for i in range(1, 24)),
    "fn f0($x: int) = " + "-" * 400 + "$x",
    "role r { read all max rows " + "9" * 6000 + " }",
    "table t { id int key, " + ", ".join(f"c{i} int" for i in range(3000)) + " }",
    "table t { id int key, n int check " + "(" * 300 + "n > 0" + ")" * 300 + " }",
    "query q { read t expect " + "9" * 6000 + " }",
    "session { " + ", ".join(f"c{i}: text = @c{i + 1}" for i in range(300)) + ", c300: text = @c0 }",
])  # fmt: skip
def test_hostile_declarations_give_coded_findings(text: str) -> None:
    assert all(d.code.id in CODES for d in project(text).diagnostics)
