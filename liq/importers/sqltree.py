"""SQL expressions and queries as sqlglot's trees, with the way back to the places of their text.

sqlglot accepts more than it keeps, so every node is looked at argument by argument (``only``): what nothing here reads
is refused, never passed over.
"""

from __future__ import annotations

import logging
from bisect import bisect_right
from collections.abc import Callable

import sqlglot
from attrs import frozen
from sqlglot import exp
from sqlglot.errors import SqlglotError

from liq.importers.ddl import Fragment
from liq.importers.problems import Place, Unsayable
from liq.importers.tokens import Dialect, Lexer, Token
from liq.model import codes
from liq.model.source import Span
from liq.model.stack import stack_room

TOKENS_MAX = 20_000
DEPTH_MAX = 60
"""Parentheses, CASE and prefix operators around one another."""

_PREFIXES = frozenset(("not", "case", "-", "+", "select", "~"))
_SELECT = "SELECT "

logging.getLogger("sqlglot").setLevel(logging.CRITICAL)  # its warnings go to stderr; ours are diagnostics

Node = exp.Expr


@frozen
class Tree:
    """A parsed fragment. ``starts``: pairs of places in the parsed text and in the source."""

    root: Node
    fragment: Fragment
    starts: tuple[tuple[int, int], ...]

    def place(self, node: Node) -> Place:
        """Where a node stands, as far as it can be told: where the first name or literal within it does."""
        span = self.fragment.span
        if not self.fragment.inside:
            found = [n.meta for n in node.walk() if "start" in n.meta]
            if found:
                start, end = min(m["start"] for m in found), max(m["end"] for m in found) + 1
                span = Span(self._source(start), max(self._source(end - 1) + 1, self._source(start)))
        return Place(self.fragment.source, span)

    def _source(self, at: int) -> int:
        number = max(bisect_right(self.starts, (at, 1 << 60)) - 1, 0)
        parsed, original = self.starts[number]
        return max(original + at - parsed, 0)


def expression(fragment: Fragment, dialect: Dialect) -> Tree:
    """The tree of one expression."""
    tree = _parse(fragment, dialect, _SELECT)
    root = tree.root
    if not isinstance(root, exp.Select) or len(root.expressions) != 1 or _others(root, "expressions"):
        raise Unsayable("this is not one expression", Place.of(fragment), code=codes.IMPORT_SYNTAX)
    value = root.expressions[0]
    if isinstance(value, exp.Alias | exp.Star):
        raise Unsayable("this is not an expression", Place.of(fragment), code=codes.IMPORT_SYNTAX)
    return Tree(value, fragment, tree.starts)


def query(fragment: Fragment, dialect: Dialect) -> Tree:
    """The tree of one query."""
    tree = _parse(fragment, dialect, "")
    if not isinstance(tree.root, exp.Query):
        raise Unsayable("this is not a query", Place.of(fragment), code=codes.IMPORT_SYNTAX)
    return tree


def _parse(fragment: Fragment, dialect: Dialect, prefix: str) -> Tree:
    text, starts = _plain(fragment, dialect, prefix)
    try:
        with stack_room():
            found = [each for each in sqlglot.parse(text, dialect=dialect) if each is not None]
    except SqlglotError as error:
        raise Unsayable(_message(error), Place.of(fragment), code=codes.IMPORT_SYNTAX) from None
    except RecursionError:
        raise _too_deep(fragment) from None
    except Exception:  # whatever a text does to sqlglot is a finding about the text
        raise Unsayable("this cannot be read as SQL", Place.of(fragment), code=codes.IMPORT_SYNTAX) from None
    if len(found) != 1:
        raise Unsayable("this is not one statement", Place.of(fragment), code=codes.IMPORT_SYNTAX)
    return Tree(found[0], fragment, starts)


def _message(error: Exception) -> str:
    errors = getattr(error, "errors", None)
    said = errors[0].get("description") if errors else None
    said = said.rstrip(".") if isinstance(said, str) else ""
    return f"this cannot be read as SQL ({said[:1].lower() + said[1:]})" if said else "this cannot be read as SQL"


