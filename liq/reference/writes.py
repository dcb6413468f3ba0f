"""Insert, update and delete. Rows are proposed and checked first; keys are checked when the statement has ended.

The IR's and the physical vocabulary's writes differ only in how they name their source: both are run here.
"""

from __future__ import annotations

from collections.abc import Sequence

from attrs import define, field

from liq.model.errors import ErrorKind, LiqError
from liq.model.expr import Column, Item
from liq.model.ir import Access, Assignment, Conflict, ConflictAction, Delete, Filter, Insert, Update, WriteCheck
from liq.model.physical import DeleteRows, InsertRows, RowCheck, UpdateRows, Upsert
from liq.model.schema import ForeignKey, OnDelete, Table
from liq.model.values import Value
from liq.reference.casts import stored
from liq.reference.constraints import (
    check_foreign_keys,
    check_row,
    check_unique,
    conflicting,
    holds,
    meets_on_the_way,
    place,
    reference_of,
    target_of,
    unique_keys,
)
from liq.reference.database import Stored, TableRows
from liq.reference.expressions import evaluate
from liq.reference.machine import ROW_ID, Env, Machine, Row

Write = Insert | Update | Delete | InsertRows | UpdateRows | DeleteRows


@define
class _Work:
    """The tables while a statement writes them: copies of what it touches."""

    machine: Machine
    tables: dict[str, dict[int, Stored]] = field(factory=dict)
    next_ids: dict[str, int] = field(factory=dict)
    counters: dict[str, dict[str, int]] = field(factory=dict)

    def rows(self, table: str) -> dict[int, Stored]:
        """The rows of a table, to be changed."""
        if table not in self.tables:
            known = self.machine.database.tables[table]
            self.tables[table] = dict(known.rows)
            self.next_ids[table] = known.next_id
            self.counters[table] = dict(known.counters)
        return self.tables[table]

    def add(self, table: str, row: Stored) -> int:
        """Store a new row."""
        rows = self.rows(table)
        number = self.next_ids[table]
        self.next_ids[table] += 1
        rows[number] = row
        return number

    def number(self, table: str, column: str) -> int:
        """The next number of an ``auto`` column."""
        self.rows(table)
        value = self.counters[table][column]
        self.counters[table][column] = value + 1
        return value

    def changed(self) -> dict[str, TableRows]:
        """The tables as they are after the statement."""
        return {t: TableRows(rows, self.next_ids[t], self.counters[t]) for t, rows in self.tables.items()}


@define
class Written:
    """What a write did: the returned rows, how many rows it wrote, and the tables afterwards."""

    rows: list[Row]
    count: int
    changed: dict[str, TableRows]


def write(statement: Write, machine: Machine) -> Written:
    """Run a write. Errors are in the journal; the caller stores the tables only when there are none."""
    work = _Work(machine)
    if isinstance(statement, Insert | InsertRows):
        images = _insert(statement, work)
    elif isinstance(statement, Update | UpdateRows):
        images = _update(statement, work)
    else:
        images = _delete(statement, work)
    rows = [_returned(statement.returning, env, machine) for env in images]
    _check_tables(work)
    return Written(rows, len(images), work.changed())


def _returned(items: Sequence[Item], env: Env, machine: Machine) -> Row:
    return {item.column.id: evaluate(item.expr, env, machine) for item in items}


def _check_tables(work: _Work) -> None:
    """The constraints of whole tables, when the statement has ended."""
    machine = work.machine
    schema = machine.database.schema
    before = {name: table.rows for name, table in machine.database.tables.items()}
    for name, rows in work.tables.items():
        check_unique(schema.table_by_name[name], rows, machine)
        if meets_on_the_way(schema.table_by_name[name], before[name], rows, machine):
            machine.may.add(ErrorKind.UNIQUE)
    check_foreign_keys(schema, before, {**before, **work.tables}, machine)


def _named(columns: Sequence[Column], row: Stored) -> Row:
    return {column.id: value for column, value in zip(columns, row, strict=True)}


