"""Names of links: where the usual one is taken by a column or another link, one is chosen that says more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from attrs import define


@define(eq=False)
class Way:
    """A foreign key between two tables (by their names in liq): what it is called, there and back."""

    table: str
    columns: tuple[str, ...]
    target: str
    link: str | None = None
    reverse: str | None = None


def name_ways(ways: Sequence[Way], columns: Mapping[str, Sequence[str]], reserved: Mapping[str, set[str]]) -> None:
    """Give a name to every link and way back whose usual name is not free. Columns come first, then links, then backs.

    ``reserved``: names that no link of a table may have, because expressions over it mean something else by them.
    """
    taken = {table: set(names) | reserved.get(table, set()) for table, names in columns.items()}
    wanted = Counter((way.table, usual_link(way)) for way in ways)
    backs = Counter((way.target, last(way.table)) for way in ways)
    for way in ways:
        usual = usual_link(way)
        if usual in taken[way.table] or wanted[way.table, usual] > 1:
            way.link = _free(taken[way.table], _link_names(way))
        taken[way.table].add(way.link or usual)
    for way in ways:
        usual = last(way.table)
        if usual in taken[way.target] or backs[way.target, usual] > 1:
            way.reverse = _free(taken[way.target], _reverse_names(way))
        taken[way.target].add(way.reverse or usual)


def usual_link(way: Way) -> str:
    """What liq calls a link by itself: its column without ``_id``, else the table it points at."""
    if len(way.columns) == 1 and way.columns[0].endswith("_id") and way.columns[0] != "_id":
        return way.columns[0].removesuffix("_id")
    return last(way.target)


def last(table: str) -> str:
    """A table's name without its schema."""
    return table.rpartition(".")[2]


def _link_names(way: Way) -> Sequence[str]:
    joined = "_".join(way.columns)
    return (f"{joined}_{last(way.target)}", f"{joined}_link")


def _reverse_names(way: Way) -> Sequence[str]:
    stem = "_".join(column.removesuffix("_id") or column for column in way.columns)
    return (f"{last(way.table)}_by_{stem}", f"{last(way.table)}_by_{'_'.join(way.columns)}")


def _free(taken: set[str], wanted: Sequence[str]) -> str:
    for name in wanted:
        if name not in taken:
            return name
    number = 2
    while f"{wanted[-1]}_{number}" in taken:
        number += 1
    return f"{wanted[-1]}_{number}"
