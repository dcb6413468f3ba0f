"""Every function, operator and cast on boundary values, compared with PostgreSQL."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable, Iterator

import pytest

from liq.model import types as t
from liq.model.errors import ErrorKind
from liq.model.expr import Cast, Expr, Literal
from liq.model.functions import FUNCTIONS, Overload
from liq.model.types import Type
from liq.model.values import JsonValue, Value
from liq.reference.functions import implemented
from liq.reference.jsonvalues import json_text
from tests.pg.server import Server
from tests.reference.forms import FORMS, OURS
from tests.reference.machines import answer, call
from tests.reference.oracle import Answer, Oracle
from tests.reference.values import COLOR, INTS, POOLS, SMALL_INTS, TEXTS, sql, sql_type

OVERLOADS = {f"{o.name}({', '.join(o.parameters)})": o for overloads in FUNCTIONS.values() for o in overloads}
WORDS: dict[str, Type] = {
    "bool": t.BOOL, "int": t.INT, "decimal": t.DECIMAL, "float": t.FLOAT, "text": t.TEXT, "bytes": t.BYTES, "uuid": t.UUID,
    "date": t.DATE, "time": t.TIME, "timestamp": t.TIMESTAMP, "interval": t.INTERVAL, "json": t.JSON,
}  # fmt: skip
SCALARS = [*WORDS.values(), COLOR, INTS, TEXTS]
INT4 = {
    "+(date, int)", "-(date, int)", "round(decimal, int)", "trunc(decimal, int)", "substring(text, int)",
    "substring(text, int, int)", "left(text, int)", "right(text, int)", "split_part(text, text, int)", "repeat(text, int)",
    "lpad(text, int, text)", "rpad(text, int, text)", "make_interval_days(int)", "element(list, int)",
}  # fmt: skip
"""PostgreSQL takes the int as an int4."""
INEXACT = {"power", "exp", "ln"}
"""The last bit is the C library's."""
UNITS: list[Value] = [
    "microseconds", "milliseconds", "second", "minute", "hour", "day", "week", "month", "quarter", "year", "decade", "century",
    "millennium", "epoch", "dow", "isodow", "doy", "isoyear", "julian", "timezone", "MONTH", "mons", "hrs", "nonsense", None,
]  # fmt: skip
ZONES: list[Value] = ["UTC", "Europe/Berlin", "America/New_York", "asia/kolkata", "Nowhere/City", None]
PATTERNS: list[Value] = ["", "%", "_", "a%", "%c", "a_c", "\\%", "a\\_b\\%", "%X%", "日_語", "ABC", "h%D", "%%", "_%_", None]


@pytest.fixture(scope="module")
def oracle(pg: Server) -> Oracle:
    return Oracle.on(pg.fresh_database())


def pools(signature: str, overload: Overload, element: Type) -> list[list[tuple[Type, Value]]]:
    """The values to try for each argument."""
    result = []
    for place, word in enumerate(overload.parameters):
        type_ = element if word == "anyelement" else t.List(element) if word == "list" else WORDS[word]
        values = POOLS[type_]
        if word == "int" and signature in INT4:
            values = SMALL_INTS
        elif overload.name in ("date_trunc", "date_part") and word == "text":
            values = ZONES if place == 2 else UNITS
        elif overload.name in ("like", "ilike") and place == 1:
            values = PATTERNS
        result.append([(type_, value) for value in values])
    return result


def elements(overload: Overload) -> list[Type]:
    """The element types that a generic overload is tried with."""
    if "list" in overload.parameters:
        return [t.INT, t.TEXT]
    return SCALARS if "anyelement" in overload.parameters else [t.INT]


def cases(signature: str) -> Iterator[tuple[Expr, str]]:
    """Calls, and the same in SQL."""
    overload = OVERLOADS[signature]
    for element in elements(overload):
        for args in itertools.product(*pools(signature, overload, element)):
            yield call(overload.name, *args), FORMS[signature].format(*(sql(*arg) for arg in args))


