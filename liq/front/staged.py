"""What a stage comes to."""

from __future__ import annotations

from enum import Enum

from attrs import frozen

from liq.model.expr import Column, Relation
from liq.model.ir import Paging


class Use(Enum):
    """What the rows of a stage are for, which decides what order means."""

    BAG = "bag"  # rows for another relation: an order without a limit says nothing
    VALUE = "value"  # a bag that an expression looks into: a single item needs no label
    LIST = "list"  # a nested list: its order is completed
    ROOT = "root"  # the result of a statement: hidden columns may stay behind the shown ones


@frozen
class Staged:
    """The rows of a stage. The first ``shown`` columns are its shape, the rest hidden order keys (of a root only)."""

    relation: Relation
    shown: int
    ordered: bool = False
    paging: Paging | None = None

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns that the shape names."""
        return self.relation.columns[: self.shown]
