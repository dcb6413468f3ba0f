"""Shapes: what a part of a document may look like. One shape encodes, decodes and describes itself as JSON Schema.

Encoding recurses over our own objects. Decoding meets strangers: ``decode`` walks with a list of its own, so its
depth is the document's, not Python's; ``open`` checks one level and names the parts below, ``close`` builds the
object from built parts.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import Any

from attrs import define, frozen

from liq.model.codec_values import (
    SCALARS,
    Unreadable,
    decode_int,
    decode_scalar,
    encode_int,
    encode_plain,
    encode_value,
    is_text,
)
from liq.model.codes import DOCUMENT_LIMIT, DOCUMENT_SHAPE
from liq.model.json_text import Json, refuse, shown
from liq.model.source import Span
from liq.model.values import IntervalValue, JsonValue, RecordValue

TAG = "node"
"""The member that names the class of an object, where more than one class may stand."""

Part = tuple["Shape", object, str]
"""A shape, the JSON that should have it, and the step of the path that leads there."""
Definitions = dict[str, Json]
NODES_MAX = 2_000_000


class Mismatch(Exception):
    """This JSON does not have this shape."""


class Shape(ABC):
    """One kind of thing in a document."""

    @abstractmethod
    def encode(self, value: Any) -> Json:
        """The one JSON of a value."""

    def open(self, raw: object) -> Sequence[Part]:
        """The parts that must be decoded first; ``Mismatch`` when this level is wrong already."""
        return ()

    @abstractmethod
    def close(self, raw: Any, parts: Sequence[Any]) -> Any:
        """The value, its parts being decoded."""

    @abstractmethod
    def schema(self, definitions: Definitions) -> dict[str, Json]:
        """The JSON Schema of this shape; named ones are added to ``definitions``."""


@define
class _Frame:
    shape: Shape
    raw: object
    parent: int
    step: str
    first: int = 0
    count: int = 0
    value: Any = None


def decode(shape: Shape, raw: Json, file: str = "", root: str = "") -> Any:
    """The value of a JSON tree, or ``DocumentError`` that names the place."""
    frames = [_Frame(shape, raw, -1, root)]
    at = 0
    while at < len(frames):
        frame = frames[at]
        frame.first = len(frames)
        try:
            frames.extend(_Frame(part, below, at, step) for part, below, step in frame.shape.open(frame.raw))
        except (Mismatch, Unreadable) as error:
            refuse(DOCUMENT_SHAPE, f"{_path(frames, at)}: {error}", file=file)
        frame.count = len(frames) - frame.first
        if len(frames) > NODES_MAX:
            refuse(DOCUMENT_LIMIT, f"the document has more than {NODES_MAX} parts", file=file)
        at += 1
    for index in range(len(frames) - 1, -1, -1):
        frame = frames[index]
        parts = [below.value for below in frames[frame.first : frame.first + frame.count]]
        try:
            frame.value = frame.shape.close(frame.raw, parts)
        except (Mismatch, Unreadable) as error:
            refuse(DOCUMENT_SHAPE, f"{_path(frames, index)}: {error}", file=file)
        except (AssertionError, ValueError, TypeError) as error:
            refuse(DOCUMENT_SHAPE, f"{_path(frames, index)}: {str(error) or 'these parts make no whole'}", file=file)
    return frames[0].value


def _path(frames: Sequence[_Frame], at: int) -> str:
    steps: list[str] = []
    while at >= 0:
        if frames[at].step:
            steps.append(frames[at].step)
        at = frames[at].parent
    return "/" + "/".join(reversed(steps))


def found(raw: object) -> str:
    """What stands there, in words for a message."""
    match raw:
        case None:
            return "null"
        case bool():
            return "true" if raw else "false"
        case int():
            return "a number"
        case str():
            return shown(raw)
        case list():
            return "an array"
        case _:
            return "an object"


# --------------------------------------------------------------------------------------------------- scalars
@frozen
class BoolShape(Shape):
    """true or false."""

    def encode(self, value: Any) -> Json:
        return bool(value)

    def close(self, raw: Any, parts: Sequence[Any]) -> bool:
        if not isinstance(raw, bool):
            raise Mismatch(f"expected true or false, found {found(raw)}")
        return raw

    def schema(self, definitions: Definitions) -> dict[str, Json]:
        return {"type": "boolean"}


@frozen
class IntShape(Shape):
    """An integer; beyond ±(2**53 - 1) a string of digits."""

    def encode(self, value: Any) -> Json:
        return encode_int(value)

    def close(self, raw: Any, parts: Sequence[Any]) -> int:
        try:
            return decode_int(raw)
        except Unreadable:
            raise Mismatch(f"expected an integer, found {found(raw)}") from None

    def schema(self, definitions: Definitions) -> dict[str, Json]:
        definitions.setdefault("Int", {
            "description": "An integer; beyond ±(2^53 - 1) a string of its digits.",
            "anyOf": [{"type": "integer"}, {"type": "string", "pattern": "^-?[1-9][0-9]{15,39}$"}],
        })  # fmt: skip
        return {"$ref": "#/$defs/Int"}


@frozen
class TextShape(Shape):
    """A string of Unicode scalar values."""

    def encode(self, value: Any) -> Json:
        assert is_text(value), "documents hold no lone surrogates"
        return str(value)

    def close(self, raw: Any, parts: Sequence[Any]) -> str:
        if not is_text(raw):
            raise Mismatch(f"expected a string, found {found(raw)}")
        return str(raw)

    def schema(self, definitions: Definitions) -> dict[str, Json]:
        return {"type": "string"}


@frozen
class KeyShape(Shape):
    """A JSON step: a member name or a position."""

    def encode(self, value: Any) -> Json:
        return encode_int(value) if isinstance(value, int) else {"name": value}

    def close(self, raw: Any, parts: Sequence[Any]) -> str | int:
        if isinstance(raw, dict) and raw.keys() == {"name"} and is_text(raw["name"]):
            return str(raw["name"])
        return IntShape().close(raw, parts)

    def schema(self, definitions: Definitions) -> dict[str, Json]:
        name: dict[str, Json] = {
            "type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"],
            "additionalProperties": False,
        }  # fmt: skip
        return {"anyOf": [IntShape().schema(definitions), name]}


@frozen
class EnumShape(Shape):
    """One of a closed set of words."""

    kind: type[Enum]

    def encode(self, value: Any) -> Json:
        return str(value.value)

    def close(self, raw: Any, parts: Sequence[Any]) -> Enum:
        for member in self.kind:
            if member.value == raw:
                return member
        raise Mismatch(f"expected one of {', '.join(str(m.value) for m in self.kind)}, found {found(raw)}")

    def schema(self, definitions: Definitions) -> dict[str, Json]:
        return {"enum": [str(member.value) for member in self.kind]}


@frozen
class WordShape(Shape):
    """Something that a table knows by a name."""

    name: str
    write: Callable[[Any], str]
    table: Mapping[str, Any]

    def encode(self, value: Any) -> Json:
        return self.write(value)

    def close(self, raw: Any, parts: Sequence[Any]) -> Any:
        if not isinstance(raw, str) or raw not in self.table:
            raise Mismatch(f"expected a {self.name}, found {found(raw)}")
        return self.table[raw]

    def schema(self, definitions: Definitions) -> dict[str, Json]:
        return {"type": "string"}


@frozen
class SpanShape(Shape):
    """``[start, end]`` in code points of the source text."""

    def encode(self, value: Any) -> Json:
        return [value.start, value.end]

    def close(self, raw: Any, parts: Sequence[Any]) -> Span:
        match raw:
            case [int(start), int(end)] if type(start) is int and type(end) is int and 0 <= start <= end:
                return Span(start, end)
        raise Mismatch(f"expected a span [start, end], found {found(raw)}")

    def schema(self, definitions: Definitions) -> dict[str, Json]:
        definitions.setdefault("Span", {
            "description": "Half-open range of the source text, in code points.",
            "type": "array", "items": {"type": "integer", "minimum": 0}, "minItems": 2, "maxItems": 2,
        })  # fmt: skip
        return {"$ref": "#/$defs/Span"}


# --------------------------------------------------------------------------------------------------- containers
@frozen
class MaybeShape(Shape):
    """null or the inner shape."""

    inner: Shape

    def encode(self, value: Any) -> Json:
        return None if value is None else self.inner.encode(value)

    def open(self, raw: object) -> Sequence[Part]:
        return () if raw is None else ((self.inner, raw, ""),)

    def close(self, raw: Any, parts: Sequence[Any]) -> Any:
        return parts[0] if parts else None

    def schema(self, definitions: Definitions) -> dict[str, Json]:
        return {"anyOf": [self.inner.schema(definitions), {"type": "null"}]}


@frozen
class ListShape(Shape):
    """An array; a tuple in the model, or a set written in order."""

    inner: Shape
    sorted_set: bool = False

    def encode(self, value: Any) -> Json:
        encode = self.inner.encode
        items = [encode(item) for item in value]
        return sorted(items, key=str) if self.sorted_set else items

    def open(self, raw: object) -> Sequence[Part]:
        if not isinstance(raw, list):
            raise Mismatch(f"expected an array, found {found(raw)}")
        return [(self.inner, item, str(index)) for index, item in enumerate(raw)]

    def close(self, raw: Any, parts: Sequence[Any]) -> Any:
        if not self.sorted_set:
            return tuple(parts)
        if raw != sorted(raw, key=str) or len(set(parts)) != len(parts):
            raise Mismatch("expected different members in order")
        return frozenset(parts)

    def schema(self, definitions: Definitions) -> dict[str, Json]:
        unique: dict[str, Json] = {"uniqueItems": True} if self.sorted_set else {}
        return {"type": "array", "items": self.inner.schema(definitions), **unique}


@frozen
class PairShape(Shape):
    """An array of fixed length, a tuple in the model."""

    members: tuple[Shape, ...]

    def encode(self, value: Any) -> Json:
        return [shape.encode(item) for shape, item in zip(self.members, value, strict=True)]

    def open(self, raw: object) -> Sequence[Part]:
        if not isinstance(raw, list) or len(raw) != len(self.members):
            raise Mismatch(f"expected an array of {len(self.members)}, found {found(raw)}")
        return [(shape, item, str(i)) for i, (shape, item) in enumerate(zip(self.members, raw, strict=True))]

    def close(self, raw: Any, parts: Sequence[Any]) -> Any:
        return tuple(parts)

    def schema(self, definitions: Definitions) -> dict[str, Json]:
        members: list[Json] = [shape.schema(definitions) for shape in self.members]
        return {"type": "array", "prefixItems": members, "items": False, "minItems": len(members)}


@frozen
class MapShape(Shape):
    """An object whose keys are names of the plan's own."""

    inner: Shape

    def encode(self, value: Any) -> Json:
        return {key: self.inner.encode(item) for key, item in value.items()}

    def open(self, raw: object) -> Sequence[Part]:
        if not isinstance(raw, dict) or not all(is_text(key) for key in raw):
            raise Mismatch(f"expected an object, found {found(raw)}")
        return [(self.inner, item, key) for key, item in raw.items()]

    def close(self, raw: Any, parts: Sequence[Any]) -> Any:
        return dict(zip(raw, parts, strict=True))

    def schema(self, definitions: Definitions) -> dict[str, Json]:
        return {"type": "object", "additionalProperties": self.inner.schema(definitions)}


