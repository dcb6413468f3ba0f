"""Random rows that satisfy a generated schema's keys and links, and random sessions."""

from __future__ import annotations

import uuid
from typing import Any

from tests.gen import values
from tests.gen.rng import Rng
from tests.gen.schemas import GenColumn, GenSchema, GenTable

Rows = dict[str, list[dict[str, Any]]]


def make_rows(rng: Rng, schema: GenSchema, *, rows_max: int = 10) -> Rows:
    """Rows per table, links leading to rows that are there; every column is given."""
    result: Rows = {}
    for table in schema.tables:
        rows: list[dict[str, Any]] = []
        taken: set[tuple[str, Any]] = set()
        count = 0 if rng.chance(0.04) else rng.between(4, rows_max)
        for number in range(count):
            row = _row(rng, table, result, rows, number)
            marks = _marks(table, row)
            if "__impossible__" not in row and not marks & taken:
                taken |= marks
                rows.append(row)
        result[table.name] = rows
    return result


def _row(rng: Rng, table: GenTable, done: Rows, own: list[dict[str, Any]], number: int) -> dict[str, Any]:
    row: dict[str, Any] = {}
    links = {link.column: link for link in table.links}
    for column in table.columns:
        link = links.get(column.name)
        if link is not None:
            targets = own if link.target == table.name else done.get(link.target, [])
            if targets and not (link.nullable and rng.chance(0.3)):
                row[column.name] = rng.pick(targets)["id"]
            elif link.nullable:
                row[column.name] = None
            else:
                row["__impossible__"] = True
        else:
            row[column.name] = _cell(rng, table, column, number)
    return row


def _cell(rng: Rng, table: GenTable, column: GenColumn, number: int) -> Any:
    if column.name == "id":
        match column.type:
            case "int":
                return number + 1
            case "text":
                return values.TEXTS[(number * 3 + 1) % len(values.TEXTS)]
            case _:
                return uuid.UUID(int=number + 1)
    if column.nullable and rng.chance(0.7 if column.name == table.tombstone else 0.3):
        return None
    return values.value(rng, column.type, column.labels)


def _marks(table: GenTable, row: dict[str, Any]) -> set[tuple[str, Any]]:
    if "__impossible__" in row:
        return {("__impossible__", 0)}
    marks: set[tuple[str, Any]] = {("key", tuple(row[c] for c in table.key))}
    for name in (*table.uniques, *(link.column for link in table.links if link.unique)):
        if row[name] is not None:
            marks.add((name, row[name]))
    if len(table.key) > 1:
        marks.add(("id", row["id"]))
    return marks


def make_session(rng: Rng) -> dict[str, Any]:
    """A claims document as a verified token would hold it."""
    session: dict[str, Any] = {}
    if rng.chance(0.85):
        session["sub"] = rng.pick(values.UUIDS)
    if rng.chance(0.85):
        session["org"] = rng.pick([0, 1, 2, 3, 1, 2, 3, 7])
    if rng.chance(0.9):
        session["role"] = rng.pick(["anon", "member", "member", "member", "boss", "boss", "boss", "keeper"])
    if rng.chance(0.8):
        session["app"] = {"team": rng.pick(values.TEXTS)}
    return session
