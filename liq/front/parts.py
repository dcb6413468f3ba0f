"""The parts behind a declaration: each at most once, every further one reported."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from liq.front.context import Context
from liq.model import codes
from liq.model.diagnostics import Label
from liq_grammar import syntax

N = TypeVar("N", bound=syntax.Node)


def single(parts: Iterable[syntax.Node], kind: type[N], what: str, context: Context) -> N | None:
    """The one part of a kind; the first of several, of which the others are reported."""
    found = syntax.pick(parts, kind)
    for again in found[1:]:
        label = Label(found[0].span, "it is said here already")
        context.report(codes.DUPLICATE_PART, again.span, f"{what} is said twice", (label,))
    return found[0] if found else None


def distinct_names(names: Iterable[syntax.Name], context: Context) -> tuple[syntax.Name, ...]:
    """Names of a list without repetitions, which are reported."""
    seen: dict[str, syntax.Name] = {}
    for name in names:
        if name.text in seen:
            label = Label(seen[name.text].span, "it stands here already")
            context.report(codes.DUPLICATE_COLUMN, name.span, f"{name.text} is listed twice", (label,))
        else:
            seen[name.text] = name
    return tuple(seen.values())
