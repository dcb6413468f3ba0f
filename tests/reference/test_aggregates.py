"""Aggregates and windows, compared with PostgreSQL."""

from __future__ import annotations

import datetime as dt
import itertools
import math
from collections.abc import Iterator, Sequence
from decimal import Decimal as D

import pytest

from liq.model import types as t
from liq.model.errors import ErrorKind
from liq.model.expr import (
    AggregateCall,
    Bound,
    BoundKind,
    Column,
    ColumnRef,
    Expr,
    Frame,
    Literal,
    SortKey,
    WindowCall,
    WindowItem,
)
from liq.model.functions import AGGREGATES, WINDOWS, resolve
from liq.model.types import Type
from liq.model.values import IntervalValue, Value
from liq.reference.aggregates import aggregate, implemented
from liq.reference.casts import output, text_of
from liq.reference.machine import Row
from liq.reference.windows import with_windows
from tests.pg.server import Server
from tests.reference.machines import machine
from tests.reference.oracle import Answer, Oracle
from tests.reference.values import COLOR, INTS, POOLS, sql, sql_type

N, X, B = (lambda type_: Column(1, "n", t.INT, False)), (lambda type_: Column(2, "x", type_, True)), Column(3, "b", t.BOOL, True)
HUGE = D("9" * 38)


@pytest.fixture(scope="module")
def oracle(pg: Server) -> Oracle:
    return Oracle.on(pg.fresh_database())


def ref(column: Column) -> ColumnRef:
    return ColumnRef(column.id, column.name, column.type, column.nullable)


def rows_of(values: Sequence[Value]) -> list[Row]:
    """Rows numbered from 1; b goes true, false, null, true …"""
    return [{1: n, 2: value, 3: (True, False, None)[n % 3]} for n, value in enumerate(values, 1)]


def table(type_: Type, rows: list[Row]) -> str:
    """The rows as an SQL source v(n, x, b)."""
    if not rows:
        return f"(select 1::int8 as n, null::{sql_type(type_)} as x, true as b where false) v"
    lines = (f"({sql(t.INT, r[1])}, {sql(type_, r[2])}, {sql(t.BOOL, r[3])})" for r in rows)
    return f"(values {', '.join(lines)}) v(n, x, b)"


GROUPS: dict[Type, list[list[Value]]] = {
    t.INT: [[], [None], [1], [1, 2, 2, None, 3], [2**63 - 1, 2**63 - 1, -5], [10, 0, 0], [1, 1, 2]],
    t.DECIMAL: [[], [None, None], [D("1.5")], [D("1.50"), D("1.5"), D("2"), None], [D("1"), D("1"), D("2.0000")], [HUGE, HUGE],
                [D("0.1"), D("0.20"), D("-0.3")], [D("1e18"), D("3")], [D("0"), D("0")], [D("10"), D("20"), D("0")]],
    t.FLOAT: [[], [None], [1.5], [0.5, 1.5, 2.5, None], [1e308, 1e308], [1e308, 1e308, -1e308], [math.inf, 1.0],
              [math.inf, -math.inf], [math.nan, 1.0], [-0.0, 0.0], [3.0, 1.0, 2.0, 10.0], [1e200, -1e200]],
    t.TEXT: [[], [None], ["a", "b", None, "a"], ["", "Z", "a"], ["é", "z", "日"]],
    t.BOOL: [[], [None], [True, False, None], [True, True], [False, None]],
    t.INTERVAL: [[], [IntervalValue(1, 2, 3), None, IntervalValue(0, -2, 5)], [IntervalValue(2**31 - 1)] * 2],
    t.DATE: [[dt.date(2026, 1, 2), None, dt.date(1999, 1, 1)]],
    t.TIME: [[dt.time(1), dt.time(2)]],
    t.TIMESTAMP: [[v for v in POOLS[t.TIMESTAMP]]],
    COLOR: [["blue", "red", None, "green"]],
    INTS: [[(1, 2), (1,), (None,), None]],
}  # fmt: skip
TYPED: dict[str, list[Type]] = {
    "count": list(GROUPS), "sum": [t.INT, t.DECIMAL, t.FLOAT, t.INTERVAL], "avg": [t.INT, t.DECIMAL, t.FLOAT],
    "min": [k for k in GROUPS if k != t.BOOL], "max": [k for k in GROUPS if k != t.BOOL],
    "bool_and": [t.BOOL], "bool_or": [t.BOOL], "string_agg": [t.TEXT],
    "array_agg": [k for k in GROUPS if k != INTS], "percentile": [t.FLOAT], "stddev": [t.FLOAT], "variance": [t.FLOAT],
}  # fmt: skip
FRACTIONS: list[Value] = [0.0, 0.25, 0.5, 0.95, 1.0, -0.1, 1.1, math.nan, None]


