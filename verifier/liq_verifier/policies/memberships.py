"""Membership tables: can a session raise its own role, join a tenant by itself, or let others in as a plain member?"""

from __future__ import annotations

from collections.abc import Iterator

from liq.model import codes
from liq.model.expr import ColumnRef, Expr
from liq.model.node import walk
from liq.model.schema import Operation, Table
from liq.model.types import Bool, Enum, Int, Text
from liq_verifier.policies.ground import Ground, column_of, given, same
from liq_verifier.policies.moved_rows import same_row
from liq_verifier.policies.probe import Probe
from liq_verifier.policies.question import Question, RowOf, Same, Says
from liq_verifier.policies.tenancy import Membership, memberships


def probes(ground: Ground) -> Iterator[Probe]:
    """Probes for each table that ties the session's user to something."""
    for member in memberships(ground.schema):
        table = ground.schema.table_by_name[member.table]
        columns = _privileges(ground, table)
        if ground.policies(table, Operation.UPDATE):
            yield from (_promotes(ground, table, member, column) for column in columns)
        if ground.policies(table, Operation.INSERT):
            yield from _joins(ground, table, member)
            if columns and not _speaks_of(ground.inserts(table), columns):
                yield from _adds(ground, table, member)


def _privileges(ground: Ground, table: Table) -> tuple[str, ...]:
    """Columns that say what a member may do: labels, switches and levels that checks or policies speak of."""
    keyed = {c for key in table.keys for c in key.columns} | {c for key in table.foreign_keys for c in key.columns}
    spoken = [check.predicate for check in table.checks]
    spoken += [e for p in ground.schema.policies for e in (p.using, p.check) if e is not None]
    named = {n.name for expr in spoken for n in walk(expr) if isinstance(n, ColumnRef)}
    return tuple(
        c.name
        for c in table.columns
        if c.name not in keyed
        and (isinstance(c.type, Enum | Bool) or (isinstance(c.type, Text | Int) and c.name in named))
    )


def _speaks_of(expr: Expr, columns: tuple[str, ...]) -> bool:
    return any(isinstance(n, ColumnRef) and n.name in columns for n in walk(expr))


def _promotes(ground: Ground, table: Table, member: Membership, column: str) -> Probe:
    own = same(column_of(table, member.user), member.claim)
    says: tuple[Says | Same, ...] = (
        Says(own, 0), Says(own, 1), Says(ground.changes(table, Operation.UPDATE), 0), Says(ground.becomes(table), 1),
        Same((0, column), (1, column), equal=False), *same_row(table, 0, 1), *ground.plain(0),
    )  # fmt: skip
    return Probe(
        codes.SELF_PROMOTION, f"a session can change {column} of its own row of {table.name}",
        table.name, ground.policies(table, Operation.UPDATE)[-1], "let only others, who may, change what a member is",
        possible=(Question((RowOf(table.name), RowOf(table.name, False)), says),),
    )  # fmt: skip


def _joins(ground: Ground, table: Table, member: Membership) -> Iterator[Probe]:
    """A row for oneself, of a tenant that is not one's own already."""
    for tenancy in ground.tenancies:
        column = ground.owners.get((table.name, tenancy))
        if column is None or column == member.user:
            continue
        own = same(column_of(table, member.user), member.claim)
        mine = ground.owned(tenancy, table, column)
        says = (Says(own, 0), Says(mine, 0, holds=False), Says(ground.inserts(table), 0), *ground.plain(0))
        yield Probe(
            codes.SELF_JOIN, f"a session can make itself a member: insert its own row into {table.name}",
            table.name, ground.policies(table, Operation.INSERT)[-1], "let members in by those who are in already",
            possible=(Question((RowOf(table.name, False),), says),),
        )  # fmt: skip


def _adds(ground: Ground, table: Table, member: Membership) -> Iterator[Probe]:
    """A row for somebody else, whatever one is oneself."""
    user = column_of(table, member.user)
    shared = [key.columns for key in table.foreign_keys if member.user not in key.columns]
    if not shared:
        return
    says: tuple[Says | Same, ...] = (
        Says(same(user, member.claim), 0), Says(given(user), 1), Says(same(user, member.claim), 1, holds=False),
        *(Same((0, c), (1, c)) for c in shared[0]), Says(ground.inserts(table), 1), *ground.plain(0),
    )  # fmt: skip
    yield Probe(
        codes.MEMBER_ADDS, f"every member may add others to {table.name}: no policy asks what the member is",
        table.name, ground.policies(table, Operation.INSERT)[-1], "ask for the role of the session's own row",
        possible=(Question((RowOf(table.name), RowOf(table.name, False)), says),),
    )  # fmt: skip
