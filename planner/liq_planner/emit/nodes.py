"""The delicate nodes: every piece of SQL whose spelling could change its meaning is made here, and tested one by one.

sqlglot's constructors add no parentheses, and some of its nodes (division, subscripts, ``round``) are rewritten when
printed. So operators are ``Infix`` nodes of our own, functions are plain calls, and operands are parenthesised unless
``_BARE`` says that the grammar of PostgreSQL cannot read them in another way.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import ClassVar

from sqlglot import exp

from liq_planner.emit.refusal import EmitRefused

Sql = exp.Expr

NAME_BYTES_MAX = 63
"""PostgreSQL cuts longer names off without a word."""

CONSTANT = re.compile(r"(?=[A-Za-z0-9_.:-]{1,64}\Z)[A-Za-z0-9_](?:[A-Za-z0-9_.]|-(?!-)|:(?=[0-9]))*\Z")
"""Texts of source, schema and policy that may stand in SQL as literals; every other one is bound.

No quotes, spaces or backslashes, and nothing that a client library could take for a comment or a parameter.
"""


class Infix(exp.Expression):
    """``this op expression`` for any operator but comparisons and connectives."""

    arg_types: ClassVar[dict[str, bool]] = {"this": True, "expression": True, "op": True}


class Subscript(exp.Expression):
    """``this[expression]``, counted as PostgreSQL counts."""

    arg_types: ClassVar[dict[str, bool]] = {"this": True, "expression": True}


class SqlType(exp.Expression):
    """The name of a type, already spelled for the dialect."""

    arg_types: ClassVar[dict[str, bool]] = {"this": True}


class Aggregated(exp.Expression):
    """``this([DISTINCT] a, b [ORDER BY …])``: an aggregate with what may stand between its parentheses."""

    arg_types: ClassVar[dict[str, bool]] = {"this": True, "expressions": False, "distinct": False, "order": False}


class Compare(exp.Expression):
    """``this op expression`` for an operator that compares and does not chain."""

    arg_types: ClassVar[dict[str, bool]] = {"this": True, "expression": True, "op": True}


_ATOMS = (
    exp.Column, exp.Placeholder, exp.Anonymous, exp.Paren, exp.Subquery, exp.Cast, exp.Null, exp.Boolean, exp.Case,
    exp.Exists,    exp.Tuple, exp.Array, exp.Window, exp.Filter, exp.WithinGroup, exp.Extract, exp.Identifier,
    Subscript,
)  # fmt: skip
_COMPARISONS = (exp.Is, exp.In, exp.Like, exp.ILike, Compare)


def is_atom(node: Sql) -> bool:
    """Whether it reads the same next to any operator."""
    if isinstance(node, exp.Literal):
        return True
    return isinstance(node, _ATOMS)


def operand(node: Sql) -> Sql:
    """As an operand of an arithmetic or other plain operator."""
    return node if is_atom(node) else paren(node)


def compared(node: Sql) -> Sql:
    """As an operand of a comparison: plain operators bind tighter than those."""
    return node if is_atom(node) or isinstance(node, Infix | exp.Collate | exp.AtTimeZone) else paren(node)


def paren(node: Sql) -> Sql:
    """In parentheses."""
    return exp.Paren(this=node)


# ------------------------------------------------------------------------------------------------- names
def name(text: str) -> exp.Identifier:
    """A name of the catalog or a label: always quoted."""
    return exp.Identifier(this=whole_name(text), quoted=True)


def whole_name(text: str) -> str:
    """The name, which the server must not shorten: shortened it would be that of another table or column."""
    if len(text.encode()) > NAME_BYTES_MAX:
        raise EmitRefused("PostgreSQL", f"a name of more than {NAME_BYTES_MAX} bytes: {text}")
    return text


def alias_name(text: str) -> exp.Identifier:
    """One of our own short aliases: letters and a number, which never meet a keyword."""
    assert re.fullmatch(r"[a-z]+[0-9]+|[a-z]{3,}", text), text
    return exp.Identifier(this=text, quoted=False)


def column(source: str, label: str) -> Sql:
    """A column of one of our aliases."""
    return exp.Column(this=name(label), table=alias_name(source))


def table(qualified: str, alias: str | None = None) -> exp.Table:
    """A table of the catalog; a first dot parts schema and name."""
    schema, dot, rest = qualified.partition(".")
    parts = {"this": name(rest), "db": name(schema)} if dot else {"this": name(qualified)}
    return exp.Table(**parts, alias=alias and exp.TableAlias(this=alias_name(alias)))


def labelled(node: Sql, label: str) -> Sql:
    """``node AS "label"``; nothing where the column is called so already."""
    if isinstance(node, exp.Column) and node.name == label:
        return node
    return exp.Alias(this=node, alias=name(label))


def rows_from(call: Sql, alias: str, columns: Sequence[str], ordinality: bool = False) -> exp.Table:
    """A function that makes rows, as a source: ``call AS alias("a", "b")``."""
    names = exp.TableAlias(this=alias_name(alias), columns=[name(each) for each in columns])
    return exp.Table(this=call, alias=names, ordinality=ordinality or None)


# ------------------------------------------------------------------------------------------------- constants
def number(value: object) -> Sql:
    """A number that is neither float nor special; negative ones are no atoms."""
    text = format(value, "f") if not isinstance(value, int) else str(value)
    assert re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", text), text
    if text.startswith("-"):
        return exp.Neg(this=exp.Literal(this=text[1:], is_string=False))
    return exp.Literal(this=text, is_string=False)


def text(value: str) -> Sql:
    """A constant of source, schema or policy that may stand as a literal."""
    assert CONSTANT.match(value), "such constants are bound"
    return exp.Literal(this=value, is_string=True)


def fixed(value: str) -> Sql:
    """A constant of the emitter's own (a pattern, a unit): known when liq is built, never from outside."""
    return exp.Literal(this=value, is_string=True)


