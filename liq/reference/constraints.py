"""What must hold of stored rows: NOT NULL, CHECK, unique keys, foreign keys."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from liq.model.errors import ErrorKind, LiqError
from liq.model.expr import Expr
from liq.model.schema import ForeignKey, Index, Key, Schema, Table
from liq.model.values import Value
from liq.reference.compare import Key as ValueKey
from liq.reference.compare import order_key
from liq.reference.database import Stored
from liq.reference.expressions import evaluate, truth
from liq.reference.machine import Env, Machine

Rows = Mapping[int, Stored]


def schema_env(row: Stored) -> Env:
    """A row as expressions of the schema see it: columns by position from 1."""
    return dict(enumerate(row, 1))


def check_row(table: Table, row: Stored, machine: Machine) -> None:
    """Note what NOT NULL and CHECK refuse of one row."""
    for column, value in zip(table.columns, row, strict=True):
        if value is None and not column.nullable and not column.auto:
            machine.journal.record(LiqError(ErrorKind.NOT_NULL, f"{table.name}.{column.name} must not be null"))
    env = schema_env(row)
    for check in table.checks:
        if truth(check.predicate, env, machine) is False:
            machine.journal.record(LiqError(ErrorKind.CHECK, f"{table.name}: check {check.name} is violated"))


# ------------------------------------------------------------------------------------------------- unique keys
Unique = Key | Index


def unique_keys(table: Table) -> Iterator[Unique]:
    """Everything that keeps rows of a table apart."""
    yield from table.keys
    yield from (index for index in table.indexes if index.unique)


def unique_value(table: Table, unique: Unique, row: Stored, machine: Machine) -> ValueKey | None:
    """What must differ from every other row's; None where the row is not held to it.

    Deleted rows of a table with a tombstone are not (where no foreign key points at the key), nor rows outside a
    partial key, nor rows with a null, unless
    nulls are not distinct.
    """
    tombstone = table.tombstone
    deleted = tombstone is not None and row[table.columns.index(tombstone)] is not None
    if deleted and not _pointed_at(table, unique, machine):
        return None
    env = schema_env(row)
    if unique.where is not None and truth(unique.where, env, machine) is not True:
        return None
    if isinstance(unique, Key):
        pairs = [(table.by_name[name].type, row[place(table, name)]) for name in unique.columns]
    else:
        pairs = [(key.expr.type, evaluate(key.expr, env, machine)) for key in unique.keys]
    nulls_distinct = unique.nulls_distinct if isinstance(unique, Key) else True
    if nulls_distinct and any(value is None for _, value in pairs):
        return None
    return tuple((1,) if value is None else (0, order_key(type_, value)) for type_, value in pairs)


def _pointed_at(table: Table, unique: Unique, machine: Machine) -> bool:
    columns = frozenset(unique.columns) if isinstance(unique, Key) else frozenset()
    return (table.name, columns) in machine.database.schema.pointed_at


def place(table: Table, name: str) -> int:
    """Where a column stands in the rows of a table."""
    return next(i for i, c in enumerate(table.columns) if c.name == name)


def conflicting(table: Table, unique: Unique, row: Stored, rows: Rows, machine: Machine) -> int | None:
    """The row that has the same key already."""
    wanted = unique_value(table, unique, row, machine)
    if wanted is None:
        return None
    return next((n for n, other in rows.items() if unique_value(table, unique, other, machine) == wanted), None)


def check_unique(table: Table, rows: Rows, machine: Machine) -> None:
    """Note the unique keys that two rows share."""
    for unique in unique_keys(table):
        seen: set[ValueKey] = set()
        for row in rows.values():
            value = unique_value(table, unique, row, machine)
            if value is not None and value in seen:
                machine.journal.record(LiqError(ErrorKind.UNIQUE, f"{table.name}: key {unique.name} is taken"))
                break
            seen.add(value)


def meets_on_the_way(table: Table, before: Rows, after: Rows, machine: Machine) -> bool:
    """Whether a new row takes the key that another row had: keys checked row by row would collide."""
    for unique in unique_keys(table):
        held = {unique_value(table, unique, row, machine): number for number, row in before.items()}
        for number, row in after.items():
            value = unique_value(table, unique, row, machine)
            if value is not None and held.get(value, number) != number:
                return True
    return False


# ------------------------------------------------------------------------------------------------- foreign keys
def reference_of(table: Table, key: ForeignKey, row: Stored) -> ValueKey | None:
    """What a row points at; None when one of its columns is null."""
    values = [row[place(table, name)] for name in key.columns]
    types = [table.by_name[name].type for name in key.columns]
    return None if None in values else tuple(order_key(t, v) for t, v in zip(types, values, strict=True))


def target_of(table: Table, key: ForeignKey, row: Stored) -> ValueKey | None:
    """What rows may point at, of a row of the target."""
    values: list[Value] = [row[place(table, name)] for name in key.target_columns]
    types = [table.by_name[name].type for name in key.target_columns]
    return None if None in values else tuple(order_key(t, v) for t, v in zip(types, values, strict=True))


def dangling(schema: Schema, table: Table, key: ForeignKey, tables: Mapping[str, Rows]) -> set[tuple[int, Stored]]:
    """The rows of a table that point at nothing."""
    target = schema.table_by_name[key.target]
    present = {target_of(target, key, row) for row in tables[key.target].values()}
    found = ((number, row, reference_of(table, key, row)) for number, row in tables[table.name].items())
    return {(number, row) for number, row, points_at in found if points_at is not None and points_at not in present}


def check_foreign_keys(schema: Schema, before: Mapping[str, Rows], after: Mapping[str, Rows], machine: Machine) -> None:
    """Note the foreign keys that a statement breaks; rows that pointed at nothing before are not its fault."""
    changed = {name for name in after if after[name] is not before[name]}
    for table in schema.tables:
        for key in table.foreign_keys:
            if table.name not in changed and key.target not in changed:
                continue
            if not dangling(schema, table, key, after) <= dangling(schema, table, key, before):
                message = f"{table.name}: foreign key {key.name} is violated"
                machine.journal.record(LiqError(ErrorKind.FOREIGN_KEY, message))


def violations(schema: Schema, tables: Mapping[str, Rows], machine: Machine) -> set[ErrorKind]:
    """The kinds of constraints that stored rows violate: none for a database that could exist."""
    with machine.aside() as journal:
        for table in schema.tables:
            for row in tables[table.name].values():
                check_row(table, row, machine)
            check_unique(table, tables[table.name], machine)
            for key in table.foreign_keys:
                if dangling(schema, table, key, tables):
                    journal.kinds.add(ErrorKind.FOREIGN_KEY)
    return journal.kinds


def holds(expr: Expr, env: Env, machine: Machine) -> bool:
    """Whether a predicate is true."""
    return truth(expr, env, machine) is True
