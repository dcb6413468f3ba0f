"""What programs are made of: the node classes of the syntax tree, counted."""

from __future__ import annotations

import inspect
from collections import Counter

from liq.model.source import Source
from liq_grammar import syntax
from liq_grammar.parser import parse

ELSEWHERE = {
    # Not for programs and schemas that run: broken text, comments, the file itself, bases.
    "Node", "Documented", "Broken", "Comment", "File",
    # Run by the engine, not by this campaign.
    "TestDecl", "Run", "Given", "SessionStep", "ExpectRows", "ExpectError", "MigrationDecl", "Add", "SetColumn", "DropColumn",
    "RenameColumn", "RenameTable", "Alter", "DropTable",
    # Declarations without a meaning in rows.
    "Was", "ChannelDecl", "MaxRows", "IndexDecl",
}  # fmt: skip


def grammar_constructs() -> frozenset[str]:
    """The node classes that a campaign over programs must have met."""
    classes = (c for _, c in inspect.getmembers(syntax, inspect.isclass) if issubclass(c, syntax.Node) and c.__module__ == syntax.__name__)
    return frozenset(c.__name__ for c in classes) - ELSEWHERE


def constructs_of(text: str) -> Counter[str]:
    """How often each construct stands in a text."""
    found: Counter[str] = Counter()
    stack: list[syntax.Node] = [parse(Source("generated", text)).tree]
    while stack:
        node = stack.pop()
        found[type(node).__name__] += 1
        stack.extend(syntax.children(node))
    return found
