"""What the annotations of a node cannot say: parts that must agree in number, names from closed tables, values of
types.

Asked of every node that is read from a document, so that nothing behind the reader meets a node which no compiler
makes.
"""

from __future__ import annotations

from typing import Any

from liq.model import expr as e
from liq.model import ir
from liq.model import physical as p
from liq.model import types as t
from liq.model.codec_values import fits
from liq.model.functions import AGGREGATES, FUNCTIONS, WINDOWS
from liq.model.values import DECIMAL_DIGITS_MAX

_FUNCTIONS, _AGGREGATES = frozenset(FUNCTIONS), frozenset(AGGREGATES)
_WINDOWS = _AGGREGATES | frozenset(WINDOWS)
COMPARISONS = frozenset({"=", "<>", "<", "<=", ">", ">="})


def complaint(node: Any) -> str | None:
    """What is wrong with a node whose parts are right, or None."""
    match node:
        case e.Expr() | e.AggregateCall() | e.WindowCall():
            return _expression(node)
        case e.Relation():
            return _relation(node)
        case t.Decimal() | t.Vector() | t.Enum() | t.Record() | t.List():
            return _type(node)
        case _:
            return None


def _type(node: Any) -> str | None:
    match node:
        case t.Decimal(precision, scale):
            sized = precision is not None and scale is not None and 0 <= scale <= precision <= DECIMAL_DIGITS_MAX
            return None if sized and precision else "precision and scale are out of range"
        case t.Vector(dimensions):
            return None if 1 <= dimensions <= 16_000 else "the number of dimensions is out of range"
        case t.Enum(_, labels):
            return None if labels and len(set(labels)) == len(labels) else "the labels are not a set"
        case t.Record(fields):
            return None if len({f.name for f in fields}) == len(fields) else "a label stands twice"
        case _:
            return None


def _expression(node: Any) -> str | None:
    match node:
        case e.Literal(value, type_) if not fits(value, type_):
            return f"the value is no {type_}"
        case e.Call(function) | e.AggregateCall(function) | e.WindowCall(function) if function not in _table(node):
            return "there is no function of that name"
        case e.RowCompare(op, left, right) if op not in COMPARISONS or len(left) != len(right) or not left:
            return "the sides do not compare"
        case e.InList(operands, rows) if not operands or any(len(row) != len(operands) for row in rows):
            return "rows and operands differ in number"
        case e.InQuery(operands, query) if len(operands) != len(query.columns):
            return "columns and operands differ in number"
        case e.ScalarQuery(query) if len(query.columns) != 1:
            return "a subquery used as a value has one column"
        case e.RecordExpr(labels, values) if len(labels) != len(values) or len(set(labels)) != len(labels):
            return "labels and values do not pair"
        case e.JsonExpr(labels, values) if labels is not None and len(labels) != len(values):
            return "labels and values do not pair"
        case e.ParamRef(key=key) if key is not None and key < 0:
            return "there is no such key"
        case e.And(args) | e.Or(args) if len(args) < 2:
            return "two or more parts are needed"
        case e.Coalesce(args) if not args:
            return "one or more parts are needed"
        case _:
            return None


def _table(node: Any) -> frozenset[str]:
    match node:
        case e.Call():
            return _FUNCTIONS
        case e.AggregateCall():
            return _AGGREGATES
        case _:
            return _WINDOWS


def _relation(node: Any) -> str | None:
    match node:
        case ir.Values(columns, rows) | p.RowSource(columns, rows):
            return None if all(len(row) == len(columns) for row in rows) else "rows and columns differ in number"
        case ir.SetOperation(_, inputs, columns) | p.Combine(_, inputs, columns):
            same = len(inputs) >= 2 and all(len(each.columns) == len(columns) for each in inputs)
            return None if same else "the inputs differ in columns"
        case ir.Insert(targets=targets, source=source) | p.InsertRows(targets=targets, source=source):
            return None if len(source.columns) == len(targets) else "targets and columns differ in number"
        case p.TableScan(_, names, columns):
            return None if len(names) == len(columns) else "names and columns differ in number"
        case p.SeriesRows(columns) | p.ListRows(columns):
            return None if len(columns) == 1 else "one column is needed"
        case ir.Follow(_, source, target, start) | p.Closure(_, source, target, start):
            same = len(source) == len(target) == len(start)
            return None if same and source else "the keys differ in number"
        case ir.Join(kind, _, _, on) | p.NestedLoop(kind, _, _, on):
            cross = on is None and kind is not ir.JoinKind.INNER
            return "only an inner join pairs all rows" if cross else None
        case ir.SortChoice(options=options) | p.OrderChoice(options=options):
            return None if options else "one or more orders are needed"
        case _:
            return None
