"""``import_sql``: scripts of DDL, applied in order as migrations are, to one file of liq declarations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from attrs import field, frozen

from liq.importers import ddl
from liq.importers.apply import Applier
from liq.importers.cursor import Unreadable
from liq.importers.database import Database
from liq.importers.declare import declare, in_order
from liq.importers.problems import Place, Report
from liq.importers.read import read_statement
from liq.importers.rows_written import check_names
from liq.importers.statements import Script, split
from liq.importers.tokens import Dialect
from liq.model import codes
from liq.model.diagnostics import Diagnostic
from liq.model.source import Source, Span
from liq_grammar import syntax as s

CHARACTERS_MAX = 4_000_000
"""Characters of one script."""
STATEMENTS_MAX = 50_000
"""Statements of all scripts together."""


@frozen
class Imported:
    """What was imported: declarations that ``format_tree`` writes, and everything there is to say about them."""

    file: s.File
    diagnostics: tuple[Diagnostic, ...]
    places: Mapping[tuple[str, str | None], Place] = field(factory=dict, eq=False, repr=False)
    """Where tables (with None) and policies stand, by the names that liq gives them."""


def import_sql(sources: Sequence[Source], dialect: Dialect, *, definers: Iterable[str] = ()) -> Imported:
    """Declarations for what the scripts build, one after the other, in an empty database.

    ``definers`` names functions that are taken to be SECURITY DEFINER, with an owner whom no policy binds, whatever the
    scripts say: the way out where row security needs itself. Never raises for what a script says.
    """
    database, report = Database(dialect), Report()
    applier = Applier(database, report)
    count = 0
    for source in sources:
        if len(source.text) > CHARACTERS_MAX:
            message = f"a script of more than {CHARACTERS_MAX} characters is not read"
            report.add(codes.TOO_LARGE, message, Place(source, Span(0, 0)))
            continue
        for script in split(source, dialect):
            count += 1
            if count > STATEMENTS_MAX:
                message = f"more than {STATEMENTS_MAX} statements are not read"
                report.add(codes.TOO_LARGE, message, Place(source, script.span))
                break
            _apply(applier, script, dialect)
        database.path = ()
    applier.finish()
    file = declare(database, report, frozenset(definers))
    return Imported(file, in_order(report.finish(), [source.name for source in sources]), _places(database))


def _places(database: Database) -> dict[tuple[str, str | None], Place]:
    found: dict[tuple[str, str | None], Place] = {}
    for table in database.tables.values():
        name = table.name if table.schema == database.home else f"{table.schema}.{table.name}"
        found[name, None] = table.place
        found.update({(name, policy.name): policy.place for policy in table.policies.values()})
    return found


def _apply(applier: Applier, script: Script, dialect: Dialect) -> None:
    """Read and apply one statement; one that cannot be read does not lose the others."""
    try:
        statement = read_statement(script, dialect)
    except Unreadable as problem:
        applier.report.add(codes.IMPORT_SYNTAX, problem.message, Place(script.source, problem.span))
        return
    applier.apply(statement, script)
    if isinstance(statement, ddl.RowsWritten):
        applier.rows_written(statement.verb, check_names(applier.database, applier.report, statement, script), script)
