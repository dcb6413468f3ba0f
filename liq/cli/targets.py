"""Which plans a command is about, under which schema: plan documents, queries that are compiled first, or both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click
from attrs import frozen

from liq.cli.inputs import gather
from liq.cli.output import leave, refuse, show
from liq.model.diagnostics import Diagnostic
from liq.model.json_text import LIMITS, DocumentError
from liq.model.source import Source
from liq.project import ProjectError, read_source

if TYPE_CHECKING:
    from liq.model.document import PlanDocument
    from liq.model.schema import Schema


@frozen
class Targets:
    """Plans with the files they came from (None: compiled here), and the schema at hand."""

    plans: tuple[tuple[PlanDocument, Path | None], ...]
    schema: Schema
    sources: Mapping[str, Source]


def targets(
    paths: Sequence[str], schema: tuple[str, ...], folder: str | None, stdin_filename: str, form: str,
    name: str | None = None,
) -> Targets:  # fmt: skip
    """The plans of some files (``.json``: plan documents; else queries); of a project, without files."""
    documents = [path for path in paths if path.endswith(".json")]
    queries = [path for path in paths if not path.endswith(".json")]
    try:
        if len(schema) == 1 and schema[0].endswith(".json"):
            if queries or not documents:
                raise click.UsageError("A schema document goes with plan documents; queries need the schema's text.")
            declared = schema_document(schema[0])
            sources: dict[str, Source] = {}
            plans: list[tuple[PlanDocument, Path | None]] = []
        elif documents and not queries:
            declared, sources = declared_schema(schema, folder, stdin_filename, form)
            plans = []
        else:
            declared, sources, plans = _compiled(queries, schema, folder, stdin_filename, form, name)
        plans += [(read_document(path), Path(path)) for path in documents]
    except ProjectError as error:
        refuse(error, form)
    except DocumentError as error:
        refuse_document(error, form)
    texts = {plan.source.name: Source(plan.source.name, plan.source.text) for plan, _ in plans}
    kept = tuple((plan, path) for plan, path in plans if name is None or plan.name == name)
    if not kept:
        raise click.UsageError(f"There is no query {name or 'here'}.")
    return Targets(kept, declared, {**sources, **texts})


def read_document(path: str) -> PlanDocument:
    """The plan document in a file, or ``DocumentError``, or ``ProjectError``."""
    from liq.model.document import read_plan

    return read_plan(read_source(Path(path), path, LIMITS.bytes_max).text, path)


def schema_document(path: str) -> Schema:
    """The schema document in a file, or ``DocumentError``, or ``ProjectError``."""
    from liq.model.document import read_schema

    return read_schema(read_source(Path(path), path, LIMITS.bytes_max).text, path)


def declared_schema(
    schema: tuple[str, ...], folder: str | None, stdin_filename: str, form: str
) -> tuple[Schema, dict[str, Source]]:
    """The schema of files or of the project; leaves with its errors."""
    from liq.api import CompileError, load_schema

    inputs = gather((), schema, folder, stdin_filename)
    try:
        return load_schema(list(inputs.sources)), inputs.by_name
    except CompileError as error:
        show(error.diagnostics, error.sources, form)
        leave(1)


def _compiled(
    paths: Sequence[str], schema: tuple[str, ...], folder: str | None, stdin_filename: str, form: str, name: str | None
) -> tuple[Schema, dict[str, Source], list[tuple[PlanDocument, Path | None]]]:
    from liq.api import compile_sources
    from liq.cli.compile_command import named

    inputs = gather(paths, schema, folder, stdin_filename)
    project = inputs.project
    dialects = project.dialects if project is not None else ("postgres",)
    text_is_c = project is not None and project.text_is_c
    found = compile_sources(inputs.sources, asked=inputs.asked, dialects=dialects, text_is_c=text_is_c)
    if not found.ok:
        complain(found.diagnostics, inputs.by_name, form)
    return found.schema, inputs.by_name, [(plan.contents, None) for plan in named(found, name)]


def refuse_document(error: DocumentError, form: str) -> NoReturn:
    """Show why a document cannot be used, and leave."""
    show([error.diagnostic], {}, form)
    leave(2)


def complain(diagnostics: Sequence[Diagnostic], sources: Mapping[str, Source], form: str) -> NoReturn:
    """Show findings and leave with 1."""
    show(diagnostics, sources, form)
    leave(1)


def file_name(name: str, kind: str) -> str:
    """The file of a query's document: ``plan`` or ``cert``."""
    import re

    return f"{re.sub(r'[^a-z0-9_.-]', '_', name)}.{kind}.json"
