"""liq's types as PostgreSQL spells them."""

from __future__ import annotations

from typing import assert_never

from liq.model import types as t
from liq_planner.emit.nodes import Sql, SqlType, cast, whole_name


def sql_type(type_: t.Type) -> Sql:
    """The type's name as a node."""
    return SqlType(this=spelled(type_))


def spelled(type_: t.Type) -> str:
    """The type's name as text. Records and lists of records travel as jsonb."""
    match type_:
        case t.Bool():
            return "boolean"
        case t.Int(bits):
            return {16: "smallint", 32: "integer", 64: "bigint"}[bits]
        case t.Float():
            return "double precision"
        case t.Decimal(precision, scale):
            return "numeric" if precision is None else f"numeric({precision}, {scale})"
        case t.Text() | t.Null():
            return "text"
        case t.Bytes():
            return "bytea"
        case t.Uuid():
            return "uuid"
        case t.Date():
            return "date"
        case t.Time():
            return "time"
        case t.Timestamp():
            return "timestamptz"
        case t.Interval():
            return "interval"
        case t.Json() | t.Record():
            return "jsonb"
        case t.Vector():
            return "real[]"
        case t.Enum(name):
            return ".".join(quoted(part) for part in name.split(".", 1))
        case t.List(element):
            return "jsonb" if is_nested(element) else f"{spelled(element)}[]"
        case t.Cursor():
            raise AssertionError("a cursor is taken apart into its keys")
        case _:
            assert_never(type_)


def quoted(name: str) -> str:
    """A quoted name inside the spelling of a type."""
    return '"' + whole_name(name).replace('"', '""') + '"'


def is_nested(type_: t.Type) -> bool:
    """Whether a value of it is an object or a list of objects: jsonb on the wire."""
    return isinstance(type_, t.Record) or (isinstance(type_, t.List) and is_nested(type_.element))


def cast_to(node: Sql, type_: t.Type) -> Sql:
    """``node::type``."""
    return cast(node, sql_type(type_))
