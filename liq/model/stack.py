"""Room on Python's stack for trees whose depth is bounded (``liq_grammar.limits``), but not by Python's default of
1,000.

Everything that recurses over a plan does so by a few frames per level; the deepest program that the grammar accepts
needs some thousands. The limit is only ever raised, and put back where it was.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

FRAMES = 12_000


@contextmanager
def stack_room() -> Iterator[None]:
    """Run a block with enough frames for the deepest plan."""
    before = sys.getrecursionlimit()
    if before < FRAMES:
        sys.setrecursionlimit(FRAMES)
    try:
        yield
    finally:
        if before < FRAMES:
            sys.setrecursionlimit(before)
