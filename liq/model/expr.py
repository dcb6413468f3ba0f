"""Scalar expressions, shared by the IR and by physical plans.

Every expression knows its type and whether it may be null. Subqueries hold a ``Relation``: an IR relation before
planning, a physical one after it. Equality ignores spans.
"""

from __future__ import annotations

from enum import Enum

from attrs import field, frozen

from liq.model.node import Node
from liq.model.source import NO_SPAN, Span
from liq.model.types import BOOL, Cursor, List, Record, RecordField, Type
from liq.model.values import Value


@frozen(eq=False, repr=False)
class Column(Node):
    """An output column of a relation. ``id`` is unique within one query (or one schema expression)."""

    id: int
    name: str
    type: Type
    nullable: bool


class Relation(Node):
    """Anything with rows; ``columns`` is its schema, in order."""

    __slots__ = ()

    @property
    def columns(self) -> tuple[Column, ...]:
        """The output columns."""
        raise NotImplementedError(type(self))


class Expr(Node):
    """A scalar expression. Every subclass has ``type``, ``nullable`` and ``span``."""

    __slots__ = ()
    type: Type
    nullable: bool
    span: Span


def _span() -> Span:
    return field(default=NO_SPAN, eq=False, kw_only=True, repr=False)


@frozen(eq=False, repr=False)
class Literal(Expr):
    """A constant written in source, schema or policy."""

    value: Value
    type: Type
    span: Span = _span()

    @property
    def nullable(self) -> bool:  # type: ignore[override]
        """Only null is null."""
        return self.value is None


@frozen(eq=False, repr=False)
class ParamRef(Expr):
    """A value from the caller: untrusted. ``key`` selects an order key of a cursor parameter."""

    name: str
    type: Type
    nullable: bool
    key: int | None = None
    span: Span = _span()


@frozen(eq=False, repr=False)
class ClaimRef(Expr):
    """A value of the verified session, set by the host."""

    name: str
    type: Type
    nullable: bool
    span: Span = _span()


@frozen(eq=False, repr=False)
class ColumnRef(Expr):
    """A column of the rows at hand, or of an outer query's."""

    id: int
    name: str
    type: Type
    nullable: bool
    span: Span = _span()


@frozen(eq=False, repr=False)
class Call(Expr):
    """A function or operator of ``liq.model.functions``, named as there; arguments are already of its types."""

    function: str
    args: tuple[Expr, ...]
    type: Type
    nullable: bool
    span: Span = _span()


@frozen(eq=False, repr=False)
class And(Expr):
    """Conjunction of two or more, three-valued."""

    args: tuple[Expr, ...]
    span: Span = _span()

    def __attrs_post_init__(self) -> None:
        assert len(self.args) >= 2

    @property
    def type(self) -> Type:  # type: ignore[override]
        """Always bool."""
        return BOOL

    @property
    def nullable(self) -> bool:  # type: ignore[override]
        """Null where a part may be."""
        return any(arg.nullable for arg in self.args)


@frozen(eq=False, repr=False)
class Or(Expr):
    """Disjunction of two or more, three-valued."""

    args: tuple[Expr, ...]
    span: Span = _span()

    def __attrs_post_init__(self) -> None:
        assert len(self.args) >= 2

    @property
    def type(self) -> Type:  # type: ignore[override]
        """Always bool."""
        return BOOL

    @property
    def nullable(self) -> bool:  # type: ignore[override]
        """Null where a part may be."""
        return any(arg.nullable for arg in self.args)


@frozen(eq=False, repr=False)
class Not(Expr):
    """Negation: null stays null."""

    arg: Expr
    span: Span = _span()

    @property
    def type(self) -> Type:  # type: ignore[override]
        """Always bool."""
        return BOOL

    @property
    def nullable(self) -> bool:  # type: ignore[override]
        """As the operand."""
        return self.arg.nullable


class Truth(Enum):
    """What ``is`` tests for."""

    NULL = "null"
    TRUE = "true"
    FALSE = "false"


@frozen(eq=False, repr=False)
class Is(Expr):
    """``arg is [not] null | true | false``; never null itself."""

    arg: Expr
    truth: Truth
    negated: bool = False
    span: Span = _span()

    @property
    def type(self) -> Type:  # type: ignore[override]
        """Always bool."""
        return BOOL

    @property
    def nullable(self) -> bool:  # type: ignore[override]
        """Never."""
        return False


