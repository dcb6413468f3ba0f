"""Whatever the text: a tree, coded diagnostics, and work in proportion to its length."""

from __future__ import annotations

import random
from bisect import bisect_left

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liq.model.codes import CODES
from liq.model.source import Source
from liq_grammar import Parsed, accepts, decode, format_source, format_tree, parse
from liq_grammar import syntax as s
from liq_grammar.limits import DEPTH_MAX, DIAGNOSTICS_MAX, SOURCE_CHARACTERS_MAX, TOKENS_MAX
from tests.grammar.programs import programs, sentence
from tests.repo.source_tree import ROOT

WORK_PER_TOKEN = 150
MANY = 3_000


def checked(text: str) -> Parsed:
    """Parse, and hold the result to what is promised for every text."""
    result = parse(Source("hostile.liq", text))
    assert len(result.diagnostics) <= DIAGNOSTICS_MAX + 1
    assert result.work <= WORK_PER_TOKEN * (len(result.tokens) + 20)
    for each in result.diagnostics:
        assert CODES[each.code.id] is each.code
        assert 0 <= each.span.start <= each.span.end <= len(text)
        assert "\n" not in each.message and len(each.message) < 400
        each.message.encode("utf-8")
    for node in s.descendants(result.tree):
        assert node.span.end <= len(text)
    return result


BOMBS = {
    "open brackets": "read t where " + "(" * MANY,
    "nested brackets": "read t where " + "(" * MANY + "a" + ")" * MANY,
    "mixed brackets": "([{" * MANY,
    "closing brackets": ")" * MANY,
    "not": "read t where " + "not " * MANY + "a",
    "minus": "read t where a = " + "- " * MANY + "a",
    "case": "read t { x: " + "case when a then " * MANY,
    "subqueries": "read t where a in (read t where b in " * MANY,
    "shapes": "read t " + "{ a " * MANY + "}" * MANY,
    "sums": "read t where a = " + " + ".join(["a"] * MANY),
    "path": "read t where " + ".".join(["a"] * MANY),
    "casts": "read t { a" + "::text" * MANY + " }",
    "indexes": "read t { x: a" + "[0]" * MANY + " }",
    "a long name": "read " + "a" * 1_000_000,
    "a long backticked name": "read `" + "a" * 1_000_000 + "`",
    "a long parameter": "read t where a = $" + "a" * 1_000_000,
    "a long number": "read t limit " + "9" * 5_000,
    "a long exponent": "read t where a = 1e" + "9" * 5_000,
    "an open text": "read t where a = '" + "x\n" * MANY,
    "quotes": "'\n" * (MANY + 1),
    "double quotes": '"' * MANY,
    "backticks": "`" * MANY,
    "comments": "/*" * MANY,
    "signs": "$ @ # ! ~ ^ & \\ ; ${" * MANY,
    "words": "read " * MANY,
    "statements": "select a from b\n" * MANY,
    "broken statements": "read t where a = \n" * MANY,
    "broken items": "read t { " + "a: + , " * MANY + "}",
    "broken lines": "read t {\n" + "a: +\n" * MANY + "}",
    "misspelt": "read t wher a = 1\n" * MANY,
    "unclosed": "read t { id, name\n" * MANY,
    "controls": "\x00\x1b\x7f" * MANY,
    "surrogates": "read \ud800\udfff" * MANY,
    "bidi": "read t -- \u202e\u2066\n" * MANY,
    "letters": "é" * MANY + " é" * MANY,
    "digits": "٣" * MANY,
    "nothing": " \n\t" * MANY,
}


@pytest.mark.parametrize("name", BOMBS)
def test_bombs(name: str) -> None:
    text = BOMBS[name]
    result = checked(text)
    assert result.ok == (name == "nothing")
    assert format_source(Source("hostile.liq", text)).text == ("" if name == "nothing" else text)


def test_long_lists_are_no_bombs() -> None:
    """Chains and lists have no depth: they are read and written, however long."""
    for text in (
        "read t where " + " or ".join(["a = 1"] * MANY),
        "read t where " + " and ".join(["a"] * MANY),
        "read t { " + ", ".join(["a"] * MANY) + " }",
        "read t where a in (" + ", ".join(["1"] * MANY) + ")",
        "read t " + "join u on a " * MANY,
        "read t " + "union read t " * MANY,
        "read t " + "| where a " * MANY,
        "insert t [" + "{ a: 1 }, " * MANY + "]",
        "read t where f(" + ", ".join(["a"] * MANY) + ")",
        "read t { x: case " + "when a then b " * MANY + "end }",
    ):
        result = checked(text)
        assert result.ok
        assert parse(Source("again", format_tree(result.tree))).tree == result.tree


