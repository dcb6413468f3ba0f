"""How much work something is, counted and bounded: calls that Python makes, and bytes that it holds. Never time."""

from __future__ import annotations

import sys
import tracemalloc
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")


class TooMuch(Exception):
    """Work went beyond what the size of the input allows."""


def counted(function: Callable[[], T], most: int | None = None) -> tuple[T, int]:
    """The result, and how many calls of Python and C functions it took; ``TooMuch`` as soon as there are more than ``most``."""
    made = 0

    def count(_: Any, event: str, __: Any) -> None:
        nonlocal made
        if event in ("call", "c_call"):
            made += 1
            if most is not None and made > most:
                sys.setprofile(None)
                raise TooMuch(f"more than {most} calls")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        result = function()
    finally:
        sys.setprofile(before)
    return result, made


def peak(function: Callable[[], T]) -> tuple[T, int]:
    """The result, and the most bytes that were held at once to make it."""
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        result = function()
        return result, tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()
