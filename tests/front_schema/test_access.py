"""Which rows a statement reaches: policies, roles and tombstones in the access of every table."""

from __future__ import annotations

import pytest

from liq.front.access import always_visible
from liq.model.expr import Relation
from liq.model.ir import Delete, Insert, Query, RuleKind, Scan, Update
from liq.model.node import walk
from liq.model.schema import Schema
from tests.front_schema.predicate_text import text_of
from tests.front_schema.programs import against_shop, query_of, said, schema_of, shop


def scan_of(query: Query, table: str) -> Scan:
    """The user's scan of a table: the first one that has an access of its own."""
    return next(n for s in query.statements for n in walk(s.body) if isinstance(n, Scan) and n.table == table)


def reads(text: str, table: str, schema: Schema | None = None) -> str:
    """The access predicate of a table in a query."""
    access = scan_of(query_of(text, schema), table).access
    assert access is not None
    return text_of(access.predicate)


def written(text: str) -> Relation:
    """The last statement of a query over the shop."""
    return query_of(text).statements[-1].body


OPEN = "table t { id int key, n int, secret text sensitive, gone_at timestamp? tombstone }\n"
CLAIMS = "session { uid: uuid?, role: text from 'role' = 'anon' }\n"


@pytest.mark.parametrize(("policies", "expected"), [
    ("", "false"),
    ("policy a on t for read using true", "gone_at is null"),
    ("policy a on t for update using true", "false"),
    ("policy a on t for read using n > 0", "(n > 0 and gone_at is null)"),
    ("policy a on t for read using n > 0 policy b on t for all using n < 9", "((n > 0 or n < 9) and gone_at is null)"),
    ("policy a on t for read using n > 0 policy b on t for read using true", "gone_at is null"),
    ("policy a on t restrictive for read using n > 0", "false"),
    ("policy a on t restrictive for read using n > 0 policy b on t for read using true", "(n > 0 and gone_at is null)"),
    ("policy a on t for read to x, y using n > 0", "(@role in ('x', 'y') and n > 0 and gone_at is null)"),
    ("policy a on t for read to x using true policy b on t for read using n = 1", "((@role in ('x') or n = 1) and gone_at is null)"),
    (
        "policy a on t restrictive for all to x using n > 0 policy b on t for all using true",
        "((not @role in ('x') is true or n > 0) and gone_at is null)",
    ),
])  # fmt: skip
def test_policies_are_combined(policies: str, expected: str) -> None:
    assert reads("read t { id } limit 1", "t", schema_of(CLAIMS + OPEN + policies)) == expected


def test_the_predicate_is_made_of_its_rules() -> None:
    access = scan_of(query_of("read orders { id } limit 1"), "orders").access
    assert access is not None
    assert [(r.kind, r.name) for r in access.rules] == [
        (RuleKind.POLICY, "mine"), (RuleKind.RESTRICTIVE, "auditors"), (RuleKind.ROLE, "orders"),
    ]  # fmt: skip


ROLES = "policy open on t for all using true\nrole everything { read all }\nrole table { read t }\n" \
        "role listed { read t (id, secret) }\nrole other { insert t }\nrole late { read t with deleted }\n"  # fmt: skip


@pytest.mark.parametrize(("query", "expected"), [
    ("read t { id } limit 1", "(@role in ('everything', 'table', 'listed', 'late') and gone_at is null)"),
    ("read t { n } where n = 1 limit 1", "(@role in ('everything', 'table', 'late') and gone_at is null)"),
    ("read t { m: max(n) }", "(@role in ('everything', 'table', 'late') and gone_at is null)"),
    ("read t { c: count() }", "(@role in ('everything', 'table', 'listed', 'late') and gone_at is null)"),
    ("read t { secret } where id = 1", "(@role in ('listed') and gone_at is null)"),
    ("read t { id } where secret = 'x' limit 1", "(@role in ('listed') and gone_at is null)"),
    ("read t { id } order secret limit 1", "(@role in ('listed') and gone_at is null)"),
    ("read t { id, other: (read t u { u.n } where u.id = t.id) } limit 1",
     "(@role in ('everything', 'table', 'listed', 'late') and gone_at is null)"),
    ("read t where id = 1", "(@role in ('everything', 'table', 'late') and gone_at is null)"),
    ("read t with deleted { id } limit 1",
     "(@role in ('everything', 'table', 'listed', 'late') and (gone_at is null or @role in ('late')))"),
])  # fmt: skip
def test_roles_list_what_is_used(query: str, expected: str) -> None:
    assert reads(query, "t", schema_of(CLAIMS + OPEN + ROLES)) == expected


