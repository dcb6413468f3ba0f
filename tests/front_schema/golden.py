"""Wrong declarations and writes and what is said of them, as Markdown: a heading, the program, the findings.

``python -m tests.front_schema.golden`` writes the findings anew; a person reads the difference. Files called
``schema_*`` hold whole projects, ``shop_*`` queries over the shop.
"""

from __future__ import annotations

import re
from pathlib import Path

from attrs import frozen

from liq.front import CompiledProject
from liq.model.diagnostics import Diagnostic, Severity
from liq.model.source import Source, Span
from tests.front_schema.programs import against_shop, project

FOLDER = Path(__file__).parent / "errors"
_CASE = re.compile(r"^## (?P<title>[^\n]+)\n```liq\n(?P<program>.*?)```\n```text\n(?P<findings>.*?)```\n", re.M | re.S)


@frozen
class Case:
    """One wrong program."""

    file: str
    title: str
    program: str
    findings: str


def cases() -> list[Case]:
    """Every case of every file."""
    return [
        Case(path.name, found["title"], found["program"], found["findings"])
        for path in sorted(FOLDER.glob("*.md"))
        for found in _CASE.finditer(path.read_text(encoding="utf-8"))
    ]


def compiled(file: str, program: str) -> CompiledProject:
    """A program of a file of cases."""
    return project(program) if file.startswith("schema_") else against_shop(program)


def findings_of(file: str, program: str) -> str:
    """What is said of a program, one finding after the other: code, place, message, then notes, help and fix."""
    source = Source("test.liq", program)
    return "".join(_rendered(d, source) for d in compiled(file, program).diagnostics)


def _rendered(diagnostic: Diagnostic, source: Source) -> str:
    warning = "warning: " if diagnostic.severity is Severity.WARNING else ""
    lines = [f"{diagnostic.code.id} {_place(diagnostic.span, source)} {warning}{diagnostic.message}"]
    lines += [f"  {_place(label.span, source)} {label.text}" for label in diagnostic.labels]
    lines += [f"  help: {diagnostic.help}"] if diagnostic.help else []
    if diagnostic.fix is not None:
        fixed = source.text[: diagnostic.fix.span.start] + diagnostic.fix.replacement
        lines.append(f"  fix: {(fixed + source.text[diagnostic.fix.span.end :]).strip()}")
    return "\n".join(lines) + "\n"


def _place(span: Span, source: Source) -> str:
    line, column = source.position(span.start)
    text = source.text[span.start : span.end].replace("\n", " ")
    return f"{line}:{column} `{text if len(text) <= 50 else text[:47] + '…'}`"


def rewrite() -> None:
    """Write the findings of every case as they are now."""
    for path in FOLDER.glob("*.md"):
        text = path.read_text(encoding="utf-8")
        path.write_text(_CASE.sub(lambda found, file=path.name: _anew(file, found), text), encoding="utf-8")


def _anew(file: str, found: re.Match[str]) -> str:
    program = found["program"]
    return f"## {found['title']}\n```liq\n{program}```\n```text\n{findings_of(file, program)}```\n"


if __name__ == "__main__":
    rewrite()
