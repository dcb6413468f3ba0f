"""The guard rule: for every scan of a plan, what must be true of one of its rows for the row to matter to the result.

Walks from the root to the scans, carrying predicates that rows must satisfy to matter and the rows that exist beside
them.
Each case is a small theorem; docs/verifier.md has the table with the reasons, tests/verifier/test_guard.py one plan per
side condition. Dropping a predicate is always sound.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from attrs import evolve, field, frozen

from liq.model.expr import Column, ColumnRef, Expr, Item, Relation, disjunction
from liq.model.ir import (
    Aggregate,
    Distinct,
    Filter,
    Follow,
    Join,
    JoinKind,
    LetScan,
    Limit,
    ParamRows,
    Project,
    Scan,
    Series,
    SetOperation,
    SetOperator,
    Sort,
    SortChoice,
    Unnest,
    Values,
    Window,
)
from liq.model.node import Node
from liq_verifier.algebra import Fence, Malformed, subqueries
from liq_verifier.blocks import conjuncts
from liq_verifier.fingerprint import free_columns, is_volatile, replace_columns
from liq_verifier.sorts import is_exact


@frozen
class Facts:
    """Of every row of a relation: rows of tables that exist with it, what is true of them, and how its columns come
    from them.

    ``loose`` columns have some value about which nothing is known.
    """

    scans: tuple[Scan, ...] = ()
    loose: tuple[Column, ...] = ()
    predicates: tuple[Expr, ...] = ()
    outputs: Mapping[int, Expr] = field(factory=dict)

    def see(self, expr: Expr) -> Expr:
        """An expression over the relation's columns as one over rows and loose columns."""
        replaced: Expr = replace_columns(expr, self.outputs)
        return replaced


@frozen
class Context:
    """What a row must satisfy to matter (``guards``, over the relation's columns), what holds around it (``outer``),
    and beside it."""

    guards: tuple[Expr, ...] = ()
    outer: tuple[Expr, ...] = ()
    scans: tuple[Scan, ...] = ()
    loose: tuple[Column, ...] = ()

    def beside(self, facts: Facts, *more: Expr) -> Context:
        """The context with another relation's row beside."""
        guards = tuple(facts.see(g) for g in self.guards)
        extra = (*(facts.see(m) for m in more), *facts.predicates)
        return evolve(self, guards=(*guards, *extra), scans=self.scans + facts.scans, loose=self.loose + facts.loose)

    def inside(self) -> Context:
        """The context of a subquery: what was true of the outer row stays true of it, whatever operators come.

        Predicates that read tables themselves stay outside: scans are exchanged for visible rows one after another,
        outer
        ones first, and a subquery's scans must not be judged by predicates that other subqueries could change.
        """
        plain = tuple(g for g in self.guards + self.outer if not subqueries(g))
        return evolve(self, guards=(), outer=plain)


@frozen
class Site:
    """A scan, and the context in which its rows matter."""

    scan: Scan
    context: Context

    @property
    def guards(self) -> tuple[Expr, ...]:
        """Everything true of a row that matters."""
        return self.context.guards + self.context.outer


@frozen
class Asked:
    """A conjunct of a filter that holds subqueries: either the policies of the rows beside imply it, or its scans are
    guarded."""

    conjunct: Expr
    scans: tuple[Scan, ...]
    sites: tuple[Place, ...]


Place = Site | Asked


def places(root: Relation) -> tuple[Place, ...]:
    """Every scan of a statement with its guard."""
    return tuple(_walk(root, Context()))


# ------------------------------------------------------------------------------------------------- facts
def facts(relation: Relation) -> Facts:
    """What is true of every row of a relation."""
    match relation:
        case Scan():
            return Facts(scans=(relation,))
        case Filter(input_, predicate):
            below = facts(input_)
            return evolve(below, predicates=(*below.predicates, *map(below.see, conjuncts(predicate))))
        case Project(input_, items):
            return _projected(facts(input_), items)
        case Join(kind, left, right, on):
            return _joined(kind, facts(left), right, on)
        case Aggregate(input_, keys, aggregates) if keys:
            return _loosened(_projected(facts(input_), keys), [a.column for a in aggregates])
        case Window(input_, items):
            return _loosened(facts(input_), [i.column for i in items])
        case Follow(input_, _, _, _, _, depth):
            return _loosened(facts(input_), [depth])
        case Distinct(input_) | Sort(input_) | SortChoice(input_) | Limit(input_) | Fence(input_):
            return facts(input_)
        case SetOperation(SetOperator.EXCEPT, inputs, columns):
            first = facts(inputs[0])
            pairs = zip(columns, inputs[0].columns, strict=True)
            return evolve(first, outputs={**first.outputs, **{new.id: first.see(reference(old)) for new, old in pairs}})
        case Values(columns, (row,)):
            return Facts(outputs=dict(zip((c.id for c in columns), row, strict=True)))
        case _:
            return Facts(loose=relation.columns)


