"""Cutting an SQL script into statements: ``;`` in strings, dollar quotes and ``BEGIN … END`` bodies does not cut."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from attrs import frozen

from liq.importers.tokens import Dialect, Lexer, Token
from liq.model.source import Source, Span

UNCLOSED_MAX = 10
"""How many ``BEGIN`` without ``END`` are looked for up to the end of the text."""
_COPY_END = re.compile(r"^\\\.[ \t\r]*$", re.MULTILINE)


@frozen
class Script:
    """One statement: its tokens, without the ``;`` behind them."""

    source: Source
    tokens: tuple[Token, ...]

    @property
    def span(self) -> Span:
        """From the first token to the last."""
        return Span(self.tokens[0].start, self.tokens[-1].end)

    def starts(self, *words: str) -> bool:
        """Whether the statement begins with these words."""
        head = self.tokens[: len(words)]
        return len(head) == len(words) and all(t.is_word(w) for t, w in zip(head, words, strict=True))


def split(source: Source, dialect: Dialect) -> Iterator[Script]:
    """The statements of a text, in order. Data behind ``COPY … FROM stdin`` is passed over."""
    lexer = Lexer(source.text, dialect)
    unclosed = 0
    while True:
        begin = lexer.at
        tokens, closed = _one(lexer, blocks=unclosed < UNCLOSED_MAX)
        if not closed:
            unclosed += 1
            lexer.at = begin
            tokens, _ = _one(lexer, blocks=False)
        if tokens is None:
            return
        if tokens:
            statement = Script(source, tuple(tokens))
            yield statement
            if _reads_stdin(statement):
                end = _COPY_END.search(source.text, lexer.at)
                lexer.at = end.end() if end else len(source.text)


def _one(lexer: Lexer, *, blocks: bool) -> tuple[list[Token] | None, bool]:
    """The tokens up to ``;`` (None at the end of the text) and whether every ``BEGIN`` met its ``END``."""
    tokens: list[Token] = []
    depth, has_body, in_rule = 0, False, 0
    while (token := lexer.next()) is not None:
        if token.kind == "meta":
            if tokens:  # a client command inside a statement ends it
                lexer.at = token.start
                return tokens, True
            return [token], True
        if token.is_sign(";") and depth == 0 and in_rule == 0:
            return tokens, True
        tokens.append(token)
        if len(tokens) <= 8:
            has_body = has_body or (blocks and _may_have_body(tokens))
        if has_body and token.is_word("begin", "case"):
            depth += 1
        elif has_body and token.is_word("end") and depth:
            depth -= 1
        if blocks and tokens[0].is_word("create") and any(t.is_word("rule") for t in tokens[1:4]):
            in_rule = max(0, in_rule + {"(": 1, ")": -1}.get(token.value, 0) * (token.kind == "sign"))
    return (tokens or None), depth == 0 and in_rule == 0


def _may_have_body(tokens: list[Token]) -> bool:
    return tokens[0].is_word("create") and tokens[-1].is_word("trigger", "function", "procedure")


def _reads_stdin(statement: Script) -> bool:
    words = [t.value for t in statement.tokens if t.kind == "word"]
    return words[:1] == ["copy"] and any(pair == ("from", "stdin") for pair in pairwise(words))
