"""The documents are true: liq parses, Python runs, and the README's console session gives what it says."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from liq.model.source import Source
from liq_grammar.parser import parse
from tests.acceptance.programs import blocks

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
LIQ = [pytest.param(block.text, id=f"{page.stem}-{block.line}") for page in PAGES for block in blocks(page)]
PYTHON = [
    pytest.param(match[1], id=f"{page.stem}-{number}")
    for page in PAGES
    for number, match in enumerate(re.finditer(r"^```python\n(.*?)^```", page.read_text(encoding="utf-8"), re.S | re.M))
]


@pytest.mark.parametrize("text", LIQ)
def test_liq_parses(text: str) -> None:
    assert not parse(Source("page.liq", text)).diagnostics


@pytest.mark.parametrize("text", PYTHON)
def test_python_runs(text: str) -> None:
    exec(compile(text, "page.py", "exec"), {})


def test_the_console_session_of_the_readme(tmp_path: Path) -> None:
    session = re.search(r"^```console\n(.*?)^```", PAGES[0].read_text(encoding="utf-8"), re.S | re.M)
    assert session is not None
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    folder = tmp_path
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    commands = re.split(r"^\$ ", session[1], flags=re.M)[1:]
    assert len(commands) > 2
    for each in commands:
        command, _, expected = each.partition("\n")
        if command.startswith("cd "):
            folder = folder / command.removeprefix("cd ")
            continue
        run = subprocess.run(command.split(), cwd=folder, env={**os.environ, "PATH": path, "NO_COLOR": "1"}, capture_output=True, text=True, check=True)
        assert (run.stderr + run.stdout).strip() == expected.strip(), command
