"""Aggregates over the rows of a group or of a window's frame."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Any

from liq.model.errors import ErrorKind, LiqError
from liq.model.expr import AggregateCall, ColumnRef, Expr
from liq.model.functions import AGGREGATES, resolve
from liq.model.node import walk
from liq.model.types import Type
from liq.model.values import IntervalValue, Value
from liq.reference.arithmetic import EXACT, checked_decimal, quotient
from liq.reference.compare import order_key, row_key, sort_key
from liq.reference.errors import out_of_range
from liq.reference.expressions import evaluate, truth
from liq.reference.functions import same_kind
from liq.reference.machine import Env, Machine, Row
from liq.reference.temporal import interval

Inputs = Sequence[tuple[Any, ...]]
"""The argument values of each row that counts."""

LARGEST = Fraction(1.7976931348623157e308)


def aggregate(call: AggregateCall, rows: Sequence[Row], env: Env, machine: Machine) -> Value:
    """The value of an aggregate over rows, filtered, ordered and made distinct as the call says."""
    kept = []
    for row in rows:
        inner = {**env, **row}
        if call.where is not None and truth(call.where, inner, machine) is not True:
            continue
        values = tuple(evaluate(arg, inner, machine) for arg in call.args)
        kept.append((values, [evaluate(key.expr, inner, machine) for key in call.order]))
    types = tuple(arg.type for arg in call.args)
    if call.order:
        kept.sort(key=lambda pair: sort_key(call.order, pair[1]))
    elif call.distinct:
        kept.sort(key=lambda pair: row_key(types, pair[0]))
    inputs = [values for values, _ in kept]
    if call.distinct:
        inputs = list({row_key(types, values): values for values in reversed(inputs)}.values())[::-1]
    if call.function == "percentile" and not inputs:
        inputs = _fraction_alone(call.args, env, machine)
    return compute(call.function, types, inputs, machine)


def _fraction_alone(args: Sequence[Expr], env: Env, machine: Machine) -> list[tuple[Any, ...]]:
    """A percentile's fraction is checked without rows, too, where it does not hang on them."""
    if any(isinstance(node, ColumnRef) and node.id not in env for node in walk(args[0])):
        return []
    return [(evaluate(args[0], env, machine), None)]


def compute(function: str, types: tuple[Type, ...], inputs: Inputs, machine: Machine) -> Value:
    """An aggregate of argument values; an error is noted and gives null."""
    body, computed = aggregate_of(function, types)
    try:
        return body(inputs, computed, machine)
    except LiqError as error:
        machine.journal.record(error)
        return None


Body = Callable[[Inputs, tuple[Type, ...], Machine], Value]


@lru_cache(maxsize=1024)
def aggregate_of(name: str, types: tuple[Type, ...]) -> tuple[Body, tuple[Type, ...]]:
    """The implementation for argument types, and the types it computes in."""
    resolved = resolve(AGGREGATES, name, types)
    assert resolved is not None, f"no aggregate {name}({', '.join(map(str, types))})"
    for actual, wanted in zip(types, resolved.arguments, strict=True):
        assert same_kind(actual, wanted), f"{name}: an argument of type {actual} where {wanted} is computed"
    return _BODIES[f"{name}({', '.join(resolved.overload.parameters)})"], resolved.arguments


def _present(inputs: Inputs) -> list[Any]:
    return [values[0] for values in inputs if values[0] is not None]


def _of_present(function: Callable[[list[Any]], Value]) -> Body:
    """An aggregate that skips nulls and is null without values."""

    def body(inputs: Inputs, types: tuple[Type, ...], machine: Machine) -> Value:
        values = _present(inputs)
        return function(values) if values else None

    return body


def _extreme(choose: Callable[..., Any]) -> Body:
    """The least or greatest; of equal values that look different (1.5, 1.50) the last, as in PostgreSQL."""

    def body(inputs: Inputs, types: tuple[Type, ...], machine: Machine) -> Value:
        values = _present(inputs)[::-1]
        return choose(values, key=lambda value: order_key(types[0], value)) if values else None

    return body


def _sum_exact(values: list[Any]) -> Decimal:
    total = Decimal(0)
    for value in values:
        total = EXACT.add(total, Decimal(value))
    return total


def _average(values: list[Any]) -> Decimal:
    return checked_decimal(quotient(_sum_exact(values), Decimal(len(values))))


def _sum_intervals(values: list[IntervalValue]) -> IntervalValue:
    months, days = sum(v.months for v in values), sum(v.days for v in values)
    return interval(months, days, sum(v.microseconds for v in values))


