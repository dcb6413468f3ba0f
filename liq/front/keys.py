"""Which columns tell the rows of a relation apart, and whether it has at most one row.

A key is a set of column ids on which no two rows agree, null being equal to null; the empty key says at most one row.
Inference is sound, not complete: unique keys of tables, equalities that fix a column, joins that cannot multiply.
"""

from __future__ import annotations

from collections.abc import Iterable

import attrs
from attrs import frozen

from liq.front.context import Context
from liq.model.expr import (
    And,
    Call,
    Cast,
    ClaimRef,
    ColumnRef,
    Expr,
    InList,
    Is,
    Item,
    Literal,
    ParamRef,
    Relation,
    RowCompare,
    Truth,
)
from liq.model.ir import (
    Aggregate,
    Delete,
    Distinct,
    Filter,
    Follow,
    Insert,
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
    Update,
    Values,
    Window,
)
from liq.model.node import walk
from liq.model.schema import Table
from liq.model.types import Float

Key = frozenset[int]
KEYS_MAX = 8
"""Keys that are kept of one relation; the first is the one that orders are completed with."""
EMPTY: Key = frozenset()


@frozen
class Matched:
    """What holds of the rows for which a left join found a row: that is, where one of ``columns`` is not null."""

    columns: frozenset[int]
    fixed: frozenset[int]
    equal: frozenset[tuple[int, int]]


@frozen
class Facts:
    """Keys, columns with one value in all rows, pairs of columns that are equal in every row, what determines what.

    ``implied``: columns that determine others, the key of a table its row. ``matched``: see there.
    """

    keys: tuple[Key, ...]
    fixed: frozenset[int] = frozenset()
    equal: frozenset[tuple[int, int]] = frozenset()
    implied: tuple[tuple[Key, frozenset[int]], ...] = ()
    matched: tuple[Matched, ...] = ()


def keys_of(relation: Relation, context: Context) -> tuple[Key, ...]:
    """The keys of a relation, the preferred one first, without columns that are fixed."""
    return _reduced(_facts(relation, context))


def at_most_one(relation: Relation, context: Context) -> bool:
    """Whether the relation can be seen to have at most one row."""
    return EMPTY in keys_of(relation, context)


def exactly_one(relation: Relation) -> bool:
    """Whether the relation can be seen to have one row, never none: an aggregate without group, perhaps projected."""
    match relation:
        case Project(input) | Sort(input) | Window(input):
            return exactly_one(input)
        case Aggregate(keys=keys):
            return not keys
        case Values(rows=rows):
            return len(rows) == 1
        case _:
            return False


def _reduced(facts: Facts) -> tuple[Key, ...]:
    fixed = _closure(facts)
    return _some(key - fixed for key in facts.keys)


def _some(keys: Iterable[Key]) -> tuple[Key, ...]:
    """Without repetitions and without keys that hold a smaller one, in order."""
    result: list[Key] = []
    for key in dict.fromkeys(keys):
        if not any(kept <= key for kept in result):
            result = [*(kept for kept in result if not key <= kept), key]
    return tuple(result[:KEYS_MAX])


def _closure(facts: Facts) -> frozenset[int]:
    """All columns that have one value, given those that are fixed, equal and implied."""
    found = set(facts.fixed)
    while True:
        more = {b for a, b in facts.equal if a in found} | {a for a, b in facts.equal if b in found}
        for key, columns in facts.implied:
            if key <= found:
                more |= columns
        if more <= found:
            return frozenset(found)
        found |= more


def _facts(relation: Relation, context: Context) -> Facts:
    match relation:
        case Scan():
            return _scanned(relation, context)
        case Filter(input, predicate):
            return _filtered(input, predicate, context)
        case Sort(input) | SortChoice(input) | Window(input) | Follow(input):
            return _facts(input, context)
        case Project(input, items):
            return _mapped(_facts(input, context), items)
        case Join():
            return _joined(relation, context)
        case Aggregate(input, groups):
            return _grouped(_facts(input, context), groups)
        case Distinct(input):
            facts = _facts(input, context)
            return attrs.evolve(facts, keys=_some((*facts.keys, frozenset(c.id for c in relation.columns))))
        case Limit(input, count):
            facts = _facts(input, context)
            single = isinstance(count, Literal) and isinstance(count.value, int) and count.value <= 1
            return attrs.evolve(facts, keys=(EMPTY,)) if single else facts
        case SetOperation():
            return _combined(relation, context)
        case Values(rows=rows):
            return Facts((EMPTY,) if len(rows) <= 1 else ())
        case Series(column):
            return Facts((frozenset((column.id,)),))
        case LetScan(name, columns):
            binding = context.lets.get(name)
            keys = binding.keys if binding else ()
            return Facts(tuple(frozenset(columns[i].id for i in key) for key in keys))
        case Insert() | Update() | Delete():
            return Facts(_written(relation, context))
        case Unnest() | ParamRows():
            return Facts(())
        case _:
            return Facts(())


