"""Scalar expressions as PostgreSQL.

An expression of type ``int`` is spelled as a bigint, but for literals and narrow columns: ``wide`` makes those so where
PostgreSQL would compute in fewer bits.
"""

from __future__ import annotations

import datetime as dt
import math
import uuid
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Protocol, TypeVar, assert_never

from sqlglot import exp

from liq.model import expr as e
from liq.model import types as t
from liq.model.values import INT_MIN, IntervalValue, Value
from liq_planner.emit import nodes as n
from liq_planner.emit.casts import cast_value, unwrapped
from liq_planner.emit.emission import Emission, Env
from liq_planner.emit.functions import spell_call
from liq_planner.emit.nodes import Sql
from liq_planner.emit.refusal import EmitRefused
from liq_planner.emit.sqltypes import cast_to, is_nested
from liq_planner.raising import may_raise

JSON_ARGUMENTS_MAX = 50
"""PostgreSQL takes at most 100 arguments in a call."""


NODES_MAX = 100_000
"""Expressions in one text, each counted as often as it stands there."""
E = TypeVar("E", bound=e.Expr)


def copies(expr: e.Expr) -> int:
    """At most how often the parts of an expression stand in its SQL, where that is more than once."""
    match expr:
        case e.Call("mask"):
            return 7
        case e.Cast(arg, t.List()):
            return 1 if arg.type == expr.type else 3
        case e.Cast(arg, t.Json() | t.Interval()) if isinstance(arg.type, t.Json | t.Interval):
            return 2
        case _:
            return 1


class Subqueries(Protocol):
    """How relations inside expressions are spelled: ``liq_planner.emit.relations``."""

    def exists(self, query: e.Relation, env: Env) -> Sql:
        """Whether it has a row."""

    def members(self, query: e.Relation, env: Env) -> exp.Query:
        """Its rows, to be searched."""

    def value(self, query: e.Relation, env: Env) -> Sql:
        """Its one value."""

    def collected(self, query: e.Relation, env: Env) -> Sql:
        """Its rows as a jsonb array of arrays."""


