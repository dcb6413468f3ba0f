"""``insert … from $rows { … }``: a parameter that is a list of rows. Its rows have what the shape uses of them."""

from __future__ import annotations

from attrs import evolve

from liq.front.context import Context
from liq.front.parameter_refs import enter
from liq.front.shapes import project
from liq.front.uses import uses_of
from liq.model import codes
from liq.model.diagnostics import Label
from liq.model.expr import Column, Relation
from liq.model.ir import ParamRows
from liq.model.node import walk
from liq.model.schema import Table
from liq.model.source import NO_SPAN
from liq.model.types import List, Record, RecordField
from liq_grammar import syntax


def row_type(columns: tuple[Column, ...]) -> List:
    """The type of a list of rows with these columns."""
    return List(Record(tuple(RecordField(c.name, c.type, c.nullable) for c in columns)))


def columns_of_rows(table: Table, context: Context) -> tuple[Column, ...]:
    """What a row for a table may have: every column that the database does not number.

    A column that has a default may be left out of a row, so it is null there.
    """
    return tuple(
        Column(context.fresh(), c.name, c.type, c.nullable or c.default is not None)
        for c in table.columns if not c.auto
    )  # fmt: skip


def row_list(node: syntax.FromParameter, table: Table, context: Context) -> Relation | None:
    """The rows of a parameter under the shape; None, reported, where it is no list of rows."""
    entry = enter(node.parameter, context)
    if entry is None:
        return None
    if node.parameter.optional:
        context.report(codes.OPTIONAL_PLACE, node.parameter.span, "rows to insert cannot be left out")
        return None
    if entry.type is not None and not entry.rows_of:
        context.report(
            codes.PARAMETER_CONFLICT, node.parameter.span, f"${entry.name} is {entry.type}, not a list of rows",
            [Label(entry.origin or entry.span, "because of this")], help=f"declare it as ${entry.name}: {table.name}[]",
        )  # fmt: skip
        return None
    if not entry.rows_of:
        entry.rows_of = columns_of_rows(table, context)
        entry.type, entry.origin = row_type(entry.rows_of), node.parameter.span
    columns = tuple(evolve(c, id=context.fresh()) for c in entry.rows_of)
    rows = ParamRows(entry.name, columns, span=node.parameter.span)
    if node.shape is None:
        return rows
    shaped = project(rows, entry.name, _overriding(node.shape, rows), context)
    return shaped if shaped.columns else None


def _overriding(shape: syntax.Shape, rows: ParamRows) -> syntax.Shape:
    """In ``{ *, run_id: $run }`` the value that is written out stands for that of the row."""
    known = {column.name for column in rows.columns}
    labels = tuple(item.label for item in syntax.pick(shape.items, syntax.Field) if item.label is not None)
    given = tuple(label for label in labels if label.text in known)
    items = tuple(
        syntax.evolve(item, excluded=(*item.excluded, *given)) if isinstance(item, syntax.Star) else item
        for item in shape.items
    )
    return syntax.evolve(shape, items=items)


def used_columns(roots: list[Relation], name: str, known: tuple[Column, ...]) -> tuple[Column, ...]:
    """The columns of a row list that statements use, in the order of the table."""
    used: set[str] = set()
    for root in roots:
        uses = uses_of(root, NO_SPAN)
        for node in walk(root):
            if isinstance(node, ParamRows) and node.param == name:
                used |= uses.names(node.columns)
    return tuple(c for c in known if c.name in used)
