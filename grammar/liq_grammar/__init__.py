"""Text ⇄ syntax tree: the grammar of liq, its parser and its formatter."""

from liq_grammar.formatter import Formatted, format_source, format_tree
from liq_grammar.parser import Parsed, accepts, decode, keywords, parse

__all__ = ["Formatted", "Parsed", "accepts", "decode", "format_source", "format_tree", "keywords", "parse"]
