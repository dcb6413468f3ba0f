"""Typed IR to the naive physical plan: operator for relation, policies as ``Select`` right above their scans.

What the optimiser will choose among, this simply writes down. Columns that nothing uses are left out, and barriers
stand where
a condition that may raise could meet rows that a policy hides.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar, cast

from liq.model import ir
from liq.model import physical as p
from liq.model.expr import Expr, Relation
from liq.model.node import Node, map_children
from liq_planner.barriers import scans_to_fence
from liq_planner.prune import prune

N = TypeVar("N", bound=Node)


def lower_query(query: ir.Query) -> p.PhysicalPlan:
    """The naive physical plan of a query."""
    return p.PhysicalPlan(tuple(_step(statement) for statement in query.statements))


def lower_relation(relation: Relation) -> p.Operator:
    """The naive plan of one relation that reads, all its columns."""
    pruned = prune(relation)
    return _Lowering(scans_to_fence(pruned)).relation(pruned)


def _step(statement: ir.Statement) -> p.Step:
    body = prune(statement.body)
    root = _Lowering(scans_to_fence(body)).relation(body)
    return p.Step(root, statement.name, statement.expect, statement.shows)


class _Lowering:
    """Lowers one statement."""

    def __init__(self, fenced: frozenset[int]) -> None:
        self._fenced = fenced

    def relation(self, relation: Relation) -> p.Operator:
        """The operator of a relation."""
        match relation:
            case ir.Scan():
                return self._scan(relation)
            case ir.Values(columns, rows):
                return p.RowSource(columns, tuple(self._all(row) for row in rows))
            case ir.ParamRows(param, columns):
                return p.ParameterRows(param, columns)
            case ir.Series(column, start, stop, step):
                return p.SeriesRows((column,), self._expr(start), self._expr(stop), self._expr(step))
            case ir.Unnest(column, list_):
                return p.ListRows((column,), self._expr(list_))
            case ir.LetScan(name, columns):
                return p.LetRows(name, columns)
            case ir.Filter(input_, predicate):
                return p.Select(self.relation(input_), self._expr(predicate), p.Origin.QUERY)
            case ir.Project(input_, items):
                return p.Compute(self.relation(input_), self._all(items))
            case ir.Limit(input_, count, offset):
                return p.Take(self.relation(input_), self._maybe(count), self._maybe(offset))
            case ir.Insert() | ir.Update() | ir.Delete():
                return self._write(relation)
            case _:
                return self._breaker(relation)

    def _breaker(self, relation: Relation) -> p.Operator:
        match relation:
            case ir.Join(kind, left, right, on):
                return p.NestedLoop(kind, self.relation(left), self.relation(right), self._maybe(on))
            case ir.Aggregate(input_, keys, aggregates):
                return p.Group(self.relation(input_), self._all(keys), self._all(aggregates))
            case ir.Window(input_, items):
                return p.Windows(self.relation(input_), self._all(items))
            case ir.Distinct(input_):
                return p.Deduplicate(self.relation(input_))
            case ir.Sort(input_, keys):
                return p.Order(self.relation(input_), self._all(keys))
            case ir.SortChoice(input_, param, options):
                return p.OrderChoice(self.relation(input_), param, self._all(options))
            case ir.SetOperation(operator, inputs, columns):
                return p.Combine(operator, tuple(self.relation(i) for i in inputs), columns)
            case ir.Follow(input_, source, target, start, maximum, depth):
                return p.Closure(self.relation(input_), source, target, self._all(start), maximum, depth)
            case _:
                raise AssertionError(type(relation))

    def _scan(self, scan: ir.Scan) -> p.Operator:
        """Every row of the table, less those that the policy hides."""
        rows = p.TableScan(scan.table, tuple(c.name for c in scan.columns), scan.columns)
        if scan.access is None:
            return rows
        visible = p.Select(rows, self._expr(scan.access.predicate), p.Origin.POLICY)
        return p.Barrier(visible) if id(scan) in self._fenced else visible

    # --------------------------------------------------------------------------------------------- writes
    def _write(self, write: ir.Insert | ir.Update | ir.Delete) -> p.Operator:
        match write:
            case ir.Insert(table, targets, source, row, check, conflict, returning):
                upsert = None if conflict is None else self._upsert(conflict)
                checked = self._check(check)
                return p.InsertRows(table, targets, self.relation(source), row, checked, upsert, self._all(returning))
            case ir.Update(scan, predicate, assignments, row, check, returning):
                found = p.Select(self._scan(scan), self._expr(predicate), p.Origin.QUERY)
                return p.UpdateRows(
                    scan.table, found, self._all(assignments), row, self._check(check), self._all(returning)
                )
            case ir.Delete(scan, predicate, returning):
                found = p.Select(self._scan(scan), self._expr(predicate), p.Origin.QUERY)
                return p.DeleteRows(scan.table, found, self._all(returning))

    def _upsert(self, conflict: ir.Conflict) -> p.Upsert:
        return p.Upsert(
            conflict.action,
            conflict.target,
            conflict.existing,
            conflict.excluded,
            self._all(conflict.assignments),
            self._maybe(conflict.where),
            None if conflict.visible is None else self._check(conflict.visible),
            conflict.changed,
            None if conflict.check is None else self._check(conflict.check),
        )

    def _check(self, check: ir.WriteCheck | ir.Access) -> p.RowCheck:
        return p.RowCheck(self._expr(check.predicate), tuple(rule.name for rule in check.rules))

    # --------------------------------------------------------------------------------------------- expressions
    def _expr(self, expr: Expr) -> Expr:
        """The expression over lowered subqueries."""
        return cast(Expr, self._inside(expr))

    def _inside(self, node: Any) -> Any:
        if isinstance(node, Relation):
            return self.relation(node)
        return map_children(node, self._inside)

    def _maybe(self, expr: Expr | None) -> Expr | None:
        return None if expr is None else self._expr(expr)

    def _all(self, nodes: Sequence[N]) -> tuple[N, ...]:
        return tuple(cast(N, self._inside(node)) for node in nodes)
