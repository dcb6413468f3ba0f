"""Reading ``ALTER TABLE | VIEW | INDEX | TYPE | POLICY | SEQUENCE …``."""

from __future__ import annotations

from liq.importers.cursor import Cursor
from liq.importers.ddl import (
    Action,
    AddColumn,
    AddConstraint,
    AddIdentity,
    Alter,
    AlterEnum,
    AlterPolicy,
    DropColumn,
    DropConstraint,
    LeftOut,
    Oddity,
    RenameColumn,
    RenameConstraint,
    RenameTable,
    RowSecurity,
    SequenceOwner,
    SetDefault,
    SetNotNull,
    SetSchema,
    SetType,
    Silent,
    Skipped,
    Statement,
    ViewOption,
)
from liq.importers.read_table import read_column, read_constraint

_CONSTRAINT_WORDS = ("constraint", "check", "exclude")
_USING = frozenset(("using",))
_HARMLESS = ("owner", "cluster", "replica", "validate", "logged", "unlogged", "tablespace", "statistics", "storage")


def read_alter(cursor: Cursor) -> Statement:
    """Behind ``ALTER``."""
    if cursor.accept("type"):
        return _alter_type(cursor)
    if cursor.accept("policy"):
        return _alter_policy(cursor)
    if cursor.accept("sequence"):
        return _alter_sequence(cursor)
    if cursor.accept("default", "privileges"):
        return Skipped("privileges", cursor.since(0))
    kind = cursor.accept_any("table", "view", "index")
    if kind is None:
        return _alter_other(cursor)
    if_exists = cursor.accept("if", "exists")
    cursor.accept("only")
    name = cursor.name()
    cursor.accept_sign("*")
    actions = tuple(_action(item, kind) for item in cursor.items())
    if not actions:
        raise cursor.stop("what to change")
    return Alter(kind, name, actions, cursor.since(0), if_exists)


def _alter_other(cursor: Cursor) -> Statement:
    what = cursor.accept_any("role", "user", "database", "system", "group")
    if what is not None:
        return Skipped(f"settings of a {what}", cursor.since(0))
    kind = cursor.identifier()
    rest = cursor.rest() if not cursor.done else None
    if rest is not None and "owner to" in " ".join(rest.text.lower().split()):
        return Silent()
    return LeftOut(f"a change of a {kind.lower()}", cursor.since(0))


def _action(cursor: Cursor, kind: str) -> Action:
    found = _known_action(cursor, kind)
    if found is None:
        found = _oddity(cursor)
    if not cursor.done:
        raise cursor.stop("a comma or the end")
    return found


def _oddity(cursor: Cursor) -> Oddity:
    text = " ".join(cursor.rest().text.split())
    harmless = any(word in _HARMLESS for word in text.lower().split()[:2])
    return Oddity(text[:80], harmless)


def _known_action(cursor: Cursor, kind: str) -> Action | None:
    if cursor.accept("add"):
        return _add(cursor)
    if cursor.accept("drop"):
        return _drop(cursor)
    if cursor.accept("rename"):
        return _rename(cursor)
    if cursor.accept("alter"):
        cursor.accept("column")
        return _alter_column(cursor)
    if cursor.accept("set", "schema"):
        return SetSchema(cursor.identifier())
    if kind == "view" and (cursor.sees("set") or cursor.sees("reset")):
        return _view_option(cursor)
    for words, what in (
        (("enable", "row", "level", "security"), "enable"), (("disable", "row", "level", "security"), "disable"),
        (("force", "row", "level", "security"), "force"), (("no", "force", "row", "level", "security"), "no force"),
    ):  # fmt: skip
        if cursor.accept(*words):
            return RowSecurity(what)  # type: ignore[arg-type]  # the table above holds the literals
    return None


def _view_option(cursor: Cursor) -> Action:
    setting = cursor.accept("set")
    text = cursor.rest().text.lower()
    if "security_invoker" not in text:
        return Oddity(text[:80], harmless=True)
    return ViewOption(setting and not any(word in text for word in ("false", "off", "= 0", "=0", "no")))


