"""Whether something bounds the number of rows of a read."""

from __future__ import annotations

from liq.front.context import Context
from liq.front.keys import at_most_one, keys_of
from liq.model.expr import And, Call, ColumnRef, Expr, InList, Literal, Relation
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
    Series,
    SetOperation,
    Sort,
    SortChoice,
    Unnest,
    Values,
    Window,
)
from liq.model.types import Bool, Enum


def bounded(relation: Relation, context: Context) -> bool:
    """Whether a limit, a key, a list of keys or an aggregate bounds the rows."""
    match relation:
        case Limit(count=count) if count is not None:
            return True
        case Values() | ParamRows() | Unnest():  # hosts cap lists
            return True
        case Series(_, start, stop, step):
            return all(isinstance(each, Literal) for each in (start, stop, step))
        case LetScan(name):
            binding = context.lets.get(name)
            return binding is not None and (binding.bounded or binding.at_most_one)
        case Aggregate(input, keys):
            return all(isinstance(k.column.type, Bool | Enum) for k in keys) or bounded(input, context)
        case Filter(input, predicate):
            return bounded(input, context) or at_most_one(relation, context) or _listed(input, predicate, context)
        case Project(input) | Sort(input) | SortChoice(input) | Distinct(input) | Window(input) | Limit(input):
            return bounded(input, context) or at_most_one(relation, context)
        case SetOperation(inputs=inputs):
            return all(bounded(each, context) for each in inputs)
        case Join(kind, left, right):
            if at_most_one(relation, context):
                return True
            # the left side is asked once: joins lie in each other to the left
            if kind is JoinKind.FULL or not bounded(left, context):
                return False
            return at_most_one(right, context) or _multiplies_not(relation, context)
        case Follow():
            return False
        case _:
            return at_most_one(relation, context)


def _multiplies_not(join: Join, context: Context) -> bool:
    """Whether rows of the left side meet at most one row each (a link that was followed)."""
    left = keys_of(join.left, context)
    return bool(left) and any(key in keys_of(join, context) for key in left)


def _listed(input: Relation, predicate: Expr, context: Context) -> bool:
    """Whether rows are chosen by a list of keys."""
    keys = keys_of(input, context)
    for part in predicate.args if isinstance(predicate, And) else (predicate,):
        match part:
            case Call("in_list", (ColumnRef(id_), _)) | InList((ColumnRef(id_),), _):
                if frozenset((id_,)) in keys:
                    return True
            case _:
                pass
    return False


def summary(relation: Relation, context: Context) -> bool:
    """Whether the rows are groups, not single rows of a table: nobody is warned of their number."""
    match relation:
        case Aggregate(input, keys):
            ids = {k.expr.id for k in keys if isinstance(k.expr, ColumnRef)}
            return not any(key <= ids for key in keys_of(input, context))
        case Project(input) | Sort(input) | SortChoice(input) | Window(input) | Filter(input) | Distinct(input):
            return summary(input, context)
        case _:
            return False
