"""Shapes: ``{ id, net: round(amount * 0.8, 2), * except (a) }``: which columns a stage gives, under which names."""

from __future__ import annotations

from collections.abc import Iterable

from liq.front import expressions, nested
from liq.front.broken import broken, is_broken
from liq.front.context import Context, closest, one_of
from liq.front.draft import Named
from liq.front.literals import shown
from liq.front.parameter_refs import is_unknown
from liq.front.paths import column_ref
from liq.front.scope import Label, Place, Scope, Source
from liq.front.star import path_star
from liq.model import codes
from liq.model.diagnostics import Label as Note
from liq.model.expr import Column, ColumnRef, Expr, Item, Literal, Relation
from liq.model.ir import Project
from liq.model.schema import Table
from liq.model.source import Span
from liq.model.types import Cursor, List, Null
from liq_grammar import syntax


def name_of(node: syntax.Expr) -> str | None:
    """What an item without a label is called: after its column, or after its function."""
    match node:
        case syntax.Path(names):
            return names[-1].text
        case syntax.Cast(operand=syntax.Path() as path):
            return path.names[-1].text
        case syntax.Call(function=function):
            return function.names[-1].text
        case _:
            return None


def labels_of(shape: syntax.Shape | None) -> dict[str, Label]:
    """The names that a shape gives to expressions, for ``group`` and ``order``."""
    labels: dict[str, Label] = {}
    for item in shape.items if shape is not None else ():
        if isinstance(item, syntax.Field):
            name = item.label.text if item.label is not None else name_of(item.value)
            if name is not None:
                labels.setdefault(name, Label(name, item.value))
    return labels


def resolve_items(
    shape: syntax.Shape | None, scope: Scope, labels: dict[str, Label], span: Span, *, unnamed: bool = False
) -> list[Named]:
    """Every item in order, star expanded; two of one name are reported. ``labels`` learn what their items are.

    ``unnamed``: a single item needs no label.
    """
    items: list[Named] = []
    if unnamed and shape is not None and len(shape.items) == 1:
        only = shape.items[0]
        if isinstance(only, syntax.Field) and only.label is None and name_of(only.value) is None:
            return [Named("value", _value(only.value, scope), only.span)]
    for node in shape.items if shape is not None else (syntax.Star(span=span),):
        match node:
            case syntax.Star(excluded):
                items.extend(_star(excluded, scope, node.span))
            case syntax.PathStar(path):
                items.extend(Named(r.name, r, node.span) for r in path_star(path, scope))
            case syntax.Field():
                items.extend(_field(node, scope, labels))
            case syntax.Nested(label, target):
                path = target if isinstance(target, syntax.Path) else target.function
                name = label.text if label is not None else path.names[-1].text
                items.append(Named(name, nested.resolve_nested(node, scope), node.span))
            case syntax.Broken():
                continue
    return _distinctly_named(items, scope.context, implicit=shape is None)


def _field(node: syntax.Field, scope: Scope, labels: dict[str, Label]) -> Iterable[Named]:
    name = node.label.text if node.label is not None else name_of(node.value)
    known = labels.get(name) if name is not None else None
    mine = known is not None and known.value is node.value
    value = known.expr if mine and known is not None and known.expr is not None else _value(node.value, scope)
    if name is None:
        if not isinstance(node.value, syntax.Broken):
            scope.context.report(
                codes.LABEL_MISSING, node.span, "this item has no name of its own", help="give it a label: name: …"
            )
        return
    if mine and known is not None:
        known.expr = value
    yield Named(name, value, node.span)


