"""Registering, revoking, adopting schemas, running: what the registry promises."""

from __future__ import annotations

import json
import stat
from functools import partial
from pathlib import Path

import pytest

import liq.api
from liq.model.errors import ErrorKind, LiqError
from liq.registry.keys import Signer, Trust
from liq.registry.log import Head
from liq.registry.refusal import RegistryError
from liq.registry.registry import Registry
from liq_verifier import read_certificate
from liq_verifier.certificate import is_proof
from tests.registry.office import (
    ANN,
    BOB,
    NARROW,
    PLANS,
    TAKE,
    call,
    compiled,
    events,
    new_registry,
    notes_schema,
    refusal,
    reopened,
)
from tests.verifier.workshop import LIST, NOTES, resealed


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return new_registry(tmp_path)


# --------------------------------------------------------------------------------------------------- registering
def test_a_proved_plan_is_registered_and_runs(registry: Registry) -> None:
    assert [(v.label, s) for v, s in registry.plans()] == [("notes.add@1", "active"), ("notes.list@1", "active")]
    assert [row[1] for row in call(registry).rows] == ["milk", "bread"]
    assert [row[1] for row in call(registry, who=BOB).rows] == ["keys"]


def test_a_refuted_plan_is_refused_and_the_log_says_why(registry: Registry) -> None:
    assert refusal(lambda: registry.register(compiled(TAKE).contents)) == "refuted"
    entry = registry.entries()[-1]
    assert (entry.event, entry.payload["name"]) == ("plan.refused", "notes.take")
    assert "LIQ1201" in entry.payload["reasons"][0]
    assert refusal(lambda: registry.admit("notes.take")) == "registry-unknown"


def test_a_plan_of_another_schema_is_refused(registry: Registry) -> None:
    other = liq.api.compile(LIST, schema=NARROW).contents
    assert refusal(lambda: registry.register(other)) == "document-claim"


def test_a_certificate_is_never_asked(registry: Registry) -> None:
    """A plan whose own words say that it is harmless: it is proved all the same, and refused."""
    tree = json.loads(compiled(TAKE).document)
    tree["effects"] = []
    assert refusal(lambda: registry.register(resealed(tree, of="plan"))) == "document-claim"


def test_what_is_no_plan_is_refused(registry: Registry) -> None:
    for text in ("", "{}", "[1]", '{"format": "liq.plan/1"}', "x" * 100):
        assert refusal(partial(registry.register, text)).startswith("document-")
    assert events(registry).count("plan.refused") == 5


def test_the_same_plan_again_is_the_version_that_is_there(registry: Registry) -> None:
    before = registry.head()
    assert registry.register(compiled(LIST).contents).version == 1
    assert registry.head() == before


def test_another_plan_of_a_name_is_its_next_version(registry: Registry) -> None:
    shorter = compiled(LIST.replace("limit 20", "limit 1")).contents
    assert registry.register(shorter).label == "notes.list@2"
    assert len(call(registry).rows) == 1
    assert len(call(registry, version=1).rows) == 2
    assert [s for v, s in registry.plans() if v.name == "notes.list"] == ["superseded", "active"]


def test_what_is_kept_is_signed_and_proved(registry: Registry) -> None:
    version, status, plan, certificate = registry.show("notes.list")
    assert (version.plan_id, status) == (plan.plan_id, "active")
    proof = read_certificate(certificate)
    assert is_proof(proof)
    assert proof.plan_id == version.plan_id
    envelope = json.loads(registry.objects.get(version.envelope))
    assert envelope["payloadType"] == "application/vnd.in-toto+json"
    assert [s["keyid"] for s in envelope["signatures"]] == list(registry.trust.keys)


def test_plans_need_plain_names(registry: Registry) -> None:
    odd = liq.api.compile("read notes { id } order id limit 2", schema=NOTES, name="no name; drop").contents
    assert refusal(lambda: registry.register(odd)) == "registry-refused"


def test_without_a_trusted_key_nothing_is_registered(registry: Registry) -> None:
    stranger = reopened(registry, signer=Signer.new())
    other = compiled(LIST.replace("20", "7")).contents
    assert refusal(lambda: stranger.register(other)) == "registry-key"
    assert len(reopened(registry).plans()) == 2


# --------------------------------------------------------------------------------------------------- revoking
def test_a_revoked_plan_does_not_run(registry: Registry) -> None:
    assert [v.label for v in registry.revoke("notes.list", reason="tells too much")] == ["notes.list@1"]
    assert refusal(lambda: call(registry)) == "registry-revoked"
    assert refusal(lambda: call(registry, version=1)) == "registry-revoked"
    assert call(registry, "notes.add", title="x").affected == 1
    assert refusal(lambda: call(reopened(registry))) == "registry-revoked"


def test_revoking_is_seen_by_every_open_registry(registry: Registry) -> None:
    other = reopened(registry)
    assert call(other).rows
    registry.revoke("notes.list")
    assert refusal(lambda: call(other)) == "registry-revoked"


def test_the_version_before_runs_again_when_the_newest_is_revoked(registry: Registry) -> None:
    registry.register(compiled(LIST.replace("limit 20", "limit 1")).contents)
    registry.revoke("notes.list", 2)
    assert len(call(registry).rows) == 2
    assert refusal(lambda: call(registry, version=2)) == "registry-revoked"


def test_a_revoked_plan_is_not_registered_again(registry: Registry) -> None:
    registry.revoke("notes.list")
    assert refusal(lambda: registry.register(compiled(LIST).contents)) == "registry-revoked"


