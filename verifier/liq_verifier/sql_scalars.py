"""SQL expressions, as sqlglot reads them back from a plan's text, as expressions of the model.

What is not surely the same becomes an uninterpreted function: it may stand in a query, and no proof can lean on it.
Anything
that could reach data by another way than a table in FROM (functions outside a short list) is refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal as Number
from typing import Any, Protocol

from liq.model import types as t
from liq.model.emitted import Bind
from liq.model.expr import (
    And,
    Call,
    Case,
    Cast,
    Coalesce,
    ColumnRef,
    Exists,
    Expr,
    InList,
    InQuery,
    Is,
    Literal,
    Not,
    Or,
    Relation,
    RowCompare,
    ScalarQuery,
    Truth,
    When,
)
from liq.model.functions import FUNCTIONS, resolve
from liq.model.types import BOOL
from liq_verifier.calls import OPAQUE_PREFIX

Scope = Mapping[str, Mapping[str, ColumnRef]]
"""Columns in reach, by alias and name."""

PURE = frozenset(
    """
    abs array_agg array_append array_cat array_length array_position array_remove array_to_string avg bool_and bool_or
    cardinality ceil ceiling coalesce concat convert_from convert_to count cume_dist date_part date_trunc decode
    dense_rank div
    encode exp extract first_value floor generate_series greatest initcap jsonb_agg jsonb_array_elements
    jsonb_array_length
    jsonb_build_array jsonb_build_object jsonb_typeof lag last_value lead least left length ln lower lpad ltrim
    make_date
    make_interval make_timestamptz max md5 min mod now nth_value ntile nullif octet_length overlay percent_rank
    percentile_cont power rank regexp_like regexp_replace regexp_split_to_array repeat replace reverse right round
    row_number rpad
    rtrim scale sha256 sign split_part sqrt starts_with stddev stddev_samp string_agg string_to_array strpos substring
    sum
    to_char to_json to_jsonb translate trim trunc unnest upper variance var_samp gen_random_uuid cast timezone position
    sha2digest sha2 uuid array array_contains str_position unicode char_length current_timestamp stddev_pop
    variance_pop grouping
    """.split()
)
"""Functions that see nothing but their arguments."""
SYNTAX = frozenset(
    """
    Window Filter WithinGroup Order Ordered Array Tuple Bracket Distinct Star JSONExtract JSONExtractScalar JSONBExtract
    JSONBExtractScalar JSONPath DPipe AtTimeZone Like ILike Escape Between Neg Interval SimilarTo ArrayContainsAll
    ArrayOverlaps ArrayContainedBy BitwiseXor BitwiseAnd RegexpLike Slice Var DataType IntDiv WindowSpec Identifier
    JSONPathRoot JSONPathKey JSONPathSubscript Extract Pow Collate Where
    """.split()
)
"""Nodes of operators and syntax, which call nothing by name."""
PREFIX = OPAQUE_PREFIX
_COMPARE = {"EQ": "=", "NEQ": "<>", "LT": "<", "LTE": "<=", "GT": ">", "GTE": ">="}
_ARITHMETIC = {"Add": "+", "Sub": "-", "Mul": "*", "Div": "/", "Mod": "%"}
_AGGREGATES = frozenset(
    "count sum avg min max bool_and bool_or string_agg array_agg jsonb_agg percentile_cont stddev variance".split()
)


class Unreadable(Exception):
    """The text holds something that this reader does not know; it is refused."""


class Queries(Protocol):
    """Reads the queries inside expressions."""

    def query(self, node: Any, scope: Scope) -> Relation:
        """A query as a relation."""


class Scalars:
    """Reads expressions of one text."""

    def __init__(self, queries: Queries, binds: Sequence[Expr], enums: Mapping[str, t.Enum]) -> None:
        self._queries, self._binds, self._enums = queries, binds, enums
        self.replaced: dict[str, ColumnRef] = {}
        """Expressions (by their text) that stand for computed columns: group keys, aggregates, windows."""

    def read(self, node: Any, scope: Scope) -> Expr:
        """An expression."""
        known = self.replaced.get(node.sql("postgres"))
        if known is not None:
            return known
        kind = type(node).__name__
        match kind:
            case "Paren" | "Collate":
                return self.read(node.this, scope)
            case "Column":
                return self._column(node, scope)
            case "Literal":
                return _literal(node)
            case "Boolean":
                return Literal(bool(node.this), BOOL)
            case "Null":
                return Literal(None, t.NULL)
            case "Placeholder" | "Parameter":
                return self._bind(node)
            case "Cast":
                return self._cast(node, scope)
            case "And" | "Or":
                parts = tuple(self.condition(part, scope) for part in (node.left, node.right))
                return And(parts) if kind == "And" else Or(parts)
            case "Not":
                inner = self.condition(node.this, scope)
                if isinstance(inner, Is):  # IS NOT is read as NOT … IS
                    return Is(inner.arg, inner.truth, not inner.negated)
                return Not(inner)
            case _ if kind in _COMPARE:
                return self._compare(_COMPARE[kind], node, scope)
            case "NullSafeNEQ" | "NullSafeEQ":
                distinct = self._compared("is_distinct", self.read(node.this, scope), self.read(node.expression, scope))
                return distinct if kind == "NullSafeNEQ" else Not(distinct)
            case "Is":
                return self._is(node, scope)
            case _:
                return self._compound(kind, node, scope)

    def condition(self, node: Any, scope: Scope) -> Expr:
        """An expression that is taken for a boolean."""
        expr = self.read(node, scope)
        if isinstance(expr.type, t.Bool):
            return expr
        return Literal(None, BOOL) if _is_null(expr) else self._opaque("truth", (expr,), type_=BOOL)

    def _compound(self, kind: str, node: Any, scope: Scope) -> Expr:
        match kind:
            case "In":
                return self._in(node, scope)
            case "Exists":
                return Exists(self._queries.query(node.this, scope))
            case "Subquery" | "Select":
                query = self._queries.query(node, scope)
                return (
                    ScalarQuery(query)
                    if len(query.columns) == 1
                    else self._opaque("row", (), query=query, volatile=True)
                )
            case "Case":
                return self._case(node, scope)
            case "Coalesce":
                args = tuple(self.read(a, scope) for a in (node.this, *node.expressions))
                types = {str(a.type) for a in args if not isinstance(a.type, t.Null)}
                return Coalesce(args, args[0].type) if len(types) == 1 else self._opaque("coalesce", args)
            case "Neg" if type(node.this).__name__ == "Literal":
                value = _literal(node.this)
                return Literal(-value.value, value.type)  # type: ignore[operator]
            case "CurrentTimestamp":
                return Call("now", (), t.TIMESTAMP, False)
            case "Uuid":
                return Call("gen_random_uuid", (), t.UUID, False)
            case _ if kind in _ARITHMETIC:
                return self._arithmetic(_ARITHMETIC[kind], node, scope)
            case _:
                return self._function(node, scope)

    # ------------------------------------------------------------------------------------------ leaves
    def _column(self, node: Any, scope: Scope) -> Expr:
        columns = scope.get(node.table)
        if columns is None or node.name not in columns:
            raise Unreadable(f"there is no column {node.table}.{node.name} in reach")
        return columns[node.name]

    def _bind(self, node: Any) -> Expr:
        number = str(node.this.this if hasattr(node.this, "this") else node.this)
        if not number.isdigit() or not 1 <= int(number) <= len(self._binds):
            raise Unreadable(f"placeholder {number} has no bind")
        bind = self._binds[int(number) - 1]
        return self._opaque(f"bind {number}", (), type_=bind.type) if isinstance(bind, Bind) else bind

    def type_of(self, node: Any) -> t.Type | None:
        """A type name of PostgreSQL."""
        text = node.sql("postgres").lower()
        if text.endswith("[]"):
            return None
        names: dict[str, t.Type] = {
            "bigint": t.INT, "integer": t.INT32, "int": t.INT32, "smallint": t.INT16, "text": t.TEXT, "boolean": t.BOOL,
            "uuid": t.UUID, "date": t.DATE, "time": t.TIME, "timestamptz": t.TIMESTAMP, "interval": t.INTERVAL,
            "jsonb": t.JSON, "bytea": t.BYTES, "double precision": t.FLOAT, "decimal": t.DECIMAL, "numeric": t.DECIMAL,
        }  # fmt: skip
        return names.get(text, self._enums.get(node.sql("postgres").replace('"', "")))

    def _cast(self, node: Any, scope: Scope) -> Expr:
        inner, target = self.read(node.this, scope), self.type_of(node.to)
        if isinstance(inner, Bind):
            return inner
        if type(node.this).__name__ in ("Placeholder", "Parameter"):
            return inner  # a bind is cast to the widest of its kind
        if target is None:
            return self._opaque(f"cast to {node.to.sql('postgres')}", (inner,))
        if inner.type == target:
            return inner
        if isinstance(inner, Literal) and inner.value is None:
            return Literal(None, target)
        if isinstance(inner, Literal):
            constant = _constant(inner.value, target)
            return constant if constant is not None else self._opaque(f"cast to {target}", (inner,), type_=target)
        if isinstance(inner.type, t.Null):
            return self._opaque(f"cast to {target}", (inner,), type_=target)
        return Cast(inner, target)

    # ------------------------------------------------------------------------------------------ predicates
    def _compare(self, op: str, node: Any, scope: Scope) -> Expr:
        left, right = node.this, node.expression
        if type(right).__name__ == "Any":
            return self._compared("in_list", self.read(left, scope), self.read(_bare(right.this), scope))
        if type(left).__name__ == "Tuple" and type(right).__name__ == "Tuple":
            pairs = zip(left.expressions, right.expressions, strict=True)
            met = [_met(self.read(a, scope), self.read(b, scope)) for a, b in pairs]
            if any(pair is None for pair in met):
                return self._opaque(_said(node), (), type_=BOOL, volatile=True)
            known = [pair for pair in met if pair is not None]
            return RowCompare(op, tuple(a for a, _ in known), tuple(b for _, b in known))
        return self._compared(op, self.read(left, scope), self.read(right, scope))

    def _compared(self, op: str, left: Expr, right: Expr) -> Expr:
        if op == "in_list":
            fits = isinstance(right.type, t.List) and not isinstance(left.type, t.Null)
            return Call(op, (left, right), BOOL, True) if fits else self._opaque(op, (left, right), type_=BOOL)
        met = _met(left, right)
        return self._opaque(op, (left, right), type_=BOOL) if met is None else Call(op, met, BOOL, True)

    def _is(self, node: Any, scope: Scope) -> Expr:
        right, negated = node.expression, False
        if type(right).__name__ == "Not":
            right, negated = right.this, True
        if type(right).__name__ == "Null":
            return Is(self.read(node.this, scope), Truth.NULL, negated)
        if type(right).__name__ == "Boolean":
            arg = self.condition(node.this, scope)
            return Is(arg, Truth.TRUE if right.this else Truth.FALSE, negated)
        raise Unreadable("IS with something else")

    def _in(self, node: Any, scope: Scope) -> Expr:
        left = node.this.expressions if type(node.this).__name__ == "Tuple" else [node.this]
        operands = tuple(self.read(item, scope) for item in left)
        if node.args.get("query") is not None:
            query = self._queries.query(node.args["query"], scope)
            same = all(a.type == c.type for a, c in zip(operands, query.columns, strict=True))
            return (
                InQuery(operands, query)
                if same
                else self._opaque("in", operands, type_=BOOL, query=query, volatile=True)
            )
        options: list[Expr] = []
        for item in node.expressions:
            values = item.expressions if type(item).__name__ == "Tuple" else [item]
            met = [_met(a, self.read(v, scope)) for a, v in zip(operands, values, strict=True)]
            if any(pair is None for pair in met):
                return self._opaque("in", operands, type_=BOOL, volatile=True)
            pairs = [pair for pair in met if pair is not None]
            options.append(InList(tuple(a for a, _ in pairs), (tuple(b for _, b in pairs),)))
        return options[0] if len(options) == 1 else Or(tuple(options))

    def _case(self, node: Any, scope: Scope) -> Expr:
        if node.this is not None:
            raise Unreadable("CASE with an operand")
        branches = tuple(
            When(self.condition(i.this, scope), self.read(i.args["true"], scope)) for i in node.args["ifs"]
        )
        default = node.args.get("default")
        otherwise = self.read(default, scope) if default is not None else Literal(None, t.NULL)
        values = [b.value for b in branches] + [otherwise]
        types = {str(v.type): v.type for v in values if not isinstance(v.type, t.Null)}
        if len(types) != 1:
            return self._opaque("case", (*(b.condition for b in branches), *values))
        (type_,) = types.values()
        if any(isinstance(v.type, t.Null) and not _is_null(v) for v in values):
            return self._opaque("case", (*(b.condition for b in branches), *values))
        typed = tuple(When(b.condition, _typed(b.value, type_)) for b in branches)
        return Case(typed, _typed(otherwise, type_), type_)

    # ------------------------------------------------------------------------------------------ functions
    def _arithmetic(self, op: str, node: Any, scope: Scope) -> Expr:
        left, right = self.read(node.this, scope), self.read(node.expression, scope)
        if isinstance(left.type, t.Int) and isinstance(right.type, t.Int) and 64 in (left.type.bits, right.type.bits):
            return Call(op, (_wide(left), _wide(right)), t.INT, True)
        return self._opaque(op, (left, right))

    def _function(self, node: Any, scope: Scope) -> Expr:
        name = function_name(node)
        args = [self.read(part, scope) for part in _parts(node)]
        if name in _AGGREGATES or type(node).__name__ in ("Window", "Filter", "WithinGroup", "Order", "Ordered"):
            return self._opaque(name, args, volatile=True)
        resolved = resolve(FUNCTIONS, name, [a.type for a in args]) if name in FUNCTIONS else None
        if resolved is not None and list(resolved.arguments) == [a.type for a in args]:
            return Call(name, tuple(args), resolved.result, True)
        return self._opaque(_said(node), args)

    def _opaque(
        self,
        name: str,
        args: Sequence[Expr],
        *,
        type_: t.Type = t.NULL,
        query: Relation | None = None,
        volatile: bool = False,
    ) -> Expr:
        """A value of which nothing is known but, unless volatile, that the same name and arguments give the same value.

        The arguments stay, for the tables that they read.
        """
        more = () if query is None else (Exists(query),)
        return Call(f"{'any' if volatile else PREFIX} {name}", (*args, *more), type_, True)


def _said(node: Any) -> str:
    """The whole text of a node: what is left out of its arguments still tells it from others."""
    return str(node.sql("postgres"))


def function_name(node: Any) -> str:
    """The name of a function, which must be one that sees only its arguments."""
    kind = type(node).__name__
    if kind in SYNTAX:
        return kind.lower()
    anonymous = kind == "Anonymous"
    name = str(node.this).lower() if anonymous else str(node.sql_name()).lower() if hasattr(node, "sql_name") else ""
    if name not in PURE and (anonymous or kind.lower() not in PURE):
        raise Unreadable(f"{name or kind} is not a function that plans may call")
    return name


def _parts(node: Any) -> list[Any]:
    """The operands of a node, whatever it is: nothing inside of it goes unread."""
    from sqlglot import exp

    skipped = (exp.Identifier, exp.DataType, exp.Star, exp.Var, exp.WindowSpec, exp.JSONPath)
    found = [child for child in node.iter_expressions() if not isinstance(child, skipped)]
    return found


def _bare(node: Any) -> Any:
    return node.this if type(node).__name__ == "Paren" else node


def _literal(node: Any) -> Literal:
    if node.is_string:
        return Literal(str(node.this), t.TEXT)
    text = str(node.this)
    if text.isdigit():
        return Literal(int(text), t.INT)
    if "e" in text.lower():
        return Literal(float(text), t.FLOAT)
    return Literal(Number(text), t.DECIMAL)


def _is_null(expr: Expr) -> bool:
    return isinstance(expr, Literal) and expr.value is None


def _typed(expr: Expr, type_: t.Type) -> Expr:
    return Literal(None, type_) if _is_null(expr) else expr


def _wide(expr: Expr) -> Expr:
    return expr if expr.type == t.INT else Cast(expr, t.INT)


def _constant(value: object, target: t.Type) -> Literal | None:
    """A constant under the type it is cast to, where the text surely means that value."""
    import uuid

    match target, value:
        case t.Int(), int():
            return Literal(value, t.INT)
        case t.Decimal(), int():
            return Literal(Number(value), t.DECIMAL)
        case t.Enum(_, labels), str() if value in labels:
            return Literal(value, target)
        case t.Uuid(), str() if len(value) == 36:
            return Literal(uuid.UUID(value), target)
        case _:
            return None


def _met(left: Expr, right: Expr) -> tuple[Expr, Expr] | None:
    """Two operands in one type, where it is clear which; None where it is not."""
    if _is_null(left) or _is_null(right):
        type_ = right.type if _is_null(left) else left.type
        return _typed(left, type_), _typed(right, type_)
    if isinstance(left.type, t.Null) or isinstance(right.type, t.Null):
        return None
    if left.type == right.type:
        return left, right
    if isinstance(left.type, t.Int) and isinstance(right.type, t.Int):
        return _wide(left), _wide(right)
    for one, other, swap in ((left, right, False), (right, left, True)):
        if isinstance(other, Literal):
            constant = _constant(other.value, one.type)
            if constant is not None and isinstance(one.type, t.Enum | t.Uuid):
                return (constant, one) if swap else (one, constant)
        if isinstance(one.type, t.Decimal) and isinstance(other.type, t.Int):
            wide = Cast(_wide(other), t.DECIMAL)
            return (wide, one) if swap else (one, wide)
    decimals = isinstance(left.type, t.Decimal) and isinstance(right.type, t.Decimal)
    return (Cast(left, t.DECIMAL), Cast(right, t.DECIMAL)) if decimals else None
