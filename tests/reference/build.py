"""Short ways to build schemas, relations and queries for the tests of the reference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from liq.model import ir
from liq.model import types as t
from liq.model.expr import AggregateCall, AggregateItem, Call, Column, ColumnRef, Expr, Item, Literal, Relation, SortKey
from liq.model.functions import FUNCTIONS, resolve
from liq.model.schema import Key, Schema, Table, TableColumn
from liq.model.types import Type
from liq.model.values import Value
from liq.reference.database import Database
from liq.reference.run import Attempt, Outcome
from liq.reference.run import Call as RunCall
from liq.reference.run import attempt as attempt_query
from liq.reference.run import run as run_query

EVERYTHING = ir.WriteCheck(Literal(True, t.BOOL), ())


def table(name: str, columns: Mapping[str, Type], key: Sequence[str] = ("id",), **more: Any) -> Table:
    """A table whose key columns are not null and whose others may be."""
    keys = (Key(f"{name}_pkey", tuple(key), True), *more.pop("keys", ()))
    described = more.pop("described", {})
    stored = tuple(
        described.get(column) or TableColumn(column, type_, column not in key) for column, type_ in columns.items()
    )
    return Table(name, stored, keys, **more)


class Scope:
    """Hands out column ids, and looks columns up by ``alias.name``."""

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self.columns: dict[str, Column] = {}
        self.last = 0

    def column(self, name: str, type_: Type, nullable: bool = True) -> Column:
        """A new column, known by this name."""
        self.last += 1
        self.columns[name] = Column(self.last, name.rpartition(".")[2], type_, nullable)
        return self.columns[name]

    def row(self, table_: str, prefix: str) -> tuple[Column, ...]:
        """New columns for a row of a table."""
        found = self.schema.table_by_name[table_]
        return tuple(self.column(f"{prefix}.{c.name}", c.type, c.nullable) for c in found.columns)

    def scan(self, table_: str, alias: str | None = None, access: Expr | None = None) -> ir.Scan:
        """All rows of a table, or those on which a policy is true."""
        columns = self.row(table_, alias or table_)
        return ir.Scan(table_, columns, None if access is None else ir.Access(access, ()), alias or table_)

    def ref(self, name: str) -> ColumnRef:
        """A reference by ``alias.name``."""
        column = self.columns[name]
        return ColumnRef(column.id, column.name, column.type, column.nullable)

    def shape(self, relation: Relation, **items: Expr) -> ir.Project:
        """New columns."""
        return ir.Project(relation, tuple(Item(self.column(n, e.type, e.nullable), e) for n, e in items.items()))

    def group(self, relation: Relation, keys: Mapping[str, Expr], **calls: AggregateCall) -> ir.Aggregate:
        """Groups."""
        made = tuple(Item(self.column(n, e.type, e.nullable), e) for n, e in keys.items())
        computed = tuple(AggregateItem(self.column(n, c.type, c.nullable), c) for n, c in calls.items())
        return ir.Aggregate(relation, made, computed)


def f(name: str, *args: Expr) -> Call:
    """A call of a function or operator."""
    resolved = resolve(FUNCTIONS, name, [a.type for a in args])
    assert resolved is not None, (name, args)
    return Call(name, args, resolved.result, any(a.nullable for a in args))


def lit(value: Value, type_: Type = t.INT) -> Literal:
    """A constant."""
    return Literal(value, type_)


def count() -> AggregateCall:
    """``count()``."""
    return AggregateCall("count", (), t.INT, False)


def by(*exprs: Expr, descending: bool = False) -> tuple[SortKey, ...]:
    """Sort keys; nulls as PostgreSQL places them."""
    return tuple(SortKey(e, descending, descending) for e in exprs)


def query(*bodies: Relation | ir.Statement, **more: Any) -> ir.Query:
    """A query of some statements."""
    statements = tuple(b if isinstance(b, ir.Statement) else ir.Statement(b) for b in bodies)
    given = {"parameters": (), "preconditions": (), "result": statements[-1].body.columns} | more
    return ir.Query("q", statements=statements, **given)


def attempt(query_: ir.Query, database: Database, **more: Any) -> Attempt:
    """Try a query."""
    return attempt_query(query_, RunCall(database.schema, database, **more))


def run(query_: ir.Query, database: Database, **more: Any) -> Outcome:
    """Run a query."""
    return run_query(query_, RunCall(database.schema, database, **more))
