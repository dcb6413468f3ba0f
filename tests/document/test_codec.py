"""The codec: every class of the model there and back, one spelling each, and nothing else is read."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from liq.model import codec, ir, physical
from liq.model import expr as e
from liq.model import types as t
from liq.model.codec import ObjectShape, UnionShape, ir_codec, physical_codec
from liq.model.codec_shapes import ListShape, MapShape, MaybeShape, PairShape, Shape
from liq.model.diagnostics import Diagnostic
from liq.model.emitted import SqlPlan
from liq.model.json_text import LIMITS, DocumentError, Limits, canonical, depth_of, parse
from liq.model.schema import Schema
from liq.model.source import Span
from liq.model.stack import stack_room
from tests.document.nodes import Maker

ROOTS = [
    (ir_codec, ir, ir.Query), (ir_codec, ir, Schema), (ir_codec, ir, Diagnostic),
    (physical_codec, physical, physical.PhysicalPlan), (physical_codec, physical, SqlPlan),
]  # fmt: skip


@pytest.mark.parametrize("make_codec, relations, kind", ROOTS)
@given(seed=st.integers(0, 2**40))
def test_there_and_back(make_codec, relations, kind, seed: int) -> None:
    node = Maker(seed, relations).make(kind)
    raw = make_codec().encode(kind, node)
    data = canonical(raw)
    back = make_codec().decode(kind, parse(data))
    assert back == node
    assert canonical(make_codec().encode(kind, back)) == data
    data.decode("ascii")


@given(seed=st.integers(0, 2**40))
def test_spans_come_back_too(seed: int) -> None:
    scan = attrs.evolve(Maker(seed).node(ir.Scan, 1), span=Span(2, 5))
    assert ir_codec().decode(ir.Scan, ir_codec().encode(ir.Scan, scan)).span == Span(2, 5)
    written = ir_codec(spans=False).encode(ir.Scan, scan)
    assert isinstance(written, dict)
    assert "span" not in written


def _reached(shape: Shape, seen: dict[int, Shape]) -> None:
    if id(shape) in seen:
        return
    seen[id(shape)] = shape
    match shape:
        case ObjectShape():
            below: list[Shape] = [field.shape for field in shape.fields]
        case UnionShape():
            below = list(shape.members.values())
        case ListShape(inner=inner) | MaybeShape(inner=inner) | MapShape(inner=inner):
            below = [inner]
        case PairShape(members=members):
            below = list(members)
        case _:
            below = []
    for each in below:
        _reached(each, seen)


def test_every_class_of_the_model_is_in_some_document() -> None:
    seen: dict[int, Shape] = {}
    for make_codec, _, kind in ROOTS:
        _reached(make_codec().shape(kind), seen)
    reached = {shape.kind for shape in seen.values() if isinstance(shape, ObjectShape)}
    simple = {type(simple) for simple in (*t.NAMED.values(), t.NULL)} - {t.Decimal}
    defined = {kind for module in codec.MODULES for kind in codec._classes(module)}
    apart = {physical.Estimate}  # estimates are no part of a naive plan
    assert defined - reached == simple | apart


def test_no_field_is_called_like_the_tag() -> None:
    assert not [kind for m in codec.MODULES for kind in codec._classes(m) if "node" in attrs.fields_dict(kind)]


LITERAL = {"node": "Literal", "value": 7, "type": "int"}


@pytest.mark.parametrize("raw, message", [
    ({**LITERAL, "colour": 1}, "Literal has no member"),
    ({"node": "Literal", "type": "int"}, "Literal needs the member value"),
    ({**LITERAL, "node": "Literal2"}, "expected ir.Expr, found \"Literal2\""),
    ({**LITERAL, "node": ["Literal"]}, "expected ir.Expr, found an array"),
    ({"value": 7, "type": "int"}, "an object without a node"),
    ([LITERAL], "expected ir.Expr, found an array"),
    ({**LITERAL, "value": "7"}, "the value is no int"),
    ({**LITERAL, "value": True}, "the value is no int"),
    ({**LITERAL, "value": {"int": "7"}}, "beyond ±(2^53 - 1)"),
    ({**LITERAL, "value": {"int": "9" * 30}}, "the value is no int"),
    ({**LITERAL, "value": {"int": "9", "x": 1}}, "expected a value"),
    ({**LITERAL, "value": {"decimal": "1.0 "}, "type": "decimal"}, "a decimal in digits"),
    ({**LITERAL, "value": {"decimal": "NaN"}, "type": "decimal"}, "the value is no decimal"),
    ({**LITERAL, "value": {"float": "0.10"}, "type": "float"}, "written in another way"),
    ({**LITERAL, "value": {"uuid": "00000000000000000000000000000000"}, "type": "uuid"}, "written in another way"),
    ({**LITERAL, "value": {"timestamp": "2026-01-01T00:00:00+01:00"}, "type": "timestamp"}, "an instant in UTC"),
    ({**LITERAL, "value": "a\0b", "type": "text"}, "the value is no text"),
    ({**LITERAL, "value": "\ud800", "type": "text"}, "expected a value"),
    ({**LITERAL, "type": "integer"}, "expected Type"),
    ({**LITERAL, "type": {"node": "Decimal", "precision": 39, "scale": 1}}, "out of range"),
    ({**LITERAL, "type": {"node": "Decimal"}}, "out of range"),
    ({**LITERAL, "span": [0, 0]}, "left out"),
    ({**LITERAL, "span": [5, 1]}, "expected a span"),
    ({**LITERAL, "span": [True, 1]}, "expected a span"),
    ({"node": "And", "args": [LITERAL]}, "these parts make no whole"),
    ({"node": "Call", "function": "pg_read_file", "args": [], "type": "text", "nullable": False}, "no function"),
    ({"node": "Not", "arg": {"node": "TableScan", "table": "t", "names": [], "columns": []}}, "expected ir.Expr"),
])  # fmt: skip
def test_refusals(raw: Any, message: str) -> None:
    with pytest.raises(DocumentError) as caught:
        ir_codec().decode(e.Expr, raw)
    assert message in caught.value.diagnostic.message
    assert caught.value.diagnostic.code.id == "LIQ0703"


def test_places_are_named() -> None:
    raw = {"node": "Not", "arg": {"node": "Not", "arg": {**LITERAL, "type": 5}}}
    with pytest.raises(DocumentError) as caught:
        ir_codec().decode(e.Expr, raw, root="ir")
    assert caught.value.diagnostic.message == "/ir/arg/arg/type: expected Type, found a number"


@pytest.mark.parametrize("text, code", [
    ('{"a": 1, "a": 1}', "LIQ0701"), ("NaN", "LIQ0701"), ("[-Infinity]", "LIQ0701"), ("1.0", "LIQ0701"),
    ("1e3", "LIQ0701"), ("[1,]", "LIQ0701"), ("", "LIQ0701"), ("{} {}", "LIQ0701"), ("-0", "LIQ0703"),
    ("9" * 5000, "LIQ0703"), (str(2**53), "LIQ0703"), ("[" * 2000 + "]" * 2000, "LIQ0702"), ("[" * 100_000, "LIQ0702"),
    (b"\xff{}", "LIQ0701"), (b'"\xed\xa0\x80"', "LIQ0701"), ("\ufeff{}", "LIQ0701"), ("'a'", "LIQ0701"),
])  # fmt: skip
def test_text_refusals(text: str | bytes, code: str) -> None:
    with pytest.raises(DocumentError) as caught:
        parse(text)
    assert caught.value.diagnostic.code.id == code


def test_size_limit() -> None:
    with pytest.raises(DocumentError, match="at most 10 are read"):
        parse('"' + "a" * 20 + '"', limits=Limits(bytes_max=10))
    assert parse('"' + "a" * 8 + '"', limits=Limits(bytes_max=10)) == "a" * 8


def test_the_deepest_document_is_read() -> None:
    deep = "[" * LIMITS.depth_max + "]" * LIMITS.depth_max
    with stack_room():
        assert canonical(parse(deep)) == deep.encode()


@given(st.text('[]{}"\\a', max_size=40))
def test_depth_is_never_underestimated(text: str) -> None:
    """For whatever is JSON at all, the scan counts as deep as the value is."""
    try:
        value = json.loads(text)
    except ValueError:
        return

    def depth(item: object) -> int:
        below = item.values() if isinstance(item, dict) else item if isinstance(item, list) else None
        return 0 if below is None else 1 + max((depth(each) for each in below), default=0)

    assert depth_of(text) == depth(value)


@given(seed=st.integers(0, 2**40), data=st.data())
def test_mutations_are_refused_or_are_other_documents(seed: int, data: st.DataObject) -> None:
    """Whatever is changed in the JSON of a query: a coded refusal, or a query that writes exactly that JSON."""
    raw = ir_codec().encode(ir.Query, Maker(seed).make(ir.Query))
    text = canonical(_mutated(raw, data))
    refusal = node = None
    try:
        node = ir_codec().decode(ir.Query, parse(text))
    except DocumentError as error:
        refusal = error.diagnostic
    if refusal is None:
        assert canonical(ir_codec().encode(ir.Query, node)) == text
    else:
        assert refusal.code.id.startswith("LIQ07")


JUNK: tuple[Any, ...] = (None, True, 0, -1, 2**53 - 1, "", "x", [], {}, [[]], {"node": "Filter"}, {"int": "1"}, {"object": {}}, "Int")


def _mutated(raw: Any, data: st.DataObject) -> Any:
    if isinstance(raw, dict) and raw and data.draw(st.integers(0, 5)):
        key = data.draw(st.sampled_from(sorted(raw)))
        return {**raw, key: _mutated(raw[key], data)}
    if isinstance(raw, list) and raw and data.draw(st.integers(0, 5)):
        index = data.draw(st.integers(0, len(raw) - 1))
        return [*raw[:index], _mutated(raw[index], data), *raw[index + 1 :]]
    if isinstance(raw, dict):
        change = data.draw(st.sampled_from(["drop", "add", "junk"]))
        if change == "drop" and raw:
            return {key: value for key, value in raw.items() if key != data.draw(st.sampled_from(sorted(raw)))}
        if change == "add":
            return {**raw, data.draw(st.sampled_from(["node", "span", "zz", "nullable"])): data.draw(st.sampled_from(JUNK))}
    return data.draw(st.sampled_from(JUNK))


SEEDED = """
from tests.document.nodes import Maker
from liq.model.codec import ir_codec
from liq.model.json_text import canonical
from liq.model.schema import Schema
import hashlib
print(hashlib.sha256(b"".join(canonical(ir_codec().encode(Schema, Maker(i).make(Schema))) for i in range(60))).hexdigest())
"""


def test_bytes_do_not_depend_on_the_hash_seed() -> None:
    runs = {
        subprocess.run(
            [sys.executable, "-c", SEEDED], env={"PYTHONHASHSEED": seed, "PYTHONPATH": "."}, capture_output=True,
            text=True, check=True,
        ).stdout
        for seed in ("0", "1", "77")
    }  # fmt: skip
    assert len(runs) == 1
