"""Verdicts for programs: ``liq.verification/1``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from liq.cli.verdict_view import plain
from liq.model.source import Source
from liq.render.machine import diagnostic_json

if TYPE_CHECKING:
    from liq.model.diagnostics import Diagnostic
    from liq_verifier import Certified, Obligation, Witness

FORMAT = "liq.verification/1"


def certified_json(
    found: Certified, repaired: Mapping[str, str], diagnostics: Sequence[Diagnostic], sources: Mapping[str, Source]
) -> dict[str, Any]:
    """A plan's verdict with everything that led to it."""
    certificate = found.certificate
    return {
        "plan": found.plan.name,
        "plan_id": found.plan.plan_id,
        "verdict": found.verification.verdict.value,
        "certificate": certificate.certificate,
        "obligations": [_obligation(o, repaired) for o in found.verification.obligations],
        "assumes": list(certificate.assumes),
        "preconditions": list(certificate.preconditions),
        "channels": list(certificate.channels),
        "excludes": list(certificate.excludes),
        "diagnostics": [diagnostic_json(each, sources) for each in diagnostics],
    }


def _obligation(obligation: Obligation, repaired: Mapping[str, str]) -> dict[str, Any]:
    solved = obligation.solved
    return {
        "id": obligation.id,
        "kind": obligation.kind.value,
        "about": obligation.about,
        "claim": obligation.claim,
        "verdict": obligation.verdict.value,
        "reason": obligation.reason,
        "method": "structure" if solved is None else solved.fragment,
        "formula": None if solved is None else solved.sha256,
        "answer": None if solved is None else solved.answer,
        "witness": None if obligation.witness is None else _witness(obligation.witness),
        "repair": repaired.get(obligation.id),
    }


def _witness(found: Witness) -> dict[str, Any]:
    return {
        "claims": {name: plain(value) for name, value in found.claims.items()},
        "params": {name: plain(value) for name, value in found.params.items()},
        "tables": {name: [_row(row) for row in rows] for name, rows in found.tables.items()},
        "hidden": {"table": found.table, "row": _row(found.hidden)},
        "answer": _answer(found.with_row),
        "answer_without_hidden_row": _answer(found.without_row),
    }


def _row(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: plain(value) for name, value in row.items()}


def _answer(answer: tuple[tuple[Any, ...], ...] | str) -> Any:
    return answer if isinstance(answer, str) else [[plain(value) for value in row] for row in answer]
