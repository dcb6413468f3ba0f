"""Real texts to damage: the examples, the acceptance programs, the corpora of the grammar, generated programs."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from attrs import frozen

from liq import front
from liq.model.schema import Schema
from liq.model.source import Source
from liq.project import load_project, project_files
from tests.gen.programs import make_program
from tests.gen.rng import Rng
from tests.gen.schemas import make_schema

ROOT = Path(__file__).parents[2]


@frozen
class World:
    """A schema and programs that were written for it."""

    schema_texts: tuple[str, ...]
    programs: tuple[str, ...]
    schema: Schema


@cache
def example_worlds() -> tuple[World, ...]:
    """The projects under ``examples``."""
    worlds = []
    for folder in sorted(path.parent for path in ROOT.glob("examples/*/liq.toml")):
        files = project_files(load_project(folder))
        schema_texts = tuple(source.text for source in files.schema)
        worlds.append(World(schema_texts, tuple(source.text for source in files.queries), loaded(schema_texts)))
    assert worlds
    return tuple(worlds)


@cache
def lone_texts() -> tuple[str, ...]:
    """Texts that stand for themselves: corpora, and the programs of the documents."""
    found = [path.read_text("utf-8") for pattern in ("tests/grammar/**/*.liq", "tests/acceptance/*.liq", "tests/front/**/*.liq", "examples/**/*.liq") for path in sorted(ROOT.glob(pattern))]
    for path in [*sorted(ROOT.glob("tests/grammar/**/*.md")), *sorted(ROOT.glob("tests/front/**/*.md")), ROOT / "docs" / "language.md"]:
        found += re.findall(r"```liq\n(.*?)```", path.read_text("utf-8"), re.DOTALL)
    return tuple(found)


def loaded(texts: tuple[str, ...]) -> Schema:
    """The schema of texts that are right."""
    made = front.load_schema([Source(f"schema{at}.liq", text) for at, text in enumerate(texts)])
    assert not [d for d in made.diagnostics if d.is_error], made.diagnostics
    return made.schema


def some_world(rng: Rng) -> World:
    """An example, or something generated."""
    if rng.chance(0.4):
        return rng.pick(example_worlds())
    generated = make_schema(rng.fork("schema"), tables_max=3)
    programs = tuple(make_program(rng.fork(f"program {at}"), generated, f"q{at}").text for at in range(3))
    return World((generated.text,), programs, loaded((generated.text,)))
