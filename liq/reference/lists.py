"""Functions of lists. Elements may be null; a null matches nothing but where PostgreSQL says so."""

from __future__ import annotations

from liq.model.types import Type
from liq.model.values import Value
from liq.reference.casts import output
from liq.reference.compare import order_key
from liq.reference.errors import too_long
from liq.reference.text import TEXT_LENGTH_MAX

Items = tuple[Value, ...]


def contains_value(type_: Type, value: Value, items: Items | None) -> bool | None:
    """``value in items``: the OR of equalities; false for an empty list, whatever the value."""
    if items is None:
        return None
    if not items:
        return False
    if value is None:
        return None
    if any(item is not None and order_key(type_, item) == order_key(type_, value) for item in items):
        return True
    return None if None in items else False


def element(items: Items, index: int) -> Value:
    """The element at a position counted from 0; null beyond the ends."""
    return items[index] if 0 <= index < len(items) else None


def position(type_: Type, items: Items | None, value: Value) -> int | None:
    """Where a value first stands, counted from 1; a null is found as well."""
    if items is None:
        return None
    for number, item in enumerate(items, 1):
        if item is None or value is None:
            if item is value:
                return number
        elif order_key(type_, item) == order_key(type_, value):
            return number
    return None


def append(items: Items | None, value: Value) -> Items:
    """The list with one more element; null counts as the empty list."""
    return (*(items or ()), value)


def concatenate(left: Items | None, right: Items | None) -> Items | None:
    """Both lists, one behind the other; a null one does not count."""
    if left is None or right is None:
        return left if right is None else right
    return left + right


def has_any(type_: Type, left: Items, right: Items) -> bool:
    """Whether the lists share a value."""
    return bool(_keys(type_, left) & _keys(type_, right))


def has_all(type_: Type, left: Items, right: Items) -> bool:
    """Whether every element on the right is one on the left; a null never is."""
    return None not in right and _keys(type_, right) <= _keys(type_, left)


def _keys(type_: Type, items: Items) -> set[object]:
    return {order_key(type_, item) for item in items if item is not None}


def to_string(type_: Type, items: Items, separator: str) -> str:
    """The texts of the elements that are not null, joined."""
    texts = [output(type_, item) for item in items if item is not None]
    if sum(map(len, texts)) + len(separator) * len(texts) > TEXT_LENGTH_MAX:
        too_long()
    return separator.join(texts)
