"""Emitted SQL as a plan document holds it: per dialect the members of the family, with their texts and ordered binds.

A text is a constant of the plan: values of callers and claims stand in ``binds``, never in it. Made by
``liq_planner.emit``, run by ``liq.backends``.
"""

from __future__ import annotations

from attrs import field, frozen

from liq.model.expr import Expr
from liq.model.node import Node
from liq.model.source import NO_SPAN, Span
from liq.model.types import BYTES, Type


class Bind(Expr):
    """A bind that is no expression of a program."""

    __slots__ = ()


@frozen(eq=False, repr=False)
class LetColumn(Bind):
    """A bind: the values of one column of the rows that an earlier step bound, as a list in row order."""

    name: str
    position: int
    type: Type
    span: Span = field(default=NO_SPAN, eq=False, kw_only=True, repr=False)

    @property
    def nullable(self) -> bool:  # type: ignore[override]
        """Never; its elements may be."""
        return False


@frozen(eq=False, repr=False)
class RowsColumn(Bind):
    """A bind: the values of one column of a row-list parameter, as a list in row order.

    ``source`` is the column's own type; where ``type`` is a list of texts instead, each value travels as its text.
    """

    param: str
    column: str
    type: Type
    source: Type
    span: Span = field(default=NO_SPAN, eq=False, kw_only=True, repr=False)

    @property
    def nullable(self) -> bool:  # type: ignore[override]
        """Never; its elements may be."""
        return False


@frozen(eq=False, repr=False)
class HashPad(Bind):
    """A bind: the host's secret key of ``hash`` XOR-ed with HMAC's inner or outer pad, 64 bytes."""

    inner: bool
    span: Span = field(default=NO_SPAN, eq=False, kw_only=True, repr=False)

    @property
    def type(self) -> Type:  # type: ignore[override]
        """Always bytes."""
        return BYTES

    @property
    def nullable(self) -> bool:  # type: ignore[override]
        """Never."""
        return False


@frozen(eq=False, repr=False)
class SqlText(Node):
    """One statement for the server. Placeholder number i (from 1) is bound to ``binds[i - 1]``.

    A bind is a ``ParamRef``, ``ClaimRef`` or ``Literal``, the presence of an optional parameter (``Is`` not null of its
    ``ParamRef``), or one of the kinds below: never a column.
    """

    text: str
    binds: tuple[Expr | Bind, ...]


@frozen(eq=False, repr=False)
class SqlStep(Node):
    """The SQL of one step of the physical plan. ``name``: later steps read its rows (``let``).

    ``counted``: each row of the answer ends with the numbers of rows attempted and written, which must agree.
    """

    step: int
    main: SqlText
    name: str | None = None
    counted: bool = False


@frozen(eq=False, repr=False)
class Choice(Node):
    """What a caller chose: an optional parameter given (``option`` None) or an order by its label."""

    param: str
    option: str | None = None


@frozen(eq=False, repr=False)
class SqlMember(Node):
    """One member of the family: it runs when exactly these optional parameters are given and these orders chosen."""

    given: tuple[Choice, ...]
    steps: tuple[SqlStep, ...]


@frozen(eq=False, repr=False)
class SqlPlan(Node):
    """Everything emitted for one dialect. ``guarded``: one member serves all calls, parameters guard its predicates."""

    dialect: str
    members: tuple[SqlMember, ...]
    guarded: bool = False
