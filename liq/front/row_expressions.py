"""Tables, second pass: defaults, checks and indexes, which are expressions over one row."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from attrs import evolve

from liq.front.broken import is_broken
from liq.front.coerce import coerce
from liq.front.constraint_names import ConstraintNames
from liq.front.context import Context, closest
from liq.front.expressions import infer, predicate, resolve
from liq.front.scope import Place, Scope, empty_scope, row_scope
from liq.front.tables import TableDraft, chosen_name, plain_columns
from liq.model import codes
from liq.model.expr import Call, ClaimRef, ColumnRef, Expr, Literal, Relation
from liq.model.functions import FUNCTIONS
from liq.model.node import walk
from liq.model.schema import Check, Index, IndexKey, Key, Table
from liq.model.source import Span
from liq.model.types import TEXT, Type, Vector
from liq_grammar import syntax

METHODS = ("btree", "hash", "gin", "gist", "brin", "words", "hnsw", "ivfflat")
"""Index methods: those of PostgreSQL, and liq's for words and vectors."""
NewContext = Callable[[str, int], Context]
"""A context for an expression of a file whose ids start at a number; its findings are the schema's."""


def complete(draft: TableDraft, new_context: NewContext, relation_names: ConstraintNames) -> None:
    """Resolve every expression of a table."""
    table = draft.table()
    _defaults(draft, new_context)
    for element in draft.node.elements:
        match element:
            case syntax.Check():
                _check(draft, table, element, new_context)
            case syntax.UniqueConstraint(keys, _, where):
                listed = plain_columns(keys)
                if listed is None:
                    _unique_index(draft, table, element, new_context, relation_names)
                elif where is not None:
                    _partial_key(draft, table, element, listed, where, new_context, relation_names)
            case syntax.IndexDecl():
                _index(draft, table, element, new_context, relation_names)
            case _:
                pass


def default_value(
    part: syntax.Default, type_: Type, nullable: bool, context: Context, *, place: Place = Place.DEFAULT,
    subqueries: bool = False,
) -> Expr | None:  # fmt: skip
    """A default as a value of the type it stands for; None, reported, where it is none."""
    scope = empty_scope(context, place)
    scope.subqueries = subqueries
    value = infer(part.value, scope, type_)
    if is_broken(value):
        return None
    value = coerce(value, type_, context, nullable=nullable, wanted="the default")
    if context.failed:
        return None
    if isinstance(value, Literal) and value.value is None and not nullable:
        context.report(
            codes.DEFAULT, part.span, f"the default is null, but the type {type_} may not be", help=f"write {type_}?"
        )
        return None
    return value


def _defaults(draft: TableDraft, new_context: NewContext) -> None:
    for position, (column, node) in enumerate(zip(draft.columns, draft.nodes, strict=True)):
        parts = syntax.pick(node.parts, syntax.Default)
        if not parts or column.auto or column.tombstone:
            continue
        context = new_context(draft.context.file, 1)
        value = default_value(parts[0], column.type, column.nullable, context)
        if value is not None:
            draft.columns[position] = evolve(column, default=value)


def _scope(table: Table, context: Context) -> Scope:
    scope = row_scope(table.row, context, table=table, name=table.name.rpartition(".")[2], place=Place.CHECK)
    scope.subqueries = False
    return scope


def _row_only(exprs: Iterable[Expr], span: Span, context: Context, *, immutable: bool) -> bool:
    """Whether expressions depend on their row alone; reported where they do not."""
    for expr in exprs:
        for node in walk(expr):
            said = None
            match node:
                case ClaimRef(name):
                    said = f"@{name} differs from session to session, and the row does not"
                case Relation():
                    said = "a check, index or key may look at the values of its own row only"
                case Call(function) if immutable and _changes(function):
                    said = f"{function}() gives another value every time, and the index keeps the first one"
                case _:
                    pass
            if said is not None:
                context.report(codes.ROW_ONLY, span, said)
                return False
    return not context.failed


def _changes(function: str) -> bool:
    return any(overload.volatility != "immutable" for overload in FUNCTIONS.get(function, ()))


def _check(draft: TableDraft, table: Table, node: syntax.Check, new_context: NewContext) -> None:
    context = new_context(draft.context.file, len(table.columns) + 1)
    condition = predicate(node.condition, _scope(table, context))
    if not _row_only([condition], node.condition.span, context, immutable=False):
        return
    name = chosen_name(draft, node.name, draft.constraint_names)
    used = sorted({n.name for n in walk(condition) if isinstance(n, ColumnRef)})
    columns = tuple(used) if len(used) == 1 else ()
    name = name or draft.constraint_names.choose(draft.name, columns, "check")
    draft.checks.append(Check(name, condition, node.span))


