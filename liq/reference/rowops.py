"""What relational operators do to rows. IR relations and physical operators are both explained by these."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from liq.model.errors import ErrorKind, LiqError
from liq.model.expr import AggregateItem, Column, Expr, Item, SortKey
from liq.model.ir import JoinKind, SetOperator, SortOption
from liq.model.types import Date
from liq.model.values import INT_MAX, INT_MIN, IntervalValue, Value
from liq.reference.aggregates import aggregate
from liq.reference.compare import Key, order_key, row_key, sort_key
from liq.reference.errors import invalid_argument
from liq.reference.expressions import evaluate, truth
from liq.reference.machine import ROW_ID, Env, Machine, Row
from liq.reference.temporal import add_interval, midnight

Columns = Sequence[Column]


def key_of(columns: Columns, row: Row) -> Key:
    """The key by which rows of these columns are the same."""
    return row_key([c.type for c in columns], [row[c.id] for c in columns])


def table_rows(table: str, names: Sequence[str], columns: Columns, machine: Machine) -> list[Row]:
    """Every stored row, as the listed columns, with its identity."""
    declared = [c.name for c in machine.database.schema.table_by_name[table].columns]
    places = [(column.id, declared.index(name)) for column, name in zip(columns, names, strict=True)]
    stored = machine.database.tables[table].rows
    machine.step(len(stored))
    return [{ROW_ID: number, **{id_: row[at] for id_, at in places}} for number, row in stored.items()]


def literal_rows(columns: Columns, rows: Sequence[Sequence[Expr]], env: Env, machine: Machine) -> list[Row]:
    """Rows of expressions."""
    return [{c.id: evaluate(e, env, machine) for c, e in zip(columns, row, strict=True)} for row in rows]


def let_rows(name: str, columns: Columns, machine: Machine) -> list[Row]:
    """Rows that an earlier statement bound, by position."""
    return [{c.id: value for c, value in zip(columns, row, strict=False)} for row in machine.lets[name]]


def parameter_rows(param: str, columns: Columns, machine: Machine) -> list[Row]:
    """Rows that the caller gave, by name."""
    return [{c.id: row.get(c.name) for c in columns} for row in machine.row_lists[param]]


def filtered(rows: list[Row], predicate: Expr, env: Env, machine: Machine) -> list[Row]:
    """The rows on which the predicate is true."""
    return [row for row in rows if truth(predicate, {**env, **row}, machine) is True]


def projected(rows: list[Row], items: Sequence[Item], env: Env, machine: Machine) -> list[Row]:
    """New columns from each row."""
    inners = ({**env, **row} for row in rows)
    return [{item.column.id: evaluate(item.expr, inner, machine) for item in items} for inner in inners]


def joined(
    kind: JoinKind, left: list[Row], right: list[Row], sides: tuple[Columns, Columns], on: Expr | None,
    env: Env, machine: Machine,
) -> list[Row]:
    """Every pair on which the condition is true; rows without a partner where the kind keeps them."""
    result: list[Row] = []
    met: set[int] = set()
    for one in left:
        partners = 0
        for place, other in enumerate(right):
            machine.step()
            pair = {**one, **other}
            if on is None or truth(on, {**env, **pair}, machine) is True:
                result.append(pair)
                partners += 1
                met.add(place)
        if not partners and kind is not JoinKind.INNER:
            result.append({**one, **{c.id: None for c in sides[1]}})
    if kind is JoinKind.FULL:
        alone = [other for place, other in enumerate(right) if place not in met]
        result += [{**{c.id: None for c in sides[0]}, **other} for other in alone]
    return result


def grouped(
    rows: list[Row], keys: Sequence[Item], aggregates: Sequence[AggregateItem], env: Env, machine: Machine
) -> list[Row]:
    """One row per group of equal keys; without keys exactly one row."""
    types = [key.expr.type for key in keys]
    groups: dict[Key, tuple[list[Value], list[Row]]] = {} if keys else {(): ([], [])}
    for row in rows:
        inner = {**env, **row}
        values = [evaluate(key.expr, inner, machine) for key in keys]
        groups.setdefault(row_key(types, values), (values, []))[1].append(row)
    result = []
    for values, members in groups.values():
        group: Row = {key.column.id: value for key, value in zip(keys, values, strict=True)}
        for item in aggregates:
            group[item.column.id] = aggregate(item.call, members, env, machine)
        result.append(group)
    return result


def different(rows: list[Row], columns: Columns) -> list[Row]:
    """Each different row once: the first of its kind."""
    seen: dict[Key, Row] = {}
    for row in rows:
        seen.setdefault(key_of(columns, row), row)
    return list(seen.values())


def ordered(rows: list[Row], keys: Sequence[SortKey], env: Env, machine: Machine) -> list[Row]:
    """The rows in an order; peers keep the order they had."""
    with_keys = [(sort_key(keys, [evaluate(k.expr, {**env, **row}, machine) for k in keys]), row) for row in rows]
    return [row for _, row in sorted(with_keys, key=lambda pair: pair[0])]


def chosen(options: Sequence[SortOption], param: str, machine: Machine) -> Sequence[SortKey]:
    """The order that a parameter names; the first when it is null."""
    label = machine.params[param]
    return options[0].keys if label is None else next(o.keys for o in options if o.label == label)


def limited(rows: list[Row], count: Expr | None, offset: Expr | None, env: Env, machine: Machine) -> list[Row]:
    """Some rows are skipped, then at most ``count`` taken."""
    skip, take = _bound(offset, env, machine), _bound(count, env, machine)
    rest = rows[skip or 0 :]
    return rest if take is None else rest[:take]


def _bound(expr: Expr | None, env: Env, machine: Machine) -> int | None:
    if expr is None:
        return None
    value = evaluate(expr, env, machine)
    if value is None:
        return None
    assert isinstance(value, int)
    if value < 0:
        raise LiqError(ErrorKind.PARAMETER, "limit and offset must not be negative")
    return value


def combined(operator: SetOperator, inputs: Sequence[tuple[Columns, list[Row]]], columns: Columns) -> list[Row]:
    """A set operation by position; from left to right."""
    bags = [[tuple(row[c.id] for c in of) for row in rows] for of, rows in inputs]
    types = [c.type for c in columns]
    result = bags[0]
    for bag in bags[1:]:
        keys = {row_key(types, row) for row in bag}
        match operator:
            case SetOperator.UNION | SetOperator.UNION_ALL:
                result = result + bag
            case SetOperator.EXCEPT:
                result = [row for row in result if row_key(types, row) not in keys]
            case SetOperator.INTERSECT:
                result = [row for row in result if row_key(types, row) in keys]
    if operator is not SetOperator.UNION_ALL:
        result = list({row_key(types, row): row for row in reversed(result)}.values())[::-1]
    return [{c.id: value for c, value in zip(columns, row, strict=True)} for row in result]


def followed(
    rows: list[Row], columns: Columns, source: Sequence[int], target: Sequence[int], start: Sequence[Value],
    maximum: int, depth: Column,
) -> list[Row]:
    """The edges reachable from ``start``, breadth first: each once, at its smallest depth."""
    types = {c.id: c.type for c in columns}

    def key(ids: Sequence[int], values: Sequence[Value]) -> Key | None:
        """The key of a node; a null links nothing."""
        return None if None in values else tuple(order_key(types[i], v) for i, v in zip(ids, values, strict=True))

    reached: set[Key | None] = {None}
    frontier = {key(source, start)} - reached
    result: list[Row] = []
    for level in range(1, maximum + 1):
        reached |= frontier
        edges = [row for row in rows if key(source, [row[i] for i in source]) in frontier]
        result += [{**row, depth.id: level} for row in edges]
        frontier = {key(target, [row[i] for i in target]) for row in edges} - reached
        if not frontier:
            break
    return result


def series_rows(column: Column, bounds: tuple[Expr, Expr, Expr], env: Env, machine: Machine) -> list[Row]:
    """start, start + step … while not beyond stop; an error is noted and ends it."""
    start, stop, step = (evaluate(bound, env, machine) for bound in bounds)
    try:
        return series(column, start, stop, step, machine)
    except LiqError as error:
        machine.journal.record(error)
        return []


def list_rows(column: Column, items: Expr, env: Env, machine: Machine) -> list[Row]:
    """The elements of a list, in order; none of a null one."""
    values = evaluate(items, env, machine)
    return [{column.id: value} for value in values] if isinstance(values, tuple) else []


def series(column: Column, start: Value, stop: Value, step: Value, machine: Machine) -> list[Row]:
    """The values of a series; no rows when a bound is null."""
    if start is None or stop is None or step is None:
        return []
    values: list[Value]
    if isinstance(step, IntervalValue):
        values = _instants(start, stop, step, machine)
        if isinstance(column.type, Date):
            values = [value.date() if isinstance(value, dt.datetime) else value for value in values]
    else:
        assert isinstance(start, int) or isinstance(step, int)
        values = _numbers(start, stop, step, machine)
    return [{column.id: value} for value in values]


def _numbers(start: Value, stop: Value, step: Value, machine: Machine) -> list[Value]:
    """Ints, or days counted in ints."""
    assert isinstance(step, int)
    if step == 0:
        invalid_argument("the step of a series must not be zero")
    days = isinstance(start, dt.date)
    at = start.toordinal() if isinstance(start, dt.date) else start
    end = stop.toordinal() if isinstance(stop, dt.date) else stop
    assert isinstance(at, int)
    assert isinstance(end, int)
    values: list[Value] = []
    while (at <= end) if step > 0 else (at >= end):
        machine.step()
        values.append(dt.date.fromordinal(at) if days else at)
        at += step
        if not days and not INT_MIN <= at <= INT_MAX:
            break
    return values


def _instants(start: Value, stop: Value, step: IntervalValue, machine: Machine) -> list[Value]:
    sign = step.span_microseconds()
    if sign == 0:
        invalid_argument("the step of a series must not be zero")
    at, end = _instant(start), _instant(stop)
    values: list[Value] = []
    while (at <= end) if sign > 0 else (at >= end):
        machine.step()
        values.append(at)
        at = add_interval(at, step)
    return values


def _instant(value: Value) -> dt.datetime:
    assert isinstance(value, dt.date)
    return value if isinstance(value, dt.datetime) else midnight(value)
