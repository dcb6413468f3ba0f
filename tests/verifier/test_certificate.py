"""Certificates: bound to what they prove, the same bytes every time, refused when touched; the audit trusts none."""

from __future__ import annotations

import json

import attrs
import pytest

from liq.model.json_text import DocumentError, canonical
from liq.model.schema import Schema
from liq_verifier import Verdict, certify, read_certificate
from liq_verifier.audit import audit, compare
from liq_verifier.certificate import is_proof, policies_hash
from liq_verifier.repair import repairs
from tests.verifier.workshop import ADD, LIST, NOTES, TAKE, certified, compiled, notes_schema, resealed, tampered


def codes(plan: bytes, certificate: bytes | None, schema: Schema | None = None) -> list[str]:
    return [d.code.name for d in audit(plan, certificate, schema or notes_schema(), "a.plan.json").diagnostics]


# --------------------------------------------------------------------------------------------------- making
@pytest.mark.parametrize("text", [LIST, ADD, TAKE])
def test_a_certificate_reads_back(text: str) -> None:
    made = certified(text).certificate
    assert read_certificate(made.data) == made
    assert read_certificate(made.data).data == made.data


def test_a_certificate_is_bound_to_plan_schema_and_policies() -> None:
    found = certified()
    assert found.proved and is_proof(found.certificate)
    assert found.certificate.plan_id == found.plan.plan_id
    assert found.certificate.schema_epoch == found.plan.schema_epoch
    assert found.certificate.policies == policies_hash(notes_schema())
    assert "notes: primary key (id)" in found.certificate.assumes
    assert "claim uid is not null" in found.certificate.assumes
    assert "timing" in found.certificate.excludes


def test_preconditions_stand_in_the_certificate() -> None:
    (said,) = certified(ADD).certificate.preconditions
    assert "title" in said


def test_the_policies_hash_speaks_of_policies_alone() -> None:
    schema = notes_schema()
    assert policies_hash(attrs.evolve(schema, tables=())) == policies_hash(schema)
    assert policies_hash(attrs.evolve(schema, policies=())) != policies_hash(schema)


def test_the_same_plan_has_the_same_certificate() -> None:
    again = certify(compiled().contents, notes_schema()).certificate
    assert again.data == certified().certificate.data


def test_comments_do_not_change_a_certificate() -> None:
    """It is bound to what runs."""
    other = certify(compiled(f"-- a comment\n{LIST}").contents, notes_schema()).certificate
    assert other.data == certified().certificate.data


def test_every_formula_has_its_text() -> None:
    made = certified().certificate
    assert {p.formula for p in made.obligations if p.formula} == made.formulas.keys() != set()
    assert all("(check-sat)" in text for text in made.formulas.values())


def test_a_plan_of_another_schema_is_refused() -> None:
    with pytest.raises(DocumentError, match="another schema"):
        certify(compiled().contents, attrs.evolve(notes_schema(), policies=()))


# --------------------------------------------------------------------------------------------------- reading
@pytest.mark.parametrize("text", ["", "[]", "{}", "null", '{"format": "liq.plan/1"}', "[" * 5000])
def test_what_is_no_certificate_is_refused(text: str) -> None:
    with pytest.raises(DocumentError):
        read_certificate(text)


@pytest.mark.parametrize("change", [{"more": 1}, {"verdict": None}, {"obligations": {}}, {"formulas": {"x": "y"}}])
def test_the_world_of_a_certificate_is_closed(change: dict[str, object]) -> None:
    tree = json.loads(certified().certificate.data) | change
    with pytest.raises(DocumentError):
        read_certificate(canonical(tree))


def test_no_byte_of_a_certificate_can_change_alone() -> None:
    refused = 0
    for what, tree in tampered(certified().certificate.data):
        with pytest.raises(DocumentError):
            read_certificate(canonical(tree)), what
        refused += 1
    assert refused > 80


# --------------------------------------------------------------------------------------------------- auditing
def test_the_audit_confirms_what_is_true() -> None:
    for text in (LIST, ADD):
        found = certified(text)
        assert codes(found.plan.data, found.certificate.data) == []


def test_no_certificate_with_fitting_hashes_is_accepted_but_the_true_one() -> None:
    made = certified().certificate
    accepted = []
    for what, tree in tampered(made.data):
        try:
            given = read_certificate(resealed(tree, of="certificate"))
        except DocumentError:
            continue
        if not list(compare(given, made, "notes.list", "")) and given.data != made.data:
            accepted.append(what)
    assert accepted == []


def test_no_plan_with_fitting_hashes_goes_with_the_certificate() -> None:
    """What runs and what is promised is under ``plan_id``; the rest (texts for people) may change."""
    found, accepted, tried = certified(), [], 0
    for what, tree in tampered(found.plan.data):
        if what.split("/")[0].split(":")[0] not in ("physical", "sql", "bounds", "claims", "effects", "result", "schema_epoch"):
            continue
        tried += 1
        if not codes(resealed(tree, of="plan"), found.certificate.data):
            accepted.append(what)
    assert tried > 120
    assert accepted == []


def test_an_ir_that_is_not_the_plan_is_found() -> None:
    """``plan_id`` does not cover the IR that a reviewer reads: O9 does."""
    found = certified()
    tree = json.loads(found.plan.data)
    other = json.loads(compiled(LIST.replace("order id", "order title, id")).document)
    tree["ir"] = other["ir"]
    assert "not-proved" in codes(resealed(tree, of="plan"), found.certificate.data)


def test_a_certificate_of_another_plan_is_found() -> None:
    assert codes(certified(LIST).plan.data, certified(ADD).certificate.data) == ["audit-binding"]


def test_a_missing_certificate_is_found() -> None:
    assert codes(certified().plan.data, None) == ["audit-missing"]


def test_other_policies_are_found() -> None:
    wider = attrs.evolve(notes_schema(), policies=())
    assert codes(certified().plan.data, certified().certificate.data, wider) == ["audit-binding"]


def test_a_refuted_plan_stays_refuted_whatever_its_certificate_says() -> None:
    found = certified(TAKE)
    assert found.verification.verdict is Verdict.REFUTED
    tree = json.loads(found.certificate.data)
    tree["verdict"] = "proved"
    for proof in tree["obligations"]:
        proof["verdict"] = "proved"
        if "answer" in proof:
            proof["answer"] = "unsat"
    forged = resealed(tree, of="certificate")
    assert is_proof(read_certificate(forged))
    said = codes(found.plan.data, forged)
    assert "refuted" in said
    assert "audit-differs" in said


def test_another_encoder_is_a_warning_and_its_formulas_are_compared() -> None:
    found = certified()
    tree = json.loads(found.certificate.data)
    tree["solver"]["name"] = "z3 0.0.1"
    assert codes(found.plan.data, resealed(tree, of="certificate")) == ["audit-encoder"]
    tree["obligations"][0]["claim"] = "all is well"
    assert codes(found.plan.data, resealed(tree, of="certificate")) == ["audit-encoder", "audit-differs"]


# --------------------------------------------------------------------------------------------------- repairs
def test_a_repair_proves() -> None:
    found = certified(TAKE)
    fixes = set(repairs(found.verification, found.plan, found.schema).values())
    assert fixes == {"channel exists(notes.id)"}
    repaired = compiled(TAKE, f"{NOTES}\nchannel exists(notes.id)\n")
    again = certify(repaired.contents, repaired.schema)
    assert again.proved
    assert again.certificate.channels == ("exists(notes.id)",)
