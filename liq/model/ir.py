"""The typed IR: relational algebra with explicit columns, and the statements and queries built of it.

Bag semantics, three-valued logic, order only where a ``Sort`` stands directly below ``Limit``, at the root of a
statement or at the root of a ``Collect`` (there a ``Project`` may stand above it, to drop hidden keys). Columns are
referred to by ``id``; an id that no relation below provides belongs to an outer query (correlation). Every table access
carries its policy: see ``Access``.
"""

from __future__ import annotations

from enum import Enum

from attrs import field, frozen

from liq.model.expr import AggregateItem, Column, Expr, Item, Relation, SortKey, WindowItem
from liq.model.node import Node
from liq.model.source import NO_SPAN, Span
from liq.model.types import Type


def _span() -> Span:
    return field(default=NO_SPAN, eq=False, kw_only=True, repr=False)


# ------------------------------------------------------------------------------------------------- table access
class RuleKind(Enum):
    """Where a part of an access predicate comes from."""

    POLICY = "policy"  # a permissive policy that opens rows
    RESTRICTIVE = "restrictive"  # a policy that narrows
    ROLE = "role"  # the role must list the table or view, and the columns
    TOMBSTONE = "tombstone"  # deleted rows are hidden


@frozen(eq=False, repr=False)
class Rule(Node):
    """One named part of an access predicate, with its own predicate: for explanation; the whole stands in
    ``Access``."""

    kind: RuleKind
    name: str
    predicate: Expr


@frozen(eq=False, repr=False)
class Access(Node):
    """Which rows of a scan exist for this session: those on which ``predicate`` is true.

    ``predicate`` = (OR of POLICY rules) AND every other rule; deny by default (no permissive policy: false).
    """

    predicate: Expr
    rules: tuple[Rule, ...]


# ------------------------------------------------------------------------------------------------- relations
@frozen(eq=False, repr=False)
class Scan(Relation):
    """The rows of a table that ``access`` lets exist; all of them where access is None (policies see bare tables)."""

    table: str
    columns: tuple[Column, ...]
    access: Access | None
    alias: str
    with_deleted: bool = False
    span: Span = _span()


@frozen(eq=False, repr=False)
class Values(Relation):
    """Literal rows of expressions (over outer columns, parameters and claims only)."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[Expr, ...], ...]
    span: Span = _span()


@frozen(eq=False, repr=False)
class ParamRows(Relation):
    """The rows of a row-list parameter (``$rows: table[]``); the host caps their number."""

    param: str
    columns: tuple[Column, ...]
    span: Span = _span()


@frozen(eq=False, repr=False)
class Series(Relation):
    """``series(start, stop, step)``: start, start+step … while not beyond stop. Int, date or timestamp."""

    column: Column
    start: Expr
    stop: Expr
    step: Expr
    span: Span = _span()

    @property
    def columns(self) -> tuple[Column, ...]:
        """The one column."""
        return (self.column,)


@frozen(eq=False, repr=False)
class Unnest(Relation):
    """The elements of a list as rows of one column, in list order."""

    column: Column
    list: Expr
    span: Span = _span()

    @property
    def columns(self) -> tuple[Column, ...]:
        """The one column."""
        return (self.column,)


@frozen(eq=False, repr=False)
class LetScan(Relation):
    """The rows that an earlier ``let`` of the same plan names; column i is column i of its rows."""

    name: str
    columns: tuple[Column, ...]
    span: Span = _span()


@frozen(eq=False, repr=False)
class Filter(Relation):
    """The rows on which the predicate is true."""

    input: Relation
    predicate: Expr
    span: Span = _span()

    @property
    def columns(self) -> tuple[Column, ...]:
        """As the input's."""
        return self.input.columns


@frozen(eq=False, repr=False)
class Project(Relation):
    """New columns computed from each row; a column may be handed on under its own id (``Item(c, ref(c))``)."""

    input: Relation
    items: tuple[Item, ...]
    span: Span = _span()

    @property
    def columns(self) -> tuple[Column, ...]:
        """The computed columns."""
        return tuple(item.column for item in self.items)


class JoinKind(Enum):
    """How the rows of two inputs meet."""

    INNER = "inner"
    LEFT = "left"
    FULL = "full"


