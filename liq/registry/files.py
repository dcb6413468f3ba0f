"""Files of a registry: written whole or not at all, for their owner alone, named for what they hold.

The folder's mode (0700) is the boundary: whoever can open it is its owner.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import secrets
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from attrs import field, frozen

from liq.model.codes import REGISTRY_BROKEN
from liq.registry.refusal import refuse

FOLDER_MODE, FILE_MODE = 0o700, 0o600
OBJECT_BYTES_MAX = 64 * 1024 * 1024


def make_folder(path: Path) -> None:
    """A folder for its owner alone, and the folders above it."""
    path.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)


def check_folder(path: Path) -> None:
    """Refuse a folder that others can reach."""
    try:
        found = path.stat()
    except OSError as error:
        refuse(REGISTRY_BROKEN, f"{path} cannot be opened: {(error.strerror or 'error').lower()}")
    if not stat.S_ISDIR(found.st_mode):
        refuse(REGISTRY_BROKEN, f"{path} is not a folder")
    if found.st_uid != os.geteuid() or stat.S_IMODE(found.st_mode) & 0o077:
        refuse(REGISTRY_BROKEN, f"{path} can be reached by others than its owner", help="chmod 700")


def write_whole(path: Path, data: bytes) -> None:
    """Replace a file: after a crash it is the old one or the new one. Durable when this returns."""
    beside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(path: Path) -> None:
    """Make the names in a folder durable."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def read_whole(path: Path, bytes_max: int = OBJECT_BYTES_MAX) -> bytes:
    """The bytes of a regular file, or a refusal; links are not followed."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        refuse(REGISTRY_BROKEN, f"{path.name} cannot be read: {(error.strerror or 'error').lower()}")
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            refuse(REGISTRY_BROKEN, f"{path.name} is not a regular file")
        data = file.read(bytes_max + 1)
    if len(data) > bytes_max:
        refuse(REGISTRY_BROKEN, f"{path.name} has more than {bytes_max} bytes")
    return data


@frozen
class Objects:
    """Immutable files, each named by the SHA-256 of its bytes."""

    folder: Path

    def put(self, data: bytes) -> str:
        """Keep some bytes; their name. Durable when this returns."""
        name = hashlib.sha256(data).hexdigest()
        path = self.folder / name
        if path.exists():
            self.get(name)
        else:
            write_whole(path, data)
        return name

    def get(self, name: str) -> bytes:
        """The bytes of a name, or a refusal where they are not those that were kept."""
        if len(name) != 64 or not set(name) <= set("0123456789abcdef"):
            refuse(REGISTRY_BROKEN, "an object is named by 64 hexadecimal digits")
        data = read_whole(self.folder / name)
        if hashlib.sha256(data).hexdigest() != name:
            refuse(REGISTRY_BROKEN, f"object {name[:12]}… does not hold what was registered")
        return data


@frozen
class Lock:
    """One holder at a time, among threads and processes; gone with the process that held it."""

    path: Path
    _inside: threading.Lock = field(factory=threading.Lock, eq=False, repr=False)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the lock."""
        with self._inside:
            handle = os.open(self.path, os.O_RDWR | os.O_CREAT, FILE_MODE)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX)
                yield
            finally:
                os.close(handle)