def _index_keys(table: Table, keys: tuple[syntax.OrderKey, ...], context: Context) -> tuple[IndexKey, ...] | None:
    scope = _scope(table, context)
    found: list[IndexKey] = []
    for key in keys:
        value = resolve(key.value, scope)
        nulls_first = key.descending if key.nulls is None else key.nulls == "first"
        found.append(IndexKey(value, key.descending, nulls_first))
    exprs = [key.expr for key in found]
    span = keys[0].span.join(keys[-1].span) if keys else Span(0, 0)
    return tuple(found) if _row_only(exprs, span, context, immutable=True) else None


def _where(table: Table, where: syntax.Where | None, context: Context) -> Expr | None:
    if where is None:
        return None
    condition = predicate(where.condition, _scope(table, context))
    return condition if _row_only([condition], where.span, context, immutable=True) else None


def _default_columns(keys: tuple[IndexKey, ...]) -> tuple[str, ...]:
    """What PostgreSQL calls the keys of an index: columns by name, calls by function, the rest ``expr``."""
    names: list[str] = []
    for key in keys:
        match key.expr:
            case ColumnRef(name=name):
                base = name
            case Call(function) if function.isidentifier():
                base = function
            case _:
                base = "expr"
        number, name = 0, base
        while name in names:
            number += 1
            name = f"{base}{number}"
        names.append(name)
    return tuple(names)


def _index(
    draft: TableDraft, table: Table, node: syntax.IndexDecl, new_context: NewContext, relation_names: ConstraintNames
) -> None:
    context = new_context(draft.context.file, len(table.columns) + 1)
    keys = _index_keys(table, node.keys, context)
    where = _where(table, node.where, context)
    method = node.method.text if node.method is not None else "btree"
    if method not in METHODS:
        meant = closest(method, METHODS)
        context.report(
            codes.INDEX_METHOD, (node.method or node).span,
            f'unknown index method "{method}"' + (f" — did you mean {meant}?" if meant else ""),
            help=f"methods are {', '.join(METHODS)}",
        )  # fmt: skip
        return
    name = chosen_name(draft, node.name, relation_names)
    if keys is None or context.failed or not _method_fits(method, keys, node, context):
        return
    name = name or relation_names.choose(draft.name, _default_columns(keys), "idx")
    draft.indexes.append(Index(name, keys, method, where, False, node.span))


def _method_fits(method: str, keys: tuple[IndexKey, ...], node: syntax.IndexDecl, context: Context) -> bool:
    said = None
    types = [key.expr.type for key in keys]
    match method:
        case "words" if any(t != TEXT for t in types):
            said = "words are found in text"
        case "hnsw" | "ivfflat" if len(types) != 1 or not isinstance(types[0], Vector):
            said = f"{method} is for one vector"
        case "btree" | "hash" if any(isinstance(t, Vector) for t in types):
            said = f"a vector has no order: {method} cannot hold it"
        case _:
            pass
    if said is None:
        return True
    help = "index (note) using words" if method == "words" else "index (embedding) using hnsw"
    context.report(codes.INDEX_METHOD, (node.method or node).span, said, help=help)
    return False


def _unique_index(
    draft: TableDraft, table: Table, node: syntax.UniqueConstraint, new_context: NewContext,
    relation_names: ConstraintNames,
) -> None:  # fmt: skip
    context = new_context(draft.context.file, len(table.columns) + 1)
    keys = _index_keys(table, node.keys, context)
    where = _where(table, node.where, context)
    if node.nulls_not_distinct:
        context.report(
            codes.KEY, node.span, "nulls not distinct needs a key of columns alone",
            help="leave out the order, or give the expression a column of its own",
        )  # fmt: skip
    name = chosen_name(draft, node.name, relation_names)
    if keys is None or context.failed:
        return
    name = name or relation_names.choose(draft.name, _default_columns(keys), "idx")
    draft.indexes.append(Index(name, keys, "btree", where, True, node.span))


def _partial_key(
    draft: TableDraft, table: Table, node: syntax.UniqueConstraint, listed: tuple[syntax.Name, ...],
    where: syntax.Where, new_context: NewContext, relation_names: ConstraintNames,
) -> None:  # fmt: skip
    context = new_context(draft.context.file, len(table.columns) + 1)
    columns = draft.known(listed)
    condition = _where(table, where, context)
    name = chosen_name(draft, node.name, relation_names)
    if columns is None or condition is None:
        return
    name = name or relation_names.choose(draft.name, columns, "idx")
    draft.keys.append(Key(name, columns, False, not node.nulls_not_distinct, condition, False, node.span))

