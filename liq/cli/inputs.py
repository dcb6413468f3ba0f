"""Which texts a command is about: files given, standard input, or a project's."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from attrs import frozen

from liq.model.codes import NO_SCHEMA
from liq.model.diagnostics import Diagnostic
from liq.model.source import NO_SPAN, Source
from liq.project import (
    Limits,
    Project,
    ProjectError,
    decode_source,
    find_project,
    load_project,
    project_files,
    read_source,
)


@frozen
class Inputs:
    """Texts that are one schema and one set of queries. ``asked``: the names of those the command is about."""

    sources: tuple[Source, ...]
    asked: frozenset[str]
    project: Project | None = None

    @property
    def by_name(self) -> dict[str, Source]:
        """The texts by their names."""
        return {source.name: source for source in self.sources}


def read_paths(paths: Sequence[str], stdin_filename: str, bytes_max: int) -> list[Source]:
    """The texts of given files; ``-`` is standard input, a folder all its ``.liq`` files."""
    sources: list[Source] = []
    for path in paths:
        if path == "-":
            data = sys.stdin.buffer.read(bytes_max + 1)
            sources.append(decode_source(data, stdin_filename, bytes_max))
        elif Path(path).is_dir():
            for file in sorted(Path(path).rglob("*.liq")):
                sources.append(read_source(file, file.as_posix(), bytes_max))
        else:
            sources.append(read_source(Path(path), Path(path).as_posix(), bytes_max))
    return sources


def gather(paths: Sequence[str], schema: Sequence[str], folder: str | None, stdin_filename: str) -> Inputs:
    """The texts of a command, or ``ProjectError``.

    With ``--schema``: those files and the given ones. In a project: its schema files and the given files, or all its
    queries. Otherwise the given files are all there is.
    """
    project = None if schema and not folder else _project(paths, folder)
    limits = project.limits if project is not None else Limits()
    given = read_paths(paths, stdin_filename, limits.file_bytes)
    if schema:
        base = read_paths(schema, stdin_filename, limits.file_bytes)
        return _inputs([*base, *given], given, project)
    if project is None:
        if not given:
            load_project(Path.cwd())  # refuses, saying that there is no project
        return _inputs(given, given, None)
    files = project_files(project)
    queries = given or list(files.queries)
    here = {_identity(project, source.name) for source in given}
    base = [source for source in files.schema if _identity(project, source.name) not in here]
    return _inputs([*base, *queries], given or [*base, *queries], project)


def _project(paths: Sequence[str], folder: str | None) -> Project | None:
    if folder is not None:
        return load_project(Path(folder))
    start = Path(next((path for path in paths if path != "-"), "."))
    return load_project(start) if find_project(start) else None


def _identity(project: Project, name: str) -> Path:
    path = Path(name)
    return path.resolve() if path.exists() else (project.root / name).resolve()


def _inputs(sources: Sequence[Source], asked: Sequence[Source], project: Project | None) -> Inputs:
    unique = {source.name: source for source in sources}
    return Inputs(tuple(unique.values()), frozenset(source.name for source in asked), project)


def no_schema() -> ProjectError:
    """The complaint about queries without any table declared."""
    message = "there is no schema: no table is declared in these files"
    return ProjectError([Diagnostic(NO_SCHEMA, message, NO_SPAN, help="name one with --schema, or make a liq.toml")])
