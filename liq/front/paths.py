"""Dotted names: what ``status``, ``package.publisher.name``, ``o.id``, ``meta.source.repo`` or ``v.id`` means here.

Inner scopes win over outer ones. Within one scope: link paths that lead to its source, labels (``group``, ``order``),
``alias.column``, columns, links. What no scope knows may be a ``let``.
"""

from __future__ import annotations

import attrs
from attrs import frozen

from liq.front.broken import broken
from liq.front.context import LetBinding, closest, one_of
from liq.front.links import Link, follow, links_of, rows_behind
from liq.front.scope import Label, Scope, Source
from liq.front.unknown_names import unknown
from liq.model import codes
from liq.model.diagnostics import Label as Note
from liq.model.expr import Column, ColumnRef, Expr, Item, JsonStep, ScalarQuery
from liq.model.ir import LetScan, Project
from liq.model.source import Span
from liq.model.types import JSON, Json, List, Record
from liq_grammar import syntax


def resolve_path(path: syntax.Path, scope: Scope) -> Expr:
    """The value of a path; what it does not name is reported."""
    names = [name.text for name in path.names]
    level: Scope | None = scope
    while level is not None:
        found = _at_level(path, names, level, scope)
        if found is not None:
            return found
        level = level.outer
    binding = scope.context.lets.get(names[0])
    if binding is not None:
        return _let_value(path, names, binding, scope)
    return unknown(path, scope)


def _at_level(path: syntax.Path, names: list[str], level: Scope, scope: Scope) -> Expr | None:
    """The value of a path as one scope knows it; None where it does not know its first name."""
    for length in range(len(names), 0, -1):
        led = level.prefixes.get(tuple(names[:length]))
        if led is not None:
            return _from_source(path, led, length, level, scope)
    if names[0] in level.labels:
        return _from_label(path, level.labels[names[0]], scope)
    start = _aliased(names, level)
    if start is not None:
        source, used = start
        known = source.column(names[used]) is not None or names[used] in _links(source, scope)
        if known or not any(s.column(names[0]) for s in level.sources):
            return _from_source(path, source, used, level, scope)
    holders = [s for s in level.sources if not s.hidden and s.column(names[0]) is not None]
    if len(holders) > 1:
        return _ambiguous(path, names[0], holders, scope)
    if holders:
        return _from_source(path, holders[0], 0, level, scope)
    linked = [s for s in level.sources if not s.hidden and names[0] in _links(s, scope)]
    if len(linked) > 1:
        return _ambiguous(path, names[0], linked, scope)
    if linked:
        return _from_source(path, linked[0], 0, level, scope)
    if len(names) == 1 and level.source(names[0]) is not None:
        columns = level.sources[[s.name for s in level.sources].index(names[0])].columns
        scope.context.report(
            codes.NOT_A_VALUE, path.span, f"{names[0]} is rows, not a value",
            help=f"name a column, such as {names[0]}.{columns[0].name}" if columns else None,
        )  # fmt: skip
        return broken(path.span)
    return None


def _aliased(names: list[str], level: Scope) -> tuple[Source, int] | None:
    """The source that a path begins with by its alias or (qualified) table name, and how many names that takes."""
    for source in level.sources:
        if len(names) > 1 and source.name == names[0]:
            return source, 1
        if len(names) > 2 and source.qualified and source.qualified == (names[0], names[1]):
            return source, 2
    return None


def _links(source: Source, scope: Scope) -> dict[str, Link]:
    return links_of(source.table, scope.context) if source.table is not None else {}


def _from_source(path: syntax.Path, source: Source, used: int, level: Scope, scope: Scope) -> Expr:
    """The value that the rest of a path names, starting at a row of ``source``."""
    context = scope.context
    row_only = level.row_only
    for at in range(used, len(path.names)):
        name = path.names[at]
        column = source.column(name.text)
        if column is not None:
            return json_steps(column_ref(column, source, path.span), path.names[at + 1 :], scope)
        link = _links(source, scope).get(name.text)
        if link is None:
            return unknown(path, scope, source, name)
        last = at + 1 == len(path.names)
        if link.many:
            return _list_of_rows(path, at, scope)
        if last:
            some = next((c.name for c in link.target.columns if not c.sensitive), "…")
            context.report(
                codes.NOT_A_VALUE, path.span, f"{path.text} is a row of {link.target.name}, not a value",
                help=f"name a column, such as {path.text}.{some}",
            )  # fmt: skip
            return broken(path.span)
        if row_only:
            return _from_row(path, source, link, at, scope)
        source = follow(source, link, context, name.span)
    context.report(codes.NOT_A_VALUE, path.span, f"{path.text} is rows, not a value", help="name one of its columns")
    return broken(path.span)


