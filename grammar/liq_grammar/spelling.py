"""Which known word a misspelt one was probably meant to be."""

from __future__ import annotations

from collections.abc import Iterable


def distance(left: str, right: str, most: int) -> int:
    """Edits (a letter left out, added, changed, or two swapped) between two words; ``most + 1`` if there are more."""
    if abs(len(left) - len(right)) > most:
        return most + 1
    before: list[int] = []
    row = list(range(len(right) + 1))
    for at, char in enumerate(left, 1):
        older, before, row = before, row, [at]
        for to, other in enumerate(right, 1):
            cost = min(before[to] + 1, row[to - 1] + 1, before[to - 1] + (char != other))
            if at > 1 and to > 1 and char == right[to - 2] and left[at - 2] == other:
                cost = min(cost, older[to - 2] + 1)
            row.append(cost)
    return min(row[-1], most + 1)


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that ``word`` is a slip of: one edit in a short word, two in a long one."""
    if not 3 <= len(word) <= 40:
        return None
    most = 1 if len(word) <= 5 else 2
    found = sorted((distance(word, each, most), each) for each in known if len(each) >= 3)
    return found[0][1] if found and 0 < found[0][0] <= most else None
