"""The physical vocabulary means what the IR means, word for word."""

from __future__ import annotations

import pytest

from liq.model import ir
from liq.model import physical as p
from liq.model import types as t
from liq.model.expr import Collect, ListExpr, ParamRef, WindowCall, WindowItem
from liq.model.ir import Filter, Parameter, Query
from liq.model.physical import Operator
from liq.model.schema import OnDelete, Schema
from liq.reference.database import Database
from liq.reference.run import Attempt, Call, Signature, attempt, attempt_physical
from tests.reference import test_calls, test_relations, test_writes
from tests.reference.build import Scope, by, f, lit, query
from tests.reference.lowering import plan


def both(made: Query, schema: Schema, database: Database, **params: object) -> Attempt:
    """The attempt of a query, after checking that its plan does the same."""
    call = Call(schema, database, params)
    of_query, of_plan = attempt(made, call), attempt_physical(plan(made), Signature.of(made), call)
    assert (of_query.error is None) == (of_plan.error is None)
    assert of_plan.may_raise <= of_query.may_raise
    if of_query.outcome is not None and of_plan.outcome is not None:
        assert of_query.outcome == of_plan.outcome
    elif of_query.error is not None and of_plan.error is not None:
        assert of_query.error.kind is of_plan.error.kind
    return of_query


@pytest.mark.parametrize("name", test_relations.CASES)
def test_relations_mean_the_same(name: str) -> None:
    relation = test_relations.CASES[name][0](Scope(test_relations.SCHEMA))
    assert both(query(relation), test_relations.SCHEMA, test_relations.DATABASE).outcome is not None


@pytest.mark.parametrize("name", test_writes.STATEMENTS)
def test_writes_mean_the_same(name: str) -> None:
    statement = test_writes.STATEMENTS[name][0](Scope(test_writes.PLAIN))
    both(query(statement), test_writes.PLAIN, test_writes.database(test_writes.PLAIN))


@pytest.mark.parametrize("name, low, high", test_writes.DELETED)
def test_deletes_mean_the_same(name: str, low: int, high: int) -> None:
    cascading = test_writes.schema(*[OnDelete.CASCADE] * 3)
    statement = test_writes.delete(Scope(cascading), name, test_writes.is_in(name, low, high))
    assert both(query(statement), cascading, test_writes.database(cascading)).outcome is not None


@pytest.mark.parametrize("size", [1, 2, 5])
def test_pages_mean_the_same(size: int) -> None:
    assert both(test_calls.pages(), test_calls.SCHEMA, test_calls.DATABASE, n=size).outcome is not None


@pytest.mark.parametrize("build, kinds, raises", test_calls.SETS)
def test_plans_raise_no_more(build: object, kinds: object, raises: bool) -> None:
    assert callable(build)
    both(query(build(Scope(test_calls.SCHEMA))), test_calls.SCHEMA, test_calls.DATABASE)


def test_the_other_words_mean_the_same() -> None:
    s = Scope(test_calls.SCHEMA)
    scan = s.scan("a")
    numbers = ir.Unnest(s.column("v", t.INT), ListExpr((lit(3), lit(None), lit(1)), t.INT))
    call = WindowCall("rank", (), t.INT, False, (), by(s.ref("a.x")))
    windows = ir.Window(scan, (WindowItem(s.column("r", t.INT, False), call),))
    series = ir.Series(s.column("s", t.INT), lit(1), lit(3), lit(1))
    given = ir.ParamRows("rows", (s.column("id", t.INT, False),))
    choice = ir.SortChoice(ir.LetScan("w", (s.column("w.id", t.INT), s.column("w.x", t.INT))), "sort", (
        ir.SortOption("up", by(s.ref("w.id"))), ir.SortOption("down", by(s.ref("w.id"), descending=True))))  # fmt: skip
    last = s.shape(choice, i=s.ref("w.id"), list=Collect(Filter(numbers, f("<", s.ref("v"), s.ref("w.id")))))
    parameters = (Parameter("rows", t.List(t.INT), False, rows_of=given.columns), Parameter("sort", t.TEXT, True, True, options=("up", "down")))
    statements = [ir.Statement(body, name) for name, body in (("w", windows), ("s", series), ("g", given))]
    made = query(*statements, last, parameters=parameters)
    for sort in ("up", "down"):
        tried = both(made, test_calls.SCHEMA, test_calls.DATABASE, rows=[{"id": 1}], sort=sort)
        assert tried.outcome is not None
        assert len(tried.outcome.rows) == 3


def test_a_plan_sees_the_rows_that_its_selects_leave() -> None:
    """A table scan yields everything: hiding rows is the business of the operators above it."""
    s = Scope(test_calls.SCHEMA)
    columns = s.row("a", "a")
    scan: Operator = p.TableScan("a", ("id", "x"), columns)
    shown = p.Select(scan, f(">", s.ref("a.id"), ParamRef("low", t.INT, False)), p.Origin.POLICY)
    signature = Signature((Parameter("low", t.INT, False),), (), columns, False, None)
    call = Call(test_calls.SCHEMA, test_calls.DATABASE, {"low": 1})
    tried = attempt_physical(p.PhysicalPlan((p.Step(shown, None, None, True),)), signature, call)
    assert tried.outcome is not None
    assert [row[0] for row in tried.outcome.rows] == [2, 3]
