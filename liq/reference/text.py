"""Text functions: everything counts code points; lower and upper map ASCII letters only."""

from __future__ import annotations

import hashlib
import hmac
import string
from collections.abc import Sequence
from functools import lru_cache

from liq.reference.errors import invalid_argument, out_of_range, too_long

TEXT_LENGTH_MAX = 1 << 24
"""Longer results of repeat, lpad and rpad are refused here; PostgreSQL goes on to 1 GB."""

_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
_UPPER = str.maketrans(string.ascii_lowercase, string.ascii_uppercase)


def lower(text: str) -> str:
    """ASCII letters in lower case."""
    return text.translate(_LOWER)


def upper(text: str) -> str:
    """ASCII letters in upper case."""
    return text.translate(_UPPER)


def like(text: str, pattern: str) -> bool:
    """``%`` any run, ``_`` one code point, ``\\`` makes the next one plain."""
    reached = {0}  # positions of the pattern, as a set automaton: no backtracking
    steps = _pattern(pattern)
    reached = _over_runs(steps, reached)
    for char in text:
        following = set()
        for at in reached:
            if at < len(steps):
                match steps[at]:
                    case "%":
                        following.add(at)
                    case "_":
                        following.add(at + 1)
                    case literal if literal[1] == char:
                        following.add(at + 1)
        reached = _over_runs(steps, following)
        if not reached:
            return False
    return len(steps) in reached


def _over_runs(steps: Sequence[str], reached: set[int]) -> set[int]:
    result = set(reached)
    for at in reached:
        while at < len(steps) and steps[at] == "%":
            at += 1  # noqa: PLW2901 - walking on from where the automaton stands
            result.add(at)
    return result


@lru_cache(maxsize=256)
def _pattern(pattern: str) -> tuple[str, ...]:
    """The steps of a pattern: ``%``, ``_``, or ``=`` and the code point that must stand there."""
    steps, chars = [], iter(pattern)
    for char in chars:
        if char == "\\":
            escaped = next(chars, None)
            if escaped is None:
                invalid_argument("a like pattern must not end with its escape")
            steps.append("=" + escaped)
        else:
            steps.append(char if char in "%_" else "=" + char)
    return tuple(steps)


def ilike(text: str, pattern: str) -> bool:
    """``like`` without regard to the case of ASCII letters."""
    return like(lower(text), lower(pattern))


def substring(text: str, start: int, length: int | None = None) -> str:
    """From position ``start`` (1 is the first; positions before it are empty) on, at most ``length`` positions."""
    first = max(start, 1)
    if length is None:
        return text[first - 1 :]
    if length < 0:
        invalid_argument("negative substring length")
    return text[first - 1 : max(start + length, first) - 1]


def left(text: str, count: int) -> str:
    """The first code points; all but the last -count when negative."""
    return text[:count] if count >= 0 else text[: max(len(text) + count, 0)]


def right(text: str, count: int) -> str:
    """The last code points; all but the first -count when negative."""
    return text[max(len(text) - count, 0) :] if count >= 0 else text[-count:]


def replace(text: str, old: str, new: str) -> str:
    """Every occurrence replaced; an empty text is replaced nowhere."""
    if not old:
        return text
    if len(text) + text.count(old) * (len(new) - len(old)) > TEXT_LENGTH_MAX:
        too_long()
    return text.replace(old, new)


def position(text: str, part: str) -> int:
    """Where ``part`` first begins in ``text``, counted from 1; 0 when it does not."""
    return text.find(part) + 1


def split_part(text: str, separator: str, number: int) -> str:
    """The n-th field, counted from 1, or from the end when negative; empty beyond the ends."""
    if number == 0:
        invalid_argument("field position must not be zero")
    fields = text.split(separator) if separator else [text]
    if text == "":
        return ""
    index = number - 1 if number > 0 else len(fields) + number
    return fields[index] if 0 <= index < len(fields) else ""


def repeat(text: str, count: int) -> str:
    """The text several times over; never negative."""
    if len(text) * max(count, 0) > TEXT_LENGTH_MAX:
        out_of_range("text length")
    return text * max(count, 0)


def pad_left(text: str, length: int, fill: str) -> str:
    """Filled on the left, or cut on the right, to a length."""
    return _padding(text, length, fill) + text[: max(length, 0)]


def pad_right(text: str, length: int, fill: str) -> str:
    """Filled or cut on the right to a length."""
    return text[: max(length, 0)] + _padding(text, length, fill)


def _padding(text: str, length: int, fill: str) -> str:
    missing = length - len(text)
    if missing <= 0 or not fill:
        return ""
    if length > TEXT_LENGTH_MAX:
        out_of_range("text length")
    return (fill * (missing // len(fill) + 1))[:missing]


def mask(text: str, first: int, last: int) -> str:
    """The first and last code points with a star for each one between; all stars when nothing would be hidden."""
    first, last = max(first, 0), max(last, 0)
    if len(text) <= first + last:
        return "*" * len(text)
    return text[:first] + "*" * (len(text) - first - last) + text[len(text) - last :]


def keyed_hash(text: str, key: bytes) -> str:
    """Lower-case hex of HMAC-SHA256 of the UTF-8 text."""
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def md5(text: str) -> str:
    """Lower-case hex of MD5 of the UTF-8 text."""
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def decode_hex(text: str) -> bytes:
    """Bytes from hex digits; white space between pairs is allowed."""
    digits = "".join(text.split(" ")).translate({ord(c): None for c in "\t\n\r"})
    if len(digits) % 2 or not all(c in string.hexdigits for c in digits):
        invalid_argument("invalid hexadecimal data")
    return bytes.fromhex(digits)


def split(text: str, separator: str | None) -> tuple[str, ...]:
    """``string_to_array``: no fields of the empty text; a null separator splits into code points."""
    if not text:
        return ()
    if separator is None:
        return tuple(text)
    return tuple(text.split(separator)) if separator else (text,)
