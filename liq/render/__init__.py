"""Showing diagnostics: siblings over the one model. Each format is a module of its own, loaded when it is asked for.

``human`` for terminals, ``concise`` for grep and screen readers, ``json`` and ``jsonl`` for programs, ``github`` for
workflow annotations, ``sarif`` for code scanning.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module

from liq.model.diagnostics import Diagnostic
from liq.model.source import Source

_HOMES = {
    "human": "liq.render.human",
    "concise": "liq.render.concise",
    "json": "liq.render.machine",
    "jsonl": "liq.render.machine",
    "github": "liq.render.github",
    "sarif": "liq.render.sarif",
}
FORMATS = tuple(_HOMES)
MACHINE_FORMATS = frozenset({"json", "jsonl", "sarif", "github"})
"""Formats that programs read: they go to standard output."""

Sources = Mapping[str, Source]
"""The texts that diagnostics point into, by the names that they give."""


def render(name: str, diagnostics: Sequence[Diagnostic], sources: Sources) -> str:
    """The text of diagnostics in a format, with a line break at its end unless it is empty. Without colour."""
    text: str = getattr(import_module(_HOMES[name]), f"render_{name}")(diagnostics, sources)
    return text
