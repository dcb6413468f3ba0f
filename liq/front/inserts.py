"""Insert: rows from records, reads and row lists, completed by defaults, and what a taken key does."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from liq.front.coerce import coerce
from liq.front.conflicts import resolve_conflict
from liq.front.context import Context, closest
from liq.front.expressions import resolve
from liq.front.reads import resolve_read
from liq.front.row_lists import learn_from_labels, row_list
from liq.front.scope import Scope, empty_scope
from liq.front.targets import column_of, new_columns, null_of, returning_of, target_table, value_for
from liq.front.written import UNCHECKED, Written
from liq.model import codes
from liq.model.diagnostics import Label
from liq.model.expr import Coalesce, Column, ColumnRef, Expr, Item, Literal, Relation
from liq.model.instantiate import instantiate
from liq.model.ir import Insert, Project, Values
from liq.model.schema import Table, TableColumn
from liq.model.source import Span
from liq.model.types import Type, widened
from liq_grammar import syntax

ROWS_MAX = 10_000
"""Records that one statement may write out."""


def resolve_insert(node: syntax.Insert, context: Context) -> Written | None:
    """An insert without its access; None, reported, where it cannot be told what it inserts."""
    table = target_table(node.table, context)
    if table is None:
        return None
    match node.rows:
        case syntax.Records():
            found = _records(node.rows, table, context)
        case syntax.FromRead(read):
            learn_from_labels(read, table, context)
            found = _matched(resolve_read(read, context), table, read.span, context)
        case syntax.FromParameter():
            rows = row_list(node.rows, table, context)
            found = None if rows is None else _matched(rows, table, node.rows.span, context, lenient=True)
    if found is None:
        return None
    source, named = found
    row = new_columns(table, context)
    conflict = resolve_conflict(node, table, named, context)
    items, shows = returning_of(node.clauses, table, row, context)
    targets = tuple(column.name for column in stored_columns(table))
    body = Insert(table.name, targets, source, row, UNCHECKED, conflict, items, span=node.span)
    return Written(body, table, shows, frozenset(named))


def stored_columns(table: Table) -> list[TableColumn]:
    """The columns that an insert gives values: all but those that the database numbers."""
    return [column for column in table.columns if not column.auto]


def _value_type(column: TableColumn) -> Type:
    return widened(column.type)


# ------------------------------------------------------------------------------------------------- records
def _records(node: syntax.Records, table: Table, context: Context) -> tuple[Relation, set[str]] | None:
    records = syntax.pick(node.records, syntax.Record)
    if not node.records:
        context.report(codes.NOTHING_WRITTEN, node.span, "insert names no rows", help="write { column: value }")
        return None
    if len(records) > ROWS_MAX:
        context.report(
            codes.TOO_LARGE, node.span, f"an insert writes out at most {ROWS_MAX} rows", help="insert them from $rows"
        )
        return None
    named: set[str] = set()
    rows: list[tuple[Expr, ...]] = []
    scope = empty_scope(context)
    for record in records:
        given = _record(record, table, scope)
        named |= given.keys()
        rows.append(_completed(given, table, record.span, context))
    columns = tuple(
        Column(context.fresh(), column.name, _value_type(column), any(row[i].nullable for row in rows))
        for i, column in enumerate(stored_columns(table))
    )
    return Values(columns, tuple(rows), span=node.span), named


def _record(record: syntax.Record, table: Table, scope: Scope) -> dict[str, Expr]:
    given: dict[str, Expr] = {}
    first: dict[str, Span] = {}
    for entry in syntax.pick(record.entries, syntax.Entry):
        name = entry.name
        if name.text in first:
            label = Label(first[name.text], "it is given here already")
            scope.context.report(codes.COLUMN_TWICE, name.span, f"{name.text} is given twice", (label,))
            continue
        first[name.text] = name.span
        column = column_of(table, name, scope.context)
        if column is None:
            resolve(entry.value, scope)  # so that its own errors are said, too
        else:
            given[name.text] = value_for(column, entry.value, scope, table)
    unknown = any(name not in table.by_name for name in first)
    if unknown or syntax.pick(record.entries, syntax.Broken):  # they may have meant any column: none is called missing
        for column in stored_columns(table):
            given.setdefault(column.name, null_of(column))
    return given


def _completed(given: dict[str, Expr], table: Table, span: Span, context: Context) -> tuple[Expr, ...]:
    """A value for every column: given, by default, or null."""
    missing: list[TableColumn] = []
    values: list[Expr] = []
    for column in stored_columns(table):
        value = given.get(column.name)
        if value is None:
            value = _default(column, context)
            if isinstance(value, Literal) and value.value is None and not column.nullable:
                missing.append(column)
        values.append(value)
    _report_missing(missing, table, span, context)
    return tuple(values)


def _default(column: TableColumn, context: Context) -> Expr:
    return null_of(column) if column.default is None else instantiate(column.default, context.fresh)


def _report_missing(missing: Sequence[TableColumn], table: Table, span: Span, context: Context) -> None:
    if not missing:
        return
    names = ", ".join(column.name for column in missing)
    have = "has" if len(missing) == 1 else "have"
    context.report(
        codes.MISSING_COLUMNS, span, f"insert into {table.name} needs {names}, which {have} no default",
        help=f"give {'it' if len(missing) == 1 else 'them'}: "
        + "{ " + ", ".join(f"{c.name}: …" for c in missing[:3]) + (", …" if len(missing) > 3 else "") + " }",
    )  # fmt: skip


# ------------------------------------------------------------------------------------------------- rows by label
def _matched(
    rows: Relation, table: Table, span: Span, context: Context, *, lenient: bool = False
) -> tuple[Relation, set[str]] | None:
    """Rows of a read or a list, matched by label and completed. ``lenient``: null, where it cannot be, is a default."""
    if not rows.columns:
        return None
    known = {column.name: column for column in rows.columns}
    if not _labels_fit(known.values(), table, span, context):
        return None
    missing: list[TableColumn] = []
    items: list[Item] = []
    for column in stored_columns(table):
        own = known.get(column.name)
        value = _default(column, context) if own is None else _label_value(own, column, table, span, context)
        if own is None and isinstance(value, Literal) and value.value is None and not column.nullable:
            missing.append(column)
        if own is not None and lenient and own.nullable and not column.nullable and column.default is not None:
            value = Coalesce((value, _default(column, context)), value.type, span=span)
        items.append(Item(Column(context.fresh(), column.name, _value_type(column), value.nullable), value))
    _report_missing(missing, table, span, context)
    return Project(rows, tuple(items), span=span), set(known)


def _labels_fit(columns: Iterable[Column], table: Table, span: Span, context: Context) -> bool:
    fits = True
    names = [c.name for c in stored_columns(table)]
    for column in columns:
        if column.name in names:
            continue
        fits = False
        auto = column.name in table.by_name
        meant = None if auto else closest(column.name, names)
        said = "is numbered by the database" if auto else "is no column of it"
        context.report(
            codes.ROW_LABELS, span, f"rows for {table.name} have {column.name}, which {said}"
            + (f" — did you mean {meant}?" if meant else ""),
            help=f"rows are matched by label: name the columns in a shape, such as {{ {', '.join(names[:3])} }}",
        )  # fmt: skip
    return fits


def _label_value(own: Column, column: TableColumn, table: Table, span: Span, context: Context) -> Expr:
    reference = ColumnRef(own.id, own.name, own.type, own.nullable, span=span)
    return coerce(reference, column.type, context, wanted=f"{table.name}.{column.name}")
