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

TRUE, FALSE = Literal(True, BOOL), Literal(False, BOOL)
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
    wanted = set(roles)
    if not wanted:
        return FALSE
    declared = [r.name for r in schema.roles if r.name in wanted]
    names = [*declared, *sorted(wanted - set(declared))]
    role = _role(schema)
    return InList((role,), tuple((Literal(name, role.type),) for name in names))


def row_policy(schema: Schema, table: Table, operation: Operation, *, check: bool = False) -> Expr:
    """Permissive policies OR-ed, restrictive ones AND-ed; none permissive: false. ``check``: of new rows."""
    policies = [p for p in schema.policies_of.get(table.name, ()) if operation in p.operations]
    opening = tuple(opens(schema, p, check) for p in policies if not p.restrictive)
    narrowing = tuple(narrows(schema, p, check) for p in policies if p.restrictive)
    opened = TRUE if TRUE in opening else disjunction(opening)
    return all_of((opened, *narrowing))


def all_of(parts: Iterable[Expr]) -> Expr:
    """All of some predicates, without those that are true anyway."""
    kept = tuple(part for part in parts if part != TRUE)
    return FALSE if FALSE in kept else conjunction(kept) or TRUE


def _predicate(policy: Policy, check: bool) -> Expr:
    chosen = policy.check if check and policy.check is not None else policy.using
    return FALSE if chosen is None else chosen


def opens(schema: Schema, policy: Policy, check: bool) -> Expr:
    """What a permissive policy opens: its condition, for its roles."""
    predicate = _predicate(policy, check)
    if not policy.roles:
        return predicate
    return all_of((role_among(schema, policy.roles), predicate))


def narrows(schema: Schema, policy: Policy, check: bool) -> Expr:
    """What a restrictive policy lets through: everything for roles that are not its own."""
    predicate = _predicate(policy, check)
    if not policy.roles:
        return predicate
    return Or((Not(Is(role_among(schema, policy.roles), Truth.TRUE)), predicate))


def may_use(role: Role, operation: Operation, table: Table, columns: frozenset[str]) -> bool:
    """Whether a role's grants cover an operation on the columns of a table."""
    return covers(role, operation, table.name, (c.name for c in table.columns if not c.sensitive), columns)


def covers(role: Role, operation: Operation, target: str, plain: Iterable[str], wanted: frozenset[str]) -> bool:
    """Whether a role's grants list a table or view and all wanted columns; ``plain`` ones come with a grant of the
    whole."""
    open_ = frozenset(plain)
    covered: set[str] | None = set(open_) if operation in role.everything else None
    for grant in role.grants:
        if grant.operation is operation and grant.target == target:
            covered = (covered or set()) | (open_ if grant.columns is None else grant.columns)
    return covered is not None and wanted <= covered


def role_policy(schema: Schema, operation: Operation, table: Table, columns: Iterable[str]) -> Expr:
    """That the session's role may do this to these columns. Without roles, everything but sensitive columns is open."""
    wanted = frozenset(columns)
    if not schema.roles:
        return FALSE if any(table.by_name[name].sensitive for name in wanted) else TRUE
    return role_among(schema, able_roles(schema, operation, table, wanted))


def able_roles(schema: Schema, operation: Operation, table: Table, columns: frozenset[str]) -> frozenset[str]:
    """The roles whose grants cover an operation on columns of a table."""
    return frozenset(r.name for r in schema.roles if may_use(r, operation, table, columns))


def unset_tombstone(table: Table) -> Expr:
    """That the row is not deleted."""
    tombstone = table.tombstone
    if tombstone is None:
        return TRUE
    number = 1 + [c.name for c in table.columns].index(tombstone.name)
    return Is(ColumnRef(number, tombstone.name, tombstone.type, True), Truth.NULL)


def alive(schema: Schema, table: Table) -> Expr:
    """That the row is not deleted, or the role may read deleted ones."""
    unset = unset_tombstone(table)
    seeing = [
        r.name
        for r in schema.roles
        if any(g.target == table.name and g.operation is Operation.READ and g.with_deleted for g in r.grants)
    ]
    return Or((unset, role_among(schema, seeing))) if seeing and unset != TRUE else unset


def read_policy(schema: Schema, table: Table, columns: Iterable[str]) -> Expr:
    """Everything that must be true of a row to be read."""
    read = Operation.READ
    return all_of((row_policy(schema, table, read), alive(schema, table), role_policy(schema, read, table, columns)))
