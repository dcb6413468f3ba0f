"""Relations on small tables with nulls and duplicates, compared with the SQL a person would write."""

from __future__ import annotations

from collections.abc import Callable

import psycopg
import pytest

from liq.model import ir
from liq.model import types as t
from liq.model.expr import (
    AggregateCall,
    And,
    Case,
    Coalesce,
    Collect,
    Exists,
    InList,
    InQuery,
    Is,
    Not,
    Or,
    Relation,
    RowCompare,
    ScalarQuery,
    Truth,
    When,
)
from liq.model.ir import Distinct, Filter, Join, JoinKind, Limit, SetOperation, SetOperator, Sort
from liq.model.schema import Schema
from liq.model.values import IntervalValue, RecordValue, Value
from liq.reference.casts import output
from liq.reference.database import Database
from liq.reference.inputs import typed
from tests.pg.server import Server
from tests.reference.build import Scope, by, count, f, lit, query, run, table

SCHEMA = Schema(tables=(
    table("a", {"id": t.INT, "x": t.INT, "s": t.TEXT}), table("b", {"id": t.INT, "x": t.INT, "y": t.INT}),
    table("e", {"id": t.INT, "p": t.INT, "c": t.INT}),
))  # fmt: skip
A: list[tuple[Value, ...]] = [(1, 1, "u"), (2, 1, None), (3, None, "v"), (4, 2, "u"), (5, None, None), (6, 7, "w")]
B: list[tuple[Value, ...]] = [(1, 1, 10), (2, 1, None), (3, 2, 30), (4, None, 40), (5, 9, 10), (6, 2, 30)]
EDGES: list[tuple[Value, ...]] = [(1, 1, 2), (2, 2, 3), (3, 3, 1), (4, 2, 4), (5, 4, None), (6, 9, 1), (7, None, 2), (8, 1, 2)]
DATABASE = Database.of(SCHEMA, {
    "a": [dict(zip(("id", "x", "s"), row, strict=True)) for row in A],
    "b": [dict(zip(("id", "x", "y"), row, strict=True)) for row in B],
    "e": [dict(zip(("id", "p", "c"), row, strict=True)) for row in EDGES],
})  # fmt: skip


@pytest.fixture(scope="module")
def connection(pg: Server) -> psycopg.Connection:
    result = psycopg.connect(pg.fresh_database(), autocommit=True)
    result.execute("create table a (id int8, x int8, s text); create table b (id int8, x int8, y int8); create table e (id int8, p int8, c int8)")
    for name, rows in (("a", A), ("b", B), ("e", EDGES)):
        result.cursor().executemany(f"insert into {name} values (%s, %s, %s)", rows)
    return result


def ab(s: Scope) -> tuple[ir.Scan, ir.Scan]:
    return s.scan("a"), s.scan("b")


Case_ = tuple[Callable[[Scope], Relation], str]


def join(kind: JoinKind) -> Callable[[Scope], Relation]:
    def made(s: Scope) -> Relation:
        left, right = ab(s)
        return s.shape(Join(kind, left, right, f("=", s.ref("a.x"), s.ref("b.x"))), i=s.ref("a.id"), j=s.ref("b.id"))

    return made


def in_query(negated: bool, with_nulls: bool) -> Callable[[Scope], Relation]:
    def made(s: Scope) -> Relation:
        left, right = ab(s)
        inner: Relation = s.shape(right if with_nulls else Filter(right, Is(s.ref("b.x"), Truth.NULL, True)), v=s.ref("b.x"))
        test = InQuery((s.ref("a.x"),), inner)
        return s.shape(Filter(left, Not(test) if negated else test), i=s.ref("a.id"))

    return made


def set_operation(operator: SetOperator) -> Callable[[Scope], Relation]:
    def made(s: Scope) -> Relation:
        left, right = ab(s)
        inputs = (s.shape(left, v=s.ref("a.x")), s.shape(right, w=s.ref("b.x")))
        return SetOperation(operator, inputs, (s.column("o", t.INT),))

    return made


