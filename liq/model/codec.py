"""The codec of the model: every node class to JSON and back, driven by the fields of the classes themselves.

There is nothing to keep in step by hand: a field that is added to a node is in the documents, in the reader and in
the JSON Schema. A class of a closed family (expressions, relations, types) is tagged by its name. A field that
holds its default is left out, so each value has one spelling. What the annotations say is what is read: nothing is
converted.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from enum import Enum, EnumType
from functools import cache
from types import GenericAlias, ModuleType, UnionType
from typing import Any, get_args, get_origin

import attrs
from attrs import define, field, frozen

from liq.model import emitted, expr, ir, physical, schema, types
from liq.model.codec_shapes import (
    TAG,
    BoolShape,
    Definitions,
    EnumShape,
    IntShape,
    KeyShape,
    ListShape,
    MapShape,
    MaybeShape,
    Mismatch,
    PairShape,
    Part,
    Shape,
    SpanShape,
    TextShape,
    ValueShape,
    WordShape,
    decode,
    found,
)
from liq.model.codes import CODES
from liq.model.diagnostics import Code
from liq.model.expr import Expr, Relation
from liq.model.json_text import Json
from liq.model.source import Span
from liq.model.well_formed import complaint

MODULES = (expr, ir, physical, schema, types, emitted)
"""Where node classes are defined; a test sees to it that each of their attrs classes is in some document."""


class TypeWord:
    """Stands for ``liq.model.types.Type`` in annotations."""


class ValueWord:
    """Stands for ``liq.model.values.Value`` in annotations."""


@frozen
class Vocabulary:
    """What a document holds: which relations stand in expressions, and whether texts for people are kept."""

    name: str
    relations: ModuleType
    spans: bool
    descriptions: bool = True

    def omits(self, attribute: str, annotation: Any) -> bool:
        """Whether a field is left out altogether."""
        return (annotation is Span and not self.spans) or (attribute in PROSE and not self.descriptions)


PROSE = frozenset({"description", "was"})
"""Fields that no meaning rests on."""


@define(eq=False)
class Field:
    """One field of a class."""

    name: str
    shape: Shape
    default: Any
    read: bool = True

    @property
    def required(self) -> bool:
        """Whether it must stand there."""
        return self.default is attrs.NOTHING


@define(eq=False)
class ObjectShape(Shape):
    """An attrs class. ``tagged``: it names itself, since others may stand in its place."""

    kind: type
    tagged: bool
    name: str
    codec: Codec
    _fields: tuple[Field, ...] | None = field(default=None, init=False)
    _writers: tuple[tuple[str, Callable[[Any], Json], Any], ...] | None = field(default=None, init=False)

    @property
    def fields(self) -> tuple[Field, ...]:
        """The fields, resolved on first use: classes refer to each other in circles."""
        if self._fields is None:
            self._fields = tuple(self.codec.fields_of(self.kind))
        return self._fields

    @property
    def writers(self) -> tuple[tuple[str, Callable[[Any], Json], Any], ...]:
        """What ``encode`` needs of the fields, at hand."""
        if self._writers is None:
            self._writers = tuple((each.name, each.shape.encode, each.default) for each in self.fields)
        return self._writers

    def encode(self, value: Any) -> Json:
        result: dict[str, Json] = {TAG: self.kind.__name__} if self.tagged else {}
        for name, encode, default in self._writers or self.writers:
            item = getattr(value, name)
            if default is attrs.NOTHING or (item is not default and (default is None or item != default)):
                result[name] = encode(item)
        return result

    def open(self, raw: object) -> Sequence[Part]:
        if not isinstance(raw, dict):
            raise Mismatch(f"expected {self.kind.__name__}, found {found(raw)}")
        known = {each.name for each in self.fields}
        unknown = sorted(key for key in raw if key not in known and not (self.tagged and key == TAG))
        if unknown:
            raise Mismatch(f"{self.kind.__name__} has no member {found(unknown[0])}")
        if self.tagged and raw.get(TAG) != self.kind.__name__:
            raise Mismatch(f"expected {self.kind.__name__}, found {found(raw.get(TAG))}")
        missing = [each.name for each in self.fields if each.required and each.name not in raw]
        if missing:
            raise Mismatch(f"{self.kind.__name__} needs the member {missing[0]}")
        return [(each.shape, raw[each.name], each.name) for each in self.fields if each.name in raw]

    def close(self, raw: Any, parts: Sequence[Any]) -> Any:
        present = [each for each in self.fields if each.name in raw]
        for each, value in zip(present, parts, strict=True):
            if not each.required and value == each.default:
                raise Mismatch(f"{each.name} is left out where it is {found(raw[each.name])}")
        node = self.kind(**{each.name: value for each, value in zip(present, parts, strict=True)})
        wrong = complaint(node)
        if wrong is not None:
            raise Mismatch(f"{self.kind.__name__}: {wrong}")
        return node

    def schema(self, definitions: Definitions) -> dict[str, Json]:
        if self.name not in definitions:
            definitions[self.name] = {}
            members: dict[str, Json] = {TAG: {"const": self.kind.__name__}} if self.tagged else {}
            members |= {each.name: each.shape.schema(definitions) for each in self.fields}
            required = [TAG] * self.tagged + [each.name for each in self.fields if each.required]
            definitions[self.name] = {
                "type": "object", "properties": members, "required": sorted(required), "additionalProperties": False,
            }  # fmt: skip
        return {"$ref": f"#/$defs/{self.name}"}


@define(eq=False)
class UnionShape(Shape):
    """Any class of a closed family; ``words`` are members that are written as a word alone."""

    name: str
    members: Mapping[str, ObjectShape]
    words: Mapping[str, Any]
    _known: dict[int, str] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._known = {id(value): word for word, value in self.words.items()}

    def encode(self, value: Any) -> Json:
        if self.words:
            word = self._known.get(id(value))
            if word is None and self.words.get(said := str(value)) == value:
                word = said
            if word is not None:
                return word
        return self.members[type(value).__name__].encode(value)

    def open(self, raw: object) -> Sequence[Part]:
        if isinstance(raw, str) and raw in self.words:
            return ()
        if not isinstance(raw, dict):
            raise Mismatch(f"expected {self.name}, found {found(raw)}")
        tag = raw.get(TAG)
        if not isinstance(tag, str) or tag not in self.members:
            raise Mismatch(f"expected {self.name}, found {found(tag) if TAG in raw else 'an object without a node'}")
        return ((self.members[tag], raw, ""),)

    def close(self, raw: Any, parts: Sequence[Any]) -> Any:
        return parts[0] if parts else self.words[raw]

    def schema(self, definitions: Definitions) -> dict[str, Json]:
        if self.name not in definitions:
            definitions[self.name] = {}
            definitions[self.name] = self._definition(definitions)
        return {"$ref": f"#/$defs/{self.name}"}

    def _definition(self, definitions: Definitions) -> dict[str, Json]:
        """The node's name decides which schema holds: with ``anyOf``, validators would try every one at every level."""
        tagged: dict[str, Json] = {
            "type": "object",
            "properties": {TAG: {"enum": sorted(self.members)}},
            "required": [TAG],
            "allOf": [
                {"if": {"properties": {TAG: {"const": name}}}, "then": member.schema(definitions)}
                for name, member in self.members.items()
            ],
        }
        if not self.words:
            return tagged
        return {"if": {"type": "string"}, "then": {"enum": sorted(self.words)}, "else": tagged}


