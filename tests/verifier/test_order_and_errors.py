"""O4 and O5: no error tells of a hidden row, and results are functions of the rows."""

from __future__ import annotations

import pytest
from attrs import evolve

from liq.model import physical as p
from liq.model.expr import AggregateCall, AggregateItem, Cast, Collect, Item, Literal, SortKey, WindowCall, WindowItem
from liq.model.ir import JoinKind
from liq.model.types import INT, TEXT
from liq_verifier import Kind, Verdict, verify
from tests.verifier.desk import (
    TENANT,
    Scanned,
    call,
    docs,
    eq,
    fresh,
    lit,
    members,
    notes,
    notes_policy,
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


def of(op: p.Operator, kind: Kind) -> set[Verdict]:
    return {o.verdict for o in verify(plan(op), query(op, *PARAMS), TENANT).obligations if o.kind is kind and o.about != "functions"}


def by(*refs, descending: bool = False) -> tuple[SortKey, ...]:
    return tuple(SortKey(r, descending, descending) for r in refs)


def first(op: p.Operator) -> p.Take:
    return p.Take(op, lit(10), None)


# ------------------------------------------------------------------------------------------------- O5
def test_a_limit_needs_an_order_that_a_key_completes() -> None:
    d = Scanned(docs)
    assert of(first(p.Order(visible(d), by(d["title"], d["id"]))), Kind.ORDER) == {Verdict.PROVED}
    assert of(first(p.Order(visible(d), by(d["title"]))), Kind.ORDER) == {Verdict.UNKNOWN}
    assert of(first(visible(d)), Kind.ORDER) == {Verdict.UNKNOWN}


def test_deleted_rows_may_share_a_key() -> None:
    d = Scanned(docs)
    alive_or_not = where(d.op, tenant(d)[0])
    op = first(p.Order(alive_or_not, by(d["id"])))
    assert of(op, Kind.ORDER) == {Verdict.PROVED}  # notes point at the key: it holds among deleted rows, too
    alone = evolve(TENANT, tables=(docs, members), policies=TENANT.policies[:2])
    found = verify(plan(op), query(op, *PARAMS), alone).obligations
    assert {o.verdict for o in found if o.kind is Kind.ORDER and o.about == "limit"} == {Verdict.UNKNOWN}


def test_every_column_completes_what_has_no_key() -> None:
    d = Scanned(docs)
    shown = show(visible(d), d["title"], d["owner"])
    columns = [_ref(c) for c in shown.columns]
    assert of(first(p.Order(shown, by(*columns))), Kind.ORDER) == {Verdict.PROVED}
    assert of(first(p.Order(shown, by(columns[0]))), Kind.ORDER) == {Verdict.UNKNOWN}


def _ref(column):
    from liq.model.expr import ColumnRef

    return ColumnRef(column.id, column.name, column.type, column.nullable)


def test_a_link_keeps_the_key_and_a_join_does_not() -> None:
    d, n = Scanned(docs), Scanned(notes)
    rows = where(n.op, notes_policy(n["doc"], physical=True))
    linked = p.NestedLoop(JoinKind.LEFT, rows, visible(d), eq(n["doc"], d["id"]))
    assert of(first(p.Order(linked, by(n["id"]))), Kind.ORDER) == {Verdict.PROVED}
    joined = p.NestedLoop(JoinKind.LEFT, rows, visible(d), eq(n["author"], d["owner"]))
    assert of(first(p.Order(joined, by(n["id"]))), Kind.ORDER) == {Verdict.UNKNOWN}
    assert of(first(p.Order(joined, by(n["id"], d["id"]))), Kind.ORDER) == {Verdict.PROVED}


def test_one_row_needs_no_order() -> None:
    d = Scanned(docs)
    one = where(d.op, *tenant(d), eq(d["id"], param("n")))
    assert of(first(one), Kind.ORDER) == {Verdict.PROVED}
    counted = p.Group(visible(d), (), (AggregateItem(fresh("n", INT), AggregateCall("count", (), INT, False)),))
    assert of(first(counted), Kind.ORDER) == {Verdict.PROVED}


def test_nested_lists_are_ordered() -> None:
    d, n = Scanned(docs), Scanned(notes)
    rows = where(n.op, notes_policy(n["doc"], physical=True), eq(n["doc"], d["id"]))
    assert of(show(visible(d), Collect(p.Order(rows, by(n["text"], n["id"])))), Kind.ORDER) == {Verdict.PROVED}
    assert of(show(visible(d), Collect(rows)), Kind.ORDER) == {Verdict.UNKNOWN}


def test_windows_by_position_need_a_key_and_ranks_do_not() -> None:
    d = Scanned(docs)
    def window(function: str, *refs) -> p.Windows:
        return p.Windows(visible(d), (WindowItem(fresh("w", INT), WindowCall(function, (), INT, False, order=by(*refs))),))
    assert of(window("rank", d["title"]), Kind.ORDER) == {Verdict.PROVED}
    assert of(window("row_number", d["title"]), Kind.ORDER) == {Verdict.UNKNOWN}
    assert of(window("row_number", d["title"], d["id"]), Kind.ORDER) == {Verdict.PROVED}


def test_lists_of_a_group_have_one_order() -> None:
    d = Scanned(docs)
    def listed(*refs) -> p.Group:
        made = AggregateCall("string_agg", (d["title"], Literal(",", TEXT)), TEXT, True, order=by(*refs))
        return p.Group(visible(d), (Item(fresh("o", INT), d["owner"]),), (AggregateItem(fresh("l", TEXT), made),))
    assert of(listed(d["title"]), Kind.ORDER) == {Verdict.PROVED}
    assert of(listed(d["amount"]), Kind.ORDER) == {Verdict.UNKNOWN}
    assert of(listed(d["amount"], d["id"]), Kind.ORDER) == {Verdict.PROVED}


# ------------------------------------------------------------------------------------------------- O4
def int_call(name: str, *args):
    return call(name, *args, type_=INT)


TOTAL = ["amount / 2", "nullif", "case"]
RAISING = ["100 / amount", "amount * 2", "amount / -1", "title::int"]


def condition(d: Scanned, what: str):
    from liq.model.expr import Case, When

    amount = d["amount"]
    divided = int_call("/", lit(100), amount)
    return {
        "amount / 2": lambda: int_call("/", amount, lit(2)),
        "nullif": lambda: int_call("/", lit(100), int_call("nullif", amount, lit(0))),
        "case": lambda: Case((When(call("<>", amount, lit(0)), divided),), lit(0), INT),
        "100 / amount": lambda: divided,
        "amount * 2": lambda: int_call("*", amount, lit(2)),
        "amount / -1": lambda: int_call("/", amount, lit(-1)),
        "title::int": lambda: Cast(d["title"], INT),
    }[what]()


@pytest.mark.parametrize("what", TOTAL)
def test_conditions_that_cannot_raise(what: str) -> None:
    d = Scanned(docs)
    assert of(where(visible(d), call(">", condition(d, what), lit(1))), Kind.ERROR) <= {Verdict.PROVED}


@pytest.mark.parametrize("what", RAISING)
def test_conditions_that_raise_need_a_barrier(what: str) -> None:
    d = Scanned(docs)
    test = call(">", condition(d, what), lit(1))
    assert Verdict.PROVED not in of(where(visible(d), test), Kind.ERROR)
    assert of(where(p.Barrier(visible(d)), test), Kind.ERROR) <= {Verdict.PROVED}


def test_a_barrier_below_which_hidden_rows_remain_is_none() -> None:
    d = Scanned(docs)
    test = call(">", condition(d, "100 / amount"), lit(1))
    op = where(where(p.Barrier(d.op), test), *tenant(d))
    assert max(of(op, Kind.ROW) | of(op, Kind.ERROR), key=lambda v: v is not Verdict.PROVED) != Verdict.PROVED


def test_a_computed_value_becomes_part_of_a_condition_above() -> None:
    d = Scanned(docs)
    shown = show(visible(d), condition(d, "100 / amount"))
    assert of(shown, Kind.ERROR) == set()
    assert Verdict.PROVED not in of(where(shown, call(">", _ref(shown.columns[0]), lit(1))), Kind.ERROR)


def test_policies_of_tables_without_rows_to_hide_need_no_barrier() -> None:
    m = Scanned(members)
    assert of(where(m.op, eq(m["usr"], param("n"))), Kind.ERROR) == set()
