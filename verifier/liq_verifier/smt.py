"""SMT-LIB 2 text: building terms and one script. Every formula the solver sees is text made here, so it can be hashed
and kept."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from fractions import Fraction

TRUE, FALSE = "true", "false"
BOOL, INT, REAL = "Bool", "Int", "Real"
_UNSAFE = re.compile(r"[^A-Za-z0-9_]")
_SHARE_FROM = 60
_TERMS_MAX = 60_000


class TooLarge(Exception):
    """The formula grew past the bound on work: the verdict is unknown."""


def conj(parts: Iterable[str]) -> str:
    """The conjunction, without what is certainly true."""
    kept = list(dict.fromkeys(p for p in parts if p != TRUE))
    if FALSE in kept:
        return FALSE
    return TRUE if not kept else kept[0] if len(kept) == 1 else f"(and {' '.join(kept)})"


def disj(parts: Iterable[str]) -> str:
    """The disjunction, without what is certainly false."""
    kept = list(dict.fromkeys(p for p in parts if p != FALSE))
    if TRUE in kept:
        return TRUE
    return FALSE if not kept else kept[0] if len(kept) == 1 else f"(or {' '.join(kept)})"


def neg(part: str) -> str:
    """The negation; double negation goes away."""
    if part in (TRUE, FALSE):
        return FALSE if part == TRUE else TRUE
    return part[5:-1] if part.startswith("(not ") else f"(not {part})"


def implies(left: str, right: str) -> str:
    """``left => right``."""
    return disj((neg(left), right))


def ite(condition: str, then: str, other: str) -> str:
    """``if condition then then else other``."""
    if condition == TRUE or then == other:
        return then
    return other if condition == FALSE else f"(ite {condition} {then} {other})"


def equal(left: str, right: str) -> str:
    """Equality of two terms of one sort."""
    return TRUE if left == right else f"(= {left} {right})"


def apply(head: str, *args: str) -> str:
    """``(head args…)``."""
    return f"({head} {' '.join(args)})"


def integer(value: int) -> str:
    """An Int constant."""
    return str(value) if value >= 0 else f"(- {-value})"


def rational(value: Fraction | int) -> str:
    """A Real constant, exact."""
    exact = Fraction(value)
    size = f"{abs(exact.numerator)}.0"
    text = size if exact.denominator == 1 else f"(/ {size} {exact.denominator}.0)"
    return f"(- {text})" if exact < 0 else text


def string(value: str) -> str:
    """A String constant: everything but plain printable ASCII is escaped, so that no escape of the value's own is
    read."""
    out = [c if " " <= c <= "~" and c not in '"\\' else f"\\u{{{ord(c):x}}}" for c in value]
    return '"' + "".join(out) + '"'


class Script:
    """The declarations, shared terms and assertions of one formula, in the order they were made."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._symbols: set[str] = set()
        self._shared: dict[str, str] = {}
        self._asserted: set[str] = set()
        self.constants: dict[str, str] = {}

    def fresh(self, hint: str) -> str:
        """A symbol that nothing has used, made of ASCII letters and digits only."""
        base = _UNSAFE.sub("_", hint)[:40] or "x"
        name, number = f"{base}!0", 0
        while name in self._symbols:
            number += 1
            name = f"{base}!{number}"
        self._symbols.add(name)
        if len(self._symbols) > _TERMS_MAX:
            raise TooLarge("the formula has too many terms")
        return name

    def constant(self, hint: str, sort: str) -> str:
        """A new free constant."""
        name = self.fresh(hint)
        self._lines.append(f"(declare-fun {name} () {sort})")
        self.constants[name] = sort
        return name

    def function(self, hint: str, arguments: Sequence[str], result: str) -> str:
        """A new uninterpreted function."""
        name = self.fresh(hint)
        self._lines.append(f"(declare-fun {name} ({' '.join(arguments)}) {result})")
        return name

    def share(self, sort: str, text: str) -> str:
        """A short name for a long term, so that formulas stay as large as the trees they come from."""
        if len(text) < _SHARE_FROM:
            return text
        known = self._shared.get(text)
        if known is None:
            known = self.fresh("t")
            self._lines.append(f"(define-fun {known} () {sort} {text})")
            self._shared[text] = known
        return known

    def claim(self, text: str) -> None:
        """Assert a formula once."""
        if text != TRUE and text not in self._asserted:
            self._asserted.add(text)
            self._lines.append(f"(assert {text})")

    def text(self) -> str:
        """Everything so far."""
        return "\n".join(self._lines) + "\n"
