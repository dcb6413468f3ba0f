"""From needs to verdicts: runs the solver, tries strings where texts decide, replays every model before it is called
a refutation."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable

from attrs import evolve, field, frozen

from liq_verifier.encode import Undecided
from liq_verifier.obligation import (
    Either,
    Formula,
    Goal,
    Kind,
    Need,
    Obligation,
    Settled,
    Solved,
    Subject,
    Verdict,
    Witness,
)
from liq_verifier.policy import NoRoleClaim
from liq_verifier.smt import TooLarge
from liq_verifier.solver import Answer, solve

Replay = Callable[[Subject, Formula, Answer], Witness | None]
"""Turns a model into rows on which the plan goes wrong, or None when it does not go wrong on them."""


@frozen
class Settler:
    """How needs are settled for one plan."""

    replay: Replay
    cache: dict[str, Answer] = field(factory=dict)

    def settle(self, needs: Iterable[Need]) -> tuple[Obligation, ...]:
        """The obligations that needs come down to, numbered."""
        found = [obligation for need in needs for obligation in self._settle(need)]
        return tuple(evolve(o, id=f"{o.kind.value}/{o.about}/{i}") for i, o in enumerate(found, 1))

    def _settle(self, need: Need) -> tuple[Obligation, ...]:
        match need:
            case Settled(subject, verdict, reason):
                return (_obligation(subject, verdict, reason),)
            case Goal():
                return (self._decide(need),)
            case Either(alternatives):
                for alternative in alternatives[:-1]:
                    tried = tuple(o for each in alternative for o in self._settle(each))
                    if all(o.verdict is Verdict.PROVED for o in tried):
                        return tried
                return tuple(o for each in alternatives[-1] for o in self._settle(each))

    def _decide(self, goal: Goal) -> Obligation:
        try:
            first = goal.build(False)
            obligation = self._judge(goal.subject, first)
            if obligation.verdict is Verdict.UNKNOWN and first.encoder.wants_strings:
                second = self._judge(goal.subject, goal.build(True))
                obligation = second if second.verdict is not Verdict.UNKNOWN else obligation
            return obligation
        except (Undecided, TooLarge, NoRoleClaim) as problem:
            return _obligation(goal.subject, Verdict.UNKNOWN, f"no encoding: {problem}")
        except Exception as problem:  # a plan from outside may be anything: what cannot be read is not proved
            return _obligation(goal.subject, Verdict.UNKNOWN, f"the plan cannot be read: {type(problem).__name__}")

    def _replayed(self, subject: Subject, formula: Formula, answer: Answer) -> Witness | None:
        """A witness, if the model is one. What the reference cannot run shows nothing."""
        try:
            return self.replay(subject, formula, answer)
        except Exception:
            return None

    def _judge(self, subject: Subject, formula: Formula) -> Obligation:
        text = formula.text
        digest = hashlib.sha256(text.encode()).hexdigest()
        answer = self.cache.get(digest)
        if answer is None:
            answer = self.cache[digest] = solve(formula)
        fragment = f"QF, rows={len(formula.encoder.world.rows)}{', strings' if formula.encoder.strings else ''}"
        solved = Solved(text, digest, answer.verdict, answer.used, fragment)
        obligation = evolve(_obligation(subject, Verdict.UNKNOWN, ""), solved=solved)
        match answer.verdict:
            case "unsat":
                vacuous = ("what guards this row is never true",) if answer.vacuous and subject.kind is Kind.ROW else ()
                return evolve(obligation, verdict=Verdict.PROVED, warnings=vacuous)
            case "sat":
                witness = self._replayed(subject, formula, answer)
                if witness is not None:
                    return evolve(obligation, verdict=Verdict.REFUTED, witness=witness, reason="these rows show it")
                return evolve(obligation, reason=_unconfirmed(formula))
            case _:
                return evolve(obligation, reason=f"the solver gave up: {answer.reason}")


def _unconfirmed(formula: Formula) -> str:
    opaque = ", ".join(sorted(formula.encoder.opaque))
    rests = f" ({opaque} is not decided)" if opaque else ""
    return f"could not be proved, and no rows were found that show a leak{rests}"


def _obligation(subject: Subject, verdict: Verdict, reason: str) -> Obligation:
    return Obligation("", subject.kind, subject.about, subject.claim, verdict, reason, subject.span)