def _scanned(scan: Scan, context: Context) -> Facts:
    table = context.names.table(scan.table)
    if table is None:
        return Facts(())
    keys = _table_keys(scan, table)
    row = frozenset(c.id for c in scan.columns)
    never_null = {c.id for c in scan.columns if not c.nullable}
    return Facts(keys, implied=tuple((key, row) for key in keys if key <= never_null))


def _filtered(input: Relation, predicate: Expr, context: Context) -> Facts:
    facts = _facts(input, context)
    ids = {c.id for c in input.columns}
    fixed, equal = equalities(predicate, ids)
    compared, _ = equalities(predicate, ids, null_too=False)
    for there in facts.matched:
        if there.columns & compared:
            fixed, equal = fixed | there.fixed, equal | there.equal
    keys = facts.keys
    if isinstance(input, Scan) and any(key <= compared for key in nullable_keys(input, context)):
        keys = (EMPTY,)
    return attrs.evolve(facts, keys=keys, fixed=facts.fixed | fixed, equal=facts.equal | equal)


def _table_keys(scan: Scan, table: Table) -> tuple[Key, ...]:
    """The primary key first. A unique key with nulls counts only where nulls are equal; deleted rows are not unique."""
    ids = {c.name: c.id for c in scan.columns}
    usable = [
        key
        for key in sorted(table.keys, key=lambda k: not k.primary)
        if key.where is None
        and (key.primary or not scan.with_deleted)
        and (key.primary or not key.nulls_distinct or not any(table.by_name[c].nullable for c in key.columns))
    ]
    return tuple(frozenset(ids[c] for c in key.columns) for key in usable)


def nullable_keys(scan: Scan, context: Context) -> tuple[Key, ...]:
    """All unique keys of a scan: sound where every column of the key is compared by ``=``, which null never passes."""
    table = context.names.table(scan.table)
    if table is None:
        return ()
    ids = {c.name: c.id for c in scan.columns}
    keys = [k for k in table.keys if k.where is None and (k.primary or not scan.with_deleted)]
    return tuple(frozenset(ids[c] for c in key.columns) for key in keys)


# ------------------------------------------------------------------------------------------------- predicates
def equalities(
    predicate: Expr, ids: set[int], *, null_too: bool = True
) -> tuple[frozenset[int], frozenset[tuple[int, int]]]:
    """Columns among ``ids`` that a predicate fixes to one value, and pairs of them that it makes equal.

    ``null_too``: ``is null`` fixes, too.
    """
    fixed: set[int] = set()
    equal: set[tuple[int, int]] = set()
    for left, right in _pairs(predicate):
        if not null_too and isinstance(right, Literal) and right.value is None:
            continue
        a, b = _column(left, ids), _column(right, ids)
        if a is not None and b is not None:
            equal.add((a, b))
        elif a is not None and _constant(right, ids):
            fixed.add(a)
        elif b is not None and _constant(left, ids):
            fixed.add(b)
    return frozenset(fixed), frozenset(equal)


def _pairs(predicate: Expr) -> Iterable[tuple[Expr, Expr]]:
    """What a predicate says to be equal. ``is null`` fixes, too."""
    match predicate:
        case And(args):
            for arg in args:
                yield from _pairs(arg)
        case Call("=", (left, right)):
            yield left, right
        case RowCompare("=", lefts, rights):
            yield from zip(lefts, rights, strict=True)
        case InList(operands, (row,)):
            yield from zip(operands, row, strict=True)
        case Is(arg, Truth.NULL, False):
            yield arg, Literal(None, arg.type)
        case _:
            pass


def _column(expr: Expr, ids: set[int]) -> int | None:
    """The column that an expression is, through casts that keep different values different."""
    while isinstance(expr, Cast) and not expr.safe and not isinstance(expr.type, Float) and _keeps_apart(expr):
        expr = expr.arg
    return expr.id if isinstance(expr, ColumnRef) and expr.id in ids else None


def _keeps_apart(cast: Cast) -> bool:
    pair = (type(cast.arg.type).__name__, type(cast.type).__name__)
    return pair in {("Int", "Int"), ("Int", "Decimal"), ("Enum", "Text"), ("Date", "Timestamp"), ("Uuid", "Text")}


def _constant(expr: Expr, ids: set[int]) -> bool:
    """Whether an expression has one value for all rows with these columns."""
    match expr:
        case Literal() | ParamRef() | ClaimRef():
            return True
        case _:
            return not any(
                (isinstance(node, ColumnRef) and node.id in ids)
                or (isinstance(node, Call) and node.function == "gen_random_uuid")
                for node in walk(expr)
            )


