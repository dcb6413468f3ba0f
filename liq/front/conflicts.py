"""``or skip`` and ``or update``: what an insert does where a key is taken."""

from __future__ import annotations

from liq.front.context import Context
from liq.front.expressions import predicate
from liq.front.parts import distinct_names, unknown_column
from liq.front.scope import Place
from liq.front.targets import assignments_of, excluded_source, new_columns, references, table_scope
from liq.model import codes
from liq.model.diagnostics import Label
from liq.model.expr import ColumnRef
from liq.model.ir import Assignment, Conflict, ConflictAction
from liq.model.schema import Key, Table
from liq_grammar import syntax


def resolve_conflict(node: syntax.Insert, table: Table, named: set[str], context: Context) -> Conflict | None:
    """The conflict clause of an insert; None without one, or, reported, where no key can be told."""
    clauses = [c for c in node.clauses if isinstance(c, syntax.OrSkip | syntax.OrUpdate)]
    for again in clauses[1:]:
        label = Label(clauses[0].span, "it is said here already")
        context.report(codes.CLAUSE_TWICE, again.span, "an insert has one or skip or or update", (label,))
    match clauses[:1]:
        case [syntax.OrSkip() as skip]:
            return _skip(skip, table, named, context)
        case [syntax.OrUpdate() as update]:
            return _update(update, table, named, context)
        case _:
            return None


def _skip(node: syntax.OrSkip, table: Table, named: set[str], context: Context) -> Conflict | None:
    if node.on:
        key = _stated_key(node.on, table, context)
        return None if key is None else Conflict(ConflictAction.SKIP, key.columns)
    candidates = _candidates(table, named)
    return Conflict(ConflictAction.SKIP, candidates[0].columns if len(candidates) == 1 else ())


def _candidates(table: Table, named: set[str]) -> list[Key]:
    """The unique keys that the given columns contain."""
    return [key for key in table.keys if key.where is None and set(key.columns) <= named]


def _stated_key(on: tuple[syntax.Name, ...], table: Table, context: Context) -> Key | None:
    known = True
    for name in on:
        if name.text not in table.by_name:
            known = False
            unknown_column(context, name, table.name, [c.name for c in table.columns])
    wanted = {name.text for name in distinct_names(on, context)}
    key = next((key for key in table.keys if set(key.columns) == wanted), None)
    if key is None and known:
        message = f"({', '.join(n.text for n in on)}) is no unique key of {table.name}"
        context.report(codes.CONFLICT_KEY, on[0].span.join(on[-1].span), message, help=_keys_help(table))
    return key if known else None


def _keys_help(table: Table) -> str:
    keys = [f"({', '.join(key.columns)})" for key in table.keys]
    return f"its keys are {' and '.join(keys)}" if keys else f"{table.name} has no unique key: declare one"


def _the_key(node: syntax.OrUpdate, table: Table, named: set[str], context: Context) -> Key | None:
    if node.on:
        return _stated_key(node.on, table, context)
    candidates = _candidates(table, named)
    if len(candidates) == 1:
        return candidates[0]
    if candidates:
        shown = " or ".join(f"on ({', '.join(key.columns)})" for key in candidates)
        context.report(
            codes.CONFLICT_KEY, node.span, f"the given columns contain {len(candidates)} unique keys of {table.name}",
            help=f"say which one: or update {shown}",
        )  # fmt: skip
    else:
        message = f"the given columns contain no unique key of {table.name}, so none can be taken"
        context.report(codes.CONFLICT_KEY, node.span, message, help=_keys_help(table))
    return None


def _update(node: syntax.OrUpdate, table: Table, named: set[str], context: Context) -> Conflict | None:
    key = _the_key(node, table, named, context)
    existing, excluded = new_columns(table, context), new_columns(table, context)
    scope = table_scope(table, existing, context, Place.VALUE)
    scope.sources.append(excluded_source(excluded))
    proposed = {c.name: ref for c, ref in zip(excluded, references(excluded), strict=True)}
    stated = [
        Assignment(column.name, proposed[column.name] if value is None else value)
        for _, column, value in assignments_of(table, node.assignments, scope)
    ]
    where = None if node.where is None else predicate(node.where.condition, scope.at(Place.WHERE))
    if key is None:
        return None
    assigned = stated if node.assignments else _all_given(table, named, key, proposed)
    if not assigned and not node.assignments:
        message = "or update sets nothing: the insert gives the key alone"
        context.report(codes.NOTHING_WRITTEN, node.span, message, help="write or skip")
    changed = new_columns(table, context)
    return Conflict(
        ConflictAction.UPDATE, key.columns, existing, excluded, tuple(assigned), where, None, changed, None
    )


def _all_given(table: Table, named: set[str], key: Key, proposed: dict[str, ColumnRef]) -> list[Assignment]:
    """Every column given but the key takes the proposed value."""
    return [
        Assignment(column.name, proposed[column.name])
        for column in table.columns
        if column.name in named and column.name not in key.columns
    ]
