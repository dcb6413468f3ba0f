"""The naive physical plan means what the IR means, and keeps what may raise from hidden rows."""

from __future__ import annotations

import pytest

from liq.model import expr as e
from liq.model import ir
from liq.model import physical as p
from liq.model import types as t
from liq.model.node import walk
from liq.reference.database import Database
from liq.reference.run import Call, Signature, attempt, attempt_physical
from liq_planner.lower import lower_query
from tests.emit.ir_builder import LIBRARY, ROWS, Build, Rel, aggregate, call, integer, query, text
from tests.emit.test_writes import Writes, conflict

ANN = {"sub": "ann"}


def agree(q: ir.Query) -> p.PhysicalPlan:
    """The plan of a query, which gives the same outcome."""
    plan = lower_query(q)
    context = Call(LIBRARY, Database.of(LIBRARY, ROWS), {}, ANN, hash_key=b"k")
    ours, theirs = attempt(q, context), attempt_physical(plan, Signature.of(q), context)
    assert (ours.error and ours.error.kind) == (theirs.error and theirs.error.kind)
    if ours.outcome is not None and theirs.outcome is not None:
        assert ours.outcome.rows == theirs.outcome.rows
        assert ours.outcome.database == theirs.outcome.database
    return plan


def operators(plan: p.PhysicalPlan, kind: type) -> list:
    return [node for node in walk(plan) if isinstance(node, kind)]


def test_policies_stand_right_above_their_scans() -> None:
    b = Build()
    authors, books = b.scan("authors"), b.scan("books")
    joined = b.join(ir.JoinKind.LEFT, authors, books, call("=", books["author_id"], authors["id"]))
    plan = agree(query(b.project(joined, name=authors["name"], title=books["title"])))
    for select in operators(plan, p.Select):
        if select.origin is p.Origin.POLICY:
            assert isinstance(select.input, p.TableScan)
    assert len(operators(plan, p.Barrier)) == 0
    assert {s.names for s in operators(plan, p.TableScan)} == {
        ("id", "name", "country"), ("author_id", "title", "owner", "deleted_at"), ("author_id", "owner"),
    }  # fmt: skip


def risky(books: Rel) -> e.Expr:
    return call(">", call("/", integer(100), e.Cast(books["pages"], t.INT)), integer(1))


@pytest.mark.parametrize("form", ["where", "on", "computed", "subquery", "update", "value", "open"])
def test_barriers(form: str) -> None:
    b = Writes()
    authors, books = b.scan("authors"), b.scan("books")
    expected = 1
    match form:
        case "where":
            q = query(b.keep(b.filter(books, risky(books)), "id"))
        case "on":
            q = query(b.keep(b.join(ir.JoinKind.INNER, authors, books, risky(books)), "name"))
            expected = 2
        case "computed":
            shaped = b.project(books, id=books["id"], x=call("/", integer(100), e.Cast(books["pages"], t.INT)))
            q = query(b.filter(shaped, call(">", shaped["x"], integer(1))))
        case "subquery":
            inner = b.filter(books, e.And((call("=", books["author_id"], authors["id"]), risky(books))))
            q = query(b.keep(b.filter(authors, e.Exists(inner.relation)), "name"))
            expected = 2
        case "update":
            q = query(b.update(risky, pages=integer(1)))
        case "value":
            q = query(b.project(books, x=call("/", integer(100), e.Cast(books["pages"], t.INT))))
            expected = 0
        case _:
            bare = b.scan("books", access=False)
            q = query(b.keep(b.filter(bare, risky(bare)), "id"))
            expected = 0
    plan = agree(q)
    barriers = operators(plan, p.Barrier)
    assert len(barriers) == expected
    for barrier in barriers:
        assert isinstance(barrier.input, p.Select)
        assert barrier.input.origin is p.Origin.POLICY


def test_every_relation_is_lowered() -> None:
    b = Build()
    books = b.scan("books")
    grouped = b.group(books, {"mood": books["mood"]}, n=aggregate("count"))
    agree(query(b.limit(b.sort(grouped, grouped.key("mood")), 2)))
    agree(query(b.distinct(b.keep(b.scan("books"), "owner"))))
    agree(query(b.combine(ir.SetOperator.EXCEPT, b.keep(b.scan("books"), "title"), b.keep(b.scan("authors"), "name"))))
    agree(query(b.follow(b.scan("edges"), "src", "dst", text("a"), 5)))
    agree(query(b.values({"a": t.INT}, (integer(1),), (integer(2),))))
    agree(query(Rel(ir.Series(b.column("x", t.INT), integer(1), integer(9), integer(3)))))
    authors = b.scan("authors")
    mine = b.filter(books, call("=", books["author_id"], authors["id"]))
    agree(query(b.project(authors, name=authors["name"], books=e.Collect(b.sort(b.keep(mine, "title"), books.key("title")).relation))))


def test_writes_are_lowered() -> None:
    b = Writes()
    agree(query(b.insert({}, {"title": text("Other")})))
    b = Writes()
    agree(query(b.insert({"title": text("Notes")}, conflict=conflict(b, ir.ConflictAction.UPDATE, "title"))))
    b = Writes()
    agree(query(b.update(lambda s: call("=", s["id"], integer(1)), pages=integer(1)), b.delete(lambda s: call("=", s["id"], integer(2)))))
    b = Writes()
    agree(query(b.insert({"owner": text("bob")})))