def _too_deep(fragment: Fragment) -> Unsayable:
    return Unsayable("this is nested too deeply", Place.of(fragment), code=codes.TOO_LARGE)


def _plain(fragment: Fragment, dialect: Dialect, prefix: str) -> tuple[str, tuple[tuple[int, int], ...]]:
    """The text with every string in single quotes, and where its pieces come from; refuses what is too much."""
    lexer = Lexer(fragment.text, dialect)
    pieces, starts = [prefix], [(0, fragment.at)]
    length, last, count, depth, run = len(prefix), 0, 0, 0, 0
    while (token := lexer.next()) is not None:
        count += 1
        run = run + 1 if token.value in _PREFIXES and token.kind in ("word", "sign") else max(run - 1, 0)
        if token.kind == "sign":
            depth += (token.value in ("(", "[")) - (token.value in (")", "]"))
        if token.kind == "bad" or depth < 0:
            raise Unsayable("this cannot be read as SQL", Place.of(fragment), code=codes.IMPORT_SYNTAX)
        if count > TOKENS_MAX:
            said = f"this has more than {TOKENS_MAX} words and signs"
            raise Unsayable(said, Place.of(fragment), code=codes.TOO_LARGE)
        if depth + run > DEPTH_MAX:
            raise _too_deep(fragment)
        gap = " " * (token.start - last)
        shown = _shown(fragment, token)
        starts.append((length + len(gap), fragment.at + (0 if fragment.inside else token.start)))
        pieces += [gap, shown]
        length += len(gap) + len(shown)
        last = token.end
    return "".join(pieces), tuple(starts)


def _shown(fragment: Fragment, token: Token) -> str:
    if token.kind in ("string", "dollar"):
        return "'" + token.value.replace("'", "''") + "'"
    text = fragment.text[token.start : token.end]
    return text.replace("_", "") if token.kind == "number" else text


# ------------------------------------------------------------------------------------------------- looking at nodes
_QUIET = frozenset("_type safe typed big_int ignore_nulls value_constructor only_json_types comments".split())
"""Arguments that say nothing about the meaning of a node here."""


def _others(node: Node, *allowed: str) -> list[str]:
    return [
        name
        for name, value in node.args.items()
        if value not in (None, False, []) and name not in allowed and name not in _QUIET
    ]


def only(node: Node, refuse: Callable[[Node, str], Unsayable], *allowed: str) -> None:
    """Refuse a node that has any argument but these."""
    others = _others(node, *allowed)
    if others:
        raise refuse(node, f"{name_of(node)} with {others[0].rstrip('_')} has no form in liq")


def name_of(node: Node) -> str:
    """What a kind of node is called in messages."""
    return _CALLED.get(type(node), type(node).__name__.upper())


def text_of(node: Node | None) -> str | None:
    """The text that a constant says, also as dumps write it: ``'role'::text``; None for anything else."""
    while isinstance(node, exp.Paren) or (isinstance(node, exp.Cast) and node.to.this in _TEXTS):
        node = node.this
    return str(node.this) if isinstance(node, exp.Literal) and node.is_string else None


_TEXTS = (exp.DType.TEXT, exp.DType.VARCHAR, exp.DType.CHAR)
_CALLED: dict[type[Node], str] = {
    exp.RegexpLike: "~ (a regular expression)", exp.RegexpILike: "~* (a regular expression)", exp.Glob: "GLOB",
    exp.SimilarTo: "SIMILAR TO", exp.BitwiseAnd: "&", exp.BitwiseOr: "|", exp.BitwiseXor: "#", exp.BitwiseNot: "~",
    exp.TimeToStr: "to_char", exp.Rand: "random()", exp.Operator: "OPERATOR(…)", exp.Variadic: "VARIADIC",
    exp.ByteString: "a byte string", exp.BitString: "a bit string", exp.UnicodeString: "U&'…'", exp.Typeof: "typeof",
}  # fmt: skip
