"""The function and operator table: names, overloads, results, strictness, volatility and errors. One meaning each.

Names, argument order and results are PostgreSQL's. ``liq.front`` types calls with it, ``liq.reference`` executes it,
emitters spell it, the verifier encodes it. A line of ``_TABLE`` reads

    name(type, type…) -> result [?] [! error, error] [flags]

``?`` behind the result: may be null for arguments that are not. Types are those of the language without sizes; ``any``,
``anyelement`` (the same type at every place), ``list`` (a list of anyelement) and ``enum`` match by kind. Flags:
``lax`` (not strict:
sees nulls), ``stable`` (constant within one call of a plan), ``volatile``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from attrs import frozen

from liq.model.errors import ErrorKind
from liq.model.types import (
    BOOL,
    BYTES,
    DATE,
    DECIMAL,
    FLOAT,
    INT,
    INTERVAL,
    JSON,
    TEXT,
    TIME,
    TIMESTAMP,
    UUID,
    Decimal,
    Enum,
    Int,
    List,
    Null,
    Type,
    Vector,
    common_type,
    widened,
)


@frozen
class Overload:
    """One signature. ``parameters`` are type words; ``variadic``: the last may be repeated."""

    name: str
    parameters: tuple[str, ...]
    result: str
    nullable: bool = False
    errors: frozenset[ErrorKind] = frozenset()
    strict: bool = True
    volatility: str = "immutable"
    variadic: bool = False


_TABLE = """
+(int, int) -> int ! out_of_range
+(decimal, decimal) -> decimal ! out_of_range
+(float, float) -> float ! out_of_range
+(date, int) -> date ! out_of_range
+(date, interval) -> timestamp ! out_of_range
+(timestamp, interval) -> timestamp ! out_of_range
+(interval, timestamp) -> timestamp ! out_of_range
+(interval, interval) -> interval ! out_of_range
+(time, interval) -> time
-(int, int) -> int ! out_of_range
-(decimal, decimal) -> decimal ! out_of_range
-(float, float) -> float ! out_of_range
-(date, int) -> date ! out_of_range
-(date, date) -> int
-(date, interval) -> timestamp ! out_of_range
-(timestamp, interval) -> timestamp ! out_of_range
-(timestamp, timestamp) -> interval
-(interval, interval) -> interval ! out_of_range
-(time, time) -> interval
-(time, interval) -> time
*(int, int) -> int ! out_of_range
*(decimal, decimal) -> decimal ! out_of_range
*(float, float) -> float ! out_of_range
*(interval, int) -> interval ! out_of_range
*(int, interval) -> interval ! out_of_range
/(int, int) -> int ! division_by_zero, out_of_range
/(decimal, decimal) -> decimal ! division_by_zero, out_of_range
/(float, float) -> float ! division_by_zero, out_of_range
%(int, int) -> int ! division_by_zero
%(decimal, decimal) -> decimal ! division_by_zero
neg(int) -> int ! out_of_range
neg(decimal) -> decimal
neg(float) -> float
neg(interval) -> interval ! out_of_range
=(anyelement, anyelement) -> bool
<>(anyelement, anyelement) -> bool
<(anyelement, anyelement) -> bool
<=(anyelement, anyelement) -> bool
>(anyelement, anyelement) -> bool
>=(anyelement, anyelement) -> bool
is_distinct(anyelement, anyelement) -> bool lax
||(text, text) -> text
||(list, list) -> list lax
in_list(anyelement, list) -> bool ? lax
like(text, text) -> bool
ilike(text, text) -> bool
starts_with(text, text) -> bool
ends_with(text, text) -> bool
contains(text, text) -> bool
matches(text, text) -> bool
score(text, text) -> float
abs(int) -> int ! out_of_range
abs(decimal) -> decimal
abs(float) -> float
sign(int) -> int
sign(decimal) -> decimal
sign(float) -> float
round(decimal) -> decimal
round(decimal, int) -> decimal ! out_of_range
round(float) -> float
floor(decimal) -> decimal
floor(float) -> float
ceil(decimal) -> decimal
ceil(float) -> float
trunc(decimal) -> decimal
trunc(decimal, int) -> decimal ! out_of_range
trunc(float) -> float
mod(int, int) -> int ! division_by_zero
mod(decimal, decimal) -> decimal ! division_by_zero
div(int, int) -> int ! division_by_zero, out_of_range
sqrt(float) -> float ! invalid_argument
power(float, float) -> float ! out_of_range, invalid_argument
exp(float) -> float ! out_of_range
ln(float) -> float ! invalid_argument
greatest(anyelement, anyelement...) -> anyelement lax
least(anyelement, anyelement...) -> anyelement lax
nullif(anyelement, anyelement) -> anyelement ? lax
length(text) -> int
length(bytes) -> int
lower(text) -> text
upper(text) -> text
trim(text) -> text
ltrim(text) -> text
rtrim(text) -> text
substring(text, int) -> text
substring(text, int, int) -> text ! invalid_argument
left(text, int) -> text
right(text, int) -> text
replace(text, text, text) -> text
position(text, text) -> int
split_part(text, text, int) -> text ! invalid_argument
repeat(text, int) -> text ! out_of_range
reverse(text) -> text
lpad(text, int, text) -> text ! out_of_range
rpad(text, int, text) -> text ! out_of_range
concat(text, text...) -> text lax
md5(text) -> text
mask(text, int, int) -> text
hash(text) -> text stable
encode_hex(bytes) -> text
decode_hex(text) -> bytes ! invalid_argument
now() -> timestamp stable
today() -> date stable
gen_random_uuid() -> uuid volatile
date_trunc(text, timestamp) -> timestamp ! invalid_argument, out_of_range
date_trunc(text, timestamp, text) -> timestamp ! invalid_argument, out_of_range
date_part(text, timestamp) -> decimal ! invalid_argument
date_part(text, date) -> decimal ! invalid_argument
date_part(text, time) -> decimal ! invalid_argument
date_part(text, interval) -> decimal ! invalid_argument
months_between(timestamp, timestamp) -> int
make_interval_days(int) -> interval ! out_of_range
cardinality(list) -> int
element(list, int) -> anyelement ?
array_position(list, anyelement) -> int ? lax
array_append(list, anyelement) -> list lax
has_any(list, list) -> bool
has_all(list, list) -> bool
array_to_string(list, text) -> text
string_to_array(text, text) -> list_text ? lax
json_typeof(json) -> text
json_array_length(json) -> int ! invalid_argument
distance(vector, vector) -> float ! invalid_argument
distance(vector, vector, text) -> float ! invalid_argument
"""

_AGGREGATES = """
count() -> int
count(any) -> int
sum(int) -> decimal ? ! out_of_range
sum(decimal) -> decimal ? ! out_of_range
sum(float) -> float ? ! out_of_range
sum(interval) -> interval ? ! out_of_range
avg(int) -> decimal ? ! out_of_range
avg(decimal) -> decimal ? ! out_of_range
avg(float) -> float ? ! out_of_range
min(anyelement) -> anyelement ?
max(anyelement) -> anyelement ?
bool_and(bool) -> bool ?
bool_or(bool) -> bool ?
string_agg(text, text) -> text ?
array_agg(anyelement) -> list ?
percentile(float, float) -> float ? ! out_of_range
stddev(float) -> float ? ! out_of_range
variance(float) -> float ? ! out_of_range
"""

_WINDOWS = """
row_number() -> int
rank() -> int
dense_rank() -> int
percent_rank() -> float
cume_dist() -> float
ntile(int) -> int ! invalid_argument
lag(anyelement) -> anyelement ?
lag(anyelement, int) -> anyelement ?
lag(anyelement, int, anyelement) -> anyelement ?
lead(anyelement) -> anyelement ?
lead(anyelement, int) -> anyelement ?
lead(anyelement, int, anyelement) -> anyelement ?
first_value(anyelement) -> anyelement ?
last_value(anyelement) -> anyelement ?
nth_value(anyelement, int) -> anyelement ? ! invalid_argument
"""

_LINE = re.compile(
    r"(?P<name>\S+?)\((?P<args>[^)]*)\) -> (?P<result>\w+)(?P<null> \?)?"
    r"(?: ! (?P<errors>[a-z_]+(?:, [a-z_]+)*))?(?P<flags>(?: lax| stable| volatile)*)"
)


def _parse(table: str) -> dict[str, tuple[Overload, ...]]:
    result: dict[str, tuple[Overload, ...]] = {}
    for line in table.strip().splitlines():
        found = _LINE.fullmatch(line)
        assert found, line
        words = tuple(w.strip() for w in found["args"].split(",")) if found["args"] else ()
        flags = (found["flags"] or "").split()
        overload = Overload(
            name=found["name"],
            parameters=tuple(w.removesuffix("...") for w in words),
            result=found["result"],
            nullable=found["null"] is not None,
            errors=frozenset(ErrorKind(e) for e in (found["errors"] or "").split(", ") if e),
            strict="lax" not in flags,
            volatility=next((f for f in flags if f in ("stable", "volatile")), "immutable"),
            variadic=bool(words) and words[-1].endswith("..."),
        )
        result[overload.name] = (*result.get(overload.name, ()), overload)
    return result


FUNCTIONS = _parse(_TABLE)
AGGREGATES = _parse(_AGGREGATES)
WINDOWS = _parse(_WINDOWS)
OPERATORS = frozenset("+ - * / % neg = <> < <= > >= is_distinct || in_list like ilike matches element".split())
"""Names that source text cannot call as functions."""

TYPE_WORDS: dict[str, Type] = {
    "bool": BOOL, "int": INT, "decimal": DECIMAL, "float": FLOAT, "text": TEXT, "bytes": BYTES, "uuid": UUID,
    "date": DATE, "time": TIME, "timestamp": TIMESTAMP, "interval": INTERVAL, "json": JSON, "list_text": List(TEXT),
}


@frozen
class Resolved:
    """An overload chosen for argument types: what each argument is converted to, and the result."""

    overload: Overload
    arguments: tuple[Type, ...]
    result: Type


def resolve(table: dict[str, tuple[Overload, ...]], name: str, types: Sequence[Type]) -> Resolved | None:
    """The overload that fits with the fewest conversions, the first of several; None when none fits."""
    best: tuple[int, Resolved] | None = None
    for overload in table.get(name, ()):
        fitted = _fit(overload, types)
        if fitted is not None and (best is None or fitted[0] < best[0]):
            best = fitted
    return best[1] if best else None


def _fit(overload: Overload, types: Sequence[Type]) -> tuple[int, Resolved] | None:
    words = overload.parameters
    if overload.variadic and len(types) >= len(words):
        words = words + words[-1:] * (len(types) - len(words))
    if len(words) != len(types):
        return None
    element = _common_element(words, types)
    if element is False:
        return None
    cost, arguments = 0, []
    for word, type_ in zip(words, types, strict=True):
        wanted = _wanted(word, type_, element)
        step = None if wanted is None else conversion_cost(type_, wanted)
        if wanted is None or step is None:
            return None
        cost += step
        arguments.append(wanted)
    return cost, Resolved(overload, tuple(arguments), _result(overload.result, element))


def _common_element(words: Sequence[str], types: Sequence[Type]) -> Type | None | bool:
    element: Type | None = None
    for word, type_ in zip(words, types, strict=True):
        if word == "anyelement":
            part: Type = widened(type_)
        elif word == "list" and isinstance(type_, List):
            part = widened(type_.element)
        else:
            continue
        met = part if element is None else common_type(element, part)
        if met is None:
            return False
        element = met
    return element


def _wanted(word: str, type_: Type, element: Type | None | bool) -> Type | None:
    match word:
        case "any":
            return type_
        case "anyelement":
            return element if not isinstance(element, bool) else None
        case "list":
            known = isinstance(type_, List | Null) and element and not isinstance(element, bool)
            return List(element) if known and element and not isinstance(element, bool) else None
        case "vector":
            return type_ if isinstance(type_, Vector) else None
        case _:
            return TYPE_WORDS[word]


def _result(word: str, element: Type | None | bool) -> Type:
    if word in ("anyelement", "list"):
        assert element is not None and not isinstance(element, bool)
        return List(element) if word == "list" else element
    return TYPE_WORDS[word]


def conversion_cost(actual: Type, wanted: Type) -> int | None:
    """How far an implicit conversion goes: 0 none, None impossible. Widening only: nothing is lost, nothing can
    fail."""
    if actual == wanted:
        return 0
    match actual, wanted:
        case Null(), _:
            return 1
        case (Int(), Int(64)) | (Decimal(), Decimal(None)):
            return 0
        case Enum(), _ if wanted == TEXT:
            return 1
        case _:
            return 1 if common_type(actual, wanted) == wanted else None
