"""Casts that the encoding decides; all others are uninterpreted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from liq.model import types as t
from liq.model.expr import Cast, Literal
from liq_verifier import smt, sorts
from liq_verifier.sorts import is_exact
from liq_verifier.terms import Term

if TYPE_CHECKING:
    from liq_verifier.encode import Encoder, Env


def encode(encoder: Encoder, cast: Cast, env: Env) -> Term:
    """The value of a cast that did not fail."""
    arg = encoder.term(cast.arg, env)
    decided = _decided(encoder, cast, arg)
    if decided is not None:
        return decided
    nullable = cast.safe or isinstance(arg.type, t.Json)
    name = f"cast{'?' if cast.safe else ''} {arg.type} to {cast.type}"
    return encoder.uninterpreted(name, cast.type, (arg,), nullable=nullable)


def _decided(encoder: Encoder, cast: Cast, arg: Term) -> Term | None:
    ident = f"{arg.ident}::{cast.type}"
    match arg.type, cast.type:
        case source, target if source == target:
            return arg
        case t.Int(), t.Int():
            null = arg.null
            if cast.safe:
                null = smt.disj((null, smt.neg(sorts.domain(cast.type, arg.value))))
            return Term(cast.type, arg.value, null, ident)
        case t.Int(), t.Decimal(None):
            return Term(cast.type, f"(to_real {arg.value})", arg.null, ident)
        case t.Decimal(), t.Decimal(None):
            return Term(cast.type, arg.value, arg.null, ident)
        case t.Date(), t.Timestamp():
            return Term(cast.type, f"(* {sorts.DAY} {arg.value})", arg.null, ident)
        case t.Timestamp(), t.Date():
            return Term(cast.type, f"(div {arg.value} {sorts.DAY})", arg.null, ident)
        case t.Enum(_, labels), t.Text():
            return _label(encoder, labels, arg, ident)
        case t.Int(), t.Float() if isinstance(cast.arg, Literal) and isinstance(cast.arg.value, int):
            return Term(cast.type, smt.rational(sorts.float_key(float(cast.arg.value))), smt.FALSE, ident)
        case t.Null(), _:
            return encoder.null(cast.type)
        case _:
            return None


def _label(encoder: Encoder, labels: tuple[str, ...], arg: Term, ident: str) -> Term:
    texts = [encoder.literal(Literal(label, t.TEXT)).value for label in labels]
    value = texts[-1]
    for number, text in reversed(tuple(enumerate(texts[:-1]))):
        value = smt.ite(f"(= {arg.value} {number})", text, value)
    assert is_exact(t.TEXT)
    return Term(t.TEXT, value, arg.null, ident)
