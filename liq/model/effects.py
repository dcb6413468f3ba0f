"""What a physical plan does to tables: which columns it reads and writes, how many rows it can return, which claims it
uses. Derived from the plan alone (and the schema's keys), never from what a compiler says about it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

from attrs import frozen

from liq.model import expr as e
from liq.model import physical as p
from liq.model.ir import ConflictAction, JoinKind, Precondition, SetOperator
from liq.model.node import Node, walk
from liq.model.schema import Claim, ForeignKey, OnDelete, Operation, Schema


@frozen
class Effect:
    """One operation on one table. ``columns``: read or written ones, by name in order; none for whole rows deleted."""

    operation: Operation
    table: str
    columns: tuple[str, ...] = ()


class _Touch(Protocol):
    def __call__(self, operation: Operation, table: str, columns: Iterable[str] = ()) -> None: ...


_OPERATIONS = tuple(Operation)


def effects_of(plan: p.PhysicalPlan, schema: Schema) -> tuple[Effect, ...]:
    """Every effect of a plan, foreign keys' cascades included, in one order."""
    touched: dict[tuple[Operation, str], set[str]] = {}

    def touch(operation: Operation, table: str, columns: Iterable[str] = ()) -> None:
        touched.setdefault((operation, table), set()).update(columns)

    _reads(plan, touch)
    for node in walk(plan):
        match node:
            case p.InsertRows(table=table, targets=targets, upsert=upsert):
                touch(Operation.INSERT, table, targets)
                if upsert is not None and upsert.action is ConflictAction.UPDATE:
                    touch(Operation.UPDATE, table, (a.column for a in upsert.assignments))
            case p.UpdateRows(table=table, assignments=assignments):
                touch(Operation.UPDATE, table, (a.column for a in assignments))
            case p.DeleteRows(table=table):
                _delete(table, schema, touch)
            case _:
                pass
    order = sorted(touched, key=lambda key: (_OPERATIONS.index(key[0]), key[1]))
    return tuple(Effect(operation, table, tuple(sorted(touched[operation, table]))) for operation, table in order)



def _reads(plan: p.PhysicalPlan, touch: _Touch) -> None:
    places: dict[int, tuple[str, str]] = {}
    used: set[int] = set()
    for node in walk(plan):
        used.update(_used_ids(node))
        match node:
            case p.TableScan(table, names, columns):
                touch(Operation.READ, table)
                places.update((c.id, (table, name)) for c, name in zip(columns, names, strict=True))
            case p.InsertRows(table=table, row=row, upsert=upsert):
                existing = upsert.existing + upsert.changed if upsert is not None else ()
                places.update((c.id, (table, c.name)) for c in (*row, *existing))
            case p.UpdateRows(table=table, row=row):
                places.update((c.id, (table, c.name)) for c in row)
            case _:
                pass
    for column in sorted(used & places.keys()):
        table, name = places[column]
        touch(Operation.READ, table, (name,))


def _used_ids(node: Node) -> Iterator[int]:
    """The columns that a node takes from below: by reference, or by position."""
    match node:
        case e.ColumnRef(id):
            yield id
        case e.InQuery(query=query) | e.ScalarQuery(query=query) | e.Collect(query=query):
            yield from (c.id for c in query.columns)
        case p.Combine(inputs=inputs):
            yield from (c.id for each in inputs for c in each.columns)
        case p.Deduplicate(source) | p.InsertRows(source=source):
            yield from (c.id for c in source.columns)
        case p.Closure(source=ids, target=targets):
            yield from (*ids, *targets)
        case p.Step(root):
            yield from (c.id for c in root.columns)
        case _:
            pass


def _delete(table: str, schema: Schema, touch: _Touch) -> None:
    pending, seen = [table], {table}
    while pending:
        current = pending.pop()
        touch(Operation.DELETE, current)
        for child, key in _keys_to(current, schema):
            match key.on_delete:
                case OnDelete.CASCADE:
                    if child not in seen:
                        seen.add(child)
                        pending.append(child)
                case OnDelete.SET_NULL | OnDelete.SET_DEFAULT:
                    touch(Operation.UPDATE, child, key.columns)
                case OnDelete.NO_ACTION | OnDelete.RESTRICT:
                    pass


def _keys_to(table: str, schema: Schema) -> Iterator[tuple[str, ForeignKey]]:
    for child in schema.tables:
        for key in child.foreign_keys:
            if key.target == table:
                yield child.name, key


# --------------------------------------------------------------------------------------------------- rows
def row_bound(plan: p.PhysicalPlan, preconditions: tuple[Precondition, ...], schema: Schema) -> int | None:
    """A number of rows that the result never exceeds, or None. Parameters count with what their preconditions allow."""
    caps = parameter_caps(preconditions)
    return _bound(plan.steps[-1].root, caps, schema)


