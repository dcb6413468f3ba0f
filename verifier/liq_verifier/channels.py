"""O7 and O8: errors and side effects of a write tell of rows that the session sees, or of what a channel of the
schema gives away.

A taken key, a missing or present parent, a child in the way, a row that falls with its parent: each is a pair of
rows, the
written one and another, and the claim is that the other one is visible (or may be changed).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count

from attrs import evolve

from liq.model.expr import Call, ClaimRef, Column, ColumnRef, Exists, Expr, Literal, Or, ParamRef, Relation
from liq.model.instantiate import instantiate
from liq.model.ir import Filter, Scan
from liq.model.node import walk
from liq.model.schema import ForeignKey, Index, Key, OnDelete, Operation, Table
from liq.model.types import BOOL
from liq_verifier import smt
from liq_verifier.claims import Builder
from liq_verifier.guard import reference
from liq_verifier.obligation import Formula, Goal, Kind, Need, Settled, Subject, Verdict
from liq_verifier.policy import all_of, read_policy, role_among, row_policy
from liq_verifier.reads import Setting
from liq_verifier.rows import Binding, Row, same_value
from liq_verifier.terms import Term
from liq_verifier.writes import Change

Meets = Callable[[Builder, Row, dict[int, Binding], Row | None], str]
"""When the other row meets the written one: over the other row, the new row by position, and the old row."""


def verify_channels(change: Change, setting: Setting) -> Iterator[Need]:
    """The obligations about other rows that a write may meet."""
    if change.operation is Operation.DELETE and not change.written:
        for table in setting.schema.tables:
            for key in table.foreign_keys:
                if key.target == change.table.name:
                    yield _child(change, table, key, setting)
        return
    indexes = tuple(index for index in change.table.indexes if index.unique)
    uniques: tuple[Key | Index, ...] = (*change.table.keys, *indexes)
    for unique in uniques:
        if change.operation is Operation.INSERT or _names(unique, change.table) & change.written:
            yield _taken(change, unique, setting)
    for key in change.table.foreign_keys:
        if set(key.columns) & change.written:
            yield _parent(change, key, setting)


def _names(unique: Key | Index, table: Table) -> frozenset[str]:
    if isinstance(unique, Key):
        return frozenset(unique.columns)
    refs = [n.id for key in unique.keys for n in walk(key.expr) if isinstance(n, ColumnRef)]
    return frozenset(table.columns[i - 1].name for i in refs)


def _taken(change: Change, unique: Key | Index, setting: Setting) -> Need:
    """A row that has the key already is visible."""
    names = _names(unique, change.table)
    claim = f"a taken {unique.name} tells of visible rows only"
    fresh = [n for n in names if _is_fresh(change, n)]
    if fresh:
        reason = f"{fresh[0]} is made by the database"
        return Settled(Subject(Kind.CONFLICT, change.table.name, claim), Verdict.PROVED, reason)

    def meets(builder: Builder, other: Row, new: dict[int, Binding], old: Row | None) -> str:
        encoder, table = builder.encoder, change.table
        theirs = encoder.row_env(other)
        held = frozenset(names) if isinstance(unique, Key) else frozenset()
        among_deleted = (table.name, held) in setting.schema.pointed_at
        parts = [smt.TRUE if among_deleted else _both_alive(builder, table, theirs, new)]
        if isinstance(unique, Key):
            numbers = [1 + [c.name for c in table.columns].index(n) for n in unique.columns]
            pairs = [(encoder.look(theirs, n), encoder.look(new, n)) for n in numbers]
            nulls = not unique.nulls_distinct
        else:
            pairs = [(encoder.term(k.expr, theirs), encoder.term(k.expr, new)) for k in unique.keys]
            nulls = False
        parts += [same_value(a, b) if nulls else _equal(a, b) for a, b in pairs]
        if unique.where is not None:
            parts += [encoder.true(unique.where, theirs), encoder.true(unique.where, new)]
        return smt.conj(parts)

    subject = Subject(Kind.CONFLICT, change.table.name, claim)
    return _meeting(subject, change, change.table, meets, _seen(change.table, names, setting), setting)


def _is_fresh(change: Change, name: str) -> bool:
    """Whether a column gets a value that nobody can foresee, or a number of the database's own."""
    if change.operation is not Operation.INSERT:
        return False
    value = change.values.get(name)
    if value is None:
        return change.table.by_name[name].auto
    return isinstance(value, Call) and value.function == "gen_random_uuid"


def _both_alive(builder: Builder, table: Table, theirs: dict[int, Binding], new: dict[int, Binding]) -> str:
    if table.tombstone is None:
        return smt.TRUE
    number = 1 + [c.name for c in table.columns].index(table.tombstone.name)
    return smt.conj(builder.encoder.look(env, number).null for env in (theirs, new))


def _equal(left: Term, right: Term) -> str:
    return smt.conj((smt.neg(left.null), smt.neg(right.null), smt.equal(left.value, right.value)))


