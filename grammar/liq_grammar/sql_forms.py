"""What people write who know SQL, and what liq has instead. Looked at only where a text does not parse.

Each form is a pattern over the words before the offending one and a pattern over those from it on; texts stand as ''.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from liq_grammar.scanner import Token

WORDS_BEFORE: Final = 12
WORDS_AFTER: Final = 6


class Advice(NamedTuple):
    """What to say about a form, and how it is written in liq."""

    message: str
    help: str


class _Form(NamedTuple):
    before: re.Pattern[str]
    after: re.Pattern[str]
    advice: Advice


def _form(before: str, after: str, message: str, help: str) -> _Form:
    return _Form(re.compile(f"(?:{before})$"), re.compile(after), Advice(message, help))


COMPARISON: Final = "(?:=|<>|!=|<=|>=|<|>)"

FORMS: Final = (
    # reading
    _form("", r"select\b", "`select` is written `read`", "read customers { id, name } where city = $city order name"),
    _form(r"\bselect(?: \S+)?", "", "`select` is written `read`", "read customers { id, name } where city = $city"),
    _form(r"^", r"from \w", "a read begins with its table", "read customers { id, name } where city = $city"),
    _form("", r"having\b", "`having` is a stage of its own", "read t { a, n: count() } group a | where n > 5"),
    _form(r"\bhaving", "", "`having` is a stage of its own", "read t { a, n: count() } group a | where n > 5"),
    _form("", r"with (?:recursive )?\w+ (?:as )?\(", "`with` is written `let`",
          "let totals = read … and then read totals; recursion is `follow`"),
    _form(r"\b(?:right|left|full)", r"outer\b", "outer joins are written without `outer`", "left join, full join"),
    _form(r"\b(?:right|left|full) outer", "", "outer joins are written without `outer`", "left join, full join"),
    _form("", r"lateral\b", "`lateral` is not needed", "a subquery may look outwards: { newest: (read …) }"),
    _form(r"\blateral(?: \()?", "", "`lateral` is not needed", "a subquery may look outwards: { newest: (read …) }"),
    _form(rf"{COMPARISON} (?:any|some) \(", r"(?:read|select)\b", "`any (…)` is written `exists`",
          "exists (read u where u.x < a); = any (…) is in (read …)"),
    _form(rf"{COMPARISON}", r"all \(", "`all (…)` is written `not exists`", "not exists (read u where not (a > u.x))"),
    _form(r"\)", r"filter \(", "`filter (where …)` stands inside the call", "count(where amount > 100)"),
    _form(r"\) filter(?: \()?", "", "`filter (where …)` stands inside the call", "count(where amount > 100)"),
    _form(r"\bcast \( [^)]*", r"as\b", "`cast(x as t)` is written `x::t`", "amount::text"),
    _form("", r"as \w", "`as` does not label an item", "a label stands before it, with a colon: total: sum(amount)"),
    _form(r"\bextract \( \w+", r"from\b", "`extract(part from x)` is written date_part('part', x)",
          "date_part('year', placed_at)"),
    _form(r"\b(?:substring|trim|overlay|position) \(.*", r"(?:from|for|in)\b", "arguments are separated by commas",
          "substring(name, 1, 3)"),
    _form(r"^read [\w.`]+(?: \w+)?", r",", "`read` takes one table", "join the others: read a join b on b.id = a.b_id"),
    _form("", r"fetch (?:first|next)\b", "`fetch first n rows` is written `limit n`", "limit 10"),
    _form(r"\bfetch", r"(?:first|next)\b", "`fetch first n rows` is written `limit n`", "limit 10"),
    _form("", r"top \d", "`top n` is written `limit n`", "limit 10"),
    _form("", r"for (?:update|share)\b", "rows are not locked by hand", "a plan with a write is serialisable"),
    _form(r"\bunion", r"distinct\b", "`union` alone leaves out duplicates", "union, or union all to keep them"),
    _form(r"\b(?:except|intersect)", r"all\b", "there is no `except all` and no `intersect all`", "except, intersect"),
    _form(r"\bnatural", r"join\b", "joins name their condition", "join u on u.id = t.u_id"),
    _form(r"\bjoin .*", r"using \(", "a join names its condition", "join u on u.id = t.u_id"),
    _form("", r"(?:rlike|regexp|similar)\b", "patterns are compared with `like`, words with `matches`", "n like 'a%'"),
    _form(r"\b(?:rlike|regexp|similar)", "", "patterns are compared with `like`, words with `matches`", "n like 'a%'"),
    _form(r"\bin \(", r"\)", "an empty list holds nothing, so this would never be true",
          "a list that may be empty is a parameter: id in $ids"),
    _form(r"\blimit", r"-", "a limit is a whole number or a parameter", "limit $n max 200"),
    _form(r"\blimit \S+", r",", "`limit a, b` is written `limit b offset a`", "limit 20 offset 40"),
    _form(r"\b(?:limit|offset) \S+", r"[-+*/]", "a limit is a whole number or a parameter", "limit $n max 200"),
    _form(r"\belse if", "", "a further case is another `when`", "case when a then 1 when b then 2 else 3 end"),
    _form(r"\belse", r"if\b", "a further case is another `when`", "case when a then 1 when b then 2 else 3 end"),
    # placeholders
    _form("", r"\? ?", "parameters are named: `$name`", "where id = $id"),
    _form("", r": [a-z_]\w*", "parameters begin with a dollar: `$name`", "where id = $id"),
    _form("", r"% s\b", "parameters are named: `$name`", "where id = $id"),
    # writing
    _form("", r"values \(", "a row to insert is a record", "insert t { name: $name, city: 'Oslo' }"),
    _form(r"\binsert (?:into )?[\w.`]+(?: \. \w+)?", r"\(", "a row to insert is a record",
          "insert t { name: $name, city: 'Oslo' }"),
    _form("", r"on conflict\b", "`on conflict` is written `or update` or `or skip`",
          "insert t { $name, hits: 1 } or update on (name) set hits = hits + excluded.hits"),
    _form(r"\bon", r"conflict\b", "`on conflict` is written `or update` or `or skip`",
          "insert t { $name, hits: 1 } or update on (name) set hits = hits + excluded.hits"),
    _form("", r"merge\b", "`merge` is written `insert … or update`", "insert t from read s { … } or update"),
    _form(r"\breturning", r"\*", "`returning *` is written `returning { * }`", "returning { * }"),
    _form(r"\bupdate [\w.`]+(?: as)?", r"\w+ set\b", "`update` takes no alias", "update t set …, naming the table"),
    _form("", r"(?:upsert|replace) into\b", "`insert … or update` replaces a row", "insert t { … } or update"),
    _form("", r"truncate\b", "`truncate` is written `delete`", "delete t where true"),
    _form("", r"(?:begin|commit|rollback|start transaction)\b", "a query is one transaction by itself",
          "put the statements of one transaction into one query { … }"),
    _form("", r"explain\b", "plans are shown by the command line", "liq explain FILE"),
    # declaring
    _form("", r"create\b", "a declaration begins with its kind", "table t { id uuid key }, view v = read …"),
    _form("", r"alter (?:table )?\w", "`alter` stands inside a migration", "migration m1 { alter t add note text? }"),
    _form(r"\balter", r"table\b|\w+ \w", "`alter` is followed by the name of the table", "alter t add note text?"),
    _form("", r"drop\b", "`drop` stands inside a migration", "migration m1 { drop table t }"),
    _form("", r"(?:grant|revoke)\b", "what a role may do is declared with it", "role agent { read packages }"),
    _form("", r"primary\b", "`primary key` is written `key`", "id uuid key, or key (a, b)"),
    _form(r"\bprimary", "", "`primary key` is written `key`", "id uuid key, or key (a, b)"),
    _form("", r"references\b", "`references t` is written `-> t`", "owner_id uuid -> publishers"),
    _form(r"\breferences", "", "`references t` is written `-> t`", "owner_id uuid -> publishers"),
    _form("", r"default\b", "a default follows `=`", "created_at timestamp = now()"),
    _form("", r"constraint\b", "a constraint is named behind it, with `as`", "check amount > 0 as positive"),
    _form("", r"foreign key\b", "`foreign key` is written `foreign`", "foreign (a, b) -> t (c, d)"),
    _form(r"\bforeign key \(", "", "`foreign key` is written `foreign`", "foreign (a, b) -> t (c, d)"),
    _form(r"\bforeign", r"key\b", "`foreign key` is written `foreign`", "foreign (a, b) -> t (c, d)"),
    _form("", r"(?:auto_increment|autoincrement|serial|generated)\b", "a number given by the database is `auto`",
          "id int key auto"),
)  # fmt: skip

COLUMN_FORMS: Final = (
    _form(r"\w+", r"not null\b", "columns are not null unless their type has a `?`", "name text, note text?"),
    _form(r"\w+", r"null\b", "a column that may be null has a `?` behind its type", "note text?"),
)
"""Only inside the braces of a declaration."""


def _words(tokens: Sequence[Token]) -> str:
    return " ".join("''" if token.text.startswith("'") else token.text[:32] for token in tokens)


def sql_form(tokens: Sequence[Token], first: int, at: int, in_declaration: bool) -> Advice | None:
    """The form that the token ``at``, in a statement that begins at ``first``, belongs to."""
    before = _words(tokens[max(first, at - WORDS_BEFORE) : at])
    after = _words(tokens[at : at + WORDS_AFTER])
    for form in (*COLUMN_FORMS, *FORMS) if in_declaration else FORMS:
        if form.after.match(after) and form.before.search(before):
            return form.advice
    return None
