"""Attacks by plan document and schema document: damaged JSON, sealed again with the right hashes or not."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from liq import front
from liq.model.document import (
    SECTIONS,
    SourceText,
    against_schema,
    digest,
    make_document,
    read_plan,
    read_schema,
    write_schema,
)
from liq.model.json_text import DocumentError, canonical, parse
from liq.model.schema import Schema
from liq.model.source import Source
from liq_planner.emit.query import emit_query
from liq_planner.lower import lower_query
from tests.gen.rng import Rng
from tests.hostile.mutate import mutated_bytes, mutated_json
from tests.hostile.outcome import Outcome, coded, demand
from tests.hostile.worlds import example_worlds

COVERED = frozenset({"format", "params", *(key for key, section in SECTIONS.items() if section.covered)})
"""What ``plan_id`` is the hash of."""


@cache
def real_plans() -> tuple[tuple[bytes, Schema], ...]:
    """The documents of every example query."""
    made = []
    for world in example_worlds():
        for text in world.programs:
            source = Source("program.liq", text)
            for query in front.compile_query(source, world.schema).queries:
                sql = {"postgres": emit_query(query, world.schema)}
                plan = make_document(query=query, physical=lower_query(query), sql=sql, schema=world.schema, source=SourceText(source.name, text))
                made.append((plan.data, world.schema))
    assert len(made) > 10
    return tuple(made)


def sealed(raw: dict[str, Any]) -> dict[str, Any]:
    """The document with the hashes that belong to what it says now: what a forger would write."""
    covered = {key: value for key, value in raw.items() if key in COVERED}
    raw = {**raw, "plan_id": digest(canonical(covered))}
    return {**raw, "document": digest(canonical({key: value for key, value in raw.items() if key != "document"}))}


def attack_plan(rng: Rng) -> Outcome:
    """A damaged plan document."""
    data, schema = rng.pick(real_plans())
    form = rng.pick(["bytes", "text", "json", "json", "sealed", "sealed", "sealed"])
    changed = damaged(rng, data, form)
    return check_plan(changed, schema, form)


def check_plan(data: bytes, schema: Schema, form: str) -> Outcome:
    """A coded refusal, or a plan that writes exactly this document."""
    try:
        plan = read_plan(data, "plan.json")
        demand(canonical(parse(data)) == plan.data, "a document was read as something that it does not say")
        against_schema(plan, schema)
    except DocumentError as error:
        return Outcome("plan document", False, coded([error.diagnostic], {}), (f"plan {form}",), len(data))
    return Outcome("plan document", True, (), (f"plan {form}",), len(data))


def attack_schema_document(rng: Rng) -> Outcome:
    """A damaged schema document."""
    data = write_schema(rng.pick(example_worlds()).schema)
    form = rng.pick(["bytes", "text", "json", "json"])
    changed = damaged(rng, data, form)
    try:
        schema = read_schema(changed, "schema.json")
        demand(canonical(parse(changed)) == write_schema(schema), "a schema document was read as something that it does not say")
    except DocumentError as error:
        return Outcome("schema document", False, coded([error.diagnostic], {}), (f"schema {form}",), len(changed))
    return Outcome("schema document", True, (), (f"schema {form}",), len(changed))


def damaged(rng: Rng, data: bytes, form: str) -> bytes:
    """The bytes after damage of one kind; sometimes after none."""
    if rng.chance(0.03):
        return data
    match form:
        case "bytes":
            return mutated_bytes(rng, data)
        case "text":
            return _mutated_text(rng, data.decode("ascii")).encode("utf-8", "surrogatepass")
        case _:
            raw: Any = json.loads(data)
            for _ in range(rng.pick([1, 1, 2])):
                raw = mutated_json(rng, raw)
            return _written(sealed(raw) if form == "sealed" and isinstance(raw, dict) and _plain(raw) else raw)


def _plain(raw: object) -> bool:
    """Whether canonical JSON can say it: forged hashes are of what JSON can hold."""
    try:
        canonical(raw)  # type: ignore[arg-type]
    except (ValueError, TypeError):
        return False
    return True


def _written(raw: object) -> bytes:
    return json.dumps(raw, sort_keys=True, separators=(",", ":")).encode("ascii")


def _mutated_text(rng: Rng, text: str) -> str:
    """JSON's own pitfalls: members twice, odd numbers, odd escapes, trailing text, depth."""
    at = text.find('"', rng.between(0, len(text) - 1))
    match rng.pick(["twice", "number", "escape", "space", "tail", "deep", "cut"]):
        case "twice":
            start = rng.pick([at for at, char in enumerate(text) if char == "{"])
            return text[: start + 1] + '"node":1,"node":2,' + text[start + 1 :]
        case "number":
            junk = rng.pick(["NaN", "-Infinity", "1e999", "1.0", "-0", "9" * 5_000, "01", "0x1", "1_000", "٣"])
            digits = [at for at, char in enumerate(text) if char.isdigit()]
            place = rng.pick(digits)
            return text[:place] + junk + text[place + 1 :]
        case "escape":
            return text[: at + 1] + rng.pick(["\\ud800", "\\u0000", "\\x41", "\\", "\n", "\\u202e", "\ud800"]) + text[at + 1 :]
        case "space":
            return text.replace(",", rng.pick([" ,", ",\n", ",,", ",\ufeff"]), 1)
        case "tail":
            return text + rng.pick(["x", "{}", "\0", " ", "\n", ","])
        case "deep":
            times = rng.pick([10, 1_000, 5_000])
            return text[: at - 1] + rng.pick(["[", '{"a":']) * times + text[at:]
        case _:
            return text[: rng.between(0, len(text))]
