"""Projects: a folder with ``liq.toml``, found by walking up. All its files are one schema and one set of queries.

A project is what an agent may have written: patterns cannot leave its folder (nor symbolic links lead out of it), only
regular files are read, and how much is read is bounded.
"""

from __future__ import annotations

import codecs
import os
import re
import stat
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NoReturn

from attrs import field, fields_dict, frozen

from liq.model.codes import (
    ENCODING,
    FILE_UNREADABLE,
    PROJECT_KEY,
    PROJECT_LIMIT,
    PROJECT_MISSING,
    PROJECT_PATH,
    PROJECT_TEXT,
)
from liq.model.diagnostics import Code, Diagnostic
from liq.model.source import NO_SPAN, Source, Span

FILE_NAME = "liq.toml"
DIALECTS = ("postgres", "duckdb")
CONFIG_BYTES_MAX = 100_000
ENTRIES_MAX = 100_000
"""Files and folders that are looked at while patterns are matched."""
MESSAGE_MAX = 300
"""Characters of one message: what it quotes may be of any length."""

_O_NONBLOCK: int = getattr(os, "O_NONBLOCK", 0)


class ProjectError(Exception):
    """A project that cannot be used; ``diagnostics`` point into its files, ``sources`` are their texts."""

    def __init__(self, diagnostics: Sequence[Diagnostic], sources: Mapping[str, Source] | None = None) -> None:
        super().__init__(diagnostics[0].message)
        self.diagnostics = tuple(diagnostics)
        self.sources = dict(sources or {})


@frozen
class Limits:
    """How much a project may hold."""

    files: int = 5_000
    file_bytes: int = 1_000_000
    total_bytes: int = 64_000_000


LIMITS_MAX = Limits(files=100_000, file_bytes=16_000_000, total_bytes=1_000_000_000)


@frozen
class Profile:
    """Where queries of a project run: ``dsn_env`` names the environment variable that holds the connection string
    (it is a secret, so it is not in the file); ``data`` is a file of sample rows; ``claims`` a file of claims.
    """

    name: str
    dsn_env: str | None = None
    data: str | None = None
    claims: str | None = None


@frozen
class Project:
    """A project as its file says it; paths are relative to ``root``. ``text_is_c``: its databases have collation C."""

    root: Path
    name: str
    schema: tuple[str, ...] = ("schema.liq",)
    queries: tuple[str, ...] = ("queries/**/*.liq",)
    dialects: tuple[str, ...] = ("postgres",)
    text_is_c: bool = False
    limits: Limits = field(factory=Limits)
    profiles: tuple[Profile, ...] = ()
    source: Source = field(default=Source(FILE_NAME, ""), repr=False)

    def profile(self, name: str) -> Profile | None:
        """The profile of that name."""
        return next((profile for profile in self.profiles if profile.name == name), None)


@frozen
class ProjectFiles:
    """The texts of a project, by kind, in the order of their names."""

    schema: tuple[Source, ...]
    queries: tuple[Source, ...]


# ------------------------------------------------------------------------------------------------- finding
def find_project(start: Path) -> Path | None:
    """The nearest ``liq.toml`` in a folder (or the folder of a file) or above it."""
    here = _resolved(start)
    if here is None:
        return None
    for folder in (here, *here.parents):
        candidate = folder / FILE_NAME
        if candidate.is_file():
            return candidate
    return None


def _resolved(path: Path) -> Path | None:
    """The path without links; None where the links of it go in a circle."""
    try:
        return path.resolve()
    except (OSError, RuntimeError):
        return None


def load_project(start: Path) -> Project:
    """The project that a path belongs to, or ``ProjectError``."""
    path = find_project(start)
    if path is None:
        _fail(PROJECT_MISSING, "no liq.toml here or in a folder above", help="`liq init` makes one")
    return read_project(read_source(path, FILE_NAME, CONFIG_BYTES_MAX), path.parent)


