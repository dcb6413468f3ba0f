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
    from collections.abc import Callable

    from liq.front import CompiledProject, FiledQuery
    from liq.model.document import PlanDocument
    from liq.model.emitted import SqlPlan
    from liq.model.expr import Column
    from liq.model.ir import Query
    from liq.model.json_text import Json
    from liq.model.physical import PhysicalPlan
    from liq.model.schema import Schema
    from liq.model.values import Value
    from liq.reference.database import Database
    from liq.registry.raw_sql import Grant
    from liq.registry.registry import Adopted, Registry
    from liq_verifier import Certified

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
class Target:
    """What SQL is emitted for."""

    dialects: tuple[str, ...] = DIALECTS
    text_is_c: bool = False


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
    text_is_c: bool = False,
) -> Plan:
    """The plan of a text's query. A text of several queries needs ``name``; bare statements are called ``name``.

    ``schema``: a schema, or the text that declares one; else the text itself declares what it uses. ``text_is_c``: the
    databases it will run on compare text by code point (collation C), so the SQL need not say it.
    """
    text = _source(source, f"{name or 'query'}.liq")
    target = Target(tuple(dialects), text_is_c)
    found = _project([text], None, target) if schema is None else _against(text, schema, target)
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
        found = front.compile_project(sources)
    return _about(found.diagnostics, asked)


def compile_sources(
    sources: Sequence[Source],
    *,
    asked: frozenset[str] | None = None,
    dialects: Sequence[str] = DIALECTS,
    text_is_c: bool = False,
) -> Compilation:
    """The plans of all queries in some texts, which together are one schema and one set of queries."""
    return _project(sources, asked, Target(tuple(dialects), text_is_c))


def _project(sources: Sequence[Source], asked: frozenset[str] | None, target: Target) -> Compilation:
    from liq import front

    with stack_room():
        return _compilation(front.compile_project(sources), sources, asked, target)


def _against(
    source: Source, schema: Schema | str | Source | Sequence[Source], target: Target
) -> Compilation:
    """The plans of a text's queries against a schema that is there already."""
    from liq import front

    declared = load_schema(schema)
    with stack_room():
        return _compilation(front.compile_project([source], declared), [source], None, target)


def _compilation(
    found: CompiledProject, sources: Sequence[Source], asked: frozenset[str] | None, target: Target
) -> Compilation:
    diagnostics = list(_about(found.diagnostics, asked))
    by_name = {source.name: source for source in sources}
    plans: list[Plan] = []
    if found.ok:
        for query in found.queries:
            if asked is None or query.file in asked:
                source, warnings = by_name[query.file], _warnings_of(query, found)
                plans += _planned(query.query, source, found.schema, target, warnings, diagnostics)
    return Compilation(found.schema, tuple(plans), tuple(diagnostics), by_name)


def _warnings_of(filed: FiledQuery, found: CompiledProject) -> tuple[Diagnostic, ...]:
    """The findings between a query and the next one of its file."""
    first = filed.query.span.start
    later = [q.query.span.start for q in found.queries if q.file == filed.file and q.query.span.start > first]
    return tuple(
        d for d in found.diagnostics
        if d.file == filed.file and first <= d.span.start < min(later, default=d.span.start + 1)
    )  # fmt: skip


def _about(diagnostics: Iterable[Diagnostic], asked: frozenset[str] | None) -> tuple[Diagnostic, ...]:
    """The findings that concern the files asked for: errors anywhere, warnings there only."""
    return tuple(d for d in diagnostics if asked is None or d.is_error or d.file in asked)


def _planned(
    query: Query,
    source: Source,
    schema: Schema,
    target: Target,
    warnings: tuple[Diagnostic, ...],
    diagnostics: list[Diagnostic],
) -> list[Plan]:
    """The plan of a query; nothing, and a finding more, where a dialect cannot say it."""
    from liq.model.document import DocumentError, SourceText, make_document
    from liq_planner.emit.emission import EmitOptions
    from liq_planner.emit.query import emit_query
    from liq_planner.emit.refusal import EmitRefused
    from liq_planner.lower import lower_query

    options = EmitOptions(text_is_c=target.text_is_c)
    try:
        contents = make_document(
            query=query,
            physical=lower_query(query),
            sql={dialect: emit_query(query, schema, dialect, options) for dialect in target.dialects},
            schema=schema,
            source=SourceText(source.name, source.text, query.span),
            warnings=warnings,
        )
    except (EmitRefused, DocumentError) as error:
        diagnostics.append(evolve(error.diagnostic, file=source.name))
        return []
    return [Plan(contents, schema)]


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


