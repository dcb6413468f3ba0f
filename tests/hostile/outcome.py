"""What became of one attack, and the demands that every attack makes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from attrs import field, frozen

from liq.model.codes import CODES
from liq.model.diagnostics import Diagnostic, Severity
from liq.model.source import Source
from liq.render import FORMATS, render


class Broken(AssertionError):
    """A property that does not hold."""


@frozen
class Outcome:
    """``accepted``: the input was taken as valid. ``codes``: what was said about it. ``steps``: how far it got, for the tally."""

    target: str
    accepted: bool
    codes: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()
    size: int = field(default=0)


def demand(holds: bool, what: str) -> None:
    """Raise ``Broken`` unless it holds."""
    if not holds:
        raise Broken(what)


def coded(diagnostics: Iterable[Diagnostic], sources: Mapping[str, Source]) -> tuple[str, ...]:
    """The codes of diagnostics, which must be declared ones, point into their texts, and say one line each."""
    found = tuple(diagnostics)
    for each in found:
        demand(CODES.get(each.code.id) is each.code, f"{each.code} is not declared")
        demand(bool(each.message) and "\n" not in each.message, f"not one line: {each.message!r}")
        demand(len(each.message) <= MESSAGE_MAX, f"{each.code.id}: a message of {len(each.message)} characters")
        source = sources.get(each.file)
        for span in (each.span, *(label.span for label in each.labels if label.file in (None, each.file)), *([each.fix.span] if each.fix else [])):
            demand(source is None or span.end <= len(source.text), f"{each.code.id}: the span {span} is outside of the text")
    return tuple(each.code.id for each in found)


MESSAGE_MAX = 2_000
"""Characters of one message: whatever the input is, what is said of it stays readable."""
HIDDEN = frozenset("\0\x1b\u202e\u2066\u200b\r\x07")
"""Characters that would act on a terminal."""


def shown(diagnostics: Iterable[Diagnostic], sources: Mapping[str, Source]) -> None:
    """Every renderer shows the diagnostics; nothing of the input reaches a terminal as more than text."""
    found = tuple(diagnostics)
    for name in FORMATS:
        text = render(name, found, sources)
        text.encode("utf-8")
        demand(not HIDDEN.intersection(text), f"{name} lets {HIDDEN.intersection(text)} through")


def has_errors(diagnostics: Iterable[Diagnostic]) -> bool:
    """Whether any of them is an error."""
    return any(each.severity is Severity.ERROR for each in diagnostics)
