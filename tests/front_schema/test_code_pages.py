"""The pages of the codes of declarations, writes and roles: the first example gives the code, the second is right."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from liq.front import CompiledProject
from liq.model.codes import CODES
from liq.model.source import Source
from liq_grammar import syntax
from liq_grammar.parser import parse
from tests.front_schema.programs import against_shop, project

FOLDER = Path(__file__).parents[2] / "docs" / "codes"
MINE = [code for code in CODES if code[3:5] == "01" or code == "LIQ0403" or code[3:6] in ("044", "045", "053", "054")]


def compiled(text: str, code: str) -> CompiledProject:
    """An example: with tables of its own a project, else queries over the shop."""
    tree = parse(Source("page.liq", text)).tree
    own = (syntax.TableDecl, syntax.SessionDecl, syntax.EnumDecl, syntax.FnDecl)
    whole = any(isinstance(node, own) for node in tree.declarations) and code != "LIQ0122"
    return project(text) if whole else against_shop(text)


@pytest.mark.parametrize("code", MINE)
def test_examples(code: str) -> None:
    page = (FOLDER / f"{code}.md").read_text(encoding="utf-8")
    wrong, right = re.findall(r"^```liq\n(.*?)^```$", page, re.M | re.S)
    assert code in {d.code.id for d in compiled(wrong, code).diagnostics}
    assert not compiled(right, code).diagnostics
