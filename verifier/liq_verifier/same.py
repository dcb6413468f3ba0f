"""O9: the physical plan is the query that the document shows, operator for operator.

What a person reviews is the IR; what runs is the physical plan. The naive lowering keeps column ids, so both are
compared as
they are: policies of scans as filters right above them, barriers ignored (they change no rows), unused columns
left out.
Another shape is not judged here, and so not proved.
"""

from __future__ import annotations

from typing import Any

import attrs

from liq.model import ir
from liq.model import physical as p
from liq.model.expr import Collect, InQuery, Relation, ScalarQuery
from liq.model.node import Node
from liq.model.schema import Schema
from liq_verifier.algebra import Fence, Malformed, read_expression, read_operator
from liq_verifier.obligation import Kind, Settled, Subject, Verdict

_SKIPPED = frozenset({"span", "alias", "rules", "with_deleted"})


def verify_same(plan: p.PhysicalPlan, query: ir.Query, schema: Schema) -> Settled:
    """Whether each step of the plan is its statement of the query."""
    subject = Subject(Kind.SAME, "plan", "the physical plan is the query that the document shows")
    if len(plan.steps) != len(query.statements):
        return Settled(subject, Verdict.UNKNOWN, "the plan has another number of steps")
    for number, (step, statement) in enumerate(zip(plan.steps, query.statements, strict=True), 1):
        try:
            fits = (step.name, step.expect, step.shows) == (statement.name, statement.expect, statement.shows)
            if not fits or not _step(statement.body, step.root, schema):
                return Settled(subject, Verdict.UNKNOWN, f"step {number} is another operator tree")
        except (Malformed, RecursionError, AttributeError, ValueError) as problem:
            return Settled(subject, Verdict.UNKNOWN, f"step {number} cannot be compared: {problem}")
    return Settled(subject, Verdict.PROVED)


def _step(body: Relation, root: p.Operator, schema: Schema) -> bool:
    match body, root:
        case ir.Insert(), p.InsertRows():
            source = read_operator(root.source, schema)
            return (
                (body.table, body.targets, body.row) == (root.table, root.targets, root.row)
                and len(body.source.columns) == len(source.columns)
                and same(body.source, source)
                and same(body.check.predicate, read_expression(root.check.predicate, schema))
                and _conflict(body.conflict, root.upsert, schema)
                and same(body.returning, _read_all(root.returning, schema))
            )
        case ir.Update(), p.UpdateRows():
            found = ir.Filter(body.scan, body.predicate)
            return (
                (body.scan.table, body.row) == (root.table, root.row)
                and same(found, read_operator(root.source, schema))
                and same(body.assignments, _read_all(root.assignments, schema))
                and same(body.check.predicate, read_expression(root.check.predicate, schema))
                and same(body.returning, _read_all(root.returning, schema))
            )
        case ir.Delete(), p.DeleteRows():
            found = ir.Filter(body.scan, body.predicate)
            return (
                body.scan.table == root.table
                and same(found, read_operator(root.source, schema))
                and same(body.returning, _read_all(root.returning, schema))
            )
        case ((ir.Insert() | ir.Update() | ir.Delete()), _):
            return False
        case _:
            read = read_operator(root, schema)
            return [c.id for c in body.columns] == [c.id for c in read.columns] and same(body, read)


def _read_all(nodes: tuple[Any, ...], schema: Schema) -> tuple[Any, ...]:
    return tuple(read_expression(node, schema) for node in nodes)


