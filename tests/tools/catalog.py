"""What a PostgreSQL database holds, by its own catalogs, and how two of them differ: the judge of import and emission.

Names of keys and foreign keys do not count, nor how a default or check is spelled: defaults are evaluated side by side,
checks on sample rows. What liq documents as different (docs/import.md) is equal here: ``TYPES``, identity for serial,
unique indexes for unique constraints, policies split by command, domains written out.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator
from typing import Any

import psycopg
from attrs import field, frozen
from psycopg import sql

TYPES = {
    "json": "jsonb", "real": "double precision", "timestamp without time zone": "timestamp with time zone",
    "character varying": "text", "character": "text", "bpchar": "text", "name": "text", "citext": "text",
}  # fmt: skip
"""Types that become another one, on purpose."""
COMMANDS = {"r": "select", "a": "insert", "w": "update", "d": "delete", "*": "all"}
WORDS = {"select": "read", "insert": "insert", "update": "update", "delete": "delete"}
SAMPLES_MAX = 400


@frozen
class Column:
    """A column: its type as ``TYPES`` has it, whether it may be null, its default, whether the database numbers it."""

    type: str
    not_null: bool
    default: str | None
    auto: bool


@frozen
class Policy:
    """A policy of one command."""

    name: str
    command: str
    permissive: bool


@frozen
class Table:
    """Everything about one table."""

    columns: dict[str, Column]
    keys: frozenset[tuple[Any, ...]]
    foreign_keys: frozenset[tuple[Any, ...]]
    checks: dict[str, str]
    row_security: bool
    policies: frozenset[Policy]
    comments: dict[str, str] = field(factory=dict)


def catalog(connection: psycopg.Connection, ignored: Iterable[str] = ("liq",)) -> dict[str, Table]:
    """Every table of a database, by its qualified name."""
    tables = connection.execute(
        "select c.oid, n.nspname, c.relname, c.relrowsecurity from pg_class c join pg_namespace n on n.oid = c.relnamespace"
        " where c.relkind in ('r', 'p') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema' order by 2, 3"
    ).fetchall()
    hidden = frozenset(ignored)
    return {f"{schema}.{name}": _table(connection, oid, rls) for oid, schema, name, rls in tables if schema not in hidden}


def _table(connection: psycopg.Connection, oid: int, row_security: bool) -> Table:
    return Table(
        _columns(connection, oid), _keys(connection, oid), _foreign_keys(connection, oid), _checks(connection, oid),
        row_security, _policies(connection, oid), _comments(connection, oid),
    )  # fmt: skip


def _columns(connection: psycopg.Connection, oid: int) -> dict[str, Column]:
    rows = connection.execute(
        "select a.attname, case t.typtype when 'd' then format_type(t.typbasetype, t.typtypmod)"
        " else format_type(a.atttypid, a.atttypmod) end, a.attnotnull or t.typnotnull,"
        " coalesce(pg_get_expr(d.adbin, d.adrelid), pg_get_expr(t.typdefaultbin, 0)), a.attidentity"
        " from pg_attribute a join pg_type t on t.oid = a.atttypid"
        " left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum"
        " where a.attrelid = %s and a.attnum > 0 and not a.attisdropped and a.attgenerated = '' order by a.attnum", (oid,)
    ).fetchall()  # fmt: skip
    found = {}
    for name, type_, not_null, default, identity in rows:
        auto = identity != "" or (default is not None and default.startswith("nextval("))
        found[name] = Column(_type(type_), not_null, None if auto else default, auto)
    return found


def _type(written: str) -> str:
    base = re.sub(r"\(\d+\)(?=$|\[|\s)", "", written) if not written.startswith("numeric") else written
    suffix = "[]" if base.endswith("[]") else ""
    bare = base.removesuffix("[]")
    return TYPES.get(bare, bare) + suffix


def _keys(connection: psycopg.Connection, oid: int) -> frozenset[tuple[Any, ...]]:
    """Indexes and unique keys: what they hold, in which order, for which rows; by name where somebody chose one."""
    rows = connection.execute(
        "select i.indisunique, i.indisprimary, pg_get_indexdef(i.indexrelid), i.indnullsnotdistinct, c.relname,"
        " exists (select from pg_constraint k where k.conindid = i.indexrelid) from pg_index i"
        " join pg_class c on c.oid = i.indexrelid where i.indrelid = %s", (oid,)
    ).fetchall()  # fmt: skip
    found = []
    for unique, primary, definition, equal_nulls, name, constraint in rows:
        body = definition.partition(" USING ")[2]
        found.append((unique, primary, body, equal_nulls, None if constraint or unique else name))
    return frozenset(found)


def _foreign_keys(connection: psycopg.Connection, oid: int) -> frozenset[tuple[Any, ...]]:
    names = "(select array_agg(a.attname order by p.n) from unnest({keys}) with ordinality p(k, n)" \
            " join pg_attribute a on a.attrelid = {table} and a.attnum = p.k)"  # fmt: skip
    here, there = names.format(keys="k.conkey", table="k.conrelid"), names.format(keys="k.confkey", table="k.confrelid")
    rows = connection.execute(
        f"select {here}, k.confrelid::regclass::text, {there}, k.confdeltype from pg_constraint k"
        " where k.conrelid = %s and k.contype = 'f'", (oid,)
    ).fetchall()  # fmt: skip
    return frozenset((tuple(a), b, tuple(c), d) for a, b, c, d in rows)


def _checks(connection: psycopg.Connection, oid: int) -> dict[str, str]:
    rows = connection.execute(
        "select conname, pg_get_expr(conbin, conrelid) from pg_constraint where conrelid = %s and contype = 'c'"
        " union all select k.conname || a.attname, replace(pg_get_expr(k.conbin, 0), 'VALUE', quote_ident(a.attname))"
        " from pg_attribute a join pg_constraint k on k.contypid = a.atttypid and k.contype = 'c'"
        " where a.attrelid = %s and not a.attisdropped order by 1", (oid, oid)
    ).fetchall()  # fmt: skip
    return dict(rows)


def _policies(connection: psycopg.Connection, oid: int) -> frozenset[Policy]:
    rows = connection.execute("select polname, polcmd, polpermissive from pg_policy where polrelid = %s", (oid,)).fetchall()
    return frozenset(Policy(name, COMMANDS[_text(command)], permissive) for name, command, permissive in rows)


def _text(char: str | bytes) -> str:
    return char.decode() if isinstance(char, bytes) else char


def _comments(connection: psycopg.Connection, oid: int) -> dict[str, str]:
    rows = connection.execute(
        "select coalesce(a.attname, ''), d.description from pg_description d left join pg_attribute a"
        " on a.attrelid = d.objoid and a.attnum = d.objsubid and d.objsubid > 0"
        " where d.classoid = 'pg_class'::regclass and d.objoid = %s", (oid,)
    ).fetchall()  # fmt: skip
    return dict(rows)


# ------------------------------------------------------------------------------------------------- comparing
def differences(
    old: dict[str, Table], new: dict[str, Table], first: psycopg.Connection, second: psycopg.Connection
) -> Iterator[str]:
    """What the second database does not have as the first does, in words."""
    for name in sorted(old.keys() | new.keys()):
        if name not in new or name not in old:
            yield f"table {name}: {'missing' if name in old else 'new'}"
        else:
            yield from (f"{name}: {said}" for said in _table_differences(name, old[name], new[name], first, second))


def _table_differences(
    name: str, old: Table, new: Table, first: psycopg.Connection, second: psycopg.Connection
) -> Iterator[str]:
    if list(old.columns) != list(new.columns):
        yield f"columns {sorted(old.columns.keys() ^ new.columns.keys()) or 'in another order'}"
    for column in (c for c in old.columns if c in new.columns):
        one, other = old.columns[column], new.columns[column]
        if (one.type, one.not_null, one.auto) != (other.type, other.not_null, other.auto):
            yield f"column {column}: {one} became {other}"
        elif not _same_default(one, other, first, second):
            yield f"default of {column}: {one.default} became {other.default}"
    for what, a, b in (("keys", old.keys, new.keys), ("foreign keys", old.foreign_keys, new.foreign_keys)):
        if a != b:
            yield f"{what}: {sorted(map(str, a - b))} became {sorted(map(str, b - a))}"
    yield from _check_differences(old, new, second, name)
    if old.comments != new.comments:
        yield f"comments: {old.comments} became {new.comments}"
    yield from _policy_differences(old, new)


def _same_default(one: Column, other: Column, first: psycopg.Connection, second: psycopg.Connection) -> bool:
    if one.default == other.default:
        return True
    if one.default is None or other.default is None:
        return False
    clock = "2026-01-02 03:04:05.678+00"
    values = []
    for connection, default in ((first, one.default), (second, other.default)):
        fixed = re.sub(r"\bnow\(\)|CURRENT_TIMESTAMP", f"timestamptz '{clock}'", default)
        row = connection.execute(f"select ({fixed})::{other.type}::text").fetchone()
        assert row is not None
        values.append(row[0])
    return values[0] == values[1]


def _check_differences(old: Table, new: Table, connection: psycopg.Connection, name: str) -> Iterator[str]:
    """Checks pair by text; those left over pair by what they say of sample rows."""
    left = [text for text in old.checks.values()]
    right = [text for text in new.checks.values()]
    for text in list(left):
        if text in right:
            left.remove(text)
            right.remove(text)
    for text in list(left):
        match = next((other for other in right if same_check(connection, name, new, text, other)), None)
        if match is not None:
            left.remove(text)
            right.remove(match)
    right = [text for text in right if not re.fullmatch(r"\(length\(\"?\w+\"?\) <= \d+\)", text)]  # of varchar(n)
    if left or right:
        yield f"checks: {left} became {right}"


def same_check(connection: psycopg.Connection, name: str, table: Table, one: str, other: str) -> bool:
    """Whether two checks say the same of every sample row, made of the constants that they mention."""
    used = [c for c in table.columns if re.search(rf"\b{re.escape(c)}\b", one + other)]
    literals = [text.replace("''", "'") for text in re.findall(r"'((?:[^']|'')*)'", one + other)]
    numbers = [float(number) for number in re.findall(r"(?<![\w'])-?\d+(?:\.\d+)?", one + other)]
    choices = [_samples(table.columns[c].type, literals, numbers) for c in used]
    rows = list(itertools.islice(itertools.product(*choices), SAMPLES_MAX))
    if not rows:
        return False
    relation = name.rpartition(".")[2]
    columns = sql.SQL(", ").join(
        sql.SQL("%s::{} as {}").format(sql.SQL(table.columns[c].type), sql.Identifier(c)) for c in used
    )
    query = sql.SQL("select ({}) is not distinct from ({}) from (select {}) {}").format(
        sql.SQL(one.replace("%", "%%")), sql.SQL(other.replace("%", "%%")), columns, sql.Identifier(relation)
    )
    for row in rows:
        try:
            with connection.transaction():
                answer = connection.execute(query, row).fetchone()
        except psycopg.Error:
            return False
        if answer is None or not answer[0]:
            return False
    return True


def _samples(type_: str, literals: list[str], numbers: list[float]) -> list[Any]:
    match type_:
        case "text":
            return [None, "", "x", *dict.fromkeys(literals)][:12]
        case "boolean":
            return [None, True, False]
        case "smallint" | "integer" | "bigint" | "double precision" | "numeric":
            near = [value + step for value in dict.fromkeys(numbers) for step in (-1, 0, 1)]
            return [None, 0, *(int(v) if type_ != "double precision" else v for v in near)][:12]
        case "timestamp with time zone":
            return [None, "2020-01-01", "2030-01-01"]
        case "uuid":
            return [None, "00000000-0000-0000-0000-000000000001"]
        case "jsonb":
            return [None, "null", "{}", "[]", "1"]
        case _ if type_.endswith("[]"):
            return [None, "{}"]
        case _:
            return [None]


def _policy_differences(old: Table, new: Table) -> Iterator[str]:
    """The emitted database has a policy for each command; a table without row security is open there by a policy."""
    if not old.row_security:
        wanted = frozenset(Policy(f"open {word}", command, True) for command, word in WORDS.items())
    else:
        wanted = frozenset(split for policy in old.policies for split in _split(policy))
    if wanted != new.policies:
        yield f"policies: {sorted(map(str, wanted - new.policies))} became {sorted(map(str, new.policies - wanted))}"


def _split(policy: Policy) -> Iterator[Policy]:
    for command, word in WORDS.items():
        if policy.command in ("all", command):
            yield Policy(f"{policy.name} {word}", command, policy.permissive)
