"""Markdown files of programs and what is said about them. ``python -m tests.grammar.golden`` writes the answers anew.

A case is a ``liq`` block followed by a ``text`` block (what is found) or a second ``liq`` block (how it is written).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from liq.model.source import Source
from liq_grammar import format_source, parse

HERE = Path(__file__).parent
CASE = re.compile(r"^```liq\n(?P<program>.*?)^```\n\n```(?P<kind>\w+)\n(?P<answer>.*?)^```$", re.S | re.M)


class Case(NamedTuple):
    """One program of a page, and the answer that stands below it."""

    page: Path
    line: int
    program: str
    answer: str

    @property
    def name(self) -> str:
        """Page and line."""
        return f"{self.page.name}:{self.line}"


def findings(program: str) -> str:
    """All diagnostics of a program, a few lines each."""
    source = Source("program.liq", program)
    lines: list[str] = []
    for each in parse(source).diagnostics:
        line, column = source.position(each.span.start)
        lines.append(f"{line}:{column} {each.code.id} {each.message}")
        for label in each.labels:
            at = source.position(label.span.start)
            lines.append(f"    {at[0]}:{at[1]} {label.text}")
        if each.help:
            lines.append(f"    help: {each.help}")
        if each.fix:
            lines.append(f"    fix: {each.fix.title}")
    return "".join(f"{line}\n" for line in lines)


def layout(program: str) -> str:
    """A program as it is written by the formatter."""
    return format_source(Source("program.liq", program)).text


PAGES: dict[str, tuple[str, Callable[[str], str]]] = {"errors": ("text", findings), "layout": ("liq", layout)}


def cases(folder: str) -> Iterator[Case]:
    """Every case of the pages in a folder."""
    for page in sorted((HERE / folder).glob("*.md")):
        text = page.read_text(encoding="utf-8")
        for found in CASE.finditer(text):
            yield Case(page, text.count("\n", 0, found.start()) + 1, found["program"], found["answer"])


def main() -> None:
    """Write every answer anew, to be read in the diff."""
    for folder, (kind, answer) in PAGES.items():
        for page in sorted((HERE / folder).glob("*.md")):

            def renewed(found: re.Match[str], kind: str = kind, answer: Callable[[str], str] = answer) -> str:
                return f"```liq\n{found['program']}```\n\n```{kind}\n{answer(found['program'])}```"

            page.write_text(CASE.sub(renewed, page.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
