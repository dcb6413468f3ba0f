"""Writes as they are emitted: what they store, return and refuse, on PostgreSQL and on the reference."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from liq.model import expr as e
from liq.model import ir
from liq.model import types as t
from liq.model.errors import ErrorKind
from liq.model.values import Value
from tests.emit.agreement import Both, Loaded, check, check_stored
from tests.emit.ir_builder import (
    LIBRARY,
    MOOD,
    PRICE,
    ROWS,
    WHO,
    Build,
    Rel,
    aggregate,
    call,
    integer,
    literal,
    param,
    parameter,
    query,
    text,
)
from tests.pg.server import Server

ANN = {"sub": "ann"}
BOOK = {
    "author_id": integer(1), "title": text("New"), "price": literal(__import__("decimal").Decimal("1.005"), t.DECIMAL),
    "pages": integer(3), "published": literal(None, t.TIMESTAMP), "mood": literal("mid", MOOD), "owner": text("ann"),
    "deleted_at": literal(None, t.TIMESTAMP),
}  # fmt: skip
TARGETS = tuple(BOOK)


@pytest.fixture(scope="module")
def loaded(pg: Server) -> Loaded:
    return Loaded.at(pg.fresh_database(), LIBRARY, ROWS)


@pytest.fixture
def library(loaded: Loaded) -> Iterator[Loaded]:
    yield loaded
    loaded.reload()


def run(library: Loaded, *statements: ir.Statement, claims: dict[str, str] = ANN, **params: object) -> Both:
    """Both agree on the answer and on what is stored afterwards."""
    declared = [parameter(name, _TYPES[name]) for name in params]
    both = check(library, query(*statements, parameters=declared), params, claims)
    check_stored(library, both)
    return both


_TYPES: dict[str, t.Type] = {"title": t.TEXT, "price": t.DECIMAL, "pages": t.INT, "id": t.INT}


class Writes(Build):
    """Builds writes to books."""

    def own(self, row: Rel) -> ir.WriteCheck:
        """Only one's own books may be written."""
        mine = call("=", row["owner"], WHO)
        return ir.WriteCheck(mine, (ir.Rule(ir.RuleKind.POLICY, "own", mine),))

    def insert(self, *rows: dict[str, e.Expr], returning: tuple[str, ...] = ("id", "title"), conflict: ir.Conflict | None = None,
               check: bool = True) -> ir.Statement:  # fmt: skip
        """Insert books."""
        columns = tuple(self.column(name, _type_of(name), True) for name in TARGETS)
        source = ir.Values(columns, tuple(tuple((BOOK | row)[name] for name in TARGETS) for row in rows))
        return self.insert_from(source, returning, conflict, check)

    def insert_from(self, source: e.Relation, returning: tuple[str, ...] = ("id",), conflict: ir.Conflict | None = None,
                    check: bool = True) -> ir.Statement:  # fmt: skip
        """Insert books from any rows."""
        row = self.row("books")
        at = Rel(ir.Values(row, ()))
        checked = self.own(at) if check else ir.WriteCheck(e.Literal(True, t.BOOL), ())
        items = tuple(e.Item(self.column(name, at[name].type), at[name]) for name in returning)
        return ir.Statement(ir.Insert("books", TARGETS, source, row, checked, conflict, items), shows=bool(returning))

    def update(self, where: object, *, returning: tuple[str, ...] = ("id", "title"), **values: object) -> ir.Statement:
        """Update visible books; callables see the old row."""
        scan = self.scan("books")
        row = self.row("books")
        at = Rel(ir.Values(row, ()))
        made = tuple(ir.Assignment(name, v(scan) if callable(v) else v) for name, v in values.items())  # type: ignore[arg-type]
        items = tuple(e.Item(self.column(name, at[name].type), at[name]) for name in returning)
        predicate = where(scan) if callable(where) else where
        return ir.Statement(ir.Update(scan.relation, predicate, made, row, self.own(at), items), shows=bool(returning))  # type: ignore[arg-type]

    def delete(self, where: object, returning: tuple[str, ...] = ("id", "title")) -> ir.Statement:
        """Delete visible books, for good."""
        scan = self.scan("books")
        items = tuple(e.Item(self.column(name, scan[name].type), scan[name]) for name in returning)
        return ir.Statement(ir.Delete(scan.relation, where(scan), items), shows=bool(returning))  # type: ignore[operator, arg-type]


