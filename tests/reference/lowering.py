"""Each IR node as the physical operator that means the same: for tests of the physical vocabulary, one word each."""

from __future__ import annotations

from typing import Any

from liq.model import ir
from liq.model import physical as p
from liq.model.expr import Relation
from liq.model.node import Node, map_children


def lowered(node: Any) -> Any:
    """The node with every relation below it replaced."""
    return _operator(node) if isinstance(node, Relation) else map_children(node, lowered)


def plan(query: ir.Query) -> p.PhysicalPlan:
    """A query's statements as steps."""
    return p.PhysicalPlan(tuple(p.Step(_operator(s.body), s.name, s.expect, s.shows) for s in query.statements))


def _scan(scan: ir.Scan) -> p.Operator:
    rows: p.Operator = p.TableScan(scan.table, tuple(c.name for c in scan.columns), scan.columns)
    return rows if scan.access is None else p.Select(rows, lowered(scan.access.predicate), p.Origin.POLICY)


def _many(nodes: tuple[Node, ...]) -> Any:
    return tuple(lowered(node) for node in nodes)


def _operator(relation: Relation) -> p.Operator:
    match relation:
        case ir.Scan():
            return _scan(relation)
        case ir.Values(columns, rows):
            return p.RowSource(columns, tuple(_many(row) for row in rows))
        case ir.ParamRows(param, columns):
            return p.ParameterRows(param, columns)
        case ir.Series(_, start, stop, step):
            return p.SeriesRows(relation.columns, lowered(start), lowered(stop), lowered(step))
        case ir.Unnest(_, items):
            return p.ListRows(relation.columns, lowered(items))
        case ir.LetScan(name, columns):
            return p.LetRows(name, columns)
        case ir.SetOperation(operator, inputs, columns):
            return p.Combine(operator, _many(inputs), columns)
        case ir.Join(kind, left, right, on):
            return p.NestedLoop(kind, _operator(left), _operator(right), None if on is None else lowered(on))
        case ir.Insert() | ir.Update() | ir.Delete():
            return _write(relation)
        case _:
            return _unary(relation)


def _unary(relation: Any) -> p.Operator:
    below = _operator(relation.input)
    match relation:
        case ir.Filter(predicate=predicate):
            return p.Select(p.Barrier(below), lowered(predicate), p.Origin.QUERY)
        case ir.Project(items=items):
            return p.Compute(below, _many(items))
        case ir.Aggregate(keys=keys, aggregates=aggregates):
            return p.Group(below, _many(keys), _many(aggregates))
        case ir.Window(items=items):
            return p.Windows(below, _many(items))
        case ir.Distinct():
            return p.Deduplicate(below)
        case ir.Sort(keys=keys):
            return p.Order(below, _many(keys))
        case ir.SortChoice(param=param, options=options):
            return p.OrderChoice(below, param, _many(options))
        case ir.Limit(count=count, offset=offset):
            return p.Take(below, count, offset)
        case ir.Follow(source=source, target=target, start=start, maximum=maximum, depth=depth):
            return p.Closure(below, source, target, _many(start), maximum, depth)
        case _:
            raise AssertionError(type(relation))


def _check(check: ir.WriteCheck | ir.Access) -> p.RowCheck:
    return p.RowCheck(lowered(check.predicate), ())


def _write(relation: ir.Insert | ir.Update | ir.Delete) -> p.Operator:
    returning = _many(relation.returning)
    match relation:
        case ir.Insert(table, targets, source, row, check, conflict):
            upsert = None if conflict is None else _upsert(conflict)
            return p.InsertRows(table, targets, _operator(source), row, _check(check), upsert, returning)
        case ir.Update(scan, predicate, assignments, row, check):
            rows = p.Select(_scan(scan), lowered(predicate), p.Origin.QUERY)
            return p.UpdateRows(scan.table, rows, _many(assignments), row, _check(check), returning)
        case ir.Delete(scan, predicate):
            return p.DeleteRows(scan.table, p.Select(_scan(scan), lowered(predicate), p.Origin.QUERY), returning)


def _upsert(conflict: ir.Conflict) -> p.Upsert:
    return p.Upsert(
        conflict.action, conflict.target, conflict.existing, conflict.excluded, _many(conflict.assignments),
        None if conflict.where is None else lowered(conflict.where),
        None if conflict.visible is None else _check(conflict.visible), conflict.changed,
        None if conflict.check is None else _check(conflict.check),
    )  # fmt: skip
