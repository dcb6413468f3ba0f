"""Diagnostics for programs: ``json`` (one object) and ``jsonl`` (one object per line), format ``liq.diagnostics/1``.

``span`` counts code points from 0; ``range`` has lines and columns from 1. ASCII only, so a terminal shows what is
there.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from liq.model.diagnostics import Diagnostic
from liq.model.source import Source, Span
from liq.render import Sources
from liq.render.places import place_of

FORMAT = "liq.diagnostics/1"


def render_json(diagnostics: Sequence[Diagnostic], sources: Sources) -> str:
    """All diagnostics as one JSON object."""
    members = {"format": FORMAT, "diagnostics": [diagnostic_json(each, sources) for each in diagnostics]}
    return _ascii(json.dumps(members, indent=2)) + "\n"


def render_jsonl(diagnostics: Sequence[Diagnostic], sources: Sources) -> str:
    """Each diagnostic as a JSON object on its line."""
    return "".join(_ascii(json.dumps(diagnostic_json(each, sources))) + "\n" for each in diagnostics)


def _ascii(text: str) -> str:
    return text.replace("\x7f", "\\u007f")  # the one control character that JSON leaves alone


def diagnostic_json(diagnostic: Diagnostic, sources: Sources) -> dict[str, Any]:
    """One diagnostic."""
    source = sources.get(diagnostic.file)
    result: dict[str, Any] = {
        "code": diagnostic.code.id,
        "name": diagnostic.code.name,
        "severity": diagnostic.severity.value,
        "message": diagnostic.message,
        "file": diagnostic.file,
        **_where(diagnostic.span, source),
        "labels": [
            {"text": label.text, "file": name, **_where(label.span, sources.get(name))}
            for label in diagnostic.labels
            for name in [diagnostic.file if label.file is None else label.file]
        ],
        "help": diagnostic.help,
        "fix": None,
    }
    if diagnostic.fix is not None:
        fix = diagnostic.fix
        result["fix"] = {"title": fix.title, "replacement": fix.replacement, **_where(fix.span, source)}
    return result


def _where(span: Span, source: Source | None) -> dict[str, Any]:
    place = place_of(span, source)
    ends = None if place is None else {
        "start": {"line": place.line, "column": place.column},
        "end": {"line": place.end_line, "column": place.end_column},
    }  # fmt: skip
    return {"span": {"start": span.start, "end": span.end}, "range": ends}
