"""Random values per type, from small domains so that rows meet, with the boundaries that break things among them.

``literal`` writes a value as liq source, ``value`` makes the Python value that hosts bind and tables hold.
"""

from __future__ import annotations

import datetime as dt
import decimal
import json
import uuid
from typing import Any

from tests.gen.rng import Rng

UTC = dt.UTC
TEXTS = ["", "a", "b", "ab", "A", "li-math", "x%y", "a_b", "it's", "é", "zz", "a b", "\\", "10", "true", "日本"]
INTS = [0, 1, 2, 3, 1, 2, 3, -1, -4, 7, 10]
WIDE_INTS = [2**31, -(2**31), 2**63 - 1, -(2**63)]
DECIMALS = ["0", "1", "1.5", "-2.25", "10.00", "0.01", "99.99", "-0.5", "3"]
FLOATS = ["0", "1", "-1.5", "0.1", "1e10", "2.5", "-0.25", "100"]
UUIDS = [f"00000000-0000-0000-0000-{i:012x}" for i in (1, 2, 3, 0xABC)]
DATES = ["2026-01-01", "2026-01-31", "2024-02-29", "2025-12-31", "2000-01-01"]
TIMES = ["00:00:00", "10:00:00", "23:59:59.999999", "12:30:00.5"]
STAMPS = ["2026-01-01 00:00:00", "2026-01-31 23:59:59.999999", "2024-02-29 12:00:00", "2025-06-15 08:30:00.25", "2000-01-01 00:00:00"]
INTERVALS = ["1 day", "2 hours", "1 month", "-3 days", "1 month 2 days 03:00:00", "0 days", "30 minutes"]
JSONS: list[Any] = [
    {}, [], 1, "s", True, {"a": 1}, {"a": {"b": "x"}}, {"a": None, "b": [1, 2, "3"]}, [1, {"a": 2}], {"a": "7"}, 1.5, {"b": False},
]
BYTES = ["", "00", "ff10", "616263"]


def value(rng: Rng, type_: str, labels: tuple[str, ...] = ()) -> Any:
    """A Python value of a liq type (see ``liq.model.values``; JSON as plain Python)."""
    match type_.partition("(")[0]:
        case "bool":
            return rng.chance(0.5)
        case "int16" | "int32":
            return rng.pick(INTS)
        case "int":
            return rng.pick(WIDE_INTS) if rng.chance(0.03) else rng.pick(INTS)
        case "float":
            return float(rng.pick(FLOATS))
        case "decimal":
            return decimal.Decimal(rng.pick(DECIMALS))
        case "text":
            return rng.pick(TEXTS)
        case "bytes":
            return bytes.fromhex(rng.pick(BYTES))
        case "uuid":
            return uuid.UUID(rng.pick(UUIDS))
        case "date":
            return dt.date.fromisoformat(rng.pick(DATES))
        case "time":
            return dt.time.fromisoformat(rng.pick(TIMES))
        case "timestamp":
            return dt.datetime.fromisoformat(rng.pick(STAMPS)).replace(tzinfo=UTC)
        case "interval":
            return rng.pick(INTERVALS)
        case "json":
            return rng.pick(JSONS)
        case "enum":
            return rng.pick(labels)
        case _:
            assert type_.endswith("[]"), type_
            return [value(rng, type_[:-2], labels) for _ in range(rng.between(0, 3))]


def literal(rng: Rng, type_: str, labels: tuple[str, ...] = ()) -> str:
    """A constant of a liq type as source text."""
    drawn = value(rng, type_, labels)
    match type_.partition("(")[0]:
        case "bool":
            return "true" if drawn else "false"
        case "int" | "int16" | "int32":
            return str(drawn) if abs(drawn) < 2**62 else "7"
        case "float":
            return f"{drawn!r}::float" if "e" not in repr(drawn) else repr(drawn).replace("+", "")
        case "decimal":
            return str(drawn) if "." in str(drawn) else f"{drawn}.0"
        case "text" | "enum":
            return quote(drawn)
        case "bytes":
            return f"bytes '{drawn.hex()}'"
        case "uuid":
            return f"uuid '{drawn}'"
        case "date":
            return f"date '{drawn.isoformat()}'"
        case "time":
            return f"time '{drawn.isoformat()}'"
        case "timestamp":
            return f"timestamp '{drawn.isoformat().replace('+00:00', 'Z')}'"
        case "interval":
            return f"interval '{drawn}'"
        case "json":
            return json_literal(drawn) if isinstance(drawn, dict) else f"{json_literal(rng.pick([1, 's', True, 1.5]))}::json"
        case _:
            assert type_.endswith("[]"), type_
            items = ", ".join(literal(rng, type_[:-2], labels) for _ in range(rng.between(1, 3)))
            return f"[{items}]"


def json_literal(drawn: Any) -> str:
    """A JSON value as liq writes it."""
    match drawn:
        case dict():
            return "{ " + ", ".join(f"{name}: {json_literal(part)}" for name, part in drawn.items()) + " }" if drawn else "{}"
        case list():
            return "[" + ", ".join(json_literal(part) for part in drawn) + "]"
        case str():
            return quote(drawn)
        case _:
            return json.dumps(drawn)


def quote(text: str) -> str:
    """A text literal."""
    return "'" + text.replace("'", "''") + "'"
