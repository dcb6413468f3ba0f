"""What a proof leaves behind: every obligation with its formula, so that anybody can make the formulas again and solve
them. ``NAME.cert.json`` beside a plan, format ``liq.certificate/1``.

A certificate is evidence, never an input of a decision: whoever registers a plan makes the obligations again. Its bytes
follow from plan, schema, encoder and solver alone.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

import attrs
from attrs import field, frozen

from liq.model.codec import ir_codec
from liq.model.codes import DOCUMENT_FORMAT, DOCUMENT_HASH, DOCUMENT_LIMIT, DOCUMENT_SHAPE
from liq.model.document import PlanDocument, digest, schema_epoch
from liq.model.json_text import canonical, canonical_object, parse, refuse, shown
from liq.model.schema import Schema
from liq.model.stack import stack_room
from liq_verifier.assumptions import assumptions
from liq_verifier.obligation import Obligation, Verdict, Verification
from liq_verifier.solver import RLIMIT, SEED, version

FORMAT = "liq.certificate/1"
EXCLUDES = (
    "timing", "plan choice and statistics", "lock waits", "gaps in numbered columns", "physical order of rows",
    "a policy that says something else than its author meant", "claims that the host gets wrong",
)  # fmt: skip
"""What is not proved of any plan."""
ENCODER = 1
STRUCTURE = "structure"
"""The method of an obligation that the shape of the plan decides: there is nothing to solve."""
_CODEC = ir_codec()


@frozen
class Proof:
    """One obligation. ``formula``: the SHA-256 of its SMT-LIB text, by which ``Certificate.formulas`` holds it."""

    id: str
    kind: str
    about: str
    claim: str
    verdict: str
    method: str = STRUCTURE
    reason: str = ""
    formula: str | None = None
    answer: str | None = None
    used: int = 0


@frozen
class EncoderStamp:
    """Which encoder made the formulas: its version, and the hash of its source."""

    version: int
    source: str


@frozen
class SolverStamp:
    """What solved them, and under which bounds."""

    name: str
    seed: int
    rlimit: int


@frozen(slots=False)
class Certificate:
    """The evidence for one plan under one schema. ``data`` are its canonical bytes, ``certificate`` their hash."""

    plan_id: str
    schema_epoch: str
    policies: str
    verdict: str
    encoder: EncoderStamp
    solver: SolverStamp
    obligations: tuple[Proof, ...]
    formulas: dict[str, str] = field(repr=False)
    assumes: tuple[str, ...]
    preconditions: tuple[str, ...]
    channels: tuple[str, ...]
    warnings: tuple[str, ...]
    excludes: tuple[str, ...] = EXCLUDES
    certificate: str = field(default="", eq=False)
    data: bytes = field(default=b"", eq=False, repr=False)


_MEMBERS = {a.name: a.type for a in attrs.fields(Certificate) if a.name not in ("certificate", "data")}
_KINDS = {
    name: {
        "EncoderStamp": EncoderStamp, "SolverStamp": SolverStamp, "tuple[Proof, ...]": tuple[Proof, ...],
        "tuple[str, ...]": tuple[str, ...], "dict[str, str]": dict[str, str], "str": str,
    }[str(annotation)]
    for name, annotation in _MEMBERS.items()
}  # fmt: skip
"""Every member of the document; beside them stand ``format`` and ``certificate``."""


def certificate(verification: Verification, plan: PlanDocument, schema: Schema) -> Certificate:
    """The certificate of a verification, whatever its verdict."""
    solved = [o.solved for o in verification.obligations if o.solved is not None]
    with stack_room():
        return _sealed(Certificate(
            plan_id=plan.plan_id,
            schema_epoch=schema_epoch(schema),
            policies=policies_hash(schema),
            verdict=verification.verdict.value,
            encoder=EncoderStamp(ENCODER, encoder_hash()),
            solver=SolverStamp(version(), SEED, RLIMIT),
            obligations=tuple(_proof(o) for o in verification.obligations),
            formulas={each.sha256: each.smt2 for each in solved},
            assumes=assumptions(plan.physical, schema),
            preconditions=tuple(each.message for each in plan.query.preconditions),
            channels=verification.channels,
            warnings=verification.warnings,
        ))  # fmt: skip


def _proof(obligation: Obligation) -> Proof:
    solved = obligation.solved
    common = (
        obligation.id, obligation.kind.value, obligation.about, obligation.claim, obligation.verdict.value,
    )  # fmt: skip
    if solved is None:
        return Proof(*common, reason=obligation.reason)
    return Proof(*common, solved.fragment, obligation.reason, solved.sha256, solved.answer, solved.rlimit)


def policies_hash(schema: Schema) -> str:
    """The hash of what says who may do what: policies, claims, roles, channels."""
    kept = Schema(policies=schema.policies, claims=schema.claims, roles=schema.roles, channels=schema.channels)
    return schema_epoch(kept)


@cache
def encoder_hash() -> str:
    """The hash of the verifier's own source: another encoder makes other formulas."""
    found = hashlib.sha256()
    here = Path(__file__).parent
    for path in sorted(here.rglob("*.py")):
        found.update(path.relative_to(here).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return f"sha256:{found.hexdigest()}"


def is_proof(found: Certificate) -> bool:
    """Whether everything is proved."""
    return bool(found.obligations) and all(p.verdict == Verdict.PROVED.value for p in found.obligations)


# --------------------------------------------------------------------------------------------------- the document
def _sealed(found: Certificate) -> Certificate:
    members = {name: canonical(_CODEC.encode(kind, getattr(found, name))) for name, kind in _KINDS.items()}
    members["format"] = canonical(FORMAT)
    own = digest(canonical_object(members))
    members["certificate"] = canonical(own)
    return attrs.evolve(found, certificate=own, data=canonical_object(members))


def read_certificate(data: bytes | str, file: str = "") -> Certificate:
    """The certificate of a document, or ``DocumentError``: closed-world, and whole by its own hashes.

    That it belongs to a plan, and that its claims hold, is the business of ``audit``.
    """
    try:
        with stack_room():
            return _read(data, file)
    except RecursionError:
        refuse(DOCUMENT_LIMIT, "the certificate nests too deeply", file=file)


def _read(data: bytes | str, file: str) -> Certificate:
    raw = parse(data, file)
    if not isinstance(raw, dict):
        refuse(DOCUMENT_SHAPE, "a document is an object", file=file)
    if raw.get("format") != FORMAT:
        refuse(DOCUMENT_FORMAT, f"expected a document of format {FORMAT}", file=file)
    for name in sorted(raw.keys() ^ {*_KINDS, "format", "certificate"}):
        has = "has no member" if name in raw else "needs the member"
        refuse(DOCUMENT_SHAPE, f"a certificate {has} {shown(name)}", file=file)
    values = {name: _CODEC.decode(kind, raw[name], file, root=name) for name, kind in _KINDS.items()}
    found = _sealed(Certificate(**values))
    if raw["certificate"] != found.certificate:
        refuse(DOCUMENT_HASH, "certificate is not the hash of the content", file=file)
    _check_formulas(found, file)
    return found


def _check_formulas(found: Certificate, file: str) -> None:
    for sha256, text in found.formulas.items():
        if hashlib.sha256(text.encode()).hexdigest() != sha256:
            refuse(DOCUMENT_HASH, f"the formula {sha256[:12]}… is not the text of its hash", file=file)
    named = {proof.formula for proof in found.obligations if proof.formula is not None}
    if named != found.formulas.keys():
        refuse(DOCUMENT_SHAPE, "the formulas are not those that the obligations name", file=file)
