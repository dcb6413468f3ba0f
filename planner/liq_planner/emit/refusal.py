"""What a dialect cannot say is refused, not guessed."""

from __future__ import annotations

from liq.model.codes import EMIT_REFUSED
from liq.model.diagnostics import Diagnostic
from liq.model.source import NO_SPAN, Span


class EmitRefused(Exception):
    """A query that a dialect cannot say; ``diagnostic`` names what."""

    def __init__(self, dialect: str, what: str, span: Span = NO_SPAN) -> None:
        super().__init__(f"{dialect} cannot say {what}")
        self.diagnostic = Diagnostic(EMIT_REFUSED, f"{dialect} cannot say {what}", span)
