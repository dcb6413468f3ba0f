"""How the registry says no."""

from __future__ import annotations

from typing import NoReturn

from liq.model.diagnostics import Code, Diagnostic
from liq.model.source import NO_SPAN


class RegistryError(Exception):
    """Something that the registry does not do; ``diagnostics`` say why."""

    def __init__(self, *diagnostics: Diagnostic) -> None:
        super().__init__(diagnostics[0].message)
        self.diagnostics = diagnostics

    @property
    def code(self) -> Code:
        """The code of the first reason."""
        return self.diagnostics[0].code


def refuse(code: Code, message: str, help: str | None = None) -> NoReturn:
    """Refuse what was asked."""
    raise RegistryError(Diagnostic(code, message, NO_SPAN, help=help))