def _conflict(conflict: ir.Conflict | None, upsert: p.Upsert | None, schema: Schema) -> bool:
    if conflict is None or upsert is None:
        return conflict is None and upsert is None
    plain = (conflict.action, conflict.target, conflict.existing, conflict.excluded, conflict.changed)
    visible = None if conflict.visible is None else conflict.visible.predicate
    check = None if conflict.check is None else conflict.check.predicate
    return (
        plain == (upsert.action, upsert.target, upsert.existing, upsert.excluded, upsert.changed)
        and same(conflict.assignments, _read_all(upsert.assignments, schema))
        and same(conflict.where, read_expression(upsert.where, schema))
        and same(visible, None if upsert.visible is None else read_expression(upsert.visible.predicate, schema))
        and same(check, None if upsert.check is None else read_expression(upsert.check.predicate, schema))
    )


def same(one: Any, other: Any) -> bool:
    """Whether two trees mean the same; the second may leave out columns that nothing in it uses."""
    if isinstance(other, Fence):
        return same(one, other.input)
    match one:
        case ir.Scan():
            return _scan(one, other)
        case ir.Values(columns, rows):
            return isinstance(other, ir.Values) and _values(columns, rows, other)
        case ir.ParamRows(param, columns):
            return isinstance(other, ir.ParamRows) and param == other.param and set(other.columns) <= set(columns)
        case ir.Project(input_, items):
            return isinstance(other, ir.Project) and _some(items, other.items) and same(input_, other.input)
        case ir.Aggregate(input_, keys, aggregates):
            return (
                isinstance(other, ir.Aggregate)
                and same(keys, other.keys)
                and _some(aggregates, other.aggregates)
                and same(input_, other.input)
            )
        case ir.Window(input_, items):
            if not isinstance(other, ir.Window):
                return same(input_, other)
            return _some(items, other.items) and same(input_, other.input)
        case ir.Distinct() | ir.SetOperation() | InQuery() | ScalarQuery() | Collect():
            return type(one) is type(other) and _widths(one) == _widths(other) and _fields(one, other)
        case Node():
            return type(one) is type(other) and _fields(one, other)
        case tuple():
            pairs_up = isinstance(other, tuple) and len(one) == len(other)
            return pairs_up and all(same(a, b) for a, b in zip(one, other, strict=True))
        case _:
            return type(one) is type(other) and bool(one == other)


def _fields(one: Any, other: Any) -> bool:
    names = [a.name for a in attrs.fields(type(one)) if a.eq is not False and a.name not in _SKIPPED]
    return all(same(getattr(one, name), getattr(other, name)) for name in names)


def _widths(node: Any) -> list[int]:
    """How many columns the relations right below have: where rows are compared or shown whole, all of them count."""
    match node:
        case ir.Distinct(input_):
            return [len(input_.columns)]
        case ir.SetOperation(_, inputs):
            return [len(each.columns) for each in inputs]
        case _:
            return [len(node.query.columns)]


def _scan(scan: ir.Scan, other: Any) -> bool:
    if scan.access is not None:
        filtered = isinstance(other, ir.Filter) and same(scan.access.predicate, other.predicate)
        return filtered and _scan(attrs.evolve(scan, access=None), other.input)
    if isinstance(other, Fence):
        return _scan(scan, other.input)
    known = {(c.id, c.name) for c in scan.columns}
    return isinstance(other, ir.Scan) and scan.table == other.table and {(c.id, c.name) for c in other.columns} <= known


def _values(columns: tuple[Any, ...], rows: tuple[Any, ...], other: ir.Values) -> bool:
    places = {c.id: i for i, c in enumerate(columns)}
    if not {c.id for c in other.columns} <= places.keys() or len(rows) != len(other.rows):
        return False
    kept = [places[c.id] for c in other.columns]
    return all(same(tuple(row[i] for i in kept), given) for row, given in zip(rows, other.rows, strict=True))


def _some(items: tuple[Any, ...], kept: tuple[Any, ...]) -> bool:
    """Whether the kept items are some of the items, in their order."""
    offered = {item.column.id: item for item in items}
    order = [item.column.id for item in items]
    ids = [item.column.id for item in kept]
    return ids == [i for i in order if i in set(ids)] and all(same(offered[i.column.id], i) for i in kept)
