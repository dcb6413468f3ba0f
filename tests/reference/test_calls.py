"""What a call takes: parameters, preconditions, claims, cursors; what it may raise; and how much it may do."""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal
from typing import Any

import attrs
import pytest

from liq.model import ir
from liq.model import types as t
from liq.model.errors import ErrorKind, LiqError
from liq.model.expr import (
    AggregateCall,
    And,
    Call,
    Case,
    Cast,
    ClaimRef,
    Coalesce,
    Column,
    Exists,
    Expr,
    Is,
    Not,
    Optional,
    Or,
    ParamRef,
    Relation,
    RowCompare,
    ScalarQuery,
    Truth,
    When,
)
from liq.model.ir import Filter, Join, JoinKind, Limit, Parameter, Precondition, Query, SortChoice, SortOption
from liq.model.schema import Claim, Schema
from liq.model.types import Type
from liq.model.values import IntervalValue, JsonValue, Value
from liq.reference.database import Database
from tests.reference.build import Scope, attempt, by, count, f, lit, query, run, table

SCHEMA = Schema(tables=(table("a", {"id": t.INT, "x": t.INT}), table("b", {"id": t.INT, "x": t.INT}), table("none", {"id": t.INT, "x": t.INT})))
DATABASE = Database.of(SCHEMA, {"a": [{"id": 1, "x": 0}, {"id": 2, "x": 5}, {"id": 3, "x": None}], "b": [{"id": 7, "x": 1}, {"id": 8, "x": 5}]})
COLOR = t.Enum("color", ("red", "blue"))


# ------------------------------------------------------------------------------------------------- parameters
def echo(type_: Type, **more: Any) -> Query:
    """A query that gives its parameter back."""
    s = Scope(SCHEMA)
    ref = ParamRef("p", type_, True)
    row = ir.Values((s.column("v", type_),), ((ref,),))
    return query(row, parameters=(Parameter("p", type_, **{"nullable": False, **more}),))


def kind_of(query_: Query, **params: object) -> ErrorKind | None:
    error = attempt(query_, DATABASE, params=params).error
    return None if error is None else error.kind


ACCEPTED: list[tuple[Type, object, Value]] = [
    (t.INT, 5, 5), (t.INT, "9223372036854775807", 2**63 - 1), (t.INT, 5.0, 5), (t.FLOAT, 1, 1.0), (t.FLOAT, "1e3", 1000.0),
    (t.DECIMAL, "1.50", Decimal("1.50")), (t.DECIMAL, 1.1, Decimal("1.1")), (t.Decimal(5, 2), "1.005", Decimal("1.01")),
    (t.TEXT, "x", "x"), (t.BOOL, True, True), (COLOR, "red", "red"), (t.DATE, "2026-01-02", dt.date(2026, 1, 2)),
    (t.UUID, "00000000-0000-0000-0000-000000000001", uuid.UUID(int=1)), (t.UUID, uuid.UUID(int=2), uuid.UUID(int=2)),
    (t.TIMESTAMP, "2026-01-02T03:04:05+02:00", dt.datetime(2026, 1, 2, 1, 4, 5, tzinfo=dt.UTC)),
    (t.INTERVAL, "7 days", IntervalValue(0, 7)), (t.INTERVAL, dt.timedelta(days=1, seconds=2), IntervalValue(0, 1, 2_000_000)),
    (t.BYTES, "\\x00ff", b"\x00\xff"), (t.BYTES, b"a", b"a"), (t.TIME, "10:00", dt.time(10)),
    (t.List(t.INT), [1, None, "3"], (1, None, 3)), (t.Vector(2), [1, 0.5], (1.0, 0.5)),
    (t.JSON, {"a": [1, 1.5, None]}, JsonValue({"a": (1, Decimal("1.5"), None)})), (t.JSON, "text", JsonValue("text")),
]  # fmt: skip
REFUSED: list[tuple[Type, object]] = [
    (t.INT, True), (t.INT, 1.5), (t.INT, 2**63), (t.INT, "x"), (t.INT, float("nan")), (t.INT16, 40000), (t.INT, [1]), (t.FLOAT, True),
    (t.FLOAT, 10**400), (t.DECIMAL, "1e40"), (t.DECIMAL, float("inf")), (t.Decimal(5, 2), "1000"), (t.TEXT, 1), (t.TEXT, "a\0b"),
    (t.TEXT, "\ud800"), (t.BOOL, 1), (t.BOOL, "true"), (COLOR, "green"), (t.DATE, dt.datetime(2026, 1, 1)), (t.DATE, "2026-02-30"),
    (t.TIMESTAMP, dt.datetime(2026, 1, 1)), (t.UUID, "x"), (t.List(t.INT), "1"), (t.List(t.INT), ["x"]), (t.Vector(2), [1]),
    (t.Vector(2), [1, 1e300]), (t.JSON, {1: 2}), (t.JSON, "a\0"), (t.JSON, {"a": object()}), (t.Cursor((t.INT,)), (1, 2)), (t.INT, None),
]  # fmt: skip


