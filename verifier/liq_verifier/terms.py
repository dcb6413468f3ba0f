"""Encoded scalars and booleans."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen

from liq.model.types import Type
from liq_verifier import smt
from liq_verifier.sorts import is_exact


@frozen
class Term:
    """A scalar: its key, whether it is null, and ``ident``: equal idents mean the very same value, not only an equal
    key."""

    type: Type
    value: str
    null: str
    ident: str


@frozen
class Rails:
    """A boolean on two rails: when it is true, and when it is false; null is neither."""

    true: str
    false: str


Env = Mapping[int, Term]
"""What the column ids in scope stand for."""


def exact_term(type_: Type, value: str, null: str) -> Term:
    """A term whose text says all: of an exact type, or a bare symbol."""
    assert is_exact(type_) or " " not in value
    return Term(type_, value, null, f"{value}?{null}")


def always(truth: bool) -> Rails:
    """A boolean constant."""
    return Rails(smt.TRUE if truth else smt.FALSE, smt.FALSE if truth else smt.TRUE)


UNKNOWN = Rails(smt.FALSE, smt.FALSE)
"""The boolean null."""


def both(left: Rails, right: Rails) -> Rails:
    """Conjunction."""
    return all_of((left, right))


def all_of(parts: tuple[Rails, ...]) -> Rails:
    """Kleene's conjunction."""
    return Rails(smt.conj(p.true for p in parts), smt.disj(p.false for p in parts))


def any_of(parts: tuple[Rails, ...]) -> Rails:
    """Kleene's disjunction."""
    return Rails(smt.disj(p.true for p in parts), smt.conj(p.false for p in parts))
