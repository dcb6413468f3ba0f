"""Diagnostics that try a renderer: every part, odd texts, odd places."""

from __future__ import annotations

from liq.model.codes import INVALID_CHARACTER, SQL_FORM, SYNTAX, TOO_LARGE
from liq.model.diagnostics import Code, Diagnostic, Fix, Label, Severity
from liq.model.source import Source, Span

WARNING = Code("LIQ9999", "a-warning", Severity.WARNING, "a code of the tests")
QUERY = Source("queries/runs.liq", "read agent_runs\n\twhere staus = $status -- 見る\n  limit 20\n")
SCHEMA = Source("schema.liq", "table agent_runs {\n  status text\n}\n")
HOSTILE = Source("a\x1b[31m.liq", "read [red]x[/red] where a = '\u202eevil\u2066' and \x1b[2J b\u200b\n")
LONG = Source("long.liq", "read t where " + " or ".join(f"column_{i} = {i}" for i in range(500)) + "\n")
SOURCES = {source.name: source for source in (QUERY, SCHEMA, HOSTILE, LONG)}


def at(source: Source, text: str) -> Span:
    """The span of the first place where a text stands."""
    start = source.text.index(text)
    return Span(start, start + len(text))


PLAIN = Diagnostic(SYNTAX, 'unknown column "staus" on agent_runs', at(QUERY, "staus"), QUERY.name)
FULL = Diagnostic(
    SQL_FORM,
    'unknown column "staus" on agent_runs',
    at(QUERY, "staus"),
    QUERY.name,
    (Label(at(QUERY, "$status"), "compared with this"), Label(at(SCHEMA, "status"), "declared here", SCHEMA.name)),
    help="did you mean status?",
    fix=Fix(at(QUERY, "staus"), "status", "write the name that is declared"),
)
WIDE = Diagnostic(INVALID_CHARACTER, "letters outside strings are ASCII", at(QUERY, "見る"), QUERY.name)
LINES = Diagnostic(WARNING, "a read without bound", Span(0, len(QUERY.text)), QUERY.name)
NOWHERE = Diagnostic(TOO_LARGE, "the file has 20000000 bytes", Span(0, 0), "big.liq")
NAMELESS = Diagnostic(TOO_LARGE, "no liq.toml here or above", Span(0, 0))
EVIL = Diagnostic(SYNTAX, "unexpected '\u202e[bold]'\x07", at(HOSTILE, "\u202eevil\u2066"), HOSTILE.name)
FAR = Diagnostic(SYNTAX, "unknown column", at(LONG, "column_300"), LONG.name)
BEYOND = Diagnostic(SYNTAX, "unexpected end of input", Span(len(QUERY.text), len(QUERY.text)), QUERY.name)
ALL = (PLAIN, FULL, WIDE, LINES, NOWHERE, NAMELESS, EVIL, FAR, BEYOND)
