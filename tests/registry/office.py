"""Registries for tests: with a few plans of notes, and what somebody with access to their files can do."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import liq.api
from liq.model.json_text import canonical
from liq.model.schema import Schema
from liq.registry.log import Head, entry_hash
from liq.registry.refusal import RegistryError
from liq.registry.registry import Options, Registry
from tests.verifier.workshop import ADD, LIST, NOTES, TAKE, compiled, notes_schema

ANN, BOB = "00000000-0000-0000-0000-00000000000a", "00000000-0000-0000-0000-00000000000b"
ROWS = {
    "notes": [
        {"id": f"00000000-0000-0000-0000-0000000000{i:02x}", "owner": owner, "title": title}
        for i, (owner, title) in enumerate([(ANN, "milk"), (ANN, "bread"), (BOB, "keys")], 1)
    ]
}
NARROW = NOTES.replace("using owner = @uid", "using owner = @uid and hits >= 0")
"""Another schema, under which the same queries prove."""
PLANS = {"notes.list": LIST, "notes.add": ADD}


def ticking() -> Callable[[], dt.datetime]:
    """A clock that moves by a second each time."""
    seconds = count()
    return lambda: dt.datetime(2026, 1, 1, tzinfo=dt.UTC) + dt.timedelta(seconds=next(seconds))


def new_registry(folder: Path, *texts: str) -> Registry:
    """A registry with some plans; the two of ``PLANS`` if none is named."""
    registry = Registry.create(folder / "registry", notes_schema(), clock=ticking())
    for text in texts or tuple(PLANS.values()):
        registry.register(compiled(text).contents)
    return registry


def reopened(registry: Registry, **options: Any) -> Registry:
    return Registry.open(registry.folder, Options(**options))


def database(schema: Schema):
    return liq.api.sample_database(schema, ROWS)


def call(registry: Registry, name: str = "notes.list", who: str = ANN, version: int | None = None, **params: Any) -> liq.api.Answer:
    return liq.api.execute_registered(registry, name, params, {"sub": who}, on=database, version=version)


def refusal(action: Callable[[], object]) -> str:
    """The code with which the registry refuses; ``accepted`` if it does not."""
    try:
        action()
    except RegistryError as error:
        return error.code.name
    return "accepted"


def events(registry: Registry) -> list[str]:
    return [entry.event for entry in registry.entries()]


def rechained(lines: list[dict[str, Any]]) -> bytes:
    """A log whose numbers and hashes fit again: what somebody without a key can do."""
    head, out = Head(), []
    for line in lines:
        seq = head.seq + 1
        fresh = entry_hash(seq, line["event"], line["payload"], line["recorded_at"], head.hash)
        out.append(canonical({**line, "seq": seq, "prev": head.hash, "hash": fresh}) + b"\n")
        head = Head(seq, fresh)
    return b"".join(out)


def log_lines(registry: Registry) -> list[dict[str, Any]]:
    return [json.loads(line) for line in registry.log.path.read_bytes().splitlines()]


__all__ = ["TAKE", "compiled", "notes_schema"]
