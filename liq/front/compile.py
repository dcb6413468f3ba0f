"""From texts to a schema and typed queries: all files of a project, or one query against a schema."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from attrs import frozen

from liq.front.declarations import declare, in_order
from liq.front.declared import Declarations, Declared, SourceFile, gather
from liq.front.migrations import CompiledMigration, compile_migrations
from liq.front.queries import QuerySource, compile_one
from liq.front.scenarios import CompiledTest, compile_test
from liq.model import codes
from liq.model.diagnostics import Diagnostic, Label
from liq.model.ir import Query
from liq.model.schema import Schema
from liq.model.source import Source
from liq_grammar import syntax
from liq_grammar.parser import parse

T = TypeVar("T")


@frozen
class FiledQuery:
    """A query and the file it stands in."""

    file: str
    query: Query


def _ok(diagnostics: Iterable[Diagnostic]) -> bool:
    return not any(d.is_error for d in diagnostics)


@frozen
class CompiledProject:
    """What some files say. Queries, tests and migrations in which an error was found are left out of it."""

    schema: Schema
    queries: tuple[FiledQuery, ...]
    tests: tuple[CompiledTest, ...]
    migrations: tuple[CompiledMigration, ...]
    diagnostics: tuple[Diagnostic, ...]

    @property
    def ok(self) -> bool:
        """Whether no error was found."""
        return _ok(self.diagnostics)


@frozen
class CompiledText:
    """The queries of one text."""

    schema: Schema
    queries: tuple[Query, ...]
    diagnostics: tuple[Diagnostic, ...]

    @property
    def ok(self) -> bool:
        """Whether no error was found."""
        return _ok(self.diagnostics)


@frozen
class LoadedSchema:
    """A schema, and everything that is wrong with its declarations."""

    schema: Schema
    diagnostics: tuple[Diagnostic, ...]

    @property
    def ok(self) -> bool:
        """Whether no error was found."""
        return _ok(self.diagnostics)


def _parsed(sources: Sequence[Source]) -> tuple[list[SourceFile], list[Diagnostic]]:
    parsed = [parse(source) for source in sources]
    files = [SourceFile(source.name, each.tree) for source, each in zip(sources, parsed, strict=True)]
    return files, [diagnostic for each in parsed for diagnostic in each.diagnostics]


def compile_project(sources: Sequence[Source], schema: Schema | None = None) -> CompiledProject:
    """All files of a project: one schema, and every query, test and migration. A schema that is given stands alone."""
    files, found = _parsed(sources)
    return compile_files(files, found, schema)


def compile_files(
    files: Sequence[SourceFile], found: Sequence[Diagnostic] = (), schema: Schema | None = None
) -> CompiledProject:
    """The same for files that are parsed already; ``found``: what parsing found."""
    diagnostics = list(found)
    if schema is None:
        declared = declare(files)
        declarations, schema = declared.declarations, declared.schema
        diagnostics += declared.diagnostics
    else:
        declarations = _queries_only(files, diagnostics)
    sources = _sources(files, declarations, diagnostics)
    queries: dict[str, FiledQuery] = {}
    for source in sources:
        query, said = compile_one(source, schema)
        diagnostics.extend(said)
        if query is not None:
            queries[source.name] = FiledQuery(source.file, query)
    plain = {name: each.query for name, each in queries.items()}
    names = frozenset(source.name for source in sources)
    known = schema
    tests = _each(
        declarations.tests.values(), lambda test: compile_test(test.file, test.node, known, plain, names), diagnostics
    )
    migrations = compile_migrations(declarations.migrations, schema, diagnostics)
    return CompiledProject(schema, tuple(queries.values()), tests, migrations, in_order(diagnostics, files))


def load_schema(sources: Sequence[Source]) -> LoadedSchema:
    """The schema that some files declare; their queries are not looked at."""
    files, found = _parsed(sources)
    declared = declare(files)
    return LoadedSchema(declared.schema, in_order([*found, *declared.diagnostics], files))


def compile_query(source: Source, schema: Schema) -> CompiledText:
    """The queries of one text (declared, or its bare statements) against a schema that exists already."""
    project = compile_project([source], schema)
    return CompiledText(schema, tuple(each.query for each in project.queries), project.diagnostics)


def _queries_only(files: Sequence[SourceFile], diagnostics: list[Diagnostic]) -> Declarations:
    """What files declare beside a schema that is given: queries, tests and migrations."""
    declarations = gather(files)
    for file in files:
        for node in file.tree.declarations:
            if not isinstance(node, syntax.QueryDecl | syntax.TestDecl | syntax.MigrationDecl):
                message = "a schema is given already: this declaration belongs into its files"
                diagnostics.append(Diagnostic(codes.DECLARATION_PLACE, message, node.span, file.name))
    diagnostics.extend(declarations.diagnostics)
    return declarations


def _sources(
    files: Sequence[SourceFile], declarations: Declarations, diagnostics: list[Diagnostic]
) -> list[QuerySource]:
    """Every query: declared ones, then the bare statements of files, each name once."""
    found = {name: QuerySource.declared(d.file, d.node) for name, d in declarations.queries.items()}
    for file in files:
        if not file.tree.steps:
            continue
        source = QuerySource.bare(file)
        first = found.setdefault(source.name, source)
        if first is not source:
            label = Label(first.span, "it is declared here first", None if first.file == file.name else first.file)
            message = f"the statements of this file are query {source.name}, which is declared already"
            diagnostics.append(Diagnostic(codes.DUPLICATE_NAME, message, source.span, file.name, (label,)))
    return list(found.values())


def _each(
    declared: Iterable[Declared[syntax.TestDecl]],
    compile_one_of: Callable[[Declared[syntax.TestDecl]], tuple[T | None, list[Diagnostic]]],
    diagnostics: list[Diagnostic],
) -> tuple[T, ...]:
    done: list[T] = []
    for each in declared:
        result, said = compile_one_of(each)
        diagnostics.extend(said)
        if result is not None:
            done.append(result)
    return tuple(done)
