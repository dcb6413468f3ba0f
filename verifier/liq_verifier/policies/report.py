"""Audits as diagnostics: each finding with the rows and sessions that show it."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Mapping

from liq.model import codes
from liq.model.diagnostics import Diagnostic, Label
from liq.model.source import Span
from liq.model.values import JsonValue, Value
from liq_verifier.policies.answer import Seen
from liq_verifier.policies.audit import Audit
from liq_verifier.policies.probe import Finding, Probe, Undecided

Place = tuple[str, Span]
Places = Callable[[str, str | None], Place]
"""Where a policy of a table, or the table, stands: file and span."""


def diagnostics(audit: Audit, places: Places) -> tuple[Diagnostic, ...]:
    """Everything found, in the order of the text, then what could not be decided."""
    found = sorted((_finding(f, places) for f in audit.findings), key=lambda d: (d.file, d.span, d.code.id))
    return (*found, *(_undecided(u, places) for u in audit.undecided))


def _place(probe: Probe, places: Places) -> Place:
    return places(probe.table, None if probe.policy is None else probe.policy.name)


def _finding(finding: Finding, places: Places) -> Diagnostic:
    file, span = _place(finding.probe, places)
    labels = (Label(span, f"for instance: {instance(finding.seen)}"),) if finding.seen is not None else ()
    return Diagnostic(finding.probe.code, finding.probe.message, span, file, labels, finding.probe.help)


def _undecided(undecided: Undecided, places: Places) -> Diagnostic:
    file, span = _place(undecided.probe, places)
    said = f"not decided whether {undecided.probe.message}: {undecided.reason}"
    return Diagnostic(codes.AUDIT_UNDECIDED, said, span, file, help="read this policy yourself")


def instance(seen: Seen) -> str:
    """A witness in one line: sessions, the rows in question, rows beside them."""
    sessions = "; ".join(f"session{f' {i}' if len(seen.sessions) > 1 else ''} {_claims(s)}"
                         for i, s in enumerate(seen.sessions, 1))  # fmt: skip
    rows = [f"{'row' if stored else 'new row'} of {table} {_row(row)}" for table, row, stored in seen.rows]
    named = [dict(row) for _, row, stored in seen.rows if stored]
    beside = [f"{table} {_row(row)}" for table, held in seen.tables.items() for row in held if dict(row) not in named]
    return "; ".join((sessions, *rows, *(("beside " + ", ".join(beside),) if beside else ())))


def _claims(session: Mapping[str, Value]) -> str:
    return ", ".join(f"@{name} = {short(value)}" for name, value in session.items())


def _row(row: Mapping[str, Value]) -> str:
    """The columns that tell rows apart: times and bytes are left out."""
    shown = {name: value for name, value in row.items() if not isinstance(value, None | dt.datetime | bytes)}
    return "(" + ", ".join(f"{name} {short(value)}" for name, value in shown.items()) + ")"


def short(value: Value) -> str:
    """A value in a few characters."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return "'" + value.replace("'", "''") + "'"
        case uuid.UUID():
            return f"…{str(value)[-4:]}"
        case JsonValue(inner):
            return f"json {inner}"
        case _:
            return str(value)