Allowed = Callable[[Answer, Answer], bool]


def beyond(ours: Answer, theirs: Answer) -> bool:
    """Whether PostgreSQL's value is none of liq's: no number, more than 38 digits, a year before 1 or after 9999."""
    if ours.error is not ErrorKind.OUT_OF_RANGE or theirs.text is None:
        return False
    if theirs.text in ("NaN", "Infinity", "-Infinity"):
        return True
    if re.fullmatch(r"-?[0-9.]+", theirs.text):
        whole, _, fraction = theirs.text.strip("-").partition(".")
        return len(whole.lstrip("0") + fraction) > 38
    return bool(re.fullmatch(r"[0-9]{5,6}-.*|.* BC|-?infinity", theirs.text))


def close(ours: Answer, theirs: Answer) -> bool:
    """Whether two floats differ in the last places only."""
    return bool(ours.text and theirs.text) and math.isclose(float(ours.text or 0), float(theirs.text or 0), rel_tol=1e-14)


def check(oracle: Oracle, pairs: list[tuple[Expr, str]], allowed: Allowed = beyond) -> None:
    """Every expression has PostgreSQL's value or its kind of error, but for what is allowed to differ."""
    assert pairs
    differences = []
    for (expr, text), theirs in zip(pairs, oracle.ask([text for _, text in pairs]), strict=True):
        ours = answer(expr)
        if ours != theirs and not allowed(ours, theirs):
            differences.append(f"{text}\n    liq {ours}\n    pg  {theirs}")
    assert not differences, f"{len(differences)} of {len(pairs)}:\n" + "\n".join(differences[:40])


def test_every_function_is_implemented() -> None:
    assert implemented() == set(OVERLOADS)


def test_every_function_is_compared() -> None:
    assert set(FORMS) | OURS == set(OVERLOADS)
    assert not set(FORMS) & OURS


@pytest.mark.parametrize("signature", sorted(FORMS))
def test_function(oracle: Oracle, signature: str) -> None:
    def allowed(ours: Answer, theirs: Answer) -> bool:
        return beyond(ours, theirs) or (OVERLOADS[signature].name in INEXACT and close(ours, theirs))

    pairs = [(e, s) for e, s in cases(signature) if oracle.version >= 18 or not newer(signature, s)]
    check(oracle, [(e, s) for e, s in pairs if not at_the_end_of_time(signature, s)], allowed)


def newer(signature: str, text: str) -> bool:
    """What PostgreSQL computes since version 18 only."""
    return signature == "date_part(text, interval)" and ("'week'" in text or "'quarter'" in text)


def at_the_end_of_time(signature: str, text: str) -> bool:
    """The first and last day of all, as other zones see them, have no date in liq."""
    return signature == "date_trunc(text, timestamp, text)" and ("'0001-01-01" in text or "'9999-12-31" in text)


# ------------------------------------------------------------------------------------------------- casts
NUMBERS = [t.INT, t.INT32, t.INT16, t.DECIMAL, t.Decimal(5, 2), t.Decimal(3, 3), t.FLOAT]
PLAIN_CASTS = [
    *((a, b) for a in (t.INT, t.DECIMAL, t.FLOAT) for b in NUMBERS),
    *((a, t.TEXT) for a in POOLS),
    (t.DATE, t.TIMESTAMP), (t.TIMESTAMP, t.DATE), (t.TIMESTAMP, t.TIME), (t.BOOL, t.INT), (t.INT, t.BOOL),
    (INTS, TEXTS), (INTS, t.List(t.DECIMAL)), (INTS, t.List(t.FLOAT)), (t.List(t.DECIMAL), t.List(t.INT32)),
]  # fmt: skip