class Scalars:
    """Spells expressions; ``subqueries`` is set once relations can be spelled, too."""

    dialect = "PostgreSQL"
    subqueries: Subqueries

    def __init__(self, emission: Emission) -> None:
        self.emission = emission

    # --------------------------------------------------------------------------------------------- values
    def spell(self, expr: e.Expr, env: Env) -> Sql:
        """The expression as SQL."""
        return self._weighed(expr, copies(expr), self._spelled, env)

    def _weighed(self, expr: E, times: int, make: Callable[[E, Env], Sql], env: Env) -> Sql:
        """What ``make`` makes of an expression whose parts stand in it so many times, and so do theirs: refused before
        it grows out of all proportion."""
        emission, before = self.emission, self.emission.copies
        emission.copies = before * times
        emission.nodes += emission.copies
        if emission.nodes > NODES_MAX:
            raise EmitRefused(self.dialect, "an expression of this size", expr.span)
        node = make(expr, env)
        emission.copies = before
        return node

    def _spelled(self, expr: e.Expr, env: Env) -> Sql:
        match expr:
            case e.Literal(value, type_):
                return self.constant(value, type_)
            case e.ParamRef() | e.ClaimRef():
                return self.emission.bind(expr)
            case e.ColumnRef(id_):
                return env[id_].copy()
            case e.Call():
                return spell_call(self, expr, env)
            case e.Case():
                return self._case(expr, env)
            case e.Coalesce(args):
                return n.coalesce(*(self.wide(arg, env) for arg in args))
            case e.Cast():
                return self._cast(expr, env)
            case e.JsonStep():
                return n.call("nullif", self.json_step(expr, env), cast_to(n.fixed("null"), t.JSON))
            case e.RecordExpr(_, values):
                return self.record([(self.spell(v, env), v.type) for v in values])
            case e.ListExpr(items, element):
                return cast_to(n.array([self.spell(item, env) for item in items]), t.List(element))
            case e.JsonExpr():
                return self._json(expr, env)
            case e.ScalarQuery(query):
                return self.subqueries.value(query, env)
            case e.Collect(query):
                return self.subqueries.collected(query, env)
            case _:
                return self.predicate(expr, env)

    def wide(self, expr: e.Expr, env: Env) -> Sql:
        """The expression as SQL; ints as bigint, whatever stands there."""
        node = self.spell(expr, env)
        if isinstance(expr.type, t.Int) and not isinstance(expr, e.ParamRef | e.ClaimRef):
            if isinstance(expr, e.Literal) or expr.type.bits < 64:
                return cast_to(node, t.INT)
        return node

    def item(self, expr: e.Expr, env: Env, type_: t.Type) -> Sql:
        """The expression as a column of this type."""
        if isinstance(type_, t.Int) and type_.bits == 64:
            return self.wide(expr, env)
        return self.spell(expr, env)

    def lean(self, expr: e.Expr, env: Env) -> Sql:
        """The expression where another of its kind stands beside it: ints of any width compare alike, literals fit
        in."""
        match expr:
            case e.Cast(arg, t.Int(64), False) if isinstance(arg.type, t.Int):
                return self.lean(arg, env)
            case e.Cast(e.Literal(int() as value, t.Int()), t.Decimal(None)):
                return n.number(value)
            case e.Call() if expr.type == t.INT:
                node = self.spell(expr, env)
                narrow = isinstance(node, exp.Cast) and isinstance(node.this, exp.Anonymous)
                return node.this if narrow and node.this.name in INT4_FUNCTIONS else node
            case _:
                return self.spell(expr, env)

    def constant(self, value: Value, type_: t.Type) -> Sql:
        """A constant of source, schema or policy: a literal where that is safe, else a bind."""
        match value, type_:
            case None, t.Null():
                return n.null()
            case None, _:
                return cast_to(n.null(), type_)
            case bool(), _:
                return n.boolean(value)
            case int(), t.Int():
                return cast_to(n.number(value), t.INT) if value == INT_MIN else n.number(value)
            case ((int() | Decimal()), t.Decimal()):
                node = n.number(value)
                return node if "." in str(node.this) or "." in node.name else cast_to(node, t.DECIMAL)
            case ((int() | float()), t.Float()):
                return cast_to(_float_literal(float(value)), t.FLOAT)
            case tuple(), t.List(element):
                return cast_to(n.array([self.constant(item, element) for item in value]), type_)
            case str(), t.Text() if n.CONSTANT.match(value):
                return n.text(value)
            case _:
                text = _constant_text(value)
                if text is not None and n.CONSTANT.match(text):
                    return cast_to(n.text(text), type_)
                return self.emission.bind(e.Literal(value, type_))

    def _case(self, expr: e.Case, env: Env) -> Sql:
        branches = [(self.spell(b.condition, env), self.wide(b.value, env)) for b in expr.branches]
        if isinstance(expr.otherwise, e.Literal) and expr.otherwise.value is None:
            typed = any(not (isinstance(b.value, e.Literal) and b.value.value is None) for b in expr.branches)
            if typed:
                return n.case(branches)
        return n.case(branches, self.wide(expr.otherwise, env))

    def _cast(self, expr: e.Cast, env: Env) -> Sql:
        source, target = expr.arg.type, expr.type
        if isinstance(source, t.Json) and isinstance(expr.arg, e.JsonStep) and not isinstance(target, t.Json | t.Bytes):
            return cast_value(self, self._json_text(expr.arg, env), t.TEXT, target, expr.safe)
        node = self.spell(expr.arg, env)
        if isinstance(source, t.Json) and not isinstance(target, t.Json):
            return cast_value(self, unwrapped(node, target), t.TEXT, target, expr.safe)
        return cast_value(self, node, source, target, expr.safe)

    # --------------------------------------------------------------------------------------------- JSON
    def json_step(self, expr: e.JsonStep, env: Env) -> Sql:
        """A step that gives JSON; a JSON null stays one."""
        return n.arrow(self._json_base(expr, env), "->", self._json_key(expr))

    def _json_text(self, expr: e.JsonStep, env: Env) -> Sql:
        return n.arrow(self._json_base(expr, env), "->>", self._json_key(expr))

    def _json_base(self, expr: e.JsonStep, env: Env) -> Sql:
        return self._weighed(expr, 2 if isinstance(expr.key, int) else 1, self._json_entered, env)

    def _json_entered(self, expr: e.JsonStep, env: Env) -> Sql:
        base = self.json_step(expr.arg, env) if isinstance(expr.arg, e.JsonStep) else self.spell(expr.arg, env)
        if isinstance(expr.key, int):  # PostgreSQL takes a scalar for an array of one
            if _positions(expr) > JSON_POSITIONS_MAX:
                raise EmitRefused(self.dialect, f"more than {JSON_POSITIONS_MAX} positions in one JSON path", expr.span)
            is_array = n.compare(n.call("jsonb_typeof", base), "=", n.fixed("array"))
            return n.case([(is_array, base.copy())])
        return base

    def _json_key(self, expr: e.JsonStep) -> Sql:
        if isinstance(expr.key, str):
            return self.constant(expr.key, t.TEXT)
        if not 0 <= expr.key < 2**31:
            raise EmitRefused(self.dialect, "a JSON position below 0 or beyond 2147483647", expr.span)
        return n.number(expr.key)

    def _json(self, expr: e.JsonExpr, env: Env) -> Sql:
        values = [self._typed(value, env) for value in expr.values]
        if expr.labels is None:
            return self._chunked("jsonb_build_array", values, JSON_ARGUMENTS_MAX)
        pairs = [part for label, value in zip(expr.labels, values, strict=True) for part in (self._label(label), value)]
        return self._chunked("jsonb_build_object", pairs, JSON_ARGUMENTS_MAX)

    def _label(self, label: str) -> Sql:
        return cast_to(self.constant(label, t.TEXT), t.TEXT)

    def _typed(self, expr: e.Expr, env: Env) -> Sql:
        """With a type of its own, for functions that take anything."""
        node = self.wide(expr, env)
        return cast_to(node, t.TEXT) if isinstance(node, exp.Literal) and node.is_string else node

    def _chunked(self, function: str, parts: Sequence[Sql], size: int) -> Sql:
        chunks = [parts[i : i + size] for i in range(0, len(parts), size)] or [[]]
        result = n.call(function, *chunks[0])
        for chunk in chunks[1:]:
            result = n.infix(result, "||", n.call(function, *chunk))
        return result

    def record(self, values: Sequence[tuple[Sql, t.Type]]) -> Sql:
        """A nested object on the wire: a jsonb array of its values; what JSON cannot keep exactly stands as text."""
        return self._chunked("jsonb_build_array", [self._wired(*value) for value in values], JSON_ARGUMENTS_MAX)

    def _wired(self, node: Sql, type_: t.Type) -> Sql:
        if is_nested(type_) or isinstance(type_, t.Bool | t.Int):
            return node
        if isinstance(type_, t.Text) and not isinstance(node, exp.Literal):
            return node
        return cast_to(node, t.TEXT)

    # --------------------------------------------------------------------------------------------- predicates
    def predicate(self, expr: e.Expr, env: Env) -> Sql:
        """Connectives and tests."""
        match expr:
            case e.And(args):
                return n.conjunction([self.spell(arg, env) for arg in args])
            case e.Or(args):
                return n.disjunction([self.spell(arg, env) for arg in args])
            case e.Not(arg):
                return n.negation(self.spell(arg, env))
            case e.Is(arg, truth, negated):
                return n.is_(self.lean(arg, env), _truth(truth), negated)
            case e.RowCompare(op, left, right):
                return self.rows(op, left, right, env)
            case e.InList(operands, rows):
                return self._in_list(operands, rows, env)
            case e.InQuery(operands, query):
                return n.in_query(n.row([self.lean(o, env) for o in operands]), self.subqueries.members(query, env))
            case e.Exists(query):
                return self.subqueries.exists(query, env)
            case e.Optional(param, predicate):
                return self._optional(param, predicate, env)
            case _:
                raise EmitRefused(self.dialect, type(expr).__name__, expr.span)

    def rows(self, op: str, left: Sequence[e.Expr], right: Sequence[e.Expr], env: Env) -> Sql:
        """``(a, b) op (x, y)``."""
        if len(left) == 1:
            return self.comparison(op, left[0], right[0], env)
        rows = [n.row([self.collated(x, env) if op in ORDERING else self.lean(x, env) for x in left])]
        rows.append(n.row([self.lean(x, env) for x in right]))
        return n.compare(rows[0], op, rows[1])

    def comparison(self, op: str, left: e.Expr, right: e.Expr, env: Env) -> Sql:
        """``left op right``; text is ordered by code point."""
        first = self.collated(left, env) if op in ORDERING else self.lean(left, env)
        second = self.lean(right, env)
        if isinstance(left, e.Literal) and isinstance(right, e.Literal):
            first = self.wide(left, env)
        return n.compare(first, op, second)

    def collated(self, expr: e.Expr, env: Env) -> Sql:
        """The expression, under the collation of code points where it is text."""
        return self.with_collation(self.lean(expr, env), expr.type)

    def with_collation(self, node: Sql, type_: t.Type) -> Sql:
        """Text under the collation of code points."""
        if self.emission.options.text_is_c or not _is_text(type_):
            return node
        return n.collate(node, "C")

    def key_of_node(self, node: Sql, type_: t.Type) -> Sql:
        """A key of a node: both halves of a recursive query must have one collation, whatever that of the columns."""
        return n.collate(node, "C") if isinstance(type_, t.Text) else node

    def _in_list(self, operands: Sequence[e.Expr], rows: Sequence[Sequence[e.Expr]], env: Env) -> Sql:
        if not rows:
            return n.boolean(False)
        values = [n.row([self.lean(value, env) for value in row]) for row in rows]
        return n.in_values(n.row([self.lean(o, env) for o in operands]), values)

    def _optional(self, param: str, predicate: e.Expr, env: Env) -> Sql:
        given = self.emission.family.given
        if given is not None:
            return self.spell(predicate, env) if param in given else n.boolean(True)
        flag = self.emission.bind(e.Is(e.ParamRef(param, t.BOOL, True), e.Truth.NULL, negated=True))
        node = self.spell(predicate, env)
        if may_raise(predicate):  # an OR may be evaluated from either side, a CASE may not
            return n.case([(flag, node)], n.boolean(True))
        return n.disjunction([n.negation(flag), node])

    # --------------------------------------------------------------------------------------------- orders
    def sort_keys(self, keys: Sequence[e.SortKey], env: Env) -> list[Sql]:
        """ORDER BY keys; constant ones order nothing and are left out."""
        spelled = [
            (k, self.lean(k.expr, env)) for k in keys if not isinstance(k.expr, e.Literal | e.ParamRef | e.ClaimRef)
        ]
        return [
            n.ordered(self.with_collation(node, k.expr.type), k.descending, k.nulls_first)
            for k, node in spelled
            if not n.is_constant(node)
        ]


