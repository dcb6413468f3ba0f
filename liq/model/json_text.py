"""JSON as documents use it: canonical bytes on the way out, strict and bounded reading on the way in.

Canonical: keys sorted by code point, no white space, ASCII only, integers within ±(2**53 - 1), no floats. ASCII
also means that a document shown on a terminal cannot reorder or hide text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, NoReturn

from attrs import frozen

from liq.model.codes import DOCUMENT_LIMIT, DOCUMENT_SHAPE, DOCUMENT_TEXT
from liq.model.diagnostics import Code, Diagnostic
from liq.model.source import NO_SPAN, Span

Json = None | bool | int | str | list[Any] | dict[str, Any]

JSON_INT_MAX = 2**53 - 1
"""The greatest integer that every JSON reader keeps exactly; greater ones are written as strings."""


@frozen
class Limits:
    """How much a document may ask of its reader."""

    bytes_max: int = 16 * 1024 * 1024
    depth_max: int = 1_200


LIMITS = Limits()


class DocumentError(Exception):
    """A document that is refused; ``diagnostic`` says why."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic


def refuse(code: Code, message: str, span: Span = NO_SPAN, file: str = "", help: str | None = None) -> NoReturn:
    """Refuse the document at hand."""
    raise DocumentError(Diagnostic(code, message, span, file, help=help))


_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def canonical(value: Json) -> bytes:
    """The one byte string of a JSON value."""
    return _ENCODER.encode(value).encode("ascii")


def canonical_object(members: Mapping[str, bytes]) -> bytes:
    """The object whose members' canonical bytes are given: the same bytes as ``canonical`` of the whole, made once.

    Names of members are plain words, which JSON writes as they are.
    """
    parts = (b'"' + key.encode("ascii") + b'":' + members[key] for key in sorted(members))
    return b"{" + b",".join(parts) + b"}"


_BRACKETS = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[{]|[\]}]', re.DOTALL)


def depth_of(text: str) -> int:
    """How deep brackets nest outside strings; iterative, so that no bomb reaches the recursive parser."""
    depth = deepest = 0
    for match in _BRACKETS.finditer(text):
        first = match.group()[0]
        if first in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif first in "]}":
            depth -= 1
    return deepest


def parse(data: bytes | str, file: str = "", limits: Limits = LIMITS) -> Json:
    """The JSON value of a document's bytes, or ``DocumentError``: nothing is repaired, nothing is guessed."""
    size = len(data)
    if size > limits.bytes_max:
        refuse(DOCUMENT_LIMIT, f"the document has {size} bytes; at most {limits.bytes_max} are read", file=file)
    try:
        text = data.decode("utf-8") if isinstance(data, bytes) else data
    except UnicodeDecodeError as error:
        refuse(DOCUMENT_TEXT, f"the document is not UTF-8 (byte {error.start})", file=file)
    depth = depth_of(text)
    if depth > limits.depth_max:
        refuse(DOCUMENT_LIMIT, f"the document nests {depth} deep; at most {limits.depth_max} are read", file=file)
    try:
        value = json.loads(
            text,
            object_pairs_hook=_object,
            parse_float=_no_float,
            parse_constant=_no_constant,
            parse_int=_integer,
        )
    except json.JSONDecodeError as error:
        at = min(error.pos, len(text))
        refuse(DOCUMENT_TEXT, f"the document is not JSON: {error.msg.lower()}", Span(at, at), file)
    except _Unwelcome as error:
        refuse(error.code, error.message, file=file)
    return value  # type: ignore[no-any-return]


class _Unwelcome(Exception):
    def __init__(self, code: Code, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise _Unwelcome(DOCUMENT_TEXT, f"the member {shown(twice)} stands twice in one object")
    return result


def _no_float(digits: str) -> NoReturn:
    raise _Unwelcome(DOCUMENT_TEXT, f"the number {shown(digits)} is not an integer; documents hold no floats")


def _no_constant(word: str) -> NoReturn:
    raise _Unwelcome(DOCUMENT_TEXT, f"{word} is not JSON")


def _integer(digits: str) -> int:
    if len(digits) > 17 or abs(int(digits)) > JSON_INT_MAX or digits == "-0":
        raise _Unwelcome(DOCUMENT_SHAPE, f"the number {shown(digits)} is not an integer within ±(2^53 - 1)")
    return int(digits)


def shown(text: str, limit: int = 60) -> str:
    """A text from outside as it may stand in a message: quoted, ASCII, short."""
    cut = text if len(text) <= limit else text[:limit] + "…"
    return '"' + cut.encode("ascii", "backslashreplace").decode("ascii").translate(_CONTROLS) + '"'


_CONTROLS = {code: f"\\x{code:02x}" for code in (*range(32), 127)}
