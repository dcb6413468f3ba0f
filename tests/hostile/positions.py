"""Every place where an author's or a caller's text may stand, as a template: schema and program, with the payload put in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from attrs import frozen

from tests.hostile.payloads import literal

Template = Callable[[str], str]

ENUM: Final = "enum kind { plain, odd }\n"
SESSION: Final = "session { who: text from 'sub', role: text from 'role' = 'anon' }\n"
TABLE: Final = "table notes {\n  id int key\n  owner text\n  body text\n  tags text[]\n  meta json\n  kind kind?\n}\n"
POLICY: Final = "policy own on notes for all using owner = @who\n"
SCHEMA: Final = ENUM + SESSION + TABLE + POLICY
PROGRAM: Final = "query q = read notes { id, body } where body <> 'x' limit 5"


def quoted(name: str) -> str:
    """The payload as a name in backticks."""
    return f"`{name}`"


@frozen
class Position:
    """``named``: the payload becomes an identifier of the SQL; else it must not be in the text of a program at all."""

    program: Template = lambda _: PROGRAM
    schema: Template = lambda _: SCHEMA
    named: bool = False


def _in_program(template: str, *, named: bool = False) -> Position:
    return Position(lambda p: template.replace("LIT", literal(p)).replace("NAME", quoted(p)).replace("RAW", p), named=named)


def _in_schema(before: str, after: str, program: str = PROGRAM, *, named: bool = True) -> Position:
    assert before in SCHEMA, before
    fill = lambda template, p: template.replace("LIT", literal(p)).replace("NAME", quoted(p)).replace("RAW", p)  # noqa: E731
    return Position(lambda p: fill(program, p), lambda p: SCHEMA.replace(before, fill(after, p), 1), named)


POSITIONS: Final[dict[str, Position]] = {
    "constant": _in_program("query q = read notes { id, c: LIT } where body = LIT and body <> lower(LIT) limit 5"),
    "case": _in_program("query q = read notes { id, c: case when body = LIT then LIT else 'none' end } limit 5"),
    "list constant": _in_program("query q = read notes { id, l: [LIT, 'z'] } where body in (LIT, 'z') and LIT in tags limit 5"),
    "LIKE pattern": _in_program("query q = read notes { id } where body like LIT or body not ilike LIT limit 5"),
    "search words": _in_program("query q = read notes { id } where body matches LIT limit 5"),
    "JSON path": _in_program("query q = read notes { id, m: meta[LIT]['x'][LIT]::text } where meta[LIT] is not null limit 5"),
    "JSON member": _in_program("query q = read notes { id, j: { LIT: LIT, x: [LIT] } } limit 5"),
    "inserted": _in_program("query q = insert notes { id: 1, owner: @who, body: LIT, tags: [LIT], meta: { LIT: 1 } } returning id"),
    "updated": _in_program("query q = update notes set body = LIT where body = LIT returning id, body"),
    "deleted": _in_program("query q = delete notes where body = LIT or body like LIT"),
    "function argument": _in_program("query q = read notes { id, r: replace(body, LIT, LIT), p: split_part(body, LIT, 1), c: starts_with(body, LIT) } limit 5"),
    "aggregate argument": _in_program("query q = read notes { s: string_agg(body, LIT order id) }"),
    "cast": _in_program("query q = read notes { id, n: (body || LIT)::int?, d: (body || LIT)::date?, j: (LIT || body)::json? } limit 5"),
    "label": _in_program("query q = read notes { id, NAME: body } order NAME limit 5", named=True),
    "label of a stage": _in_program("query q = read notes { id, NAME: body } | { id, NAME } where NAME <> 'x' order NAME, id limit 5", named=True),
    "nested label": _in_program("query q = read notes { id, x: { NAME: 1, b: body } } limit 5"),
    "group label": _in_program("query q = read notes { NAME: body, n: count() } group NAME", named=True),
    "alias": _in_program("query q = read notes NAME { NAME.id } where NAME.body <> 'x' and exists (read notes n where n.id = NAME.id) limit 5", named=True),
    "subquery alias": _in_program("query q = read (read notes { id, body }) NAME { NAME.id } limit 5", named=True),
    "order choice": _in_program("query q = read notes { id } order choose $sort? { NAME: body desc, id, other: id } limit 5"),
    "plan name": _in_program("query NAME = read notes { id, body } limit 5"),
    "plan name in a group": _in_program("query NAME.NAME = read notes { id, body } limit 5"),
    "let": _in_program("query q { let NAME = read notes { id, body } limit 5  read NAME { id } where body <> 'x' }", named=True),
    "expect message": _in_program("query q = update notes set body = 'x' where id = 1 expect 1 else LIT"),
    "query description": _in_program("--- RAW\nquery q = read notes { id, body } limit 5"),
    "query comment": _in_program("-- RAW\nquery q = read notes { id, body } limit 5 -- RAW"),
    "parameter description": _in_program("query q(\n  $b: text --- RAW\n) = read notes { id } where body = $b limit 5"),
    "parameter default": _in_program("query q($b: text = LIT check $b <> LIT) = read notes { id } where body = $b limit 5"),
    "table": Position(lambda p: PROGRAM.replace("notes", quoted(p)), lambda p: SCHEMA.replace("notes", quoted(p)), True),
    "table in a schema": Position(lambda p: PROGRAM.replace("notes", f"{quoted(p)}.notes"), lambda p: SCHEMA.replace("notes", f"{quoted(p)}.notes"), True),
    "column": Position(lambda p: PROGRAM.replace("body", quoted(p)), lambda p: SCHEMA.replace("body", quoted(p)), True),
    "link": _in_schema("  owner text\n", "  owner text\n  up int? -> notes as NAME reverse downs\n", "query q = read notes { id, u: NAME.body } limit 5"),
    "enum": Position(lambda _: "query q = read notes { id } where kind = 'odd' limit 5", lambda p: SCHEMA.replace("enum kind", f"enum {quoted(p)}").replace("kind kind?", f"kind {quoted(p)}?"), True),
    "enum label": _in_schema("plain, odd", "plain, LIT", "query q = read notes { id } where kind = LIT or kind in ('plain', LIT) limit 5"),
    "default": _in_schema("body text", "body text = LIT", "query q = insert notes { id: 1, owner: @who, tags: [], meta: {} } returning body"),
    "check": _in_schema("body text", "body text check body <> LIT and body not like LIT"),
    "constraint name": _in_schema("body text", "body text\n  check body <> 'x' as NAME"),
    "index name": _in_schema("body text", "body text\n  index (body) as NAME"),
    "policy name": _in_schema("policy own", "policy NAME"),
    "policy constant": _in_schema("owner = @who", "owner = @who and body <> LIT and body not like LIT and meta[LIT] is null"),
    "role": _in_schema("policy own on notes for all", "role NAME { read notes insert notes update notes delete notes }\npolicy own on notes for all to NAME", named=False),
    "claim path": _in_schema("from 'sub'", "from LIT"),
    "claim default": _in_schema("from 'sub'", "from 'sub' = LIT"),
    "table description": _in_schema("table notes {", "--- RAW\ntable notes {"),
    "column description": _in_schema("body text", "body text --- RAW"),
    "view": _in_schema(POLICY, POLICY + "view NAME = read notes { id, body }\n", "query q = read NAME { id } where body <> 'x' limit 5"),
    "function": _in_schema(POLICY, POLICY + "fn NAME($x: text) = $x <> LIT\n", "query q = read notes { id } where NAME(body) limit 5", named=False),
}  # fmt: skip
"""Where an author's text may stand."""

HARMLESS_WORD: Final = "harmless"
HARMLESS: Final = "two words"
"""What payloads are compared with: texts that mean nothing anywhere."""

CALLED: Final = (
    "query q = read notes { id, body, tags, meta, p: $p::text, l: $l::text[], j: $j::json, low: lower($p), both: body || $p }\n"
    "  where (body = $p or body in $l or starts_with(body, $p) or contains(body, $p) or ends_with(body, $p)) and meta is not distinct from $j\n"
    "  order choose $sort? { newest: id desc, oldest: id } limit 50\n"
)
"""A program that takes a caller's texts in every way."""

WRITTEN: Final = (
    "query w($id: int, $p: text, $l: text[], $j: json) {\n"
    "  insert notes { $id, owner: @who, body: $p, tags: $l, meta: $j }\n"
    "  update notes set body = body || '', tags = $l where id = $id and body = $p expect 1\n"
    "  read notes { id, owner, body, tags, meta } where id = $id and owner = @who limit 1\n"
    "}\n"
)
"""A plan that stores a caller's texts and reads them again: the second order."""