def _stored_row(table: Table, values: Sequence[Value], machine: Machine) -> Stored:
    """Values as their columns keep them."""
    result = []
    for column, value in zip(table.columns, values, strict=True):
        try:
            result.append(stored(value, column.type))
        except LiqError as error:
            machine.journal.record(error)
            result.append(None)
    return tuple(result)


def _demand(check: WriteCheck | RowCheck | Access | None, env: Env, table: Table, machine: Machine) -> bool:
    """A policy check of a row; POLICY when it is not true."""
    if check is None or holds(check.predicate, env, machine):
        return True
    machine.journal.record(LiqError(ErrorKind.POLICY, f"{table.name}: a policy refuses the row"))
    return False


# ------------------------------------------------------------------------------------------------- insert
def _insert(statement: Insert | InsertRows, work: _Work) -> list[Env]:
    machine = work.machine
    table = machine.database.schema.table_by_name[statement.table]
    conflict = statement.conflict if isinstance(statement, Insert) else statement.upsert
    touched: set[int] = set()
    images: list[Env] = []
    source = machine.rows(statement.source, {}, machine)
    for given in source:
        named = {name: given[c.id] for name, c in zip(statement.targets, statement.source.columns, strict=True)}
        row = _new_row(table, named, work)
        env = _named(statement.row, row)
        _demand(statement.check, env, table, machine)
        check_row(table, row, machine)
        there = None if conflict is None else _row_there(table, conflict, row, work)
        if there is None:
            touched.add(work.add(table.name, row))
            images.append(env)
        elif conflict is not None and conflict.action is ConflictAction.UPDATE:
            changed = _upsert(table, conflict, there, row, touched, work)
            if changed is not None:
                images.append(_named(statement.row, changed))
    return images


def _new_row(table: Table, named: dict[str, Value], work: _Work) -> Stored:
    """The proposed row: columns that the statement leaves out are numbered by the database, or null."""
    values: list[Value] = []
    for column in table.columns:
        value = named.get(column.name)
        if column.auto and (column.name not in named or value is None):
            value = work.number(table.name, column.name)
        values.append(value)
    row = _stored_row(table, values, work.machine)
    work.rows(table.name)
    for name, counter in work.counters[table.name].items():
        value = row[place(table, name)]
        if isinstance(value, int):
            work.counters[table.name][name] = max(counter, value + 1)
    return row


def _row_there(table: Table, conflict: Conflict | Upsert, row: Stored, work: _Work) -> int | None:
    """The row whose key the proposed one would take."""
    for unique in unique_keys(table):
        names = set(getattr(unique, "columns", ()))
        if conflict.target and names != set(conflict.target):
            continue
        found = conflicting(table, unique, row, work.rows(table.name), work.machine)
        if found is not None:
            return found
    return None


def _upsert(
    table: Table, conflict: Conflict | Upsert, there: int, proposed: Stored, touched: set[int], work: _Work
) -> Stored | None:
    """Change the row there; None when nothing changes."""
    machine, rows = work.machine, work.rows(table.name)
    if there in touched:
        machine.journal.record(LiqError(ErrorKind.CONFLICT_TWICE, f"{table.name}: one row would be changed twice"))
        return None
    env = {**_named(conflict.existing, rows[there]), **_named(conflict.excluded, proposed)}
    if not _demand(conflict.visible, env, table, machine):
        return None
    if conflict.where is not None and not holds(conflict.where, env, machine):
        return None
    row = _assigned(table, rows[there], conflict.assignments, env, machine)
    _demand(conflict.check, {**env, **_named(conflict.changed, row)}, table, machine)
    check_row(table, row, machine)
    rows[there] = row
    touched.add(there)
    return row


def _assigned(
    table: Table, old: Stored, assignments: Sequence[Assignment], env: Env, machine: Machine
) -> Stored:
    """The row with new values, all computed from the old one."""
    values = list(old)
    for assignment in assignments:
        values[place(table, assignment.column)] = evaluate(assignment.value, env, machine)
    return _stored_row(table, values, machine)


