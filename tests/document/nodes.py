"""Random model objects, built from the annotations of the classes: every class, every field, nothing left out by hand."""

from __future__ import annotations

import datetime as dt
import decimal
import random
import uuid
from enum import Enum, EnumType
from types import GenericAlias, UnionType
from typing import Any, get_args, get_origin

import attrs

from liq.model import codec, emitted, ir, physical
from liq.model import expr as e
from liq.model import types as t
from liq.model.codes import CODES
from liq.model.diagnostics import Code
from liq.model.functions import AGGREGATES, FUNCTIONS, WINDOWS
from liq.model.source import Span
from liq.model.values import IntervalValue, JsonValue, RecordValue

TEXTS = ("", "a", "naïve", "'; drop table x --", "\N{RIGHT-TO-LEFT OVERRIDE}abc", "\x7f\t\n", "𝒳", "[red]x[/red]", '"\\')
INTS = (0, 1, -1, 7, 2**31, 2**53 - 1, 2**53, -(2**53), 2**63 - 1, -(2**63))
LEAVES = (e.Literal, e.ParamRef, e.ClaimRef, e.ColumnRef)
LEAF_RELATIONS = {ir: (ir.Scan, ir.ParamRows, ir.LetScan), physical: (physical.TableScan, physical.LetRows)}


