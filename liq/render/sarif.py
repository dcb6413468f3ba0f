"""Diagnostics as SARIF 2.1.0, for code scanning. Columns count code points (``columnKind``)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from liq.model.diagnostics import Code, Diagnostic, Severity
from liq.model.source import Source, Span
from liq.model.version import VERSION
from liq.render import Sources
from liq.render.places import place_of

SCHEMA_URI = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "note"}


def render_sarif(diagnostics: Sequence[Diagnostic], sources: Sources) -> str:
    """One SARIF log with one run."""
    codes = {diagnostic.code.id: diagnostic.code for diagnostic in diagnostics}
    rules = [codes[id] for id in sorted(codes)]
    index = {code.id: at for at, code in enumerate(rules)}
    driver = {"name": "liq", "version": VERSION, "semanticVersion": VERSION, "rules": [_rule(code) for code in rules]}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(diagnostic, index, sources) for diagnostic in diagnostics],
    }
    return json.dumps({"$schema": SCHEMA_URI, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _rule(code: Code) -> dict[str, Any]:
    return {
        "id": code.id,
        "name": code.name,
        "shortDescription": {"text": code.summary},
        "defaultConfiguration": {"level": _LEVELS[code.severity]},
        "help": {"text": f"liq explain {code.id}"},
    }


def _result(diagnostic: Diagnostic, index: dict[str, int], sources: Sources) -> dict[str, Any]:
    source = sources.get(diagnostic.file)
    text = diagnostic.message + (f"\nhelp: {diagnostic.help}" if diagnostic.help else "")
    result: dict[str, Any] = {
        "ruleId": diagnostic.code.id,
        "ruleIndex": index[diagnostic.code.id],
        "level": _LEVELS[diagnostic.severity],
        "message": {"text": text},
        "partialFingerprints": {"liqFinding/v1": _fingerprint(diagnostic, source)},
    }
    if diagnostic.file:
        result["locations"] = [_location(diagnostic.file, diagnostic.span, source)]
    related = [
        {"id": number, **_location(name, label.span, sources.get(name)), "message": {"text": label.text}}
        for number, label in enumerate(diagnostic.labels, 1)
        for name in [diagnostic.file if label.file is None else label.file]
        if name
    ]
    if related:
        result["relatedLocations"] = related
    if diagnostic.fix is not None and diagnostic.file:
        result["fixes"] = [_fix(diagnostic, source)]
    return result


def _location(name: str, span: Span, source: Source | None) -> dict[str, Any]:
    physical: dict[str, Any] = {"artifactLocation": {"uri": _uri(name)}}
    region = _region(span, source)
    if region is not None:
        physical["region"] = region
    return {"physicalLocation": physical}


def _region(span: Span, source: Source | None) -> dict[str, Any] | None:
    place = place_of(span, source)
    if place is None:
        return None
    return {
        "startLine": place.line, "startColumn": place.column,
        "endLine": place.end_line, "endColumn": place.end_column,
    }  # fmt: skip


def _fix(diagnostic: Diagnostic, source: Source | None) -> dict[str, Any]:
    assert diagnostic.fix is not None
    region = _region(diagnostic.fix.span, source) or {"startLine": 1}
    replacement = {"deletedRegion": region, "insertedContent": {"text": diagnostic.fix.replacement}}
    change = {"artifactLocation": {"uri": _uri(diagnostic.file)}, "replacements": [replacement]}
    return {"description": {"text": diagnostic.fix.title}, "artifactChanges": [change]}


def _uri(name: str) -> str:
    """A file name as a relative URI reference; one that would read as a scheme or a host is made a path."""
    path = quote(name.replace("\\", "/").encode("utf-8", "replace"), safe="/")
    return f"./{path}" if path.startswith("//") or not path else path


def _fingerprint(diagnostic: Diagnostic, source: Source | None) -> str:
    """The same for the same finding after lines moved: code, file and the words of its line."""
    place = place_of(diagnostic.span, source)
    line = "" if place is None or source is None else " ".join(source.line(place.line).split())
    parts = "\0".join((diagnostic.code.id, diagnostic.file, diagnostic.message, line))
    return hashlib.sha256(parts.encode("utf-8", "surrogatepass")).hexdigest()[:32]
