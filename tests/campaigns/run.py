"""``python -m tests.campaigns.run NAME --minutes M --seed S`` or ``--replay SEED``."""

from __future__ import annotations

import argparse
import importlib
import json
import subprocess
import sys
from pathlib import Path

from tests.campaigns.campaign import Campaign, Tally, run, run_case

HERE = Path(__file__).parent
NAMES = tuple(sorted(p.stem.removesuffix("_campaign") for p in HERE.glob("*_campaign.py")))


def load(name: str) -> Campaign:
    """The campaign of a name."""
    loaded: Campaign = importlib.import_module(f"tests.campaigns.{name}_campaign").CAMPAIGN
    return loaded


def main() -> int:
    """Runs a campaign, appends what it did to its ledger, and says whether it may be believed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=NAMES)
    parser.add_argument("--minutes", type=float, default=15)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--replay", help="run the one case of this seed, such as 1/42")
    options = parser.parse_args()
    campaign = load(options.name)
    if options.replay is not None:
        with campaign.open() as case:
            return _report(run_case(case, options.replay), [])
    tally = run(campaign, options.seed, minutes=options.minutes)
    problems = campaign.judge(tally)
    _record(campaign, options.seed, options.minutes, tally, problems)
    return _report(tally, problems)


def _record(campaign: Campaign, seed: int, minutes: float, tally: Tally, problems: list[str]) -> None:
    commit = subprocess.run(["git", "rev-parse", "HEAD"], cwd=HERE, capture_output=True, text=True, check=False).stdout.strip()
    entry = {
        "commit": commit, "seed": seed, "minutes": minutes, "cases": tally.cases, "counts": dict(sorted(tally.counts.items())),
        "constructs": dict(sorted(tally.constructs.items())), "problems": problems,
        "failures": [{"seed": f.seed, "summary": f.summary} for f in tally.failures],
    }  # fmt: skip
    with (HERE / f"{campaign.name}.jsonl").open("a", encoding="utf-8") as ledger:
        ledger.write(json.dumps(entry, sort_keys=True) + "\n")


def _report(tally: Tally, problems: list[str]) -> int:
    for failure in tally.failures:
        print(f"--- failure, seed {failure.seed}: {failure.summary}\n{failure.details}")
    for problem in problems:
        print(f"one-sided: {problem}")
    print(f"{tally.cases} cases, {len(tally.failures)} failures; " + ", ".join(f"{k} {v}" for k, v in sorted(tally.counts.items())))
    return 1 if tally.failures or problems else 0


if __name__ == "__main__":
    sys.exit(main())