def null() -> Sql:
    """NULL without a type."""
    return exp.Null()


def boolean(value: bool) -> Sql:
    """TRUE or FALSE."""
    return exp.Boolean(this=value)


def placeholder(position: int) -> Sql:
    """The bind at a position, counted from 1."""
    return exp.Placeholder(this=str(position))


# ------------------------------------------------------------------------------------------------- operators
def infix(left: Sql, op: str, right: Sql) -> Sql:
    """A plain operator; the operands are parenthesised unless atoms."""
    return Infix(this=operand(left), op=op, expression=operand(right))


def arrow(left: Sql, op: str, key: Sql) -> Sql:
    """A step into JSON, ``->`` or ``->>``: chains of steps read from left to right without parentheses."""
    chained = isinstance(left, Infix) and left.args["op"] == "->"
    return Infix(this=left if chained else operand(left), op=op, expression=operand(key))


def negative(node: Sql) -> Sql:
    """Unary minus."""
    return exp.Neg(this=operand(node))


def compare(left: Sql, op: str, right: Sql) -> Sql:
    """A comparison: = <> < <= > >=, IS [NOT] DISTINCT FROM."""
    return Compare(this=compared(left), op=op, expression=compared(right))


def conjunction(parts: Sequence[Sql]) -> Sql:
    """The AND of some predicates."""
    return _connected(exp.And, parts, True)


def disjunction(parts: Sequence[Sql]) -> Sql:
    """The OR of some predicates."""
    return _connected(exp.Or, parts, False)


def _connected(kind: type[exp.Connector], parts: Sequence[Sql], neutral: bool) -> Sql:
    if not parts:
        return boolean(neutral)
    result = parts[0] if len(parts) == 1 else _connective_operand(parts[0])
    for part in parts[1:]:
        result = kind(this=result, expression=_connective_operand(part))
    return result


def _connective_operand(node: Sql) -> Sql:
    return node if is_atom(node) or isinstance(node, (*_COMPARISONS, exp.Not)) else paren(node)


def negation(node: Sql) -> Sql:
    """NOT."""
    return exp.Not(this=node if is_atom(node) or isinstance(node, exp.In | exp.Like | exp.ILike) else paren(node))


def is_(node: Sql, what: Sql, negated: bool = False) -> Sql:
    """``node IS [NOT] NULL | TRUE | FALSE``."""
    return exp.Is(this=operand(node), expression=what, negate=negated or None)


def like(node: Sql, pattern: Sql, ignore_case: bool) -> Sql:
    """LIKE or ILIKE, escaped by a backslash as PostgreSQL does unasked."""
    kind = exp.ILike if ignore_case else exp.Like
    return kind(this=operand(node), expression=operand(pattern))


def is_any(node: Sql, items: Sql) -> Sql:
    """``node = ANY(list)``."""
    return Compare(this=compared(node), op="=", expression=call("any", items))