def correlated(s: Scope) -> Relation:
    left, right = ab(s)
    same = Filter(right, f("=", s.ref("b.x"), s.ref("a.x")))
    counted = s.group(same, {}, n=count(), m=AggregateCall("max", (s.ref("b.y"),), t.INT, True))
    one = s.shape(counted, m2=s.ref("m"))
    return s.shape(left, i=s.ref("a.id"), top=ScalarQuery(one), any=Exists(same))


def grouped(s: Scope) -> Relation:
    right = s.scan("b")
    total = AggregateCall("sum", (s.ref("b.y"),), t.DECIMAL, True)
    return s.group(right, {"k": s.ref("b.x")}, n=count(), total=total)


def empty_aggregate(s: Scope) -> Relation:
    none = Filter(s.scan("a"), lit(False, t.BOOL))
    return s.group(none, {}, n=count(), top=AggregateCall("max", (s.ref("a.x"),), t.INT, True))


def cases_and_rows(s: Scope) -> Relation:
    scan = s.scan("b")
    x, y = s.ref("b.x"), s.ref("b.y")
    size = Case((When(f(">", y, lit(20)), lit("big", t.TEXT)), When(Is(y, Truth.NULL), lit("none", t.TEXT))), lit("small", t.TEXT), t.TEXT)
    less = RowCompare("<", (x, y), (lit(2), lit(30)))
    same = RowCompare("=", (x, y), (lit(2), lit(None)))
    listed = InList((x,), ((lit(1),), (lit(None),)))
    either = Or((f("=", x, lit(1)), And((f("=", y, lit(40)), Not(f("=", x, lit(5)))))))
    return s.shape(scan, i=s.ref("b.id"), size=size, less=less, same=same, listed=listed, either=either, c=Coalesce((y, x), t.INT))


def following(s: Scope) -> Relation:
    edges = s.scan("e")
    return ir.Follow(edges, (s.columns["e.p"].id,), (s.columns["e.c"].id,), (lit(1),), 3, s.column("depth", t.INT, False))


def limited(s: Scope) -> Relation:
    return Limit(Sort(s.scan("a"), (*by(s.ref("a.x"), descending=True), *by(s.ref("a.id")))), lit(3), lit(1))


RECURSIVE = """
with recursive r(id, p, c, depth) as (
  select id, p, c, 1::int8 from e where p = 1
  union select e.id, e.p, e.c, r.depth + 1 from r join e on e.p = r.c where r.depth < 3
) select id, p, c, min(depth) from r group by 1, 2, 3"""

