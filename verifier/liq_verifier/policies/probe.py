"""What one check asks about one table or policy, as a value; nothing here solves anything."""

from __future__ import annotations

from attrs import frozen

from liq.model.diagnostics import Code
from liq.model.schema import Policy
from liq_verifier.policies.answer import Seen
from liq_verifier.policies.question import Question


@frozen
class Probe:
    """A finding, if every question of ``possible`` has rows and none of ``never`` has.

    ``otherwise`` is asked where this is no finding. Without questions it is one for what the schema's text says.
    """

    code: Code
    message: str
    table: str
    policy: Policy | None = None
    help: str | None = None
    possible: tuple[Question, ...] = ()
    never: tuple[Question, ...] = ()
    otherwise: Probe | None = None


@frozen
class Finding:
    """A probe that found something; ``seen``: rows and sessions that show it on ``liq.reference``.

    ``proofs`` are hashes of the formulas that were refuted for it.
    """

    probe: Probe
    seen: Seen | None = None
    proofs: tuple[str, ...] = ()


@frozen
class Undecided:
    """A probe that was neither answered yes nor no."""

    probe: Probe
    reason: str
