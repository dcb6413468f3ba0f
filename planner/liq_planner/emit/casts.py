"""Casts as PostgreSQL, narrowed to what liq accepts: ISO dates and times, no NaN decimals, no hexadecimal numbers.

A plain cast from text first replaces a text that liq refuses by the empty one, which no type accepts: so
PostgreSQL raises the
error, and its message holds nothing of the row. A safe cast is a total expression: the text is matched against
the exact
syntax, ranges are compared before the cast.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from sqlglot import exp

from liq.model import types as t
from liq.model.values import Value
from liq_planner.emit import nodes as n
from liq_planner.emit.emission import Emission
from liq_planner.emit.nodes import Sql
from liq_planner.emit.refusal import EmitRefused
from liq_planner.emit.sqltypes import cast_to
from liq_planner.raising import cast_is_total

NUMBER = r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?"
DATE = r"[0-9]{4,6}-[0-9]{1,2}-[0-9]{1,2}"
CLOCK = r"[0-9]{1,2}:[0-9]{1,2}(:[0-9]{1,2}(\.[0-9]*)?)?"
ZONE = r" *([Zz]|[+-][0-9]{1,2}(:?[0-9]{2}(:[0-9]{2})?)?)"

SYNTAX = {
    "int": r"[+-]?[0-9]+",
    "decimal": NUMBER,
    "float": rf"{NUMBER}|[+-]?([nN][aA][nN]|[iI][nN][fF]([iI][nN][iI][tT][yY])?)",
    "date": DATE,
    "time": CLOCK,
    "timestamp": rf"{DATE}(([Tt]| +){CLOCK}({ZONE})?)?",
    "bool": "t|tr|tru|true|y|ye|yes|on|1|f|fa|fal|fals|false|n|no|of|off|0",
}
"""What each type's text looks like, white space around it aside."""

DAY_SECONDS = 86_400
DIGITS_MAX = 4000
"""Longer texts are no numbers."""
INT_RANGES = {bits: (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) for bits in (16, 32, 64)}


class Spelling(Protocol):
    """What casts need of the emitter."""

    dialect: str
    emission: Emission

    def constant(self, value: Value, type_: t.Type) -> Sql:
        """A constant."""


def unwrapped(node: Sql, target: t.Type) -> Sql:
    """The text of a JSON scalar, null for JSON null; an object or array gives a text that the target refuses."""
    text = n.infix(node, "#>>", n.fixed("{}"))
    if isinstance(target, t.Bytes | t.Interval):  # which would take some of those texts
        compound = n.in_values(n.call("jsonb_typeof", node.copy()), [n.fixed("object"), n.fixed("array")])
        return n.case([(compound, n.fixed("\\"))], text)
    return text


def cast_value(s: Spelling, node: Sql, source: t.Type, target: t.Type, safe: bool) -> Sql:
    """``node::target``; with ``safe`` null where that would raise."""
    if source == target and not isinstance(target, t.Text):
        return node
    if isinstance(source, t.Null):
        return cast_to(n.null(), target)
    if safe and not cast_is_total(source, target):
        if isinstance(node, exp.Literal) and node.is_string:  # or it would be read as the target at once
            node = cast_to(node, t.TEXT)
        return _safe(s, node, source, target)
    return _plain(s, node, source, target)


def _plain(s: Spelling, node: Sql, source: t.Type, target: t.Type) -> Sql:
    match source, target:
        case _, t.Json():
            return n.call("to_jsonb", cast_to(node, source))
        case t.Text(), t.Text():
            return node
        case t.Text(), _:
            return _from_text(s, node, target)
        case _, t.Text():
            return _to_text(node, source)
        case t.Float(), t.Decimal():
            return _once(
                s,
                node,
                lambda v: n.case(
                    [(_is_special(v), cast_to(cast_to(v.copy(), t.INT), target))], cast_to(v.copy(), target)
                ),
            )
        case t.Bool(), t.Int():
            return cast_to(cast_to(node, t.Int(32)), target)
        case t.Int(), t.Bool():
            return n.compare(node, "<>", n.number(0))
        case t.Date(), t.Timestamp():
            return n.at_utc(exp.Cast(this=node, to=n.SqlType(this="timestamp")))
        case t.Timestamp(), (t.Date() | t.Time()):
            return cast_to(n.paren(n.at_utc(node)), target)
        case t.List(inner), t.List(outer):
            return _list(s, node, inner, outer)
        case (t.List(), t.Vector()) | (t.Vector(), t.List()):
            return cast_to(node, target)
        case _:
            return cast_to(node, target)