CASES: dict[str, Case_] = {
    "inner": (join(JoinKind.INNER), "select a.id, b.id from a join b on a.x = b.x"),
    "left": (join(JoinKind.LEFT), "select a.id, b.id from a left join b on a.x = b.x"),
    "full": (join(JoinKind.FULL), "select a.id, b.id from a full join b on a.x = b.x"),
    "cross": (lambda s: Join(JoinKind.INNER, *ab(s), None), "select * from a cross join b"),
    "in": (in_query(False, True), "select id from a where x in (select x from b)"),
    "not in": (in_query(True, True), "select id from a where x not in (select x from b)"),
    "not in, no nulls": (in_query(True, False), "select id from a where x not in (select x from b where x is not null)"),
    "union": (set_operation(SetOperator.UNION), "select x from a union select x from b"),
    "union all": (set_operation(SetOperator.UNION_ALL), "select x from a union all select x from b"),
    "except": (set_operation(SetOperator.EXCEPT), "select x from a except select x from b"),
    "intersect": (set_operation(SetOperator.INTERSECT), "select x from a intersect select x from b"),
    "correlated": (correlated, "select id, (select max(y) from b where b.x = a.x), exists (select from b where b.x = a.x) from a"),
    "group": (grouped, "select x, count(*), sum(y)::numeric from b group by x"),
    "empty aggregate": (empty_aggregate, "select count(*), max(x) from a where false"),
    "distinct": (lambda s: Distinct(s.shape(s.scan("b"), x=s.ref("b.x"), y=s.ref("b.y"))), "select distinct x, y from b"),
    "cases and rows": (cases_and_rows, """
        select id, case when y > 20 then 'big' when y is null then 'none' else 'small' end, (x, y) < (2, 30), (x, y) = (2, null),
          x in (1, null), x = 1 or (y = 40 and not x = 5), coalesce(y, x) from b"""),
    "follow": (following, RECURSIVE),
    "limit": (limited, "select * from a order by x desc, id limit 3 offset 1"),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_relation(connection: psycopg.Connection, name: str) -> None:
    build, text = CASES[name]
    relation = build(Scope(SCHEMA))
    ours = [tuple(row) for row in run(query(relation), DATABASE).rows]
    theirs = connection.execute(text).fetchall()
    assert bool(ours) == (name != "not in")  # a null among the members leaves nothing that is surely not in
    if isinstance(relation, Limit):
        assert ours == theirs
    else:
        assert sorted(map(repr, ours)) == sorted(map(repr, theirs))


SERIES = [
    (t.INT, 1, 10, 3, "generate_series(1::int8, 10::int8, 3::int8)"),
    (t.INT, 5, 1, -2, "generate_series(5::int8, 1::int8, -2::int8)"),
    (t.INT, 5, 1, 1, "generate_series(5::int8, 1::int8, 1::int8)"),
    (t.INT, 2**63 - 2, 2**63 - 1, 5, "generate_series(9223372036854775806::int8, 9223372036854775807::int8, 5::int8)"),
    (t.INT, None, 1, 1, "generate_series(null::int8, 1::int8, 1::int8)"),
    (t.DATE, "2026-01-31", "2026-06-30", IntervalValue(1), "generate_series('2026-01-31'::timestamp, '2026-06-30', '1 month')::date"),
    (t.DATE, "2026-03-01", "2026-02-20", IntervalValue(0, -3), "generate_series('2026-03-01'::timestamp, '2026-02-20', '-3 days')::date"),
    (t.TIMESTAMP, "2026-01-01 10:00Z", "2026-01-02", IntervalValue(0, 0, 18_000_000_000),
     "generate_series('2026-01-01 10:00Z'::timestamptz, '2026-01-02Z', '5 hours')"),
]  # fmt: skip


@pytest.mark.parametrize("type_, start, stop, step, text", SERIES)
def test_series(connection: psycopg.Connection, type_: t.Type, start: object, stop: object, step: Value, text: str) -> None:
    first, last = (lit(None if v is None else typed(v, type_), type_) for v in (start, stop))
    step_type: t.Type = t.INTERVAL if isinstance(step, IntervalValue) else t.INT
    relation = ir.Series(Scope(SCHEMA).column("v", type_), first, last, lit(step, step_type))
    ours = [output(type_, row[0]) for row in run(query(relation), DATABASE).rows]
    assert ours == [row[0] for row in connection.execute(f"select v::text from (select {text}) q(v)")]


def test_a_nested_list_keeps_its_order() -> None:
    s = Scope(SCHEMA)
    left, right = ab(s)
    inner = s.shape(Sort(Filter(right, f("=", s.ref("b.x"), s.ref("a.x"))), by(s.ref("b.id"), descending=True)), j=s.ref("b.id"))
    rows = run(query(s.shape(left, i=s.ref("a.id"), list=Collect(inner))), DATABASE).rows
    records = (RecordValue(("j",), (2,)), RecordValue(("j",), (1,)))
    assert rows[0] == (1, records)
    assert rows[2] == (3, ())


def test_policies_decide_which_rows_exist() -> None:
    s = Scope(SCHEMA)
    hidden = ir.Scan("a", columns := s.row("a", "a"), ir.Access(f("=", s.ref("a.s"), lit("u", t.TEXT)), ()), "a")
    assert columns
    assert [row[0] for row in run(query(hidden), DATABASE).rows] == [1, 4]


def test_lets_keep_the_rows_they_had() -> None:
    s = Scope(SCHEMA)
    bound = ir.Statement(s.shape(s.scan("a"), i=s.ref("a.id")), "v")
    scan = ir.LetScan("v", (s.column("v.i", t.INT, False),))
    assert len(run(query(bound, scan), DATABASE).rows) == len(A)
