"""Answering questions: the solver finds a model or proves there is none; a model counts if the reference agrees."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping

from attrs import define, field, frozen

from liq.model.errors import LiqError
from liq.model.schema import Schema
from liq.model.values import Value
from liq.reference.constraints import check_row, schema_env, violations
from liq.reference.database import Database
from liq.reference.expressions import truth
from liq.reference.machine import Machine
from liq.reference.run import Call
from liq_verifier.decode import Decoded, decode, plain
from liq_verifier.encode import Undecided
from liq_verifier.policies.question import MARK, Built, Question, Says, build, of_session, two_sessions
from liq_verifier.policy import NoRoleClaim
from liq_verifier.smt import TooLarge
from liq_verifier.solver import Answer, solve

STEPS_MAX = 200_000
ROUNDS_MAX = 8
Tables = dict[str, list[dict[str, Value]]]


@frozen
class Seen:
    """Rows and sessions on which the reference says yes. ``rows`` are the question's, ``sessions`` their claims."""

    tables: Mapping[str, tuple[Mapping[str, Value], ...]]
    rows: tuple[tuple[str, Mapping[str, Value], bool], ...]
    sessions: tuple[Mapping[str, Value], ...]


@frozen
class Never:
    """There are no such rows, in databases of any size. ``sha256``: of the formula that was refuted."""

    sha256: str


@frozen
class Open:
    """Neither rows nor a proof."""

    reason: str


Outcome = Seen | Never | Open


@define
class Answers:
    """Answers for one schema; each formula is solved once."""

    schema: Schema
    _known: dict[str, Outcome] = field(factory=dict)

    def ask(self, question: Question) -> Outcome:
        """Whether there are such rows."""
        try:
            built = build(question, self.schema, False)
            outcome = self._solved(question, built)
            if isinstance(outcome, Open) and built.formula.encoder.wants_strings:
                again = self._solved(question, build(question, self.schema, True))
                outcome = outcome if isinstance(again, Open) else again
            return outcome
        except (Undecided, TooLarge, NoRoleClaim) as problem:
            return Open(f"no encoding: {problem}")

    def _solved(self, question: Question, built: Built) -> Outcome:
        digest = hashlib.sha256(built.formula.text.encode()).hexdigest()
        if digest not in self._known:
            self._known[digest] = self._judged(question, built, solve(built.formula), digest)
        return self._known[digest]

    def _judged(self, question: Question, built: Built, answer: Answer, digest: str) -> Outcome:
        if answer.verdict == "unsat":
            return Never(digest)
        if answer.values is None:
            return Open(f"the solver gave up: {answer.reason}")
        loose = [row for row, spec in zip(built.rows, question.rows, strict=True) if not spec.stored]
        seen = _Trial(question, self.schema, decode(built.formula, answer.values, loose), built).smallest()
        opaque = ", ".join(sorted(built.formula.encoder.opaque))
        rests = f" ({opaque} is not decided)" if opaque else ""
        return seen or Open(f"no rows were found that show it{rests}")