@frozen
class Answer:
    """What a call of a plan gave. ``next_cursor``: where the next page begins; ``database``: the tables afterwards."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[Value, ...], ...]
    affected: int
    ordered: bool
    next_cursor: str | None = None
    database: Database | None = field(default=None, repr=False)


@frozen
class Host:
    """What the host of a call keeps: the keys of ``hash`` and of cursors, its clock, and the epoch that a database
    must hold (None: it is not asked).
    """

    hash_key: bytes = field(default=b"", repr=False)
    cursor_key: bytes = field(default=b"", repr=False)
    now: dt.datetime | None = None
    seed: int = 0
    epoch: str | None = None


def run_in_memory(
    plan: Plan,
    database: Database,
    params: Mapping[str, object] | None = None,
    claims: Mapping[str, object] | None = None,
    host: Host | None = None,
) -> Answer:
    """Run a plan on ``liq.reference``: exact and slow; the database given is left as it was. Raises ``LiqError``."""
    from liq.model.cursor_token import read_token, write_token
    from liq.model.types import Cursor
    from liq.reference.run import Call, Signature, run_physical

    if database.schema is not plan.schema:
        raise LiqError(ErrorKind.STALE, "the database is not of the schema that the plan was compiled for")
    host = host or Host()
    given = dict(params or {})
    for parameter in plan.query.parameters:
        if isinstance(parameter.type, Cursor) and given.get(parameter.name) is not None:
            token = given[parameter.name]
            given[parameter.name] = read_token(token, parameter.type, plan.plan_id, host.cursor_key)
    at = host.now or dt.datetime.now(dt.UTC)
    call = Call(plan.schema, database, given, claims or {}, at, host.hash_key, host.seed)
    with stack_room():
        outcome = run_physical(plan.physical, Signature.of(plan.query), call)
    keys = outcome.next_cursor_keys
    following = None if keys is None else write_token(keys, plan.plan_id, host.cursor_key)
    return Answer(outcome.columns, outcome.rows, outcome.affected, outcome.ordered, following, outcome.database)


def run_on_postgres(
    plan: Plan,
    connection: Any,
    params: Mapping[str, object] | None = None,
    claims: Mapping[str, object] | None = None,
    host: Host | None = None,
) -> Answer:
    """Run a plan on PostgreSQL through a psycopg connection. Raises ``LiqError``."""
    from liq.backends.calls import CursorKey
    from liq.backends.postgres import PostgresOptions, execute

    host = host or Host()
    cursor = CursorKey(plan.plan_id, host.cursor_key)
    options = PostgresOptions(hash_key=host.hash_key, cursor=cursor, epoch=host.epoch)
    with stack_room():
        found = execute(
            connection, plan.sql("postgres"), plan.query, plan.schema, params or {}, claims or {}, options
        )
    return Answer(found.columns, found.rows, found.affected, found.ordered, found.next_cursor)


# --------------------------------------------------------------------------------------------------- proofs, registry
def verify(plan: Plan) -> Certified:
    """Prove a plan safe under the policies of its schema: its verdict, obligations, witnesses, certificate."""
    from liq_verifier import certify

    return certify(plan.contents, plan.schema)


def adopt_schema(registry: Registry, schema: Schema, compiled: Iterable[PlanDocument] = ()) -> Adopted:
    """Make a schema the current one of a registry: its plans are compiled and proved for it again, or fall out.

    ``compiled``: plans that were compiled for it already; the others are compiled from the source in their documents.
    """
    recompiled = {document.name: document for document in compiled}
    for version, status in registry.plans():
        if status != "active" or version.name in recompiled:
            continue
        document = registry.show(version.name, version.version)[2]
        source = Source(document.source.name, document.source.text)
        found = _against(source, schema, Target(tuple(document.sql)))
        recompiled |= {plan.name: plan.contents for plan in found.plans if plan.name == version.name}
    return registry.adopt(schema, recompiled)


def execute_registered(
    registry: Registry,
    name: str,
    params: Mapping[str, object] | None = None,
    claims: Mapping[str, object] | None = None,
    *,
    on: Callable[[Schema], Database] | Any,
    version: int | None = None,
    host: Host | None = None,
    caller: str = "",
) -> Answer:
    """Run a registered plan: on a psycopg connection, or in memory on what ``on`` makes for the current schema.

    The gate comes first and is in the log. Raises ``RegistryError`` where it refuses, ``LiqError`` where the run fails.
    The database must hold the epoch that the plan was proved for.
    """
    admitted = registry.admit(name, version, caller, params or {})
    plan, outcome = Plan(admitted.plan, admitted.schema), "failed"
    try:
        if callable(on):
            answer = run_in_memory(plan, on(admitted.schema), params, claims, host)  # pyright: ignore
        else:
            answer = run_on_postgres(plan, on, params, claims, evolve(host or Host(), epoch=admitted.plan.schema_epoch))
        outcome = "ok"
        return answer
    except LiqError as error:
        outcome = error.kind.value
        raise
    finally:
        registry.finished(admitted, outcome)


def run_raw_sql(grant: Grant, connection: Any, sql: str) -> list[tuple[Any, ...]]:
    """Run one SQL text that a grant allows, once; the log knows of it before the database does. Rows, if it has any."""
    with connection.cursor() as cursor:
        cursor.execute(grant.use(sql).encode())
        return list(cursor.fetchall()) if cursor.description is not None else []
