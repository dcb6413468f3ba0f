"""Running the command in this process, as a shell would see it."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from unittest import mock

from attrs import frozen

from liq.cli.main import run

ROOT = Path(__file__).parents[2]


@frozen
class Ran:
    """What came of a command."""

    code: int
    out: str
    err: str


@contextmanager
def inside(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def liq(*arguments: str, folder: Path | None = None, stdin: str | bytes = "", env: Mapping[str, str] | None = None) -> Ran:
    """Run a command: its exit code and what it wrote."""
    out, err = _Text(), _Text()
    data = stdin.encode() if isinstance(stdin, str) else stdin
    clean = {key: value for key, value in os.environ.items() if not key.startswith("LIQ_")} | dict(env or {})
    with (
        inside(folder or ROOT), redirect_stdout(out), redirect_stderr(err), mock.patch.dict(os.environ, clean, clear=True),
        mock.patch.object(sys, "stdin", io.TextIOWrapper(io.BytesIO(data), encoding="utf-8")),
    ):  # fmt: skip
        code = run(list(arguments))
    return Ran(code, out.text(), err.text())


class _Text(io.TextIOWrapper):
    """A stream with an encoding, like the real ones."""

    def __init__(self) -> None:
        super().__init__(io.BytesIO(), encoding="utf-8", write_through=True)

    def text(self) -> str:
        self.flush()
        buffer = self.buffer
        assert isinstance(buffer, io.BytesIO)
        return buffer.getvalue().decode("utf-8")
