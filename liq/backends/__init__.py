"""Running plans elsewhere: PostgreSQL, DuckDB. Drivers are optional: each is loaded when its dialect is asked for."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

EXECUTORS = {"postgres": "liq.backends.postgres", "duckdb": "liq.backends.duckdb"}
"""The module that runs each dialect."""


def executor(dialect: str) -> Callable[..., Any]:
    """``execute(connection, plan, query, schema, params, claims, …)`` of a dialect; ``KeyError`` where none runs it."""
    run: Callable[..., Any] = import_module(EXECUTORS[dialect]).execute
    return run
