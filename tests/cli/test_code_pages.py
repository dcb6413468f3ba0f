"""Every code has its page; the examples about texts, documents and projects do what their pages say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from liq.model.codes import CODES
from liq.model.document import read_plan
from liq.model.json_text import DocumentError
from liq.model.source import Source
from liq.project import ProjectError, project_files, read_project
from liq_grammar import parse
from tests.cli.shell import ROOT, liq

PAGES = ROOT / "docs" / "codes"


def blocks(code: str, language: str) -> list[str]:
    """The fenced examples of a page."""
    return re.findall(rf"^```{language}\n(.*?)^```$", (PAGES / f"{code}.md").read_text(encoding="utf-8"), re.M | re.S)


@pytest.mark.parametrize("code", CODES)
def test_every_code_has_a_page(code: str) -> None:
    shown = liq("explain", code)
    assert shown.code == 0
    assert shown.out.startswith(f"# {code} {CODES[code].name}\n")


@pytest.mark.parametrize("code", ["LIQ0001", "LIQ0002", "LIQ0003", "LIQ0004", "LIQ0005"])
def test_examples_of_texts(code: str) -> None:
    wrong, right = blocks(code, "liq")
    assert code in {d.code.id for d in parse(Source("page.liq", wrong)).diagnostics}
    assert not parse(Source("page.liq", right)).diagnostics


@pytest.mark.parametrize("code", ["LIQ0701", "LIQ0704"])
def test_examples_of_documents(code: str) -> None:
    with pytest.raises(DocumentError) as caught:
        read_plan(blocks(code, "json")[0])
    assert caught.value.diagnostic.code.id == code


@pytest.mark.parametrize("code", ["LIQ0902", "LIQ0903", "LIQ0904", "LIQ0906"])
def test_examples_of_projects(code: str, tmp_path: Path) -> None:
    with pytest.raises(ProjectError) as caught:
        project_files(read_project(Source("liq.toml", blocks(code, "toml")[0]), tmp_path))
    assert caught.value.diagnostics[0].code.id == code
