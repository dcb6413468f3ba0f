"""SQLite: affinities, defaults that are texts of times, names without case, what is said loosely."""

from __future__ import annotations

import sqlite3

import pytest

from liq import api
from liq.model.schema import Schema
from liq_grammar import format_tree
from tests.importers.declared import declared, findings, imported, of_table, schema_of, script

DEFAULTS = {
    "TEXT DEFAULT (datetime('now'))": "text? = left(date_trunc('second', now())::text, 19)",
    "TEXT DEFAULT CURRENT_TIMESTAMP": "text? = left(date_trunc('second', now())::text, 19)",
    "TEXT DEFAULT CURRENT_DATE": "text? = left(now()::text, 10)",
    "TEXT DEFAULT (date('now'))": "text? = left(now()::text, 10)",
    "TEXT DEFAULT (time('now'))": "text? = substring(date_trunc('second', now())::text, 12, 8)",
    "TEXT DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))": (
        "text? = replace(left(date_trunc('second', now())::text, 19), ' ', 'T') || 'Z'"
    ),
    "INTEGER DEFAULT (unixepoch())": "int? = floor(date_part('epoch', now()))::int",
    "INTEGER DEFAULT (strftime('%s', 'now'))": "int? = floor(date_part('epoch', now()))::int",
    "INTEGER DEFAULT (CAST(strftime('%s', 'now') AS INTEGER))": "int? = floor(date_part('epoch', now()))::int",
    "TEXT DEFAULT 'x'": "text? = 'x'", 'TEXT DEFAULT "x"': "text? = 'x'", "TEXT DEFAULT 5": "text? = '5'",
    "INTEGER DEFAULT '7'": "int? = 7", "INTEGER DEFAULT -3": "int? = -3", "INTEGER DEFAULT TRUE": "int? = 1",
    "BOOLEAN DEFAULT 1": "bool? = true", "BOOLEAN NOT NULL DEFAULT FALSE": "bool = false", "REAL DEFAULT 0": "float? = 0",
    "BLOB DEFAULT x'00ff'": "bytes? = bytes '00ff'", "TEXT DEFAULT NULL": "text?",
}  # fmt: skip


@pytest.mark.parametrize("written", DEFAULTS)
def test_defaults(written: str) -> None:
    assert of_table(f"a {written}", "sqlite") == f"a {DEFAULTS[written]}"


def rows_of(schema: Schema) -> list[str]:
    """What one row with every default holds, as texts."""
    plan = api.compile("insert t { z: 1 } returning a, b, c, d, e", schema=schema, name="q")
    return [str(value) for value in api.run_in_memory(plan, api.sample_database(schema, {})).rows[0]]


def test_defaults_give_what_sqlite_gives() -> None:
    text = """create table t (id integer primary key, z int, a text default (datetime('now')), b text default (date('now')),
        c text default (time('now')), d integer default (strftime('%s','now')), e text default (strftime('%Y-%m-%dT%H:%M:%SZ','now')))"""
    with sqlite3.connect(":memory:") as database:
        database.execute(text)
        for _ in range(5):  # the second may turn between the two
            database.execute("delete from t")
            database.execute("insert into t (z) values (1)")
            (stored,) = database.execute("select a, b, c, d, e from t").fetchall()
            made = rows_of(schema_of(imported(text, "sqlite")))
            if made == [str(value) for value in stored]:
                return
    raise AssertionError((made, stored))


def test_times_that_liq_cannot_write_are_told() -> None:
    said = findings("create table t (a text default (strftime('%Y-%m-%dT%H:%M:%fZ','now')), b text default (datetime('now', 'localtime')))", "sqlite")
    assert [line.partition(" is left out")[0] for line in said] == [
        "1 import-expression: the default of t.a", "1 import-expression: the default of t.b",
    ]  # fmt: skip


def test_keys() -> None:
    assert of_table("id INTEGER PRIMARY KEY AUTOINCREMENT, x TEXT", "sqlite") == "id int key auto\nx text?"
    assert of_table("id INT PRIMARY KEY, x TEXT NOT NULL UNIQUE", "sqlite") == "id int key\nx text unique"
    assert of_table("id TEXT PRIMARY KEY", "sqlite") == "id text key"
    assert of_table("a TEXT, b TEXT, PRIMARY KEY (a, b DESC), UNIQUE (b) ON CONFLICT ABORT", "sqlite") == "a text\nb text unique\nkey (a, b)"
    without = declared("create table t (id INTEGER PRIMARY KEY) WITHOUT ROWID", "sqlite")
    assert without == "table t { id int key }\n"


def test_names_have_no_case_and_keep_their_spelling() -> None:
    text = """
        CREATE TABLE Users (Id INTEGER PRIMARY KEY, Name TEXT); CREATE TABLE posts (author INTEGER REFERENCES users(ID));
        CREATE INDEX ix ON USERS(NAME) WHERE name <> ''; ALTER TABLE users RENAME COLUMN name TO Nick;
        CREATE VIEW v AS SELECT U.NICK FROM users u; ALTER TABLE Posts ADD COLUMN x TEXT; DROP INDEX IF EXISTS nope;
        CREATE TABLE IF NOT EXISTS USERS (other TEXT);
    """
    assert declared(text, "sqlite") == (
        "table `Users` { `Id` int key auto, `Nick` text?, index (`Nick`) where `Nick` <> '' as ix }\n"
        "table posts { author int? -> `Users`, x text? }\n\nview v = read `Users` u { `Nick` }\n"
    )
    assert findings(text, "sqlite") == ["5 import-differs: USERS exists already with other columns, so this one is not made"]


def test_quotes_of_every_kind() -> None:
    text = """CREATE TABLE "a" ([b c] TEXT, `order` INT, 'd' TEXT, "e""f" TEXT);"""
    assert declared(text, "sqlite") == "table a { `b c` text?, `order` int?, d text?, `e\"f` text? }\n"


def test_what_differs_is_told() -> None:
    said = findings(
        """
        CREATE TABLE t (a DATETIME, b DATE, c JSON, d, e DECIMAL(10, 2), f TEXT COLLATE NOCASE, g ANY, h STRANGE,
          i TEXT UNIQUE ON CONFLICT REPLACE, j TEXT NOT NULL ON CONFLICT IGNORE);
        CREATE INDEX x ON t (i COLLATE NOCASE);
        """, "sqlite",
    )  # fmt: skip
    assert len(said) == 11 and all("import-differs" in line for line in said)


def test_a_whole_script() -> None:
    source = script("notebook.sql")
    assert [line.partition(" ")[0] for line in findings(source, "sqlite")] == ["2", "5", "45", "56"]
    schema = schema_of(imported(source, "sqlite"))
    assert [t.name for t in schema.tables] == ["_applied", "shelves", "notebooks", "pages_archive", "pages"]
    pages = schema.table_by_name["pages"]
    assert [c.name for c in pages.columns] == ["id", "notebook_id", "body"]
    assert [i.name for i in pages.indexes] == ["idx_pages_notebook"], "the old index went with the old table"
    assert "policy open on _applied, shelves, notebooks, pages_archive, pages for all using true" in format_tree(imported(source, "sqlite").file)