def _from_row(path: syntax.Path, source: Source, link: Link, at: int, scope: Scope) -> Expr:
    """A link from a row at hand: a subquery over the one row it leads to, in which the rest of the path is a value."""
    inner = rows_behind(source, True, [link], scope, path.span, ())
    target = inner.sources[0]
    value = _from_source(path, target, at + 1, inner, inner)
    column = Column(scope.context.fresh(), path.names[-1].text, value.type, value.nullable)
    return ScalarQuery(Project(target.joined(), (Item(column, value),), span=path.span), span=path.span)


def _list_of_rows(path: syntax.Path, at: int, scope: Scope) -> Expr:
    name = path.names[at].text
    rest = "".join(f".{n.text}" for n in path.names[at + 1 :])
    lead = ".".join(n.text for n in path.names[: at + 1])
    hint = f"write max({lead}{rest}), or exists ({lead})" if rest else f"write count({name}), or {name} {{ … }}"
    said = f"{lead} is a list of rows, so it has no single value in {scope.place.value}"
    scope.context.report(codes.LINK_TO_MANY, path.span, said, help=hint)
    return broken(path.span)


def column_ref(column: Column, source: Source, span: Span) -> ColumnRef:
    """A reference to a column; an outer join makes it nullable."""
    return ColumnRef(column.id, column.name, column.type, column.nullable or source.may_miss, span=span)


def json_steps(value: Expr, names: tuple[syntax.Name, ...], scope: Scope) -> Expr:
    """``value.name.name``: steps into a JSON value."""
    for name in names:
        if not isinstance(value.type, Json):
            return no_member(value, f'"{name.text}"', name.span, scope)
        value = JsonStep(value, name.text, JSON, span=Span(value.span.start, max(name.span.end, value.span.start)))
    return value


def no_member(value: Expr, member: str, span: Span, scope: Scope) -> Expr:
    """A step into something that is not JSON."""
    what = value.name if isinstance(value, ColumnRef) else "this"
    said = f"{what} is {value.type}, which has no member {member}"
    hint: str | None = None
    if isinstance(value.type, Record) or (isinstance(value.type, List) and isinstance(value.type.element, Record)):
        said, hint = f"{what} is nested already", "take the columns you need in the stage before"
    scope.context.report(codes.NO_MEMBER, span, said, help=hint)
    return broken(span)


def _from_label(path: syntax.Path, label: Label, scope: Scope) -> Expr:
    if label.expr is None:
        return broken(path.span)
    return json_steps(label.expr, path.names[1:], scope)


def _ambiguous(path: syntax.Path, name: str, holders: list[Source], scope: Scope) -> Expr:
    choices = [f"{s.name}.{name}" for s in holders if s.name]
    scope.context.report(
        codes.AMBIGUOUS_NAME, path.span, f'"{name}" is ambiguous: {one_of(s.name for s in holders)} have it',
        [Note(s.span, f"{s.name} has {name}") for s in holders[:3] if s.span.end],
        help=f"write {' or '.join(choices[:3])}" if choices else None,
    )  # fmt: skip
    return broken(path.span)


# ------------------------------------------------------------------------------------------------- lets
def _let_value(path: syntax.Path, names: list[str], binding: LetBinding, scope: Scope) -> Expr:
    """``v.id``: a column of rows that a ``let`` names, where they are at most one."""
    if not binding.columns:  # its rows are wrong, which was said there
        return broken(path.span)
    context = scope.context
    column = let_column(path, binding, scope)
    if column is None:
        return broken(path.span)
    if not binding.at_most_one:
        context.report(
            codes.MANY_ROWS, path.span, f"{binding.name} may have more than one row, so {path.text} is not one value",
            [Note(binding.span, f"{binding.name} is named here")] if binding.span.end else (),
            help=f'write "in {path.text}" for any of them, or bound {binding.name} with limit 1 or expect 1',
        )  # fmt: skip
        return broken(path.span)
    relation = let_rows(binding, column, scope, path.span)
    nullable = relation.columns[0].nullable or not binding.exactly_one
    return json_steps(ScalarQuery(relation, nullable, span=path.span), path.names[2:], scope)


