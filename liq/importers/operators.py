"""Everything in expressions that is neither a condition nor a call: constants, arithmetic, casts, CASE, JSON, lists."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from attrs import evolve
from sqlglot import exp

from liq.importers import clock, constants, reads
from liq.importers.claims import Held
from liq.importers.scopes import Value, call
from liq.importers.sqltree import Node, name_of, text_of
from liq.importers.types import plain
from liq_grammar import syntax as s
from liq_grammar.names_out import QUOTABLE

if TYPE_CHECKING:
    from liq.importers.translate import Translator

_ARITHMETIC: dict[type[Node], s.ArithmeticOperator] = {
    exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/", exp.Mod: "%",
}  # fmt: skip
_NUMBERS = ("int", "decimal", "float")


# ------------------------------------------------------------------------------------------------- constants
def _constant(t: Translator, node: exp.Literal) -> Value:
    written = str(node.this)
    if node.is_string:
        return Value(constants.text(written, t.place(node)), "text")
    number = constants.number(written, t.place(node))
    return Value(number, number.kind if isinstance(number, s.Number) else "int")


def _boolean(t: Translator, node: exp.Boolean) -> Value:
    return Value(s.Boolean(bool(node.this)), "bool")


def _null(t: Translator, node: exp.Null) -> Value:
    return Value(s.Null())


def _hex(t: Translator, node: exp.HexString) -> Value:
    if t.database.dialect == "postgres":
        raise t.refuse(node, "a bit string has no form in liq")
    return Value(constants.hexadecimal(str(node.this), t.place(node)), "bytes")


def _interval(t: Translator, node: exp.Interval) -> Value:
    t.only(node, "this", "unit")
    amount, unit = node.this, node.args.get("unit")
    if not isinstance(amount, exp.Literal) or (unit is not None and not isinstance(unit, exp.Var)):
        raise t.refuse(node, "an interval that is not a constant has no form in liq")
    written = str(amount.this) if unit is None else f"{amount.this} {str(unit.this).lower()}"
    return Value(constants.literal(written, "interval", t.place(node)), "interval")


# ------------------------------------------------------------------------------------------------- arithmetic
def _arithmetic(t: Translator, node: exp.Binary) -> Value:
    t.only(node, "this", "expression")
    left, right = t.expression(node.this), t.expression(node.expression)
    kind = _result(_ARITHMETIC[type(node)], left.kind, right.kind)
    return Value(s.Binary(_ARITHMETIC[type(node)], left.expr, right.expr), kind)


def _result(operator: str, left: str, right: str) -> str:
    if left in _NUMBERS and right in _NUMBERS:
        return max(left, right, key=_NUMBERS.index)
    if operator == "-" and left == right and left in ("timestamp", "time"):
        return "interval"
    if operator == "-" and left == right == "date":
        return "int"
    if "interval" in (left, right):
        other = left if right == "interval" else right
        return "timestamp" if other in ("date", "timestamp") else other
    return left if left == "date" and right == "int" else ""


def _negated(t: Translator, node: exp.Neg) -> Value:
    value = t.expression(node.this)
    return Value(s.Negate(value.expr), value.kind)


def _joined(t: Translator, node: exp.DPipe) -> Value:
    t.only(node, "this", "expression")
    left, right = t.expression(node.this), t.expression(node.expression)
    kind = next((k for k in (left.kind, right.kind) if k.startswith("list:")), "text")
    if "json" in (left.kind, right.kind):
        raise t.refuse(node, "|| of jsonb has no form in liq")
    for side, other in ((left, right), (right, left)):
        if other.kind == f"list:{side.kind}" and not isinstance(side.expr, s.Text):
            if side is left:
                raise t.refuse(node, "an element before a list has no form in liq", "write array[x] || list")
            return Value(call("array_append", left.expr, right.expr), kind)
    sides = [_as_text(side) if kind == "text" else t.met(side, kind, node).expr for side in (left, right)]
    return Value(s.Binary("||", *sides), kind)


def _as_text(value: Value) -> s.Expr:
    """SQL turns what is joined with a text into a text."""
    return value.expr if value.kind in ("text", "") else s.Cast(value.expr, plain("text").ref)


def _concat(t: Translator, node: exp.Concat) -> Value:
    t.only(node, "expressions", "coalesce")
    values = [t.expression(each) for each in node.expressions]
    if all(isinstance(v.expr, s.Text) for v in values):  # 'a' 'b' is one constant
        joined = "".join(v.expr.value for v in values if isinstance(v.expr, s.Text))
        return Value(constants.text(joined, t.place(node)), "text")
    return Value(call("concat", *(_as_text(v) for v in values)), "text", "concat")


# ------------------------------------------------------------------------------------------------- casts
def _cast(t: Translator, node: exp.Cast) -> Value:
    t.only(node, "this", "to")
    mapped = t.type(node.args["to"])
    value = t.expression(node.this)
    held = t.claims.of(value.expr)
    if held is not None:
        return _held_cast(t, held, value, mapped.kind, mapped.ref, node)
    if isinstance(value.expr, s.Text):
        return Value(constants.literal(value.expr.value, mapped.kind, t.place(node)), mapped.kind, value.label)
    if isinstance(value.expr, s.ListLiteral) and mapped.kind.startswith("list:"):
        element = mapped.kind.removeprefix("list:")
        items = tuple(_constant_as(t, item, element, node) for item in value.expr.items)
        return Value(s.ListLiteral(items), mapped.kind)
    if mapped.kind == value.kind and not mapped.ref.arguments and mapped.ref.name.text not in ("int16", "int32"):
        return value
    if mapped.kind == "json" and value.kind != "json":
        raise t.refuse(node, "reading a text as json has no form in liq: a cast makes a JSON string of it")
    if value.kind == "json" and mapped.kind == "text":
        raise t.refuse(node, "the text of a json has no form in liq", "take its members as text: ->> 'name'")
    operand: s.Expr = value.expr
    if operand == clock.SQLITE_EPOCH and mapped.kind == "int":
        return Value(clock.EPOCH, "int")
    if isinstance(operand, s.Cast) and value.kind == "text" and _of_json(operand) and mapped.kind != "json":
        operand = operand.operand  # (x ->> 'n')::int is x.n::int
    return Value(s.Cast(operand, mapped.ref), mapped.kind, value.label)


def _constant_as(t: Translator, item: s.Expr, kind: str, node: Node) -> s.Expr:
    return constants.literal(item.value, kind, t.place(node)) if isinstance(item, s.Text) else item


def _of_json(cast: s.Cast) -> bool:
    """Whether this is ``->>``, which is written as a step and a cast to text."""
    return cast.type == plain("text").ref and isinstance(cast.operand, s.Path | s.Index)


def _held_cast(t: Translator, held: Held, value: Value, kind: str, ref: s.TypeRef, node: Node) -> Value:
    """A cast of what the session holds says what the claim is converted to."""
    if held.kind == kind:
        return value
    if held.kind in ("text", "json") and held.default is None:
        if held.kind == "json" and kind == "text" and held.path:
            raise t.refuse(node, "a cast of an object in the token to text has no form in liq")
        return Value(t.claims.claim(evolve(held, kind=kind, type=ref)), kind, value.label)
    if held.kind == "text" and isinstance(held.default, s.Text):
        default = constants.literal(held.default.value, kind, t.place(node))
        return Value(t.claims.claim(evolve(held, kind=kind, type=ref, default=default)), kind, value.label)
    return Value(s.Cast(value.expr, ref), kind, value.label)


# ------------------------------------------------------------------------------------------------- choices
def _case(t: Translator, node: exp.Case) -> Value:
    t.only(node, "this", "ifs", "default")
    subject = t.expression(node.this) if node.this is not None else None
    arms = []
    results: list[tuple[Node, Value]] = []
    conditions: list[s.Expr] = []
    for arm in node.args["ifs"]:
        t.only(arm, "this", "true")
        conditions.append(
            t.truth(arm.this) if subject is None else t.met(t.expression(arm.this), subject.kind, arm).expr
        )
        results.append((arm, t.expression(arm.args["true"])))
    default = node.args.get("default")
    otherwise = t.expression(default) if default is not None else None
    values = [value for _, value in results] + ([otherwise] if otherwise else [])
    kind = _common(values)
    for condition, (arm, value) in zip(conditions, results, strict=True):
        arms.append(s.When(condition, t.met(value, kind, arm).expr))
    last = t.met(otherwise, kind, node).expr if otherwise else None
    return Value(s.Case(subject.expr if subject else None, tuple(arms), last), kind, "case")


def _common(values: list[Value]) -> str:
    """The kind in which values meet: constants in quotes take that of the others."""
    kinds = [v.kind for v in values if v.kind and not isinstance(v.expr, s.Text)]
    return kinds[0] if kinds else next((v.kind for v in values if v.kind), "")


def _if(t: Translator, node: exp.If) -> Value:
    """SQLite's ``iif(a, b, c)``."""
    t.only(node, "this", "true", "false")
    yes = t.expression(node.args["true"])
    no = t.expression(node.args["false"]) if node.args.get("false") is not None else None
    kind = _common([yes, *([no] if no else [])])
    arm = s.When(t.truth(node.this), t.met(yes, kind, node).expr)
    return Value(s.Case(None, (arm,), t.met(no, kind, node).expr if no else None), kind, "iif")


