"""Text ⇄ syntax tree: the grammar of liq, its parser and its formatter."""

from typing import TYPE_CHECKING

from liq_grammar.parser import Lexeme, Parsed, accepts, decode, keywords, parse

if TYPE_CHECKING:
    from liq_grammar.formatter import Formatted, format_source, format_tree

__all__ = [
    "Formatted", "Lexeme", "Parsed", "accepts", "decode", "format_source", "format_tree", "keywords", "parse",
]  # fmt: skip


def __getattr__(name: str) -> object:
    """The formatter, loaded when it is first asked for: checking a file does not need it."""
    if name in ("Formatted", "format_source", "format_tree"):
        from liq_grammar import formatter

        return getattr(formatter, name)
    raise AttributeError(name)
