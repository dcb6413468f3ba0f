"""One statement of a script, read: ``read_statement`` gives what it says, or raises ``Unreadable``."""

from __future__ import annotations

from liq.importers.cursor import Cursor, Unreadable
from liq.importers.ddl import Comment, LeftOut, Name, RowsWritten, SearchPath, Silent, Skipped, Statement
from liq.importers.read_alter import read_alter
from liq.importers.read_function import read_function
from liq.importers.read_object import (
    read_comment,
    read_domain,
    read_drop,
    read_index,
    read_policy,
    read_sequence,
    read_type,
    read_view,
)
from liq.importers.read_table import read_table
from liq.importers.statements import Script
from liq.importers.tokens import Dialect

TOKENS_MAX = 200_000
"""Tokens of one statement."""

_SILENT = frozenset(
    "begin commit rollback start end savepoint release abort analyze vacuum reindex checkpoint discard reset show lock"
    " explain listen notify unlisten".split()
)
_KINDS = {
    "trigger": "trigger", "rule": "rule", "extension": "extension", "aggregate": "aggregate", "operator": "operator",
    "cast": "cast", "collation": "collation", "server": "foreign server", "statistics": "statistics",
    "publication": "publication", "subscription": "subscription", "language": "language", "conversion": "conversion",
    "procedure": "procedure", "virtual": "virtual table", "transform": "transform",
}  # fmt: skip
_RELATIONS = ("materialized view", "foreign table", "virtual table")
_HELP = {
    "trigger": "what it does has to be said in the queries that write the table",
    "rule": "what it does has to be said in the queries that use the table",
    "virtual table": "an index `using words` serves word search",
}


def read_statement(script: Script, dialect: Dialect) -> Statement:
    """What one statement says."""
    if len(script.tokens) > TOKENS_MAX:
        raise Unreadable(f"a statement of more than {TOKENS_MAX} words and signs", script.span)
    cursor = Cursor(script.source, script.tokens, dialect, script.tokens[-1].end)
    bad = next((t for t in script.tokens if t.kind == "bad"), None)
    if bad is not None:
        cursor.at = script.tokens.index(bad)
        raise cursor.stop("")
    token = script.tokens[0]
    if token.kind == "meta":
        return Skipped("a command of the psql client", script.span)
    if token.kind != "word":
        raise cursor.stop("a statement")
    found = _read(cursor, token.value)
    if not cursor.done and not isinstance(found, (Silent, Skipped, LeftOut)):
        raise cursor.stop("the end of the statement")
    return found


def _read(cursor: Cursor, word: str) -> Statement:
    span = cursor.since(0)
    if word in _SILENT:
        return Silent()
    match word:
        case "create":
            cursor.take()
            return _create(cursor)
        case "alter":
            cursor.take()
            return read_alter(cursor)
        case "drop":
            cursor.take()
            return read_drop(cursor)
        case "comment":
            cursor.expect("comment", "on")
            return read_comment(cursor)
        case "set":
            return _set(cursor)
        case "insert" | "update" | "delete" | "replace" | "with" | "copy" | "truncate" | "merge":
            return RowsWritten(cursor.rest(), word, cursor.since(0))
        case "select" | "values":
            return _select(cursor)
        case "grant" | "revoke":
            return Skipped("privileges", span)
        case "pragma":
            return Skipped("a setting of SQLite", span)
        case "do" | "call":
            return LeftOut("a block of code", span, "what it does to the schema is not seen here; write it out as DDL")
        case "security" | "refresh" | "attach" | "detach" | "import":
            return LeftOut(f"{word.upper()} …", span)
        case _:
            raise cursor.stop("a statement")


def _select(cursor: Cursor) -> Statement:
    """``SELECT setval(…)``, ``set_config(…)`` of a dump set something aside; other selects say nothing either."""
    text = cursor.rest().text.lower()
    if "setval" in text or "set_config" in text:
        return Silent()
    return Skipped("a query", cursor.since(0))


def _set(cursor: Cursor) -> Statement:
    cursor.take()
    cursor.accept_any("session", "local")
    if not cursor.accept("search_path"):
        return Silent()
    if not cursor.accept_sign("="):
        cursor.expect("to")
    schemas = []
    while not cursor.done:
        token = cursor.take()
        if token.kind in ("word", "quoted", "string") and token.value not in ("$user", ""):
            schemas.append(token.value)
    return SearchPath(tuple(schemas), cursor.since(0))


def _create(cursor: Cursor) -> Statement:
    or_replace = cursor.accept("or", "replace")
    unlogged = cursor.accept_any("unlogged", "global", "local", "recursive")
    temporary = cursor.accept_any("temp", "temporary")
    if temporary and not cursor.sees("trigger"):
        return LeftOut(f"a temporary {(cursor.take()).value}", cursor.since(0), None, _named(cursor))
    if unlogged == "recursive":
        return LeftOut("a recursive view", cursor.since(0), "a recursive read is written with `follow`")
    unique = cursor.accept("unique")
    token = cursor.peek()
    if cursor.accept("index"):
        return read_index(cursor, unique=unique)
    match token.value if token is not None and token.kind == "word" else "":
        case "table":
            cursor.take()
            return read_table(cursor)
        case "type":
            cursor.take()
            return read_type(cursor)
        case "domain":
            cursor.take()
            return read_domain(cursor)
        case "function":
            cursor.take()
            return read_function(cursor)
        case "policy":
            cursor.take()
            return read_policy(cursor)
        case "view":
            cursor.take()
            return read_view(cursor, or_replace=or_replace)
        case "sequence":
            cursor.take()
            return read_sequence(cursor)
        case "schema":
            return Silent()
        case "role" | "user" | "group" | "database" | "tablespace":
            return Skipped("roles and databases", cursor.since(0))
        case _:
            return _other(cursor)


def _other(cursor: Cursor) -> Statement:
    first = cursor.take()
    if first.is_word("materialized", "foreign", "event", "constraint", "access", "text", "default"):
        second = cursor.take()
        what = "trigger" if second.is_word("trigger") else f"{first.value} {second.value}"
    elif first.is_word(*_KINDS):
        what = _KINDS[first.value]
        cursor.accept("table")
    else:
        cursor.at -= 1
        raise cursor.stop("TABLE, INDEX, VIEW, POLICY, TYPE or FUNCTION")
    name = _named(cursor)
    relation = name if what in _RELATIONS else None
    return LeftOut(f"{what} {name.text if name else ''}".strip(), cursor.since(0), _HELP.get(what), relation)


def _named(cursor: Cursor) -> Name | None:
    cursor.accept("if", "not", "exists")
    token = cursor.peek()
    return cursor.name() if token is not None and token.kind in ("word", "quoted") else None


def is_kept(comment: Comment) -> bool:
    """Whether liq has a place for this comment."""
    return comment.kind in ("table", "column", "view", "type", "policy", "domain")
