"""Somebody who can write the registry's files, but has no key: nothing that they change is accepted."""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from liq.model.json_text import canonical
from liq.registry.envelope import HEAD, STATEMENT, opened, sealed
from liq.registry.keys import Signer
from liq.registry.registry import Registry
from tests.registry.office import call, compiled, log_lines, new_registry, rechained, refusal, reopened
from tests.verifier.workshop import LIST, TAKE, certified, tampered

REFUSALS = {"registry-broken", "registry-key", "registry-unknown", "registry-revoked", "registry-stale"}


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return new_registry(tmp_path, LIST)


def run_again(registry: Registry) -> str:
    """What a host that opens the registry now gets of the plan."""
    return refusal(lambda: call(reopened(registry)))


def stranger_registers(registry: Registry, signer: Signer, text: str = TAKE) -> dict[str, Any]:
    """The log entry of a plan that nobody proved, with objects, signed by a key of the stranger's own."""
    found = certified(text)
    document, certificate = registry.objects.put(found.plan.data), registry.objects.put(found.certificate.data)
    real = opened(registry.objects.get(registry.show("notes.list")[0].envelope), STATEMENT, registry.trust, "")
    real["subject"] = [{"digest": {"sha256": document}, "name": found.plan.name}]
    real["predicate"] |= {"certificate": certificate, "plan_id": found.plan.plan_id, "verdict": "proved"}
    envelope = registry.objects.put(sealed(STATEMENT, real, signer))
    payload = {"name": found.plan.name, "version": 1, "plan_id": found.plan.plan_id, "document": document,
               "certificate": certificate, "envelope": envelope, "epoch": 1}  # fmt: skip
    return {**log_lines(registry)[-1], "event": "plan.registered", "payload": payload}


# --------------------------------------------------------------------------------------------------- objects
@pytest.mark.parametrize("which", ["document", "certificate", "envelope"])
@pytest.mark.parametrize("how", ["a byte", "cut", "empty", "gone", "a link", "another object"])
def test_no_object_can_change(registry: Registry, which: str, how: str) -> None:
    version = registry.show("notes.list")[0]
    path = registry.objects.folder / getattr(version, which)
    data = path.read_bytes()
    match how:
        case "a byte":
            path.write_bytes(data.replace(b"a", b"b", 1))
        case "cut":
            path.write_bytes(data[:-1])
        case "empty":
            path.write_bytes(b"")
        case "gone":
            path.unlink()
        case "a link":
            copy = registry.folder / "copy"
            copy.write_bytes(data)
            path.unlink()
            path.symlink_to(copy)
        case _:
            path.write_bytes((registry.objects.folder / registry.state.schema).read_bytes())
    assert run_again(registry) == "registry-broken"
    assert refusal(lambda: call(registry)) == "registry-broken"  # a process that had it in memory does not run it either


def test_the_schema_cannot_change(registry: Registry) -> None:
    path = registry.objects.folder / registry.state.schema
    path.write_bytes(path.read_bytes().replace(b"owner", b"title"))
    assert run_again(registry) == "registry-broken"


# --------------------------------------------------------------------------------------------------- envelopes
def test_no_part_of_an_envelope_can_change(registry: Registry) -> None:
    version = registry.show("notes.list")[0]
    data = registry.objects.get(version.envelope)
    accepted, tried = [], 0
    for what, tree in tampered(data):
        tried += 1
        if refusal(partial(opened, canonical(tree), STATEMENT, registry.trust, "it")) == "accepted" and "twice" not in what:
            accepted.append(what)
    assert tried > 5
    assert accepted == []


def test_no_part_of_a_statement_can_change_without_the_key(registry: Registry) -> None:
    envelope = json.loads(registry.objects.get(registry.show("notes.list")[0].envelope))
    payload = base64.b64decode(envelope["payload"])
    tried = 0
    for what, tree in tampered(payload):
        forged = {**envelope, "payload": base64.b64encode(canonical(tree)).decode()}
        assert refusal(partial(opened, canonical(forged), STATEMENT, registry.trust, "it")) == "registry-key", what
        tried += 1
    assert tried > 15


def test_what_is_signed_as_one_thing_is_not_another(registry: Registry) -> None:
    head = (registry.folder / "head.json").read_bytes()
    assert refusal(lambda: opened(head, STATEMENT, registry.trust, "it")) == "registry-broken"
    relabelled = {**json.loads(head), "payloadType": STATEMENT}
    assert refusal(lambda: opened(canonical(relabelled), STATEMENT, registry.trust, "it")) == "registry-key"
    assert refusal(lambda: opened(head, HEAD, registry.trust, "it")) == "accepted"


@pytest.mark.parametrize("change", [{"signatures": []}, {"signatures": None}, {"payload": 1}, {"more": 1}, {"payload": "%"}])
def test_what_is_no_envelope_is_refused(registry: Registry, change: dict[str, object]) -> None:
    envelope = json.loads(registry.objects.get(registry.show("notes.list")[0].envelope))
    assert refusal(lambda: opened(canonical(envelope | change), STATEMENT, registry.trust, "it")) == "registry-broken"


