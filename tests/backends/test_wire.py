"""Values keep their identity on the way to a server and back."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liq.backends.wire import decode, elements, encode
from liq.model import types as t
from liq.model.cursor_token import read_token, write_token
from liq.model.errors import ErrorKind, LiqError
from liq.model.types import RecordField, Type
from liq.model.values import JsonValue, RecordValue, Value
from liq.reference.jsonvalues import json_text
from tests.reference.values import POOLS

RECORD = t.Record(tuple(RecordField(f"c{i}", type_, True) for i, type_ in enumerate(POOLS)))


def same(a: Value, b: Value) -> bool:
    if isinstance(a, float) and isinstance(b, float):
        return (math.isnan(a) and math.isnan(b)) or (a == b and math.copysign(1, a) == math.copysign(1, b))
    if isinstance(a, tuple) and isinstance(b, tuple):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, RecordValue) and isinstance(b, RecordValue):
        return a.labels == b.labels and same(a.values, b.values)
    if isinstance(a, JsonValue) and isinstance(b, JsonValue):
        return json_text(a.value) == json_text(b.value)
    return type(a) is type(b) and repr(a) == repr(b)


@pytest.mark.parametrize("type_", POOLS, ids=str)
def test_every_value_comes_back(type_: Type) -> None:
    for value in POOLS[type_]:
        assert same(decode(encode(value, type_), type_), value)
        listed = (value, None, value)
        if not isinstance(type_, t.List):
            assert same(decode(encode(listed, t.List(type_)), t.List(type_)), listed)


def test_records_nest() -> None:
    record = RecordValue(tuple(f.name for f in RECORD.fields), tuple(pool[0] for pool in POOLS.values()))
    empty = RecordValue(record.labels, tuple(None for _ in record.values))
    nested = t.List(t.Record((RecordField("inner", RECORD, True), RecordField("many", t.List(RECORD), False))))
    value = (RecordValue(("inner", "many"), (record, (empty, record))), RecordValue(("inner", "many"), (None, ())))
    assert same(decode(encode(value, nested), nested), value)


@given(st.lists(st.one_of(st.none(), st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))))
def test_lists_of_any_texts(items: list[str | None]) -> None:
    assert elements(encode(tuple(items), t.List(t.TEXT)) or "") == items


@given(st.tuples(st.integers(-(2**63), 2**63 - 1), st.one_of(st.none(), st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))))
def test_tokens(keys: tuple[Value, ...]) -> None:
    type_ = t.Cursor((t.INT, t.TEXT))
    token = write_token(keys, "plan", b"secret")
    assert read_token(token, type_, "plan", b"secret") == keys
    for plan, secret, kind in (("other", b"secret", type_), ("plan", b"other", type_), ("plan", b"secret", t.Cursor((t.INT,)))):
        with pytest.raises(LiqError) as caught:
            read_token(token, kind, plan, secret)
        assert caught.value.kind is ErrorKind.PARAMETER


@given(st.one_of(st.text(), st.binary(), st.none(), st.integers()))
def test_other_tokens_are_refused(token: object) -> None:
    with pytest.raises(LiqError):
        read_token(token, t.Cursor((t.INT,)), "plan", b"secret")


@pytest.mark.parametrize("text", ["a\0b", "\ud800"])
def test_texts_that_no_server_keeps_are_refused(text: str) -> None:
    for value, type_ in ((text, t.TEXT), ((text,), t.List(t.TEXT))):
        with pytest.raises(LiqError):
            encode(value, type_)


@pytest.mark.parametrize("text, type_", [
    ("infinity", t.TIMESTAMP), ("0044-03-15 BC", t.DATE), ("10000-01-01", t.DATE), ("NaN", t.DECIMAL), ("1" * 39, t.DECIMAL), ("24:00:00", t.TIME),
])  # fmt: skip
def test_what_liq_has_no_value_for_is_out_of_range(text: str, type_: Type) -> None:
    with pytest.raises(LiqError) as caught:
        decode(text, type_)
    assert caught.value.kind is ErrorKind.OUT_OF_RANGE


def test_each_dialect_has_its_executor() -> None:
    from liq.backends import EXECUTORS, duckdb, executor, postgres

    assert {name: executor(name) for name in EXECUTORS} == {"postgres": postgres.execute, "duckdb": duckdb.execute}
    with pytest.raises(KeyError):
        executor("oracle")
