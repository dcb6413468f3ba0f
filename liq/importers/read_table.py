"""Reading ``CREATE TABLE``: columns, and constraints behind them and beside them."""

from __future__ import annotations

from attrs import evolve

from liq.importers.cursor import Cursor
from liq.importers.ddl import (
    CheckConstraint,
    ColumnDef,
    Constraint,
    CreateTable,
    ExclusionConstraint,
    ForeignConstraint,
    Fragment,
    KeyConstraint,
    KeyPart,
    LeftOut,
    Name,
    Statement,
)

_COLUMN_WORDS = frozenset(
    "constraint not null default check primary unique references generated as collate deferrable initially on storage"
    " compression autoincrement using".split()
)
_CONSTRAINT_WORDS = frozenset("constraint primary unique foreign check exclude".split())
_NULLS = ("first", "last")


def read_table(cursor: Cursor) -> Statement:
    """Behind ``CREATE [TEMP | UNLOGGED] TABLE``."""
    if_not_exists = cursor.accept("if", "not", "exists")
    name = cursor.name()
    if cursor.sees("partition", "of"):
        help = "liq reads the partitioned table as a whole"
        return LeftOut(f"partition {name.text} of a table", name.span, help, name)
    if cursor.sees("as") or cursor.sees("of"):
        return LeftOut(f"table {name.text} made from a query or type", name.span, "write its columns out", name)
    columns: list[ColumnDef] = []
    constraints: list[Constraint] = []
    likes: list[Name] = []
    for item in cursor.group().items():
        if item.accept("like"):
            likes.append(item.name())
        elif item.sees_any(_CONSTRAINT_WORDS) and _is_constraint(item):
            constraints.append(read_constraint(item))
        else:
            columns.append(read_column(item))
    table = CreateTable(name, tuple(columns), tuple(constraints), name.span, if_not_exists, likes=tuple(likes))
    return _options(cursor, table)


def _is_constraint(item: Cursor) -> bool:
    """A column may be called ``key``, but these words begin a constraint unless a plain type follows."""
    after = item.peek(1)
    if item.sees("constraint") or item.sees("primary", "key") or item.sees("foreign", "key"):
        return True
    return after is not None and (after.is_sign("(") or after.is_word("using", "nulls"))


def _options(cursor: Cursor, table: CreateTable) -> CreateTable:
    oddities: list[str] = []
    while not cursor.done:
        if cursor.accept("inherits"):
            cursor.skip_group()
            oddities.append("inheritance")
        elif cursor.accept("partition", "by"):
            cursor.identifier()
            cursor.skip_group()
            oddities.append("partitioning")
        elif cursor.accept("without", "rowid"):
            table = evolve(table, without_rowid=True)
        elif cursor.accept("strict"):
            table = evolve(table, strict=True)
        elif cursor.accept("with"):
            cursor.skip_group()
        elif cursor.accept("without", "oids") or cursor.accept_sign(","):
            pass
        elif cursor.accept("using") or cursor.accept("tablespace"):
            cursor.identifier()
        elif cursor.accept("on", "commit"):
            cursor.rest()
        else:
            raise cursor.stop("the end of the table")
    return evolve(table, oddities=tuple(oddities))


def read_column(cursor: Cursor) -> ColumnDef:
    """One column: its name, its type, and what stands behind."""
    start = cursor.at
    name = cursor.identifier()
    type_ = cursor.type() if cursor.dialect == "postgres" else cursor.affinity_type(_COLUMN_WORDS)
    column = ColumnDef(name, type_, cursor.since(start))
    label: str | None = None
    while not cursor.done:
        if cursor.accept("constraint"):
            label = cursor.identifier()
            continue
        column = _column_part(cursor, column, label)
        label = None
    return column


