"""Tables as they were before a change, as far as that can be told."""

from __future__ import annotations

from collections.abc import Collection

from attrs import evolve

from liq.model.schema import Key, Table, TableColumn
from liq.model.types import NULL

State = dict[str, Table]
"""Tables by name at one moment of a migration."""


def add_column(table: Table, name: str) -> Table:
    """The table with a column that is dropped later: nobody says its type any more."""
    return evolve(table, columns=(*table.columns, TableColumn(name, NULL, True)), checks=(), indexes=())


def remove_columns(table: Table, names: Collection[str]) -> Table:
    """The table without columns that are added later, nor what needs them."""
    kept = tuple(c for c in table.columns if c.name not in names)
    if not kept or len(kept) == len(table.columns):
        return table
    return evolve(
        table, columns=kept, checks=(), indexes=(),
        keys=tuple(k for k in table.keys if k.where is None and not set(k.columns) & set(names)),
        foreign_keys=tuple(k for k in table.foreign_keys if not set(k.columns) & set(names)),
    )  # fmt: skip


def rename_column(table: Table, name: str, before: str) -> Table:
    """The table with a column under the name that it had before."""

    def renamed(names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(before if each == name else each for each in names)

    columns = tuple(evolve(c, name=before) if c.name == name else c for c in table.columns)
    keys: tuple[Key, ...] = tuple(evolve(k, columns=renamed(k.columns)) for k in table.keys if k.where is None)
    foreign = tuple(evolve(k, columns=renamed(k.columns)) for k in table.foreign_keys)
    return evolve(table, columns=columns, keys=keys, foreign_keys=foreign, checks=(), indexes=())


def retype(table: Table, name: str) -> Table:
    """The table with a column whose type was another one."""
    columns = tuple(evolve(c, type=NULL, nullable=True, default=None) if c.name == name else c for c in table.columns)
    return evolve(table, columns=columns, checks=(), indexes=())
