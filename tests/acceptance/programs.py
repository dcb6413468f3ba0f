"""The liq programs of a Markdown page, and arguments to call them with."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from attrs import frozen

from liq.model import ir
from liq.model import types as t
from liq.model.source import Source
from liq_grammar import syntax
from liq_grammar.parser import parse
from tests.gen import values
from tests.gen.rng import Rng

FENCE = re.compile(r"^```liq\n(.*?)^```", re.S | re.M)


@frozen
class Block:
    """A fenced block of a page: where it starts, the heading it stands under, its text."""

    line: int
    heading: str
    text: str

    @property
    def id(self) -> str:
        """A name for reports."""
        return f"{self.heading.split('.')[0]}-line{self.line}"


def blocks(page: Path) -> list[Block]:
    """The ``liq`` blocks of a page."""
    text = page.read_text(encoding="utf-8")
    found = []
    for match in FENCE.finditer(text):
        headings = re.findall(r"^#+ (.*)$", text[: match.start()], re.M)
        found.append(Block(text[: match.start()].count("\n") + 1, headings[-1], match[1]))
    return found


def statements(block: Block) -> list[str]:
    """The statements and queries of a block, each as a text of its own."""
    tree = parse(Source("block.liq", block.text)).tree
    kept = [item for item in tree.items if isinstance(item, syntax.Statement | syntax.QueryDecl)]
    return [block.text[item.span.start : item.span.end] for item in kept]


def arguments(rng: Rng, query: ir.Query) -> dict[str, Any]:
    """Arguments of the types that a query declares or was inferred to take; cursors are left out."""
    made: dict[str, Any] = {}
    for parameter in query.parameters:
        if isinstance(parameter.type, t.Cursor) or (parameter.optional and rng.chance(0.3)):
            continue
        if parameter.rows_of:
            made[parameter.name] = [{c.name: _value(rng, c.type) for c in parameter.rows_of} for _ in range(2)]
        elif parameter.options:
            made[parameter.name] = rng.pick(parameter.options)
        else:
            made[parameter.name] = _value(rng, parameter.type)
    return made


def _value(rng: Rng, type_: t.Type) -> Any:
    match type_:
        case t.Enum(_, labels):
            return rng.pick(labels)
        case t.List(element):
            return [_value(rng, element) for _ in range(rng.between(1, 3))]
        case t.Vector(dimensions):
            return [1.0] * dimensions
        case t.Int():
            return rng.between(1, 5)
        case _:
            return values.value(rng, str(type_))
