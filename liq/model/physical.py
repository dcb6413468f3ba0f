"""The physical vocabulary: the closed set of operators that a plan may hold, one meaning each.

Security is explicit here: a ``TableScan`` yields every stored row, and what a session may not see is removed by
``Select`` operators (``origin`` says where the predicate came from, for people; nothing may rest on it) or, in
writes, by
explicit checks. ``liq.reference.physical`` executes it, the verifier reads it back to algebra, the engine runs it.

Operators form pipelines: sources (``TableScan`` … ``LetRows``), streaming operators (``Select``, ``Compute``,
``Take``) and
breakers, which need their whole input (``NestedLoop`` on its right, ``Group``, ``Windows``, ``Deduplicate``, ``Order``,
``Combine``, ``Closure``). Expressions are those of ``liq.model.expr``; their subqueries hold physical operators.
"""

from __future__ import annotations

from enum import Enum

from attrs import frozen

from liq.model.expr import AggregateItem, Column, Expr, Item, Relation, SortKey, WindowItem
from liq.model.ir import Assignment, ConflictAction, Expect, JoinKind, SetOperator, SortOption
from liq.model.node import Node


class Origin(Enum):
    """Where a predicate came from."""

    QUERY = "query"
    POLICY = "policy"


class Operator(Relation):
    """A physical operator."""

    __slots__ = ()


@frozen
class Estimate:
    """What the planner expects of an operator; never part of ``plan_id``."""

    rows: int
    cost: int


# ------------------------------------------------------------------------------------------------- sources
@frozen(eq=False, repr=False)
class TableScan(Operator):
    """Every stored row of a table, with the listed columns (``names`` are the table's names of ``columns``)."""

    table: str
    names: tuple[str, ...]
    columns: tuple[Column, ...]


@frozen(eq=False, repr=False)
class RowSource(Operator):
    """Literal rows of expressions over parameters, claims and outer columns."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[Expr, ...], ...]


@frozen(eq=False, repr=False)
class ParameterRows(Operator):
    """The rows of a row-list parameter."""

    param: str
    columns: tuple[Column, ...]


@frozen(eq=False, repr=False)
class SeriesRows(Operator):
    """start, start+step … while not beyond stop."""

    columns: tuple[Column, ...]
    start: Expr
    stop: Expr
    step: Expr


@frozen(eq=False, repr=False)
class ListRows(Operator):
    """The elements of a list, in order."""

    columns: tuple[Column, ...]
    list: Expr


@frozen(eq=False, repr=False)
class LetRows(Operator):
    """The rows that an earlier statement of the plan bound."""

    name: str
    columns: tuple[Column, ...]


# ------------------------------------------------------------------------------------------------- streaming
@frozen(eq=False, repr=False)
class Select(Operator):
    """The rows on which the predicate is true."""

    input: Operator
    predicate: Expr
    origin: Origin

    @property
    def columns(self) -> tuple[Column, ...]:
        """As the input's."""
        return self.input.columns


@frozen(eq=False, repr=False)
class Compute(Operator):
    """New columns computed from each row; columns not listed are dropped."""

    input: Operator
    items: tuple[Item, ...]

    @property
    def columns(self) -> tuple[Column, ...]:
        """The computed columns."""
        return tuple(item.column for item in self.items)


@frozen(eq=False, repr=False)
class Take(Operator):
    """Skip ``offset`` rows of the input's order, then at most ``count`` rows."""

    input: Operator
    count: Expr | None
    offset: Expr | None

    @property
    def columns(self) -> tuple[Column, ...]:
        """As the input's."""
        return self.input.columns


@frozen(eq=False, repr=False)
class Barrier(Operator):
    """The input's rows; expressions above are not evaluated on rows that the operators below remove (error channel)."""

    input: Operator

    @property
    def columns(self) -> tuple[Column, ...]:
        """As the input's."""
        return self.input.columns


# ------------------------------------------------------------------------------------------------- breakers
@frozen(eq=False, repr=False)
class NestedLoop(Operator):
    """Inner, left or full join by trying every pair; ``on`` None joins all pairs."""

    kind: JoinKind
    left: Operator
    right: Operator
    on: Expr | None

    @property
    def columns(self) -> tuple[Column, ...]:
        """Left then right; nullable where the join fills in nulls."""
        left = _nulled(self.left.columns) if self.kind is JoinKind.FULL else self.left.columns
        right = self.right.columns if self.kind is JoinKind.INNER else _nulled(self.right.columns)
        return left + right


def _nulled(columns: tuple[Column, ...]) -> tuple[Column, ...]:
    return tuple(Column(c.id, c.name, c.type, True) for c in columns)


