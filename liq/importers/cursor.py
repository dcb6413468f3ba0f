"""A place in the tokens of one statement, and what is read there: words, names, types, fragments, lists."""

from __future__ import annotations

from collections.abc import Iterator

from liq.importers.ddl import Fragment, Name, SqlType
from liq.importers.tokens import Dialect, Token
from liq.model.source import Source, Span

_OPEN, _CLOSE = frozenset("(["), frozenset(")]")
_TYPE_TAILS = {
    "double": ("precision",),
    "character": ("varying",),
    "char": ("varying",),
    "bit": ("varying",),
    "national": ("character", "char", "varying"),
}
_INTERVAL_FIELDS = ("year", "month", "day", "hour", "minute", "second", "to")


class Unreadable(Exception):
    """A statement that is not what DDL looks like."""

    def __init__(self, message: str, span: Span) -> None:
        super().__init__(message)
        self.message = message
        self.span = span


class Cursor:
    """Reads ``tokens`` from left to right. ``end`` is where to point when they are used up."""

    def __init__(self, source: Source, tokens: tuple[Token, ...], dialect: Dialect, end: int) -> None:
        self.source = source
        self.tokens = tokens
        self.dialect: Dialect = dialect
        self.end = end
        self.at = 0

    # ---- looking
    def peek(self, ahead: int = 0) -> Token | None:
        """The token here, or some way ahead."""
        at = self.at + ahead
        return self.tokens[at] if at < len(self.tokens) else None

    @property
    def done(self) -> bool:
        """Whether every token was read."""
        return self.at >= len(self.tokens)

    def sees(self, *words: str) -> bool:
        """Whether these words come next, in this order."""
        return all((t := self.peek(i)) is not None and t.is_word(w) for i, w in enumerate(words))

    def sees_any(self, words: frozenset[str]) -> bool:
        """Whether one of these words comes next."""
        token = self.peek()
        return token is not None and token.kind == "word" and token.value in words

    def sees_sign(self, sign: str) -> bool:
        """Whether this sign comes next."""
        token = self.peek()
        return token is not None and token.is_sign(sign)

    @property
    def here(self) -> Span:
        """Where the next token stands."""
        token = self.peek()
        return Span(token.start, token.end) if token else Span(self.end, self.end)

    def since(self, start: int) -> Span:
        """From token number ``start`` to the last one read."""
        if not self.tokens:
            return Span(self.end, self.end)
        first = self.tokens[min(start, len(self.tokens) - 1)]
        last = self.tokens[max(min(self.at, len(self.tokens)) - 1, 0)]
        return Span(first.start, max(last.end, first.end))

    def stop(self, expected: str) -> Unreadable:
        """The error to raise when something else was expected."""
        token = self.peek()
        if token is None:
            return Unreadable(f"expected {expected}, found the end", self.here)
        if token.kind == "bad":
            return Unreadable("a string, name or comment without its end", self.here)
        shown = self.source.text[token.start : min(token.end, token.start + 40)]
        return Unreadable(f"expected {expected}, found {shown!r}", self.here)

    # ---- moving
    def take(self) -> Token:
        """The token here; moves on."""
        token = self.peek()
        if token is None or token.kind == "bad":
            raise self.stop("more")
        self.at += 1
        return token

    def accept(self, *words: str) -> bool:
        """Pass over these words if they come next."""
        if not self.sees(*words):
            return False
        self.at += len(words)
        return True

    def expect(self, *words: str) -> None:
        """Pass over these words, or stop."""
        for word in words:
            if not self.accept(word):
                raise self.stop(word.upper())

    def accept_sign(self, sign: str) -> bool:
        """Pass over a sign if it comes next."""
        if not self.sees_sign(sign):
            return False
        self.at += 1
        return True

    def accept_any(self, *words: str) -> str | None:
        """The one of these words that comes next, passed over."""
        token = self.peek()
        if token is not None and words and token.is_word(*words):
            self.at += 1
            return token.value
        return None

    # ---- names
    def identifier(self) -> str:
        """One name: unquoted ones are lower case in PostgreSQL and kept in SQLite."""
        token = self.peek()
        if token is None or token.kind not in ("word", "quoted", "string"):
            raise self.stop("a name")
        if token.kind == "string" and self.dialect == "postgres":
            raise self.stop("a name")
        self.at += 1
        if token.kind == "word" and self.dialect == "sqlite":
            return self.source.text[token.start : token.end]
        return token.value

    def name(self) -> Name:
        """``schema.name`` or ``name``."""
        start = self.at
        parts = [self.identifier()]
        while self.accept_sign("."):
            parts.append(self.identifier())
        return Name(tuple(parts), self.since(start))

    def names_in_parentheses(self) -> tuple[str, ...]:
        """``(a, b)``."""
        return tuple(item.identifier() for item in self.group().items())

    # ---- pieces
    def group(self) -> Cursor:
        """What stands between the parenthesis here and its partner."""
        if not self.accept_sign("("):
            raise self.stop("(")
        start, depth = self.at, 1
        while depth:
            token = self.take()
            if token.kind == "sign":
                depth += (token.value in _OPEN) - (token.value in _CLOSE)
        return self._part(start, self.at - 1)

    def skip_group(self) -> None:
        """Pass over ``( … )`` if it comes next."""
        if self.sees_sign("("):
            self.group()

    def _part(self, start: int, stop: int) -> Cursor:
        end = self.tokens[stop].start if stop < len(self.tokens) else self.end
        return Cursor(self.source, self.tokens[start:stop], self.dialect, end)

    def items(self) -> Iterator[Cursor]:
        """The parts between the commas that are in no parenthesis."""
        while not self.done:
            start = self.at
            self._to_comma()
            yield self._part(start, self.at)
            self.accept_sign(",")

    def _to_comma(self) -> None:
        depth = 0
        while (token := self.peek()) is not None and not (depth == 0 and token.is_sign(",")):
            if token.kind == "sign":
                depth += (token.value in _OPEN) - (token.value in _CLOSE)
            self.at += 1

    def until(self, stops: frozenset[str]) -> Fragment:
        """The expression up to a comma or one of the words, outside of parentheses and ``CASE … END``."""
        start, depth, cases = self.at, 0, 0
        while (token := self.peek()) is not None:
            if token.kind == "bad":
                raise self.stop("an expression")
            if depth == 0 and cases == 0 and self.at > start:
                if token.is_sign(",") or (token.kind == "word" and token.value in stops):
                    break
            if token.kind == "sign":
                depth += (token.value in _OPEN) - (token.value in _CLOSE)
            elif token.kind == "word":
                cases += (token.value == "case") - (token.value == "end" and cases > 0)
            self.at += 1
        if self.at == start:
            raise self.stop("an expression")
        return self.fragment(start, self.at)

    def rest(self) -> Fragment:
        """Everything that is left."""
        start, self.at = self.at, len(self.tokens)
        if start == self.at:
            raise self.stop("an expression")
        return self.fragment(start, self.at)

    def fragment(self, start: int, stop: int) -> Fragment:
        """The text of these tokens; comments between them become blanks, so places stay true."""
        tokens = self.tokens[start:stop]
        bad = next((t for t in tokens if t.kind == "bad"), None)
        if bad is not None:
            raise Unreadable("a string, name or comment without its end", Span(bad.start, bad.end))
        text, pieces, at = self.source.text, [], tokens[0].start
        for token in tokens:
            gap = text[at : token.start]
            pieces.append("".join(c if c == "\n" else " " for c in gap))
            pieces.append(text[token.start : token.end])
            at = token.end
        return Fragment("".join(pieces), tokens[0].start, self.source)

    # ---- types
    def type(self) -> SqlType:
        """A type of PostgreSQL."""
        start = self.at
        schema = None
        token = self.peek()
        if token is None or token.kind not in ("word", "quoted"):
            raise self.stop("a type")
        name = self.take().value
        while self.accept_sign("."):
            schema, name = name, self.identifier()
        words, arguments = [name], list(self._type_arguments())
        if schema is None and token.kind == "word":
            while tail := self.accept_any(*_TYPE_TAILS.get(words[0], ())):
                words.append(tail)
            if words[0] == "interval":
                while self.accept_any(*_INTERVAL_FIELDS):
                    pass
            arguments = arguments or list(self._type_arguments())
            if words[0] in ("timestamp", "time") and (zone := self.accept_any("with", "without")):
                self.expect("time", "zone")
                words.append(f"{zone} time zone")
        return SqlType(" ".join(words), tuple(arguments), self._dimensions(), schema, self.since(start))

    def _type_arguments(self) -> tuple[str, ...]:
        if not self.sees_sign("("):
            return ()
        return tuple(item.rest().text for item in self.group().items())

    def _dimensions(self) -> int:
        dimensions = 1 if self.accept("array") else 0
        while self.accept_sign("["):
            while not self.accept_sign("]"):
                self.take()
            dimensions += 1
        return dimensions

    def affinity_type(self, stops: frozenset[str]) -> SqlType | None:
        """A type of SQLite: any words, then perhaps numbers; there may be none."""
        start, words = self.at, []
        while (token := self.peek()) is not None and token.kind in ("word", "quoted", "string"):
            if token.kind == "word" and token.value in stops:
                break
            words.append(self.take().value.lower())
        if not words:
            return None
        return SqlType(" ".join(words), self._type_arguments(), 0, None, self.since(start))
