"""The example programs of the systems that liq serves: those that must work, those that must not, and the defects of an earlier
compiler, each shown impossible here."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

import pytest

from liq.front import compile as front
from liq.model.schema import Schema
from liq.model.source import Source
from liq_planner.emit.query import emit_query
from tests.campaigns.programs import compile_program, compile_schema

HERE = Path(__file__).parent

WORKING = """
read agent_runs limit 20
read agent_runs where status = $status limit 20
read agent_runs { id, created_at, status } where publisher_id = $pub order created_at desc limit 50
insert package_versions { package_id: $pkg, version: $ver, tarball_sha256: $sha }
update publishers set display_name = $name where id = $id returning id, display_name
read package_versions limit 10
read publishers where name = $name limit 1
read package_versions where version = $ver limit 1
read agent_runs limit 5
delete from agent_runs where run_id = $rid
insert package_versions { package_id: $pkg, version: $ver }
read packages where name = $name limit 1
read control_plane_state limit 1
read control_plane_reports limit 20
read briefing_snapshots where briefing_hash = $briefing_hash limit 1
read queued_agent_tasks where briefing_hash = $briefing_hash limit 50
"""

REFUSED = {
    "read agent_runs; drop table agent_runs": "LIQ0004",
    "read agent_runs where status = ${status}": "LIQ0004",
    "read not_in_catalog limit 1": "LIQ02",
    "read evil_table limit 1": "LIQ02",
    "read agent_runs { id, not_a_column } limit 1": "LIQ02",
    # Defects of an earlier compiler, refused with a reason.
    "read packages where name = $a where id = $b": "LIQ04",
    "delete agent_runs where run_id = $rid limit 1": "LIQ0",
    "delete packages": "LIQ04",
    "update packages set description = $d": "LIQ04",
    "read packages { } limit 1": "LIQ0",
    "read packages limit ٣": "LIQ0001",
    "read packages limit 99999999999999999999": "LIQ0",
}


@cache
def schema() -> Schema:
    return compile_schema((HERE / "systems.liq").read_text(encoding="utf-8"))


@pytest.mark.parametrize("text", WORKING.strip().splitlines())
def test_works(text: str) -> None:
    assert not isinstance(compile_program(text, schema()), str)


@pytest.mark.parametrize(("text", "code"), REFUSED.items())
def test_is_refused(text: str, code: str) -> None:
    compiled = front.compile_query(Source("q.liq", text), schema())
    assert any(d.is_error and d.code.id.startswith(code) for d in compiled.diagnostics), compiled.diagnostics


def sql_of(text: str) -> tuple[str, list[str], list[str]]:
    """The SQL, what is bound in order, and the parameters."""
    compiled = front.compile_query(Source("q.liq", text), schema())
    assert not [d for d in compiled.diagnostics if d.is_error], compiled.diagnostics
    query = compiled.queries[0]
    step = emit_query(query, schema()).members[0].steps[0].main
    return step.text, [repr(b) for b in step.binds], [p.name for p in query.parameters]


def test_a_constant_of_an_insert_is_kept() -> None:
    text, binds, params = sql_of("insert packages { name: 'x y' }")
    assert "x y" not in text
    assert any("'x y'" in bind for bind in binds)
    assert params == []


def test_a_constant_of_an_update_is_kept() -> None:
    text, binds, _ = sql_of("update packages set description = 'x y' where id = $id")
    assert "x y" not in text
    assert any("'x y'" in bind for bind in binds)


@pytest.mark.parametrize("text", ["update packages set description = $name where name = $name", "insert packages { name: $n, description: $n }"])
def test_a_parameter_used_twice_is_one_parameter(text: str) -> None:
    _, binds, params = sql_of(text)
    assert len(params) == 1
    assert sum("ParamRef" in bind for bind in binds) == 1


def test_a_comma_inside_text_is_text() -> None:
    _, binds, _ = sql_of("insert packages { name: 'a, b' }")
    assert any("'a, b'" in bind for bind in binds)


@pytest.mark.parametrize("text", ["read agent_runs {id, status} limit 5", "read agent_runs { id,status } limit 5", "read agent_runs{id,status}limit 5"])
def test_spaces_do_not_matter(text: str) -> None:
    assert sql_of(text)[0] == sql_of("read agent_runs { id, status } limit 5")[0]


def test_written_columns_stand_unqualified() -> None:
    text, _, _ = sql_of("update packages set description = $d where id = $id")
    assert 'SET "description" =' in text
    text, _, _ = sql_of("insert packages { name: $n }")
    assert re.search(r'INSERT INTO "packages" AS p1 \(\s+"id",\s+"name",', text)


def test_the_type_of_a_parameter_comes_from_its_column() -> None:
    compiled = front.compile_query(Source("q.liq", "read package_versions where coverage_pct >= $pub and version = $id"), schema())
    types = {p.name: str(p.type) for p in compiled.queries[0].parameters}
    assert types == {"pub": "float", "id": "text"}


def test_a_literal_in_where_compiles() -> None:
    assert sql_of("read packages where name = 'a'")[0]


def test_white_space_and_comments_do_not_change_the_plan() -> None:
    import liq

    first = liq.compile("read packages where name = $n limit 1", schema=schema(), name="q")
    second = liq.compile("-- said twice\nread   packages\n where name=$n\n limit 1", schema=schema(), name="q")
    assert first.plan_id == second.plan_id
    assert json.loads(first.document)["plan_id"] == first.plan_id
