"""Null session traps: a row that a session reaches because a claim is missing, and would not with the claim there."""

from __future__ import annotations

from collections.abc import Iterator

from liq.model import codes
from liq.model.expr import ClaimRef
from liq.model.node import walk
from liq.model.schema import Policy, Schema
from liq.model.types import Json
from liq_verifier.policies.constant_policies import conditions
from liq_verifier.policies.ground import Ground, alike, given, missing, other
from liq_verifier.policies.probe import Probe
from liq_verifier.policies.question import Question, RowOf, Says


def probes(ground: Ground) -> Iterator[Probe]:
    """One probe for each claim that a permissive policy speaks of and that may be null."""
    for policy in ground.schema.policies:
        if policy.restrictive:
            continue
        for word, expr in conditions(policy):
            used = {n.name: n for n in walk(expr) if isinstance(n, ClaimRef)}
            for claim in used.values():
                if ground.schema.claim_by_name[claim.name].nullable and not isinstance(claim.type, Json):
                    yield _trap(ground.schema, policy, word, claim, used)


def _trap(schema: Schema, policy: Policy, word: str, claim: ClaimRef, used: dict[str, ClaimRef]) -> Probe:
    expr = dict(conditions(policy))[word]
    claim = ClaimRef(claim.name, claim.type, True)
    others = [ref for ref in used.values() if ref.name != claim.name and not isinstance(ref.type, Json)]
    others = [ClaimRef(r.name, r.type, schema.claim_by_name[r.name].nullable) for r in others]
    says = (
        Says(missing(claim)), Says(given(other(claim))), *(Says(alike(ref)) for ref in others),
        Says(expr, 0), Says(expr, 0, 1, holds=False),
    )  # fmt: skip
    what = "reach" if word == "using" else "write"
    said = f"policy {policy.name} lets a session without @{claim.name} {what} rows of {policy.table}"
    return Probe(
        codes.NULL_SESSION, said, policy.table, policy, f"add `@{claim.name} is not null and …`",
        possible=(Question((RowOf(policy.table, word == "using"),), says),),
    )  # fmt: skip