def _to_text(node: Sql, source: t.Type) -> Sql:
    match source:
        case t.Timestamp():
            return n.infix(cast_to(n.paren(n.at_utc(node)), t.TEXT), "||", n.fixed("+00"))
        case t.Bytes():
            return n.infix(n.fixed("\\x"), "||", n.call("encode", node, n.fixed("hex")))
        case t.Vector():
            return n.call("translate", cast_to(node, t.TEXT), n.fixed("{}"), n.fixed("[]"))
        case _:
            return cast_to(node, t.TEXT)


def _from_text(s: Spelling, node: Sql, target: t.Type) -> Sql:
    match target:
        case t.Int() | t.Float() | t.Decimal() | t.Date() | t.Time():
            return cast_to(_narrowed(node, SYNTAX[_word(target)]), target)
        case t.Timestamp():
            text = _narrowed(node, SYNTAX["timestamp"])
            return cast_to(_with_zone(text), target)
        case t.Bytes():  # bad digits would be another kind of error than a bad text
            bad = r"^\\x(?!(\s*[0-9a-fA-F]{2})*\s*$).*$"
            return cast_to(n.call("regexp_replace", node, n.fixed(bad), n.fixed("\\\\")), target)
        case t.Bool() | t.Uuid() | t.Interval() | t.Enum():
            return cast_to(node, target)
        case _:
            raise EmitRefused(s.dialect, f"a cast from text to {target}")


def _word(type_: t.Type) -> str:
    return "int" if isinstance(type_, t.Int) else "decimal" if isinstance(type_, t.Decimal) else str(type_)


def _narrowed(node: Sql, syntax: str) -> Sql:
    r"""The text, or the empty one where it does not have the syntax."""
    return n.call("regexp_replace", node, n.fixed(rf"^(?!\s*({syntax})\s*$).*$"), n.fixed(""))


def _with_zone(node: Sql) -> Sql:
    """A text of a date or clock without a zone is one of UTC: zones come after the first colon and are no digits."""
    return n.call("regexp_replace", node, n.fixed(r"^([^:]+(:[0-9:.]+)?)\s*$"), n.fixed(r"\1 UTC"))


def _is_special(node: Sql) -> Sql:
    specials = [cast_to(n.fixed(word), t.FLOAT) for word in ("NaN", "Infinity", "-Infinity")]
    return n.in_values(node, specials)


def _once(s: Spelling, node: Sql, build: Callable[[Sql], Sql]) -> Sql:
    """An expression that mentions another several times; a large one is computed once, in a subquery."""
    if n.is_plain(node):
        return build(node)
    alias = s.emission.alias("cast")
    inner = exp.select(exp.Alias(this=node, alias=n.name("v"))).subquery(alias=n.alias_name(alias), copy=False)
    return n.subquery(exp.select(build(n.column(alias, "v"))).from_(inner, copy=False))


def _list(s: Spelling, node: Sql, inner: t.Type, outer: t.Type) -> Sql:
    if isinstance(inner, t.Int | t.Decimal) and isinstance(outer, t.Int | t.Decimal | t.Float):
        return cast_to(node, t.List(outer))
    alias = s.emission.alias("element")
    source = n.rows_from(n.call("unnest", node), alias, ["v", "n"], ordinality=True)
    value = cast_value(s, n.column(alias, "v"), inner, outer, False)
    items = n.array_of(exp.select(value).from_(source, copy=False).order_by(n.column(alias, "n"), copy=False))
    return n.case([(n.is_(node.copy(), n.null(), True), cast_to(items, t.List(outer)))])


# ------------------------------------------------------------------------------------------------- safe casts
def _safe(s: Spelling, node: Sql, source: t.Type, target: t.Type) -> Sql:
    match source, target:
        case t.Text(), _:
            return _safe_from_text(s, node, target)
        case ((t.Int() | t.Decimal() | t.Float()), t.Int(bits)):
            return _once(s, node, lambda v: n.case([(_in_range(v, source, bits), cast_to(v.copy(), target))]))
        case ((t.Int() | t.Decimal() | t.Float()), t.Decimal(int(precision), int(scale))):
            return _once(s, node, lambda v: _sized(v, target, precision, scale))
        case t.Float(), t.Decimal():
            return _once(s, node, _finite_decimal)
        case t.Bool(), t.Int():
            return _plain(s, node, source, target)
        case _:
            raise EmitRefused(s.dialect, f"a safe cast from {source} to {target}")


def _in_range(node: Sql, source: t.Type, bits: int) -> Sql:
    low, high = INT_RANGES[bits]
    if isinstance(source, t.Float):  # NaN is greater than everything; 2^63 is exact, 2^63 - 1 is not
        rounded = n.call("round", node)
        return n.conjunction([
            n.compare(rounded, ">=", cast_to(n.number(low), t.FLOAT)),
            n.compare(rounded.copy(), "<", cast_to(n.number(high + 1), t.FLOAT)),
        ])  # fmt: skip
    rounded = node if isinstance(source, t.Int) else n.call("round", node)
    return n.conjunction([n.compare(rounded, ">=", n.number(low)), n.compare(rounded.copy(), "<=", n.number(high))])


