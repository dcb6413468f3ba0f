"""Writes, plans and policies, run on the reference."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import pytest

from liq.model.errors import ErrorKind, LiqError
from liq.model.schema import Schema
from liq.reference.database import Database
from liq.reference.inputs import typed
from liq.reference.run import FIXED_NOW, Call, Outcome, run
from tests.front_schema.programs import query_of, shop

ADA = "00000000-0000-0000-0000-00000000000a"
CLERK = {"role": "clerk", "app": {"shop": 1}}
OWNER = {"role": "owner", "app": {"shop": 1}, "sub": ADA}
AUDITOR = {"role": "auditor", "app": {"shop": 1}}
LONG_AGO = "2026-01-01T00:00:00Z"

ROWS: Mapping[str, list[dict[str, Any]]] = {
    "shops": [{"id": 1, "name": "one", "owner": ADA, "closed": False}, {"id": 2, "name": "two", "owner": ADA, "closed": False},
              {"id": 3, "name": "shut", "owner": ADA, "closed": True}],
    "customers": [
        {"id": 1, "shop_id": 1, "name": "Ada", "kind": "person", "email": "ada@x"},
        {"id": 2, "shop_id": 1, "name": "Gone", "kind": "person", "email": "gone@x", "left_at": LONG_AGO},
        {"id": 3, "shop_id": 2, "name": "Bo", "kind": "firm", "email": "bo@x"},
    ],
    "orders": [
        {"id": 1, "shop_id": 1, "customer_id": 1, "state": "open", "total": "10", "tags": [], "meta": {}, "placed_at": "2026-02-01T00:00:00Z"},
        {"id": 2, "shop_id": 1, "customer_id": 2, "state": "sent", "total": "20", "tags": ["a"], "meta": {}, "placed_at": "2026-02-02T00:00:00Z"},
        {"id": 3, "shop_id": 2, "customer_id": 3, "state": "sent", "total": "30", "tags": [], "meta": {}, "placed_at": "2026-02-03T00:00:00Z"},
    ],
    "lines": [{"order_id": 1, "number": 1, "item": "pen", "price": "2"}, {"order_id": 1, "number": 2, "item": "ink", "price": "8"}],
    "counters": [{"name": "a", "hits": 1}],
}  # fmt: skip


def database(schema: Schema, rows: Mapping[str, list[dict[str, Any]]]) -> Database:
    """Rows of plain JSON values, typed."""
    stored = {
        name: [{k: None if v is None else typed(v, schema.table_by_name[name].by_name[k].type) for k, v in row.items()} for row in each]
        for name, each in rows.items()
    }
    return Database.of(schema, stored)


def call(text: str, claims: Mapping[str, Any], params: Mapping[str, Any] | None = None) -> Outcome:
    """Run a program over the shop."""
    return run(query_of(text), Call(shop(), database(shop(), ROWS), params or {}, claims))


def rows(text: str, claims: Mapping[str, Any] = CLERK, **params: Any) -> list[tuple[Any, ...]]:
    """The rows of a program."""
    return [tuple(row) for row in call(text, claims, params).rows]


def after(text: str, table: str, claims: Mapping[str, Any] = CLERK, **params: Any) -> list[dict[str, Any]]:
    """The rows of a table after a program."""
    return call(text, claims, params).database.rows(table)


def refused(text: str, claims: Mapping[str, Any] = CLERK, **params: Any) -> ErrorKind:
    """The kind of error that a program ends with."""
    with pytest.raises(LiqError) as caught:
        call(text, claims, params)
    return caught.value.kind


# ------------------------------------------------------------------------------------------------- insert
def test_defaults_are_filled_in() -> None:
    assert rows("insert orders { id: 9, shop_id: 1 } returning { state, tags, at: placed_at, note }", OWNER) == [
        ("open", (), FIXED_NOW, None)
    ]
    stored = after("insert orders { id: 9, shop_id: 1 }", "orders")[-1]
    assert (stored["state"], stored["tags"], stored["placed_at"], stored["note"]) == ("open", (), FIXED_NOW, None)
    assert str(stored["total"]) == "0.00"


def test_numbers_come_from_the_database() -> None:
    assert rows("insert customers { shop_id: 1, name: 'C', email: 'c@x' } returning id") == [(4,)]


def test_several_rows_with_different_columns() -> None:
    stored = after("insert counters [{ name: 'b' }, { name: 'c', hits: 5 }]", "counters")
    assert [(r["name"], r["hits"]) for r in stored] == [("a", 1), ("b", 0), ("c", 5)]


def test_puns_and_parameters() -> None:
    assert rows("insert counters { $name, hits: $n } returning name, hits", name="z", n=3) == [("z", 3)]


def test_rows_of_a_read_by_label() -> None:
    text = "insert archive from read orders { state, id, shop_id } where state = 'sent'"
    assert [(r["id"], r["shop_id"], r["state"], r["archived_at"]) for r in after(text, "archive", OWNER)] == [
        (2, 1, "sent", FIXED_NOW)
    ]


def test_rows_of_a_list() -> None:
    text = "query q($rows: lines[], $o: int) = insert lines from $rows { *, order_id: $o }"
    query = query_of(text)
    assert [c.name for c in query.parameters[0].rows_of] == ["number", "item", "price"]
    stored = after(text, "lines", rows=[{"number": 3, "item": "nib", "price": 1}], o=1)
    assert [(r["order_id"], r["number"], r["item"]) for r in stored][-1] == (1, 3, "nib")
    assert refused(text, rows=[{"number": 3, "item": "nib", "price": 1, "order_id": 2}], o=1) is ErrorKind.PARAMETER


def test_a_row_of_a_list_takes_defaults() -> None:
    stored = after("insert counters from $rows", "counters", rows=[{"name": "b"}, {"name": "c", "hits": 7}])
    assert [(r["name"], r["hits"]) for r in stored] == [("a", 1), ("b", 0), ("c", 7)]


# ------------------------------------------------------------------------------------------------- conflicts
def test_or_skip() -> None:
    assert refused("insert counters { name: 'a' }") is ErrorKind.UNIQUE
    assert call("insert counters { name: 'a' } or skip", CLERK).affected == 0
    assert call("insert counters { name: 'b' } or skip on (name)", CLERK).affected == 1


def test_or_update() -> None:
    text = "insert counters { name: $name, hits: 2 } or update"
    assert after(f"{text} set hits = hits + excluded.hits, seen_at = now()", "counters", name="a") == [
        {"name": "a", "hits": 3, "seen_at": FIXED_NOW}
    ]
    assert after(text, "counters", name="a")[0]["hits"] == 2
    assert after(f"{text} set hits where counters.hits > 5", "counters", name="a")[0]["hits"] == 1
    assert len(after(text, "counters", name="b")) == 2


# ------------------------------------------------------------------------------------------------- policies
def test_rows_of_others_are_not_there() -> None:
    assert rows("read orders { id } order id limit 10") == [(1,), (2,)]
    assert rows("read orders { id } order id limit 10", {"role": "clerk", "app": {"shop": 2}}) == [(3,)]
    assert rows("read orders { id } order id limit 10", {"role": "clerk"}) == []
    assert rows("read orders { id } order id limit 10", {"role": "nobody", "app": {"shop": 1}}) == []
    assert rows("read orders { id } order id limit 10", AUDITOR) == [(2,)]


def test_writes_to_rows_of_others_find_nothing() -> None:
    assert call("update orders set note = 'x' where true", CLERK).affected == 2
    assert call("delete orders where id = 3", CLERK).affected == 0
    assert call("update shops set name = 'x' where true", CLERK).affected == 0
    assert call("update shops set name = 'x' || id::text where true", OWNER).affected == 3


def test_a_new_row_must_pass() -> None:
    assert refused("insert orders { id: 9, shop_id: 2 }") is ErrorKind.POLICY
    assert refused("insert orders { id: 9, shop_id: 3 }", {"role": "clerk", "app": {"shop": 3}}) is ErrorKind.POLICY
    assert refused("insert orders { id: 9, shop_id: 1 }", AUDITOR) is ErrorKind.POLICY
    assert refused("update orders set shop_id = 2 where id = 1", OWNER) is ErrorKind.POLICY
    assert refused("insert orders { id: 9, shop_id: 1, total: 0 - 1 }") is ErrorKind.CHECK


def test_links_and_views_obey_policies() -> None:
    assert rows("read orders { id, customer.name } order id limit 5") == [(1, "Ada"), (2, None)]
    assert rows("read people { name, phone } order id limit 5", OWNER) == [("A**", None)]


# ------------------------------------------------------------------------------------------------- tombstones
def test_deleting_keeps_the_row_and_hides_it() -> None:
    text = "delete customers where id = 1 returning id, left_at"
    assert rows(text) == [(1, FIXED_NOW)]
    assert [r["id"] for r in after(text, "customers")] == [1, 2, 3]
    assert rows("delete customers where id = 1 read customers { id } order id limit 9") == [(3,)]
    assert rows("delete customers where id = 1 read customers with deleted { id } order id limit 9") == [(1,), (2,), (3,)]
    assert rows("read customers with deleted { id } order id limit 9", OWNER) == [(1,)]


def test_a_key_of_a_deleted_row_is_free_and_the_row_comes_back() -> None:
    assert call("insert customers { shop_id: 1, name: 'Gone', email: 'g@x' }", CLERK).affected == 1
    assert rows("update customers set left_at = null where id = 2 returning id") == [(2,)]
    assert call("update customers set name = 'x' where id = 2", CLERK).affected == 0


# ------------------------------------------------------------------------------------------------- plans
def test_a_plan_is_one_transaction() -> None:
    text = """
      update orders set state = 'paid' where id = $id and state = 'open' expect 1 else 'not open'
      let o = read orders { id, shop_id, state } where id = $id
      insert archive { id: o.id, shop_id: o.shop_id, state: o.state } returning id, state
    """
    assert rows(text, id=1) == [(1, "paid")]
    assert refused(text, id=2) is ErrorKind.EXPECT


def test_a_let_lends_columns_values_and_lists() -> None:
    text = """
      let o = insert orders { id: 9, shop_id: 1, state: 'sent' }
      insert lines [{ order_id: o.id, number: 1, item: o.state::text, price: 1 }, { order_id: o.id, number: 2, item: 'b', price: 2 }]
      read lines { order_id, item } where order_id in o.id order number
    """
    assert rows(text) == [(9, "sent"), (9, "b")]


def test_results() -> None:
    query = query_of("query q($id: int) { update orders set note = 'x' where id = $id returning id, customer.name "
                     "read shops { id, name } order name limit 3 }")  # fmt: skip
    assert [(c.name, str(c.type), c.nullable) for c in query.result] == [("id", "int", False), ("name", "text", False)]
    assert query.ordered and [s.shows for s in query.statements] == [True, True]
    silent = query_of("update orders set note = 'x' where id = 1")
    assert silent.result == () and not silent.statements[0].shows


def test_declared_parameters() -> None:
    query = query_of("""
    --- Orders of a state.
    query orders.in_state(
      $state: state = 'open',         --- which one
      $least: decimal? check $least >= 0,
      $n: int = 20 check $n between 1 and 50,
    ) = read orders { id } where state = $state and total >= $least? order id limit $n
    """)
    assert query.name == "orders.in_state" and query.description == "Orders of a state."
    assert [(p.name, str(p.type), p.nullable, p.optional, p.description) for p in query.parameters] == [
        ("state", "state", False, False, "which one"), ("least", "decimal", True, True, ""), ("n", "int", False, False, ""),
    ]  # fmt: skip
    base = Call(shop(), database(shop(), ROWS), {}, CLERK)
    assert run(query, base).rows == ((1,),)
    for params in ({"n": 0}, {"n": 51}, {"least": -1}, {"state": "x"}, {"other": 1}):
        with pytest.raises(LiqError):
            run(query, Call(shop(), database(shop(), ROWS), params, CLERK))
    assert run(query, Call(shop(), database(shop(), ROWS), {"least": None, "state": "sent"}, CLERK)).rows == ((2,),)


def test_parameters_take_the_types_of_columns() -> None:
    query = query_of("update orders set note = $note, placed_at = $at where id = $id and state in $states")
    assert [(p.name, str(p.type), p.nullable) for p in query.parameters] == [
        ("note", "text", True), ("at", "timestamp", False), ("id", "int", False), ("states", "state[]", False),
    ]  # fmt: skip
    at = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
    outcome = run(query, Call(shop(), database(shop(), ROWS), {"note": None, "at": "2026-03-01T00:00:00Z", "id": 1, "states": ["open"]}, OWNER))
    assert outcome.database.rows("orders")[0]["placed_at"] == at
