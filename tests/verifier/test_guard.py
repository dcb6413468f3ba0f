"""The guard rule, one plan per side condition: what may be pushed to a scan, and what may not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from liq.model import physical as p
from liq.model.expr import (
    AggregateCall,
    AggregateItem,
    And,
    Call,
    Cast,
    Exists,
    InQuery,
    Item,
    Literal,
    Not,
    ParamRef,
    SortKey,
    WindowCall,
    WindowItem,
)
from liq.model.ir import JoinKind, SetOperator
from liq.model.types import BOOL, DECIMAL, INT, TEXT
from liq_verifier import Kind, Verdict, verify
from tests.verifier.desk import (
    MEMBERS,
    ORG,
    TENANT,
    UID,
    Scanned,
    call,
    docs,
    eq,
    fresh,
    lit,
    member_of,
    members,
    notes,
    notes_policy,
    null,
    param,
    parameter,
    plan,
    query,
    show,
    tenant,
    visible,
    where,
)

PARAMS = (parameter("n"), parameter("t", TEXT))


def rows_of(op: p.Operator, schema=TENANT):
    found = verify(plan(op), query(op, *PARAMS), schema)
    return [o for o in found.obligations if o.kind is Kind.ROW]


def scalar(op: p.Operator, column) -> p.Compute:
    return p.Compute(op, (Item(fresh(column.name, column.type), column),))


def count() -> AggregateItem:
    return AggregateItem(fresh("n", INT), AggregateCall("count", (), INT, False))


def join(kind: JoinKind, left: p.Operator, right: p.Operator, *on) -> p.NestedLoop:
    return p.NestedLoop(kind, left, right, on[0] if len(on) == 1 else And(on))


def guarded_notes(n: Scanned) -> p.Select:
    return where(n.op, notes_policy(n["doc"], physical=True))


# ------------------------------------------------------------------------------------------------- accepted
def below_project() -> p.Operator:
    d = Scanned(docs)
    shown = show(d.op, d["id"], d["org"], d["deleted"])
    id_, org, deleted = (call_ref(c) for c in shown.columns)
    return show(where(shown, eq(org, ORG), null(deleted)), id_)


def call_ref(column):
    from liq.model.expr import ColumnRef

    return ColumnRef(column.id, column.name, column.type, column.nullable)


def inner_join_gives_partner() -> p.Operator:
    d, n = Scanned(docs), Scanned(notes)
    return show(join(JoinKind.INNER, n.op, visible(d), eq(n["doc"], d["id"])), n["text"])


def left_join_condition_guards_right() -> p.Operator:
    d, n = Scanned(docs), Scanned(notes)
    return show(join(JoinKind.LEFT, guarded_notes(n), d.op, eq(n["doc"], d["id"]), *tenant(d)), n["text"], d["title"])


def left_partner_guards_right() -> p.Operator:
    d, n = Scanned(docs), Scanned(notes)
    return show(join(JoinKind.LEFT, visible(d), n.op, eq(n["doc"], d["id"])), d["title"], n["text"])


def group_keys_guard() -> p.Operator:
    d = Scanned(docs)
    org, deleted = fresh("org", INT), fresh("deleted", d["deleted"].type)
    group = p.Group(d.op, (Item(org, d["org"]), Item(deleted, d["deleted"])), (count(),))
    return where(group, eq(call_ref(org), ORG), null(call_ref(deleted)))


def every_aggregate_is_filtered() -> p.Operator:
    d = Scanned(docs)
    call_ = AggregateCall("count", (), INT, False, where=And(tenant(d)))
    return p.Group(d.op, (), (AggregateItem(fresh("n", INT), call_),))


def union_all_both() -> p.Operator:
    d, e = Scanned(docs), Scanned(docs)
    return p.Combine(SetOperator.UNION_ALL, (show(visible(d), d["id"]), show(visible(e), e["id"])), (fresh("id", INT),))


def except_both() -> p.Operator:
    d, e = Scanned(docs), Scanned(docs)
    return p.Combine(SetOperator.EXCEPT, (show(visible(d), d["id"]), show(visible(e), e["id"])), (fresh("id", INT),))


def guard_through_union() -> p.Operator:
    d, e = Scanned(docs), Scanned(docs)
    sides = tuple(show(s.op, s["id"], s["org"], s["deleted"]) for s in (d, e))
    columns = tuple(fresh(c.name, c.type) for c in sides[0].columns)
    union = p.Combine(SetOperator.UNION, sides, columns)
    return where(union, eq(call_ref(columns[1]), ORG), null(call_ref(columns[2])))


def distinct_keeps_exact() -> p.Operator:
    d = Scanned(docs)
    return where(p.Deduplicate(show_same(d, "id", "org", "deleted")), *tenant(d))


def show_same(d: Scanned, *names: str) -> p.Compute:
    columns = [d[n] for n in names]
    return p.Compute(d.op, tuple(Item(fresh_same(c), c) for c in columns))


def fresh_same(ref):
    from liq.model.expr import Column

    return Column(ref.id, ref.name, ref.type, ref.nullable)


def partition_guard() -> p.Operator:
    d = Scanned(docs)
    call_ = WindowCall("count", (), INT, False, partition=(d["org"], d["deleted"]))
    return where(p.Windows(d.op, (WindowItem(fresh("n", INT), call_),)), *tenant(d))


def guarded_subquery() -> p.Operator:
    d, n = Scanned(docs), Scanned(notes)
    inner = Exists(where(guarded_notes(n), eq(n["doc"], d["id"])))
    return where(d.op, *tenant(d), inner)


def subquery_leans_on_outer_row() -> p.Operator:
    d, n = Scanned(docs), Scanned(notes)
    return where(d.op, *tenant(d), Exists(where(n.op, eq(n["doc"], d["id"]))))


def not_in_with_guard_inside() -> p.Operator:
    d, n = Scanned(docs), Scanned(notes)
    return where(d.op, *tenant(d), Not(InQuery((d["id"],), scalar(guarded_notes(n), n["doc"]))))


def optional_part() -> p.Operator:
    from liq.model.expr import Optional

    d = Scanned(docs)
    return where(visible(d), Optional("n", eq(d["amount"], param("n"))))


ACCEPTED = [
    below_project, inner_join_gives_partner, left_join_condition_guards_right, left_partner_guards_right, group_keys_guard,
    every_aggregate_is_filtered, union_all_both, except_both, guard_through_union, distinct_keeps_exact, partition_guard,
    guarded_subquery, subquery_leans_on_outer_row, not_in_with_guard_inside, optional_part,
]


@pytest.mark.parametrize("make", ACCEPTED, ids=lambda f: f.__name__)
def test_guards_that_reach_the_scan(make: Callable[[], p.Operator]) -> None:
    found = rows_of(make())
    assert found
    assert {o.verdict for o in found} == {Verdict.PROVED}, [(o.about, o.reason) for o in found]


# ------------------------------------------------------------------------------------------------- refused
def no_guard() -> p.Operator:
    d = Scanned(docs)
    return show(d.op, d["id"])


def tombstone_forgotten() -> p.Operator:
    d = Scanned(docs)
    return show(where(d.op, eq(d["org"], ORG)), d["id"])


def null_session_matches() -> p.Operator:
    d = Scanned(docs)
    return show(where(d.op, Not(call("is_distinct", d["org"], ORG)), null(d["deleted"])), d["id"])


def or_weakens() -> p.Operator:
    from liq.model.expr import Or

    d = Scanned(docs)
    return show(where(d.op, Or((eq(d["org"], ORG), eq(d["owner"], UID))), null(d["deleted"])), d["id"])


def left_join_on_does_not_filter_left() -> p.Operator:
    d, n = Scanned(docs), Scanned(notes)
    return show(join(JoinKind.LEFT, d.op, guarded_notes(n), eq(n["doc"], d["id"]), *tenant(d)), d["id"], n["text"])


def where_above_left_join_accepts_null() -> p.Operator:
    d, n = Scanned(docs), Scanned(notes)
    joined = join(JoinKind.LEFT, guarded_notes(n), d.op, eq(n["author"], d["owner"]))
    return show(where(joined, either_null(d)), n["id"])


def either_null(d: Scanned):
    from liq.model.expr import Or

    return Or((null(d["id"]), And(tenant(d))))


def full_join_takes_nothing() -> p.Operator:
    d, e = Scanned(docs), Scanned(docs)
    joined = p.NestedLoop(JoinKind.FULL, d.op, visible(e), eq(d["id"], e["id"]))
    return show(where(joined, *tenant(d)), d["id"])


def guard_above_limit() -> p.Operator:
    d = Scanned(docs)
    first = p.Take(p.Order(d.op, (SortKey(d["id"], False, False),)), lit(1), None)
    return show(where(first, *tenant(d)), d["id"])


def guard_on_aggregate() -> p.Operator:
    d = Scanned(docs)
    largest, deleted = fresh("org", INT), fresh("deleted", d["deleted"].type)
    group = p.Group(
        d.op, (Item(deleted, d["deleted"]),), (AggregateItem(largest, AggregateCall("max", (d["org"],), INT, True)),)
    )
    return where(group, eq(call_ref(largest), ORG), null(call_ref(deleted)))


def one_aggregate_unfiltered() -> p.Operator:
    d = Scanned(docs)
    filtered = AggregateItem(fresh("m", INT), AggregateCall("count", (), INT, False, where=And(tenant(d))))
    return p.Group(d.op, (), (filtered, count()))


def window_over_everything() -> p.Operator:
    d = Scanned(docs)
    n = fresh("n", INT)
    windows = p.Windows(d.op, (WindowItem(n, WindowCall("count", (), INT, False)),))
    return show(where(windows, *tenant(d)), d["id"], call_ref(n))


def union_one_side_open() -> p.Operator:
    d, e = Scanned(docs), Scanned(docs)
    return p.Combine(SetOperator.UNION_ALL, (show(visible(d), d["id"]), show(e.op, e["id"])), (fresh("id", INT),))


def except_of_everything() -> p.Operator:
    d, n = Scanned(docs), Scanned(notes)
    left = show(guarded_notes(n), n["author"])
    return p.Combine(SetOperator.EXCEPT, (left, show(d.op, d["owner"])), (fresh("x", INT),))


def not_in_equality_is_no_guard() -> p.Operator:
    """A hidden note whose author is null makes the whole condition null."""
    d, n = Scanned(docs), Scanned(notes)
    inner = scalar(n.op, n["author"])
    return show(where(d.op, *tenant(d), Not(InQuery((d["owner"],), inner))), d["id"])


def open_subquery() -> p.Operator:
    d, n = Scanned(docs), Scanned(notes)
    return show(where(d.op, *tenant(d), Exists(where(n.op, eq(n["author"], d["owner"])))), d["id"])


def negated_subqueries_do_not_vouch_for_each_other() -> p.Operator:
    """Each says that no such row exists; neither may be used to judge the other's scan."""
    d = Scanned(docs)
    def none() -> Not:
        n = Scanned(notes)
        return Not(Exists(where(n.op, eq(n["text"], param("t", TEXT)))))
    return show(where(d.op, *tenant(d), none(), none()), d["id"])


