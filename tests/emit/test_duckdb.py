"""DuckDB: what it says agrees with the reference, everything else is refused by name."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal as D

import duckdb
import pytest

from liq.backends.calls import CursorKey
from liq.backends.duckdb import execute
from liq.backends.wire import encode
from liq.model import expr as e
from liq.model import ir
from liq.model import types as t
from liq.reference.database import Database
from liq.reference.run import Call, run
from liq_planner.emit.query import emit_query
from liq_planner.emit.refusal import EmitRefused
from liq_planner.emit.sqltypes import quoted, spelled
from tests.emit.agreement import canonical
from tests.emit.ir_builder import (
    LIBRARY,
    MOOD,
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
from tests.emit.test_writes import Writes

ANN = {"sub": "ann"}


@pytest.fixture(scope="module")
def duck() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute("create type mood as enum ('low', 'mid', 'high')")
    connection.execute("set timezone = 'UTC'")
    for table in LIBRARY.tables:
        columns = [c for c in table.columns if not isinstance(c.type, t.Json | t.List)]
        connection.execute(f"create table {table.name} ({', '.join(f'{quoted(c.name)} {spelled(c.type)}' for c in columns)})")
        for row in ROWS[table.name]:
            cells = [encode(row[c.name], c.type) for c in columns]
            connection.execute(f"insert into {table.name} values ({', '.join('?' for _ in cells)})", cells)
    return connection


def agree(duck: duckdb.DuckDBPyConnection, q: ir.Query, **params: object) -> str:
    """Both agree; the text."""
    plan = emit_query(q, LIBRARY, "duckdb")
    expected = run(q, Call(LIBRARY, Database.of(LIBRARY, ROWS), params, ANN))
    result = execute(duck, plan, q, LIBRARY, params, ANN, CursorKey("p", b"s"))
    ours, theirs = list(map(_loose, expected.rows)), list(map(_loose, result.rows))
    assert ours == theirs if q.ordered else Counter(ours) == Counter(theirs)
    assert expected.affected == result.affected
    return plan.members[0].steps[0].main.text


def _loose(row: tuple) -> object:
    """Decimals by their number: DuckDB has other scales."""
    return tuple(D(v).normalize() if isinstance(v, D) else canonical(v) for v in row)


def test_reads(duck: duckdb.DuckDBPyConnection) -> None:
    b = Build()
    books = b.scan("books")
    agree(duck, query(b.keep(books, "id", "title", "price", "pages", "published", "mood")))
    agree(duck, query(b.keep(b.filter(books, call("<", books["price"], literal(D("10.5"), t.DECIMAL))), "title")))
    ordered = b.sort(b.keep(books, "id", "pages"), books.key("pages", True, False), books.key("id"))
    agree(duck, query(ordered, ordered=True))
    agree(duck, query(b.sort(b.keep(books, "id", "pages"), books.key("pages", True), books.key("id")), ordered=True))
    agree(duck, query(b.limit(b.sort(b.keep(books, "id"), books.key("id")), 2, 1)))


def test_joins_groups_and_windows(duck: duckdb.DuckDBPyConnection) -> None:
    b = Build()
    books, authors = b.scan("books"), b.keep(b.scan("authors"), "id", "name")
    for kind in ir.JoinKind:
        joined = b.join(kind, books, authors, call("=", books["author_id"], authors["id"]))
        agree(duck, query(b.project(joined, title=books["title"], name=authors["name"])))
    grouped = b.group(
        books, {"mood": books["mood"]}, n=aggregate("count"), most=aggregate("max", books["title"]),
        total=aggregate("sum", books["price"]), big=aggregate("count", where=call(">", books["price"], literal(D(9), t.DECIMAL))),
    )  # fmt: skip
    agree(duck, query(b.filter(grouped, call(">", grouped["n"], integer(0)))))
    order = (e.SortKey(books["title"], True, True),)
    over = b.window(books, rank=window("rank", order=order), share=window("sum", books["pages"], partition=(books["mood"],)))
    agree(duck, query(b.keep(over, "id", "rank", "share")))


def test_subqueries_sets_and_follow(duck: duckdb.DuckDBPyConnection) -> None:
    b = Build()
    books = b.scan("books")
    inner = b.scan("books", access=False)
    agree(duck, query(b.keep(b.filter(books, e.InQuery((books["mood"],), b.keep(inner, "mood").relation)), "id")))
    agree(duck, query(b.combine(ir.SetOperator.EXCEPT, b.keep(inner, "title"), b.keep(books, "title"))))
    agree(duck, query(b.follow(b.scan("edges"), "src", "dst", text("a"), 9)))
    agree(duck, query(Rel(ir.Series(b.column("x", t.INT), integer(1), integer(9), integer(4)))))


@pytest.mark.parametrize("op", ["=", "<>", "<", "<=", ">", ">="])
def test_rows_compare(duck: duckdb.DuckDBPyConnection, op: str) -> None:
    b = Build()
    books = b.scan("books", access=False)
    rows = e.RowCompare(op, (books["mood"], books["pages"]), (literal("low", MOOD), integer(5)))
    agree(duck, query(b.project(books, id=books["id"], x=rows, y=e.Is(rows, e.Truth.NULL))))


def test_parameters_lists_and_families(duck: duckdb.DuckDBPyConnection) -> None:
    b = Build()
    books = b.scan("books")
    listed = call("in_list", books["title"], param("titles", t.List(t.TEXT)))
    maybe = e.Optional("least", call(">=", books["pages"], param("least", t.INT)))
    q = query(
        b.keep(b.filter(books, e.And((listed, maybe))), "id"),
        parameters=[parameter("titles", t.List(t.TEXT)), parameter("least", t.INT, optional=True, nullable=True)],
    )
    agree(duck, q, titles=["Notes", "'; drop"])
    agree(duck, q, titles=["Notes", "More notes"], least=1)
    agree(duck, q, titles=[])


def refusals() -> dict[str, ir.Query]:
    b = Writes()
    books, authors = b.scan("books"), b.scan("authors")
    return {
        "a write": query(b.update(lambda s: call("=", s["id"], integer(1)), pages=integer(1))),
        "/ of int, int": query(b.project(books, x=call("/", books["id"], integer(2)))),
        "\\* of decimal\\(8, 2\\), decimal": query(b.project(books, x=call("*", books["price"], literal(D(2), t.DECIMAL)))),
        "Collect in the way": query(b.project(books, x=e.Collect(b.keep(b.scan("edges"), "src").relation))),
        "a value of type json": query(b.keep(authors, "meta")),
        "a pattern with escapes": query(b.keep(b.filter(books, call("like", books["title"], text("a\\_b"))), "id")),
        "the aggregate avg": query(b.group(books, {}, x=aggregate("avg", books["pages"]))),
        "sum of float": query(b.group(authors, {}, x=aggregate("sum", authors["rating"]))),
        "a cast from text to int": query(b.project(books, x=e.Cast(books["title"], t.INT))),
        "date_trunc of": query(b.project(books, x=call("date_trunc", text("day"), books["published"]))),
        "a value of type decimal": query(b.project(books, x=param("p", t.DECIMAL)), parameters=[parameter("p", t.DECIMAL)]),
    }


@pytest.mark.parametrize("what", list(refusals()))
def test_refusals(what: str) -> None:
    with pytest.raises(EmitRefused, match=f"DuckDB cannot say {what}") as caught:
        emit_query(refusals()[what], LIBRARY, "duckdb")
    assert caught.value.diagnostic.code.id == "LIQ0801"
