"""Random numbers, texts, patterns, intervals, instants and JSON values, compared with PostgreSQL: where formats and scales hide."""

from __future__ import annotations

import datetime as dt
import math
import random
import struct
from collections.abc import Callable, Iterator
from decimal import Decimal

import pytest

from liq.model import types as t
from liq.model.expr import Cast, Expr, Literal
from liq.model.values import IntervalValue, JsonValue, Plain, Value
from liq.reference.casts import float4_text
from liq.reference.jsonvalues import json_text, parse_json
from tests.pg.server import Server
from tests.reference.machines import call
from tests.reference.oracle import Answer, Oracle
from tests.reference.test_against_postgres import check
from tests.reference.values import sql

COUNT = 1500


@pytest.fixture(scope="module")
def oracle(pg: Server) -> Oracle:
    return Oracle.on(pg.fresh_database())


def a_decimal(rng: random.Random) -> Decimal:
    digits = rng.randint(1, 18)
    return Decimal(rng.randint(-(10**digits), 10**digits)).scaleb(-rng.choice([0, 0, 1, 2, 5, 9, 17]))


def a_float(rng: random.Random) -> float:
    match rng.randrange(5):
        case 0:
            return rng.uniform(-1000, 1000)
        case 1:
            return float(f"{rng.randint(-999, 999)}e{rng.randint(-320, 305)}")
        case 2:
            return float(rng.choice([1, 3, 5, 7]) * 10 ** rng.randint(0, 30))
        case 3:
            return round(rng.uniform(-100, 100), rng.randint(0, 5))
        case _:
            value = struct.unpack("<d", rng.randbytes(8))[0]
            return 0.0 if math.isnan(value) else float(value)


def an_interval(rng: random.Random) -> IntervalValue:
    def part(limit: int) -> int:
        return rng.choice([0, 0, 1, -1, rng.randint(-limit, limit)])

    return IntervalValue(part(500), part(500), part(10**12))


def an_instant(rng: random.Random) -> dt.datetime:
    start = dt.datetime(rng.choice([1, 1583, 1900, 1969, 2026, 9990]), 1, 1, tzinfo=dt.UTC)
    return start + dt.timedelta(days=rng.randint(0, 3000), microseconds=rng.choice([0, 1, rng.randint(0, 86_399_999_999)]))


def a_text(rng: random.Random, letters: str = "ab%_\\ é日") -> str:
    return "".join(rng.choice(letters) for _ in range(rng.randint(0, 6)))


def a_json(rng: random.Random, depth: int = 3) -> Plain:
    match rng.randrange(8 if depth else 5):
        case 0:
            return None
        case 1:
            return rng.random() < 0.5
        case 2:
            return a_decimal(rng)
        case 3 | 4:
            return a_text(rng, "ab\"\\\n\u0001 é")
        case 5 | 6:
            return tuple(a_json(rng, depth - 1) for _ in range(rng.randint(0, 3)))
        case _:
            return {a_text(rng, "abé"): a_json(rng, depth - 1) for _ in range(rng.randint(0, 3))}


def decimal_arithmetic(rng: random.Random) -> tuple[Expr, str]:
    a, b = a_decimal(rng), a_decimal(rng)
    op = rng.choice("+-*/%")
    return call(op, (t.DECIMAL, a), (t.DECIMAL, b)), f"{sql(t.DECIMAL, a)} {op} {sql(t.DECIMAL, b)}"


def decimal_rounding(rng: random.Random) -> tuple[Expr, str]:
    value, digits, name = a_decimal(rng), rng.randint(-6, 12), rng.choice(["round", "trunc"])
    return call(name, (t.DECIMAL, value), (t.INT, digits)), f"{name}({sql(t.DECIMAL, value)}, {digits})"


def float_arithmetic(rng: random.Random) -> tuple[Expr, str]:
    a, b = a_float(rng), a_float(rng)
    op = rng.choice("+-*/")
    return call(op, (t.FLOAT, a), (t.FLOAT, b)), f"{sql(t.FLOAT, a)} {op} {sql(t.FLOAT, b)}"


def float_casts(rng: random.Random) -> tuple[Expr, str]:
    value = a_float(rng)
    targets: list[tuple[t.Type, str]] = [(t.TEXT, "text"), (t.DECIMAL, "numeric"), (t.INT, "int8")]
    target, name = rng.choice(targets)
    return Cast(Literal(value, t.FLOAT), target), f"({sql(t.FLOAT, value)})::{name}"


def float_from_text(rng: random.Random) -> tuple[Expr, str]:
    text = f"{rng.randint(0, 10**rng.randint(1, 25))}e{rng.randint(-340, 300)}"
    return Cast(Literal(text, t.TEXT), t.FLOAT), f"'{text}'::float8"


def patterns(rng: random.Random) -> tuple[Expr, str]:
    text, pattern, name = a_text(rng), a_text(rng, "ab%_é") + rng.choice(["", "\\%", "%"]), rng.choice(["like", "ilike"])
    return call(name, (t.TEXT, text), (t.TEXT, pattern)), f"{sql(t.TEXT, text)} {name} {sql(t.TEXT, pattern)}"


