"""Emitted SQL as a plan document holds it: per dialect the members of the family, with their texts and ordered binds.

A text is a constant of the plan: values of callers and claims stand in ``binds``, never in it. Made by
``liq_planner.emit``, run by ``liq.backends``.
"""

from __future__ import annotations

from attrs import frozen

from liq.model.expr import Expr
from liq.model.node import Node


@frozen
class SqlText(Node):
    """One statement for the server. Placeholder number i (from 1) is bound to ``binds[i - 1]``.

    A bind is an expression over parameters, claims and literals, never a column.
    """

    text: str
    binds: tuple[Expr, ...]


@frozen
class SqlStep(Node):
    """The SQL of one step of the physical plan. ``name``: later steps read its rows (``let``).

    ``counted``: each row of the answer ends with the numbers of rows attempted and written, which must agree.
    """

    step: int
    main: SqlText
    name: str | None = None
    counted: bool = False


@frozen
class Choice(Node):
    """What a caller chose: an optional parameter given (``option`` None) or an order by its label."""

    param: str
    option: str | None = None


@frozen
class SqlMember(Node):
    """One member of the family: it runs when exactly these optional parameters are given and these orders chosen."""

    given: tuple[Choice, ...]
    steps: tuple[SqlStep, ...]


@frozen
class SqlPlan(Node):
    """Everything emitted for one dialect. ``guarded``: one member serves all calls, parameters guard its predicates."""

    dialect: str
    members: tuple[SqlMember, ...]
    guarded: bool = False