def read_source(path: Path, name: str, bytes_max: int) -> Source:
    """The text of a regular file, or ``ProjectError``."""
    try:
        # non-blocking: a named pipe must be refused, not waited for
        with open(path, "rb", opener=lambda name, flags: os.open(name, flags | _O_NONBLOCK)) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                _fail(FILE_UNREADABLE, f"{name} is not a regular file", name)
            data = file.read(bytes_max + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "the name cannot be used"
        _fail(FILE_UNREADABLE, f"{name} cannot be read: {reason.lower()}", name)
    return decode_source(data, name, bytes_max)


def decode_source(data: bytes, name: str, bytes_max: int) -> Source:
    """The text of a file's bytes, or ``ProjectError``."""
    if len(data) > bytes_max:
        _fail(PROJECT_LIMIT, f"{name} has more than {bytes_max} bytes", name)
    try:
        return Source(name, data.removeprefix(codecs.BOM_UTF8).decode("utf-8"))
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        _fail(ENCODING, f"the file is not UTF-8: byte {error.start} (line {line}) is 0x{data[error.start]:02x}", name)


def _fail(code: Code, message: str, file: str = "", help: str | None = None) -> NoReturn:
    raise ProjectError([Diagnostic(code, _line(message), NO_SPAN, file, help=help)])


def _line(message: str) -> str:
    """A message as one line of bounded length: names of files and keys in it are the author's of the project."""
    kept = message if len(message) <= MESSAGE_MAX else message[:MESSAGE_MAX] + "…"
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in kept)


# --------------------------------------------------------------------------------------------------- liq.toml
def read_project(source: Source, root: Path) -> Project:
    """The project of a ``liq.toml``, or ``ProjectError`` with every finding."""
    try:
        table = tomllib.loads(source.text)
    except tomllib.TOMLDecodeError as error:
        raise ProjectError([_toml_error(str(error), source)], {source.name: source}) from None
    except (RecursionError, ValueError) as error:
        wrong = "the file nests too deeply" if isinstance(error, RecursionError) else "a number is too long"
        raise ProjectError([_at(PROJECT_TEXT, wrong, source, ())], {source.name: source}) from None
    reader = _Reader(source)
    project = reader.project(table, root)
    if reader.findings:
        raise ProjectError(reader.findings, {source.name: source})
    return project


def _toml_error(message: str, source: Source) -> Diagnostic:
    place = re.search(r" \(at (?:line (\d+), column (\d+)|end of document)\)$", message)
    at = len(source.text)
    if place and place[1]:
        at = sum(len(line) for line in source.text.splitlines(keepends=True)[: int(place[1]) - 1]) + int(place[2]) - 1
    said = message[: place.start()] if place else message
    start = min(at, len(source.text))
    span = Span(start, min(start + 1, len(source.text)))
    return Diagnostic(PROJECT_TEXT, _line(f"not TOML: {said[:1].lower()}{said[1:]}"), span, source.name)


_PROJECT_KEYS = ("name", "schema", "queries", "dialects", "collation")
_PROFILE_KEYS = ("dsn_env", "data", "claims")


