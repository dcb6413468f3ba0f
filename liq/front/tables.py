"""Tables, first pass: columns with their types and flags, and the keys that need no expression."""

from __future__ import annotations

from attrs import define, field

from liq.front.constraint_names import ConstraintNames
from liq.front.context import Context
from liq.front.parts import distinct_names, single, unknown_column
from liq.front.type_refs import resolve_type
from liq.model import codes
from liq.model.diagnostics import Label
from liq.model.schema import Check, ForeignKey, Index, Key, Table, TableColumn
from liq.model.types import NULL, TIMESTAMP, Int, Null, Vector
from liq_grammar import syntax

FLAG_HELP = {
    "auto": "auto numbers an int column: write `id int key auto`",
    "tombstone": "write `deleted_at timestamp? tombstone`",
    "key": "a key is never null: leave `?` out",
}


@define
class TableDraft:
    """A table while it is being declared. ``plain`` are its columns without defaults, which come last."""

    name: str
    node: syntax.TableDecl
    context: Context
    columns: list[TableColumn] = field(factory=list)
    nodes: list[syntax.Column] = field(factory=list)
    keys: list[Key] = field(factory=list)
    foreign_keys: list[ForeignKey] = field(factory=list)
    checks: list[Check] = field(factory=list)
    indexes: list[Index] = field(factory=list)
    constraint_names: ConstraintNames = field(factory=ConstraintNames)

    def column(self, name: str) -> TableColumn | None:
        """The column of that name."""
        return next((c for c in self.columns if c.name == name), None)

    def table(self) -> Table:
        """The table as far as it is known."""
        return Table(
            self.name, tuple(self.columns), tuple(self.keys), tuple(self.foreign_keys), tuple(self.checks),
            tuple(self.indexes), self.node.description or "", self.node.name.span,
        )  # fmt: skip

    def known(self, names: tuple[syntax.Name, ...]) -> tuple[str, ...] | None:
        """Column names of a list; None where one of them is unknown, which is reported."""
        missing = False
        for name in names:
            if self.column(name.text) is None:
                missing = True
                unknown_column(self.context, name, self.name, [c.name for c in self.columns])
        return None if missing else tuple(name.text for name in distinct_names(names, self.context))


def draft_table(name: str, node: syntax.TableDecl, context: Context, relation_names: ConstraintNames) -> TableDraft:
    """Columns and plain keys of a table. Defaults, checks, indexes and foreign keys come when all tables are known."""
    draft = TableDraft(name, node, context)
    for column in syntax.pick(node.elements, syntax.Column):
        _column(draft, column)
    if not draft.columns and not syntax.pick(node.elements, syntax.Broken):
        context.report(codes.COLUMN_PARTS, node.name.span, f"table {name} has no columns")
    _tombstones(draft)
    _keys(draft, relation_names)
    return draft


def extended(
    table: Table, node: syntax.TableDecl, context: Context
) -> TableDraft:
    """A table that is there already with what ``node`` adds to it, or declares anew."""
    anew = {column.name.text for column in syntax.pick(node.elements, syntax.Column)}
    kept = [column for column in table.columns if column.name not in anew]
    blank = syntax.Column(syntax.Name(""), syntax.TypeRef(syntax.QualifiedName((syntax.Name(""),))))
    draft = TableDraft(table.name, node, context, kept, [blank] * len(kept), list(table.keys))
    for column in syntax.pick(node.elements, syntax.Column):
        _column(draft, column)
    _keys(draft, ConstraintNames())
    return draft


def _column(draft: TableDraft, node: syntax.Column) -> None:
    context, name = draft.context, node.name.text
    first = draft.column(name)
    if first is not None:
        label = Label(first.span, "it is declared here first")
        message = f"column {name} of {draft.name} is declared twice"
        context.report(codes.DUPLICATE_COLUMN, node.name.span, message, (label,))
        return
    flags: dict[str, syntax.Flag] = {}
    for flag in syntax.pick(node.parts, syntax.Flag):
        if flag.word in flags:
            context.report(codes.DUPLICATE_PART, flag.span, f"{flag.word} is said twice")
        flags.setdefault(flag.word, flag)
    was = single(node.parts, syntax.Was, "was", context)
    type_ = resolve_type(node.type, context) or NULL
    column = TableColumn(
        name, type_, node.type.nullable, auto="auto" in flags, sensitive="sensitive" in flags,
        tombstone="tombstone" in flags, description=node.description or "", was=was.name.text if was else None,
        span=node.name.span,
    )  # fmt: skip
    _fitting(column, node, flags, context)
    draft.columns.append(column)
    draft.nodes.append(node)


def _fitting(
    column: TableColumn, node: syntax.Column, flags: dict[str, syntax.Flag], context: Context
) -> None:
    """Report flags that contradict the type, or each other."""
    default = single(node.parts, syntax.Default, "a default", context)
    unknown = isinstance(column.type, Null)
    if "auto" in flags and not unknown and (not isinstance(column.type, Int) or column.nullable):
        message = f"auto needs an int that is never null, and {column.name} is {node_type(column)}"
        _contradiction(context, flags["auto"], message)
    if "auto" in flags and default is not None:
        context.report(codes.COLUMN_PARTS, default.span, "a column that the database numbers has no default")
    if "tombstone" in flags and not unknown and (column.type != TIMESTAMP or not column.nullable):
        message = f"a tombstone is a timestamp that may be null, and {column.name} is {node_type(column)}"
        context.report(codes.TOMBSTONE, flags["tombstone"].span, message, help=FLAG_HELP["tombstone"])
    if "tombstone" in flags and default is not None:
        context.report(codes.TOMBSTONE, default.span, "a tombstone has no default: new rows are not deleted")
    if "key" in flags and column.nullable:
        _contradiction(context, flags["key"], f"the key column {column.name} may not be null")


