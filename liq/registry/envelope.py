"""DSSE: a payload, what kind of thing it is, and signatures over both (``DSSEv1`` pre-authentication encoding)."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from liq.model.codes import REGISTRY_BROKEN, REGISTRY_KEY
from liq.model.json_text import DocumentError, Json, canonical, parse
from liq.registry.keys import Signer, Trust
from liq.registry.refusal import refuse

STATEMENT = "application/vnd.in-toto+json"
HEAD = "application/vnd.liq.log-head+json"
SIGNATURES_MAX = 16


def encoded(kind: str, payload: bytes) -> bytes:
    """What is signed."""
    return b"DSSEv1 %d %s %d %s" % (len(kind.encode()), kind.encode(), len(payload), payload)


def sealed(kind: str, value: Json, signer: Signer) -> bytes:
    """The envelope of a JSON value: canonical bytes."""
    payload = canonical(value)
    return canonical({
        "payload": base64.b64encode(payload).decode(),
        "payloadType": kind,
        "signatures": [{
            "keyid": signer.id, "sig": base64.b64encode(signer.sign(encoded(kind, payload))).decode(),
        }],
    })  # fmt: skip


def opened(data: bytes, kind: str, trust: Trust, what: str) -> dict[str, Any]:
    """The object in an envelope that a trusted key signed, or a refusal."""
    try:
        raw = parse(data)
    except DocumentError as error:
        refuse(REGISTRY_BROKEN, f"{what}: {error.diagnostic.message}")
    if not isinstance(raw, dict) or raw.keys() != {"payload", "payloadType", "signatures"}:
        refuse(REGISTRY_BROKEN, f"{what} is not an envelope")
    signatures = raw["signatures"]
    if raw["payloadType"] != kind or not isinstance(signatures, list) or not 0 < len(signatures) <= SIGNATURES_MAX:
        refuse(REGISTRY_BROKEN, f"{what} is not an envelope of {kind}")
    payload = _bytes(raw["payload"], what)
    if not any(_holds(each, encoded(kind, payload), trust, what) for each in signatures):
        refuse(REGISTRY_KEY, f"{what} has no signature by a key that is trusted here")
    try:
        value = parse(payload)
    except DocumentError as error:
        refuse(REGISTRY_BROKEN, f"{what}: {error.diagnostic.message}")
    if not isinstance(value, dict) or canonical(value) != payload:
        refuse(REGISTRY_BROKEN, f"{what} does not hold a canonical object")
    return value


def _holds(signature: Any, signed: bytes, trust: Trust, what: str) -> bool:
    if not isinstance(signature, dict) or signature.keys() != {"keyid", "sig"}:
        refuse(REGISTRY_BROKEN, f"{what} has a signature of another shape")
    return isinstance(signature["keyid"], str) and trust.holds(
        signature["keyid"], _bytes(signature["sig"], what), signed
    )


def _bytes(text: Any, what: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError, TypeError):
        refuse(REGISTRY_BROKEN, f"{what} holds something that is not base64")
