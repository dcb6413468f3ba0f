"""Diagnostics for people: the message, the lines it speaks of with carets under them, help and fix.

Built of ``rich.text.Text`` parts, never of markup: ``[red]`` in a query stays ``[red]``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from attrs import frozen
from rich.text import Text

from liq.model.diagnostics import Diagnostic, Fix, Severity
from liq.model.source import Source, Span
from liq.render import Sources
from liq.render.places import place_of
from liq.render.visible import ShownLine, visible

WIDTH = 100
LINES_WHOLE_MAX = 4
"""A span of more lines than this shows its first and last line only."""

_COLOURS = {Severity.ERROR: "bold red", Severity.WARNING: "bold yellow", Severity.NOTE: "bold cyan"}
_GUTTER, _SECONDARY, _STRONG = "blue", "blue", "bold"


@frozen
class _Mark:
    """Something to underline: one line's part of a span."""

    line: int
    start: int
    end: int
    text: str
    primary: bool


def render_human(diagnostics: Sequence[Diagnostic], sources: Sources, width: int = WIDTH) -> str:
    """All diagnostics as plain text."""
    return human_text(diagnostics, sources, width).plain


def human_text(diagnostics: Sequence[Diagnostic], sources: Sources, width: int = WIDTH) -> Text:
    """All diagnostics as styled text, one blank line behind each."""
    out = Text()
    for diagnostic in diagnostics:
        _append(out, diagnostic, sources, width)
        out.append("\n")
    return out


def _append(out: Text, diagnostic: Diagnostic, sources: Sources, width: int) -> None:
    colour = _COLOURS[diagnostic.severity]
    out.append(f"{diagnostic.severity.value}[{diagnostic.code.id}]", colour)
    out.append(f": {visible(diagnostic.message)}\n", _STRONG)
    marks_by_file: dict[str, list[_Mark]] = {}
    source = sources.get(diagnostic.file)
    marks_by_file[diagnostic.file] = list(_marks(diagnostic.span, "", True, source))
    for label in diagnostic.labels:
        name = diagnostic.file if label.file is None else label.file
        marks_by_file.setdefault(name, []).extend(_marks(label.span, label.text, False, sources.get(name)))
    gutter = max((len(str(m.line)) for marks in marks_by_file.values() for m in marks), default=1)
    for name, marks in marks_by_file.items():
        _append_snippet(out, name, sources.get(name), marks, gutter, width, colour)
    _append_advice(out, diagnostic, gutter, source)


def _append_snippet(
    out: Text, name: str, source: Source | None, marks: list[_Mark], gutter: int, width: int, colour: str
) -> None:
    margin = " " * gutter
    if not name and source is None:
        return
    where = visible(name)
    primary = next((m for m in marks if m.primary), marks[0] if marks else None)
    if primary is not None:
        where += f":{primary.line}:{primary.start + 1}"
    out.append(f"{margin}--> ", _GUTTER)
    out.append(f"{where}\n")
    if source is None or not marks:
        return
    out.append(f"{margin} |\n", _GUTTER)
    before = 0
    for number in sorted({mark.line for mark in marks}):
        if before and number > before + 1:
            out.append(f"{margin}...\n", _GUTTER)
        before = number
        _append_line(out, source.line(number), number, [m for m in marks if m.line == number], gutter, width, colour)


def _append_line(
    out: Text, line: str, number: int, marks: list[_Mark], gutter: int, width: int, colour: str
) -> None:
    main = next((m for m in marks if m.primary), marks[0])
    shown = ShownLine(line, main.start, main.end, max(width - gutter - 4, 20))
    out.append(f"{number:>{gutter}} |", _GUTTER)
    out.append(f" {shown.text}\n" if shown.text else "\n")
    for mark in sorted(marks, key=lambda m: (not m.primary, m.start)):
        start, end = shown.cell(mark.start), shown.cell(mark.end)
        sign, style = ("^", colour) if mark.primary else ("-", _SECONDARY)
        out.append(" " * gutter + " | ", _GUTTER)
        out.append(" " * start + sign * max(end - start, 1), style)
        out.append(f" {visible(mark.text)}\n" if mark.text else "\n", style)


def _marks(span: Span, text: str, primary: bool, source: Source | None) -> Iterator[_Mark]:
    place = place_of(span, source)
    if place is None or source is None:
        return
    lines = list(range(place.line, place.end_line + 1))
    if place.end_column == 1 and len(lines) > 1:
        lines.pop()  # a span that ends behind a line break does not reach into the next line
    if len(lines) > LINES_WHOLE_MAX:
        lines = [lines[0], lines[-1]]
    for number in lines:
        length = len(source.line(number))
        start = place.column - 1 if number == place.line else 0
        end = place.end_column - 1 if number == place.end_line else length
        said = text if number == lines[-1] else ""
        yield _Mark(number, min(start, length), min(max(end, start), length), said, primary)


def _append_advice(out: Text, diagnostic: Diagnostic, gutter: int, source: Source | None) -> None:
    margin = " " * gutter
    if diagnostic.help:
        out.append(f"{margin} = ", _GUTTER)
        out.append("help: ", _STRONG)
        out.append(f"{visible(diagnostic.help)}\n")
    if diagnostic.fix is not None:
        out.append(f"{margin} = ", _GUTTER)
        out.append("fix: ", _STRONG)
        out.append(f"{_fix(diagnostic.fix, source)}\n")


def _fix(fix: Fix, source: Source | None) -> str:
    old = "" if source is None else source.text[fix.span.start : fix.span.end]
    title = visible(fix.title)
    match bool(old), bool(fix.replacement):
        case True, True if len(old) <= 60:
            return f"{title}: {visible(old)} → {visible(fix.replacement)}"
        case _, True:
            return f"{title}: {visible(fix.replacement)}"
        case _:
            return title
