"""The audit log: one JSON object a line, each with the hash of the one before it.

Decisions are durable before they are answered; runs are chained at once and synced in groups. What was read once is
remembered: a log that got shorter or other is refused. Values of parameters, claims and rows never stand in it.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from attrs import define, field, frozen

from liq.model.codes import REGISTRY_BROKEN
from liq.model.json_text import DocumentError, Json, canonical, parse
from liq.registry.files import FILE_MODE, sync_folder
from liq.registry.refusal import refuse

GENESIS = "genesis"
LINE_BYTES_MAX = 1_000_000
GROUP_MAX = 64
"""Entries about runs that may wait for the disk together."""
_MEMBERS = {"event", "hash", "payload", "prev", "recorded_at", "seq"}


@frozen
class Head:
    """The newest entry of a log: its number and its hash."""

    seq: int = 0
    hash: str = GENESIS


@frozen
class Entry:
    """One thing that happened."""

    seq: int
    event: str
    payload: dict[str, Any]
    recorded_at: str
    prev: str
    hash: str

    @property
    def head(self) -> Head:
        """This entry as the newest one."""
        return Head(self.seq, self.hash)

    def line(self) -> bytes:
        """The bytes of the entry in the log."""
        return canonical({
            "event": self.event, "hash": self.hash, "payload": self.payload, "prev": self.prev,
            "recorded_at": self.recorded_at, "seq": self.seq,
        }) + b"\n"  # fmt: skip


def entry_hash(seq: int, event: str, payload: Json, recorded_at: str, prev: str) -> str:
    """The hash that binds an entry to everything before it."""
    members: Json = {"event": event, "payload": payload, "prev": prev, "recorded_at": recorded_at, "seq": seq}
    return hashlib.sha256(canonical(members)).hexdigest()


def read_entries(data: bytes, after: Head) -> Iterator[Entry]:
    """The entries in some whole lines, each following from the one before it, or a refusal."""
    for line in data.splitlines(keepends=True):
        entry = _entry(line, after)
        yield entry
        after = entry.head


def _entry(line: bytes, before: Head) -> Entry:
    number = before.seq + 1
    if len(line) > LINE_BYTES_MAX:
        refuse(REGISTRY_BROKEN, f"entry {number} of the log is too long")
    try:
        raw = parse(line)
    except DocumentError as error:
        refuse(REGISTRY_BROKEN, f"entry {number} of the log: {error.diagnostic.message}")
    if not isinstance(raw, dict) or raw.keys() != _MEMBERS or canonical(raw) + b"\n" != line:
        refuse(REGISTRY_BROKEN, f"entry {number} of the log is not an entry")
    if raw["seq"] != number or raw["prev"] != before.hash:
        refuse(REGISTRY_BROKEN, f"entry {number} of the log does not follow from entry {before.seq}")
    texts = (raw["event"], raw["recorded_at"], raw["hash"])
    if not all(isinstance(each, str) for each in texts) or not isinstance(raw["payload"], dict):
        refuse(REGISTRY_BROKEN, f"entry {number} of the log is not an entry")
    entry = Entry(number, raw["event"], raw["payload"], raw["recorded_at"], raw["prev"], raw["hash"])
    if entry.hash != entry_hash(number, entry.event, entry.payload, entry.recorded_at, entry.prev):
        refuse(REGISTRY_BROKEN, f"the hash of entry {number} of the log is not that of its content")
    return entry


def utc_now() -> dt.datetime:
    """The clock of the host."""
    return dt.datetime.now(dt.UTC)


@define
class Log:
    """A log file, read up to ``head``. Every method is called with the registry's lock held."""

    path: Path
    clock: Callable[[], dt.datetime] = utc_now
    sync_every: int = GROUP_MAX
    head: Head = field(factory=Head, init=False)
    waiting: int = field(default=0, init=False)
    _offset: int = field(default=0, init=False)

    def news(self) -> list[Entry]:
        """The entries behind the newest one known. A last line without its end was never answered: it is left out."""
        try:
            size = self.path.stat().st_size
        except FileNotFoundError:
            size = 0
        if size < self._offset:
            refuse(REGISTRY_BROKEN, f"the log is shorter than it was: entry {self.head.seq} is gone")
        if size == self._offset:
            return []
        with open(self.path, "rb") as file:
            file.seek(self._offset)
            data = file.read(size - self._offset)
        whole = data[: data.rfind(b"\n") + 1]
        entries = list(read_entries(whole, self.head))
        if entries:
            self.head = entries[-1].head
        self._offset += len(whole)
        return entries

    def append(self, event: str, payload: dict[str, Any], durable: bool = True) -> Entry:
        """Write an entry behind the newest one; ``news`` must have been read. Durable, or soon to be."""
        recorded_at = self.clock().astimezone(dt.UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        seq = self.head.seq + 1
        hashed = entry_hash(seq, event, payload, recorded_at, self.head.hash)
        entry = Entry(seq, event, payload, recorded_at, self.head.hash, hashed)
        line = entry.line()
        is_new = not self.path.exists()
        handle = os.open(self.path, os.O_RDWR | os.O_CREAT, FILE_MODE)
        try:
            if os.fstat(handle).st_size > self._offset:
                os.ftruncate(handle, self._offset)  # the torn end of an entry that was never answered
            written = os.pwrite(handle, line, self._offset)
            if written != len(line):
                os.ftruncate(handle, self._offset)
                refuse(REGISTRY_BROKEN, "the log cannot be written: the disk is full")
            self.waiting += 1
            if durable or self.waiting >= self.sync_every:
                os.fsync(handle)
                self.waiting = 0
        finally:
            os.close(handle)
        if is_new:
            sync_folder(self.path.parent)
        self.head, self._offset = entry.head, self._offset + len(line)
        return entry

    def sync(self) -> None:
        """Make everything that was appended durable."""
        if self.waiting:
            handle = os.open(self.path, os.O_RDWR)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
            self.waiting = 0

    def verify_chain(self) -> int:
        """Read the whole log again from its beginning; how many entries it has, or a refusal."""
        data = self.path.read_bytes() if self.path.exists() else b""
        head, seen = Head(), Head()
        for entry in read_entries(data, Head()):
            head = entry.head
            if head.seq == self.head.seq:
                seen = head
        if self.head != seen:
            refuse(REGISTRY_BROKEN, f"entry {self.head.seq} of the log is not the one that was read before")
        return head.seq
