"""Verdicts for people: a table of obligations, and for a refutation the rows, the session and the parameters."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from liq.cli.rows import as_json
from liq.render.visible import visible

if TYPE_CHECKING:
    from liq_verifier import Certified, Obligation, Witness

STYLES = {"proved": "green", "refuted": "bold red", "unknown": "yellow"}
ROWS_MAX = 12
CELL_WIDTH = 40
UUID_TAIL = 6


def certified_view(found: Certified, repaired: Mapping[str, str]) -> Iterator[RenderableType]:
    """A plan's verdict with everything that led to it."""
    verdict = found.verification.verdict.value
    yield Text.assemble((visible(found.plan.name), "bold"), "  ", (verdict, STYLES[verdict]), f"  {found.plan.plan_id}")
    table = Table(box=None, pad_edge=False, show_edge=False)
    for heading in ("", "obligation", "about", "claim", "by"):
        table.add_column(heading, overflow="fold")
    for obligation in found.verification.obligations:
        said = obligation.verdict.value
        how = "structure" if obligation.solved is None else f"{obligation.solved.answer}, {obligation.solved.rlimit}"
        claim = Text(visible(obligation.claim))
        table.add_row(
            Text(said, STYLES[said]), obligation.kind.value, Text(visible(obligation.about)), claim, Text(how, "dim")
        )
    yield table
    yield from _failures(found, repaired)
    yield from (Text(f"channel: {visible(channel)}") for channel in found.verification.channels)
    yield from (Text(f"warning: {visible(warning)}", "yellow") for warning in found.verification.warnings)


def _failures(found: Certified, repaired: Mapping[str, str]) -> Iterator[RenderableType]:
    """What is not proved, each claim once: SQL repeats the claims of its plan."""
    from liq_verifier.blame import unsatisfied

    seen: set[str] = set()
    for obligation in sorted(found.verification.failed, key=lambda o: o.witness is None):
        if (claim := f"{obligation.about.split(' ')[-1]}: {obligation.claim}") in seen:
            continue
        seen.add(claim)
        yield Text()
        said = obligation.verdict.value
        yield Text.assemble((said, STYLES[said]), f"  {visible(claim)}")
        if obligation.witness is None:
            yield Text(f"  because: {visible(obligation.reason)}")
        else:
            yield from witness_view(obligation.witness)
            for reason in unsatisfied(obligation.witness, found.plan, found.schema):
                yield Text(f"hidden: {visible(reason)}")
        yield from _repair(obligation, repaired)


def _repair(obligation: Obligation, repaired: Mapping[str, str]) -> Iterator[RenderableType]:
    if (repair := repaired.get(obligation.id)) is not None:
        yield Text(f"repair: {visible(repair)}  (proves; declare it if everybody may know)")


def witness_view(found: Witness) -> Iterator[RenderableType]:
    """Rows on which the plan goes wrong."""
    claims = ", ".join(f"@{visible(name)} = {cell(value)}" for name, value in found.claims.items())
    params = ", ".join(f"${visible(name)} = {cell(value)}" for name, value in found.params.items())
    yield Text(f"session:    {claims or 'no claims'}")
    if params:
        yield Text(f"parameters: {params}")
    for name, rows in found.tables.items():
        table = Table(title=Text(visible(name)), title_justify="left", box=None, pad_edge=False)
        columns = list(rows[0]) if rows else []
        for column in columns:
            table.add_column(Text(visible(column)), overflow="fold")
        table.add_column("")
        for row in rows[:ROWS_MAX]:
            blamed = name == found.table and row == found.hidden
            mark = Text("← hidden from this session" if blamed else "", "bold red")
            table.add_row(*(Text(cell(row[column])) for column in columns), mark)
        yield table
        if len(rows) > ROWS_MAX:
            yield Text(f"… and {len(rows) - ROWS_MAX} rows more")
    yield Text(f"the plan answers: {_answer(found.with_row)}")
    yield Text(f"without that row: {_answer(found.without_row)}")


def _answer(answer: tuple[tuple[Any, ...], ...] | str) -> str:
    if isinstance(answer, str):
        return visible(answer)
    shown = ["(" + ", ".join(cell(value) for value in row) + ")" for row in answer[:ROWS_MAX]]
    return "; ".join(shown + ["…"] * (len(answer) > ROWS_MAX)) or "no rows"


def cell(value: Any) -> str:
    """A value in a few characters."""
    if value is None:
        return "∅"
    if isinstance(value, uuid.UUID):
        return f"…{str(value)[-UUID_TAIL:]}"
    text = visible(json.dumps(plain(value), ensure_ascii=False))
    return text if len(text) <= CELL_WIDTH else text[: CELL_WIDTH - 1] + "…"


def plain(value: Any) -> Any:
    """A value of a witness as JSON; rows of a row list are objects."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return as_json(value)


def shown(parts: Iterable[RenderableType], colour: str | None) -> str:
    """The text of what is to be shown on standard output, coloured on a terminal."""
    import io
    import sys

    from rich.console import Console

    forced = {"always": True, "never": False}.get(colour or "auto")
    terminal = sys.stdout.isatty() if forced is None else forced
    out = io.StringIO()
    console = Console(
        file=out, highlight=False, markup=False, emoji=False, force_terminal=terminal, soft_wrap=False,
        width=None if sys.stdout.isatty() else 140,
    )  # fmt: skip
    for part in parts:
        console.print(part)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()) + "\n"