def test_without_roles_with_deleted_shows_everything() -> None:
    schema = schema_of(CLAIMS + OPEN + "policy open on t for all using true")
    assert reads("read t with deleted { id } limit 1", "t", schema) == "true"


VIEWS = """
policy open on t for all using true
view v = read t { id, n, mark: mask(secret, 1, 0) } where n > 0
view raw = read t { id, secret }
view outer_view = read v { id }
role via { read v }
role part { read v (id) }
role direct { read t }
role full { read t (id, n, secret), raw }
role outermost { read outer_view }
"""


@pytest.mark.parametrize(("query", "roles"), [
    ("read v { id } limit 1", "'via', 'part', 'direct', 'full'"),
    ("read v { mark } limit 1", "'via', 'direct', 'full'"),
    ("read v { id } where n = 1 limit 1", "'via', 'direct', 'full'"),
    ("read raw { id } limit 1", "'full'"),
    ("read outer_view limit 1", "'direct', 'full', 'outermost'"),
])  # fmt: skip
def test_a_view_is_reached_by_those_who_list_it_or_what_it_uses(query: str, roles: str) -> None:
    assert reads(query, "t", schema_of(CLAIMS + OPEN + VIEWS)) == f"(@role in ({roles}) and gone_at is null)"


def test_policies_read_bare_tables_but_never_deleted_rows() -> None:
    text = reads("read orders { id } limit 1", "orders")
    assert text == "(shop_id = @shop_id and (not @role in ('auditor') is true or state = 'sent') " \
                   "and @role in ('clerk', 'auditor', 'owner'))"  # fmt: skip
    schema = schema_of(CLAIMS + OPEN + "table u { id int key, t_id int -> t }\npolicy a on u for read using t.n > 0\n"
                       "policy b on u for read using exists (read u x where x.id = u.t_id)")  # fmt: skip
    assert reads("read u limit 1", "u", schema) == "(<ScalarQuery t[gone_at is null]> > 0 or <Exists u>)"


# ------------------------------------------------------------------------------------------------- writes
def test_an_insert_checks_policies_and_grants() -> None:
    insert = written("insert orders { id: 1, shop_id: 1 }")
    assert isinstance(insert, Insert)
    assert text_of(insert.check.predicate) == (
        "(shop_id = @shop_id and not <ScalarQuery shops> and @role in ('clerk', 'owner'))"
    )


def test_what_is_shown_again_must_be_readable() -> None:
    insert = written("insert orders { id: 1, shop_id: 1 } returning state")
    assert isinstance(insert, Insert)
    assert text_of(insert.check.predicate) == (
        "(shop_id = @shop_id and not <ScalarQuery shops> and (not @role in ('auditor') is true or state = 'sent') "
        "and @role in ('clerk', 'owner'))"
    )


def test_a_let_that_is_used_is_shown() -> None:
    query = query_of("let o = insert orders { id: 1, shop_id: 1 } insert lines { order_id: o.id, number: 1, item: 'a', price: 1 }")
    first = query.statements[0].body
    assert isinstance(first, Insert) and "state = 'sent'" in text_of(first.check.predicate)
    unused = query_of("let o = insert orders { id: 1, shop_id: 1 } read counters limit 1").statements[0].body
    assert isinstance(unused, Insert) and "state = 'sent'" not in text_of(unused.check.predicate)


def test_an_update_finds_what_may_be_updated_and_read() -> None:
    update = written("update orders set state = 'paid' where total > 1")
    assert isinstance(update, Update) and update.scan.access is not None
    assert text_of(update.scan.access.predicate) == (
        "(shop_id = @shop_id and not <ScalarQuery shops> and (not @role in ('auditor') is true or state = 'sent') "
        "and @role in ('clerk', 'owner'))"
    )
    assert "state = 'sent'" in text_of(update.check.predicate)


