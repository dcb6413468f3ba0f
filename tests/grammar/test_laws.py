"""Laws that hold for every sentence of the grammar, with comments anywhere."""

from __future__ import annotations

from hypothesis import assume, given
from hypothesis import strategies as st
from lark import UnexpectedInput

from liq.model.source import Source
from liq_grammar import Parsed, format_tree, parse
from tests.grammar.programs import lark, sentence

SEEDS = st.integers(0, 2**32)
TYPE_OR_CALL_NAMED_KEY = "found `key`"
"""``key (`` begins a constraint as far as one token tells; behind a closing bracket the grammar derives more."""


def read(program: str) -> Parsed:
    result = parse(Source("sentence.liq", program))
    assume(not any(TYPE_OR_CALL_NAMED_KEY in each.message for each in result.diagnostics))
    assert not result.diagnostics, program
    return result


@given(SEEDS)
def test_what_the_grammar_derives_parses_as_lark_reads_it(seed: int) -> None:
    program = sentence(seed, comments=False)
    tokens = read(program).tokens
    try:
        theirs = [token.type for token in lark().parse_interactive(program).exhaust_lexer()]
    except UnexpectedInput as error:
        raise AssertionError(program) from error
    assert [token.terminal for token in tokens] == theirs


@given(SEEDS)
def test_formatting_keeps_the_tree(seed: int) -> None:
    first = read(sentence(seed, comments=False))
    assert read(format_tree(first.tree)).tree == first.tree


@given(SEEDS)
def test_formatting_keeps_descriptions_and_comments(seed: int) -> None:
    first = read(sentence(seed, comments=True))
    second = read(format_tree(first.tree))
    assert second.tree == first.tree
    assert sorted(each.text for each in second.comments) == sorted(each.text for each in first.comments)


@given(SEEDS, st.booleans())
def test_formatting_twice_is_formatting_once(seed: int, comments: bool) -> None:
    once = format_tree(read(sentence(seed, comments)).tree)
    assert format_tree(read(once).tree) == once


@given(SEEDS)
def test_white_space_and_comments_say_nothing(seed: int) -> None:
    """The same words with other gaps between them are the same tree."""
    words = [token.text for token in read(sentence(seed, comments=False)).tokens]
    assert read("\n".join(words)).tree == read("  ".join(words)).tree
