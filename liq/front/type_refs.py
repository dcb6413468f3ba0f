"""Types as written in source, looked up."""

from __future__ import annotations

from liq.front.context import Context, closest
from liq.model import codes
from liq.model.types import NAMED, Cursor, Decimal, List, Type, Vector
from liq_grammar import syntax

DECIMAL_PRECISION_MAX = 38
VECTOR_DIMENSIONS_MAX = 16_000


def resolve_type(ref: syntax.TypeRef, context: Context, *, parameter: bool = False) -> Type | None:
    """The type that ``ref`` names (its ``?`` is the caller's business); None, reported, where there is none.

    ``parameter``: it may also be ``cursor``, whose keys are those of the order it continues.
    """
    if parameter and ref.name.text == "cursor" and not ref.arguments and not ref.is_list:
        return Cursor(())
    type_ = _element(ref, context)
    if type_ is None or not ref.is_list:
        return type_
    if isinstance(type_, Vector):
        context.report(codes.TYPE_SIZE, ref.span, "there are no lists of vectors")
        return None
    return List(type_)


def _element(ref: syntax.TypeRef, context: Context) -> Type | None:
    name, sizes = ref.name.text, ref.arguments
    if name == "decimal" and sizes:
        return _decimal(ref, context)
    if name == "vector":
        if len(sizes) == 1 and 1 <= sizes[0] <= VECTOR_DIMENSIONS_MAX:
            return Vector(sizes[0])
        context.report(
            codes.TYPE_SIZE, ref.span, f"a vector has its number of dimensions, 1 to {VECTOR_DIMENSIONS_MAX}",
            help="write vector(768)",
        )  # fmt: skip
        return None
    type_ = NAMED.get(name) or context.names.enum(name)
    if type_ is None:
        meant = closest(name, (*NAMED, "vector", *context.names.enum_names()))
        also = _FOREIGN.get(name)
        hint = f" — write {also}" if also else f" — did you mean {meant}?" if meant else ""
        context.report(codes.UNKNOWN_TYPE, ref.span, f'unknown type "{name}"{hint}')
    elif sizes:
        context.report(codes.TYPE_SIZE, ref.span, f"{name} has no size", help=f"write {name}")
    return type_


def _decimal(ref: syntax.TypeRef, context: Context) -> Type | None:
    precision, scale = (*ref.arguments, 0)[:2]
    if len(ref.arguments) > 2 or not (1 <= precision <= DECIMAL_PRECISION_MAX and 0 <= scale <= precision):
        context.report(
            codes.TYPE_SIZE, ref.span,
            f"a decimal has 1 to {DECIMAL_PRECISION_MAX} digits, of which none to all stand behind the point",
            help="write decimal(15, 2)",
        )  # fmt: skip
        return None
    return Decimal(precision, scale)


_FOREIGN = {
    "integer": "int32 or int", "bigint": "int", "smallint": "int16", "int4": "int32", "int8": "int", "int2": "int16",
    "int64": "int", "varchar": "text", "char": "text", "string": "text", "boolean": "bool", "double": "float",
    "real": "float", "float8": "float", "float4": "float", "numeric": "decimal", "number": "decimal",
    "jsonb": "json", "bytea": "bytes", "blob": "bytes", "timestamptz": "timestamp", "datetime": "timestamp",
    "serial": "int with auto", "bigserial": "int with auto",
}  # fmt: skip
"""What other systems call our types."""
