"""Functions over windows: partitions, their order with peers, and frames."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from attrs import frozen

from liq.model.errors import LiqError
from liq.model.expr import AggregateCall, Bound, BoundKind, WindowCall, WindowItem
from liq.model.functions import AGGREGATES
from liq.model.values import Value
from liq.reference.aggregates import aggregate
from liq.reference.compare import Key, row_key, sort_key
from liq.reference.errors import invalid_argument
from liq.reference.expressions import evaluate
from liq.reference.machine import Env, Machine, Row


@frozen
class Partition:
    """The rows of one partition in window order, and for each the first and the last of its peers."""

    rows: tuple[Row, ...]
    first_peer: tuple[int, ...]
    last_peer: tuple[int, ...]


def with_windows(rows: list[Row], items: Sequence[WindowItem], env: Env, machine: Machine) -> list[Row]:
    """Each row with the columns that are computed over windows; the rows keep their order."""
    result = [dict(row) for row in rows]
    for item in items:
        for partition, places in _partitions(rows, item.call, env, machine):
            for at, place in enumerate(places):
                machine.step()
                result[place][item.column.id] = _value(item.call, partition, at, env, machine)
    return result


def _partitions(
    rows: list[Row], call: WindowCall, env: Env, machine: Machine
) -> list[tuple[Partition, list[int]]]:
    """The partitions, and where each of their rows stands in the input."""
    groups: dict[Key, list[tuple[Key, int]]] = {}
    types = [e.type for e in call.partition]
    for place, row in enumerate(rows):
        inner = {**env, **row}
        group = row_key(types, [evaluate(e, inner, machine) for e in call.partition])
        order = sort_key(call.order, [evaluate(key.expr, inner, machine) for key in call.order])
        groups.setdefault(group, []).append((order, place))
    result = []
    for members in groups.values():
        members.sort(key=lambda member: member[0])
        keys = [key for key, _ in members]
        first = [at if at == 0 or keys[at] != keys[at - 1] else -1 for at in range(len(keys))]
        for at, known in enumerate(first):
            first[at] = first[at - 1] if known < 0 else known
        last = [max(other for other in range(len(keys)) if first[other] == peer) for peer in first]
        places = [place for _, place in members]
        result.append((Partition(tuple(rows[p] for p in places), tuple(first), tuple(last)), places))
    return result


def _value(call: WindowCall, partition: Partition, at: int, env: Env, machine: Machine) -> Value:
    if call.function in AGGREGATES:
        frame = [partition.rows[i] for i in _frame(call, partition, at)]
        plain = AggregateCall(call.function, call.args, call.type, call.nullable, where=call.where)
        return aggregate(plain, frame, env, machine)
    inner = {**env, **partition.rows[at]}
    args = [evaluate(arg, inner, machine) for arg in call.args]
    try:
        if call.function in ("lag", "lead"):
            return _shifted(call, partition, at, args, env, machine)
        if call.function in ("first_value", "last_value", "nth_value"):
            return _from_frame(call, partition, at, args, env, machine)
        return _rank(call.function, partition, at, args)
    except LiqError as error:
        machine.journal.record(error)
        return None


def _frame(call: WindowCall, partition: Partition, at: int) -> range:
    """The places of the frame of a row."""
    count = len(partition.rows)
    if call.frame is None:
        return range(partition.last_peer[at] + 1 if call.order else count)
    start, end = _place(call.frame.start, at, count), _place(call.frame.end, at, count)
    return range(max(start, 0), min(end, count - 1) + 1)


def _place(bound: Bound, at: int, count: int) -> int:
    match bound.kind:
        case BoundKind.UNBOUNDED_PRECEDING:
            return 0
        case BoundKind.PRECEDING:
            return at - bound.rows
        case BoundKind.CURRENT_ROW:
            return at
        case BoundKind.FOLLOWING:
            return at + bound.rows
        case BoundKind.UNBOUNDED_FOLLOWING:
            return count - 1


def _rank(function: str, partition: Partition, at: int, args: Sequence[Any]) -> Value:
    count, first = len(partition.rows), partition.first_peer
    match function:
        case "row_number":
            return at + 1
        case "rank":
            return first[at] + 1
        case "dense_rank":
            return len(set(first[: at + 1]))
        case "percent_rank":
            return first[at] / (count - 1) if count > 1 else 0.0
        case "cume_dist":
            return (partition.last_peer[at] + 1) / count
        case "ntile":
            return _tile(at, count, args[0])
        case _:
            raise AssertionError(function)


def _tile(at: int, count: int, tiles: int | None) -> Value:
    """The number of the tile: the first ``count % tiles`` tiles have one row more."""
    if tiles is None:
        return None
    if tiles <= 0:
        invalid_argument("ntile of a number that is not positive")
    size, more = divmod(count, tiles)
    if at < more * (size + 1):
        return at // (size + 1) + 1
    return more + (at - more * (size + 1)) // size + 1


def _shifted(
    call: WindowCall, partition: Partition, at: int, args: Sequence[Any], env: Env, machine: Machine
) -> Value:
    offset = args[1] if len(args) > 1 else 1
    if offset is None:
        return None
    place = at - offset if call.function == "lag" else at + offset
    if not 0 <= place < len(partition.rows):
        return args[2] if len(args) > 2 else None
    return evaluate(call.args[0], {**env, **partition.rows[place]}, machine)


def _from_frame(
    call: WindowCall, partition: Partition, at: int, args: Sequence[Any], env: Env, machine: Machine
) -> Value:
    frame = _frame(call, partition, at)
    number: int = {"first_value": 1, "last_value": len(frame)}.get(call.function, 0)
    if call.function == "nth_value":
        if args[-1] is None:
            return None
        number = args[-1]
        if number <= 0:
            invalid_argument("nth_value of a number that is not positive")
    if not 1 <= number <= len(frame):
        return None
    return evaluate(call.args[0], {**env, **partition.rows[frame[number - 1]]}, machine)
