"""A schema as PostgreSQL DDL: enums, tables, keys, checks, indexes and comments; row security is in ``row_security``.

Text columns are collated by code point, so that indexes serve liq's orders in every database.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from attrs import frozen
from sqlglot import exp

from liq.model import expr as e
from liq.model import schema as s
from liq.model import types as t
from liq.model.values import Value
from liq_planner.emit import nodes as n
from liq_planner.emit.emission import Emission, EmitOptions, Family
from liq_planner.emit.nodes import Sql
from liq_planner.emit.printing import postgres_text
from liq_planner.emit.refusal import EmitRefused
from liq_planner.emit.relations import Relations
from liq_planner.emit.scalars import Scalars
from liq_planner.emit.search import tokens
from liq_planner.emit.sqltypes import cast_to, quoted, spelled


@frozen
class SchemaSql:
    """Statements in the order in which they must run, and what was left out, for people."""

    statements: tuple[str, ...]
    notes: tuple[str, ...] = ()

    def script(self) -> str:
        """One text for psql."""
        return "".join(f"{statement};\n" for statement in self.statements)


class DdlScalars(Scalars):
    """Expressions in DDL: nothing can be bound there, constants of the schema's author stand as literals."""

    def constant(self, value: Value, type_: t.Type) -> Sql:
        from liq.reference.casts import output

        if isinstance(value, str) and isinstance(type_, t.Text):
            return exp.Literal(this=value, is_string=True)
        if value is None or isinstance(value, bool | int | float) or isinstance(type_, t.Decimal | t.Vector):
            return super().constant(value, type_)
        if isinstance(type_, t.List):
            return super().constant(value, type_)
        return cast_to(exp.Literal(this=output(type_, value), is_string=True), type_)


class DdlEmission(Emission):
    """Emission that refuses binds."""

    def bind(self, expr: e.Expr, type_: t.Type | None = None) -> Sql:
        raise EmitRefused("PostgreSQL DDL", f"{type(expr).__name__} where no value can be bound", expr.span)


class DdlWriter:
    """Spells expressions over a table's row for constraints, defaults and indexes."""

    def __init__(self, schema: s.Schema) -> None:
        self.schema = schema
        self.scalars = DdlScalars(DdlEmission(schema, EmitOptions(text_is_c=True), Family()))
        Relations(self.scalars.emission, self.scalars, frozenset())

    def over_row(self, table: s.Table, expr: e.Expr) -> Sql:
        """An expression over the bare columns of a table."""
        env = {c.id: exp.Column(this=n.name(c.name)) for c in table.row}
        return self.scalars.spell(expr, env)

    def text(self, table: s.Table, expr: e.Expr) -> str:
        """The same as text."""
        return postgres_text(self.over_row(table, expr))


def emit_schema(schema: s.Schema) -> SchemaSql:
    """The DDL that makes an empty database hold this schema, without row security."""
    writer = DdlWriter(schema)
    notes: list[str] = []
    statements: list[str] = [f"CREATE SCHEMA IF NOT EXISTS {quoted(name)}" for name in _schemas(schema)]
    statements += [_enum(enum) for enum in schema.enums]
    statements += [_table(writer, table) for table in schema.tables]
    for table in schema.tables:
        statements += _partial_keys(writer, table)
        statements += _indexes(writer, table, notes)
        statements += _comments(table)
    statements += _foreign_keys(schema)
    return SchemaSql(tuple(statements), tuple(notes))


def qualified(name: str) -> str:
    """A possibly qualified name, quoted."""
    return ".".join(quoted(part) for part in name.split(".", 1))


def string(text: str) -> str:
    """A string constant."""
    return postgres_text(exp.Literal(this=text, is_string=True))


def _schemas(schema: s.Schema) -> list[str]:
    names = [*(table.name for table in schema.tables), *(enum.name for enum in schema.enums)]
    return sorted({name.split(".", 1)[0] for name in names if "." in name})


def _enum(enum: t.Enum) -> str:
    return f"CREATE TYPE {qualified(enum.name)} AS ENUM ({', '.join(string(label) for label in enum.labels)})"


# ------------------------------------------------------------------------------------------------- tables
def _table(writer: DdlWriter, table: s.Table) -> str:
    parts = [_column(writer, table, column) for column in table.columns]
    parts += [_key(key) for key in table.keys if not is_partial(writer.schema, table, key)]
    parts += [_check(writer, table, check) for check in table.checks]
    parts += list(_vector_checks(table))
    return f"CREATE TABLE {qualified(table.name)} (\n  " + ",\n  ".join(parts) + "\n)"


def _column(writer: DdlWriter, table: s.Table, column: s.TableColumn) -> str:
    words = [quoted(column.name), spelled(column.type)]
    if isinstance(column.type, t.Text) or column.type == t.List(t.TEXT):
        words.append('COLLATE "C"')
    if not column.nullable:
        words.append("NOT NULL")
    if column.auto:
        words.append("GENERATED BY DEFAULT AS IDENTITY")
    elif column.default is not None and not _reads(column.default):
        words.append(f"DEFAULT {_default(writer, table, column, column.default)}")
    return " ".join(words)


def _default(writer: DdlWriter, table: s.Table, column: s.TableColumn, default: e.Expr) -> str:
    return f"({postgres_text(cast_to(writer.over_row(table, default), column.type))})"


