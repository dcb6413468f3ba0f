"""Diagnostics as GitHub workflow commands: ``::error file=…,line=…,col=…,title=…::message``.

A runner acts on every line that begins with ``::``, so nothing from a source may begin one: all that breaks a line
or ends a property is escaped as the runner reads it.
"""

from __future__ import annotations

from collections.abc import Sequence

from liq.model.diagnostics import Diagnostic, Severity
from liq.render import Sources
from liq.render.places import place_of
from liq.render.visible import visible

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}


def render_github(diagnostics: Sequence[Diagnostic], sources: Sources) -> str:
    """All diagnostics, one command each."""
    return "".join(f"{_command(diagnostic, sources)}\n" for diagnostic in diagnostics)


def _command(diagnostic: Diagnostic, sources: Sources) -> str:
    properties = {"title": f"{diagnostic.code.id} {diagnostic.code.name}"}
    if diagnostic.file:
        properties["file"] = visible(diagnostic.file)
    place = place_of(diagnostic.span, sources.get(diagnostic.file))
    if place is not None:
        properties |= {"line": str(place.line), "endLine": str(place.end_line)}
        if place.line == place.end_line:  # columns of a span over several lines are refused by the runner
            properties |= {"col": str(place.column), "endColumn": str(max(place.end_column, place.column + 1))}
    listed = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    lines = [visible(diagnostic.message)]
    if diagnostic.help:
        lines.append(f"help: {visible(diagnostic.help)}")
    return f"::{_COMMANDS[diagnostic.severity]} {listed}::{_data(chr(10).join(lines))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