def _contradiction(context: Context, flag: syntax.Flag, message: str) -> None:
    context.report(codes.COLUMN_PARTS, flag.span, message, help=FLAG_HELP[flag.word])


def node_type(column: TableColumn) -> str:
    """A column's type as it is written."""
    return f"{column.type}{'?' if column.nullable else ''}"


def _tombstones(draft: TableDraft) -> None:
    first: TableColumn | None = None
    for position, column in enumerate(draft.columns):
        if not column.tombstone:
            continue
        if first is not None:
            label = Label(first.span, "this is the first")
            draft.context.report(
                codes.TOMBSTONE, column.span, f"table {draft.name} has two tombstones", (label,),
                help="keep one; another column may be a plain timestamp",
            )  # fmt: skip
            draft.columns[position] = TableColumn(column.name, column.type, column.nullable, span=column.span)
        else:
            first = column


def _keys(draft: TableDraft, relation_names: ConstraintNames) -> None:
    primary: tuple[syntax.Node, tuple[str, ...]] | None = None
    uniques: list[tuple[syntax.Node, tuple[str, ...], syntax.UniqueConstraint | None]] = []
    for element in draft.node.elements:
        match element:
            case syntax.Column(name, _, parts):
                words = {flag.word for flag in syntax.pick(parts, syntax.Flag)}
                if "key" in words:
                    primary = _primary(draft, primary, (element.name, (name.text,)))
                elif "unique" in words:
                    uniques.append((element.name, (name.text,), None))
            case syntax.KeyConstraint(names):
                columns = draft.known(names)
                if columns is not None:
                    primary = _primary(draft, primary, (element, columns))
            case syntax.UniqueConstraint(keys, _, where):
                listed = plain_columns(keys)
                if listed is not None and where is None:
                    known = draft.known(listed)
                    if known is not None:
                        uniques.append((element, known, element))
            case _:
                pass
    if primary is not None:
        _nullable_key(draft, *primary)
        chosen = relation_names.choose(draft.name, (), "pkey")
        draft.keys.append(Key(chosen, primary[1], primary=True, span=primary[0].span))
    for node, columns, constraint in uniques:
        _unique(draft, node, columns, constraint, relation_names)
    for key in draft.keys:
        for part in key.columns:
            column = draft.column(part)
            if column is not None and isinstance(column.type, Vector):
                draft.context.report(codes.KEY, key.span, f"a vector such as {part} cannot be part of a key")


def _primary(
    draft: TableDraft, first: tuple[syntax.Node, tuple[str, ...]] | None, found: tuple[syntax.Node, tuple[str, ...]]
) -> tuple[syntax.Node, tuple[str, ...]]:
    if first is None:
        return found
    names = ", ".join((*first[1], *found[1]))
    draft.context.report(
        codes.KEY, found[0].span, f"table {draft.name} has two keys", (Label(first[0].span, "this is the first"),),
        help=f"a key of several columns is written `key ({names})`; other keys are `unique`",
    )  # fmt: skip
    return first


def _nullable_key(draft: TableDraft, node: syntax.Node, columns: tuple[str, ...]) -> None:
    if not isinstance(node, syntax.KeyConstraint):
        return
    for name in node.columns:
        column = draft.column(name.text)
        if column is not None and column.nullable and name.text in columns:
            message = f"the key column {name.text} may not be null"
            draft.context.report(codes.KEY, name.span, message, help=FLAG_HELP["key"])


def _unique(
    draft: TableDraft, node: syntax.Node, columns: tuple[str, ...], constraint: syntax.UniqueConstraint | None,
    relation_names: ConstraintNames,
) -> None:  # fmt: skip
    name = chosen_name(draft, constraint.name if constraint else None, relation_names)
    distinct = constraint is None or not constraint.nulls_not_distinct
    name = name or relation_names.choose(draft.name, columns, "key")
    draft.keys.append(Key(name, columns, False, distinct, span=node.span))


def chosen_name(draft: TableDraft, name: syntax.Name | None, names: ConstraintNames) -> str | None:
    """The name that ``as`` gives; None where there is none, or where something else has it already (reported)."""
    if name is None:
        return None
    if not names.take(name.text):
        draft.context.report(codes.DUPLICATE_NAME, name.span, f"another constraint or index is called {name.text}")
        return None
    return name.text


def plain_columns(keys: tuple[syntax.OrderKey, ...]) -> tuple[syntax.Name, ...] | None:
    """The columns of an index or unique list that has nothing else: no expression, no order."""
    names: list[syntax.Name] = []
    for key in keys:
        match key:
            case syntax.OrderKey(syntax.Path((name,)), False, None):
                names.append(name)
            case _:
                return None
    return tuple(names)