def in_values(node: Sql, values: Sequence[Sql]) -> Sql:
    """``node IN (a, b)`` over values."""
    return exp.In(this=compared(node), expressions=list(values))


def in_query(node: Sql, query: exp.Query) -> Sql:
    """``node IN (SELECT …)``."""
    return exp.In(this=compared(node), query=exp.Subquery(this=query))


def row(parts: Sequence[Sql]) -> Sql:
    """``(a, b)``; one alone stays itself."""
    return parts[0] if len(parts) == 1 else exp.Tuple(expressions=list(parts))


def call(function: str, *arguments: Sql) -> Sql:
    """A function by its plain name."""
    assert re.fullmatch(r"[a-z_0-9.]+", function), function
    return exp.Anonymous(this=function, expressions=list(arguments))


def aggregate(function: str, arguments: Sequence[Sql], distinct: bool = False, order: Sequence[Sql] = ()) -> Sql:
    """An aggregate over its arguments, distinct or in an order."""
    assert re.fullmatch(r"[a-z_0-9]+", function), function
    return Aggregated(this=function, expressions=list(arguments), distinct=distinct, order=list(order))


def cast(node: Sql, to: Sql) -> Sql:
    """``node::type``."""
    return exp.Cast(this=node, to=to)


def collate(node: Sql, collation: str) -> Sql:
    """``node COLLATE "…"``."""
    return exp.Collate(this=operand(node), expression=name(collation))


def at_utc(node: Sql) -> Sql:
    """``node AT TIME ZONE 'UTC'``: of an instant its UTC clock, of a clock time the instant."""
    return exp.AtTimeZone(this=operand(node), zone=fixed("UTC"))


def case(branches: Sequence[tuple[Sql, Sql]], otherwise: Sql | None = None) -> Sql:
    """CASE WHEN … THEN … ELSE … END."""
    return exp.Case(ifs=[exp.If(this=when, true=then) for when, then in branches], default=otherwise)


def array(items: Sequence[Sql]) -> Sql:
    """``ARRAY[…]``; cast it where it may be empty."""
    return exp.Array(expressions=list(items))


def array_of(query: exp.Query) -> Sql:
    """``ARRAY(SELECT …)``."""
    return exp.Array(expressions=[query])


def subscript(node: Sql, position: Sql) -> Sql:
    """``node[position]``, counted from 1."""
    return Subscript(
        this=node if isinstance(node, exp.Column | exp.Placeholder | exp.Paren) else paren(node), expression=position
    )


def extract(part: str, node: Sql) -> Sql:
    """``EXTRACT(part FROM node)`` for one of the emitter's own units."""
    assert re.fullmatch(r"[a-z_]+", part), part
    return exp.Extract(this=exp.Var(this=part), expression=node)


def coalesce(*arguments: Sql) -> Sql:
    """The first that is not null."""
    return call("coalesce", *arguments)


def subquery(query: exp.Query) -> Sql:
    """A query as a value."""
    return exp.Subquery(this=query)


def exists(query: exp.Query) -> Sql:
    """EXISTS (…)."""
    return exp.Exists(this=query)


def ordered(node: Sql, descending: bool, nulls_first: bool) -> Sql:
    """A key of an order; nulls are mentioned where PostgreSQL would place them elsewhere."""
    return exp.Ordered(this=node, desc=descending or None, nulls_first=nulls_first)


def filtered(aggregate: Sql, condition: Sql) -> Sql:
    """``aggregate FILTER (WHERE condition)``."""
    return exp.Filter(this=aggregate, expression=exp.Where(this=condition))


def weight(node: Sql) -> int:
    """How many nodes it has: a measure of what a copy would cost to read."""
    return sum(1 for _ in node.walk())


def is_plain(node: Sql) -> bool:
    """Whether it is cheap to read and to compute twice: a column, a constant, a bind."""
    inner = node.this if isinstance(node, exp.Cast) else node
    return isinstance(inner, exp.Column | exp.Literal | exp.Placeholder | exp.Null | exp.Boolean)


def is_constant(node: Sql) -> bool:
    """Whether it is a bare constant, which ORDER BY and GROUP BY would take for the number of a column or refuse."""
    inner = node.this if isinstance(node, exp.Neg | exp.Paren) else node
    return isinstance(inner, exp.Literal | exp.Null | exp.Boolean)