def _column_part(cursor: Cursor, column: ColumnDef, label: str | None) -> ColumnDef:
    if cursor.accept("not", "null"):
        column = evolve(column, not_null=True)
    elif cursor.accept("null"):
        pass
    elif cursor.accept("default"):
        column = evolve(column, default=_default(cursor))
    elif cursor.accept("generated"):
        column = _generated(cursor, column)
    elif cursor.accept("as"):
        column = _computed(cursor, column)
    elif cursor.accept("collate"):
        column = evolve(column, collation=cursor.name().text)
    elif cursor.accept("autoincrement"):
        column = evolve(column, auto_increment=True)
    elif cursor.accept("storage") or cursor.accept("compression"):
        cursor.identifier()
    elif cursor.accept("on", "conflict"):
        column = evolve(column, conflict=cursor.identifier())
    elif cursor.sees("primary") or cursor.sees("unique") or cursor.sees("check") or cursor.sees("references"):
        constraint = _column_constraint(cursor, column.name, label)
        column = evolve(column, constraints=(*column.constraints, constraint))
    elif not _timing(cursor):
        raise cursor.stop("a constraint, a comma or the end of the column")
    return column


def _default(cursor: Cursor) -> Fragment:
    return cursor.until(_COLUMN_WORDS)


def _generated(cursor: Cursor, column: ColumnDef) -> ColumnDef:
    if not cursor.accept("always"):
        cursor.expect("by", "default")
    cursor.expect("as")
    if cursor.accept("identity"):
        cursor.skip_group()
        return evolve(column, identity=True)
    return _computed(cursor, column)


def _computed(cursor: Cursor, column: ColumnDef) -> ColumnDef:
    cursor.group()
    cursor.accept_any("stored", "virtual")
    return evolve(column, generated=True)


def _timing(cursor: Cursor) -> bool:
    """``[NOT] DEFERRABLE``, ``INITIALLY …``, ``NOT VALID``, ``NO INHERIT`` and the like: whether one was there."""
    for words in (
        ("not", "deferrable"), ("deferrable",), ("initially", "deferred"), ("initially", "immediate"), ("not", "valid"),
        ("not", "enforced"), ("enforced",), ("no", "inherit"),
    ):  # fmt: skip
        if cursor.accept(*words):
            return True
    return False


def _deferrable(cursor: Cursor) -> bool:
    deferrable = False
    while not cursor.done:
        if cursor.sees("deferrable") or cursor.sees("initially", "deferred"):
            deferrable = True
        if not _timing(cursor):
            break
    return deferrable


def _column_constraint(cursor: Cursor, column: str, label: str | None) -> Constraint:
    start = cursor.at
    if cursor.accept("check"):
        condition = cursor.group().rest()
        _deferrable(cursor)
        return CheckConstraint(condition, label, cursor.since(start))
    if cursor.accept("references"):
        return _references(cursor, (column,), label, start)
    primary = bool(cursor.accept("primary", "key"))
    if not primary:
        cursor.expect("unique")
    part = KeyPart(cursor.fragment(start, start + 1), column, descending=cursor.accept_any("asc", "desc") == "desc")
    nulls = _nulls_not_distinct(cursor)
    conflict = _index_options(cursor)
    deferrable = _deferrable(cursor)
    return KeyConstraint((part,), primary, label, cursor.since(start), nulls, deferrable, None, conflict)


def _nulls_not_distinct(cursor: Cursor) -> bool:
    cursor.accept("nulls", "distinct")
    return cursor.accept("nulls", "not", "distinct")


def _index_options(cursor: Cursor) -> str | None:
    """Pass over where and how an index is kept; what SQLite does on a conflict."""
    if cursor.accept("with"):
        cursor.skip_group()
    if cursor.accept("using", "index", "tablespace"):
        cursor.identifier()
    return cursor.identifier() if cursor.accept("on", "conflict") else None


def read_constraint(cursor: Cursor) -> Constraint:
    """A constraint of the table; reads to the end."""
    start = cursor.at
    label = cursor.identifier() if cursor.accept("constraint") else None
    if cursor.accept("check"):
        condition = cursor.group().rest()
        _deferrable(cursor)
        found: Constraint = CheckConstraint(condition, label, cursor.since(start))
    elif cursor.accept("foreign", "key"):
        columns = cursor.names_in_parentheses()
        cursor.expect("references")
        found = _references(cursor, columns, label, start)
    elif cursor.accept("exclude"):
        cursor.rest()
        found = ExclusionConstraint(label, cursor.since(start))
    else:
        found = _key(cursor, label, start)
    if not cursor.done:
        raise cursor.stop("the end of the constraint")
    return found


