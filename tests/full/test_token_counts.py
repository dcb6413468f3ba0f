"""Tokens as language models count them: liq beside SQL for the eighteen intents."""

from __future__ import annotations

import tomllib
from pathlib import Path

from tests.tools.count_tokens import count_tokens

INTENTS = tomllib.loads((Path(__file__).parents[1] / "acceptance" / "tokens.toml").read_text(encoding="utf-8"))["intent"]


def test_liq_needs_fewer_tokens_than_sql() -> None:
    sql = count_tokens([intent["sql"] for intent in INTENTS])
    liq = count_tokens([intent["liq"] for intent in INTENTS])
    for intent, before, after in zip(INTENTS, sql, liq, strict=True):
        print(f"{before:4} {after:4}  {intent['name']}")
        assert after <= before + 2, intent["name"]
    print(f"{sum(sql):4} {sum(liq):4}  in total")
    assert sum(liq) <= 400
