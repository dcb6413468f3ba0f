"""Which bracket belongs to which. Where some do not match, indentation tells what was meant; the missing are supplied.

After this the brackets of a token list always match, so that recovery can rely on them.
"""

from __future__ import annotations

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


def _supply(tokens: Sequence[Token], report: Report) -> Brackets:
    """Close what is never closed where the layout says that it ends; leave out what closes nothing."""
    out: list[Token] = []
    open_: list[_Open] = []
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
                close(next((at for at, opener in enumerate(open_) if opener.indent >= indent), len(open_)))
        if token.text in OPENER:
            partner = _partner(open_, token)
            if partner is None:
                report(codes.UNCLOSED, f"this `{token.text}` closes nothing", token.span, fix=("", "remove it"))
                continue
            close(partner + 1)
            open_.pop()
        elif token.text in CLOSER:
            open_.append(_Open(len(out), token.text, indent))
        out.append(token)
    if open_:
        close(0)
    return Brackets([*out, tokens[-1]], unclosed=unclosed)


def _partner(open_: Sequence[_Open], closer: Token) -> int | None:
    """Which open bracket a closing one belongs to: the innermost of its kind, or that on a line as far to the right."""
    of_kind = [at for at, opener in enumerate(open_) if opener.sign == OPENER[closer.text]]
    if not of_kind:
        return None
    aligned = [at for at in of_kind if open_[at].indent == closer.indent]
    return aligned[-1] if aligned else of_kind[-1]
