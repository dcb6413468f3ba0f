"""Reading what is made beside tables: indexes, types, domains, policies, views, sequences; comments and drops."""

from __future__ import annotations

from attrs import evolve

from liq.importers.cursor import Cursor
from liq.importers.ddl import (
    CheckConstraint,
    Comment,
    CreateDomain,
    CreateEnum,
    CreateIndex,
    CreatePolicy,
    CreateView,
    Drop,
    Fragment,
    LeftOut,
    Name,
    SequenceOwner,
    Statement,
)
from liq.importers.read_table import read_key_part

_POLICY_WORDS = frozenset(("using", "with", "to", "for"))
_COMMANDS = ("all", "select", "insert", "update", "delete")


def read_index(cursor: Cursor, *, unique: bool) -> Statement:
    """Behind ``CREATE [UNIQUE] INDEX``."""
    cursor.accept("concurrently")
    if_not_exists = cursor.accept("if", "not", "exists")
    name = None if cursor.sees("on") else cursor.name()
    cursor.expect("on")
    cursor.accept("only")
    table = cursor.name()
    method = cursor.identifier().lower() if cursor.accept("using") else None
    keys = tuple(read_key_part(item) for item in cursor.group().items())
    span = name.span if name else table.span
    index = CreateIndex(name, table, keys, span, unique, if_not_exists, method)
    while not cursor.done:
        if cursor.accept("include"):
            cursor.skip_group()
            index = evolve(index, include=True)
        elif cursor.accept("nulls"):
            different = not cursor.accept("not")
            cursor.expect("distinct")
            index = evolve(index, nulls_not_distinct=not different)
        elif cursor.accept("with"):
            cursor.skip_group()
        elif cursor.accept("tablespace"):
            cursor.identifier()
        elif cursor.accept("where"):
            index = evolve(index, where=cursor.rest())
        else:
            raise cursor.stop("WHERE or the end of the index")
    return index


def read_type(cursor: Cursor) -> Statement:
    """Behind ``CREATE TYPE``."""
    name = cursor.name()
    if not cursor.accept("as", "enum"):
        return LeftOut(f"type {name.text}", name.span, "liq has enums; write the parts of a composite type as columns")
    labels = []
    for item in cursor.group().items():
        token = item.take()
        if token.kind not in ("string", "dollar"):
            raise cursor.stop("labels in quotes")
        labels.append(token.value)
    return CreateEnum(name, tuple(labels), name.span)


def read_domain(cursor: Cursor) -> Statement:
    """Behind ``CREATE DOMAIN``."""
    name = cursor.name()
    cursor.accept("as")
    domain = CreateDomain(name, cursor.type(), (), name.span)
    label: str | None = None
    while not cursor.done:
        start = cursor.at
        if cursor.accept("constraint"):
            label = cursor.identifier()
        elif cursor.accept("not", "null"):
            domain = evolve(domain, not_null=True)
        elif cursor.accept("null"):
            pass
        elif cursor.accept("collate"):
            cursor.name()
        elif cursor.accept("default"):
            domain = evolve(domain, default=cursor.until(frozenset("constraint not null check collate".split())))
        elif cursor.accept("check"):
            check = CheckConstraint(cursor.group().rest(), label, cursor.since(start))
            domain, label = evolve(domain, checks=(*domain.checks, check)), None
        else:
            raise cursor.stop("CHECK, DEFAULT, NOT NULL or the end of the domain")
    return domain


