"""One call of a plan: its data, its arguments, its clock, what it raised and how much work it may do."""

from __future__ import annotations

import datetime as dt
import random
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from attrs import define, field

from liq.model.errors import ErrorKind, LiqError
from liq.model.expr import Relation
from liq.model.ir import Scan
from liq.model.values import Value
from liq.reference.database import Database

Row = dict[int, Value]
"""A row: values by column id. Rows of a scan also hold their identity, under ``ROW_ID``."""
Env = Mapping[int, Value]
"""What an expression sees: the row at hand and those of outer queries, by column id."""

ROW_ID = -1
STEPS_MAX = 20_000_000
"""Expressions evaluated and rows produced by one call, before it is refused as a runaway."""
OBSERVED_MAX = 5_000
"""Rows remembered of one relation: more are too many to try expressions on."""


@define
class Journal:
    """The errors of expressions. Evaluation goes on after one, with null: so the kinds of all are known."""

    first: LiqError | None = None
    kinds: set[ErrorKind] = field(factory=set)

    def record(self, error: LiqError) -> None:
        """Note an error; a bound that was exceeded ends the call at once."""
        if error.kind is ErrorKind.LIMIT:
            raise error
        self.first = self.first or error
        self.kinds.add(error.kind)


@define
class Machine:
    """The state of one call. ``rows`` evaluates relations of either kind (it closes the circle of subqueries)."""

    database: Database
    rows: Callable[[Relation, Env, Machine], list[Row]]
    now: dt.datetime
    hash_key: bytes
    seed: int
    params: dict[str, Value] = field(factory=dict)
    row_lists: dict[str, tuple[Mapping[str, Value], ...]] = field(factory=dict)
    claims: dict[str, Value] = field(factory=dict)
    lets: dict[str, tuple[tuple[Value, ...], ...]] = field(factory=dict)
    journal: Journal = field(factory=Journal)
    may: set[ErrorKind] = field(factory=set)
    observed: dict[int, list[Row]] = field(factory=dict)
    steps_max: int = STEPS_MAX
    _steps: int = 0
    _random: random.Random = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._random = random.Random(self.seed)

    def step(self, count: int = 1) -> None:
        """Count work."""
        self._steps += count
        if self._steps > self.steps_max:
            raise LiqError(ErrorKind.LIMIT, "the call does more work than it may")

    def new_uuid(self) -> uuid.UUID:
        """The next random UUID of this call's seed."""
        return uuid.UUID(int=self._random.getrandbits(128), version=4)

    def observe(self, relation: Relation, rows: list[Row]) -> None:
        """Remember the rows that a relation had, over all its evaluations; a scan has the same in each."""
        known = self.observed.setdefault(id(relation), [])
        if (not isinstance(relation, Scan) or not known) and len(known) <= OBSERVED_MAX:
            known.extend(rows)

    @contextmanager
    def aside(self) -> Iterator[Journal]:
        """Evaluate for the may-raise set only: errors, observations and random numbers leave no other trace."""
        kept = (self.journal, self.observed, self._random.getstate())
        self.journal, self.observed = Journal(), {key: list(rows) for key, rows in self.observed.items()}
        try:
            yield self.journal
        finally:
            self.journal, self.observed = kept[0], kept[1]
            self._random.setstate(kept[2])