# --------------------------------------------------------------------------------------------------- values
@frozen
class ValueShape(Shape):
    """A value (``liq.model.codec_values``)."""

    def encode(self, value: Any) -> Json:
        return encode_value(value)

    def open(self, raw: object) -> Sequence[Part]:
        match raw:
            case {"list": list(items), **rest} if not rest:
                return [(self, item, str(index)) for index, item in enumerate(items)]
            case {"record": list(pairs), **rest} if not rest:
                if not all(isinstance(pair, list) and len(pair) == 2 and is_text(pair[0]) for pair in pairs):
                    raise Mismatch("expected pairs of label and value")
                if len({pair[0] for pair in pairs}) != len(pairs):
                    raise Mismatch("a label stands twice")
                return [(self, pair[1], str(index)) for index, pair in enumerate(pairs)]
            case {"json": plain, **rest} if not rest:
                return [(PlainShape(), plain, "json")]
            case _:
                return ()

    def close(self, raw: Any, parts: Sequence[Any]) -> Any:
        match raw:
            case None | bool() | int():
                return raw
            case str() if is_text(raw):
                return raw
            case {"list": _}:
                return tuple(parts)
            case {"record": pairs}:
                return RecordValue(tuple(pair[0] for pair in pairs), tuple(parts))
            case {"json": _}:
                return JsonValue(parts[0])
            case {"interval": [months, days, microseconds], **rest} if not rest:
                return IntervalValue(decode_int(months), decode_int(days), decode_int(microseconds))
            case dict() if len(raw) == 1:
                tag, scalar = next(iter(raw.items()))
                if tag in SCALARS:
                    return decode_scalar(tag, scalar)
        raise Mismatch(f"expected a value, found {found(raw)}")

    def schema(self, definitions: Definitions) -> dict[str, Json]:
        if "Value" not in definitions:
            here: Json = {"$ref": "#/$defs/Value"}
            integer = IntShape().schema(definitions)
            pair: Json = {"type": "array", "prefixItems": [{"type": "string"}, here], "items": False, "minItems": 2}
            tagged: list[Json] = [_only(tag, {"type": "string"}) for tag in SCALARS]
            definitions["Value"] = {
                "description": "A constant: itself where JSON is exact, else one tagged member.",
                "anyOf": [
                    {"type": ["null", "boolean", "integer", "string"]},
                    *tagged,
                    _only("interval", {"type": "array", "items": integer, "minItems": 3, "maxItems": 3}),
                    _only("list", {"type": "array", "items": here}),
                    _only("record", {"type": "array", "items": pair}),
                    _only("json", PlainShape().schema(definitions)),
                ],
            }
        return {"$ref": "#/$defs/Value"}