def computed_subquery_is_judged_without_itself() -> p.Operator:
    d, n = Scanned(docs), Scanned(notes)
    none = fresh("none", BOOL)
    computed = p.Compute(visible(d), (Item(fresh_same(d["id"]), d["id"]), Item(none, Not(Exists(n.op)))))
    return show(where(computed, call_ref(none)), d["id"])


def member_condition_weakened() -> p.Operator:
    d, m = Scanned(docs), Scanned(members)
    any_org = Exists(where(m.op, eq(m["usr"], UID)))
    return show(where(d.op, any_org, null(d["deleted"])), d["id"])


def follow_takes_nothing() -> p.Operator:
    d = Scanned(docs)
    closure = p.Closure(d.op, (d["owner"].id,), (d["id"].id,), (param("n"),), 8, fresh("depth", INT))
    return show(where(closure, *tenant(d)), d["id"])


REFUTED = [
    no_guard, tombstone_forgotten, null_session_matches, or_weakens, left_join_on_does_not_filter_left,
    where_above_left_join_accepts_null, guard_above_limit, guard_on_aggregate, one_aggregate_unfiltered,
    window_over_everything, union_one_side_open, open_subquery,
]
REFUSED = [
    full_join_takes_nothing, except_of_everything, follow_takes_nothing, not_in_equality_is_no_guard, negated_subqueries_do_not_vouch_for_each_other,
    computed_subquery_is_judged_without_itself,
]


