"""Policies that could go: others open all that they open, or they let through all that the others leave."""

from __future__ import annotations

from collections.abc import Iterator

from liq.model import codes
from liq.model.expr import Expr, disjunction
from liq.model.schema import Operation, Policy
from liq_verifier.fingerprint import fingerprint
from liq_verifier.policies.constant_policies import conditions
from liq_verifier.policies.ground import Ground
from liq_verifier.policies.probe import Probe
from liq_verifier.policies.question import Question, RowOf, Says
from liq_verifier.policy import FALSE, TRUE, all_of, narrows, opens


def probes(ground: Ground) -> Iterator[Probe]:
    """One probe for each policy that has others beside it."""
    for policy in ground.schema.policies:
        others = [p for p in ground.schema.policies_of[policy.table] if p is not policy]
        expr = next((e for _, e in conditions(policy)), None)
        if others and expr not in (None, TRUE, FALSE):
            probe = _narrowing(ground, policy, others) if policy.restrictive else _opening(ground, policy, others)
            if probe is not None:
                yield probe


def _faces(policy: Policy) -> Iterator[tuple[Operation, bool]]:
    for operation in sorted(policy.operations, key=lambda o: o.value):
        if operation is not Operation.INSERT:
            yield operation, False
        if operation in (Operation.INSERT, Operation.UPDATE):
            yield operation, True


def _opening(ground: Ground, policy: Policy, others: list[Policy]) -> Probe | None:
    never: dict[object, Question] = {}
    possible: list[Question] = []
    for operation, check in _faces(policy):
        mine = opens(ground.schema, policy, check)
        beside = [p for p in others if operation in p.operations and not p.restrictive]
        theirs = [opens(ground.schema, p, check) for p in beside if not _later_twin(ground, policy, p)]
        if not theirs:
            return None
        rest: Expr = TRUE if TRUE in theirs else disjunction(tuple(theirs))
        rows = (RowOf(policy.table, not check),)
        question = Question(rows, (Says(mine, 0), Says(rest, 0, holds=False)))
        never[fingerprint(mine, {}), fingerprint(rest, {}), check] = question
        possible.append(Question(rows, (Says(mine, 0),)))
    said = f"policy {policy.name} on {policy.table} opens nothing that others do not open already"
    return Probe(codes.REDUNDANT_POLICY, said, policy.table, policy, "leave it out, or narrow the others",
                 possible=tuple(possible[:1]), never=tuple(never.values()))  # fmt: skip


def _narrowing(ground: Ground, policy: Policy, others: list[Policy]) -> Probe:
    never = []
    for operation, check in _faces(policy):
        beside = [p for p in others if operation in p.operations]
        opened = [opens(ground.schema, p, check) for p in beside if not p.restrictive]
        narrowing = [p for p in beside if p.restrictive and not _later_twin(ground, policy, p)]
        kept = [narrows(ground.schema, p, check) for p in narrowing]
        rest = all_of((TRUE if TRUE in opened else disjunction(tuple(opened)), *kept))
        mine = narrows(ground.schema, policy, check)
        never.append(Question((RowOf(policy.table, not check),), (Says(rest, 0), Says(mine, 0, holds=False))))
    said = f"restrictive policy {policy.name} on {policy.table} takes nothing away that others leave"
    return Probe(codes.REDUNDANT_POLICY, said, policy.table, policy, "leave it out, or see what it was meant to hide",
                 never=tuple(never))  # fmt: skip


def _later_twin(ground: Ground, policy: Policy, one: Policy) -> bool:
    """Of two policies that say the same, the later one is the redundant one."""
    order = ground.schema.policies
    if order.index(one) < order.index(policy):
        return False
    ours, theirs = (fingerprint(opens(ground.schema, p, False), {}) for p in (policy, one))
    return bool(ours == theirs and policy.operations == one.operations)
