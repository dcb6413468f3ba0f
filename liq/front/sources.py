"""Sources of a read: tables, views, lets, functions, subqueries, and the joins between them."""

from __future__ import annotations

import attrs
from attrs import define, field

from liq.front import expressions, inline, reads
from liq.front.broken import is_broken
from liq.front.coerce import article, coerce, unify_all
from liq.front.context import Context, LetBinding, closest
from liq.front.parameter_refs import is_unknown
from liq.front.scope import Place, Scope, Source, scan
from liq.model import codes
from liq.model.diagnostics import Fix, Label
from liq.model.expr import Column, Expr, Relation
from liq.model.ir import Join, JoinKind, LetScan, Series, Unnest
from liq.model.schema import Table
from liq.model.source import Span
from liq.model.types import DATE, INT, INTERVAL, TIMESTAMP, Date, Int, List, Record, Timestamp, Type
from liq_grammar import syntax

_KINDS = {"inner": JoinKind.INNER, "left": JoinKind.LEFT, "full": JoinKind.FULL, "cross": JoinKind.INNER}


@define(eq=False)
class From:
    """The sources of a read and how they are joined; ``rows`` is asked for when every link that is used is known."""

    first: Source
    joins: list[tuple[JoinKind, Source, Expr | None, Span]] = field(factory=list)

    def rows(self) -> Relation:
        """All sources, joined."""
        relation = self.first.joined()
        for kind, source, on, span in self.joins:
            relation = Join(kind, relation, source.joined(), on, span=span)
        return relation


def resolve_from(node: syntax.SimpleRead, scope: Scope) -> From | None:
    """Add the sources of a read to its scope; None, reported, where one of them is unknown."""
    first = resolve_source(node.source, scope)
    known = first is not None
    result = None
    if first is not None:
        scope.sources.append(first)
        result = From(first)
    for join in node.joins:
        source = resolve_source(join.source, scope)
        if source is None:
            known = False
            continue
        _check_alias(source, scope)
        kind = _KINDS[join.kind]
        on = _condition(join, source, scope) if known else None
        scope.sources.append(source)
        _null(kind, scope, source)
        if result is not None:
            result.joins.append((kind, source, on, join.span))
    return result if known else None


def _condition(join: syntax.Join, source: Source, scope: Scope) -> Expr | None:
    if join.on is None:
        return None
    inner = attrs.evolve(scope.at(Place.ON), sources=[*scope.sources, source])
    return expressions.predicate(join.on, inner)


def _null(kind: JoinKind, scope: Scope, right: Source) -> None:
    """An outer join may come without a row of one side."""
    if kind is not JoinKind.INNER:
        right.nulled = True
    if kind is JoinKind.FULL:
        for source in scope.sources:
            source.nulled = True


def _check_alias(source: Source, scope: Scope) -> None:
    before = scope.source(source.name)
    if before is not None:
        scope.context.report(
            codes.DUPLICATE_ALIAS, source.span, f"two sources are called {source.name}",
            [Label(before.span, "the first one")],
            help="give one of them another alias behind its name",
        )  # fmt: skip


def resolve_source(node: syntax.Source, scope: Scope) -> Source | None:
    """One source; None, reported, where there is no such thing."""
    match node:
        case syntax.TableSource():
            return _named(node, scope)
        case syntax.DerivedSource(read, alias):
            relation = reads.resolve_read(read, scope.context, scope.outer)
            return Source(alias.text, relation.columns, relation, span=node.span) if relation.columns else None
        case syntax.FunctionSource():
            return _function(node, scope)


def _named(node: syntax.TableSource, scope: Scope) -> Source | None:
    context = scope.context
    name = node.name.text
    binding = context.lets.get(name)
    view = context.names.view(name) if binding is None else None
    table = context.names.table(name) if binding is None and view is None else None
    alias = node.alias.text if node.alias is not None else node.name.parts[-1].text
    if node.deleted and (table is None or table.tombstone is None):
        if table is not None or view is not None or binding is not None:
            context.report(
                codes.WITH_DELETED, node.span, f"{name} keeps no deleted rows",
                help="a table keeps them where one of its columns is a tombstone",
            )  # fmt: skip
        elif table is None:
            _unknown_source(node.name, context)
        return None
    if table is not None:
        return _table(node, table, alias, context)
    if binding is not None:
        return _let(binding, alias, context, node.span) if binding.columns else None
    if view is not None:
        relation = inline.inline_view(view, scope, node.span)
        found = relation is not None and relation.columns  # none: the view is wrong itself, which was said there
        return Source(alias, relation.columns, relation, span=node.span) if relation is not None and found else None
    _unknown_source(node.name, context)
    return None


def _table(node: syntax.TableSource, table: Table, alias: str, context: Context) -> Source:
    rows = scan(table, context, alias, node.span, with_deleted=node.deleted)
    qualified = tuple(table.name.split(".")) if node.alias is None and "." in table.name else ()
    return Source(alias, rows.columns, rows, table, qualified=qualified, span=node.span)


def _let(binding: LetBinding, alias: str, context: Context, span: Span) -> Source:
    columns = tuple(attrs.evolve(c, id=context.fresh()) for c in binding.columns)
    return Source(alias, columns, LetScan(binding.name, columns, span=span), span=span)


