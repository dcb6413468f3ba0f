"""Verifications as diagnostics: what SARIF, GitHub and editors show of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from liq.model.codes import CHANNEL_USED, NOT_PROVED, REFUTED, VACUOUS
from liq.model.diagnostics import Diagnostic, Label
from liq.model.source import NO_SPAN, Span
from liq_verifier.blame import place, unsatisfied
from liq_verifier.certify import Certified
from liq_verifier.obligation import Obligation, Verdict


def findings(found: Certified, repaired: Mapping[str, str] | None = None) -> tuple[Diagnostic, ...]:
    """A finding for each place that is not proved (the same claim of several SQL texts is said once), then notes."""
    plan = found.plan
    result: dict[tuple[str, Span], Diagnostic] = {}
    for obligation in found.verification.failed:
        diagnostic = _finding(obligation, found, repaired or {})
        result.setdefault((diagnostic.message, diagnostic.span), diagnostic)
    return (*result.values(), *_notes(found, plan.source.span, plan.source.name))


def _finding(obligation: Obligation, found: Certified, repaired: Mapping[str, str]) -> Diagnostic:
    plan, witness = found.plan, obligation.witness
    repair = repaired.get(obligation.id)
    table = obligation.about.split(" ")[-1]
    message = f"{plan.name}: {obligation.verdict.value}: {table}: {obligation.claim}"
    advice = f"{repair} would prove it, if everybody may know" if repair is not None else None
    if obligation.verdict is not Verdict.REFUTED or witness is None:
        return Diagnostic(
            NOT_PROVED, f"{message}: {obligation.reason}", place(obligation, plan), plan.source.name, help=advice
        )
    reasons = unsatisfied(witness, plan, found.schema)
    if reasons and advice is None:
        advice = f"the row of {witness.table} that matters is hidden: {'; '.join(reasons)}"
    labels = () if obligation.span == NO_SPAN else (Label(obligation.span, "decided by this"),)
    return Diagnostic(REFUTED, message, place(obligation, plan), plan.source.name, labels, help=advice)


def _notes(found: Certified, span: Span, file: str) -> Iterator[Diagnostic]:
    for warning in found.verification.warnings:
        yield Diagnostic(VACUOUS, f"{found.plan.name}: {warning}", span, file)
    for channel in found.verification.channels:
        yield Diagnostic(CHANNEL_USED, f"{found.plan.name}: uses channel {channel}", span, file)