class Maker:
    """Makes objects; ``depth`` bounds how far families nest."""

    def __init__(self, seed: int, relations: Any = ir, depth: int = 4) -> None:
        self.random = random.Random(seed)
        self.relations = relations
        self.depth = depth

    def make(self, kind: Any, depth: int | None = None) -> Any:
        """Some object that an annotation admits."""
        depth = self.depth if depth is None else depth
        if isinstance(kind, UnionType):
            return self._union(kind, depth)
        if isinstance(kind, GenericAlias):
            return self._container(kind, depth)
        pick = self.random.choice
        match kind:
            case codec.TypeWord:
                return self.type(depth)
            case codec.ValueWord:
                return self.value(self.type(1))
            case _ if kind is bool:
                return pick((True, False))
            case _ if kind is int:
                return pick(INTS)
            case _ if kind is str:
                return pick(TEXTS)
            case _ if kind is Span:
                return Span(3, 9) if pick((True, False)) else Span(0, 0)
            case _ if kind is Code:
                return pick(list(CODES.values()))
            case _ if isinstance(kind, EnumType) and issubclass(kind, Enum):
                return pick(list(kind))
            case _:
                pass
        return self.node(self._concrete(kind, depth), depth - 1)

    def _concrete(self, kind: type, depth: int) -> type:
        if kind is e.Expr:
            return self.random.choice(LEAVES if depth <= 0 else codec._classes(e, e.Expr))
        if kind is e.Relation or kind is physical.Operator:
            module = physical if kind is physical.Operator else self.relations
            leaves = LEAF_RELATIONS[module]
            return self.random.choice(leaves if depth <= 0 else codec._classes(module, e.Relation))
        return kind

    def _union(self, kind: UnionType, depth: int) -> Any:
        members = get_args(kind)
        if type(None) in members and (depth <= 0 or self.random.random() < 0.4):
            return None
        bind = set(members) == {e.Expr, emitted.Bind}
        if bind and self.random.random() < 0.5:
            return self.node(self.random.choice(codec._classes(emitted, emitted.Bind)), depth - 1)
        return self.make(self.random.choice([m for m in members if m not in (type(None), emitted.Bind)]), depth)

    def _container(self, kind: GenericAlias, depth: int) -> Any:
        origin, members = get_origin(kind), get_args(kind)
        if origin is dict:
            return {text: self.make(members[1], depth) for text in self.random.sample(TEXTS, 2)}
        if origin is tuple and members[-1] is not ...:
            return tuple(self.make(member, depth) for member in members)
        count = self.random.randint(0, 2 if depth > 0 else 1)
        return origin(self.make(members[0], depth) for _ in range(count))

    def fields(self, kind: type, depth: int) -> dict[str, Any]:
        """Field values as annotations admit them."""
        made = {}
        for attribute in attrs.fields(kind):
            if attribute.default is not attrs.NOTHING and self.random.random() < 0.3:
                continue
            made[attribute.name] = self.make(codec._annotation(attribute.type, kind), depth)
        return made

    def node(self, kind: type, depth: int) -> Any:
        """An object of a class, with what its parts must agree on put right."""
        given = self.fields(kind, depth)
        for name, value in self._agreed(kind, given, depth).items():
            given[name] = value
        return kind(**given)

    def _some(self, kind: Any, count: int, depth: int) -> tuple[Any, ...]:
        return tuple(self.make(kind, depth) for _ in range(count))

    def _agreed(self, kind: type, given: dict[str, Any], depth: int) -> dict[str, Any]:
        below = min(depth, 1)
        pick = self.random.choice
        match kind.__name__:
            case "Literal":
                type_ = self.type(2)
                return {"type": type_, "value": None if pick((True, False, False)) else self.value(type_)}
            case "Enum":
                return {"labels": ("a", "b")}
            case "Call":
                return {"function": pick(list(FUNCTIONS))}
            case "AggregateCall":
                return {"function": pick(list(AGGREGATES))}
            case "WindowCall":
                return {"function": pick([*AGGREGATES, *WINDOWS])}
            case "ParamRef":
                return {"key": pick((None, 0, 3))}
            case "And" | "Or":
                return {"args": self._some(e.Expr, 2, below)}
            case "Coalesce":
                return {"args": self._some(e.Expr, 1, below)}
            case "RowCompare":
                return {"op": "<", "left": self._some(e.Expr, 2, below), "right": self._some(e.Expr, 2, below)}
            case "InList":
                return {"operands": self._some(e.Expr, 1, below), "rows": (self._some(e.Expr, 1, below),) * 2}
            case "InQuery":
                return {"operands": self._some(e.Expr, len(given["query"].columns), below)}
            case "ScalarQuery":
                return {"query": self._leaf(1)}
            case "RecordExpr":
                return {"labels": ("a", "b"), "values": self._some(e.Expr, 2, below)}
            case "JsonExpr":
                return {"labels": pick((None, ("a", "a"))), "values": self._some(e.Expr, 2, below)}
            case "SortChoice" | "OrderChoice":
                return {"options": self._some(ir.SortOption, 1, below)}
            case "Values" | "RowSource":
                return {"columns": self._some(e.Column, 2, below), "rows": (self._some(e.Expr, 2, below),)}
            case "TableScan":
                return {"names": ("a",), "columns": self._some(e.Column, 1, below)}
            case "SeriesRows" | "ListRows":
                return {"columns": self._some(e.Column, 1, below)}
            case "SetOperation" | "Combine":
                return {"inputs": (self._leaf(2), self._leaf(2)), "columns": self._some(e.Column, 2, below)}
            case "Follow" | "Closure":
                return {"source": (1,), "target": (2,), "start": self._some(e.Expr, 1, below)}
            case "Insert" | "InsertRows":
                return {"targets": ("a", "b"), "source": self._leaf(2)}
            case "Join" | "NestedLoop":
                return {"kind": ir.JoinKind.INNER}
            case _:
                return {}

    def _leaf(self, count: int) -> Any:
        columns = self._some(e.Column, count, 1)
        return ir.LetScan("x", columns) if self.relations is ir else physical.LetRows("x", columns)

    def type(self, depth: int) -> t.Type:
        """A type."""
        pick = self.random.choice
        simple = (*t.NAMED.values(), t.NULL, t.Decimal(15, 2), t.Vector(2), t.Enum("e", ("a", "b b")))
        if depth <= 0 or self.random.random() < 0.7:
            return pick(simple)
        fields = (t.RecordField("a", self.type(depth - 1), True), t.RecordField("é", t.TEXT, False))
        return pick((t.List(self.type(depth - 1)), t.Record(fields), t.Cursor((t.INT, self.type(depth - 1)))))

    def value(self, type_: t.Type) -> Any:
        """A value of a type; null for the types that have no other."""
        pick = self.random.choice
        match type_:
            case t.Bool():
                return pick((True, False))
            case t.Int():
                return pick(INTS)
            case t.Float():
                return pick((0.0, -0.0, 0.1, 1e300, float("inf"), -5e-324))
            case t.Decimal():
                return pick([decimal.Decimal(d) for d in ("0", "1.50", "-0.00", "1E+3", "9" * 38)])
            case t.Text():
                return pick(TEXTS)
            case t.Bytes():
                return pick((b"", b"\0\xff"))
            case t.Uuid():
                return uuid.UUID(int=self.random.getrandbits(128))
            case t.Date():
                return pick((dt.date.min, dt.date.max, dt.date(2026, 11, 20)))
            case t.Time():
                return pick((dt.time(0), dt.time(23, 59, 59, 999999)))
            case t.Timestamp():
                return pick((dt.datetime(1, 1, 1, tzinfo=dt.UTC), dt.datetime(2026, 11, 20, 10, 0, 0, 7, dt.UTC)))
            case t.Interval():
                return IntervalValue(pick(INTS[:5]), pick(INTS[:5]), pick(INTS))
            case t.Json():
                return JsonValue(self.plain(2))
            case t.Enum():
                return pick(type_.labels)
            case t.Vector():
                return tuple(pick((0.5, -1.0)) for _ in range(type_.dimensions))
            case t.List():
                return tuple(pick((None, self.value(type_.element))) for _ in range(self.random.randint(0, 2)))
            case t.Record():
                names = tuple(f.name for f in type_.fields)
                return RecordValue(names, tuple(self.value(f.type) for f in type_.fields))
            case _:
                return None

    def plain(self, depth: int) -> Any:
        """A JSON document."""
        if depth and self.random.random() < 0.5:
            if self.random.random() < 0.5:
                return tuple(self.plain(depth - 1) for _ in range(2))
            return {text: self.plain(depth - 1) for text in ("int", "object", "")}
        return self.random.choice((None, True, 7, 2**70, decimal.Decimal("0.10"), "int", "é"))
