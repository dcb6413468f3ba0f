"""``ALTER TABLE | VIEW | INDEX | TYPE`` applied to the database."""

from __future__ import annotations

from typing import assert_never

from liq.importers import ddl
from liq.importers.build import add_column, add_constraint
from liq.importers.database import Column, Constraint, Database, Index, Key, Table, View
from liq.importers.naming import columns_used
from liq.importers.problems import Place, Report
from liq.model import codes
from liq.model.source import Source


def alter(database: Database, report: Report, made: ddl.Alter, source: Source) -> None:
    """Apply every action of one statement."""
    place = Place(source, made.span)
    match made.kind:
        case "index":
            _alter_index(database, report, made, place)
            return
        case "type":
            _alter_type(database, report, made, place)
            return
        case _:
            pass
    table, view = database.table(made.name), database.view(made.name)
    if table is None and view is None:
        index = database.index(made.name)
        if index is not None:
            _alter_index(database, report, made, place)
        elif not made.if_exists and database.was_left_out(made.name) is None:
            report.add(codes.IMPORT_UNKNOWN, f"{made.kind} {made.name.text} does not exist", place)
        return
    for action in made.actions:
        if table is not None:
            _Change(database, report, table, place).apply(action)
        elif view is not None:
            _change_view(database, report, view, action, place)


def _alter_index(database: Database, report: Report, made: ddl.Alter, place: Place) -> None:
    found = database.index(made.name)
    for action in made.actions:
        if isinstance(action, ddl.RenameTable):
            if found is not None:
                found[1].name = action.new
                database.index_names.add(database.fold(action.new))
            elif not made.if_exists:
                report.add(codes.IMPORT_UNKNOWN, f"index {made.name.text} does not exist", place)


def _alter_type(database: Database, report: Report, made: ddl.Alter, place: Place) -> None:
    enum = database.enum(made.name)
    if enum is None:
        report.add(codes.IMPORT_UNKNOWN, f"type {made.name.text} does not exist", place)
        return
    old: Key = enum.schema, database.fold(enum.name)
    for action in made.actions:
        if isinstance(action, ddl.RenameTable):
            enum.name = action.new
        elif isinstance(action, ddl.SetSchema):
            enum.schema = database.fold(action.schema)
    del database.enums[old]
    new = enum.schema, database.fold(enum.name)
    database.enums[new] = enum
    database.moves.append((database.number, old, new))


def _change_view(database: Database, report: Report, view: View, action: ddl.Action, place: Place) -> None:
    match action:
        case ddl.ViewOption(invoker):
            view.invoker = invoker
        case ddl.RenameTable(new):
            _move(database, database.views, view, (view.schema, database.fold(new)))
            view.name = new
        case ddl.SetSchema(schema):
            _move(database, database.views, view, (database.fold(schema), database.fold(view.name)))
            view.schema = database.fold(schema)
        case ddl.Oddity(_, harmless) if harmless:
            pass
        case _:
            report.add(codes.IMPORT_LEFT_OUT, f"a change of view {view.name} is left out", place)


def _move(database: Database, held: dict[Key, Table] | dict[Key, View], thing: Table | View, new: Key) -> None:
    old = next(key for key, value in held.items() if value is thing)
    kept = [(new if key == old else key, value) for key, value in held.items()]  # it keeps its place
    held.clear()
    held.update(kept)  # type: ignore[arg-type]  # they came out of the same dictionary
    database.moves.append((database.number, old, new))


