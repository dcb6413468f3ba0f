"""``liq register``, ``plans``, ``revoke``, ``exec`` as a shell sees them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from liq.cli.main import run
from tests.registry.office import ANN, BOB, NARROW, ROWS
from tests.verifier.workshop import ADD, LIST, NOTES, TAKE


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "liq.toml").write_text('[project]\nname = "notes"\n')
    (tmp_path / "schema.liq").write_text(NOTES)
    (tmp_path / "queries").mkdir()
    (tmp_path / "queries" / "good.liq").write_text(f"{LIST}\n\n{ADD}\n")
    (tmp_path / "data.json").write_text(json.dumps(ROWS))
    (tmp_path / "ann.json").write_text(json.dumps({"sub": ANN}))
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LIQ_REGISTRY", raising=False)
    return tmp_path


@pytest.fixture
def registered(project: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    assert run(["register"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["notes.list@1", "notes.add@1"]
    return project


RUN = ["exec", "notes.list", "--as", "ann.json", "--data", "data.json"]


def test_a_registered_plan_runs(registered: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*RUN, "--output", "json"]) == 0
    assert [row["title"] for row in json.loads(capsys.readouterr().out)["rows"]] == ["milk", "bread"]
    assert run(["exec", "notes.list@1", "-p", "title=keys", "--as", json.dumps({"sub": BOB}), "--data", "data.json"]) == 0
    assert "keys" in capsys.readouterr().out


def test_it_runs_without_the_project(registered: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What was registered is what runs, whatever the sources say now."""
    (registered / "schema.liq").write_text("table notes { id int key }")
    (registered / "queries" / "good.liq").write_text("query notes.list = read notes { id }")
    assert run(RUN) == 0
    assert "milk" in capsys.readouterr().out


def test_revoked_plans_do_not_run(registered: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["revoke", "notes.list", "--reason", "too wide"]) == 0
    assert run(RUN) == 1
    assert "LIQ1103" in capsys.readouterr().err
    assert run(["plans"]) == 0
    assert ["notes.list@1", "revoked"] in [line.split()[:2] for line in capsys.readouterr().out.splitlines()]
    assert run(["revoke", "none"]) == 1


def test_refuted_plans_are_not_registered(registered: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (registered / "queries" / "bad.liq").write_text(TAKE)
    assert run(["register", "queries/bad.liq"]) == 1
    assert "LIQ1201" in capsys.readouterr().err
    assert run(["exec", "notes.take", "--data", "data.json"]) == 1


def test_plan_documents_are_registered(registered: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (registered / "queries" / "good.liq").write_text(LIST.replace("20", "1"))
    assert run(["compile", "--out", "build"]) == 0
    assert run(["register", "build/notes.list.plan.json"]) == 0
    assert "notes.list@2" in capsys.readouterr().out


def test_another_schema_is_adopted_only_when_asked(registered: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (registered / "schema.liq").write_text(NARROW)
    assert run(["register"]) == 1
    assert "LIQ0706" in capsys.readouterr().err
    assert run(RUN) == 0
    assert run(["register", "--adopt-schema"]) == 0
    assert run(["plans", "--format", "json"]) == 0
    out = capsys.readouterr().out
    rows = json.loads(out[out.index("[\n") :])
    assert [(r["name"], r["version"], r["status"]) for r in rows] == [
        ("notes.add", 1, "stale"), ("notes.add", 2, "active"), ("notes.list", 1, "stale"), ("notes.list", 2, "active"),
    ]  # fmt: skip


def test_one_plan_is_shown(registered: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["plans", "notes.list"]) == 0
    assert "query notes.list($title: text?)" in capsys.readouterr().out
    assert run(["plans", "notes.list", "--document"]) == 0
    plan_id = json.loads(capsys.readouterr().out)["plan_id"]
    assert run(["plans", "notes.list", "--certificate"]) == 0
    assert json.loads(capsys.readouterr().out)["plan_id"] == plan_id


def test_the_log_is_shown_and_verified(registered: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(RUN) == 0
    capsys.readouterr()
    assert run(["plans", "--log"]) == 0
    entries = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [e["event"] for e in entries] == ["schema.adopted", "plan.registered", "plan.registered", "plan.admitted", "plan.ran"]
    log = registered / ".liq" / "registry" / "log.jsonl"
    log.write_bytes(log.read_bytes().replace(b'"ok"', b'"no"'))
    assert run(["plans", "--log"]) == 1
    assert "LIQ1105" in capsys.readouterr().err


def test_a_pin_is_held_to(registered: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["plans"]) == 0
    pin = capsys.readouterr().err.split()[-1]
    assert run([*RUN, "--pin", pin]) == 0
    assert run([*RUN, "--pin", f"9{pin}"]) == 1


@pytest.mark.parametrize("arguments", [
    ["exec", "notes.list"], ["exec", "notes.list@x", "--data", "data.json"], ["plans", "--registry", "nowhere"],
    ["exec", "notes.list", "--data", "data.json", "--pin", "x"], ["exec", "notes.list", "--data", "none.json"],
    ["exec", "notes.list", "--data", "data.json", "--as", "[]"],
])  # fmt: skip
def test_usage_is_2(registered: Path, arguments: list[str]) -> None:
    assert run(arguments) == 2


def test_running_loads_no_solver(registered: Path) -> None:
    code = f"import sys; from liq.cli.main import run; run({RUN!r}); print(sorted(m for m in ('z3', 'sqlglot', 'numba') if m in sys.modules))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.splitlines()[-1] == "[]"
