"""What each function and operator of ``liq.model.functions`` computes: one implementation per overload."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from attrs import frozen

from liq.model.functions import FUNCTIONS, resolve
from liq.model.types import Decimal, Enum, Int, List, Null, Type
from liq.model.values import Value
from liq.reference import arithmetic as num
from liq.reference import jsonvalues, lists, search, temporal, text
from liq.reference.compare import compare, nullable_key
from liq.reference.errors import too_long
from liq.reference.machine import Machine

Body = Callable[[Sequence[Any], Sequence[Type], Machine], Value]
"""Arguments, their types, and the call at hand -> the result."""


def _of(function: Callable[..., Any]) -> Body:
    return lambda args, types, machine: function(*args)


def _typed(function: Callable[..., Any]) -> Body:
    """A function of lists that compares elements of a type."""
    return lambda args, types, machine: function(_element(types), *args)


def _element(types: Sequence[Type]) -> Type:
    return next(t.element for t in types if isinstance(t, List))


def _comparison(name: str) -> Body:
    return lambda args, types, machine: compare(name, types[0], args[0], args[1])


def _ints(function: Callable[..., int]) -> Body:
    return lambda args, types, machine: num.checked_int(function(*args))


def _is_distinct(args: Sequence[Any], types: Sequence[Type], machine: Machine) -> bool:
    return bool(nullable_key(types[0], args[0]) != nullable_key(types[0], args[1]))


def _extreme(choose: Callable[..., Any]) -> Body:
    def body(args: Sequence[Any], types: Sequence[Type], machine: Machine) -> Value:
        present = [arg for arg in args if arg is not None]
        return choose(present, key=lambda arg: nullable_key(types[0], arg)) if present else None

    return body


def _nullif(args: Sequence[Any], types: Sequence[Type], machine: Machine) -> Value:
    return None if compare("=", types[0], args[0], args[1]) else args[0]


def _concat(args: Sequence[Any], types: Sequence[Type], machine: Machine) -> str:
    return joined(*(arg for arg in args if arg is not None))


def joined(*parts: str) -> str:
    """Texts one behind the other, up to the bound of texts."""
    if sum(map(len, parts)) > text.TEXT_LENGTH_MAX:
        too_long()
    return "".join(parts)


_IN_LIST: Body = lambda args, types, machine: lists.contains_value(_element(types), args[0], args[1])  # noqa: E731

_BODIES: dict[str, Body] = {
    # numbers
    "+(int, int)": _ints(operator.add),
    "-(int, int)": _ints(operator.sub),
    "*(int, int)": _ints(operator.mul),
    "/(int, int)": _of(num.int_divide),
    "div(int, int)": _of(num.int_divide),
    "%(int, int)": _of(num.int_modulo),
    "mod(int, int)": _of(num.int_modulo),
    "neg(int)": _ints(lambda a: -a),
    "abs(int)": _ints(lambda a: a if a >= 0 else -a),
    "sign(int)": _ints(lambda a: (a > 0) - (a < 0)),
    "+(decimal, decimal)": _of(num.decimal_add),
    "-(decimal, decimal)": _of(num.decimal_subtract),
    "*(decimal, decimal)": _of(num.decimal_multiply),
    "/(decimal, decimal)": _of(num.decimal_divide),
    "%(decimal, decimal)": _of(num.decimal_modulo),
    "mod(decimal, decimal)": _of(num.decimal_modulo),
    "neg(decimal)": _of(num.decimal_negate),
    "abs(decimal)": _of(lambda a: a.copy_abs()),
    "sign(decimal)": _of(num.decimal_sign),
    "round(decimal)": _of(num.decimal_round),
    "round(decimal, int)": _of(num.decimal_round),
    "trunc(decimal)": _of(num.decimal_truncate),
    "trunc(decimal, int)": _of(num.decimal_truncate),
    "floor(decimal)": _of(num.decimal_floor),
    "ceil(decimal)": _of(num.decimal_ceiling),
    "+(float, float)": _of(num.float_add),
    "-(float, float)": _of(num.float_subtract),
    "*(float, float)": _of(num.float_multiply),
    "/(float, float)": _of(num.float_divide),
    "neg(float)": _of(operator.neg),
    "abs(float)": _of(abs),
    "sign(float)": _of(num.float_sign),
    "round(float)": _of(num.float_round),
    "floor(float)": _of(num.float_floor),
    "ceil(float)": _of(num.float_ceiling),
    "trunc(float)": _of(num.float_truncate),
    "sqrt(float)": _of(num.float_sqrt),
    "power(float, float)": _of(num.float_power),
    "exp(float)": _of(num.float_exp),
    "ln(float)": _of(num.float_ln),
    # comparison
    **{f"{name}(anyelement, anyelement)": _comparison(name) for name in ("=", "<>", "<", "<=", ">", ">=")},
    "is_distinct(anyelement, anyelement)": _is_distinct,
    "greatest(anyelement, anyelement)": _extreme(max),
    "least(anyelement, anyelement)": _extreme(min),
    "nullif(anyelement, anyelement)": _nullif,
    # time
    "+(date, int)": _of(temporal.add_days),
    "-(date, int)": _of(lambda day, days: temporal.add_days(day, -days)),
    "-(date, date)": _of(lambda a, b: a.toordinal() - b.toordinal()),
    "+(date, interval)": _of(lambda day, span: temporal.add_interval(temporal.midnight(day), span)),
    "-(date, interval)": _of(lambda day, span: temporal.subtract_interval(temporal.midnight(day), span)),
    "+(timestamp, interval)": _of(temporal.add_interval),
    "+(interval, timestamp)": _of(lambda span, at: temporal.add_interval(at, span)),
    "-(timestamp, interval)": _of(temporal.subtract_interval),
    "-(timestamp, timestamp)": _of(temporal.between_instants),
    "+(interval, interval)": _of(temporal.add_intervals),
    "-(interval, interval)": _of(temporal.subtract_intervals),
    "*(interval, int)": _of(temporal.multiply_interval),
    "*(int, interval)": _of(lambda factor, span: temporal.multiply_interval(span, factor)),
    "neg(interval)": _of(temporal.negate_interval),
    "+(time, interval)": _of(temporal.add_to_time),
    "-(time, interval)": _of(temporal.subtract_from_time),
    "-(time, time)": _of(temporal.between_times),
    "now()": lambda args, types, machine: machine.now,
    "today()": lambda args, types, machine: machine.now.date(),
    "date_trunc(text, timestamp)": _of(temporal.date_trunc),
    "date_trunc(text, timestamp, text)": _of(temporal.date_trunc),
    "date_part(text, timestamp)": _of(temporal.part_of_instant),
    "date_part(text, date)": _of(temporal.part_of_date),
    "date_part(text, time)": _of(temporal.part_of_time),
    "date_part(text, interval)": _of(temporal.part_of_interval),
    "months_between(timestamp, timestamp)": _of(temporal.months_between),
    "make_interval_days(int)": _of(lambda days: temporal.interval(0, days, 0)),
    # text and bytes
    "||(text, text)": _of(joined),
    "concat(text, text)": _concat,
    "like(text, text)": _of(text.like),
    "ilike(text, text)": _of(text.ilike),
    "starts_with(text, text)": _of(str.startswith),
    "ends_with(text, text)": _of(str.endswith),
    "contains(text, text)": _of(lambda whole, part: part in whole),
    "length(text)": _of(len),
    "length(bytes)": _of(len),
    "lower(text)": _of(text.lower),
    "upper(text)": _of(text.upper),
    "trim(text)": _of(lambda value: value.strip(" ")),
    "ltrim(text)": _of(lambda value: value.lstrip(" ")),
    "rtrim(text)": _of(lambda value: value.rstrip(" ")),
    "substring(text, int)": _of(text.substring),
    "substring(text, int, int)": _of(text.substring),
    "left(text, int)": _of(text.left),
    "right(text, int)": _of(text.right),
    "replace(text, text, text)": _of(text.replace),
    "position(text, text)": _of(text.position),
    "split_part(text, text, int)": _of(text.split_part),
    "repeat(text, int)": _of(text.repeat),
    "reverse(text)": _of(lambda value: value[::-1]),
    "lpad(text, int, text)": _of(text.pad_left),
    "rpad(text, int, text)": _of(text.pad_right),
    "md5(text)": _of(text.md5),
    "mask(text, int, int)": _of(text.mask),
    "hash(text)": lambda args, types, machine: text.keyed_hash(args[0], machine.hash_key),
    "encode_hex(bytes)": _of(bytes.hex),
    "decode_hex(text)": _of(text.decode_hex),
    "gen_random_uuid()": lambda args, types, machine: machine.new_uuid(),
    # lists, JSON, search
    "||(list, list)": _of(lists.concatenate),
    "in_list(anyelement, list)": _IN_LIST,
    "cardinality(list)": _of(len),
    "element(list, int)": _of(lists.element),
    "array_position(list, anyelement)": _typed(lists.position),
    "array_append(list, anyelement)": _of(lists.append),
    "has_any(list, list)": _typed(lists.has_any),
    "has_all(list, list)": _typed(lists.has_all),
    "array_to_string(list, text)": _typed(lists.to_string),
    "string_to_array(text, text)": lambda args, types, machine: None if args[0] is None else text.split(*args),
    "json_typeof(json)": _of(jsonvalues.json_typeof),
    "json_array_length(json)": _of(jsonvalues.json_array_length),
    "matches(text, text)": _of(search.matches),
    "score(text, text)": _of(search.score),
    "distance(vector, vector)": _of(search.distance),
    "distance(vector, vector, text)": _of(search.distance),
}


@frozen
class Function:
    """An implementation chosen for argument types."""

    body: Body
    types: tuple[Type, ...]
    strict: bool


@lru_cache(maxsize=4096)
def function_of(name: str, types: tuple[Type, ...]) -> Function:
    """The implementation of a call. Its arguments have the overload's types already: nothing is converted here."""
    resolved = resolve(FUNCTIONS, name, types)
    assert resolved is not None, f"no function {name}({', '.join(map(str, types))})"
    overload = resolved.overload
    for actual, wanted in zip(types, resolved.arguments, strict=True):
        assert same_kind(actual, wanted), f"{name}: an argument of type {actual} where {wanted} is computed"
    return Function(_BODIES[f"{name}({', '.join(overload.parameters)})"], resolved.arguments, overload.strict)


def same_kind(actual: Type, wanted: Type) -> bool:
    """Whether values of one type are values of the other as they stand."""
    match actual, wanted:
        case (Null(), _) | (Int(), Int()) | (Decimal(), Decimal()):
            return True
        case List(a), List(b):
            return same_kind(a, b)
        case Enum(a), Enum(b):
            return a == b
        case _:
            return actual == wanted


def implemented() -> frozenset[str]:
    """The signatures that have an implementation."""
    return frozenset(_BODIES)
