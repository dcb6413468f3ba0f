"""Relations as they are emitted, run on PostgreSQL and on the reference."""

from __future__ import annotations

from decimal import Decimal as D

import pytest

from liq.model import expr as e
from liq.model import ir
from liq.model import types as t
from tests.emit.agreement import Loaded, check
from tests.emit.ir_builder import (
    LIBRARY,
    ROWS,
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
    window,
)
from tests.pg.server import Server

INNER, LEFT, FULL = ir.JoinKind.INNER, ir.JoinKind.LEFT, ir.JoinKind.FULL
ANN = {"sub": "ann"}
NULL, TRUE = e.Truth.NULL, e.Truth.TRUE


@pytest.fixture(scope="module")
def library(pg: Server) -> Loaded:
    return Loaded.at(pg.fresh_database(), LIBRARY, ROWS)


def sql_of(library: Loaded, rel: Rel, **more: object) -> str:
    """Both agree on the relation; its text."""
    both = check(library, query(rel, **more), claims=ANN)  # type: ignore[arg-type]
    return both.plan.members[0].steps[0].main.text


def test_a_scan_under_its_policy(library: Loaded) -> None:
    b = Build()
    text_ = sql_of(library, b.keep(b.scan("books"), "id", "title", "price", "pages", "published", "mood"))
    assert text_ == (
        'SELECT\n  b1."id",\n  b1."title",\n  b1."price",\n  b1."pages",\n  b1."published",\n  b1."mood"\nFROM "books" AS b1\n'
        'WHERE\n  b1."owner" = $1::text AND b1."deleted_at" IS NULL'
    )


def test_every_type_comes_back_whole(library: Loaded) -> None:
    b = Build()
    sql_of(library, b.scan("authors"))
    sql_of(library, b.scan("authors", access=False))


def test_filters_and_shapes_merge(library: Loaded) -> None:
    b = Build()
    books = b.scan("books")
    shaped = b.project(books, title=books["title"], twice=call("*", books["price"], literal(D(2), t.DECIMAL)))
    kept = b.filter(shaped, call(">", shaped["twice"], literal(D(15), t.DECIMAL)))
    assert sql_of(library, kept).count("SELECT") == 1


@pytest.mark.parametrize("kind", [INNER, LEFT])
def test_joins_with_policies_on_both_sides(library: Loaded, kind: ir.JoinKind) -> None:
    b = Build()
    authors, books = b.scan("authors"), b.scan("books")
    joined = b.join(kind, authors, books, call("=", books["author_id"], authors["id"]))
    shown = b.project(joined, name=authors["name"], title=books["title"])
    assert "JOIN (" not in sql_of(library, shown)
    back = b.join(kind, books, authors, call("=", books["author_id"], authors["id"]))
    sql_of(library, b.project(back, name=authors["name"], title=books["title"]))


@pytest.mark.parametrize("hashable", [True, False])
def test_full_joins(library: Loaded, hashable: bool) -> None:
    b = Build()
    authors, books = b.scan("authors"), b.scan("books")
    on = call("=" if hashable else "<", books["author_id"], authors["id"])
    joined = b.join(FULL, authors, books, on)
    sql_of(library, b.project(joined, name=authors["name"], title=books["title"], pages=books["pages"]))


def test_a_left_join_of_a_computed_side(library: Loaded) -> None:
    b = Build()
    books = b.scan("books")
    shaped = b.project(books, author=books["author_id"], one=integer(1), label=text("x"))
    authors = b.scan("authors", access=False)
    joined = b.join(LEFT, authors, shaped, call("=", shaped["author"], authors["id"]))
    sql_of(library, b.project(joined, id=authors["id"], one=shaped["one"], label=shaped["label"]))


def test_grouping(library: Loaded) -> None:
    b = Build()
    books = b.scan("books")
    grouped = b.group(
        books, {"mood": books["mood"], "year": call("date_part", text("year"), books["published"])},
        n=aggregate("count"), pages=aggregate("sum", books["pages"]), mean=aggregate("avg", books["pages"]),
        total=aggregate("sum", books["price"]), first=aggregate("min", books["title"]), last=aggregate("max", books["published"]),
        titles=aggregate("string_agg", books["title"], text(", "), order=(e.SortKey(books["title"], True, True),)),
        big=aggregate("count", where=call(">", books["price"], literal(D(9), t.DECIMAL))),
        all_=aggregate("array_agg", books["pages"], order=(e.SortKey(books["id"], False, False),)),
    )  # fmt: skip
    having = b.filter(grouped, call(">=", grouped["n"], integer(1)))
    assert "HAVING" in sql_of(library, b.sort(having, having.key("mood"), having.key("year")))


