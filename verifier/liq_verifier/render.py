"""Verifications for people: a line per obligation, and for a refutation the rows, the session and what was to blame."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from liq.model.source import NO_SPAN, Source
from liq.model.values import JsonValue, Value
from liq_verifier.obligation import Obligation, Verdict, Verification, Witness

STYLES = {Verdict.PROVED: "green", Verdict.REFUTED: "bold red", Verdict.UNKNOWN: "yellow"}


def rendered(verification: Verification, source: Source | None = None) -> Group:
    """A whole verification."""
    parts: list[RenderableType] = [Text(verification.verdict.value, style=STYLES[verification.verdict])]
    for obligation in verification.obligations:
        parts.extend(_obligation(obligation, source))
    parts += [Text(f"warning: {warning}", style="yellow") for warning in verification.warnings]
    parts += [Text(f"channel: {channel}") for channel in verification.channels]
    return Group(*parts)


def _obligation(obligation: Obligation, source: Source | None) -> Iterator[RenderableType]:
    line = Text()
    line.append(f"{obligation.verdict.value:8}", STYLES[obligation.verdict])
    line.append(f" {obligation.kind.value:4} {obligation.about}: {obligation.claim}")
    if source is not None and obligation.span != NO_SPAN:
        at, column = source.position(obligation.span.start)
        line.append(f"  ({source.name}:{at}:{column})", "dim")
    yield line
    if obligation.verdict is Verdict.UNKNOWN:
        yield Text(f"         {obligation.reason}", style="yellow")
    if obligation.witness is not None:
        yield from witness(obligation.witness)


def witness(found: Witness) -> Iterator[RenderableType]:
    """The rows that show a leak."""
    claims = ", ".join(f"@{name} = {short(value)}" for name, value in found.claims.items())
    params = ", ".join(f"${name} = {short(value)}" for name, value in found.params.items())
    yield Text(f"session: {claims}" + (f"   parameters: {params}" if params else ""))
    for name, rows in found.tables.items():
        table = Table(title=name, title_justify="left", show_edge=False)
        columns = list(rows[0]) if rows else []
        for column in columns:
            table.add_column(column)
        table.add_column("")
        for row in rows:
            blamed = name == found.table and row == found.hidden
            table.add_row(*(short(row[c]) for c in columns), "← hidden from this session" if blamed else "")
        yield table
    yield Text(f"the plan answers: {_answer(found.with_row)}")
    yield Text(f"without that row: {_answer(found.without_row)}")


def _answer(answer: tuple[tuple[Value, ...], ...] | str) -> str:
    if isinstance(answer, str):
        return answer
    return "; ".join("(" + ", ".join(short(value) for value in row) + ")" for row in answer) or "no rows"


def short(value: object) -> str:
    """A value in a few characters."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return f"'{value}'"
        case uuid.UUID():
            return f"…{str(value)[-4:]}"
        case JsonValue(inner):
            return f"json {inner}"
        case Mapping():
            return "{" + ", ".join(f"{k}: {short(v)}" for k, v in value.items()) + "}"
        case _:
            return str(value)