@pytest.mark.parametrize(("text", "roles"), [
    ("update orders set state = 'paid' where id = 1", "'clerk', 'owner'"),
    ("update orders set total = 1 where id = 1", "'owner'"),
    ("update customers set name = 'a' where id = 1", "'clerk', 'owner'"),
    ("update customers set name = 'a' where kind = 'firm'", "'owner'"),
    ("update customers set name = email where id = 1", "'clerk'"),
    ("delete orders where id = 1", "'clerk', 'owner'"),
])  # fmt: skip
def test_a_change_needs_grants_for_what_it_sets_and_what_it_looks_at(text: str, roles: str) -> None:
    change = written(text)
    assert isinstance(change, Update | Delete) and change.scan.access is not None
    assert f"@role in ({roles})" in text_of(change.scan.access.predicate)


def test_or_update_changes_what_may_be_changed() -> None:
    insert = written("insert counters { name: 'a' } or update set hits = hits + excluded.hits")
    assert isinstance(insert, Insert) and insert.conflict is not None
    assert insert.conflict.visible is not None and insert.conflict.check is not None
    assert text_of(insert.conflict.visible.predicate) == "@role in ('clerk', 'owner')"
    assert insert.conflict.target == ("name",)


def test_a_tombstone_makes_delete_an_update() -> None:
    change = written("delete customers where id = 1")
    assert isinstance(change, Update) and change.deletes
    assert [(a.column, text_of(a.value)) for a in change.assignments] == [("left_at", "now()")]
    assert change.scan.access is not None and "left_at is null" in text_of(change.scan.access.predicate)


def test_setting_the_tombstone_to_null_finds_deleted_rows() -> None:
    change = written("update customers set left_at = null where id = 1")
    assert isinstance(change, Update) and change.scan.with_deleted and change.scan.access is not None
    assert "(left_at is null or @role in ('clerk'))" in text_of(change.scan.access.predicate)
    plain = written("update customers set left_at = now() where id = 1")
    assert isinstance(plain, Update) and not plain.scan.with_deleted


# ------------------------------------------------------------------------------------------------- every scan
@pytest.mark.parametrize("text", [
    "read orders { id, customer.name, shop { name }, lines { item } } limit 5",
    "read people p join orders o on o.customer_id = p.id { p.name, o.id } limit 5",
    "read shops where id in (read orders { shop_id } where exists (lines where price > 1)) limit 5",
    "read orders { shop_id, n: count(lines), m: max(lines.price) } limit 5",
    "update orders set note = customer.name where exists (lines where price > 1) returning id, shop.name",
    "insert archive from read orders { id, shop_id, state } where id not in (read archive { id })",
])  # fmt: skip
def test_no_table_of_the_user_is_left_bare(text: str) -> None:
    query = query_of(text)
    hidden = {id(n) for s in query.statements for a in walk(s.body) if isinstance(a, Scan) and a.access
              for n in walk(a.access) if isinstance(n, Scan)}  # fmt: skip
    checks = {id(n) for s in query.statements for c in walk(s.body) if isinstance(c, Insert | Update)
              for n in walk(c.check) if isinstance(n, Scan)}  # fmt: skip
    mine = [n for s in query.statements for n in walk(s.body) if isinstance(n, Scan) and id(n) not in hidden | checks]
    assert mine and all(scan.access is not None for scan in mine)


def test_always_visible() -> None:
    assert not always_visible(shop(), shop().table_by_name["shops"])  # roles may hide it
    schema = schema_of("table a { id int key } table b { id int key, gone timestamp? tombstone }\n"
                       "policy open on a, b for read using true")  # fmt: skip
    assert always_visible(schema, schema.table_by_name["a"]) and not always_visible(schema, schema.table_by_name["b"])
    narrowed = schema_of("table a { id int key } policy o on a for read using true policy r on a restrictive for read using id > 0")
    assert not always_visible(narrowed, narrowed.table_by_name["a"])


def test_sensitive_columns_are_refused_where_no_role_lists_them() -> None:
    assert said(against_shop("read customers { phone } limit 1")) == [
        "LIQ0538 customers.phone is sensitive, and no role lists it"
    ]
    assert said(against_shop("read customers limit 1")) == []
    assert said(against_shop("read customers { mask(phone, 1, 0) } limit 1")) == [
        "LIQ0538 customers.phone is sensitive, and no role lists it"
    ]
