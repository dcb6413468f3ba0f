"""A few rows of the small registry that a person can hold in the head."""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal
from functools import cache
from typing import Any

from liq.model.values import JsonValue
from liq.reference.database import Database
from tests.front.programs import registry


def u(number: int) -> uuid.UUID:
    """A short name for a uuid."""
    return uuid.UUID(int=number)


def day(number: int, hour: int = 0) -> dt.datetime:
    """An hour of January 2026."""
    return dt.datetime(2026, 1, number, hour, tzinfo=dt.UTC)


@cache
def small_database() -> Database:
    """Two publishers, three packages, five versions, four runs, and what hangs on them."""
    empty = JsonValue({})
    rows: dict[str, list[dict[str, Any]]] = {
        "publishers": [
            {"id": u(1), "name": "ann", "display_name": "Ann"},
            {"id": u(2), "name": "bob", "revoked_at": day(9)},
        ],
        "packages": [
            {"id": u(11), "name": "li-math", "owner_id": u(1), "meta": JsonValue({"a": {"b": "x"}, "n": 7}),
             "tags": ("math", "core"), "created_at": day(1)},
            {"id": u(12), "name": "li-text", "owner_id": u(1), "meta": empty, "tags": (), "created_at": day(2)},
            {"id": u(13), "name": "other", "owner_id": u(2), "description": "no versions", "meta": empty,
             "tags": ("core",), "created_at": day(3)},
        ],
        "package_versions": [
            _version(21, 11, 1, "1.0", 80.0, 100, day(4), False),
            _version(22, 11, 1, "1.1", 90.0, 150, day(5), True),
            _version(23, 11, None, "2.0", 95.0, 300, day(6), False),
            _version(24, 12, 2, "1.0", 50.0, 10, day(5), False),
            _version(25, 12, 2, "1.1", 60.0, 20, day(7), True),
        ],
        "yanks": [{"id": u(31), "package_version_id": u(22), "reason": "broken", "yanked_at": day(8)}],
        "attestations": [
            {"id": u(41), "package_version_id": u(21), "kind": "build", "digest": "d1"},
            {"id": u(42), "package_version_id": u(21), "kind": "test", "digest": "d2"},
        ],
        "agent_runs": [
            _run("r1", "x", "done", None, day(1, 8), "1.50"), _run("r2", "x", "failed", "timeout: 5s", day(1, 9), "2.00"),
            _run("r3", "y", "done", None, day(2, 8), "0.50"), _run("r4", "z", "queued", None, day(3, 8), "0.00"),
        ],
        "events": [
            {"run_id": "r1", "seq": 1, "kind": "start", "at": day(1, 8)},
            {"run_id": "r1", "seq": 2, "kind": "end", "at": day(1, 9)},
            {"run_id": "r2", "seq": 1, "kind": "start", "at": day(1, 9)},
            {"run_id": "r3", "seq": 1, "kind": "start", "at": day(2, 8)},
            {"run_id": "r3", "seq": 2, "kind": "log", "at": day(2, 9)},
            {"run_id": "r3", "seq": 3, "kind": "end", "at": day(2, 10)},
        ],
        "workspaces": [
            {"id": "w1", "name": "root"}, {"id": "w2", "name": "left", "parent_id": "w1"},
            {"id": "w3", "name": "right", "parent_id": "w1"}, {"id": "w4", "name": "leaf", "parent_id": "w3"},
        ],
        "a": [{"x": 1, "y": "p"}, {"x": 2, "y": None}, {"x": 3, "y": "q"}],
        "b": [{"x": 2, "y": None}, {"x": 3, "y": "r"}, {"x": 4, "y": "s"}],
    }  # fmt: skip
    return Database.of(registry(), rows)


def _version(
    id_: int, package: int, publisher: int | None, version: str, coverage: float, size: int, at: dt.datetime, yanked: bool
) -> dict[str, Any]:
    return {
        "id": u(id_), "package_id": u(package), "publisher_id": None if publisher is None else u(publisher),
        "version": version, "coverage_pct": coverage, "size": size, "published_at": at, "yanked": yanked,
    }  # fmt: skip


def _run(
    run_id: str, agent: str, status: str, error: str | None, started: dt.datetime, cost: str
) -> dict[str, Any]:
    return {
        "run_id": run_id, "agent_id": agent, "status": status, "error": error, "meta": JsonValue({}),
        "started_at": started, "finished_at": None if status == "queued" else started + dt.timedelta(hours=2),
        "cost": Decimal(cost),
    }  # fmt: skip
