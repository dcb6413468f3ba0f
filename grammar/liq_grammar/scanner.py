"""Text to tokens. Every token keeps all terminals it could be; the parser's state chooses, so words stay soft."""

from __future__ import annotations

import re
from functools import cache
from typing import Final, NamedTuple

from attrs import define, field

from liq.model import codes
from liq.model.source import Source, Span
from liq_grammar import characters
from liq_grammar.limits import NAME_CHARACTERS_MAX, NUMBER_CHARACTERS_MAX, TOKENS_MAX
from liq_grammar.report import Report
from liq_grammar.tables import Tables, tables


class Token(NamedTuple):
    """A piece of text: ``kinds`` are the terminals it may be, best first; ``indent`` its column if it begins a line."""

    text: str
    start: int
    end: int
    kinds: tuple[int, ...]
    indent: int = -1

    @property
    def span(self) -> Span:
        """Where it stands."""
        return Span(self.start, self.end)


class Trivia(NamedTuple):
    """A comment; ``follower`` is the number of the token behind it."""

    start: int
    end: int
    own_line: bool
    follower: int


@define
class Scanned:
    """The tokens of one text; the last one is its end."""

    tokens: list[Token] = field(factory=list)
    comments: list[Trivia] = field(factory=list)


FOREIGN: Final = (
    r"==|&&|<=>|;|//[^\n]*|/\*(?:[^*]|\*(?!/))*+(?:\*/|\Z)|\$\{[^}\n]*\}?|\"[^\"\n]*+(?:\"\"[^\"\n]*+)*+\"?|\$[0-9]+|\\"
)
"""What other languages write; each is named with what liq has instead."""

CUTS_MAX: Final = 4
"""How often the rest of a text is read again because of a quote that is never closed."""

STRING_TO_LINE_END: Final = re.compile(r"'[^\n]*")


class _Patterns(NamedTuple):
    master: re.Pattern[str]
    groups: dict[int, str]
    name: re.Pattern[str]
    before: dict[str, list[tuple[int, re.Pattern[str]]]]


@cache
def _patterns() -> _Patterns:
    table = tables()
    named = {table.terminals[number]: pattern for number, pattern in table.patterns.items()}
    signs = sorted(table.signs, key=lambda sign: (-len(sign), sign))
    parts = {
        "space": r"[ \t\r\n]+",
        "comment": r"--[^\n]*",
        "word": r"[^\W\d]\w*",
        "foreign": FOREIGN,
        **{name: named[name] for name in ("PARAM", "CLAIM", "STRING", "FLOAT", "DECIMAL", "INT", "EMPTY", "COMPARE")},
        "quoted": r"`[^`\n]*`?",
        "sign": "|".join(re.escape(sign) for sign in signs),
        "bad": r"(?s:.)",
    }
    return _Patterns(
        re.compile("|".join(f"({pattern})" for pattern in parts.values())),
        dict(enumerate(parts, 1)),
        re.compile(named["NAME"]),
        {word: [(number, re.compile(ahead)) for number, ahead in found] for word, found in table.before.items()},
    )


