"""Documents that know where they may break, and the printer that decides where they do. Neither recurses.

A group is printed on one line if it fits and holds nothing that forces a break; else each ``Line`` directly in it
becomes a line break. Groups inside decide for themselves.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, TypeAlias

from attrs import define

WIDTH: Final = 110


@define
class Line:
    """A line break, or ``flat`` where the group around it fits. ``on_brace``: no break where a brace stands alone."""

    flat: str = " "
    on_brace: bool = False


@define
class Hard:
    """A line break, always. ``blank`` leaves an empty line."""

    blank: bool = False


@define
class Suffix:
    """A comment at the end of the line, whatever is printed before the line ends; or on a line of its own below it."""

    text: str
    own_line: bool = False


@define
class Either:
    """One text where the group is broken, another where it is flat."""

    broken: str
    flat: str


@define
class Concat:
    """Documents one behind another."""

    parts: tuple[Doc, ...]
    hard: bool


@define
class Indent:
    """Lines inside are indented two further."""

    doc: Doc
    hard: bool


@define
class Group:
    """Flat if it fits."""

    doc: Doc
    hard: bool


Doc: TypeAlias = str | Line | Hard | Suffix | Either | Concat | Indent | Group

SPACE: Final = Line(" ")
SOFT: Final = Line("")
PART: Final = Line(" ", on_brace=True)
HARD: Final = Hard()


def _forces(doc: Doc) -> bool:
    match doc:
        case Hard() | Suffix():
            return True
        case Concat() | Indent() | Group():
            return doc.hard
        case _:
            return False


def cat(*parts: Doc) -> Doc:
    """Documents one behind another."""
    return Concat(parts, any(_forces(part) for part in parts))


def indent(*parts: Doc) -> Doc:
    """Indented by one step."""
    inner = cat(*parts)
    return Indent(inner, _forces(inner))


def group(*parts: Doc) -> Doc:
    """On one line if it fits."""
    inner = cat(*parts)
    return Group(inner, _forces(inner))


def join(separator: Doc, docs: Iterable[Doc]) -> Doc:
    """Documents with a separator between each two."""
    parts: list[Doc] = []
    for doc in docs:
        if parts:
            parts.append(separator)
        parts.append(doc)
    return cat(*parts)


_Command: TypeAlias = tuple[int, bool, Doc]


def _inside(level: int, flat: bool, doc: Concat | Indent | Group) -> list[_Command]:
    """What a composite document means, last part first."""
    match doc:
        case Concat(parts):
            return [(level, flat, part) for part in reversed(parts)]
        case Indent(inner):
            return [(level + 2, flat, inner)]
        case Group(inner, hard):
            return [(level, flat and not hard, inner)]


def _fits(first: _Command, rest: list[_Command], width: int) -> bool:
    """Whether a flat command, and what follows it up to the next line break, takes at most ``width`` columns."""
    pending = [first]
    behind = len(rest)
    while width >= 0:
        if not pending:
            if behind == 0:
                return True
            behind -= 1
            pending.append(rest[behind])
        level, flat, doc = pending.pop()
        match doc:
            case str():
                text, line_break, _ = doc.partition("\n")
                width -= len(text)
                if line_break:
                    return width >= 0
            case Line():
                if not flat:
                    return True
                width -= len(doc.flat)
            case Either():
                width -= len(doc.flat if flat else doc.broken)
            case Hard():
                return True
            case Suffix():
                pass
            case Concat() | Indent() | Group():
                pending += _inside(level, flat, doc)
    return False


class _Output:
    """Lines of text, with comments held back until their line ends."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.column = 0
        self.suffixes: list[tuple[str, bool, int]] = []

    def write(self, text: str) -> None:
        self.parts.append(text)
        last_break = text.rfind("\n")
        self.column = len(text) - last_break - 1 if last_break >= 0 else self.column + len(text)

    def stands_on_brace(self) -> bool:
        """Whether the line so far is one closing brace."""
        return self.parts[-1:] == ["}"] and self.parts[-2:-1] != [] and not self.suffixes and "\n" in self.parts[-2]

    def end_line(self, level: int, blank: bool) -> None:
        self.flush()
        while self.parts and self.parts[-1].isspace() and "\n" not in self.parts[-1]:
            self.parts.pop()
        self.parts.append(("\n\n" if blank else "\n") + " " * level)
        self.column = level

    def flush(self) -> None:
        """Write what was held back: one comment behind the line, any other on a line of its own."""
        for at, (text, own_line, level) in enumerate(self.suffixes):
            self.parts.append(f"\n{' ' * level}{text}" if own_line or at else f"  {text}")
        self.suffixes.clear()


def render(doc: Doc) -> str:
    """The text of a document, ending with a line break unless it is empty."""
    out = _Output()
    pending: list[_Command] = [(0, False, doc)]
    while pending:
        level, flat, current = pending.pop()
        match current:
            case str():
                out.write(current)
            case Suffix(text, own_line):
                out.suffixes.append((text, own_line, level))
            case Either(broken, when_flat):
                out.write(when_flat if flat else broken)
            case Line(when_flat) if flat:
                out.write(when_flat)
            case Line(_, on_brace):
                if on_brace and out.stands_on_brace():
                    out.write(" ")
                else:
                    out.end_line(level, blank=False)
            case Hard(blank):
                out.end_line(level, blank)
            case Group(inner, hard) if not flat:
                attempt = (level, True, inner)
                fits = not hard and _fits(attempt, pending, WIDTH - out.column)
                pending.append(attempt if fits else (level, False, inner))
            case Concat() | Indent() | Group():
                pending += _inside(level, flat, current)
    out.flush()
    text = "\n".join(line.rstrip() if not line.strip() else line for line in "".join(out.parts).split("\n"))
    return text.rstrip("\n") + "\n" if text.strip() else ""


def flat_width(doc: Doc) -> int:
    """The columns a document takes on one line; more than any line has, where it cannot stand on one."""
    width, pending = 0, [doc]
    while pending and width <= WIDTH:
        current = pending.pop()
        match current:
            case str():
                width += len(current) if "\n" not in current else WIDTH + 1
            case Line(text) | Either(flat=text):
                width += len(text)
            case Hard():
                return WIDTH + 1
            case Suffix():
                pass
            case Concat(parts):
                pending.extend(parts)
            case Indent(inner) | Group(inner):
                pending.append(inner)
    return width
