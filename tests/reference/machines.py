"""Evaluating single expressions on the reference, for tests."""

from __future__ import annotations

from liq.model.errors import LiqError
from liq.model.expr import Call, Expr, Literal
from liq.model.functions import FUNCTIONS, resolve
from liq.model.schema import Schema
from liq.model.types import Type
from liq.model.values import Value
from liq.reference.casts import text_of
from liq.reference.database import Database
from liq.reference.expressions import evaluate
from liq.reference.machine import Machine
from liq.reference.run import Call as RunCall
from tests.reference.oracle import Answer


def machine(schema: Schema | None = None) -> Machine:
    """A machine over empty tables."""
    known = schema or Schema()
    return RunCall(known, Database.of(known), hash_key=b"key").machine()


def call(name: str, *args: tuple[Type, Value]) -> Call:
    """A call of literals."""
    types = [type_ for type_, _ in args]
    resolved = resolve(FUNCTIONS, name, types)
    assert resolved is not None, (name, types)
    return Call(name, tuple(Literal(value, type_) for type_, value in args), resolved.result, True)


def value_of(expr: Expr) -> Value:
    """The value of a closed expression; raises its first error."""
    at = machine()
    value = evaluate(expr, {}, at)
    if at.journal.first is not None:
        raise at.journal.first
    return value


def answer(expr: Expr) -> Answer:
    """The text of a closed expression's value, or its error."""
    try:
        value = value_of(expr)
    except LiqError as error:
        return Answer(error=error.kind)
    return Answer(None if value is None else text_of(expr.type, value))