class _Trial:
    """A model put to the reference."""

    def __init__(self, question: Question, schema: Schema, decoded: Decoded, built: Built) -> None:
        self._question, self._schema, self._now = question, schema, decoded.now
        stored = {id(row): values for row, values in decoded.rows}
        new = iter(decoded.loose)
        pairs = zip(built.rows, question.rows, strict=True)
        self._rows = [dict(stored[id(row)] if spec.stored else next(new)) for row, spec in pairs]
        self._claims = {
            c.name: decoded.claims.get(c.name, None if c.nullable else plain(c.type, 1))
            for c in two_sessions(schema).claims
        }
        self._tables: Tables = {}
        for row, values in decoded.rows:
            known = self._tables.setdefault(row.table.name, [])
            if dict(values) not in known:
                known.append(dict(values))
        self._add_parents()

    def smallest(self) -> Seen | None:
        """The model as a witness, without rows that it can do without; None when the reference says otherwise."""
        if not self._agrees(self._tables):
            return None
        tables, shrunk = self._tables, True
        while shrunk:
            shrunk = False
            for fewer in self._fewer(tables):
                if self._agrees(fewer):
                    tables, shrunk = fewer, True
                    break
        marked = len(MARK)
        ours = {name: value for name, value in self._claims.items() if not name.endswith(MARK)}
        theirs = {name[:-marked]: value for name, value in self._claims.items() if name.endswith(MARK)}
        two = any(said.session for said in self._question.says if isinstance(said, Says)) or self._speaks_of_two()
        rows = tuple((s.table, r, s.stored) for s, r in zip(self._question.rows, self._rows, strict=True))
        shown = {name: tuple(rows) for name, rows in tables.items() if rows}
        return Seen(shown, rows, (ours, theirs) if two else (ours,))

    def _speaks_of_two(self) -> bool:
        from liq.model.expr import ClaimRef
        from liq.model.node import walk

        said = [s.predicate for s in self._question.says if isinstance(s, Says)]
        return any(isinstance(n, ClaimRef) and n.name.endswith(MARK) for p in said for n in walk(p))

    def _fewer(self, tables: Tables) -> Iterator[Tables]:
        kept = [r for r, s in zip(self._rows, self._question.rows, strict=True) if s.stored]
        for name, rows in tables.items():
            for at, row in enumerate(rows):
                if row not in kept:
                    yield {**tables, name: [other for i, other in enumerate(rows) if i != at]}

    def _agrees(self, tables: Tables) -> bool:
        """Whether the database could exist and everything is so that the question says."""
        try:
            return self._whole(tables) and all(self._true(said, self._machine(tables)) for said in self._question.says)
        except LiqError:
            return False

    def _machine(self, tables: Tables) -> Machine:
        machine = Call(self._schema, Database.of(self._schema, tables), now=self._now, steps_max=STEPS_MAX).machine()
        machine.claims.update(self._claims)
        return machine

    def _true(self, said: object, machine: Machine) -> bool:
        assert not isinstance(said, Question)
        if isinstance(said, Says):
            env = {} if said.row is None else self._env(said.row)
            return (truth(of_session(said.predicate, said.session), env, machine) is True) is said.holds
        left, right = (self._rows[n][c] for n, c in (said.left, said.right))  # type: ignore[attr-defined]
        return left is not None and right is not None and (left == right) is said.equal  # type: ignore[attr-defined]

    def _env(self, number: int) -> Mapping[int, Value]:
        table = self._schema.table_by_name[self._question.rows[number].table]
        return schema_env(tuple(self._rows[number][c.name] for c in table.columns))

    def _whole(self, tables: Tables) -> bool:
        """Whether all constraints hold, with the new rows in the place of the old ones that they follow."""
        database = Database.of(self._schema, tables)
        machine = self._machine(tables)
        if violations(self._schema, {n: t.rows for n, t in database.tables.items()}, machine):
            return False
        with machine.aside() as journal:
            for spec, row in zip(self._question.rows, self._rows, strict=True):
                table = self._schema.table_by_name[spec.table]
                check_row(table, tuple(row[c.name] for c in table.columns), machine)
                for key in table.foreign_keys:
                    values = tuple(row[c] for c in key.columns)
                    there = [tuple(r[c] for c in key.target_columns) for r in tables.get(key.target, ())]
                    if None not in values and values not in there:
                        return False
        return not journal.kinds

    def _add_parents(self) -> None:
        """Rows that others point at and that the formula did not speak of."""
        number = 1000
        for _ in range(ROUNDS_MAX):
            missing = list(self._missing())
            for target, columns, values in missing:
                number += 1
                table = self._schema.table_by_name[target]
                row: dict[str, Value] = {c.name: None if c.nullable else plain(c.type, number) for c in table.columns}
                self._tables.setdefault(target, []).append({**row, **dict(zip(columns, values, strict=True))})
            if not missing:
                return

    def _missing(self) -> Iterator[tuple[str, tuple[str, ...], tuple[Value, ...]]]:
        stored = [(name, row) for name, rows in self._tables.items() for row in rows]
        named = [(s.table, r) for s, r in zip(self._question.rows, self._rows, strict=True)]
        wanted: dict[str, tuple[str, tuple[str, ...], tuple[Value, ...]]] = {}
        for name, row in (*stored, *named):
            for key in self._schema.table_by_name[name].foreign_keys:
                values = tuple(row[c] for c in key.columns)
                there = [tuple(r[c] for c in key.target_columns) for r in self._tables.get(key.target, ())]
                if None not in values and values not in there:
                    wanted[repr((key.target, values))] = (key.target, key.target_columns, values)
        yield from wanted.values()