def _coalesce(t: Translator, node: exp.Coalesce) -> Value:
    t.only(node, "this", "expressions")
    values = [t.expression(node.this), *(t.expression(each) for each in node.expressions)]
    kind = _common(values)
    kept: list[Value] = []
    for value in values:
        met = t.met(value, kind, node)
        merged = _merged(t, kept[-1], met) if kept else None
        if merged is not None:
            kept[-1] = merged
        elif not any(met.expr == other.expr for other in kept):
            kept.append(met)
    if len(kept) == 1:
        return Value(kept[0].expr, kind, "coalesce")
    return Value(call("coalesce", *(v.expr for v in kept)), kind, "coalesce")


def _merged(t: Translator, first: Value, second: Value) -> Value | None:
    """What the session holds, else a constant, is a claim with a default; the token, else anything, is the token."""
    held = t.claims.of(first.expr)
    if held is None or held.default is not None:
        return None
    other = t.claims.of(second.expr)
    if other is not None and other.path == held.path and other.kind == held.kind:
        return second if other.default is not None or other.emptied else first
    if held.kind == "json" and not isinstance(second.expr, s.Claim):
        empty = second.expr in (s.Record(()), s.ListLiteral(()))
        return first if empty else None
    if isinstance(second.expr, s.Text | s.Typed | s.Number | s.Boolean) and not held.required:
        return Value(t.claims.claim(evolve(held, default=second.expr)), first.kind)
    return None


