"""Queries: SELECT and set operations to reads of liq, as sources, lists, values and conditions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import evolve, frozen
from sqlglot import exp

from liq.importers import routines, selects
from liq.importers.claims import Held
from liq.importers.database import Function
from liq.importers.problems import Unsayable
from liq.importers.scopes import Value, path
from liq.importers.sqltree import Node
from liq.importers.types import plain
from liq_grammar import syntax as s

if TYPE_CHECKING:
    from liq.importers.translate import Translator

_OPERATORS: dict[type[Node], str] = {exp.Union: "union", exp.Except: "except", exp.Intersect: "intersect"}


@frozen
class Built:
    """A query in liq. ``single``: it has at most one row, as liq can see."""

    read: s.Read
    labels: tuple[str, ...]
    kinds: tuple[str, ...]
    single: bool = False


def query(t: Translator, node: Node, labels: tuple[str, ...] = ()) -> Built:
    """Any query. ``labels``: what its columns are called, where that is given."""
    node = bare(t, node)
    t.spend(node)
    rows = _function_rows(t, node)
    if rows is not None:
        return routines.rows(t, rows[0], rows[1], node, labels)
    if isinstance(node, exp.Select):
        return selects.select(t, node, labels)
    if isinstance(node, exp.SetOperation):
        return _set_operation(t, node, labels)
    raise t.refuse(node, "this query has no form in liq")


def bare(t: Translator, node: Node) -> Node:
    """A query without the parentheses around it."""
    while isinstance(node, exp.Subquery):
        t.only(node, "this", "alias")
        node = node.this
    return node


# ------------------------------------------------------------------------------------------------- as values
def scalar(t: Translator, node: Node, *, first: bool = False) -> Value:
    """A query as one value. ``first``: of several rows the first one counts, as in functions."""
    node = bare(t, node)
    if isinstance(node, exp.Select) and constant(node):
        item = node.expressions[0]
        value = t.expression(item.this if isinstance(item, exp.Alias) else item)
        return Value(value.expr, value.kind, str(item.alias) if isinstance(item, exp.Alias) else value.label)
    built = query(t, node)
    if len(built.labels) != 1:
        raise t.refuse(node, f"a query with {len(built.labels)} columns is not a value")
    if not built.single:
        if not first:
            t.differs("a query that is a value takes its first row; PostgreSQL refuses a second one", t.place(node))
        built = first_row(built)
    return Value(s.Subquery(built.read), built.kinds[0], built.labels[0])


def constant(node: exp.Select) -> bool:
    """Whether a query is nothing but one expression: ``(SELECT auth.uid())``."""
    parts = {name for name, value in node.args.items() if value not in (None, False, [])}
    return parts == {"expressions"} and len(node.expressions) == 1 and not isinstance(node.expressions[0], exp.Star)


def first_row(built: Built) -> Built:
    """The same with ``limit 1``."""
    limit = s.Limit(s.Number("1"))
    read = built.read
    if read.rest or read.stages:
        return evolve(built, read=s.evolve(read, stages=(*read.stages, s.Stage(None, (limit,)))), single=True)
    clauses = (*read.first.clauses, limit)
    return evolve(built, read=s.evolve(read, first=s.evolve(read.first, clauses=clauses)), single=True)


def exists(t: Translator, node: Node) -> s.Expr:
    """``EXISTS (…)``; what is selected does not matter, unless it makes or hides rows."""
    node = bare(t, node)
    if isinstance(node, exp.Select) and not node.args.get("from_"):
        where = node.args.get("where")
        if {name for name, value in node.args.items() if value} <= {"expressions", "where"}:
            return t.truth(where.this) if where is not None else s.Boolean(True)
    if isinstance(node, exp.Select):
        return s.Exists(selects.select(t, node, (), existence=True).read)
    return s.Exists(query(t, node).read)


def one_value(t: Translator, node: Node) -> Value | None:
    """``(SELECT f())`` is one value; None for queries with a FROM, and for functions that give rows."""
    node = bare(t, node)
    if not isinstance(node, exp.Select) or not constant(node) or _function_rows(t, node) is not None:
        return None
    return scalar(t, node)


def _function_rows(t: Translator, node: Node) -> tuple[Function, list[Node]] | None:
    """``SELECT my_orgs()``, where that function gives rows."""
    if not isinstance(node, exp.Select) or not constant(node):
        return None
    item: Node = node.expressions[0]
    item = item.this if isinstance(item, exp.Alias) else item
    call: Node = item
    while isinstance(call, exp.Dot):
        call = call.expression
    if not isinstance(call, exp.Anonymous):
        return None
    made = t.database.function(t.function_name(item), len(call.expressions), t.frame.when)
    return (made, list(call.expressions)) if made is not None and made.what.many else None


def unnested_claim(t: Translator, node: Node) -> s.Claim | None:
    """``SELECT jsonb_array_elements_text(token -> 'teams')``: a list of texts in the token."""
    node = bare(t, node)
    if not isinstance(node, exp.Select) or not constant(node):
        return None
    item = node.expressions[0]
    if not isinstance(item, exp.Anonymous) or str(item.this).lower() not in _ELEMENTS or len(item.expressions) != 1:
        return None
    try:
        held = t.claims.of(t.expression(item.expressions[0]).expr)
    except Unsayable:
        return None
    return text_list(t, held) if held is not None and held.kind == "json" and held.path else None


_ELEMENTS = ("jsonb_array_elements_text", "json_array_elements_text")


def text_list(t: Translator, held: Held) -> s.Claim:
    """A claim as a list of texts."""
    type_ = s.TypeRef(plain("text").ref.name, is_list=True)
    return t.claims.claim(evolve(held, kind="list:text", type=type_))


# ------------------------------------------------------------------------------------------------- set operations
def _operator(node: exp.SetOperation) -> str:
    word = _OPERATORS[type(node)]
    return f"{word} all" if not node.args.get("distinct") else word


def _set_operation(t: Translator, node: exp.SetOperation, labels: tuple[str, ...]) -> Built:
    t.only(node, "this", "expression", "distinct", "order", "limit", "offset")
    operator = _operator(node)
    if operator not in ("union", "union all", "except", "intersect"):
        raise t.refuse(node, f"{operator.upper()} has no form in liq")
    operands = [node.expression]
    left = node.this
    while isinstance(left, exp.SetOperation) and _operator(left) == operator and operator != "except":
        t.only(left, "this", "expression", "distinct")
        operands.insert(0, left.expression)
        left = left.this
    operands.insert(0, left)
    first = query(t, operands[0], labels)
    built = [first, *(query(t, each, first.labels) for each in operands[1:])]
    if any(len(each.labels) != len(first.labels) for each in built):
        raise t.refuse(node, "the sides of a set operation have different numbers of columns")
    reads = [_operand(each) for each in built]
    rest = tuple(s.SetOperation(operator, each) for each in reads[1:])  # type: ignore[arg-type]  # looked at above
    clauses = _last_clauses(t, node, first.labels)
    stages = (s.Stage(None, clauses),) if clauses else ()
    return Built(s.Read(reads[0], rest, stages), first.labels, first.kinds)


def _operand(built: Built) -> s.SimpleRead:
    """A read that may stand beside a set operator: one with an order, a limit or stages goes into parentheses."""
    read = built.read
    limited = any(isinstance(c, s.Limit | s.Order | s.Offset) for c in read.first.clauses)
    if read.rest or read.stages or limited:
        return s.SimpleRead(s.DerivedSource(read, s.Name("q")))
    if read.first.shape is None:
        items = tuple(s.Field(None, path(label)) for label in built.labels)
        return s.evolve(read.first, shape=s.Shape(items))
    return read.first


def _last_clauses(t: Translator, node: Node, labels: tuple[str, ...]) -> tuple[s.Clause, ...]:
    clauses: list[s.Clause] = []
    ordered = node.args.get("order")
    if ordered is not None:
        clauses.append(s.Order(tuple(_label_key(t, key, labels) for key in ordered.expressions)))
    clauses.extend(selects.limits(t, node))
    return tuple(clauses)


def _label_key(t: Translator, key: Node, labels: tuple[str, ...]) -> s.OrderKey:
    from liq.importers.aggregates import order_key

    value = key.this
    if isinstance(value, exp.Literal) and not value.is_string and str(value.this).isdigit():
        position = int(str(value.this))
        if 1 <= position <= len(labels):
            return order_key(t, key, path(labels[position - 1]))
    if isinstance(value, exp.Column) and t.identifier(value.this) in labels:
        return order_key(t, key, path(t.identifier(value.this)))
    raise t.refuse(key, "a set operation is ordered by the names of its columns")