def substrings(rng: random.Random) -> tuple[Expr, str]:
    text, start, length = a_text(rng), rng.randint(-4, 8), rng.randint(0, 8)
    expr = call("substring", (t.TEXT, text), (t.INT, start), (t.INT, length))
    return expr, f"substring({sql(t.TEXT, text)}, {start}, {length})"


def interval_texts(rng: random.Random) -> tuple[Expr, str]:
    value = an_interval(rng)
    return Cast(Literal(value, t.INTERVAL), t.TEXT), f"{sql(t.INTERVAL, value)}::text"


def interval_words(rng: random.Random) -> tuple[Expr, str]:
    units = rng.sample(["years", "mons", "weeks", "days", "hours", "mins", "secs", "ms"], rng.randint(1, 4))
    text = " ".join(f"{rng.choice(['', '-', '+'])}{rng.choice([1, 2, 1.5, 0.25, 17, 0.1])} {unit}" for unit in units)
    text += rng.choice(["", " ago"])
    return Cast(Literal(text, t.TEXT), t.INTERVAL), f"'{text}'::interval"


def instants(rng: random.Random) -> tuple[Expr, str]:
    at, span, op = an_instant(rng), an_interval(rng), rng.choice("+-")
    return call(op, (t.TIMESTAMP, at), (t.INTERVAL, span)), f"{sql(t.TIMESTAMP, at)} {op} {sql(t.INTERVAL, span)}"


def parts_of_instants(rng: random.Random) -> tuple[Expr, str]:
    at, unit = an_instant(rng), rng.choice(["week", "isoyear", "doy", "dow", "epoch", "julian", "second", "century", "quarter"])
    return call("date_part", (t.TEXT, unit), (t.TIMESTAMP, at)), f"extract({unit} from {sql(t.TIMESTAMP, at)})"


def zones(rng: random.Random) -> tuple[Expr, str]:
    at = dt.datetime(2026, rng.choice([3, 10, 11]), rng.randint(1, 31 if rng.random() < 0.5 else 8) % 30 + 1, tzinfo=dt.UTC)
    at += dt.timedelta(minutes=rng.randint(0, 1440))
    unit, zone = rng.choice(["hour", "day", "week", "month"]), rng.choice(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe"])
    expr = call("date_trunc", (t.TEXT, unit), (t.TIMESTAMP, at), (t.TEXT, zone))
    return expr, f"date_trunc('{unit}', {sql(t.TIMESTAMP, at)}, '{zone}')"


def json_comparisons(rng: random.Random) -> tuple[Expr, str]:
    a, b = JsonValue(a_json(rng)), JsonValue(a_json(rng))
    op = rng.choice(["=", "<", ">="])
    return call(op, (t.JSON, a), (t.JSON, b)), f"{sql(t.JSON, a)} {op} {sql(t.JSON, b)}"


def list_comparisons(rng: random.Random) -> tuple[Expr, str]:
    def a_list() -> Value:
        return tuple(rng.choice([None, 1, 2]) for _ in range(rng.randint(0, 3)))

    a, b = a_list(), a_list()
    op = rng.choice(["=", "<", ">="])
    return call(op, (t.List(t.INT), a), (t.List(t.INT), b)), f"{sql(t.List(t.INT), a)} {op} {sql(t.List(t.INT), b)}"


MAKERS: list[Callable[[random.Random], tuple[Expr, str]]] = [
    decimal_arithmetic, decimal_rounding, float_arithmetic, float_casts, float_from_text, patterns, substrings, interval_texts,
    interval_words, instants, parts_of_instants, zones, json_comparisons, list_comparisons,
]  # fmt: skip


@pytest.mark.parametrize("maker", MAKERS, ids=lambda maker: maker.__name__)
def test_random(oracle: Oracle, maker: Callable[[random.Random], tuple[Expr, str]]) -> None:
    rng = random.Random(maker.__name__)
    check(oracle, [maker(rng) for _ in range(COUNT)])


def json_texts() -> Iterator[str]:
    rng = random.Random(3)
    yield from ('{"b": 1, "aa": 2, "b": 3}', "1e5", "-0", "1.50", '"\\u00e9\\/"', " [1 , 2] ", "{}", "[]", "1E400", "0.000")
    yield from (json_text(a_json(rng)) for _ in range(COUNT))


def test_json_texts(oracle: Oracle) -> None:
    texts = list(json_texts())
    theirs = oracle.ask([f"{sql(t.TEXT, text)}::jsonb" for text in texts])
    assert [Answer(json_text(parse_json(text).value)) for text in texts] == theirs


def test_float4_texts(oracle: Oracle) -> None:
    rng = random.Random(4)
    values = [v for v in (struct.unpack("<f", rng.randbytes(4))[0] for _ in range(COUNT)) if math.isfinite(v)]
    values += [0.1, 1e10, 123456.0, 1234567.0, 0.0001, 0.00001, 16777216.0, -0.5]
    theirs = oracle.ask([f"{sql(t.FLOAT, float(v))}::float4" for v in values])
    assert [Answer(float4_text(v)) for v in values] == theirs
