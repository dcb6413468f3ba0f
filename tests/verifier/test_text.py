"""O1 and O10: the emitted SQL is judged by itself; a text that was changed is refused, whatever the plan says."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from attrs import evolve

from liq.model import ir
from liq.model.emitted import SqlPlan
from liq.model.expr import And, Column, ColumnRef, Expr, Item, Literal, Relation
from liq.model.schema import Channel
from liq.model.types import INT, TEXT, TIMESTAMP
from liq_planner.emit.query import emit_query
from liq_planner.lower import lower_query
from liq_verifier import Kind, Verdict, Verification, verify
from tests.verifier.desk import (
    ORG,
    TENANT,
    UID,
    Scanned,
    call,
    docs,
    eq,
    fresh,
    lit,
    notes,
    notes_policy,
    param,
    parameter,
    tenant,
)

SCHEMA = evolve(TENANT, channels=(Channel("docs", "id"),))
PARAMS = (parameter("n"), parameter("i"), parameter("t", TEXT))


def seen(table: Scanned, *parts: Expr) -> ir.Scan:
    return evolve(table.ir, access=ir.Access(parts[0] if len(parts) == 1 else And(parts), ()))


def query(body: Relation) -> ir.Query:
    return ir.Query("q", PARAMS, (), (ir.Statement(body),), body.columns)


def shown(body: Relation, *refs: Expr) -> ir.Project:
    return ir.Project(body, tuple(Item(Column(9000 + i, f"c{i}", r.type, True), r) for i, r in enumerate(refs)))


def read() -> Relation:
    d = Scanned(docs)
    return shown(ir.Filter(seen(d, *tenant(d)), call(">", d["amount"], param("n"))), d["id"], d["title"])


def linked() -> Relation:
    d, n = Scanned(docs), Scanned(notes)
    joined = ir.Join(ir.JoinKind.LEFT, seen(n, notes_policy(n["doc"])), seen(d, *tenant(d)), eq(n["doc"], d["id"]))
    return shown(joined, n["text"], d["title"])


def counted() -> Relation:
    from liq.model.expr import AggregateCall, AggregateItem

    d = Scanned(docs)
    n = fresh("n", INT)
    group = ir.Aggregate(seen(d, *tenant(d)), (Item(fresh("owner", INT), d["owner"]),),
                         (AggregateItem(n, AggregateCall("count", (), INT, False)),))
    return ir.Filter(group, call(">", ColumnRef(n.id, "n", INT, False), lit(3)))


def union() -> Relation:
    d, e = Scanned(docs), Scanned(docs)
    sides = (shown(seen(d, *tenant(d)), d["id"]), ir.Project(seen(e, *tenant(e)), (Item(fresh("c0", INT), e["owner"]),)))
    return ir.SetOperation(ir.SetOperator.UNION, sides, (fresh("x", INT),))


def checked(row) -> ir.WriteCheck:
    refs = {c.name: ColumnRef(c.id, c.name, c.type, True) for c in row}
    return ir.WriteCheck(eq(refs["org"], ORG), ())


def update() -> Relation:
    d, row = Scanned(docs), tuple(fresh(c.name, c.type) for c in docs.columns)
    first = Item(fresh("x", INT), ColumnRef(row[0].id, "id", INT, False))
    return ir.Update(seen(d, *tenant(d)), eq(d["id"], param("i")), (ir.Assignment("title", param("t", TEXT)),), row, checked(row), (first,))


def insert() -> Relation:
    row = tuple(fresh(c.name, c.type) for c in docs.columns)
    values = {"id": param("i"), "org": ORG, "owner": UID, "title": param("t", TEXT), "amount": lit(1),
              "secret": Literal(None, TEXT), "deleted": Literal(None, TIMESTAMP)}  # fmt: skip
    source = ir.Values(tuple(fresh(k, v.type) for k, v in values.items()), (tuple(values.values()),))
    first = Item(fresh("x", INT), ColumnRef(row[0].id, "id", INT, False))
    return ir.Insert("docs", tuple(values), source, row, checked(row), None, (first,))


def delete() -> Relation:
    d = Scanned(docs)
    return ir.Delete(seen(d, *tenant(d)), eq(d["id"], param("i")), (Item(fresh("x", INT), d["id"]),))


ALL = [read, linked, counted, union, update, insert, delete]


def prove(body: Relation, change: Callable[[str], str] = lambda text: text) -> Verification:
    q = query(body)
    emitted = emit_query(q, SCHEMA)
    (member,) = emitted.members
    (step,) = member.steps
    text = change(step.main.text)
    changed = evolve(step, main=evolve(step.main, text=text))
    sql = SqlPlan("postgres", (evolve(member, steps=(changed,)),))
    return verify(lower_query(q), q, SCHEMA, (sql,))


def of_text(found: Verification) -> set[Verdict]:
    return {o.verdict for o in found.obligations if o.kind in (Kind.TEXT, Kind.EMIT)}


@pytest.mark.parametrize("make", ALL, ids=lambda f: f.__name__)
def test_emitted_texts_are_proved(make: Callable[[], Relation]) -> None:
    found = prove(make())
    assert found.verdict is Verdict.PROVED, [(o.kind, o.claim, o.reason) for o in found.failed]
    assert of_text(found) == {Verdict.PROVED}


def without(part: str, instead: str = "TRUE") -> Callable[[str], str]:
    def change(text: str) -> str:
        assert part in text, text
        return text.replace(part, instead, 1)

    return change


CHANGES: list[tuple[Callable[[], Relation], Callable[[str], str]]] = [
    (read, without('d1."org" = $1::bigint')),
    (read, without('d1."deleted" IS NULL')),
    (read, without("AND d1", "OR d1")),
    (read, without('d1."org" = $1', 'd1."org" = $2')),
    (read, without('d1."org" = $1::bigint', 'd1."org" IS NOT DISTINCT FROM $1::bigint')),
    (read, without('"docs" AS d1', '"docs" AS d1 CROSS JOIN "members" AS m1')),
    (read, without('FROM "docs"', 'FROM "other"."docs"')),
    (read, without("$1::bigint", "7")),
    (read, without("$1::bigint", "$9::bigint")),
    (read, without("$1::bigint", "$1")),
    (read, lambda text: text + "; DELETE FROM docs"),
    (read, lambda text: text + " -- as wanted"),
    (read, lambda text: text + " UNION ALL SELECT d1.\"id\", d1.\"title\" FROM \"docs\" AS d1"),
    (read, without('d1."title"', 'pg_read_file(\'x\')')),
    (read, without('d1."title"', "query_to_xml('select * from docs', true, true, '')")),
    (read, without('d1."title"', 'current_setting(\'x\')')),
    (read, without('d1."title"', '(SELECT min(x1."title") FROM "docs" AS x1)')),
    (read, lambda text: "DROP TABLE docs"),
    (read, lambda text: text + " FOR UPDATE"),
    (linked, without('n1."doc" = d2."id" AND d2."org" = $1::bigint')),
    (linked, without("LEFT JOIN", "FULL JOIN")),
    (linked, without("EXISTS(", "NOT EXISTS(")),
    (counted, without('d1."org" = $1::bigint')),
    (union, without('"org" = $1::bigint')),
    (update, without('d1."org" = $1::bigint')),
    (update, without('d2."ctid" = targeted."ctid"')),
    (delete, without('d1."deleted" IS NULL')),
    (delete, without('d2."ctid" = targeted."ctid"')),
    (delete, without('DELETE FROM "docs"', 'DELETE FROM "notes"')),
    (insert, without('(SELECT refused."n" FROM refused) = 0')),
    (insert, without("IS NOT TRUE", "IS TRUE")),
    (insert, lambda text: text.replace("$2::bigint AS", "$1::bigint AS").replace("= $2", "= $1")),
]


@pytest.mark.parametrize("number", range(len(CHANGES)))
def test_changed_texts_are_refused(number: int) -> None:
    make, change = CHANGES[number]
    found = prove(make(), change)
    assert of_text(found) != {Verdict.PROVED}
    assert {o.verdict for o in found.obligations if o.kind not in (Kind.TEXT, Kind.EMIT)} == {Verdict.PROVED}


def test_what_is_implied_anyway_may_be_left_out() -> None:
    """The note is visible, so the document it points at is, and no other row has that key."""
    for part in ('d2."org" = $1::bigint', 'd2."deleted" IS NULL'):
        assert of_text(prove(linked(), without(part))) == {Verdict.PROVED}


def test_binds_are_made_of_what_is_declared() -> None:
    q = query(read())
    emitted = emit_query(q, SCHEMA)
    (member,), (step,) = emitted.members, emitted.members[0].steps
    d = Scanned(docs)
    for bind in (param("unknown"), d["org"]):
        binds = (bind, *step.main.binds[1:])
        sql = SqlPlan("postgres", (evolve(member, steps=(evolve(step, main=evolve(step.main, binds=binds)),)),))
        found = verify(lower_query(q), q, SCHEMA, (sql,))
        assert Verdict.UNKNOWN in {o.verdict for o in found.obligations if o.kind is Kind.TEXT}


def test_a_step_without_its_statement_is_refused() -> None:
    q = query(read())
    emitted = emit_query(q, SCHEMA)
    (member,) = emitted.members
    found = verify(lower_query(q), q, SCHEMA, (SqlPlan("postgres", (evolve(member, steps=()),)),))
    assert of_text(found) == {Verdict.UNKNOWN}
