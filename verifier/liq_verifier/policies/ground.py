"""What all checks start from: who may do what to a table, who owns a row, and which sessions are privileged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from attrs import frozen

from liq.model.expr import And, Call, ClaimRef, Column, ColumnRef, Exists, Expr, Is, Not, Or, Truth
from liq.model.ir import Filter, Scan
from liq.model.schema import Operation, Policy, Schema, Table
from liq.model.types import BOOL
from liq_verifier.policies.privileged import bypassing, privileged
from liq_verifier.policies.question import MARK, Says
from liq_verifier.policies.tenancy import Tenancy, owner_columns, tenancies
from liq_verifier.policy import alive, all_of, read_policy, role_policy, row_policy

SCRATCH = 1_000_000
"""Column ids from here on are no schema expression's."""


@frozen
class Ground:
    """A schema under audit. ``settings``: its claims are settings that whoever sends SQL can set."""

    schema: Schema
    tenancies: tuple[Tenancy, ...]
    owners: Mapping[tuple[str, Tenancy], str]
    bypasses: tuple[Expr, ...]
    privileged: frozenset[tuple[str, str]]
    settings: bool = False

    def reads(self, table: Table) -> Expr:
        """What must be true of a row to be read."""
        return read_policy(self.schema, table, ())

    def inserts(self, table: Table) -> Expr:
        """What must be true of a new row."""
        new = row_policy(self.schema, table, Operation.INSERT, check=True)
        return all_of((new, role_policy(self.schema, Operation.INSERT, table, ())))

    def changes(self, table: Table, operation: Operation) -> Expr:
        """What must be true of a row that is updated or deleted; it is found by reading, so it is visible, too."""
        parts = (row_policy(self.schema, table, operation), alive(self.schema, table), self.reads(table))
        return all_of((*parts, role_policy(self.schema, operation, table, ())))

    def becomes(self, table: Table) -> Expr:
        """What must be true of the new version of an updated row."""
        return row_policy(self.schema, table, Operation.UPDATE, check=True)

    def policies(self, table: Table, operation: Operation) -> tuple[Policy, ...]:
        """The permissive policies for an operation that speak to plain sessions."""
        found = self.schema.policies_of.get(table.name, ())
        plain = (p for p in found if (p.table, p.name) not in self.privileged)
        return tuple(p for p in plain if operation in p.operations and not p.restrictive)

    def plain(self, *sessions: int) -> tuple[Says, ...]:
        """Sessions that are not privileged: no policy opens whole tables to them by a secret of theirs."""
        return tuple(Says(p, None, session, holds=False) for session in sessions for p in self.bypasses)

    def tables_of(self, tenancy: Tenancy) -> Iterator[tuple[Table, str]]:
        """The tables whose rows belong to tenants, with the column that says whose."""
        for table in self.schema.tables:
            column = self.owners.get((table.name, tenancy))
            if column is not None:
                yield table, column

    # ------------------------------------------------------------------------------------------ ownership
    def owned(self, tenancy: Tenancy, table: Table, column: str) -> Expr:
        """That a row belongs to the session's tenant."""
        return self.mine(tenancy, column_of(table, column))

    def mine(self, tenancy: Tenancy, value: Expr) -> Expr:
        """That a value names the session's tenant."""
        if tenancy.membership is None:
            return same(value, tenancy.claim)
        return self._member(tenancy, 0, tenancy.claim, value)

    def differ(self, tenancy: Tenancy) -> tuple[Says, ...]:
        """Two sessions of different tenants."""
        ours, theirs = tenancy.claim, other(tenancy.claim)
        apart = Says(all_of((given(ours), given(theirs), Not(same(ours, theirs)))))
        if tenancy.membership is None:
            return (apart,)
        table = self.schema.table_by_name[tenancy.membership]
        scan, env = _scan(table, SCRATCH + 500)
        also = self._member(tenancy, 0, theirs, env[tenancy.tenant])
        shared = Exists(Filter(scan, And((same(env[tenancy.user], ours), also))))
        return (apart, Says(shared, holds=False))

    def _member(self, tenancy: Tenancy, offset: int, user: Expr, tenant: Expr) -> Expr:
        assert tenancy.membership is not None
        scan, env = _scan(self.schema.table_by_name[tenancy.membership], SCRATCH + offset)
        return Exists(Filter(scan, And((same(env[tenancy.user], user), same(env[tenancy.tenant], tenant)))))


def ground(schema: Schema, *, settings: bool, tenants: tuple[str, ...] = ()) -> Ground:
    """What a schema's policies say about tenants. ``tenants``: claims that name them, instead of those that seem to."""
    found = tenancies(schema, tenants)
    owners = {(t.name, x): c for x in found for t in schema.tables if (c := owner_columns(schema, x, t)) is not None}
    names = frozenset((policy.table, policy.name) for policy, _ in bypassing(schema))
    return Ground(schema, found, owners, privileged(schema), names, settings)


def _scan(table: Table, start: int) -> tuple[Scan, dict[str, ColumnRef]]:
    columns = tuple(Column(start + i, c.name, c.type, c.nullable) for i, c in enumerate(table.columns))
    refs = {c.name: ColumnRef(c.id, c.name, c.type, c.nullable) for c in columns}
    return Scan(table.name, columns, None, table.name, True), refs


def column_of(table: Table, name: str) -> ColumnRef:
    """A column of the row at hand."""
    number, column = next((i, c) for i, c in enumerate(table.columns, 1) if c.name == name)
    return ColumnRef(number, name, column.type, column.nullable)


def same(left: Expr, right: Expr) -> Expr:
    """``left = right``."""
    return Call("=", (left, right), BOOL, left.nullable or right.nullable)


def given(value: Expr) -> Expr:
    """``value is not null``."""
    return Is(value, Truth.NULL, negated=True)


def missing(value: Expr) -> Expr:
    """``value is null``."""
    return Is(value, Truth.NULL)


def other(claim: ClaimRef) -> ClaimRef:
    """The claim as session 1 has it."""
    return ClaimRef(claim.name + MARK, claim.type, claim.nullable)


def alike(claim: ClaimRef) -> Expr:
    """Both sessions hold the same."""
    equal = same(claim, other(claim))
    return Or((And((missing(claim), missing(other(claim)))), equal)) if claim.nullable else equal