def _parent(change: Change, key: ForeignKey, setting: Setting) -> Need:
    """The row that a new foreign key points at is visible."""
    target = setting.schema.table_by_name[key.target]
    subject = Subject(Kind.REFERENCE, change.table.name, f"{key.name} points at visible rows of {target.name} only")
    values = [change.values.get(name) for name in key.columns]
    if all(value is not None and _is_hosts(value) for value in values):
        return Settled(subject, Verdict.PROVED, "the value is a claim of the session, which the host vouches for")

    def meets(builder: Builder, other: Row, new: dict[int, Binding], old: Row | None) -> str:
        numbers = [1 + [c.name for c in change.table.columns].index(name) for name in key.columns]
        ours = [builder.encoder.look(new, n) for n in numbers]
        theirs = [other.term(name) for name in key.target_columns]
        return smt.conj(_equal(a, b) for a, b in zip(ours, theirs, strict=True))

    seen = _seen(target, frozenset(key.target_columns), setting)
    return _meeting(subject, change, target, meets, seen, setting, _visible_parent(change.table, key, target, setting))


NEW_IDS, PARENT_IDS = 5_000_000, 6_000_000
"""Ids for the new row and for a parent, away from those of plans and schemas."""


def _visible_parent(table: Table, key: ForeignKey, target: Table, setting: Setting) -> Expr:
    """That a visible row is pointed at: a hidden one beside it (deleted rows may share a key) then tells nothing."""
    fresh = count(PARENT_IDS)
    columns = tuple(Column(next(fresh), c.name, c.type, c.nullable) for c in target.columns)
    rows = {number: reference(column) for number, column in enumerate(columns, 1)}
    names, theirs = [c.name for c in table.columns], {c.name: reference(c) for c in columns}
    parts: list[Expr] = [instantiate(read_policy(setting.schema, target, ()), lambda: next(fresh), rows)]
    for ours, their in zip(key.columns, key.target_columns, strict=True):
        column = table.by_name[ours]
        new = ColumnRef(NEW_IDS + 1 + names.index(ours), ours, column.type, True)
        parts.append(Call("=", (theirs[their], new), BOOL, True))
    return Exists(Filter(Scan(target.name, columns, None, target.name), all_of(parts)))


def _is_hosts(value: Expr) -> bool:
    nodes = tuple(walk(value))
    told = any(isinstance(n, ParamRef | ColumnRef | Relation) for n in nodes)
    return not told and any(isinstance(n, ClaimRef | Literal) for n in nodes)


def _child(change: Change, table: Table, key: ForeignKey, setting: Setting) -> Need:
    """A row that points at a deleted one is visible, or may be changed as it is."""

    def meets(builder: Builder, other: Row, new: dict[int, Binding], old: Row | None) -> str:
        assert old is not None
        pairs = [(other.term(a), old.term(b)) for a, b in zip(key.columns, key.target_columns, strict=True)]
        return smt.conj(_equal(a, b) for a, b in pairs)

    if key.on_delete in (OnDelete.NO_ACTION, OnDelete.RESTRICT):
        claim = f"rows of {table.name} in the way of a delete ({key.name}) are visible"
        seen = _seen(table, frozenset(key.columns), setting)
    else:
        operation = Operation.DELETE if key.on_delete is OnDelete.CASCADE else Operation.UPDATE
        claim = f"rows of {table.name} that change with a delete ({key.name}) may be changed"
        seen = row_policy(setting.schema, table, operation)
    return _meeting(Subject(Kind.REFERENCE, table.name, claim), change, table, meets, seen, setting)


def _seen(table: Table, columns: frozenset[str], setting: Setting) -> Expr:
    """That a row is visible, or that a channel lets the session learn of it."""
    schema = setting.schema
    visible = read_policy(schema, table, ())
    channels = [c for c in schema.channels if c.table == table.name and c.column in columns]
    if any(not c.roles for c in channels):
        return Literal(True, visible.type)
    roles = [role for c in channels for role in c.roles]
    return Or((visible, role_among(schema, roles))) if roles else visible


def used_channels(change: Change, setting: Setting) -> Iterator[str]:
    """The channels of the schema that a write may use, for the certificate."""
    touched = {(change.table.name, name) for unique in change.table.keys for name in unique.columns}
    touched |= {(k.target, name) for k in change.table.foreign_keys for name in k.target_columns}
    for channel in setting.schema.channels:
        if (channel.table, channel.column) in touched:
            yield f"exists({channel.table}.{channel.column})"


def _meeting(
    subject: Subject,
    change: Change,
    table: Table,
    meets: Meets,
    seen: Expr,
    setting: Setting,
    instead: Expr | None = None,
) -> Goal:
    """Whatever row meets the written one is seen; or else what stands ``instead`` is true."""

    def build(strings: bool) -> Formula:
        builder = Builder(setting.schema, setting.parameters, strings)
        old, new = change.new(builder)
        other = builder.stored(table.name)
        builder.encoder.script.claim(meets(builder, other, new, old))
        holds = [builder.encoder.true(seen, builder.encoder.row_env(other))]
        if instead is not None:
            holds.append(builder.encoder.true(instead, {NEW_IDS + number: value for number, value in new.items()}))
        formula = builder.unless_text(smt.disj(holds), other)
        return evolve(formula, policy=seen, written=table)

    return Goal(subject, build)
