"""What a command loads: reading liq needs neither an SQL library, a solver nor a compiler of numbers."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.cli.shell import ROOT

HEAVY = ("sqlglot", "numba", "llvmlite", "numpy", "z3", "psycopg", "duckdb", "liq_planner")


def loaded(program: str) -> set[str]:
    """The modules that a fresh process has loaded at the end of a program."""
    show = "\nimport sys\nsys.stderr.write('\\nLOADED ' + ' '.join(sorted(sys.modules)))"
    ran = subprocess.run([sys.executable, "-c", program + show], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(ran.stderr.rpartition("LOADED ")[2].split())


@pytest.mark.parametrize("arguments", [
    ["check", "--project", "examples/registry"],
    ["fmt", "--check", "--project", "examples/registry"],
    ["describe", "--project", "examples/registry"],
    ["debug", "syntax", "examples/registry/schema.liq"],
    ["explain", "LIQ0201"],
    ["--version"],
])  # fmt: skip
def test_commands_that_read_load_little(arguments: list[str]) -> None:
    modules = loaded(f"from liq.cli.main import run\nassert run({arguments!r}) == 0")
    assert not [name for name in HEAVY if name in modules]


def test_checking_wrong_programs_loads_little() -> None:
    modules = loaded(
        "import io, sys\nsys.stdin = io.TextIOWrapper(io.BytesIO(b'read nothing where x = null'))\n"
        "from liq.cli.main import run\nassert run(['check', '-']) == 1"
    )
    assert "liq.render.human" in modules
    assert not [name for name in HEAVY if name in modules]


def test_importing_liq_loads_nothing() -> None:
    ours = {name for name in loaded("import liq") if name.partition(".")[0].startswith("liq")}
    assert ours == {"liq"}


def test_names_of_the_package_are_there() -> None:
    import liq

    assert all(getattr(liq, name) is not None for name in liq.__all__)
    assert set(liq.__all__) <= set(dir(liq))
    with pytest.raises(AttributeError, match="no attribute"):
        _ = liq.nothing


def test_the_version_is_one() -> None:
    import tomllib

    from liq.model.version import VERSION

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == VERSION