def reference(column: Column) -> ColumnRef:
    """A reference to a column."""
    return ColumnRef(column.id, column.name, column.type, column.nullable)


def _loosened(below: Facts, columns: Sequence[Column]) -> Facts:
    return evolve(below, loose=(*below.loose, *columns))


def _projected(below: Facts, items: Sequence[Item]) -> Facts:
    outputs, loose = dict(below.outputs), list(below.loose)
    for item in items:
        if is_volatile(item.expr):
            loose.append(item.column)
        elif not (isinstance(item.expr, ColumnRef) and item.expr.id == item.column.id):
            outputs[item.column.id] = below.see(item.expr)
    return evolve(below, outputs=outputs, loose=tuple(loose))


def _joined(kind: JoinKind, left: Facts, right_side: Relation, on: Expr | None) -> Facts:
    match kind:
        case JoinKind.INNER:
            right = facts(right_side)
            merged = Facts(
                left.scans + right.scans,
                left.loose + right.loose,
                left.predicates + right.predicates,
                {**left.outputs, **right.outputs},
            )
            more = () if on is None else tuple(merged.see(c) for c in conjuncts(on))
            return evolve(merged, predicates=merged.predicates + more)
        case JoinKind.LEFT:
            return _loosened(left, [evolve(c, nullable=True) for c in right_side.columns])
        case JoinKind.FULL:
            return Facts()


# ------------------------------------------------------------------------------------------------- the walk
def _walk(relation: Relation, context: Context) -> Iterator[Place]:
    match relation:
        case Scan():
            yield Site(relation, context)
        case Filter(input_, predicate):
            parts = conjuncts(predicate)
            yield from _asked(parts, context, facts(input_))
            yield from _walk(input_, evolve(context, guards=context.guards + parts))
        case Project(input_, items):
            inner = evolve(context, guards=tuple(_through(context.guards, items)))
            yield from _inside([item.expr for item in items], inner, facts(input_))
            yield from _walk(input_, inner)
        case Join():
            yield from _join(relation, context)
        case Aggregate():
            yield from _aggregate(relation, context)
        case Window(input_, items):
            inner = evolve(context, guards=_partitioned(relation, context.guards))
            yield from _inside([item.call for item in items], inner, facts(input_))
            yield from _walk(input_, inner)
        case Distinct(input_):
            yield from _walk(input_, evolve(context, guards=_exact_only(context.guards, input_.columns)))
        case Sort(input_, keys):
            yield from _inside(keys, context, facts(input_))
            yield from _walk(input_, context)
        case SortChoice(input_, _, options):
            yield from _inside([key for option in options for key in option.keys], context, facts(input_))
            yield from _walk(input_, context)
        case Fence(input_):
            yield from _walk(input_, context)
        case _:
            yield from _walk_blind(relation, context)


def _walk_blind(relation: Relation, context: Context) -> Iterator[Place]:
    """Operators through which nothing, or little, is known of the rows below."""
    blind = evolve(context, guards=())
    match relation:
        case Limit(input_):
            yield from _walk(input_, blind)
        case Follow(input_, _, _, start):
            yield from _inside(start, blind, Facts())
            yield from _walk(input_, blind)
        case SetOperation():
            yield from _set(relation, context)
        case Values(_, rows):
            yield from _inside([expr for row in rows for expr in row], blind, Facts())
        case Series(_, start_, stop, step):
            yield from _inside([start_, stop, step], blind, Facts())
        case Unnest(_, list_):
            yield from _inside([list_], blind, Facts())
        case LetScan() | ParamRows():
            return
        case _:
            raise Malformed(f"{type(relation).__name__} is not read by the guard rule")


def _asked(parts: Sequence[Expr], context: Context, below: Facts) -> Iterator[Place]:
    """Subqueries of a filter: their rows matter only where the other conjuncts are true of the row at hand."""
    for at, part in enumerate(parts):
        queries = subqueries(part)
        if queries:
            others = tuple(other for i, other in enumerate(parts) if i != at)
            inner = context.beside(below, *others).inside()
            sites = tuple(place for query in queries for place in _walk(query, inner))
            if sites:
                yield Asked(below.see(part), below.scans + context.scans, sites)


