"""Programs and the rows they give: that what is resolved is what was said."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from liq.reference.run import Call, attempt
from tests.front.programs import registry, resolve_program
from tests.front.row_data import small_database
from tests.front.row_text import row_text

PAGE = (Path(__file__).parent / "rows.md").read_text(encoding="utf-8")
CASES = re.findall(r"^```liq\n(.*?)\n```\n```text\n(.*?)```$", PAGE, re.M | re.S)


def test_there_are_many() -> None:
    assert len(CASES) >= 50


@pytest.mark.parametrize("text, rows", CASES, ids=[text.replace("\n", " ")[:70] for text, _ in CASES])
def test_rows(text: str, rows: str) -> None:
    resolved = resolve_program(text)
    tried = attempt(resolved.query(), Call(registry(), small_database()))
    assert tried.outcome is not None, tried.error
    found = [row_text(resolved.root.result, row) for row in tried.outcome.rows]
    wanted = rows.splitlines()
    assert (found == wanted) if resolved.root.ordered else (sorted(found) == sorted(wanted))
