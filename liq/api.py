"""liq from Python: ``compile`` a query to a ``Plan``, ``check`` or ``format`` a text, load a schema, run a plan.

What the command line does stands here; nothing here knows terminals. Findings are data: functions that give a
result raise ``CompileError`` with all of them, functions that give findings never raise for what a text says.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from attrs import evolve, field, frozen

from liq.model.codes import NO_SCHEMA, PLAN_EMPTY
from liq.model.diagnostics import Diagnostic
from liq.model.errors import ErrorKind, LiqError
from liq.model.source import NO_SPAN, Source
from liq.model.stack import stack_room

if TYPE_CHECKING:
    from liq.model.document import PlanDocument
    from liq.model.emitted import SqlPlan
    from liq.model.ir import Query
    from liq.model.json_text import Json
    from liq.model.physical import PhysicalPlan
    from liq.model.schema import Schema
    from liq.reference.database import Database
    from liq.reference.run import Outcome

DIALECTS = ("postgres",)
TextOrSource = str | Source


class CompileError(Exception):
    """A text that does not compile. ``diagnostics`` are all findings, ``sources`` the texts they point into."""

    def __init__(self, diagnostics: Iterable[Diagnostic], sources: Iterable[Source]) -> None:
        from liq.render import render

        self.diagnostics = tuple(diagnostics)
        self.sources = {source.name: source for source in sources}
        super().__init__(render("concise", self.diagnostics, self.sources).rstrip("\n"))


@frozen(slots=False)
class Plan:
    """One compiled query. ``contents`` is everything that its document says."""

    contents: PlanDocument
    schema: Schema = field(repr=False)

    @property
    def name(self) -> str:
        """The name of the query."""
        return self.contents.name

    @property
    def plan_id(self) -> str:
        """The hash of what runs and of what is promised."""
        return self.contents.plan_id

    @property
    def document(self) -> bytes:
        """The plan document: canonical JSON bytes."""
        return self.contents.data

    @property
    def query(self) -> Query:
        """The typed IR."""
        return self.contents.query

    @property
    def physical(self) -> PhysicalPlan:
        """The physical plan."""
        return self.contents.physical

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """The warnings of the compile."""
        return self.contents.warnings

    @cached_property
    def params(self) -> dict[str, Json]:
        """The parameters as JSON Schema, ready to be a tool's input."""
        from liq.model.tool_schema import tool_schema

        return tool_schema(self.query.parameters, self.query.preconditions)

    def sql(self, dialect: str = "postgres") -> SqlPlan:
        """What was emitted for a dialect; ``KeyError`` where the plan was not compiled for it."""
        return self.contents.sql[dialect]


@frozen
class Compilation:
    """What became of some texts: the schema they declare, the plans of their queries, and all findings."""

    schema: Schema
    plans: tuple[Plan, ...]
    diagnostics: tuple[Diagnostic, ...]
    sources: Mapping[str, Source]

    @property
    def ok(self) -> bool:
        """Whether there is no error."""
        return not any(diagnostic.is_error for diagnostic in self.diagnostics)


# --------------------------------------------------------------------------------------------------- compiling
def compile(
    source: TextOrSource,
    *,
    schema: Schema | str | Source | Sequence[Source] | None = None,
    name: str | None = None,
    dialects: Sequence[str] = DIALECTS,
) -> Plan:
    """The plan of a text's query. A text of several queries needs ``name``; bare statements are called ``name``.

    ``schema``: a schema, or the text that declares one; else the text itself declares what it uses.
    """
    text = _source(source, f"{name or 'query'}.liq")
    declared = None if schema is None else load_schema(schema)
    found = compile_sources([text], schema=declared, dialects=dialects)
    if not found.ok:
        raise CompileError(found.diagnostics, found.sources.values())
    wanted = [plan for plan in found.plans if len(found.plans) == 1 or plan.name == name]
    if len(wanted) != 1:
        said = f"{text.name} has {len(found.plans)} queries" + (f", none called {name}" if name else "; name one")
        raise CompileError([Diagnostic(PLAN_EMPTY, said, NO_SPAN, text.name)], [text])
    return wanted[0]


def load_schema(schema: Schema | str | Source | Sequence[Source]) -> Schema:
    """The schema that some text declares."""
    from liq.model.schema import Schema as SchemaClass

    if isinstance(schema, SchemaClass):
        return schema
    from liq import front

    sources = [_source(schema, "schema.liq")] if isinstance(schema, str | Source) else list(schema)
    with stack_room():
        loaded = front.load_schema(sources)
    if any(diagnostic.is_error for diagnostic in loaded.diagnostics):
        raise CompileError(loaded.diagnostics, sources)
    return loaded.schema