# ------------------------------------------------------------------------------------------------- floats
def _special(values: list[float]) -> float | None:
    """What infinities and NaN among summands make of the sum; None when all are finite."""
    if any(math.isnan(v) for v in values):
        return math.nan
    infinite = {v for v in values if math.isinf(v)}
    return None if not infinite else (infinite.pop() if len(infinite) == 1 else math.nan)


def _float_of(value: Fraction) -> float:
    try:
        return float(value)
    except OverflowError:
        out_of_range("float")


def _fits_on_the_way(values: list[float], power: int, machine: Machine) -> None:
    """A back end that adds in some order may overflow before the exact result is known."""
    if sum(abs(Fraction(v)) ** power for v in values) * len(values) > LARGEST:
        machine.may.add(ErrorKind.OUT_OF_RANGE)


def _float_sum(inputs: Inputs, types: tuple[Type, ...], machine: Machine) -> Value:
    return _float_total(_present(inputs), machine, averaged=False)


def _float_average(inputs: Inputs, types: tuple[Type, ...], machine: Machine) -> Value:
    return _float_total(_present(inputs), machine, averaged=True)


def _float_total(values: list[float], machine: Machine, averaged: bool) -> Value:
    """The exact sum (or average), rounded once."""
    if not values:
        return None
    special = _special(values)
    if special is not None:
        return special
    _fits_on_the_way(values, 2 if averaged else 1, machine)  # PostgreSQL's average carries squares
    total = sum(map(Fraction, values), Fraction(0))
    return _float_of(total / len(values) if averaged else total)


def _spread(root: bool) -> Body:
    """Sample variance or standard deviation; null for fewer than two values."""

    def body(inputs: Inputs, types: tuple[Type, ...], machine: Machine) -> Value:
        values = _present(inputs)
        if len(values) < 2:
            return None
        if _special(values) is not None:
            return math.nan
        _fits_on_the_way(values, 2, machine)
        mean = sum(map(Fraction, values), Fraction(0)) / len(values)
        variance = _float_of(sum(((Fraction(v) - mean) ** 2 for v in values), Fraction(0)) / (len(values) - 1))
        return math.sqrt(variance) if root else variance

    return body


def _percentile(inputs: Inputs, types: tuple[Type, ...], machine: Machine) -> Value:
    """``percentile_cont``: linear interpolation between the two values around the place."""
    if not inputs or inputs[0][0] is None:
        return None
    fraction = inputs[0][0]
    if not 0 <= fraction <= 1:
        out_of_range("percentile")
    values = sorted((v for _, v in inputs if v is not None), key=lambda v: order_key(types[1], v))
    if not values:
        return None
    place = fraction * (len(values) - 1)
    low, high = math.floor(place), math.ceil(place)
    if low == high:
        return values[low]  # type: ignore[no-any-return]
    return values[low] + (place - low) * (values[high] - values[low])  # type: ignore[no-any-return]


# ------------------------------------------------------------------------------------------------- the rest
def _count(inputs: Inputs, types: tuple[Type, ...], machine: Machine) -> Value:
    return len(inputs) if not types else len(_present(inputs))


def _string_agg(inputs: Inputs, types: tuple[Type, ...], machine: Machine) -> Value:
    present = [values for values in inputs if values[0] is not None]
    if not present:
        return None
    return str(present[0][0]) + "".join((separator or "") + text for text, separator in present[1:])


def _array_agg(inputs: Inputs, types: tuple[Type, ...], machine: Machine) -> Value:
    return tuple(values[0] for values in inputs) if inputs else None


_BODIES: dict[str, Body] = {
    "count()": _count,
    "count(any)": _count,
    "sum(int)": _of_present(lambda values: checked_decimal(_sum_exact(values))),
    "sum(decimal)": _of_present(lambda values: checked_decimal(_sum_exact(values))),
    "sum(float)": _float_sum,
    "sum(interval)": _of_present(_sum_intervals),
    "avg(int)": _of_present(_average),
    "avg(decimal)": _of_present(_average),
    "avg(float)": _float_average,
    "min(anyelement)": _extreme(min),
    "max(anyelement)": _extreme(max),
    "bool_and(bool)": _of_present(all),
    "bool_or(bool)": _of_present(any),
    "string_agg(text, text)": _string_agg,
    "array_agg(anyelement)": _array_agg,
    "percentile(float, float)": _percentile,
    "stddev(float)": _spread(root=True),
    "variance(float)": _spread(root=False),
}


def implemented() -> frozenset[str]:
    """The signatures that have an implementation."""
    return frozenset(_BODIES)
