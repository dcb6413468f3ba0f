"""Where a span stands, in lines and columns: both count from 1, columns in code points."""

from __future__ import annotations

from attrs import frozen

from liq.model.source import Source, Span


@frozen
class Place:
    """The two ends of a span. ``end_column`` is the column behind the last character."""

    line: int
    column: int
    end_line: int
    end_column: int


def place_of(span: Span, source: Source | None) -> Place | None:
    """The place of a span in a source, cut at its end; None where there is no text."""
    if source is None:
        return None
    start = min(span.start, len(source.text))
    line, column = source.position(start)
    end_line, end_column = source.position(max(start, min(span.end, len(source.text))))
    return Place(line, column, end_line, end_column)
