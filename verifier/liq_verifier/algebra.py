"""Reading a physical plan back to algebra: relations of ``liq.model.ir`` over bare scans, plus ``Fence`` for barriers.

Written apart from the planner. Scans read nothing but what the plan says; no policy is attached here. Column types and
nullability are taken from the schema, never from the plan, and a plan that disagrees is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count
from typing import Any

from attrs import frozen

from liq.model import ir
from liq.model import physical as p
from liq.model.expr import Column, ColumnRef, Item, Relation
from liq.model.instantiate import instantiate
from liq.model.node import Node, children, map_children
from liq.model.schema import Schema


class Malformed(Exception):
    """The plan does not fit the schema or itself; it is refused."""


@frozen
class Fence(Relation):
    """The input's rows; what stands above is not evaluated on rows that the operators below remove."""

    input: Relation

    @property
    def columns(self) -> tuple[Column, ...]:
        """As the input's."""
        return self.input.columns


Lets = Mapping[str, Relation]
"""The reads that earlier steps named, as long as nothing has been written that could change what they give."""
NO_LETS: Lets = {}
LET_IDS = 2_000_000
"""Ids of the columns of such rows begin here; no text depends on them."""
_readers = count()


def read_operator(operator: p.Operator, schema: Schema, lets: Lets = NO_LETS) -> Relation:
    """The algebra of an operator that reads; rows of a let are read again where that gives the same rows."""
    return _Reader(schema, lets).relation(operator)


def read_expression(expr: Any, schema: Schema, lets: Lets = NO_LETS) -> Any:
    """An expression (or an item, a key …) of a plan with its subqueries read."""
    return _Reader(schema, lets).inside(expr)


def ir_item(own: Column, made: Column) -> Item:
    """A column under another id."""
    return Item(own, ColumnRef(made.id, made.name, made.type, made.nullable))


class _Reader:
    def __init__(self, schema: Schema, lets: Lets) -> None:
        self._schema, self._lets = schema, lets
        self._ids = count(LET_IDS + next(_readers) * 10_000)

    def inside(self, node: Any) -> Any:
        """A node that is no operator, with the operators in it read."""
        if isinstance(node, p.Operator):
            return self.relation(node)
        return map_children(node, self.inside) if isinstance(node, Node) else node

    def all(self, nodes: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(self.inside(node) for node in nodes)

    def relation(self, operator: Relation) -> Relation:
        if not isinstance(operator, p.Operator):  # algebra already: read from a text
            return operator
        match operator:
            case p.TableScan():
                return self._scan(operator)
            case p.RowSource(columns, rows):
                return ir.Values(columns, tuple(self.all(row) for row in rows))
            case p.ParameterRows(param, columns):
                return ir.ParamRows(param, columns)
            case p.SeriesRows(columns, start, stop, step):
                return ir.Series(columns[0], self.inside(start), self.inside(stop), self.inside(step))
            case p.ListRows(columns, list_):
                return ir.Unnest(columns[0], self.inside(list_))
            case p.LetRows(name, columns):
                return self._let(name, columns)
            case p.Select(input_, predicate):
                return ir.Filter(self.relation(input_), self.inside(predicate))
            case p.Compute(input_, items):
                return ir.Project(self.relation(input_), self.all(items))
            case p.Take(input_, count, offset):
                return ir.Limit(self.relation(input_), self.inside(count), self.inside(offset))
            case p.Barrier(input_):
                return Fence(self.relation(input_))
            case _:
                return self._breaker(operator)

    def _breaker(self, operator: p.Operator) -> Relation:
        match operator:
            case p.NestedLoop(kind, left, right, on):
                return ir.Join(kind, self.relation(left), self.relation(right), self.inside(on))
            case p.Group(input_, keys, aggregates):
                return ir.Aggregate(self.relation(input_), self.all(keys), self.all(aggregates))
            case p.Windows(input_, items):
                return ir.Window(self.relation(input_), self.all(items))
            case p.Deduplicate(input_):
                return ir.Distinct(self.relation(input_))
            case p.Order(input_, keys):
                return ir.Sort(self.relation(input_), self.all(keys))
            case p.OrderChoice(input_, param, options):
                return ir.SortChoice(self.relation(input_), param, self.all(options))
            case p.Combine(kind, inputs, columns):
                return ir.SetOperation(kind, tuple(map(self.relation, inputs)), columns)
            case p.Closure(input_, source, target, start, maximum, depth):
                return ir.Follow(self.relation(input_), source, target, self.all(start), maximum, depth)
            case _:
                raise Malformed(f"{type(operator).__name__} does not stand inside a read")

    def _let(self, name: str, columns: tuple[Column, ...]) -> Relation:
        relation = self._lets.get(name)
        if relation is None or len(relation.columns) != len(columns):
            return ir.LetScan(name, columns)
        again = instantiate(relation, lambda: next(self._ids))
        items = (ir_item(own, made) for own, made in zip(columns, again.columns, strict=True))
        return ir.Project(again, tuple(items))

    def _scan(self, scan: p.TableScan) -> Relation:
        table = self._schema.table_by_name.get(scan.table)
        if table is None:
            raise Malformed(f"there is no table {scan.table}")
        columns = []
        for name, column in zip(scan.names, scan.columns, strict=True):
            declared = table.by_name.get(name)
            if declared is None:
                raise Malformed(f"table {scan.table} has no column {name}")
            if declared.type != column.type:
                raise Malformed(f"{scan.table}.{name} is a {declared.type}, not a {column.type}")
            columns.append(Column(column.id, name, declared.type, declared.nullable))
        return ir.Scan(scan.table, tuple(columns), None, scan.table)


def subqueries(node: Node) -> tuple[Relation, ...]:
    """The relations of the subqueries that stand in an expression, not those inside of them."""
    found: list[Relation] = []
    stack: list[Node] = [node]
    while stack:
        current = stack.pop()
        query = getattr(current, "query", None)
        if isinstance(query, Relation):
            found.append(query)
        stack.extend(_own_children(current))
    return tuple(reversed(found))


def _own_children(node: Node) -> tuple[Node, ...]:
    return tuple(child for child in children(node) if not isinstance(child, Relation))