def cast_form(source: Type, target: Type, value: str) -> str:
    """A cast in SQL."""
    match source, target:
        case _, t.Json():
            return f"to_jsonb({value})"
        case t.Json(), _:
            return f"({value} #>> '{{}}')::{sql_type(target)}"
        case t.Bool(), t.Int():
            return f"({value})::int4::{sql_type(target)}"
        case t.Int(), t.Bool():
            return f"({value} <> 0)"
        case _:
            return f"({value})::{sql_type(target)}"


def cast_cases(source: Type, target: Type, values: list[Value]) -> list[tuple[Expr, str]]:
    return [(Cast(Literal(v, source), target), cast_form(source, target, sql(source, v))) for v in values]


def cast_id(pair: object) -> str:
    return str(pair)


@pytest.mark.parametrize("source, target", PLAIN_CASTS, ids=cast_id)
def test_cast(oracle: Oracle, source: Type, target: Type) -> None:
    values = POOLS.get(source) or [(1, 2), (2**31 - 1, None), (2**40,)]
    check(oracle, cast_cases(source, target, values))


@pytest.mark.parametrize("source", [s for s in SCALARS if s != t.JSON], ids=cast_id)
def test_cast_to_json(oracle: Oracle, source: Type) -> None:
    check(oracle, cast_cases(source, t.JSON, [v for v in POOLS[source] if v is not None]))


TEXT_INPUTS: dict[Type, list[str]] = {
    t.BOOL: ["t", "tr", "true", "TRUE", " yes ", "y", "on", "o", "of", "off", "n", "no", "0", "1", "2", "", "truee", "fals"],
    t.INT: ["0", "-0", "+5", " 12\t", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "1.0", "1e3", "",
            " ", "- 1", "--1", "abc", "00012", "9" * 100, "１"],
    t.INT16: ["32767", "32768", "-32768", "-32769"],
    t.INT32: ["2147483647", "2147483648"],
    t.DECIMAL: ["0", "-0.00", ".5", "5.", "1e5", "1.50e1", "1.5e-3", "1E+2", " 1.5 ", "1e", "e5", ".", "", "1.2.3", "abc",
                "9" * 38, "9" * 39, "1e38", "1e-38", "1e-39", "1e999999", "1e-999999", "0e-50", "0e50", "--1", "1 2"],
    t.Decimal(5, 2): ["999.99", "999.994", "999.995", "-999.995", "1000", "0.005", "-0.005", "1e2"],
    t.FLOAT: ["0", "-0", "1", "1.5e300", "1e308", "1.8e308", "1e-320", "1e-400", "0e-400", "inf", "-Infinity", "+inf", "NaN",
              "nan", " 2.5 ", ".5", "5.", "", "x", "1e", "1e5000", "infinit", "- 1", "123456789012345678901234567890"],
    t.UUID: ["12345678-1234-5678-9abc-def012345678", "12345678123456789ABCDEF012345678", "{12345678-1234-5678-9abc-def012345678}",
             "1234-5678-1234-5678-9abc-def0-1234-5678", "12345678-1234-5678-9abc-def01234567", "", "{12345678123456789abcdef012345678",
             "12345678--1234-5678-9abc-def012345678", " 12345678-1234-5678-9abc-def012345678", "g2345678-1234-5678-9abc-def012345678"],
    t.BYTES: ["\\x", "\\xDEad", "\\x0", "\\xzz", "\\x de ad", "abc", "a\\\\b", "\\001", "\\377", "\\400", "\\1", "a\\", "é", ""],
    t.DATE: ["2026-11-20", " 2026-11-20 ", "2024-2-9", "2026-02-29", "2024-02-29", "2026-13-01", "2026-00-10", "0001-01-01",
             "9999-12-31", "0000-01-01", "2026-11", "x", "", "2026-1-32"],
    t.TIME: ["10:00", "10:00:00", "1:2", "23:59:59.999999", "23:59:59.1234567", "24:00:01", "25:00", "10:60", "10:00:61", "10",
             "", "x", " 10:00 ", "10:00:00."],
    t.TIMESTAMP: ["2026-11-20", "2026-11-20 10:00", "2026-11-20T10:00:00Z", "2026-11-20 10:00:00.1234565+02", "2026-11-20T10:00:00z",
                  "2026-11-20 10:00:00-05:30", "2026-11-20 10:00:00+0530", "2026-11-20 24:00:00", "2026-11-20 24:00:01",
                  "2026-11-20 10:00:60", "2026-11-20 10:00:00 +02", "2026-11-20 10:00:00+16", "2026-11-20 10:00:00+01:02:03",
                  "2026-02-30 10:00", "0001-01-01 00:00+01", "9999-12-31 23:59:59.9999999", "", "x", "2026-11-20x"],
    t.INTERVAL: ["1 day", "7 days", "1 year 2 mons 3 days 04:05:06.7", "-1 days", "1 day ago", "-1 day 02:00 ago", "1.5 days",
                 "1.5 months", "1.5 years", "1.5 weeks", "0.1 months", "-1.5 months", "5", "1:30", "-1:30:15.5", "+01:00", "90:00:00",
                 "1 h", "2 hrs 3 min", "100 ms", "3 us", "1 decade", "1 century", "1 millennium", "P1Y2M3DT4H5M6S", "PT1.5H",
                 "P1W", "P-1D", "P1.5Y", "PT", "P", "", "x", "1 foo", "1 day 2 days", "1 day 1 day", "1", "1 2", "@ 1 day",
                 "1:60", "0 sec", "2147483647 months", "2147483648 months", "1 day 25:00", "ago", "1 mon -1 day", "12:34.5",
                 "1day", "1 day2h", "1.2.3 days", ".5 day", "1. day", "1.25 year", "1y 2mon", "1 week 3 days"],
    COLOR: ["red", "Red", " red", "", "purple"],
}  # fmt: skip


