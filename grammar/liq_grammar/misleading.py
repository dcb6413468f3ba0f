"""What would parse, but not mean what it says to a reader: a join that is none, SQL words read as further columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from liq.model import codes
from liq_grammar.report import Report
from liq_grammar.scanner import Token
from liq_grammar.sql_forms import Advice

COLUMN_WORDS: Final = {
    "primary": Advice("`primary key` is written `key`", "id uuid key, or key (a, b)"),
    "references": Advice("`references t` is written `-> t`", "owner_id uuid -> publishers"),
    "default": Advice("a default follows `=`", "created_at timestamp = now()"),
    "constraint": Advice("a constraint is named behind it, with `as`", "check amount > 0 as positive"),
    "auto_increment": Advice("a number given by the database is `auto`", "id int key auto"),
    "autoincrement": Advice("a number given by the database is `auto`", "id int key auto"),
    "generated": Advice("a number given by the database is `auto`", "id int key auto"),
}
"""Behind a column and its type, these would be read as the next column."""
COLUMN_TYPES: Final = frozenset(
    "bool int int16 int32 float decimal text bytes uuid date time timestamp interval json vector "
    "integer bigint smallint varchar char serial boolean timestamptz jsonb real numeric bytea".split()
)
JOIN_WORDS: Final = {
    "right": "swap the sides and write `left join`",
    "outer": "write `left join` or `full join`",
    **dict.fromkeys(("natural", "semi", "anti", "asof"), "write `join … on`; a name in backticks is an alias"),
}
"""Before ``join`` these would be read as an alias, and the join as another one than was meant."""
NAMING: Final = ("read", "join", ".", "left", "full", "right")
COMPARISONS: Final = ("=", "<>", "!=", "<", "<=", ">", ">=")


def report_misleading(tokens: Sequence[Token], report: Report) -> frozenset[int]:
    """Report every such place; returns where they begin."""
    found: set[int] = set()
    for at, token in enumerate(tokens):
        advice = _advice(tokens, at) if token.text in SUSPICIOUS else None
        if advice is not None:
            report(codes.SQL_FORM, advice.message, token.span, help=advice.help)
            found.add(token.start)
        elif token.text.endswith("?") and token.text.startswith("$") and tokens[at + 1].text == ":":
            name = token.text[:-1]
            message = f"a parameter that may be left out has the `?` behind its type: `{name}: text?`"
            report(codes.SYNTAX, message, token.span, fix=(name, f"write {name}"))
            found.add(token.start)
    return frozenset(found)


SUSPICIOUS: Final = frozenset({*COLUMN_WORDS, *JOIN_WORDS, "filter", "any", "some"})


def _advice(tokens: Sequence[Token], at: int) -> Advice | None:
    word, before, after = tokens[at].text, tokens[at - 1].text if at else "", tokens[at + 1].text
    if word in JOIN_WORDS:
        return (
            Advice(f"there is no `{word} join`", JOIN_WORDS[word]) if after == "join" and before not in NAMING else None
        )
    if word in COLUMN_WORDS:
        return COLUMN_WORDS[word] if _continues(tokens, at) else None
    if word == "filter":
        inside = after == "(" and before == ")" and tokens[at].indent < 0
        return Advice("`filter (where …)` stands inside the call", "count(where amount > 100)") if inside else None
    if after == "(" and before in COMPARISONS:
        return Advice(f"`{word} (…)` is written `in` or `exists`", "id in $ids, exists (read u where u.x < a)")
    return None


def _continues(tokens: Sequence[Token], at: int) -> bool:
    """Whether a word stands behind a column, on its line and without a comma: it would be read as the next column."""
    if tokens[at].text == "primary" and tokens[at + 1].text != "key":
        return False
    if tokens[at].text == "default" and tokens[at - 1].text == "set":  # on delete set default
        return False
    if at < 4 or tokens[at].indent >= 0 or tokens[at - 1].text in (",", "{", "(", ".", "->", ":", "set"):
        return False
    first = at
    while at - first < 40 and tokens[first].indent < 0 and tokens[first - 1].text not in ("{", ","):
        first -= 1
    return tokens[first + 1].text in COLUMN_TYPES and at > first + 1