@frozen(eq=False, repr=False)
class Join(Relation):
    """Inner, left or full join. ``on`` None is a cross join (inner only). The right side may not refer to the left's
    columns."""

    kind: JoinKind
    left: Relation
    right: Relation
    on: Expr | None
    span: Span = _span()

    @property
    def columns(self) -> tuple[Column, ...]:
        """Left then right; nullable where the join may fill in nulls."""
        left = self.left.columns if self.kind is not JoinKind.FULL else _nulled(self.left.columns)
        right = self.right.columns if self.kind is JoinKind.INNER else _nulled(self.right.columns)
        return left + right


def _nulled(columns: tuple[Column, ...]) -> tuple[Column, ...]:
    return tuple(Column(c.id, c.name, c.type, True) for c in columns)


@frozen(eq=False, repr=False)
class Aggregate(Relation):
    """One row per group of equal keys (null equals null); without keys exactly one row. Columns: keys, then
    aggregates."""

    input: Relation
    keys: tuple[Item, ...]
    aggregates: tuple[AggregateItem, ...]
    span: Span = _span()

    @property
    def columns(self) -> tuple[Column, ...]:
        """Keys, then aggregates."""
        return (*(k.column for k in self.keys), *(a.column for a in self.aggregates))


@frozen(eq=False, repr=False)
class Window(Relation):
    """Each row with columns added that are computed over windows of the input."""

    input: Relation
    items: tuple[WindowItem, ...]
    span: Span = _span()

    @property
    def columns(self) -> tuple[Column, ...]:
        """The input's, then the computed ones."""
        return (*self.input.columns, *(item.column for item in self.items))


@frozen(eq=False, repr=False)
class Distinct(Relation):
    """Each different row once (null equals null)."""

    input: Relation
    span: Span = _span()

    @property
    def columns(self) -> tuple[Column, ...]:
        """As the input's."""
        return self.input.columns


@frozen(eq=False, repr=False)
class Sort(Relation):
    """The rows in an order."""

    input: Relation
    keys: tuple[SortKey, ...]
    span: Span = _span()

    @property
    def columns(self) -> tuple[Column, ...]:
        """As the input's."""
        return self.input.columns


@frozen(eq=False, repr=False)
class SortOption(Node):
    """One order that a caller may choose."""

    label: str
    keys: tuple[SortKey, ...]


@frozen(eq=False, repr=False)
class SortChoice(Relation):
    """The rows in the order that a parameter names; the first option when the parameter is null."""

    input: Relation
    param: str
    options: tuple[SortOption, ...]
    span: Span = _span()

    @property
    def columns(self) -> tuple[Column, ...]:
        """As the input's."""
        return self.input.columns


@frozen(eq=False, repr=False)
class Limit(Relation):
    """Rows ``offset`` to ``offset + count`` of the input's order. Both are literals or parameters, not null, not
    negative."""

    input: Relation
    count: Expr | None
    offset: Expr | None
    span: Span = _span()

    @property
    def columns(self) -> tuple[Column, ...]:
        """As the input's."""
        return self.input.columns


class SetOperator(Enum):
    """How the rows of two inputs are combined; bags only for UNION_ALL, sets otherwise."""

    UNION = "union"
    UNION_ALL = "union all"
    EXCEPT = "except"
    INTERSECT = "intersect"


@frozen(eq=False, repr=False)
class SetOperation(Relation):
    """Rows of several inputs, matched by position (the front end has matched labels and types). ``columns`` are new
    ids."""

    operator: SetOperator
    inputs: tuple[Relation, ...]
    columns: tuple[Column, ...]
    span: Span = _span()


@frozen(eq=False, repr=False)
class Follow(Relation):
    """Edges reachable from ``start``: input rows whose ``source`` equals start (depth 1) or the target of a reached
    row.

    Each input row comes at most once, at its smallest depth; rows deeper than ``maximum`` do not come; null links
    nothing.
    Columns: the input's, then ``depth``.
    """

    input: Relation
    source: tuple[int, ...]
    target: tuple[int, ...]
    start: tuple[Expr, ...]
    maximum: int
    depth: Column
    span: Span = _span()

    @property
    def columns(self) -> tuple[Column, ...]:
        """The input's, then depth."""
        return (*self.input.columns, self.depth)


# ------------------------------------------------------------------------------------------------- writes
@frozen(eq=False, repr=False)
class WriteCheck(Node):
    """What a row to be written must satisfy (be true of): policy checks and read permission where the row is shown
    again."""

    predicate: Expr
    rules: tuple[Rule, ...]


class ConflictAction(Enum):
    """What an insert does with a row whose key is taken."""

    SKIP = "skip"
    UPDATE = "update"


@frozen(eq=False, repr=False)
class Assignment(Node):
    """A column of the table and its new value."""

    column: str
    value: Expr


