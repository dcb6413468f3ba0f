"""A seeded source of choices."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


class Rng:
    """Choices that follow from a seed only. ``fork`` gives an independent stream by name, so that cases stay stable."""

    def __init__(self, seed: int | str) -> None:
        self.seed = seed
        self._random = random.Random(str(seed))

    def fork(self, name: str | int) -> Rng:
        """A stream of its own."""
        return Rng(f"{self.seed}/{name}")

    def chance(self, probability: float) -> bool:
        """True with this probability."""
        return self._random.random() < probability

    def between(self, low: int, high: int) -> int:
        """An int, both ends included."""
        return self._random.randint(low, high)

    def pick(self, items: Sequence[T]) -> T:
        """One of them."""
        return items[self._random.randrange(len(items))]

    def sample(self, items: Sequence[T], count: int) -> list[T]:
        """Some different ones, in their own order."""
        chosen = sorted(self._random.sample(range(len(items)), min(count, len(items))))
        return [items[i] for i in chosen]

    def weighted(self, options: Sequence[tuple[float, Callable[[], T]]]) -> T:
        """Calls one of the options, each as likely as its weight says."""
        thunks = [thunk for _, thunk in options]
        return self._random.choices(thunks, [weight for weight, _ in options])[0]()

    def shuffled(self, items: Sequence[T]) -> list[T]:
        """All of them in some order."""
        result = list(items)
        self._random.shuffle(result)
        return result