def _type_of(name: str) -> t.Type:
    return LIBRARY.table_by_name["books"].by_name[name].type


def kind_of(both: Both) -> ErrorKind:
    assert both.error is not None
    assert both.expected.error is not None
    return both.error.kind


def test_insert_stores_rounds_and_returns(library: Loaded) -> None:
    both = run(library, Writes().insert({}, {"title": text("it's; -- \"x\""), "pages": literal(None, t.INT)}, returning=("id", "price", "title")))
    assert both.result is not None
    assert both.result.affected == 2


def test_insert_without_returning_counts(library: Loaded) -> None:
    both = run(library, Writes().insert({}, {"title": text("B")}, returning=()))
    assert both.result is not None
    assert both.result.rows == ()
    assert both.result.affected == 2


def test_insert_of_no_rows(library: Loaded) -> None:
    b = Writes()
    books = b.filter(b.scan("books"), call("=", integer(1), integer(2)))
    both = run(library, b.insert_from(b.keep(books, *TARGETS).relation))
    assert both.result is not None
    assert both.result.affected == 0
    assert both.result.rows == ()


def test_insert_from_a_read(library: Loaded) -> None:
    b = Writes()
    books = b.scan("books")
    shaped = b.project(books, **{name: call("||", books["title"], text("!")) if name == "title" else books[name] for name in TARGETS})
    run(library, b.insert_from(shaped.relation, returning=("title", "price")))
    b = Writes()
    books = b.scan("books", access=False)
    mixed = b.combine(ir.SetOperator.UNION_ALL, b.keep(books, *TARGETS), b.keep(books, *TARGETS))
    assert kind_of(run(library, b.insert_from(mixed.relation))) in (ErrorKind.UNIQUE, ErrorKind.POLICY)


@pytest.mark.parametrize("row, kind", [
    ({"owner": text("bob")}, ErrorKind.POLICY),
    ({"title": text("Notes")}, ErrorKind.UNIQUE),
    ({"author_id": integer(99)}, ErrorKind.FOREIGN_KEY),
    ({"price": literal(__import__("decimal").Decimal(-1), t.DECIMAL)}, ErrorKind.CHECK),
    ({"title": literal(None, t.TEXT)}, ErrorKind.NOT_NULL),
    ({"pages": integer(2**31)}, ErrorKind.OUT_OF_RANGE),
    ({"price": literal(__import__("decimal").Decimal("999999.995"), t.DECIMAL)}, ErrorKind.OUT_OF_RANGE),
])  # fmt: skip
def test_insert_is_refused_whole(library: Loaded, row: dict[str, e.Expr], kind: ErrorKind) -> None:
    before = len(library.stored("books"))
    assert kind_of(run(library, Writes().insert({}, row | {"title": row.get("title", text("Other"))}))) is kind
    assert len(library.stored("books")) == before


def test_a_policy_refuses_before_a_key_does(library: Loaded) -> None:
    """A row that may not be written must not tell whether its key is taken."""
    for title in ("Notes", "Free"):
        assert kind_of(run(library, Writes().insert({"owner": text("bob"), "title": text(title)}))) is ErrorKind.POLICY


def test_a_check_on_a_number_of_the_database(library: Loaded) -> None:
    for limit, fails in ((1000, False), (3, True)):
        b = Writes()
        statement = b.insert({"title": text(f"N{limit}")})
        insert = statement.body
        assert isinstance(insert, ir.Insert)
        small = call("<", Rel(ir.Values(insert.row, ()))["id"], integer(limit))
        both = run(library, ir.Statement(_with_check(insert, small)))
        assert (both.error is not None) == fails
        if fails:
            assert kind_of(both) is ErrorKind.POLICY


def _with_check(insert: ir.Insert, predicate: e.Expr) -> ir.Insert:
    import attrs

    return attrs.evolve(insert, check=ir.WriteCheck(predicate, ()))


def conflict(b: Writes, action: ir.ConflictAction, *target: str, visible: bool = True, where: bool = False) -> ir.Conflict:
    """An upsert on books."""
    if action is ir.ConflictAction.SKIP:
        return ir.Conflict(action, target)
    existing, excluded, changed = b.row("books"), b.row("books"), b.row("books")
    old, new, after = (Rel(ir.Values(c, ())) for c in (existing, excluded, changed))
    mine = b.policy("books", old)
    return ir.Conflict(
        action, target, existing, excluded,
        (ir.Assignment("pages", call("+", old["pages"], new["pages"])), ir.Assignment("mood", new["mood"])),
        call("<", old["pages"], integer(50)) if where else None,
        ir.Access(mine, ()) if visible else None, changed, b.own(after),
    )  # fmt: skip