def calls(function: str, type_: Type) -> Iterator[tuple[AggregateCall, str]]:
    """The variants of an aggregate, and the same in SQL."""
    x = ref(X(type_))
    if function == "percentile":
        for fraction in FRACTIONS:
            args: tuple[Expr, ...] = (Literal(fraction, t.FLOAT), x)
            text = f"percentile_cont({sql(t.FLOAT, fraction)}) within group (order by x)"
            yield AggregateCall(function, args, t.FLOAT, True), text
        return
    args = (x, Literal(", ", t.TEXT)) if function == "string_agg" else (x,)
    inner = "x, ', '" if function == "string_agg" else "x"
    resolved = resolve(AGGREGATES, function, [a.type for a in args])
    assert resolved is not None
    by_n = (SortKey(ref(N(t.INT)), True, True),)
    by_x = (SortKey(x, True, True),)
    orders: list[tuple[SortKey, ...]] = [(), by_n, by_x]
    wheres: list[Expr | None] = [None, ref(B)]
    for distinct, where, order in itertools.product((False, True), wheres, orders):
        if (distinct and order == by_n) or (not distinct and not order and function in ("string_agg", "array_agg")):
            continue
        call = AggregateCall(function, args, resolved.result, True, distinct, where, order)
        keys = {(): "", by_n: " order by n desc", by_x: " order by x desc"}[order]
        filtered = " filter (where b)" if where is not None else ""
        yield call, f"{function}({'distinct ' if distinct else ''}{inner}{keys}){filtered}"


def close(call: AggregateCall, ours: Answer, theirs: Answer) -> bool:
    """Float aggregates are exact in liq; PostgreSQL's rounding, and overflow on the way, differ."""
    if call.type != t.FLOAT or ours.text is None:
        return False
    if theirs.text is not None:
        return math.isclose(float(ours.text), float(theirs.text), rel_tol=1e-12)
    return theirs.error is ErrorKind.OUT_OF_RANGE


def test_every_aggregate_is_implemented_and_compared() -> None:
    signatures = {f"{o.name}({', '.join(o.parameters)})" for overloads in AGGREGATES.values() for o in overloads}
    assert implemented() == signatures
    assert set(TYPED) == set(AGGREGATES)


@pytest.mark.parametrize("function", TYPED)
def test_aggregate(oracle: Oracle, function: str) -> None:
    tried = [
        (call, rows_of(values), f"select ({text})::text from {table(type_, rows_of(values))}")
        for type_ in TYPED[function]
        for call, text in calls(function, type_)
        for values in GROUPS[type_]
    ]
    differences = []
    for (call, rows, text), theirs in zip(tried, oracle.query([text for _, _, text in tried]), strict=True):
        at = machine()
        value = aggregate(call, rows, {}, at)
        first = at.journal.first
        ours = Answer(error=first.kind) if first else Answer(None if value is None else text_of(call.type, value))
        may = at.may | at.journal.kinds
        if ours != theirs and not (close(call, ours, theirs) and (theirs.error is None or theirs.error in may)):
            if not (ours.error is ErrorKind.OUT_OF_RANGE and len(theirs.text or "") > 38):
                differences.append(f"{text}\n    liq {ours}\n    pg  {theirs}")
    assert not differences, f"{len(differences)} of {len(tried)}:\n" + "\n".join(differences[:30])


def test_count_without_arguments_counts_rows() -> None:
    call = AggregateCall("count", (), t.INT, False)
    assert [aggregate(call, rows_of(values), {}, machine()) for values in ([], [None], [None, 1])] == [0, 1, 2]


def test_float_sums_do_not_depend_on_order() -> None:
    values: list[Value] = [1e16, 1.0, -1e16, 0.1, 1e-9, 3.3]
    call = AggregateCall("sum", (ref(X(t.FLOAT)),), t.FLOAT, True)
    sums = {aggregate(call, rows_of(list(order)), {}, machine()) for order in itertools.permutations(values)}
    assert sums == {math.fsum([1e16, 1.0, -1e16, 0.1, 1e-9, 3.3])}


# ------------------------------------------------------------------------------------------------- windows
WINDOW_VALUES: list[Value] = [3, 1, None, 1, 2, 3, 3, None, 10, 2]
KINDS = [Bound(BoundKind.UNBOUNDED_PRECEDING), Bound(BoundKind.PRECEDING, 2), Bound(BoundKind.CURRENT_ROW),
         Bound(BoundKind.FOLLOWING, 1), Bound(BoundKind.UNBOUNDED_FOLLOWING)]  # fmt: skip
FRAMES: list[Frame | None] = [None] + [
    Frame(a, b) for i, a in enumerate(KINDS[:-1]) for j, b in enumerate(KINDS) if j >= max(i, 1) or (i, j) == (1, 1)
] + [Frame(Bound(BoundKind.PRECEDING, 3), Bound(BoundKind.PRECEDING, 1)), Frame(Bound(BoundKind.FOLLOWING, 2), Bound(BoundKind.FOLLOWING, 3))]


