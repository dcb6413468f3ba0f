"""A value can never become syntax: the SQL of a hostile text is the tree of a harmless one, in every position."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

import pytest
import sqlglot
from sqlglot import exp

from liq.model.emitted import SqlPlan
from liq_planner.emit.refusal import EmitRefused
from liq_planner.emit.schema import emit_schema
from tests.campaigns.programs import Compiled, compile_program
from tests.hostile.payloads import PAYLOADS
from tests.hostile.positions import CALLED, HARMLESS, HARMLESS_WORD, POSITIONS, SCHEMA, Position
from tests.hostile.tried import TriedSchema, tried_schema

WORD = re.compile(r"[A-Za-z0-9_.:-]*")
"""What an author's constant may be to stand in the text itself."""
ALIAS = re.compile(r"[a-z]+[0-9]+")

STRIDE = 8


def sample(name: str) -> list[str]:
    """The payloads of a position here: each position begins elsewhere; the campaign pairs all with all."""
    return list(PAYLOADS[list(POSITIONS).index(name) % STRIDE :: STRIDE])


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


@pytest.mark.parametrize("name", POSITIONS)
def test_the_tree_of_a_program_is_that_of_a_harmless_text(name: str) -> None:
    """Words of an author may stand in the text as literals; whatever is more than a word is bound, or a quoted name."""
    position, accepted = POSITIONS[name], 0
    expected = {value: trees(harmless(name, value), value) for value in (HARMLESS_WORD, HARMLESS)}
    payloads = sample(name)
    for payload in payloads:
        sql = programs_sql(position, payload)
        if sql is None:
            continue
        accepted += 1
        allowed = [HARMLESS, HARMLESS_WORD] if WORD.fullmatch(payload) else [HARMLESS]
        assert trees(sql, payload) in [expected[value] for value in allowed], (payload, sql)
        if not position.named and len(allowed) == 1:
            assert tuple(sql) == harmless(name, HARMLESS), payload
    assert accepted >= len(payloads) // 3, accepted


@pytest.mark.parametrize("name", [name for name, position in POSITIONS.items() if position.schema(HARMLESS) != SCHEMA])
def test_the_tree_of_a_schema_is_that_of_a_harmless_text(name: str) -> None:
    """The DDL of a schema holds its author's texts as whole literals and quoted names only."""
    expected = ddl(POSITIONS[name].schema(HARMLESS), HARMLESS)
    assert expected is not None
    accepted = 0
    for payload in sample(name):
        if "description" in name and payload.strip() != "".join(payload.split("\n")):
            continue  # a description is one line
        found = ddl(POSITIONS[name].schema(payload), payload)
        accepted += found is not None
        assert found is None or found == expected, payload
    assert accepted


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


def test_what_callers_pass_is_not_in_the_text() -> None:
    schema = tried_schema(SCHEMA)
    assert isinstance(schema, TriedSchema)
    compiled = compile_program(CALLED, schema.schema)
    assert isinstance(compiled, Compiled), compiled
    for sql in texts(compiled.sql):
        found = sqlglot.parse_one(sql, dialect="postgres")
        assert not [node for node in found.find_all(exp.Literal) if node.is_string and node.this in PAYLOADS and node.this]


def test_names_that_the_server_would_shorten_are_refused() -> None:
    """Shortened, the name would be that of another table, with other policies."""
    long = "x" * 64
    schema = tried_schema(SCHEMA + f"table {long} {{ id int key, {long} text }}\npolicy open on {long} for all using true\n")
    assert isinstance(schema, TriedSchema)
    with pytest.raises(EmitRefused, match="more than 63 bytes"):
        emit_schema(schema.schema)
    for program in (f"query q = read {long} {{ id }} limit 1", f"query q = read notes {{ {long}: id }} limit 1"):
        with pytest.raises(EmitRefused, match="more than 63 bytes"):
            compile_program(program, schema.schema)
