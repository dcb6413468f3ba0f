"""What every suite shares: hypothesis profiles and the throw-away PostgreSQL server."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.pg.server import Server, running_server

# No deadlines anywhere: the suites count work, never milliseconds. CI replays the same examples on every run.
settings.register_profile("dev", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("dev"), derandomize=True, print_blob=True, database=None)
settings.load_profile("ci" if os.environ.get("CI") else "dev")


@pytest.fixture(scope="session")
def pg() -> Iterator[Server]:
    """A PostgreSQL server of our own, one per test process, started when a test first asks for it."""
    with running_server() as server:
        yield server


@pytest.fixture
def pg_database(pg: Server) -> Iterator[str]:
    """The connection string of an empty database, dropped after the test."""
    with pg.database() as dsn:
        yield dsn
