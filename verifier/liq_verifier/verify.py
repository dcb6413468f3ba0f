"""``verify``: everything that must be proved of a plan, settled."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from liq.model import ir
from liq.model import physical as p
from liq.model.schema import Schema
from liq_verifier.algebra import Malformed, read_operator
from liq_verifier.columns import uses
from liq_verifier.obligation import Kind, Need, Settled, Subject, Verdict, Verification
from liq_verifier.reads import Setting, verify_reads
from liq_verifier.replay import Replayer
from liq_verifier.settle import Settler


def verify(plan: p.PhysicalPlan, query: ir.Query, schema: Schema) -> Verification:
    """Prove a plan safe under a schema's policies, refute it with rows, or say what is not known."""
    settler = Settler(Replayer(plan, query, schema).replay)
    obligations = settler.settle(_needs(plan, query, schema))
    warnings = tuple(dict.fromkeys(w for o in obligations for w in o.warnings))
    return Verification(obligations, warnings=warnings, schema=schema)


def _needs(plan: p.PhysicalPlan, query: ir.Query, schema: Schema) -> Iterator[Need]:
    parameters: Mapping[str, ir.Parameter] = {q.name: q for q in query.parameters}
    for number, step in enumerate(plan.steps):
        try:
            root = read_operator(step.root, schema)
            yield from verify_reads(root, Setting(schema, parameters, uses([root], schema)))
        except Malformed as problem:
            yield Settled(
                Subject(Kind.SAME, f"step {number}", "the plan fits the schema"), Verdict.UNKNOWN, str(problem)
            )
