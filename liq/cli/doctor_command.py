"""``liq doctor``: whether liq and this project are fit to work here, with what to do where they are not."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import click
from attrs import asdict, frozen

from liq.cli import options
from liq.cli.output import leave, write
from liq.model.version import COMPILER
from liq.project import ProjectError, load_project, project_files

NEEDED = ("attrs", "cattrs", "click", "lark", "rich", "sqlglot")
OPTIONAL = {"psycopg": "PostgreSQL: pip install 'liq-lang[pg]'", "duckdb": "DuckDB: pip install 'liq-lang[duckdb]'"}


@frozen
class Finding:
    """One thing looked at. ``state``: ok, missing (an optional part) or failed."""

    what: str
    state: str
    said: str


@click.command()
@options.project_option
@click.option("--dsn", envvar="LIQ_DSN", metavar="DSN", help="Also look at this PostgreSQL database.")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def command(folder: str | None, dsn: str | None, as_json: bool) -> None:
    """Look at the installation, the project and the database."""
    findings = [*_installation(), *_project(Path(folder or "."))]
    if dsn:
        findings += _database(dsn)
    failed = any(finding.state == "failed" for finding in findings)
    if as_json:
        write(json.dumps({"ok": not failed, "findings": [asdict(finding) for finding in findings]}, indent=2) + "\n")
    else:
        for finding in findings:
            write(f"{finding.state:<8}{finding.what:<12}{finding.said}\n")
    leave(2 if failed else 0)


def _installation() -> Iterator[Finding]:
    yield Finding("liq", "ok", f"{COMPILER} on Python {sys.version.split()[0]}")
    for name in NEEDED:
        yield _package(name, "failed", "not installed: pip install liq-lang")
    for name, use in OPTIONAL.items():
        yield _package(name, "missing", use)


def _package(name: str, state: str, advice: str) -> Finding:
    try:
        return Finding(name, "ok", version(name))
    except PackageNotFoundError:
        return Finding(name, state, advice)


def _project(start: Path) -> Iterator[Finding]:
    from liq.api import check_sources
    from liq.render.visible import visible

    try:
        project = load_project(start)
        files = project_files(project)
    except ProjectError as error:
        code = error.diagnostics[0].code.id
        state = "missing" if code == "LIQ0901" else "failed"
        yield Finding("project", state, f"{code} {visible(error.diagnostics[0].message)}")
        return
    said = f"{project.name}: {len(files.schema)} schema files, {len(files.queries)} query files"
    yield Finding("project", "ok", said)
    found = check_sources([*files.schema, *files.queries])
    errors = sum(diagnostic.is_error for diagnostic in found)
    counted = f"{errors} errors, {len(found) - errors} warnings (liq check shows them)"
    yield Finding("check", "failed" if errors else "ok", counted if found else "nothing found")
    for profile in project.profiles:
        if profile.dsn_env is not None:
            there = bool(os.environ.get(profile.dsn_env))
            yield Finding("profile", "ok" if there else "missing", f"{profile.name}: {profile.dsn_env} is "
                          + ("set" if there else "not set"))  # fmt: skip


SAFE_VERSIONS = {15: 20, 16: 16, 17: 12, 18: 6}
"""The first minor version of each major one with the row-security fixes that liq's tests rely on."""


def _database(dsn: str) -> Iterator[Finding]:
    try:
        import psycopg
    except ImportError:
        yield Finding("postgres", "failed", OPTIONAL["psycopg"])
        return
    try:
        with psycopg.connect(dsn, autocommit=True, connect_timeout=10) as connection:
            number = connection.info.server_version
            row = connection.execute(
                "select current_setting('is_superuser'), datcollate, pg_encoding_to_char(encoding) "
                "from pg_database where datname = current_database()"
            ).fetchone()
    except psycopg.Error as error:
        yield Finding("postgres", "failed", " ".join(str(error).split())[:200])
        return
    major, minor = divmod(number, 10_000)
    fixed = major > max(SAFE_VERSIONS) or minor >= SAFE_VERSIONS.get(major, 10_000)
    advice = "" if fixed else ": without the newest row-security fixes, update it"
    yield Finding("postgres", "ok" if fixed else "failed", f"PostgreSQL {major}.{minor}{advice}")
    assert row is not None
    superuser, collation, encoding = row
    yield Finding("encoding", "ok" if encoding == "UTF8" else "failed", f"{encoding}, collation {collation}")
    if superuser == "on":
        yield Finding("role", "failed", "a superuser: plans should run as a role that nobody else can log in as")
