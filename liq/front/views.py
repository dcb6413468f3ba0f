"""Views: named reads, inlined where they are read."""

from __future__ import annotations

from liq.front.context import Context
from liq.front.reads import resolve_read
from liq.model.expr import Column, ColumnRef, Item, Relation
from liq.model.ir import Project, Values
from liq.model.schema import View
from liq_grammar import syntax


def declare_view(node: syntax.ViewDecl, context: Context) -> View:
    """A view. Its scans are bare: who reads it gets the policies of its tables for himself."""
    relation = resolve_read(node.read, context)
    if context.failed or not relation.columns:
        return stand_in(node)
    return View(node.name.text, _bounded(relation, context), node.description or "", node.name.span)


def stand_in(node: syntax.ViewDecl) -> View:
    """What a view is taken for that is wrong: nothing more is said of its uses."""
    return View(node.name.text, Values((), ()), node.description or "", node.name.span)


def _bounded(relation: Relation, context: Context) -> Relation:
    """The columns of a view have ids that nothing within it has, so that uses of it can be told from what it does."""
    items = tuple(
        Item(Column(context.fresh(), c.name, c.type, c.nullable), ColumnRef(c.id, c.name, c.type, c.nullable))
        for c in relation.columns
    )
    return Project(relation, items)
