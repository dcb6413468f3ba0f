"""The throw-away server is what the suites take it for."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import psycopg

from tests.pg.server import Server, _Account, _find_binaries, _reachable_binaries


def test_settings_that_meaning_depends_on(pg: Server) -> None:
    with psycopg.connect(pg.fresh_database()) as connection:
        row = connection.execute(
            "select current_setting('TimeZone'), pg_encoding_to_char(encoding), datcollate, datctype "
            "from pg_database where datname = current_database()"
        ).fetchone()
    assert row == ("UTC", "UTF8", "C", "C")


def test_version_is_the_servers_own(pg: Server) -> None:
    with psycopg.connect(pg.dsn()) as connection:
        row = connection.execute("select current_setting('server_version_num')::int").fetchone()
    assert row == (pg.version[0] * 10_000 + pg.version[1],)


def test_databases_are_apart_and_empty(pg: Server) -> None:
    first, second = pg.fresh_database(), pg.fresh_database()
    with psycopg.connect(first) as one, psycopg.connect(second) as other:
        one.execute("create table t ()")
        assert other.execute("select to_regclass('t')").fetchone() == (None,)


def test_a_scoped_database_is_dropped(pg: Server) -> None:
    with pg.database() as dsn, psycopg.connect(dsn) as connection:
        name = connection.info.dbname
    with psycopg.connect(pg.dsn()) as connection:
        assert connection.execute("select count(*) from pg_database where datname = %s", [name]).fetchone() == (0,)


def test_server_does_not_outlive_a_killed_run() -> None:
    script = """
        import os, signal
        from tests.pg.server import running_server
        with running_server() as server:
            print(server.sockets, flush=True)
            os.kill(os.getpid(), signal.SIGKILL)
    """
    run = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    home = Path(run.stdout.strip())
    assert home.name.startswith("liq-pg-"), run.stderr
    try:
        orphan = Server(home, (0, 0))
        for _ in range(600):
            if not _answers(orphan):
                return
            time.sleep(0.1)
        raise AssertionError("the server still runs a minute after the run was killed")
    finally:
        shutil.rmtree(home, ignore_errors=True)


def test_binaries_below_a_closed_folder_are_copied_and_run(tmp_path: Path) -> None:
    binaries = _find_binaries()
    package = binaries.parents[1]
    for folder in (binaries.parent.relative_to(package.parent), Path(package.name + ".libs")):
        if (package.parent / folder).is_dir():
            shutil.copytree(package.parent / folder, tmp_path / "closed" / folder, symlinks=True)
    (tmp_path / "closed").chmod(0o700)
    closed = tmp_path / "closed" / binaries.relative_to(package.parent)
    reachable = _reachable_binaries(closed, tmp_path / "home", _Account(os.geteuid(), os.getegid()))
    shutil.rmtree(tmp_path / "closed")
    assert reachable != closed
    version = subprocess.run([reachable / "postgres", "--version"], capture_output=True, text=True, check=True)
    assert version.stdout.startswith("postgres (PostgreSQL)")


def _answers(server: Server) -> bool:
    try:
        psycopg.connect(server.dsn()).close()
    except psycopg.OperationalError:
        return False
    return True