def _inside(nodes: Sequence[Node], context: Context, below: Facts) -> Iterator[Place]:
    """Subqueries of expressions computed on the rows of a relation."""
    inner = context.beside(below).inside()
    for node in nodes:
        for query in subqueries(node):
            yield from _walk(query, inner)


def _through(guards: Sequence[Expr], items: Sequence[Item]) -> Iterator[Expr]:
    """Guards over computed columns as guards over what they are computed from."""
    volatile = {item.column.id for item in items if is_volatile(item.expr)}
    computed = {
        item.column.id: item.expr
        for item in items
        if not (isinstance(item.expr, ColumnRef) and item.expr.id == item.column.id)
    }
    for guard in guards:
        if not free_columns(guard) & volatile:
            yield replace_columns(guard, computed)


def _without(guards: Sequence[Expr], columns: Sequence[Column]) -> tuple[Expr, ...]:
    ids = {c.id for c in columns}
    return tuple(g for g in guards if not free_columns(g) & ids)


def _join(join: Join, context: Context) -> Iterator[Place]:
    on = () if join.on is None else conjuncts(join.on)
    left, right = facts(join.left), facts(join.right)
    match join.kind:
        case JoinKind.INNER:
            to_left = to_right = context
        case JoinKind.LEFT:  # a right row may be missing: what is said of right columns above holds of nulls, too
            to_right = to_left = evolve(context, guards=_without(context.guards, join.right.columns))
        case JoinKind.FULL:  # a row that matches nothing lets the other side appear alone
            to_right = to_left = evolve(context, guards=_without(context.guards, join.columns))
    both = Facts(
        left.scans + right.scans,
        left.loose + right.loose,
        left.predicates + right.predicates,
        {**left.outputs, **right.outputs},
    )
    yield from _asked(on, to_right, both)
    match join.kind:
        case JoinKind.INNER:
            yield from _walk(join.left, to_left.beside(right, *on))
            yield from _walk(join.right, to_right.beside(left, *on))
        case JoinKind.LEFT:
            yield from _walk(join.left, to_left)
            yield from _walk(join.right, to_right.beside(left, *on))
        case JoinKind.FULL:
            yield from _walk(join.left, to_left)
            yield from _walk(join.right, to_right)


def _aggregate(group: Aggregate, context: Context) -> Iterator[Place]:
    computed = [a.column for a in group.aggregates]
    if group.keys:
        kept = _exact_only(_without(context.guards, computed), [key.column for key in group.keys])
        guards = tuple(_through(kept, group.keys))
    else:  # the one row is there whatever the input; a row of the input matters to an aggregate that takes it
        wheres = [a.call.where for a in group.aggregates]
        filtered = [w for w in wheres if w is not None]
        guards = (disjunction(tuple(filtered)),) if filtered and len(filtered) == len(wheres) else ()
    inner = evolve(context, guards=guards)
    yield from _inside([*(k.expr for k in group.keys), *(a.call for a in group.aggregates)], inner, facts(group.input))
    yield from _walk(group.input, inner)


def _partitioned(window: Window, guards: Sequence[Expr]) -> tuple[Expr, ...]:
    """Rows of another partition do not matter: guards over partition keys of every window stay."""
    own = {c.id for c in window.input.columns}
    computed = {i.column.id for i in window.items}
    keys = [{p.id for p in i.call.partition if isinstance(p, ColumnRef) and is_exact(p.type)} for i in window.items]
    shared = set.intersection(*keys) if keys else own
    return tuple(g for g in guards if not free_columns(g) & computed and free_columns(g) & own <= shared)


def _exact_only(guards: Sequence[Expr], columns: Sequence[Column]) -> tuple[Expr, ...]:
    """Where equal rows are merged, a guard may speak only of columns whose equal values are the same."""
    coarse = [c for c in columns if not is_exact(c.type)]
    return _without(guards, coarse)


def _set(operation: SetOperation, context: Context) -> Iterator[Place]:
    guards: tuple[Expr, ...] = context.guards
    if operation.operator is not SetOperator.UNION_ALL:
        guards = _exact_only(guards, operation.columns)
    for each in operation.inputs:
        renamed = {new.id: reference(old) for new, old in zip(operation.columns, each.columns, strict=True)}
        coarse = [new for new, old in zip(operation.columns, each.columns, strict=True) if new.type != old.type]
        inner = tuple(replace_columns(g, renamed) for g in _without(guards, coarse))
        yield from _walk(each, evolve(context, guards=inner))
