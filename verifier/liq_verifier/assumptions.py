"""What a proof rests on: constraints of the tables it may speak of, the claims, and how the host runs the plan.

More tables than the formulas use are listed, never fewer: those that a plan touches, those that their policies and the
claims' defaults read, and those that foreign keys join to them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from liq.model import ir
from liq.model import physical as p
from liq.model.node import Node, walk
from liq.model.schema import ForeignKey, Schema, Table

HOST = (
    "the host hands over the claims of a verified token",
    "the database holds the schema of this epoch",
    "the session that runs the plan bypasses row security or is under policies that are no narrower, "
    "and nobody else can use it",
)


def assumptions(plan: p.PhysicalPlan, schema: Schema) -> tuple[str, ...]:
    """Everything assumed, table by table."""
    found: list[str] = [*HOST]
    found += [f"claim {claim.name} is not null" for claim in schema.claims if not claim.nullable]
    for name in sorted(_reachable(plan, schema)):
        found += _of_table(schema.table_by_name[name])
    return tuple(found)


def _of_table(table: Table) -> Iterator[str]:
    filled = [c.name for c in table.columns if not c.nullable]
    if filled:
        yield f"{table.name}: {', '.join(filled)} not null"
    for key in table.keys:
        kind = "primary key" if key.primary else "unique"
        yield f"{table.name}: {kind} ({', '.join(key.columns)}){' where its condition holds' * (key.where is not None)}"
    for check in table.checks:
        yield f"{table.name}: check {check.name}"
    for foreign in table.foreign_keys:
        yield f"{table.name}: {_pointer(foreign)}"


def _pointer(foreign: ForeignKey) -> str:
    ends = f"({', '.join(foreign.columns)}) references {foreign.target} ({', '.join(foreign.target_columns)})"
    return f"{ends} on delete {foreign.on_delete.value}"


def _reachable(plan: p.PhysicalPlan, schema: Schema) -> set[str]:
    """Tables of the plan, of the policies and defaults behind them, and at the other ends of their foreign keys."""
    waiting = [*_tables(plan)]
    for claim in schema.claims:
        if claim.default is not None:
            waiting += _tables(claim.default)
    found: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in found or name not in schema.table_by_name:
            continue
        found.add(name)
        table = schema.table_by_name[name]
        waiting += [foreign.target for foreign in table.foreign_keys]
        waiting += [t.name for t in schema.tables for foreign in t.foreign_keys if foreign.target == name]
        parts = [part for policy in schema.policies_of.get(name, ()) for part in (policy.using, policy.check)]
        parts += [check.predicate for check in table.checks]
        waiting += [read for part in parts if part is not None for read in _tables(part)]
    return found


def _tables(root: Node) -> Iterable[str]:
    for node in walk(root):
        match node:
            case p.TableScan() | p.InsertRows() | p.UpdateRows() | p.DeleteRows() | ir.Scan():
                yield node.table
            case _:
                pass
