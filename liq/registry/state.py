"""What the entries of a log come to: which plans there are, which of them may run, under which schema.

The log is the only truth. Whatever grants something in it names an envelope that a trusted key signed, so nobody
without a key can add plans by writing files; and each envelope counts once, at its place.
"""

from __future__ import annotations

from typing import Any

import attrs
from attrs import frozen

from liq.model.codes import REGISTRY_BROKEN
from liq.registry.log import Entry
from liq.registry.refusal import refuse

ADOPTED, REGISTERED, REVOKED = "schema.adopted", "plan.registered", "plan.revoked"
DECISIONS = frozenset({ADOPTED, REGISTERED, REVOKED})


@frozen
class Version:
    """One registered plan: immutable. ``envelope``, ``document`` and ``certificate`` name objects."""

    name: str
    version: int
    plan_id: str
    document: str
    certificate: str
    envelope: str
    epoch: int

    @property
    def key(self) -> tuple[str, int]:
        """Name and number."""
        return self.name, self.version

    @property
    def label(self) -> str:
        """As people write it."""
        return f"{self.name}@{self.version}"


@frozen
class State:
    """Everything that was decided. ``epoch`` counts the schemas that were adopted."""

    epoch: int = 0
    schema: str = ""
    schema_envelope: str = ""
    versions: dict[tuple[str, int], Version] = attrs.field(factory=dict)
    revoked: dict[tuple[str, int], str] = attrs.field(factory=dict)

    def of(self, name: str) -> list[Version]:
        """The versions of a name, oldest first."""
        return sorted((v for v in self.versions.values() if v.name == name), key=lambda v: v.version)

    def status(self, version: Version) -> str:
        """``active``, ``superseded`` (runs when asked for by its number), ``stale`` or ``revoked``."""
        if version.key in self.revoked:
            return "revoked"
        if version.epoch != self.epoch:
            return "stale"
        newest = self.current(version.name)
        return "active" if newest == version else "superseded"

    def current(self, name: str) -> Version | None:
        """What runs when a name is asked for: its newest version that may."""
        able = [v for v in self.of(name) if v.key not in self.revoked and v.epoch == self.epoch]
        return able[-1] if able else None

    def after(self, entry: Entry) -> State:
        """The state behind an entry, or a refusal where the entry cannot follow."""
        try:
            match entry.event:
                case "schema.adopted":
                    return self._adopted(entry)
                case "plan.registered":
                    return self._registered(entry.payload, entry.seq)
                case "plan.revoked":
                    return self._revoked(entry)
                case _:
                    return self
        except (KeyError, TypeError, ValueError):
            refuse(REGISTRY_BROKEN, f"entry {entry.seq} of the log does not say what it must")

    def _adopted(self, entry: Entry) -> State:
        payload = entry.payload
        if payload["epoch"] != self.epoch + 1:
            refuse(REGISTRY_BROKEN, f"entry {entry.seq} of the log adopts a schema out of turn")
        state = attrs.evolve(
            self, epoch=self.epoch + 1, schema=_text(payload, "schema"), schema_envelope=_text(payload, "envelope")
        )
        for each in payload["plans"]:
            state = state._registered(each, entry.seq)
        return state

    def _registered(self, payload: dict[str, Any], seq: int) -> State:
        number = payload["version"]
        if not isinstance(number, int) or isinstance(number, bool):
            raise ValueError(number)
        version = Version(
            _text(payload, "name"), number, _text(payload, "plan_id"), _text(payload, "document"),
            _text(payload, "certificate"), _text(payload, "envelope"), self.epoch,
        )  # fmt: skip
        if number != len(self.of(version.name)) + 1 or payload["epoch"] != self.epoch:
            refuse(REGISTRY_BROKEN, f"entry {seq} of the log registers a plan out of turn")
        return attrs.evolve(self, versions={**self.versions, version.key: version})

    def _revoked(self, entry: Entry) -> State:
        gone = {(_text(entry.payload, "name"), int(number)) for number in entry.payload["versions"]}
        if not gone <= self.versions.keys():
            refuse(REGISTRY_BROKEN, f"entry {entry.seq} of the log revokes what is not there")
        reason = _text(entry.payload, "reason")
        return attrs.evolve(self, revoked={**self.revoked, **dict.fromkeys(gone, reason)})


def _text(payload: dict[str, Any], name: str) -> str:
    value = payload[name]
    if not isinstance(value, str):
        raise TypeError(name)
    return value


def as_payload(version: Version) -> dict[str, Any]:
    """A version as the log says it."""
    return attrs.asdict(version)
