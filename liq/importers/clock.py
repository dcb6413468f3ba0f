"""Dates and times: PostgreSQL's functions of them, and the texts that SQLite keeps for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from liq.importers.scopes import Value, call
from liq.importers.sqltree import Node
from liq.importers.types import plain
from liq.model.errors import LiqError
from liq.reference.temporal import TRUNCATING, unit_named
from liq_grammar import syntax as s

if TYPE_CHECKING:
    from liq.importers.translate import Translator


def _as_text(expr: s.Expr) -> s.Expr:
    return s.Cast(expr, plain("text").ref)


_SECOND = call("date_trunc", s.Text("second"), call("now"))
SQLITE_NOW: s.Expr = call("left", _as_text(_SECOND), s.Number("19"))
"""``datetime('now')`` of SQLite: a text such as 2026-11-20 10:00:00, in UTC."""
SQLITE_TODAY: s.Expr = call("left", _as_text(call("now")), s.Number("10"))
"""``date('now')`` of SQLite."""
SQLITE_TIME: s.Expr = call("substring", _as_text(_SECOND), s.Number("12"), s.Number("8"))
"""``time('now')`` of SQLite."""
EPOCH: s.Expr = s.Cast(call("floor", call("date_part", s.Text("epoch"), call("now"))), plain("int").ref)
SQLITE_EPOCH: s.Expr = _as_text(EPOCH)
"""``strftime('%s', 'now')`` of SQLite: the seconds since 1970 as a text."""
_FORMATS: dict[str, s.Expr] = {
    "%Y-%m-%d %H:%M:%S": SQLITE_NOW,
    "%F %T": SQLITE_NOW,
    "%Y-%m-%d": SQLITE_TODAY,
    "%F": SQLITE_TODAY,
    "%H:%M:%S": SQLITE_TIME,
    "%T": SQLITE_TIME,
    "%Y": call("left", _as_text(call("now")), s.Number("4")),
    "%s": SQLITE_EPOCH,
    "%Y-%m-%dT%H:%M:%S": call("replace", SQLITE_NOW, s.Text(" "), s.Text("T")),
    "%Y-%m-%dT%H:%M:%SZ": s.Binary("||", call("replace", SQLITE_NOW, s.Text(" "), s.Text("T")), s.Text("Z")),
}
FRACTION_HELP = "a text with fractions of a second has no form in liq; let the application write it"


def _now(t: Translator, node: Node) -> Value:
    if node.args.get("this") is not None:
        t.differs("current_timestamp(n) rounds, now() does not", t.place(node))
    if t.database.dialect == "sqlite":
        return Value(SQLITE_NOW, "text")
    return Value(call("now"), "timestamp", "now")


def _local(t: Translator, node: exp.Localtimestamp) -> Value:
    t.differs("localtimestamp becomes now(), an instant", t.place(node))
    return Value(call("now"), "timestamp", "localtimestamp")


def _today(t: Translator, node: exp.CurrentDate) -> Value:
    t.only(node)
    if t.database.dialect == "sqlite":
        return Value(SQLITE_TODAY, "text")
    return Value(call("today"), "date", "current_date")


def _time(t: Translator, node: exp.CurrentTime) -> Value:
    if t.database.dialect == "sqlite":
        return Value(SQLITE_TIME, "text")
    raise t.refuse(node, "current_time has no form in liq")


def _date(t: Translator, node: exp.Date) -> Value:
    t.only(node, "this")
    if t.database.dialect == "sqlite":
        if node.this is None or _is_now(node.this):
            return Value(SQLITE_TODAY, "text")
        raise t.refuse(node, "date(…) of SQLite has a form in liq for 'now' only")
    value = t.expression(node.this)
    return Value(s.Cast(value.expr, plain("date").ref), "date", "date")


def _is_now(node: Node) -> bool:
    return isinstance(node, exp.CurrentTimestamp) or (
        isinstance(node, exp.Literal) and node.is_string and str(node.this).lower() == "now"
    )


def _formatted(t: Translator, node: exp.TimeToStr) -> Value:
    """``strftime('%Y-%m-%d', 'now')``."""
    t.only(node, "this", "format")
    inner = node.this.this if isinstance(node.this, exp.TsOrDsToTimestamp) else node.this
    form = node.args["format"]
    if t.database.dialect != "sqlite" or not _is_now(inner) or not isinstance(form, exp.Literal):
        raise t.refuse(node, "formatting a time has no form in liq")
    found = _FORMATS.get(str(form.this))
    if found is None:
        raise t.refuse(node, f"strftime({str(form.this)!r}) has no form in liq", FRACTION_HELP)
    return Value(found, "text")


def sqlite_function(t: Translator, word: str, arguments: list[Node], node: Node) -> Value | None:
    """Functions of SQLite that sqlglot does not know."""
    now = not arguments or (len(arguments) == 1 and _is_now(arguments[0]))
    match word:
        case "datetime" if now:
            return Value(SQLITE_NOW, "text")
        case "time" if now:
            return Value(SQLITE_TIME, "text")
        case "unixepoch" if now:
            return Value(EPOCH, "int")
        case "datetime" | "time" | "unixepoch" | "julianday" | "strftime":
            raise t.refuse(node, f"{word}(…) of SQLite has a form in liq for 'now' only")
        case _:
            return None


def _hex(t: Translator, node: exp.Hex | exp.LowerHex) -> Value:
    """``lower(hex(randomblob(16)))``: 32 random hexadecimal digits."""
    inner = node.this
    known = isinstance(inner, exp.Anonymous) and str(inner.this).lower() == "randomblob" and len(inner.expressions) == 1
    if not known or str(inner.expressions[0].this) != "16":
        raise t.refuse(node, "hex has a form in liq for randomblob(16) only")
    t.differs("hex(randomblob(16)) becomes the digits of a random UUID", t.place(node))
    digits = call("replace", _as_text(call("gen_random_uuid")), s.Text("-"), s.Text(""))
    return Value(digits if isinstance(node, exp.LowerHex) else call("upper", digits), "text")


# ------------------------------------------------------------------------------------------------- parts of times
def _unit(t: Translator, node: Node, unit: Node | None) -> str:
    word = str(unit.this).lower() if isinstance(unit, exp.Var | exp.Literal | exp.WeekStart) else ""
    try:
        return unit_named(word)
    except LiqError:
        raise t.refuse(node, "a unit of time that is not a constant has no form in liq") from None


def _extract(t: Translator, node: exp.Extract) -> Value:
    t.only(node, "this", "expression")
    unit = _unit(t, node, node.this)
    return Value(call("date_part", s.Text(unit), t.expression(node.expression).expr), "decimal", "extract")


def _truncated(t: Translator, node: exp.TimestampTrunc) -> Value:
    t.only(node, "this", "unit", "zone")
    unit = _unit(t, node, node.args.get("unit"))
    named = any(unit in rows.columns for rows in t.frame.lookup.rows)
    if unit not in TRUNCATING or named:  # sqlglot takes a column called so for the unit
        raise t.refuse(node, "date_trunc to such a unit has no form in liq")
    value = t.expression(node.this)
    zone = node.args.get("zone")
    zones = (t.expression(zone).expr,) if zone is not None else ()
    return Value(call("date_trunc", s.Text(unit), value.expr, *zones), "timestamp", "date_trunc")


def _make_interval(t: Translator, node: exp.MakeInterval) -> Value:
    t.only(node, "day")
    days = node.args.get("day")
    if days is None:
        raise t.refuse(node, "make_interval has a form in liq for days only")
    value = days.expression if isinstance(days, exp.Kwarg) else days
    return Value(call("make_interval_days", t.expression(value).expr), "interval", "make_interval")


HANDLERS: dict[type[Node], Callable[[Translator, Any], Value]] = {
    exp.CurrentTimestamp: _now,
    exp.Localtimestamp: _local,
    exp.CurrentDate: _today,
    exp.CurrentTime: _time,
    exp.Date: _date,
    exp.TimeToStr: _formatted,
    exp.Hex: _hex,
    exp.LowerHex: _hex,
    exp.Extract: _extract,
    exp.TimestampTrunc: _truncated,
    exp.MakeInterval: _make_interval,
}