@pytest.mark.parametrize("type_, raw, value", ACCEPTED, ids=str)
def test_inputs_become_values(type_: Type, raw: object, value: Value) -> None:
    assert run(echo(type_), DATABASE, params={"p": raw}).rows == ((value,),)


@pytest.mark.parametrize("type_, raw", REFUSED, ids=lambda part: ascii(part) if "object at" not in ascii(part) else "an object")
def test_other_inputs_are_refused(type_: Type, raw: object) -> None:
    assert kind_of(echo(type_), p=raw) is ErrorKind.PARAMETER


def test_json_may_not_be_bottomless() -> None:
    deep: object = 1
    for _ in range(5000):
        deep = [deep]
    assert kind_of(echo(t.JSON), p=deep) is ErrorKind.PARAMETER


def test_exactly_the_declared_parameters() -> None:
    assert kind_of(echo(t.INT)) is ErrorKind.PARAMETER
    assert kind_of(echo(t.INT), p=1, q=2) is ErrorKind.PARAMETER
    assert kind_of(echo(t.INT), p=1) is None
    assert run(echo(t.INT, nullable=True), DATABASE, params={"p": None}).rows == ((None,),)
    assert kind_of(echo(t.INT, nullable=True)) is ErrorKind.PARAMETER
    assert run(echo(t.INT, optional=True), DATABASE).rows == ((None,),)
    assert run(echo(t.INT, default=lit(7)), DATABASE).rows == ((7,),)
    assert kind_of(echo(t.TEXT, options=("a", "b")), p="c") is ErrorKind.PARAMETER


def test_preconditions_must_be_true() -> None:
    bounded = echo(t.INT, nullable=True)
    small = attrs.evolve(bounded, preconditions=(Precondition(f("<", ParamRef("p", t.INT, True), lit(10)), "too big"),))
    assert run(small, DATABASE, params={"p": 9}).rows == ((9,),)
    for value in (10, None):
        with pytest.raises(LiqError, match="too big") as caught:
            run(small, DATABASE, params={"p": value})
        assert caught.value.kind is ErrorKind.PARAMETER


def test_optional_parts_go_as_a_whole() -> None:
    s = Scope(SCHEMA)
    scan = s.scan("a")
    p = ParamRef("p", t.INT, True)
    where = And((Optional("p", f("=", s.ref("a.x"), p)), f(">", s.ref("a.id"), lit(1))))
    made = query(Filter(scan, where), parameters=(Parameter("p", t.INT, True, True),))
    assert [r[0] for r in run(made, DATABASE).rows] == [2, 3]
    assert [r[0] for r in run(made, DATABASE, params={"p": 5}).rows] == [2]


def test_a_caller_chooses_an_order() -> None:
    s = Scope(SCHEMA)
    scan = s.scan("a")
    options = (SortOption("x", by(s.ref("a.x"))), SortOption("last", by(s.ref("a.id"), descending=True)))
    made = query(SortChoice(scan, "sort", options), parameters=(Parameter("sort", t.TEXT, True, True, options=("x", "last")),))
    assert [r[0] for r in run(made, DATABASE).rows] == [1, 2, 3]
    assert [r[0] for r in run(made, DATABASE, params={"sort": "last"}).rows] == [3, 2, 1]


def test_rows_come_as_a_parameter() -> None:
    s = Scope(SCHEMA)
    columns = (s.column("id", t.INT, False), s.column("x", t.INT))
    made = query(ir.ParamRows("rows", columns), parameters=(Parameter("rows", t.List(t.INT), False, rows_of=columns),))
    assert run(made, DATABASE, params={"rows": [{"id": 1, "x": 2}, {"id": "3"}]}).rows == ((1, 2), (3, None))
    for bad in ({"x": 1}, {"id": 1, "y": 1}, {"id": "z"}, 5):
        assert kind_of(made, rows=[bad]) is ErrorKind.PARAMETER


