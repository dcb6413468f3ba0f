"""Words, strings and signs of an SQL text, with their places. Never raises: what cannot be read is a ``bad`` token.

Only what telling statements and clauses apart needs: expressions are read by sqlglot from the text between.
"""

from __future__ import annotations

import re
from typing import Literal

from attrs import frozen

Dialect = Literal["postgres", "sqlite"]
Kind = Literal["word", "quoted", "string", "dollar", "number", "parameter", "sign", "meta", "bad"]

_SPACE = re.compile(r"(?:\s+|--[^\n]*)+")
_WORD = re.compile(r"[^\W\d]\w*(?:\$\w*)*")
_NUMBER = re.compile(r"(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d+)?")
_PLAIN_STRING = re.compile(r"'((?:[^']|'')*)'")
_ESCAPED_STRING = re.compile(r"'((?:[^'\\]|''|\\.)*)'", re.DOTALL)
_DOUBLE_QUOTED = re.compile(r'"((?:[^"]|"")*)"')
_BACK_QUOTED = re.compile(r"`((?:[^`]|``)*)`")
_BRACKETED = re.compile(r"\[([^\]]*)\]")
_DOLLAR = re.compile(r"\$(?:[^\W\d]\w*)?\$")
_SIGN = re.compile(r"::|:=|=>|->>|->|#>>|#>|<>|!=|<=|>=|\|\||.", re.DOTALL)
_RECOVERY = re.compile(r";[ \t]*(?:--[^\n]*)?\n")
RECOVERIES_MAX = 50
"""How often reading goes on behind a string without end; each time may look through the whole text."""
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}


@frozen
class Token:
    """``value``: a word in lower case, a quoted name or string without its quotes; ``text`` of everything else."""

    kind: Kind
    value: str
    start: int
    end: int

    def is_word(self, *words: str) -> bool:
        """Whether this is one of these unquoted words (any, if none is given)."""
        return self.kind == "word" and (not words or self.value in words)

    def is_sign(self, sign: str) -> bool:
        """Whether this is that sign."""
        return self.kind == "sign" and self.value == sign


def unescape(text: str) -> str:
    """The meaning of the inside of ``E'…'``."""

    def one(found: re.Match[str]) -> str:
        body = found[0][1:]
        if body[0] in "xuU" and len(body) > 1:
            code = int(body[1:], 16)
            return chr(code) if code <= 0x10FFFF and not 0xD800 <= code <= 0xDFFF else "\ufffd"
        if body[0] in "01234567":
            return chr(int(body, 8) & 0xFF)
        return _ESCAPES.get(body, body)

    pattern = r"\\(?:x[0-9A-Fa-f]{1,2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|[0-7]{1,3}|.)"
    return re.sub(pattern, one, text.replace("''", "'"), flags=re.DOTALL)


class Lexer:
    """Reads one token after the other from ``at`` on."""

    def __init__(self, text: str, dialect: Dialect) -> None:
        self.text = text
        self.dialect = dialect
        self.at = 0
        self._recoveries = RECOVERIES_MAX

    def next(self) -> Token | None:
        """The next token, None at the end of the text."""
        while True:
            space = _SPACE.match(self.text, self.at)
            if space:
                self.at = space.end()
            elif self.text.startswith("/*", self.at):
                bad = self._comment()
                if bad:
                    return bad
            else:
                break
        if self.at >= len(self.text):
            return None
        token = self._token()
        self.at = token.end
        return token

    def _comment(self) -> Token | None:
        """Pass over a block comment; PostgreSQL's nest."""
        depth, start = 0, self.at
        for found in re.compile(r"/\*|\*/").finditer(self.text, start):
            if found[0] == "/*":
                depth += 1 if self.dialect == "postgres" or depth == 0 else 0
            else:
                depth -= 1
            if depth == 0:
                self.at = found.end()
                return None
        token = self._unterminated(start)
        self.at = token.end
        return token

    def _token(self) -> Token:
        start, char = self.at, self.text[self.at]
        if char == "\\" and self.text[self.text.rfind("\n", 0, start) + 1 : start].strip() == "":
            end = self.text.find("\n", start)
            return Token("meta", char, start, len(self.text) if end < 0 else end)
        if char == "'":
            return self._quoted(_PLAIN_STRING, "string", "'")
        if char == '"':
            return self._quoted(_DOUBLE_QUOTED, "quoted", '"')
        if self.dialect == "sqlite" and char in "`[":
            return self._quoted(_BACK_QUOTED if char == "`" else _BRACKETED, "quoted", "`")
        if char == "$":
            return self._dollar()
        if word := _WORD.match(self.text, start):
            return self._word(word)
        if number := _NUMBER.match(self.text, start):
            return Token("number", number[0], start, number.end())
        sign = _SIGN.match(self.text, start)
        assert sign, "any character is a sign"
        return Token("sign", sign[0], start, sign.end())

    def _word(self, word: re.Match[str]) -> Token:
        after = self.text[word.end() : word.end() + 1]
        if after == "'" and word[0] in ("e", "E") and self.dialect == "postgres":
            return self._escaped(word)
        return Token("word", word[0].lower(), word.start(), word.end())

    def _escaped(self, word: re.Match[str]) -> Token:
        found = _ESCAPED_STRING.match(self.text, word.end())
        if found is None:
            return self._unterminated(word.start())
        return Token("string", unescape(found[1]), word.start(), found.end())

    def _quoted(self, pattern: re.Pattern[str], kind: Kind, quote: str) -> Token:
        found = pattern.match(self.text, self.at)
        if found is None:
            return self._unterminated(self.at)
        return Token(kind, found[1].replace(quote * 2, quote), self.at, found.end())

    def _dollar(self) -> Token:
        start = self.at
        opening = _DOLLAR.match(self.text, start) if self.dialect == "postgres" else None
        if opening:
            end = self.text.find(opening[0], opening.end())
            if end < 0:
                return self._unterminated(start)
            return Token("dollar", self.text[opening.end() : end], start, end + len(opening[0]))
        found = re.compile(r"\$\w*").match(self.text, start)
        assert found
        return Token("parameter", found[0], start, found.end())

    def _unterminated(self, start: int) -> Token:
        """A string or comment without its end stops where a statement ends a line, so that the rest is still read."""
        found = _RECOVERY.search(self.text, start) if self._recoveries else None
        self._recoveries -= 1 if found else 0
        end = found.start() if found else len(self.text)
        return Token("bad", self.text[start : start + 1], start, max(end, start + 1))
