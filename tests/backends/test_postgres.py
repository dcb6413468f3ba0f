"""What a call is on PostgreSQL: one transaction, exact arguments, bounded, without traces on the connection."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from typing import Any

import attrs
import psycopg
import pytest

from liq.backends.calls import CursorKey, Result
from liq.backends.postgres import PostgresOptions, execute
from liq.model import expr as e
from liq.model import ir
from liq.model import types as t
from liq.model.errors import ErrorKind, LiqError
from liq.model.schema import Claim, Schema
from liq_planner.emit.query import emit_query
from tests.emit.agreement import OPTIONS, Loaded
from tests.emit.ir_builder import LIBRARY, ROWS, Build, Rel, call, integer, literal, param, parameter, query, text
from tests.emit.test_writes import Writes
from tests.pg.server import Server

ANN = {"sub": "ann"}


@pytest.fixture(scope="module")
def loaded(pg: Server) -> Loaded:
    return Loaded.at(pg.fresh_database(), LIBRARY, ROWS)


@pytest.fixture
def library(loaded: Loaded) -> Iterator[Loaded]:
    yield loaded
    loaded.reload()


def go(library: Loaded, q: ir.Query, options: PostgresOptions = OPTIONS, claims: Mapping[str, object] | None = None, **params: Any) -> Result:
    """Run a query."""
    plan = emit_query(q, library.schema, options=options.emit)
    return execute(library.connection, plan, q, library.schema, params, ANN if claims is None else claims, options)


def refused(library: Loaded, q: ir.Query, options: PostgresOptions = OPTIONS, **params: Any) -> LiqError:
    with pytest.raises(LiqError) as caught:
        go(library, q, options, **params)
    return caught.value


def all_books(b: Build) -> ir.Query:
    return query(b.keep(b.scan("books"), "id", "title"))


# ------------------------------------------------------------------------------------------------- transactions
def test_nothing_stays_on_the_connection(library: Loaded) -> None:
    watched = ("TimeZone", "DateStyle", "search_path", "statement_timeout", "transaction_isolation", "liq.claims")
    connection = library.connection
    connection.execute("set timezone = 'Asia/Kathmandu'")
    connection.execute("set datestyle = 'German'")
    connection.execute("set bytea_output = 'escape'")
    before = [connection.execute("select current_setting(%s, true)", [name]).fetchone() for name in watched]
    for claims in ({"sub": "ann"}, {"sub": "bob"}):
        assert go(library, all_books(Build()), attrs.evolve(OPTIONS, native_claims=True), claims).rows
    assert refused(library, query(Writes().insert({"owner": text("bob")}))).kind is ErrorKind.POLICY
    after = [connection.execute("select current_setting(%s, true)", [name]).fetchone() for name in watched]
    assert [b for b, name in zip(before, watched, strict=True) if name != "liq.claims"] == [
        a for a, name in zip(after, watched, strict=True) if name != "liq.claims"
    ]
    assert after[-1] in ((None,), ("",))
    assert connection.autocommit
    connection.execute("reset all")


def test_results_do_not_depend_on_the_session(library: Loaded) -> None:
    b = Build()
    authors, books = b.scan("authors", access=False), b.scan("books")
    moved = call("+", books["published"], literal(_month(), t.INTERVAL))
    q = query(b.project(
        books, at=books["published"], cast=e.Cast(books["published"], t.TEXT), day=e.Cast(books["published"], t.DATE), moved=moved,
        trunc=call("date_trunc", text("day"), books["published"]), hour=call("date_part", text("hour"), books["published"]),
        read=e.Cast(text("2026-07-01 12:00"), t.TIMESTAMP),
        rating=e.ScalarQuery(b.project(b.limit(authors, 1), r=authors["rating"]).relation),
    ))  # fmt: skip
    plain = go(library, q)
    for setting in ("timezone = 'America/New_York'", "datestyle = 'SQL, DMY'", "extra_float_digits = -5", "intervalstyle = 'iso_8601'"):
        library.connection.execute(f"set {setting}".encode())
    assert sorted(map(repr, go(library, q).rows)) == sorted(map(repr, plain.rows))
    library.connection.execute("reset all")


def _month():
    from liq.model.values import IntervalValue

    return IntervalValue(1, 1, 1)


def test_the_connection_must_be_idle(library: Loaded) -> None:
    library.connection.execute("begin")
    assert refused(library, all_books(Build())).kind is ErrorKind.BACKEND
    library.connection.execute("rollback")
    assert go(library, all_books(Build())).affected == 4


def test_a_lost_connection_is_an_error_of_ours(pg: Server) -> None:
    lost = Loaded.at(pg.fresh_database(), LIBRARY, {})
    with pytest.raises(psycopg.OperationalError):
        lost.connection.execute("select pg_terminate_backend(pg_backend_pid())")
    assert refused(lost, all_books(Build())).kind is ErrorKind.BACKEND


def test_reads_cannot_write(library: Loaded) -> None:
    """A read runs in a read-only transaction, whatever its text would do."""
    q = all_books(Build())
    plan = emit_query(q, library.schema)
    step = plan.members[0].steps[0]
    evil = attrs.evolve(step, main=attrs.evolve(step.main, text="delete from books where $1::text is not null returning id, title"))
    member = attrs.evolve(plan.members[0], steps=(evil,))
    with pytest.raises(LiqError) as caught:
        execute(library.connection, attrs.evolve(plan, members=(member,)), q, library.schema, {}, ANN, OPTIONS)
    assert caught.value.kind is ErrorKind.BACKEND


def test_one_snapshot_for_all_statements(library: Loaded, pg: Server) -> None:
    """What others commit between two statements of a plan is not seen."""
    b = Build()
    slow = b.project(b.limit(b.scan("edges"), 1), x=call("length", call("repeat", text("x"), integer(3))))
    first, second = b.scan("books"), b.scan("books")
    q = query(ir.Statement(slow.relation, name="a"), ir.Statement(b.keep(first, "id").relation, name="c"), b.keep(second, "id"))
    assert go(library, q).affected == 4


def test_writes_that_conflict_are_tried_again(library: Loaded) -> None:
    """Two transactions read both counters and write one each: serialisable, so one must run again after the other."""
    results: list[object] = []
    barrier = threading.Barrier(2)
    connection_info = library.connection.info

    def raise_price(own: int) -> None:
        b = Writes()
        statement = b.update(
            lambda s: call("=", s["id"], integer(own)),
            pages=lambda s: e.ScalarQuery(
                b.group(bare := b.scan("books", access=False), {}, m=_sum(bare["pages"])).relation
            ),
            returning=("pages",),
        )  # fmt: skip
        with psycopg.connect(connection_info.dsn, autocommit=True) as connection:
            mine = attrs.evolve(library, connection=connection)
            barrier.wait()
            for _ in range(10):
                try:
                    results.append(go(mine, query(statement), attrs.evolve(OPTIONS, attempts_max=40)).rows)
                except LiqError as error:
                    results.append(error.kind)

    threads = [threading.Thread(target=raise_price, args=(own,)) for own in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 20
    assert all(isinstance(r, tuple) or r is ErrorKind.OUT_OF_RANGE for r in results)


def _sum(pages: e.Expr) -> e.AggregateCall:
    from tests.emit.ir_builder import aggregate

    return aggregate("count", where=call(">", pages, integer(0)))


def test_attempts_are_bounded(library: Loaded) -> None:
    with psycopg.connect(library.connection.info.dsn) as other:
        other.execute("set transaction isolation level serializable")
        other.execute("select * from books")
        other.execute("update books set pages = 1 where id = 1")
        statement = Writes().update(lambda s: call("=", s["id"], integer(1)), pages=integer(2))
        error = refused(library, query(statement), attrs.evolve(OPTIONS, timeout_ms=200, attempts_max=2))
        assert error.kind is ErrorKind.LIMIT
        other.rollback()


# ------------------------------------------------------------------------------------------------- arguments
def test_parameters_are_exact(library: Loaded) -> None:
    b = Build()
    books = b.scan("books")
    q = query(b.keep(b.filter(books, call("=", books["id"], param("id", t.INT))), "title"), parameters=[parameter("id", t.INT)])
    assert go(library, q, id=1).rows == (("Notes",),)
    for params in ({}, {"id": "x"}, {"id": None}, {"id": 1, "more": 2}, {"id": 1.5}, {"id": 2**63}):
        assert refused(library, q, **params).kind is ErrorKind.PARAMETER


def test_preconditions_come_before_everything(library: Loaded) -> None:
    b = Build()
    q = query(b.keep(b.scan("books"), "id"), parameters=[parameter("n", t.INT)])
    small = ir.Precondition(call("<=", param("n", t.INT), integer(5)), "at most five")
    q = attrs.evolve(q, preconditions=(small,))
    assert go(library, q, n=5).affected == 4
    assert refused(library, q, n=6).message == "at most five"


def claims_schema() -> Schema:
    """Who one is stands in the token, else it is the owner of the first book: a read, made once per call."""
    b = Build()
    books = b.scan("books", access=False)
    first = b.project(b.limit(b.sort(books, books.key("owner"), books.key("id")), 1), owner=books["owner"])
    claims = (
        Claim("sub", t.TEXT, True, "sub"),
        Claim("who", t.TEXT, False, "app.who", e.ScalarQuery(first.relation)),
        Claim("level", t.INT, False, "level", integer(1)),
        Claim("teams", t.List(t.TEXT), True, None),
    )
    return attrs.evolve(LIBRARY, claims=claims)


def test_claims_come_from_the_token_or_their_default(library: Loaded) -> None:
    mine = attrs.evolve(library, schema=claims_schema())
    b = Build()
    level = e.ClaimRef("level", t.INT, False)
    teams = e.ClaimRef("teams", t.List(t.TEXT), True)
    q = query(b.project(b.scan("books"), owner=e.ClaimRef("who", t.TEXT, False), level=level, teams=teams))
    assert go(mine, q, claims={"app": {"who": "bob"}, "level": "7", "teams": ["a", "b"]}).rows == (("bob", 7, ("a", "b")),)
    assert set(go(mine, q, claims={}).rows) == {("ann", 1, None)}
    bad: list[dict[str, object]] = [{"level": "x"}, {"level": [1]}, {"app": {"who": ["x"]}, "level": {}}]
    for token in bad:
        with pytest.raises(LiqError) as caught:
            go(mine, q, claims=token)
        assert caught.value.kind is ErrorKind.CLAIM


# ------------------------------------------------------------------------------------------------- pages
def paged(b: Build, size: int | e.Expr) -> ir.Query:
    """Books by price, a page at a time."""
    books = b.scan("books")
    shown = b.keep(books, "title", "price", "id")
    key_types = (t.DECIMAL, t.INT)
    cursor = t.Cursor(key_types)
    keys = tuple(e.cursor_key("after", i, cursor, True) for i in range(2))
    after = e.Optional("after", e.RowCompare(">", (shown["price"], shown["id"]), keys))
    ordered = b.limit(b.sort(b.filter(shown, after), shown.key("price"), shown.key("id")), size)
    ids = {c.name: c.id for c in ordered.relation.columns}
    q = query(ordered, parameters=[ir.Parameter("after", cursor, True, optional=True)], ordered=True)
    return attrs.evolve(q, result=q.result[:2], paging=ir.Paging("after", (ids["price"], ids["id"])))


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5])
def test_pages_follow_each_other(library: Loaded, size: int) -> None:
    q = paged(Build(), size)
    seen: list[tuple[object, ...]] = []
    token, pages = None, 0
    while pages == 0 or token is not None:
        page = go(library, q, after=token)
        assert len(page.rows) <= size
        seen += page.rows
        token, pages = page.next_cursor, pages + 1
    assert [row[0] for row in seen] == ["Anonymous", "Notes", "More notes", "a_b%"]
    assert pages == -(-4 // size)


def test_cursors_of_others_are_refused(library: Loaded) -> None:
    q = paged(Build(), 2)
    token = go(library, q).next_cursor
    assert token is not None
    other = attrs.evolve(OPTIONS, cursor=CursorKey("another plan", b"secret"))
    assert refused(library, q, other, after=token).kind is ErrorKind.PARAMETER
    for bad in (token[:-1], token + "A", "", "x" * 40, token.upper(), 7, [1, 2], "ä", "A" * 50_000):
        assert refused(library, q, after=bad).kind is ErrorKind.PARAMETER


def test_a_cap_on_rows_is_an_error(library: Loaded) -> None:
    q = all_books(Build())
    assert go(library, q, attrs.evolve(OPTIONS, rows_max=4)).affected == 4
    error = refused(library, q, attrs.evolve(OPTIONS, rows_max=3))
    assert error.kind is ErrorKind.LIMIT


# ------------------------------------------------------------------------------------------------- the epoch
def test_the_epoch_of_the_database_must_be_the_plans(library: Loaded) -> None:
    options = attrs.evolve(OPTIONS, epoch="abc")
    assert refused(library, all_books(Build()), options).kind is ErrorKind.STALE
    connection = library.connection
    connection.execute("create schema liq")
    connection.execute("create table liq.epoch (value text not null)")
    assert refused(library, all_books(Build()), options).kind is ErrorKind.STALE
    connection.execute("insert into liq.epoch values ('abc')")
    assert go(library, all_books(Build()), options).affected == 4
    connection.execute("update liq.epoch set value = 'def'")
    assert refused(library, all_books(Build()), options).kind is ErrorKind.STALE
    connection.execute("drop schema liq cascade")


# ------------------------------------------------------------------------------------------------- errors
def test_errors_never_carry_values(library: Loaded) -> None:
    secret = "a secret title"
    b = Writes()
    library.connection.execute("update books set title = %s where id = 3", [secret])
    errors = [
        refused(library, query(b.insert({"title": text(secret)}))),
        refused(library, query(b.insert({"author_id": integer(987654)}))),
        refused(library, query(b.insert({"title": literal(None, t.TEXT)}))),
    ]
    bare = Build()
    books = bare.scan("books", access=False)
    errors.append(refused(library, query(bare.project(books, n=e.Cast(books["title"], t.INT)))))
    errors.append(refused(library, query(bare.project(books, n=e.Cast(books["title"], t.TIMESTAMP)))))
    for error in errors:
        assert "secret" not in error.message
        assert "987654" not in error.message
        assert error.__cause__ is None
    assert [error.kind for error in errors[:3]] == [ErrorKind.UNIQUE, ErrorKind.FOREIGN_KEY, ErrorKind.NOT_NULL]
    assert "books_title_key" in errors[0].message


def test_values_beyond_liqs_ranges_are_errors(library: Loaded) -> None:
    library.connection.execute("update books set published = '10000-01-01' where id = 1")
    b = Build()
    q = query(b.keep(b.scan("books"), "published"))
    assert refused(library, q).kind is ErrorKind.OUT_OF_RANGE
    assert isinstance(Rel(q.statements[0].body).relation, e.Relation)


def test_what_a_trigger_drops_is_not_written(library: Loaded) -> None:
    """Attempted and written must agree: a row that vanishes on the way fails the plan."""
    connection = library.connection
    connection.execute("create function drop_it() returns trigger language plpgsql as 'begin return null; end'")
    connection.execute("create trigger t before insert or update or delete on books for each row execute function drop_it()")
    b = Writes()
    for statement in (
        b.insert({}), b.update(lambda s: call("=", s["id"], integer(1)), pages=integer(1)), b.delete(lambda s: call("=", s["id"], integer(1))),
    ):  # fmt: skip
        assert refused(library, query(statement)).kind is ErrorKind.POLICY
    connection.execute("drop function drop_it cascade")