def _nullif(t: Translator, node: exp.Nullif) -> Value:
    t.only(node, "this", "expression")
    left, right = t.expression(node.this), t.expression(node.expression)
    held = t.claims.of(left.expr)
    if held is not None and right.expr == s.Text(""):
        if held.kind != "text" or held.default is not None:
            return left
        return Value(t.claims.claim(evolve(held, emptied=True)), "text")  # an empty setting was never made
    right = t.met(right, left.kind, node)
    return Value(call("nullif", left.expr, right.expr), left.kind, "nullif")


def _greatest(t: Translator, node: exp.Greatest | exp.Least) -> Value:
    t.only(node, "this", "expressions")
    values = [t.expression(node.this), *(t.expression(each) for each in node.expressions)]
    kind = _common(values)
    function = "greatest" if isinstance(node, exp.Greatest) else "least"
    if t.database.dialect == "sqlite":
        raise t.refuse(node, f"{'max' if function == 'greatest' else 'min'} of several values has no form in liq",
                       "SQLite's is null where one of them is; greatest and least pass over nulls")  # fmt: skip
    return Value(call(function, *(t.met(v, kind, node).expr for v in values)), kind, function)


# ------------------------------------------------------------------------------------------------- JSON and lists
def _json_step(t: Translator, node: exp.Binary) -> Value:
    """``->`` and ``->>``."""
    t.only(node, "this", "expression")
    keys = _json_keys(t, node.expression, node)
    base = t.expression(node.this)
    text = isinstance(node, exp.JSONExtractScalar)
    return steps(t, base, keys, node, text=text)


