"""What could stand at a place, whatever is wrong with the text before it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liq.model.source import Source
from liq_grammar import accepts, keywords, parse
from liq_grammar.tables import tables
from tests.grammar.programs import sentence


def at_mark(program: str) -> frozenset[str]:
    before, _, after = program.partition("¦")
    return accepts(Source("program.liq", before + after), len(before))


@pytest.mark.parametrize("program, some, none", [
    ("¦", "READ TABLE QUERY LET $END", "WHERE NAME"),
    ("read ¦", "NAME LPAR", "WHERE INT"),
    ("read t ¦", "WHERE ORDER LIMIT JOIN LBRACE VBAR NAME", "AND THEN"),
    ("read t wh¦ere x", "WHERE ORDER", "AND"),
    ("read t where ¦", "NAME INT STRING PARAM NOT EXISTS", "WHERE LIMIT"),
    ("read t where a ¦", "EQUAL AND OR IS IN LIMIT", "NAME INT"),
    ("read t { a, ¦ }", "NAME STAR", "WHERE LIMIT"),
    ("read t { f(¦", "NAME DISTINCT WHERE RPAR STAR", "LIKE"),
    ("table t { id uuid ¦ }", "KEY UNIQUE ARROW EQUAL CHECK", "WHERE"),
    ("table t { id ¦", "NAME", "KEY COMMA"),
    ("read broken wher ) (\nread t order ¦", "NAME BY", "WHERE"),
    ("query q($a: text) {\n  read t where a = $a ¦\n}\n", "AND LIMIT READ RBRACE", "TABLE"),
    ("read t where a in (read u ¦)", "WHERE RPAR LIMIT", "QUERY"),
])  # fmt: skip
def test_accepts(program: str, some: str, none: str) -> None:
    found = at_mark(program)
    assert set(some.split()) <= found
    assert not set(none.split()) & found


def test_keywords_are_named_by_their_terminals() -> None:
    assert keywords()["WHERE"] == "where"
    assert set(keywords()) <= set(tables().terminals)


@given(st.integers(0, 2**32), st.integers(0, 2**32))
def test_the_next_token_of_a_sentence_is_accepted(seed: int, place: int) -> None:
    """Wherever a sentence is cut between two tokens, the one that follows is among those that could."""
    program = sentence(seed, comments=False)
    result = parse(Source("sentence", program))
    if result.ok and result.tokens:
        token = result.tokens[place % len(result.tokens)]
        assert token.terminal in accepts(Source("sentence", program), token.span.start)
