"""Payloads in positions, compiled: the SQL as trees and tokens, the payload as a whole literal or name marked."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

import sqlglot
from sqlglot import exp

from liq.model.emitted import SqlPlan
from liq_planner.emit.refusal import EmitRefused
from liq_planner.emit.schema import emit_schema
from tests.campaigns.programs import Compiled, compile_program
from tests.gen.rng import Rng
from tests.hostile.outcome import Outcome, demand
from tests.hostile.payloads import PAYLOADS
from tests.hostile.positions import HARMLESS, HARMLESS_WORD, POSITIONS, Position
from tests.hostile.tried import TriedSchema, tried_schema

WORD = re.compile(r"[A-Za-z0-9_.:-]*")
"""What an author's constant may be to stand in the text itself."""
ALIAS = re.compile(r"[a-z]+[0-9]+")

def programs_sql(position: Position, payload: str) -> list[str] | None:
    """The texts of a program with the payload in a position; None where it is refused, with codes."""
    schema = tried_schema(position.schema(payload))
    if not isinstance(schema, TriedSchema):
        return None
    try:
        compiled = compile_program(position.program(payload), schema.schema)
    except EmitRefused:
        return None
    return texts(compiled.sql) if isinstance(compiled, Compiled) else None


def texts(plan: SqlPlan) -> list[str]:
    """Every text of a plan."""
    return [step.main.text for member in plan.members for step in member.steps]


def trees(sql: Iterable[str], payload: str) -> list[exp.Expression]:
    """The trees of texts of one statement each, the payload as a whole literal or name replaced by a mark."""
    return [_marked(one, payload) for one in sql]


def _marked(sql: str, payload: str) -> exp.Expression:
    found = [tree for tree in sqlglot.parse(sql, dialect="postgres") if tree is not None]
    assert len(found) == 1, sql
    assert not any(node.comments for node in found[0].walk()), sql
    aliases: dict[str, str] = {}
    return found[0].transform(lambda node: _mark(node, payload, aliases))


def _mark(node: exp.Expression, payload: str, aliases: dict[str, str]) -> exp.Expression:
    """Aliases of sources are numbered: they begin with a letter of the table's name."""
    if isinstance(node, exp.Identifier) and not node.quoted and ALIAS.fullmatch(node.this):
        return exp.to_identifier(aliases.setdefault(node.this, f"alias{len(aliases)}"))
    if not payload or node.this != payload:
        return node
    match node:
        case exp.Literal(is_string=True):
            return exp.Literal.string("§")
        case exp.JSONPathKey():
            return exp.JSONPathKey(this="§")
        case exp.Identifier():
            assert node.quoted, f"{payload} is not quoted"
            return exp.to_identifier("§", quoted=True)
        case _:
            return node


@cache
def harmless(name: str, value: str) -> tuple[str, ...]:
    """The texts of a position with a value that means nothing anywhere."""
    sql = programs_sql(POSITIONS[name], value)
    assert sql is not None, name
    return tuple(sql)


def fits(name: str, payload: str) -> bool:
    """A comment or a description is one line."""
    return payload.splitlines() == [payload] or not name.endswith(("description", "comment"))


def check_program(name: str, payload: str) -> bool:
    """Whether the payload is accepted there; then the trees must be those of a harmless text.

    Words of an author may stand in the text as literals; whatever is more than a word is bound, or a quoted name.
    """
    sql = programs_sql(POSITIONS[name], payload) if fits(name, payload) else None
    if sql is None:
        return False
    word = WORD.fullmatch(payload) is not None
    allowed = [HARMLESS, HARMLESS_WORD] if word else [HARMLESS]
    demand(trees(sql, payload) in [harmless_trees(name, value) for value in allowed], f"another tree for {payload!r}: {sql}")
    demand(POSITIONS[name].named or word or tuple(sql) == harmless(name, HARMLESS), f"another text for {payload!r}: {sql}")
    return True


@cache
def harmless_trees(name: str, value: str) -> list[exp.Expression]:
    """The trees of a position with a value that means nothing anywhere."""
    return trees(harmless(name, value), value)


def ddl(schema_text: str, payload: str) -> list[str] | None:
    """The statements as lists of tokens, the payload marked; None where the schema is refused."""
    schema = tried_schema(schema_text)
    if not isinstance(schema, TriedSchema):
        return None
    try:
        statements = emit_schema(schema.schema).statements
    except EmitRefused:
        return None
    return [" ".join(_token(token, payload) for token in sqlglot.tokenize(one, dialect="postgres")) for one in statements]


def _token(token: sqlglot.Token, payload: str) -> str:
    """A token; the payload may be a whole literal, a whole name, or the beginning of a constraint's name."""
    assert not token.comments
    text, kind = token.text, token.token_type
    if kind is sqlglot.TokenType.STRING and text in (payload, payload.strip()):
        text = "§"
    elif kind is sqlglot.TokenType.IDENTIFIER and payload and text.startswith(payload[:50]):
        text = "§" + text.removeprefix(payload)[-5:]
    return f"{kind.name}:{text}"


@cache
def harmless_ddl(name: str) -> list[str]:
    """The DDL of a position with a text that means nothing anywhere."""
    expected = ddl(POSITIONS[name].schema(HARMLESS), HARMLESS)
    assert expected is not None, name
    return expected


def check_schema(name: str, payload: str) -> bool:
    """Whether the payload is accepted there; then the DDL is that of a harmless text but for whole literals and names."""
    if not fits(name, payload):
        return False
    found = ddl(POSITIONS[name].schema(payload), payload)
    demand(found is None or found == harmless_ddl(name), f"other statements for {payload!r}: {found}")
    return found is not None


def attack_position(rng: Rng) -> Outcome:
    """Some payload, or two at once, in some position."""
    name, payload = rng.pick(list(POSITIONS)), rng.pick(PAYLOADS)
    if rng.chance(0.3):
        payload += rng.pick(["", " ", "x"]) + rng.pick(PAYLOADS)
    accepted = check_program(name, payload)
    check_schema(name, payload)
    return Outcome("injection", accepted, (), (f"position {name}",), len(payload))