def let_of(path: syntax.Path, scope: Scope) -> LetBinding | None:
    """The ``let`` that a path begins with; None where a scope knows its first name, or no ``let`` has it."""
    names = [name.text for name in path.names]
    level: Scope | None = scope
    while level is not None:
        if _begin(names, level, scope) is not None:
            return None
        level = level.outer
    return scope.context.lets.get(names[0])


def let_column(path: syntax.Path, binding: LetBinding, scope: Scope) -> Column | None:
    """The column of a ``let`` that a path names; None, reported, where it names none."""
    if len(path.names) < 2:
        some = binding.columns[0].name if binding.columns else "…"
        scope.context.report(
            codes.NOT_A_VALUE, path.span, f"{binding.name} is rows, not a value",
            help=f"name a column, such as {binding.name}.{some}",
        )  # fmt: skip
        return None
    name = path.names[1]
    column = next((c for c in binding.columns if c.name == name.text), None)
    if column is None:
        meant = closest(name.text, (c.name for c in binding.columns))
        scope.context.report(
            codes.UNKNOWN_COLUMN, name.span,
            f'unknown column "{name.text}" on {binding.name}' + (f" — did you mean {meant}?" if meant else ""),
            help=f"its columns are {one_of(c.name for c in binding.columns)}",
        )  # fmt: skip
    return column


def let_rows(binding: LetBinding, column: Column, scope: Scope, span: Span) -> Project:
    """One column of the rows that a ``let`` names."""
    fresh = tuple(attrs.evolve(c, id=scope.context.fresh()) for c in binding.columns)
    kept = fresh[binding.columns.index(column)]
    rows = LetScan(binding.name, fresh, span=span)
    ref = ColumnRef(kept.id, kept.name, kept.type, kept.nullable, span=span)
    return Project(rows, (Item(kept, ref),), span=span)


# ------------------------------------------------------------------------------------------------- links to many
@frozen
class Trail:
    """Where a path of links leads: from ``start`` in ``level``, ``used`` names go along ``hops``, then a value."""

    level: Scope
    start: Source
    hops: tuple[Link, ...]
    used: int


def trail(names: list[str], scope: Scope, *, many: bool) -> Trail | None:
    """The links that a path begins with: up to the last one to many rows (``many``), or all of them."""
    level: Scope | None = scope
    while level is not None:
        begun = _begin(names, level, scope)
        if begun is not None:
            source, used, known = begun
            return _along(names, level, source, used, scope, many=many) if not known else None
        level = level.outer
    return None


def _begin(names: list[str], level: Scope, scope: Scope) -> tuple[Source, int, bool] | None:
    """The source a path starts at in a scope, the names that takes, and whether it goes on with a column."""
    for length in range(len(names), 0, -1):
        led = level.prefixes.get(tuple(names[:length]))
        if led is not None:
            return led, length, length == len(names)
    if names[0] in level.labels:
        return level.sources[0] if level.sources else Source("", (), LetScan("", ())), 0, True
    start = _aliased(names, level)
    if start is not None and (start[0].column(names[start[1]]) or names[start[1]] in _links(start[0], scope)):
        return start[0], start[1], start[0].column(names[start[1]]) is not None
    for source in level.sources:
        if not source.hidden and source.column(names[0]) is not None:
            return source, 0, True
    linked = [s for s in level.sources if not s.hidden and names[0] in _links(s, scope)]
    if linked:
        return linked[0], 0, False
    if level.source(names[0]) is not None:
        return level.sources[0], 0, True
    return None


def _along(names: list[str], level: Scope, start: Source, used: int, scope: Scope, *, many: bool) -> Trail | None:
    hops: list[Link] = []
    table = start.table
    at = used
    while at < len(names) and table is not None:
        link = links_of(table, scope.context).get(names[at])
        if link is None or names[at] in table.by_name:
            break
        hops.append(link)
        table = link.target
        at += 1
    if many:
        while hops and not hops[-1].many:
            hops.pop()
    if not hops:
        return None
    return Trail(level, start, tuple(hops), used + len(hops))


def open_trail(found: Trail, names: list[str], scope: Scope, span: Span) -> Scope:
    """A scope over the rows that a trail leads to, for a subquery at ``scope``."""
    prefix = tuple(names[: found.used])
    return rows_behind(found.start, found.level.row_only, found.hops, scope, span, prefix)
