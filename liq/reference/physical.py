"""The rows of a physical operator: what each word of ``liq.model.physical`` means."""

from __future__ import annotations

from liq.model.physical import (
    Barrier,
    Closure,
    Combine,
    Compute,
    Deduplicate,
    DeleteRows,
    Group,
    InsertRows,
    LetRows,
    ListRows,
    NestedLoop,
    Operator,
    Order,
    OrderChoice,
    ParameterRows,
    RowSource,
    Select,
    SeriesRows,
    TableScan,
    Take,
    UpdateRows,
    Windows,
)
from liq.reference import rowops
from liq.reference.expressions import evaluate
from liq.reference.machine import Env, Machine, Row
from liq.reference.windows import with_windows


def operator_rows(operator: Operator, env: Env, machine: Machine) -> list[Row]:
    """The rows of an operator, in its order where it states one."""
    match operator:
        case TableScan(table=table, names=names, columns=columns):
            return rowops.table_rows(table, names, columns, machine)
        case RowSource(columns=columns, rows=rows):
            return rowops.literal_rows(columns, rows, env, machine)
        case ParameterRows(param=param, columns=columns):
            return rowops.parameter_rows(param, columns, machine)
        case SeriesRows(columns=columns, start=start, stop=stop, step=step):
            return rowops.series_rows(columns[0], (start, stop, step), env, machine)
        case ListRows(columns=columns, list=items):
            return rowops.list_rows(columns[0], items, env, machine)
        case LetRows(name=name, columns=columns):
            return rowops.let_rows(name, columns, machine)
        case _:
            return _transformed(operator, env, machine)


def _transformed(operator: Operator, env: Env, machine: Machine) -> list[Row]:
    def of(input_: Operator) -> list[Row]:
        return machine.rows(input_, env, machine)

    match operator:
        case Select(input=input_, predicate=predicate):
            return rowops.filtered(of(input_), predicate, env, machine)
        case Compute(input=input_, items=items):
            return rowops.projected(of(input_), items, env, machine)
        case Take(input=input_, count=count, offset=offset):
            return rowops.limited(of(input_), count, offset, env, machine)
        case Barrier(input=input_):
            return of(input_)
        case NestedLoop(kind=kind, left=left, right=right, on=on):
            return rowops.joined(kind, of(left), of(right), (left.columns, right.columns), on, env, machine)
        case Group(input=input_, keys=keys, aggregates=aggregates):
            return rowops.grouped(of(input_), keys, aggregates, env, machine)
        case Windows(input=input_, items=items):
            return with_windows(of(input_), items, env, machine)
        case Deduplicate(input=input_, columns=columns):
            return rowops.different(of(input_), columns)
        case Order(input=input_, keys=keys):
            return rowops.ordered(of(input_), keys, env, machine)
        case OrderChoice(input=input_, param=param, options=options):
            return rowops.ordered(of(input_), rowops.chosen(options, param, machine), env, machine)
        case Combine(operator=kind, inputs=inputs, columns=columns):
            return rowops.combined(kind, [(i.columns, of(i)) for i in inputs], columns)
        case Closure(input=input_, source=source, target=target, start=start, maximum=maximum, depth=depth):
            begin = [evaluate(e, env, machine) for e in start]
            return rowops.followed(of(input_), input_.columns, source, target, begin, maximum, depth)
        case InsertRows() | UpdateRows() | DeleteRows():
            raise AssertionError("a write is a step, not an operator to read")
        case _:
            raise AssertionError(type(operator))
