"""DuckDB: reads only, and of those what means the same there. Everything else is refused.

DuckDB divides by zero without an error, computes averages in doubles, has no decimals without a size, compares rows
as structs
and gives LIKE no escape: whatever meets one of these is left to the other back ends. Every column of the result is
shown as
text, which the backend reads by its type.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from sqlglot import ErrorLevel, exp
from sqlglot.generators.duckdb import DuckDBGenerator

from liq.model import expr as e
from liq.model import ir
from liq.model import types as t
from liq.model.emitted import SqlMember, SqlPlan, SqlStep, SqlText
from liq.model.node import Node, walk
from liq.model.schema import Schema
from liq.model.source import NO_SPAN
from liq_planner.emit import nodes as n
from liq_planner.emit.block import labels
from liq_planner.emit.emission import Emission, EmitOptions, Env, Family
from liq_planner.emit.family import families
from liq_planner.emit.nodes import Sql
from liq_planner.emit.paging import paged_statements
from liq_planner.emit.printing import CUSTOM_NODES
from liq_planner.emit.refusal import EmitRefused
from liq_planner.emit.relations import Relations
from liq_planner.emit.scalars import ORDERING, Scalars
from liq_planner.emit.sqltypes import cast_to
from liq_planner.prune import prune, references

NAME = "DuckDB"

TEXT_FUNCTIONS = frozenset(
    "|| length lower upper trim ltrim rtrim substring left right replace starts_with ends_with contains position "
    "reverse concat md5".split()
)
COMPARISONS = frozenset({"=", "<>", *ORDERING, "is_distinct", "nullif", "greatest", "least", "in_list"})
ARITHMETIC = frozenset({"+", "-", "*", "neg", "abs"})
AGGREGATES = frozenset(
    "count sum min max bool_and bool_or string_agg row_number rank dense_rank lag lead first_value last_value".split()
)
SIMPLE = t.Bool | t.Int | t.Text | t.Uuid | t.Date | t.Timestamp | t.Enum | t.Null | t.Float | t.Time
"""Types whose values, order and equality are liq's."""


RENAMED = {"btrim": "trim"}


def _function(generator: DuckDBGenerator, node: exp.Anonymous) -> str:
    """A call by its name; some are called otherwise here."""
    arguments = ", ".join(generator.sql(argument) for argument in node.expressions)
    return f"{RENAMED.get(node.name, node.name)}({arguments})"


class DuckDbText(DuckDBGenerator):
    """DuckDB as liq prints it."""

    TRANSFORMS: ClassVar[dict[Any, Any]] = {**DuckDBGenerator.TRANSFORMS, **CUSTOM_NODES, exp.Anonymous: _function}


class DuckDbScalars(Scalars):
    """Spells what DuckDB says like PostgreSQL; rows are compared column by column."""

    dialect = NAME

    def rows(self, op: str, left: Sequence[e.Expr], right: Sequence[e.Expr], env: Env) -> Sql:
        """``(a, b) < (x, y)`` as a < x or a = x and b < y."""
        if op in ("=", "<>"):
            same = n.conjunction([self.comparison("=", a, b, env) for a, b in zip(left, right, strict=True)])
            return same if op == "=" else n.negation(same)
        strict = op[0]
        first = self.comparison(op if len(left) == 1 else strict, left[0], right[0], env)
        if len(left) == 1:
            return first
        rest = self.rows(op, left[1:], right[1:], env)
        return n.disjunction([first, n.conjunction([self.comparison("=", left[0], right[0], env), rest])])

    def key_of_node(self, node: Sql, type_: t.Type) -> Sql:
        """Text is compared by code point anyway."""
        return node


def emit_for_duckdb(query: ir.Query, schema: Schema, options: EmitOptions) -> SqlPlan:
    """The SQL of a query that reads, or ``EmitRefused``."""
    for statement in query.statements:
        _refuse_unsayable(statement.body)
    members = families(query, options.members_max)
    statements = paged_statements(query)
    return SqlPlan(
        "duckdb",
        tuple(
            SqlMember(choices, tuple(_step(i, s, schema, family) for i, s in enumerate(statements)))
            for choices, family in (members if members is not None else [((), Family())])
        ),
        members is None,
    )


