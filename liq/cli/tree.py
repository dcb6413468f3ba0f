"""Any tree of attrs nodes as an indented outline."""

from __future__ import annotations

from enum import Enum
from typing import Any

import attrs

from liq.model.source import Span

WIDTH = 110


def outline(node: Any) -> str:
    """A node and everything below it; fields that hold their default, and spans, are left out. Iterative."""
    lines: list[str] = []
    pending: list[tuple[int, str, Any]] = [(0, "", node)]
    while pending:
        depth, label, value = pending.pop()
        lead = "  " * depth + (f"{label}: " if label else "")
        below = _below(value)
        short = _short(value) if below is None else None
        if short is not None:
            lines.append(lead + short)
        elif below is not None:
            lines.append(lead + _head(value))
            pending.extend((depth + 1, name, item) for name, item in reversed(below))
    return "\n".join(lines) + "\n"


def _below(value: Any) -> list[tuple[str, Any]] | None:
    """The parts of a value that is shown over several lines; None for one that fits on one."""
    if attrs.has(type(value)):
        fields = [
            (each.name, item)
            for each in attrs.fields(type(value))
            if not isinstance(item := getattr(value, each.name), Span) and item != each.default
        ]
        return None if all(_is_leaf(item) for _, item in fields) else fields
    if isinstance(value, tuple | list) and not all(_is_leaf(item) for item in value):
        return [("", item) for item in value]
    return None


def _head(value: Any) -> str:
    return type(value).__name__ if attrs.has(type(value)) else f"{len(value)} parts"


def _is_leaf(value: Any) -> bool:
    if attrs.has(type(value)):
        return type(value).__module__ == "liq.model.types"
    return not isinstance(value, tuple | list) or (len(value) == 0)


def _short(value: Any) -> str:
    if isinstance(value, tuple | list):
        return "[" + ", ".join(_short(item) for item in value) + "]"
    if attrs.has(type(value)) and type(value).__module__ != "liq.model.types":
        parts = []
        for each in attrs.fields(type(value)):
            item = getattr(value, each.name)
            if not isinstance(item, Span) and item != each.default:
                parts.append(f"{each.name}={_short(item)}")
        return f"{type(value).__name__}({', '.join(parts)})"
    if isinstance(value, Enum):
        return str(value.value)
    return str(value) if attrs.has(type(value)) else ascii(value)
