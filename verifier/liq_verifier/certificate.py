"""What a proof leaves behind: every obligation with its text, so that anybody can make the texts again and solve
them."""

from __future__ import annotations

import base64
import hashlib
import zlib
from pathlib import Path

from attrs import frozen

from liq_verifier.obligation import Obligation, Verdict, Verification
from liq_verifier.solver import RLIMIT, SEED, version

EXCLUDES = (
    "timing", "plan choice and statistics", "lock waits", "gaps in numbered columns", "physical order of rows",
    "a policy that says something else than its author meant", "claims that the host gets wrong",
)  # fmt: skip
"""What is not proved of any plan."""
ENCODER = 1


@frozen
class Proof:
    """One obligation. Formulas are compressed SMT-LIB text; structural ones have none."""

    id: str
    kind: str
    claim: str
    verdict: str
    fragment: str
    sha256: str
    smt2: str
    rlimit_used: int


@frozen
class Certificate:
    """The evidence for one plan. Never an input of a decision: whoever registers a plan makes the obligations again."""

    format: str
    verdict: str
    encoder: int
    encoder_sha256: str
    solver: str
    seed: int
    rlimit: int
    obligations: tuple[Proof, ...]
    assumes: tuple[str, ...]
    channels: tuple[str, ...]
    excludes: tuple[str, ...] = EXCLUDES


def certificate(verification: Verification) -> Certificate:
    """The certificate of a verification, whatever its verdict."""
    return Certificate(
        "liq.certificate/1",
        verification.verdict.value,
        ENCODER,
        encoder_hash(),
        version(),
        SEED,
        RLIMIT,
        tuple(_proof(o) for o in verification.obligations),
        verification.assumes,
        verification.channels,
    )


def _proof(obligation: Obligation) -> Proof:
    solved = obligation.solved
    if solved is None:
        reason = f"{obligation.claim}: {obligation.reason}" if obligation.reason else obligation.claim
        return Proof(obligation.id, obligation.kind.value, reason, obligation.verdict.value, "structural", "", "", 0)
    packed = base64.b64encode(zlib.compress(solved.smt2.encode(), 9)).decode()
    return Proof(
        obligation.id,
        obligation.kind.value,
        obligation.claim,
        obligation.verdict.value,
        solved.fragment,
        solved.sha256,
        packed,
        solved.rlimit,
    )


def unpacked(proof: Proof) -> str:
    """The SMT-LIB text of a proof."""
    return zlib.decompress(base64.b64decode(proof.smt2)).decode()


def agrees(first: Certificate, second: Certificate) -> bool:
    """Whether two certificates speak of the same formulas: that of a plan at hand, made again, and one from
    elsewhere."""
    return [(p.id, p.sha256) for p in first.obligations] == [(p.id, p.sha256) for p in second.obligations]


def is_proof(found: Certificate) -> bool:
    """Whether everything is proved."""
    return bool(found.obligations) and all(p.verdict == Verdict.PROVED.value for p in found.obligations)


def encoder_hash() -> str:
    """The hash of the verifier's own source: another encoder makes other formulas."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()
