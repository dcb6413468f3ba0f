"""A value can never become syntax: hostile and harmless values of the same program have the same text."""

from __future__ import annotations

import pytest
import sqlglot

from liq.model import expr as e
from liq.model import ir
from liq.model import types as t
from liq.model.values import JsonValue
from liq_planner.emit.query import emit_query
from tests.emit.agreement import Loaded, check
from tests.emit.ir_builder import LIBRARY, ROWS, Build, Rel, call, literal, param, parameter, query, text
from tests.pg.server import Server

HARMLESS = "two words"
HOSTILE = [
    "'; drop table books; --", "' or 1=1 --", "\\'; --", "x' union select * from authors --", "/* */", "$1", "$$", "%s", "{}", ":name",
    "\u02bc or 1=1", "\uff07", "E'\\x27'", "a\nb", "a\tb", "\x1b[31m", "\u202e", '"; --', "`", "--", ";", "''", "\\", "\\\\'",
    "NULL;", "U&'\\0027'", "${env}", "a" * 65, "'" * 33, "\U0001f600'", "select 1;",
]  # fmt: skip


@pytest.fixture(scope="module")
def library(pg: Server) -> Loaded:
    return Loaded.at(pg.fresh_database(), LIBRARY, ROWS)


def program(value: str) -> ir.Query:
    """A program that has a constant in every place where there may be one."""
    b = Build()
    books, authors = b.scan("books"), b.scan("authors", access=False)
    constant = text(value)
    kept = b.filter(books, e.And((
        e.Or((call("<>", books["title"], constant), call("like", books["title"], constant))),
        e.Not(e.InList((books["owner"],), ((constant,), (constant,)))),
        e.Not(call("contains", books["title"], constant)),
    )))  # fmt: skip
    steps = e.Cast(e.JsonStep(authors["meta"], value, t.JSON), t.TEXT)
    json = e.JsonExpr((value,), (constant,), t.JSON)
    listed = literal((value, "x"), t.List(t.TEXT))
    options = (ir.SortOption(value, (kept.key("title"),)), ir.SortOption("other", (kept.key("price"), kept.key("id"))))
    shown = b.project(
        kept, title=books["title"], constant=constant, json=json, listed=listed, whole=literal(JsonValue({value: value}), t.JSON),
        steps=e.ScalarQuery(b.limit(b.project(authors, s=steps), 1).relation), id=books["id"], price=books["price"],
        case=e.Case((e.When(call("=", books["title"], constant), constant),), text("none"), t.TEXT),
        param=param("p", t.TEXT),
    )  # fmt: skip
    chosen = Rel(ir.SortChoice(shown.relation, "sort", tuple(
        ir.SortOption(o.label, tuple(e.SortKey(shown[k.expr.name], k.descending, k.nulls_first) for k in o.keys))  # type: ignore[attr-defined]
        for o in options
    )))  # fmt: skip
    given = [parameter("p", t.TEXT), parameter("sort", t.TEXT, optional=True, nullable=True, options=(value, "other"))]
    return query(chosen, parameters=given, ordered=True)


def text_of(value: str, most: int = 16) -> str:
    from liq_planner.emit.emission import EmitOptions

    plan = emit_query(program(value), LIBRARY, options=EmitOptions(members_max=most))
    return "\n".join(step.main.text for member in plan.members for step in member.steps)


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize("most", [16, 1])
def test_the_text_is_a_constant_of_the_program(value: str, most: int) -> None:
    hostile, harmless = text_of(value, most), text_of(HARMLESS, most)
    assert hostile == harmless
    assert HARMLESS not in hostile


@pytest.mark.parametrize("value", HOSTILE)
def test_hostile_constants_and_values_are_data(library: Loaded, value: str) -> None:
    for sort in (None, value, "other"):
        check(library, program(value), {"p": value, "sort": sort}, {"sub": value})


def test_texts_hold_one_statement_without_comments() -> None:
    for value in (HARMLESS, "done"):
        found = sqlglot.parse(text_of(value, 1), dialect="postgres")
        assert len(found) == 1
        assert found[0] is not None
        assert not any(node.comments for node in found[0].walk())


def test_what_no_database_keeps_is_refused_before_it_is_sent(library: Loaded) -> None:
    for value in ("a\0b", "\ud800"):
        both = check(library, program(HARMLESS), {"p": value}, {"sub": "ann"})
        assert both.error is not None
