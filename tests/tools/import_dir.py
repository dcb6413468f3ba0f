"""``python -m tests.tools.import_dir PATH [--dialect sqlite] [--definer NAME]``: what the import makes of real DDL.

Prints counts and findings. For PostgreSQL it also applies the scripts to one database, what is emitted from the import to
another, and compares their catalogs; for SQLite it compares with what SQLite itself makes of the scripts.
"""

from __future__ import annotations

import argparse
import sqlite3
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import psycopg

from liq import front
from liq.importers import Imported, import_sql
from liq.importers.statements import split
from liq.model.schema import Schema
from liq.model.source import Source
from liq_grammar import format_tree, parse
from liq_grammar import syntax as s
from liq_planner.emit.row_security import emit_row_security
from liq_planner.emit.schema import emit_schema
from tests.pg.server import running_server
from tests.tools.catalog import catalog, differences

PRELUDE = """
do $$ declare r text; begin
  foreach r in array array['anon', 'authenticated', 'service_role'] loop
    if not exists (select from pg_roles where rolname = r) then execute format('create role %I', r); end if;
  end loop;
end $$;
create schema if not exists auth;
create function auth.jwt() returns jsonb language sql stable as
  $$ select coalesce(nullif(current_setting('request.jwt.claims', true), ''), '{}')::jsonb $$;
create function auth.uid() returns uuid language sql stable as $$ select (auth.jwt() ->> 'sub')::uuid $$;
create function auth.role() returns text language sql stable as $$ select auth.jwt() ->> 'role' $$;
create function auth.email() returns text language sql stable as $$ select auth.jwt() ->> 'email' $$;
"""
"""What Supabase puts into every database: scripts use it without making it."""


def read_folder(path: Path) -> list[Source]:
    """Every script of a folder, in the order of names; or the one script."""
    paths = sorted(path.glob("*.sql")) if path.is_dir() else [path]
    return [Source(each.name, each.read_text(encoding="utf-8")) for each in paths]


def counts(imported: Imported) -> dict[str, int]:
    """How much of each kind was imported, and how much was reported."""
    found: Counter[str] = Counter()
    for item in imported.file.items:
        found[type(item).__name__.removesuffix("Decl").lower()] += 1
        if isinstance(item, s.SessionDecl):
            found["claims"] += len(item.claims)
        if isinstance(item, s.TableDecl):
            for element in item.elements:
                found[f"- {type(element).__name__.lower()}"] += 1
                if isinstance(element, s.Column):
                    found["- foreign keys"] += bool(s.pick(element.parts, s.References))
                    found["- keys of one column"] += any(f.word in ("key", "unique") for f in s.pick(element.parts, s.Flag))
    for diagnostic in imported.diagnostics:
        found[f"reported: {diagnostic.severity.value} {diagnostic.code.id} {diagnostic.code.name}"] += 1
    return dict(sorted(found.items()))


def resolved(imported: Imported) -> Schema:
    """The imported schema, read back from its own text; raises where that does not work."""
    text = format_tree(imported.file)
    source = Source("imported.liq", text)
    parsed = parse(source)
    assert parsed.ok, [d.message for d in parsed.diagnostics]
    assert parsed.tree == imported.file, "the formatted import parses as another tree"
    assert format_tree(parsed.tree) == text, "the formatted import does not format to itself"
    loaded = front.load_schema([source])
    errors = [f"{source.position(d.span.start)}: {d.message}" for d in loaded.diagnostics if d.is_error]
    assert not errors, errors
    return loaded.schema


def apply_scripts(connection: psycopg.Connection, sources: Sequence[Source]) -> list[str]:
    """Apply scripts statement by statement, each on its own; what the server refuses is returned in words."""
    refused = []
    for source in sources:
        for script in split(source, "postgres"):
            text = source.text[script.span.start : script.span.end]
            try:
                connection.execute(text.encode())
            except psycopg.Error as error:
                line = source.position(script.span.start)[0]
                refused.append(f"{source.name}:{line}: {str(error).splitlines()[0]}")
    return refused


def compare_postgres(sources: Sequence[Source], schema: Schema) -> list[str]:
    """Original and re-emitted DDL on one server, each in an empty database."""
    with running_server() as server:
        return compare_on(server.fresh_database(), server.fresh_database(), sources, schema)


def compare_on(first: str, second: str, sources: Sequence[Source], schema: Schema) -> list[str]:
    """The same in two databases that are there."""
    with psycopg.connect(first, autocommit=True) as old, psycopg.connect(second, autocommit=True) as new:
        old.execute(PRELUDE)
        said = [f"the server refuses {line}" for line in apply_scripts(old, sources)]
        for statement in (*emit_schema(schema).statements, *emit_row_security(schema).statements):
            new.execute(statement.encode())
        return said + list(differences(catalog(old), catalog(new), old, new))


