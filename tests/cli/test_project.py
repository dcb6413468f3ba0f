"""``liq.toml``: what it says, where it is wrong, and what it cannot reach."""

from __future__ import annotations

import os
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liq.model.source import Source
from liq.project import (
    Limits,
    Profile,
    Project,
    ProjectError,
    find_project,
    inside,
    load_project,
    matches,
    project_files,
    read_project,
    read_source,
)
from liq.render import render

WHOLE = """
[project]
name = "registry"
schema = "schema/*.liq"
queries = ["queries/**/*.liq", "extra.liq"]
dialects = ["postgres", "duckdb"]

[limits]
files = 10
file_bytes = 1_000

[profiles.dev]
dsn_env = "REGISTRY_DSN"
data = "sample/data.json"
"""


def read(text: str) -> Project:
    return read_project(Source("liq.toml", text), Path("somewhere"))


def complaints(text: str) -> list[str]:
    with pytest.raises(ProjectError) as caught:
        read(text)
    return render("concise", caught.value.diagnostics, caught.value.sources).splitlines()


def test_whole() -> None:
    project = read(WHOLE)
    assert (project.name, project.schema) == ("registry", ("schema/*.liq",))
    assert project.queries == ("queries/**/*.liq", "extra.liq")
    assert project.dialects == ("postgres", "duckdb")
    assert project.limits == Limits(files=10, file_bytes=1000)
    assert project.profile("dev") == Profile("dev", "REGISTRY_DSN", "sample/data.json")
    assert project.profile("prod") is None


def test_empty_file_is_a_project() -> None:
    assert read("").schema == ("schema.liq",)
    assert read("").name == "somewhere"


@pytest.mark.parametrize("text, lines", [
    ("[project]\nschemas = 's.liq'", ["liq.toml:2:1: LIQ0903 unknown key 'schemas' in [project] — did you mean schema?"]),
    ("[projekt]", ["liq.toml:1:2: LIQ0903 unknown key 'projekt' — did you mean project?"]),
    ("[project]\nname = 5\nschema = ['a', 1]", [
        "liq.toml:3:1: LIQ0903 schema is a list of texts", "liq.toml:2:1: LIQ0903 name is a text",
    ]),
    ("[project]\nname =", ["liq.toml:2:7: LIQ0902 not TOML: invalid value"]),
    ("[project]\ndialects = ['oracle']", ["liq.toml:2:1: LIQ0903 unknown dialect 'oracle'; there are postgres, duckdb"]),
    ("[project]\nqueries = ['../x/*.liq']", ["liq.toml:2:1: LIQ0904 '../x/*.liq' leaves the folder of the project"]),
    ("[project]\nqueries = ['/etc/*']", ["liq.toml:2:1: LIQ0904 '/etc/*' is not relative to the project"]),
    ("[project]\nqueries = ['C:/x']", ["liq.toml:2:1: LIQ0904 'C:/x' is not relative to the project"]),
    ("[project]\nqueries = ['a\\..\\..\\b']", [
        "liq.toml:2:1: LIQ0904 'a\\\\..\\\\..\\\\b' leaves the folder of the project",
    ]),
    ("[limits]\nfiles = 0\nfile_bytes = true", [
        "liq.toml:2:1: LIQ0903 files is a whole number from 1 to 100000",
        "liq.toml:3:1: LIQ0903 file_bytes is a whole number from 1 to 16000000",
    ]),
    ("[profiles.dev]\ndata = '../d.json'\ndsn = 'x'", [
        "liq.toml:3:1: LIQ0903 unknown key 'dsn' in [profiles.dev] — did you mean dsn_env?",
        "liq.toml:2:1: LIQ0904 '../d.json' leaves the folder of the project",
    ]),
    ("project = 3", ["liq.toml:1:1: LIQ0903 project is a table: write [project]"]),
])  # fmt: skip
def test_complaints(text: str, lines: list[str]) -> None:
    assert complaints(text) == lines


@pytest.mark.parametrize("text", ["x = " + "[" * 5000 + "]" * 5000, "x = " + "9" * 5000, "[" + ".".join("a" * 5000)])
def test_bombs_in_the_file(text: str) -> None:
    assert [line.split()[1] for line in complaints(text)] in (["LIQ0902"], ["LIQ0903"])


