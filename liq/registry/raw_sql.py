"""The one door for raw SQL: a grant that a profile may have, used once, with everything in the log."""

from __future__ import annotations

import hashlib

from attrs import define, field

from liq.model.codes import CAPABILITY_DENIED
from liq.registry.capability import Capability, Profile, may
from liq.registry.redact import without_values
from liq.registry.refusal import refuse
from liq.registry.registry import Registry


@define
class Grant:
    """The right to run one SQL text. Made by ``grant`` only."""

    registry: Registry
    profile: Profile
    capability: Capability
    _used: bool = field(default=False, init=False)

    def use(self, sql: str) -> str:
        """Spend the grant on a text: the text may run once after this, and the log says so already."""
        if self._used:
            _deny(self.registry, self.profile, self.capability, "the grant was used before")
        self._used = True
        self.registry.record("raw_sql.used", {
            "capability": self.capability.value, "profile": self.profile.value, "text": without_values(sql),
            "sha256": hashlib.sha256(sql.encode()).hexdigest(),
        })  # fmt: skip
        return sql


def grant(registry: Registry, profile: Profile, capability: Capability) -> Grant:
    """A grant, where the profile has the capability; else a refusal, which the log has before the caller."""
    if not may(profile, capability):
        _deny(registry, profile, capability, "the profile does not have it")
    registry.record("raw_sql.granted", {"capability": capability.value, "profile": profile.value})
    return Grant(registry, profile, capability)


def _deny(registry: Registry, profile: Profile, capability: Capability, reason: str) -> None:
    registry.record(
        "capability.denied", {"capability": capability.value, "profile": profile.value, "reason": reason}
    )
    refuse(CAPABILITY_DENIED, f"{profile.value} may not use {capability.value}: {reason}")
