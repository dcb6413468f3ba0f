"""Commands, as a shell sees them: exit codes, what goes to which stream, files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from liq.cli.main import COMMANDS
from liq.model.document import read_plan, read_schema
from tests.cli.shell import ROOT, Ran, liq

SCHEMA = """table notes { id int key auto, owner text, title text, size int? }
session { uid: text? from 'sub' }
policy own on notes for all using owner = @uid
"""
QUERY = "read notes { id, title } where size > $min? limit 10\n"
WRONG = "read notes { id, titel } where sise > 1 limit 10\n"
ROWS = {"notes": [{"owner": "ada", "title": "a", "size": 1}, {"owner": "bob", "title": "b", "size": 2}]}


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "schema.liq").write_text(SCHEMA)
    (tmp_path / "good.liq").write_text(QUERY)
    (tmp_path / "wrong.liq").write_text(WRONG)
    (tmp_path / "rows.json").write_text(json.dumps(ROWS))
    return tmp_path


# --------------------------------------------------------------------------------------------------- the frame
def test_help_and_version() -> None:
    assert liq("--version").out == "liq 0.1.0\n"
    shown = liq("--help")
    assert shown.code == 0
    assert all(name in shown.out for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name: str) -> None:
    shown = liq(name, "--help")
    assert shown.code == 0
    assert shown.out.startswith(f"Usage: liq {name}")


@pytest.mark.parametrize("arguments", [("nothing",), ("check", "--format", "xml"), ("run",), ("explain", "LIQ9999"), ("fmt", "--x")])
def test_usage_errors(arguments: tuple[str, ...]) -> None:
    ran = liq(*arguments)
    assert (ran.code, ran.out) == (2, "")
    assert "Error:" in ran.err


def test_a_word_that_is_nearly_a_command() -> None:
    assert "Did you mean 'compile'?" in liq("complie").err


def test_a_bug_is_told_without_a_traceback(monkeypatch: pytest.MonkeyPatch, files: Path) -> None:
    def broken(*_: object, **__: object) -> None:
        raise TypeError("secret\n\x1b[31m detail")

    monkeypatch.setattr("liq.api.check_sources", broken)
    ran = liq("check", "good.liq", "--schema", "schema.liq", folder=files)
    assert ran.code == 101
    assert ran.err.startswith("liq: internal error: TypeError: secret \\u{1b}[31m detail\nThis is a bug in liq")
    assert "Traceback" not in ran.err
    with pytest.raises(TypeError):
        liq("check", "good.liq", "--schema", "schema.liq", folder=files, env={"LIQ_DEBUG": "1"})


def test_interrupted(monkeypatch: pytest.MonkeyPatch, files: Path) -> None:
    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("liq.api.check_sources", stopped)
    assert liq("check", "good.liq", "--schema", "schema.liq", folder=files).code == 130


# --------------------------------------------------------------------------------------------------- check
def test_check(files: Path) -> None:
    assert liq("check", "good.liq", "--schema", "schema.liq", folder=files) == Ran(0, "", "1 file checked: nothing found\n")
    ran = liq("check", "wrong.liq", "--schema", "schema.liq", "--format", "concise", folder=files)
    assert (ran.code, ran.out) == (1, "")
    assert [line.split()[:2] for line in ran.err.splitlines()] == [
        ["wrong.liq:1:18:", "LIQ0201"], ["wrong.liq:1:32:", "LIQ0201"],
    ]  # fmt: skip


@pytest.mark.parametrize("form", ["json", "jsonl", "sarif", "github"])
def test_machine_formats_go_to_standard_output(files: Path, form: str) -> None:
    ran = liq("check", "wrong.liq", "--schema", "schema.liq", folder=files, env={"LIQ_FORMAT": form})
    assert (ran.code, ran.err) == (1, "")
    assert "LIQ0201" in ran.out


def test_check_reads_standard_input(files: Path) -> None:
    arguments = ("check", "-", "--schema", "schema.liq", "--stdin-filename", "buffer.liq", "--format", "concise")
    ran = liq(*arguments, folder=files, stdin=WRONG)
    assert ran.code == 1
    assert ran.err.startswith("buffer.liq:1:18: LIQ0201")
    assert liq(*arguments, folder=files, stdin=b"\xff\xfe").err.startswith("buffer.liq: LIQ0006")


def test_a_file_may_hold_its_own_schema(files: Path) -> None:
    (files / "all.liq").write_text(SCHEMA + "query q = " + QUERY)
    assert liq("check", "all.liq", folder=files).code == 0


def test_strict_counts_warnings(files: Path) -> None:
    (files / "open.liq").write_text("read notes\n")
    assert liq("check", "open.liq", "--schema", "schema.liq", folder=files).code == 0
    assert liq("check", "open.liq", "--schema", "schema.liq", "--strict", folder=files).code == 1


def test_no_project_and_no_files(tmp_path: Path) -> None:
    ran = liq("check", folder=tmp_path)
    assert ran.code == 2
    assert "LIQ0901" in ran.err


def test_unreadable_file(files: Path) -> None:
    ran = liq("check", "absent.liq", "--schema", "schema.liq", "--format", "json", folder=files)
    assert ran.code == 2
    assert json.loads(ran.out)["diagnostics"][0]["code"] == "LIQ0906"


# --------------------------------------------------------------------------------------------------- compile
def test_compile_prints_documents(files: Path) -> None:
    ran = liq("compile", "good.liq", "--schema", "schema.liq", folder=files)
    assert (ran.code, ran.err) == (0, "")
    assert read_plan(ran.out).name == "good"
    pretty = liq("compile", "good.liq", "--schema", "schema.liq", "--pretty", folder=files)
    assert read_plan(pretty.out).data.decode() == ran.out.rstrip("\n")


def test_findings_of_a_compile_are_not_documents(files: Path) -> None:
    ran = liq("compile", "wrong.liq", "--schema", "schema.liq", "--format", "json", folder=files)
    assert (ran.code, ran.out) == (1, "")
    assert len(json.loads(ran.err)["diagnostics"]) == 2


def test_compile_to_a_folder(tmp_path: Path) -> None:
    ran = liq("compile", "--project", str(ROOT / "examples" / "registry"), "--out", str(tmp_path / "plans"))
    assert (ran.code, ran.out) == (0, "")
    names = sorted(path.name for path in (tmp_path / "plans").iterdir())
    assert names == [
        "packages.list.plan.json", "packages.version.plan.json", "packages.versions.plan.json",
        "registry.publish.plan.json", "registry.yank.plan.json",
    ]  # fmt: skip
    for path in (tmp_path / "plans").iterdir():
        assert f"{read_plan(path.read_bytes()).plan_id} " in ran.err


def test_compile_one_by_name() -> None:
    ran = liq("compile", "--project", "examples/registry", "--name", "packages.list")
    assert read_plan(ran.out).name == "packages.list"
    wrong = liq("compile", "--project", "examples/registry", "--name", "packages.lst")
    assert wrong.code == 2
    assert "did you mean packages.list?" in wrong.err


def test_a_dialect_that_cannot_say_it(files: Path) -> None:
    (files / "write.liq").write_text("delete notes where id = $id\n")
    ran = liq("compile", "write.liq", "--schema", "schema.liq", "--dialect", "duckdb", "--format", "concise", folder=files)
    assert (ran.code, ran.out) == (1, "")
    assert "write.liq" in ran.err
    assert "LIQ0801" in ran.err
    both = liq("compile", "good.liq", "--schema", "schema.liq", "--dialect", "duckdb", "--dialect", "postgres", folder=files)
    assert sorted(read_plan(both.out).sql) == ["duckdb", "postgres"]


# --------------------------------------------------------------------------------------------------- fmt
def test_fmt(files: Path) -> None:
    messy = files / "messy.liq"
    messy.write_text("read notes{id,title}  order by id asc limit 3")
    assert liq("fmt", "messy.liq", "--check", folder=files) == Ran(1, "", "would change messy.liq\n")
    diff = liq("fmt", "messy.liq", "--diff", folder=files)
    assert diff.code == 1
    assert diff.out.splitlines()[0] == "--- messy.liq"
    assert messy.read_text() == "read notes{id,title}  order by id asc limit 3"
    assert liq("fmt", "messy.liq", folder=files) == Ran(0, "", "")
    assert messy.read_text() == "read notes { id, title } order id limit 3\n"
    assert liq("fmt", "messy.liq", "--check", folder=files).code == 0


def test_fmt_of_standard_input(files: Path) -> None:
    assert liq("fmt", "-", stdin="read   notes limit 1", folder=files) == Ran(0, "read notes limit 1\n", "")
    ran = liq("fmt", "-", stdin="read notes {", folder=files)
    assert (ran.code, ran.out) == (1, "")


def test_fmt_leaves_what_it_cannot_read(files: Path) -> None:
    (files / "bad.liq").write_text("read notes { id")
    assert liq("fmt", "bad.liq", folder=files).code == 1
    assert (files / "bad.liq").read_text() == "read notes { id"


@pytest.mark.parametrize("name", ["control_plane", "lakehouse", "project_memory", "registry"])
def test_examples_are_formatted_and_without_findings(name: str) -> None:
    folder = ROOT / "examples" / name
    assert liq("fmt", "--check", folder=folder) == Ran(0, "", "")
    ran = liq("check", "--strict", folder=folder)
    assert ran.code == 0, ran.err


# --------------------------------------------------------------------------------------------------- run
def rows(ran: Ran) -> list[dict]:
    assert ran.code == 0, ran.err
    return json.loads(ran.out)["rows"]


def in_memory(files: Path, *arguments: str, uid: str = "ada") -> Ran:
    return liq("run", "good.liq", "--schema", "schema.liq", "--data", "rows.json", "--as", json.dumps({"sub": uid}),
               "--output", "json", *arguments, folder=files)  # fmt: skip


def test_run_shows_each_their_rows(files: Path) -> None:
    assert rows(in_memory(files)) == [{"id": 1, "title": "a"}]
    assert rows(in_memory(files, uid="bob")) == [{"id": 2, "title": "b"}]
    assert rows(in_memory(files, uid="eve")) == []
    assert rows(in_memory(files, "-p", "min=0")) == [{"id": 1, "title": "a"}]
    assert rows(in_memory(files, "-p", "min=1")) == []


def test_run_takes_parameters_from_a_file(files: Path) -> None:
    (files / "params.json").write_text('{"min": 1}')
    assert rows(in_memory(files, "--params", "params.json", uid="bob")) == [{"id": 2, "title": "b"}]


@pytest.mark.parametrize("arguments, said", [
    (("-p", "min=x"), "liq: parameter: "), (("-p", "other=1"), "liq: parameter: unknown parameter: other"),
])  # fmt: skip
def test_run_refuses_wrong_parameters(files: Path, arguments: tuple[str, ...], said: str) -> None:
    ran = in_memory(files, *arguments)
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith(said)


@pytest.mark.parametrize("arguments, said", [
    (("--as", "{}"), "Say where to run"), (("--data", "rows.json", "--as", "[1]"), "cannot be read"),
    (("--data", "rows.json", "--as", "{x"), "are not JSON"), (("--data", "absent.json"), "cannot be read"),
    (("--data", "rows.json", "-p", "min"), "NAME=VALUE"), (("--profile", "x"), "no profile"),
])  # fmt: skip
def test_run_usage(files: Path, arguments: tuple[str, ...], said: str) -> None:
    ran = liq("run", "good.liq", "--schema", "schema.liq", *arguments, folder=files)
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err


@pytest.mark.parametrize("data, said", [
    ({"notes": [{"titel": 1}]}, "notes, row 1: there is no column titel"), ({"nots": []}, "there is no table nots"),
    ({"notes": {}}, "notes: expected a list"), ({"notes": [{"owner": 1}]}, "notes, row 1, column owner"),
    ({"notes": [{"owner": "a"}]}, "not_null"),
    ({"notes": [{"id": 1, "owner": "a", "title": "a"}] * 2}, "unique"),
])  # fmt: skip
def test_sample_rows_are_checked(files: Path, data: dict, said: str) -> None:
    (files / "rows.json").write_text(json.dumps(data))
    ran = in_memory(files)
    assert ran.code == 1
    assert said in ran.err


def test_run_by_name_with_a_profile() -> None:
    folder = ROOT / "examples" / "registry"
    found = liq("run", "packages.version", "--profile", "dev", "-p", "name=li-math", "-p", "version=1.0.0",
                "--output", "json", folder=folder)  # fmt: skip
    (row,) = rows(found)
    assert row["attestations"] == [{"kind": "sbom", "digest": "sha256:aa"}]
    refused = liq("run", "packages.version", "--profile", "pg", folder=folder)
    assert "REGISTRY_DSN" in refused.err


def test_run_pages(files: Path) -> None:
    (files / "pages.liq").write_text("read notes { id } order id after $cursor? limit 1\n")
    (files / "rows.json").write_text(json.dumps({"notes": [{"owner": "ada", "title": "t"} for _ in range(3)]}))
    base = ("run", "pages.liq", "--schema", "schema.liq", "--data", "rows.json", "--as", '{"sub": "ada"}', "--output", "json")
    seen, cursor = [], None
    for _ in range(4):
        ran = liq(*base, *(("-p", f"cursor={cursor}") if cursor else ()), folder=files)
        page = json.loads(ran.out)
        seen += [row["id"] for row in page["rows"]]
        cursor = page.get("next")
        if cursor is None:
            break
    assert seen == [1, 2, 3]
    assert liq(*base, "-p", "cursor=AAAA", folder=files).code == 1


def test_run_on_postgres(files: Path, pg_database: str) -> None:
    import psycopg

    ddl = liq("schema", "emit", "--schema", "schema.liq", folder=files)
    assert ddl.code == 0, ddl.err
    with psycopg.connect(pg_database, autocommit=True) as connection:
        connection.execute(ddl.out)
        connection.execute("insert into notes (owner, title, size) values ('ada', 'a', 1), ('bob', 'b', 2)")
    arguments = ("run", "good.liq", "--schema", "schema.liq", "--dsn", pg_database, "--output", "jsonl")
    ran = liq(*arguments, "--as", '{"sub": "bob"}', folder=files)
    assert (ran.code, ran.out) == (0, '{"id": 2, "title": "b"}\n')


def test_run_without_a_server(files: Path) -> None:
    ran = liq("run", "good.liq", "--schema", "schema.liq", "--dsn", "host=/nowhere user=x password=hunter2", folder=files)
    assert ran.code == 2
    assert "Cannot connect" in ran.err
    assert "hunter2" not in ran.err


def test_tables_hold_what_is_in_their_cells(files: Path) -> None:
    (files / "rows.json").write_text(json.dumps({"notes": [{"owner": "ada", "title": "\x1b[2J\n[red]", "size": 1}]}))
    ran = liq("run", "good.liq", "--schema", "schema.liq", "--data", "rows.json", "--as", '{"sub": "ada"}', folder=files)
    assert ran.out.splitlines()[2] == "1   \\u{1b}[2J [red]"


# --------------------------------------------------------------------------------------------------- the rest
def test_describe(files: Path) -> None:
    ran = liq("describe", "notes", "--schema", "schema.liq", folder=files)
    assert ran.code == 0
    assert "policy own for delete, insert, read, update" in ran.out
    data = json.loads(liq("describe", "--schema", "schema.liq", "--format", "json", folder=files).out)
    assert [row["column"] for row in data] == ["id", "owner", "title", "size"]
    assert liq("describe", "nots", "--schema", "schema.liq", folder=files).code == 2


def test_schema_document(files: Path) -> None:
    ran = liq("schema", "document", "--schema", "schema.liq", folder=files)
    assert [table.name for table in read_schema(ran.out).tables] == ["notes"]


@pytest.mark.parametrize("stage, said", [
    ("syntax", "Read"), ("ir", "Scan"), ("physical", "TableScan"), ("sql", 'FROM "notes"'),
])  # fmt: skip
def test_debug(files: Path, stage: str, said: str) -> None:
    schema = () if stage == "syntax" else ("--schema", "schema.liq")
    ran = liq("debug", stage, "good.liq", *schema, folder=files)
    assert ran.code == 0
    assert said in ran.out


def test_debug_json_schema() -> None:
    committed = (ROOT / "schemas" / "plan.v1.json").read_text(encoding="utf-8")
    assert json.loads(liq("debug", "json-schema").out) == json.loads(committed)


def test_explain() -> None:
    assert liq("explain", "LIQ0201").out.startswith("# LIQ0201 unknown-column")
    assert liq("explain", "201").out == liq("explain", "unknown-column").out == liq("explain", "liq0201").out
    listed = liq("explain", "--list").out
    assert "LIQ0702" in listed


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(shell: str) -> None:
    ran = liq("completion", shell)
    assert ran.code == 0
    assert "_LIQ_COMPLETE" in ran.out


def test_init_makes_a_project_that_works(tmp_path: Path) -> None:
    made = liq("init", str(tmp_path / "My Notes"))
    assert made.code == 0, made.err
    folder = tmp_path / "My Notes"
    assert liq("check", "--strict", folder=folder) == Ran(0, "", "2 files checked: nothing found\n")
    assert liq("fmt", "--check", folder=folder) == Ran(0, "", "")
    found = rows(liq("run", "notes.recent", "--profile", "dev", "--output", "json", folder=folder))
    assert [row["id"] for row in found] == [3, 1]
    again = liq("init", folder=folder)
    assert again.code == 2
    assert "nothing was written" in again.err


def test_doctor() -> None:
    ran = liq("doctor", "--project", "examples/registry", "--json")
    assert ran.code == 0
    found = {finding["what"]: finding["state"] for finding in json.loads(ran.out)["findings"]}
    assert (found["liq"], found["project"], found["check"]) == ("ok", "ok", "ok")


def test_doctor_looks_at_the_database(pg_database: str, tmp_path: Path) -> None:
    ran = liq("doctor", "--dsn", pg_database, folder=tmp_path)
    assert "a superuser" in ran.out
    assert "PostgreSQL" in ran.out


# --------------------------------------------------------------------------------------------------- import
DDL = """create table teams (id bigint primary key, name text not null unique);
create table notes (id uuid primary key, team_id bigint not null references teams on delete cascade, body text);
alter table notes enable row level security;
create policy own on notes for select using (team_id = (current_setting('app.team'))::bigint);
create trigger stamp before insert on notes for each row execute function nothing();
"""


def test_import_makes_declarations_that_compile(tmp_path: Path) -> None:
    (tmp_path / "001.sql").write_text(DDL)
    ran = liq("import", "001.sql", "-o", "schema.liq", "--format", "concise", folder=tmp_path)
    assert (ran.code, ran.out) == (0, ""), ran.err
    assert "001.sql:5:" in ran.err
    assert "LIQ0606 warning: table teams has no row security" in ran.err
    (tmp_path / "q.liq").write_text("read notes { id, team.name } limit 10\n")
    assert liq("check", "q.liq", "--schema", "schema.liq", folder=tmp_path).code == 0
    assert liq("fmt", "--check", "schema.liq", folder=tmp_path).code == 0


def test_import_of_standard_input() -> None:
    ran = liq("import", "-", "--dialect", "sqlite", stdin="create table t (id integer primary key, name text not null);")
    assert ran.code == 0
    assert ran.out.startswith("table t { id int key auto, name text }")
    broken = liq("import", "-", "--format", "concise", stdin="create tabel t (id int);\ncreate table u (id int primary key);")
    assert broken.code == 1
    assert "stdin.sql:1:" in broken.err
    assert "table u" in broken.out


def test_schema_emit_applies_to_an_empty_server(pg_database: str) -> None:
    import psycopg

    ran = liq("schema", "emit", "--policies", "--project", "examples/registry")
    assert ran.code == 0, ran.err
    with psycopg.connect(pg_database, autocommit=True) as connection:
        connection.execute(ran.out)
        count = connection.execute("select count(*) from pg_policies").fetchone()
    assert count is not None
    assert count[0] >= 10


def test_a_database_of_collation_c_needs_no_collations(tmp_path: Path) -> None:
    (tmp_path / "liq.toml").write_text('[project]\nqueries = ["q.liq"]\n')
    (tmp_path / "schema.liq").write_text(SCHEMA)
    (tmp_path / "q.liq").write_text("read notes { title } order title limit 3\n")
    with_collation = liq("compile", folder=tmp_path)
    (tmp_path / "liq.toml").write_text('[project]\nqueries = ["q.liq"]\ncollation = "C"\n')
    without = liq("compile", folder=tmp_path)
    assert ("COLLATE" in with_collation.out, "COLLATE" in without.out) == (True, False)
    assert read_plan(with_collation.out).plan_id != read_plan(without.out).plan_id
