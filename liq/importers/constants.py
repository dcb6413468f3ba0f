"""Constants: what a text means as a value of the type that it meets, and JSON written as liq writes it."""

from __future__ import annotations

import json
import re
from typing import Any

from liq.importers.problems import Place, Unsayable
from liq.model.errors import LiqError
from liq.model.types import BYTES, DATE, INTERVAL, TIME, TIMESTAMP, UUID, Type
from liq.reference.casts import from_text
from liq_grammar import syntax as s
from liq_grammar.characters import FORBIDDEN

_NUMBER = re.compile(r"([+-]?)(\d+(?:\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_TYPED: dict[str, Type] = {"date": DATE, "time": TIME, "timestamp": TIMESTAMP, "interval": INTERVAL, "uuid": UUID}
_TRUE = frozenset(("t", "true", "y", "yes", "on", "1"))
_FALSE = frozenset(("f", "false", "n", "no", "off", "0"))
JSON_CHARACTERS_MAX = 20_000
JSON_DEPTH_MAX = 20
JSON_NAME_CHARACTERS_MAX = 100
TEXT_CHARACTERS_MAX = 100_000


def text(value: str, place: Place) -> s.Text:
    """A text constant."""
    if FORBIDDEN.search(value):
        raise Unsayable("a text with control characters cannot be written in liq", place)
    if len(value) > TEXT_CHARACTERS_MAX:
        raise Unsayable(f"a text of more than {TEXT_CHARACTERS_MAX} characters", place)
    return s.Text(value)


def number(written: str, place: Place) -> s.Expr:
    """A number constant, as liq writes it."""
    found = _NUMBER.fullmatch(written.strip())
    if found is None or len(written) > 100:
        raise Unsayable(f"{written[:40]!r} is not a number of liq", place)
    sign, digits, exponent = found[1], found[2], (found[3] or "").lower()
    if digits.startswith("."):
        digits = "0" + digits
    digits = digits.rstrip(".") if digits.endswith(".") else digits
    value = s.Number(digits + exponent)
    return s.Negate(value) if sign == "-" else value


def literal(value: str, kind: str, place: Place) -> s.Expr:
    """A text constant as a value of a kind."""
    if kind in ("", "text") or kind.startswith("enum:"):
        return text(value, place)
    if kind in _TYPED:
        return _typed(value, kind, place)
    if kind in ("int", "decimal", "float"):
        return number(value, place)
    if kind == "bool":
        word = value.strip().lower()
        if word in _TRUE | _FALSE:
            return s.Boolean(word in _TRUE)
    if kind == "bytes" and value.startswith("\\x"):
        return hexadecimal(value[2:], place)
    if kind == "json":
        return json_constant(value, place)
    if kind.startswith("list:"):
        return _list(value, kind.removeprefix("list:"), place)
    raise Unsayable(f"{value[:40]!r} cannot be written as a value of type {kind}", place)


def _typed(value: str, kind: str, place: Place) -> s.Expr:
    try:
        from_text(value, _TYPED[kind])
    except LiqError:
        raise Unsayable(f"{value[:40]!r} is not a {kind} that liq can write", place) from None
    return s.Typed(kind, text(value, place).value)  # type: ignore[arg-type]  # the keys of _TYPED are those words


def hexadecimal(digits: str, place: Place) -> s.Expr:
    """``bytes '00ff'``."""
    try:
        from_text("\\x" + digits, BYTES)
    except LiqError:
        raise Unsayable(f"{digits[:40]!r} is not hexadecimal", place) from None
    return s.Typed("bytes", digits)


def _list(value: str, element: str, place: Place) -> s.Expr:
    """PostgreSQL's ``{a,"b c",NULL}``."""
    body = value.strip()
    if not (body.startswith("{") and body.endswith("}")):
        raise Unsayable(f"{value[:40]!r} is not a list", place)
    items: list[s.Expr] = []
    at, end = 1, len(body) - 1
    part = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"|([^,"{}\\]+))\s*(,|$)')
    while at < end:
        found = part.match(body, at, end)
        if found is None:
            raise Unsayable(f"{value[:40]!r} is not a plain list", place)
        if found[1] is None and found[2].strip().upper() == "NULL":
            items.append(s.Null())
        else:
            inner = found[2].strip() if found[1] is None else re.sub(r"\\(.)", r"\1", found[1])
            items.append(literal(inner, element, place))
        at = found.end()
    return s.ListLiteral(tuple(items))


# ------------------------------------------------------------------------------------------------- JSON
def json_constant(value: str, place: Place) -> s.Expr:
    """``{ a: 1 }``, ``[1, 'b']``; a scalar is cast to json, which makes it one."""
    if len(value) > JSON_CHARACTERS_MAX:
        raise Unsayable("a JSON constant that is too long", place)
    try:
        parsed = json.loads(value, parse_int=_Written, parse_float=_Written, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise Unsayable(f"{value[:40]!r} is not JSON", place) from None
    if parsed is None:
        raise Unsayable("a JSON null cannot be written in liq", place)
    written = _written(parsed, place, 0)
    if isinstance(parsed, dict | list):
        return written
    return s.Cast(written, s.TypeRef(s.QualifiedName((s.Name("json"),))))


class _Written(str):
    """A number as it is written."""

    __slots__ = ()


def _no_constant(word: str) -> Any:
    raise ValueError(word)


def _written(value: Any, place: Place, depth: int) -> s.Expr:
    """The value in liq's own words."""
    if depth > JSON_DEPTH_MAX:
        raise Unsayable("a JSON constant that is nested too deeply", place)
    match value:
        case None:
            return s.Null()
        case bool():
            return s.Boolean(value)
        case _Written():
            return number(value, place)
        case str():
            return text(value, place)
        case list():
            return s.ListLiteral(tuple(_written(each, place, depth + 1) for each in value))
        case _:
            assert isinstance(value, dict), "JSON has no other values"
            return s.Record(tuple(_entry(name, inner, place, depth) for name, inner in value.items()))


def _entry(name: str, value: Any, place: Place, depth: int) -> s.Entry:
    if FORBIDDEN.search(name) or len(name) > JSON_NAME_CHARACTERS_MAX:
        raise Unsayable("a JSON constant with a name that liq cannot write", place)
    return s.Entry(s.Name(name), _written(value, place, depth + 1))
