"""What a write writes: the table, its columns, and values for them."""

from __future__ import annotations

from collections.abc import Iterable

from liq.front.broken import is_broken
from liq.front.coerce import coerce
from liq.front.context import Context
from liq.front.expressions import infer
from liq.front.parts import single, unknown_column, unknown_table
from liq.front.scope import Place, Scope, Source, row_scope, row_source
from liq.front.shapes import returning as returned_items
from liq.model import codes
from liq.model.diagnostics import Label
from liq.model.expr import Column, ColumnRef, Expr, Item, Literal
from liq.model.ir import Assignment
from liq.model.schema import Table, TableColumn
from liq.model.source import Span
from liq.model.types import Null
from liq_grammar import syntax


def target_table(name: syntax.QualifiedName, context: Context) -> Table | None:
    """The table of a write; None, reported, where the name is none or not of a table."""
    table = context.names.table(name.text)
    if table is not None:
        return table
    what = "a let" if name.text in context.lets else "a view" if context.names.view(name.text) is not None else None
    if what is not None:
        message = f"{name.text} is {what}: it can be read, not written"
        context.report(codes.NOT_A_TABLE, name.span, message, help="write to its table")
        return None
    unknown_table(context, name, (t.name for t in context.names.tables()))
    return None


def new_columns(table: Table, context: Context) -> tuple[Column, ...]:
    """Columns for a row of a table that a write makes, finds or proposes."""
    return tuple(Column(context.fresh(), c.name, c.type, c.nullable) for c in table.columns)


def references(columns: Iterable[Column]) -> tuple[ColumnRef, ...]:
    """Columns as expressions."""
    return tuple(ColumnRef(c.id, c.name, c.type, c.nullable) for c in columns)


def short_name(table: Table) -> str:
    """The name by which expressions call a table."""
    return table.name.rpartition(".")[2]


def table_scope(table: Table, row: tuple[Column, ...], context: Context, place: Place) -> Scope:
    """A scope over one row of a table, by its short or its whole name."""
    scope = row_scope(row, context, table=table, name=short_name(table), place=place)
    if "." in table.name:
        scope.sources[0].qualified = tuple(table.name.split("."))
    return scope


def excluded_source(columns: tuple[Column, ...]) -> Source:
    """The proposed row, ``excluded``, reached by that name only."""
    return row_source(columns, table=None, name="excluded", hidden=True)


def column_of(table: Table, name: syntax.Name, context: Context) -> TableColumn | None:
    """The column to be written; None, reported, where there is none, or the database numbers it."""
    column = table.by_name.get(name.text)
    if column is None:
        unknown_column(context, name, table.name, [c.name for c in table.columns])
        return None
    if column.auto:
        context.report(
            codes.COLUMN_NOT_WRITABLE, name.span, f"{table.name}.{column.name} is numbered by the database",
            help=f"leave {column.name} out",
        )  # fmt: skip
        return None
    return column


def value_for(column: TableColumn, node: syntax.Expr, scope: Scope, table: Table) -> Expr:
    """A value of a column's type; null only where the column may be."""
    value = infer(node, scope, column.type)
    if not is_broken(value) and not isinstance(column.type, Null):
        wanted = f"{table.name}.{column.name}"
        value = coerce(value, column.type, scope.context, nullable=column.nullable, wanted=wanted)
    is_null = isinstance(node, syntax.Null) and isinstance(value, Literal)
    if is_null and not column.nullable:
        scope.context.report(
            codes.TYPE_MISMATCH, node.span, f"{table.name}.{column.name} may not be null",
            help=f"give it a {column.type}" if column.default is None else "leave it out to take its default",
        )  # fmt: skip
    return value


def assignments_of(
    table: Table, nodes: Iterable[syntax.Assign | syntax.Broken], scope: Scope
) -> list[tuple[syntax.Assign, TableColumn, Expr | None]]:
    """``set a = 1, b``: columns and values, None for a bare column; what is wrong is left out."""
    found: list[tuple[syntax.Assign, TableColumn, Expr | None]] = []
    first: dict[str, Span] = {}
    for node in syntax.pick(nodes, syntax.Assign):
        name = node.column
        if name.text in first:
            label = Label(first[name.text], "it is set here already")
            scope.context.report(codes.COLUMN_TWICE, name.span, f"{name.text} is set twice", (label,))
            continue
        first[name.text] = name.span
        column = column_of(table, name, scope.context)
        if column is None:
            if node.value is not None:
                infer(node.value, scope)
            continue
        value = None if node.value is None else value_for(column, node.value, scope, table)
        found.append((node, column, value))
    return found


def assignment(column: TableColumn, value: Expr) -> Assignment:
    """An assignment of the IR."""
    return Assignment(column.name, value)


def returning_of(
    clauses: Iterable[syntax.Node], table: Table, row: tuple[Column, ...], context: Context
) -> tuple[tuple[Item, ...], bool]:
    """What a write gives back, and whether it says so; without ``returning`` every column, for a ``let`` to name."""
    clause = single(clauses, syntax.Returning, "returning", context, codes.CLAUSE_TWICE)
    if clause is None:
        return tuple(Item(Column(context.fresh(), c.name, c.type, c.nullable), ref)
                     for c, ref in zip(row, references(row), strict=True)), False  # fmt: skip
    return returned_items(clause.shape, table_scope(table, row, context, Place.ITEM)), True


def null_of(column: TableColumn) -> Expr:
    """Null as a value of a column."""
    return Literal(None, column.type)
