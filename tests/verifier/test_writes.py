"""O6, O7, O8: what is written may be written, and what a write meets is visible."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import evolve

from liq.model import ir
from liq.model import physical as p
from liq.model.expr import And, Call, Column, ColumnRef, Expr, Item, Literal
from liq.model.ir import Assignment, ConflictAction
from liq.model.schema import Channel, ForeignKey, Key, OnDelete, Schema, Table
from liq.model.types import BOOL, INT, TEXT, TIMESTAMP
from liq_verifier import Kind, Verdict, Verification, verify
from tests.verifier.desk import (
    ORG,
    TENANT,
    UID,
    Scanned,
    docs,
    eq,
    fresh,
    lit,
    notes,
    null,
    param,
    parameter,
    tenant,
    visible,
    where,
)

PARAMS = (parameter("n"), parameter("i"), parameter("t", TEXT))
TRUE = Literal(True, BOOL)


def prove(op: p.Operator, schema: Schema = TENANT, shows: bool = True) -> Verification:
    plan = p.PhysicalPlan((p.Step(op, None, None, shows),))
    return verify(plan, ir.Query("q", PARAMS, (), (), op.columns if shows else ()), schema)


def verdicts(found: Verification, *kinds: Kind) -> set[Verdict]:
    return {o.verdict for o in found.obligations if o.kind in (kinds or (Kind.WRITE, Kind.CONFLICT, Kind.REFERENCE, Kind.ROW))}


def columns(table: Table) -> tuple[Column, ...]:
    return tuple(fresh(c.name, c.type) for c in table.columns)


def refs(row: tuple[Column, ...]) -> dict[str, Expr]:
    return {c.name: ColumnRef(c.id, c.name, c.type, True) for c in row}


def own_check(r: dict[str, Expr]) -> Expr:
    return eq(r["org"], ORG)


def change(assigned: Mapping[str, Expr], check=own_check, guard=tenant) -> p.UpdateRows:
    d, row = Scanned(docs), columns(docs)
    found = where(d.op, *guard(d)) if guard(d) else d.op
    shown = (Item(fresh("x", INT), refs(row)["id"]),)
    pairs = tuple(Assignment(name, value) for name, value in assigned.items())
    return p.UpdateRows("docs", found, pairs, row, p.RowCheck(check(refs(row)), ()), shown)


def add(check=own_check, upsert: p.Upsert | None = None, **given: Expr) -> p.InsertRows:
    row = columns(docs)
    null_text, null_time = Literal(None, TEXT), Literal(None, TIMESTAMP)
    values = {"id": param("i"), "org": ORG, "owner": UID, "title": param("t", TEXT), "amount": lit(1),
              "secret": null_text, "deleted": null_time, **given}  # fmt: skip
    source = p.RowSource(tuple(fresh(k, v.type) for k, v in values.items()), (tuple(values.values()),))
    return p.InsertRows("docs", tuple(values), source, row, p.RowCheck(check(refs(row)), ()), upsert,
                        (Item(fresh("x", INT), refs(row)["id"]),))  # fmt: skip


def with_key(*names: str, **more) -> Schema:
    table = evolve(docs, keys=(Key("docs_key", names, primary=True),), **more)
    return evolve(TENANT, tables=(table, notes, TENANT.table_by_name["members"]))


# ------------------------------------------------------------------------------------------------- updates
def test_a_change_within_the_tenant_is_proved() -> None:
    assert verdicts(prove(change({"title": param("t", TEXT)}))) == {Verdict.PROVED}


def test_a_row_may_not_leave_its_tenant_unchecked() -> None:
    moved = {"org": param("n")}
    assert verdicts(prove(change(moved))) == {Verdict.PROVED}  # the plan checks the new row
    found = prove(change(moved, check=lambda r: TRUE))
    (refuted,) = [o for o in found.obligations if o.verdict is Verdict.REFUTED]
    assert refuted.kind is Kind.WRITE and refuted.witness is not None
    assert refuted.witness.hidden["org"] != refuted.witness.claims["org"]


def test_rows_that_may_not_be_changed_are_not_found() -> None:
    assert Verdict.REFUTED in verdicts(prove(change({"title": param("t", TEXT)}, guard=lambda d: (null(d["deleted"]),))), Kind.ROW)


def test_setting_the_tombstone_is_a_delete() -> None:
    now = Call("now", (), TIMESTAMP, False)
    assert verdicts(prove(change({"deleted": now}, check=lambda r: TRUE))) == {Verdict.PROVED}
    only_delete = evolve(TENANT, policies=tuple(
        evolve(q, operations=frozenset(o for o in q.operations if o.value != "delete")) for q in TENANT.policies))
    assert verdicts(prove(change({"deleted": now}, check=lambda r: TRUE), only_delete)) != {Verdict.PROVED}


def test_taking_the_tombstone_away_is_a_change_of_a_hidden_row() -> None:
    undelete = change({"deleted": Literal(None, TIMESTAMP)}, guard=lambda d: (eq(d["org"], ORG),))
    assert verdicts(prove(undelete)) != {Verdict.PROVED}


# ------------------------------------------------------------------------------------------------- inserts
def test_a_key_that_others_may_hold_is_an_oracle() -> None:
    found = prove(add())
    assert verdicts(found, Kind.WRITE) == {Verdict.PROVED}
    (refuted,) = [o for o in found.obligations if o.verdict is Verdict.REFUTED]
    assert refuted.kind is Kind.CONFLICT and refuted.witness is not None
    assert refuted.witness.with_row == "error: unique"


def test_a_key_within_the_tenant_is_none() -> None:
    assert verdicts(prove(add(), with_key("org", "id")), Kind.CONFLICT) == {Verdict.PROVED}


def test_a_channel_accepts_the_oracle_and_is_listed() -> None:
    accepted = evolve(TENANT, channels=(Channel("docs", "id"),))
    found = prove(add(), accepted)
    assert verdicts(found, Kind.CONFLICT) == {Verdict.PROVED}
    assert found.channels == ("exists(docs.id)",)
    other = evolve(TENANT, channels=(Channel("docs", "title"),))
    assert verdicts(prove(add(), other), Kind.CONFLICT) == {Verdict.REFUTED}


def test_a_new_row_in_another_tenant_is_refuted() -> None:
    found = prove(add(check=lambda r: TRUE, org=param("n")), with_key("org", "id"))
    assert Verdict.REFUTED in verdicts(found, Kind.WRITE)


def test_returning_a_row_that_may_not_be_read_is_refuted() -> None:
    blind = evolve(TENANT, policies=tuple(
        evolve(q, operations=frozenset(o for o in q.operations if o.value != "read")) if q.table == "docs" else q
        for q in TENANT.policies))
    assert verdicts(prove(add(), blind), Kind.WRITE) != {Verdict.PROVED}
    silent = evolve(add(), returning=())
    assert verdicts(prove(silent, blind, shows=False), Kind.WRITE) == {Verdict.PROVED}


def test_an_insert_from_a_read_is_judged_by_its_read() -> None:
    d, row = Scanned(docs), columns(docs)
    source = p.Compute(where(d.op, null(d["deleted"])), tuple(Item(fresh(n, d[n].type), d[n]) for n in d.ids))
    insert = p.InsertRows("docs", tuple(d.ids), source, row, p.RowCheck(own_check(refs(row)), ()), None, ())
    assert Verdict.REFUTED in verdicts(prove(insert, shows=False), Kind.ROW)


# ------------------------------------------------------------------------------------------------- upserts
def upsert(visible_check: bool) -> p.Upsert:
    existing, excluded, changed = columns(docs), columns(docs), columns(docs)
    seen = And((eq(refs(existing)["org"], ORG), null(refs(existing)["deleted"])))
    return p.Upsert(ConflictAction.UPDATE, ("id",), existing, excluded,
                    (Assignment("title", refs(excluded)["title"]),), None,
                    p.RowCheck(seen, ()) if visible_check else None, changed, p.RowCheck(own_check(refs(changed)), ()))  # fmt: skip


def test_or_update_changes_only_rows_that_may_be_changed() -> None:
    schema = evolve(TENANT, channels=(Channel("docs", "id"),))
    assert verdicts(prove(add(upsert=upsert(True)), schema), Kind.WRITE) == {Verdict.PROVED}
    assert Verdict.PROVED not in {
        o.verdict for o in prove(add(upsert=upsert(False)), schema).obligations if "or update changes" in o.claim}


# ------------------------------------------------------------------------------------------------- references
def add_note(doc: Expr, check) -> p.InsertRows:
    row = columns(notes)
    values = {"doc": doc, "author": UID, "text": param("t", TEXT)}
    source = p.RowSource(tuple(fresh(k, v.type) for k, v in values.items()), (tuple(values.values()),))
    return p.InsertRows("notes", tuple(values), source, row, p.RowCheck(check(refs(row)), ()), None, ())


def test_a_parent_that_may_be_hidden_is_an_oracle() -> None:
    open_notes = evolve(TENANT, policies=tuple(evolve(q, using=TRUE) if q.table == "notes" else q for q in TENANT.policies))
    found = prove(add_note(param("i"), lambda r: TRUE), open_notes, shows=False)
    assert [o.kind for o in found.obligations if o.verdict is Verdict.REFUTED] == [Kind.REFERENCE]


def test_a_parent_that_the_check_makes_visible_is_none() -> None:
    from tests.verifier.desk import notes_policy

    found = prove(add_note(param("i"), lambda r: notes_policy(r["doc"], physical=True)), shows=False)
    assert verdicts(found, Kind.REFERENCE, Kind.WRITE) == {Verdict.PROVED}


def removed() -> p.DeleteRows:
    d = Scanned(docs)
    return p.DeleteRows("docs", visible(d), (Item(fresh("x", INT), d["id"]),))


def with_reference(action: OnDelete, policy: Expr) -> Schema:
    key = ForeignKey("notes_doc", ("doc",), "docs", ("id",), "doc", "notes", action)
    tables = (docs, TENANT.table_by_name["members"], evolve(notes, foreign_keys=(key,)))
    return evolve(TENANT, tables=tables, policies=tuple(
        evolve(q, using=policy) if q.table == "notes" else q for q in TENANT.policies))


def test_children_in_the_way_are_visible() -> None:
    assert verdicts(prove(removed(), with_reference(OnDelete.NO_ACTION, TRUE)), Kind.REFERENCE) == {Verdict.PROVED}
    by_author = eq(ColumnRef(3, "author", INT, True), UID)
    assert verdicts(prove(removed(), with_reference(OnDelete.NO_ACTION, by_author)), Kind.REFERENCE) == {Verdict.REFUTED}


def test_a_cascade_takes_only_what_may_be_deleted() -> None:
    by_author = eq(ColumnRef(3, "author", INT, True), UID)
    assert verdicts(prove(removed(), with_reference(OnDelete.CASCADE, TRUE)), Kind.REFERENCE) == {Verdict.PROVED}
    assert verdicts(prove(removed(), with_reference(OnDelete.CASCADE, by_author)), Kind.REFERENCE) == {Verdict.REFUTED}


def test_a_deleted_row_holds_the_key_that_others_point_at() -> None:
    """Another's note may point at a deleted document, so its key stays taken; without such a reference it is free."""
    tables = (evolve(docs, keys=(Key("docs_key", ("org", "id"), primary=True),)), TENANT.table_by_name["members"])
    alone = evolve(TENANT, tables=tables, policies=TENANT.policies[:2])
    assert verdicts(prove(add(), alone), Kind.CONFLICT) == {Verdict.PROVED}
    key = ForeignKey("m_doc", ("org", "usr"), "docs", ("org", "id"), None, None)
    pointing = evolve(alone, tables=(tables[0], evolve(tables[1], foreign_keys=(key,))))
    assert Verdict.PROVED not in verdicts(prove(add(), pointing), Kind.CONFLICT)
