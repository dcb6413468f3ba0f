"""Texts that go into the log: without secrets, without values, short."""

from __future__ import annotations

import re

LENGTH_MAX = 400
HIDDEN = "[redacted]"
_SECRETS = (
    re.compile(r"\b[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]{4,}\b"),  # JWT-shaped
    re.compile(r"(?i)\bbearer\s+[^\s'\",;]+"),
    re.compile(
        r"(?i)\b(?:password|passwd|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key)\b"
        r"\s*(?:=>|[=:]|\s)\s*(?:'(?:[^']|'')*'|\"[^\"]*\"|[^\s,;)]+)"
    ),
    re.compile(r"(?i)\b[a-z][a-z0-9+]*://[^\s/@:]+:[^\s/@]+@\S+"),  # connection strings with a password
)
_STRINGS = re.compile(r"[eEbBxXnN]?'(?:[^']|'')*'?|\$([A-Za-z_]*)\$.*?(?:\$\1\$|$)", re.DOTALL)
_NUMBERS = re.compile(r"(?<![\w$])\d[\d_.]*(?:[eE][+-]?\d+)?\b")


def without_secrets(text: str) -> str:
    """A text from outside, without what looks like a secret; one line of bounded length."""
    for pattern in _SECRETS:
        text = pattern.sub(HIDDEN, text)
    line = " ".join(text.split())
    return line if len(line) <= LENGTH_MAX else line[: LENGTH_MAX - 1] + "…"


def without_values(sql: str) -> str:
    """An SQL text without its constants: what was asked, not about whom."""
    return without_secrets(_NUMBERS.sub("?", _STRINGS.sub("?", sql)))
