"""The parts behind a declaration: each at most once, every further one reported."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from liq.front.context import Context, closest
from liq.model import codes
from liq.model.diagnostics import Code, Fix, Label
from liq.model.source import Span
from liq_grammar import syntax

N = TypeVar("N", bound=syntax.Node)


def single(
    parts: Iterable[syntax.Node], kind: type[N], what: str, context: Context, code: Code = codes.DUPLICATE_PART
) -> N | None:
    """The one part of a kind; the first of several, of which the others are reported."""
    found = syntax.pick(parts, kind)
    for again in found[1:]:
        label = Label(found[0].span, "it is said here already")
        context.report(code, again.span, f"{what} is said twice", (label,))
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


def report_unknown(
    context: Context, code: Code, span: Span, said: str, name: str, known: Iterable[str], help: str | None = None
) -> None:
    """Report a name that is not there, with the one that was probably meant."""
    meant = closest(name, known)
    context.report(
        code, span, said + (f" — did you mean {meant}?" if meant else ""), help=help,
        fix=Fix(span, meant, f"replace by {meant}") if meant else None,
    )  # fmt: skip


def unknown_column(context: Context, name: syntax.Name, table: str, columns: Iterable[str]) -> None:
    """Report a name that is no column of a table."""
    said = f'unknown column "{name.text}" on {table}'
    report_unknown(context, codes.UNKNOWN_COLUMN, name.span, said, name.text, columns)


def unknown_table(context: Context, name: syntax.QualifiedName, known: Iterable[str]) -> None:
    """Report a name that is no table."""
    report_unknown(context, codes.UNKNOWN_TABLE, name.span, f'unknown table "{name.text}"', name.text, known)
