"""The campaign, short: a few cases of it, and what it says of runs that say nothing."""

from __future__ import annotations

from typing import Any

import pytest

from tests.campaigns.campaign import Tally, run, run_case
from tests.campaigns.hostile_campaign import ATTACKS, CAMPAIGN, hostile_case, judge


def test_a_few_cases() -> None:
    tally = run(CAMPAIGN, 20_261, cases=12)
    assert tally.cases == 12
    assert not [failure.summary for failure in tally.failures]
    for name in ATTACKS:
        assert tally.counts[f"{name} refused"] + tally.counts[f"{name} accepted"] == 12 * ATTACKS[name].times
    assert sum(1 for name in tally.counts if name.startswith("code LIQ")) >= 40


def test_a_case_is_the_same_again() -> None:
    assert run_case(hostile_case, "7/3") == run_case(hostile_case, "7/3")


def test_what_escapes_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    def burst(_: object) -> Any:
        raise RecursionError("too deep")

    monkeypatch.setattr("tests.campaigns.hostile_campaign.ATTACKS", {"text": type(ATTACKS["text"])(burst, 1, (0, 1))})
    assert [failure.summary for failure in hostile_case("1/1").failures] == ["text: RecursionError: too deep"]


def test_a_run_that_says_nothing_is_said_to() -> None:
    said = judge(Tally())
    assert all(any(problem.startswith(f"{name}: 0 accepted") for problem in said) for name in ATTACKS)
    assert "only 0 diagnostic codes were seen" in said