# ------------------------------------------------------------------------------------------------- update, delete
def _found(statement: Update | Delete | UpdateRows | DeleteRows, machine: Machine) -> list[Row]:
    """The rows to be written, with their identity."""
    if isinstance(statement, Update | Delete):
        return machine.rows(Filter(statement.scan, statement.predicate), {}, machine)
    return machine.rows(statement.source, {}, machine)


def _table_of(statement: Update | Delete | UpdateRows | DeleteRows, machine: Machine) -> Table:
    name = statement.scan.table if isinstance(statement, Update | Delete) else statement.table
    return machine.database.schema.table_by_name[name]


def _identity(row: Row) -> int:
    number = row[ROW_ID]
    assert isinstance(number, int)
    return number


def _update(statement: Update | UpdateRows, work: _Work) -> list[Env]:
    machine = work.machine
    table = _table_of(statement, machine)
    rows = work.rows(table.name)
    images: list[Env] = []
    for old in _found(statement, machine):
        number = _identity(old)
        row = _assigned(table, rows[number], statement.assignments, old, machine)
        env = {**old, **_named(statement.row, row)}
        _demand(statement.check, env, table, machine)
        check_row(table, row, machine)
        rows[number] = row
        images.append(env)
    return images


def _delete(statement: Delete | DeleteRows, work: _Work) -> list[Env]:
    machine = work.machine
    table = _table_of(statement, machine)
    found = _found(statement, machine)
    rows = work.rows(table.name)
    gone = [rows.pop(_identity(row)) for row in found]
    _act_on_delete(table, gone, work)
    return list(found)


def _act_on_delete(table: Table, gone: list[Stored], work: _Work) -> None:
    """What foreign keys do with the rows that pointed at deleted ones, on and on."""
    schema = work.machine.database.schema
    pending = [(table, row) for row in gone]
    _meet_references(table, gone, work)
    while pending:
        target, row = pending.pop(0)
        for child in schema.tables:
            for key in child.foreign_keys:
                if key.target == target.name and key.on_delete not in (OnDelete.NO_ACTION, OnDelete.RESTRICT):
                    pending += _act(child, key, target, row, work)


def _meet_references(target: Table, gone: list[Stored], work: _Work) -> None:
    """Rows that point at deleted ones: ``restrict`` refuses at once.

    Without an action they count when the statement has ended, but PostgreSQL may look before another key's cascade has
    removed them.
    """
    machine = work.machine
    for child in machine.database.schema.tables:
        for key in child.foreign_keys:
            if key.target != target.name or key.on_delete not in (OnDelete.RESTRICT, OnDelete.NO_ACTION):
                continue
            if not any(_pointing(child, key, target, row, work) for row in gone):
                continue
            if key.on_delete is OnDelete.NO_ACTION:
                machine.may.add(ErrorKind.FOREIGN_KEY)
                continue
            message = f"{child.name}: foreign key {key.name} restricts the delete"
            machine.journal.record(LiqError(ErrorKind.FOREIGN_KEY, message))


def _pointing(child: Table, key: ForeignKey, target: Table, row: Stored, work: _Work) -> list[int]:
    """The rows that point at a deleted row, which nothing has replaced."""
    wanted = target_of(target, key, row)
    if wanted is None or any(target_of(target, key, other) == wanted for other in work.rows(target.name).values()):
        return []
    return [number for number, other in work.rows(child.name).items() if reference_of(child, key, other) == wanted]


def _act(child: Table, key: ForeignKey, target: Table, row: Stored, work: _Work) -> list[tuple[Table, Stored]]:
    """Delete or change the rows that point at a deleted one; the rows deleted."""
    rows, machine = work.rows(child.name), work.machine
    pointing = _pointing(child, key, target, row, work)
    if key.on_delete is OnDelete.CASCADE:
        gone = [rows.pop(number) for number in pointing]
        _meet_references(child, gone, work)
        return [(child, other) for other in gone]
    for number in pointing:
        values = list(rows[number])
        for name in key.columns:
            default = child.by_name[name].default if key.on_delete is OnDelete.SET_DEFAULT else None
            values[place(child, name)] = None if default is None else evaluate(default, {}, machine)
        rows[number] = _stored_row(child, values, machine)
        check_row(child, rows[number], machine)
    return []
