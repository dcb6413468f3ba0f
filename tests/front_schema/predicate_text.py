"""Predicates as text, short enough to be compared in tests."""

from __future__ import annotations

from liq.model.expr import (
    And,
    Call,
    Cast,
    ClaimRef,
    ColumnRef,
    Exists,
    Expr,
    InList,
    InQuery,
    Is,
    Literal,
    Not,
    Or,
    ParamRef,
    Relation,
    ScalarQuery,
)
from liq.model.ir import Scan
from liq.model.node import walk


def text_of(expr: Expr) -> str:
    """A predicate, with subqueries shown as what they read."""
    match expr:
        case And(args):
            return "(" + " and ".join(text_of(a) for a in args) + ")"
        case Or(args):
            return "(" + " or ".join(text_of(a) for a in args) + ")"
        case Not(arg):
            return f"not {text_of(arg)}"
        case Is(arg, truth, negated):
            return f"{text_of(arg)} is {'not ' if negated else ''}{truth.value}"
        case Literal(value):
            return repr(value) if isinstance(value, str) else str(value).lower()
        case ClaimRef(name):
            return f"@{name}"
        case ParamRef(name):
            return f"${name}"
        case ColumnRef(name=name):
            return name
        case Cast(arg, type_):
            return f"{text_of(arg)}::{type_}"
        case InList(operands, rows):
            listed = ", ".join(text_of(e) for row in rows for e in row)
            return f"{', '.join(text_of(o) for o in operands)} in ({listed})"
        case Call(function, (left, right)) if not function.isidentifier():
            return f"{text_of(left)} {function} {text_of(right)}"
        case Call(function, args):
            return f"{function}({', '.join(text_of(a) for a in args)})"
        case ScalarQuery(query) | Exists(query) | InQuery(query=query):
            return f"<{type(expr).__name__} {_tables(query)}>"
        case _:
            return type(expr).__name__


def _tables(query: Relation) -> str:
    scans = [node for node in walk(query) if isinstance(node, Scan)]
    return " ".join(s.table if s.access is None else f"{s.table}[{text_of(s.access.predicate)}]" for s in scans)