def _unknown_source(name: syntax.QualifiedName, context: Context) -> None:
    known = (*context.names.source_names(), *context.lets)
    meant = closest(name.text, known)
    if context.names.function(name.text) is not None:
        meant = None
        said = f"{name.text} is a function: it needs its arguments"
    else:
        said = f'unknown table "{name.text}"' + (f" — did you mean {meant}?" if meant else "")
    fix = Fix(name.span, meant, f"replace by {meant}") if meant else None
    context.report(codes.UNKNOWN_TABLE, name.span, said, fix=fix)


# ------------------------------------------------------------------------------------------------- table functions
def _function(node: syntax.FunctionSource, scope: Scope) -> Source | None:
    context = scope.context
    name = node.function.text
    if _uses_siblings(node, scope):
        return None
    outside = Scope(context, [], scope.outer, Place.VALUE, subqueries=scope.subqueries)
    alias = node.alias.text if node.alias is not None else node.function.parts[-1].text
    if name == "series":
        return _series(node, alias, outside)
    if name == "unnest":
        return _unnest(node, alias, outside)
    function = context.names.function(name)
    if function is None:
        meant = closest(name, ("series", "unnest", *context.names.function_names()))
        context.report(
            codes.UNKNOWN_TABLE, node.function.span,
            f'unknown function "{name}"' + (f" — did you mean {meant}?" if meant else ""),
        )  # fmt: skip
        return None
    body = inline.inline_function(function, node.arguments, scope, outside, node.span)
    if body is None:
        return None
    if not isinstance(body, Relation):
        context.report(codes.NOT_A_VALUE, node.span, f"{name} is a value, not rows", help="use it in an expression")
        return None
    return Source(alias, body.columns, body, span=node.span) if body.columns else None


def _uses_siblings(node: syntax.FunctionSource, scope: Scope) -> bool:
    """Whether arguments name rows of the same read, which sources cannot do; reported."""
    for argument in node.arguments:
        for path in (n for n in syntax.descendants(argument) if isinstance(n, syntax.Path)):
            if len(path.names) > 1 and scope.source(path.names[0].text) is not None:
                scope.context.report(
                    codes.OUT_OF_REACH, path.span, f"the rows of {path.names[0].text} cannot be used in another source",
                    help=f"use them in the shape or in where: exists (read {node.function.text}(…) x where …)",
                )  # fmt: skip
                return True
    return False


def _series(node: syntax.FunctionSource, alias: str, scope: Scope) -> Source | None:
    """``series(from, to, step)``: ints, dates or timestamps."""
    context = scope.context
    if len(node.arguments) not in (2, 3):
        context.report(codes.SERIES, node.span, "series takes (from, to, step); the step of ints may be left out")
        return None
    ends = [expressions.infer(each, scope) for each in node.arguments[:2]]
    if is_broken(*ends):
        return None
    hint: Type | None = None
    if all(is_unknown(end) for end in ends):
        hint = INT if len(node.arguments) == 2 else None
    together = unify_all(ends, context, node.span, "the ends of a series", hint)
    if together is None or any(is_unknown(end) for end in together):
        return None
    type_ = together[0].type
    if not isinstance(type_, Int | Date | Timestamp):
        context.report(codes.SERIES, node.span, f"a series runs over ints, dates or timestamps, not {article(type_)}")
        return None
    step = _step(node, type_, scope)
    if step is None:
        return None
    if type_ == DATE and step.type == INTERVAL:
        together, type_ = [coerce(end, TIMESTAMP, context) for end in together], TIMESTAMP
    column = Column(context.fresh(), alias, type_, False)
    return Source(alias, (column,), Series(column, together[0], together[1], step, span=node.span), span=node.span)


def _step(node: syntax.FunctionSource, type_: Type, scope: Scope) -> Expr | None:
    whole = syntax.Number("1", span=node.span)
    given = node.arguments[2] if len(node.arguments) == 3 else whole
    if len(node.arguments) == 2 and type_ == TIMESTAMP:
        said = "a series of timestamps needs a step"
        scope.context.report(codes.SERIES, node.span, said, help="write interval '1 day'")
        return None
    step = expressions.infer(given, scope, INTERVAL if type_ == TIMESTAMP else INT)
    if is_broken(step):
        return None
    wanted = step.type if type_ == DATE and step.type in (INT, INTERVAL) else INTERVAL if type_ == TIMESTAMP else INT
    result = coerce(step, wanted, scope.context, wanted="the step of this series")
    return None if is_broken(result) else result


def _unnest(node: syntax.FunctionSource, alias: str, scope: Scope) -> Source | None:
    context = scope.context
    if len(node.arguments) != 1:
        context.report(codes.SERIES, node.span, "unnest takes one list")
        return None
    items = expressions.infer(node.arguments[0], scope)
    if is_broken(items) or is_unknown(items):
        return None
    if not isinstance(items.type, List) or isinstance(items.type.element, Record):
        context.report(codes.SERIES, items.span, f"unnest takes a list, but this is {article(items.type)}")
        return None
    column = Column(context.fresh(), alias, items.type.element, True)
    return Source(alias, (column,), Unnest(column, items, span=node.span), span=node.span)