def _add(cursor: Cursor) -> Action:
    first, second = cursor.peek(), cursor.peek(1)
    constraint = (first is not None and first.is_word(*_CONSTRAINT_WORDS)) or any(
        (cursor.sees("primary", "key"), cursor.sees("foreign", "key"))
    )
    if cursor.sees("unique") and second is not None and (second.is_sign("(") or second.is_word("using", "nulls")):
        constraint = True
    if constraint:
        return AddConstraint(read_constraint(cursor))
    cursor.accept("column")
    if_not_exists = cursor.accept("if", "not", "exists")
    return AddColumn(read_column(cursor), if_not_exists)


def _drop(cursor: Cursor) -> Action:
    constraint = cursor.accept("constraint")
    if not constraint:
        cursor.accept("column")
    if_exists = cursor.accept("if", "exists")
    name = cursor.identifier()
    word = cursor.accept_any("cascade", "restrict")
    if constraint:
        return DropConstraint(name, if_exists)
    return DropColumn(name, if_exists, word == "cascade")


def _rename(cursor: Cursor) -> Action:
    if cursor.accept("to"):
        return RenameTable(cursor.identifier())
    if cursor.accept("constraint"):
        old = cursor.identifier()
        cursor.expect("to")
        return RenameConstraint(old, cursor.identifier())
    cursor.accept("column")
    old = cursor.identifier()
    cursor.expect("to")
    return RenameColumn(old, cursor.identifier())


def _alter_column(cursor: Cursor) -> Action | None:
    column = cursor.identifier()
    if cursor.accept("set", "default"):
        return SetDefault(column, cursor.rest())
    if cursor.accept("drop", "default"):
        return SetDefault(column, None)
    if cursor.accept("set", "not", "null"):
        return SetNotNull(column, True)
    if cursor.accept("drop", "not", "null"):
        return SetNotNull(column, False)
    if cursor.accept("set", "data", "type") or cursor.accept("type"):
        type_ = cursor.type()
        if cursor.accept("collate"):
            cursor.name()
        if cursor.accept("using"):
            cursor.rest()
        return SetType(column, type_)
    if cursor.accept("add", "generated"):
        cursor.rest()
        return AddIdentity(column)
    if cursor.accept("drop", "identity"):
        cursor.accept("if", "exists")
        return AddIdentity(column, add=False)
    return None


def _alter_type(cursor: Cursor) -> Statement:
    name = cursor.name()
    if cursor.accept("add", "value"):
        if_not_exists = cursor.accept("if", "not", "exists")
        label = _label(cursor)
        side = cursor.accept_any("before", "after")
        place = None
        if side is not None:
            place = ("before" if side == "before" else "after", _label(cursor))
        return AlterEnum(name, label, cursor.since(0), None, place, if_not_exists)  # type: ignore[arg-type]
    if cursor.accept("rename", "value"):
        old = _label(cursor)
        cursor.expect("to")
        return AlterEnum(name, _label(cursor), cursor.since(0), old)
    if cursor.accept("rename", "to"):
        return Alter("type", name, (RenameTable(cursor.identifier()),), cursor.since(0))
    if cursor.accept("set", "schema"):
        return Alter("type", name, (SetSchema(cursor.identifier()),), cursor.since(0))
    if cursor.accept("owner"):
        return Silent()
    return LeftOut(f"a change of type {name.text}", name.span)


def _label(cursor: Cursor) -> str:
    token = cursor.take()
    if token.kind not in ("string", "dollar"):
        cursor.at -= 1
        raise cursor.stop("a label in quotes")
    return token.value


def _alter_policy(cursor: Cursor) -> Statement:
    name = cursor.identifier()
    cursor.expect("on")
    table = cursor.name()
    if cursor.accept("rename", "to"):
        return AlterPolicy(name, table, cursor.since(0), rename=cursor.identifier())
    roles = None
    if cursor.accept("to"):
        roles = (cursor.identifier(), *(cursor.identifier() for _ in iter(lambda: cursor.accept_sign(","), False)))
    using = cursor.group().rest() if cursor.accept("using") else None
    check = cursor.group().rest() if cursor.accept("with", "check") else None
    return AlterPolicy(name, table, cursor.since(0), None, roles, using, check)


def _alter_sequence(cursor: Cursor) -> Statement:
    cursor.accept("if", "exists")
    name = cursor.name()
    while not cursor.done:
        if cursor.accept("owned", "by"):
            owner = None if cursor.accept("none") else cursor.name()
            return SequenceOwner(name, cursor.since(0), owner)
        cursor.take()
    return Silent()
