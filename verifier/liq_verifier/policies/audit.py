"""Every check of a schema's policies, asked and answered."""

from __future__ import annotations

from collections.abc import Iterator

from attrs import frozen

from liq.model.schema import Schema
from liq_verifier.policies import (
    caller_claims,
    constant_policies,
    foreign_parents,
    memberships,
    moved_rows,
    null_sessions,
    open_tables,
    redundant_policies,
    refused_writes,
    tenant_isolation,
)
from liq_verifier.policies.answer import Answers, Never, Open, Seen
from liq_verifier.policies.ground import ground
from liq_verifier.policies.probe import Finding, Probe, Undecided

CHECKS = (
    open_tables, constant_policies, redundant_policies, null_sessions, tenant_isolation, moved_rows, foreign_parents,
    refused_writes, memberships, caller_claims,
)  # fmt: skip


@frozen
class Audit:
    """What was found, what could not be decided, and by what tenants were told apart."""

    findings: tuple[Finding, ...]
    undecided: tuple[Undecided, ...]
    tenants: tuple[str, ...]


def audit(schema: Schema, *, settings: bool = False, tenants: tuple[str, ...] = ()) -> Audit:
    """Put every check to a schema. ``settings``: claims are settings that any SQL session can set."""
    base = ground(schema, settings=settings, tenants=tenants)
    answers = Answers(schema)
    results = [r for check in CHECKS for probe in check.probes(base) for r in judge(probe, answers)]
    return Audit(
        tuple(r for r in results if isinstance(r, Finding)),
        tuple(r for r in results if isinstance(r, Undecided)),
        tuple(t.said for t in base.tenancies),
    )


def judge(probe: Probe, answers: Answers) -> Iterator[Finding | Undecided]:
    """A finding, nothing, or that it could not be decided; then what the probe asks otherwise."""
    seen: Seen | None = None
    proofs: list[str] = []
    for question, wanted in (*((q, Seen) for q in probe.possible), *((q, Never) for q in probe.never)):
        match answers.ask(question), wanted:
            case Open(reason), _:
                yield Undecided(probe, reason)
                return
            case Seen() as found, kind if kind is Seen:
                seen = found
            case Never(sha256), kind if kind is Never:
                proofs.append(sha256)
            case _:
                if probe.otherwise is not None:
                    yield from judge(probe.otherwise, answers)
                return
    yield Finding(probe, seen, tuple(proofs))
