"""No error tells of a hidden row: what may raise is evaluated on rows that the policy shows, in every shape, whatever the
server's planner would like to do first."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from liq.model import expr as e
from liq.model import ir
from liq.model import types as t
from tests.emit.agreement import Loaded, run_both
from tests.emit.ir_builder import LIBRARY, ROWS, Build, Rel, aggregate, call, integer, query, text, window
from tests.emit.test_writes import Writes
from tests.pg.server import Server

ANN = {"sub": "ann"}
HIDDEN_ZERO = {
    **ROWS,
    "books": [{**row, "pages": 0 if row["owner"] == "bob" or row["deleted_at"] else 7, "title": f"{'x' if row['owner'] == 'bob' else ''}{i}"}
              for i, row in enumerate(ROWS["books"])],
}  # fmt: skip
INNER, LEFT, FULL = ir.JoinKind.INNER, ir.JoinKind.LEFT, ir.JoinKind.FULL
Shape = Callable[[Writes], ir.Query]


@pytest.fixture(scope="module")
def loaded(pg: Server) -> Loaded:
    return Loaded.at(pg.fresh_database(), LIBRARY, HIDDEN_ZERO)


@pytest.fixture(params=["as it likes", "dearly hidden"])
def library(loaded: Loaded, request: pytest.FixtureRequest) -> Iterator[Loaded]:
    """The planner's own choice, and one where the policy's part looks dear: cheap conditions would be tried first."""
    if request.param == "dearly hidden":
        loaded.connection.execute("alter function texteq(text, text) cost 100000")
    yield loaded
    loaded.connection.execute("alter function texteq(text, text) cost 1")
    loaded.reload()


def risky(row: Rel) -> e.Expr:
    """Divides by the pages, which are zero in hidden rows only."""
    return call("/", integer(100), e.Cast(row["pages"], t.INT))


def positive(expr: e.Expr) -> e.Expr:
    return call(">", expr, integer(0))


def cast_title(row: Rel) -> e.Expr:
    """Titles are numbers in visible rows only."""
    return e.Cast(row["title"], t.INT)


def shapes() -> dict[str, Shape]:
    """Every place where an expression may be evaluated early."""

    def where(b: Writes) -> ir.Query:
        books = b.scan("books")
        return query(b.keep(b.filter(books, e.And((positive(risky(books)), call("<>", books["title"], text("q"))))), "id"))

    def cast(b: Writes) -> ir.Query:
        books = b.scan("books")
        return query(b.keep(b.filter(books, call(">=", cast_title(books), integer(0))), "id"))

    def computed(b: Writes) -> ir.Query:
        books = b.scan("books")
        shaped = b.project(books, id=books["id"], x=risky(books))
        return query(b.filter(shaped, positive(shaped["x"])))

    def grouped(b: Writes) -> ir.Query:
        books = b.scan("books")
        found = b.group(books, {"x": risky(books)}, n=aggregate("count"))
        return query(b.filter(found, positive(found["x"])))

    def distinct(b: Writes) -> ir.Query:
        books = b.scan("books")
        shaped = b.distinct(b.project(books, x=risky(books)))
        return query(b.filter(shaped, positive(shaped["x"])))

    def united(b: Writes) -> ir.Query:
        first, second = b.scan("books"), b.scan("books")
        both = b.combine(ir.SetOperator.UNION_ALL, b.project(first, x=risky(first)), b.project(second, x=integer(1)))
        return query(b.filter(both, positive(both["x"])))

    def windowed(b: Writes) -> ir.Query:
        books = b.scan("books")
        over = b.window(b.project(books, x=risky(books), id=books["id"]), n=window("count"))
        parts = b.window(over, m=window("count", partition=(over["x"],)))
        return query(b.filter(parts, positive(parts["x"])))

    def ordered(b: Writes) -> ir.Query:
        books = b.scan("books")
        return query(b.keep(b.limit(b.sort(books, e.SortKey(risky(books), False, False), books.key("id")), 2), "id"))

    def aggregated(b: Writes) -> ir.Query:
        books = b.scan("books")
        return query(b.group(books, {}, s=aggregate("sum", risky(books)), n=aggregate("count", where=positive(risky(books)))))

    def exists(b: Writes) -> ir.Query:
        authors, books = b.scan("authors", access=False), b.scan("books")
        mine = b.filter(books, e.And((call("=", books["author_id"], authors["id"]), positive(risky(books)))))
        return query(b.keep(b.filter(authors, e.Exists(mine.relation)), "id"))

    def about_the_outer_row(b: Writes) -> ir.Query:
        books, authors = b.scan("books"), b.scan("authors", access=False)
        of = e.And((call("=", books["author_id"], authors["id"]), positive(risky(books))))
        return query(b.keep(b.filter(books, e.Exists(b.filter(authors, of).relation)), "id"))

    def among(b: Writes) -> ir.Query:
        authors, books = b.scan("authors", access=False), b.scan("books")
        return query(b.keep(b.filter(authors, e.InQuery((authors["id"],), b.project(books, x=risky(books)).relation)), "id"))

    def collected(b: Writes) -> ir.Query:
        authors, books = b.scan("authors", access=False), b.scan("books")
        mine = b.filter(books, call("=", books["author_id"], authors["id"]))
        return query(b.project(authors, id=authors["id"], all_=e.Collect(b.project(mine, x=risky(mine)).relation)))

    return {f.__name__: f for f in (
        where, cast, computed, grouped, distinct, united, windowed, ordered, aggregated, exists, about_the_outer_row, among, collected,
        *(_joined(kind, place) for kind in (INNER, LEFT, FULL) for place in ("on", "side", "above")), _updated, _deleted, _inserted,
    )}  # fmt: skip


def _joined(kind: ir.JoinKind, place: str) -> Shape:
    def joined(b: Writes) -> ir.Query:
        authors, books = b.scan("authors", access=False), b.scan("books")
        same = call("=", books["author_id"], authors["id"])
        if place == "on":
            both = b.join(kind, authors, books, e.And((same, positive(risky(books)))))
            return query(b.project(both, a=authors["id"], b=books["id"]))
        if place == "side":
            shaped = b.project(books, id=books["id"], author_id=books["author_id"], x=risky(books))
            both = b.join(kind, authors, shaped, call("=", shaped["author_id"], authors["id"]))
            return query(b.project(both, a=authors["id"], x=shaped["x"]))
        both = b.join(kind, authors, books, same)
        return query(b.project(b.filter(both, positive(risky(books))), a=authors["id"], b=books["id"]))

    joined.__name__ = f"{kind.value}_{place}"
    return joined


def _updated(b: Writes) -> ir.Query:
    return query(b.update(lambda s: positive(risky(s)), pages=lambda s: e.Cast(risky(s), t.INT)))


def _deleted(b: Writes) -> ir.Query:
    return query(b.delete(lambda s: positive(risky(s))))


def _inserted(b: Writes) -> ir.Query:
    books = b.scan("books")
    kept = b.filter(books, positive(risky(books)))
    names = ("author_id", "title", "price", "pages", "published", "mood", "owner", "deleted_at")
    return query(b.insert_from(b.project(kept, **{n: call("||", kept[n], text("+")) if n == "title" else kept[n] for n in names}).relation))


@pytest.mark.parametrize("shape", list(shapes()))
def test_hidden_rows_raise_nothing(library: Loaded, shape: str) -> None:
    both = run_both(library, shapes()[shape](Writes()), {}, ANN)
    assert both.expected.error is None
    assert both.error is None, both.plan.members[0].steps[0].main.text
    assert both.result is not None


def test_visible_rows_do_raise(library: Loaded) -> None:
    """The same conditions meet the zeros of their owner: so the test above is about hiding."""
    for shape in ("where", "computed", "left_on", "exists"):
        both = run_both(library, shapes()[shape](Writes()), {}, {"sub": "bob"})
        assert both.error is not None, shape


def test_barriers_let_harmless_conditions_in(library: Loaded) -> None:
    b = Build()
    books = b.scan("books")
    both = run_both(library, query(b.keep(b.filter(books, e.And((positive(risky(books)), call("=", books["id"], integer(1))))), "id")), {}, ANN)
    sql = both.plan.members[0].steps[0].main.text
    assert sql.index('"id" = 1') < sql.index("OFFSET 0") < sql.index("100 /")
