"""Every program in the repository parses, as lark reads it, and is written the same way however often."""

from __future__ import annotations

from pathlib import Path

import pytest
from lark import UnexpectedInput

from liq.model.source import Source
from liq_grammar import Parsed, format_source, format_tree, parse
from liq_grammar.layout import WIDTH
from tests.grammar.programs import lark, programs, rejects
from tests.repo.source_tree import ROOT


def parsed(path: Path) -> Parsed:
    result = parse(Source(str(path), (ROOT / path).read_text(encoding="utf-8")))
    assert not result.diagnostics
    return result


@pytest.mark.parametrize("path", programs(), ids=str)
def test_programs_parse_as_lark_reads_them(path: Path) -> None:
    text = (ROOT / path).read_text(encoding="utf-8")
    theirs = [(token.type, str(token)) for token in lark().parse_interactive(text).exhaust_lexer()]
    assert [(token.terminal, token.text) for token in parsed(path).tokens] == theirs
    lark().parse(text)


@pytest.mark.parametrize("path", programs(), ids=str)
def test_programs_keep_their_tree_and_comments_when_formatted(path: Path) -> None:
    first = parsed(path)
    text = format_tree(first.tree)
    second = parse(Source(str(path), text))
    assert not second.diagnostics
    assert second.tree == first.tree
    assert sorted(each.text for each in second.comments) == sorted(each.text for each in first.comments)
    assert format_tree(second.tree) == text
    for line in text.splitlines():
        assert len(line.partition("--")[0].rstrip()) <= WIDTH, line


@pytest.mark.parametrize("program", rejects())
def test_rejects_are_refused(program: str) -> None:
    result = parse(Source("reject", program))
    assert not result.ok
    assert format_source(Source("reject", program)).text == program


def test_most_rejects_are_refused_by_the_grammar_itself() -> None:
    accepted = []
    for program in rejects():
        try:
            lark().parse(program)
        except UnexpectedInput:
            continue
        accepted.append(program)
    assert accepted == [
        "query q($x?: int) = read t",
        "read a right join b on a.x = b.y",
        "read a natural join b on true",
        "read t { x: count(a) filter (where b) }",
        "table t { id int primary key }",
        "table t { id uuid references u }",
        "read t { x: 1abc }",
    ]
