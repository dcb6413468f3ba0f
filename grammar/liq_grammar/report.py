"""A bounded list of diagnostics about one source."""

from __future__ import annotations

from typing import Final

from liq.model import codes
from liq.model.diagnostics import Code, Diagnostic, Fix, Label
from liq.model.source import Source, Span
from liq_grammar.limits import DIAGNOSTICS_MAX


class Report:
    """Collects findings until there are enough; the last one then says that there were more."""

    def __init__(self, source: Source) -> None:
        self._file: Final = source.name
        self._found: dict[tuple[Span, str], Diagnostic] = {}
        self.full = False

    def __call__(
        self,
        code: Code,
        message: str,
        span: Span,
        *,
        labels: tuple[Label, ...] = (),
        help: str | None = None,
        fix: tuple[str, str] | None = None,
    ) -> None:
        """Add a finding, once; ``fix`` is ``(replacement of the span, title)``."""
        if self.full:
            return
        repair = Fix(span, *fix) if fix else None
        if code is codes.SQL_FORM:
            self._found = {at: each for at, each in self._found.items() if at[0] != span}  # it says more
        if len(self._found) == DIAGNOSTICS_MAX:
            self.full = True
            code, message = codes.TOO_LARGE, f"more than {DIAGNOSTICS_MAX} problems; the rest of the file was not read"
            labels, help, repair = (), None, None
        self._found.setdefault((span, message), Diagnostic(code, message, span, self._file, labels, help, repair))

    def touching(self, start: int, end: int) -> frozenset[Code]:
        """What was said already about this part of the text, or about what it borders on."""
        found = self._found.items()
        return frozenset(each.code for (span, _), each in found if span.start <= end and span.end >= start)

    def finished(self) -> tuple[Diagnostic, ...]:
        """Everything found, in the order of the text."""
        return tuple(sorted(self._found.values(), key=lambda each: (each.span, each.message)))