def test_aggregates_of_types_that_postgres_has_none_for(library: Loaded) -> None:
    b = Build()
    authors = b.scan("authors", access=False)
    calls = {
        f"{name}_{column}": aggregate(name, authors[column], where=call("<>", authors["id"], integer(4)))
        for name in ("min", "max")
        for column in ("active", "name", "born", "rating", "score", "small", "tags")
    }
    sql_of(library, b.group(authors, {}, **calls))
    sql_of(library, b.group(authors, {}, low=aggregate("min", authors["active"]), high=aggregate("max", authors["active"])))


def test_one_row_over_nothing(library: Loaded) -> None:
    b = Build()
    none = b.filter(b.scan("books"), call("=", integer(1), integer(2)))
    sql_of(library, b.group(none, {}, n=aggregate("count"), total=aggregate("sum", none["price"])))
    sql_of(library, b.group(none, {}))
    books = b.scan("books")
    only_rows = b.group(books, {}, n=aggregate("count"))
    sql_of(library, b.project(only_rows, one=integer(1)))


def test_statistics(library: Loaded) -> None:
    b = Build()
    books = b.scan("books")
    pages = e.Cast(books["pages"], t.FLOAT)
    sql_of(library, b.group(
        books, {}, median=aggregate("percentile", literal(0.5, t.FLOAT), pages), dev=aggregate("stddev", pages),
        var=aggregate("variance", pages), total=aggregate("sum", pages), mean=aggregate("avg", pages),
        moods=aggregate("count", books["mood"], distinct=True), any_=aggregate("bool_or", call(">", books["price"], literal(D(50), t.DECIMAL))),
    ))  # fmt: skip


def test_windows(library: Loaded) -> None:
    b = Build()
    books = b.scan("books")
    order = (e.SortKey(books["price"], True, True), e.SortKey(books["id"], False, False))
    frame = e.Frame(e.Bound(e.BoundKind.PRECEDING, 1), e.Bound(e.BoundKind.CURRENT_ROW))
    over = b.window(
        books,
        rank=window("rank", partition=(books["mood"],), order=order), row=window("row_number", order=order),
        share=window("sum", books["price"]), moving=window("sum", books["price"], order=order, frame=frame),
        before=window("lag", books["title"], integer(1), text("none"), order=order), quarter=window("ntile", integer(2), order=order),
        last=window("last_value", books["id"], order=order), n=window("count", order=order),
        few=window("count", order=order, where=call(">", books["price"], literal(D(9), t.DECIMAL))),
        second=window("nth_value", books["title"], integer(2), order=order), least=window("min", books["title"]),
    )  # fmt: skip
    kept = b.filter(over, call("<=", over["row"], integer(3)))
    names = ("id", "rank", "row", "share", "moving", "before", "quarter", "last", "n", "few", "second", "least")
    sql_of(library, b.keep(kept, *names))


def test_distinct_orders_and_limits(library: Loaded) -> None:
    b = Build()
    books = b.scan("books", access=False)
    owners = b.distinct(b.keep(books, "owner"))
    sql_of(library, b.sort(owners, owners.key("owner", True)), ordered=True)
    first = b.limit(b.sort(books, books.key("title"), books.key("id")), 3, 1)
    sql_of(library, b.keep(first, "title"))
    again = b.limit(b.sort(first, first.key("id", True)), 2)
    sql_of(library, b.keep(again, "id", "title"))
    sql_of(library, b.filter(first, call(">", first["price"], literal(D(9), t.DECIMAL))))


def test_text_is_ordered_by_code_point(library: Loaded) -> None:
    b = Build()
    authors = b.scan("authors", access=False)
    ordered = b.sort(b.keep(authors, "name"), authors.key("name"))
    assert 'COLLATE "C"' in sql_of(library, ordered, ordered=True)
    sql_of(library, b.keep(b.filter(authors, call("<", authors["name"], text("a"))), "name"))


