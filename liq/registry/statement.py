"""What is signed: in-toto statements that a plan was proved here, or that a schema is the current one."""

from __future__ import annotations

from typing import Any

from attrs import frozen

from liq.model.codes import REGISTRY_BROKEN
from liq.model.document import schema_epoch
from liq.model.json_text import Json
from liq.model.schema import Schema
from liq.registry.refusal import refuse
from liq.registry.state import State, Version
from liq_verifier import Certified
from liq_verifier.certificate import policies_hash

TYPE = "https://in-toto.io/Statement/v1"
REGISTRATION = "urn:liq:registration:1"
ADOPTION = "urn:liq:schema-adoption:1"


@frozen
class Numbers:
    """Where in the registry something stands."""

    version: int
    epoch: int


def registration(found: Certified, numbers: Numbers, document: str, certificate: str) -> Json:
    """The statement that a plan was proved for the current schema. ``document``, ``certificate``: names of objects."""
    plan, proof = found.plan, found.certificate
    return _statement(REGISTRATION, plan.name, document, {
        "certificate": certificate,
        "compiler": plan.compiler,
        "encoder": proof.encoder.source,
        "epoch": numbers.epoch,
        "obligations": len(proof.obligations),
        "plan_id": plan.plan_id,
        "policies": proof.policies,
        "schema_epoch": proof.schema_epoch,
        "solver": proof.solver.name,
        "verdict": proof.verdict,
        "version": numbers.version,
    })  # fmt: skip


def adoption(schema: Schema, document: str, epoch: int) -> Json:
    """The statement that a schema is current from here on."""
    return _statement(ADOPTION, "schema", document, {
        "epoch": epoch, "policies": policies_hash(schema), "schema_epoch": schema_epoch(schema),
    })  # fmt: skip


def _statement(kind: str, name: str, document: str, predicate: dict[str, Any]) -> Json:
    return {
        "_type": TYPE,
        "predicate": predicate,
        "predicateType": kind,
        "subject": [{"digest": {"sha256": document}, "name": name}],
    }


def check_registration(value: dict[str, Any], version: Version, state: State, epoch_hash: str) -> None:
    """Refuse a statement that is not that of this version under the current schema."""
    predicate = _predicate(value, REGISTRATION, version.name, version.document, version.label)
    expected = {
        "certificate": version.certificate, "epoch": state.epoch, "plan_id": version.plan_id,
        "schema_epoch": epoch_hash, "verdict": "proved", "version": version.version,
    }  # fmt: skip
    for name, wanted in expected.items():
        if predicate.get(name) != wanted or type(predicate.get(name)) is not type(wanted):
            refuse(REGISTRY_BROKEN, f"{version.label}: the signed {name} is another one")


def check_adoption(value: dict[str, Any], schema: Schema, state: State) -> None:
    """Refuse a statement that is not that of the current schema."""
    predicate = _predicate(value, ADOPTION, "schema", state.schema, "the schema")
    if predicate.get("epoch") != state.epoch or predicate.get("schema_epoch") != schema_epoch(schema):
        refuse(REGISTRY_BROKEN, "the signed schema is another one")


def _predicate(value: dict[str, Any], kind: str, name: str, document: str, what: str) -> dict[str, Any]:
    subject = [{"digest": {"sha256": document}, "name": name}]
    fits = value.keys() == {"_type", "predicate", "predicateType", "subject"}
    if not fits or value["_type"] != TYPE or value["predicateType"] != kind or value["subject"] != subject:
        refuse(REGISTRY_BROKEN, f"{what}: what is signed is about something else")
    predicate = value["predicate"]
    if not isinstance(predicate, dict):
        refuse(REGISTRY_BROKEN, f"{what}: what is signed is about something else")
    return predicate

