"""Types of parameters from the functions they are given to, and signatures as messages show them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from liq.front.coerce import converted, meeting_type
from liq.front.context import Context
from liq.front.parameter_refs import is_unknown
from liq.model.expr import Expr
from liq.model.functions import OPERATORS, TYPE_WORDS, Overload, conversion_cost
from liq.model.types import TEXT, List, Null, Type, Vector, common_type, widened

Table = Mapping[str, tuple[Overload, ...]]


def learn(table: Table, name: str, values: list[Expr], context: Context, hint: Type | None = None) -> list[Expr]:
    """The arguments, parameters among them with the types that the function wants in their places.

    PostgreSQL's rules: what gives the wanted result, then what another argument is, then text, then the only one left.
    """
    if not any(is_unknown(value) for value in values):
        return values
    proposals = [p for o in table.get(name, ()) if (p := _proposal(o, values, hint)) is not None]
    if hint is not None and not isinstance(hint, Null):
        proposals = [p for p in proposals if p[0] is None or meeting_type(p[0], hint) is not None] or proposals
        exact = [p for p in proposals if all(t == widened(hint) for t in p[1].values())]
        proposals = exact or proposals
    others = {widened(v.type) for v in values if not is_unknown(v)}
    alike = [p for p in proposals if all(t in others for t in p[1].values())]
    texts = [p for p in proposals if all(t == TEXT for t in p[1].values())]
    left = alike or texts or proposals
    wanted = [types for n, (_, types) in enumerate(left) if types not in [t for _, t in left[:n]]]
    if len(wanted) != 1:
        return values
    return [converted(v, wanted[0][i], context) or v if i in wanted[0] else v for i, v in enumerate(values)]


def _proposal(
    overload: Overload, values: Sequence[Expr], hint: Type | None
) -> tuple[Type | None, dict[int, Type]] | None:
    """The result, and the types of unknown arguments by position, if this overload is meant; None if it cannot be."""
    words = overload.parameters
    if overload.variadic and len(values) > len(words):
        words += words[-1:] * (len(values) - len(words))
    if len(words) != len(values):
        return None
    element: Type | None = None
    for word, value in zip(words, values, strict=True):
        if is_unknown(value) or not _fits(word, value.type):
            if not is_unknown(value):
                return None
            continue
        part = value.type.element if word == "list" and isinstance(value.type, List) else value.type
        if word in ("anyelement", "list"):
            element = widened(part) if element is None else common_type(element, widened(part))
    if element is None and overload.result == "anyelement" and hint is not None and not isinstance(hint, Null):
        element = widened(hint)
    vector = next((v.type for v in values if isinstance(v.type, Vector)), None)
    types: dict[int, Type] = {}
    for place, (word, value) in enumerate(zip(words, values, strict=True)):
        if is_unknown(value):
            wanted = _word_type(word, element, vector)
            if wanted is None:
                return None
            types[place] = wanted
    return _word_type(overload.result, element, vector), types


def _fits(word: str, type_: Type) -> bool:
    match word:
        case "any" | "anyelement":
            return True
        case "list":
            return isinstance(type_, List)
        case "vector":
            return isinstance(type_, Vector)
        case _:
            return conversion_cost(type_, TYPE_WORDS[word]) is not None


def _word_type(word: str, element: Type | None, vector: Type | None) -> Type | None:
    match word:
        case "anyelement":
            return element
        case "list":
            return None if element is None else List(element)
        case "vector":
            return vector
        case "any":
            return None
        case _:
            return TYPE_WORDS[word]


def signatures(table: Table, name: str, shown: str) -> str | None:
    """What a function takes, for a help text."""
    listed = []
    for overload in table.get(name, ())[:6]:
        words = [_shown_word(word) for word in overload.parameters]
        dots = " …" if overload.variadic else ""
        listed.append(f"({', '.join(words)}{dots})")
    return f"{shown} takes {' or '.join(listed)}" if listed and name not in OPERATORS else None


def _shown_word(word: str) -> str:
    return {"anyelement": "any", "list": "any[]"}.get(word, word)
