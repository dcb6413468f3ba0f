"""Attacks by project: a damaged ``liq.toml``, patterns and links that lead out, files that are none or not UTF-8."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Final

from attrs import frozen

from liq.project import Limits, ProjectError, load_project, matches, project_files
from tests.gen.rng import Rng
from tests.hostile.mutate import mutated, mutated_bytes, noise
from tests.hostile.outcome import Outcome, coded, demand, shown

TOML: Final = """[project]
name = "registry"
schema = ["schema.liq", "policies.liq"]
queries = ["queries/*.liq"]
dialects = ["postgres"]

[limits]
files = 100
file_bytes = 100000
total_bytes = 1000000

[profiles.dev]
data = "sample/data.json"
claims = "sample/acme.json"

[profiles.pg]
dsn_env = "REGISTRY_DSN"
"""
SECRET: Final = "-- the secret that no project may read\n"
PATTERNS: Final = (
    "schema.liq", "queries/*.liq", "**/*.liq", "**", "*", "**/**/**/**/**/**/**/x", "*" * 200 + "z", "a*a*a*a*a*a*a*a*b", "../outside/*.liq", "..", "../../etc/passwd",
    "/etc/passwd", "~/secrets.liq", "C:\\windows\\x.liq", "queries\\..\\..\\outside\\secret.liq", "queries/../../outside/secret.liq", "./schema.liq", "queries/./a.liq", "", " ",
    "link.liq", "linked/secret.liq", "linked/*.liq", "loop/*.liq", "pipe.liq", ".hidden/x.liq", "schema.liq\0.txt", "sche\u202ema.liq", "\ud7ff.liq", "x" * 5_000, "queries/", "//x", "[a-z].liq", "{a,b}.liq",
    "%2e%2e/outside/secret.liq", "....//outside/secret.liq", "..;/outside/secret.liq", "file:///etc/passwd", "$HOME/x.liq", "-rf.liq", "a\nb.liq", "folder.liq",
)  # fmt: skip
KEYS: Final = ("schema", "queries", "dialects", "name", "files", "file_bytes", "total_bytes", "data", "claims", "dsn_env", "zz", "__class__")
VALUES: Final = (
    '"x"', "1", "-1", "0", "true", "[]", "{}", "[1]", '["postgres", 5]', "1e999", "nan", "9" * 30, "9" * 5_000, "0x7fffffffffffffff", "1979-05-27T07:32:00Z", '"\\u0000"', '"\\ud800"',
    "[" * 3_000 + "]" * 3_000, "'''" + "x" * 2_000 + "'''", '"""\n"""', '["mysql"]', '[["a"]]', "{a.b.c = 1}",
)  # fmt: skip


@frozen
class Folder:
    """A project's folder, with something beside it that must not be read."""

    root: Path
    outside: Path


def attack_project(rng: Rng) -> Outcome:
    """A damaged project on a real file system."""
    with tempfile.TemporaryDirectory(prefix="liq-hostile-", ignore_cleanup_errors=True) as name:
        folder = _made(rng, Path(name).resolve())
        data, how = _toml(rng)
        (folder.root / "liq.toml").write_bytes(data)
        return _read(folder, how)


def _read(folder: Folder, how: str) -> Outcome:
    limits = Limits()
    try:
        project = load_project(folder.root / "queries")
        limits = project.limits
        files = project_files(project)
    except ProjectError as error:
        codes = coded(error.diagnostics, error.sources)
        shown(error.diagnostics, error.sources)
        demand(SECRET.strip() not in str(error.sources), "an error shows what is outside")
        return Outcome("project", False, codes, (f"toml {how}",))
    found = (*files.schema, *files.queries)
    for source in found:
        demand(SECRET not in source.text, f"{source.name} was read from outside")
        demand((folder.root / source.name).resolve().is_relative_to(folder.root), f"{source.name} is outside")
        demand(len(source.text.encode()) <= limits.file_bytes, f"{source.name} is larger than the limit")
    demand(len(found) <= limits.files and sum(len(s.text) for s in found) <= limits.total_bytes, "more was read than the limits allow")
    return Outcome("project", True, (), (f"toml {how}", *(("files read",) if found else ())))