NESTED = {
    "brackets": ("read t where ", "(", "a", ")"),
    "calls": ("read t where ", "f(", "a", ")"),
    "cases": ("read t where ", "case when a then ", "a", " end"),
    "records": ("read t where ", "{ a: ", "a", " }"),
    "lists": ("read t where ", "[", "a", "]"),
    "negations": ("read t where ", "not ", "a", ""),
    "signs": ("read t where ", "- ", "a", ""),
    "shapes": ("read t ", "{ a ", "", "}"),
    "subqueries": ("read t where a in (", "read t where a in (", "a", ")"),
    "scalars": ("read t where ", "(read t { ", "a", " })"),
    "sources": ("read ", "(read ", "t", ") q"),
    "sums": ("read t where ", "a + (", "a", ")"),
    "windows": ("read t where ", "f() over (by ", "a", ")"),
}


@pytest.mark.parametrize("name", NESTED)
def test_the_deepest_tree_that_is_read_can_be_written(name: str) -> None:
    """Depth is limited so that a recursive walk is safe: at the limit the formatter still works, beyond is refused."""
    head, opener, core, closer = NESTED[name]

    def nested(depth: int) -> Parsed:
        return parse(Source("deep", head + opener * depth + core + closer * (depth + head.count("("))))

    depth = bisect_left(range(DEPTH_MAX), True, key=lambda depth: not nested(depth).ok) - 1
    assert depth > DEPTH_MAX // 10
    result = nested(depth)
    assert parse(Source("deep", format_tree(result.tree))).tree == result.tree
    assert [each.code.name for each in nested(DEPTH_MAX).diagnostics] == ["too-large"]


def test_sizes_are_limited() -> None:
    result = parse(Source("large", "a" * (SOURCE_CHARACTERS_MAX + 1)))
    assert [each.code.name for each in result.diagnostics] == ["too-large"]
    result = parse(Source("large", "read t { " + "a " * (TOKENS_MAX + 1) + "}"))
    assert "too-large" in [each.code.name for each in result.diagnostics]


def test_bytes_that_are_no_text() -> None:
    assert decode("a", b"\xef\xbb\xbfread t") == Source("a", "read t")
    for data in (b"read \xff", "read t".encode("utf-16"), b"\xed\xa0\x80", b"read t where a = '\xc3'"):
        result = decode("a", data)
        assert not isinstance(result, Source)
        assert result.code.name == "encoding"


def test_control_and_bidi_characters_are_refused_everywhere() -> None:
    for char in ("\x00", "\x1b", "\u202e", "\u2066", "\u2028", "\ud800", "\ufffe", "\r"):
        for program in (f"read t -- a{char}b", f"read t where a = 'a{char}b'", f"read t{char}", f"read `a{char}b`"):
            result = checked(program)
            assert "invalid-character" in [each.code.name for each in result.diagnostics], repr(program)
            assert not any(char in node.value for node in s.descendants(result.tree) if isinstance(node, s.Text))


PIECES = [
    "(", ")", "[", "]", "{", "}", ",", ";", ":", "'", '"', "`", "@", "$", "|", "?", "=", "<", ">", "-", "+", "*", "/", "%",
    ".", "\\", " ", "\n", "\t", "0", "a", "_", "é", "\u202e", "\x00", "\ud800", "read ", "where ", "table ", "query x {",
    "--- d\n", "-- c\n", "or update", "order choose $x {", "\n  read t\n", "--", "$x?", "::", "->", "[]", "case ", "end ",
]  # fmt: skip


def mutated(seed: int) -> str:
    """A program of the corpus, or a sentence of the grammar, damaged in a few places."""
    chance = random.Random(seed)
    path = chance.choice(programs())
    text = (ROOT / path).read_text(encoding="utf-8") if chance.random() < 0.6 else sentence(seed, comments=True)
    start = chance.randrange(len(text))
    text = text[start : start + chance.randrange(1, 1_500)]
    for _ in range(chance.randrange(1, 6)):
        at, kind = chance.randrange(len(text) + 1), chance.random()
        to = min(len(text), at + chance.randrange(1, 30))
        middle = "" if kind < 0.3 else chance.choice(PIECES) + text[at:to] if kind < 0.7 else text[at:to][::-1]
        text = text[:at] + middle * chance.randrange(1, 3) + text[to:]
    return text


@given(st.integers(0, 2**32))
def test_damaged_programs(seed: int) -> None:
    text = mutated(seed)
    result = checked(text)
    accepts(Source("hostile.liq", text), seed % (len(text) + 1))
    if result.ok:
        assert parse(Source("hostile.liq", format_tree(result.tree))).tree == result.tree


@given(st.text(st.characters(), max_size=200))
def test_any_text(text: str) -> None:
    checked(text)
    decode("any", text.encode("utf-8", "surrogatepass"))


@given(st.lists(st.sampled_from(PIECES), max_size=60).map("".join))
def test_any_pieces(text: str) -> None:
    checked(text)


@given(st.binary(max_size=200))
def test_any_bytes(data: bytes) -> None:
    source = decode("any", data)
    if isinstance(source, Source):
        checked(source.text)
