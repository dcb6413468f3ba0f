"""The pages of the codes of policy audits: the first example gives the code, the second does not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from liq.model.codes import CODES
from tests.cli.shell import ROOT, liq

MINE = [code for code in CODES if "LIQ1031" <= code <= "LIQ1053"]


def found(code: str, text: str, language: str, folder: Path) -> set[str]:
    """The codes that an audit of a text gives."""
    file = folder / f"page.{language}"
    file.write_text(text, encoding="utf-8")
    shown = liq("audit", "schema", file.name, "--format", "concise", folder=folder)
    assert shown.code in (0, 1, 3), shown
    return set(re.findall(r"LIQ\d{4}", shown.out + shown.err))


@pytest.mark.parametrize("code", MINE)
def test_examples(code: str, tmp_path: Path) -> None:
    page = (ROOT / "docs" / "codes" / f"{code}.md").read_text(encoding="utf-8")
    (language, wrong), (_, right) = re.findall(r"^```(liq|sql)\n(.*?)^```$", page, re.M | re.S)
    assert code in found(code, wrong, language, tmp_path)
    after = found(code, right, language, tmp_path)
    assert code not in after
    assert not {c for c in after if CODES[c].severity.value == "error"}
