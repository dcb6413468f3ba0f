"""Attacks by call: cursor tokens, parameters and claims that no honest caller would send."""

from __future__ import annotations

import base64
import datetime as dt
import decimal
import uuid
from typing import Any, Final

from liq.model import types as t
from liq.model.cursor_token import read_token, write_token
from liq.model.errors import ErrorKind, LiqError
from liq.model.values import IntervalValue, Value
from liq.reference.inputs import from_claim, typed
from tests.gen.rng import Rng
from tests.hostile.mutate import JUNK, mutated
from tests.hostile.outcome import Outcome, demand

SECRET, PLAN = b"secret", "sha256:00"
KEYS: Final[tuple[tuple[Value, t.Type], ...]] = (
    (7, t.INT), (None, t.TEXT), ("it's", t.TEXT), (decimal.Decimal("1.50"), t.Decimal(8, 2)), (uuid.UUID(int=5), t.UUID), (2**63 - 1, t.INT),
    (dt.datetime(2026, 1, 1, tzinfo=dt.UTC), t.TIMESTAMP), (dt.date(2026, 1, 1), t.DATE), (IntervalValue(1, 2, 3), t.INTERVAL), (True, t.BOOL), (0.5, t.FLOAT),
)  # fmt: skip
TYPES: Final[tuple[t.Type, ...]] = (
    t.BOOL, t.INT, t.INT16, t.INT32, t.FLOAT, t.Decimal(15, 2), t.Decimal(), t.TEXT, t.BYTES, t.UUID, t.DATE, t.TIME, t.TIMESTAMP, t.INTERVAL, t.JSON,
    t.Vector(3), t.Enum("mood", ("low", "high")), t.List(t.TEXT), t.List(t.List(t.INT)), t.List(t.JSON),
)  # fmt: skip
TEXTS: Final = (
    "", " ", "1", "-1", "+1", "1e5", "1e999999999", "-1e-999999999", "0x10", "1_000", "NaN", "Infinity", "-inf", "9" * 5_000, "0." + "0" * 5_000 + "1", "true", "t", "TRUE", "low",
    "2026-02-30", "2026-01-01", "infinity", "99999-01-01", "0000-00-00", "-4713-01-01", "24:00:00", "23:59:60", "2026-01-01T00:00:00+99:99", "2026-01-01 00:00:00 UTC",
    "1 year", "1" * 40 + " days", "-178000000 years", "1 day -1 day", "P1Y", "00000000-0000-0000-0000-000000000000", "{" + "0" * 32 + "}", "\\xdeadbeef", "\\x0", "ab", "zz",
    "{", "[]", "{}", '{"a":' * 3_000, "[" * 100_000, '"\\ud800"', "\ud800", "\0", "١٢٣", "１", "\u202e1", "'; drop table t --", "{1,2}", "[1,2,3]",
)  # fmt: skip


def attack_token(rng: Rng) -> Outcome:
    """A damaged cursor token: refused, or it says what the true one says."""
    chosen = [rng.pick(KEYS) for _ in range(rng.between(1, 4))]
    keys, kinds = tuple(value for value, _ in chosen), t.Cursor(tuple(type_ for _, type_ in chosen))
    token = write_token(keys, PLAN, SECRET)
    damaged = _damaged_token(rng, token, keys)
    try:
        read = read_token(damaged, kinds, PLAN, SECRET)
    except LiqError as error:
        demand(error.kind is ErrorKind.PARAMETER, f"a token refused as {error.kind}")
        return Outcome("cursor", False, (f"error {error.kind.value}",), size=len(token))
    demand(read == keys, "a forged token was accepted")
    return Outcome("cursor", True, size=len(token))


def _damaged_token(rng: Rng, token: str, keys: tuple[Value, ...]) -> Any:
    match rng.pick(["none", "text", "bits", "plan", "secret", "keys", "junk", "body", "case", "long", "pad"]):
        case "none":
            return token
        case "text":
            return mutated(rng, token, token)[0]
        case "bits":
            data = bytearray(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
            data[rng.between(0, len(data) - 1)] ^= 1 << rng.between(0, 7)
            return base64.urlsafe_b64encode(bytes(data)).decode().rstrip("=")
        case "plan":
            return write_token((*keys[1:], "other"), PLAN + "1", SECRET)
        case "secret":
            return write_token((*keys[1:], "other"), PLAN, b"guessed")
        case "keys":
            return write_token((*keys, 1), PLAN, SECRET)
        case "junk":
            return rng.pick(JUNK)
        case "body":
            return base64.urlsafe_b64encode(b"\0" * 16 + rng.pick([b"[1]", b"[" * 5_000, b"{}", b"\xff", b"NaN", b""])).decode()
        case "case":
            return token.swapcase()
        case "pad":
            return token + rng.pick(["=", "==", "====", "\n", " ", "é"])
        case _:
            return token * 400


def attack_value(rng: Rng) -> Outcome:
    """A value of the wrong form for a parameter or a claim: converted, or refused with a kind."""
    type_ = rng.pick(TYPES)
    raw = some_value(rng)
    as_claim = rng.chance(0.5)
    try:
        value = from_claim(raw, type_) if as_claim else typed(raw, type_)
    except LiqError as error:
        demand(len(error.message) < 300, f"a message of {len(error.message)} characters")
        return Outcome("value", False, (f"error {error.kind.value}",))
    demand(isinstance(hash(value), int), "a value that is not frozen")
    return Outcome("value", True)


def some_value(rng: Rng, depth: int = 3) -> Any:
    """Anything that JSON or a Python host may hand over."""
    match rng.pick(["text", "text", "junk", "python", "list", "object"]):
        case "text":
            return rng.pick(TEXTS)
        case "junk":
            return rng.pick(JUNK)
        case "python":
            return rng.pick([b"\xff", 1 + 0j, object(), ..., decimal.Decimal("NaN"), decimal.Decimal("1e999999"), decimal.Decimal("sNaN"), float("-inf"), -0.0, {1, 2}, range(3),
                             dt.datetime(1, 1, 1), dt.datetime.max.replace(tzinfo=dt.timezone(dt.timedelta(hours=-14))), dt.timedelta.max, dt.date.min, uuid.UUID(int=0), type, (1,)])  # fmt: skip
        case "list" if depth:
            return [some_value(rng, depth - 1) for _ in range(rng.between(0, 3))]
        case "object" if depth:
            return {rng.pick(["a", "", "\0", "\ud800", 5, None, "__proto__"]): some_value(rng, depth - 1) for _ in range(rng.between(0, 3))}
        case _:
            return rng.pick(TEXTS)


