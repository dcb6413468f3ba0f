"""Cutting scripts into statements, whatever stands in them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liq.importers.statements import split
from liq.importers.tokens import Lexer
from liq.model.source import Source


def cut(text: str, dialect: str = "postgres") -> list[str]:
    """The statements of a text."""
    source = Source("s", text)
    return [text[s.span.start : s.span.end] for s in split(source, dialect)]  # type: ignore[arg-type]


@pytest.mark.parametrize("dialect", ["postgres", "sqlite"])
def test_semicolons_in_strings_and_comments_do_not_cut(dialect: str) -> None:
    text = """select 'a;b', "c;d" -- e;f\n, 1; /* g;h */ select 2;; select 'it''s; fine'"""
    assert cut(text, dialect) == ["""select 'a;b', "c;d" -- e;f\n, 1""", "select 2", "select 'it''s; fine'"]


def test_postgres_quotes() -> None:
    text = "select $$a;b$$; select $x$ $$;$$ $x$; select E'a\\';b'; select 'a\\'; /* a /* b; */ c; */ select 1"
    assert cut(text) == ["select $$a;b$$", "select $x$ $$;$$ $x$", "select E'a\\';b'", "select 'a\\'", "select 1"]


def test_sqlite_quotes_and_triggers() -> None:
    text = """create trigger t after insert on [a;b] begin update `c;d` set x = case when 1 then 2 else 3 end;
      select 1; end; create table "e;f" (x); /* not /* nested; */ select 2;"""
    first, second, third = cut(text, "sqlite")
    assert first.startswith("create trigger") and first.endswith("select 1; end")
    assert (second, third) == ('create table "e;f" (x)', "select 2")


def test_bodies_of_functions_and_rules() -> None:
    text = """create function f() returns int begin atomic select 1; select 2; end; select 3;
      create rule r as on insert to t do (select 1; select 2); select 4; begin; commit;"""
    assert [s.split("\n")[0][:18] for s in cut(text)] == [
        "create function f(", "select 3", "create rule r as o", "select 4", "begin", "commit",
    ]  # fmt: skip


def test_data_behind_copy_and_client_commands() -> None:
    text = "\\connect db\ncopy t (a) from stdin;\n1;\t'x\n\\.\nselect 1;\n\\restrict abc\nselect 2\n\\gexec\nselect 3"
    assert cut(text) == ["\\connect db", "copy t (a) from stdin", "select 1", "\\restrict abc", "select 2", "\\gexec", "select 3"]


def test_what_is_never_closed_does_not_swallow_the_rest() -> None:
    text = "create trigger t begin select 1;\nselect 'open;\nselect 2;\nselect /* open;\nselect 3;\nselect $x$ open;\nselect 4;"
    assert {"select 2", "select 3", "select 4"} <= set(cut(text))


@given(st.text(alphabet="ab';\"$-/*\\()[]` \nEeé1", max_size=60))
def test_tokens_cover_their_text_in_order(text: str) -> None:
    for dialect in ("postgres", "sqlite"):
        lexer, at = Lexer(text, dialect), 0
        while (token := lexer.next()) is not None:
            assert at <= token.start < token.end <= len(text)
            at = token.end
        for statement in split(Source("s", text), dialect):
            assert statement.tokens
