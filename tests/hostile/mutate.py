"""Mutations of texts, bytes and JSON: small damage to something real gets deeper than noise does."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, Final

from tests.gen.rng import Rng

TOKEN: Final = re.compile(r"--[^\n]*|'[^']*'|\"[^\"]*\"|\s+|[$@]?\w+|.", re.DOTALL)

CHARACTERS: Final = (
    "\0", "\x01", "\x1b", "\x7f", "\x85", "\xa0", "\r", "\r\n", "\t", "\n", "\ufeff", "\u200b", "\u202e", "\u2066", "\u2028", "\ud800", "\udfff",
    "\ufffd", "\uffff", "\U0001f4a9", "а", "е", "é", "ı", "ﬁ", "１", "٣", "’", "“", "–", "→", "'", '"', "`", "\\", ";", "$", "${x}", "@", "{", "}", "(", ")",
    "[", "]", "<", ">", "?", ":", "::", "|", "||", ".", "..", ",", ",,", "-", "--", "---", "/*", "*/", "//", "#", "%", "&", "^", "~", "!", "=", "==", "0", "9",
    "1e999", "1_", "0x1F", "1.", ".5", "99999999999999999999", "9" * 140, "1" + "0" * 40 + ".5", "1e-400",
)  # fmt: skip
"""Each of these has broken some reader of text."""

WORDS: Final = (
    "read insert update delete where group order limit offset after distinct follow let expect returning set union intersect except join left full cross "
    "on and or not in is null true false like ilike between matches case when then else end exists count sum distinct over by rows asc desc nulls first last "
    "table view fn policy role session channel enum query test migration key unique index check foreign auto sensitive tombstone as reverse from to into "
    "select with having values merge right cast interval date timestamp uuid bytes time int text json float decimal vector now choose max skip all any "
    "describe deleted using words restrictive grant run given error gives alter add drop rename partition unbounded current row start $x $x? @uid * excluded"
).split()

Mutation = Callable[[Rng, str, str], str]


def tokens(text: str) -> list[str]:
    """The text in pieces that a reader would call words and signs."""
    return TOKEN.findall(text)


def _at(rng: Rng, items: Sequence[Any]) -> int:
    return rng.between(0, max(len(items) - 1, 0))


def _delete(rng: Rng, text: str, _: str) -> str:
    parts = tokens(text)
    at = _at(rng, parts)
    del parts[at : at + rng.pick([1, 1, 1, 2, 5])]
    return "".join(parts)


def _duplicate(rng: Rng, text: str, _: str) -> str:
    parts = tokens(text)
    at = _at(rng, parts)
    piece = parts[at : at + rng.pick([1, 1, 2, 6])]
    return "".join([*parts[:at], *piece * rng.pick([1, 1, 2, 20]), *parts[at:]])


def _swap(rng: Rng, text: str, _: str) -> str:
    parts = tokens(text)
    if len(parts) > 1:
        a, b = _at(rng, parts), _at(rng, parts)
        parts[a], parts[b] = parts[b], parts[a]
    return "".join(parts)


def _word(rng: Rng, text: str, _: str) -> str:
    parts = tokens(text)
    parts.insert(_at(rng, parts), f" {rng.pick(WORDS)} ")
    return "".join(parts)


def _replace(rng: Rng, text: str, _: str) -> str:
    parts = tokens(text)
    if parts:
        parts[_at(rng, parts)] = rng.pick(WORDS)
    return "".join(parts)


def _borrow(rng: Rng, text: str, other: str) -> str:
    """A token of another text in the place of one of this: names and literals of the wrong kind."""
    parts, theirs = tokens(text), tokens(other)
    if parts and theirs:
        parts[_at(rng, parts)] = rng.pick(theirs)
    return "".join(parts)


def _rename(rng: Rng, text: str, _: str) -> str:
    """A word replaced by another word of the same text: what still parses, but means something else."""
    parts = tokens(text)
    words = [at for at, part in enumerate(parts) if part[0].isalpha() or part[0] in "$@"]
    if len(words) > 1:
        parts[rng.pick(words)] = parts[rng.pick(words)]
    return "".join(parts)


def _character(rng: Rng, text: str, _: str) -> str:
    at = rng.between(0, len(text))
    return text[:at] + rng.pick(CHARACTERS) + text[at + rng.pick([0, 0, 1]) :]


def _cut(rng: Rng, text: str, _: str) -> str:
    start = rng.between(0, len(text))
    return text[:start] + text[start + rng.pick([1, 2, 10, 80]) :]


def _truncate(rng: Rng, text: str, _: str) -> str:
    return text[: rng.between(0, len(text))]


def _splice(rng: Rng, text: str, other: str) -> str:
    mine, theirs = tokens(text), tokens(other)
    return "".join(mine[: _at(rng, mine)] + theirs[_at(rng, theirs) :])


def _nest(rng: Rng, text: str, _: str) -> str:
    """Brackets around a piece, some or many."""
    parts = tokens(text)
    at = _at(rng, parts)
    end = min(at + rng.pick([1, 3, 9]), len(parts))
    left, right = rng.pick(["()", "[]", "{}", "``", "''", ("not ", ""), ("(", ""), ("case when ", " end"), ("- ", "")])
    times = rng.pick([1, 1, 2, 10, 200])
    return "".join([*parts[:at], left * times, *parts[at:end], right * times, *parts[end:]])


MUTATIONS: Final[dict[str, Mutation]] = {
    each.__name__.strip("_"): each
    for each in (_delete, _duplicate, _swap, _word, _replace, _borrow, _rename, _character, _cut, _truncate, _splice, _nest)
}


def mutated(rng: Rng, text: str, other: str) -> tuple[str, list[str]]:
    """The text after a few mutations, and their names; ``other`` lends pieces. Never much longer than both."""
    names = [rng.pick(list(MUTATIONS)) for _ in range(rng.pick([1, 1, 1, 2, 3, 6]))]
    for name in names:
        text = MUTATIONS[name](rng, text, other)
    return text[:200_000], names


def noise(rng: Rng) -> str:
    """A random text: of characters, of words, or of both."""
    pool: Sequence[str] = rng.pick([CHARACTERS, WORDS, (*CHARACTERS, *WORDS)])
    glue = rng.pick(["", " ", "\n"])
    return glue.join(rng.pick(pool) for _ in range(rng.between(0, 120)))


def mutated_bytes(rng: Rng, data: bytes) -> bytes:
    """Bytes with some of them changed, or in another encoding."""
    if rng.chance(0.15):
        return data.decode("utf-8", "replace").encode(rng.pick(["utf-16", "utf-16-le", "utf-32", "utf-8-sig"]), "replace")
    changed = bytearray(data)
    for _ in range(rng.pick([1, 1, 2, 8])):
        at = rng.between(0, len(changed))
        junk = rng.pick([b"\xff", b"\x80", b"\xc0\x80", b"\xed\xa0\x80", b"\xf5\x80\x80\x80", b"\xe2\x28", b"\0", b"\xc3\xa9", b"\xfe\xff", b"a", b"\n"])
        changed[at : at + rng.pick([0, 1])] = junk
    return bytes(changed)


# ------------------------------------------------------------------------------------------------- JSON
JUNK: Final[tuple[Any, ...]] = (
    None, True, False, 0, -1, 1, 2**31, 2**53 - 1, 2**53, 2**63, -(2**63), 10**400, 1.5, float("nan"), float("inf"), "", "x", "\0", "\ud800", "'; drop table t --",
    "a" * 5_000, "sha256:" + "0" * 64, [], {}, [[]], [None], {"node": "Filter"}, {"node": "Literal"}, {"node": "Nonsense"}, {"node": 5}, {"int": "1"}, {"int": "9" * 5_000},
    {"decimal": "NaN"}, {"float": "1e999"}, {"timestamp": "9999999-01-01"}, {"object": {}}, "int", "text", "Text", {"node": "List", "element": "int"},
)  # fmt: skip


def mutated_json(rng: Rng, raw: Any) -> Any:
    """A JSON value with one place changed. Values are shared with the original, never changed in place."""
    if isinstance(raw, dict) and raw and rng.chance(0.85):
        key = rng.pick(sorted(raw))
        return {**raw, key: mutated_json(rng, raw[key])}
    if isinstance(raw, list) and raw and rng.chance(0.85):
        at = _at(rng, raw)
        return [*raw[:at], mutated_json(rng, raw[at]), *raw[at + 1 :]]
    if isinstance(raw, dict):
        return _mutated_object(rng, raw)
    if isinstance(raw, list):
        return rng.pick([raw * 2, raw[1:], raw[:-1], raw[::-1], [*raw, rng.pick(JUNK)], rng.pick(JUNK)])
    if isinstance(raw, str) and rng.chance(0.4):
        return rng.pick([raw + "x", raw[:-1], raw.upper(), raw.swapcase(), raw + "\u202e", raw + "' or '1'='1"])
    if isinstance(raw, int) and rng.chance(0.5):
        return rng.pick([raw + 1, raw - 1, -raw, raw * 2**40, not raw])
    return _nested(rng) if rng.chance(0.1) else rng.pick(JUNK)


def _mutated_object(rng: Rng, raw: dict[str, Any]) -> Any:
    choice = rng.pick(["drop", "add", "junk", "move"])
    if choice == "drop" and raw:
        gone = rng.pick(sorted(raw))
        return {key: value for key, value in raw.items() if key != gone}
    if choice == "add":
        return {**raw, rng.pick(["node", "span", "zz", "nullable", "type", "", "\0", "__class__"]): rng.pick(JUNK)}
    if choice == "move" and len(raw) > 1:
        a, b = rng.pick(sorted(raw)), rng.pick(sorted(raw))
        return {**raw, a: raw[b], b: raw[a]}
    return rng.pick(JUNK)


def _nested(rng: Rng) -> Any:
    """Something deep, of a form that documents have."""
    value: Any = rng.pick(JUNK)
    wrap = rng.pick([lambda v: [v], lambda v: {"node": "Not", "arg": v}, lambda v: {"node": "List", "element": v}, lambda v: {"a": v}])
    for _ in range(rng.pick([5, 100, 700])):
        value = wrap(value)
    return value