@frozen(eq=False, repr=False)
class Group(Operator):
    """One row per group of equal keys; without keys exactly one row."""

    input: Operator
    keys: tuple[Item, ...]
    aggregates: tuple[AggregateItem, ...]

    @property
    def columns(self) -> tuple[Column, ...]:
        """Keys, then aggregates."""
        return (*(k.column for k in self.keys), *(a.column for a in self.aggregates))


@frozen(eq=False, repr=False)
class Windows(Operator):
    """Each row with window columns added."""

    input: Operator
    items: tuple[WindowItem, ...]

    @property
    def columns(self) -> tuple[Column, ...]:
        """The input's, then the computed ones."""
        return (*self.input.columns, *(item.column for item in self.items))


@frozen(eq=False, repr=False)
class Deduplicate(Operator):
    """Each different row once."""

    input: Operator

    @property
    def columns(self) -> tuple[Column, ...]:
        """As the input's."""
        return self.input.columns


@frozen(eq=False, repr=False)
class Order(Operator):
    """The rows in an order."""

    input: Operator
    keys: tuple[SortKey, ...]

    @property
    def columns(self) -> tuple[Column, ...]:
        """As the input's."""
        return self.input.columns


@frozen(eq=False, repr=False)
class OrderChoice(Operator):
    """The rows in the order that a parameter names; the first option when it is null."""

    input: Operator
    param: str
    options: tuple[SortOption, ...]

    @property
    def columns(self) -> tuple[Column, ...]:
        """As the input's."""
        return self.input.columns


@frozen(eq=False, repr=False)
class Combine(Operator):
    """A set operation over inputs, by position."""

    operator: SetOperator
    inputs: tuple[Operator, ...]
    columns: tuple[Column, ...]


@frozen(eq=False, repr=False)
class Closure(Operator):
    """Edges reachable from ``start``, each once, with its depth; at most ``maximum`` steps."""

    input: Operator
    source: tuple[int, ...]
    target: tuple[int, ...]
    start: tuple[Expr, ...]
    maximum: int
    depth: Column

    @property
    def columns(self) -> tuple[Column, ...]:
        """The input's, then depth."""
        return (*self.input.columns, self.depth)


# ------------------------------------------------------------------------------------------------- writes
@frozen(eq=False, repr=False)
class RowCheck(Node):
    """A predicate that must be true of a row, else the plan fails with POLICY."""

    predicate: Expr
    names: tuple[str, ...]


@frozen(eq=False, repr=False)
class Upsert(Node):
    """What happens to a row whose key is taken (see ``liq.model.ir.Conflict``). ``visible`` of the row there must be
    true."""

    action: ConflictAction
    target: tuple[str, ...]
    existing: tuple[Column, ...]
    excluded: tuple[Column, ...]
    assignments: tuple[Assignment, ...]
    where: Expr | None
    visible: RowCheck | None
    changed: tuple[Column, ...]
    check: RowCheck | None


@frozen(eq=False, repr=False)
class InsertRows(Operator):
    """Insert the source's rows; every new row must pass ``check``. Output: ``returning`` over ``row``."""

    table: str
    targets: tuple[str, ...]
    source: Operator
    row: tuple[Column, ...]
    check: RowCheck
    upsert: Upsert | None
    returning: tuple[Item, ...]

    @property
    def columns(self) -> tuple[Column, ...]:
        """The returned columns."""
        return tuple(item.column for item in self.returning)


@frozen(eq=False, repr=False)
class UpdateRows(Operator):
    """Change the table's rows that ``source`` yields (a chain of ``Select`` over one ``TableScan`` of all its
    columns)."""

    table: str
    source: Operator
    assignments: tuple[Assignment, ...]
    row: tuple[Column, ...]
    check: RowCheck
    returning: tuple[Item, ...]

    @property
    def columns(self) -> tuple[Column, ...]:
        """The returned columns."""
        return tuple(item.column for item in self.returning)


@frozen(eq=False, repr=False)
class DeleteRows(Operator):
    """Remove the table's rows that ``source`` yields (as in ``UpdateRows``)."""

    table: str
    source: Operator
    returning: tuple[Item, ...]

    @property
    def columns(self) -> tuple[Column, ...]:
        """The returned columns."""
        return tuple(item.column for item in self.returning)


# ------------------------------------------------------------------------------------------------- plans
@frozen(eq=False, repr=False)
class Step(Node):
    """One statement: an operator tree, the name that binds its rows, and the number of rows it must touch."""

    root: Operator
    name: str | None
    expect: Expect | None
    shows: bool


@frozen(eq=False, repr=False)
class PhysicalPlan(Node):
    """The steps of a plan, run in order in one serialisable transaction; the last one's rows are the result."""

    steps: tuple[Step, ...]
