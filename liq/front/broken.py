"""What stands where an expression could not be resolved: a null that fits everywhere, so that nothing else is said."""

from __future__ import annotations

from attrs import frozen

from liq.model.expr import Expr, Literal
from liq.model.source import Span
from liq.model.types import NULL


@frozen
class Broken(Literal):
    """A null that stands for an error that was reported already."""


def broken(span: Span) -> Expr:
    """A null for an error at ``span``."""
    return Broken(None, NULL, span=span)


def is_broken(*exprs: Expr) -> bool:
    """Whether one of them stands for an error."""
    return any(isinstance(expr, Broken) for expr in exprs)
