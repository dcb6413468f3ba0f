"""One line per diagnostic: ``path:line:column: LIQ0201 message``."""

from __future__ import annotations

from collections.abc import Sequence

from liq.model.diagnostics import Diagnostic
from liq.render import Sources
from liq.render.places import place_of
from liq.render.visible import visible


def render_concise(diagnostics: Sequence[Diagnostic], sources: Sources) -> str:
    """All diagnostics, each on a line of its own."""
    return "".join(f"{_line(diagnostic, sources)}\n" for diagnostic in diagnostics)


def _line(diagnostic: Diagnostic, sources: Sources) -> str:
    place = place_of(diagnostic.span, sources.get(diagnostic.file))
    where = f"{visible(diagnostic.file)}:" if diagnostic.file else ""
    if place is not None:
        where += f"{place.line}:{place.column}:"
    helped = f" — {visible(diagnostic.help)}" if diagnostic.help else ""
    mild = "" if diagnostic.is_error else f"{diagnostic.severity.value}: "
    return f"{where} {diagnostic.code.id} {mild}{visible(diagnostic.message)}{helped}".lstrip()
