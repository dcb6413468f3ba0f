"""What an obligation is about in the text of the query, and which policies a row of a witness does not satisfy."""

from __future__ import annotations

import datetime as dt

from liq.model import ir
from liq.model.document import PlanDocument
from liq.model.node import walk
from liq.model.schema import Operation, Policy, Schema
from liq.model.source import NO_SPAN, Span
from liq_verifier.decode import Decoded
from liq_verifier.obligation import Kind, Obligation, Witness
from liq_verifier.policy import ROLE
from liq_verifier.replay import Replayer

NOON = dt.datetime(2026, 11, 20, 10, 0, tzinfo=dt.UTC)
"""The instant of replays whose formula speaks of none, as in ``decode``."""

WRITES = frozenset({Kind.WRITE, Kind.CONFLICT, Kind.REFERENCE})


def place(obligation: Obligation, plan: PlanDocument) -> Span:
    """Where the query speaks of the table of an obligation; the whole query, when it does not by name."""
    if obligation.span != NO_SPAN:
        return obligation.span
    table = obligation.about.split(" ")[-1]
    nodes = [n for n in walk(plan.query) if isinstance(n, ir.Scan | ir.Insert) and n.table == table]
    inserts = [n for n in nodes if isinstance(n, ir.Insert)]
    of_write = obligation.kind in WRITES or (obligation.kind is Kind.EMIT and obligation.claim.startswith("a taken"))
    spans = [n.span for n in (inserts if of_write and inserts else nodes) if n.span != NO_SPAN]
    return min(spans, key=lambda span: (span.end - span.start, span.start), default=plan.source.span)


def unsatisfied(witness: Witness, plan: PlanDocument, schema: Schema) -> tuple[str, ...]:
    """The read policies that do not let the blamed row exist, by name, and what else hides it."""
    table = schema.table_by_name[witness.table]
    said: list[str] = []
    if table.tombstone is not None and witness.hidden.get(table.tombstone.name) is not None:
        said.append(f"{table.name}.{table.tombstone.name} is set: the row is deleted")
    policies = [p for p in schema.policies_of.get(table.name, ()) if Operation.READ in p.operations]
    failing = [p for p in policies if not _holds(p, witness, plan, schema)]
    open_ = [p for p in policies if not p.restrictive]
    if not open_:
        said.append(f"no policy opens {table.name}")
    elif all(p in failing for p in open_):
        said += [f"policy {p.name} is not true of it" for p in open_]
    said += [f"restrictive policy {p.name} is not true of it" for p in failing if p.restrictive]
    return tuple(said)


def _holds(policy: Policy, witness: Witness, plan: PlanDocument, schema: Schema) -> bool:
    """Whether a policy lets the blamed row exist; a policy for other roles opens nothing and narrows nothing."""
    if policy.roles and witness.claims.get(ROLE) not in policy.roles:
        return policy.restrictive
    if policy.using is None:
        return False
    tables = {name: [dict(row) for row in rows] for name, rows in witness.tables.items()}
    decoded = Decoded((), dict(witness.claims), {}, NOON)
    replayer = Replayer(plan.physical, plan.query, schema)
    return replayer.holds(policy.using, schema.table_by_name[policy.table], witness.hidden, tables, decoded)
