"""The one diagnostic model. Renderers are siblings over it (``liq.render``)."""

from __future__ import annotations

from enum import Enum

from attrs import frozen

from liq.model.source import Span


class Severity(Enum):
    """How much a finding matters: only errors stop a compile."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@frozen
class Code:
    """A stable diagnostic code, declared once in ``liq.model.codes``; never reused."""

    id: str
    name: str
    severity: Severity
    summary: str


@frozen
class Label:
    """A secondary place that a finding speaks of."""

    span: Span
    text: str
    file: str | None = None


@frozen
class Fix:
    """Replace the text under ``span`` by ``replacement``."""

    span: Span
    replacement: str
    title: str


@frozen
class Diagnostic:
    """One finding: what is wrong, where, and what to do about it.

    ``message`` is one line, lower case, without a final full stop. ``file`` names the source that ``span`` points into.
    """

    code: Code
    message: str
    span: Span
    file: str = ""
    labels: tuple[Label, ...] = ()
    help: str | None = None
    fix: Fix | None = None

    @property
    def severity(self) -> Severity:
        """The severity that the code declares."""
        return self.code.severity

    @property
    def is_error(self) -> bool:
        """Whether this finding stops a compile."""
        return self.severity is Severity.ERROR