class _Reader:
    """Reads a parsed ``liq.toml`` and gathers what is wrong with it."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.findings: list[Diagnostic] = []

    def project(self, table: dict[str, Any], root: Path) -> Project:
        """The project; defaults stand where something is wrong."""
        self.known(table, ("project", "limits", "profiles"), ())
        head = self.table(table, "project", ())
        self.known(head, _PROJECT_KEYS, ("project",))
        chosen = {key: value for key in ("schema", "queries") if (value := self.patterns(head, key)) is not None}
        dialects = self.strings(head, "dialects", ("project",))
        for dialect in dialects or ():
            if dialect not in DIALECTS:
                wrong = f"unknown dialect {dialect!r}; there are {', '.join(DIALECTS)}"
                self.report(PROJECT_KEY, wrong, "project", "dialects")
        return Project(
            root=root,
            name=self.string(head, "name", ("project",)) or root.name or "project",
            dialects=dialects or ("postgres",),
            text_is_c=self.text_is_c(head),
            limits=self.limits(self.table(table, "limits", ())),
            profiles=tuple(self.profiles(self.table(table, "profiles", ()))),
            source=self.source,
            **chosen,
        )

    def text_is_c(self, head: dict[str, Any]) -> bool:
        """``collation = "C"``: the database itself compares text by code point, so SQL need not say it."""
        collation = self.string(head, "collation", ("project",))
        if collation not in (None, "C"):
            self.report(PROJECT_KEY, 'collation is "C" (that of the database), or left out', "project", "collation")
        return collation == "C"

    def limits(self, table: dict[str, Any]) -> Limits:
        """Limits: whole numbers, within what liq itself bounds."""
        self.known(table, tuple(fields_dict(Limits)), ("limits",))
        given = {}
        for key in fields_dict(Limits):
            value = table.get(key)
            most = getattr(LIMITS_MAX, key)
            if value is None:
                continue
            if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= most:
                given[key] = value
            else:
                self.report(PROJECT_KEY, f"{key} is a whole number from 1 to {most}", "limits", key)
        return Limits(**given)

    def profiles(self, table: dict[str, Any]) -> Iterator[Profile]:
        """Profiles by name."""
        for name in table:
            inner = self.table(table, name, ("profiles",))
            place = ("profiles", name)
            self.known(inner, _PROFILE_KEYS, place)
            given = {key: self.string(inner, key, place) for key in _PROFILE_KEYS}
            for key in ("data", "claims"):
                if (value := given[key]) is not None and (wrong := _leaves(value)):
                    self.report(PROJECT_PATH, wrong, *place, key)
            yield Profile(name, **given)

    def known(self, table: dict[str, Any], keys: Sequence[str], place: tuple[str, ...]) -> None:
        """Report the keys that a table does not have."""
        for key in table:
            if key not in keys:
                near = get_close_matches(key, keys, 1)
                hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(keys)}"
                where = f" in [{'.'.join(place)}]" if place else ""
                self.report(PROJECT_KEY, f"unknown key {key!r}{where}", *place, key, help=hint)

    def table(self, table: dict[str, Any], key: str, place: tuple[str, ...]) -> dict[str, Any]:
        """A table inside a table."""
        value = table.get(key, {})
        if isinstance(value, dict):
            return value
        self.report(PROJECT_KEY, f"{key} is a table: write [{'.'.join((*place, key))}]", *place, key)
        return {}

    def string(self, table: dict[str, Any], key: str, place: tuple[str, ...]) -> str | None:
        """A text, or None where the key is absent."""
        value = table.get(key)
        if value is None or (isinstance(value, str) and value and "\0" not in value):
            return value
        self.report(PROJECT_KEY, f"{key} is a text", *place, key)
        return None

    def strings(self, table: dict[str, Any], key: str, place: tuple[str, ...]) -> tuple[str, ...] | None:
        """A list of texts; a text alone is a list of one."""
        value = table.get(key)
        items = [value] if isinstance(value, str) else value
        if items is None:
            return None
        if isinstance(items, list) and all(isinstance(item, str) and item and "\0" not in item for item in items):
            return tuple(items)
        self.report(PROJECT_KEY, f"{key} is a list of texts", *place, key)
        return None

    def patterns(self, table: dict[str, Any], key: str) -> tuple[str, ...] | None:
        """Patterns of files inside the project."""
        patterns = self.strings(table, key, ("project",))
        for pattern in patterns or ():
            if wrong := _leaves(pattern):
                self.report(PROJECT_PATH, wrong, "project", key)
        return patterns

    def report(self, code: Code, message: str, *place: str, help: str | None = None) -> None:
        """Add a finding at the key of a place."""
        self.findings.append(_at(code, message, self.source, place, help))


def _at(code: Code, message: str, source: Source, place: Sequence[str], help: str | None = None) -> Diagnostic:
    return Diagnostic(code, _line(message), _span_of(source, place), source.name, help=help)


def _span_of(source: Source, place: Sequence[str]) -> Span:
    """Where a key stands: tomllib gives no places, so the text is searched, table by table."""
    table: list[str] = []
    offset = 0
    for line in source.text.splitlines(keepends=True):
        header = re.match(r"\s*\[\[?\s*([^\]]+?)\s*\]", line)
        entry = re.match(r"\s*([\w.\"' -]+?)\s*=", line)
        if header:
            table = [part.strip(" \"'") for part in header[1].split(".")]
            if table == list(place):
                return Span(offset + header.start(1), offset + header.end(1))
        elif entry and [*table, *(part.strip(" \"'") for part in entry[1].split("."))] == list(place):
            return Span(offset + entry.start(1), offset + entry.end(1))
        offset += len(line)
    return NO_SPAN


def _leaves(pattern: str) -> str | None:
    """Why a path or pattern does not stay inside the project, or None."""
    parts = pattern.replace("\\", "/").split("/")
    if pattern.startswith(("/", "\\", "~")) or re.match(r"[A-Za-z]:", pattern):
        return f"{pattern!r} is not relative to the project"
    if ".." in parts:
        return f"{pattern!r} leaves the folder of the project"
    return None


# --------------------------------------------------------------------------------------------------- files
def project_files(project: Project) -> ProjectFiles:
    """The texts of a project, or ``ProjectError``. A file that both kinds name is a schema file."""
    names = list(_names(project))
    schema = [name for name in names if _matches(name, project.schema)]
    queries = [name for name in names if name not in set(schema) and _matches(name, project.queries)]
    literal = [pattern for pattern in (*project.schema, *project.queries) if not re.search(r"[*?]", pattern)]
    for pattern in literal:
        if pattern not in names:
            _fail(FILE_UNREADABLE, f"{pattern} is named in {FILE_NAME} and not there", FILE_NAME)
    chosen = [*schema, *queries]
    if len(chosen) > project.limits.files:
        _fail(PROJECT_LIMIT, f"the project has {len(chosen)} files; at most {project.limits.files} are read", FILE_NAME)
    total = 0
    texts: dict[str, Source] = {}
    for name in chosen:
        texts[name] = read_source(inside(project, name), name, project.limits.file_bytes)
        total += len(texts[name].text)
        if total > project.limits.total_bytes:
            _fail(PROJECT_LIMIT, f"the files have more than {project.limits.total_bytes} bytes together", FILE_NAME)
    return ProjectFiles(tuple(texts[name] for name in schema), tuple(texts[name] for name in queries))


def inside(project: Project, name: str) -> Path:
    """The path of a file of the project, or ``ProjectError`` where a link leads out of it."""
    root = project.root.resolve()
    if wrong := _leaves(name):
        _fail(PROJECT_PATH, wrong, name)
    path = _resolved(root / name)
    if path is None:
        _fail(FILE_UNREADABLE, f"{name} is a link that leads nowhere", name)
    if not path.is_relative_to(root):
        _fail(PROJECT_PATH, f"{name} is a link that leaves the folder of the project", name)
    return path


def _names(project: Project) -> Iterator[str]:
    """Every file below the project's folder that a pattern could mean, in order; hidden folders and links are
    not entered.
    """
    seen = 0
    found: list[str] = []
    for folder, folders, files in os.walk(project.root, followlinks=False):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        seen += len(folders) + len(files)
        if seen > ENTRIES_MAX:
            _fail(PROJECT_LIMIT, f"the folder of the project holds more than {ENTRIES_MAX} entries", FILE_NAME)
        relative = Path(folder).relative_to(project.root)
        found.extend((relative / name).as_posix() for name in files)
    yield from sorted(found)


def _matches(name: str, patterns: Sequence[str]) -> bool:
    return any(matches(name, pattern) for pattern in patterns)


def matches(name: str, pattern: str) -> bool:
    """Whether a path fits a pattern: ``*`` and ``?`` within a name, ``**`` any number of folders. No
    backtracking bombs.
    """
    wanted = pattern.replace("\\", "/").removeprefix("./").split("/")
    reachable = {0}  # how many parts of the pattern the parts of the path so far can have used
    for part in name.split("/"):
        reachable = _closed(reachable, wanted)
        after = {at for at in reachable if at < len(wanted) and wanted[at] == "**"}
        after |= {at + 1 for at in reachable if at < len(wanted) and wanted[at] != "**" and _fits(part, wanted[at])}
        reachable = after
    return len(wanted) in _closed(reachable, wanted)


def _closed(reachable: set[int], wanted: Sequence[str]) -> set[int]:
    closed = set(reachable)
    for at in range(len(wanted)):
        if at in closed and wanted[at] == "**":
            closed.add(at + 1)
    return closed


def _fits(part: str, pattern: str) -> bool:
    """Wildcards within one name, by the greedy algorithm: the last ``*`` is the only one that is ever widened."""
    at = star_at = 0
    wanted, star = 0, -1
    while at < len(part):
        if wanted < len(pattern) and pattern[wanted] == "*":
            star, star_at, wanted = wanted, at, wanted + 1
        elif wanted < len(pattern) and pattern[wanted] in ("?", part[at]):
            at, wanted = at + 1, wanted + 1
        elif star >= 0:
            star_at += 1
            at, wanted = star_at, star + 1
        else:
            return False
    return all(char == "*" for char in pattern[wanted:])