def _step(index: int, statement: ir.Statement, schema: Schema, family: Family) -> SqlStep:
    emission = Emission(schema, EmitOptions(text_is_c=True), family)
    body = prune(statement.body)
    used = references(body) | frozenset(c.id for c in body.columns)
    rows = Relations(emission, DuckDbScalars(emission), used).query(body, {})
    alias = emission.alias("rows")
    shown = [n.labelled(cast_to(n.column(alias, label), t.TEXT), label) for label in labels(body.columns)]
    tree = exp.Select(expressions=shown)
    tree.set("from_", exp.From(this=exp.Subquery(this=rows, alias=exp.TableAlias(this=n.alias_name(alias)))))
    return SqlStep(index, SqlText(_text(tree), tuple(emission.binds)), statement.name)


def _text(tree: Sql) -> str:
    generator = DuckDbText(
        dialect="duckdb", pretty=True, normalize_functions=False, comments=False, unsupported_level=ErrorLevel.RAISE
    )
    return generator.generate(tree, copy=True)


# ------------------------------------------------------------------------------------------------- refusals
def _refuse_unsayable(body: e.Relation) -> None:
    for node in walk(prune(body)):
        reason = _unsayable(node)
        if reason is not None:
            raise EmitRefused(NAME, reason, getattr(node, "span", NO_SPAN))
    for column in body.columns:
        if not isinstance(column.type, SIMPLE | t.Decimal):
            raise EmitRefused(NAME, f"a result of type {column.type}")


def _unsayable(node: Node) -> str | None:
    """What of this node DuckDB cannot say, or says otherwise."""
    match node:
        case ir.Insert() | ir.Update() | ir.Delete():
            return "a write"
        case ir.ParamRows() | ir.Unnest() | e.Collect() | e.RecordExpr() | e.JsonExpr() | e.JsonStep():
            return f"{type(node).__name__} in the way liq means it"
        case ir.LetScan() if len(node.columns) > 1:
            return "rows of an earlier statement with more than one column"
        case ir.Series(column) if column.type != t.INT:
            return f"a series of {column.type}"
        case e.Call(function, args):
            return _unsayable_call(function, [arg for arg in args])
        case e.Cast(arg, t.Int(bits)) if isinstance(arg.type, t.Int) and arg.type.bits <= bits:
            return None
        case e.Cast(e.Literal(type=t.Int()), t.Decimal(None)):
            return None
        case e.Cast(arg, type_):
            return f"a cast from {arg.type} to {type_}"
        case e.AggregateCall(function, args) | e.WindowCall(function, args):
            return _unsayable_aggregate(function, args)
        case e.ParamRef(type=type_) | e.ClaimRef(type=type_) | e.ColumnRef(type=type_):
            shown = isinstance(type_, t.Decimal) and isinstance(node, e.ColumnRef)
            listed = isinstance(type_, t.List) and isinstance(type_.element, SIMPLE)
            return None if shown or listed or isinstance(type_, SIMPLE) else f"a value of type {type_}"
        case _:
            return None


def _unsayable_call(function: str, args: Sequence[e.Expr]) -> str | None:
    kinds = [arg.type for arg in args]
    if function in COMPARISONS:
        fits: Callable[[t.Type], bool] = lambda k: isinstance(k, SIMPLE | t.Decimal | t.List)  # noqa: E731
        return None if all(map(fits, kinds)) else f"a comparison of {kinds[0]}"
    if function in ("like", "ilike"):
        pattern = args[1]
        plain = isinstance(pattern, e.Literal) and "\\" not in str(pattern.value)
        return None if plain else "a pattern with escapes"
    if function in ("substring", "left", "right") and not all(_counts(arg, function) for arg in args[1:]):
        return f"{function} from where DuckDB counts in another way"
    if function in TEXT_FUNCTIONS:
        return None if all(isinstance(k, t.Text | t.Int) for k in kinds) else f"{function} of {kinds[0]}"
    if function in ARITHMETIC and all(isinstance(k, t.Int) for k in kinds):
        return None
    return f"{function} of {', '.join(map(str, kinds))}"


def _counts(arg: e.Expr, function: str) -> bool:
    """Whether a position or length is a literal from which both count forwards."""
    least = 1 if function == "substring" else 0
    return isinstance(arg, e.Literal) and isinstance(arg.value, int) and arg.value >= least


def _unsayable_aggregate(function: str, args: Sequence[e.Expr]) -> str | None:
    if function not in AGGREGATES:
        return f"the aggregate {function}"
    if function == "sum" and not isinstance(args[0].type, t.Int | t.Decimal):
        return f"sum of {args[0].type}"
    if function in ("min", "max") and isinstance(args[0].type, t.Uuid):
        return f"{function} of {args[0].type}"
    return None
