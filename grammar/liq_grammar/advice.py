"""What to say where a text does not follow the grammar, in words that a newcomer knows."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Final, NamedTuple

from liq.model import codes
from liq.model.diagnostics import Code
from liq.model.source import Span
from liq_grammar.characters import shown
from liq_grammar.scanner import Token
from liq_grammar.spelling import nearest
from liq_grammar.sql_forms import sql_form
from liq_grammar.tables import tables


class Complaint(NamedTuple):
    """A finding, but for its place."""

    code: Code
    message: str
    help: str | None = None
    span: Span | None = None
    """Where, if not at the token that did not fit."""


EXPRESSION: Final = frozenset(
    "NAME PARAM CLAIM STRING INT DECIMAL FLOAT TYPE_WORD TRUE FALSE NULL NOT MINUS CASE EXISTS "
    "LPAR LSQB LBRACE EMPTY".split()
)
OPERATORS: Final = frozenset(
    "EQUAL COMPARE IS IN LIKE ILIKE BETWEEN MATCHES CONCAT PLUS MINUS STAR SLASH PERCENT CAST LSQB AND OR NOT "
    "DOT".split()
)
COMPARING: Final = frozenset("EQUAL COMPARE IS IN LIKE ILIKE BETWEEN MATCHES".split())
CLAUSES: Final = frozenset("WHERE GROUP ORDER LIMIT OFFSET AFTER DISTINCT FOLLOW".split())
SOFT: Final = frozenset(
    "INTO DESCRIBE WITH DELETED MAX AFTER FOLLOW PARTITION ROWS UNBOUNDED CURRENT ROW SESSION TABLE VIEW ENUM POLICY "
    "FN ROLE CHANNEL QUERY TEST MIGRATION CASCADE RESTRICT DEFAULT RESTRICTIVE FOR TO RUN GIVEN ERROR GIVES ALTER ADD "
    "DROP RENAME FIRST LAST PRECEDING FOLLOWING NULLS KEY AUTO SENSITIVE TOMBSTONE REVERSE WAS".split()
)
STATEMENTS: Final = frozenset("READ INSERT UPDATE DELETE DESCRIBE LET".split())
DECLARATIONS: Final = frozenset("SESSION TABLE VIEW ENUM POLICY FN ROLE CHANNEL QUERY TEST MIGRATION".split())
PROPERTIES: Final = frozenset(
    "KEY UNIQUE AUTO SENSITIVE TOMBSTONE REVERSE WAS ARROW EQUAL AS ON CHECK EMPTY QUESTION DOT LPAR".split()
)
ELEMENTS: Final = frozenset("KEY_LIST UNIQUE_LIST INDEX_LIST FOREIGN_LIST CHECK".split())
JOINS: Final = frozenset("JOIN INNER LEFT FULL CROSS".split())
SETS: Final = frozenset("UNION EXCEPT INTERSECT VBAR".split())
STATEMENT_WORDS: Final = frozenset("read insert update delete describe let".split())
MOST: Final = 5

SPOKEN: Final = {
    "$END": "the end of the file", "NAME": "a name", "PARAM": "a parameter", "CLAIM": "a claim",
    "STRING": "a text in quotes", "INT": "a whole number", "DECIMAL": "a number", "FLOAT": "a number",
    "COMPARE": "a comparison", "EMPTY": "`[]`", "OR_ELSE": "`or update`", "NULLS_EQUAL": "`nulls not distinct`",
    "KEY_LIST": "`key (…)`", "UNIQUE_LIST": "`unique (…)`",
    "INDEX_LIST": "`index (…)`", "FOREIGN_LIST": "`foreign (…)`", "CHOOSE": "`choose $name`", "LEFT": "`left join`",
    "FULL": "`full join`", "CROSS": "`cross join`", "INNER": "`inner join`", "TYPE_WORD": "a typed text",
}  # fmt: skip


@cache
def _spelled() -> dict[str, str]:
    table = tables()
    words = {table.terminals[number]: f"`{word}`" for word, number in (*table.keywords.items(), *table.signs.items())}
    return {**words, **SPOKEN}


def expected(terminals: frozenset[str]) -> list[str]:
    """What could stand here, in human terms, the most telling first."""
    left = set(terminals) - {"BROKEN"}
    groups: list[str] = []

    def take(name: str, group: frozenset[str], present: bool) -> None:
        if present:
            groups.append(name)
            left.difference_update(group)

    is_name = "NAME" in left and "FIRST" in left
    take("a type", SOFT | {"NAME"}, is_name and "KEY" not in left and "INDEX_LIST" not in left)
    take("an expression", EXPRESSION | (SOFT if is_name else frozenset()), {"INT", "STRING", "PARAM"} <= left)
    take("a name", SOFT | {"NAME"}, is_name and "NAME" in left)
    take("a column, key, index or check", ELEMENTS, "INDEX_LIST" in left)
    take("an operator", OPERATORS - (frozenset() if "OR" in left else {"AND"}), "CONCAT" in left or "PLUS" in left)
    take("a property of the column", PROPERTIES, {"SENSITIVE", "ARROW"} <= left)
    take("a clause such as `where`", CLAUSES, len(left & CLAUSES) > 3)
    take("a join", JOINS, "JOIN" in left)
    take("`|`", SETS, {"UNION", "VBAR"} <= left)
    take("a statement or declaration", STATEMENTS | DECLARATIONS, {"READ", "INSERT", "TABLE"} <= left)
    take("a statement", STATEMENTS, {"READ", "INSERT", "DESCRIBE"} <= left)
    if "LSQB" in left:
        left.discard("EMPTY")
    spelled = _spelled()
    signs = sorted(spelled.get(each, each) for each in left & {"COMMA", "RPAR", "RSQB", "RBRACE", "COLON"})
    words = sorted({spelled.get(each, each.lower()) for each in left} - set(signs) - {"a name", "the end of the file"})
    words = [word for word in words if word not in ("`expect`",)] if groups else words
    rest = (["a name"] if "NAME" in left else []) + words
    return signs + groups + rest + (["the end of the file"] if "$END" in left and not groups else [])


def _either(things: Sequence[str]) -> str:
    if len(things) > MOST:
        things = [*things[: MOST - 1], "something else that fits"]
    return things[0] if len(things) == 1 else f"{', '.join(things[:-1])} or {things[-1]}"


def _quoted(token: Token) -> str:
    if token.text.startswith("'"):
        return f"the text {shown(token.text, 20)}"
    return f"`{shown(token.text, 30)}`" if token.text else "the end of the file"


def complain(tokens: Sequence[Token], at: int, first: int, parent: int, terminals: frozenset[str]) -> Complaint:
    """What is wrong with the token ``at`` in a statement that begins at ``first``, inside the bracket ``parent``."""
    token = tokens[at]
    declaring = tokens[first].text in ("table", "alter", "migration") and parent >= 0
    if slip := _property_slip(tokens, at, first, terminals):
        return slip
    if special := _special(tokens, at, first, parent, terminals):
        return special
    if advice := sql_form(tokens, first, at, declaring):
        return Complaint(codes.SQL_FORM, *advice)
    things = expected(terminals)
    before = tokens[at - 1] if at > first else None
    place = f" after {_quoted(before)}" if before is not None and before.text else ""
    message = (
        f"expected {_either(things)}{place}, found {_quoted(token)}"
        if things
        else f"{_quoted(token)} cannot stand here"
    )
    return Complaint(codes.SYNTAX, message, _reserved(token, terminals))


def _reserved(token: Token, terminals: frozenset[str]) -> str | None:
    table = tables()
    if token.indent >= 0 and token.text in STATEMENT_WORDS:
        return None
    if "NAME" in terminals and token.text in table.keywords and table.ids["NAME"] not in token.kinds:
        return f"`{token.text}` is a reserved word; as a name it stands in backticks"
    return None


def _property_slip(tokens: Sequence[Token], at: int, first: int, terminals: frozenset[str]) -> Complaint | None:
    """A misspelt property of a column, read as the name of a further column, shows only where a type is missing."""
    if tokens[first].text != "table" or "NAME" not in terminals or "KEY" in terminals:
        return None
    for index in range(at - 1, max(first + 4, at - 8), -1):
        token = tokens[index]
        if token.indent < 0 and tokens[index - 1].text not in (",", "{"):
            word = nearest(token.text, ("key", "unique", "auto", "sensitive", "tombstone", "reverse", "check"))
            if word is not None:
                message = f"unknown word `{token.text}` — did you mean `{word}`?"
                return Complaint(codes.SYNTAX, message, span=token.span)
    return None


def _special(tokens: Sequence[Token], at: int, first: int, parent: int, terminals: frozenset[str]) -> Complaint | None:
    """Slips that the list of what could stand here does not explain."""
    table = tables()
    token, before = tokens[at], tokens[at - 1] if at > first else None
    kinds = {table.terminals[kind] for kind in token.kinds}
    opener = tokens[parent].text if parent >= 0 else ""
    if kinds & COMPARING and {"AND", "OR"} & terminals and token.text not in ("in", "is"):
        return Complaint(codes.SYNTAX, "comparisons do not chain", "write both: a = b and b = c")
    if token.text == "." and at + 1 < len(tokens) and tokens[at + 1].text[:1].isdigit():
        return Complaint(codes.SYNTAX, "a number begins with a digit", f"0.{tokens[at + 1].text}")
    if token.text == "=" and opener == "{" and "COLON" in terminals:
        return Complaint(codes.SYNTAX, "in a record, `:` joins a name to its value", "insert t { name: 'a' }")
    if token.text == ":" and opener != "{" and "EQUAL" in terminals and before is not None:
        return Complaint(
            codes.SYNTAX, "in `set`, a value is assigned with `=`", "update t set name = 'a' where id = $id"
        )
    if before is not None and before.text.startswith("$") and opener == "(" and "COLON" in terminals:
        return Complaint(codes.SYNTAX, "a `:` joins a parameter to its type", "query q($n: int, $status: text?) = …")
    if token.text == "{" and "LBRACE" not in terminals and terminals & CLAUSES:
        if before is not None and before.text == "}":
            return Complaint(codes.SYNTAX, "a second shape needs a `|` before it", "read t { a, b } | { a }")
        return Complaint(codes.SYNTAX, "a shape stands before the clauses", "read t { a, b } where a > 1 order b")
    if token.text in ("where", "order", "group", "limit") and opener == "{" and "COMMA" in terminals:
        return Complaint(codes.SYNTAX, f"`{token.text}` stands behind the shape", "read t { a, b } where a > 1 order b")
    if token.text == "}" and before is not None and before.text == "{":
        help = "every column is read when the shape is left out" if "STAR" in terminals else None
        return Complaint(codes.SYNTAX, "these braces need something in them", help)
    return None
