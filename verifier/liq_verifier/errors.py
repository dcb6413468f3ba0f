"""O4: no error tells of a hidden row. A database may evaluate the conditions of a query in any order, so one that
could raise
must be total, or harmless on hidden rows, or stand above a barrier below which hidden rows are gone already.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from liq.model.expr import Expr, Relation
from liq.model.ir import Filter, Join, Scan
from liq.model.node import Node, children
from liq_verifier.algebra import Fence, subqueries
from liq_verifier.blocks import conjuncts
from liq_verifier.claims import Builder
from liq_verifier.defined import defined, may_raise
from liq_verifier.guard import Facts, facts
from liq_verifier.obligation import Formula, Goal, Kind, Need, Subject
from liq_verifier.reads import Setting, verify_reads


def verify_errors(root: Relation, setting: Setting) -> Iterator[Need]:
    """The obligations of one statement that reads."""
    yield from _relation(root, (), setting)


def _relation(relation: Relation, outer: tuple[Scan, ...], setting: Setting) -> Iterator[Need]:
    """``outer``: scans of outer queries whose rows this may be evaluated on before their policies are."""
    exposed = tuple(_exposed(relation))
    match relation:
        case Filter(input_, predicate):
            yield from _conditions(conjuncts(predicate), facts(input_), (*exposed, *outer), setting)
        case Join(_, left, right, on) if on is not None:
            both = (facts(left), facts(right))
            merged = Facts(
                both[0].scans + both[1].scans, both[0].loose + both[1].loose, (), {**both[0].outputs, **both[1].outputs}
            )
            yield from _conditions(conjuncts(on), merged, (*exposed, *outer), setting)
        case Fence(input_):
            yield from verify_reads(input_, setting)
        case _:
            yield from _values(relation, outer, setting)
    for child in children(relation):
        if isinstance(child, Relation):
            yield from _relation(child, outer, setting)


def _conditions(parts: Iterable[Expr], below: Facts, exposed: tuple[Scan, ...], setting: Setting) -> Iterator[Need]:
    for part in parts:
        seen = below.see(part)
        if may_raise(seen):
            yield from (_harmless(seen, scan, exposed, setting) for scan in exposed)
        for query in subqueries(part):
            yield from _relation(query, exposed, setting)


def _values(relation: Relation, outer: tuple[Scan, ...], setting: Setting) -> Iterator[Need]:
    """Computed values: made of rows that are there; within a condition's subquery, for rows of the outer query that
    may not be."""
    for expr in _expressions(relation):
        if outer and may_raise(expr):
            yield from (_harmless(expr, scan, outer, setting) for scan in outer)
        for query in subqueries(expr):
            yield from _relation(query, outer, setting)


def _expressions(relation: Relation) -> Iterator[Expr]:
    stack: list[Node] = [child for child in children(relation) if not isinstance(child, Relation)]
    while stack:
        node = stack.pop()
        if isinstance(node, Expr):
            yield node
        else:
            stack.extend(child for child in children(node) if not isinstance(child, Relation))


def _exposed(relation: Relation) -> Iterator[Scan]:
    """The scans below without a barrier between."""
    stack: list[Relation] = [child for child in children(relation) if isinstance(child, Relation)]
    while stack:
        current = stack.pop()
        if isinstance(current, Scan):
            yield current
        elif not isinstance(current, Fence):
            stack.extend(child for child in children(current) if isinstance(child, Relation))


def _harmless(expr: Expr, scan: Scan, rows: tuple[Scan, ...], setting: Setting) -> Goal:
    """On rows that the session cannot see, the expression is defined."""
    table = setting.schema.table_by_name[scan.table]

    def build(strings: bool) -> Formula:
        builder = Builder(setting.schema, setting.parameters, strings)
        encoder = builder.encoder
        row = builder.row(scan)
        for other in rows:
            if other is not scan:
                builder.row(other)
        builder.complete(expr)
        hidden = encoder.true(setting.policy(scan, ()), encoder.row_env(row))
        encoder.script.claim(f"(not {hidden})")
        return builder.unless_text(defined(encoder, expr, builder.env), row)

    claim = f"a condition cannot raise on rows of {table.name} that are hidden"
    return Goal(Subject(Kind.ERROR, table.name, claim, expr.span), build)
