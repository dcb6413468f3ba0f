"""``verify``: everything that must be proved of a plan, settled."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from liq.model import ir
from liq.model import physical as p
from liq.model.emitted import SqlPlan
from liq.model.expr import Relation
from liq.model.node import walk
from liq.model.schema import Schema
from liq_verifier.algebra import NO_LETS, Lets, Malformed, read_expression, read_operator
from liq_verifier.channels import used_channels, verify_channels
from liq_verifier.columns import uses
from liq_verifier.errors import verify_errors
from liq_verifier.obligation import Kind, Need, Settled, Subject, Verdict, Verification
from liq_verifier.order import verify_order
from liq_verifier.policy import NoRoleClaim
from liq_verifier.reads import Setting, verify_reads
from liq_verifier.replay import Replayer
from liq_verifier.same import verify_same
from liq_verifier.settle import Settler
from liq_verifier.text import verify_text, with_deleted
from liq_verifier.upserts import verify_upsert
from liq_verifier.writes import read_change, verify_change

WRITES = (p.InsertRows, p.UpdateRows, p.DeleteRows)


def verify(plan: p.PhysicalPlan, query: ir.Query, schema: Schema, emitted: tuple[SqlPlan, ...] = ()) -> Verification:
    """Prove a plan safe under a schema's policies, refute it with rows, or say what is not known.

    ``emitted``: its SQL, dialect by dialect, of which the same is proved.
    """
    settler = Settler(Replayer(plan, query, schema).replay)
    parameters = {q.name: q for q in query.parameters}
    needs: list[Need] = []
    lets: dict[str, Relation] = {}
    before: list[Lets] = []
    for step in plan.steps:
        before.append(dict(lets))
        needs += _needs(step, parameters, query, schema, before[-1])
        _keep_lets(lets, step, schema)
    needs.append(verify_same(plan, query, schema))
    for each in emitted:
        needs += _text_needs(each, plan, query, schema, before)
    obligations = settler.settle(needs)
    warnings = tuple(dict.fromkeys(w for o in obligations for w in o.warnings))
    channels = tuple(sorted({c for step in plan.steps for c in _channels(step, parameters, schema)}))
    return Verification(obligations, channels=channels, warnings=warnings, schema=schema)


def _text_needs(
    emitted: SqlPlan, plan: p.PhysicalPlan, query: ir.Query, schema: Schema, lets: list[Lets]
) -> tuple[Need, ...]:
    """The obligations of the SQL of one dialect; of one that cannot be read, one that fails."""
    try:
        return tuple(verify_text(emitted, plan, query, schema, lets))
    except Exception as problem:  # a text from outside may be anything: what cannot be read is not proved
        subject = Subject(Kind.EMIT, "sql", "the text can be read")
        return (Settled(subject, Verdict.UNKNOWN, f"the text cannot be read: {type(problem).__name__}"),)


def _keep_lets(lets: dict[str, Relation], step: p.Step, schema: Schema) -> None:
    """After a step: what it reads has a name; what a write may have changed would be other rows, read again."""
    if isinstance(step.root, WRITES):
        kind, table = type(step.root), getattr(step.root, "table", "")
        for name, relation in tuple(lets.items()):
            read = {n.table for n in walk(relation) if isinstance(n, ir.Scan)}
            if kind is p.DeleteRows or table in read:  # a delete may reach other tables
                del lets[name]
    elif step.name is not None:
        try:
            lets[step.name] = read_operator(step.root, schema, lets)
        except Malformed:
            lets.pop(step.name, None)


def _needs(
    step: p.Step, parameters: Mapping[str, ir.Parameter], query: ir.Query, schema: Schema, lets: Lets
) -> tuple[Need, ...]:
    """The obligations of one step. A step that does not fit the schema has one, which fails."""
    try:
        return tuple(_step(step, parameters, query, schema, lets))
    except (Malformed, NoRoleClaim) as problem:
        reason = str(problem)
    except Exception as problem:  # a plan from outside may be anything: what cannot be read is not proved
        reason = f"the plan cannot be read: {type(problem).__name__}"
    return (Settled(Subject(Kind.SAME, "plan", "the plan fits the schema"), Verdict.UNKNOWN, reason),)


def _step(
    step: p.Step, parameters: Mapping[str, ir.Parameter], query: ir.Query, schema: Schema, lets: Lets
) -> Iterator[Need]:
    if isinstance(step.root, WRITES):
        setting = _write_setting(step.root, parameters, schema, lets)
        change, needs = read_change(step, setting)
        yield from needs
        for read in change.reads:
            yield from verify_order(read, schema, made=True)
            yield from verify_errors(read, setting)
        yield from verify_change(change, setting)
        yield from verify_channels(change, setting)
        if isinstance(step.root, p.InsertRows) and step.root.upsert is not None:
            yield from verify_upsert(step.root.upsert, change, setting)
        return
    root = read_operator(step.root, schema, lets)
    setting = Setting(schema, parameters, uses([root], schema), with_deleted=with_deleted(query), lets=lets)
    yield from verify_reads(root, setting)
    yield from verify_order(root, schema)
    yield from verify_errors(root, setting)


def _write_setting(
    root: p.Operator, parameters: Mapping[str, ir.Parameter], schema: Schema, lets: Lets = NO_LETS
) -> Setting:
    source = root.source  # type: ignore[attr-defined]
    more = [read_expression(i, schema) for i in root.returning]  # type: ignore[attr-defined]
    more += [read_expression(a, schema) for a in getattr(root, "assignments", ())]
    found = uses([read_operator(source, schema), *more], schema, result=isinstance(root, p.InsertRows))
    return Setting(schema, parameters, found, lets=lets)


def _channels(step: p.Step, parameters: Mapping[str, ir.Parameter], schema: Schema) -> Iterator[str]:
    if isinstance(step.root, WRITES) and schema.channels:
        try:
            setting = _write_setting(step.root, parameters, schema)
            yield from used_channels(read_change(step, setting)[0], setting)
        except Exception:
            return
