"""``parse`` never raises, whatever the text: it returns a tree and every problem it found."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

from liq.model import codes
from liq.model.diagnostics import Diagnostic
from liq.model.source import NO_SPAN, Source, Span
from liq_grammar import syntax as s
from liq_grammar.brackets import match_brackets
from liq_grammar.builders import BUILDERS
from liq_grammar.descriptions import attach_comments
from liq_grammar.limits import SOURCE_CHARACTERS_MAX, TOKENS_MAX
from liq_grammar.machine import Machine
from liq_grammar.misleading import report_misleading
from liq_grammar.recovery import Recovery
from liq_grammar.report import Report
from liq_grammar.scanner import Scanner, Token
from liq_grammar.tables import tables


@frozen
class Lexeme:
    """One token as it was read: ``terminal`` is its name in ``liq.lark``, empty where the text was skipped."""

    terminal: str
    text: str
    span: Span


@frozen
class Parsed:
    """What became of a text: the tree of what could be read, and everything that is wrong with the rest."""

    tree: s.File
    diagnostics: tuple[Diagnostic, ...]
    _tokens: Sequence[Token]
    _terminals: dict[int, int]
    work: int
    """Steps taken, in tokens: bounded by the length of the text."""

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not any(each.is_error for each in self.diagnostics)

    @property
    def tokens(self) -> tuple[Lexeme, ...]:
        """The tokens of the text, comments and white space left out."""
        names = (*tables().terminals, "")
        return tuple(
            Lexeme(names[self._terminals.get(at, -1)], token.text, token.span)
            for at, token in enumerate(self._tokens)
            if token.end > token.start
        )

    @property
    def comments(self) -> tuple[s.Comment, ...]:
        """The comments that describe nothing; descriptions are in the tree."""
        return self.tree.comments


def parse(source: Source) -> Parsed:
    """Read a text of liq."""
    report = Report(source)
    if len(source.text) > SOURCE_CHARACTERS_MAX:
        size = len(source.text)
        report(codes.TOO_LARGE, f"{size} characters; a source has at most {SOURCE_CHARACTERS_MAX}", NO_SPAN)
        return Parsed(s.File(()), report.finished(), (), {}, 0)
    scanner = Scanner(source, report)
    scanned = scanner.scan()
    if len(scanned.tokens) > TOKENS_MAX:
        return Parsed(s.File(()), report.finished(), (), {}, len(scanned.tokens))
    brackets = match_brackets(scanned.tokens, report)
    machine = Machine(brackets.tokens, BUILDERS)
    misread = report_misleading(scanned.tokens, report)
    Recovery(brackets, machine, report, misread).run(len(brackets.tokens))
    tree = machine.values[1]
    assert isinstance(tree, s.File), "recovery always reaches the end"
    tree = s.evolve(tree, span=Span(0, len(source.text)))
    tree = attach_comments(source, tree, scanned.tokens, scanned.comments, scanner.text)
    return Parsed(tree, report.finished(), brackets.tokens, machine.terminals, machine.steps)


def decode(name: str, data: bytes) -> Source | Diagnostic:
    """The text of a file. A byte order mark is dropped; anything but UTF-8 is refused."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return Diagnostic(codes.ENCODING, "the file is UTF-16; liq source is UTF-8", NO_SPAN, name)
    try:
        return Source(name, data.removeprefix(b"\xef\xbb\xbf").decode("utf-8"))
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        message = f"the file is not UTF-8: byte {error.start} (line {line}) is 0x{data[error.start]:02x}"
        return Diagnostic(codes.ENCODING, message, NO_SPAN, name)


def accepts(source: Source, offset: int) -> frozenset[str]:
    """The names of the terminals that could stand at an offset, whatever is wrong before it: for completion.

    A word that touches the offset from the left is taken as not yet written.
    """
    report = Report(source)
    tokens = Scanner(Source(source.name, source.text[:SOURCE_CHARACTERS_MAX]), report).scan().tokens
    brackets = match_brackets(tokens, report)
    written = [at for at, token in enumerate(brackets.tokens) if token.text and token.start < token.end]
    stop = next((at for at in written if _is_behind(brackets.tokens[at], offset)), len(brackets.tokens) - 1)
    while stop and brackets.tokens[stop - 1].start == brackets.tokens[stop - 1].end:
        stop -= 1  # brackets that were supplied between the offset and what follows it
    machine = Machine(brackets.tokens, BUILDERS)
    Recovery(brackets, machine, report).run(stop)
    return frozenset(machine.table.terminals[kind] for kind in machine.accepted(len(machine.states))) - {"BROKEN"}


def _is_behind(token: Token, offset: int) -> bool:
    """Whether a token begins at the offset or behind it, holds it, or is a word that ends there."""
    return offset < token.end or token.start >= offset or (offset == token.end and token.text[-1:].isidentifier())


def keywords() -> dict[str, str]:
    """Every word with a meaning of its own, by the name of its terminal."""
    table = tables()
    return {table.terminals[number]: word for word, number in table.keywords.items()}