# ------------------------------------------------------------------------------------------------- operators
def _mapped(facts: Facts, items: tuple[Item, ...]) -> Facts:
    """Facts in terms of projected columns."""
    names: dict[int, int] = {}
    for item in items:
        if isinstance(item.expr, ColumnRef):
            names.setdefault(item.expr.id, item.column.id)
    for a, b in facts.equal:
        for here, there in ((a, b), (b, a)):
            if here in names:
                names.setdefault(there, names[here])
    keys = [frozenset(names[i] for i in key) for key in _reduced(facts) if all(i in names for i in key)]
    fixed = {names[i] for i in _closure(facts) if i in names}
    fixed |= {item.column.id for item in items if isinstance(item.expr, Literal | ParamRef | ClaimRef)}
    equal = {(names[a], names[b]) for a, b in facts.equal if a in names and b in names}
    implied = tuple(
        (frozenset(names[i] for i in key), frozenset(names[i] for i in columns if i in names))
        for key, columns in facts.implied
        if all(i in names for i in key)
    )
    return Facts(_some(keys), frozenset(fixed), frozenset(equal), implied)


def _joined(join: Join, context: Context) -> Facts:
    left, right = _facts(join.left, context), _facts(join.right, context)
    left_ids, right_ids = {c.id for c in join.left.columns}, {c.id for c in join.right.columns}
    equal: frozenset[tuple[int, int]] = frozenset()
    met_left: set[int] = set()
    met_right: set[int] = set()
    if join.on is not None:
        _, equal = equalities(join.on, left_ids | right_ids)
        for one, other in _pairs(join.on):
            for a, b in ((one, other), (other, one)):
                right_column, left_column = _column(a, right_ids), _column(a, left_ids)
                if right_column is not None and _constant(b, right_ids):
                    met_right.add(right_column)
                if left_column is not None and _constant(b, left_ids):
                    met_left.add(left_column)
    left_keys, right_keys = _reduced(left), _reduced(right)
    keys: list[Key] = []
    if join.kind is not JoinKind.FULL and any(key <= met_right for key in _matchable(join.right, right, context)):
        keys.extend(left_keys)
    if join.kind is JoinKind.INNER and any(key <= met_left for key in _matchable(join.left, left, context)):
        keys.extend(right_keys)
    if not keys:
        keys.extend(a | b for a in left_keys[:2] for b in right_keys[:2])
    implied = left.implied + right.implied
    match join.kind:
        case JoinKind.INNER:
            together = left.equal | right.equal | equal
            return Facts(_some(keys), left.fixed | right.fixed, together, implied, left.matched + right.matched)
        case JoinKind.LEFT:
            there = Matched(frozenset(right_ids), right.fixed, right.equal | equal)
            return Facts(_some(keys), left.fixed, left.equal, implied, (*left.matched, *right.matched, there))
        case JoinKind.FULL:
            return Facts(_some(keys))


def _matchable(relation: Relation, facts: Facts, context: Context) -> tuple[Key, ...]:
    """Keys of which a join condition that compares all their columns by ``=`` finds at most one row."""
    keys = _reduced(facts)
    return (*keys, *nullable_keys(relation, context)) if isinstance(relation, Scan) else keys


def _grouped(facts: Facts, items: tuple[Item, ...]) -> Facts:
    if not items:
        return Facts((EMPTY,))
    through = _mapped(facts, items)
    return attrs.evolve(through, keys=_some((*through.keys, frozenset(i.column.id for i in items))))


def _combined(operation: SetOperation, context: Context) -> Facts:
    if operation.operator is SetOperator.UNION_ALL:
        return Facts(())
    everything = frozenset(c.id for c in operation.columns)
    if operation.operator is SetOperator.UNION:
        return Facts((everything,))
    first = operation.inputs[0]
    names = {old.id: new.id for old, new in zip(first.columns, operation.columns, strict=True)}
    kept = [frozenset(names[i] for i in key) for key in keys_of(first, context)]
    return Facts(_some((*kept, everything)))


def _written(write: Insert | Update | Delete, context: Context) -> tuple[Key, ...]:
    """The rows that a write returns: told apart by the primary key of the table."""
    if isinstance(write, Insert):
        single = at_most_one(write.source, context)
        table_name, row = write.table, write.row
    else:
        single = at_most_one(Filter(write.scan, write.predicate), context)
        table_name, row = write.scan.table, write.row if isinstance(write, Update) else write.scan.columns
    if single:
        return (EMPTY,)
    table = context.names.table(table_name)
    if table is None or table.primary_key is None:
        return ()
    ids = {c.name: c.id for c in row}
    key = Facts((frozenset(ids[c] for c in table.primary_key.columns),))
    return _mapped(key, write.returning).keys
