"""Whose words a result column may carry: the label that a caller (an agent above all) needs before it reads them.

``constant``: written in the plan. ``own``: what no other user can phrase: numbers, times, ids and enum labels, and
texts made of the caller's own parameters and claims. ``user text``: text, JSON or bytes that someone stored in a
table.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import Enum

from liq.model import expr as e
from liq.model import physical as p
from liq.model import types as t
from liq.model.node import Node, walk


class Trust(Enum):
    """Labels, from most to least trusted."""

    CONSTANT = "constant"
    OWN = "own"
    USER_TEXT = "user text"


_ORDER = tuple(Trust)
_OPAQUE = frozenset({"hash", "md5", "json_typeof", "gen_random_uuid"})
"""Functions whose text says nothing of their arguments' words."""


def least_trusted(labels: Iterable[Trust]) -> Trust:
    """The label of something made of parts."""
    return max(labels, key=_ORDER.index, default=Trust.CONSTANT)


def carries_text(type_: t.Type) -> bool:
    """Whether values of a type can hold a sentence."""
    match type_:
        case t.Text() | t.Json() | t.Bytes():
            return True
        case t.List(element):
            return carries_text(element)
        case t.Record(fields):
            return any(carries_text(field.type) for field in fields)
        case _:
            return False


def trust_of_result(plan: p.PhysicalPlan) -> tuple[Trust, ...]:
    """The labels of the columns of the last step."""
    tracer = _Tracer(plan)
    return tuple(tracer.column(column) for column in plan.steps[-1].root.columns)


class _Tracer:
    """Follows columns to what they are made of. Ids are unique within a plan, so one map serves all of it."""

    def __init__(self, plan: p.PhysicalPlan) -> None:
        self._made_of: dict[int, tuple[Trust | e.Expr | e.Column, ...]] = {}
        self._known: dict[int, Trust] = {}
        lets = {step.name: step.root for step in plan.steps if step.name is not None}
        for node in walk(plan):
            for column, parts in _definitions(node, lets):
                self._made_of.setdefault(column.id, parts)

    def column(self, column: e.Column) -> Trust:
        """The label of a column; one that nothing defines is not trusted."""
        if column.id not in self._known:
            self._known[column.id] = Trust.CONSTANT  # a column that is made of itself adds nothing
            parts = self._made_of.get(column.id, (Trust.USER_TEXT,))
            label = least_trusted(self._part(part) for part in parts)
            self._known[column.id] = label if carries_text(column.type) else min(label, Trust.OWN, key=_ORDER.index)
        return self._known[column.id]

    def _part(self, part: Trust | e.Expr | e.Column) -> Trust:
        match part:
            case Trust():
                return part
            case e.Column():
                return self.column(part)
            case _:
                return self.expression(part)

    def expression(self, expr: e.Expr) -> Trust:
        """The label of an expression."""
        if isinstance(expr, e.Literal):
            return Trust.CONSTANT
        if not carries_text(expr.type):
            fixed = all(isinstance(node, e.Literal | e.Call | e.Cast) for node in walk(expr))
            return Trust.CONSTANT if fixed and not _varies(expr) else Trust.OWN
        match expr:
            case e.ParamRef() | e.ClaimRef():
                return Trust.OWN
            case e.ColumnRef(id, name, type_, nullable):
                return self.column(e.Column(id, name, type_, nullable))
            case e.Case(branches, otherwise):
                return least_trusted(self.expression(value) for value in (*(b.value for b in branches), otherwise))
            case e.Call(function) if function in _OPAQUE:
                return Trust.OWN
            case e.Call(_, args) | e.Coalesce(args):
                return least_trusted(self.expression(arg) for arg in args)
            case e.Cast(arg) | e.JsonStep(arg):
                return self.expression(arg)
            case e.RecordExpr(_, values) | e.JsonExpr(_, values) | e.ListExpr(values):
                return least_trusted(self.expression(value) for value in values)
            case e.ScalarQuery(query) | e.Collect(query):
                return least_trusted(self.column(column) for column in query.columns)
            case _:
                return Trust.USER_TEXT


def _varies(expr: e.Expr) -> bool:
    from liq.model.functions import FUNCTIONS

    calls = [node for node in walk(expr) if isinstance(node, e.Call)]
    return any(o.volatility != "immutable" for call in calls for o in FUNCTIONS.get(call.function, ()))


Parts = tuple[Trust | e.Expr | e.Column, ...]


def _definitions(node: Node, lets: dict[str, p.Operator]) -> Iterator[tuple[e.Column, Parts]]:
    match node:
        case e.Item(column, expr):
            yield column, (expr,)
        case e.AggregateItem(column, call) | e.WindowItem(column, call):
            yield column, (Trust.OWN, *call.args)
        case p.TableScan(columns=columns):
            yield from ((column, (Trust.USER_TEXT,)) for column in columns)
        case p.InsertRows(row=columns, upsert=upsert):
            more = () if upsert is None else (*upsert.existing, *upsert.excluded, *upsert.changed)
            yield from ((column, (Trust.USER_TEXT,)) for column in (*columns, *more))
        case p.UpdateRows(row=columns):
            yield from ((column, (Trust.USER_TEXT,)) for column in columns)
        case p.RowSource(columns, rows):
            yield from ((column, tuple(row[i] for row in rows)) for i, column in enumerate(columns))
        case p.ParameterRows(_, columns) | p.SeriesRows(columns):
            yield from ((column, (Trust.OWN,)) for column in columns)
        case p.ListRows(columns, source):
            yield from ((column, (source,)) for column in columns)
        case p.LetRows(name, columns) if name in lets:
            yield from ((column, (there,)) for column, there in zip(columns, lets[name].columns, strict=False))
        case p.Combine(_, inputs, columns):
            yield from ((column, tuple(each.columns[i] for each in inputs)) for i, column in enumerate(columns))
        case p.Closure(depth=depth):
            yield depth, (Trust.OWN,)
        case _:
            pass