@frozen(eq=False, repr=False)
class Conflict(Node):
    """``or skip`` / ``or update`` on a unique key. ``target`` empty: any key (skip only).

    ``existing`` and ``excluded`` are the row there and the row proposed (one column each per table column). A row
    there must be
    true of ``visible`` (else POLICY error), and the changed row, as ``changed`` columns, of ``check``.
    """

    action: ConflictAction
    target: tuple[str, ...]
    existing: tuple[Column, ...] = ()
    excluded: tuple[Column, ...] = ()
    assignments: tuple[Assignment, ...] = ()
    where: Expr | None = None
    visible: Access | None = None
    changed: tuple[Column, ...] = ()
    check: WriteCheck | None = None


@frozen(eq=False, repr=False)
class Insert(Relation):
    """Insert the rows of ``source``, whose columns are those named by ``targets``, in order (defaults are filled in
    already;
    only columns numbered by the database are left out). ``row`` are the columns of the new row, one per table column.

    Output: ``returning`` over ``row``, one row per inserted or updated row; without it, every column of the row.
    """

    table: str
    targets: tuple[str, ...]
    source: Relation
    row: tuple[Column, ...]
    check: WriteCheck
    conflict: Conflict | None
    returning: tuple[Item, ...]
    span: Span = _span()

    @property
    def columns(self) -> tuple[Column, ...]:
        """The returned columns."""
        return tuple(item.column for item in self.returning)


@frozen(eq=False, repr=False)
class Update(Relation):
    """Change the rows of ``scan`` that its access lets exist and ``predicate`` is true of. Values are computed from
    the old
    row; ``row`` are the columns of the new row, one per table column, of which ``check`` must be true.

    A ``delete`` of a table with a tombstone is an update too (``deletes`` is true).
    """

    scan: Scan
    predicate: Expr
    assignments: tuple[Assignment, ...]
    row: tuple[Column, ...]
    check: WriteCheck
    returning: tuple[Item, ...]
    deletes: bool = False
    span: Span = _span()

    @property
    def columns(self) -> tuple[Column, ...]:
        """The returned columns."""
        return tuple(item.column for item in self.returning)


@frozen(eq=False, repr=False)
class Delete(Relation):
    """Remove the rows of ``scan`` that its access lets exist and ``predicate`` is true of; ``returning`` is over the
    old row."""

    scan: Scan
    predicate: Expr
    returning: tuple[Item, ...]
    span: Span = _span()

    @property
    def columns(self) -> tuple[Column, ...]:
        """The returned columns."""
        return tuple(item.column for item in self.returning)


# ------------------------------------------------------------------------------------------------- queries
@frozen(eq=False, repr=False)
class Expect(Node):
    """The number of rows a statement must read or write, else the whole transaction fails with the message."""

    rows: int
    message: str | None


@frozen(eq=False, repr=False)
class Statement(Node):
    """One statement of a plan. ``name``: the rows are bound by ``let``. ``shows``: a write has a ``returning``."""

    body: Relation
    name: str | None = None
    expect: Expect | None = None
    shows: bool = True
    span: Span = _span()


@frozen(eq=False, repr=False)
class Precondition(Node):
    """What must be true of the parameters before anything is bound; null counts as violated."""

    predicate: Expr
    message: str


@frozen(eq=False, repr=False)
class Parameter(Node):
    """A parameter of a query. ``optional``: may be left out (`$x?`). ``rows_of``: a list of rows for that table."""

    name: str
    type: Type
    nullable: bool
    optional: bool = False
    default: Expr | None = None
    description: str = ""
    rows_of: tuple[Column, ...] = ()
    options: tuple[str, ...] = ()
    span: Span = _span()


@frozen(eq=False, repr=False)
class Paging(Node):
    """How a page is continued: the cursor parameter and the ids of the root columns that hold the order keys."""

    param: str
    keys: tuple[int, ...]


@frozen(eq=False, repr=False)
class Query(Node):
    """A compiled unit: parameters, then statements in one transaction; the result is that of the last one.

    ``result`` are the columns shown, a prefix of the last statement's columns (the rest are hidden order keys of
    paging).
    ``ordered``: the rows of the result have a stated order.
    """

    name: str
    parameters: tuple[Parameter, ...]
    preconditions: tuple[Precondition, ...]
    statements: tuple[Statement, ...]
    result: tuple[Column, ...]
    ordered: bool = False
    paging: Paging | None = None
    description: str = ""
    span: Span = _span()
