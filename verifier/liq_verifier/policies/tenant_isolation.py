"""Tenant isolation: can two sessions of different tenants reach one row?"""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from liq.model import codes
from liq.model.expr import ClaimRef
from liq.model.node import walk
from liq.model.schema import Operation, Policy, Table
from liq_verifier.policies.constant_policies import conditions
from liq_verifier.policies.ground import Ground
from liq_verifier.policies.probe import Probe
from liq_verifier.policies.question import Question, RowOf, Says
from liq_verifier.policies.tenancy import Tenancy, memberships
from liq_verifier.policy import TRUE

REACHES = (Operation.READ, Operation.UPDATE, Operation.DELETE)


def probes(ground: Ground) -> Iterator[Probe]:
    """One probe for each table that has to do with tenants, and each way to reach its rows."""
    for tenancy in ground.tenancies:
        for table in ground.schema.tables:
            if _concerned(ground, tenancy, table):
                for operation in REACHES:
                    if ground.policies(table, operation):
                        yield from _isolated(ground, tenancy, table, operation)


def _concerned(ground: Ground, tenancy: Tenancy, table: Table) -> bool:
    """Whether rows belong to tenants: by a column, by a parent's, or because policies ask for the session."""
    owned = {t.name for t, _ in ground.tables_of(tenancy)}
    parents = {key.target for key in table.foreign_keys}
    policies = ground.schema.policies_of.get(table.name, ())
    return table.name in owned or bool(parents & owned) or any(asks(p) for p in policies)


def asks(policy: Policy) -> bool:
    """Whether a policy asks anything of the session."""
    return bool(claims_of(policy))


def claims_of(policy: Policy) -> set[str]:
    """The claims that a policy speaks of."""
    return {n.name for _, expr in conditions(policy) for n in walk(expr) if isinstance(n, ClaimRef)}


def _own_membership(ground: Ground, tenancy: Tenancy, policy: Policy) -> bool:
    """Users see their own memberships, whatever tenant they act for: that is no leak."""
    users = {m.claim.name for m in memberships(ground.schema) if m.table == policy.table} - {tenancy.claim.name}
    return bool(users) and claims_of(policy) <= users


def _isolated(ground: Ground, tenancy: Tenancy, table: Table, operation: Operation) -> Iterator[Probe]:
    public = [p for p in ground.policies(table, operation) if not asks(p) or _own_membership(ground, tenancy, p)]
    asking = [p for p in ground.policies(table, operation) if p not in public]
    said = f"two sessions that differ in {tenancy.said} can {operation.value} one row of {table.name}"
    shown: Probe | None = None
    silent = [p for p in public if not asks(p)]
    if silent and not any(c == TRUE for p in silent for _, c in conditions(p)):
        why = f"{said}: policy {silent[0].name} asks nothing of the session"
        shown = Probe(codes.SHARED_ROWS, why, table.name, silent[0], "write true if the rows are for everybody",
                      possible=(_both(ground, tenancy, table, operation),))  # fmt: skip
    suspects = [asking, *([p] for p in reversed(asking))] if len(asking) > 1 else [asking]
    for opening in suspects:
        if opening:
            question = _both(_only(ground, table, operation, opening), tenancy, table, operation)
            help = "compare a column of the row with the tenant of the session"
            shown = Probe(codes.TENANT_ISOLATION, said, table.name, opening[0], help, (question,), (), shown)
    if shown is not None:
        yield shown


def _only(ground: Ground, table: Table, operation: Operation, opening: list[Policy]) -> Ground:
    """The schema with these policies alone to open a table for an operation: one by one, to know which is to blame."""
    left_out = [p for p in ground.policies(table, operation) if p not in opening]
    kept = tuple(p for p in ground.schema.policies if p not in left_out)
    return attrs.evolve(ground, schema=attrs.evolve(ground.schema, policies=kept))


def _both(ground: Ground, tenancy: Tenancy, table: Table, operation: Operation) -> Question:
    expr = ground.reads(table) if operation is Operation.READ else ground.changes(table, operation)
    says = (Says(expr, 0, 0), Says(expr, 0, 1), *ground.differ(tenancy), *ground.plain(0, 1))
    return Question((RowOf(table.name),), says)
