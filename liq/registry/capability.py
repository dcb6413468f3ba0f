"""Raw SQL: who may use it at all. A profile of callers has grants; nothing else opens the door.

Agents and MCP have none. The owner's command line may take one session grant, the migration runner one for a
migration; each is used once, and every denial and use is in the log.
"""

from __future__ import annotations

from enum import Enum


class Capability(Enum):
    """What raw SQL may be used for."""

    SESSION = "raw_sql:session"  # one statement of the owner
    MIGRATION = "raw_sql:migration"


class Profile(Enum):
    """Kinds of callers."""

    AGENT = "agent"
    MCP = "mcp"
    CLI_ADMIN = "cli_admin"
    MIGRATION_RUNNER = "migration_runner"


GRANTS: dict[Profile, frozenset[Capability]] = {
    Profile.AGENT: frozenset(),
    Profile.MCP: frozenset(),
    Profile.CLI_ADMIN: frozenset({Capability.SESSION}),
    Profile.MIGRATION_RUNNER: frozenset({Capability.MIGRATION}),
}


def may(profile: Profile, capability: Capability) -> bool:
    """Whether a profile has a capability."""
    return capability in GRANTS[profile]