def test_what_is_not_there_cannot_be_revoked(registry: Registry) -> None:
    assert refusal(lambda: registry.revoke("notes.lst")) == "registry-unknown"
    assert refusal(lambda: registry.revoke("notes.list", 2)) == "registry-unknown"


# --------------------------------------------------------------------------------------------------- epochs
def test_plans_of_an_earlier_schema_do_not_run(registry: Registry) -> None:
    adopted = registry.adopt(liq.api.load_schema(NARROW))
    assert adopted.kept == ()
    assert adopted.fallen.keys() == PLANS.keys()
    assert refusal(lambda: call(registry)) == "registry-stale"
    assert {s for _, s in registry.plans()} == {"stale"}


def test_plans_are_compiled_and_proved_for_the_new_schema(registry: Registry) -> None:
    adopted = liq.api.adopt_schema(registry, liq.api.load_schema(NARROW))
    assert [v.label for v in adopted.kept] == ["notes.add@2", "notes.list@2"]
    assert adopted.fallen == {}
    assert [row[1] for row in call(registry).rows] == ["milk", "bread"]
    assert refusal(lambda: call(registry, version=1)) == "registry-stale"


def test_plans_that_lose_their_proof_fall_out(registry: Registry) -> None:
    """A key that can be guessed makes the insert tell of rows of others."""
    guessable = NOTES.replace("title text", "title text unique")
    adopted = liq.api.adopt_schema(registry, liq.api.load_schema(guessable))
    assert [v.name for v in adopted.kept] == ["notes.list"]
    assert "a taken" in adopted.fallen["notes.add"]
    assert refusal(lambda: call(registry, "notes.add", title="x")) == "registry-stale"
    assert registry.entries()[-2].payload["fallen"] == adopted.fallen


def test_the_same_schema_again_changes_nothing(registry: Registry) -> None:
    before = registry.head()
    registry.adopt(notes_schema())
    assert registry.head() == before


def test_a_plan_for_the_former_schema_is_not_registered_any_more(registry: Registry) -> None:
    registry.adopt(liq.api.load_schema(NARROW))
    assert refusal(lambda: registry.register(compiled(LIST).contents)) == "document-claim"


# --------------------------------------------------------------------------------------------------- the gate
def test_runs_are_in_the_log_without_values(registry: Registry) -> None:
    call(registry, title="milk")
    with pytest.raises(LiqError) as caught:
        call(registry, title=["very private"])
    assert caught.value.kind is ErrorKind.PARAMETER
    admitted, ran, _, failed = registry.entries()[-4:]
    assert admitted.payload["parameters"] == ["title"]
    assert ran.payload == {"admitted": admitted.seq, "outcome": "ok"}
    assert failed.payload["outcome"] == "parameter"
    text = registry.log.path.read_text()
    assert not any(value in text for value in ("milk", "very private", ANN))


def test_denials_are_durable_before_they_are_answered(registry: Registry) -> None:
    call(registry)
    assert registry.log.waiting == 2
    assert refusal(lambda: registry.admit("nobody's plan")) == "registry-unknown"
    assert registry.log.waiting == 0


def test_synced_audit_closes_the_window(registry: Registry) -> None:
    durable = reopened(registry, audit="sync")
    call(durable)
    assert durable.log.waiting == 0


def test_unknown_parameters_of_a_caller_do_not_get_into_the_log(registry: Registry) -> None:
    with pytest.raises(LiqError):
        liq.api.execute_registered(registry, "notes.list", {"hunter2": 1}, {"sub": ANN}, on=lambda s: liq.api.sample_database(s, {}))
    assert "hunter2" not in registry.log.path.read_text()


# --------------------------------------------------------------------------------------------------- the folder
def test_only_the_owner_can_read(registry: Registry) -> None:
    for path in registry.folder.rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


@pytest.mark.parametrize("part", ["", "objects", "trust"])
def test_a_folder_that_others_reach_is_not_opened(registry: Registry, part: str) -> None:
    (registry.folder / part).chmod(0o750)
    assert refusal(lambda: reopened(registry)) == "registry-broken"


def test_a_registry_is_made_in_an_empty_folder_only(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "file").touch()
    with pytest.raises(RegistryError):
        Registry.create(tmp_path / "x", notes_schema())


def test_what_a_crash_leaves_behind_is_no_harm(registry: Registry) -> None:
    """A torn last line was never answered; the next entry takes its place."""
    with open(registry.log.path, "ab") as file:
        file.write(b'{"event":"plan.reg')
    again = reopened(registry)
    assert call(again).rows
    assert again.verify_chain() == len(again.entries())


def test_a_decision_that_is_in_the_log_counts_though_its_head_was_not_signed(registry: Registry) -> None:
    head = (registry.folder / "head.json").read_bytes()
    registry.revoke("notes.list")
    (registry.folder / "head.json").write_bytes(head)
    assert refusal(lambda: call(reopened(registry))) == "registry-revoked"


def test_a_pinned_head_must_be_in_the_log(registry: Registry) -> None:
    pinned = registry.head()
    registry.revoke("notes.list")
    assert reopened(registry, pinned=pinned).plans()
    assert refusal(lambda: reopened(registry, pinned=Head(pinned.seq, "0" * 64))) == "registry-broken"
    assert refusal(lambda: reopened(registry, pinned=Head(99, pinned.hash))) == "registry-broken"


def test_trust_can_be_given_by_the_host(registry: Registry) -> None:
    assert registry.signer is not None
    assert call(reopened(registry, trust=Trust.of(registry.signer.public))).rows
    assert refusal(lambda: reopened(registry, trust=Trust.of(Signer.new().public))) == "registry-key"
