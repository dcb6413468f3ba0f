"""Text ⇄ syntax tree: the grammar of liq, its parser and its formatter."""

from liq_grammar.parser import Parsed, accepts, decode, keywords, parse

__all__ = ["Parsed", "accepts", "decode", "keywords", "parse"]
