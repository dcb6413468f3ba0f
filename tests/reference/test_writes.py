"""Writes with all their consequences, compared with PostgreSQL: defaults, keys, foreign keys and upserts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import psycopg
import pytest
from psycopg import errors

from liq.model import ir
from liq.model import types as t
from liq.model.errors import ErrorKind, LiqError
from liq.model.expr import And, Expr, Item, Literal, Relation
from liq.model.schema import Check, ForeignKey, Key, OnDelete, Schema, TableColumn
from liq.model.values import Value
from liq.reference.constraints import violations
from liq.reference.database import Database
from tests.pg.server import Server
from tests.reference.build import EVERYTHING, Scope, attempt, by, f, lit, query, run, table
from tests.reference.machines import machine

Rows = dict[str, list[tuple[Value, ...]]]

DDL = """
create table parent (id int8 primary key, code text unique, org int8);
create table child (
  id int8 primary key, parent_id int8 references parent on delete {child}, code text references parent (code) on delete {code},
  n int2 check (n <> 13), unique (parent_id, n), unique nulls not distinct (code, n));
create table grandchild (id int8 primary key, child_id int8 default 2 references child on delete {grandchild});
create table tree (id int8 primary key, up int8 references tree on delete cascade);
"""


def schema(child: OnDelete, code: OnDelete, grandchild: OnDelete) -> Schema:
    s = Scope(Schema())
    n = Literal(13, t.INT)
    s.column("n", t.INT16)
    not_13 = f("<>", attrs.evolve(s.ref("n"), id=4), n)
    return Schema(tables=(
        table("parent", {"id": t.INT, "code": t.TEXT, "org": t.INT}, keys=(Key("code", ("code",)),)),
        table("child", {"id": t.INT, "parent_id": t.INT, "code": t.TEXT, "n": t.INT16},
              keys=(Key("k1", ("parent_id", "n")), Key("k2", ("code", "n"), nulls_distinct=False)), checks=(Check("c", not_13),),
              foreign_keys=(ForeignKey("f1", ("parent_id",), "parent", ("id",), "parent", None, child),
                            ForeignKey("f2", ("code",), "parent", ("code",), None, None, code))),
        table("grandchild", {"id": t.INT, "child_id": t.INT}, described={"child_id": TableColumn("child_id", t.INT, True, lit(2))},
              foreign_keys=(ForeignKey("g", ("child_id",), "child", ("id",), "child", None, grandchild),)),
        table("tree", {"id": t.INT, "up": t.INT},
              foreign_keys=(ForeignKey("t", ("up",), "tree", ("id",), "up", None, OnDelete.CASCADE),)),
    ))  # fmt: skip


DATA: Rows = {
    "parent": [(1, "a", 1), (2, "b", 1), (3, None, 2), (4, "d", None)],
    "child": [(1, 1, "b", 1), (2, 1, None, 2), (3, 2, "b", 3), (4, 3, None, 4), (5, None, "d", 5)],
    "grandchild": [(1, 1), (2, 2), (3, 3), (4, None)],
    "tree": [(1, None), (2, 1), (3, 2), (4, 3), (5, 5), (6, None)],
}
PLAIN = schema(OnDelete.NO_ACTION, OnDelete.NO_ACTION, OnDelete.NO_ACTION)
KINDS: dict[type[Exception], ErrorKind] = {
    errors.UniqueViolation: ErrorKind.UNIQUE, errors.ForeignKeyViolation: ErrorKind.FOREIGN_KEY,
    errors.RestrictViolation: ErrorKind.FOREIGN_KEY, errors.NotNullViolation: ErrorKind.NOT_NULL,
    errors.CheckViolation: ErrorKind.CHECK, errors.NumericValueOutOfRange: ErrorKind.OUT_OF_RANGE,
    errors.CardinalityViolation: ErrorKind.CONFLICT_TWICE, errors.DivisionByZero: ErrorKind.DIVISION_BY_ZERO,
}  # fmt: skip


def database(known: Schema, data: Rows = DATA) -> Database:
    return Database.of(known, {
        name: [dict(zip([c.name for c in known.table_by_name[name].columns], row, strict=True)) for row in rows]
        for name, rows in data.items()
    })  # fmt: skip


@pytest.fixture(scope="module")
def connection(pg: Server) -> psycopg.Connection:
    return psycopg.connect(pg.fresh_database(), autocommit=True)


def prepared(connection: psycopg.Connection, known: Schema) -> None:
    """The tables of a schema, with the data."""
    child, grandchild = known.table_by_name["child"], known.table_by_name["grandchild"]
    connection.execute("drop schema public cascade; create schema public")
    actions = {"child": child.foreign_keys[0], "code": child.foreign_keys[1], "grandchild": grandchild.foreign_keys[0]}
    connection.execute(DDL.format(**{name: key.on_delete.value for name, key in actions.items()}))
    for name, rows in DATA.items():
        places = ", ".join(["%s"] * len(rows[0]))
        connection.cursor().executemany(f"insert into {name} values ({places})", rows)


def theirs(connection: psycopg.Connection, text: str) -> ErrorKind | tuple[list[Any], dict[str, list[Any]]]:
    """What PostgreSQL returns and holds afterwards, or the kind of its error."""
    try:
        cursor = connection.execute(text)
    except tuple(KINDS) as error:
        return KINDS[type(error)]
    returned = cursor.fetchall() if cursor.description else []
    after = {name: connection.execute(f"select * from {name} order by id").fetchall() for name in DATA}
    return sorted(returned), after


def ours(known: Schema, statement: Relation, may: set[ErrorKind] | None = None) -> ErrorKind | tuple[list[Any], dict[str, list[Any]]]:
    tried = attempt(query(statement), database(known))
    if may is not None:
        may |= tried.may_raise
    if tried.outcome is None:
        assert tried.error is not None
        assert tried.error.kind in tried.may_raise
        return tried.error.kind
    assert not violations(known, {n: x.rows for n, x in tried.outcome.database.tables.items()}, machine(known))
    after = {name: sorted(tuple(row.values()) for row in tried.outcome.database.rows(name)) for name in DATA}
    return sorted(tried.outcome.rows), after


def delete(s: Scope, name: str, where: Callable[[Scope], Expr]) -> ir.Delete:
    scan = s.scan(name)
    return ir.Delete(scan, where(s), tuple(Item(c, s.ref(f"{name}.{c.name}")) for c in scan.columns[:1]))


def update(s: Scope, name: str, where: Callable[[Scope], Expr], **values: Callable[[Scope], Expr]) -> ir.Update:
    scan, row = s.scan(name), s.row(name, "new")
    assignments = tuple(ir.Assignment(column, value(s)) for column, value in values.items())
    items = (Item(row[0], s.ref("new.id")),)
    return ir.Update(scan, where(s), assignments, row, EVERYTHING, items)


def insert(s: Scope, name: str, rows: list[tuple[Value, ...]], conflict: Callable[[Scope], ir.Conflict] | None = None) -> ir.Insert:
    known = s.schema.table_by_name[name]
    columns = tuple(s.column(f"given.{c.name}", c.type) for c in known.columns)
    source = ir.Values(columns, tuple(tuple(lit(v, c.type) for v, c in zip(row, known.columns, strict=True)) for row in rows))
    row = s.row(name, "new")
    made = conflict(s) if conflict else None
    return ir.Insert(name, tuple(c.name for c in known.columns), source, row, EVERYTHING, made, (Item(row[0], s.ref("new.id")),))


def is_in(name: str, *ids: int) -> Callable[[Scope], Expr]:
    def made(s: Scope) -> Expr:
        return And((f(">=", s.ref(f"{name}.id"), lit(ids[0])), f("<=", s.ref(f"{name}.id"), lit(ids[-1]))))

    return made


DELETED = [
    ("parent", 1, 1), ("parent", 2, 2), ("parent", 1, 4), ("parent", 4, 4), ("child", 1, 1), ("child", 2, 3), ("tree", 1, 1), ("tree", 5, 6),
]  # fmt: skip
ACTIONS = [OnDelete.NO_ACTION, OnDelete.RESTRICT, OnDelete.CASCADE, OnDelete.SET_NULL]


@pytest.mark.parametrize("child", ACTIONS, ids=lambda a: a.value)
@pytest.mark.parametrize("grandchild", [*ACTIONS, OnDelete.SET_DEFAULT], ids=lambda a: a.value)
def test_deletes(connection: psycopg.Connection, child: OnDelete, grandchild: OnDelete) -> None:
    for code in (OnDelete.CASCADE, OnDelete.SET_NULL):
        known = schema(child, code, grandchild)
        for name, low, high in DELETED:
            prepared(connection, known)
            expected = theirs(connection, f"delete from {name} where id between {low} and {high} returning id")
            may: set[ErrorKind] = set()
            got = ours(known, delete(Scope(known), name, is_in(name, low, high)), may)
            early = child is OnDelete.NO_ACTION and isinstance(expected, ErrorKind) and expected in may
            assert got == expected or (early and not isinstance(got, ErrorKind))


def excluded_n(s: Scope) -> Expr:
    return f("+", s.ref("there.n"), s.ref("proposed.n"))


def upsert(target: tuple[str, ...], where: Callable[[Scope], Expr] | None = None, **values: Callable[[Scope], Expr]) -> Callable[[Scope], ir.Conflict]:
    def made(s: Scope) -> ir.Conflict:
        there, proposed, changed = (s.row("child", prefix) for prefix in ("there", "proposed", "changed"))
        assignments = tuple(ir.Assignment(column, value(s)) for column, value in values.items())
        return ir.Conflict(ir.ConflictAction.UPDATE, target, there, proposed, assignments, where(s) if where else None, None, changed, EVERYTHING)

    return made


def skip(*target: str) -> Callable[[Scope], ir.Conflict]:
    return lambda s: ir.Conflict(ir.ConflictAction.SKIP, target)


STATEMENTS: dict[str, tuple[Callable[[Scope], Relation], str]] = {
    "insert": (lambda s: insert(s, "child", [(6, 1, "a", 7), (7, None, None, 8)]), "insert into child values (6, 1, 'a', 7), (7, null, null, 8)"),
    "key taken": (lambda s: insert(s, "child", [(1, None, None, 9)]), "insert into child values (1, null, null, 9)"),
    "key twice": (lambda s: insert(s, "child", [(6, None, "a", 9), (6, None, "b", 9)]), "insert into child values (6, null, 'a', 9), (6, null, 'b', 9)"),
    "unique": (lambda s: insert(s, "child", [(6, 1, "a", 1)]), "insert into child values (6, 1, 'a', 1)"),
    "nulls are distinct": (lambda s: insert(s, "child", [(6, None, "a", 5), (7, None, "b", 5)]), "insert into child values (6, null, 'a', 5), (7, null, 'b', 5)"),
    "nulls are not distinct": (lambda s: insert(s, "child", [(6, None, None, 2)]), "insert into child values (6, null, null, 2)"),
    "no parent": (lambda s: insert(s, "child", [(6, 99, None, 9)]), "insert into child values (6, 99, null, 9)"),
    "no key": (lambda s: insert(s, "child", [(None, 1, None, 9)]), "insert into child values (null, 1, null, 9)"),
    "check": (lambda s: insert(s, "child", [(6, 1, None, 13)]), "insert into child values (6, 1, null, 13)"),
    "check of null": (lambda s: insert(s, "child", [(6, 1, None, None)]), "insert into child values (6, 1, null, null)"),
    "narrow": (lambda s: insert(s, "child", [(6, 1, None, 40000)]), "insert into child values (6, 1, null, 40000)"),
    "itself": (lambda s: insert(s, "tree", [(7, 8), (8, 7), (9, 9)]), "insert into tree values (7, 8), (8, 7), (9, 9)"),
    "update": (lambda s: update(s, "child", is_in("child", 2, 5), n=lambda s: f("+", s.ref("child.n"), lit(10))),
               "update child set n = n + 10 where id between 2 and 5"),
    "update to a taken key": (lambda s: update(s, "child", is_in("child", 1, 1), n=lambda s: lit(2)), "update child set n = 2 where id = 1"),
    "swap": (lambda s: update(s, "child", is_in("child", 4, 4), parent_id=lambda s: s.ref("child.id"), id=lambda s: s.ref("child.parent_id")),
             "update child set parent_id = id, id = parent_id where id = 4"),
    "update a referenced key": (lambda s: update(s, "parent", is_in("parent", 1, 1), id=lambda s: lit(10)), "update parent set id = 10 where id = 1"),
    "update an unreferenced key": (lambda s: update(s, "parent", is_in("parent", 4, 4), id=lambda s: lit(10)), "update parent set id = 10 where id = 4"),
    "update of a reference": (lambda s: update(s, "child", is_in("child", 1, 5), parent_id=lambda s: lit(77)), "update child set parent_id = 77"),
    "out of range": (lambda s: update(s, "child", is_in("child", 1, 1), n=lambda s: lit(32768)), "update child set n = 32768 where id = 1"),
    "skip": (lambda s: insert(s, "child", [(1, 4, "a", 9), (6, None, None, 9), (6, None, None, 8)], skip("id")),
             "insert into child values (1, 4, 'a', 9), (6, null, null, 9), (6, null, null, 8) on conflict (id) do nothing"),
    "skip any": (lambda s: insert(s, "child", [(6, 1, "a", 1), (7, 4, "a", 1)], skip()),
                 "insert into child values (6, 1, 'a', 1), (7, 4, 'a', 1) on conflict do nothing"),
    "skip another key": (lambda s: insert(s, "child", [(6, 1, "a", 1)], skip("id")), "insert into child values (6, 1, 'a', 1) on conflict (id) do nothing"),
    "upsert": (lambda s: insert(s, "child", [(1, 4, "a", 9), (6, 4, "a", 2)], upsert(("id",), n=excluded_n)),
               "insert into child values (1, 4, 'a', 9), (6, 4, 'a', 2) on conflict (id) do update set n = child.n + excluded.n"),
    "upsert where": (lambda s: insert(s, "child", [(1, 4, "a", 9), (2, 4, "a", 2)], upsert(("id",), lambda s: f(">", s.ref("there.n"), lit(1)), n=excluded_n)),
                     "insert into child values (1, 4, 'a', 9), (2, 4, 'a', 2) on conflict (id) do update set n = child.n + excluded.n where child.n > 1"),
    "upsert twice": (lambda s: insert(s, "child", [(6, 4, "a", 9), (6, 4, "b", 2)], upsert(("id",), n=excluded_n)),
                     "insert into child values (6, 4, 'a', 9), (6, 4, 'b', 2) on conflict (id) do update set n = child.n + excluded.n"),
    "upsert without nulls": (lambda s: insert(s, "child", [(6, 4, None, 2)], upsert(("code", "n"), parent_id=lambda s: s.ref("proposed.parent_id"))),
                             "insert into child values (6, 4, null, 2) on conflict (code, n) do update set parent_id = excluded.parent_id"),
    "upsert past the check": (lambda s: insert(s, "child", [(1, 4, "a", 12)], upsert(("id",), n=excluded_n)),
                              "insert into child values (1, 4, 'a', 12) on conflict (id) do update set n = child.n + excluded.n"),
}  # fmt: skip


@pytest.mark.parametrize("name", STATEMENTS)
def test_statements(connection: psycopg.Connection, name: str) -> None:
    build, text = STATEMENTS[name]
    prepared(connection, PLAIN)
    assert ours(PLAIN, build(Scope(PLAIN))) == theirs(connection, f"{text} returning id")


def test_keys_that_meet_on_the_way_may_be_raised() -> None:
    """A database that checks row by row may refuse what is right in the end."""
    may: set[ErrorKind] = set()
    plus_one = {"n": lambda s: f("+", s.ref("child.n"), lit(1)), "parent_id": lambda s: lit(1)}
    got = ours(PLAIN, update(Scope(PLAIN), "child", is_in("child", 1, 2), **plus_one), may)
    assert not isinstance(got, ErrorKind)
    assert may == {ErrorKind.UNIQUE}


def test_every_broken_constraint_is_in_the_set() -> None:
    """A back end may look at constraints and rows in any order."""
    rows: list[tuple[Value, ...]] = [(1, None, None, 50), (6, 99, None, 51), (None, None, None, 52), (8, None, None, 13), (9, None, None, 99999)]
    tried = attempt(query(insert(Scope(PLAIN), "child", rows)), database(PLAIN))
    assert {ErrorKind.UNIQUE, ErrorKind.FOREIGN_KEY, ErrorKind.NOT_NULL, ErrorKind.CHECK, ErrorKind.OUT_OF_RANGE} <= tried.may_raise


def test_a_failed_statement_leaves_nothing() -> None:
    s = Scope(PLAIN)
    first = insert(s, "parent", [(10, "z", None)])
    plan = query(first, ir.Statement(insert(Scope(PLAIN), "parent", [(1, "y", None)])))
    before = database(PLAIN)
    with pytest.raises(LiqError) as caught:
        run(plan, before)
    assert caught.value.kind is ErrorKind.UNIQUE
    assert len(before.rows("parent")) == 4


def test_expect_and_policy_checks_fail_the_plan() -> None:
    def kind(statement: Relation, rows: int | None = None) -> ErrorKind | None:
        expect = None if rows is None else ir.Expect(rows, "told")
        return error.kind if (error := attempt(query(ir.Statement(statement, expect=expect)), database(PLAIN)).error) else None

    assert kind(delete(Scope(PLAIN), "tree", is_in("tree", 5, 6)), 2) is None
    assert kind(delete(Scope(PLAIN), "tree", is_in("tree", 5, 6)), 1) is ErrorKind.EXPECT
    assert kind(Scope(PLAIN).scan("tree"), 5) is ErrorKind.EXPECT
    s = Scope(PLAIN)
    plain = insert(s, "parent", [(10, "z", 1), (11, "y", None)])
    for wanted in (f("=", s.ref("new.org"), lit(1)), lit(None, t.BOOL), lit(False, t.BOOL)):
        assert kind(attrs.evolve(plain, check=ir.WriteCheck(wanted, ()))) is ErrorKind.POLICY


def test_an_upsert_of_a_row_one_may_not_see_is_refused() -> None:
    s = Scope(PLAIN)
    statement = insert(s, "child", [(1, 4, "a", 9)], upsert(("id",), n=excluded_n))
    assert statement.conflict is not None
    hidden = attrs.evolve(statement.conflict, visible=ir.Access(f(">", s.ref("there.n"), lit(1)), ()))
    tried = attempt(query(attrs.evolve(statement, conflict=hidden)), database(PLAIN))
    assert tried.error is not None
    assert tried.error.kind is ErrorKind.POLICY


def test_auto_columns_count_on() -> None:
    known = Schema(tables=(table("log", {"id": t.INT, "note": t.TEXT}, described={"id": TableColumn("id", t.INT, False, auto=True)}),))
    s = Scope(known)
    column, row = s.column("given.note", t.TEXT), s.row("log", "new")
    source = ir.Values((column,), ((lit("x", t.TEXT),), (lit("y", t.TEXT),)))
    statement = ir.Insert("log", ("note",), source, row, EVERYTHING, None, tuple(Item(c, s.ref(f"new.{c.name}")) for c in row))
    outcome = run(query(statement), Database.of(known, {"log": [{"id": 7, "note": "a"}, {"note": "b"}]}))
    assert outcome.rows == ((9, "x"), (10, "y"))
    assert [r[0] for r in run(query(statement), outcome.database).rows] == [11, 12]


def test_deleted_rows_do_not_hold_keys() -> None:
    known = Schema(tables=(table("doc", {"id": t.INT, "name": t.TEXT, "gone": t.INT}, keys=(Key("name", ("name",)),),
                                 described={"gone": TableColumn("gone", t.INT, True, tombstone=True)}),))  # fmt: skip
    data: Rows = {"doc": [(1, "a", 5), (2, "b", None)]}

    def error(rows: list[tuple[Value, ...]]) -> ErrorKind | None:
        found = attempt(query(insert(Scope(known), "doc", rows)), database(known, data)).error
        return found.kind if found else None

    assert error([(3, "a", None)]) is None
    assert error([(3, "b", None)]) is ErrorKind.UNIQUE
    assert error([(3, "b", 6)]) is None


def test_statements_see_the_writes_before_them() -> None:
    s = Scope(PLAIN)
    scan = s.scan("tree")
    rows = run(query(delete(Scope(PLAIN), "tree", is_in("tree", 1, 1)), ir.Sort(scan, by(s.ref("tree.id")))), database(PLAIN)).rows
    assert [row[0] for row in rows] == [5, 6]
