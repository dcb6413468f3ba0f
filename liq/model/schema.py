"""Schemas: tables, keys, policies, roles, claims. Names are resolved and expressions typed; text is ``liq.front``'s
business.

Expressions over a table's row refer to its columns by position: the column at index i has id i + 1 (``Table.row``).
Ids of subqueries inside such expressions are greater than any of those. ``liq.model.instantiate`` renames them for use.
"""

from __future__ import annotations

from enum import Enum
from functools import cached_property

from attrs import field, frozen

from liq.model.expr import Column, Expr, Relation
from liq.model.source import NO_SPAN, Span
from liq.model.types import Enum as EnumType
from liq.model.types import Type


@frozen
class TableColumn:
    """A stored column. ``auto``: numbered by the database. ``tombstone``: set by delete. ``default`` sees no
    columns."""

    name: str
    type: Type
    nullable: bool
    default: Expr | None = None
    auto: bool = False
    sensitive: bool = False
    tombstone: bool = False
    description: str = ""
    was: str | None = None
    span: Span = NO_SPAN


@frozen
class Key:
    """A unique key; the primary one is not null and what rows are completed and followed by. ``where``: partial."""

    name: str
    columns: tuple[str, ...]
    primary: bool = False
    nulls_distinct: bool = True
    where: Expr | None = None
    constraint: bool = True  # declared as key/unique (False: a unique index with expressions or order)
    span: Span = NO_SPAN


class OnDelete(Enum):
    """What becomes of the rows that point at a deleted one."""

    NO_ACTION = "no action"
    RESTRICT = "restrict"
    CASCADE = "cascade"
    SET_NULL = "set null"
    SET_DEFAULT = "set default"


@frozen
class ForeignKey:
    """``columns`` point at ``target_columns`` of ``target``. ``link``: the name of the way there; ``reverse``: the
    way back."""

    name: str
    columns: tuple[str, ...]
    target: str
    target_columns: tuple[str, ...]
    link: str | None
    reverse: str | None
    on_delete: OnDelete = OnDelete.NO_ACTION
    span: Span = NO_SPAN


@frozen
class Check:
    """A predicate over one row that must not be false."""

    name: str
    predicate: Expr
    span: Span = NO_SPAN


@frozen
class IndexKey:
    """One key of an index: an expression over the row (mostly a column)."""

    expr: Expr
    descending: bool = False
    nulls_first: bool = False


@frozen
class Index:
    """An index that is no constraint. ``method``: btree, words, hnsw … ``where``: partial. ``unique``: a partial or
    expression key."""

    name: str
    keys: tuple[IndexKey, ...]
    method: str = "btree"
    where: Expr | None = None
    unique: bool = False
    span: Span = NO_SPAN


@frozen(slots=False)
class Table:
    """A table. ``name`` is qualified by its schema where that is not the default one (``audit.events``)."""

    name: str
    columns: tuple[TableColumn, ...]
    keys: tuple[Key, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    checks: tuple[Check, ...] = ()
    indexes: tuple[Index, ...] = ()
    description: str = ""
    span: Span = NO_SPAN

    @cached_property
    def by_name(self) -> dict[str, TableColumn]:
        """Columns by name."""
        return {c.name: c for c in self.columns}

    @cached_property
    def row(self) -> tuple[Column, ...]:
        """The columns as schema expressions see them: ids are positions counted from 1."""
        return tuple(Column(i, c.name, c.type, c.nullable) for i, c in enumerate(self.columns, 1))

    @property
    def primary_key(self) -> Key | None:
        """The primary key, else None."""
        return next((k for k in self.keys if k.primary), None)

    @property
    def tombstone(self) -> TableColumn | None:
        """The column that delete sets, else None."""
        return next((c for c in self.columns if c.tombstone), None)


@frozen(slots=False)
class View:
    """A named query, inlined where it is read: not a privilege.

    Its scans are bare: whoever reads it gets the policies of its tables.
    """

    name: str
    relation: Relation
    description: str = ""
    span: Span = NO_SPAN


class Operation(Enum):
    """What is done to a table."""

    READ = "read"
    INSERT = "insert"
    UPDATE = "update"
    DELETE = "delete"


@frozen
class Policy:
    """Opens (or, restrictive, narrows) rows of a table. ``using`` and ``check`` are over ``Table.row``; check
    defaults to using.

    ``roles`` empty: everybody.
    """

    name: str
    table: str
    operations: frozenset[Operation]
    restrictive: bool = False
    roles: tuple[str, ...] = ()
    using: Expr | None = None
    check: Expr | None = None
    span: Span = NO_SPAN


@frozen
class Claim:
    """A claim of the session: what the verified token holds at ``path``, else ``default`` (read once per call)."""

    name: str
    type: Type
    nullable: bool
    path: str | None
    default: Expr | None = None
    description: str = ""
    span: Span = field(default=NO_SPAN, eq=False)


@frozen
class Grant:
    """What a role may do. ``columns`` None: all that are not sensitive."""

    operation: Operation
    target: str
    columns: frozenset[str] | None = None
    with_deleted: bool = False


@frozen
class Role:
    """A role: deny by default. ``everything``: operations allowed on all tables (not their sensitive columns)."""

    name: str
    grants: tuple[Grant, ...] = ()
    everything: frozenset[Operation] = frozenset()
    runs: tuple[str, ...] = ()
    max_rows: int | None = None
    span: Span = NO_SPAN


@frozen
class Channel:
    """The author accepts that anyone (of ``roles``) may learn whether a value is taken in this column."""

    table: str
    column: str
    roles: tuple[str, ...] = ()
    span: Span = NO_SPAN


@frozen
class Function:
    """A declared ``fn``; its uses are inlined. ``body`` is an expression, or a relation for a ``fn … = read``."""

    name: str
    parameters: tuple[tuple[str, Type], ...]
    body: Expr | Relation
    span: Span = NO_SPAN


@frozen(slots=False)
class Schema:
    """Everything that declarations say, in declared order, and how to look it up by name."""

    enums: tuple[EnumType, ...] = ()
    tables: tuple[Table, ...] = ()
    views: tuple[View, ...] = ()
    functions: tuple[Function, ...] = ()
    policies: tuple[Policy, ...] = ()
    claims: tuple[Claim, ...] = ()
    roles: tuple[Role, ...] = ()
    channels: tuple[Channel, ...] = ()

    @cached_property
    def table_by_name(self) -> dict[str, Table]:
        """Tables by qualified name."""
        return {t.name: t for t in self.tables}

    @cached_property
    def view_by_name(self) -> dict[str, View]:
        """Views by name."""
        return {v.name: v for v in self.views}

    @cached_property
    def claim_by_name(self) -> dict[str, Claim]:
        """Claims by name."""
        return {c.name: c for c in self.claims}

    @cached_property
    def enum_by_name(self) -> dict[str, EnumType]:
        """Enums by name."""
        return {e.name: e for e in self.enums}

    @cached_property
    def policies_of(self) -> dict[str, tuple[Policy, ...]]:
        """Policies by table, in declared order; tables without one are absent."""
        result: dict[str, tuple[Policy, ...]] = {}
        for policy in self.policies:
            result[policy.table] = (*result.get(policy.table, ()), policy)
        return result

    @cached_property
    def pointed_at(self) -> frozenset[tuple[str, frozenset[str]]]:
        """The keys that foreign keys point at, as table and columns: these hold among deleted rows, too."""
        return frozenset((f.target, frozenset(f.target_columns)) for t in self.tables for f in t.foreign_keys)
