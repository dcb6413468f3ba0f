"""House rules that a machine can hold us to."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from liq.model.codes import CODES
from tests.repo.source_tree import (
    PACKAGES,
    ROOT,
    files,
    is_entry,
    mentioned_modules,
    module_name,
    python_files,
    syntax,
    text_files,
)

FUNCTION_LINES_MAX = 70
LEFTOVERS = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X|HA" + r"CK)\b|\bfor" + r" now\b")
MARKS = re.compile(r"pytest\.(?:skip|xfail|importor" + r"skip)\b|mark\.(?:skip|skipif|xfail)\b|unittest\.skip|SkipTest")
MACHINE = re.compile(
    r"(?<![\w.])/(?:work|root|home|opt)/|\bregistry\.npm|\bpypi\.org|pythonhosted|\bdeb\.debian|--(?:extra-)?index-url|find-links"
)
PAGE_SECTIONS = ("## What it means", "## Example", "## What to do")
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
THIS_FILE = Path(__file__).relative_to(ROOT)


def found_in_texts(pattern: re.Pattern[str]) -> list[str]:
    """``file:line: text`` of every hit outside this file, which has to spell what it looks for."""
    return [
        f"{path}:{number}: {line.strip()[:100]}"
        for path, text in text_files()
        if path != THIS_FILE
        for number, line in enumerate(text.splitlines(), 1)
        if pattern.search(line)
    ]


def test_functions_are_short() -> None:
    long = [
        f"{path}:{node.lineno} {node.name} has {node.end_lineno - node.lineno + 1} lines"
        for path in python_files()
        for node in ast.walk(syntax(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno is not None
        and node.end_lineno - node.lineno + 1 > FUNCTION_LINES_MAX
    ]
    assert not long


def test_no_leftovers() -> None:
    assert not found_in_texts(LEFTOVERS)


def test_no_test_is_left_out() -> None:
    assert not found_in_texts(MARKS)


def test_no_machine_or_registry_is_named() -> None:
    assert not found_in_texts(MACHINE)


@pytest.mark.parametrize("pattern, text", [
    (LEFTOVERS, "# TO" + "DO: later"), (LEFTOVERS, "good enough for" + " now"),
    (MARKS, "@pytest.mark." + "skip"), (MARKS, "pytest." + "skip('no server')"),
    (MACHINE, "see /work" + "/main/x"), (MACHINE, "https://pypi" + ".org/simple"),
])  # fmt: skip
def test_patterns_find_what_they_ban(pattern: re.Pattern[str], text: str) -> None:
    assert pattern.search(text)


def test_every_module_is_used() -> None:
    """A product module is imported by product code or an example; a test helper by anything; or it is run."""
    modules = {path: name for path in python_files() if (name := module_name(path)) and path.name != "__init__.py"}
    script_targets = {target.partition(":")[0] for target in PYPROJECT["project"]["scripts"].values()}
    product_mentions, all_mentions = set(script_targets), set(script_targets)
    for path in python_files():
        mentioned = mentioned_modules(path) - {modules.get(path)}
        all_mentions |= mentioned
        if path.parts[0] != "tests":
            product_mentions |= mentioned
    orphans = []
    for path, name in modules.items():
        is_test = path.parts[0] == "tests"
        collected = is_test and (path.name.startswith("test_") or path.name == "conftest.py")
        if not collected and name not in (all_mentions if is_test else product_mentions) and not is_entry(path):
            orphans.append(str(path))
    assert not orphans


def present_packages() -> dict[str, Path]:
    """The rooms that hold code, by import name."""
    return {
        path.parent.name: path.parent
        for path in files()
        if path.name == "__init__.py" and path.parent.name in PACKAGES and len(path.parts) <= 3
    }


def test_every_room_is_wired() -> None:
    rooms = present_packages()
    assert {"liq", "liq_grammar", "liq_planner"} <= rooms.keys()
    folders = {str(folder) for folder in rooms.values()}
    assert set(PYPROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]) == folders
    assert set(PYPROJECT["tool"]["mypy"]["files"]) == folders | {"tests"}
    assert set(PYPROJECT["tool"]["importlinter"]["root_packages"]) == rooms.keys()
    missing = [name for name, folder in rooms.items() if not (ROOT / folder / "py.typed").exists()]
    assert not missing


def test_every_layer_of_the_package_is_in_the_contract() -> None:
    """A new sub-package of ``liq`` takes its place in the layers, or its imports would go unchecked."""
    layers = PYPROJECT["tool"]["importlinter"]["contracts"][0]["layers"]
    placed = {name.strip(" ()") for layer in layers for name in layer.split("|")}
    present = {
        f"liq.{path.stem if len(path.parts) == 2 else path.parts[1]}"
        for path in python_files()
        if path.parts[0] == "liq" and len(path.parts) >= 2 and path.name not in ("__main__.py",)
    } - {"liq.__init__"}
    assert not present - placed


def test_imports_run_downwards() -> None:
    command = shutil.which("lint-imports", path=str(Path(sys.executable).parent))
    assert command is not None
    run = subprocess.run([command, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


def test_code_pages_are_whole() -> None:
    """Each page of ``docs/codes`` belongs to a declared code, is titled by it and says the three things a reader wants."""
    wrong = []
    for path, text in text_files():
        if path.parts[:2] == ("docs", "codes") and path.name != "README.md":
            code = CODES.get(path.stem)
            title = f"# {code.id} {code.name}" if code else None
            if text.partition("\n")[0] != title or not all(section in text for section in PAGE_SECTIONS):
                wrong.append(str(path))
    assert not wrong


def test_links_between_documents_lead_somewhere() -> None:
    broken = [
        f"{path}: {target}"
        for path, text in text_files()
        if path.suffix == ".md"
        for target in re.findall(r"\]\(([^)#\s]+)", text)
        if "://" not in target and not target.startswith("mailto:") and not (ROOT / path.parent / target).exists()
    ]
    assert not broken


def test_constraints_pin_and_hash_everything() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
    entries = [line for line in lines if line.strip() and not line.startswith("#")]
    loose = [line[:60] for line in entries if not re.match(r"[a-z0-9.-]+==[^\s;]+( ;.*?)? .*--hash=sha256:", line)]
    assert entries and not loose
    pinned = {re.split(r"==", line)[0] for line in entries}
    groups = PYPROJECT["dependency-groups"]
    wanted = [*PYPROJECT["project"]["dependencies"]]
    wanted += [name for group in groups.values() for name in group if isinstance(name, str)]
    missing = {re.match(r"[\w.-]+", name).group().lower() for name in wanted} - pinned  # type: ignore[union-attr]
    assert not missing
