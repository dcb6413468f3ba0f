"""O6 for ``or update``: the row that is there may be changed, and what becomes of it may be written."""

from __future__ import annotations

from collections.abc import Iterator

from attrs import evolve

from liq.model import physical as p
from liq.model.ir import ConflictAction
from liq.model.schema import Operation
from liq_verifier.algebra import Malformed, read_expression
from liq_verifier.claims import Builder
from liq_verifier.encode import Undecided
from liq_verifier.obligation import Formula, Goal, Kind, Need, Subject
from liq_verifier.policy import TRUE, all_of, read_policy, role_policy, row_policy
from liq_verifier.reads import Setting
from liq_verifier.rows import Binding, Row, same_value
from liq_verifier.writes import Change


def verify_upsert(upsert: p.Upsert, change: Change, setting: Setting) -> Iterator[Need]:
    """The obligations of an insert that changes the row which has the key already."""
    if upsert.action is ConflictAction.SKIP:
        return
    table, schema = change.table, setting.schema
    if len(upsert.existing) != len(table.columns) or len(upsert.changed) != len(table.columns):
        raise Malformed(f"a row of {table.name} has {len(table.columns)} columns")
    names = frozenset(a.column for a in upsert.assignments)
    role = role_policy(schema, Operation.UPDATE, table, names) if schema.roles else TRUE
    using = all_of((read_policy(schema, table, ()), row_policy(schema, table, Operation.UPDATE), role))
    check = all_of(
        (
            row_policy(schema, table, Operation.UPDATE, check=True),
            row_policy(schema, table, Operation.READ),
            role_policy(schema, Operation.READ, table, change.shown) if change.shows else TRUE,
        )
    )

    def old(strings: bool) -> Formula:
        builder = Builder(schema, setting.parameters, strings)
        existing, _ = _rows(builder, upsert, change, setting)
        formula = builder.unless(using, builder.encoder.row_env(existing), existing)
        return evolve(formula, policy=using, written=table)

    def new(strings: bool) -> Formula:
        builder = Builder(schema, setting.parameters, strings)
        existing, changed = _rows(builder, upsert, change, setting)
        if upsert.check is not None:
            builder.assume((read_expression(upsert.check.predicate, setting.schema, setting.lets),))
        return evolve(builder.unless(check, changed, existing), policy=check, written=table)

    yield Goal(Subject(Kind.WRITE, table.name, f"or update changes rows of {table.name} that may be changed"), old)
    yield Goal(Subject(Kind.WRITE, table.name, f"or update leaves rows of {table.name} that may be written"), new)


def _rows(builder: Builder, upsert: p.Upsert, change: Change, setting: Setting) -> tuple[Row, dict[int, Binding]]:
    """The row that is there, and what becomes of it."""
    _, proposed = change.new(builder)
    table, encoder = change.table, builder.encoder
    existing = builder.stored(table.name)
    for column, own in zip(table.columns, upsert.existing, strict=True):
        builder.env[own.id] = existing.term(column.name)
    _meets(builder, upsert, change, existing, proposed)
    for own, given in zip(upsert.excluded, proposed.values(), strict=False):
        builder.env[own.id] = given
    if upsert.visible is not None:
        builder.assume((read_expression(upsert.visible.predicate, setting.schema, setting.lets),))
    if upsert.where is not None:
        builder.assume((read_expression(upsert.where, setting.schema, setting.lets),))
    values = {a.column: read_expression(a.value, setting.schema, setting.lets) for a in upsert.assignments}
    changed: dict[int, Binding] = {}
    for number, (column, own) in enumerate(zip(table.columns, upsert.changed, strict=True), 1):
        if column.name not in values:
            changed[number] = existing.term(column.name)
        else:
            try:
                changed[number] = encoder.term(values[column.name], builder.env)
            except Undecided:
                changed[number] = encoder.free(column.name, column.type, True)
        builder.env[own.id] = changed[number]
    return existing, changed


def _meets(builder: Builder, upsert: p.Upsert, change: Change, existing: Row, proposed: dict[int, Binding]) -> None:
    """The rows agree on the key in conflict; deleted rows hold no key but those that foreign keys point at."""
    table, script = change.table, builder.encoder.script
    held = (table.name, frozenset(upsert.target)) in builder.schema.pointed_at
    if table.tombstone is not None and not held:
        script.claim(existing.term(table.tombstone.name).null)
    names = [c.name for c in table.columns]
    for name in upsert.target:
        there, new = existing.term(name), builder.encoder.look(proposed, 1 + names.index(name))
        script.claim(same_value(there, new))
