"""Kinds of types: which have an order, which can be told apart."""

from __future__ import annotations

from liq.model.types import Cursor, List, Null, Record, Type, Vector


def orderable(type_: Type) -> bool:
    """Whether values have an order."""
    match type_:
        case Vector() | Record() | Cursor() | Null():
            return False
        case List(element):
            return orderable(element)
        case _:
            return True


def groupable(type_: Type) -> bool:
    """Whether equal values can be told."""
    return isinstance(type_, Vector) or orderable(type_)