def _value(node: syntax.Expr, scope: Scope) -> Expr:
    """An item's value; it must have a type that a result can have."""
    value = expressions.infer(node, scope)
    if is_broken(value) or is_unknown(value):
        return broken(node.span) if is_broken(value) else value
    if isinstance(value.type, Null) or value.type == List(Null()):
        said = shown(value) if isinstance(value, Literal) else "[]"
        scope.context.report(
            codes.TYPE_UNKNOWN, node.span, f"nothing says the type of this {said}",
            help=f"write {said}::text" + ("[]" if said == "[]" else "") + " (or what type it has)",
        )  # fmt: skip
        return broken(node.span)
    if isinstance(value.type, Cursor):
        scope.context.report(codes.CURSOR, node.span, "a cursor is no value: it stands behind after only")
        return broken(node.span)
    return value


def _star(excluded: tuple[syntax.Name, ...], scope: Scope, span: Span) -> Iterable[Named]:
    context = scope.context
    columns = [(s, c) for s in scope.sources if not s.hidden for c in visible_columns(s)]
    names = {c.name for _, c in columns}
    for name in excluded:
        if name.text not in names:
            meant = closest(name.text, names)
            context.report(
                codes.NOTHING_TO_EXCEPT, name.span, f'* has no "{name.text}" to leave out'
                + (f" — did you mean {meant}?" if meant else ""),
            )  # fmt: skip
    left_out = {name.text for name in excluded}
    kept = [(s, c) for s, c in columns if c.name not in left_out]
    if columns and not kept:
        context.report(codes.NOTHING_TO_EXCEPT, span, "* except (…) leaves nothing")
    for source, column in kept:
        yield Named(column.name, column_ref(column, source, span), span)


def visible_columns(source: Source) -> Iterable[Column]:
    """The columns that ``*`` stands for: all of a table but the sensitive ones, all of anything else."""
    if source.table is None:
        return source.columns
    return [c for c in source.columns if not source.table.by_name[c.name].sensitive]


def _distinctly_named(items: list[Named], context: Context, *, implicit: bool) -> list[Named]:
    first: dict[str, Named] = {}
    kept: list[Named] = []
    for item in items:
        before = first.setdefault(item.name, item)
        if before is item:
            kept.append(item)
            continue
        if implicit or before.span == item.span:
            context.report(
                codes.DUPLICATE_LABEL, item.span, f"two columns are called {item.name}",
                help="write a shape that names the columns you need",
            )  # fmt: skip
        else:
            context.report(
                codes.DUPLICATE_LABEL, item.span, f"two items are called {item.name}",
                [Note(before.span, "the first one")],
                help=f"give one another label: other_{item.name}: …",
            )  # fmt: skip
    return kept


def visible_names(shape_items: list[Named]) -> str:
    """The names of a shape, for messages."""
    return one_of((item.name for item in shape_items), 12)


# ------------------------------------------------------------------------------------------------- projections
def projected(named: Iterable[Named], context: Context, *, keep_ids: bool = True) -> list[Item]:
    """Items as columns; a column that keeps its name keeps its id, once."""
    items: list[Item] = []
    taken: set[int] = set()
    for each in named:
        expr = each.expr
        own = keep_ids and isinstance(expr, ColumnRef) and expr.name == each.name and expr.id not in taken
        id_ = expr.id if own and isinstance(expr, ColumnRef) else context.fresh()
        taken.add(id_)
        items.append(Item(Column(id_, each.name, expr.type, expr.nullable), expr))
    return items


def returning(shape: syntax.Shape, scope: Scope) -> tuple[Item, ...]:
    """The items of a shape over a row at hand (``returning``)."""
    inner = scope.at(Place.ITEM)
    named = resolve_items(shape, inner, labels_of(shape), shape.span)
    return tuple(projected(named, scope.context, keep_ids=False))


def project(
    relation: Relation, name: str, shape: syntax.Shape, context: Context, *, table: Table | None = None
) -> Relation:
    """Rows under a shape without clauses (``from $rows { seq, run_id: $run }``)."""
    source = Source(name, relation.columns, relation, table, span=shape.span)
    scope = Scope(context, [source], None, Place.ITEM)
    named = resolve_items(shape, scope, labels_of(shape), shape.span)
    items = tuple(projected(named, context))
    return Project(source.joined(), items, span=shape.span)
