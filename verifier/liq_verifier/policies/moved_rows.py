"""Writes that leave the tenant: a row that moves to another one, or is made for another one."""

from __future__ import annotations

from collections.abc import Iterator

from liq.model import codes
from liq.model.schema import Operation, Table
from liq_verifier.policies.ground import Ground, column_of, given
from liq_verifier.policies.probe import Probe
from liq_verifier.policies.question import Question, RowOf, Same, Says
from liq_verifier.policies.tenancy import Tenancy


def probes(ground: Ground) -> Iterator[Probe]:
    """One probe for updates and one for inserts of each table whose rows belong to tenants."""
    for tenancy in ground.tenancies:
        for table, column in ground.tables_of(tenancy):
            if ground.policies(table, Operation.UPDATE):
                yield _moved(ground, tenancy, table, column)
            if ground.policies(table, Operation.INSERT):
                yield _made(ground, tenancy, table, column)


def same_row(table: Table, old: int, new: int, free: str = "") -> tuple[Same, ...]:
    """That two rows are versions of one."""
    key = table.primary_key
    return tuple(Same((old, c), (new, c)) for c in (key.columns if key is not None else ()) if c != free)


def _moved(ground: Ground, tenancy: Tenancy, table: Table, column: str) -> Probe:
    owned = ground.owned(tenancy, table, column)
    says: tuple[Says | Same, ...] = (
        Says(ground.changes(table, Operation.UPDATE), 0), Says(ground.becomes(table), 1), Says(owned, 0),
        Says(given(column_of(table, column)), 1), Says(owned, 1, holds=False), *same_row(table, 0, 1, column),
        *ground.plain(0),
    )  # fmt: skip
    said = f"a session can move a row of {table.name} to another tenant ({column} is another one's afterwards)"
    return Probe(
        codes.MOVED_ROW, said, table.name, ground.policies(table, Operation.UPDATE)[0],
        "let `check` compare the new row with the tenant of the session",
        possible=(Question((RowOf(table.name), RowOf(table.name, False)), says),),
    )  # fmt: skip


def _made(ground: Ground, tenancy: Tenancy, table: Table, column: str) -> Probe:
    says = (
        Says(ground.inserts(table), 0), Says(given(column_of(table, column)), 0), Says(given(tenancy.claim)),
        Says(ground.owned(tenancy, table, column), 0, holds=False), *ground.plain(0),
    )  # fmt: skip
    said = f"a session can insert a row of {table.name} for another tenant ({column} is another one's)"
    return Probe(
        codes.FOREIGN_ROW, said, table.name, ground.policies(table, Operation.INSERT)[0],
        "let `check` compare the new row with the tenant of the session",
        possible=(Question((RowOf(table.name, False),), says),),
    )  # fmt: skip
