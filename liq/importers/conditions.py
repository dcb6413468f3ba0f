"""Conditions: and, or, not, comparisons, null tests, lists, patterns, existence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from liq.importers import reads
from liq.importers.constants import literal
from liq.importers.scopes import Value, both, call, either
from liq.importers.sqltree import Node
from liq_grammar import syntax as s

if TYPE_CHECKING:
    from liq.importers.translate import Translator

_COMPARE: dict[type[Node], s.CompareOperator] = {
    exp.EQ: "=", exp.NEQ: "<>", exp.LT: "<", exp.LTE: "<=", exp.GT: ">", exp.GTE: ">=",
}  # fmt: skip
_TURNED: dict[s.CompareOperator, s.CompareOperator] = {"=": "=", "<>": "<>", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
PATTERN_HELP = "a pattern of liq is a literal; starts_with, ends_with and contains take any text"


def _bool(expr: s.Expr) -> Value:
    return Value(expr, "bool")


def _operands(node: Node, kind: type[Node]) -> list[Node]:
    """The operands of a chain, which sqlglot nests to the left."""
    found: list[Node] = []
    pending = [node]
    while pending:
        each = pending.pop()
        if isinstance(each, kind):
            pending += [each.args["expression"], each.args["this"]]
        elif isinstance(each, exp.Paren) and isinstance(each.this, kind):
            pending.append(each.this)
        else:
            found.append(each)
    return found


def _and(t: Translator, node: exp.And) -> Value:
    return _bool(both(*(t.truth(each) for each in _operands(node, exp.And))) or s.Boolean(True))


def _or(t: Translator, node: exp.Or) -> Value:
    return _bool(either(*(t.truth(each) for each in _operands(node, exp.Or))))


def _not(t: Translator, node: exp.Not) -> Value:
    """``not`` of what has a negated form of its own takes that form."""
    t.only(node, "this")
    inner = t.truth(node.this)
    match inner:
        case s.In() | s.Like() | s.Between() | s.Is() | s.IsDistinct():
            return _bool(s.evolve(inner, negated=not inner.negated))
        case s.Boolean(value):
            return _bool(s.Boolean(not value))
        case s.Not(operand):
            return _bool(operand)
        case _:
            return _bool(s.Not(inner))


def _paren(t: Translator, node: exp.Paren) -> Value:
    t.only(node, "this")
    return t.expression(node.this)


# ------------------------------------------------------------------------------------------------- comparisons
def _comparison(t: Translator, node: exp.Binary) -> Value:
    operator = _COMPARE[type(node)]
    left, right = _bare(node.this), _bare(node.expression)
    if _quantified(left) and not _quantified(right):
        left, right, operator = right, left, _TURNED[operator]
    if _quantified(right):
        return _bool(_any(t, node, operator, left, right))
    if isinstance(left, exp.Tuple) or isinstance(right, exp.Tuple) or _is_row(left) or _is_row(right):
        return _bool(_rows(t, operator, left, right, node))
    first, second = t.expression(left), t.expression(right)
    return _bool(compare(t, operator, first, second, node))


def compare(t: Translator, operator: s.CompareOperator, left: Value, right: Value, node: Node) -> s.Expr:
    """Two values compared, constants taking the type of the other side."""
    left, right = t.met(left, right.kind, node), t.met(right, left.kind, node)
    for side in (left, right):
        if isinstance(side.expr, s.Null):
            raise t.refuse(node, "a comparison with null is never true", "write IS NULL")
    if left.expr == right.expr and isinstance(left.expr, s.Path):
        raise t.refuse(node, "a comparison of a column with itself has no form in liq", "write IS NOT NULL")
    return s.Compare(operator, left.expr, right.expr)


def _bare(node: Node) -> Node:
    while isinstance(node, exp.Paren):
        node = node.this
    return node


def _is_row(node: Node) -> bool:
    return isinstance(node, exp.Anonymous) and str(node.this).lower() == "row"


def _items(node: Node) -> Sequence[Node]:
    return node.expressions if isinstance(node, exp.Tuple) or _is_row(node) else ()


def _rows(t: Translator, operator: s.CompareOperator, left: Node, right: Node, node: Node) -> s.Expr:
    lefts, rights = _items(left), _items(right)
    if len(lefts) != len(rights) or len(lefts) < 2:
        raise t.refuse(node, "rows are compared with rows of as many columns")
    pairs = [(t.expression(a), t.expression(b)) for a, b in zip(lefts, rights, strict=True)]
    first = tuple(t.met(a, b.kind, node).expr for a, b in pairs)
    second = tuple(t.met(b, a.kind, node).expr for a, b in pairs)
    return s.Compare(operator, s.Row(first), s.Row(second))


def _quantified(node: Node) -> bool:
    return isinstance(node, exp.Any | exp.All) or (
        isinstance(node, exp.Anonymous) and str(node.this).lower() in ("all", "any", "some")
    )


def _any(t: Translator, node: Node, operator: s.CompareOperator, left: Node, right: Node) -> s.Expr:
    """``= ANY (…)`` is ``in``, ``<> ALL (…)`` is ``not in``."""
    every = isinstance(right, exp.All) or (isinstance(right, exp.Anonymous) and str(right.this).lower() == "all")
    if (operator, every) not in (("=", False), ("<>", True)):
        raise t.refuse(node, f"{operator} {'ALL' if every else 'ANY'} has no form in liq", "write exists (…)")
    inner = right.expressions[0] if isinstance(right, exp.Anonymous) else right.this
    return among(t, left, _bare(inner), node, negated=every)


def among(t: Translator, left: Node, held: Node, node: Node, *, negated: bool) -> s.Expr:
    """``left in held``: a query, a list in the text, or an expression that is a list."""
    if isinstance(held, exp.Subquery):
        held = reads.bare(t, held)
    if isinstance(held, exp.Array) and len(held.expressions) == 1 and isinstance(held.expressions[0], exp.Query):
        held = held.expressions[0]
    if isinstance(held, exp.Query):
        return _in_query(t, left, held, node, negated=negated)
    value = t.expression(left)
    given = t.expression(held)
    element = given.kind.removeprefix("list:") if given.kind.startswith("list:") else ""
    if isinstance(given.expr, s.Text):
        given = Value(literal(given.expr.value, f"list:{value.kind or 'text'}", t.place(node)), f"list:{value.kind}")
    value = t.met(value, element, node)
    if isinstance(given.expr, s.ListLiteral):
        items = tuple(t.met(Value(item, _constant_kind(item)), value.kind, node).expr for item in given.expr.items)
        _no_nulls(t, items, node)
        if items:
            return s.In(value.expr, s.Choices(items), negated)
        return s.In(value.expr, s.ListLiteral(()), negated)
    if not isinstance(given.expr, s.Path | s.Call | s.Claim):
        raise t.refuse(node, "ANY of such an expression has no form in liq")
    return s.In(value.expr, given.expr, negated)


def _no_nulls(t: Translator, items: Sequence[s.Expr], node: Node) -> None:
    if any(isinstance(item, s.Null) for item in items):
        raise t.refuse(node, "a null among the choices of IN has no form in liq", "nothing equals it")


def _constant_kind(expr: s.Expr) -> str:
    match expr:
        case s.Text():
            return "text"
        case s.Number():
            return "int" if expr.kind == "int" else expr.kind
        case _:
            return ""


def _in_query(t: Translator, left: Node, query: Node, node: Node, *, negated: bool) -> s.Expr:
    operands = _items(left) or (left,)
    values = [t.expression(each) for each in operands]
    claimed = reads.unnested_claim(t, query)
    if claimed is not None and len(values) == 1:
        return s.In(values[0].expr, claimed, negated)
    single = reads.one_value(t, query)
    if single is not None and len(values) == 1:
        return compare(t, "<>" if negated else "=", values[0], single, node)
    built = reads.query(t, query)
    if len(built.kinds) != len(values):
        raise t.refuse(node, f"the query has {len(built.kinds)} columns, not {len(values)}")
    met = tuple(t.met(v, kind, node).expr for v, kind in zip(values, built.kinds, strict=True))
    return s.In(met[0] if len(met) == 1 else s.Row(met), built.read, negated)


def _in(t: Translator, node: exp.In) -> Value:
    t.only(node, "this", "expressions", "query", "unnest", "field")
    query = node.args.get("query")
    left = _bare(node.this)
    if query is not None:
        return _bool(among(t, left, query, node, negated=False))
    if node.args.get("unnest") or node.args.get("field"):
        raise t.refuse(node, "IN of such an expression has no form in liq")
    if not node.expressions:
        return _bool(s.Boolean(False))
    if _items(left):
        rows = [tuple(t.expression(i) for i in _items(_bare(each))) for each in node.expressions]
        values = [t.expression(each) for each in _items(left)]
        if any(len(row) != len(values) for row in rows):
            raise t.refuse(node, "rows are compared with rows of as many columns")
        choices = tuple(
            s.Row(tuple(t.met(i, v.kind, node).expr for i, v in zip(row, values, strict=True))) for row in rows
        )
        return _bool(s.In(s.Row(tuple(v.expr for v in values)), s.Choices(choices)))
    value = t.expression(left)
    items = [t.expression(each) for each in node.expressions]
    kind = value.kind or next((i.kind for i in items if i.kind), "")
    _no_nulls(t, [item.expr for item in items], node)
    met = tuple(t.met(item, kind, node).expr for item in items)
    return _bool(s.In(t.met(value, kind, node).expr, s.Choices(met)))


# ------------------------------------------------------------------------------------------------- the others
def _is(t: Translator, node: exp.Is) -> Value:
    t.only(node, "this", "expression", "negate")
    wanted, negated = node.expression, bool(node.args.get("negate"))
    match wanted:
        case exp.Null():
            operand = t.expression(node.this).expr
            if isinstance(operand, s.Row):
                raise t.refuse(node, "IS NULL of a row has no form in liq")
            return _bool(s.Is(operand, "null", negated))
        case exp.Boolean():
            return _bool(s.Is(t.truth(node.this), "true" if wanted.this else "false", negated))
        case _:
            raise t.refuse(node, "this kind of IS has no form in liq")


def _distinct(t: Translator, node: exp.Binary) -> Value:
    t.only(node, "this", "expression")
    left, right = t.expression(node.this), t.expression(node.expression)
    left, right = t.met(left, right.kind, node), t.met(right, left.kind, node)
    negated = isinstance(node, exp.NullSafeEQ)
    for one, other in ((left, right), (right, left)):
        if isinstance(other.expr, s.Null):
            return _bool(s.Is(one.expr, "null", not negated))
    return _bool(s.IsDistinct(left.expr, right.expr, negated))


def _between(t: Translator, node: exp.Between) -> Value:
    t.only(node, "this", "low", "high")
    value, low, high = (t.expression(node.args[name]) for name in ("this", "low", "high"))
    value = t.met(value, low.kind, node)
    return _bool(s.Between(value.expr, t.met(low, value.kind, node).expr, t.met(high, value.kind, node).expr))


def _like(t: Translator, node: exp.Like | exp.ILike) -> Value:
    return _bool(_liked(t, node, None if t.database.dialect == "sqlite" else "\\"))


def _liked(t: Translator, node: exp.Like | exp.ILike, escape: str | None) -> s.Like:
    t.only(node, "this", "expression", "negate")
    value, pattern = t.expression(node.this), t.expression(node.expression)
    if not isinstance(pattern.expr, s.Text):
        raise t.refuse(node, "LIKE with a pattern that is not a constant has no form in liq", PATTERN_HELP)
    text = _pattern(pattern.expr.value, escape)
    if text is None:
        raise t.refuse(node, "the pattern ends in its escape character")
    ignore_case = t.database.dialect == "sqlite" or isinstance(node, exp.ILike)
    return s.Like(value.expr, s.Text(text), ignore_case, bool(node.args.get("negate")))


def _pattern(written: str, escape: str | None) -> str | None:
    """A pattern with ``\\`` as its escape character."""
    found, at = [], 0
    while at < len(written):
        char = written[at]
        if char == escape:
            at += 1
            if at == len(written):
                return None
            found.append(("\\" if written[at] in "%_\\" else "") + written[at])
        else:
            found.append("\\\\" if char == "\\" else char)
        at += 1
    return "".join(found)


def _escape(t: Translator, node: exp.Escape) -> Value:
    t.only(node, "this", "expression")
    inner, negated = node.this, False
    if isinstance(inner, exp.Not):
        inner, negated = inner.this, True
    sign = node.expression
    if not isinstance(inner, exp.Like | exp.ILike) or not isinstance(sign, exp.Literal) or len(str(sign.this)) != 1:
        raise t.refuse(node, "this ESCAPE has no form in liq")
    like = _liked(t, inner, str(sign.this))
    return _bool(s.evolve(like, negated=like.negated != negated))


def _exists(t: Translator, node: exp.Exists) -> Value:
    t.only(node, "this")
    query = node.this
    while isinstance(query, exp.Subquery):
        query = query.this
    if not isinstance(query, exp.Query):
        raise t.refuse(node, "this EXISTS has no form in liq")
    return _bool(reads.exists(t, query))


def _contained(t: Translator, node: exp.Binary) -> Value:
    """``@>``, ``<@`` and ``&&`` of lists."""
    left, right = t.expression(node.this), t.expression(node.expression)
    if isinstance(node, exp.ArrayContainedBy):
        left, right = right, left
    left, right = t.met(left, right.kind, node), t.met(right, left.kind, node)
    if not (left.kind.startswith("list:") or right.kind.startswith("list:")):
        raise t.refuse(node, "@>, <@ and && have a form in liq for lists only")
    return _bool(call("has_any" if isinstance(node, exp.ArrayOverlaps) else "has_all", left.expr, right.expr))


def _has_key(t: Translator, node: exp.Binary) -> Value:
    """``token -> 'roles' ? 'admin'``: a list of texts in the token."""
    held = t.claims.of(t.expression(node.this).expr)
    wanted = t.expression(node.expression)
    if held is None or held.kind != "json" or not held.path or wanted.kind != "text":
        raise t.refuse(node, "? of jsonb has a form in liq for lists in the token only")
    t.differs(f"? takes {'.'.join(held.path)} for a list of texts; an object's names are not looked at", t.place(node))
    return _bool(s.In(wanted.expr, reads.text_list(t, held)))


HANDLERS: dict[type[Node], Callable[[Translator, Any], Value]] = {
    exp.And: _and,
    exp.Or: _or,
    exp.Not: _not,
    exp.Paren: _paren,
    **dict.fromkeys(_COMPARE, _comparison),
    exp.In: _in,
    exp.Is: _is,
    exp.NullSafeEQ: _distinct,
    exp.NullSafeNEQ: _distinct,
    exp.Between: _between,
    exp.Like: _like,
    exp.ILike: _like,
    exp.Escape: _escape,
    exp.Exists: _exists,
    exp.ArrayContainsAll: _contained,
    exp.ArrayContainedBy: _contained,
    exp.ArrayOverlaps: _contained,
    exp.JSONBContainsTopKey: _has_key,
}