# --------------------------------------------------------------------------------------------------- the log
Change = Callable[[list[dict[str, Any]]], list[dict[str, Any]]]
CHANGES: dict[str, Change] = {
    "an entry is gone": lambda lines: [*lines[:1], *lines[2:]],
    "the revocation is gone": lambda lines: lines[:-1],
    "two entries change places": lambda lines: [lines[1], lines[0], *lines[2:]],
    "an entry stands twice": lambda lines: [*lines, lines[1]],
    "another version is revoked": lambda lines: [*lines[:-1], {**lines[-1], "payload": {"name": "x", "reason": "", "versions": [1]}}],
    "the log is empty": lambda lines: [],
}


@pytest.mark.parametrize("what", CHANGES)
@pytest.mark.parametrize("chain", [True, False])
def test_the_log_leads_to_its_signed_head(registry: Registry, what: str, chain: bool) -> None:
    registry.revoke("notes.list")
    lines = CHANGES[what](log_lines(registry))
    data = rechained(lines) if chain else b"".join(canonical(line) + b"\n" for line in lines)
    registry.log.path.write_bytes(data)
    assert run_again(registry) in REFUSALS
    assert refusal(registry.verify_chain) == "registry-broken"


def test_no_part_of_the_log_can_change(registry: Registry) -> None:
    registry.revoke("notes.list")
    data = registry.log.path.read_bytes()
    tried = 0
    for number, line in enumerate(data.splitlines()):
        for what, tree in tampered(line):
            lines = data.splitlines()
            lines[number] = canonical(tree)
            registry.log.path.write_bytes(b"\n".join(lines) + b"\n")
            assert refusal(lambda: reopened(registry)) == "registry-broken", what
            tried += 1
    assert tried > 30


def test_a_log_that_got_shorter_is_refused_by_who_knew_it(registry: Registry) -> None:
    before, head = registry.log.path.read_bytes(), (registry.folder / "head.json").read_bytes()
    registry.revoke("notes.list")
    registry.log.path.write_bytes(before)
    (registry.folder / "head.json").write_bytes(head)
    assert refusal(lambda: call(registry)) == "registry-broken"


def test_a_whole_registry_put_back_is_refused_by_its_pin(registry: Registry) -> None:
    """Nothing in the folder can show that all of it is old; who keeps the newest head outside of it can."""
    old = registry.folder.with_name("old")
    shutil.copytree(registry.folder, old)
    old.chmod(0o700)
    registry.revoke("notes.list")
    pinned = registry.head()
    shutil.rmtree(registry.folder)
    old.rename(registry.folder)
    assert refusal(lambda: reopened(registry, pinned=pinned)) == "registry-broken"


@pytest.mark.parametrize("how", ["gone", "unsigned", "another key"])
def test_the_head_is_signed(registry: Registry, how: str) -> None:
    path = registry.folder / "head.json"
    head = registry.head()
    match how:
        case "gone":
            path.unlink()
        case "unsigned":
            path.write_bytes(canonical({"hash": head.hash, "seq": head.seq}))
        case _:
            path.write_bytes(sealed(HEAD, {"hash": head.hash, "seq": head.seq}, Signer.new()))
    assert refusal(lambda: reopened(registry)) in {"registry-broken", "registry-key"}


# --------------------------------------------------------------------------------------------------- forgeries
def test_a_plan_cannot_be_added_without_the_key(registry: Registry) -> None:
    line = stranger_registers(registry, Signer.new())
    registry.log.path.write_bytes(rechained([*log_lines(registry), line]))
    again = reopened(registry)
    assert refusal(lambda: again.admit("notes.take")) == "registry-key"
    assert again.entries()[-1].event == "plan.denied"


def test_a_statement_of_another_plan_does_not_serve(registry: Registry) -> None:
    """The true envelope of one plan under the entry of another."""
    line = stranger_registers(registry, Signer.new())
    line["payload"]["envelope"] = registry.show("notes.list")[0].envelope
    registry.log.path.write_bytes(rechained([*log_lines(registry), line]))
    assert refusal(lambda: reopened(registry).admit("notes.take")) == "registry-broken"


def test_a_signed_statement_that_says_refuted_does_not_run(registry: Registry) -> None:
    """Even by a trusted key: unverified plans do not run."""
    assert registry.signer is not None
    line = stranger_registers(registry, registry.signer)
    envelope = opened(registry.objects.get(line["payload"]["envelope"]), STATEMENT, registry.trust, "")
    envelope["predicate"]["verdict"] = "refuted"
    line["payload"]["envelope"] = registry.objects.put(sealed(STATEMENT, envelope, registry.signer))
    registry.log.path.write_bytes(rechained([*log_lines(registry), line]))
    assert refusal(lambda: reopened(registry).admit("notes.take")) == "registry-broken"


def test_a_revoked_plan_cannot_be_registered_by_its_old_entry(registry: Registry) -> None:
    registry.revoke("notes.list")
    old = log_lines(registry)[1]
    for version in (1, 2):
        line = {**old, "payload": {**old["payload"], "version": version}}
        registry.log.path.write_bytes(rechained([*log_lines(registry)[:3], line]))
        assert run_again(registry) == "registry-broken", version


def test_a_schema_cannot_be_adopted_without_the_key(registry: Registry) -> None:
    first = log_lines(registry)[0]
    again = {**first, "payload": {**first["payload"], "epoch": 2}}
    registry.log.path.write_bytes(rechained([*log_lines(registry), again]))
    assert run_again(registry) in {"registry-broken", "registry-stale"}
    assert refusal(lambda: reopened(registry).register(compiled(LIST).contents)) == "registry-broken"

