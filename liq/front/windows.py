"""Windows: ``rank() over (by region order amount desc)``."""

from __future__ import annotations

from liq.front import expressions, ordering
from liq.front.broken import broken, is_broken
from liq.front.coerce import article, converted, is_soft, origin_labels
from liq.front.context import Context
from liq.front.kinds import groupable
from liq.front.overloads import learn, signatures
from liq.front.parameter_refs import is_unknown
from liq.front.scope import Place, Scope
from liq.model import codes
from liq.model.diagnostics import Label
from liq.model.expr import (
    Bound,
    BoundKind,
    Column,
    ColumnRef,
    Expr,
    Frame,
    WindowCall,
    WindowItem,
)
from liq.model.functions import AGGREGATES, WINDOWS, Resolved
from liq.model.functions import resolve as fitting
from liq.model.types import NULL
from liq_grammar import syntax

FRAME_ROWS_MAX = 2**31 - 1
_ANY_ORDER = {"rank", "dense_rank", "percent_rank", "cume_dist"}
_NO_FRAME = {"row_number", "rank", "dense_rank", "percent_rank", "cume_dist", "ntile", "lag", "lead"}


def resolve_window(node: syntax.Call, scope: Scope) -> Expr:
    """A window function, or an aggregate over a window."""
    context = scope.context
    name = node.function.text
    table = AGGREGATES if name in AGGREGATES else WINDOWS
    if name not in table:
        context.report(
            codes.CALL_PARTS, node.span, f"{name} is no window function and no aggregate: it takes no over",
            help=f"window functions are {', '.join(sorted(WINDOWS))}",
        )  # fmt: skip
        return broken(node.span)
    if scope.windows is None:
        _misplaced(node, scope)
        return broken(node.span)
    if not _parts_fit(node, scope):
        return broken(node.span)
    inner = scope.at(Place.WINDOW, grouping=scope.grouping)
    found = _arguments(node, inner)
    call = None if found is None else _window_call(node, found[0], found[1], inner)
    if call is None:
        return broken(node.span)
    column = Column(context.fresh(), name, call.type, call.nullable)
    scope.windows.append(WindowItem(column, call))
    return ColumnRef(column.id, column.name, column.type, column.nullable, span=node.span)


def _misplaced(node: syntax.Call, scope: Scope) -> None:
    hint = "compute it in a stage, and use it behind |"
    said = f"{node.function.text} over (…) looks at the rows that are left, so it cannot stand in {scope.place.value}"
    if scope.place is Place.WINDOW:
        said = "a window of a window"
    scope.context.report(codes.AGGREGATE_PLACE, node.span, said, help=hint)


def _parts_fit(node: syntax.Call, scope: Scope) -> bool:
    name = node.function.text
    word: str | None = None
    if node.distinct:
        word = "distinct"
    for clause in node.clauses:
        if not isinstance(clause, syntax.Where) or name not in AGGREGATES:
            word = type(clause).__name__.lower()
    if len(syntax.pick(node.clauses, syntax.Where)) > 1:
        word = "second where"
    if name == "percentile":
        scope.context.report(codes.CALL_PARTS, node.span, "percentile aggregates a group; it has no windows")
        return False
    if word is not None:
        scope.context.report(codes.CALL_PARTS, node.span, f"{name} over (…) takes no {word}")
    return word is None


def _arguments(node: syntax.Call, scope: Scope) -> tuple[tuple[Expr, ...], Resolved] | None:
    context = scope.context
    name = node.function.text
    table = AGGREGATES if name in AGGREGATES else WINDOWS
    values = learn(table, name, [expressions.infer(argument, scope) for argument in node.arguments], context)
    if is_broken(*values) or any(is_unknown(value) for value in values):
        return None
    types = [value.type for value in values]
    found = fitting(table, name, types) or fitting(table, name, [NULL if is_soft(v) else v.type for v in values])
    if found is None:
        context.report(
            codes.ARGUMENTS_TYPE, node.span, f"{name} does not take ({', '.join(article(t) for t in types)})",
            origin_labels(context, *values), help=signatures(table, name, name),
        )  # fmt: skip
        return None
    parts = [converted(v, t, context) for v, t in zip(values, found.arguments, strict=True)]
    known = tuple(part for part in parts if part is not None)
    return (known, found) if len(known) == len(parts) and not is_broken(*known) else None


