"""Laws of values: logic, order, casts there and back."""

from __future__ import annotations

import datetime as dt
import itertools
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liq.model import types as t
from liq.model.errors import LiqError
from liq.model.types import Type
from liq.model.values import IntervalValue, JsonValue, Value
from liq.reference import arithmetic, search, text
from liq.reference.casts import cast, cast_kinds, from_text, text_of
from liq.reference.compare import compare, compare_rows, json_key, nullable_key, order_key
from liq.reference.expressions import conjunction, disjunction, negation
from liq.reference.inputs import typed
from liq.reference.jsonvalues import json_text, parse_json
from tests.reference.values import COLOR, POOLS

TRUTHS = (True, False, None)
RANK = {False: 0, None: 1, True: 2}

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"))
INSTANTS = st.datetimes(timezones=st.just(dt.UTC))
INTERVALS = st.builds(
    IntervalValue, st.integers(-(2**31), 2**31 - 1), st.integers(-(2**31), 2**31 - 1), st.integers(-(2**63), 2**63 - 1)
)
DECIMALS = st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**20), max_value=10**20)
PLAIN = st.recursive(
    st.none() | st.booleans() | DECIMALS | TEXT,
    lambda inner: st.lists(inner, max_size=4).map(tuple) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)
JSON = st.builds(JsonValue, PLAIN)
VALUES: dict[Type, st.SearchStrategy[Value]] = {
    t.BOOL: st.booleans(),
    t.INT: st.integers(-(2**63), 2**63 - 1),
    t.DECIMAL: DECIMALS,
    t.FLOAT: st.floats(),
    t.TEXT: TEXT,
    t.BYTES: st.binary(),
    t.UUID: st.uuids(),
    t.DATE: st.dates(),
    t.TIME: st.times(),
    t.TIMESTAMP: INSTANTS,
    t.INTERVAL: INTERVALS,
    COLOR: st.sampled_from(COLOR.labels),
}
TYPED = st.one_of([st.tuples(st.just(type_), strategy) for type_, strategy in VALUES.items()])


@pytest.mark.parametrize("a, b, c", list(itertools.product(TRUTHS, repeat=3)))
def test_kleene(a: bool | None, b: bool | None, c: bool | None) -> None:
    assert conjunction([a, b, c]) is min(a, b, c, key=RANK.__getitem__)
    assert disjunction([a, b, c]) is max(a, b, c, key=RANK.__getitem__)
    assert negation(conjunction([a, b])) is disjunction([negation(a), negation(b)])
    assert negation(negation(a)) is a


@pytest.mark.parametrize("type_", [*POOLS, t.List(t.FLOAT), t.Record((t.RecordField("x", t.INT, True),))], ids=str)
def test_orders_are_total(type_: Type) -> None:
    values = [v for v in POOLS.get(type_, []) if v is not None]
    for a, b in itertools.product(values, repeat=2):
        facts = [compare(op, type_, a, b) for op in ("<", "=", ">")]
        assert facts.count(True) == 1
        assert [compare(op, type_, b, a) for op in (">", "=", "<")] == facts
        assert compare("<=", type_, a, b) == (facts[0] or facts[1])
        assert compare("<>", type_, a, b) is not facts[1]
        assert (hash(order_key(type_, a)) == hash(order_key(type_, b))) or not facts[1]
    for a, b, c in itertools.product(values[:12], repeat=3):
        assert not (compare("<", type_, a, b) and compare("<", type_, b, c)) or compare("<", type_, a, c)
    assert all(compare(op, type_, a, None) is None for op in ("=", "<>", "<", "<=", ">", ">=") for a in values)


@given(JSON, JSON, JSON)
def test_json_order_is_total(a: JsonValue, b: JsonValue, c: JsonValue) -> None:
    keys = [json_key(v.value) for v in (a, b, c)]
    low, middle, high = sorted(keys)
    assert low <= middle <= high
    assert low <= high
    assert (keys[0] == keys[1]) == (json_text(a.value) == json_text(b.value)) or keys[0] == keys[1]


