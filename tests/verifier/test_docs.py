"""docs/verifier.md says what the encoder's tables say."""

from __future__ import annotations

from pathlib import Path

from liq_verifier.sorts import DESCRIPTIONS

PAGE = Path(__file__).parents[2] / "docs" / "verifier.md"


def test_the_page_lists_the_encodings() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert [f"| {kind} | {how} |" in text for kind, how in DESCRIPTIONS.items()] == [True] * len(DESCRIPTIONS)