@pytest.mark.parametrize("make", [*REFUTED, *REFUSED], ids=lambda f: f.__name__)
def test_guards_that_do_not_reach_the_scan(make: Callable[[], p.Operator]) -> None:
    found = rows_of(make())
    assert max((o.verdict for o in found), key=lambda v: v is not Verdict.PROVED) != Verdict.PROVED


@pytest.mark.parametrize("make", REFUTED, ids=lambda f: f.__name__)
def test_leaks_are_shown_with_rows(make: Callable[[], p.Operator]) -> None:
    refuted = [o for o in rows_of(make()) if o.verdict is Verdict.REFUTED]
    assert refuted, [(o.about, o.verdict, o.reason) for o in rows_of(make())]
    witness = refuted[0].witness
    assert witness is not None and witness.with_row != witness.without_row
    assert len(witness.tables[witness.table]) <= 3


# ------------------------------------------------------------------------------------------------- policies that read
def test_a_policy_may_read_what_the_session_may_not() -> None:
    d = Scanned(docs)
    op = show(where(d.op, member_of(d["org"], physical=True), null(d["deleted"])), d["id"])
    assert {o.verdict for o in rows_of(op, MEMBERS)} == {Verdict.PROVED}


def test_a_weakened_membership_is_refuted() -> None:
    refuted = [o for o in rows_of(member_condition_weakened(), MEMBERS) if o.verdict is Verdict.REFUTED]
    assert refuted and refuted[0].about == "docs"