@pytest.mark.parametrize("nulls_first", [True, False])
@pytest.mark.parametrize("descending", [True, False])
@pytest.mark.parametrize("column", ["score", "rating", "born", "country", "small"])
def test_nulls_in_orders(library: Loaded, column: str, descending: bool, nulls_first: bool) -> None:
    b = Build()
    authors = b.scan("authors", access=False)
    keys = (e.SortKey(authors[column], descending, nulls_first), e.SortKey(authors["id"], False, False))
    sql_of(library, b.sort(b.keep(authors, "id", column), *keys), ordered=True)


@pytest.mark.parametrize("operator", list(ir.SetOperator))
def test_set_operations(library: Loaded, operator: ir.SetOperator) -> None:
    b = Build()
    authors, books = b.scan("authors", access=False), b.scan("books")
    left, right = b.project(authors, x=authors["id"], y=text("k")), b.project(books, x=books["author_id"], y=text("k"))
    both = b.combine(operator, left, right)
    kept = b.filter(both, e.Is(both["x"], NULL, negated=True))
    sql_of(library, both)
    sql_of(library, b.sort(kept, kept.key("x")))
    sql_of(library, b.combine(operator, both, b.project(b.scan("edges"), x=integer(1), y=text("z"))))


def test_subqueries(library: Loaded) -> None:
    b = Build()
    authors, books = b.scan("authors"), b.scan("books")
    mine = b.filter(books, call("=", books["author_id"], authors["id"]))
    newest = b.group(mine, {}, newest=aggregate("max", mine["published"]))
    shown = b.project(
        authors, name=authors["name"], has=e.Exists(mine.relation), newest=e.ScalarQuery(newest.relation),
        wrote=e.InQuery((authors["id"],), b.keep(b.scan("books"), "author_id").relation),
        not_=e.Not(e.InQuery((authors["id"],), b.keep(b.scan("books", access=False), "author_id").relation)),
    )  # fmt: skip
    sql_of(library, shown)
    sql_of(library, b.filter(authors, e.Not(e.Exists(mine.relation))))


def test_an_aggregate_over_outer_columns_belongs_to_its_subquery(library: Loaded) -> None:
    b = Build()
    authors, books = b.scan("authors", access=False), b.scan("books", access=False)
    mine = b.filter(books, call("=", books["author_id"], authors["id"]))
    outer_only = b.group(mine, {}, n=aggregate("sum", authors["small"]))
    counted = b.group(mine, {}, n=aggregate("count", where=call(">", authors["small"], integer(0))))
    shown = b.project(authors, id=authors["id"], n=e.ScalarQuery(outer_only.relation), m=e.ScalarQuery(counted.relation))
    sql_of(library, shown)


def test_nested_shapes(library: Loaded) -> None:
    b = Build()
    authors, books = b.scan("authors"), b.scan("books")
    mine = b.filter(books, call("=", books["author_id"], authors["id"]))
    inner = b.sort(b.keep(mine, "title", "price", "published", "pages", "mood", "id"), books.key("price", True), books.key("id"))
    limited = b.limit(inner, 1)
    grouped = b.group(mine, {"mood": mine["mood"]}, n=aggregate("count"))
    shown = b.project(
        authors, name=authors["name"], books=e.Collect(inner.relation), first=e.Collect(b.keep(limited, "title").relation),
        moods=e.Collect(grouped.relation),
        who=e.RecordExpr(("id", "rating", "tags", "meta", "born", "active", "small"), tuple(
            authors[c] for c in ("id", "rating", "tags", "meta", "born", "active", "small"))),
    )  # fmt: skip
    sql_of(library, shown)


def test_records_may_be_null(library: Loaded) -> None:
    b = Build()
    authors = b.scan("authors", access=False)
    record = e.RecordExpr(("name", "nested"), (authors["name"], e.RecordExpr(("score",), (authors["score"],))))
    maybe = e.Case((e.When(authors["active"], record),), e.Literal(None, record.type), record.type)
    sql_of(library, b.project(authors, id=authors["id"], maybe=maybe))


