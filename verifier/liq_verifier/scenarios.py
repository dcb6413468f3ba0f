"""Company for a hidden row. A model holds the rows that a formula speaks of; for the leak to show, others may have to
be there.

Rows are drawn from the values at hand, by a fixed sequence, so the same plan always gives the same witness. What is
found is
replayed like any model: nothing rests on how it was found.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence

from liq.model import types as t
from liq.model.schema import Schema, Table
from liq.model.values import Value
from liq_verifier.decode import plain

Tables = dict[str, list[dict[str, Value]]]
SCENARIOS_MAX = 200
COMPANY_MAX = 2
SEED = 7


def scenarios(schema: Schema, names: Sequence[str], tables: Tables, values: Sequence[Value]) -> Iterator[Tables]:
    """The tables with more rows beside those that are there. ``values``: claims and parameters."""
    rng = random.Random(SEED)
    known = [*values, *(v for rows in tables.values() for row in rows for v in row.values())]
    for _ in range(SCENARIOS_MAX):
        grown = {name: list(rows) for name, rows in tables.items()}
        keys = [v for rows in grown.values() for row in rows for v in row.values()]
        for name in names:
            table = schema.table_by_name[name]
            for _ in range(rng.randint(0, COMPANY_MAX)):
                row = {c.name: _draw(c.type, c.nullable, [*known, *keys], rng) for c in table.columns}
                if not _clashes(table, row, grown.get(name, [])):
                    grown.setdefault(name, []).append(row)
                    keys += row.values()
        yield grown


def _draw(type_: t.Type, nullable: bool, known: Sequence[Value], rng: random.Random) -> Value:
    fitting = [v for v in known if v is not None and _fits(v, type_)]
    pool: list[Value] = [*fitting, plain(type_, rng.randint(1, 9))]
    if isinstance(type_, t.Bool):
        pool = [True, False]
    if nullable:
        pool.append(None)
        if rng.random() < 0.2:
            return None
    return rng.choice(pool)


def _fits(value: Value, type_: t.Type) -> bool:
    if isinstance(type_, t.Enum):
        return value in type_.labels
    return type(value) is type(plain(type_, 1))


def _clashes(table: Table, row: Mapping[str, Value], rows: Sequence[Mapping[str, Value]]) -> bool:
    return any(all(row[c] == other[c] for c in key.columns) for key in table.keys for other in rows)


def smaller(tables: Tables, table: str, hidden: Mapping[str, Value]) -> Iterator[Tables]:
    """The tables with one row less, the hidden one kept."""
    for name, rows in tables.items():
        for at, row in enumerate(rows):
            if not (name == table and row == hidden):
                yield {**tables, name: [other for i, other in enumerate(rows) if i != at]}