def _json_path(t: Translator, node: exp.Binary) -> Value:
    """``#>`` and ``#>>``."""
    t.only(node, "this", "expression")
    held = t.expression(node.expression)
    value = held.expr
    if isinstance(value, s.Text):
        value = constants.literal(value.value, "list:text", t.place(node))
    if not isinstance(value, s.ListLiteral) or not all(isinstance(item, s.Text) for item in value.items):
        raise t.refuse(node, "a JSON path that is not a constant has no form in liq")
    keys = [item.value for item in value.items if isinstance(item, s.Text)]
    if any(key.lstrip("-").isdigit() for key in keys):
        raise t.refuse(node, "a number in a JSON path may be a name or a position; write it with -> instead")
    return steps(t, t.expression(node.this), list(keys), node, text=isinstance(node, exp.JSONBExtractScalar))


def _json_keys(t: Translator, key: Node, node: Node) -> list[str | int]:
    if isinstance(key, exp.JSONPath):
        found: list[str | int] = []
        for part in key.expressions[1:]:
            named = isinstance(part, exp.JSONPathKey) and isinstance(part.this, str) and part.this
            counted = isinstance(part, exp.JSONPathSubscript) and isinstance(part.this, int) and part.this >= 0
            if named or counted:
                found.append(part.this)
            else:
                raise t.refuse(node, "this JSON path has no form in liq")
        if found:
            return found
    if isinstance(key, exp.Literal) and not key.is_string and str(key.this).isdigit():
        return [int(str(key.this))]
    text = text_of(key)
    if text:
        return [text]
    raise t.refuse(node, "a JSON step that is not a constant has no form in liq")


def steps(t: Translator, base: Value, keys: list[str | int], node: Node, *, text: bool) -> Value:
    """Steps into a JSON value; ``text``: what is found there as text."""
    held = t.claims.of(base.expr)
    if held is not None:
        return _held_steps(t, held, keys, node, text=text)
    if base.kind != "json":
        raise t.refuse(node, "a step into what is not json has no form in liq")
    value = base.expr
    for key in keys:
        if isinstance(key, int):
            value = s.Index(value, s.Number(str(key)))
        elif isinstance(value, s.Path) and QUOTABLE.fullmatch(key):
            value = s.Path((*value.names, s.Name(key)))
        else:
            value = s.Index(value, constants.text(key, t.place(node)))
    return Value(s.Cast(value, plain("text").ref) if text else value, "text" if text else "json")


def _held_steps(t: Translator, held: Held, keys: list[str | int], node: Node, *, text: bool) -> Value:
    if held.kind != "json" or held.default is not None:
        raise t.refuse(node, "a step into what is not json has no form in liq")
    names = [key for key in keys if isinstance(key, str)]
    if len(names) != len(keys) or any("." in name or not name for name in names):
        raise t.refuse(node, "such a step into the token has no form in liq", "the path of a claim is names with dots")
    path = (*held.path, *(constants.text(name, t.place(node)).value for name in names))
    found = Held(path, "text" if text else "json", None if text else plain("json").ref, hint=None)
    return Value(t.claims.claim(found), found.kind)


