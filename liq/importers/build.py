"""Columns and constraints put on a table, by ``CREATE TABLE`` and ``ALTER TABLE`` alike."""

from __future__ import annotations

from liq.importers import ddl
from liq.importers.database import Column, Constraint, Database, Table
from liq.importers.naming import columns_used, default_name
from liq.importers.problems import Place, Report
from liq.model import codes


def add_column(database: Database, report: Report, table: Table, made: ddl.ColumnDef, place: Place) -> None:
    """Put a column behind those of a table, with the constraints that stood behind it."""
    folded = database.fold(made.name)
    if folded in table.columns:
        report.add(codes.IMPORT_DUPLICATE, f"{table.name} has a column {made.name} already", place)
        return
    table.columns[folded] = Column(
        made.name, made.type, database.now, place, made.not_null, made.default, made.identity or made.auto_increment,
        made.generated, made.collation,
    )  # fmt: skip
    if made.conflict is not None and made.conflict.lower() != "abort":
        message = f"{table.name}.{made.name}: ON CONFLICT {made.conflict.upper()} is left out; a conflict is an error"
        report.add(codes.IMPORT_DIFFERS, message, place)
    for constraint in made.constraints:
        add_constraint(database, report, table, constraint, Place(place.source, constraint.span))


def add_constraint(database: Database, report: Report, table: Table, made: ddl.Constraint, place: Place) -> None:
    """Put a constraint on a table, under PostgreSQL's name where it has none."""
    if isinstance(made, ddl.ExclusionConstraint):
        help = "liq has no exclusion constraints; a unique key says the case where all operators are ="
        report.add(codes.IMPORT_LEFT_OUT, f"an exclusion constraint of {table.name} is left out", place, help)
        return
    if isinstance(made, ddl.KeyConstraint) and made.index is not None:
        taken = database.index(ddl.Name((made.index,)))
        if taken is None:
            report.add(codes.IMPORT_UNKNOWN, f"index {made.index} does not exist; the key is left out", place)
            return
        taken[0].indexes.remove(taken[1])
        made = ddl.KeyConstraint(
            taken[1].what.keys, made.primary, made.name or taken[1].name, made.span, made.nulls_not_distinct
        )
    if isinstance(made, ddl.KeyConstraint) and made.conflict is not None and made.conflict.lower() != "abort":
        message = f"a key of {table.name}: ON CONFLICT {made.conflict.upper()} is left out; a conflict is an error"
        report.add(codes.IMPORT_DIFFERS, message, place)
    names = _columns_of(made, database, table)
    missing = [name for name in names if database.column(table, name) is None]
    if missing and not isinstance(made, ddl.CheckConstraint):
        message = f"a constraint of {table.name}: column {missing[0]} does not exist; it is left out"
        report.add(codes.IMPORT_UNKNOWN, message, place)
        return
    if made.name is not None and any(database.fold(c.name) == database.fold(made.name) for c in table.constraints):
        report.add(codes.IMPORT_DUPLICATE, f"{table.name} has a constraint {made.name} already", place)
        return
    suffix = {"KeyConstraint": "key", "ForeignConstraint": "fkey", "CheckConstraint": "check"}[type(made).__name__]
    if isinstance(made, ddl.KeyConstraint) and made.primary:
        names, suffix = [], "pkey"
    elif isinstance(made, ddl.CheckConstraint) and len(names) != 1:
        names = []
    name = made.name or default_name(database, table, names, suffix)
    table.constraints.append(Constraint(made, name, made.name is not None, database.now, place))


def _columns_of(made: ddl.Constraint, database: Database, table: Table) -> list[str]:
    match made:
        case ddl.KeyConstraint(keys):
            return [k.column for k in keys if k.column]
        case ddl.ForeignConstraint(columns):
            return list(columns)
        case ddl.CheckConstraint(condition):
            return columns_used(condition, database, table)
        case _:
            return []
