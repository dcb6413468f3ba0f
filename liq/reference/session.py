"""The claims of a call: what the verified token holds at each claim's path, else the claim's default."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from liq.model.errors import ErrorKind, LiqError
from liq.model.schema import Claim
from liq.model.values import Value
from liq.reference.expressions import evaluate
from liq.reference.inputs import from_claim
from liq.reference.machine import Machine


def open_session(claims: Sequence[Claim], document: Mapping[str, object], machine: Machine) -> None:
    """Give the machine its claims, in declared order (a default may use the claims before it), or refuse the call."""
    for claim in claims:
        machine.claims[claim.name] = _claim(claim, document, machine)


def _claim(claim: Claim, document: Mapping[str, object], machine: Machine) -> Value:
    raw = _at(document, claim.path or claim.name)
    if raw is not None:
        try:
            value = from_claim(raw, claim.type)
        except LiqError as error:
            raise LiqError(ErrorKind.CLAIM, f"claim {claim.name} cannot be converted to {claim.type}") from error
    else:
        value = None if claim.default is None else _default(claim, machine)
    if value is None and not claim.nullable:
        raise LiqError(ErrorKind.CLAIM, f"claim {claim.name} is missing")
    return value


def _default(claim: Claim, machine: Machine) -> Value:
    """The default, made once per call over bare tables."""
    assert claim.default is not None
    with machine.aside() as journal:
        value = evaluate(claim.default, {}, machine)
    if journal.first is not None:
        raise LiqError(ErrorKind.CLAIM, f"the default of claim {claim.name} cannot be computed")
    return value


def _at(document: Mapping[str, object], path: str) -> object:
    """What stands at a path of names with dots between; nothing when a step leads nowhere."""
    found: object = document
    for name in path.split("."):
        if not isinstance(found, Mapping):
            return None
        found = found.get(name)
    return found
