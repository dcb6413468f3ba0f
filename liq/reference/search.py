"""Search as liq defines it: word tokens and their score, and the distance of vectors."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from liq.reference.errors import invalid_argument


def tokens(text: str) -> list[str]:
    """Maximal runs of letters and digits, in lower case."""
    words, word = [], ""
    for char in text:
        if char.isalnum():
            word += char
        elif word:
            words.append(word.lower())
            word = ""
    return [*words, word.lower()] if word else words


def matches(text: str, query: str) -> bool:
    """Whether every token of the query is one of the text's; a query without tokens matches nothing."""
    wanted = set(tokens(query))
    return bool(wanted) and wanted <= set(tokens(text))


def score(text: str, query: str) -> float:
    """How well a text answers a query, from this text alone."""
    words = tokens(text)
    counts = Counter(words)
    hits = (1 + math.log(counts[word]) for word in set(tokens(query)) if counts[word])
    return math.fsum(hits) / (1 + math.log(1 + len(words)))


def distance(a: Sequence[float], b: Sequence[float], kind: str = "cosine") -> float:
    """Cosine or Euclidean distance; the cosine of a zero vector is not defined."""
    if len(a) != len(b):
        invalid_argument("vectors of different dimensions")
    if kind == "l2":
        return math.sqrt(math.fsum((x - y) * (x - y) for x, y in zip(a, b, strict=True)))
    if kind != "cosine":
        invalid_argument("unknown kind of distance")
    norm = math.sqrt(math.fsum(x * x for x in a)) * math.sqrt(math.fsum(y * y for y in b))
    if norm == 0:
        return math.nan
    return 1 - math.fsum(x * y for x, y in zip(a, b, strict=True)) / norm
