"""What has to be proved of a plan, and what came of it. Values only: nothing here solves anything."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum

from attrs import field, frozen

from liq.model.expr import Expr
from liq.model.schema import Schema, Table
from liq.model.source import NO_SPAN, Span
from liq.model.values import Value
from liq_verifier.encode import Encoder
from liq_verifier.rows import Row


class Verdict(Enum):
    """Only ``PROVED`` lets a plan be registered."""

    PROVED = "proved"
    REFUTED = "refuted"
    UNKNOWN = "unknown"


class Kind(Enum):
    """The obligations of docs/verifier.md."""

    TEXT = "O1"
    ROW = "O2"
    COLUMN = "O3"
    ERROR = "O4"
    ORDER = "O5"
    WRITE = "O6"
    CONFLICT = "O7"
    REFERENCE = "O8"
    SAME = "O9"
    EMIT = "O10"
    VACUOUS = "O12"


@frozen(eq=False)
class Formula:
    """A negated claim: unsatisfiable when the claim holds. ``goal`` is its last part, ``base`` what it rests on.

    ``blamed``: the row that must not matter, if there is a model. ``policy``: what must be true of changed rows of
    ``written``.
    """

    encoder: Encoder
    base: str
    goal: str
    blamed: Row | None
    policy: Expr | None = None
    written: Table | None = None

    @property
    def text(self) -> str:
        """The whole SMT-LIB text."""
        return f"{self.base}(assert {self.goal})\n(check-sat)\n"


@frozen
class Subject:
    """What an obligation is about."""

    kind: Kind
    about: str
    claim: str
    span: Span = NO_SPAN


@frozen(eq=False)
class Goal:
    """An obligation that a solver decides. ``build`` makes the formula; with True, over strings."""

    subject: Subject
    build: Callable[[bool], Formula]


@frozen
class Settled:
    """An obligation that the structure of the plan decides."""

    subject: Subject
    verdict: Verdict
    reason: str = ""


@frozen(eq=False)
class Either:
    """Alternatives: the first whose every part is proved is taken, else what the last one gave."""

    alternatives: tuple[tuple[Need, ...], ...]


Need = Goal | Settled | Either


@frozen
class Witness:
    """Rows, session and parameters on which the plan goes wrong, replayed on ``liq.reference``."""

    tables: Mapping[str, tuple[Mapping[str, Value], ...]]
    table: str
    hidden: Mapping[str, Value]
    claims: Mapping[str, Value]
    params: Mapping[str, object]
    with_row: tuple[tuple[Value, ...], ...] | str
    without_row: tuple[tuple[Value, ...], ...] | str
    columns: tuple[str, ...] = ()


@frozen
class Solved:
    """The evidence of a solver: text, answer, work."""

    smt2: str
    sha256: str
    answer: str
    rlimit: int
    fragment: str


@frozen
class Obligation:
    """An obligation with its verdict."""

    id: str
    kind: Kind
    about: str
    claim: str
    verdict: Verdict
    reason: str = ""
    span: Span = NO_SPAN
    solved: Solved | None = None
    witness: Witness | None = None
    warnings: tuple[str, ...] = ()


@frozen
class Verification:
    """Everything that was found out about one plan."""

    obligations: tuple[Obligation, ...]
    assumes: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    schema: Schema | None = field(default=None, eq=False, repr=False)

    @property
    def verdict(self) -> Verdict:
        """Proved when every obligation is; refuted when one is."""
        found = {o.verdict for o in self.obligations}
        if Verdict.REFUTED in found:
            return Verdict.REFUTED
        return Verdict.UNKNOWN if Verdict.UNKNOWN in found or not found else Verdict.PROVED

    @property
    def failed(self) -> tuple[Obligation, ...]:
        """What is not proved."""
        return tuple(o for o in self.obligations if o.verdict is not Verdict.PROVED)
