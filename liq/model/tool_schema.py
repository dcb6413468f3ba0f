"""JSON Schema of a query's parameters, ready to be the input schema of a tool. Draft 2020-12, no floats.

It is exact about what must be there and what it is made of; ranges and patterns say as much as JSON Schema can. The
typed parameters and preconditions of the plan stay the authority: they are checked before anything is bound.
"""

from __future__ import annotations

import datetime as dt
import decimal
import uuid
from collections.abc import Iterator

from liq.model import expr as e
from liq.model import types as t
from liq.model.effects import conjuncts
from liq.model.ir import Parameter, Precondition
from liq.model.json_text import JSON_INT_MAX, Json
from liq.model.values import Value

Schema = dict[str, Json]

_FORMATS: dict[type, Schema] = {
    t.Bool: {"type": "boolean"},
    t.Float: {"type": "number"},
    t.Decimal: {"type": "string", "pattern": "^-?[0-9]+([.][0-9]+)?$"},
    t.Text: {"type": "string"},
    t.Bytes: {"type": "string", "pattern": "^([0-9a-fA-F]{2})*$"},
    t.Uuid: {"type": "string", "format": "uuid"},
    t.Date: {"type": "string", "format": "date"},
    t.Time: {"type": "string", "format": "time"},
    t.Timestamp: {"type": "string", "format": "date-time"},
    t.Interval: {"type": "string"},
    t.Cursor: {"type": "string", "description": "The `next` of the page before."},
}


def tool_schema(parameters: tuple[Parameter, ...], preconditions: tuple[Precondition, ...]) -> Schema:
    """The schema of the object that holds all parameters."""
    ranges = _ranges(preconditions)
    properties: dict[str, Json] = {p.name: _parameter(p, ranges.get(p.name, {})) for p in parameters}
    required: list[Json] = [p.name for p in parameters if not p.optional and p.default is None]
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _parameter(parameter: Parameter, ranges: Schema) -> Schema:
    schema = _of_rows(parameter) if parameter.rows_of else type_schema(parameter.type)
    if parameter.options:
        schema = {"type": "string", "enum": list(parameter.options)}
    schema |= ranges
    if parameter.nullable or parameter.optional:
        schema = _or_null(schema)
    if parameter.description:
        schema["description"] = parameter.description
    match parameter.default:
        case e.Literal(value) if not isinstance(value, float):
            schema["default"] = _default(value)
        case _:
            pass
    return schema


def type_schema(type_: t.Type) -> Schema:
    """The JSON Schema of the values of a type, as callers write them."""
    match type_:
        case t.Int(64):
            return {"type": "integer"}
        case t.Int(bits):
            return {"type": "integer", "minimum": -(2 ** (bits - 1)), "maximum": 2 ** (bits - 1) - 1}
        case t.Enum(_, labels):
            return {"type": "string", "enum": list(labels)}
        case t.List(element):
            return {"type": "array", "items": _or_null(type_schema(element))}
        case t.Record(fields):
            members: dict[str, Json] = {
                f.name: _or_null(type_schema(f.type)) if f.nullable else type_schema(f.type) for f in fields
            }
            names: list[Json] = [f.name for f in fields]
            return {"type": "object", "properties": members, "required": names, "additionalProperties": False}
        case t.Vector(dimensions):
            number: Json = {"type": "number"}
            return {"type": "array", "items": number, "minItems": dimensions, "maxItems": dimensions}
        case t.Json() | t.Null():
            return {}
        case _:
            return dict(_FORMATS[type(type_)])


def _of_rows(parameter: Parameter) -> Schema:
    columns = parameter.rows_of
    members: dict[str, Json] = {
        c.name: _or_null(type_schema(c.type)) if c.nullable else type_schema(c.type) for c in columns
    }
    required: list[Json] = [c.name for c in columns if not c.nullable]
    row: Json = {"type": "object", "properties": members, "required": required, "additionalProperties": False}
    return {"type": "array", "items": row}


def _or_null(schema: Schema) -> Schema:
    kind = schema.get("type")
    if not isinstance(kind, str) or "enum" in schema:
        return {"anyOf": [schema, {"type": "null"}]} if schema else {}
    return {**schema, "type": [kind, "null"]}


def _ranges(preconditions: tuple[Precondition, ...]) -> dict[str, Schema]:
    found: dict[str, Schema] = {}
    for precondition in preconditions:
        for part in conjuncts(precondition.predicate):
            for name, keyword, limit in _limits(part):
                known = found.setdefault(name, {}).get(keyword)
                narrower = max if "min" in keyword.lower() else min
                found[name][keyword] = narrower(limit, known) if isinstance(known, int) else limit
    return found


_KEYWORDS = {"<=": "maximum", ">=": "minimum", "<": "exclusiveMaximum", ">": "exclusiveMinimum"}


def _limits(part: e.Expr) -> Iterator[tuple[str, str, int]]:
    match part:
        case e.Call(op, (e.ParamRef(name, t.Int(), key=None), e.Literal(int(limit)))) if op in _KEYWORDS:
            if abs(limit) <= JSON_INT_MAX:
                yield name, _KEYWORDS[op], limit
        case _:
            pass


def _default(value: Value) -> Json:
    match value:
        case int() if abs(value) > JSON_INT_MAX:
            return str(value)
        case None | bool() | int() | str():
            return value
        case decimal.Decimal() | uuid.UUID():
            return str(value)
        case bytes():
            return value.hex()
        case dt.datetime() | dt.date() | dt.time():
            return value.isoformat()
        case tuple():
            return [_default(item) for item in value]
        case _:
            return None