@frozen(eq=False, repr=False)
class RowCompare(Expr):
    """``(a, b) op (x, y)`` with op one of = <> < <= > >=, as PostgreSQL compares rows: left to right, null when a
    deciding pair is."""

    op: str
    left: tuple[Expr, ...]
    right: tuple[Expr, ...]
    span: Span = _span()

    @property
    def type(self) -> Type:  # type: ignore[override]
        """Always bool."""
        return BOOL

    @property
    def nullable(self) -> bool:  # type: ignore[override]
        """Null where a part may be."""
        return any(arg.nullable for arg in (*self.left, *self.right))


@frozen(eq=False, repr=False)
class InList(Expr):
    """``operands in (rows)``: an OR of equalities. One operand per column of a row; a single operand has rows of
    one."""

    operands: tuple[Expr, ...]
    rows: tuple[tuple[Expr, ...], ...]
    span: Span = _span()

    @property
    def type(self) -> Type:  # type: ignore[override]
        """Always bool."""
        return BOOL

    @property
    def nullable(self) -> bool:  # type: ignore[override]
        """Null where a part may be."""
        return any(e.nullable for e in self.operands) or any(e.nullable for row in self.rows for e in row)


@frozen(eq=False, repr=False)
class InQuery(Expr):
    """``operands in (read …)``; null when nothing equals but a null stands in between."""

    operands: tuple[Expr, ...]
    query: Relation
    span: Span = _span()

    @property
    def type(self) -> Type:  # type: ignore[override]
        """Always bool."""
        return BOOL

    @property
    def nullable(self) -> bool:  # type: ignore[override]
        """Null where an operand or a column of the query may be."""
        return any(e.nullable for e in self.operands) or any(c.nullable for c in self.query.columns)


@frozen(eq=False, repr=False)
class Exists(Expr):
    """Whether the query has a row; never null."""

    query: Relation
    span: Span = _span()

    @property
    def type(self) -> Type:  # type: ignore[override]
        """Always bool."""
        return BOOL

    @property
    def nullable(self) -> bool:  # type: ignore[override]
        """Never."""
        return False


@frozen(eq=False, repr=False)
class ScalarQuery(Expr):
    """The one column of a query's one row; null without a row; TOO_MANY_ROWS with two (the front end proves at most
    one)."""

    query: Relation
    nullable: bool = True
    span: Span = _span()

    @property
    def type(self) -> Type:  # type: ignore[override]
        """The type of the column."""
        return self.query.columns[0].type


@frozen(eq=False, repr=False)
class Collect(Expr):
    """All rows of a query as a list of records, in the query's order; the empty list without rows."""

    query: Relation
    span: Span = _span()

    @property
    def type(self) -> Type:  # type: ignore[override]
        """A list of records, one field per column."""
        fields = tuple(RecordField(c.name, c.type, c.nullable) for c in self.query.columns)
        return List(Record(fields))

    @property
    def nullable(self) -> bool:  # type: ignore[override]
        """Never."""
        return False


@frozen(eq=False, repr=False)
class RecordExpr(Expr):
    """A nested object built from expressions; never null itself."""

    labels: tuple[str, ...]
    values: tuple[Expr, ...]
    span: Span = _span()

    @property
    def type(self) -> Type:  # type: ignore[override]
        """A record of the parts' types."""
        pairs = zip(self.labels, self.values, strict=True)
        return Record(tuple(RecordField(label, value.type, value.nullable) for label, value in pairs))

    @property
    def nullable(self) -> bool:  # type: ignore[override]
        """Never."""
        return False


@frozen(eq=False, repr=False)
class ListExpr(Expr):
    """A list of scalars built from expressions of one type."""

    items: tuple[Expr, ...]
    element: Type
    span: Span = _span()

    @property
    def type(self) -> Type:  # type: ignore[override]
        """A list of the element type."""
        return List(self.element)

    @property
    def nullable(self) -> bool:  # type: ignore[override]
        """Never; its elements may be."""
        return False


@frozen(eq=False, repr=False)
class JsonExpr(Expr):
    """A JSON object or array built from expressions: with labels an object, without an array. Null becomes JSON
    null."""

    labels: tuple[str, ...] | None
    values: tuple[Expr, ...]
    type: Type
    span: Span = _span()

    @property
    def nullable(self) -> bool:  # type: ignore[override]
        """Never."""
        return False


@frozen(eq=False, repr=False)
class When(Node):
    """One branch of a case."""

    condition: Expr
    value: Expr


@frozen(eq=False, repr=False)
class Case(Expr):
    """The value of the first branch whose condition is true, else ``otherwise``; later branches are not evaluated."""

    branches: tuple[When, ...]
    otherwise: Expr
    type: Type
    span: Span = _span()

    @property
    def nullable(self) -> bool:  # type: ignore[override]
        """Null where a value may be."""
        return self.otherwise.nullable or any(branch.value.nullable for branch in self.branches)