def _only(member: str, schema: Json) -> Json:
    return {"type": "object", "properties": {member: schema}, "required": [member], "additionalProperties": False}


@frozen
class PlainShape(Shape):
    """JSON inside a value: objects are ``{"object": {…}}``, numbers beyond JSON's exact ones are tagged."""

    def encode(self, value: Any) -> Json:
        return encode_plain(value)

    def open(self, raw: object) -> Sequence[Part]:
        match raw:
            case list():
                return [(self, item, str(index)) for index, item in enumerate(raw)]
            case {"object": dict(members), **rest} if not rest:
                if not all(is_text(key) for key in members):
                    raise Mismatch("a member name is no text")
                return [(self, members[key], key) for key in members]
            case _:
                return ()

    def close(self, raw: Any, parts: Sequence[Any]) -> Any:
        match raw:
            case None | bool() | int():
                return raw
            case str() if is_text(raw):
                return raw
            case list():
                return tuple(parts)
            case {"object": members}:
                return dict(zip(members, parts, strict=True))
            case {"int": digits, **rest} if not rest:
                return decode_scalar("int", digits)
            case {"decimal": digits, **rest} if not rest:
                return decode_scalar("decimal", digits)
        raise Mismatch(f"expected JSON as values hold it, found {found(raw)}")

    def schema(self, definitions: Definitions) -> dict[str, Json]:
        if "Plain" not in definitions:
            here: Json = {"$ref": "#/$defs/Plain"}
            definitions["Plain"] = {
                "description": "JSON inside a constant; objects are tagged, so that no key can pass for a tag.",
                "anyOf": [
                    {"type": ["null", "boolean", "integer", "string"]},
                    {"type": "array", "items": here},
                    _only("object", {"type": "object", "additionalProperties": here}),
                    _only("int", {"type": "string"}),
                    _only("decimal", {"type": "string"}),
                ],
            }
        return {"$ref": "#/$defs/Plain"}