def parameter_caps(preconditions: tuple[Precondition, ...]) -> dict[str, int]:
    """Upper bounds of int parameters that preconditions of the form ``$n <= literal`` state."""
    caps: dict[str, int] = {}
    for precondition in preconditions:
        for part in conjuncts(precondition.predicate):
            match part:
                case e.Call("<=" | "<" as op, (e.ParamRef(name, key=None), e.Literal(int(limit)))):
                    caps[name] = min(caps.get(name, limit), limit - (op == "<"))
                case _:
                    pass
    return caps


def conjuncts(predicate: e.Expr) -> tuple[e.Expr, ...]:
    """The operands of the outermost AND."""
    return predicate.args if isinstance(predicate, e.And) else (predicate,)


def _bound(op: e.Relation, caps: dict[str, int], schema: Schema) -> int | None:
    match op:
        case p.Select(source):
            return 1 if _fixes_a_key(op, schema) else _bound(source, caps, schema)
        case p.Compute(source) | p.Barrier(source) | p.Windows(source) | p.Deduplicate(source):
            return _bound(source, caps, schema)
        case p.Order(source) | p.OrderChoice(source):
            return _bound(source, caps, schema)
        case p.Take(source, count):
            return _least(_bound(source, caps, schema), _count(count, caps))
        case p.Group(source, keys):
            return _bound(source, caps, schema) if keys else 1
        case p.RowSource(_, rows):
            return len(rows)
        case p.NestedLoop(kind, left, right):
            left_rows, right_rows = _bound(left, caps, schema), _bound(right, caps, schema)
            return _product(kind, left_rows, right_rows)
        case p.Combine(operator, inputs):
            return _combined(operator, [_bound(each, caps, schema) for each in inputs])
        case p.InsertRows(source=source) | p.UpdateRows(source=source) | p.DeleteRows(source=source):
            return _bound(source, caps, schema)
        case _:
            return None


def _count(count: e.Expr | None, caps: dict[str, int]) -> int | None:
    match count:
        case e.Literal(int(rows)):
            return rows
        case e.ParamRef(name):
            return caps.get(name)
        case _:
            return None


def _least(*bounds: int | None) -> int | None:
    known = [bound for bound in bounds if bound is not None]
    return min(known) if known else None


def _product(kind: JoinKind, left: int | None, right: int | None) -> int | None:
    if left is None or right is None:
        return None
    match kind:
        case JoinKind.INNER:
            return left * right
        case JoinKind.LEFT:
            return left * max(right, 1)
        case JoinKind.FULL:
            return left * right + left + right


def _combined(operator: SetOperator, bounds: list[int | None]) -> int | None:
    match operator:
        case SetOperator.INTERSECT:
            return _least(*bounds)
        case SetOperator.EXCEPT:
            return bounds[0]
        case SetOperator.UNION | SetOperator.UNION_ALL:
            known = [bound for bound in bounds if bound is not None]
            return sum(known) if len(known) == len(bounds) else None


def _fixes_a_key(op: p.Select, schema: Schema) -> bool:
    """Whether selections right above a table scan equate every column of a key with something outside the scan."""
    equations: list[e.Expr] = []
    current: e.Relation = op
    while isinstance(current, p.Select | p.Barrier):
        if isinstance(current, p.Select):
            equations.extend(conjuncts(current.predicate))
        current = current.input
    if not isinstance(current, p.TableScan) or current.table not in schema.table_by_name:
        return False
    names = {c.id: name for c, name in zip(current.columns, current.names, strict=True)}
    fixed = {name for each in equations for name in _fixed(each, names)}
    keys = schema.table_by_name[current.table].keys
    return any(key.where is None and fixed.issuperset(key.columns) for key in keys)


def _fixed(equation: e.Expr, names: dict[int, str]) -> Iterator[str]:
    match equation:
        case e.Call("=", (left, right)):
            for column, value in ((left, right), (right, left)):
                if isinstance(column, e.ColumnRef) and column.id in names:
                    if not any(isinstance(n, e.ColumnRef) and n.id in names for n in walk(value)):
                        yield names[column.id]
        case _:
            pass


# --------------------------------------------------------------------------------------------------- claims
def claims_of(nodes: Iterable[Node], schema: Schema) -> tuple[Claim, ...]:
    """The claims that nodes use, and those that the defaults of these use, in declared order."""
    pending = [node.name for root in nodes for node in walk(root) if isinstance(node, e.ClaimRef)]
    used: set[str] = set()
    while pending:
        name = pending.pop()
        if name in used or name not in schema.claim_by_name:
            continue
        used.add(name)
        default = schema.claim_by_name[name].default
        if default is not None:
            pending.extend(node.name for node in walk(default) if isinstance(node, e.ClaimRef))
    return tuple(claim for claim in schema.claims if claim.name in used)