def compare_sqlite(sources: Sequence[Source], schema: Schema) -> list[str]:
    """What SQLite itself makes of the scripts against the imported schema: tables, columns, keys, links, indexes."""
    said = []
    with sqlite3.connect(":memory:") as database:
        for source in sources:
            for script in split(source, "sqlite"):
                try:
                    database.execute(source.text[script.span.start : script.span.end])
                except sqlite3.Error as error:
                    said.append(f"SQLite refuses {source.name}:{source.position(script.span.start)[0]}: {error}")
        names = [name for (name,) in database.execute("select name from sqlite_schema where type = 'table'"
                                                      " and name not like 'sqlite_%' order by name")]  # fmt: skip
        if sorted(names) != sorted(t.name for t in schema.tables):
            said.append(f"tables: {sorted(names)} became {sorted(t.name for t in schema.tables)}")
        for name in names:
            if name in schema.table_by_name:
                said += [f"{name}: {what}" for what in _sqlite_table(database, schema, name)]
    return said


def _sqlite_table(database: sqlite3.Connection, schema: Schema, name: str) -> list[str]:
    table = schema.table_by_name[name]
    said = []
    rows = database.execute(f"pragma table_xinfo('{name}')").fetchall()
    columns = {row[1]: (not row[3] and not row[5]) for row in rows if row[6] == 0}
    if columns != {c.name: c.nullable for c in table.columns}:
        said.append(f"columns: {columns} became {[(c.name, c.nullable) for c in table.columns]}")
    defaults = {row[1] for row in rows if row[4] is not None and row[6] == 0}
    if defaults != {c.name for c in table.columns if c.default is not None}:
        said.append(f"defaults of {defaults} became those of {[c.name for c in table.columns if c.default is not None]}")
    links: dict[int, list[tuple[str, str, str | None, str]]] = {}
    for number, _, target, here, there, _, action, _ in database.execute(f"pragma foreign_key_list('{name}')"):
        links.setdefault(number, []).append((here, target, there, action.lower()))
    old = sorted((tuple(p[0] for p in parts), parts[0][1], parts[0][3]) for parts in links.values())
    new = sorted((k.columns, k.target, k.on_delete.value) for k in table.foreign_keys)
    if old != new:
        said.append(f"foreign keys: {old} became {new}")
    return said + _sqlite_indexes(database, schema, name)


def _sqlite_indexes(database: sqlite3.Connection, schema: Schema, name: str) -> list[str]:
    table = schema.table_by_name[name]
    old: Counter[tuple[bool, int, bool]] = Counter()
    for _, index, unique, origin, partial in database.execute(f"pragma index_list('{name}')").fetchall():
        width = len(database.execute(f"pragma index_info('{index}')").fetchall())
        if origin != "pk":
            old[bool(unique), width, bool(partial)] += 1
    new: Counter[tuple[bool, int, bool]] = Counter()
    for key in table.keys:
        if not key.primary:
            new[True, len(key.columns), key.where is not None] += 1
    for each in table.indexes:
        new[each.unique, len(each.keys), each.where is not None] += 1
    return [f"indexes: {dict(old)} became {dict(new)}"] if old != new else []


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m tests.tools.import_dir")
    parser.add_argument("path", type=Path)
    parser.add_argument("--dialect", choices=("postgres", "sqlite"), default="postgres")
    parser.add_argument("--definer", action="append", default=[])
    parser.add_argument("--show", action="store_true", help="print the declarations")
    given = parser.parse_args(arguments)
    sources = read_folder(given.path)
    imported = import_sql(sources, given.dialect, definers=given.definer)
    schema = resolved(imported)
    if given.show:
        print(format_tree(imported.file))
    print(f"{len(sources)} files, {len(schema.policies)} policies, {len(schema.claims)} claims")
    for what, count in counts(imported).items():
        print(f"{count:6}  {what}")
    by_name = {source.name: source for source in sources}
    for each in imported.diagnostics:
        line, column = by_name[each.file].position(each.span.start)
        print(f"{each.file}:{line}:{column}: {each.severity.value} {each.code.id}: {each.message}")
    compare = compare_postgres if given.dialect == "postgres" else compare_sqlite
    said = compare(sources, schema)
    print(f"{len(said)} differences between the catalogs")
    for line_said in said:
        print(f"  {line_said}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