def read_policy(cursor: Cursor) -> Statement:
    """Behind ``CREATE POLICY``."""
    name = cursor.identifier()
    cursor.expect("on")
    policy = CreatePolicy(name, cursor.name(), cursor.since(0))
    if cursor.accept("as"):
        word = cursor.accept_any("permissive", "restrictive")
        if word is None:
            raise cursor.stop("PERMISSIVE or RESTRICTIVE")
        policy = evolve(policy, restrictive=word == "restrictive")
    if cursor.accept("for"):
        command = cursor.accept_any(*_COMMANDS)
        if command is None:
            raise cursor.stop("ALL, SELECT, INSERT, UPDATE or DELETE")
        policy = evolve(policy, command=command)  # type: ignore[arg-type]  # one of _COMMANDS
    if cursor.accept("to"):
        roles = [cursor.identifier()]
        while cursor.accept_sign(","):
            roles.append(cursor.identifier())
        policy = evolve(policy, roles=tuple(roles))
    if cursor.accept("using"):
        policy = evolve(policy, using=cursor.group().rest())
    if cursor.accept("with", "check"):
        policy = evolve(policy, check=cursor.group().rest())
    if not cursor.done:
        raise cursor.stop("USING, WITH CHECK or the end of the policy")
    return policy


def read_view(cursor: Cursor, *, or_replace: bool) -> Statement:
    """Behind ``CREATE [OR REPLACE] [TEMP] VIEW``."""
    if_not_exists = cursor.accept("if", "not", "exists")
    name = cursor.name()
    columns = cursor.names_in_parentheses() if cursor.sees_sign("(") else ()
    invoker = False
    if cursor.accept("with"):
        for option in cursor.group().items():
            key = option.identifier()
            off = option.accept_sign("=") and option.rest().text.strip("'\" ").lower() in ("false", "off", "0", "no")
            invoker = invoker or (key == "security_invoker" and not off)
    cursor.expect("as")
    query, oddities = _without_check_option(cursor)
    return CreateView(name, columns, query, name.span, invoker, or_replace, if_not_exists, oddities)


def _without_check_option(cursor: Cursor) -> tuple[Fragment, tuple[str, ...]]:
    words = [t.value if t.kind == "word" else "" for t in cursor.tokens]
    if words[-2:] == ["check", "option"] or words[-3:] == ["with", "no", "data"]:
        stop = len(words) - 1 - words[::-1].index("with")
        if stop > cursor.at:
            return cursor.fragment(cursor.at, stop), ("WITH CHECK OPTION",)
    return cursor.rest(), ()


def read_sequence(cursor: Cursor) -> Statement:
    """Behind ``CREATE SEQUENCE``."""
    cursor.accept("if", "not", "exists")
    name = cursor.name()
    while not cursor.done:
        if cursor.accept("owned", "by"):
            return SequenceOwner(name, name.span, None if cursor.accept("none") else cursor.name())
        cursor.take()
    return SequenceOwner(name, name.span)


def read_comment(cursor: Cursor) -> Statement:
    """Behind ``COMMENT ON``."""
    words = [cursor.take().value]
    if words[0] in ("materialized", "foreign", "event", "access", "text", "large"):
        words.append(cursor.take().value)
    kind = " ".join(words)
    name, on = cursor.name(), None
    cursor.skip_group()
    if cursor.accept("on"):
        cursor.accept("domain")
        on = cursor.name()
    cursor.expect("is")
    token = cursor.take()
    if token.kind not in ("string", "dollar") and not token.is_word("null"):
        raise cursor.stop("a text in quotes")
    return Comment(kind, name, None if token.kind == "word" else token.value, cursor.since(0), on)


def read_drop(cursor: Cursor) -> Statement:
    """Behind ``DROP``."""
    words = [cursor.take().value]
    if words[0] in ("materialized", "foreign", "event", "access"):
        words.append(cursor.take().value)
    kind = " ".join(words)
    cursor.accept("concurrently")
    if_exists = cursor.accept("if", "exists")
    names: list[Name] = [cursor.name()]
    cursor.skip_group()
    while cursor.accept_sign(","):
        names.append(cursor.name())
        cursor.skip_group()
    on = cursor.name() if cursor.accept("on") else None
    word = cursor.accept_any("cascade", "restrict")
    return Drop(kind, tuple(names), cursor.since(0), if_exists, word == "cascade", on)