def pages() -> Query:
    """Two rows at a time, after a cursor."""
    s = Scope(SCHEMA)
    scan = s.scan("a")
    cursor = t.Cursor((t.INT,))
    after = Optional("after", RowCompare(">", (s.ref("a.id"),), (ParamRef("after", t.INT, True, 0),)))
    limited = Limit(ir.Sort(Filter(scan, after), by(s.ref("a.id"))), ParamRef("n", t.INT, False), None)
    shown = s.shape(limited, x=s.ref("a.x"), id=s.ref("a.id"))
    parameters = (Parameter("after", cursor, True, True), Parameter("n", t.INT, False))
    return query(shown, parameters=parameters, result=shown.columns[:1], paging=ir.Paging("after", (shown.columns[1].id,)), ordered=True)


@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_pages_follow_each_other(size: int) -> None:
    seen, cursor, rounds = [], None, 0
    while cursor is not None or rounds == 0:
        page = run(pages(), DATABASE, params={"n": size, "after": cursor})
        assert len(page.rows) <= size
        seen += [row[0] for row in page.rows]
        cursor, rounds = page.next_cursor_keys, rounds + 1
    assert seen == [0, 5, None]
    assert rounds == -(-3 // size)


# ------------------------------------------------------------------------------------------------- claims
def claims_of(claims: tuple[Claim, ...], document: dict[str, object]) -> tuple[Value, ...]:
    schema = Schema(tables=SCHEMA.tables, claims=claims)
    s = Scope(schema)
    refs: tuple[Expr, ...] = tuple(ClaimRef(c.name, c.type, c.nullable) for c in claims)
    row = ir.Values(tuple(s.column(c.name, c.type) for c in claims), (refs,))
    database = Database.of(schema, {"a": [{"id": 1, "x": 4}, {"id": 2, "x": 5}]})
    return run(query(row), database, claims=document).rows[0]


def test_claims_come_from_their_paths() -> None:
    org = Claim("org", t.UUID, True, "app.org")
    roles = Claim("roles", t.List(t.TEXT), True, "roles")
    level = Claim("level", t.INT, True, "level")
    document: dict[str, object] = {"app": {"org": str(uuid.UUID(int=1))}, "roles": ["a", "b"], "level": "3"}
    assert claims_of((org, roles, level), document) == (uuid.UUID(int=1), ("a", "b"), 3)
    assert claims_of((org, roles, level), {"app": "x"}) == (None, None, None)
    assert claims_of((level,), {"level": 3}) == (3,)


def test_claims_have_defaults_that_may_read() -> None:
    s = Scope(SCHEMA)
    uid = Claim("uid", t.INT, True, "sub")
    role = Claim("role", t.TEXT, False, "role", lit("anon", t.TEXT))
    mine = s.shape(Filter(s.scan("a"), f("=", s.ref("a.id"), ClaimRef("uid", t.INT, True))), x2=s.ref("a.x"))
    x = Claim("x", t.INT, True, "x", ScalarQuery(mine))
    assert claims_of((uid, role, x), {"sub": 2}) == (2, "anon", 5)
    assert claims_of((uid, role, x), {"sub": 2, "role": "staff", "x": 9}) == (2, "staff", 9)
    assert claims_of((uid, role, x), {}) == (None, "anon", None)


@pytest.mark.parametrize("document", [{}, {"sub": "x"}, {"sub": None}, {"sub": [1]}, {"sub": {"a": 1}}, {"sub": 1.5}])
def test_claims_that_do_not_fit_refuse_the_call(document: dict[str, object]) -> None:
    with pytest.raises(LiqError) as caught:
        claims_of((Claim("uid", t.INT, False, "sub"),), document)
    assert caught.value.kind is ErrorKind.CLAIM


# ------------------------------------------------------------------------------------------------- the may-raise set
def inverse(s: Scope, name: str) -> Call:
    """``10 / name > 1``: division by zero where it is zero."""
    return f(">", f("/", lit(10), s.ref(name)), lit(1))


def not_zero(s: Scope, name: str) -> Call:
    return f("<>", s.ref(name), lit(0))


def fails(s: Scope) -> Expr:
    return f(">", f("/", lit(1), lit(0)), lit(0))


def guarded(s: Scope, name: str) -> Expr:
    return Case((When(not_zero(s, name), inverse(s, name)),), lit(False, t.BOOL), t.BOOL)


def joined(s: Scope, kind: JoinKind) -> Relation:
    left, right = s.scan("a"), s.scan("b")
    return Join(kind, left, right, f("=", s.ref("a.x"), s.ref("b.x")))


DIVIDES = {ErrorKind.DIVISION_BY_ZERO}


def above_filter(s: Scope) -> Relation:
    return Filter(Filter(s.scan("a"), not_zero(s, "a.x")), inverse(s, "a.x"))


def above_join(s: Scope) -> Relation:
    return Filter(joined(s, JoinKind.INNER), inverse(s, "a.x"))


def above_projection(s: Scope) -> Relation:
    inner = s.shape(s.scan("a"), y=f("+", s.ref("a.x"), lit(0)))
    return Filter(Filter(inner, not_zero(s, "y")), inverse(s, "y"))


def above_union(s: Scope) -> Relation:
    inputs = (s.shape(s.scan("b"), y=s.ref("b.x")), s.shape(Filter(s.scan("a"), not_zero(s, "a.x")), z=s.ref("a.x")))
    both = ir.SetOperation(ir.SetOperator.UNION_ALL, inputs, (s.column("u", t.INT),))
    return Filter(Filter(both, not_zero(s, "u")), inverse(s, "u"))


def above_outer_join(s: Scope) -> Relation:
    left = joined(s, JoinKind.LEFT)
    value = f("-", Coalesce((s.ref("b.x"), lit(0)), t.INT), lit(0))
    return Filter(Filter(left, Is(s.ref("b.id"), Truth.NULL, True)), f(">", f("/", lit(1), value), lit(5)))


def above_groups(s: Scope) -> Relation:
    groups = s.group(s.scan("b"), {"k": s.ref("b.x")}, n=count())
    return Filter(Filter(groups, f(">", s.ref("n"), lit(1))), f(">", f("/", lit(1), f("-", s.ref("n"), lit(1))), lit(0)))


def in_unread_subquery(s: Scope) -> Relation:
    outer = s.scan("none")
    groups = s.group(s.scan("b"), {}, n=count())
    inner = Filter(groups, f(">", f("/", lit(1), f("-", s.ref("n"), lit(2))), lit(0)))
    return Filter(outer, Exists(inner))


def in_a_policy(s: Scope) -> Relation:
    columns = s.row("a", "a")
    return ir.Scan("a", columns, ir.Access(And((f(">", s.ref("a.id"), lit(1)), inverse(s, "a.x"))), ()), "a")


def hidden_by_a_policy(s: Scope) -> Relation:
    columns = s.row("a", "a")
    return Filter(ir.Scan("a", columns, ir.Access(f(">", s.ref("a.id"), lit(1)), ()), "a"), inverse(s, "a.x"))


def casting(s: Scope) -> Relation:
    return s.shape(Filter(s.scan("a"), Is(s.ref("a.x"), Truth.NULL)), y=Cast(lit("x", t.TEXT), t.INT))


SETS: list[tuple[Any, set[ErrorKind], bool]] = [
    (above_filter, DIVIDES, False),
    (above_join, DIVIDES, False),
    (above_projection, DIVIDES, False),
    (above_union, DIVIDES, False),
    (above_outer_join, DIVIDES, False),
    (above_groups, DIVIDES, False),
    (in_unread_subquery, DIVIDES, False),
    (hidden_by_a_policy, set(), False),
    (in_a_policy, DIVIDES, True),
    (lambda s: Filter(s.scan("a"), And((not_zero(s, "a.x"), inverse(s, "a.x")))), DIVIDES, True),
    (lambda s: Filter(s.scan("a"), Or((lit(True, t.BOOL), inverse(s, "a.x")))), DIVIDES, True),
    (lambda s: Filter(s.scan("a"), guarded(s, "a.x")), set(), False),
    (lambda s: Filter(s.scan("a"), Not(guarded(s, "a.x"))), set(), False),
    (lambda s: Filter(s.scan("b"), inverse(s, "b.x")), set(), False),
    (lambda s: Filter(s.scan("none"), inverse(s, "none.x")), set(), False),
    (lambda s: Filter(s.scan("none"), fails(s)), DIVIDES, False),
    (lambda s: Filter(s.scan("none"), Case((When(not_zero(s, "none.x"), fails(s)),), lit(False, t.BOOL), t.BOOL)), DIVIDES, False),
    (lambda s: Filter(s.scan("none"), Case((When(lit(False, t.BOOL), fails(s)),), not_zero(s, "none.x"), t.BOOL)), set(), False),
    (lambda s: Filter(s.scan("none"), Coalesce((not_zero(s, "none.x"), lit(True, t.BOOL), fails(s)), t.BOOL)), set(), False),
    (casting, {ErrorKind.INVALID_VALUE, ErrorKind.OUT_OF_RANGE}, True),
]


@pytest.mark.parametrize("build, kinds, raises", SETS)
def test_what_may_be_raised(build: Any, kinds: set[ErrorKind], raises: bool) -> None:
    tried = attempt(query(build(Scope(SCHEMA))), DATABASE)
    assert tried.may_raise == kinds
    assert (tried.error is not None) == raises
    assert tried.error is None or tried.error.kind in kinds


def test_too_many_rows_count_by_their_expressions() -> None:
    """Where an expression cannot be tried on all rows, all that it could raise counts."""
    many = Database.of(SCHEMA, {"a": [{"id": n, "x": n} for n in range(80)], "b": [{"id": n, "x": n + 1} for n in range(80)]})
    s = Scope(SCHEMA)
    both = Join(JoinKind.INNER, s.scan("a"), s.scan("b"), lit(False, t.BOOL))
    tried = attempt(query(Filter(both, f(">", f("/", s.ref("a.x"), s.ref("b.x")), lit(5)))), many)
    assert tried.error is None
    assert tried.may_raise == {ErrorKind.DIVISION_BY_ZERO, ErrorKind.OUT_OF_RANGE}


def test_a_second_row_is_an_error() -> None:
    s = Scope(SCHEMA)
    value = ScalarQuery(s.shape(s.scan("b"), v=s.ref("b.x")))
    tried = attempt(query(s.shape(s.scan("a"), w=value)), DATABASE)
    assert tried.error is not None
    assert tried.error.kind is ErrorKind.TOO_MANY_ROWS


def test_float_sums_that_may_overflow_on_the_way() -> None:
    s = Scope(SCHEMA)
    rows = ir.Values((s.column("v", t.FLOAT),), tuple((lit(v, t.FLOAT),) for v in (1e308, 1e308, -1e308)))
    tried = attempt(query(s.group(rows, {}, total=AggregateCall("sum", (s.ref("v"),), t.FLOAT, True))), DATABASE)
    assert tried.outcome is not None
    assert tried.outcome.rows == ((1e308,),)
    assert tried.may_raise == {ErrorKind.OUT_OF_RANGE}


# ------------------------------------------------------------------------------------------------- bounds, determinism
def test_runaways_are_refused() -> None:
    s = Scope(SCHEMA)
    series = ir.Series(s.column("v", t.INT), lit(1), lit(10**12), lit(1))
    tried = attempt(query(series), DATABASE, steps_max=10_000)
    assert tried.error is not None
    assert tried.error.kind is ErrorKind.LIMIT


@pytest.mark.parametrize("depth, refused", [(300, False), (5000, True)])
def test_deep_plans_are_refused_not_crashed(depth: int, refused: bool) -> None:
    expr: Expr = lit(1)
    for _ in range(depth):
        expr = f("neg", expr)
    row = ir.Values((Column(1, "v", t.INT, False),), ((expr,),))
    tried = attempt(query(row), DATABASE)
    assert (tried.error is not None) == refused
    assert not refused or (tried.error is not None and tried.error.kind is ErrorKind.LIMIT)


def test_calls_repeat() -> None:
    s = Scope(SCHEMA)
    made = query(s.shape(s.scan("a"), u=f("gen_random_uuid"), at=f("now"), day=f("today")))
    first, again = run(made, DATABASE, seed=5), run(made, DATABASE, seed=5)
    assert first.rows == again.rows
    assert len({row[0] for row in first.rows}) == 3
    assert first.rows != run(made, DATABASE, seed=6).rows
