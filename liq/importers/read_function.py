"""Reading ``CREATE FUNCTION``: functions in SQL can be used in policies and defaults, others are only known by name."""

from __future__ import annotations

from attrs import evolve

from liq.importers.cursor import Cursor
from liq.importers.ddl import CreateFunction, Fragment, Parameter, SqlType, Statement
from liq.importers.tokens import Token

_BODY_WORDS = frozenset(
    "returns language immutable stable volatile strict called security external leakproof not parallel cost rows set as"
    " return begin window transform support".split()
)
_TAILS = ("precision", "varying", "with", "without")
_TYPE_WORDS = ("double", "character", "char", "timestamp", "time", "bit", "national", "interval")


def read_function(cursor: Cursor) -> Statement:
    """Behind ``CREATE [OR REPLACE] FUNCTION``."""
    name = cursor.name()
    parameters, outs, problem = _parameters(cursor.group())
    function = CreateFunction(name, parameters, None, None, name.span, problem=problem)
    if outs:
        function = evolve(function, many=False, problem="it has OUT parameters")
    while not cursor.done:
        function = _clause(cursor, function)
    if function.language != "sql" and function.problem is None:
        function = evolve(function, problem=f"it is written in {function.language or 'an unknown language'}")
    return function




def _parameters(cursor: Cursor) -> tuple[tuple[Parameter, ...], bool, str | None]:
    parameters, outs, problem = [], False, None
    for item in cursor.items():
        mode = item.accept_any("in", "out", "inout", "variadic")
        outs = outs or mode in ("out", "inout")
        if mode == "variadic":
            problem = "it takes any number of arguments"
        if mode != "out":
            parameters.append(_parameter(item))
    return tuple(parameters), outs, problem


def _parameter(item: Cursor) -> Parameter:
    """``name type``, or a type alone: a name is followed by something that can begin a type."""
    first, second = item.peek(), item.peek(1)
    one_type = first is not None and first.is_word(*_TYPE_WORDS) and second is not None and second.is_word(*_TAILS)
    named = (
        second is not None and second.kind in ("word", "quoted") and not second.is_word("default") and not one_type
    )
    name = item.identifier() if named else None
    type_ = item.type()
    default = item.rest() if item.accept("default") or item.accept_sign("=") else None
    return Parameter(name, type_, default)


def _clause(cursor: Cursor, function: CreateFunction) -> CreateFunction:
    if cursor.accept("returns"):
        return _returns(cursor, function)
    if cursor.accept("strict"):
        return evolve(function, strict=True)
    if cursor.accept("language"):
        return evolve(function, language=cursor.identifier().lower())
    if cursor.accept("security"):
        return evolve(function, definer=cursor.accept_any("definer", "invoker") == "definer")
    if cursor.accept("as"):
        return _body(cursor, function)
    if cursor.accept("return"):
        value = cursor.until(_BODY_WORDS - {"not", "as", "set", "window", "rows"})
        body = Fragment(f"SELECT {value.text}", max(value.at - len("SELECT "), 0), value.source)
        return evolve(function, body=body, language="sql")
    if cursor.accept("begin", "atomic"):
        return _atomic(cursor, function)
    if cursor.accept("set"):
        cursor.name()
        while not cursor.done and not cursor.sees_any(_BODY_WORDS - {"set"}):
            cursor.take()
        return function
    cursor.take()
    cursor.skip_group()
    return function


def _returns(cursor: Cursor, function: CreateFunction) -> CreateFunction:
    if cursor.accept("null", "on", "null", "input"):
        return evolve(function, strict=True)
    if cursor.accept("table"):
        columns = tuple(_parameter(item).name or "" for item in cursor.group().items())
        return evolve(function, many=True, columns=columns)
    many = cursor.accept("setof")
    return evolve(function, returns=cursor.type(), many=many)


def _body(cursor: Cursor, function: CreateFunction) -> CreateFunction:
    token = cursor.take()
    if cursor.accept_sign(","):
        cursor.take()
        return evolve(function, problem="it is written in C")
    if token.kind not in ("string", "dollar"):
        raise cursor.stop("the body of the function in quotes")
    return evolve(function, body=_quoted_body(cursor, token))


def _quoted_body(cursor: Cursor, token: Token) -> Fragment:
    """Places inside are true where the text between the quotes stands as it is; else only the beginning is known."""
    raw = cursor.source.text[token.start : token.end]
    at = raw.find(token.value) if token.value else -1
    if at < 0:
        return Fragment(token.value, token.start, cursor.source, inside=True)
    return Fragment(token.value, token.start + at, cursor.source)


def _atomic(cursor: Cursor, function: CreateFunction) -> CreateFunction:
    start = cursor.at
    while not cursor.done:
        cursor.take()
    stop = len(cursor.tokens) - 1
    if stop > start and cursor.tokens[stop - 1].is_sign(";"):
        stop -= 1
    if stop <= start:
        raise cursor.stop("a statement")
    return evolve(function, body=cursor.fragment(start, stop), language="sql")


def void(type_: SqlType | None) -> bool:
    """Whether a function gives nothing that an expression could use."""
    return type_ is not None and type_.name in ("void", "trigger", "event_trigger")