def either_kind(ours: Answer, theirs: Answer) -> bool:
    """PostgreSQL's kinds for a text that holds no value differ by type; every one of them may be raised."""
    return beyond(ours, theirs) or (ours.error is ErrorKind.INVALID_VALUE and theirs.error is not None)


@pytest.mark.parametrize("target", TEXT_INPUTS, ids=cast_id)
def test_cast_from_text(oracle: Oracle, target: Type) -> None:
    check(oracle, cast_cases(t.TEXT, target, list(TEXT_INPUTS[target])), either_kind)


@pytest.mark.parametrize("target", TEXT_INPUTS, ids=cast_id)
def test_safe_casts_give_null_where_plain_ones_raise(target: Type) -> None:
    for text in TEXT_INPUTS[target]:
        plain, safe = (answer(Cast(Literal(text, t.TEXT), target, safe)) for safe in (False, True))
        assert safe == (Answer() if plain.error else plain)


JSON_TARGETS = [
    t.TEXT, t.INT, t.DECIMAL, t.FLOAT, t.BOOL, t.UUID, t.DATE, t.TIME, t.TIMESTAMP, t.INTERVAL, t.BYTES, COLOR, t.Decimal(5, 2),
]  # fmt: skip


@pytest.mark.parametrize("target", JSON_TARGETS, ids=cast_id)
def test_cast_from_json(oracle: Oracle, target: Type) -> None:
    """Objects and arrays are INVALID_VALUE (but as text), even for types that would read some text of theirs."""
    texts = [JsonValue(text) for text in TEXT_INPUTS.get(target, [])]
    values = [v for v in [*POOLS[t.JSON], *texts] if not (isinstance(v, JsonValue) and isinstance(v.value, tuple | dict))]
    check(oracle, cast_cases(t.JSON, target, values), either_kind)
    for value in POOLS[t.JSON]:
        if isinstance(value, JsonValue) and isinstance(value.value, tuple | dict):
            expected = Answer(json_text(value.value)) if target == t.TEXT else Answer(error=ErrorKind.INVALID_VALUE)
            assert answer(Cast(Literal(value, t.JSON), target)) == expected
