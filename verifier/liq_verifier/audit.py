"""Auditing: every obligation of a plan made again from plan and schema alone, solved again, and held against its
certificate. Nothing that the certificate says is taken on trust, and no database is needed.

With the encoder and the solver that made a certificate, it must be equal to the byte. With others, formulas, claims,
verdicts and everything assumed must be equal; the work that it took to solve them may differ.
"""

from __future__ import annotations

from collections.abc import Iterator

from attrs import frozen

from liq.model.codes import (
    AUDIT_BINDING,
    AUDIT_DIFFERS,
    AUDIT_ENCODER,
    AUDIT_MISSING,
    AUDIT_SOLVERS,
    NOT_PROVED,
    REFUTED,
)
from liq.model.diagnostics import Code, Diagnostic
from liq.model.document import PlanDocument, read_plan
from liq.model.json_text import DocumentError
from liq.model.schema import Schema
from liq.model.source import NO_SPAN
from liq_verifier import second_solver
from liq_verifier.certificate import Certificate, Proof, read_certificate
from liq_verifier.certify import Certified, certify
from liq_verifier.findings import findings

SAID_MAX = 20
"""Findings about single obligations of one plan; a certificate of something else would give hundreds."""


@frozen
class Audited:
    """One plan, audited. ``certified``: what was made again, where the plan could be read."""

    file: str
    name: str
    diagnostics: tuple[Diagnostic, ...]
    certified: Certified | None = None
    solvers: tuple[str, ...] = ()
    compared: int = 0

    @property
    def ok(self) -> bool:
        """Whether the plan is proved and its certificate true."""
        return not any(d.is_error for d in self.diagnostics)


def audit(plan_data: bytes | str, certificate_data: bytes | str | None, schema: Schema, file: str) -> Audited:
    """Audit a plan document and its certificate (None: there is no such file)."""
    try:
        plan = read_plan(plan_data, file)
    except DocumentError as error:
        return Audited(file, "", (error.diagnostic,))
    return audit_plan(plan, certificate_data, schema, file)


def audit_plan(plan: PlanDocument, certificate_data: bytes | str | None, schema: Schema, file: str) -> Audited:
    """Audit a plan that was read."""
    try:
        made = certify(plan, schema)
    except DocumentError as error:
        said = Diagnostic(AUDIT_BINDING, f"{plan.name}: {error.diagnostic.message}", NO_SPAN, file)
        return Audited(file, plan.name, (said,))
    complaints = [d for d in findings(made) if d.code in (REFUTED, NOT_PROVED)]
    given, unread = _certificate(certificate_data, plan.name, file)
    if unread is not None:
        complaints.append(unread)
    if given is not None:
        complaints += compare(given, made.certificate, plan.name, file)
    solvers, opinions = _second_opinions(made.certificate, plan.name, file)
    complaints += opinions
    return Audited(file, plan.name, tuple(complaints), made, solvers, len(made.certificate.obligations))


def _certificate(data: bytes | str | None, name: str, file: str) -> tuple[Certificate | None, Diagnostic | None]:
    if data is None:
        return None, Diagnostic(AUDIT_MISSING, f"{name}: there is no certificate beside the plan", NO_SPAN, file)
    try:
        return read_certificate(data, file), None
    except DocumentError as error:
        return None, Diagnostic(AUDIT_MISSING, f"{name}: the certificate: {error.diagnostic.message}", NO_SPAN, file)


# --------------------------------------------------------------------------------------------------- comparing
def compare(given: Certificate, made: Certificate, name: str, file: str) -> Iterator[Diagnostic]:
    """What a certificate says otherwise than the one made again. Nothing: it may be believed."""

    def finding(code: Code, message: str) -> Diagnostic:
        return Diagnostic(code, f"{name}: {message}", NO_SPAN, file)

    bound = [
        finding(AUDIT_BINDING, f"the certificate is of another {what}")
        for what, one, two in (
            ("plan", given.plan_id, made.plan_id),
            ("schema", given.schema_epoch, made.schema_epoch),
            ("set of policies", given.policies, made.policies),
        )
        if one != two
    ]
    yield from bound
    if bound:
        return
    same_maker = (given.encoder, given.solver) == (made.encoder, made.solver)
    if not same_maker:
        yield finding(AUDIT_ENCODER, f"made by encoder {given.encoder.version} ({given.encoder.source[7:19]}…) with "
                                     f"{given.solver.name}; audited with {made.solver.name}")  # fmt: skip
    said = [finding(AUDIT_DIFFERS, message) for message in _differences(given, made)]
    yield from said
    if same_maker and not said and given.data != made.data:
        yield finding(AUDIT_DIFFERS, "the work that the certificate records is not the work that it takes")


def _differences(given: Certificate, made: Certificate) -> list[str]:
    said = [
        f"{what} are not those of the plan and the schema"
        for what, one, two in (
            ("assumptions", given.assumes, made.assumes),
            ("preconditions", given.preconditions, made.preconditions),
            ("channels", given.channels, made.channels),
            ("warnings", given.warnings, made.warnings),
            ("exclusions", given.excludes, made.excludes),
        )
        if one != two
    ]
    if given.verdict != made.verdict:
        said.append(f"the certificate says {given.verdict}, and the plan is {made.verdict}")
    theirs = {proof.id: proof for proof in given.obligations}
    ours = {proof.id: proof for proof in made.obligations}
    said += [f"the certificate has no obligation {id_}" for id_ in ours if id_ not in theirs]
    said += [f"the plan has no obligation {_short(id_)}" for id_ in theirs if id_ not in ours]
    said += [f"{id_}: {part} differs" for id_, proof in ours.items() if id_ in theirs
             for part in _parts(theirs[id_], proof)]  # fmt: skip
    if not said and [p.id for p in given.obligations] != [p.id for p in made.obligations]:
        said.append("the obligations stand in another order, or twice")
    more = len(said) - SAID_MAX
    return said if more <= 0 else [*said[:SAID_MAX], f"and {more} differences more"]


def _parts(given: Proof, made: Proof) -> Iterator[str]:
    for part in ("kind", "about", "claim", "verdict", "method", "reason", "formula", "answer"):
        if getattr(given, part) != getattr(made, part):
            yield f"the {part}"


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:60] + "…"


# --------------------------------------------------------------------------------------------------- solving
def _second_opinions(made: Certificate, name: str, file: str) -> tuple[tuple[str, ...], list[Diagnostic]]:
    """The solvers that were asked, and where the second one does not confirm the first."""
    first = made.solver.name
    if not second_solver.available():
        return (first,), []
    said: list[Diagnostic] = []
    known: dict[str, second_solver.Opinion] = {}
    for proof in made.obligations:
        if proof.formula is None:
            continue
        if proof.formula not in known:
            known[proof.formula] = second_solver.opinion(made.formulas[proof.formula])
        found = known[proof.formula]
        if found.verdict != proof.answer:
            reason = f" ({found.reason})" if found.reason else ""
            message = f"{name}: {proof.id}: {first} says {proof.answer}, cvc5 says {found.verdict}{reason}"
            said.append(Diagnostic(AUDIT_SOLVERS, message, NO_SPAN, file))
    return (first, second_solver.version()), said

