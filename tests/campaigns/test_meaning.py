"""A short meaning campaign, and proof that it notices what it is there to notice."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.campaigns import meaning_campaign
from tests.campaigns.campaign import Tally, run_case
from tests.campaigns.databases import Postgres, postgres
from tests.campaigns.programs import Compiled, compile_program
from tests.campaigns.results import same, same_bag, same_order

CASES = 5


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with postgres() as opened:
        yield opened


@pytest.mark.parametrize("number", range(CASES))
def test_all_answers_agree(server: Postgres, number: int) -> None:
    tally = run_case(lambda seed: meaning_campaign.meaning_case(server, seed), f"suite/{number}")
    assert not tally.failures, tally.failures[0].details
    assert tally.counts["compared"] >= meaning_campaign.PROGRAMS


def test_a_policy_that_is_left_out_is_noticed(server: Postgres, monkeypatch: pytest.MonkeyPatch) -> None:
    from liq_planner.emit.query import emit_query

    def leaky(text: str, schema: object) -> Compiled | str:
        compiled = compile_program(text, schema)  # type: ignore[arg-type]
        if isinstance(compiled, str):
            return compiled
        open_sql = emit_query(meaning_campaign.without_policies(compiled.query), schema)  # type: ignore[arg-type]
        return Compiled(compiled.query, compiled.physical, open_sql)

    monkeypatch.setattr(meaning_campaign, "compile_program", leaky)
    failures = [f for n in range(3) for f in run_case(lambda seed: meaning_campaign.meaning_case(server, seed), f"leaky/{n}").failures]
    assert any("PostgreSQL" in f.summary for f in failures)


def test_bags_and_orders() -> None:
    assert same_bag([(1,), (2,), (1,)], [(1,), (1,), (2,)])
    assert not same_bag([(1,), (2,)], [(1,), (1,)])
    assert same_order([(1, "a"), (1, "b"), (2, "c")], [(1, "b"), (1, "a"), (2, "c")], [1, 1, 2])
    assert not same_order([(1, "a"), (2, "b")], [(2, "b"), (1, "a")], [1, 2])


def test_floats_within_tolerance_and_kinds_apart() -> None:
    assert same(0.1 + 0.2, 0.3)
    assert not same(0.1, 0.1000001)
    assert not same(1, 1.0)
    assert same(float("nan"), float("nan"))


def test_a_one_sided_run_is_refused() -> None:
    tally = Tally(cases=1)
    assert meaning_campaign.judge(tally) == ["nothing was compared"]
    tally.counts.update({"compared": 100, "with rows": 10, "lost to a policy": 50, "errors": 1})
    assert any("have rows" in problem for problem in meaning_campaign.judge(tally))
    assert any("Select" not in problem and "times" in problem for problem in meaning_campaign.judge(tally))
