"""Search as plain SQL: tokens are runs of letters and digits, a score uses its row alone, vectors are lists of
float4."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlglot import exp

from liq.model import types as t
from liq.model.expr import Expr, Literal
from liq_planner.emit import nodes as n
from liq_planner.emit.emission import Env
from liq_planner.emit.nodes import Sql
from liq_planner.emit.refusal import EmitRefused
from liq_planner.emit.sqltypes import cast_to

if TYPE_CHECKING:
    from liq_planner.emit.scalars import Scalars


def tokens(text: Sql) -> Sql:
    """The tokens of a text as a list: what stands between other characters, without the empty ends."""
    parts = n.call("regexp_split_to_array", n.call("lower", text), n.fixed("[^[:alnum:]]+"))
    return n.call("array_remove", parts, n.fixed(""))


def matches(s: Scalars, args: Sequence[Expr], env: Env) -> Sql:
    """Every token of the query, of which there is one, is among those of the text."""
    text, query = (tokens(s.spell(arg, env)) for arg in args)
    some = n.compare(n.call("cardinality", query.copy()), ">", n.number(0))
    if args[0].nullable:  # strict: null when the text is, whatever the query holds
        some = n.case([(n.is_(s.spell(args[0], env), n.null(), True), some)])
    return n.conjunction([n.infix(query, "<@", text), some])


def score(s: Scalars, args: Sequence[Expr], env: Env) -> Sql:
    """The sum of 1 + ln(occurrences) over the tokens found, divided by 1 + ln(1 + number of tokens)."""
    text, query = (tokens(s.spell(arg, env)) for arg in args)
    word, hits = s.emission.alias("word"), s.emission.alias("hits")
    counted = (
        exp.select(exp.Alias(this=n.call("count", exp.Star()), alias=n.name("n")))
        .from_(n.rows_from(n.call("unnest", text), word, ["w"]), copy=False)
        .where(n.is_any(n.column(word, "w"), query), copy=False)
        .group_by(n.column(word, "w"), copy=False)
    )
    one_each = n.infix(n.number(1), "+", n.call("ln", cast_to(n.column(hits, "n"), t.FLOAT)))
    total = n.coalesce(n.call("sum", one_each), n.number(0))
    summed = exp.select(total).from_(
        exp.Subquery(this=counted, alias=exp.TableAlias(this=n.alias_name(hits))), copy=False
    )
    size = cast_to(n.infix(n.number(1), "+", n.call("cardinality", text.copy())), t.FLOAT)
    ratio = n.infix(n.subquery(summed), "/", n.paren(n.infix(n.number(1), "+", n.call("ln", size))))
    unsure = [n.is_(s.spell(arg, env), n.null(), True) for arg in args if arg.nullable]
    return n.case([(n.conjunction(unsure), ratio)]) if unsure else ratio


def distance(s: Scalars, args: Sequence[Expr], env: Env) -> Sql:
    """Cosine or Euclidean distance, summed in double precision."""
    kind = "cosine" if len(args) == 2 else args[2].value if isinstance(args[2], Literal) else None
    if kind not in ("cosine", "l2"):
        raise EmitRefused(s.dialect, "a distance whose kind is not the literal 'cosine' or 'l2'", args[-1].span)
    left, right = (s.spell(arg, env) for arg in args[:2])
    alias = s.emission.alias("vector")
    a, b = (cast_to(n.column(alias, label), t.FLOAT) for label in "ab")
    pairs = n.rows_from(n.call("unnest", left, right), alias, ["a", "b"])
    if kind == "l2":
        value = n.call("sqrt", _sum_of(n.infix(a, "-", b), n.infix(a.copy(), "-", b.copy())))
    else:
        norm = n.infix(n.call("sqrt", _sum_of(a, a.copy())), "*", n.call("sqrt", _sum_of(b, b.copy())))
        cosine = n.infix(_sum_of(a.copy(), b.copy()), "/", n.call("nullif", norm, n.number(0)))
        value = n.coalesce(n.infix(n.number(1), "-", cosine), cast_to(n.text("NaN"), t.FLOAT))
    result = n.subquery(exp.select(value).from_(pairs, copy=False))
    unsure = [n.is_(s.spell(arg, env), n.null(), True) for arg in args[:2] if arg.nullable]
    return n.case([(n.conjunction(unsure), result)]) if unsure else result


def _sum_of(left: Sql, right: Sql) -> Sql:
    return n.call("sum", n.infix(left, "*", right))
