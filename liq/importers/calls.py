"""Calls: functions that liq has under some name, those of the session, and those that the script made (inlined)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from liq.importers import aggregates, clock, routines
from liq.importers.claims import Held
from liq.importers.constants import literal
from liq.importers.scopes import Value, call
from liq.importers.sqltree import Node, text_of
from liq.importers.types import plain
from liq_grammar import syntax as s

if TYPE_CHECKING:
    from liq.importers.translate import Translator

_SAME = "="
_TYPED: dict[type[Node], tuple[str, tuple[str, ...], str]] = {
    exp.Lower: ("lower", ("this",), "text"),
    exp.Upper: ("upper", ("this",), "text"),
    exp.Length: ("length", ("this",), "int"),
    exp.Abs: ("abs", ("this",), _SAME),
    exp.Ceil: ("ceil", ("this",), _SAME),
    exp.Floor: ("floor", ("this",), _SAME),
    exp.Round: ("round", ("this", "decimals"), "decimal"),
    exp.Trunc: ("trunc", ("this", "decimals"), _SAME),
    exp.Sign: ("sign", ("this",), _SAME),
    exp.Sqrt: ("sqrt", ("this",), "float"),
    exp.Exp: ("exp", ("this",), "float"),
    exp.Ln: ("ln", ("this",), "float"),
    exp.Pow: ("power", ("this", "expression"), "float"),
    exp.Substring: ("substring", ("this", "start", "length"), "text"),
    exp.Left: ("left", ("this", "expression"), "text"),
    exp.Right: ("right", ("this", "expression"), "text"),
    exp.Replace: ("replace", ("this", "expression", "replacement"), "text"),
    exp.SplitPart: ("split_part", ("this", "delimiter", "part_index"), "text"),
    exp.Repeat: ("repeat", ("this", "times"), "text"),
    exp.Reverse: ("reverse", ("this",), "text"),
    exp.StartsWith: ("starts_with", ("this", "expression"), "bool"),
    exp.StrPosition: ("position", ("this", "substr"), "int"),
    exp.MD5: ("md5", ("this",), "text"),
    exp.ArrayPosition: ("array_position", ("this", "expression"), "int"),
    exp.ArrayAppend: ("array_append", ("this", "expression"), _SAME),
    exp.ArrayToString: ("array_to_string", ("this", "expression"), "text"),
    exp.StringToArray: ("string_to_array", ("this", "expression"), "list:text"),
}
_NAMED: dict[str, tuple[str, int, str]] = {
    "cardinality": ("cardinality", 1, "int"),
    "jsonb_typeof": ("json_typeof", 1, "text"),
    "json_typeof": ("json_typeof", 1, "text"),
    "jsonb_array_length": ("json_array_length", 1, "int"),
    "json_array_length": ("json_array_length", 1, "int"),
    "div": ("div", 2, "int"),
    "uuid_generate_v4": ("gen_random_uuid", 0, "uuid"),
    "gen_random_uuid": ("gen_random_uuid", 0, "uuid"),
    "now": ("now", 0, "timestamp"),
    "transaction_timestamp": ("now", 0, "timestamp"),
    "statement_timestamp": ("now", 0, "timestamp"),
    "clock_timestamp": ("now", 0, "timestamp"),
}
_APPROXIMATE = {
    "statement_timestamp": "statement_timestamp() becomes now(), which is one instant per call of a plan",
    "clock_timestamp": "clock_timestamp() becomes now(), which is one instant per call of a plan",
}
_TRIMS = {None: "trim", "BOTH": "trim", "LEADING": "ltrim", "TRAILING": "rtrim"}
_JWT = ("request", "jwt")


def _typed(t: Translator, node: Node) -> Value:
    function, names, kind = _TYPED[type(node)]
    t.only(node, *names, *(("null_propagation",) if isinstance(node, exp.ArrayAppend) else ()))
    values = [t.expression(node.args[name]) for name in names if node.args.get(name) is not None]
    if t.database.dialect == "sqlite" and function in ("length", "round", "substring"):
        _sqlite_limits(t, node, function, values)
    return Value(call(function, *(v.expr for v in values)), values[0].kind if kind == _SAME else kind, function)


def _sqlite_limits(t: Translator, node: Node, function: str, values: Sequence[Value]) -> None:
    if function == "length" and values[0].kind not in ("text", "bytes"):
        raise t.refuse(node, "length of what is not text has no form in liq")
    negative = any(isinstance(v.expr, s.Negate) for v in values[1:])
    if function == "substring" and negative:
        raise t.refuse(node, "substr from the end has no form in liq", "write right(x, n)")


def _trim(t: Translator, node: exp.Trim) -> Value:
    t.only(node, "this", "position", "expression")
    sign = node.args.get("expression")
    if sign is not None and text_of(sign) != " ":
        raise t.refuse(node, "trim takes spaces off; other characters have no form in liq")
    function = _TRIMS[str(node.args["position"]).upper() if node.args.get("position") else None]
    return Value(call(function, t.expression(node.this).expr), "text", function)


def _pad(t: Translator, node: exp.Pad) -> Value:
    t.only(node, "this", "expression", "fill_pattern", "is_left")
    function = "lpad" if node.args.get("is_left") else "rpad"
    fill = node.args.get("fill_pattern")
    filled = t.expression(fill).expr if fill is not None else s.Text(" ")
    arguments = t.expression(node.this).expr, t.expression(node.expression).expr, filled
    return Value(call(function, *arguments), "text", function)


def _array_size(t: Translator, node: exp.ArraySize) -> Value:
    """``array_length(x, 1)`` is null for the empty list."""
    t.only(node, "this", "expression")
    if not isinstance(node.expression, exp.Literal) or str(node.expression.this) != "1":
        raise t.refuse(node, "array_length of another dimension than 1 has no form in liq")
    length = call("cardinality", t.expression(node.this).expr)
    return Value(call("nullif", length, s.Number("0")), "int", "array_length")


def _encode(t: Translator, node: exp.Encode) -> Value:
    form = node.args.get("charset")
    if text_of(form) != "hex":
        raise t.refuse(node, "encode has a form in liq for 'hex' only")
    return Value(call("encode_hex", t.expression(node.this).expr), "text", "encode")


def _uuid(t: Translator, node: exp.Uuid) -> Value:
    t.only(node, "is_string")
    return Value(call("gen_random_uuid"), "uuid", "gen_random_uuid")


def _user(t: Translator, node: Node) -> Value:
    return _database_role(t, node)


def _database_role(t: Translator, node: Node) -> Value:
    t.differs("the role of the database becomes the claim role of the token", t.place(node))
    return Value(t.claims.claim(Held(("role",), "text", caller=True)), "text", "current_user")


# ------------------------------------------------------------------------------------------------- by name
def _named(t: Translator, node: exp.Anonymous | exp.Dot) -> Value:
    name, arguments = t.function_name(node), list(_call_of(t, node).expressions)
    if any(isinstance(a, exp.Kwarg | exp.Distinct | exp.Star | exp.Variadic) for a in arguments):
        raise t.refuse(node, f"{name.text}(…) with such arguments has no form in liq")
    made = t.database.function(name, len(arguments), t.frame.when)
    if made is not None:
        return routines.inlined(t, made, arguments, node)
    word = name.last
    if len(name.parts) > 1 and name.parts[-2] not in ("pg_catalog", "public", "extensions"):
        found = _supabase(t, name.parts[-2], word, arguments)
        if found is not None:
            return found
    if word == "current_setting":
        return _setting(t, arguments, node)
    if word in _NAMED and len(arguments) == _NAMED[word][1]:
        if word in _APPROXIMATE:
            t.differs(_APPROXIMATE[word], t.place(node))
        function, _, kind = _NAMED[word]
        return Value(call(function, *(t.expression(a).expr for a in arguments)), kind, word)
    return _special(t, word, name.text, arguments, node)


def _call_of(t: Translator, node: Node) -> Node:
    inner: Any = node
    while isinstance(inner, exp.Dot):
        inner = inner.expression
    if not isinstance(inner, exp.Anonymous):
        raise t.refuse(node, "a step into a composite value has no form in liq")
    return inner


def _special(t: Translator, word: str, shown: str, arguments: list[Node], node: Node) -> Value:
    if word == "timezone" and len(arguments) == 2:
        zone, value = text_of(arguments[0]), t.expression(arguments[1])
        if (zone or "").lower() in ("utc", "gmt") and value.kind == "timestamp":
            return value
    if word == "json_valid" and len(arguments) == 1:
        if t.expression(arguments[0]).kind == "json":
            return Value(s.Boolean(True), "bool", word)
        raise t.refuse(node, "json_valid of a text has no form in liq", "declare the column as json")
    if word in ("to_jsonb", "to_json") and len(arguments) == 1:
        return Value(s.Cast(t.expression(arguments[0]).expr, plain("json").ref), "json", word)
    if word == "num_nonnulls" and arguments:
        parts: list[s.Expr] = [
            s.Case(None, (s.When(s.Is(t.expression(a).expr, "null"), s.Number("0")),), s.Number("1")) for a in arguments
        ]
        total = parts[0]
        for part in parts[1:]:
            total = s.Binary("+", total, part)
        return Value(total, "int", word)
    if t.database.dialect == "sqlite":
        found = clock.sqlite_function(t, word, arguments, node)
        if found is not None:
            return found
    raise t.refuse(node, f"function {shown}() has no form in liq")


def special_name(t: Translator, name: str) -> Value | None:
    """Words that SQL takes for calls without parentheses."""
    if name in ("user", "current_role") and t.database.dialect == "postgres":
        return Value(t.claims.claim(Held(("role",), "text", caller=True)), "text", name)
    return None


# ------------------------------------------------------------------------------------------------- the session
def _supabase(t: Translator, schema: str, word: str, arguments: list[Node]) -> Value | None:
    """What Supabase and PostgREST put into every database."""
    if schema != "auth" or arguments:
        return None
    known = {"uid": (("sub",), "uuid"), "role": (("role",), "text"), "email": (("email",), "text"), "jwt": ((), "json")}
    if word not in known:
        return None
    path, kind = known[word]
    held = Held(path, kind, plain(kind).ref, hint=word if path else None)
    return Value(t.claims.claim(held), kind, word)


def _setting(t: Translator, arguments: list[Node], node: Node) -> Value:
    """``current_setting('request.jwt.claim.sub', true)``: a claim of the token, or a setting that the host makes."""
    name = text_of(arguments[0]) if arguments else None
    if name is None or len(arguments) > 2:
        raise t.refuse(node, "current_setting of a name that is not a constant has no form in liq")
    missing_ok = len(arguments) == 2 and isinstance(arguments[1], exp.Boolean) and bool(arguments[1].this)
    parts = tuple(name.split("."))
    if not all(parts) or len(parts) > 16:
        raise t.refuse(node, f"{name[:40]!r} is not the name of a setting")
    literal(name, "text", t.place(node))
    if parts[:2] == _JWT and parts[2:] == ("claims",):
        return Value(t.claims.claim(Held((), "text", plain("text").ref)), "text", "current_setting")
    if parts[:2] == _JWT and len(parts) > 3 and parts[2] == "claim":
        parts = parts[3:]
    elif parts != ("role",):
        t.differs(f"the setting {'.'.join(parts)} becomes a claim: the host must put it into the token", t.place(node))
    held = Held(parts, "text", plain("text").ref, required=not missing_ok)
    return Value(t.claims.claim(held), "text", "current_setting")


HANDLERS: dict[type[Node], Callable[[Translator, Any], Value]] = {
    **dict.fromkeys(_TYPED, _typed),
    exp.Trim: _trim,
    exp.Pad: _pad,
    exp.ArraySize: _array_size,
    exp.Encode: _encode,
    exp.Uuid: _uuid,
    exp.CurrentUser: _user,
    exp.SessionUser: _user,
    exp.Anonymous: _named,
    exp.Dot: _named,
    **clock.HANDLERS,
    **aggregates.HANDLERS,
}
