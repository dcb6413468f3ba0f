"""The value of an expression.

Evaluation never stops at an error: a call that raises notes it in the journal and is null, ``and`` and ``or`` evaluate
all their parts. So one run knows every kind of error that some order of evaluation could meet. Only ``case`` and
``coalesce`` guard.
"""

from __future__ import annotations

from collections.abc import Sequence

from liq.model.errors import ErrorKind, LiqError
from liq.model.expr import (
    And,
    Call,
    Case,
    Cast,
    ClaimRef,
    Coalesce,
    Collect,
    ColumnRef,
    Exists,
    Expr,
    InList,
    InQuery,
    Is,
    JsonExpr,
    JsonStep,
    ListExpr,
    Literal,
    Not,
    Optional,
    Or,
    ParamRef,
    RecordExpr,
    RowCompare,
    ScalarQuery,
    Truth,
)
from liq.model.values import JsonValue, Plain, RecordValue, Value
from liq.reference.casts import cast, cast_kinds
from liq.reference.compare import compare_rows
from liq.reference.functions import function_of
from liq.reference.jsonvalues import step, to_json
from liq.reference.machine import Env, Machine


def evaluate(expr: Expr, env: Env, machine: Machine) -> Value:
    """The value of an expression over a row and its surroundings."""
    machine.step()
    match expr:
        case Literal(value=value):
            return value
        case ColumnRef(id=id_):
            return env[id_]
        case ParamRef(name=name, key=key):
            value = machine.params[name]
            return value if key is None or value is None else value[key]  # type: ignore[index]
        case ClaimRef(name=name):
            return machine.claims[name]
        case Call():
            return _call(expr, env, machine)
        case Cast():
            return _cast(expr, env, machine)
        case Case(branches=branches, otherwise=otherwise):
            for branch in branches:
                if evaluate(branch.condition, env, machine) is True:
                    return evaluate(branch.value, env, machine)
            return evaluate(otherwise, env, machine)
        case Coalesce(args=args):
            return next((v for arg in args if (v := evaluate(arg, env, machine)) is not None), None)
        case JsonStep(arg=arg, key=key):
            inner = evaluate(arg, env, machine)
            return step(inner, key) if isinstance(inner, JsonValue) else None
        case ScalarQuery() | Collect():
            return _query(expr, env, machine)
        case RecordExpr(labels=labels, values=values):
            return RecordValue(labels, tuple(evaluate(v, env, machine) for v in values))
        case ListExpr(items=items):
            return tuple(evaluate(item, env, machine) for item in items)
        case JsonExpr():
            return _json(expr, env, machine)
        case _:
            return _predicate(expr, env, machine)


def truth(expr: Expr, env: Env, machine: Machine) -> bool | None:
    """The value of a predicate."""
    return is_true(evaluate(expr, env, machine))


def _predicate(expr: Expr, env: Env, machine: Machine) -> bool | None:
    match expr:
        case And(args=args):
            return conjunction([is_true(evaluate(arg, env, machine)) for arg in args])
        case Or(args=args):
            return disjunction([is_true(evaluate(arg, env, machine)) for arg in args])
        case Not(arg=arg):
            return negation(is_true(evaluate(arg, env, machine)))
        case Is(arg=arg, truth=wanted, negated=negated):
            value = evaluate(arg, env, machine)
            return (value is {Truth.NULL: None, Truth.TRUE: True, Truth.FALSE: False}[wanted]) != negated
        case RowCompare(op=op, left=left, right=right):
            pair = [[evaluate(e, env, machine) for e in side] for side in (left, right)]
            return compare_rows(op, [e.type for e in left], *pair)
        case InList(operands=operands, rows=rows):
            found = [evaluate(e, env, machine) for e in operands]
            return _among(operands, found, [[evaluate(e, env, machine) for e in row] for row in rows])
        case InQuery(operands=operands, query=query):
            found = [evaluate(e, env, machine) for e in operands]
            members = machine.rows(query, env, machine)
            return _among(operands, found, [[row[c.id] for c in query.columns] for row in members])
        case Exists(query=query):
            return bool(machine.rows(query, env, machine))
        case Optional(param=param, predicate=predicate):
            return True if machine.params[param] is None else is_true(evaluate(predicate, env, machine))
        case _:
            raise AssertionError(type(expr))


def is_true(value: Value) -> bool | None:
    """A truth value, as which a predicate's value is known."""
    assert value is None or isinstance(value, bool), type(value)
    return value


def conjunction(parts: Sequence[bool | None]) -> bool | None:
    """Kleene's and."""
    return False if False in parts else (None if None in parts else True)


def disjunction(parts: Sequence[bool | None]) -> bool | None:
    """Kleene's or."""
    return True if True in parts else (None if None in parts else False)


def negation(part: bool | None) -> bool | None:
    """Kleene's not."""
    return None if part is None else not part


def _call(expr: Call, env: Env, machine: Machine) -> Value:
    function = function_of(expr.function, tuple(arg.type for arg in expr.args))
    args = [evaluate(arg, env, machine) for arg in expr.args]
    if function.strict and None in args:
        return None
    try:
        return function.body(args, function.types, machine)
    except LiqError as error:
        machine.journal.record(error)
        return None


def _cast(expr: Cast, env: Env, machine: Machine) -> Value:
    value = evaluate(expr.arg, env, machine)
    try:
        return cast(value, expr.arg.type, expr.type)
    except LiqError as error:
        if not expr.safe:
            machine.journal.record(error)
            machine.may |= cast_kinds(expr.arg.type, expr.type)  # which of them depends on the server
        return None


def _query(expr: ScalarQuery | Collect, env: Env, machine: Machine) -> Value:
    columns = expr.query.columns
    rows = machine.rows(expr.query, env, machine)
    if isinstance(expr, Collect):
        labels = tuple(c.name for c in columns)
        return tuple(RecordValue(labels, tuple(row[c.id] for c in columns)) for row in rows)
    if len(rows) > 1:
        machine.journal.record(LiqError(ErrorKind.TOO_MANY_ROWS, "more than one row where one value is wanted"))
        return None
    return rows[0][columns[0].id] if rows else None


def _json(expr: JsonExpr, env: Env, machine: Machine) -> JsonValue:
    values: list[Plain] = [to_json(e.type, evaluate(e, env, machine)) for e in expr.values]
    return JsonValue(tuple(values) if expr.labels is None else dict(zip(expr.labels, values, strict=True)))


def _among(operands: Sequence[Expr], found: Sequence[Value], rows: Sequence[Sequence[Value]]) -> bool | None:
    types = [e.type for e in operands]
    return disjunction([compare_rows("=", types, found, row) for row in rows])