def _sized(node: Sql, target: t.Type, precision: int, scale: int) -> Sql:
    numeric = cast_to(node, t.DECIMAL)
    rounded = n.call("abs", n.call("round", numeric, n.number(scale)))
    return n.case([(n.compare(rounded, "<", n.number(10 ** (precision - scale))), cast_to(node.copy(), target))])


def _finite_decimal(node: Sql) -> Sql:
    """Decimals have at most 38 digits."""
    small = n.compare(n.call("abs", node), "<", cast_to(exp.Literal(this="1e38", is_string=False), t.FLOAT))
    numeric = cast_to(node.copy(), t.DECIMAL)
    return n.case([(small, n.case([(_has_38_digits(numeric), numeric.copy())]))])


def _has_38_digits(numeric: Sql) -> Sql:
    whole = n.call("trunc", n.call("abs", numeric))
    before = n.case(
        [(n.compare(whole, ">", n.number(0)), n.call("length", cast_to(whole.copy(), t.TEXT)))], n.number(0)
    )
    return n.compare(n.infix(n.call("scale", numeric.copy()), "+", before), "<=", n.number(38))


def _safe_from_text(s: Spelling, node: Sql, target: t.Type) -> Sql:
    match target:
        case t.Int(bits):
            return _parsed(s, node, r"[+-]?0*[0-9]{1,40}", t.DECIMAL, lambda v: _in_range(v, t.INT, bits), target)
        case t.Decimal(precision, scale):
            return _safe_decimal(s, node, target, precision, scale)
        case t.Float():
            return _safe_float(s, node)
        case t.Bool():
            word = n.fixed(rf"^\s*(?:{SYNTAX['bool']})\s*$")
            return cast_to(n.call("substring", n.call("lower", node), word), target)
        case t.Uuid():
            group = r"([0-9a-fA-F]{4}-?){7}[0-9a-fA-F]{4}"
            syntax = _plain_groups(rf"^(\{{{group}\}}|{group})$")
            return cast_to(n.call("substring", node, n.fixed(syntax)), target)
        case t.Bytes():
            syntax = r"^(?:\\x(?:\s*[0-9a-fA-F]{2})*\s*|(?!\\x)(?:[^\\]|\\\\|\\[0-3][0-7]{2})*)$"
            return cast_to(n.call("substring", node, n.fixed(syntax)), target)
        case t.Date():
            return _once(
                s,
                node,
                lambda v: n.case(
                    [(n.conjunction([_matches(v, "date"), _date_exists(v)]), _from_text(s, v.copy(), target))]
                ),
            )
        case t.Time():
            return _once(s, node, lambda v: _guarded(s, v, target, [_clock_exists(v, DAY_SECONDS - 1)]))
        case t.Timestamp():
            return _once(
                s,
                node,
                lambda v: _guarded(s, v, target, [_date_exists(v), _clock_exists(v, DAY_SECONDS), _zone_exists(v)]),
            )
        case t.Enum(_, labels):
            known = n.in_values(node, [s.constant(label, t.TEXT) for label in labels])
            return _once(s, node, lambda v: n.case([(n.in_values(v, known.expressions), cast_to(v.copy(), target))]))
        case _:
            raise EmitRefused(s.dialect, f"a safe cast from text to {target}")


def _parsed(s: Spelling, node: Sql, syntax: str, through: t.Type, fits: Callable[[Sql], Sql], target: t.Type) -> Sql:
    """The text read as a wide number, then narrowed where it fits."""
    read = cast_to(n.call("substring", node, n.fixed(rf"^\s*({syntax})\s*$")), through)
    return _once(s, read, lambda v: n.case([(fits(v), cast_to(v.copy(), target))]))


def _safe_decimal(s: Spelling, node: Sql, target: t.Type, precision: int | None, scale: int | None) -> Sql:
    digits = r"[+-]?([0-9]{1,200}\.?[0-9]{0,200}|\.[0-9]{1,200})([eE][+-]?0*[0-9]{1,3})?"
    read = cast_to(n.call("substring", node, n.fixed(rf"^\s*(?:{_plain_groups(digits)})\s*$")), t.DECIMAL)

    def build(value: Sql) -> Sql:
        fits = _has_38_digits(value)
        if precision is None or scale is None:
            return n.case([(fits, value.copy())])
        return n.case([(fits, _sized(value.copy(), target, precision, scale))])

    return _once(s, read, build)


