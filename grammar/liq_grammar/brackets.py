"""Which bracket belongs to which. Where some do not match, indentation tells what was meant; the missing are supplied.

After this the brackets of a token list always match, so that recovery can rely on them.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence
from typing import Final, NamedTuple

from attrs import define, field

from liq.model import codes
from liq_grammar.report import Report
from liq_grammar.scanner import Token
from liq_grammar.tables import tables

CLOSER: Final = {"(": ")", "[": "]", "{": "}"}
OPENER: Final = {closer: opener for opener, closer in CLOSER.items()}
ITEM_WORDS: Final = frozenset(
    "read insert update delete let describe session table view enum policy fn role channel query test migration".split()
)
"""Words that begin a statement or declaration: at the start of a line, they end what was broken before."""


@define
class Brackets:
    """Tokens whose brackets match. A token's ``parent`` is the innermost open bracket before it; a closer's its own."""

    tokens: list[Token]
    parent: list[int] = field(factory=list)
    closer: dict[int, int] = field(factory=dict)
    unclosed: set[int] = field(factory=set)
    """Opening brackets whose closing one had to be supplied."""


class _Open(NamedTuple):
    at: int
    sign: str
    indent: int


def match_brackets(tokens: Sequence[Token], report: Report) -> Brackets:
    """Match the brackets of a text, reporting those that close nothing; ``unclosed`` ones are left to recovery."""
    brackets = Brackets(list(tokens)) if _balanced(tokens) else _supply(tokens, report)
    open_: list[int] = []
    for at, token in enumerate(brackets.tokens):
        if token.text in OPENER:
            brackets.parent.append(open_[-1])
            brackets.closer[open_.pop()] = at
        else:
            brackets.parent.append(open_[-1] if open_ else -1)
            if token.text in CLOSER:
                open_.append(at)
    assert not open_
    return brackets


def _balanced(tokens: Sequence[Token]) -> bool:
    open_: list[str] = []
    for token in tokens:
        if token.text in CLOSER:
            open_.append(CLOSER[token.text])
        elif token.text in OPENER and (not open_ or open_.pop() != token.text):
            return False
    return not open_


class _OpenStack:
    """The brackets that are open, innermost last. Every question is answered without looking through all of them."""

    def __init__(self) -> None:
        self._open: list[_Open] = []
        self._deepest: list[int] = []
        """The greatest indent of each bracket and those around it: it never falls."""
        self._alike: defaultdict[tuple[str, int], list[int]] = defaultdict(list)
        """The places of one sign, by indent; under indent -1 those of all indents."""

    def __len__(self) -> int:
        return len(self._open)

    def push(self, opened: _Open) -> None:
        """One more is open."""
        for key in ((opened.sign, opened.indent), (opened.sign, -1)):
            self._alike[key].append(len(self._open))
        self._deepest.append(max(opened.indent, self._deepest[-1] if self._deepest else 0))
        self._open.append(opened)

    def pop(self) -> _Open:
        """The innermost is open no more."""
        opened = self._open.pop()
        self._deepest.pop()
        for key in ((opened.sign, opened.indent), (opened.sign, -1)):
            self._alike[key].pop()
        return opened

    def first_from(self, indent: int) -> int:
        """The outermost on a line that begins at this indent or further right."""
        return bisect_left(self._deepest, indent)

    def partner(self, closer: Token) -> int | None:
        """Which one a closing bracket belongs to: the innermost of its kind, best on a line with its indent."""
        sign = OPENER[closer.text]
        places = (closer.indent >= 0 and self._alike[sign, closer.indent]) or self._alike[sign, -1]
        return places[-1] if places else None


def _supply(tokens: Sequence[Token], report: Report) -> Brackets:
    """Close what is never closed where the layout says that it ends; leave out what closes nothing."""
    out: list[Token] = []
    open_ = _OpenStack()
    unclosed: set[int] = set()
    indent = 0

    def close(down_to: int) -> None:
        while len(open_) > down_to:
            opener = open_.pop()
            end = out[-1].end
            sign = CLOSER[opener.sign]
            out.append(Token(sign, end, end, (tables().signs[sign],)))
            unclosed.add(opener.at)

    for token in tokens[:-1]:
        if token.indent >= 0:
            indent = token.indent
            if token.text in ITEM_WORDS:
                close(open_.first_from(indent))
        if token.text in OPENER:
            partner = open_.partner(token)
            if partner is None:
                report(codes.UNCLOSED, f"this `{token.text}` closes nothing", token.span, fix=("", "remove it"))
                continue
            close(partner + 1)
            open_.pop()
        elif token.text in CLOSER:
            open_.push(_Open(len(out), token.text, indent))
        out.append(token)
    close(0)
    return Brackets([*out, tokens[-1]], unclosed=unclosed)
