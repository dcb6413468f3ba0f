"""Columns: types, nullability, defaults, and the checks that types bring along."""

from __future__ import annotations

import re

from attrs import frozen

from liq.importers.clock import EPOCH, SQLITE_EPOCH, SQLITE_NOW, SQLITE_TODAY
from liq.importers.database import Column, Database, Table
from liq.importers.ddl import Fragment, KeyConstraint, Name
from liq.importers.problems import Place, Report, Unsayable
from liq.importers.scopes import Value, call, path
from liq.importers.translate import Translator
from liq.importers.types import Mapped, map_type
from liq.importers.words import described, nameable
from liq.model import codes
from liq_grammar import syntax as s

_NEXTVAL = re.compile(r"\s*(?:pg_catalog\.)?nextval\s*\(\s*'([^']+)'", re.IGNORECASE)
_NUMBERS = ("int", "decimal", "float")
_PLAIN_COLLATIONS = frozenset(("c", "posix", "default", "binary", "pg_catalog.default", "ucs_basic", "pg_catalog.c"))


@frozen
class Declared:
    """A column in liq, with the checks that its type brings along."""

    column: Column
    node: s.Column
    mapped: Mapped
    checks: tuple[s.Check, ...]


class Columns:
    """Declares the columns of tables."""

    def __init__(self, database: Database, report: Report, translator: Translator) -> None:
        self.database = database
        self.report = report
        self.translator = translator

    def declare(self, table: Table, column: Column) -> Declared | None:
        """One column; None, reported, where liq cannot have it."""
        name, place = f"{table.name}.{column.name}", column.place
        if not nameable(column.name):
            said = f"column {column.name[:60]!r} of {table.name} is left out: liq cannot write its name"
            self.report.add(codes.IMPORT_NAME, said, place, "give it a name of ASCII characters")
            return None
        if column.generated:
            help = "say it in a view, or where it is read"
            self.report.add(codes.IMPORT_LEFT_OUT, f"generated column {name} is left out", place, help)
            return None
        mapped = map_type(column.type, self.database, column.when)
        if isinstance(mapped, str):
            self.report.add(codes.IMPORT_TYPE, f"column {name} is left out: {mapped}", place)
            return None
        if mapped.note is not None:
            self.report.add(codes.IMPORT_DIFFERS, f"{name}: {mapped.note}", place)
        if column.collation is not None and column.collation.lower() not in _PLAIN_COLLATIONS:
            said = f"{name}: text compares by code point, not by {column.collation}"
            self.report.add(codes.IMPORT_DIFFERS, said, place)
        auto = self._auto(table, column, mapped)
        nullable = not (column.not_null or mapped.not_null or auto or self._in_key(table, column))
        parts: list[s.ColumnPart] = [s.Flag("auto")] if auto else []
        default = None if auto else self._default(table, column, mapped)
        if default is not None and not (isinstance(default, s.Null) and not nullable):
            parts.append(s.Default(default))
        node = s.Column(
            s.Name(column.name), s.evolve(mapped.ref, nullable=nullable), tuple(parts),
            description=described(column.comment),
        )  # fmt: skip
        return Declared(column, node, mapped, self._checks(table, column, mapped))

    # ---------------------------------------------------------------------------------------------- keys
    def _key(self, table: Table) -> list[Column]:
        for constraint in table.constraints:
            if isinstance(constraint.what, KeyConstraint) and constraint.what.primary:
                found = [
                    self.database.column(table, k.column, constraint.when) if k.column else None
                    for k in constraint.what.keys
                ]
                return [column for column in found if column is not None]
        return []

    def _in_key(self, table: Table, column: Column) -> bool:
        return column in self._key(table)

    def _auto(self, table: Table, column: Column, mapped: Mapped) -> bool:
        """Whether the database numbers the column."""
        if mapped.kind != "int":
            return False
        if self.database.dialect == "sqlite":
            integer = column.type is not None and column.type.name == "integer"
            return integer and self._key(table) == [column] and not table.without_rowid
        return column.auto or mapped.auto or self._sequence(column) is not None

    def _sequence(self, column: Column) -> str | None:
        found = _NEXTVAL.match(column.default.text) if column.default is not None else None
        if found is None:
            return None
        parts = tuple(part.strip('"') for part in found[1].split("."))
        for key in self.database.candidates(Name(parts)):
            self.database.sequences.pop(key, None)
        return found[1]

    # ---------------------------------------------------------------------------------------------- defaults
    def _default(self, table: Table, column: Column, mapped: Mapped) -> s.Expr | None:
        fragment = column.default or mapped.default
        if fragment is None:
            return None
        try:
            value = self.translator.value(fragment, column.when, mapped.kind)
            expr = self._stored(value, mapped, fragment)
        except Unsayable as problem:
            self.report.problem(problem, f"the default of {table.name}.{column.name} is left out", Place.of(fragment))
            return None
        return None if isinstance(expr, s.Null) else expr

    def _stored(self, value: Value, mapped: Mapped, fragment: Fragment) -> s.Expr:
        """A default as SQL stores it: turned into the type of the column."""
        expr, kind, wanted = value.expr, value.kind, mapped.kind
        if self.database.dialect == "sqlite":
            if wanted == "timestamp" and expr == SQLITE_NOW:
                return call("now")
            if wanted == "date" and expr == SQLITE_TODAY:
                return call("today")
            if wanted == "int" and expr == SQLITE_EPOCH:
                return EPOCH
        fits = kind in ("", wanted) or (kind in _NUMBERS and wanted in _NUMBERS and wanted != "int")
        if fits or (wanted == "json" and isinstance(expr, s.ListLiteral)):
            return expr
        if wanted == "bytes" or wanted.startswith("list:"):
            raise Unsayable(f"a default of type {kind} does not fit {wanted}", Place.of(fragment))
        return s.Cast(expr, mapped.ref)

    # ---------------------------------------------------------------------------------------------- checks
    def _checks(self, table: Table, column: Column, mapped: Mapped) -> tuple[s.Check, ...]:
        """What varchar(20) and domains demand."""
        checks: list[s.Check] = []
        if mapped.length is not None:
            bound = s.Compare("<=", call("length", path(column.name)), s.Number(str(mapped.length)))
            checks.append(s.Check(bound))
        for check, when in mapped.checks:
            try:
                condition = self.translator.over_value(check.condition, when, column.name, mapped.kind)
                checks.append(s.Check(condition))
            except Unsayable as problem:
                said = f"a check of {table.name}.{column.name} is left out"
                self.report.problem(problem, said, Place.of(check.condition))
        return tuple(checks)
