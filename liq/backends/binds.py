"""What each bind of an emitted text stands for in one call."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence

from attrs import field, frozen

from liq.backends.wire import encode
from liq.model import types as t
from liq.model.emitted import HashPad, LetColumn, RowsColumn, SqlText
from liq.model.errors import ErrorKind, LiqError
from liq.model.expr import ClaimRef, Expr, Is, Literal, ParamRef
from liq.model.values import Value

HMAC_BLOCK = 64
INNER_PAD, OUTER_PAD = 0x36, 0x5C

RowLists = Mapping[str, Sequence[Mapping[str, Value]]]
Lets = Mapping[str, "LetRows"]


@frozen
class LetRows:
    """The rows that a step bound, and the types of their columns."""

    types: tuple[t.Type, ...]
    rows: tuple[tuple[Value, ...], ...]


@frozen
class Arguments:
    """Everything that binds may ask for."""

    params: Mapping[str, Value]
    row_lists: RowLists
    claims: Mapping[str, Value]
    row_types: Mapping[str, Mapping[str, t.Type]] = field(factory=dict)
    lets: Lets = field(factory=dict)
    hash_key: bytes | None = None

    def value(self, bind: Expr) -> tuple[Value, t.Type]:
        """The value of a bind and its type on the wire."""
        match bind:
            case ParamRef(name, type_, _, key):
                value = self.params[name]
                if key is not None:
                    assert value is None or isinstance(value, tuple)
                    return (None if value is None else value[key]), type_
                return value, type_
            case ClaimRef(name, type_):
                return self.claims[name], type_
            case Literal(value, type_):
                return value, type_
            case Is(ParamRef(name), negated=True):
                return self.params[name] is not None, t.BOOL
            case HashPad(inner):
                return self._pad(inner), t.BYTES
            case RowsColumn(param, column, type_):
                rows = self.row_lists[param]
                return self._list(
                    (row.get(column) for row in rows), type_, self.row_types[param].get(column, t.TEXT)
                ), type_
            case LetColumn(name, position, type_):
                let = self.lets[name]
                return self._list((row[position] for row in let.rows), type_, let.types[position]), type_
            case _:
                raise AssertionError(type(bind))

    @staticmethod
    def _list(values: Iterable[Value], type_: t.Type, source: t.Type) -> Value:
        """A list; elements of nested types travel as the texts of their own wire form."""
        assert isinstance(type_, t.List)
        items = tuple(values)
        if isinstance(type_.element, t.Text) and not isinstance(source, t.Text):
            return tuple(encode(item, source) for item in items)
        return items

    def _pad(self, inner: bool) -> bytes:
        key = self.hash_key
        if key is None:
            raise LiqError(ErrorKind.BACKEND, "the host has given no key for hash")
        block = (hashlib.sha256(key).digest() if len(key) > HMAC_BLOCK else key).ljust(HMAC_BLOCK, b"\0")
        return bytes(byte ^ (INNER_PAD if inner else OUTER_PAD) for byte in block)


def texts(sql: SqlText, arguments: Arguments) -> list[str | None]:
    """The values of a text's binds as PostgreSQL reads them, in order."""
    return [encode(*arguments.value(bind)) for bind in sql.binds]
