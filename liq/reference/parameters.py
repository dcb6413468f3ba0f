"""The arguments of a call: exactly the declared parameters, typed, preconditions checked before anything runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NoReturn

from liq.model.errors import ErrorKind, LiqError
from liq.model.expr import Column
from liq.model.ir import Parameter, Precondition
from liq.model.values import Value
from liq.reference.expressions import evaluate, truth
from liq.reference.inputs import LIST_LENGTH_MAX, typed
from liq.reference.machine import Machine


def bind(
    parameters: Sequence[Parameter],
    preconditions: Sequence[Precondition],
    given: Mapping[str, object],
    machine: Machine,
) -> None:
    """Give the machine its parameters, or refuse the call."""
    unknown = set(given) - {p.name for p in parameters}
    if unknown:
        _refuse(f"unknown parameter: {min(unknown)[:64]}")
    for parameter in parameters:
        if parameter.rows_of:
            machine.row_lists[parameter.name] = _rows(parameter, given)
        else:
            machine.params[parameter.name] = _value(parameter, given, machine)
    for condition in preconditions:
        with machine.aside() as journal:
            holds = truth(condition.predicate, {}, machine)
        if holds is not True or journal.kinds:
            _refuse(condition.message)


def _value(parameter: Parameter, given: Mapping[str, object], machine: Machine) -> Value:
    name = parameter.name
    raw = given.get(name)
    if name not in given or (raw is None and parameter.optional):
        if parameter.default is not None:
            return _default(parameter, machine)
        if not parameter.optional:
            _refuse(f"missing parameter: {name}")
        return None
    if raw is None:
        if not parameter.nullable:
            _refuse(f"parameter {name} must not be null")
        return None
    if parameter.options and raw not in parameter.options:
        _refuse(f"parameter {name} must be one of {', '.join(parameter.options)}")
    try:
        return typed(raw, parameter.type)
    except LiqError as error:
        _refuse(f"parameter {name}: {error.message}")


def _default(parameter: Parameter, machine: Machine) -> Value:
    assert parameter.default is not None
    with machine.aside() as journal:
        value = evaluate(parameter.default, {}, machine)
    if journal.first is not None:
        _refuse(f"parameter {parameter.name}: its default cannot be computed")
    return value


def _rows(parameter: Parameter, given: Mapping[str, object]) -> tuple[Mapping[str, Value], ...]:
    rows = given.get(parameter.name)
    if not isinstance(rows, list | tuple) or len(rows) > LIST_LENGTH_MAX:
        _refuse(f"parameter {parameter.name} must be a list of rows")
    names = {column.name for column in parameter.rows_of}
    result = []
    for row in rows:
        if not isinstance(row, Mapping) or not set(row) <= names:
            _refuse(f"a row of parameter {parameter.name} has other columns than declared")
        cells = ((column.name, _cell(parameter.name, column, row.get(column.name))) for column in parameter.rows_of)
        result.append(dict(cells))
    return tuple(result)


def _cell(parameter: str, column: Column, raw: object) -> Value:
    if raw is None:
        if not column.nullable:
            _refuse(f"parameter {parameter}: column {column.name} must not be null")
        return None
    try:
        return typed(raw, column.type)
    except LiqError as error:
        _refuse(f"parameter {parameter}: column {column.name}: {error.message}")


def _refuse(message: str) -> NoReturn:
    raise LiqError(ErrorKind.PARAMETER, message)
