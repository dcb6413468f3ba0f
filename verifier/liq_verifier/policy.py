"""What a schema's policies say of a table, as one predicate over ``Table.row``: derived here from the schema alone.

A row exists for a session when a permissive policy is true of it, every restrictive one is, its tombstone is not set,
and,
where roles are declared, the session's role may read the columns in question.
"""

from __future__ import annotations

from collections.abc import Iterable

from liq.model.expr import ClaimRef, ColumnRef, Expr, InList, Is, Literal, Not, Or, Truth, conjunction, disjunction
from liq.model.schema import Operation, Policy, Role, Schema, Table
from liq.model.types import BOOL

ROLE = "role"
"""The claim that names the session's role."""


class NoRoleClaim(Exception):
    """Policies speak of roles, but no claim says which one the session has."""


def _role(schema: Schema) -> Expr:
    claim = schema.claim_by_name.get(ROLE)
    if claim is None:
        raise NoRoleClaim("roles are used, but there is no claim @role")
    return ClaimRef(ROLE, claim.type, claim.nullable)


def role_among(schema: Schema, roles: Iterable[str]) -> Expr:
    """Whether the session's role is one of some."""
    names = sorted(set(roles))
    if not names:
        return Literal(False, BOOL)
    role = _role(schema)
    return InList((role,), tuple((Literal(name, role.type),) for name in names))


def row_policy(schema: Schema, table: Table, operation: Operation, *, check: bool = False) -> Expr:
    """Permissive policies OR-ed, restrictive ones AND-ed; none permissive: false. ``check``: of new rows."""
    policies = [p for p in schema.policies_of.get(table.name, ()) if operation in p.operations]
    opening = tuple(_opens(schema, p, check) for p in policies if not p.restrictive)
    narrowing = tuple(_narrows(schema, p, check) for p in policies if p.restrictive)
    whole = conjunction((disjunction(opening), *narrowing))
    assert whole is not None
    return whole


def _predicate(policy: Policy, check: bool) -> Expr:
    chosen = policy.check if check and policy.check is not None else policy.using
    if chosen is None:
        chosen = policy.check if policy.using is None and policy.check is not None and check else None
    return Literal(False, BOOL) if chosen is None else chosen


def _opens(schema: Schema, policy: Policy, check: bool) -> Expr:
    predicate = _predicate(policy, check)
    if not policy.roles:
        return predicate
    whole = conjunction((role_among(schema, policy.roles), predicate))
    assert whole is not None
    return whole


def _narrows(schema: Schema, policy: Policy, check: bool) -> Expr:
    predicate = _predicate(policy, check)
    if not policy.roles:
        return predicate
    return Or((Not(Is(role_among(schema, policy.roles), Truth.TRUE)), predicate))


def may_use(
    schema: Schema, role: Role, operation: Operation, table: Table, columns: Iterable[str], target: str
) -> bool:
    """Whether a role's grants cover an operation on the columns of a table (reached as ``target``)."""
    wanted = set(columns)
    plain = {c.name for c in table.columns if not c.sensitive}
    covered: set[str] | None = set(plain) if operation in role.everything else None
    for grant in role.grants:
        if grant.operation is operation and grant.target == target:
            covered = (covered or set()) | (plain if grant.columns is None else set(grant.columns))
    return covered is not None and wanted <= covered


def role_policy(schema: Schema, operation: Operation, table: Table, columns: Iterable[str]) -> Expr:
    """That the session's role may do this to these columns; true where no roles are declared."""
    if not schema.roles:
        return Literal(True, BOOL)
    wanted = frozenset(columns)
    return role_among(
        schema, (r.name for r in schema.roles if may_use(schema, r, operation, table, wanted, table.name))
    )


def alive(schema: Schema, table: Table) -> Expr:
    """That the row is not deleted, or the role may read deleted ones."""
    tombstone = table.tombstone
    if tombstone is None:
        return Literal(True, BOOL)
    number = 1 + [c.name for c in table.columns].index(tombstone.name)
    unset = Is(ColumnRef(number, tombstone.name, tombstone.type, True), Truth.NULL)
    seeing = [r.name for r in schema.roles if any(g.target == table.name and g.with_deleted for g in r.grants)]
    return Or((unset, role_among(schema, seeing))) if seeing else unset


def read_policy(schema: Schema, table: Table, columns: Iterable[str]) -> Expr:
    """Everything that must be true of a row to be read."""
    parts = (
        row_policy(schema, table, Operation.READ),
        alive(schema, table),
        role_policy(schema, Operation.READ, table, columns),
    )
    whole = conjunction(tuple(p for p in parts if p != Literal(True, BOOL)))
    return Literal(True, BOOL) if whole is None else whole
