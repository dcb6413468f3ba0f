"""Rows of an answer, for people (a table) and for programs (JSON)."""

from __future__ import annotations

import datetime as dt
import decimal
import json
import math
import uuid
from typing import TYPE_CHECKING, Any

from liq.model.json_text import JSON_INT_MAX
from liq.model.values import IntervalValue, JsonValue, RecordValue, Value

if TYPE_CHECKING:
    from liq.api import Answer

CELL_WIDTH = 60


def as_json(value: Value) -> Any:
    """A value as JSON: what JSON cannot say exactly is a string, as parameters take it."""
    match value:
        case None | bool() | str():
            return value
        case int():
            return value if abs(value) <= JSON_INT_MAX else str(value)
        case float():
            return value if math.isfinite(value) else str(value)
        case decimal.Decimal():
            return format(value, "f")
        case bytes():
            return value.hex()
        case uuid.UUID():
            return str(value)
        case dt.datetime():
            return value.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")
        case dt.date() | dt.time():
            return value.isoformat()
        case IntervalValue():
            return interval_text(value)
        case JsonValue(plain):
            return _plain(plain)
        case RecordValue(labels, values):
            return {label: as_json(part) for label, part in zip(labels, values, strict=True)}
        case _:
            return [as_json(item) for item in value]


def interval_text(value: IntervalValue) -> str:
    """An interval as liq reads it back: ``14 months 3 days 5.000000 seconds``."""
    sign = "-" if value.microseconds < 0 else ""
    seconds, fraction = divmod(abs(value.microseconds), 1_000_000)
    parts = []
    if value.months:
        parts.append(f"{value.months} months")
    if value.days:
        parts.append(f"{value.days} days")
    if value.microseconds or not parts:
        parts.append(f"{sign}{seconds}.{fraction:06d} seconds" if fraction else f"{sign}{seconds} seconds")
    return " ".join(parts)


def _plain(plain: Any) -> Any:
    match plain:
        case decimal.Decimal():
            return float(plain) if plain == plain.to_integral_value() or abs(plain) < 10**15 else str(plain)
        case int() if not isinstance(plain, bool) and abs(plain) > JSON_INT_MAX:
            return str(plain)
        case tuple() | list():
            return [_plain(item) for item in plain]
        case None | bool() | int() | str():
            return plain
        case _:
            return {key: _plain(item) for key, item in plain.items()}


def answer_json(answer: Answer) -> dict[str, Any]:
    """The whole answer."""
    names = [column.name for column in answer.columns]
    rows = [{name: as_json(value) for name, value in zip(names, row, strict=True)} for row in answer.rows]
    result: dict[str, Any] = {"rows": rows} if answer.columns else {"affected": answer.affected}
    if answer.next_cursor is not None:
        result["next"] = answer.next_cursor
    return result


def answer_table(answer: Answer) -> str:
    """The rows in columns; what is in a cell cannot leave it."""
    from rich.cells import cell_len

    from liq.render.visible import visible

    def cell(value: Value) -> str:
        if value is None:
            return "∅"
        raw = as_json(value)
        text = visible(raw if isinstance(raw, str) else json.dumps(raw, ensure_ascii=False))
        return text if len(text) <= CELL_WIDTH else text[: CELL_WIDTH - 1] + "…"

    if not answer.columns:
        return f"{answer.affected} row{'s' * (answer.affected != 1)} written\n"
    table = [[visible(column.name) for column in answer.columns], *([cell(v) for v in row] for row in answer.rows)]
    widths = [max(cell_len(row[i]) for row in table) for i in range(len(answer.columns))]
    lines = ["  ".join(text + " " * (width - cell_len(text)) for text, width in zip(row, widths, strict=True)).rstrip()
             for row in table]  # fmt: skip
    lines.insert(1, "  ".join("─" * width for width in widths))
    count = len(answer.rows)
    lines.append(f"({count} row{'s' * (count != 1)})" + (f" next: {answer.next_cursor}" if answer.next_cursor else ""))
    return "\n".join(lines) + "\n"
