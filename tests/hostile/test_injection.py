"""A value can never become syntax: the SQL of a hostile text is the tree of a harmless one, in every position."""

from __future__ import annotations

import pytest
import sqlglot
from sqlglot import exp

from liq_planner.emit.refusal import EmitRefused
from liq_planner.emit.schema import emit_schema
from tests.campaigns.programs import Compiled, compile_program
from tests.hostile.injection import check_program, check_schema, texts
from tests.hostile.payloads import PAYLOADS
from tests.hostile.positions import CALLED, HARMLESS, POSITIONS, SCHEMA
from tests.hostile.tried import TriedSchema, tried_schema

STRIDE = 8


def sample(name: str) -> list[str]:
    """The payloads of a position here: each position begins elsewhere; the campaign pairs all with all."""
    return list(PAYLOADS[list(POSITIONS).index(name) % STRIDE :: STRIDE])


@pytest.mark.parametrize("name", POSITIONS)
def test_the_tree_of_a_program_is_that_of_a_harmless_text(name: str) -> None:
    accepted = [payload for payload in sample(name) if check_program(name, payload)]
    assert len(accepted) >= len(sample(name)) // 3


@pytest.mark.parametrize("name", [name for name, position in POSITIONS.items() if position.schema(HARMLESS) != SCHEMA])
def test_the_tree_of_a_schema_is_that_of_a_harmless_text(name: str) -> None:
    assert [payload for payload in sample(name) if check_schema(name, payload)]


def test_what_callers_pass_is_not_in_the_text() -> None:
    schema = tried_schema(SCHEMA)
    assert isinstance(schema, TriedSchema)
    compiled = compile_program(CALLED, schema.schema)
    assert isinstance(compiled, Compiled), compiled
    for sql in texts(compiled.sql):
        found = sqlglot.parse_one(sql, dialect="postgres")
        assert not [node for node in found.find_all(exp.Literal) if node.is_string and node.this in PAYLOADS and node.this]


def test_names_that_the_server_would_shorten_are_refused() -> None:
    """Shortened, the name would be that of another table, with other policies."""
    long = "x" * 64
    schema = tried_schema(SCHEMA + f"table {long} {{ id int key, {long} text }}\npolicy open on {long} for all using true\n")
    assert isinstance(schema, TriedSchema)
    with pytest.raises(EmitRefused, match="more than 63 bytes"):
        emit_schema(schema.schema)
    for program in (f"query q = read {long} {{ id }} limit 1", f"query q = read notes {{ {long}: id }} limit 1"):
        with pytest.raises(EmitRefused, match="more than 63 bytes"):
            compile_program(program, schema.schema)