def test_a_condition_beyond_the_policy_is_judged_by_its_own_scans() -> None:
    d, m = Scanned(docs), Scanned(members)
    other = Exists(where(m.op, eq(m["org"], param("n"))))
    op = show(where(d.op, member_of(d["org"], physical=True), null(d["deleted"]), other), d["id"])
    refuted = [o for o in rows_of(op, MEMBERS) if o.verdict is not Verdict.PROVED]
    assert [o.about for o in refuted] == ["members"]


def test_revoked_members_are_told_apart_from_unknown_ones() -> None:
    """`revoked is not true` lets null pass, `not revoked` does not: the wider one is refuted."""
    from attrs import evolve

    d, m = Scanned(docs), Scanned(members)
    strict = Exists(
        where(m.op, eq(m["org"], d["org"]), eq(m["usr"], UID), Not(m["revoked"]))
    )
    op = show(where(d.op, strict, null(d["deleted"])), d["id"])
    assert {o.verdict for o in rows_of(op, MEMBERS) if o.about == "docs"} == {Verdict.PROVED}
    narrow = evolve(MEMBERS, policies=(evolve(MEMBERS.policies[0], using=_strictly()), *MEMBERS.policies[1:]))
    wide = show(where(d.op, member_of(d["org"], physical=True), null(d["deleted"])), d["id"])
    assert Verdict.REFUTED in {o.verdict for o in rows_of(wide, narrow)}


def _strictly():
    from liq.model.ir import Filter
    from tests.verifier.desk import col

    m = Scanned(members)
    return Exists(Filter(m.ir, And((eq(m["org"], col(docs, "org")), eq(m["usr"], UID), Not(m["revoked"])))))


# ------------------------------------------------------------------------------------------------- coarse equality
def test_guards_do_not_pass_where_equal_values_differ() -> None:
    """1.0 and 1.00 are one group, whose key may be shown as either: a guard on its text says nothing of the rows."""
    from liq.model.schema import Key, Policy, Schema, Table, TableColumn
    from tests.verifier.desk import ALL, col

    prices = Table("prices", (TableColumn("id", INT, False), TableColumn("price", DECIMAL, False)),
                   (Key("k", ("id",), primary=True),))
    text = lambda e: Cast(e, TEXT)  # noqa: E731
    schema = Schema(tables=(prices,), policies=(
        Policy("p", "prices", ALL, using=eq(text(col(prices, "price")), Literal("1.0", TEXT))),))
    s = Scanned(prices)
    shown = p.Compute(s.op, (Item(fresh_same(s["price"]), s["price"]),))
    guard = eq(text(s["price"]), Literal("1.0", TEXT))
    assert {o.verdict for o in rows_of(where(shown, guard), schema)} == {Verdict.PROVED}
    assert Verdict.PROVED not in {o.verdict for o in rows_of(where(p.Deduplicate(shown), guard), schema)}


def test_random_values_are_no_guard() -> None:
    d = Scanned(docs)
    random = Call("gen_random_uuid", (), TEXT, False)
    op = show(where(d.op, eq(random, ParamRef("t", TEXT, True)), null(d["deleted"])), d["id"])
    assert {o.verdict for o in rows_of(op)} != {Verdict.PROVED}


def test_left_joins_inside_policies_keep_rows_without_partner() -> None:
    """Visible to a member of an organisation that has no document of its number."""
    from attrs import evolve

    from liq.model import ir
    from tests.verifier.desk import docs as documents

    def lonely(usr, physical: bool):
        m, d = Scanned(members), Scanned(documents)
        if physical:
            none = Not(Exists(where(d.op, eq(d["id"], m["org"]))))
            return Exists(where(m.op, eq(m["usr"], usr), none))
        joined = ir.Join(JoinKind.LEFT, m.ir, d.ir, eq(d["id"], m["org"]))
        return Exists(ir.Filter(joined, And((null(d["id"]), eq(m["usr"], usr)))))

    schema = evolve(TENANT, policies=(
        evolve(TENANT.policies[0], table="notes", using=lonely(UID, False)),))
    n = Scanned(notes)
    assert {o.verdict for o in rows_of(where(n.op, lonely(UID, True)), schema)} == {Verdict.PROVED}
    m = Scanned(members)
    wider = where(n.op, Exists(where(m.op, eq(m["usr"], UID))))
    assert Verdict.REFUTED in {o.verdict for o in rows_of(wider, schema)}
