"""How names and literals are written."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from liq_grammar import syntax as s
from liq_grammar.tables import tables

QUOTABLE: Final = re.compile(r"[!-_a-~ ]+")
LIST_WORDS: Final = frozenset({"key", "index", "foreign"})
"""Before a bracket these begin a constraint."""
COLUMN_WORDS: Final = frozenset("key auto sensitive tombstone reverse was".split())
"""Behind a column these are properties of it."""
JOIN_WORDS: Final = frozenset("left full cross inner right natural outer semi anti asof".split())
"""Before ``join`` these are, or look like, a kind of join."""


@cache
def plain_name() -> re.Pattern[str]:
    """What a name looks like that needs no backticks: the pattern of ``NAME`` without its quoted half."""
    table = tables()
    return re.compile(table.patterns[table.ids["NAME"]].rpartition("|`")[0])


@cache
def _keywords() -> frozenset[str]:
    return frozenset(tables().keywords)


def name(node: s.Name, never: frozenset[str] = frozenset()) -> str:
    """A name, in backticks where it is reserved, unusual, or one that would be read as something else here."""
    if plain_name().fullmatch(node.text) and node.text not in never:
        return node.text
    return f"`{node.text}`"


def alias(node: s.Name) -> str:
    """A name without a word before it: no word that could begin something else."""
    return name(node, _keywords() | JOIN_WORDS)


def names(nodes: tuple[s.Name, ...]) -> str:
    """``(a, b)``."""
    return f"({', '.join(name(each) for each in nodes)})"


def columns(nodes: tuple[s.Name, ...]) -> str:
    """``a``, ``(a, b)``."""
    return name(nodes[0]) if len(nodes) == 1 else names(nodes)


def qualified(node: s.QualifiedName, never: frozenset[str] = frozenset()) -> str:
    """``audit.events``."""
    return ".".join(name(part, never) for part in node.parts)


def text(value: str) -> str:
    """``'it''s'``."""
    return "'" + value.replace("'", "''") + "'"


def label(node: s.Name) -> str:
    """The name of an entry of a record, which may be any text."""
    return name(node) if QUOTABLE.fullmatch(node.text) else text(node.text)


def enum_value(value: str) -> str:
    """A name where it can be one, else a text."""
    return value if plain_name().fullmatch(value) else text(value)


def parameter(node: s.Parameter) -> str:
    """``$name``, ``$name?``."""
    return f"${node.name}{'?' if node.optional else ''}"


def type_ref(node: s.TypeRef, plain: bool = False) -> str:
    """``decimal(15, 2)[]?``; ``plain``: where the first word of a type must not be one of the language."""
    size = f"({', '.join(str(each) for each in node.arguments)})" if node.arguments else ""
    never = _keywords() if plain else LIST_WORDS | COLUMN_WORDS
    return f"{qualified(node.name, never)}{size}{'[]' if node.is_list else ''}{'?' if node.nullable else ''}"


def bound(node: s.Number | s.Parameter) -> str:
    """What a limit is."""
    return parameter(node) if isinstance(node, s.Parameter) else node.text


def maximum(node: s.Number | None) -> str:
    """``max 200``, with a space before it; nothing without one."""
    return f" max {node.text}" if node else ""
