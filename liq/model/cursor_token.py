"""Cursor tokens: the order keys of the last row of a page, typed, signed, bound to the plan that made them.

A token is base64url of a tag and canonical JSON. The tag is HMAC-SHA256 over the plan's identity and the JSON, so
that a
token is accepted only by the plan, and the host, that gave it out. Its content is not secret: it holds what the page
showed
and the keys it was ordered by.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

from liq.model.codec_shapes import ValueShape, decode
from liq.model.codec_values import encode_value, fits
from liq.model.errors import ErrorKind, LiqError
from liq.model.json_text import DocumentError, Limits, canonical, parse
from liq.model.types import Cursor
from liq.model.values import Value

TAG_BYTES = 16
TOKEN_LENGTH_MAX = 16_384
_LIMITS = Limits(bytes_max=TOKEN_LENGTH_MAX, depth_max=32)


def write_token(keys: tuple[Value, ...], plan: str, secret: bytes) -> str:
    """The token of a page's last row."""
    body = canonical([encode_value(key) for key in keys])
    return base64.urlsafe_b64encode(_tag(body, plan, secret) + body).decode("ascii").rstrip("=")


def read_token(token: object, type_: Cursor, plan: str, secret: bytes) -> tuple[Value, ...]:
    """The keys of a token, or a PARAMETER error that says nothing about why."""
    try:
        keys = _keys(token, plan, secret)
    except (binascii.Error, UnicodeEncodeError, DocumentError):
        raise _refusal() from None
    if len(keys) != len(type_.keys) or not all(fits(k, t) for k, t in zip(keys, type_.keys, strict=True)):
        raise _refusal()
    return keys


def _keys(token: object, plan: str, secret: bytes) -> tuple[Value, ...]:
    if not isinstance(token, str) or len(token) > TOKEN_LENGTH_MAX:
        raise _refusal()
    data = base64.b64decode(token.encode("ascii") + b"=" * (-len(token) % 4), altchars=b"-_", validate=True)
    tag, body = data[:TAG_BYTES], data[TAG_BYTES:]
    if not hmac.compare_digest(tag, _tag(body, plan, secret)):
        raise _refusal()
    items = parse(body, limits=_LIMITS)
    if not isinstance(items, list):
        raise _refusal()
    return tuple(decode(ValueShape(), item, "", "") for item in items)


def _tag(body: bytes, plan: str, secret: bytes) -> bytes:
    message = len(plan.encode()).to_bytes(4, "big") + plan.encode() + body
    return hmac.new(secret, b"liq.cursor/1" + message, hashlib.sha256).digest()[:TAG_BYTES]


def _refusal() -> LiqError:
    return LiqError(ErrorKind.PARAMETER, "the cursor is not one that this plan gave out")
