"""What a campaign is, and the loop that drives one."""

from __future__ import annotations

import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

from attrs import define, field, frozen


@define
class Tally:
    """What some cases did. ``counts`` are the campaign's own figures, ``constructs`` what the cases were made of."""

    cases: int = 0
    counts: Counter[str] = field(factory=Counter)
    constructs: Counter[str] = field(factory=Counter)
    failures: list[Failure] = field(factory=list)

    def add(self, other: Tally) -> None:
        """Adds the figures of another tally."""
        self.cases += other.cases
        self.counts.update(other.counts)
        self.constructs.update(other.constructs)
        self.failures.extend(other.failures)


@frozen
class Failure:
    """A case that went wrong: its seed replays it."""

    seed: str
    summary: str
    details: str


Case = Callable[[str], Tally]
"""Runs the case of a seed."""


@frozen
class Campaign:
    """``open`` gives the function that runs one case; ``judge`` says what is one-sided about a whole run (empty: nothing)."""

    name: str
    open: Callable[[], AbstractContextManager[Case]]
    judge: Callable[[Tally], list[str]]


def run(campaign: Campaign, seed: int, *, minutes: float | None = None, cases: int | None = None, failures_max: int = 20) -> Tally:
    """Runs cases ``seed/0``, ``seed/1`` … until the time or the number is used up, or too many failed."""
    total = Tally()
    deadline = None if minutes is None else time.monotonic() + minutes * 60
    with campaign.open() as case:
        for number in _numbers(cases):
            if (deadline is not None and time.monotonic() >= deadline) or len(total.failures) >= failures_max:
                break
            total.add(run_case(case, f"{seed}/{number}"))
    return total


def _numbers(cases: int | None) -> Iterator[int]:
    number = 0
    while cases is None or number < cases:
        yield number
        number += 1


def run_case(case: Case, seed: str) -> Tally:
    """One case; an exception of it is a failure, too."""
    try:
        tally = case(seed)
    except Exception as error:  # a campaign goes on and reports
        tally = Tally(failures=[Failure(seed, f"{type(error).__name__}: {error}"[:300], traceback.format_exc())])
    tally.cases += 1
    return tally
