"""Writes that policies let begin and never let end: RETURNING, upserts, and updates whose row is hidden afterwards."""

from __future__ import annotations

from collections.abc import Iterator

from liq.model import codes
from liq.model.schema import Operation, Table
from liq_verifier.policies.ground import Ground
from liq_verifier.policies.moved_rows import same_row
from liq_verifier.policies.probe import Probe
from liq_verifier.policies.question import Question, RowOf, Same, Says


def probes(ground: Ground) -> Iterator[Probe]:
    """Probes for each table that sessions write."""
    for table in ground.schema.tables:
        if ground.policies(table, Operation.INSERT):
            yield from _inserts(ground, table)
        if ground.policies(table, Operation.UPDATE):
            yield _hides(ground, table)


def _inserts(ground: Ground, table: Table) -> Iterator[Probe]:
    policy = next((p for p in ground.policies(table, Operation.INSERT) if len(p.operations) == 1), None)
    policy = policy or ground.policies(table, Operation.INSERT)[0]
    new = (RowOf(table.name, False),)
    inserts = Says(ground.inserts(table), 0)
    possible = Question(new, (inserts, *ground.plain(0)))
    yield Probe(
        codes.RETURNING_REFUSED,
        f"a session that may insert into {table.name} never sees its new row: RETURNING is always refused",
        table.name, policy, "let a read policy open the rows that a session writes",
        possible=(possible,), never=(possible.and_(Says(ground.reads(table), 0)),),
    )  # fmt: skip
    keys = [key for key in table.keys if key.where is None]
    if not keys:
        return
    rows = (RowOf(table.name), RowOf(table.name, False))
    never = tuple(
        Question(rows, (
            Says(ground.inserts(table), 1), Says(ground.changes(table, Operation.UPDATE), 0),
            Says(ground.becomes(table), 1), *(Same((0, c), (1, c)) for c in key.columns), *ground.plain(0),
        ))
        for key in keys
    )  # fmt: skip
    yield Probe(
        codes.UPSERT_REFUSED,
        f"a session that may insert into {table.name} may update none of its rows: an upsert that meets one is refused",
        table.name, policy, "let an update policy open the rows that a session writes, or insert with `or skip`",
        possible=(possible,), never=never,
    )  # fmt: skip


def _hides(ground: Ground, table: Table) -> Probe:
    says: tuple[Says | Same, ...] = (
        Says(ground.changes(table, Operation.UPDATE), 0), Says(ground.becomes(table), 1),
        Says(ground.reads(table), 1, holds=False), *same_row(table, 0, 1), *ground.plain(0),
    )  # fmt: skip
    policies = ground.policies(table, Operation.UPDATE)
    policy = next((p for p in policies if len(p.operations) == 1), policies[0])
    return Probe(
        codes.UPDATE_HIDES,
        f"an update of {table.name} may leave a row that its session cannot read: refused where the update reads it",
        table.name, policy, "let a read policy open the rows as they are afterwards",
        possible=(Question((RowOf(table.name), RowOf(table.name, False)), says),),
    )  # fmt: skip
