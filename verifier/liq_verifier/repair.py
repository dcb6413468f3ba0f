"""Repairs of a refuted plan: changes to what is declared that were tried, and under which the obligation proves.

A taken key that tells of hidden rows is repaired by a channel, if its author can accept that everybody may know.
Nothing is offered that was not verified.
"""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from liq.model.document import PlanDocument
from liq.model.schema import Channel, Schema, Table
from liq.model.stack import stack_room
from liq_verifier.obligation import Kind, Obligation, Verdict, Verification
from liq_verifier.verify import verify

TRIES_MAX = 3


def repairs(verification: Verification, plan: PlanDocument, schema: Schema) -> dict[str, str]:
    """By the id of an obligation: the declaration under which it proves."""
    found: dict[str, str] = {}
    failed = [o for o in verification.failed if Kind.CONFLICT in (o.kind, _of_text(o))]
    for tries, channel in enumerate(_candidates(failed, schema)):
        open_ = [o for o in failed if o.id not in found]
        if not open_ or tries == TRIES_MAX:
            break
        wider = attrs.evolve(schema, channels=(*schema.channels, channel))
        with stack_room():
            again = verify(plan.physical, plan.query, wider, tuple(plan.sql.values()))
        proved = {(o.kind, o.about, o.claim) for o in again.obligations if o.verdict is Verdict.PROVED}
        for obligation in open_:
            if (obligation.kind, obligation.about, obligation.claim) in proved:
                found[obligation.id] = f"channel exists({channel.table}.{channel.column})"
    return found


def _of_text(obligation: Obligation) -> Kind | None:
    """The SQL of a write repeats the obligations of its plan."""
    return Kind.CONFLICT if obligation.kind is Kind.EMIT and obligation.claim.startswith("a taken ") else None


def _candidates(failed: list[Obligation], schema: Schema) -> Iterator[Channel]:
    """Channels over the columns of keys that failed, the last column of a key first: it is what a caller chooses."""
    seen: set[tuple[str, str]] = set()
    for obligation in failed:
        table = schema.table_by_name.get(obligation.about.split(" ")[-1])
        for column in () if table is None else _columns(table, obligation.claim):
            if table is not None and (table.name, column) not in seen:
                seen.add((table.name, column))
                yield Channel(table.name, column)


def _columns(table: Table, claim: str) -> Iterator[str]:
    for key in table.keys:
        if claim == f"a taken {key.name} tells of visible rows only":
            yield from reversed(key.columns)
