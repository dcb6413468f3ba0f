"""Schemas and queries from text."""

from __future__ import annotations

from liq import front
from liq.model.ir import Query
from liq.model.schema import Schema
from liq.model.source import Source


def schema_of(text: str) -> Schema:
    """The schema that a text declares."""
    loaded = front.load_schema([Source("schema.liq", text)])
    assert not [d for d in loaded.diagnostics if d.is_error], loaded.diagnostics
    return loaded.schema


def query_of(schema: Schema, text: str) -> Query:
    """The query of a text."""
    found = front.compile_project([Source("q.liq", text)], schema)
    assert not [d for d in found.diagnostics if d.is_error], found.diagnostics
    return found.queries[0].query
