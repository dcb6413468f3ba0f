"""A JSON path may hold some positions, not any number: its text doubles with each."""

from __future__ import annotations

import pytest

from liq.front.compile import compile_query, load_schema
from liq.model.source import Source
from liq_planner.emit.query import emit_query
from liq_planner.emit.refusal import EmitRefused
from liq_planner.emit.scalars import JSON_POSITIONS_MAX

SCHEMA = load_schema([Source("s.liq", "table t { id int key, j json }\npolicy open on t for all using true")]).schema


def test_positions_are_bounded() -> None:
    def emit(count: int) -> None:
        emit_query(compile_query(Source("q.liq", f"read t {{ x: j{'[0]' * count} }}"), SCHEMA).queries[0], SCHEMA)

    emit(JSON_POSITIONS_MAX)
    with pytest.raises(EmitRefused):
        emit(JSON_POSITIONS_MAX + 1)
