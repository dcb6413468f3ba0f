"""Statements applied one after the other, as migrations are, to a database that is built from nothing."""

from __future__ import annotations

from typing import assert_never

from liq.importers import ddl
from liq.importers.alter import alter
from liq.importers.build import add_column, add_constraint
from liq.importers.database import (
    Column,
    Database,
    EnumType,
    Function,
    Index,
    Key,
    Policy,
    Table,
    View,
)
from liq.importers.naming import default_name
from liq.importers.problems import Place, Report
from liq.importers.read import is_kept
from liq.importers.statements import Script
from liq.importers.words import LABEL_RULE, is_label
from liq.model import codes
from liq.model.source import Span


class Applier:
    """Applies statements to ``database``; what it cannot keep goes to ``report``."""

    def __init__(self, database: Database, report: Report) -> None:
        self.database = database
        self.report = report
        self.skipped: dict[str, tuple[int, Place]] = {}

    def apply(self, statement: ddl.Statement, script: Script) -> None:
        """Apply one statement."""
        self.database.number += 1
        self.source = script.source
        match statement:
            case ddl.CreateTable():
                self._create_table(statement)
            case ddl.CreateIndex():
                self._create_index(statement)
            case ddl.CreateEnum() | ddl.AlterEnum() | ddl.CreateDomain():
                self._type(statement)
            case ddl.CreateFunction():
                self._function(statement)
            case ddl.CreatePolicy() | ddl.AlterPolicy():
                self._policy(statement)
            case ddl.CreateView():
                self._view(statement)
            case ddl.Comment():
                self._comment(statement)
            case ddl.Alter():
                alter(self.database, self.report, statement, self.source)
            case ddl.Drop():
                self._drop(statement)
            case ddl.SequenceOwner():
                self._sequence(statement)
            case ddl.SearchPath(schemas):
                self.database.path = tuple(self.database.fold(s) for s in schemas)
            case ddl.Skipped(what, span):
                self._skip(what, self.place(span))
            case ddl.LeftOut(what, span, help, relation):
                self.report.add(codes.IMPORT_LEFT_OUT, f"{what} is left out", self.place(span), help)
                if relation is not None:
                    self.database.left_out[self.database.key(relation)] = what
            case ddl.RowsWritten() | ddl.Silent():
                pass
            case _:
                assert_never(statement)

    def place(self, span: Span) -> Place:
        """A place in the text at hand."""
        return Place(self.source, span)

    def _skip(self, what: str, place: Place) -> None:
        count, first = self.skipped.get(what, (0, place))
        self.skipped[what] = count + 1, first

    def rows_written(self, verb: str, sound: bool, script: Script) -> None:
        """Remember that rows are not imported."""
        if sound:
            self._skip(f"what {verb.upper()} does to rows", Place(script.source, script.span))

    def finish(self) -> None:
        """Tell what was skipped, once for each kind."""
        for what, (count, first) in self.skipped.items():
            times = "" if count == 1 else f" ({count} times)"
            self.report.add(codes.IMPORT_SKIPPED, f"not part of a schema of liq: {what}{times}", first)

    def unknown(self, what: str, place: Place) -> None:
        """Report what the database would refuse."""
        self.report.add(codes.IMPORT_UNKNOWN, f"{what}; the statement is left out", place)

    # ---- tables
    def _create_table(self, made: ddl.CreateTable) -> None:
        database, place = self.database, self.place(made.span)
        key = database.key(made.name)
        if database.taken(key):
            self._again(made, key, place)
            return
        table = Table(key[0], made.name.last, place, without_rowid=made.without_rowid)
        database.tables[key] = table
        for name in made.likes:
            self._like(table, name)
        for column in made.columns:
            add_column(database, self.report, table, column, self.place(column.span))
        for constraint in made.constraints:
            add_constraint(database, self.report, table, constraint, self.place(constraint.span))
        for oddity in made.oddities:
            self.report.add(
                codes.IMPORT_LEFT_OUT, f"{oddity} of {made.name.text} is left out: it becomes a plain table", place
            )

    def _again(self, made: ddl.CreateTable, key: Key, place: Place) -> None:
        there = self.database.tables.get(key)
        if not made.if_not_exists:
            message = f"{made.name.text} exists already; the second one is left out"
            self.report.add(codes.IMPORT_DUPLICATE, message, place)
        elif there is None or set(there.columns) != {self.database.fold(c.name) for c in made.columns}:
            message = f"{made.name.text} exists already with other columns, so this one is not made"
            self.report.add(codes.IMPORT_DIFFERS, message, place)

    def _like(self, table: Table, name: ddl.Name) -> None:
        other = self.database.table(name)
        if other is None:
            self.unknown(f"table {name.text} does not exist", self.place(name.span))
            return
        for folded, column in other.columns.items():
            table.columns[folded] = Column(
                column.name, column.type, self.database.now, self.place(name.span), column.not_null
            )

    def _create_index(self, made: ddl.CreateIndex) -> None:
        database, place = self.database, self.place(made.span)
        table = database.table(made.table)
        if table is None:
            if database.was_left_out(made.table) is None:
                self.unknown(f"table {made.table.text} does not exist", place)
            return
        if made.name is not None and database.index(made.name) is not None:
            if not made.if_not_exists:
                self.report.add(codes.IMPORT_DUPLICATE, f"index {made.name.text} exists already", place)
            return
        missing = [k.column for k in made.keys if k.column and database.column(table, k.column) is None]
        if missing:
            self.unknown(f"index on {table.name}: column {missing[0]} does not exist", place)
            return
        parts = [k.column or "expr" for k in made.keys]
        name = made.name.last if made.name else default_name(database, table, parts, "idx")
        table.indexes.append(Index(made, name, database.now, place))
        database.index_names.add(database.fold(name))

    # ---- types, functions, policies, views
    def _type(self, made: ddl.CreateEnum | ddl.AlterEnum | ddl.CreateDomain) -> None:
        database, place = self.database, self.place(made.span)
        if isinstance(made, ddl.AlterEnum):
            self._alter_enum(made, place)
            return
        key = database.key(made.name)
        if key in database.enums or key in database.domains:
            self.report.add(codes.IMPORT_DUPLICATE, f"type {made.name.text} exists already", place)
        elif isinstance(made, ddl.CreateEnum):
            if not all(is_label(label) for label in made.labels) or len(set(made.labels)) < len(made.labels):
                self.report.add(codes.IMPORT_NAME, f"enum {made.name.text} is left out: {LABEL_RULE}", place)
                return
            database.enums[key] = EnumType(key[0], made.name.last, list(made.labels), place)
        else:
            database.domains[key] = made, database.now, place

    def _alter_enum(self, made: ddl.AlterEnum, place: Place) -> None:
        enum = self.database.enum(made.name)
        wanted = made.old or (made.place[1] if made.place else None)
        if enum is None or (wanted is not None and wanted not in enum.labels):
            missing = f"type {made.name.text}" if enum is None else f"label {wanted!r} of {made.name.text}"
            self.unknown(f"{missing} does not exist", place)
        elif not is_label(made.label):
            self.report.add(codes.IMPORT_NAME, f"a label of {made.name.text} is left out: {LABEL_RULE}", place)
        elif made.old is not None:
            enum.labels[enum.labels.index(made.old)] = made.label
        elif made.label in enum.labels:
            if not made.if_not_exists:
                self.report.add(codes.IMPORT_DUPLICATE, f"{made.name.text} has {made.label!r} already", place)
        elif made.place is None:
            enum.labels.append(made.label)
        else:
            enum.labels.insert(enum.labels.index(made.place[1]) + (made.place[0] == "after"), made.label)

    def _function(self, made: ddl.CreateFunction) -> None:
        database = self.database
        others = database.functions.setdefault(database.key(made.name), [])
        types = [p.type.name for p in made.parameters]
        others[:] = [f for f in others if [p.type.name for p in f.what.parameters] != types]
        others.append(Function(database.key(made.name)[0], made, database.now, self.place(made.span)))

    def _policy(self, made: ddl.CreatePolicy | ddl.AlterPolicy) -> None:
        place = self.place(made.span)
        table = self.database.table(made.table)
        if table is None:
            self.unknown(f"table {made.table.text} of policy {made.name} does not exist", place)
        elif isinstance(made, ddl.CreatePolicy):
            if made.name in table.policies:
                self.report.add(codes.IMPORT_DUPLICATE, f"policy {made.name} on {table.name} exists already", place)
                return
            table.policies[made.name] = Policy(
                made, made.name, self.database.now, place, made.using, made.check, made.roles
            )
        elif made.name not in table.policies:
            self.unknown(f"policy {made.name} on {table.name} does not exist", place)
        else:
            self._alter_policy(table, made)

    def _alter_policy(self, table: Table, made: ddl.AlterPolicy) -> None:
        policy = table.policies[made.name]
        if made.rename is not None:
            policy.name = made.rename
            table.policies = {p.name: p for p in table.policies.values()}
            return
        policy.using = made.using or policy.using
        policy.check = made.check or policy.check
        policy.roles = policy.roles if made.roles is None else made.roles
        policy.when = self.database.now

    def _view(self, made: ddl.CreateView) -> None:
        database, place = self.database, self.place(made.span)
        key = database.key(made.name)
        if database.taken(key) and not (made.or_replace and key in database.views):
            if not made.if_not_exists:
                self.report.add(codes.IMPORT_DUPLICATE, f"{made.name.text} exists already", place)
            return
        database.views[key] = View(key[0], made.name.last, made, database.now, place, made.invoker)

    def _sequence(self, made: ddl.SequenceOwner) -> None:
        key = self.database.key(made.name)
        if made.owner is None:
            self.database.sequences[key] = self.place(made.span)
        else:
            self.database.sequences.pop(key, None)

    # ---- comments and drops
    def _comment(self, made: ddl.Comment) -> None:
        place = self.place(made.span)
        if not is_kept(made):
            self._skip(f"a comment on a {made.kind}", place)
            return
        target = self._commented(made)
        if target is None:
            self.unknown(f"{made.kind} {made.name.text} does not exist", place)
        elif not isinstance(target, str):
            target.comment = made.text

    def _commented(self, made: ddl.Comment) -> Table | View | Column | EnumType | Policy | str | None:
        database = self.database
        match made.kind:
            case "table":
                return database.table(made.name)
            case "view":
                return database.view(made.name)
            case "type":
                return database.enum(made.name) or database.was_left_out(made.name)
            case "domain":
                return "a domain is written out where it is used"
            case "policy":
                table = database.table(made.on) if made.on else None
                return table.policies.get(made.name.last) if table else None
            case _:
                owner = ddl.Name(made.name.parts[:-1]) if len(made.name.parts) > 1 else None
                holder = database.table(owner) if owner else None
                if holder is None and owner is not None and database.view(owner) is not None:
                    return "columns of views have no descriptions"
                return database.column(holder, made.name.last) if holder else None

    def _drop(self, made: ddl.Drop) -> None:
        for name in made.names:
            if not self._dropped(made, name) and not made.if_exists:
                self.unknown(f"{made.kind} {name.text} does not exist", self.place(made.span))

    def _dropped(self, made: ddl.Drop, name: ddl.Name) -> bool:
        """Take one object away; False where there is none of this name (nor need be one)."""
        database = self.database
        keys = database.candidates(name)
        match made.kind:
            case "table":
                return self._drop_table(made, name)
            case "view":
                return any(database.views.pop(key, None) is not None for key in keys)
            case "index":
                found = database.index(name)
                if found is not None:
                    found[0].indexes.remove(found[1])
                return found is not None
            case "type" | "domain":
                return any((database.enums.pop(k, None) or database.domains.pop(k, None)) is not None for k in keys)
            case "function":
                return any(database.functions.pop(key, None) is not None for key in keys)
            case "policy":
                table = database.table(made.on) if made.on else None
                return table is not None and table.policies.pop(name.last, None) is not None
            case "sequence":
                return any(database.sequences.pop(key, None) is not None for key in keys) or True
            case _:
                return True

    def _drop_table(self, made: ddl.Drop, name: ddl.Name) -> bool:
        database = self.database
        table = database.table(name)
        if table is None:
            return False
        pointing = [
            (other, c)
            for other in database.tables.values()
            for c in other.constraints
            if isinstance(c.what, ddl.ForeignConstraint)
            and other is not table
            and database.table(c.what.target, c.when) is table
        ]
        if pointing and database.dialect == "postgres" and not made.cascade:
            message = f"{pointing[0][0].name} points at {table.name}, so PostgreSQL refuses to drop it without CASCADE"
            self.unknown(message, self.place(made.span))
            return True
        for other, constraint in pointing if database.dialect == "postgres" else ():
            other.constraints.remove(constraint)
        del database.tables[table.schema, database.fold(table.name)]
        return True
