"""Hostile sizes: bounded work, and findings instead of tracebacks."""

from __future__ import annotations

import pytest

from liq.front.context import COPIED_MAX, NODES_MAX
from liq.front.declarations import declare
from liq.front.declared import SourceFile
from liq.model.schema import Schema
from liq.model.source import Source
from liq_grammar.parser import parse
from tests.front.programs import resolve_program

TABLE = "table t { id int key, n int? }\npolicy open on t for read using true\n"


def declared(text: str) -> tuple[Schema, list[str]]:
    """A schema and the codes of what is wrong with it."""
    parsed = parse(Source("hostile.liq", TABLE + text))
    assert not parsed.diagnostics
    result = declare([SourceFile("hostile.liq", parsed.tree)])
    return result.schema, [d.code.id for d in result.diagnostics]


def nested(inner: str, wrap: str, times: int) -> str:
    """``wrap`` around ``inner``, again and again."""
    for _ in range(times):
        inner = wrap.replace("#", inner)
    return inner


LARGE = {
    "between doubles its operand": f"read t where ({nested('n', 'case when (#) between 1 and 2 then 1 else 2 end', 20)}) = 1 limit 1",
    "a subject is compared with each branch": f"read t where ({nested('n', 'case # when 1 then 2 when 2 then 3 end', 20)}) = 1 limit 1",
    "nots": "read t where " + "not " * 105 + "id = 1 limit 1",
    "stages": "read t " + "| where id = 1 " * 1000 + "| limit 1",
    "joins": "read t a0 " + " ".join(f"join t a{i} on a{i}.id = a0.id" for i in range(1, 300)) + " { a0.id } limit 1",
}
FINE = {
    "conditions": "read t where " + " and ".join(["id = 1"] * 5000) + " limit 1",
    "choices": "read t where id in (" + ", ".join(map(str, range(5000))) + ") limit 1",
    "items": "read t { " + ", ".join(f"c{i}: id + {i}" for i in range(1000)) + " } limit 1",
    "operands": " union ".join(["read t { id }"] * 200) + " | limit 1",
    "a sum": "read t { x: " + " + ".join(["id"] * 100) + ", n: count() } group x limit 1",
    "reads in reads": nested("read t { id }", "read (#) q { id }", 25) + " | limit 1",
    "exists in exists": f"read t where {nested('id = 1', 'exists (read t where #)', 25)} limit 1",
    "keys of an order": "read t order " + ", ".join(["id + n"] * 500) + " limit 1",
}  # fmt: skip


@pytest.mark.parametrize("text", LARGE.values(), ids=LARGE.keys())
def test_too_large_is_one_finding(text: str) -> None:
    schema, _ = declared("")
    resolved = resolve_program(text, schema=schema)
    assert [d.code.name for d in resolved.diagnostics] == ["too-large"]
    assert resolved.context.nodes <= NODES_MAX + 1000


@pytest.mark.parametrize("text", FINE.values(), ids=FINE.keys())
def test_large_is_fine(text: str) -> None:
    schema, _ = declared("")
    assert not resolve_program(text, schema=schema).errors


def test_views_over_views_do_not_explode() -> None:
    views = "view v0 = read t { id }\n" + "\n".join(
        f"view v{i} = read v{i - 1} a join v{i - 1} b on a.id = b.id {{ a.id }}" for i in range(1, 30)
    )
    _, codes = declared(views)
    assert codes == ["LIQ0003"]


def test_views_over_views_are_not_endless() -> None:
    views = "view v0 = read t { id }\n" + "\n".join(f"view v{i} = read v{i - 1} where id > {i}" for i in range(1, 200))
    _, codes = declared(views)
    assert codes == ["LIQ0003"]


def test_functions_of_functions_do_not_explode() -> None:
    functions = "fn f0($x: int) = $x + $x\n" + "\n".join(
        f"fn f{i}($x: int) = f{i - 1}($x) + f{i - 1}($x)" for i in range(1, 30)
    )
    _, codes = declared(functions)
    assert codes == ["LIQ0003"]


def test_arguments_in_arguments_do_not_explode() -> None:
    schema, _ = declared("fn twice($x: int) = $x + $x")
    resolved = resolve_program(f"read t {{ x: {nested('id', 'twice(#)', 40)} }} limit 1", schema=schema)
    assert [d.code.id for d in resolved.diagnostics] == ["LIQ0003"]
    assert resolved.context.copied <= COPIED_MAX * 3


def test_a_subquery_as_an_argument_is_copied_with_columns_of_its_own() -> None:
    schema, _ = declared("fn twice($x: int) = $x + $x")
    text = "read t { x: twice((read t u { max(n) } where u.id < t.id)) } limit 1"
    root = resolve_program(text, schema=schema).root
    from liq.model.ir import Scan
    from liq.model.node import walk

    ids = [n.columns[0].id for n in walk(root.relation) if isinstance(n, Scan)]
    assert len(ids) == len(set(ids)) == 3
