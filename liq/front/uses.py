"""Which columns a statement uses: whatever influences its result, by the ids of columns.

Everything that an expression names counts, and what is compared or shown as a whole row: the result, the operands of
set operations, ``distinct``. A redaction (``mask``, ``hash``) of a column is kept apart: within a view it is no use.
"""

from __future__ import annotations

from collections.abc import Iterable

from attrs import define, field

from liq.model.expr import Call, Collect, Column, ColumnRef, InQuery, Relation, ScalarQuery
from liq.model.ir import Distinct, Follow, Insert, SetOperation
from liq.model.node import Node, walk
from liq.model.source import NO_SPAN, Span

REDACTIONS = frozenset({"mask", "hash"})


@define
class Uses:
    """Ids of columns, each with a place where it is used. ``plain`` leaves out uses as the argument of a redaction."""

    every: dict[int, Span] = field(factory=dict)
    plain: dict[int, Span] = field(factory=dict)

    def names(self, columns: Iterable[Column], *, redacted: bool = False) -> frozenset[str]:
        """The names of those columns that are used; ``redacted``: redactions do not count."""
        ids = self.plain if redacted else self.every
        return frozenset(c.name for c in columns if c.id in ids)

    def place(self, columns: Iterable[Column], name: str) -> Span:
        """A place where a column is used."""
        return next((self.every[c.id] for c in columns if c.name == name and c.id in self.every), NO_SPAN)

    def show(self, columns: Iterable[Column], span: Span) -> None:
        """Columns are shown, stored or compared as they are."""
        for column in columns:
            self._note(column.id, span)

    def add(self, root: Node) -> None:
        """Count everything in a tree; the columns of a relation at its root are the caller's business."""
        redacted: set[int] = set()
        for node in walk(root):
            match node:
                case Call(function, (ColumnRef() as column, *_)) if function in REDACTIONS:
                    redacted.add(id(column))
                case ColumnRef(id_):
                    self._note(id_, node.span, plain=id(node) not in redacted)
                case Distinct(input_):
                    self.show(input_.columns, node.span)
                case SetOperation(_, inputs):
                    for each in inputs:
                        self.show(each.columns, node.span)
                case Follow(_, source, target):
                    for id_ in (*source, *target):
                        self._note(id_, node.span)
                case InQuery(query=query) | ScalarQuery(query) | Collect(query):
                    self.show(query.columns, node.span)
                case Insert():
                    self.show(node.source.columns, node.span)
                case _:
                    pass

    def _note(self, id_: int, span: Span, *, plain: bool = True) -> None:
        for kept in (self.every, self.plain) if plain else (self.every,):
            if kept.get(id_, NO_SPAN) == NO_SPAN:
                kept[id_] = span


def uses_of(relation: Relation, span: Span) -> Uses:
    """The columns that a read uses, its result included."""
    uses = Uses()
    uses.add(relation)
    uses.show(relation.columns, span)
    return uses