class _Change:
    """Applies actions to one table."""

    def __init__(self, database: Database, report: Report, table: Table, place: Place) -> None:
        self.database = database
        self.report = report
        self.table = table
        self.place = place

    def apply(self, action: ddl.Action) -> None:
        """Apply one action."""
        table, database = self.table, self.database
        match action:
            case ddl.AddColumn(column, if_not_exists):
                if not (if_not_exists and database.fold(column.name) in table.columns):
                    self._add_column(column)
            case ddl.DropColumn(name, if_exists, cascade):
                self._drop_column(name, if_exists, cascade)
            case ddl.RenameColumn(old, new):
                self._rename_column(old, new)
            case ddl.RenameTable(new):
                self._rename(table.schema, new)
            case ddl.SetSchema(schema):
                self._rename(database.fold(schema), table.name)
            case ddl.AddConstraint(constraint):
                add_constraint(database, self.report, table, constraint, Place(self.place.source, constraint.span))
            case ddl.DropConstraint(name, if_exists):
                self._drop_constraint(name, if_exists)
            case ddl.RenameConstraint(old, new):
                self._rename_constraint(old, new)
            case ddl.SetDefault() | ddl.SetNotNull() | ddl.SetType() | ddl.AddIdentity():
                self._alter_column(action)
            case ddl.RowSecurity(word):
                table.row_security = {"enable": True, "disable": False}.get(word, table.row_security)
                table.forced = {"force": True, "no force": False}.get(word, table.forced)
            case ddl.ViewOption():
                pass
            case ddl.Oddity(text, harmless):
                if not harmless:
                    self.report.add(codes.IMPORT_LEFT_OUT, f"ALTER TABLE {table.name} {text} is left out", self.place)
            case _:
                assert_never(action)

    def _add_column(self, column: ddl.ColumnDef) -> None:
        add_column(self.database, self.report, self.table, column, Place(self.place.source, column.span))

    def _column(self, name: str) -> Column | None:
        column = self.table.columns.get(self.database.fold(name))
        if column is None:
            self._unknown(f"column {name} of {self.table.name} does not exist")
        return column

    def _unknown(self, what: str) -> None:
        self.report.add(codes.IMPORT_UNKNOWN, what, self.place)

    def _alter_column(self, action: ddl.SetDefault | ddl.SetNotNull | ddl.SetType | ddl.AddIdentity) -> None:
        column = self._column(action.column)
        if column is None:
            return
        match action:
            case ddl.SetDefault(_, default):
                column.default = default
            case ddl.SetNotNull(_, not_null):
                column.not_null = not_null
            case ddl.SetType(_, type_):
                column.type, column.when = type_, self.database.now
            case ddl.AddIdentity(_, add):
                column.auto = add
            case _:
                assert_never(action)

    def _rename_column(self, old: str, new: str) -> None:
        column = self._column(old)
        fold = self.database.fold
        if column is None:
            return
        if fold(new) in self.table.columns and fold(new) != fold(old):
            self.report.add(codes.IMPORT_DUPLICATE, f"{self.table.name} has a column {new} already", self.place)
            return
        self.table.columns = {fold(new) if c is column else k: c for k, c in self.table.columns.items()}
        column.name = new
        self.table.renames.append((self.database.number, fold(old), fold(new)))

    def _rename(self, schema: str, name: str) -> None:
        database, table = self.database, self.table
        new = schema, database.fold(name)
        if database.taken(new):
            self.report.add(codes.IMPORT_DUPLICATE, f"{name} exists already; {table.name} keeps its name", self.place)
            return
        _move(database, database.tables, table, new)
        table.schema, table.name = schema, name

    def _drop_constraint(self, name: str, if_exists: bool) -> None:
        fold = self.database.fold
        found = next((c for c in self.table.constraints if fold(c.name) == fold(name)), None)
        if found is not None:
            self.table.constraints.remove(found)
        elif name == f"{self.table.name}_not_null" or name.endswith("_not_null"):
            self._drop_not_null(name)
        elif not if_exists:
            self._unknown(f"constraint {name} of {self.table.name} does not exist")

    def _drop_not_null(self, name: str) -> None:
        for column in self.table.columns.values():
            if name == f"{self.table.name}_{column.name}_not_null":
                column.not_null = False
                return
        self._unknown(f"constraint {name} of {self.table.name} does not exist")

    def _rename_constraint(self, old: str, new: str) -> None:
        for constraint in self.table.constraints:
            if constraint.name == old:
                constraint.name, constraint.given = new, True
                return
        self._unknown(f"constraint {old} of {self.table.name} does not exist")

    def _drop_column(self, name: str, if_exists: bool, cascade: bool) -> None:
        """With a column go its constraints and indexes; policies that use it hold it, unless CASCADE."""
        database, table = self.database, self.table
        column = table.columns.get(database.fold(name))
        if column is None:
            if not if_exists:
                self._unknown(f"column {name} of {table.name} does not exist")
            return
        using = [p for p in table.policies.values() if self._uses(p.using, column) or self._uses(p.check, column)]
        if using and not cascade:
            self._unknown(f"policy {using[0].name} uses column {name}: PostgreSQL refuses to drop it without CASCADE")
            return
        for policy in using:
            del table.policies[policy.name]
        table.constraints = [c for c in table.constraints if not self._holds(c, column)]
        table.indexes = [i for i in table.indexes if not self._indexes(i, column)]
        self._drop_pointing(column)
        del table.columns[database.fold(column.name)]

    def _drop_pointing(self, column: Column) -> None:
        database, table = self.database, self.table
        for other in database.tables.values():
            other.constraints = [
                c
                for c in other.constraints
                if not (
                    isinstance(c.what, ddl.ForeignConstraint)
                    and database.table(c.what.target, c.when) is table
                    and any(database.column(table, n, c.when) is column for n in c.what.target_columns)
                )
            ]

    def _uses(self, fragment: ddl.Fragment | None, column: Column) -> bool:
        return fragment is not None and column.name in columns_used(fragment, self.database, self.table)

    def _holds(self, constraint: Constraint, column: Column) -> bool:
        database, table, when = self.database, self.table, constraint.when
        match constraint.what:
            case ddl.KeyConstraint(keys):
                return any(
                    (k.column is not None and database.column(table, k.column, when) is column)
                    or (k.column is None and self._uses(k.fragment, column))
                    for k in keys
                )
            case ddl.ForeignConstraint(columns):
                return any(database.column(table, name, when) is column for name in columns)
            case ddl.CheckConstraint(condition):
                return self._uses(condition, column)
            case _:
                assert_never(constraint.what)

    def _indexes(self, index: Index, column: Column) -> bool:
        database, table = self.database, self.table
        if self._uses(index.what.where, column):
            return True
        return any(
            (k.column is not None and database.column(table, k.column, index.when) is column)
            or (k.column is None and self._uses(k.fragment, column))
            for k in index.what.keys
        )
