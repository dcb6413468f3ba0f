"""Names that PostgreSQL gives to what has none, so that later statements can speak of it."""

from __future__ import annotations

from collections.abc import Sequence

from liq.importers.database import Database, Table
from liq.importers.ddl import Fragment
from liq.importers.tokens import Lexer

NAME_BYTES_MAX = 63


def default_name(database: Database, table: Table, columns: Sequence[str], suffix: str) -> str:
    """``table_columns_suffix``, with a number behind it where that is taken."""
    taken = {c.name for c in table.constraints}
    number = 0
    while True:
        name = _object_name(table.name, "_".join(columns), f"{suffix}{number or ''}")
        if name not in taken and database.fold(name) not in database.index_names:
            return name
        number += 1


def _object_name(first: str, second: str, label: str) -> str:
    """PostgreSQL cuts the longer of the first two parts until the whole fits into 63 bytes."""
    overhead = len(label) + (2 if second else 1)
    left, right = len(first.encode()), len(second.encode())
    while left + right + overhead > NAME_BYTES_MAX:
        if left > right:
            left -= 1
        else:
            right -= 1
    parts = (first.encode()[:left].decode(errors="ignore"), second.encode()[:right].decode(errors="ignore"), label)
    return "_".join(part for part in parts if part)


def columns_used(condition: Fragment, database: Database, table: Table) -> list[str]:
    """The columns of a table that an expression names, each once."""
    lexer, found = Lexer(condition.text, database.dialect), []
    while (token := lexer.next()) is not None:
        if token.kind in ("word", "quoted"):
            column = database.column(table, token.value)
            if column is not None and column.name not in found:
                found.append(column.name)
    return found
