"""``liq verify`` and ``liq audit`` as a shell sees them: exit codes, formats, files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from liq.cli.main import run
from tests.verifier.workshop import ADD, LIST, NOTES, TAKE


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "liq.toml").write_text('[project]\nname = "notes"\n')
    (tmp_path / "schema.liq").write_text(NOTES)
    (tmp_path / "queries").mkdir()
    (tmp_path / "queries" / "good.liq").write_text(f"{LIST}\n\n{ADD}\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def built(project: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    assert run(["compile", "--out", "build"]) == 0
    assert run(["verify", "--out", "build"]) == 0
    capsys.readouterr()
    return project


def test_proved(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["verify"]) == 0
    out = capsys.readouterr().out
    assert "notes.list  proved" in out
    assert "every row of notes that matters is visible" in out


def test_refuted_shows_rows_session_and_repair(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "queries" / "bad.liq").write_text(TAKE)
    assert run(["verify", "queries/bad.liq"]) == 1
    shown = capsys.readouterr()
    for part in ("notes.take  refuted", "session:    @uid = ", "parameters: $id = ", "← hidden from this session",
                 "the plan answers: error: unique", "hidden: policy own is not true of it",
                 "repair: channel exists(notes.id)"):  # fmt: skip
        assert part in shown.out
    assert "queries/bad.liq:1:" in shown.err


def test_a_document_is_verified_without_its_source(built: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (built / "queries" / "good.liq").unlink()
    assert run(["schema", "document"]) == 0
    (built / "schema.json").write_text(capsys.readouterr().out)
    assert run(["verify", "build/notes.list.plan.json", "--schema", "schema.json", "--summary"]) == 0
    assert capsys.readouterr().out.startswith("notes.list  proved  sha256:")


def test_json(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "queries" / "bad.liq").write_text(TAKE)
    assert run(["verify", "--format", "json"]) == 1
    said = json.loads(capsys.readouterr().out)
    assert said["format"] == "liq.verification/1"
    verdicts = {plan["plan"]: plan["verdict"] for plan in said["plans"]}
    assert verdicts == {"notes.take": "refuted", "notes.list": "proved", "notes.add": "proved"}
    (refuted,) = [p for p in said["plans"] if p["verdict"] == "refuted"]
    witness = next(o["witness"] for o in refuted["obligations"] if o["witness"])
    assert witness["hidden"]["row"] in witness["tables"]["notes"]
    assert witness["answer"] == "error: unique"


@pytest.mark.parametrize("form", ["sarif", "github", "jsonl"])
def test_machine_formats_stand_on_standard_output(
    project: Path, capsys: pytest.CaptureFixture[str], form: str
) -> None:
    (project / "queries" / "bad.liq").write_text(TAKE)
    assert run(["verify", "--format", form]) == 1
    out = capsys.readouterr().out
    assert "notes.take" in out
    if form == "sarif":
        (sarif_run,) = json.loads(out)["runs"]
        assert [r["ruleId"] for r in sarif_run["results"] if r["level"] == "error"] == ["LIQ1201"]


def test_unknown_is_3(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "schema.liq").write_text(NOTES.replace("title text", "title text\n  tag text? unique"))
    (project / "queries" / "odd.liq").write_text("query notes.tag { update notes set tag = md5(title) where id = $id }\n")
    assert run(["verify", "queries/odd.liq", "--out", "build"]) == 3
    shown = capsys.readouterr()
    assert "md5 is not decided" in shown.out
    assert "LIQ1202" in shown.err
    assert not (project / "build").exists()


@pytest.mark.parametrize("arguments", [["verify", "none.plan.json"], ["verify", "--name", "none"], ["audit"],
                                       ["audit", "none.plan.json"], ["verify", "schema.liq"]])  # fmt: skip
def test_usage_is_2(project: Path, arguments: list[str]) -> None:
    assert run(arguments) == 2


def test_a_touched_plan_is_not_read(built: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plan = built / "build" / "notes.list.plan.json"
    plan.write_text(plan.read_text().replace('"limit"', '"Limit"', 1).replace("title", "titel", 1))
    assert run(["verify", str(plan)]) == 2
    assert "LIQ070" in capsys.readouterr().err


# --------------------------------------------------------------------------------------------------- audit
def test_the_audit_confirms(built: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["audit", "build"]) == 0
    out = capsys.readouterr().out
    assert out.count("confirmed") == 2
    assert "not confirmed" not in out


def test_the_audit_finds_a_touched_certificate(built: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = built / "build" / "notes.list.cert.json"
    file.write_text(file.read_text().replace('"proved"', '"Proved"', 1))
    assert run(["audit", "build", "--format", "json"]) == 1
    said = json.loads(capsys.readouterr().out)
    assert [(p["plan"], p["ok"]) for p in said["plans"]] == [("notes.add", True), ("notes.list", False)]


def test_the_audit_finds_a_touched_plan(built: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = built / "build" / "notes.list.plan.json"
    file.write_text(file.read_text().replace("limit 20", "limit 21"))
    assert run(["audit", str(file), "--format", "sarif"]) == 1
    (sarif_run,) = json.loads(capsys.readouterr().out)["runs"]
    assert [r["ruleId"] for r in sarif_run["results"]] == ["LIQ0705"]


def test_the_audit_finds_other_policies(built: Path, capsys: pytest.CaptureFixture[str]) -> None:
    schema = built / "schema.liq"
    schema.write_text(schema.read_text().replace("owner = @uid", "true"))
    assert run(["audit", "build"]) == 1
    assert "LIQ1211" in capsys.readouterr().err


def test_the_audit_finds_a_missing_certificate(built: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (built / "build" / "notes.add.cert.json").unlink()
    assert run(["audit", "build"]) == 1
    assert "LIQ1210" in capsys.readouterr().err
