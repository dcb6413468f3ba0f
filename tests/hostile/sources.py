"""Attacks by source text: through decoder, parser, formatter, front, planner, emission and plan document."""

from __future__ import annotations

from liq import front
from liq.model import ir
from liq.model.diagnostics import Diagnostic
from liq.model.document import SourceText, make_document, read_plan
from liq.model.json_text import DocumentError
from liq.model.schema import Schema
from liq.model.source import Source
from liq.model.stack import stack_room
from liq_grammar import decode, format_source, parse
from liq_planner.emit.query import emit_query
from liq_planner.emit.refusal import EmitRefused
from liq_planner.emit.schema import emit_schema
from liq_planner.lower import lower_query
from tests.gen.rng import Rng
from tests.hostile.mutate import mutated, mutated_bytes, noise
from tests.hostile.outcome import Outcome, coded, demand, has_errors, shown
from tests.hostile.worlds import World, lone_texts, some_world

STEPS_PER_CHARACTER, STEPS_PER_ERROR, STEPS_FREE = 12, 10_000, 2_000
"""Steps of the parser: each token costs some; each error looks at a bounded number of symbols and targets."""


def attack_program(rng: Rng) -> Outcome:
    """A damaged program against the schema that it was written for."""
    world = some_world(rng.fork("world"))
    text, names = _damaged(rng, rng.pick(world.programs), rng.pick(_others(world)))
    return check_program(text, world.schema, names)


def attack_schema(rng: Rng) -> Outcome:
    """A damaged schema, alone or with its sound half."""
    world = some_world(rng.fork("world"))
    texts = list(world.schema_texts)
    at = rng.between(0, len(texts) - 1)
    texts[at], names = _damaged(rng, texts[at], rng.pick(_others(world)))
    return check_schema(texts, names)


def attack_text(rng: Rng) -> Outcome:
    """A damaged corpus text, or noise, through the grammar only."""
    if rng.chance(0.3):
        return check_text(noise(rng), ["noise"])
    text, names = _damaged(rng, rng.pick(lone_texts()), rng.pick(lone_texts()))
    return check_text(text, names)


def attack_bytes(rng: Rng) -> Outcome:
    """Bytes of a file: what is UTF-8 is read, anything else is one coded finding."""
    world = some_world(rng.fork("world"))
    data = mutated_bytes(rng, rng.pick(world.programs).encode("utf-8", "replace"))
    read = decode("file.liq", data)
    if isinstance(read, Diagnostic):
        return Outcome("bytes", False, coded([read], {}), size=len(data))
    demand(read.text.encode() == data.removeprefix(b"\xef\xbb\xbf"), "decoding changed the text")
    return Outcome("bytes", True, check_program(read.text, world.schema, []).codes, size=len(data))


def _others(world: World) -> tuple[str, ...]:
    return (*world.programs, *world.schema_texts, *lone_texts())


def _damaged(rng: Rng, text: str, other: str) -> tuple[str, list[str]]:
    return mutated(rng, text, other)


# ------------------------------------------------------------------------------------------------- the checks
def check_text(text: str, steps: list[str]) -> Outcome:
    """Parser and formatter."""
    source = Source("file.liq", text)
    parsed = parse(source)
    codes = coded(parsed.diagnostics, {source.name: source})
    most = STEPS_FREE + STEPS_PER_CHARACTER * len(text) + STEPS_PER_ERROR * len(codes)
    demand(parsed.work <= most, f"{parsed.work} steps for {len(text)} characters and {len(codes)} problems")
    shown(parsed.diagnostics, {source.name: source})
    check_format(source)
    return Outcome("text", parsed.ok, codes, (*steps, *(("parsed",) if parsed.ok else ())), len(text))


def check_format(source: Source) -> None:
    """What does not parse is left alone; what does keeps its tree, and is not changed a second time."""
    before = parse(source)
    formatted = format_source(source)
    if not before.ok:
        demand(formatted.text == source.text, "the formatter changed what does not parse")
        return
    after = parse(Source(source.name, formatted.text))
    demand(after.ok, f"the formatter's text does not parse: {[d.message for d in after.diagnostics]}\n{formatted.text[:2000]}")
    demand(after.tree == before.tree, f"the formatter changed the tree\n{formatted.text[:2000]}")
    again = format_source(Source(source.name, formatted.text)).text
    demand(again == formatted.text, f"the formatter is not done after one pass\n{formatted.text[:2000]}\n---\n{again[:2000]}")


def check_schema(texts: list[str], steps: list[str]) -> Outcome:
    """Declarations, and their DDL where they are right."""
    sources = {f"schema{at}.liq": Source(f"schema{at}.liq", text) for at, text in enumerate(texts)}
    made = front.load_schema(list(sources.values()))
    codes = coded(made.diagnostics, sources)
    shown(made.diagnostics[:20], sources)
    for source in sources.values():
        check_format(source)
    accepted = not has_errors(made.diagnostics)
    if accepted:
        try:
            emit_schema(made.schema)
        except EmitRefused as refused:
            codes += coded([refused.diagnostic], {})
    return Outcome("schema", accepted, codes, tuple(steps), sum(map(len, texts)))


def check_program(text: str, schema: Schema, steps: list[str]) -> Outcome:
    """Queries, and everything that is made of them where they are right."""
    source = Source("program.liq", text)
    compiled = front.compile_query(source, schema)
    codes = coded(compiled.diagnostics, {source.name: source})
    shown(compiled.diagnostics[:20], {source.name: source})
    check_format(source)
    accepted = not has_errors(compiled.diagnostics)
    reached: tuple[str, ...] = ()
    if accepted:
        for query in compiled.queries[:4]:
            reached += _through_the_planner(query, source, schema)
    return Outcome("program", accepted, codes, (*steps, *reached), len(text))


def _through_the_planner(query: ir.Query, source: Source, schema: Schema) -> tuple[str, ...]:
    with stack_room():
        return _planned(query, source, schema)


def _planned(query: ir.Query, source: Source, schema: Schema) -> tuple[str, ...]:
    reached = ["compiled"]
    physical = lower_query(query)
    sql = {}
    for dialect in ("postgres", "duckdb"):
        try:
            sql[dialect] = emit_query(query, schema, dialect)
        except EmitRefused as refused:
            reached += [f"{dialect} refused", *coded([refused.diagnostic], {})]
    try:
        plan = make_document(query=query, physical=physical, sql=sql, schema=schema, source=SourceText(source.name, source.text))
    except DocumentError as error:
        return (*reached, *coded([error.diagnostic], {}))
    demand(read_plan(plan.data).data == plan.data, "a plan document that does not read back")
    return (*reached, "documented")
