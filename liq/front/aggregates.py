"""Aggregates: over the groups of a stage, and per row over links to many."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from liq.front import expressions, ordering
from liq.front.broken import broken, is_broken
from liq.front.coerce import article, converted, is_soft, origin_labels
from liq.front.completion import completed_aggregate
from liq.front.constant_arguments import check_constants
from liq.front.kinds import groupable
from liq.front.overloads import learn, signatures
from liq.front.parameter_refs import is_unknown
from liq.front.paths import Trail, open_trail, trail
from liq.front.scope import Grouping, Place, Scope
from liq.model import codes
from liq.model.diagnostics import Label
from liq.model.expr import AggregateCall, AggregateItem, Column, ColumnRef, Expr, ScalarQuery, SortKey
from liq.model.functions import AGGREGATES
from liq.model.functions import resolve as fitting
from liq.model.ir import Aggregate, Filter
from liq.model.source import Span
from liq.model.types import NULL, Null, Type
from liq_grammar import syntax

_ONE_ROW_NULL = {"stddev", "variance"}
"""Null over a single row, too."""


def resolve_aggregate(node: syntax.Call, scope: Scope) -> Expr:
    """An aggregate: per row where its arguments go through a link to many, else over the rows of the group."""
    trails = _trails(node.arguments, scope)
    if not _parts_fit(node, scope):
        return broken(node.span)
    if trails:
        return _per_row(node, trails, scope)
    if scope.grouping is None:
        _misplaced(node, scope)
        for argument in node.arguments:
            expressions.infer(argument, scope)
        return broken(node.span)
    inner = scope.at(Place.ARGUMENT)
    call = _call(node, node.arguments, inner, where=_where(node, inner), grouping=scope.grouping)
    if call is None:
        return broken(node.span)
    return _collected(call, scope.grouping, scope, node.span)


def _collected(call: AggregateCall, grouping: Grouping, scope: Scope, span: Span) -> Expr:
    """A reference to the column that the stage computes for the call; equal calls share one."""
    for known in grouping.aggregates:
        if known.call == call:
            break
    else:
        column = Column(scope.context.fresh(), call.function, call.type, call.nullable)
        known = AggregateItem(column, call)
        grouping.aggregates.append(known)
    return ColumnRef(known.column.id, known.column.name, call.type, call.nullable, span=span)


def _misplaced(node: syntax.Call, scope: Scope) -> None:
    hints = {
        Place.WHERE: "give it a label, and filter behind the stage: … { n: count() } | where n > 5",
        Place.ARGUMENT: "aggregate in one stage, and again behind |",
        Place.GROUP: "group by a column, or start a new stage with |",
        Place.WINDOW: "aggregate in one stage, and use the window behind |",
        Place.ON: "join the rows first, and aggregate in the shape",
    }
    hint = hints.get(scope.place)
    message = f"{node.function.text} aggregates rows, which {scope.place.value} does not"
    if scope.place is Place.WHERE:
        message = f"{node.function.text} is not known yet in where, which chooses the rows that are aggregated"
    elif scope.place is Place.ARGUMENT:
        message = "an aggregate of an aggregate"
    scope.context.report(codes.AGGREGATE_PLACE, node.span, message, help=hint)


def _parts_fit(node: syntax.Call, scope: Scope) -> bool:
    bad = next((c for c in node.clauses if isinstance(c, syntax.Limit | syntax.Offset)), None)
    if bad is not None:
        scope.context.report(
            codes.CALL_PARTS, bad.span, f"{node.function.text} aggregates all rows: it takes no limit",
            help="limit a list: name(order … limit 3) { … }",
        )  # fmt: skip
        return False
    for kind in (syntax.Where, syntax.Order):
        twice = syntax.pick(node.clauses, kind)
        if len(twice) > 1:
            word = kind.__name__.lower()
            scope.context.report(
                codes.CLAUSE_TWICE, twice[1].span, f"{word} stands twice", [Label(twice[0].span, "first here")]
            )
            return False
    return True


def _where(node: syntax.Call, scope: Scope) -> Expr | None:
    clause = next(iter(syntax.pick(node.clauses, syntax.Where)), None)
    if clause is None:
        return None
    inner = scope.at(Place.ARGUMENT)
    return expressions.predicate(clause.condition, inner)


def _call(
    node: syntax.Call, nodes: Sequence[syntax.Expr], scope: Scope, where: Expr | None, grouping: Grouping | None
) -> AggregateCall | None:
    """The call over typed arguments; None, reported, where they do not fit."""
    arguments = typed_arguments(node, nodes, scope)
    if arguments is None or (where is not None and is_broken(where)):
        return None
    values, result = arguments
    order_node = next(iter(syntax.pick(node.clauses, syntax.Order)), None)
    order = ordering.sort_keys(order_node.keys, scope) if order_node is not None else ()
    if node.distinct and not _distinct_fits(node, values, order, scope):
        return None
    name = node.function.text
    nullable = name != "count"
    if grouping is not None and grouping.grouped and where is None and name not in _ONE_ROW_NULL:
        nullable = name not in ("count", "array_agg") and any(v.nullable for v in values)
    return AggregateCall(name, values, result, nullable, node.distinct, where, order)


def typed_arguments(
    node: syntax.Call, nodes: Sequence[syntax.Expr], scope: Scope
) -> tuple[tuple[Expr, ...], Type] | None:
    """The arguments of an aggregate, converted to what it takes, and the type of its result."""
    context = scope.context
    name = node.function.text
    values = learn(AGGREGATES, name, [expressions.infer(each, scope) for each in nodes], context)
    if is_broken(*values) or any(is_unknown(value) for value in values):
        return None
    types = [value.type for value in values]
    found = fitting(AGGREGATES, name, types) or fitting(
        AGGREGATES, name, [NULL if is_soft(value) else value.type for value in values]
    )
    ordered = name not in ("min", "max") or all(groupable(t) and not isinstance(t, Null) for t in types)
    if found is None or not ordered:
        context.report(
            codes.ARGUMENTS_TYPE, node.span, f"{name} does not take ({', '.join(article(t) for t in types)})",
            origin_labels(context, *values), help=signatures(AGGREGATES, name, name),
        )  # fmt: skip
        return None
    parts = [converted(v, t, context) for v, t in zip(values, found.arguments, strict=True)]
    known = tuple(part for part in parts if part is not None)
    if len(known) < len(parts) or is_broken(*known) or not check_constants(name, known, context):
        return None
    return known, found.result


def _distinct_fits(node: syntax.Call, values: tuple[Expr, ...], order: tuple[SortKey, ...], scope: Scope) -> bool:
    if not values:
        scope.context.report(codes.CALL_PARTS, node.span, "count(distinct …) needs something to tell apart")
        return False
    stray = next((key for key in order if key.expr not in values), None)
    if stray is not None:
        scope.context.report(
            codes.ORDER_KEY, stray.expr.span,
            f"{node.function.text}(distinct …) can be ordered by what it aggregates only",
        )  # fmt: skip
    return stray is None


# ------------------------------------------------------------------------------------------------- per row
def _trails(nodes: Sequence[syntax.Expr], scope: Scope) -> list[tuple[syntax.Path, Trail]]:
    """The links to many that arguments go through, aside from those inside aggregates and subqueries of their own."""
    found = []
    for path in _paths(nodes):
        led = trail([name.text for name in path.names], scope, many=True)
        if led is not None:
            found.append((path, led))
    return found


def goes_along_link(node: syntax.Call, scope: Scope) -> bool:
    """Whether an aggregate works per row, over the rows that a link leads to."""
    return bool(_trails(node.arguments, scope))


def _paths(nodes: Sequence[syntax.Node]) -> Iterator[syntax.Path]:
    pending = list(reversed(nodes))
    while pending:
        node = pending.pop()
        match node:
            case syntax.Path():
                yield node
            case syntax.Read() | syntax.Exists():
                continue
            case syntax.Call(function=function) if function.text in AGGREGATES:
                continue
            case syntax.Call(arguments=arguments):
                pending.extend(reversed(arguments))
            case _:
                pending.extend(reversed(tuple(syntax.children(node))))


def _per_row(node: syntax.Call, trails: list[tuple[syntax.Path, Trail]], scope: Scope) -> Expr:
    """A subquery that aggregates the rows that a link leads to from each row."""
    path, led = trails[0]
    names = [name.text for name in path.names]
    prefix = names[: led.used]
    for other, other_led in trails[1:]:
        if [n.text for n in other.names][: other_led.used] != prefix:
            scope.context.report(
                codes.LINK_TO_MANY, node.span, f"{node.function.text} goes along one list of rows, not two",
                [Label(path.span, "this one"), Label(other.span, "and this one")],
                help="read the rows of one in a subquery that joins the other",
            )  # fmt: skip
            return broken(node.span)
    inner = open_trail(led, names, scope, path.span)
    inner.slot = scope.slot
    inner.place = Place.ARGUMENT
    arguments = node.arguments
    if len(arguments) == 1 and isinstance(arguments[0], syntax.Path) and len(names) == led.used:
        if node.function.text != "count" or node.distinct:
            scope.context.report(
                codes.NOT_A_VALUE, path.span, f"{path.text} is rows, not a value",
                help=f"name a column: {node.function.text}({path.text}.{inner.sources[0].columns[0].name})",
            )  # fmt: skip
            return broken(node.span)
        arguments = ()
    where = _where(node, inner)
    call = _call(node, arguments, inner, where=None, grouping=None)
    if call is None or (where is not None and is_broken(where)):
        return broken(node.span)
    rows = inner.sources[0].joined()
    if where is not None:
        rows = Filter(rows, where, span=node.span)
    column = Column(scope.context.fresh(), call.function, call.type, call.nullable)
    item = completed_aggregate(AggregateItem(column, call), rows, scope.context, node.span)
    return ScalarQuery(Aggregate(rows, (), (item,), span=node.span), call.nullable, span=node.span)
