"""Plan documents of real queries: what they say, what their hashes cover, and what is refused."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import attrs
import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

import liq
from liq.model import document as d
from liq.model import physical as p
from liq.model.document_schema import plan_document_schema, text
from liq.model.json_text import DocumentError, canonical
from liq.model.schema import Operation
from liq.model.source import Source
from liq.model.trust import Trust
from tests.document.examples import PLANS, ROOT, compiled, plan, schema_of, sources

COMMITTED = ROOT / "schemas" / "plan.v1.json"
VALIDATOR = jsonschema.Draft202012Validator(plan_document_schema())

SCHEMA = """
table notes { id int key auto, owner text, title text, body json = {}, size int? }
session { uid: text? from 'sub' }
policy own on notes for all using owner = @uid
"""
QUERY = "read notes { id, title } where size > $min order id limit 10"


def made(query: str = QUERY, schema: str = SCHEMA, name: str = "q") -> liq.Plan:
    return liq.compile(query, schema=schema, name=name)


# --------------------------------------------------------------------------------------------------- the JSON Schema
def test_the_committed_schema_is_the_generated_one() -> None:
    assert COMMITTED.read_text(encoding="utf-8") == text()


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(plan_document_schema())


@pytest.mark.parametrize("project, name", PLANS)
def test_documents_are_what_the_schema_says(project: str, name: str) -> None:
    VALIDATOR.validate(json.loads(plan(name).document))


@pytest.mark.parametrize("change", [
    lambda doc: doc.update(extra=1), lambda doc: doc.pop("sql"), lambda doc: doc["ir"].update(colour="red"),
    lambda doc: doc["physical"]["steps"][0]["root"].update(node="Scan"), lambda doc: doc.update(format="liq.plan/2"),
    lambda doc: doc.update(plan_id="sha256:x"), lambda doc: doc["result"]["columns"][0].update(trust="full"),
])  # fmt: skip
def test_what_the_reader_refuses_the_schema_refuses(change: Any) -> None:
    document = json.loads(made().document)
    assert VALIDATOR.is_valid(document)
    change(document)
    assert not VALIDATOR.is_valid(document)
    with pytest.raises(DocumentError):
        d.read_plan(json.dumps(document))


# --------------------------------------------------------------------------------------------------- reading back
@pytest.mark.parametrize("project, name", PLANS)
def test_there_and_back(project: str, name: str) -> None:
    original = plan(name)
    back = d.read_plan(original.document)
    assert back == original.contents
    assert (back.data, back.plan_id, back.document) == (original.document, original.plan_id, original.contents.document)
    d.against_schema(back, schema_of(name))


@pytest.mark.parametrize("project", sorted({project for project, _ in PLANS}))
def test_schemas_there_and_back(project: str) -> None:
    schema = compiled(project).schema
    data = d.write_schema(schema)
    back = d.read_schema(data)
    assert back == schema
    assert d.write_schema(back) == data


def test_layout_of_the_json_does_not_matter_when_read() -> None:
    document = json.loads(made().document)
    assert d.read_plan(json.dumps(document, indent=3)).data == made().document
    assert d.read_plan(json.dumps(dict(reversed(document.items())))).data == made().document


def test_deep_programs_have_documents() -> None:
    deep = made(f"read notes {{ x: {'(' * 55}size{' + 1)' * 55} }} limit 1")
    assert d.read_plan(deep.document).data == deep.document


# --------------------------------------------------------------------------------------------------- hashes
def test_what_does_not_change_the_plan_id() -> None:
    same = [
        made("read notes{id,title}where size>$min order id limit 10"),
        made("-- a comment\nread notes { id, title }\n  order by id\n  where size > $min\n  limit 10"),
        made(name="other"),
        made(schema=SCHEMA.replace("\n", "\n-- said\n")),
        made(schema=SCHEMA.replace("owner text,", "owner text, --- who wrote it\n")),
    ]
    assert {each.plan_id for each in same} == {made().plan_id}
    assert len({each.contents.document for each in (*same[:3], made())}) == 4


@pytest.mark.parametrize("other", [
    made(QUERY.replace("10", "11")), made(QUERY.replace(">", ">=")), made(QUERY.replace("$min", "$least")),
    made(QUERY.replace("title", "owner")), made(QUERY.replace("order id", "order id desc")),
    made(schema=SCHEMA.replace("owner = @uid", "owner = @uid or size is null")),
    made(schema=SCHEMA.replace("size int?", "size int")), made(schema=SCHEMA.replace("from 'sub'", "from 'user'")),
    made("query q($min: int  --- the least\n) = " + QUERY),
])  # fmt: skip
def test_what_changes_the_plan_id(other: liq.Plan) -> None:
    assert other.plan_id != made().plan_id


def test_bytes_depend_on_the_input_alone() -> None:
    program = f"import liq, sys; sys.stdout.buffer.write(liq.compile({QUERY!r}, schema={SCHEMA!r}, name='q').document)"
    runs = {
        subprocess.run([sys.executable, "-c", program], cwd=folder, capture_output=True, check=True,
                       env={"PYTHONHASHSEED": seed, "TZ": zone, "LC_ALL": "C"}).stdout
        for seed, zone, folder in (("0", "UTC", "/"), ("3", "Asia/Tokyo", Path.cwd()))
    }  # fmt: skip
    assert runs == {made().document}


def test_documents_are_ascii_without_floats() -> None:
    odd = made("read notes { id } where title = 'naïve \u05d0' and size > 1e3 limit 1")
    odd.document.decode("ascii")
    json.loads(odd.document, parse_float=lambda _: pytest.fail("a float"))


# --------------------------------------------------------------------------------------------------- what it says
def test_what_a_read_says() -> None:
    contents = plan("candidates.of_city").contents
    assert {(c.name, c.trust) for c in contents.result.columns} == {
        ("id", Trust.USER_TEXT), ("name", Trust.USER_TEXT), ("email", Trust.USER_TEXT), ("phone", Trust.CONSTANT),
        ("person", Trust.OWN), ("city", Trust.USER_TEXT), ("status", Trust.USER_TEXT),
    }  # fmt: skip
    (effect,) = contents.effects
    assert (effect.operation, effect.table) == (Operation.READ, "candidates")
    assert {"email", "deleted_at", "status"} <= set(effect.columns)
    assert "resume" not in effect.columns
    assert contents.bounds.rows == 200
    assert [claim.name for claim in contents.claims] == ["role"]


def test_what_a_plan_of_writes_says() -> None:
    contents = plan("registry.publish").contents
    written = {(e.operation, e.table): e.columns for e in contents.effects if e.operation is not Operation.READ}
    assert set(written) == {(Operation.INSERT, "package_versions"), (Operation.INSERT, "attestations")}
    assert {"package_id", "publisher_id", "version"} <= set(written[Operation.INSERT, "package_versions"])
    assert [c.name for c in contents.claims] == ["uid", "publisher_id"]
    assert contents.bounds.rows == 1


def test_cascades_are_effects() -> None:
    effects = {(e.operation, e.table) for e in plan("plans.archive").contents.effects}
    assert {(Operation.DELETE, "plans"), (Operation.DELETE, "phases"), (Operation.DELETE, "steps")} <= effects


def test_bounds() -> None:
    assert made("read notes { id } where id = $id").contents.bounds.rows == 1
    assert made("read notes { n: count() }").contents.bounds.rows == 1
    assert made("read notes { id } limit $n max 30").contents.bounds.rows == 30
    assert made("query q($n: int check $n <= 40) = read notes { id } limit $n").contents.bounds.rows == 40
    assert made("read notes { id }").contents.bounds.rows is None


def test_affected() -> None:
    contents = made("delete notes where id = $id").contents
    assert contents.result == d.Result((), affected=True)
    assert [c.name for c in made("delete notes where id = $id returning title").contents.result.columns] == ["title"]


def test_params_are_a_tool_input() -> None:
    schema = plan("agent_runs.list").params
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["required"] == []
    properties: Any = schema["properties"]
    assert properties["n"] == {"type": "integer", "default": 20, "minimum": 1, "maximum": 200}
    assert properties["status"]["anyOf"][0]["enum"] == ["queued", "running", "done", "failed", "timed-out"]
    tool = jsonschema.Draft202012Validator(schema)
    assert tool.is_valid({"status": "done", "n": 5})
    assert not tool.is_valid({"status": "done!"})
    assert not tool.is_valid({"n": 500})
    assert not tool.is_valid({"other": 1})
    described: Any = plan("packages.list").params["properties"]
    assert described["prefix"]["description"] == "first letters of the name"


# --------------------------------------------------------------------------------------------------- lies
def resealed(contents: d.PlanDocument, **changes: Any) -> bytes:
    """A document that promises something else, with the right hashes of what it says."""
    return d._sealed(attrs.evolve(contents, **changes)).data


def refused(data: bytes | str) -> str:
    with pytest.raises(DocumentError) as caught:
        d.read_plan(data)
    return caught.value.diagnostic.code.id


def test_changed_documents_are_refused() -> None:
    data = made().document
    assert refused(data.replace(b"LIMIT 10", b"LIMIT 99")) == "LIQ0705"
    assert refused(data.replace(b'"format":"liq.plan/1"', b'"format":"liq.plan/9"')) == "LIQ0704"
    assert refused(data[:-1] + b',"x":1}') == "LIQ0703"
    assert refused(data[:-1] + b',"name":"q"}') == "LIQ0701"
    assert refused(data[:-1]) == "LIQ0701"


def test_promises_that_the_plan_does_not_bear_out() -> None:
    contents = made().contents
    shorter = attrs.evolve(contents.result, columns=contents.result.columns[:1])
    assert refused(resealed(contents, result=shorter)) == "LIQ0706"
    trusted = tuple(attrs.evolve(c, trust=Trust.CONSTANT) for c in contents.result.columns)
    assert refused(resealed(contents, result=attrs.evolve(contents.result, columns=trusted))) == "LIQ0706"
    no_steps = attrs.evolve(contents, physical=p.PhysicalPlan(()), result=d.Result(()))
    with pytest.raises((DocumentError, IndexError)):
        d.read_plan(d._sealed(no_steps).data)


@pytest.mark.parametrize("changes", [
    {"effects": ()}, {"claims": ()}, {"bounds": d.Bounds(1)}, {"schema_epoch": "sha256:" + "0" * 64},
])  # fmt: skip
def test_promises_that_only_a_schema_can_tell(changes: dict[str, Any]) -> None:
    lying = d.read_plan(resealed(made().contents, **changes))
    with pytest.raises(DocumentError) as caught:
        d.against_schema(lying, made().schema)
    assert caught.value.diagnostic.code.id == "LIQ0706"


def test_a_plan_is_for_its_schema() -> None:
    other = made(schema=SCHEMA.replace("owner = @uid", "true"))
    with pytest.raises(DocumentError, match="another schema"):
        d.against_schema(made().contents, other.schema)


@given(st.data())
def test_any_byte_changed_is_refused(data: st.DataObject) -> None:
    document = made().document
    at = data.draw(st.integers(0, len(document) - 1))
    new = data.draw(st.binary(min_size=0, max_size=2).filter(lambda b: b != document[at : at + 1]))
    try:
        changed = json.loads(document[:at] + new + document[at + 1 :])
        same = canonical(changed) == document
    except ValueError:
        same = False
    if not same:
        assert refused(document[:at] + new + document[at + 1 :]).startswith("LIQ07")


def test_sources_are_kept_with_places() -> None:
    contents = plan("registry.yank").contents
    text_of = {source.name: source for source in sources("registry")}
    assert contents.source.text == text_of["queries/publishing.liq"].text
    assert isinstance(text_of["queries/publishing.liq"], Source)
    span = contents.query.statements[1].span
    assert contents.source.text[span.start : span.end].startswith("update package_versions")