ORDERING = frozenset({"<", "<=", ">", ">="})
INT4_FUNCTIONS = frozenset({
    "length", "strpos", "cardinality", "array_position", "jsonb_array_length", "octet_length",
})  # fmt: skip


JSON_POSITIONS_MAX = 8
"""Positions (``[0]``) in one JSON path: each is tested for an array first, so that the text of the path doubles."""


def _positions(expr: e.Expr) -> int:
    count = 0
    while isinstance(expr, e.JsonStep):
        count += isinstance(expr.key, int)
        expr = expr.arg
    return count


def _is_text(type_: t.Type) -> bool:
    return isinstance(type_, t.Text) or (isinstance(type_, t.List) and isinstance(type_.element, t.Text))


def _truth(truth: e.Truth) -> Sql:
    match truth:
        case e.Truth.NULL:
            return n.null()
        case e.Truth.TRUE:
            return n.boolean(True)
        case e.Truth.FALSE:
            return n.boolean(False)
        case _:
            assert_never(truth)


def _float_literal(value: float) -> Sql:
    if not math.isfinite(value):
        return n.fixed("NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity")
    if value == 0 and math.copysign(1, value) < 0:
        return n.fixed("-0")
    node: Sql = exp.Literal(this=repr(abs(value)), is_string=False)
    return n.negative(node) if value < 0 else node


def _constant_text(value: Value) -> str | None:
    """The text of a constant that PostgreSQL reads back the same in every session."""
    match value:
        case str() | uuid.UUID():
            return str(value)
        case dt.datetime():
            return value.astimezone(dt.UTC).replace(tzinfo=None).isoformat() + "Z"
        case dt.date() | dt.time():
            return value.isoformat()
        case IntervalValue():
            return iso_interval(value)
        case _:
            return None


def iso_interval(value: IntervalValue) -> str:
    """ISO 8601, as PostgreSQL reads it: ``P1M-3DT2H0.5S``."""
    text = f"{value.months}M" if value.months else ""
    text += f"{value.days}D" if value.days else ""
    if value.microseconds or not text:  # hours apart: the server reads each number as a double
        minutes, left = divmod(abs(value.microseconds), 60_000_000)
        seconds, micro = divmod(left, 1_000_000)
        sign = "-" if value.microseconds < 0 else ""
        text += "T" + "".join(f"{sign}{n}{unit}" for n, unit in ((minutes // 60, "H"), (minutes % 60, "M")) if n)
        fraction = f".{micro:06}".rstrip("0") if micro else ""
        text += f"{sign}{seconds}{fraction}S" if left or not minutes else ""
    return "P" + text
