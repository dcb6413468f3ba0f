"""Relations under a quantifier as blocks: rows of tables that exist together, and what is true of them.

A relation has a row exactly when one of its blocks has rows (of its ``scans``) on which all ``predicates`` are true;
that
row's columns are ``outputs``. What has no such form (aggregates that are looked at, windows, limits) raises
``NotBlocks``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import assert_never

from attrs import evolve, frozen

from liq.model.expr import And, Column, ColumnRef, Exists, Expr, Literal, Not, Relation
from liq.model.ir import (
    Aggregate,
    Distinct,
    Filter,
    Join,
    JoinKind,
    Limit,
    Project,
    Scan,
    SetOperation,
    SetOperator,
    Sort,
    SortChoice,
    Values,
    Window,
)
from liq_verifier.algebra import Fence
from liq_verifier.fingerprint import free_columns, replace_columns

BLOCKS_MAX = 16


class NotBlocks(Exception):
    """The relation has no form as blocks; what asks about it stays uninterpreted."""


@frozen
class Block:
    """Rows that exist together. A column of the relation that ``outputs`` does not know cannot be spoken about."""

    scans: tuple[Scan, ...]
    predicates: tuple[Expr, ...]
    outputs: Mapping[int, Expr]
    hidden: frozenset[int] = frozenset()

    def see(self, expr: Expr) -> Expr:
        """An expression over the relation's columns as one over the scans'."""
        if free_columns(expr) & self.hidden:
            raise NotBlocks("a computed column of a group or window is looked at")
        replaced: Expr = replace_columns(expr, self.outputs)
        return replaced

    def where(self, *predicates: Expr) -> Block:
        """The block with more to be true."""
        return evolve(self, predicates=(*self.predicates, *map(self.see, predicates)))


def conjuncts(expr: Expr) -> tuple[Expr, ...]:
    """The operands of nested ANDs."""
    return tuple(inner for arg in expr.args for inner in conjuncts(arg)) if isinstance(expr, And) else (expr,)


def blocks(relation: Relation, *, existence: bool) -> tuple[Block, ...]:
    """The blocks of a relation. ``existence``: only whether there is a row matters, so its order and number do not."""
    found = _blocks(relation, existence)
    if len(found) > BLOCKS_MAX:
        raise NotBlocks("too many alternatives")
    return found


def _blocks(relation: Relation, existence: bool) -> tuple[Block, ...]:
    match relation:
        case Scan(_, _, access):
            block = Block((relation,), (), {})
            return (block if access is None else block.where(access.predicate),)
        case Filter(input_, predicate):
            return tuple(b.where(*conjuncts(predicate)) for b in _blocks(input_, False))
        case Project(input_, items):
            return tuple(_projected(b, relation) for b in _blocks(input_, existence))
        case Sort(input_) | SortChoice(input_) | Distinct(input_) | Fence(input_):
            return _blocks(input_, existence)
        case Limit(input_, count, offset):
            if existence and offset is None and (count is None or (isinstance(count, Literal) and count.value != 0)):
                return _blocks(input_, True)
            raise NotBlocks("a limit")
        case Join():
            return _joined(relation)
        case Aggregate():
            return _grouped(relation)
        case Window(input_, items):
            hidden = frozenset(i.column.id for i in items)
            return tuple(evolve(b, hidden=b.hidden | hidden) for b in _blocks(input_, existence))
        case Values(columns, rows):
            if len(rows) > BLOCKS_MAX:
                raise NotBlocks("too many rows")
            return tuple(Block((), (), {c.id: e for c, e in zip(columns, row, strict=True)}) for row in rows)
        case SetOperation(SetOperator.UNION | SetOperator.UNION_ALL, inputs, columns):
            return tuple(_renamed(b, each, columns) for each in inputs for b in _blocks(each, existence))
        case _:
            raise NotBlocks(type(relation).__name__)


def _projected(block: Block, project: Project) -> Block:
    outputs, hidden = dict(block.outputs), set(block.hidden)
    for item in project.items:
        if isinstance(item.expr, ColumnRef) and item.expr.id == item.column.id:
            continue
        if free_columns(item.expr) & block.hidden:
            hidden.add(item.column.id)
        else:
            outputs[item.column.id] = block.see(item.expr)
    return evolve(block, outputs=outputs, hidden=frozenset(hidden))


def _joined(join: Join) -> tuple[Block, ...]:
    on = () if join.on is None else conjuncts(join.on)
    match join.kind:
        case JoinKind.INNER:
            pairs = [(a, b) for a in _blocks(join.left, False) for b in _blocks(join.right, False)]
            return tuple(_merged(a, b).where(*on) for a, b in pairs)
        case JoinKind.LEFT:
            lefts, rights = _blocks(join.left, False), _blocks(join.right, False)
            matched = tuple(_merged(a, b).where(*on) for a in lefts for b in rights)
            return matched + tuple(_unmatched(a, join) for a in lefts)
        case JoinKind.FULL:
            raise NotBlocks("a full join")
        case never:
            assert_never(never)


def _merged(left: Block, right: Block) -> Block:
    return Block(
        left.scans + right.scans,
        left.predicates + right.predicates,
        {**left.outputs, **right.outputs},
        left.hidden | right.hidden,
    )


def _unmatched(left: Block, join: Join) -> Block:
    assert join.on is not None
    partner = Exists(Filter(join.right, left.see(join.on)))
    nulls = {c.id: Literal(None, c.type) for c in join.right.columns}
    return evolve(left, predicates=(*left.predicates, Not(partner)), outputs={**left.outputs, **nulls})


def _grouped(group: Aggregate) -> tuple[Block, ...]:
    computed = frozenset(a.column.id for a in group.aggregates)
    if not group.keys:
        return (Block((), (), {}, computed),)
    keys = Project(group.input, group.keys)
    return tuple(evolve(_projected(b, keys), hidden=b.hidden | computed) for b in _blocks(group.input, True))


def _renamed(block: Block, source: Relation, columns: tuple[Column, ...]) -> Block:
    outputs, hidden = dict(block.outputs), set(block.hidden)
    for new, old in zip(columns, source.columns, strict=True):
        if old.id in block.hidden:
            hidden.add(new.id)
        else:
            outputs[new.id] = block.outputs.get(old.id, ColumnRef(old.id, old.name, old.type, old.nullable))
    return evolve(block, outputs=outputs, hidden=frozenset(hidden))