def bound_text(bound: Bound) -> str:
    return f"{bound.rows} {bound.kind.value}" if bound.kind in (BoundKind.PRECEDING, BoundKind.FOLLOWING) else bound.kind.value


X_INT = ref(X(t.INT))
N_INT = ref(N(t.INT))


def number(value: int | None) -> Literal:
    return Literal(value, t.INT)


WINDOW_ARGS: dict[str, list[tuple[Expr, ...]]] = {
    "row_number": [()], "rank": [()], "dense_rank": [()], "percent_rank": [()], "cume_dist": [()],
    "ntile": [(number(n),) for n in (1, 3, 4, 20, 0, -1, None)],
    **{f: [(X_INT,), (X_INT, number(2)), (X_INT, number(-1)), (X_INT, number(0)), (X_INT, number(None)),
           (X_INT, number(3), N_INT)] for f in ("lag", "lead")},
    "first_value": [(X_INT,)], "last_value": [(X_INT,)],
    "nth_value": [(X_INT, number(n)) for n in (1, 2, 5, 0, -3, None)],
    "sum": [(X_INT,)], "avg": [(X_INT,)], "count": [(X_INT,)], "min": [(X_INT,)], "max": [(X_INT,)], "array_agg": [(X_INT,)],
}  # fmt: skip


def window_cases() -> Iterator[tuple[WindowCall, str]]:
    by_n, by_x = SortKey(N_INT, False, False), SortKey(X_INT, True, True)
    orders: list[tuple[SortKey, ...]] = [(by_n,), (by_x, by_n), (by_x,), ()]
    for function, variants in WINDOW_ARGS.items():
        for args, order, partition, frame in itertools.product(variants, orders, ((), (ref(B),)), FRAMES):
            whole_order = by_n in order
            peers_only = function in ("rank", "dense_rank", "percent_rank", "cume_dist") or (
                function in AGGREGATES and function != "array_agg" and frame is None
            )
            if not (whole_order or peers_only) or (frame is not None and function not in (*AGGREGATES, "first_value", "last_value", "nth_value")):
                continue
            resolved = resolve(AGGREGATES if function in AGGREGATES else WINDOWS, function, [a.type for a in args])
            assert resolved is not None
            call = WindowCall(function, args, resolved.result, True, partition, order, frame)
            yield call, window_text(call)


def window_text(call: WindowCall) -> str:
    """The call in SQL; ntile, lag, lead and nth_value take int4 there."""
    place = 1 if call.function in ("lag", "lead", "nth_value") else 0 if call.function == "ntile" else -1
    texts = [a.name if isinstance(a, ColumnRef) else sql(t.INT, a.value) if isinstance(a, Literal) else "" for a in call.args]
    args = ", ".join(f"({text})::int4" if at == place else text for at, text in enumerate(texts))
    parts = ["partition by b"] if call.partition else []
    if call.order:
        keys = ", ".join("n" if key.expr == N_INT else "x desc" for key in call.order)
        parts.append(f"order by {keys}")
    if call.frame is not None:
        parts.append(f"rows between {bound_text(call.frame.start)} and {bound_text(call.frame.end)}")
    return f"{call.function}({args}) over ({' '.join(parts)})"


def test_windows(oracle: Oracle) -> None:
    assert set(WINDOW_ARGS) >= set(WINDOWS)
    rows = rows_of(WINDOW_VALUES)
    tried = list(window_cases())
    source = table(t.INT, rows)
    queries = [f"select array_agg(w::text order by n)::text from (select n, {text} as w from {source}) q" for _, text in tried]
    differences = []
    for (call, text), theirs in zip(tried, oracle.query(queries), strict=True):
        at = machine()
        done = with_windows(rows, [WindowItem(Column(9, "w", call.type, True), call)], {}, at)
        values = tuple(None if row[9] is None else output(call.type, row[9]) for row in done)
        first = at.journal.first
        ours = Answer(error=first.kind) if first else Answer(output(t.List(t.TEXT), values))
        if ours != theirs:
            differences.append(f"{text}\n    liq {ours}\n    pg  {theirs}")
    assert not differences, f"{len(differences)} of {len(tried)}:\n" + "\n".join(differences[:30])


def test_window_aggregates_filter_their_rows() -> None:
    call = WindowCall("sum", (X_INT,), t.DECIMAL, True, (), (SortKey(N_INT, False, False),), None, ref(B))
    rows = with_windows(rows_of([1, 2, 4, 8, 16, 32]), [WindowItem(Column(9, "w", t.DECIMAL, True), call)], {}, machine())
    assert [row[9] for row in rows] == [None, None, D(4), D(4), D(4), D(36)]
