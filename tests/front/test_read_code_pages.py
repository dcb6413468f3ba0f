"""The examples on the pages of codes: the first gives the code, the second is right."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from liq.model.codes import CODES
from liq.model.source import Source
from liq_grammar import syntax
from liq_grammar.parser import parse
from tests.front.programs import resolve_program

FOLDER = Path(__file__).parents[2] / "docs" / "codes"
READ_CODES = [code for code in CODES if code[3:5] in ("02", "03") or code[3:6] in ("040", "041", "042", "050")]


def blocks(code: str) -> list[str]:
    """The examples of a page that are statements."""
    page = FOLDER / f"{code}.md"
    found = re.findall(r"^```liq\n(.*?)^```$", page.read_text(encoding="utf-8"), re.M | re.S) if page.exists() else []
    return [text for text in found if _reads_only(text)]


def _reads_only(text: str) -> bool:
    tree = parse(Source("page.liq", text)).tree
    bodies = [step.statement.body if isinstance(step, syntax.Let) else step.body for step in tree.steps]
    return not tree.declarations and all(isinstance(body, syntax.Read | syntax.Describe) for body in bodies)


CASES = [(code, *examples) for code in READ_CODES if len(examples := blocks(code)) == 2]


def test_most_codes_of_reads_have_examples() -> None:
    assert len(CASES) >= 45


@pytest.mark.parametrize("code, wrong, right", CASES, ids=[case[0] for case in CASES])
def test_examples(code: str, wrong: str, right: str) -> None:
    assert code in {d.code.id for d in resolve_program(wrong).diagnostics}
    assert not resolve_program(right).diagnostics
