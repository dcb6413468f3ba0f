"""Reads inside declared queries: parameters, cursors and families as a whole compile sees them."""

from __future__ import annotations

import pytest

from liq.front.compile import compile_query
from liq.model.ir import Query, Scan
from liq.model.node import walk
from liq.model.source import Source
from liq.model.types import Cursor
from tests.front.programs import registry


def compiled(text: str) -> Query:
    """The one query of a text that is right."""
    result = compile_query(Source("query.liq", text), registry())
    assert not [d for d in result.diagnostics if d.is_error], result.diagnostics
    (query,) = result.queries
    return query


def refused(text: str) -> list[str]:
    """The codes of what is wrong with a text."""
    return [d.code.name for d in compile_query(Source("query.liq", text), registry()).diagnostics if d.is_error]


def test_a_declared_cursor_takes_the_keys_of_its_order() -> None:
    query = compiled("query q($c: cursor?, $n: int) = read events { id } order at desc after $c? limit $n max 50")
    cursor = query.parameters[0]
    assert isinstance(cursor.type, Cursor) and [str(t) for t in cursor.type.keys] == ["timestamp", "int"]
    assert cursor.optional and query.paging is not None and query.ordered


@pytest.mark.parametrize("text, code", [
    ("query q($a: text) = read agent_runs where agent_id = $b limit 1", "unknown-parameter"),
    ("query q($a: int) = read agent_runs where agent_id = $a limit 1", "type-mismatch"),
    ("query q($a: text) = read agent_runs where agent_id = $a? limit 1", "optional-required"),
    ("query q($c: text?) = read events order at after $c? limit 5", "parameter-conflict"),
    ("query q($s: int?) = read events order choose $s? { at: at } limit 5", "parameter-conflict"),
    ("update packages set name = 'x' where name = $n?", "optional-place"),
])  # fmt: skip
def test_wrong_uses_of_parameters(text: str, code: str) -> None:
    assert refused(text) == [code]


def test_every_scan_of_a_finished_query_has_its_access() -> None:
    query = compiled(
        "read packages { name, n: count(versions), latest: (read latest { last } where package_id = packages.id) } "
        "where owner.name = $owner and exists (versions where yanked) limit 5"
    )
    scans = [n for n in walk(query.statements[0].body) if isinstance(n, Scan)]
    assert len(scans) == 5
    assert all(scan.access is not None for scan in scans)


def test_a_description_follows_its_parameter() -> None:
    query = compiled("query q(\n  $kind: text?,  --- only these\n) = read events where kind = $kind? limit 5")
    assert query.parameters[0].description == "only these" and query.parameters[0].optional
