"""Rows attached to another tenant's parent, or in the space of names of a parent that tenants share."""

from __future__ import annotations

from collections.abc import Iterator

from liq.model import codes
from liq.model.schema import ForeignKey, Operation, Table
from liq_verifier.policies.ground import Ground, column_of, given
from liq_verifier.policies.moved_rows import same_row
from liq_verifier.policies.probe import Probe
from liq_verifier.policies.question import Question, RowOf, Same, Says
from liq_verifier.policies.tenancy import Tenancy


def probes(ground: Ground) -> Iterator[Probe]:
    """One probe for each foreign key of a table that sessions write."""
    for tenancy in ground.tenancies:
        owners = {table.name: column for table, column in ground.tables_of(tenancy)}
        for table in ground.schema.tables:
            for key in table.foreign_keys:
                if key.target in owners and key.columns != (owners.get(table.name),):
                    yield from _attached(ground, tenancy, table, key, owners)
                elif key.target not in owners and table.name in owners:
                    yield from _shared(ground, tenancy, table, key, owners[table.name])


def _attached(
    ground: Ground, tenancy: Tenancy, table: Table, key: ForeignKey, owners: dict[str, str]
) -> Iterator[Probe]:
    parent = ground.schema.table_by_name[key.target]
    column = owners[key.target]
    theirs = (Says(given(column_of(parent, column)), 2), Says(ground.owned(tenancy, parent, column), 2, holds=False))
    points = tuple(Same((1, a), (2, b)) for a, b in zip(key.columns, key.target_columns, strict=True))
    rest: tuple[Says | Same, ...] = (*points, *theirs, Says(given(tenancy.claim)), *ground.plain(0))
    if table.name in owners:
        rest = (*rest, Says(ground.owned(tenancy, table, owners[table.name]), 1))
    rows = (RowOf(table.name), RowOf(table.name, False), RowOf(key.target))
    said = f"a session can attach a row of {table.name} to another tenant's row of {key.target}"
    help = f"let `check` say that the row of {key.target} is the session's, by `exists` or a key with its tenant in it"
    update = None
    if ground.policies(table, Operation.UPDATE):
        apart = tuple(Same((0, c), (1, c), equal=False) for c in key.columns[:1])
        old = Says(ground.changes(table, Operation.UPDATE), 0)
        says: tuple[Says | Same, ...] = (
            old,
            Says(ground.becomes(table), 1),
            *same_row(table, 0, 1, key.columns[0]),
            *apart,
            *rest,
        )
        policy = ground.policies(table, Operation.UPDATE)[0]
        update = Probe(codes.FOREIGN_PARENT, said, table.name, policy, help, possible=(Question(rows, says),))
    if ground.policies(table, Operation.INSERT):
        insert = Question((RowOf(key.target), RowOf(table.name, False), RowOf(key.target)), (
            Says(ground.inserts(table), 1), *(Same((0, c), (2, c)) for c in key.target_columns), *rest))  # fmt: skip
        policy = ground.policies(table, Operation.INSERT)[0]
        yield Probe(codes.FOREIGN_PARENT, said, table.name, policy, help, possible=(insert,), otherwise=update)
    elif update is not None:
        yield update


def _names_in_parent(table: Table, key: ForeignKey, owner: str) -> bool:
    """Whether rows take names in the parent: a unique key with it and more, but without the owner."""
    return (
        any(set(key.columns) < set(unique.columns) and owner not in unique.columns for unique in table.keys)
        and owner not in key.columns
    )


def _shared(ground: Ground, tenancy: Tenancy, table: Table, key: ForeignKey, owner: str) -> Iterator[Probe]:
    if not (ground.policies(table, Operation.INSERT) and _names_in_parent(table, key, owner)):
        return
    owned = ground.owned(tenancy, table, owner)
    pairs = tuple(zip(key.columns, key.target_columns, strict=True))
    says: tuple[Says | Same, ...] = (
        Says(ground.inserts(table), 1), Says(owned, 1), Says(given(column_of(table, owner)), 2),
        Says(owned, 2, holds=False), *(Same((child, a), (0, b)) for child in (1, 2) for a, b in pairs),
        *ground.plain(0),
    )  # fmt: skip
    said = (
        f"a session can insert a row of {table.name} under a row of {key.target} that another tenant's rows stand"
        f" under: {key.target} has no owner"
    )
    rows = (RowOf(key.target), RowOf(table.name, False), RowOf(table.name))
    yield Probe(codes.SHARED_PARENT, said, table.name, ground.policies(table, Operation.INSERT)[0],
                f"give {key.target} an owner and let `check` compare it", possible=(Question(rows, says),))  # fmt: skip