def _key(cursor: Cursor, label: str | None, start: int) -> KeyConstraint:
    primary = cursor.accept("primary", "key")
    if not primary:
        cursor.expect("unique")
    nulls = _nulls_not_distinct(cursor)
    index: str | None = None
    keys: tuple[KeyPart, ...] = ()
    conflict: str | None = None
    if cursor.accept("using", "index"):
        index = cursor.identifier()
    else:
        keys = tuple(read_key_part(item) for item in cursor.group().items())
        if cursor.accept("include"):
            cursor.skip_group()
        conflict = _index_options(cursor)
    deferrable = _deferrable(cursor)
    return KeyConstraint(keys, primary, label, cursor.since(start), nulls, deferrable, index, conflict)


def _references(cursor: Cursor, columns: tuple[str, ...], label: str | None, start: int) -> ForeignConstraint:
    target = cursor.name()
    target_columns = cursor.names_in_parentheses() if cursor.sees_sign("(") else ()
    actions = {"delete": "no action", "update": "no action"}
    oddities: list[str] = []
    while True:
        if cursor.accept("on"):
            event = cursor.accept_any("delete", "update")
            if event is None:
                raise cursor.stop("DELETE or UPDATE")
            actions[event] = _action(cursor)
            if cursor.sees_sign("("):
                cursor.group()
                oddities.append(f"the columns behind ON {event.upper()} {actions[event].upper()}")
        elif cursor.accept("match"):
            match = cursor.identifier().lower()
            if match != "simple":
                oddities.append(f"MATCH {match.upper()}")
        elif cursor.sees("deferrable") or cursor.sees("initially", "deferred"):
            if not oddities or oddities[-1] != "DEFERRABLE":
                oddities.append("DEFERRABLE")
            _timing(cursor)
        elif not _timing(cursor):
            break
    return ForeignConstraint(
        columns, target, target_columns, label, cursor.since(start), actions["delete"], actions["update"],
        tuple(oddities),
    )  # fmt: skip


def _action(cursor: Cursor) -> str:
    for words in (("no", "action"), ("set", "null"), ("set", "default"), ("cascade",), ("restrict",)):
        if cursor.accept(*words):
            return " ".join(words)
    raise cursor.stop("CASCADE, RESTRICT, SET NULL, SET DEFAULT or NO ACTION")


def read_key_part(cursor: Cursor) -> KeyPart:
    """``col``, ``lower(name) text_pattern_ops desc nulls last``; reads to the end."""
    start = cursor.at
    end = start
    if cursor.sees_sign("("):
        cursor.group()
    else:
        cursor.name()
        if cursor.sees_sign("("):
            cursor.group()
    end = cursor.at
    fragment = cursor.fragment(start, end)
    column = _bare(cursor, start) if end == start + 1 else None
    collation = cursor.name().text if cursor.accept("collate") else None
    operator_class = None
    if not cursor.done and not (cursor.sees("asc") or cursor.sees("desc") or cursor.sees("nulls")):
        if (token := cursor.peek()) is not None and token.kind in ("word", "quoted"):
            operator_class = cursor.name().text
            cursor.skip_group()
    descending = cursor.accept_any("asc", "desc") == "desc"
    nulls = cursor.accept_any(*_NULLS) if cursor.accept("nulls") else None
    if not cursor.done:
        raise cursor.stop("a comma or the end of the keys")
    part = KeyPart(fragment, column, descending, None, operator_class, collation)
    return evolve(part, nulls="first" if nulls == "first" else "last") if nulls else part


def _bare(cursor: Cursor, at: int) -> str:
    part = Cursor(cursor.source, cursor.tokens[at : at + 1], cursor.dialect, cursor.end)
    return part.identifier()
