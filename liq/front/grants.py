"""What roles may do, as predicates over the session alone: ``@role in ('staff', …)``."""

from __future__ import annotations

from collections.abc import Iterable

from liq.front.roles import ROLE
from liq.model.expr import ClaimRef, Expr, InList, Literal
from liq.model.schema import Operation, Role, Schema, Table
from liq.model.types import BOOL

TRUE = Literal(True, BOOL)
FALSE = Literal(False, BOOL)


def role_among(schema: Schema, names: Iterable[str]) -> Expr:
    """Whether the session's role is one of some; in the order in which roles are declared, then by name."""
    wanted = set(names)
    claim = schema.claim_by_name.get(ROLE)
    if not wanted or claim is None:
        return FALSE
    declared = [role.name for role in schema.roles if role.name in wanted]
    listed = (*declared, *sorted(wanted - set(declared)))
    role = ClaimRef(ROLE, claim.type, claim.nullable)
    return InList((role,), tuple((Literal(name, claim.type),) for name in listed))


def covers(role: Role, operation: Operation, target: str, plain: Iterable[str], wanted: frozenset[str]) -> bool:
    """Whether a role's grants list a table or view and all wanted columns; ``plain``: those that are not sensitive."""
    covered: set[str] | None = set(plain) if operation in role.everything else None
    for grant in role.grants:
        if grant.operation is operation and grant.target == target:
            covered = (covered or set()) | (set(plain) if grant.columns is None else set(grant.columns))
    return covered is not None and wanted <= covered


def table_roles(schema: Schema, operation: Operation, table: Table, wanted: frozenset[str]) -> list[str]:
    """The roles that may do something to columns of a table."""
    plain = [c.name for c in table.columns if not c.sensitive]
    return [r.name for r in schema.roles if covers(r, operation, table.name, plain, wanted)]


def view_roles(schema: Schema, view: str, columns: Iterable[str], wanted: frozenset[str]) -> list[str]:
    """The roles that may read columns of a view."""
    known = list(columns)
    return [r.name for r in schema.roles if covers(r, Operation.READ, view, known, wanted)]


def roles_with_deleted(schema: Schema, table: Table) -> list[str]:
    """The roles that may read deleted rows of a table."""
    return [
        r.name for r in schema.roles
        if any(g.target == table.name and g.operation is Operation.READ and g.with_deleted for g in r.grants)
    ]  # fmt: skip


def missing_columns(schema: Schema, operation: Operation, table: Table, wanted: frozenset[str]) -> list[str]:
    """The columns that keep every role that lists the table from using it, those of the closest role."""
    lacking: list[list[str]] = []
    for role in schema.roles:
        plain = [c.name for c in table.columns if not c.sensitive]
        if covers(role, operation, table.name, plain, frozenset()):
            each = [c for c in sorted(wanted) if not covers(role, operation, table.name, plain, frozenset((c,)))]
            lacking.append(each)
    return min(lacking, key=len) if lacking else []
