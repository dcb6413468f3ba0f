"""Text from outside, made safe to show: nothing in it moves the cursor, hides, reorders or colours anything.

Control characters, bidirectional controls, zero-width and unassigned ones are spelled ``\\u{202e}``; tabs become
blanks.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

from rich.cells import cell_len

TAB_WIDTH = 4
_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


@lru_cache(4096)
def visible_char(char: str) -> str:
    """A character as it may be shown, away from tab stops."""
    if char.isascii() and char.isprintable():
        return char
    return f"\\u{{{ord(char):x}}}" if unicodedata.category(char) in _UNSAFE else char


def visible(text: str) -> str:
    """A text of one line as it may be shown."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(" " if char in "\t\n" else visible_char(char) for char in text)


class ShownLine:
    """A line of source as it is shown: its text, and the cell in which each of its characters begins."""

    def __init__(self, line: str, first: int, last: int, width: int) -> None:
        """Show the characters ``first`` to ``last`` and what stands around them, in at most about ``width`` cells."""
        self.offset = 0
        marks = ("", "")
        if len(line) > width:
            room = max(width - min(last - first, width), 0) // 2
            self.offset = max(0, min(first - room, len(line) - width))
            marks = ("…" if self.offset else "", "…" if self.offset + width < len(line) else "")
            line = line[self.offset : self.offset + width]
        cells = [len(marks[0])]
        parts = []
        for char in line:
            shown = " " * (TAB_WIDTH - (cells[-1] - len(marks[0])) % TAB_WIDTH) if char == "\t" else visible_char(char)
            parts.append(shown)
            cells.append(cells[-1] + cell_len(shown))
        self.text = marks[0] + "".join(parts) + marks[1]
        self._cells = cells

    def cell(self, column: int) -> int:
        """The cell where a column (from 0) of the whole line begins; the nearest one that is shown."""
        return self._cells[max(0, min(column - self.offset, len(self._cells) - 1))]