@given(st.text(st.sampled_from("[]=\"'\n.a1#{},\\\0\u202e"), max_size=40))
def test_any_text_is_a_project_or_findings(text: str) -> None:
    try:
        assert isinstance(read(text), Project)
    except ProjectError as error:
        codes = {diagnostic.code.id for diagnostic in error.diagnostics}
        assert codes <= {"LIQ0902", "LIQ0903", "LIQ0904"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("schema/b.liq", "schema/a.liq", "queries/x.liq", "queries/deep/y.liq", "extra.liq", ".git/z.liq"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"-- {name}\n", encoding="utf-8")
    (tmp_path / "liq.toml").write_text(WHOLE, encoding="utf-8")
    return tmp_path


def test_files_in_order(folder: Path) -> None:
    files = project_files(load_project(folder / "queries" / "deep"))
    assert [source.name for source in files.schema] == ["schema/a.liq", "schema/b.liq"]
    assert [source.name for source in files.queries] == ["extra.liq", "queries/deep/y.liq", "queries/x.liq"]
    assert files.queries[0].text == "-- extra.liq\n"


def test_found_by_walking_up(folder: Path) -> None:
    assert find_project(folder / "queries" / "deep" / "y.liq") == (folder / "liq.toml").resolve()
    with pytest.raises(ProjectError, match="or in a folder above"):
        load_project(folder.parent.parent)


def refusal(folder: Path) -> str:
    with pytest.raises(ProjectError) as caught:
        project_files(load_project(folder))
    return caught.value.diagnostics[0].code.id


def test_links_do_not_lead_out(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    secret = tmp_path_factory.mktemp("outside") / "secret.liq"
    secret.write_text("secret", encoding="utf-8")
    (folder / "queries" / "link.liq").symlink_to(secret)
    assert refusal(folder) == "LIQ0904"


def test_linked_folders_are_not_entered(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    (folder / "queries" / "loop").symlink_to(folder, target_is_directory=True)
    assert len(project_files(load_project(folder)).queries) == 3


def test_only_regular_files_are_read(folder: Path) -> None:
    with pytest.raises(ProjectError, match="not a regular file"):
        read_source(Path(os.devnull), "devnull", 100)
    os.mkfifo(folder / "pipe.liq")
    with pytest.raises(ProjectError, match="not a regular file"):
        read_source(folder / "pipe.liq", "pipe.liq", 100)


@pytest.mark.parametrize("content, code", [(b"a" * 1001, "LIQ0905"), (b"a \xff", "LIQ0006"), (b"\xff\xfea\0", "LIQ0006")])
def test_content(folder: Path, content: bytes, code: str) -> None:
    (folder / "queries" / "x.liq").write_bytes(content)
    assert refusal(folder) == code


def test_too_many_files(folder: Path) -> None:
    for number in range(10):
        (folder / "queries" / f"q{number}.liq").write_text("", encoding="utf-8")
    assert refusal(folder) == "LIQ0905"


def test_a_named_file_must_be_there(folder: Path) -> None:
    (folder / "extra.liq").unlink()
    assert refusal(folder) == "LIQ0906"


def test_inside(folder: Path) -> None:
    project = load_project(folder)
    assert inside(project, "sample/data.json") == (folder / "sample/data.json").resolve()
    with pytest.raises(ProjectError):
        inside(project, "../x")


@pytest.mark.parametrize("name, pattern, expected", [
    ("a.liq", "*.liq", True), ("x/a.liq", "*.liq", False), ("x/a.liq", "**/*.liq", True), ("a.liq", "**/*.liq", True),
    ("q/x/y/a.liq", "q/**/a.liq", True), ("q/a.liq", "q/**/a.liq", True), ("q/a.liq", "q/**", True),
    ("a.liq", "?.liq", True), ("ab.liq", "?.liq", False), ("a.liq", "./a.liq", True), ("[a].liq", "[a].liq", True),
])  # fmt: skip
def test_patterns(name: str, pattern: str, expected: bool) -> None:
    assert matches(name, pattern) is expected


@given(st.text("ab*?", max_size=8), st.text("ab", min_size=1, max_size=8))
def test_patterns_within_a_name_are_shell_patterns(pattern: str, name: str) -> None:
    if "**" not in pattern:
        assert matches(name, pattern) == fnmatchcase(name, pattern)


def test_patterns_do_not_explode() -> None:
    assert not matches("/".join(["a" * 200] * 60), "/".join(["**", "a*a*a*a*a*b"] * 30))


def test_collation() -> None:
    assert read("[project]\ncollation = 'C'").text_is_c
    assert not read("").text_is_c
    assert complaints("[project]\ncollation = 'de_DE'") == [
        'liq.toml:2:1: LIQ0903 collation is "C" (that of the database), or left out'
    ]
