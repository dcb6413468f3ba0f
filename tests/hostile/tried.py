"""Schemas that may be refused: either a schema or the codes of what is wrong with it."""

from __future__ import annotations

from attrs import frozen

from liq import front
from liq.model.schema import Schema
from liq.model.source import Source
from tests.hostile.outcome import coded, has_errors


@frozen
class TriedSchema:
    """A schema that was accepted."""

    schema: Schema


def tried_schema(text: str) -> TriedSchema | tuple[str, ...]:
    """The schema of a text, or why it is none."""
    source = Source("schema.liq", text)
    loaded = front.load_schema([source])
    codes = coded(loaded.diagnostics, {source.name: source})
    return codes if has_errors(loaded.diagnostics) else TriedSchema(loaded.schema)
