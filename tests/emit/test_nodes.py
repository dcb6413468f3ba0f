"""PostgreSQL reads every delicate node as it is meant: its own reading of a text (``pg_get_viewdef``) is compared with that of
the same tree spelled with parentheses everywhere."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from attrs import frozen
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlglot import exp

from liq_planner.emit import nodes as n
from liq_planner.emit.nodes import Sql, SqlType
from liq_planner.emit.printing import postgres_text
from tests.pg.server import Server

SETUP = """create table r (i bigint, j bigint, x text, y text, p boolean, q boolean, at timestamptz, l bigint[], m jsonb, d date,
    o interval, f double precision)"""


@frozen
class Tree:
    """A tree of nodes, and the same as text with parentheses everywhere."""

    node: Sql
    full: str


@pytest.fixture(scope="module")
def connection(pg: Server) -> Iterator[psycopg.Connection]:
    with psycopg.connect(pg.fresh_database(), autocommit=True) as connection:
        connection.execute(SETUP)
        yield connection


def reading(connection: psycopg.Connection, text: str) -> str:
    """How the server understands an expression."""
    connection.execute("drop view if exists v")
    connection.execute(f"create view v as select {text} as e from r as r1".encode())
    row = connection.execute("select pg_get_viewdef('v')").fetchone()
    assert row is not None
    return str(row[0])


def same(connection: psycopg.Connection, tree: Tree) -> None:
    text = postgres_text(tree.node)
    assert reading(connection, text) == reading(connection, tree.full), text


def column(name: str) -> Tree:
    return Tree(n.column("r1", name), f'r1."{name}"')


def leaf(*names: str) -> st.SearchStrategy[Tree]:
    return st.sampled_from(names).map(column)


def number(value: int) -> Tree:
    return Tree(n.number(value), f"({value})")


def infix(op: str, a: Tree, b: Tree) -> Tree:
    return Tree(n.infix(a.node.copy(), op, b.node.copy()), f"(({a.full}) {op} ({b.full}))")


def compared(op: str, a: Tree, b: Tree) -> Tree:
    return Tree(n.compare(a.node.copy(), op, b.node.copy()), f"(({a.full}) {op} ({b.full}))")


def function(name: str, *args: Tree) -> Tree:
    return Tree(n.call(name, *(a.node.copy() for a in args)), f"{name}({', '.join(a.full for a in args)})")


def cast(a: Tree, to: str) -> Tree:
    return Tree(n.cast(a.node.copy(), SqlType(this=to)), f"(cast(({a.full}) as {to}))")


def grown(
    ints: st.SearchStrategy[Tree], texts: st.SearchStrategy[Tree], truths: st.SearchStrategy[Tree]
) -> tuple[st.SearchStrategy[Tree], st.SearchStrategy[Tree], st.SearchStrategy[Tree]]:
    """One level more."""
    more_ints = st.one_of(
        ints,
        st.builds(infix, st.sampled_from("+-*/%"), ints, ints),
        ints.map(lambda a: Tree(n.negative(a.node.copy()), f"(- ({a.full}))")),
        ints.map(lambda a: function("abs", a)),
        texts.map(lambda a: cast(function("length", a), "bigint")),
        st.builds(lambda a, b, c: Tree(n.case([(c.node.copy(), a.node.copy())], b.node.copy()), f"(case when {c.full} then {a.full} else {b.full} end)"), ints, ints, truths),
        ints.map(lambda a: Tree(n.subscript(n.column("r1", "l"), n.call("int4", a.node.copy())), f'(r1."l")[int4({a.full})]')),
        ints.map(lambda a: cast(a, "bigint")),
    )  # fmt: skip
    more_texts = st.one_of(
        texts,
        st.builds(lambda a, b: infix("||", a, b), texts, texts),
        st.builds(lambda a: cast(a, "text"), more_ints),
        texts.map(lambda a: Tree(n.collate(a.node.copy(), "C"), f'(({a.full}) collate "C")')),
    )
    more_truths = st.one_of(
        truths,
        st.builds(compared, st.sampled_from(["=", "<>", "<", "<=", ">", ">=", "IS DISTINCT FROM"]), more_ints, more_ints),
        st.builds(compared, st.sampled_from(["=", "<>"]), truths, truths),
        truths.map(lambda a: Tree(n.negation(a.node.copy()), f"(not ({a.full}))")),
        st.builds(lambda a, b: Tree(n.conjunction([a.node.copy(), b.node.copy()]), f"(({a.full}) and ({b.full}))"), truths, truths),
        st.builds(lambda a, b: Tree(n.disjunction([a.node.copy(), b.node.copy()]), f"(({a.full}) or ({b.full}))"), truths, truths),
        st.builds(lambda a, no: Tree(n.is_(a.node.copy(), n.boolean(True), no), f"(({a.full}) is {'not ' if no else ''}true)"), truths, st.booleans()),
        st.builds(lambda a, no: Tree(n.is_(a.node.copy(), n.null(), no), f"(({a.full}) is {'not ' if no else ''}null)"), more_ints, st.booleans()),
        st.builds(lambda a, b: Tree(n.like(a.node.copy(), b.node.copy(), False), f"(({a.full}) like ({b.full}))"), texts, texts),
        st.builds(lambda a, b: Tree(n.in_values(a.node.copy(), [b.node.copy(), n.number(7)]), f"(({a.full}) in ({b.full}, 7))"), more_ints, ints),
        ints.map(lambda a: Tree(n.is_any(a.node.copy(), n.column("r1", "l")), f'(({a.full}) = any (r1."l"))')),
    )  # fmt: skip
    return more_ints, more_texts, more_truths


LEVELS = (
    st.one_of(leaf("i", "j"), st.integers(-9, 9).map(number)),
    leaf("x", "y"),
    leaf("p", "q"),
)
for _ in range(3):
    LEVELS = grown(*LEVELS)


@settings(max_examples=150)
@given(tree=st.one_of(*LEVELS))
def test_operators_in_operators(connection: psycopg.Connection, tree: Tree) -> None:
    same(connection, tree)


II, JJ, X, P, Q, AT, M, SPAN, F = (column(name) for name in "i j x p q at m o f".split())


@pytest.mark.parametrize("tree", [
    Tree(n.at_utc(n.infix(n.at_utc(AT.node), "+", SPAN.node)), "(((r1.at at time zone 'UTC') + r1.o) at time zone 'UTC')"),
    Tree(n.cast(n.paren(n.at_utc(AT.node)), SqlType(this="date")), "cast((r1.at at time zone 'UTC') as date)"),
    Tree(n.extract("year", n.at_utc(AT.node)), "extract(year from (r1.at at time zone 'UTC'))"),
    Tree(n.call("pg_catalog.extract", n.fixed("year"), n.at_utc(AT.node)), "pg_catalog.\"extract\"('year', (r1.at at time zone 'UTC'))"),
    Tree(n.infix(number(7).node, "/", number(-2).node), "7 / (-2)"),
    Tree(n.infix(n.infix(II.node, "/", JJ.node), "/", II.node), "((r1.i / r1.j) / r1.i)"),
    Tree(n.infix(II.node, "-", n.infix(JJ.node, "-", II.node)), "(r1.i - (r1.j - r1.i))"),
    Tree(n.negative(n.negative(II.node)), "(-(-r1.i))"),
    Tree(n.call("round", n.cast(II.node, SqlType(this="numeric")), n.number(2)), "round(cast(r1.i as numeric), 2)"),
    Tree(n.call("round", F.node), "round(r1.f)"),
    Tree(n.arrow(n.arrow(M.node, "->", n.fixed("a")), "->>", n.number(0)), "((r1.m -> 'a') ->> 0)"),
    Tree(n.infix(M.node, "#>>", n.fixed("{}")), "(r1.m #>> '{}')"),
    Tree(n.compare(n.arrow(M.node, "->>", n.fixed("a")), "=", X.node), "((r1.m ->> 'a') = r1.x)"),
    Tree(n.coalesce(X.node, n.text("none")), "coalesce(r1.x, 'none')"),
    Tree(n.case([(P.node, n.number(1)), (Q.node, n.number(2))]), "case when r1.p then 1 when r1.q then 2 end"),
    Tree(n.cast(n.array([II.node, n.number(2)]), SqlType(this="bigint[]")), "cast(array[r1.i, 2] as bigint[])"),
    Tree(n.cast(n.array([]), SqlType(this="bigint[]")), "cast(array[] as bigint[])"),
    Tree(n.subscript(n.column("r1", "l"), n.number(1)), "r1.l[1]"),
    Tree(n.compare(n.row([II.node, X.node]), "<", n.row([JJ.node, n.column("r1", "y")])), "((r1.i, r1.x) < (r1.j, r1.y))"),
    Tree(n.compare(n.collate(X.node, "C"), "<", n.column("r1", "y")), '((r1.x collate "C") < r1.y)'),
    Tree(n.negation(n.in_values(II.node, [JJ.node])), "(not (r1.i in (r1.j)))"),
    Tree(n.filtered(n.call("count", exp.Star()), P.node), "count(*) filter (where r1.p)"),
    Tree(n.infix(n.filtered(n.call("sum", II.node), P.node), "+", n.number(1)), "((sum(r1.i) filter (where r1.p)) + 1)"),
    Tree(n.like(n.infix(X.node, "||", n.text("a")), n.fixed("a%"), True), "((r1.x || 'a') ilike 'a%')"),
    Tree(n.cast(n.number(-9223372036854775808), SqlType(this="bigint")), "cast(-9223372036854775808 as bigint)"),
    Tree(n.infix(X.node, "~", n.fixed(r"^(?!\s*[+-]?[0-9]+\s*$).*$")), r"(r1.x ~ '^(?!\s*[+-]?[0-9]+\s*$).*$')"),
    Tree(n.array_of(exp.select(n.number(1))), "array(select 1)"),
], ids=lambda tree: postgres_text(tree.node)[:60])  # fmt: skip
def test_node(connection: psycopg.Connection, tree: Tree) -> None:
    same(connection, tree)


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("nulls_first", [False, True])
def test_orders(connection: psycopg.Connection, descending: bool, nulls_first: bool) -> None:
    key = postgres_text(n.ordered(II.node, descending, nulls_first))
    full = f"r1.i {'desc' if descending else 'asc'} nulls {'first' if nulls_first else 'last'}"
    readings = []
    for text in (key, full):
        connection.execute("drop view if exists v")
        connection.execute(f"create view v as select i from r as r1 order by {text}".encode())
        readings.append(connection.execute("select pg_get_viewdef('v')").fetchone())
    assert readings[0] == readings[1]


@pytest.mark.parametrize("label", ['a"b', "select", "Ä", "a.b", "$1", "--", "x; drop table r", "%s"])
def test_names_are_quoted(connection: psycopg.Connection, label: str) -> None:
    text = postgres_text(exp.select(n.labelled(n.number(1), label)))
    cursor = connection.execute(text.encode())
    assert cursor.description is not None
    assert cursor.description[0].name == label


def test_only_plain_constants_are_literals() -> None:
    for value in ("done", "timed-out", "2026-11-20T10:00:00Z", "a" * 64):
        assert postgres_text(n.text(value)) == f"'{value}'"
    for value in ("", "it's", "a b", "a\\", "a" * 65, "ä", "a\n", "a;b", "a%", 'a"', ":name", "--", "a--b", "-a", "a:b"):
        with pytest.raises(AssertionError):
            n.text(value)


def test_printing_adds_no_comments_and_keeps_functions_as_they_are() -> None:
    tree = exp.select(n.call("jsonb_agg", II.node))
    tree.add_comments(["a comment"])
    assert postgres_text(tree) == 'SELECT\n  jsonb_agg(r1."i")'
