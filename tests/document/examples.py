"""The example projects, compiled once."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from liq.api import Compilation, Plan, compile_sources
from liq.model.schema import Schema
from liq.model.source import Source
from liq.project import load_project, project_files

ROOT = Path(__file__).parents[2]
PROJECTS = ("control_plane", "lakehouse", "project_memory", "registry")


def sources(project: str) -> list[Source]:
    """All files of an example."""
    files = project_files(load_project(ROOT / "examples" / project))
    return [*files.schema, *files.queries]


@cache
def compiled(project: str) -> Compilation:
    """An example, compiled; it must be right."""
    found = compile_sources(sources(project))
    assert found.ok, found.diagnostics
    return found


def plan(name: str) -> Plan:
    """The plan of a query of some example."""
    return next(p for project in PROJECTS for p in compiled(project).plans if p.name == name)


def schema_of(name: str) -> Schema:
    """The schema that a query was compiled for."""
    return plan(name).schema


PLANS = [(project, each.name) for project in PROJECTS for each in compiled(project).plans]