@pytest.mark.parametrize("title", ["New", "Notes", "Travaux", "Gone"])
@pytest.mark.parametrize("target", [("title",), ()])
def test_or_skip(library: Loaded, title: str, target: tuple[str, ...]) -> None:
    b = Writes()
    run(library, b.insert({"title": text(title)}, {"title": text("Another")}, conflict=conflict(b, ir.ConflictAction.SKIP, *target)))


@pytest.mark.parametrize("title", ["New", "Notes", "Travaux", "Gone"])
@pytest.mark.parametrize("where", [False, True])
def test_or_update(library: Loaded, title: str, where: bool) -> None:
    b = Writes()
    both = run(library, b.insert(
        {"title": text(title)}, {"title": text("More notes")}, returning=("id", "title", "pages"),
        conflict=conflict(b, ir.ConflictAction.UPDATE, "title", where=where),
    ))  # fmt: skip
    if title == "Travaux":  # somebody else's
        assert kind_of(both) is ErrorKind.POLICY


def test_or_update_of_one_row_twice(library: Loaded) -> None:
    b = Writes()
    both = run(library, b.insert({"title": text("Notes")}, {"title": text("Notes")}, conflict=conflict(b, ir.ConflictAction.UPDATE, "title")))
    assert kind_of(both) is ErrorKind.CONFLICT_TWICE


def test_update_changes_visible_rows(library: Loaded) -> None:
    b = Writes()
    run(library, b.update(
        lambda s: call(">", s["price"], integer(6)), pages=lambda s: call("+", e.Coalesce((s["pages"], integer(0)), t.INT), integer(-1)),
        title=lambda s: call("||", s["title"], text("'s")), returning=("id", "title", "pages"),
    ))  # fmt: skip


def test_update_of_nothing(library: Loaded) -> None:
    for returning in ((), ("id",)):
        both = run(library, Writes().update(lambda s: call("=", s["owner"], text("bob")), pages=integer(1), returning=returning))
        assert both.result is not None
        assert both.result.affected == 0


def test_update_into_what_is_not_ones_own(library: Loaded) -> None:
    both = run(library, Writes().update(lambda s: call("=", s["id"], integer(1)), owner=text("bob")))
    assert kind_of(both) is ErrorKind.POLICY


def test_update_meets_constraints(library: Loaded) -> None:
    both = run(library, Writes().update(lambda s: call("=", s["id"], integer(1)), title=text("More notes")))
    assert kind_of(both) is ErrorKind.UNIQUE


def test_what_may_raise_is_kept_from_hidden_rows(library: Loaded) -> None:
    """Bob's book has no pages column to divide by; the deleted one would divide by zero after the change below."""
    b = Writes()
    both = run(library, b.update(
        lambda s: call(">", call("/", integer(100), call("-", e.Cast(s["pages"], t.INT), integer(5))), integer(0)), mood=literal("high", MOOD),
    ))  # fmt: skip
    assert "OFFSET 0" in both.plan.members[0].steps[0].main.text


def test_tombstones_are_updates(library: Loaded) -> None:
    b = Writes()
    update = b.update(lambda s: call("=", s["title"], text("Notes")), deleted_at=literal(ROWS["books"][5]["deleted_at"], t.TIMESTAMP))
    again = b.insert({"title": text("Notes")})
    run(library, update, again)


def test_delete(library: Loaded) -> None:
    run(library, Writes().delete(lambda s: call(">", s["price"], integer(9))))
    library.reload()
    both = run(library, Writes().delete(lambda s: call("=", s["owner"], text("bob")), returning=()))
    assert both.result is not None
    assert both.result.affected == 0


def test_returning_follows_links(library: Loaded) -> None:
    b = Writes()
    statement = b.insert({"author_id": integer(2)})
    insert = statement.body
    assert isinstance(insert, ir.Insert)
    row = Rel(ir.Values(insert.row, ()))
    authors = b.scan("authors")
    name = b.keep(b.filter(authors, call("=", authors["id"], row["author_id"])), "name")
    items = (*insert.returning, e.Item(b.column("author", t.TEXT), e.ScalarQuery(name.relation)))
    import attrs

    run(library, ir.Statement(attrs.evolve(insert, returning=items)))


