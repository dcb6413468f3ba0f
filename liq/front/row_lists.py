"""``insert … from $rows { … }``: a parameter that is a list of rows. Its rows have what the shape uses of them."""

from __future__ import annotations

from attrs import evolve

from liq.front.context import Context
from liq.front.expressions import resolve
from liq.front.parameter_refs import enter
from liq.front.paths import column_ref
from liq.front.scope import Place, Scope, Source
from liq.front.shapes import name_of
from liq.front.uses import uses_of
from liq.model import codes
from liq.model.diagnostics import Label
from liq.model.expr import Column, Item, Relation
from liq.model.ir import ParamRows, Project
from liq.model.node import walk
from liq.model.schema import Table
from liq.model.source import NO_SPAN
from liq.model.types import List, Record, RecordField, widened
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
    return _shaped(rows, node.shape, table, context)


def _shaped(rows: ParamRows, shape: syntax.Shape, table: Table, context: Context) -> Relation | None:
    """The rows with the values that the shape names, each as the column of its label takes it.

    In ``{ *, run_id: $run }`` the value that is written out stands for that of the row.
    """
    source = Source(rows.param, rows.columns, rows, span=shape.span)
    scope = Scope(context, [source], None, Place.ITEM)
    written = {name for item in syntax.pick(shape.items, syntax.Field) if (name := _label(item)) is not None}
    items: dict[str, Item] = {}
    for item in shape.items:
        match item:
            case syntax.Star(excluded):
                left_out = {name.text for name in excluded} | written
                for column in rows.columns:
                    if column.name not in left_out:
                        items[column.name] = Item(column, column_ref(column, source, item.span))
            case syntax.Field():
                _field(item, items, table, scope)
            case syntax.Broken():
                continue
            case _:
                message = "a row to insert has single values, and this is a nested one"
                context.report(codes.ROW_LABELS, item.span, message)
    return Project(rows, tuple(items.values()), span=shape.span) if items else None


def _label(item: syntax.Field) -> str | None:
    return item.label.text if item.label is not None else name_of(item.value)


def _field(item: syntax.Field, items: dict[str, Item], table: Table, scope: Scope) -> None:
    context, name = scope.context, _label(item)
    column = table.by_name.get(name) if name is not None else None
    value = resolve(item.value, scope, column.type if column else None, nullable=column is not None and column.nullable)
    if name is None:
        message = "this value has no label, so it belongs to no column"
        context.report(codes.LABEL_MISSING, item.span, message, help="give it one: column: …")
    elif name in items:
        context.report(codes.COLUMN_TWICE, item.span, f"{name} is given twice")
    else:
        items[name] = Item(Column(context.fresh(), name, value.type, value.nullable), value)


def learn_from_labels(read: syntax.Read, table: Table, context: Context) -> None:
    """A parameter that a read hands on to a column (``run_id: $run``) has the type of the column."""
    shapes = [stage.shape for stage in read.stages if stage.shape is not None][-1:]
    operands = [read.first.shape, *(rest.read.shape for rest in read.rest)]
    for shape in shapes or [each for each in operands if each is not None]:
        for item in syntax.pick(shape.items, syntax.Field):
            column = table.by_name.get(item.label.text) if item.label is not None else None
            if column is None or not isinstance(item.value, syntax.Parameter) or item.value.optional:
                continue
            entry = enter(item.value, context)
            if entry is not None and not entry.rows_of:
                context.parameters.meet(entry, widened(column.type), column.nullable, item.value.span)


def used_columns(roots: list[Relation], name: str, known: tuple[Column, ...]) -> tuple[Column, ...]:
    """The columns of a row list that statements use, in the order of the table."""
    used: set[str] = set()
    for root in roots:
        uses = uses_of(root, NO_SPAN)
        for node in walk(root):
            if isinstance(node, ParamRows) and node.param == name:
                used |= uses.names(node.columns)
    return tuple(c for c in known if c.name in used)
