"""INSERT, UPDATE and DELETE in a script: rows are not imported, but a statement that would fail is reported."""

from __future__ import annotations

from liq.importers.claims import Claims
from liq.importers.cursor import Cursor, Unreadable
from liq.importers.database import Database, Table
from liq.importers.ddl import Name, RowsWritten
from liq.importers.problems import Place, Report, Unknown, Unsayable
from liq.importers.statements import Script
from liq.importers.translate import Translator
from liq.model import codes

_CONFLICTS = ("or",)


def check_names(database: Database, report: Report, made: RowsWritten, script: Script) -> bool:
    """Whether the statement names only what exists; reported otherwise."""
    cursor = Cursor(script.source, script.tokens, database.dialect, script.span.end)
    try:
        match made.verb:
            case "insert" | "replace":
                _insert(database, cursor)
            case "update":
                _update(database, cursor)
            case "delete":
                cursor.expect("delete", "from")
                _table(database, cursor)
            case _:
                pass
    except Unknown as problem:
        report.add(codes.IMPORT_UNKNOWN, f"{problem.message}: this {made.verb.upper()} would fail", problem.place)
        return False
    except (Unreadable, Unsayable):
        pass  # what it says is not imported anyway
    return True


def _table(database: Database, cursor: Cursor) -> Table | None:
    """The table that is written; None where it was left out, which is reported already."""
    cursor.accept("only")
    name: Name = cursor.name()
    table = database.table(name)
    if table is None and database.view(name) is None and database.was_left_out(name) is None:
        raise Unknown(f"table {name.text} does not exist", Place(cursor.source, name.span))
    return table


def _insert(database: Database, cursor: Cursor) -> None:
    if cursor.accept("insert") and cursor.accept("or"):
        cursor.identifier()
    else:
        cursor.accept("replace")
    cursor.expect("into")
    table = _table(database, cursor)
    if cursor.accept("as"):
        cursor.identifier()
    if cursor.sees_sign("("):
        for item in cursor.group().items():
            _column(database, table, item)
    cursor.accept("overriding", "system", "value")
    if cursor.sees("select") or cursor.sees("with"):
        fragment = cursor.until(frozenset(("returning", "on")))
        while not cursor.done and cursor.sees_sign(","):
            cursor.accept_sign(",")
            more = cursor.until(frozenset(("returning",)))
            text = cursor.source.text[fragment.at : more.at + len(more.text)]
            fragment = type(fragment)(text, fragment.at, fragment.source)
        Translator(database, Claims(), lambda message, place: None).query(fragment, database.now)


def _column(database: Database, table: Table | None, cursor: Cursor) -> None:
    span = cursor.here
    name = cursor.identifier()
    if table is not None and database.column(table, name) is None:
        raise Unknown(f"column {name} of {table.name} does not exist", Place(cursor.source, span))


def _update(database: Database, cursor: Cursor) -> None:
    cursor.expect("update")
    table = _table(database, cursor)
    if not cursor.accept("set"):
        cursor.accept("as")
        cursor.identifier()
        cursor.expect("set")
    while not cursor.done:
        if cursor.sees_sign("("):
            return
        _column(database, table, cursor)
        cursor.until(frozenset(("where", "from", "returning")))
        if not cursor.accept_sign(","):
            return