@frozen(eq=False, repr=False)
class Coalesce(Expr):
    """The first value that is not null; later ones are not evaluated."""

    args: tuple[Expr, ...]
    type: Type
    span: Span = _span()

    @property
    def nullable(self) -> bool:  # type: ignore[override]
        """Null only where all may be."""
        return all(arg.nullable for arg in self.args)


@frozen(eq=False, repr=False)
class Cast(Expr):
    """``arg::type``; with ``safe`` (``::type?``) null where the plain cast would fail."""

    arg: Expr
    type: Type
    safe: bool = False
    span: Span = _span()

    @property
    def nullable(self) -> bool:  # type: ignore[override]
        """Null where the operand is, where a safe cast may fail, and out of JSON, whose null it becomes."""
        from liq.model.types import Json

        unwraps = isinstance(self.arg.type, Json) and not isinstance(self.type, Json)
        return self.safe or self.arg.nullable or unwraps


@frozen(eq=False, repr=False)
class JsonStep(Expr):
    """One step into a JSON value: by member name or by position from 0. A missing member, JSON null and a wrong kind
    give null."""

    arg: Expr
    key: str | int
    type: Type
    span: Span = _span()

    @property
    def nullable(self) -> bool:  # type: ignore[override]
        """Always: the member may be missing."""
        return True


@frozen(eq=False, repr=False)
class Optional(Expr):
    """An operand of ``where`` that an optional parameter switches: true when the parameter is absent or null."""

    param: str
    predicate: Expr
    span: Span = _span()

    @property
    def type(self) -> Type:  # type: ignore[override]
        """Always bool."""
        return BOOL

    @property
    def nullable(self) -> bool:  # type: ignore[override]
        """As the predicate."""
        return self.predicate.nullable


@frozen(eq=False, repr=False)
class SortKey(Node):
    """One key of an order. Nulls are placed explicitly (PostgreSQL's default: last ascending, first descending)."""

    expr: Expr
    descending: bool
    nulls_first: bool


@frozen(eq=False, repr=False)
class AggregateCall(Node):
    """An aggregate over a group: ``count`` without arguments counts rows. ``where`` filters, ``order`` orders its
    input."""

    function: str
    args: tuple[Expr, ...]
    type: Type
    nullable: bool
    distinct: bool = False
    where: Expr | None = None
    order: tuple[SortKey, ...] = ()


class BoundKind(Enum):
    """Where a frame begins or ends."""

    UNBOUNDED_PRECEDING = "unbounded preceding"
    PRECEDING = "preceding"
    CURRENT_ROW = "current row"
    FOLLOWING = "following"
    UNBOUNDED_FOLLOWING = "unbounded following"


@frozen
class Bound:
    """One end of a frame; ``rows`` for PRECEDING and FOLLOWING."""

    kind: BoundKind
    rows: int = 0


@frozen
class Frame:
    """``rows between start and end``. Without a frame: the whole partition, or with an order up to the last peer
    (RANGE)."""

    start: Bound
    end: Bound


@frozen(eq=False, repr=False)
class WindowCall(Node):
    """A window function or an aggregate over a window."""

    function: str
    args: tuple[Expr, ...]
    type: Type
    nullable: bool
    partition: tuple[Expr, ...] = ()
    order: tuple[SortKey, ...] = ()
    frame: Frame | None = None
    where: Expr | None = None


@frozen(eq=False, repr=False)
class Item(Node):
    """A computed column."""

    column: Column
    expr: Expr


@frozen(eq=False, repr=False)
class AggregateItem(Node):
    """A column computed by an aggregate."""

    column: Column
    call: AggregateCall


@frozen(eq=False, repr=False)
class WindowItem(Node):
    """A column computed over a window."""

    column: Column
    call: WindowCall


def cursor_key(param: str, position: int, type_: Cursor, nullable: bool, span: Span = NO_SPAN) -> ParamRef:
    """The order key at ``position`` of a cursor parameter, as an expression."""
    return ParamRef(param, type_.keys[position], nullable, position, span=span)


def conjunction(parts: tuple[Expr, ...]) -> Expr | None:
    """The AND of some predicates: None for none, the one itself for one; nested ANDs are flattened."""
    flat = tuple(inner for part in parts for inner in (part.args if isinstance(part, And) else (part,)))
    if not flat:
        return None
    return flat[0] if len(flat) == 1 else And(flat)


def disjunction(parts: tuple[Expr, ...]) -> Expr:
    """The OR of some predicates: false for none, the one itself for one; nested ORs are flattened."""
    flat = tuple(inner for part in parts for inner in (part.args if isinstance(part, Or) else (part,)))
    if not flat:
        return Literal(False, BOOL)
    return flat[0] if len(flat) == 1 else Or(flat)