def test_let_rows_are_bound_in_later_statements(library: Loaded) -> None:
    import attrs

    b = Writes()
    first = attrs.evolve(b.insert({}, {"title": text("Other")}, returning=("id", "title", "price", "published", "mood")), name="v")
    columns = tuple(b.column(c.name, c.type) for c in first.body.columns)
    scan = Rel(ir.LetScan("v", columns))
    one = b.group(scan, {}, most=aggregate("max", scan["id"]))
    second = b.update(
        lambda s: e.InQuery((s["id"],), b.keep(scan, "id").relation),
        pages=e.ScalarQuery(one.relation), returning=("id", "title", "pages"),
    )  # fmt: skip
    third = b.sort(b.keep(scan, "title", "price"), scan.key("title"))
    run(library, first, attrs.evolve(second, name="w"), ir.Statement(third.relation))


def test_lets_hold_every_type(library: Loaded) -> None:
    b = Build()
    authors = b.scan("authors", access=False)
    books = b.scan("books", access=False)
    mine = b.sort(b.keep(b.filter(books, call("=", books["author_id"], authors["id"])), "title", "price", "id"), books.key("id"))
    names = [c.name for c in authors.relation.columns]
    shaped = b.project(authors, **{n: authors[n] for n in names}, nested=e.Collect(mine.relation))
    scan = Rel(ir.LetScan("v", tuple(b.column(c.name, c.type) for c in shaped.relation.columns)))
    both = check(library, query(ir.Statement(shaped.relation, name="v"), ir.Statement(scan.relation)), claims=ANN)
    assert both.result is not None
    assert len(both.result.rows) == 4


def test_expect_fails_the_whole_plan(library: Loaded) -> None:
    import attrs

    before = library.stored("books")
    one = Writes().insert({})
    two = Writes().update(lambda s: call("=", s["id"], integer(1)), pages=integer(1))
    both = run(library, one, attrs.evolve(two, expect=ir.Expect(2, "two, please")))
    assert kind_of(both) is ErrorKind.EXPECT
    assert both.error is not None
    assert both.error.message == "two, please"
    assert sorted(map(str, library.stored("books"))) == sorted(map(str, before))


def test_rows_of_a_parameter(library: Loaded) -> None:
    b = Writes()
    columns = tuple(b.column(name, _type_of(name)) for name in TARGETS)
    rows = ir.Parameter("rows", t.List(t.Record(())), False, rows_of=columns)
    statement = b.insert_from(ir.ParamRows("rows", columns), returning=("title", "price", "mood"))
    book: dict[str, Value] = {"author_id": 1, "title": "A'\\\"{},", "price": "2.50", "owner": "ann", "mood": "low"}
    both = check(library, query(statement, parameters=[rows]), {"rows": [book, book | {"title": "B", "mood": None}]}, ANN)
    check_stored(library, both)
    assert both.result is not None
    assert both.result.affected == 2


def test_rows_of_a_parameter_hold_lists_and_json(library: Loaded) -> None:
    b = Writes()
    table = LIBRARY.table_by_name["authors"]
    columns = tuple(b.column(c.name, c.type) for c in table.columns)
    row = b.row("authors")
    returned = tuple(e.Item(b.column(name, Rel(ir.Values(row, ()))[name].type), Rel(ir.Values(row, ()))[name]) for name in ("tags", "meta"))
    open_ = ir.WriteCheck(literal(True, t.BOOL), ())
    insert = ir.Insert("authors", tuple(c.name for c in table.columns), ir.ParamRows("rows", columns), row, open_, None, returned)
    author: dict[str, Value] = {"id": 70, "name": "new", "active": True, "tags": ["a,b", None, '"'], "meta": {"a": [1]}}  # type: ignore[dict-item]
    q = query(ir.Statement(insert), parameters=[ir.Parameter("rows", t.List(t.Record(())), False, rows_of=columns)])
    both = check(library, q, {"rows": [author, author | {"id": 71, "name": "other", "tags": [], "meta": None}]}, ANN)
    check_stored(library, both)
    assert both.result is not None
    assert both.result.affected == 2


def test_parameters_are_values_only(library: Loaded) -> None:
    for title in ("x'); drop table books; --", "$1", "\\", '"', "%s {} :name", "ä\U0001f600"):
        b = Writes()
        run(library, b.insert({"title": param("title", t.TEXT)}, returning=("title",)), title=title)
        library.reload()
    assert PRICE.precision == 8