def _made(rng: Rng, home: Path) -> Folder:
    root, outside = home / "project", home / "outside"
    for made in (root / "queries", outside, root / ".hidden"):
        made.mkdir(parents=True)
    (outside / "secret.liq").write_text(SECRET)
    (root / ".hidden" / "x.liq").write_text("-- hidden\n")
    for name in ("schema.liq", "policies.liq", "queries/a.liq", "queries/b.liq"):
        text = "table t { id int key }\n" if name == "schema.liq" else "-- nothing\n"
        data = text.encode() if rng.chance(0.9) else mutated_bytes(rng, text.encode())
        (root / name).write_bytes(data if rng.chance(0.97) else data * 20_000)
    _odd_entries(rng, root, outside)
    return Folder(root, outside)


def _odd_entries(rng: Rng, root: Path, outside: Path) -> None:
    """Links out of the project and in circles, pipes, folders that are called like files."""
    if rng.chance(0.15):
        (root / "link.liq").symlink_to(outside / "secret.liq")
    if rng.chance(0.15):
        (root / "queries" / "c.liq").symlink_to(rng.pick([outside / "secret.liq", Path("a.liq"), Path("nowhere.liq"), Path("c.liq")]))
    if rng.chance(0.3):
        (root / "linked").symlink_to(outside, target_is_directory=True)
    if rng.chance(0.3):
        (root / "loop").symlink_to(root, target_is_directory=True)
    if rng.chance(0.2):
        os.mkfifo(root / rng.pick(["pipe.liq", "queries/p.liq"]))
    if rng.chance(0.2):
        (root / rng.pick(["folder.liq", "queries/folder.liq"])).mkdir()


def _toml(rng: Rng) -> tuple[bytes, str]:
    match how := rng.pick(["sound", "patterns", "patterns", "patterns", "value", "text", "text", "bytes", "noise"]):
        case "sound":
            return TOML.encode(), how
        case "patterns":
            listed = ", ".join(_quoted(rng.pick(PATTERNS)) for _ in range(rng.between(0, 3)))
            key, old = rng.pick([("queries", '["queries/*.liq"]'), ("schema", '["schema.liq", "policies.liq"]')])
            return TOML.replace(f"{key} = {old}", f"{key} = [{listed}]").encode("utf-8", "surrogatepass"), how
        case "value":
            line = f"{rng.pick(KEYS)} = {rng.pick(VALUES)}\n"
            at = rng.pick([place for place, char in enumerate(TOML) if char == "\n"]) + 1
            return (TOML[:at] + line + TOML[at:]).encode("utf-8", "surrogatepass"), how
        case "text":
            return mutated(rng, TOML, TOML)[0].encode("utf-8", "surrogatepass"), how
        case "bytes":
            return mutated_bytes(rng, TOML.encode()), how
        case _:
            return noise(rng).encode("utf-8", "surrogatepass"), how


def _quoted(text: str) -> str:
    escaped = "".join(f"\\u{ord(char):04x}" if ord(char) < 32 or char in '"\\' else char for char in text)
    return f'"{escaped}"'


def attack_pattern(rng: Rng) -> Outcome:
    """A file pattern that would take a backtracking matcher for ever."""
    part = rng.pick(["a*", "*a", "?*", "**/", "*/", "a", "/", "*", "?"])
    pattern = part * rng.between(1, 60) + rng.pick(["", "b", "/b", "*b"])
    name = rng.pick(["a", "a/", "ab", "a/b/"]) * rng.between(1, 60)
    return Outcome("pattern", matches(name, pattern), size=len(pattern) * len(name))
