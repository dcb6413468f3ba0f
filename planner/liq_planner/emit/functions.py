"""Functions and operators of ``liq.model.functions`` as PostgreSQL: one line each where the name says it all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from sqlglot import exp

from liq.model import types as t
from liq.model.emitted import HashPad
from liq.model.expr import Call, Expr, Literal
from liq_planner.emit import nodes as n
from liq_planner.emit.emission import Env
from liq_planner.emit.nodes import Sql
from liq_planner.emit.refusal import EmitRefused
from liq_planner.emit.search import distance, matches, score
from liq_planner.emit.sqltypes import cast_to

if TYPE_CHECKING:
    from liq_planner.emit.scalars import Scalars

Speller = Callable[["Scalars", Call, Env], Sql]

UNITS = frozenset(
    """century day decade dow doy epoch hour isodow isoyear julian microseconds millennium milliseconds minute month
    quarter second timezone timezone_hour timezone_minute week year""".split()
)
"""Units that EXTRACT takes as words; others, and those of parameters, go through the function."""

LENGTH_MAX = 2**29
"""No text has as many characters; twice as many still fit in 32 bits."""
SMALL_MIN, SMALL_MAX = -(2**31), 2**31 - 1


ZONE_UNITS = ("timezone", "timezone_hour", "timezone_minute")


def spell_call(s: Scalars, call: Call, env: Env) -> Sql:
    """A call as SQL, or ``EmitRefused``."""
    speller = SPELLERS.get(call.function)
    if speller is None:
        raise EmitRefused(s.dialect, f"the function {call.function}", call.span)
    return speller(s, call, env)


def _arguments(s: Scalars, call: Call, env: Env) -> list[Sql]:
    return [s.wide(arg, env) for arg in call.args]


def _plain(name: str) -> Speller:
    """A function of the same name and meaning."""
    return lambda s, call, env: n.call(name, *_arguments(s, call, env))


def _counting(name: str) -> Speller:
    """A function whose PostgreSQL result is a narrow int."""
    return lambda s, call, env: cast_to(n.call(name, *_arguments(s, call, env)), t.INT)


def _operator(op: str) -> Speller:
    def spell(s: Scalars, call: Call, env: Env) -> Sql:
        return n.infix(*_operands(s, call.args, env, op))

    return spell


def _operands(s: Scalars, args: Sequence[Expr], env: Env, op: str) -> tuple[Sql, str, Sql]:
    """Both sides; a literal is as wide as the other side is."""
    left, right = args
    first = s.spell(left, env) if _fits_in(left, right) else s.wide(left, env)
    second = s.spell(right, env) if _fits_in(right, left) else s.wide(right, env)
    return first, op, second


def _fits_in(literal: Expr, other: Expr) -> bool:
    return isinstance(literal, Literal) and not isinstance(other, Literal)


def _small(s: Scalars, expr: Expr, env: Env) -> Sql:
    """An argument that PostgreSQL wants as a 32-bit int: beyond those, the nearest does the same."""
    node = s.spell(expr, env)
    if isinstance(expr, Literal) and isinstance(expr.value, int) and SMALL_MIN <= expr.value <= SMALL_MAX:
        return node
    if isinstance(expr.type, t.Int) and expr.type.bits <= 32:
        return node
    return cast_to(_clamped(node, SMALL_MIN, SMALL_MAX, expr.nullable), t.Int(32))


def _clamped(node: Sql, low: int, high: int, nullable: bool) -> Sql:
    """The nearest number within bounds; null stays null, which GREATEST and LEAST would pass over."""
    if not nullable:
        return n.call("least", n.call("greatest", node, n.number(low)), n.number(high))
    below, above = n.compare(node, "<", n.number(low)), n.compare(node.copy(), ">", n.number(high))
    return n.case([(below, n.number(low)), (above, n.number(high))], node.copy())


def _with_small(name: str, *positions: int) -> Speller:
    """A function with some arguments that PostgreSQL wants small."""

    def spell(s: Scalars, call: Call, env: Env) -> Sql:
        parts = [_small(s, a, env) if i in positions else s.wide(a, env) for i, a in enumerate(call.args)]
        return n.call(name, *parts)

    return spell


# ------------------------------------------------------------------------------------------------- arithmetic, calendar
def _add(s: Scalars, call: Call, env: Env) -> Sql:
    match call.args[0].type, call.args[1].type:
        case t.Date(), t.Int():
            return n.infix(s.spell(call.args[0], env), "+", _days(s, call.args[1], env))
        case t.Date(), t.Interval():
            return n.at_utc(n.infix(*(s.spell(call.args[0], env), "+", s.spell(call.args[1], env))))
        case t.Timestamp(), t.Interval():
            return _shifted(s.spell(call.args[0], env), "+", s.spell(call.args[1], env))
        case t.Interval(), t.Timestamp():
            return _shifted(s.spell(call.args[1], env), "+", s.spell(call.args[0], env))
        case _:
            return n.infix(*_operands(s, call.args, env, "+"))


def _subtract(s: Scalars, call: Call, env: Env) -> Sql:
    match call.args[0].type, call.args[1].type:
        case t.Date(), t.Int():
            return n.infix(s.spell(call.args[0], env), "-", _days(s, call.args[1], env))
        case t.Date(), t.Date():
            return cast_to(n.paren(n.infix(*_operands(s, call.args, env, "-"))), t.INT)
        case t.Date(), t.Interval():
            return n.at_utc(n.infix(s.spell(call.args[0], env), "-", s.spell(call.args[1], env)))
        case t.Timestamp(), t.Interval():
            return _shifted(s.spell(call.args[0], env), "-", s.spell(call.args[1], env))
        case _:
            return n.infix(*_operands(s, call.args, env, "-"))


def _shifted(instant: Sql, op: str, span: Sql) -> Sql:
    """An instant moved by an interval on the UTC calendar."""
    return n.at_utc(n.infix(n.at_utc(instant), op, span))


def _days(s: Scalars, expr: Expr, env: Env) -> Sql:
    """A number of days: an int that does not fit is out of range for dates, too."""
    node = s.spell(expr, env)
    return node if isinstance(node, exp.Literal) else cast_to(node, t.Int(32))


def _negative(s: Scalars, call: Call, env: Env) -> Sql:
    return n.negative(s.wide(call.args[0], env))


def _sign(s: Scalars, call: Call, env: Env) -> Sql:
    node = s.wide(call.args[0], env)
    if isinstance(call.args[0].type, t.Int):
        return cast_to(n.call("sign", cast_to(node, t.DECIMAL)), t.INT)
    return n.call("sign", node)


def _date_trunc(s: Scalars, call: Call, env: Env) -> Sql:
    zone = s.spell(call.args[2], env) if len(call.args) == 3 else n.fixed("UTC")
    return n.call("date_trunc", s.spell(call.args[0], env), s.spell(call.args[1], env), zone)


def _date_part(s: Scalars, call: Call, env: Env) -> Sql:
    unit, source = call.args
    node = s.spell(source, env)
    if not isinstance(source.type, t.Timestamp):
        return _extracted(s, unit, node, env)
    part = _extracted(s, unit, n.at_utc(node), env)
    zero = n.case([(n.is_(node.copy(), n.null(), True), n.number(0))])  # a clock in UTC has no zone to ask for
    if not isinstance(unit, Literal):
        asked = n.in_values(n.call("lower", s.spell(unit, env)), [n.fixed(each) for each in ZONE_UNITS])
        return n.case([(asked, zero)], part)
    return zero if str(unit.value).lower() in ZONE_UNITS else part


def _extracted(s: Scalars, unit: Expr, node: Sql, env: Env) -> Sql:
    if isinstance(unit, Literal) and unit.value in UNITS:
        return n.extract(str(unit.value), node)
    return n.call("pg_catalog.extract", s.spell(unit, env), node)


def _months_between(s: Scalars, call: Call, env: Env) -> Sql:
    first, second = (n.at_utc(s.spell(arg, env)) for arg in call.args)
    years = n.infix(n.extract("year", second), "-", n.extract("year", first))
    months = n.infix(n.extract("month", second.copy()), "-", n.extract("month", first.copy()))
    return cast_to(n.paren(n.infix(n.infix(years, "*", n.number(12)), "+", months)), t.INT)


def _make_days(s: Scalars, call: Call, env: Env) -> Sql:
    zero = [n.number(0) for _ in range(3)]
    return n.call("make_interval", *zero, _days(s, call.args[0], env))


# ------------------------------------------------------------------------------------------------- comparison
def _comparison(op: str) -> Speller:
    return lambda s, call, env: s.comparison(op, call.args[0], call.args[1], env)


def _is_distinct(s: Scalars, call: Call, env: Env) -> Sql:
    return n.compare(s.lean(call.args[0], env), "IS DISTINCT FROM", s.lean(call.args[1], env))


def _extreme(name: str) -> Speller:
    def spell(s: Scalars, call: Call, env: Env) -> Sql:
        parts = _arguments(s, call, env)
        parts[0] = s.with_collation(parts[0], call.type)
        return n.call(name, *parts)

    return spell


def _nullif(s: Scalars, call: Call, env: Env) -> Sql:
    return n.call("nullif", s.wide(call.args[0], env), s.lean(call.args[1], env))


def _like(ignore_case: bool) -> Speller:
    return lambda s, call, env: n.like(s.spell(call.args[0], env), s.spell(call.args[1], env), ignore_case)


def _ends_with(s: Scalars, call: Call, env: Env) -> Sql:
    whole, part = (s.spell(arg, env) for arg in call.args)
    return n.compare(n.call("right", whole, n.call("length", part)), "=", part.copy())


def _contains(s: Scalars, call: Call, env: Env) -> Sql:
    return n.compare(n.call("strpos", *_arguments(s, call, env)), ">", n.number(0))


def _in_list(s: Scalars, call: Call, env: Env) -> Sql:
    items = s.spell(call.args[1], env)
    if isinstance(items, exp.Subquery):  # ANY (SELECT …) would look for the whole list among its rows
        items = cast_to(items, call.args[1].type)
    return n.is_any(s.lean(call.args[0], env), items)


# ------------------------------------------------------------------------------------------------- text, lists
def _mask(s: Scalars, call: Call, env: Env) -> Sql:
    text = s.spell(call.args[0], env)
    first, last = (_not_negative(s, arg, env) for arg in call.args[1:])
    length = n.call("length", text)
    shown = n.infix(first, "+", last)
    stars = n.call("repeat", n.fixed("*"), n.infix(n.infix(length, "-", first.copy()), "-", last.copy()))
    parts = n.infix(n.call("left", text.copy(), first.copy()), "||", stars)
    open_ = n.infix(parts, "||", n.call("right", text.copy(), last.copy()))
    return n.case([(n.compare(length.copy(), "<=", shown), n.call("repeat", n.fixed("*"), length.copy()))], open_)


def _not_negative(s: Scalars, expr: Expr, env: Env) -> Sql:
    """A number of characters: none when negative, and no more than any text has."""
    if isinstance(expr, Literal) and isinstance(expr.value, int):
        return n.number(min(max(expr.value, 0), LENGTH_MAX))
    return cast_to(_clamped(s.wide(expr, env), 0, LENGTH_MAX, expr.nullable), t.Int(32))


def _hash(s: Scalars, call: Call, env: Env) -> Sql:
    """HMAC-SHA256: two hashes, each behind a block of the key XOR-ed with a pad."""
    text = n.call("convert_to", s.spell(call.args[0], env), n.fixed("UTF8"))
    inner = n.call("sha256", n.infix(s.emission.bind(HashPad(inner=True)), "||", text))
    outer = n.call("sha256", n.infix(s.emission.bind(HashPad(inner=False)), "||", inner))
    return n.call("encode", outer, n.fixed("hex"))


def _element(s: Scalars, call: Call, env: Env) -> Sql:
    items, position = call.args
    if isinstance(position, Literal) and isinstance(position.value, int):
        wanted: Sql = n.number(min(max(position.value, -1), SMALL_MAX - 1) + 1)
    else:
        index = _clamped(s.wide(position, env), -1, SMALL_MAX - 1, position.nullable)
        wanted = cast_to(n.paren(n.infix(index, "+", n.number(1))), t.Int(32))
    return n.subscript(s.spell(items, env), wanted)


def _today(s: Scalars, call: Call, env: Env) -> Sql:
    return cast_to(n.paren(n.at_utc(n.call("now"))), t.DATE)


def _coded(name: str) -> Speller:
    return lambda s, call, env: n.call(name, s.spell(call.args[0], env), n.fixed("hex"))


def _searched(build: Callable[[Scalars, Sequence[Expr], Env], Sql]) -> Speller:
    return lambda s, call, env: build(s, call.args, env)


def _round(name: str) -> Speller:
    def spell(s: Scalars, call: Call, env: Env) -> Sql:
        parts = [s.wide(call.args[0], env), *(_small(s, arg, env) for arg in call.args[1:])]
        return n.call(name, *parts)

    return spell


SPELLERS: dict[str, Speller] = {
    "+": _add, "-": _subtract, "*": _operator("*"), "/": _operator("/"), "%": _operator("%"), "neg": _negative,
    **{op: _comparison(op) for op in ("=", "<>", "<", "<=", ">", ">=")},
    "is_distinct": _is_distinct, "||": _operator("||"), "in_list": _in_list,
    "like": _like(False), "ilike": _like(True), "starts_with": _plain("starts_with"), "ends_with": _ends_with,
    "contains": _contains,
    "matches": _searched(matches), "score": _searched(score), "distance": _searched(distance),
    "abs": _plain("abs"), "sign": _sign, "round": _round("round"), "trunc": _round("trunc"), "floor": _plain("floor"),
    "ceil": _plain("ceil"), "mod": _operator("%"), "div": _operator("/"), "sqrt": _plain("sqrt"),
    "power": _plain("power"),
    "exp": _plain("exp"), "ln": _plain("ln"), "greatest": _extreme("greatest"), "least": _extreme("least"),
    "nullif": _nullif,
    "length": _counting("length"), "lower": _plain("lower"), "upper": _plain("upper"), "trim": _plain("btrim"),
    "ltrim": _plain("ltrim"), "rtrim": _plain("rtrim"), "substring": _with_small("substring", 1, 2),
    "left": _with_small("left", 1), "right": _with_small("right", 1), "replace": _plain("replace"),
    "position": _counting("strpos"), "split_part": _with_small("split_part", 2), "repeat": _with_small("repeat", 1),
    "reverse": _plain("reverse"), "lpad": _with_small("lpad", 1), "rpad": _with_small("rpad", 1),
    "concat": _plain("concat"),
    "md5": _plain("md5"), "mask": _mask, "hash": _hash, "encode_hex": _coded("encode"), "decode_hex": _coded("decode"),
    "now": _plain("now"), "today": _today, "gen_random_uuid": _plain("gen_random_uuid"),
    "date_trunc": _date_trunc, "date_part": _date_part, "months_between": _months_between,
    "make_interval_days": _make_days,
    "cardinality": _counting("cardinality"), "element": _element, "array_position": _counting("array_position"),
    "array_append": _plain("array_append"), "has_any": _operator("&&"), "has_all": _operator("@>"),
    "array_to_string": _plain("array_to_string"), "string_to_array": _plain("string_to_array"),
    "json_typeof": _plain("jsonb_typeof"), "json_array_length": _counting("jsonb_array_length"),
}  # fmt: skip


def aliased_subquery(select: exp.Select, alias: str) -> exp.Subquery:
    """A derived table."""
    return exp.Subquery(this=select, alias=exp.TableAlias(this=n.alias_name(alias)))