def _reads(expr: e.Expr) -> bool:
    """Whether it needs the session or a query: such defaults are liq's business, the column has none."""
    from liq.model.node import walk

    return any(isinstance(node, e.ClaimRef | e.ParamRef | e.Relation) for node in walk(expr))


def _names(columns: Iterable[str]) -> str:
    return "(" + ", ".join(quoted(name) for name in columns) + ")"


def _key(key: s.Key) -> str:
    kind = "PRIMARY KEY" if key.primary else "UNIQUE" if key.nulls_distinct else "UNIQUE NULLS NOT DISTINCT"
    return f"CONSTRAINT {quoted(key.name)} {kind} {_names(key.columns)}"


def _check(writer: DdlWriter, table: s.Table, check: s.Check) -> str:
    return f"CONSTRAINT {quoted(check.name)} CHECK ({writer.text(table, check.predicate)})"


def _vector_checks(table: s.Table) -> Iterator[str]:
    for column in table.columns:
        if isinstance(column.type, t.Vector):
            yield f"CHECK (cardinality({quoted(column.name)}) = {column.type.dimensions})"


# ------------------------------------------------------------------------------------------------- keys and indexes
def is_partial(schema: s.Schema, table: s.Table, key: s.Key) -> bool:
    """Whether the key holds only some rows apart: then it is a unique index, which no foreign key can point at.

    Deleted rows do not count for keys; where a foreign key points at the table they have to.
    """
    if key.where is not None or not key.constraint:
        return True
    return table.tombstone is not None and (table.name, frozenset(key.columns)) not in schema.pointed_at


def _partial_keys(writer: DdlWriter, table: s.Table) -> Iterator[str]:
    for key in table.keys:
        if is_partial(writer.schema, table, key):
            nulls = "" if key.nulls_distinct else " NULLS NOT DISTINCT"
            head = f"CREATE UNIQUE INDEX {quoted(key.name)} ON {qualified(table.name)} {_names(key.columns)}{nulls}"
            yield head + _where(writer, table, key.where, unique=True)


def _where(writer: DdlWriter, table: s.Table, where: e.Expr | None, unique: bool) -> str:
    parts = [writer.text(table, where)] if where is not None else []
    if unique and table.tombstone is not None:
        deleted = f"{quoted(table.tombstone.name)} IS NULL"
        parts = [deleted, *(part for part in parts if part != deleted)]
    return " WHERE " + " AND ".join(f"({part})" for part in parts) if parts else ""


def _indexes(writer: DdlWriter, table: s.Table, notes: list[str]) -> Iterator[str]:
    for index in table.indexes:
        kind = "CREATE UNIQUE INDEX" if index.unique else "CREATE INDEX"
        head = f"{kind} {quoted(index.name)} ON {qualified(table.name)}"
        where = _where(writer, table, index.where, unique=index.unique)
        if index.method == "words":
            keys = ", ".join(f"({postgres_text(tokens(writer.over_row(table, key.expr)))})" for key in index.keys)
            yield f"{head} USING gin ({keys}){where}"
        elif index.method in ("btree", "hash", "gin", "gist", "brin"):
            keys = ", ".join(_index_key(writer, table, key, index.method) for key in index.keys)
            yield f"{head} USING {index.method} ({keys}){where}"
        else:
            notes.append(
                f"index {index.name} on {table.name}: PostgreSQL has no method {index.method} without an extension"
            )


def _index_key(writer: DdlWriter, table: s.Table, key: s.IndexKey, method: str) -> str:
    node = writer.over_row(table, key.expr)
    text = postgres_text(node) if isinstance(node, exp.Column) else f"({postgres_text(node)})"
    if method != "btree":
        return text
    direction = " DESC" if key.descending else ""
    nulls = "" if key.nulls_first == key.descending else " NULLS FIRST" if key.nulls_first else " NULLS LAST"
    return text + direction + nulls


_ACTIONS: dict[Any, str] = {
    s.OnDelete.NO_ACTION: "",
    s.OnDelete.RESTRICT: " ON DELETE RESTRICT",
    s.OnDelete.CASCADE: " ON DELETE CASCADE",
    s.OnDelete.SET_NULL: " ON DELETE SET NULL",
    s.OnDelete.SET_DEFAULT: " ON DELETE SET DEFAULT",
}


def _foreign_keys(schema: s.Schema) -> list[str]:
    """Keys that restrict come first: PostgreSQL asks them in the order of their making, and one that cascades
    before could
    delete what restricts."""
    pairs = [(table, key) for table in schema.tables for key in table.foreign_keys]
    pairs.sort(key=lambda pair: pair[1].on_delete is not s.OnDelete.RESTRICT)
    return [_foreign_key(table, key) for table, key in pairs]


def _foreign_key(table: s.Table, key: s.ForeignKey) -> str:
    return (
        f"ALTER TABLE {qualified(table.name)} ADD CONSTRAINT {quoted(key.name)} FOREIGN KEY {_names(key.columns)} "
        f"REFERENCES {qualified(key.target)} {_names(key.target_columns)}{_ACTIONS[key.on_delete]}"
    )


def _comments(table: s.Table) -> Iterator[str]:
    if table.description:
        yield f"COMMENT ON TABLE {qualified(table.name)} IS {string(table.description)}"
    for column in table.columns:
        if column.description:
            yield f"COMMENT ON COLUMN {qualified(table.name)}.{quoted(column.name)} IS {string(column.description)}"
