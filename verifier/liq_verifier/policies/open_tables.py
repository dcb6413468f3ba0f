"""Tables that everybody may write, and tables that nobody reaches."""

from __future__ import annotations

from collections.abc import Iterator

from liq.model import codes
from liq.model.schema import Operation, Table
from liq_verifier.fingerprint import fingerprint
from liq_verifier.policies.ground import Ground
from liq_verifier.policies.probe import Probe
from liq_verifier.policies.question import Question, RowOf, Says
from liq_verifier.policy import all_of, role_policy, row_policy

WRITES = (Operation.INSERT, Operation.UPDATE, Operation.DELETE)


def probes(ground: Ground) -> Iterator[Probe]:
    """One probe for each way in which a table is open, or one for a table that is closed."""
    for table in ground.schema.tables:
        if not any(not p.restrictive for p in ground.schema.policies_of.get(table.name, ())):
            said = f"no policy opens {table.name}: no session reads or writes its rows"
            yield Probe(codes.CLOSED_TABLE, said, table.name, help="declare a policy, or leave it to the owner alone")
            continue
        yield from _open(ground, table)


def _open(ground: Ground, table: Table) -> Iterator[Probe]:
    groups: dict[object, list[Operation]] = {}
    for operation in WRITES:
        if ground.policies(table, operation):
            expr = row_policy(ground.schema, table, operation, check=operation is Operation.INSERT)
            groups.setdefault(fingerprint(expr, {}), []).append(operation)
    for operations in groups.values():
        first = operations[0]
        insert = first is Operation.INSERT
        policy = row_policy(ground.schema, table, first, check=insert)
        role = role_policy(ground.schema, first, table, ())
        row = (RowOf(table.name, not insert),)
        said = f"every session may {' and '.join(o.value for o in operations)} every row of {table.name}"
        yield Probe(
            codes.OPEN_WRITES, said, table.name, ground.policies(table, first)[0],
            "say in a policy whose rows a session may write",
            possible=(Question(row, (Says(all_of((policy, role)), 0), *ground.plain(0))),),
            never=(Question(row, (Says(role, 0), Says(policy, 0, holds=False))),),
        )  # fmt: skip
