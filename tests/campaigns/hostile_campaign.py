"""Hostile input: damaged and random sources, documents, projects, dumps, cursor tokens, values and payloads.

Whatever comes in, only coded diagnostics come out; what is accepted is sound; work and memory stay in proportion to the input,
counted in calls and bytes. A case makes one attack of every kind, some of them several times.
"""

from __future__ import annotations

import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from attrs import frozen

from tests.campaigns.campaign import Campaign, Case, Failure, Tally
from tests.gen.rng import Rng
from tests.hostile import calls, ddl, documents, injection, projects, sources
from tests.hostile.effort import counted, peak
from tests.hostile.mutate import MUTATIONS
from tests.hostile.outcome import Outcome, demand
from tests.hostile.positions import POSITIONS


@frozen
class Attack:
    """``times`` per case. ``accepted``: the share of inputs that are taken must lie between these, or the attack says nothing."""

    run: Callable[[Rng], Outcome]
    times: int
    accepted: tuple[float, float]


ATTACKS: Final[dict[str, Attack]] = {
    "program": Attack(sources.attack_program, 4, (0.02, 0.6)),
    "schema": Attack(sources.attack_schema, 2, (0.02, 0.6)),
    "text": Attack(sources.attack_text, 4, (0.03, 0.6)),
    "bytes": Attack(sources.attack_bytes, 2, (0.05, 0.8)),
    "plan document": Attack(documents.attack_plan, 4, (0.01, 0.6)),
    "schema document": Attack(documents.attack_schema_document, 2, (0.01, 0.6)),
    "project": Attack(projects.attack_project, 2, (0.05, 0.6)),
    "pattern": Attack(projects.attack_pattern, 2, (0.02, 0.6)),
    "sql": Attack(ddl.attack_sql, 2, (0.02, 0.9)),
    "cursor": Attack(calls.attack_token, 6, (0.03, 0.5)),
    "value": Attack(calls.attack_value, 10, (0.03, 0.6)),
    "injection": Attack(injection.attack_position, 4, (0.4, 0.98)),
}
CALLS_FREE, CALLS_PER_CHARACTER, CALLS_MAX = 3_000_000, 500, 100_000_000
"""Calls of one attack; ``CALLS_MAX`` stops what would never end."""
BYTES_FREE, BYTES_PER_CHARACTER = 20_000_000, 1_000
MEASURED_SHARE = 0.1
CODES_MIN, MUTATION_MIN, POSITION_MIN, REACHED_MIN = 100, 100, 10, 0.5


@contextmanager
def open_hostile() -> Iterator[Case]:
    """The campaign's case function."""
    yield hostile_case


def hostile_case(seed: str) -> Tally:
    """Every attack, each with a stream of its own."""
    tally = Tally()
    for name, attack in ATTACKS.items():
        for turn in range(attack.times):
            _attempt(name, attack, Rng(f"{seed}/{name}/{turn}"), seed, tally)
    return tally


def _attempt(name: str, attack: Attack, rng: Rng, seed: str, tally: Tally) -> None:
    try:
        outcome = _measured(attack, rng, tally) if rng.fork("measure").chance(MEASURED_SHARE) else attack.run(rng)
    except Exception as error:  # whatever escapes is what the campaign looks for
        summary = f"{name}: {type(error).__name__}: {error}".splitlines()[0][:250]
        tally.failures.append(Failure(seed, summary, f"stream {rng.seed}\n{traceback.format_exc()[-4000:]}"))
        return
    tally.counts[f"{name} {'accepted' if outcome.accepted else 'refused'}"] += 1
    tally.counts.update({f"code {code}": 1 for code in set(outcome.codes)})
    tally.constructs.update(set(outcome.steps))


def _measured(attack: Attack, rng: Rng, tally: Tally) -> Outcome:
    """The same attack with its calls or its memory counted."""
    if rng.fork("what").chance(0.5):
        tally.counts["calls counted"] += 1
        outcome, made = counted(lambda: attack.run(rng), CALLS_MAX)
        demand(made <= CALLS_FREE + CALLS_PER_CHARACTER * outcome.size, f"{made} calls for {outcome.size} characters")
        return outcome
    tally.counts["memory counted"] += 1
    outcome, held = peak(lambda: attack.run(rng))
    demand(held <= BYTES_FREE + BYTES_PER_CHARACTER * outcome.size, f"{held} bytes for {outcome.size} characters")
    return outcome


def judge(tally: Tally) -> list[str]:
    """What a run leaves unsaid."""
    counts: Mapping[str, int] = tally.counts
    problems = []
    for name, attack in ATTACKS.items():
        accepted, refused = counts.get(f"{name} accepted", 0), counts.get(f"{name} refused", 0)
        low, high = attack.accepted
        if not accepted + refused or not low <= accepted / (accepted + refused) <= high:
            problems.append(f"{name}: {accepted} accepted and {refused} refused")
    codes = sum(1 for name in counts if name.startswith("code LIQ"))
    if codes < CODES_MIN:
        problems.append(f"only {codes} diagnostic codes were seen")
    programs = counts.get("program accepted", 0)
    if tally.constructs["documented"] < REACHED_MIN * programs:
        problems.append(f"of {programs} programs only {tally.constructs['documented']} became plan documents")
    wanted: Counter[str] = Counter({**dict.fromkeys(MUTATIONS, MUTATION_MIN), **dict.fromkeys((f"position {name}" for name in POSITIONS), POSITION_MIN)})
    problems += [f"{name} occurs {tally.constructs[name]} times" for name, least in wanted.items() if tally.constructs[name] < least]
    problems += [f"nothing was {name}" for name in ("calls counted", "memory counted") if not counts.get(name)]
    return problems


CAMPAIGN = Campaign("hostile", open_hostile, judge)
