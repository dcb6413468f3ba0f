"""The rows of an IR relation, in its order where it states one."""

from __future__ import annotations

from liq.model.expr import Relation
from liq.model.ir import (
    Aggregate,
    Delete,
    Distinct,
    Filter,
    Follow,
    Insert,
    Join,
    LetScan,
    Limit,
    ParamRows,
    Project,
    Scan,
    Series,
    SetOperation,
    Sort,
    SortChoice,
    Unnest,
    Update,
    Values,
    Window,
)
from liq.model.physical import Operator
from liq.reference import rowops
from liq.reference.expressions import evaluate
from liq.reference.machine import Env, Machine, Row
from liq.reference.physical import operator_rows
from liq.reference.windows import with_windows


def relation_rows(relation: Relation, env: Env, machine: Machine) -> list[Row]:
    """The rows of a relation of either kind, with the rows of outer queries around it."""
    if isinstance(relation, Operator):
        rows = operator_rows(relation, env, machine)
    elif isinstance(relation, Scan | Values | ParamRows | Series | Unnest | LetScan):
        rows = _source_rows(relation, env, machine)
    else:
        rows = _rows(relation, env, machine)
    machine.step(len(rows))
    machine.observe(relation, rows)
    return rows


def _source_rows(
    relation: Scan | Values | ParamRows | Series | Unnest | LetScan, env: Env, machine: Machine
) -> list[Row]:
    match relation:
        case Scan():
            return visible_rows(relation, env, machine)
        case Values(columns=columns, rows=rows):
            return rowops.literal_rows(columns, rows, env, machine)
        case ParamRows(param=param, columns=columns):
            return rowops.parameter_rows(param, columns, machine)
        case Series(column=column, start=start, stop=stop, step=step):
            return rowops.series_rows(column, (start, stop, step), env, machine)
        case Unnest(column=column, list=items):
            return rowops.list_rows(column, items, env, machine)
        case LetScan(name=name, columns=columns):
            return rowops.let_rows(name, columns, machine)


def visible_rows(scan: Scan, env: Env, machine: Machine) -> list[Row]:
    """The rows that exist for this session."""
    rows = rowops.table_rows(scan.table, [c.name for c in scan.columns], scan.columns, machine)
    return rows if scan.access is None else rowops.filtered(rows, scan.access.predicate, env, machine)


def _rows(relation: Relation, env: Env, machine: Machine) -> list[Row]:
    def of(input_: Relation) -> list[Row]:
        return relation_rows(input_, env, machine)

    match relation:
        case Filter(input=input_, predicate=predicate):
            return rowops.filtered(of(input_), predicate, env, machine)
        case Project(input=input_, items=items):
            return rowops.projected(of(input_), items, env, machine)
        case Join(kind=kind, left=left, right=right, on=on):
            return rowops.joined(kind, of(left), of(right), (left.columns, right.columns), on, env, machine)
        case Aggregate(input=input_, keys=keys, aggregates=aggregates):
            return rowops.grouped(of(input_), keys, aggregates, env, machine)
        case Window(input=input_, items=items):
            return with_windows(of(input_), items, env, machine)
        case Distinct(input=input_, columns=columns):
            return rowops.different(of(input_), columns)
        case Sort(input=input_, keys=keys):
            return rowops.ordered(of(input_), keys, env, machine)
        case SortChoice(input=input_, param=param, options=options):
            return rowops.ordered(of(input_), rowops.chosen(options, param, machine), env, machine)
        case Limit(input=input_, count=count, offset=offset):
            return rowops.limited(of(input_), count, offset, env, machine)
        case SetOperation(operator=operator, inputs=inputs, columns=columns):
            return rowops.combined(operator, [(i.columns, of(i)) for i in inputs], columns)
        case Follow(input=input_, source=source, target=target, start=start, maximum=maximum, depth=depth):
            begin = [evaluate(e, env, machine) for e in start]
            return rowops.followed(of(input_), input_.columns, source, target, begin, maximum, depth)
        case Insert() | Update() | Delete():
            raise AssertionError("a write is a statement, not a relation to read")
        case _:
            raise AssertionError(type(relation))
