"""Compiling programs of the tests: whole projects, and queries against the shop."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from liq import front
from liq.front import CompiledProject
from liq.model.ir import Query
from liq.model.schema import Schema
from liq.model.source import Source

HERE = Path(__file__).parent


@cache
def shop() -> Schema:
    """The schema that queries are compiled against."""
    loaded = front.load_schema([Source("shop.liq", (HERE / "shop.liq").read_text(encoding="utf-8"))])
    assert not loaded.diagnostics, loaded.diagnostics
    return loaded.schema


def project(text: str) -> CompiledProject:
    """A program that brings its own schema."""
    return front.compile_project([Source("test.liq", text)])


def against_shop(text: str) -> CompiledProject:
    """Queries, tests and migrations over the shop."""
    return front.compile_project([Source("test.liq", text)], shop())


def schema_of(text: str) -> Schema:
    """The schema of declarations that are right."""
    loaded = front.load_schema([Source("test.liq", text)])
    assert loaded.ok, loaded.diagnostics
    return loaded.schema


def query_of(text: str, schema: Schema | None = None) -> Query:
    """The one query of a text that is right."""
    compiled = front.compile_query(Source("test.liq", text), schema or shop())
    assert compiled.ok, [(d.code.id, d.message) for d in compiled.diagnostics]
    (query,) = compiled.queries
    return query


def said(compiled: CompiledProject) -> list[str]:
    """What was found, a line each."""
    return [f"{d.code.id} {d.message}" for d in compiled.diagnostics]
