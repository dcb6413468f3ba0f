"""What goes wrong while SQL is imported: raised where it is found, reported where it is known what becomes of it."""

from __future__ import annotations

from collections.abc import Iterable

from attrs import define, field, frozen

from liq.importers.ddl import Fragment
from liq.model import codes
from liq.model.diagnostics import Code, Diagnostic, Label
from liq.model.source import Source, Span

FINDINGS_MAX = 2_000
"""Findings of one import; the rest is counted in the last one."""


@frozen
class Place:
    """Where something stands."""

    source: Source
    span: Span

    @classmethod
    def of(cls, fragment: Fragment) -> Place:
        """The place of a whole fragment."""
        return cls(fragment.source, fragment.span)


class Unsayable(Exception):
    """An expression, query or type that liq cannot say as it is."""

    code: Code = codes.IMPORT_EXPRESSION

    def __init__(self, message: str, place: Place, help: str | None = None, code: Code | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.place = place
        self.help = help
        if code is not None:
            self.code = code


class Unknown(Unsayable):
    """A name that does not exist: the database would refuse the statement."""

    code = codes.IMPORT_UNKNOWN


class Endless(Unsayable):
    """Row security that needs itself: PostgreSQL raises when it is evaluated."""

    code = codes.IMPORT_RECURSION


@define
class Report:
    """Collects the findings of an import."""

    found: list[Diagnostic] = field(factory=list)
    dropped: int = 0

    def add(
        self, code: Code, message: str, place: Place, help: str | None = None, labels: Iterable[Label] = ()
    ) -> None:
        """Record a finding."""
        if len(self.found) >= FINDINGS_MAX:
            self.dropped += 1
            return
        source = place.source
        stop = min(place.span.end, len(source.text))
        span = Span(min(place.span.start, stop), stop)
        self.found.append(Diagnostic(code, message, span, source.name, tuple(labels), help))

    def problem(self, problem: Unsayable, what: str, wanted: Place) -> None:
        """Record what became of something because of a problem, in its text or in what its text leads to."""
        place, labels = problem.place, []
        within = wanted.span.start <= place.span.start and place.span.end <= wanted.span.end
        if not (within and place.source is wanted.source):
            labels = [Label(place.span, "this is where it leads", place.source.name)]
            place = wanted
        self.add(problem.code, f"{what}: {problem.message}", place, problem.help, labels)

    def finish(self) -> tuple[Diagnostic, ...]:
        """All findings, in the order in which they were made."""
        if self.dropped:
            last = self.found[-1]
            message = f"{self.dropped} more findings are not shown"
            self.found.append(Diagnostic(codes.TOO_LARGE, message, last.span, last.file))
            self.dropped = 0
        return tuple(self.found)