class Codec:
    """Shapes by annotation, for one kind of document."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self._objects: dict[tuple[type, bool], ObjectShape] = {}
        self._unions: dict[str, UnionShape] = {}

    def encode(self, kind: Any, value: Any) -> Json:
        """The JSON of a value of an annotated kind."""
        return self.shape(kind).encode(value)

    def decode(self, kind: Any, raw: Json, file: str = "", root: str = "") -> Any:
        """The value of a JSON tree, or ``DocumentError``."""
        return decode(self.shape(kind), raw, file, root)

    def shape(self, kind: Any) -> Shape:
        """The shape of an annotation."""
        if isinstance(kind, UnionType):
            return self._union(kind)
        if isinstance(kind, GenericAlias):
            return self._container(get_origin(kind), get_args(kind))
        if kind in _SIMPLE:
            return _SIMPLE[kind]
        if kind is TypeWord:
            return self._family("Type", (c for c in _classes(types) if c.__name__ in _BUILT_TYPES), _TYPE_WORDS)
        if kind is Expr:
            return self._family("Expr", _classes(expr, Expr))
        if kind is Relation:
            return self._family("Relation", _classes(self.vocabulary.relations, Relation))
        if kind is physical.Operator:
            return self._family("Operator", _classes(physical, physical.Operator))
        if isinstance(kind, EnumType) and issubclass(kind, Enum):
            return EnumShape(kind)
        assert attrs.has(kind), kind
        return self._object(kind, issubclass(kind, Expr | Relation))

    def _union(self, kind: UnionType) -> Shape:
        members = [member for member in get_args(kind) if member is not type(None)]
        if set(members) == {str, int}:
            inner: Shape = KeyShape()
        elif set(members) == {Expr, Relation}:
            both = (*_classes(expr, Expr), *_classes(self.vocabulary.relations, Relation))
            inner = self._family("ExprOrRelation", both)
        elif set(members) == {Expr, emitted.Bind}:
            inner = self._family("Bind", (*_classes(expr, Expr), *_classes(emitted, emitted.Bind)))
        else:
            assert len(members) == 1, kind
            inner = self.shape(members[0])
        return inner if len(members) == len(get_args(kind)) else MaybeShape(inner)

    def _container(self, origin: Any, members: tuple[Any, ...]) -> Shape:
        if origin is tuple and len(members) == 2 and members[1] is ...:
            return ListShape(self.shape(members[0]))
        if origin is tuple:
            return PairShape(tuple(self.shape(member) for member in members))
        if origin is dict:
            return MapShape(self.shape(members[1]))
        assert origin is frozenset, origin
        return ListShape(self.shape(members[0]), sorted_set=True)

    def _family(self, name: str, kinds: Any, words: Mapping[str, Any] | None = None) -> UnionShape:
        if name not in self._unions:
            members: dict[str, ObjectShape] = {}
            self._unions[name] = UnionShape(self._named(name), members, words or {})
            members.update((kind.__name__, self._object(kind, True)) for kind in kinds)
        return self._unions[name]

    def _object(self, kind: type, tagged: bool) -> ObjectShape:
        if (kind, tagged) not in self._objects:
            self._objects[kind, tagged] = ObjectShape(kind, tagged, self._named(kind.__name__), self)
        return self._objects[kind, tagged]

    def _named(self, name: str) -> str:
        shared = name in ("Type", "RecordField", *_BUILT_TYPES)
        return name if shared else f"{self.vocabulary.name}.{name}"

    def fields_of(self, kind: type) -> list[Field]:
        """The fields of an attrs class that this vocabulary keeps."""
        result = []
        for attribute in attrs.fields(kind):
            annotation = _annotation(attribute.type, kind)
            if not self.vocabulary.omits(attribute.name, annotation):
                result.append(Field(attribute.name, self.shape(annotation), attribute.default))
        return result


def _annotation(written: Any, kind: type) -> Any:
    """What an annotation means, read in the module of its class with our words for the recursive aliases."""
    if not isinstance(written, str):
        return written
    names = vars(sys.modules[kind.__module__]) | {"Type": TypeWord, "Value": ValueWord}
    return eval(written, names)  # the text is our own source


def _classes(module: ModuleType, base: type = object) -> tuple[type, ...]:
    """The concrete attrs classes that a module defines, in the order in which they stand there."""
    return tuple(
        kind
        for kind in vars(module).values()
        if isinstance(kind, type) and kind.__module__ == module.__name__ and issubclass(kind, base) and attrs.has(kind)
    )


_BUILT_TYPES = ("Decimal", "Vector", "Enum", "List", "Record", "Cursor")
_TYPE_WORDS = {**types.NAMED, str(types.NULL): types.NULL}
_SIMPLE: dict[Any, Shape] = {
    bool: BoolShape(),
    int: IntShape(),
    str: TextShape(),
    Span: SpanShape(),
    ValueWord: ValueShape(),
    Code: WordShape("diagnostic code", lambda code: code.id, CODES),
}


@cache
def ir_codec(spans: bool = True, descriptions: bool = True) -> Codec:
    """Documents over the IR: queries and schemas."""
    name = "ir" if spans and descriptions else "bare" if descriptions else "meaning"
    return Codec(Vocabulary(name, ir, spans, descriptions))


@cache
def physical_codec() -> Codec:
    """Documents over physical plans: what runs, without spans."""
    return Codec(Vocabulary("physical", physical, spans=False))