def check_sources(sources: Sequence[Source], *, asked: frozenset[str] | None = None) -> tuple[Diagnostic, ...]:
    """All findings about some texts, which are one schema and one set of queries; of those ``asked``, where given."""
    from liq import front

    with stack_room():
        found = front.compile_project(list(sources))
    return _about(found.diagnostics, asked)


def compile_sources(
    sources: Sequence[Source],
    *,
    schema: Schema | None = None,
    asked: frozenset[str] | None = None,
    dialects: Sequence[str] = DIALECTS,
) -> Compilation:
    """The plans of all queries in some texts, which are one schema (unless it is given) and one set of queries."""
    from liq import front

    with stack_room():
        found = front.compile_project(list(sources), schema)
        diagnostics = list(_about(found.diagnostics, asked))
        plans: list[Plan] = []
        if not any(diagnostic.is_error for diagnostic in found.diagnostics):
            by_name = {source.name: source for source in sources}
            for query in found.queries:
                if asked is None or query.file in asked:
                    plans += _planned(query.query, by_name[query.file], found.schema, dialects, diagnostics)
    return Compilation(found.schema, tuple(plans), tuple(diagnostics), {source.name: source for source in sources})


def _about(diagnostics: Iterable[Diagnostic], asked: frozenset[str] | None) -> tuple[Diagnostic, ...]:
    """The findings that concern the files asked for: errors anywhere, warnings there only."""
    return tuple(d for d in diagnostics if asked is None or d.is_error or d.file in asked)


def _planned(
    query: Query, source: Source, schema: Schema, dialects: Sequence[str], diagnostics: list[Diagnostic]
) -> list[Plan]:
    """The plan of a query; nothing, and a finding more, where a dialect cannot say it."""
    from liq.model.document import DocumentError, SourceText, make_document
    from liq_planner.emit.query import emit_query
    from liq_planner.emit.refusal import EmitRefused
    from liq_planner.lower import lower_query

    warnings = tuple(d for d in diagnostics if d.file == source.name and _covers(query, d))
    try:
        contents = make_document(
            query=query,
            physical=lower_query(query),
            sql={dialect: emit_query(query, schema, dialect) for dialect in dialects},
            schema=schema,
            source=SourceText(source.name, source.text, query.span),
            warnings=warnings,
        )
    except (EmitRefused, DocumentError) as error:
        diagnostics.append(evolve(error.diagnostic, file=source.name))
        return []
    return [Plan(contents, schema)]


def _covers(query: Query, diagnostic: Diagnostic) -> bool:
    return query.span.start <= diagnostic.span.start and diagnostic.span.end <= query.span.end


def _source(text: TextOrSource, name: str) -> Source:
    return text if isinstance(text, Source) else Source(name, text)


# --------------------------------------------------------------------------------------------------- other doors
def check(
    source: TextOrSource, *, schema: str | Source | Sequence[Source] | None = None, name: str = "query"
) -> tuple[Diagnostic, ...]:
    """All findings about a text; nothing is planned or emitted."""
    given = () if schema is None else (schema,) if isinstance(schema, str | Source) else schema
    sources = [_source(each, "schema.liq") for each in given]
    return check_sources([*sources, _source(source, f"{name}.liq")])


def format(source: TextOrSource) -> str:
    """The text as liq writes it; ``CompileError`` where it cannot be read."""
    from liq_grammar import format_source

    text = _source(source, "query.liq")
    with stack_room():
        formatted = format_source(text)
    if any(diagnostic.is_error for diagnostic in formatted.diagnostics):
        raise CompileError(formatted.diagnostics, [text])
    return formatted.text


def no_schema(file: str = "") -> Diagnostic:
    """The finding about queries where nothing is declared."""
    message = "there is no schema: no table is declared in these files"
    return Diagnostic(NO_SCHEMA, message, NO_SPAN, file, help="name one with --schema, or make a liq.toml")


# --------------------------------------------------------------------------------------------------- running
def sample_database(schema: Schema, rows: Mapping[str, Any]) -> Database:
    """Tables in memory that hold the rows of a JSON object: table -> list of objects. Defaults are filled in."""
    from liq.reference.samples import database_of

    return database_of(schema, rows)


def run_in_memory(
    plan: Plan,
    database: Database,
    params: Mapping[str, object] | None = None,
    claims: Mapping[str, object] | None = None,
    *,
    now: dt.datetime | None = None,
    hash_key: bytes = b"",
    seed: int = 0,
) -> Outcome:
    """Run a plan on ``liq.reference``: slow, exact, nothing is kept but what the outcome's database holds."""
    from liq.reference.run import Call, Signature, run_physical

    if database.schema is not plan.schema:
        raise LiqError(ErrorKind.STALE, "the database is not of the schema that the plan was compiled for")
    at = now or dt.datetime.now(dt.UTC)
    call = Call(plan.schema, database, params or {}, claims or {}, at, hash_key, seed)
    return run_physical(plan.physical, Signature.of(plan.query), call)