def test_wide_records_fit_into_calls(library: Loaded) -> None:
    b = Build()
    authors = b.scan("authors")
    labels = tuple(f"c{i}" for i in range(120))
    json = e.JsonExpr(labels, tuple(authors["id"] for _ in labels), t.JSON)
    sql_of(library, b.project(authors, wide=e.RecordExpr(labels, tuple(authors["name"] for _ in labels)), json=json))


def test_follow(library: Loaded) -> None:
    b = Build()
    for maximum in (1, 2, 64):
        for start in ("a", "b", "nowhere"):
            edges = b.scan("edges")
            reached = b.follow(edges, "src", "dst", text(start), maximum)
            sql_of(library, reached)
    edges = b.scan("edges")
    reached = b.follow(edges, "src", "dst", text("a"), 8)
    sql_of(library, b.keep(b.filter(reached, call("<=", reached["depth"], integer(2))), "dst", "depth"))


def test_follow_from_an_outer_row(library: Loaded) -> None:
    b = Build()
    outer, edges = b.scan("edges"), b.scan("edges")
    reached = b.follow(edges, "src", "dst", outer["dst"], 3)
    count = b.group(reached, {}, n=aggregate("count"))
    sql_of(library, b.project(outer, src=outer["src"], n=e.ScalarQuery(count.relation)))


def test_values_series_and_lists(library: Loaded) -> None:
    import datetime as dt

    from liq.model.values import IntervalValue

    b = Build()
    sql_of(library, b.values({"a": t.INT, "b": t.TEXT}, (integer(1), text("x")), (integer(2), literal(None, t.TEXT))))
    sql_of(library, b.values({"a": t.INT}, (integer(1),)))
    sql_of(library, b.values({"a": t.INT}))
    day = literal(dt.date(2024, 1, 31), t.DATE), literal(dt.date(2024, 4, 2), t.DATE)
    at = tuple(literal(dt.datetime(2024, m, 31, tzinfo=dt.UTC), t.TIMESTAMP) for m in (1, 5))
    for start, stop, step in (
        (integer(1), integer(5), integer(2)), (integer(5), integer(1), integer(-2)), (integer(1), integer(0), integer(1)),
        (*day, literal(IntervalValue(1), t.INTERVAL)), (*day, integer(20)), (*at, literal(IntervalValue(1), t.INTERVAL)),
    ):  # fmt: skip
        sql_of(library, Rel(ir.Series(b.column("x", start.type), start, stop, step)))
    authors = b.scan("authors", access=False)
    tags = Rel(ir.Unnest(b.column("tag", t.TEXT), authors["tags"]))
    n = b.group(tags, {}, longest=aggregate("max", call("length", tags["tag"])))
    sql_of(library, b.project(authors, id=authors["id"], n=e.ScalarQuery(n.relation)))
    series = Rel(ir.Series(b.column("x", t.INT), integer(1), integer(3), integer(1)))
    books = b.scan("books")
    sql_of(library, b.keep(b.join(LEFT, series, books, call("=", series["x"], books["id"])), "x", "title"))


def test_rows_and_lists_compare(library: Loaded) -> None:
    b = Build()
    books = b.scan("books", access=False)
    pair = (books["price"], books["title"])
    other = (literal(D("5.00"), t.DECIMAL), text("Gone"))
    tests = {op: e.RowCompare(op, pair, other) for op in ("=", "<>", "<", "<=", ">", ">=")}
    labels = dict(zip("abcdef", tests.values(), strict=True))
    many = e.InList((books["owner"], books["mood"]), ((text("ann"), literal("low", LIBRARY.enums[0])), (text("bob"), literal(None, LIBRARY.enums[0]))))
    one = e.InList((books["title"],), ((text("Gone"),), (text("a_b%"),), (text("it's; --"),)))
    sql_of(library, b.project(books, id=books["id"], **labels, many=many, one=one, none=e.InList((books["id"],), ())))


def test_a_list_from_a_subquery_is_a_list(library: Loaded) -> None:
    b = Build()
    authors, books = b.scan("authors", access=False), b.scan("books", access=False)
    tags = b.keep(b.filter(b.scan("authors", access=False), call("=", authors["id"], authors["id"])), "tags")
    first = b.limit(b.sort(tags, tags.key("tags", True)), 1)
    among = call("in_list", authors["name"], e.ScalarQuery(first.relation))
    titles = b.group(books, {}, all_=aggregate("array_agg", books["title"]))
    shown = b.project(authors, id=authors["id"], a=among, b=call("in_list", text("Notes"), e.ScalarQuery(titles.relation)))
    sql_of(library, shown)