@given(st.lists(st.tuples(st.sampled_from([1, 2, None]), st.sampled_from([1, 2, None])), min_size=1, max_size=3))
def test_rows_compare_from_left_to_right(pairs: list[tuple[int | None, int | None]]) -> None:
    left, right = [a for a, _ in pairs], [b for _, b in pairs]
    types = [t.INT] * len(pairs)
    equal = conjunction([compare("=", t.INT, a, b) for a, b in pairs])
    assert compare_rows("=", types, left, right) is equal
    assert compare_rows("<>", types, left, right) is negation(equal)
    less = compare_rows("<", types, left, right)
    assert compare_rows(">=", types, left, right) is negation(less)
    decided = next((i for i, (a, b) in enumerate(pairs) if a is None or b is None or a != b), None)
    expected = False if decided is None else compare("<", t.INT, *pairs[decided])
    assert less is expected


@given(TYPED)
def test_text_reads_back(pair: tuple[Type, Value]) -> None:
    type_, value = pair
    assert nullable_key(type_, from_text(text_of(type_, value), type_)) == nullable_key(type_, value)


@given(TYPED)
def test_json_scalars_unwrap(pair: tuple[Type, Value]) -> None:
    type_, value = pair
    wrapped = cast(value, type_, t.JSON)
    assert nullable_key(type_, cast(wrapped, t.JSON, type_)) == nullable_key(type_, value)


@given(JSON)
def test_json_text_reads_back(value: JsonValue) -> None:
    again = parse_json(json_text(value.value))
    assert json_key(again.value) == json_key(value.value)
    assert json_text(again.value) == json_text(value.value)


def refusal(source: Type, value: Value, target: Type) -> LiqError | None:
    try:
        cast(value, source, target)
    except LiqError as error:
        return error
    return None


@given(TEXT, st.sampled_from([*VALUES, t.INT16, t.INT32, t.Decimal(5, 2)]))
def test_casts_raise_nothing_else(word: str, type_: Type) -> None:
    for source, value in ((t.TEXT, word), (t.JSON, JsonValue(word))):
        error = refusal(source, value, type_)
        if error is not None:
            assert error.kind in cast_kinds(source, type_)
            assert len(word) < 4 or word not in error.message


@given(TYPED, st.sampled_from(list(VALUES)))
def test_inputs_are_typed_or_refused(pair: tuple[Type, Value], type_: Type) -> None:
    try:
        value = typed(pair[1], type_)
    except LiqError:
        assert pair[0] != type_
        return
    assert nullable_key(type_, value) is not None


@given(DECIMALS, DECIMALS)
def test_decimals_divide_with_remainder(a: Decimal, b: Decimal) -> None:
    if b:
        remainder = arithmetic.decimal_modulo(a, b)
        whole = arithmetic.EXACT.divide_int(a, b)
        assert arithmetic.EXACT.add(arithmetic.EXACT.multiply(whole, b), remainder) == a
        assert remainder.copy_abs() < b.copy_abs()
        assert not remainder or (remainder < 0) == (a < 0)


@given(st.text("ab%_\\", max_size=8), st.text("ab%_", max_size=6))
def test_like_finds_what_it_escapes(word: str, other: str) -> None:
    literal = "".join("\\" + c for c in word)
    assert text.like(word, literal)
    assert text.like(other + word + other, f"%{literal}%")
    assert text.like(other, literal) == (other == word)


@given(TEXT, st.integers(0, 4), st.integers(0, 4))
def test_masks_hide(word: str, first: int, last: int) -> None:
    masked = text.mask(word, first, last)
    assert len(masked) == len(word)
    if len(word) <= first + last:
        assert set(masked) <= {"*"}
    else:
        assert masked.startswith(word[:first])
        assert masked.endswith(word[len(word) - last :])
        assert set(masked[first : len(word) - last]) == {"*"}


def test_keyed_hash_is_hmac_sha256() -> None:
    """Test case 2 of RFC 4231."""
    expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    assert text.keyed_hash("what do ya want for nothing?", b"Jefe") == expected


def test_words_match_and_score() -> None:
    body = "The quick-brown fox; the FOX2 (fox)"
    assert search.tokens(body) == ["the", "quick", "brown", "fox", "the", "fox2", "fox"]
    assert search.matches(body, "Fox quick")
    assert not search.matches(body, "fox wolf")
    assert not search.matches(body, " -- ")
    assert search.score(body, "wolf") == 0
    assert search.score(body, "fox the fox") > search.score(body, "quick") > 0


def test_distances() -> None:
    assert search.distance((1.0, 0.0), (0.0, 1.0)) == 1
    assert search.distance((1.0, 0.0), (2.0, 0.0)) == 0
    assert search.distance((0.0, 3.0), (4.0, 0.0), "l2") == 5
    with pytest.raises(LiqError):
        search.distance((1.0,), (1.0, 2.0))
