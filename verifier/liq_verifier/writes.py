"""O6: what is written may be written. Old rows are found by the policies, new rows are checked by them, and moved
rows stay."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol

from attrs import evolve, frozen

from liq.model import physical as p
from liq.model.expr import Call, ColumnRef, Expr, Item, Literal, Relation
from liq.model.ir import Assignment, Filter, LetScan, Project, Scan
from liq.model.node import walk
from liq.model.schema import Operation, Table, TableColumn
from liq.model.types import Type
from liq_verifier.algebra import Fence, Malformed, read_expression, read_operator, subqueries
from liq_verifier.blocks import conjuncts
from liq_verifier.claims import Builder
from liq_verifier.columns import uses
from liq_verifier.encode import Undecided
from liq_verifier.fingerprint import fingerprint
from liq_verifier.guard import Facts, facts, reference
from liq_verifier.obligation import Either, Formula, Goal, Kind, Need, Subject
from liq_verifier.policy import TRUE, alive, all_of, role_policy, row_policy
from liq_verifier.reads import Setting, beside, verify_reads
from liq_verifier.rows import Binding, Row
from liq_verifier.terms import Term


class Made(Protocol):
    """Makes the old row (if any) and the new one, by position, in a formula, with everything that is known of them."""

    def __call__(self, builder: Builder, checked: bool = True) -> tuple[Row | None, dict[int, Binding]]: ...


@frozen
class Change:
    """A write as obligations need it: how its new row comes about, and what the plan itself checks of it."""

    table: Table
    operation: Operation
    new: Made
    check: Expr | None
    written: frozenset[str]
    shows: bool
    values: Mapping[str, Expr]
    shown: frozenset[str] = frozenset()
    """Columns of the new row that are returned."""
    reads: tuple[Relation, ...] = ()
    """What the write reads: its source, and what it computes of it."""

    @property
    def chosen(self) -> frozenset[str]:
        """The columns that the plan gives values of its own, not the defaults of the schema."""
        return frozenset(
            name for name in self.written if not _is_default(self.table.by_name[name], self.values.get(name))
        )


def _is_default(column: TableColumn, value: Expr | None) -> bool:
    if value is None:
        return False
    if column.default is None:
        return isinstance(value, Literal) and value.value is None
    return bool(fingerprint(value, {}) == fingerprint(column.default, {}))


def read_change(step: p.Step, setting: Setting) -> tuple[Change, tuple[Need, ...]]:
    """A write of a plan, and the obligations of what it reads."""
    match step.root:
        case p.InsertRows():
            return _insert(step.root, step, setting)
        case p.UpdateRows():
            return _update(step.root, step, setting)
        case p.DeleteRows():
            return _delete(step.root, step, setting)
        case _:
            raise Malformed("not a write")


def verify_change(change: Change, setting: Setting) -> Iterator[Need]:
    """The obligations about the new row."""
    if change.check is None:
        return
    policy = written_policy(change, setting)
    claim = f"every new row of {change.table.name} passes its policies"

    def build(strings: bool) -> Formula:
        builder = Builder(setting.schema, setting.parameters, strings)
        old, new = change.new(builder)
        return evolve(builder.unless(policy, new, old), policy=policy, written=change.table)

    yield Goal(Subject(Kind.WRITE, change.table.name, claim), build)
    for part in conjuncts(change.check):
        if subqueries(part):
            yield _asked(part, policy, change, setting)


def written_policy(change: Change, setting: Setting) -> Expr:
    """What must be true of a new row, over its columns by position."""
    schema, table = setting.schema, change.table
    parts = [
        row_policy(schema, table, change.operation, check=True),
        role_policy(schema, change.operation, table, change.chosen) if schema.roles else TRUE,
    ]
    if change.operation is Operation.UPDATE or change.shows:
        parts.append(row_policy(schema, table, Operation.READ))
    if change.shows:
        parts += [alive(schema, table), role_policy(schema, Operation.READ, table, change.shown)]
    return all_of(parts)


def _asked(part: Expr, policy: Expr, change: Change, setting: Setting) -> Need:
    """A check that reads tables says nothing beyond the policies: else refusing a row would tell what it must not."""

    def build(strings: bool) -> Formula:
        builder = Builder(setting.schema, setting.parameters, strings)
        _, new = change.new(builder, checked=False)
        builder.assume_policy_of(policy, new)
        return builder.unless(part, builder.env, None)

    goal = Goal(
        Subject(Kind.WRITE, change.table.name, "a check that reads tables is part of the policies", part.span), build
    )
    inner = tuple(need for query in subqueries(part) for need in verify_reads(query, setting))
    return Either(((goal,), inner))


# ------------------------------------------------------------------------------------------------- the three writes
def _insert(insert: p.InsertRows, step: p.Step, setting: Setting) -> tuple[Change, tuple[Need, ...]]:
    schema = setting.schema
    table = _table(insert.table, setting)
    _same_columns(insert.row, table)
    source = read_operator(insert.source, schema, setting.lets)
    known = facts(source)
    check: Expr = known.see(read_expression(insert.check.predicate, setting.schema, setting.lets))
    given = dict(zip(insert.targets, source.columns, strict=True))

    def new(builder: Builder, checked: bool = True) -> tuple[Row | None, dict[int, Binding]]:
        _put(builder, known)
        values: dict[int, Binding] = {}
        for number, (column, own) in enumerate(zip(table.columns, insert.row, strict=True), 1):
            place = given.get(column.name)
            value = None if place is None else known.see(reference(place))
            values[number] = _term(builder, value, column.name, column.type, column.nullable)
            builder.env[own.id] = values[number]
        if checked:
            builder.assume((check,))
        return None, values

    values = {name: _origin(source, known.see(reference(column))) for name, column in given.items()}
    shows, shown = step.shows or bool(step.name), _shown(insert, table, setting)
    targets = frozenset(insert.targets)
    change = Change(table, Operation.INSERT, new, check, targets, shows, values, shown, (source,))
    needs = (*verify_reads(source, setting), *_returned(insert, setting))
    return change, needs


def _update(update: p.UpdateRows, step: p.Step, setting: Setting) -> tuple[Change, tuple[Need, ...]]:
    table = _table(update.table, setting)
    _same_columns(update.row, table)
    source, scan = _target(update.source, table, setting)
    assigned: tuple[Assignment, ...] = tuple(
        read_expression(a, setting.schema, setting.lets) for a in update.assignments
    )
    names = frozenset(a.column for a in assigned)
    deletes = _deletes(table, assigned)
    operation = Operation.DELETE if deletes else Operation.UPDATE
    known = facts(source)
    check: Expr = read_expression(update.check.predicate, setting.schema, setting.lets)
    values = {a.column: known.see(a.value) for a in assigned}

    def new(builder: Builder, checked: bool = True) -> tuple[Row | None, dict[int, Binding]]:
        old = builder.row(scan)
        builder.assume(known.predicates)
        made: dict[int, Binding] = {}
        for number, (column, own) in enumerate(zip(table.columns, update.row, strict=True), 1):
            value = values.get(column.name)
            made[number] = (
                old.term(column.name) if value is None else _term(builder, value, column.name, column.type, True)
            )
            builder.env[own.id] = made[number]
        if checked:
            builder.assume((check,))
        return old, made

    items = tuple(Item(c, a.value) for c, a in zip(update.row, assigned, strict=False))
    shows, read = step.shows or bool(step.name), Project(source, items)
    change = Change(
        table, operation, new, None if deletes else check, names, shows, values, _shown(update, table, setting), (read,)
    )
    found = evolve(setting, also={scan.columns[0].id: _using(table, operation, names, setting)})
    needs = (*verify_reads(read, found), *_returned(update, setting))
    return change, needs


def _deletes(table: Table, assigned: tuple[Assignment, ...]) -> bool:
    """Whether a change sets the tombstone, and nothing else: that is a delete."""
    match assigned:
        case (Assignment(column, Call("now")),):
            return table.tombstone is not None and table.tombstone.name == column
        case _:
            return False


def _delete(delete: p.DeleteRows, step: p.Step, setting: Setting) -> tuple[Change, tuple[Need, ...]]:
    table = _table(delete.table, setting)
    source, scan = _target(delete.source, table, setting)
    known = facts(source)

    def new(builder: Builder, checked: bool = True) -> tuple[Row | None, dict[int, Binding]]:
        old = builder.row(scan)
        builder.assume(known.predicates)
        return old, dict(builder.encoder.row_env(old))

    change = Change(table, Operation.DELETE, new, None, frozenset(), step.shows or bool(step.name), {}, reads=(source,))
    found = evolve(setting, also={scan.columns[0].id: _using(table, Operation.DELETE, frozenset(), setting)})
    shown = Project(source, tuple(read_expression(item, setting.schema, setting.lets) for item in delete.returning))
    return change, tuple(verify_reads(shown if delete.returning else source, found))


# ------------------------------------------------------------------------------------------------- parts
def _table(name: str, setting: Setting) -> Table:
    table = setting.schema.table_by_name.get(name)
    if table is None:
        raise Malformed(f"there is no table {name}")
    return table


def _same_columns(row: tuple[object, ...], table: Table) -> None:
    if len(row) != len(table.columns):
        raise Malformed(f"a row of {table.name} has {len(table.columns)} columns")


def _target(operator: p.Operator, table: Table, setting: Setting) -> tuple[Relation, Scan]:
    """The source of a change: filters over one scan of all columns of the table."""
    source = read_operator(operator, setting.schema, setting.lets)
    inner = source
    while isinstance(inner, Filter | Fence):
        inner = inner.input
    if not isinstance(inner, Scan) or inner.table != table.name or not inner.columns:
        raise Malformed(f"a change of {table.name} does not read that table alone")
    return source, inner


def _using(table: Table, operation: Operation, names: frozenset[str], setting: Setting) -> Expr:
    role = role_policy(setting.schema, operation, table, names) if setting.schema.roles else TRUE
    return all_of((row_policy(setting.schema, table, operation), role))


def _returned(write: p.InsertRows | p.UpdateRows, setting: Setting) -> Iterator[Need]:
    """Subqueries of what is shown, over rows of which nothing is assumed."""
    items = tuple(read_expression(item, setting.schema, setting.lets) for item in write.returning)
    yield from verify_reads(Project(LetScan("written", write.row), items), setting)


def _shown(write: p.InsertRows | p.UpdateRows, table: Table, setting: Setting) -> frozenset[str]:
    """The columns of the new row that are returned."""
    items = tuple(read_expression(item, setting.schema, setting.lets) for item in write.returning)
    used = uses(items, setting.schema).ids
    return frozenset(c.name for c, own in zip(table.columns, write.row, strict=True) if own.id in used)


def _origin(source: Relation, value: Expr) -> Expr:
    """What a column is computed by; random values, which may not be said twice, included."""
    made = {i.column.id: i.expr for n in walk(source) if isinstance(n, Project) for i in n.items}
    seen: set[int] = set()
    while isinstance(value, ColumnRef) and value.id in made and value.id not in seen:
        seen.add(value.id)
        value = made[value.id]
    return value


def _put(builder: Builder, known: Facts) -> None:
    beside(builder, known.scans, None)
    builder.loose(known.loose)
    builder.assume(known.predicates)


def _term(builder: Builder, value: Expr | None, name: str, type_: Type, nullable: bool) -> Term:
    """The value that a column gets; unknown where it has no encoding, or is numbered by the database."""
    if value is not None:
        try:
            return builder.encoder.term(value, builder.env)
        except Undecided:
            pass
    return builder.encoder.free(name, type_, nullable)