def _safe_float(s: Spelling, node: Sql) -> Sql:
    digits = _plain_groups(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?0*[0-9]{1,4})?")
    word = rf"^\s*{_SPECIAL_FLOAT}\s*$"

    def build(text: Sql) -> Sql:
        number = cast_to(n.call("substring", text, n.fixed(rf"^\s*(?:{digits})\s*$")), t.DECIMAL)
        size = n.call("abs", number)
        largest = n.compare(size, "<", exp.Literal(this="1.797693134862315807937e308", is_string=False))
        least = n.compare(size.copy(), ">", exp.Literal(this="2.47032822920623272088e-324", is_string=False))
        zero = n.compare(size.copy(), "=", n.number(0))
        fits = n.conjunction([largest, n.disjunction([zero, least])])
        special = cast_to(n.call("substring", text.copy(), n.fixed(word)), t.FLOAT)
        return n.case([(fits, cast_to(text.copy(), t.FLOAT))], special)

    return _once(s, node, lambda v: n.case([(_short(v), build(v.copy()))]))


def _short(node: Sql) -> Sql:
    return n.compare(n.call("length", node), "<=", n.number(DIGITS_MAX))


_SPECIAL_FLOAT = "[+-]?(?:[nN][aA][nN]|[iI][nN][fF](?:[iI][nN][iI][tT][yY])?)"


def _plain_groups(syntax: str) -> str:
    """With groups that capture nothing: ``substring`` would give the first group's text."""
    return syntax.replace("(?:", "(").replace("(", "(?:")


def _matches(node: Sql, word: str) -> Sql:
    return n.infix(node, "~", n.fixed(rf"^\s*({SYNTAX[word]})\s*$"))


def _part(node: Sql, pattern: str) -> Sql:
    """A number inside the text; null where there is none."""
    return cast_to(n.call("substring", node.copy(), n.fixed(pattern)), t.Int(32))


def _date_exists(node: Sql) -> Sql:
    """Whether the date at the beginning is one of the years 1 to 9999; the text may not be one at all."""
    year, month, day = (_part(node, pattern) for pattern in (
        r"^\s*([0-9]{4,6})-", r"^\s*[0-9]{4,6}-([0-9]{1,2})-", r"^\s*[0-9]{4,6}-[0-9]{1,2}-([0-9]{1,2})",
    ))  # fmt: skip
    first = n.call("make_date", year.copy(), month.copy(), n.number(1))
    last = n.extract("day", n.infix(first, "+", exp.Cast(this=n.fixed("P1M-1D"), to=n.SqlType(this="interval"))))
    month_exists = n.conjunction([_between(year, 1, 9999), _between(month, 1, 12)])
    day_exists = n.conjunction([n.compare(day, ">=", n.number(1)), n.compare(day.copy(), "<=", last)])
    return n.case([(month_exists, day_exists)], n.boolean(False))


def _clock_exists(node: Sql, most: int) -> Sql:
    """Whether hour, minute and second, where given, are ones of a day: at most so many seconds after midnight."""
    start = r"(?:^\s*|[Tt ])"
    hour, minute, second = (
        n.coalesce(_part(node, start + pattern), n.number(0))
        for pattern in (r"([0-9]{1,2}):", r"[0-9]{1,2}:([0-9]{1,2})", r"[0-9]{1,2}:[0-9]{1,2}:([0-9]{1,2})")
    )
    hours = n.infix(n.infix(hour, "*", n.number(3600)), "+", n.infix(minute, "*", n.number(60)))
    total = n.infix(hours, "+", second)
    tests = [_between(minute.copy(), 0, 59), _between(second.copy(), 0, 60), _between(total, 0, most)]
    return n.conjunction(tests)


def _zone_exists(node: Sql) -> Sql:
    """Whether the offset, where given, is one: below 16 hours."""
    tail = r":[0-9.]+ *[+-]"
    hours, minutes = _part(node, tail + r"([0-9]{1,2})"), _part(node, tail + r"[0-9]{1,2}:?([0-9]{2})")
    tests = [_between(n.coalesce(part, n.number(0)), 0, most) for part, most in ((hours, 15), (minutes, 59))]
    return n.conjunction(tests)


def _between(node: Sql, low: int, high: int) -> Sql:
    return n.conjunction([n.compare(node, ">=", n.number(low)), n.compare(node.copy(), "<=", n.number(high))])


def _guarded(s: Spelling, node: Sql, target: t.Type, tests: list[Sql]) -> Sql:
    fits = n.case([(_matches(node, _word(target)), n.conjunction(tests))], n.boolean(False))
    value = _from_text(s, node.copy(), target)
    if isinstance(target, t.Timestamp):  # an offset may lead out of the years 1 to 9999
        first, end = (cast_to(n.fixed(day), t.TIMESTAMP) for day in ("0001-01-01 UTC", "10000-01-01 UTC"))
        known = n.conjunction([n.compare(value, ">=", first), n.compare(value.copy(), "<", end)])
        value = n.case([(known, value.copy())])
    return n.case([(fits, value)])
