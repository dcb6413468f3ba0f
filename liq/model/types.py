"""The types of liq. Nullability is not part of a type; it stands beside it (``Column.nullable``, ``Expr.nullable``)."""

from __future__ import annotations

from attrs import frozen


@frozen
class Bool:
    """Three-valued truth: true, false, null."""

    def __str__(self) -> str:
        return "bool"


@frozen
class Int:
    """Checked integers. Narrow columns (16, 32 bits) are range-checked; every expression computes in 64 bits."""

    bits: int = 64

    def __attrs_post_init__(self) -> None:
        assert self.bits in (16, 32, 64)

    def __str__(self) -> str:
        return "int" if self.bits == 64 else f"int{self.bits}"


@frozen
class Float:
    """IEEE double with PostgreSQL's order: NaN equals NaN and is greater than every number."""

    def __str__(self) -> str:
        return "float"


@frozen
class Decimal:
    """Exact decimals of at most 38 digits; ``precision`` and ``scale`` (digits) are both set or both absent."""

    precision: int | None = None
    scale: int | None = None

    def __str__(self) -> str:
        return "decimal" if self.precision is None else f"decimal({self.precision}, {self.scale})"


@frozen
class Text:
    """Unicode text without NUL, compared by code point."""

    def __str__(self) -> str:
        return "text"


@frozen
class Bytes:
    """Byte strings, compared by byte."""

    def __str__(self) -> str:
        return "bytes"


@frozen
class Uuid:
    """128-bit identifiers, compared by byte."""

    def __str__(self) -> str:
        return "uuid"


@frozen
class Date:
    """Calendar days of the proleptic Gregorian calendar, years 1 to 9999."""

    def __str__(self) -> str:
        return "date"


@frozen
class Time:
    """Time of day in microseconds, without a zone."""

    def __str__(self) -> str:
        return "time"


@frozen
class Timestamp:
    """An instant, in microseconds; calendar functions read it in UTC."""

    def __str__(self) -> str:
        return "timestamp"


@frozen
class Interval:
    """Months, days and microseconds, kept apart as PostgreSQL does."""

    def __str__(self) -> str:
        return "interval"


@frozen
class Json:
    """A JSON value (jsonb): no duplicate members, exact numbers."""

    def __str__(self) -> str:
        return "json"


@frozen
class Vector:
    """A fixed number of float4 components."""

    dimensions: int

    def __str__(self) -> str:
        return f"vector({self.dimensions})"


@frozen
class Enum:
    """A declared, ordered set of labels."""

    name: str
    labels: tuple[str, ...]

    def __str__(self) -> str:
        return self.name


@frozen
class List:
    """A list of scalars or of records (nested rows); elements of a scalar list may be null."""

    element: Type

    def __str__(self) -> str:
        return f"{self.element}[]"


@frozen
class RecordField:
    """One labelled member of a record."""

    name: str
    type: Type
    nullable: bool


@frozen
class Record:
    """A nested object, as a nested shape yields."""

    fields: tuple[RecordField, ...]

    def __str__(self) -> str:
        return "{ " + ", ".join(f"{f.name}: {f.type}{'?' if f.nullable else ''}" for f in self.fields) + " }"


@frozen
class Cursor:
    """An opaque page token over order keys of these types."""

    keys: tuple[Type, ...]

    def __str__(self) -> str:
        return "cursor"


@frozen
class Null:
    """The type of a bare ``null`` before it meets another type."""

    def __str__(self) -> str:
        return "null"


Type = (
    Bool | Int | Float | Decimal | Text | Bytes | Uuid | Date | Time | Timestamp | Interval | Json | Vector | Enum
    | List | Record | Cursor | Null
)

BOOL, INT, INT16, INT32, FLOAT, DECIMAL, TEXT = Bool(), Int(), Int(16), Int(32), Float(), Decimal(), Text()
BYTES, UUID, DATE, TIME, TIMESTAMP, INTERVAL, JSON, NULL = (
    Bytes(), Uuid(), Date(), Time(), Timestamp(), Interval(), Json(), Null()
)

NAMED: dict[str, Type] = {
    str(t): t
    for t in (BOOL, INT, INT16, INT32, FLOAT, DECIMAL, TEXT, BYTES, UUID, DATE, TIME, TIMESTAMP, INTERVAL, JSON)
}
"""The types that a name alone denotes; ``decimal(p, s)``, ``vector(n)``, enums and lists are built."""


def is_numeric(type_: Type) -> bool:
    """Whether arithmetic is defined: int, decimal or float."""
    return isinstance(type_, Int | Decimal | Float)


def widened(type_: Type) -> Type:
    """The type an expression computes in: narrow ints become int, sized decimals plain ones."""
    match type_:
        case Int():
            return INT
        case Decimal():
            return DECIMAL
        case _:
            return type_


def common_type(left: Type, right: Type) -> Type | None:
    """The type in which two operands meet (comparison, case branches, unions), or None when they do not.

    ``int`` widens to ``decimal``, both to ``float`` (PostgreSQL's preference); ``date`` to ``timestamp``; null to
    anything.
    """
    if left == right:
        return left
    match left, right:
        case Null(), _:
            return right
        case _, Null():
            return left
        case (Int() | Decimal() | Float()), (Int() | Decimal() | Float()):
            for wide in (Float, Decimal):
                if isinstance(left, wide) or isinstance(right, wide):
                    return wide()
            return INT
        case (Date(), Timestamp()) | (Timestamp(), Date()):
            return TIMESTAMP
        case List(a), List(b):
            element = common_type(a, b)
            return None if element is None else List(element)
        case _:
            return None
