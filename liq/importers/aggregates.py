"""Aggregates and windows."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from liq.importers.scopes import Value, path
from liq.importers.sqltree import Node
from liq_grammar import syntax as s

if TYPE_CHECKING:
    from liq.importers.translate import Translator

_AGGREGATES: dict[type[Node], tuple[str, str]] = {
    exp.Sum: ("sum", "decimal"),
    exp.Avg: ("avg", "decimal"),
    exp.Min: ("min", "="),
    exp.Max: ("max", "="),
    exp.LogicalAnd: ("bool_and", "bool"),
    exp.LogicalOr: ("bool_or", "bool"),
    exp.ArrayAgg: ("array_agg", "list"),
    exp.Stddev: ("stddev", "float"),
    exp.StddevSamp: ("stddev", "float"),
    exp.Variance: ("variance", "float"),
}
_WINDOWS: dict[type[Node], tuple[str, str]] = {
    exp.RowNumber: ("row_number", "int"),
    exp.Rank: ("rank", "int"),
    exp.DenseRank: ("dense_rank", "int"),
    exp.PercentRank: ("percent_rank", "float"),
    exp.CumeDist: ("cume_dist", "float"),
    exp.Ntile: ("ntile", "int"),
    exp.Lag: ("lag", "="),
    exp.Lead: ("lead", "="),
    exp.FirstValue: ("first_value", "="),
    exp.LastValue: ("last_value", "="),
    exp.NthValue: ("nth_value", "="),
}
NAMES = frozenset(("count", "percentile", "string_agg", *(name for name, _ in _AGGREGATES.values())))
"""What liq calls aggregates."""


def order(t: Translator, ordered: list[Node]) -> s.Order:
    """``ORDER BY`` keys."""
    return s.Order(tuple(order_key(t, key, t.expression(key.this).expr) for key in ordered))


def order_key(t: Translator, node: Node, value: s.Expr) -> s.OrderKey:
    """One key, with its nulls where they are not where liq puts them."""
    t.only(node, "this", "desc", "nulls_first")
    descending, first = bool(node.args.get("desc")), bool(node.args.get("nulls_first"))
    placed = None if first == descending else "first" if first else "last"
    return s.OrderKey(value, descending, placed)  # type: ignore[arg-type]  # mypy widens the literal


def _aggregate(t: Translator, node: Node) -> Value:
    """``sum(distinct x)``, ``array_agg(x order by y)``."""
    t.only(node, "this", "nulls_excluded")
    function, kind = _AGGREGATES[type(node)]
    inner, keys = _ordered(node.this)
    operand, distinct = _distinct(t, inner, node)
    value = t.expression(operand)
    if t.database.dialect == "sqlite" and function in ("sum", "avg"):
        t.differs(f"{function} of SQLite gives an integer or a float, liq's a decimal", t.place(node))
    if kind == "list":
        kind = f"list:{value.kind}" if value.kind else ""
    clauses = (order(t, keys),) if keys else ()
    shown = value.kind if kind == "=" else "float" if value.kind == "float" and kind == "decimal" else kind
    return Value(s.Call(path(function), (value.expr,), distinct, clauses), shown, function)


def _ordered(node: Node) -> tuple[Node, list[Node]]:
    if isinstance(node, exp.Order) and node.this is not None:
        return node.this, list(node.expressions)
    return node, []


def _distinct(t: Translator, inner: Node, node: Node) -> tuple[Node, bool]:
    if not isinstance(inner, exp.Distinct):
        return inner, False
    t.only(inner, "expressions")
    if len(inner.expressions) != 1 or isinstance(inner.expressions[0], exp.Tuple):
        raise t.refuse(node, "DISTINCT over several columns has no form in liq")
    return inner.expressions[0], True


def _count(t: Translator, node: exp.Count) -> Value:
    t.only(node, "this", "expressions")
    if node.expressions:
        raise t.refuse(node, "count of several columns has no form in liq")
    if isinstance(node.this, exp.Star):
        return Value(s.Call(path("count")), "int", "count")
    operand, distinct = _distinct(t, node.this, node)
    return Value(s.Call(path("count"), (t.expression(operand).expr,), distinct), "int", "count")


def _string_agg(t: Translator, node: exp.GroupConcat) -> Value:
    t.only(node, "this", "separator", "on_overflow")
    inner, keys = _ordered(node.this)
    operand, distinct = _distinct(t, inner, node)
    separator = node.args.get("separator")
    joined = t.expression(separator).expr if separator is not None else s.Text(",")
    clauses = (order(t, keys),) if keys else ()
    arguments = (t.expression(operand).expr, joined)
    return Value(s.Call(path("string_agg"), arguments, distinct, clauses), "text", "string_agg")


def _filter(t: Translator, node: exp.Filter) -> Value:
    """``count(*) FILTER (WHERE …)``."""
    t.only(node, "this", "expression")
    value = t.expression(node.this)
    condition = t.truth(node.expression.this)
    if not isinstance(value.expr, s.Call):
        raise t.refuse(node, "this FILTER has no form in liq")
    clauses = (s.Where(condition), *value.expr.clauses)
    return Value(s.evolve(value.expr, clauses=clauses), value.kind, value.label)


def _within(t: Translator, node: exp.WithinGroup) -> Value:
    """``percentile_cont(0.5) WITHIN GROUP (ORDER BY x)``."""
    keys = node.expression.expressions
    plain = len(keys) == 1 and not keys[0].args.get("desc")
    if not isinstance(node.this, exp.PercentileCont) or not plain:
        raise t.refuse(node, "WITHIN GROUP has a form in liq for percentile_cont over one ascending key only")
    arguments = (t.expression(node.this.this).expr, t.expression(keys[0].this).expr)
    return Value(s.Call(path("percentile"), arguments), "float", "percentile_cont")


# ------------------------------------------------------------------------------------------------- windows
def _window_function(t: Translator, node: Node) -> Value:
    t.only(node, "this", "offset", "default")
    function, kind = _WINDOWS[type(node)]
    given = [node.args.get(name) for name in ("this", "offset", "default")]
    values = [t.expression(each) for each in given if each is not None]
    shown = (values[0].kind if values else "") if kind == "=" else kind
    return Value(s.Call(path(function), tuple(v.expr for v in values)), shown, function)


def _window(t: Translator, node: exp.Window) -> Value:
    t.only(node, "this", "partition_by", "order", "spec", "over", "alias")
    if node.args.get("alias") is not None:
        raise t.refuse(node, "a named window has no form in liq", "write it out behind OVER")
    value = t.expression(node.this)
    if not isinstance(value.expr, s.Call):
        raise t.refuse(node, "this window has no form in liq")
    by = tuple(t.expression(each).expr for each in node.args.get("partition_by") or ())
    ordered = node.args.get("order")
    keys = order(t, list(ordered.expressions)) if ordered is not None else None
    over = s.Over(by, keys, _frame(t, node))
    return Value(s.evolve(value.expr, over=over), value.kind, value.label)


def _frame(t: Translator, node: exp.Window) -> s.Frame | None:
    spec = node.args.get("spec")
    if spec is None:
        return None
    t.only(spec, "kind", "start", "start_side", "end", "end_side")
    kind = str(spec.args.get("kind") or "").lower()
    start = _bound(t, spec, "start")
    end = _bound(t, spec, "end") if spec.args.get("end") else None
    default = (s.WindowBound("preceding"), s.WindowBound("current row"))
    if kind == "range" and (start, end or default[1]) == default:
        return None  # what holds without a frame
    if kind != "rows":
        raise t.refuse(node, "RANGE and GROUPS frames have no form in liq")
    return s.Frame(start, end)


def _bound(t: Translator, spec: Node, name: str) -> s.WindowBound:
    value, side = spec.args.get(name), str(spec.args.get(f"{name}_side") or "").lower()
    if value == "CURRENT ROW":
        return s.WindowBound("current row")
    rows = None
    if isinstance(value, exp.Literal) and str(value.this).isdigit():
        rows = s.Number(str(value.this))
    elif value != "UNBOUNDED":
        raise t.refuse(spec, "this window frame has no form in liq")
    if side == "preceding":
        return s.WindowBound("preceding", rows)
    return s.WindowBound("following", rows)


HANDLERS: dict[type[Node], Callable[[Translator, Any], Value]] = {
    **dict.fromkeys(_AGGREGATES, _aggregate),
    **dict.fromkeys(_WINDOWS, _window_function),
    exp.Count: _count,
    exp.GroupConcat: _string_agg,
    exp.Filter: _filter,
    exp.WithinGroup: _within,
    exp.Window: _window,
}