class Scanner:
    """One pass over one text."""

    def __init__(self, source: Source, report: Report) -> None:
        self.report: Final = report
        self.table: Final[Tables] = tables()
        self.patterns: Final = _patterns()
        self.source_text: Final = source.text
        self.text: Final = self._cleaned(source.text)
        self.out = Scanned()
        self._words: dict[str, tuple[int, ...]] = {}
        self._line_start = 0
        self._fresh_line = True
        self._cut_quotes: set[int] = set()

    def _cleaned(self, text: str) -> str:
        """The text with everything forbidden reported and replaced, one character by one."""
        if text.startswith("\ufeff"):
            text = " " + text[1:]
        for found in characters.FORBIDDEN.finditer(text):
            if self.report.full:
                break
            what = characters.describe(found[0])
            if found[0] == "\r":
                message = "a carriage return without a line feed behind it"
            else:
                message = f"the character {what} may not stand in liq source, not even in a text or comment"
            self.report(codes.INVALID_CHARACTER, message, Span(*found.span()), fix=("", "remove it"),
                        help="a value that needs it can be passed as a parameter")  # fmt: skip
        return characters.FORBIDDEN.sub(characters.REPLACEMENT, text)

    # ------------------------------------------------------------------------------------------------ the pass

    def scan(self) -> Scanned:
        """All tokens and comments."""
        at = 0
        match = self.patterns.master.match
        groups = self.patterns.groups
        text = self.text
        while found := match(text, at):
            kind = groups[found.lastindex or 0]
            start, at = found.span()
            if kind == "space":
                line_break = text.rfind("\n", start, at)
                if line_break >= 0:
                    self._line_start, self._fresh_line = line_break + 1, True
            elif kind == "comment":
                self.out.comments.append(Trivia(start, at, self._fresh_line, len(self.out.tokens)))
            elif kind == "word":
                self._word(found[0], start, at)
            elif kind == "sign":
                self._add(found[0], start, at, (self.table.signs[found[0]],))
            else:
                at = self._other(kind, found[0], start, at)
            if len(self.out.tokens) > TOKENS_MAX:
                self.report(codes.TOO_LARGE, f"the source has more than {TOKENS_MAX} words and signs", Span(start, at))
                break
        end = len(text)
        self._fresh_line = True
        self.out.tokens.append(Token("", end, end, (self.table.ids["$END"],), 0))
        return self.out

    def _add(self, text: str, start: int, end: int, kinds: tuple[int, ...]) -> None:
        self.out.tokens.append(Token(text, start, end, kinds, start - self._line_start if self._fresh_line else -1))
        self._fresh_line = False

    def _other(self, kind: str, text: str, start: int, end: int) -> int:
        """A token that is neither word nor sign; returns where to read on."""
        match kind:
            case "STRING":
                return self._string(text, start, end)
            case "INT" | "DECIMAL" | "FLOAT":
                return self._number(kind, text, start, end)
            case "quoted":
                return self._quoted(text, start, end)
            case "foreign":
                self._foreign(text, start, end)
            case "bad":
                return self._bad(text, start)
            case _:
                if len(text) > NAME_CHARACTERS_MAX and kind in ("PARAM", "CLAIM"):
                    text = self._too_long(text, start, end)
                self._add(text, start, end, (self.table.ids[kind],))
        return end

    # --------------------------------------------------------------------------------------------------- words

    def _kinds(self, word: str) -> tuple[int, ...]:
        kinds = self._words.get(word)
        if kinds is None:
            keyword = self.table.keywords.get(word)
            is_name = self.patterns.name.fullmatch(word) is not None
            kinds = (() if keyword is None else (keyword,)) + ((self.table.ids["NAME"],) if is_name else ())
            self._words[word] = kinds
        return kinds

    def _word(self, word: str, start: int, end: int) -> None:
        kinds = self._kinds(word) if len(word) <= NAME_CHARACTERS_MAX else ()
        if not kinds:
            word = self._strange_word(word, start, end)
            kinds = self._kinds(word)
        for number, ahead in self.patterns.before.get(word, ()):
            if ahead.match(self.text, end):
                kinds = (number, *kinds)
        self._add(word, start, end, kinds)

    def _strange_word(self, word: str, start: int, end: int) -> str:
        """Report a word that is no name; what it was probably meant to be."""
        span = Span(start, end)
        if len(word) > NAME_CHARACTERS_MAX:
            return self._too_long(word, start, end)
        if not word.isascii():
            strange = next(char for char in word if not char.isascii())
            plain = characters.plain_text(word)
            meant = plain.lower() if plain and self._kinds(plain.lower()) else None
            message = f"{characters.describe(strange)} may not stand in a name: names are ASCII"
            if meant and characters.LOOKALIKES.get(strange, "").isalpha():
                message = f'{characters.describe(strange)} looks like "{characters.LOOKALIKES[strange]}" but is not'
            self.report(codes.INVALID_CHARACTER, message, span, fix=(meant, f"write {meant}") if meant else None,
                        help="letters outside ASCII stand only in texts and comments")  # fmt: skip
            return meant or "unreadable"
        lower = word.lower()
        if lower in self.table.keywords:
            self.report(
                codes.SQL_FORM, f"keywords are lower case: write `{lower}`", span, fix=(lower, f"write {lower}")
            )
        else:
            self.report(codes.SYNTAX, f"names are lower case: `{characters.shown(word)}`", span,
                        fix=(lower, f"write {lower}"),
                        help=f"if the database really calls it so, put it in backticks: `{word}`")  # fmt: skip
        return lower

    def _too_long(self, word: str, start: int, end: int) -> str:
        self.report(
            codes.TOO_LARGE,
            f"a name of {len(word)} characters; at most {NAME_CHARACTERS_MAX} are allowed",
            Span(start, end),
        )
        return (word if word.isascii() else "unreadable").lower()[:NAME_CHARACTERS_MAX]

    def _quoted(self, text: str, start: int, end: int) -> int:
        names = (self.table.ids["NAME"],)
        if len(text) == 1 or not text.endswith("`"):
            self.report(codes.UNCLOSED, "this backtick is never closed on its line", Span(start, start + 1))
            self._add("unreadable", start, end, names)
        elif len(text) > NAME_CHARACTERS_MAX + 2:
            self._add(self._too_long(text[1:-1], start, end), start, end, names)
        elif not self.patterns.name.fullmatch(text):
            inside = "is empty" if text == "``" else "holds a character outside ASCII"
            self.report(codes.INVALID_CHARACTER, f"the name in these backticks {inside}", Span(start, end))
            self._add("unreadable", start, end, names)
        else:
            self._add(text, start, end, names)
        return end

    # ------------------------------------------------------------------------------------------------- literals

    def _number(self, kind: str, text: str, start: int, end: int) -> int:
        if end < len(self.text) and (self.text[end].isalnum() or self.text[end] == "_"):
            tail = re.compile(r"\w+").match(self.text, end)
            assert tail is not None
            self.report(
                codes.SYNTAX,
                f"a number runs into letters: `{characters.shown(self.text[start : tail.end()])}`",
                Span(start, tail.end()),
                help="digits may be grouped by single underscores: 1_000; a name does not begin with a digit",
            )
            kind, text, end = "INT", "0", tail.end()
        elif len(text) > NUMBER_CHARACTERS_MAX:
            self.report(
                codes.TOO_LARGE,
                f"a number of {len(text)} characters; at most {NUMBER_CHARACTERS_MAX} are allowed",
                Span(start, end),
            )
            text = "0"
        self._add(text, start, end, (self.table.ids[kind],))
        return end

    def _string(self, text: str, start: int, end: int) -> int:
        if start in self._cut_quotes:
            return self._unclosed_string(start)
        self._add(text, start, end, (self.table.ids["STRING"],))
        line_break = text.rfind("\n")
        if line_break >= 0:
            self._line_start = start + line_break + 1
        return end

    def _unclosed_string(self, start: int) -> int:
        """A text without its closing quote ends with its line, so that the lines below are still read."""
        line = STRING_TO_LINE_END.match(self.text, start)
        assert line is not None
        inner = line[0][1:].rstrip()
        self.report(codes.UNCLOSED, "this quote is never closed", Span(start, start + 1),
                    help="a quote inside a text is written twice: 'it''s'")  # fmt: skip
        self._add("'" + inner.replace("'", "''") + "'", start, line.end(), (self.table.ids["STRING"],))
        return line.end()

    def _open_quote(self, start: int) -> int:
        """A quote without a partner at the end. The text that swallowed its partner is the first that spans lines."""
        tokens = self.out.tokens
        last_cut = max(self._cut_quotes, default=-1)
        for at, token in enumerate(tokens if len(self._cut_quotes) < CUTS_MAX else ()):
            if token.start > last_cut and token.text.startswith("'") and "\n" in token.text:
                self._cut_quotes.add(token.start)
                self.out.tokens = tokens[:at]
                self.out.comments = [each for each in self.out.comments if each.start < token.start]
                self._fresh_line = token.indent >= 0
                self._line_start = token.start - max(token.indent, 0)
                return self._unclosed_string(token.start)
        return self._unclosed_string(start)

    # ---------------------------------------------------------------------------------------------- what is wrong

    def _bad(self, char: str, start: int) -> int:
        ids = self.table.ids
        span = Span(start, start + 1)
        if char == characters.REPLACEMENT:
            if self.source_text[start] == char:
                self.report(codes.INVALID_CHARACTER, "U+FFFD stands for a character that was lost", span)
            return start + 1
        if char == "'":
            return self._open_quote(start)
        if char.isdecimal():
            run = re.compile(r"\d+").match(self.text, start)
            assert run is not None
            plain = characters.plain_text(run[0]) or "0"
            self.report(codes.INVALID_CHARACTER, f"{characters.describe(char)} is not one of the digits 0 to 9",
                        Span(*run.span()), fix=(plain, f"write {plain}"))  # fmt: skip
            self._add(plain[:NUMBER_CHARACTERS_MAX], start, run.end(), (ids["INT"],))
            return run.end()
        if char in "$@":
            return self._nameless(char, start)
        meant = characters.plain(char) if not char.isascii() else None
        if meant:
            self.report(codes.INVALID_CHARACTER, f"{characters.describe(char)} looks like `{meant}` but is not", span,
                        fix=(meant, f"write {meant}"))  # fmt: skip
            if meant in self.table.signs:
                self._add(meant, start, start + 1, (self.table.signs[meant],))
            elif meant in ("<=", ">=", "<>", "<", ">"):
                self._add(meant, start, start + 1, (ids["COMPARE"],))
        elif char in ASCII_HINTS:
            self.report(codes.SYNTAX, f"`{char}` means nothing in liq", span, help=ASCII_HINTS[char])
        else:
            self.report(codes.INVALID_CHARACTER, f"{characters.describe(char)} may not stand here", span)
        return start + 1

    def _nameless(self, sign: str, start: int) -> int:
        """``$`` or ``@`` without a name that could follow it."""
        word = re.compile(r"\w*").match(self.text, start + 1)
        assert word is not None
        what, kind = ("a parameter", "PARAM") if sign == "$" else ("a claim", "CLAIM")
        lower = word[0].lower()
        usable = self.patterns.name.fullmatch(lower) is not None
        self.report(codes.SYNTAX, f"{what} needs a name behind `{sign}`, lower case and ASCII", Span(start, word.end()),
                    fix=(sign + lower, f"write {sign}{lower}") if usable else None)  # fmt: skip
        self._add(sign + (lower if usable else "unreadable"), start, word.end(), (self.table.ids[kind],))
        return word.end()

    def _foreign(self, text: str, start: int, end: int) -> None:
        """What other languages write, read as what was meant."""
        span, ids = Span(start, end), self.table.ids
        if text == "==":
            self.report(codes.SYNTAX, "equality is written `=`", span, fix=("=", "write ="))
            self._add("=", start, end, (ids["EQUAL"],))
        elif text == "&&":
            self.report(codes.SYNTAX, "`&&` is written `and`", span, fix=("and", "write and"))
            self._add("and", start, end, (ids["AND"],))
        elif text == "<=>":
            self.report(codes.SQL_FORM, "`<=>` is written `is not distinct from`", span,
                        fix=("is not distinct from", "write is not distinct from"))  # fmt: skip
            self._add("=", start, end, (ids["EQUAL"],))
        elif text == ";":
            self.report(codes.SQL_FORM, "statements need no `;` between them", span, fix=("", "remove it"),
                        help="each statement begins with a word of its own")  # fmt: skip
        elif text[:2] in ("//", "/*"):
            self.report(
                codes.SQL_FORM, "comments are written `-- text`, to the end of the line", Span(start, start + 2)
            )
        elif text.startswith("${"):
            self._placeholder(text, span, "values are never put into the text of a query: `${` has no meaning",
                              "write $name; the value is bound when the query runs")  # fmt: skip
        elif text.startswith("$"):
            self._placeholder(text, span, "parameters have names, not numbers", "write $name")
        elif text == "\\":
            self.report(codes.SYNTAX, "`\\` means nothing in liq", span, help="a quote in a text is doubled: 'it''s'")
        else:
            self._double_quotes(text, start, end)

    def _placeholder(self, text: str, span: Span, message: str, help: str) -> None:
        word = text.strip("${}").lower()
        name = word if re.fullmatch(r"[a-z_][a-z0-9_]{0,60}", word) else "unreadable"
        fix = (f"${name}", f"write ${name}") if name == word else None
        self.report(codes.SQL_FORM, message, span, help=help, fix=fix)
        self._add(f"${name}", span.start, span.end, (self.table.ids["PARAM"],))

    def _double_quotes(self, text: str, start: int, end: int) -> None:
        inner = text[1:-1] if len(text) > 1 and text.endswith('"') else text[1:]
        literal = "'" + inner.replace('""', '"').replace("'", "''") + "'"
        self.report(
            codes.SQL_FORM,
            "double quotes are not used in liq",
            Span(start, end),
            help="a text stands in 'single quotes'; a name that needs quoting in `backticks`",
            fix=(literal, f"write {characters.shown(literal)}"),
        )
        self._add(literal, start, end, (self.table.ids["STRING"], self.table.ids["NAME"]))


ASCII_HINTS: Final = {
    "!": "`not x` negates, `<>` compares",
    "#": "comments are written `-- text`",
    "&": "`and` joins conditions",
    "^": "power is a function: power(x, 2)",
    "~": "patterns are compared with `like`, words with `matches`",
    ";": "statements need no separator",
}