def _window_call(
    node: syntax.Call, values: tuple[Expr, ...], found: Resolved, scope: Scope
) -> WindowCall | None:
    over = node.over
    assert over is not None
    name = node.function.text
    partition = []
    for each in over.by:
        key = expressions.infer(each, scope)
        if is_broken(key):
            return None
        if not groupable(key.type):
            scope.context.report(codes.NOT_ORDERED, each.span, f"{article(key.type)} cannot be told apart by")
            return None
        partition.append(key)
    order = ordering.sort_keys(over.order.keys, scope) if over.order is not None else ()
    if not order and name in _ANY_ORDER:
        scope.context.report(
            codes.FRAME, node.span, f"{name} compares rows by an order, and there is none",
            help=f"write {name}() over (order …)",
        )  # fmt: skip
        return None
    frame = _frame(over.frame, name, scope.context) if over.frame is not None else None
    if over.frame is not None and frame is None:
        return None
    clause = next(iter(syntax.pick(node.clauses, syntax.Where)), None)
    where = expressions.predicate(clause.condition, scope) if clause is not None else None
    nullable = _nullable(name, values, frame, where)
    return WindowCall(name, values, found.result, nullable, tuple(partition), order, frame, where)


def _nullable(name: str, values: tuple[Expr, ...], frame: Frame | None, where: Expr | None) -> bool:
    """An aggregate over a frame that holds the row itself is not null where its argument is not."""
    if name in ("count", *_ANY_ORDER, "row_number", "ntile"):
        return False
    if name in ("lag", "lead"):
        return len(values) < 3 or values[0].nullable or values[2].nullable
    if name in ("stddev", "variance", "nth_value") or where is not None:
        return True
    before = {BoundKind.UNBOUNDED_PRECEDING, BoundKind.PRECEDING, BoundKind.CURRENT_ROW}
    behind = {BoundKind.UNBOUNDED_FOLLOWING, BoundKind.FOLLOWING, BoundKind.CURRENT_ROW}
    holds_row = frame is None or (frame.start.kind in before and frame.end.kind in behind)
    return not holds_row or (name != "array_agg" and any(value.nullable for value in values))


# ------------------------------------------------------------------------------------------------- frames
def _frame(node: syntax.Frame, name: str, context: Context) -> Frame | None:
    if name in _NO_FRAME:
        context.report(codes.FRAME, node.span, f"{name} looks at the whole partition: it takes no rows")
        return None
    start = _bound(node.start, context)
    end = Bound(BoundKind.CURRENT_ROW) if node.end is None else _bound(node.end, context)
    if start is None or end is None:
        return None
    if _position(start) > _position(end) or start.kind is BoundKind.UNBOUNDED_FOLLOWING:
        context.report(
            codes.FRAME, node.span, "the frame ends before it starts",
            [Label(node.start.span, "the start")], help="write rows between 6 preceding and current row",
        )  # fmt: skip
        return None
    if end.kind is BoundKind.UNBOUNDED_PRECEDING:
        context.report(codes.FRAME, node.span, "a frame cannot end at unbounded preceding")
        return None
    return Frame(start, end)


def _bound(node: syntax.WindowBound, context: Context) -> Bound | None:
    if node.side == "current row":
        return Bound(BoundKind.CURRENT_ROW)
    preceding = node.side == "preceding"
    if node.rows is None:
        return Bound(BoundKind.UNBOUNDED_PRECEDING if preceding else BoundKind.UNBOUNDED_FOLLOWING)
    rows = int(node.rows.digits)
    if rows > FRAME_ROWS_MAX:
        context.report(codes.FRAME, node.rows.span, f"a frame reaches at most {FRAME_ROWS_MAX} rows")
        return None
    return Bound(BoundKind.PRECEDING if preceding else BoundKind.FOLLOWING, rows)


def _position(bound: Bound) -> int:
    match bound.kind:
        case BoundKind.UNBOUNDED_PRECEDING:
            return -FRAME_ROWS_MAX - 1
        case BoundKind.PRECEDING:
            return -bound.rows
        case BoundKind.CURRENT_ROW:
            return 0
        case BoundKind.FOLLOWING:
            return bound.rows
        case BoundKind.UNBOUNDED_FOLLOWING:
            return FRAME_ROWS_MAX + 1
