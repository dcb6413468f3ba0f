"""Policies whose condition is always true or never: they look like protection and are none, or open nothing."""

from __future__ import annotations

from collections.abc import Iterator

from liq.model import codes
from liq.model.expr import Expr
from liq.model.schema import Operation, Policy
from liq_verifier.policies.ground import Ground
from liq_verifier.policies.probe import Probe
from liq_verifier.policies.question import Question, RowOf, Says
from liq_verifier.policy import TRUE


def probes(ground: Ground) -> Iterator[Probe]:
    """One probe for each condition of each policy."""
    for policy in ground.schema.policies:
        for word, expr in conditions(policy):
            yield from _condition(policy, word, expr)


def conditions(policy: Policy) -> tuple[tuple[str, Expr], ...]:
    """What a policy says of rows that are there, and of new ones where that differs."""
    found = (("using", policy.using), ("check", policy.check))
    return tuple((word, expr) for word, expr in found if expr is not None)


def _condition(policy: Policy, word: str, expr: Expr) -> Iterator[Probe]:
    rows = (RowOf(policy.table, word == "using"),)
    if expr == TRUE:
        if policy.operations == {Operation.READ} and not policy.restrictive:
            who = f"sessions of {', '.join(policy.roles)}" if policy.roles else "every session"
            said = f"policy {policy.name} lets {who} read every row of {policy.table}"
            yield Probe(codes.PUBLIC_READ, said, policy.table, policy)
        return
    does = "narrows nothing" if policy.restrictive else f"opens every row of {policy.table}"
    always = Probe(
        codes.ALWAYS_TRUE, f"policy {policy.name} {does}: its {word} is always true", policy.table, policy,
        "write true if that is meant",
        possible=(Question(rows, (Says(expr, 0),)),), never=(Question(rows, (Says(expr, 0, holds=False),)),),
    )  # fmt: skip
    does = f"closes {policy.table}" if policy.restrictive else "opens nothing"
    yield Probe(
        codes.NEVER_TRUE, f"policy {policy.name} on {policy.table} {does}: its {word} is never true",
        policy.table, policy, "a comparison with null, or parts that contradict each other, are never true",
        never=(Question(rows, (Says(expr, 0),)),), otherwise=always,
    )  # fmt: skip
