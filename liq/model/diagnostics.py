"""The one diagnostic model. Renderers are siblings over it (``liq.render``)."""

from __future__ import annotations

from enum import Enum

from attrs import field, frozen

from liq.model.source import Span

TEXT_MAX = 600
"""Characters of a message, a help or a label: what they quote from a source may be of any length."""


def one_line(text: str) -> str:
    """A text as one line of bounded length."""
    lines = text.splitlines()
    line = text if len(lines) == 1 and lines[0] == text else " ".join(lines)
    return line if len(line) <= TEXT_MAX else line[: TEXT_MAX - 1] + "…"


def _maybe_line(text: str | None) -> str | None:
    return None if text is None else one_line(text)


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
    text: str = field(converter=one_line)
    file: str | None = None


@frozen
class Fix:
    """Replace the text under ``span`` by ``replacement``."""

    span: Span
    replacement: str
    title: str = field(converter=one_line)


@frozen
class Diagnostic:
    """One finding: what is wrong, where, and what to do about it.

    ``message`` is one line, lower case, without a final full stop. ``file`` names the source that ``span`` points into.
    """

    code: Code
    message: str = field(converter=one_line)
    span: Span
    file: str = ""
    labels: tuple[Label, ...] = ()
    help: str | None = field(default=None, converter=_maybe_line)
    fix: Fix | None = None

    @property
    def severity(self) -> Severity:
        """The severity that the code declares."""
        return self.code.severity

    @property
    def is_error(self) -> bool:
        """Whether this finding stops a compile."""
        return self.severity is Severity.ERROR