def _bracket(t: Translator, node: exp.Bracket) -> Value:
    """``tags[1]``: SQL counts from 1, sqlglot and liq from 0; a JSON value takes names."""
    t.only(node, "this", "expressions", "offset")
    base = t.expression(node.this)
    key = node.expressions[0] if len(node.expressions) == 1 else None
    if isinstance(key, exp.Literal) and key.is_string and base.kind == "json":
        return steps(t, base, [str(key.this)], node, text=False)
    if isinstance(key, exp.Literal) and not key.is_string and base.kind.startswith("list:"):
        return Value(s.Index(base.expr, s.Number(str(key.this))), base.kind.removeprefix("list:"))
    raise t.refuse(node, "this subscript has no form in liq")


def _array(t: Translator, node: exp.Array) -> Value:
    t.only(node, "expressions", "bracket_notation")
    values = [t.expression(each) for each in node.expressions]
    kind = _common(values)
    items = tuple(t.met(v, kind, node).expr for v in values)
    return Value(s.ListLiteral(items), f"list:{kind}" if kind else "")


def _tuple(t: Translator, node: exp.Tuple) -> Value:
    values = [t.expression(each) for each in node.expressions]
    if len(values) < 2:
        raise t.refuse(node, "a row has two columns or more")
    return Value(s.Row(tuple(v.expr for v in values)))


def _subquery(t: Translator, node: exp.Subquery) -> Value:
    t.only(node, "this")
    return reads.scalar(t, node.this)


def _query(t: Translator, node: Node) -> Value:
    return reads.scalar(t, node)


def _zone(t: Translator, node: exp.AtTimeZone) -> Value:
    """An instant is an instant: only what UTC shows is the same value."""
    t.only(node, "this", "zone")
    zone = node.args["zone"]
    value = t.expression(node.this)
    if (text_of(zone) or "").lower() not in ("utc", "gmt", "z") or value.kind != "timestamp":
        raise t.refuse(node, "AT TIME ZONE has a form in liq for UTC only")
    return value


def _collate(t: Translator, node: exp.Collate) -> Value:
    """Text compares by code point in liq, which is what ``C`` and ``BINARY`` say."""
    name = node.expression
    word = str(name.this) if isinstance(name, exp.Identifier | exp.Var) else name_of(name)
    if word.lower() not in ("c", "posix", "binary", "ucs_basic"):
        raise t.refuse(node, f"collation {word} has no form in liq", "compare lower(x) to pass over case")
    return t.expression(node.this)


def _parameter(t: Translator, node: exp.Parameter) -> Value:
    """``$1`` in the body of a function."""
    name = f"${node.this.this}" if isinstance(node.this, exp.Literal) else "$"
    scope = t.frame.lookup
    while scope is not None:
        if name in scope.parameters:
            argument = scope.parameters[name]
            with t.within(argument.frame):
                return t.met(t.expression(argument.node), argument.kind, argument.node)
        if scope.outer is None:
            break
        scope = scope.outer
    raise t.refuse(node, f"parameter {name} does not exist")


def _column(t: Translator, node: exp.Column) -> Value:
    return t.column(node)


HANDLERS: dict[type[Node], Callable[[Translator, Any], Value]] = {
    exp.Literal: _constant,
    exp.Boolean: _boolean,
    exp.Null: _null,
    exp.HexString: _hex,
    exp.Interval: _interval,
    **dict.fromkeys(_ARITHMETIC, _arithmetic),
    exp.Neg: _negated,
    exp.DPipe: _joined,
    exp.Concat: _concat,
    exp.Cast: _cast,
    exp.Case: _case,
    exp.If: _if,
    exp.Coalesce: _coalesce,
    exp.Nullif: _nullif,
    exp.Greatest: _greatest,
    exp.Least: _greatest,
    exp.JSONExtract: _json_step,
    exp.JSONExtractScalar: _json_step,
    exp.JSONBExtract: _json_path,
    exp.JSONBExtractScalar: _json_path,
    exp.Bracket: _bracket,
    exp.Array: _array,
    exp.Tuple: _tuple,
    exp.Subquery: _subquery,
    exp.Select: _query,
    exp.Union: _query,
    exp.AtTimeZone: _zone,
    exp.Collate: _collate,
    exp.Parameter: _parameter,
    exp.Column: _column,
}