def test_narrow_ints_compute_in_64_bits(library: Loaded) -> None:
    b = Build()
    books, authors = b.scan("books", access=False), b.scan("authors", access=False)
    sql_of(library, b.project(books, a=call("+", books["pages"], integer(1)), b=call("*", books["pages"], books["pages"]),
                              c=call("+", integer(2147483647), integer(2147483647)), d=call("neg", books["pages"])))  # fmt: skip
    shaped = b.project(authors, small=authors["small"], n=call("length", authors["name"]), one=integer(2147483647))
    sql_of(library, b.project(shaped, a=call("*", shaped["small"], shaped["small"]), b=call("*", shaped["n"], integer(2147483647)),
                              c=call("+", shaped["one"], shaped["one"]), d=e.Coalesce((shaped["small"], integer(1)), t.INT)))  # fmt: skip


def test_optional_predicates_have_a_text_each(library: Loaded) -> None:
    b = Build()
    books = b.scan("books")
    parts = (
        e.Optional("owner", call("=", books["owner"], param("owner", t.TEXT))),
        e.Optional("least", call(">=", books["price"], param("least", t.DECIMAL))),
    )
    kept = b.filter(books, e.And(parts))
    optional = {"optional": True, "nullable": True}
    q = query(b.keep(kept, "id", "title"), parameters=[parameter("owner", t.TEXT, **optional), parameter("least", t.DECIMAL, **optional)])
    for params in ({}, {"owner": "ann"}, {"least": "9.5"}, {"owner": None, "least": 11}, {"owner": "bob", "least": 0}):
        for most in (16, 1):
            options = _with_members(most)
            both = check(library, q, params, ANN, options)
            assert len(both.plan.members) == (4 if most == 16 else 1)
            assert both.plan.guarded == (most == 1)


def _with_members(most: int):
    import attrs

    from liq_planner.emit.emission import EmitOptions
    from tests.emit.agreement import OPTIONS

    return attrs.evolve(OPTIONS, emit=EmitOptions(members_max=most))


def test_chosen_orders(library: Loaded) -> None:
    b = Build()
    books = b.scan("books")
    shown = b.keep(books, "id", "title", "price")
    options = (
        ir.SortOption("title", (books_key(books, "title"), books_key(books, "id"))),
        ir.SortOption("dearest", (e.SortKey(books["price"], True, False), books_key(books, "id"))),
    )
    chosen = Rel(ir.SortChoice(shown.relation, "sort", options))
    q = query(chosen, parameters=[parameter("sort", t.TEXT, optional=True, nullable=True, options=("title", "dearest"))], ordered=True)
    for params in ({}, {"sort": "dearest"}, {"sort": "title"}, {"sort": None}):
        for most in (16, 1):
            check(library, q, params, ANN, _with_members(most))


def books_key(books: Rel, name: str) -> e.SortKey:
    return e.SortKey(books[name], False, False)


def test_columns_of_one_name(library: Loaded) -> None:
    b = Build()
    left, right = b.scan("books"), b.scan("books")
    joined = b.join(INNER, left, right, call("<", left["id"], right["id"]))
    both = Rel(ir.Distinct(joined.relation))
    sql_of(library, b.project(both, a=left["title"], b=right["title"]))


def test_search(library: Loaded) -> None:
    b = Build()
    books = b.scan("books")
    found = b.filter(books, call("matches", books["title"], param("q", t.TEXT)))
    scored = b.project(found, title=books["title"], s=call("score", books["title"], param("q", t.TEXT)))
    q = query(b.sort(scored, scored.key("s", True), scored.key("title")), parameters=[parameter("q", t.TEXT)], ordered=True)
    for words in ("notes", "more NOTES", "", "nothing; '--"):
        check(library, q, {"q": words}, ANN)


def test_sessions_without_claims_see_nothing(library: Loaded) -> None:
    b = Build()
    both = check(library, query(b.scan("books")), claims={})
    assert both.result is not None
    assert both.result.rows == ()
    assert TRUE is e.Truth.TRUE
