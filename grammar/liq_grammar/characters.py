"""Characters that liq source may not hold, and how to speak of them without printing them."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

FORBIDDEN: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]|\r(?!\n)"
)
"""Not even in a text or a comment: control characters, characters that change the order in which a line is shown,
line breaks that editors do not agree on, and what is no character at all."""

REPLACEMENT: Final = "\ufffd"

LOOKALIKES: Final = {
    "‘": "'", "’": "'", "‚": "'", "‛": "'", "´": "'", "′": "'", "“": "'", "”": "'", "„": "'", "«": "'", "»": "'",
    "–": "-", "—": "-", "−": "-", "‐": "-", "‑": "-", "×": "*", "∗": "*", "÷": "/", "⁄": "/", "∕": "/",
    "≤": "<=", "≥": ">=", "≠": "<>", "→": "->", "…": "...", "·": ".", "‹": "<", "›": ">", "⟨": "(", "⟩": ")",
    "а": "a", "в": "b", "с": "c", "ԁ": "d", "е": "e", "һ": "h", "і": "i", "ј": "j", "к": "k", "ӏ": "l", "м": "m",
    "о": "o", "р": "p", "ԛ": "q", "ѕ": "s", "т": "t", "υ": "u", "ѵ": "v", "ԝ": "w", "х": "x", "у": "y",
    "А": "a", "В": "b", "С": "c", "Е": "e", "Н": "h", "І": "i", "К": "k", "М": "m", "О": "o", "Р": "p", "Ѕ": "s",
    "Т": "t", "Х": "x", "α": "a", "β": "b", "ε": "e", "ι": "i", "κ": "k", "ν": "v", "ο": "o", "ρ": "p", "τ": "t",
    "χ": "x", "γ": "y", "ı": "i", "ſ": "s", "ɡ": "g", "ɑ": "a",
}  # fmt: skip
"""What a reader takes the character for."""


def describe(char: str) -> str:
    """``"é" (U+00E9, LATIN SMALL LETTER E WITH ACUTE)``; only the number for what must not or cannot be shown."""
    number = f"U+{ord(char):04X}"
    name = unicodedata.name(char, "")
    shown = f'"{char}" ' if char.isprintable() and not unicodedata.combining(char) else ""
    return f"{shown}({number}{', ' + name if name else ''})" if shown else f"{number}{' ' + name if name else ''}"


def plain(char: str) -> str | None:
    """The ASCII text that a reader takes a character for, if there is one."""
    if char in LOOKALIKES:
        return LOOKALIKES[char]
    if char.isspace():
        return " "
    folded = unicodedata.normalize("NFKD", char)
    kept = "".join(each for each in folded if not unicodedata.combining(each))
    if len(kept) == 1 and kept.isdecimal():
        return str(unicodedata.decimal(kept))
    return kept if kept.isascii() and kept and kept.isprintable() else None


def plain_text(text: str) -> str | None:
    """``text`` in ASCII, each character replaced by what it is taken for; None if one is like no other."""
    parts = [char if char.isascii() else plain(char) for char in text]
    return None if None in parts else "".join(part for part in parts if part is not None)


def shown(text: str, longest: int = 40) -> str:
    """A piece of source, safe to print in a message and short."""
    line = "".join(char if char.isprintable() else "\ufffd" for char in text[: longest + 1])
    return line if len(line) <= longest else line[: longest - 1] + "…"
