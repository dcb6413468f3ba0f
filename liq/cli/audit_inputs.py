"""The schema that ``liq audit schema`` is about: liq declarations, or SQL DDL; and where its policies stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from attrs import frozen

from liq.importers import Imported, import_sql
from liq.model import codes
from liq.model.diagnostics import Diagnostic
from liq.model.schema import Schema
from liq.model.source import NO_SPAN, Source, Span
from liq.project import read_source

Form = Literal["liq", "postgres", "sqlite"]
Place = tuple[str, Span]
BYTES_MAX = 16_000_000


@frozen
class AuditInput:
    """What is audited; ``schema`` is None where an error keeps it from being read."""

    schema: Schema | None
    diagnostics: tuple[Diagnostic, ...]
    places: Mapping[tuple[str, str | None], Place]
    sources: Mapping[str, Source]
    settings: bool = False
    definers: tuple[str, ...] = ()

    def place(self, table: str, policy: str | None) -> Place:
        """Where a policy stands, else its table, else nowhere."""
        return self.places.get((table, policy)) or self.places.get((table, None)) or ("", NO_SPAN)


def read(paths: Sequence[str], form: Form | None, definers: tuple[str, ...], stdin_filename: str) -> AuditInput:
    """The schema of some files; raises ``ProjectError`` for what cannot be read."""
    chosen = form or ("postgres" if any(p.endswith(".sql") or _holds_sql(p) for p in paths) else "liq")
    sources = _files(paths, chosen, stdin_filename)
    return _liq(sources) if chosen == "liq" else _sql(sources, chosen, definers)


def _holds_sql(path: str) -> bool:
    return Path(path).is_dir() and any(Path(path).glob("*.sql"))


def _files(paths: Sequence[str], form: Form, stdin_filename: str) -> tuple[Source, ...]:
    from liq.cli.inputs import read_paths

    found: list[Source] = []
    for path in paths:
        if form != "liq" and path != "-" and Path(path).is_dir():
            found += [read_source(file, file.as_posix(), BYTES_MAX) for file in sorted(Path(path).glob("*.sql"))]
        else:
            found += read_paths([path], stdin_filename, BYTES_MAX)
    return tuple(found)


def _liq(sources: tuple[Source, ...]) -> AuditInput:
    from liq.front import load_schema

    loaded = load_schema(sources)
    by_name = {source.name: source for source in sources}
    return AuditInput(loaded.schema if loaded.ok else None, loaded.diagnostics, _declared(sources), by_name)


def _declared(sources: Sequence[Source]) -> dict[tuple[str, str | None], Place]:
    """Where liq declares policies and tables."""
    from liq_grammar import syntax as s
    from liq_grammar.parser import parse

    found: dict[tuple[str, str | None], Place] = {}
    for source in sources:
        for node in parse(source).tree.declarations:
            place = (source.name, node.span)
            if isinstance(node, s.TableDecl):
                found[_name(node.name), None] = place
            elif isinstance(node, s.PolicyDecl):
                found.update({(_name(table), node.name.text): place for table in node.tables})
    return found


def _sql(sources: tuple[Source, ...], form: Literal["postgres", "sqlite"], definers: tuple[str, ...]) -> AuditInput:
    """SQL DDL. Policies that need themselves are reported, and audited as if their functions were SECURITY DEFINER."""
    from liq.front import load_schema
    from liq_grammar import format_tree

    imported = import_sql(sources, form, definers=definers)
    found = list(imported.diagnostics)
    helpers = _recursive(imported)
    if helpers:
        found = [d for d in found if d.code is codes.IMPORT_RECURSION]
        imported = import_sql(sources, form, definers=(*definers, *helpers))
        found += imported.diagnostics
    text = Source("imported.liq", format_tree(imported.file))
    loaded = load_schema([text])
    by_name = {source.name: source for source in (*sources, text)}
    kept = tuple(d for d in found if d.code not in (codes.IMPORT_OPEN, codes.IMPORT_CLOSED, codes.IMPORT_SKIPPED))
    return AuditInput(
        loaded.schema if loaded.ok else None, (*kept, *(() if loaded.ok else loaded.diagnostics)),
        {key: (place.source.name, place.span) for key, place in imported.places.items()}, by_name,
        form == "postgres", helpers,
    )  # fmt: skip


def _recursive(imported: Imported) -> tuple[str, ...]:
    """The functions by which policies come back to themselves; tables on the way are no functions, and do no harm."""
    ways = [d.message.rpartition(": ")[2] for d in imported.diagnostics if d.code is codes.IMPORT_RECURSION]
    tables = {table for table, _ in imported.places}
    return tuple(dict.fromkeys(name for way in ways for name in way.split(" → ") if name and name not in tables))


def _name(name: object) -> str:
    return ".".join(part.text for part in name.parts)  # type: ignore[attr-defined]
