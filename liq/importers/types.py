"""Types of PostgreSQL and SQLite, and what they become."""

from __future__ import annotations

from attrs import evolve, frozen

from liq.importers.database import Database, When
from liq.importers.ddl import CheckConstraint, Fragment, SqlType
from liq.importers.ddl import Name as SqlName
from liq_grammar import syntax

DECIMAL_DIGITS = 38
VECTOR_DIMENSIONS_MAX = 16_000
DOMAIN_DEPTH_MAX = 16

_POSTGRES = {
    "bool": "bool", "boolean": "bool", "smallint": "int16", "int2": "int16", "integer": "int32", "int": "int32",
    "int4": "int32", "bigint": "int", "int8": "int", "double precision": "float", "float8": "float", "float": "float",
    "real": "float", "float4": "float", "numeric": "decimal", "decimal": "decimal", "dec": "decimal", "text": "text",
    "varchar": "text", "character varying": "text", "char varying": "text", "national character varying": "text",
    "character": "text", "char": "text", "bpchar": "text", "national character": "text", "citext": "text",
    "name": "text", "uuid": "uuid", "bytea": "bytes", "date": "date", "time": "time", "time without time zone": "time",
    "timestamp": "timestamp", "timestamp without time zone": "timestamp", "timestamptz": "timestamp",
    "timestamp with time zone": "timestamp", "interval": "interval", "json": "json", "jsonb": "json",
    "vector": "vector",
}  # fmt: skip
_SERIALS = {
    "smallserial": "int16", "serial2": "int16", "serial": "int32", "serial4": "int32", "bigserial": "int",
    "serial8": "int",
}  # fmt: skip
_NOTES = {
    "real": "real has fewer digits than liq's float, which is double precision",
    "float4": "real has fewer digits than liq's float, which is double precision",
    "timestamp": "a timestamp without time zone becomes an instant: its values are taken to be UTC",
    "timestamp without time zone": "a timestamp without time zone becomes an instant: its values are taken to be UTC",
    "char": "char(n) pads with blanks, text does not",
    "character": "char(n) pads with blanks, text does not",
    "bpchar": "char(n) pads with blanks, text does not",
    "national character": "char(n) pads with blanks, text does not",
    "citext": "citext compares without case, text with it",
    "json": "json keeps its text as written; liq's json is jsonb: members are ordered, the last of equal names counts",
}
_SIZED_TEXT = frozenset(
    "varchar,character varying,char varying,national character varying,character,char,national character".split(",")
)


@frozen
class Mapped:
    """A type in liq. ``kind`` is its name for telling what meets what: ``text``, ``enum:status``, ``list:text``.

    ``length``: at most so many characters. ``checks`` are those of domains, over ``VALUE``. ``note`` says what differs.
    """

    ref: syntax.TypeRef
    kind: str
    auto: bool = False
    length: int | None = None
    checks: tuple[tuple[CheckConstraint, When], ...] = ()
    not_null: bool = False
    default: Fragment | None = None
    note: str | None = None


def kind_of(name: str) -> str:
    """The kind of a type of liq: the widths of ints do not matter."""
    return "int" if name in ("int16", "int32") else name


def plain(name: str, *arguments: int) -> Mapped:
    """A type that a name and sizes denote."""
    return Mapped(syntax.TypeRef(syntax.QualifiedName((syntax.Name(name),)), arguments), kind_of(name))


def map_type(type_: SqlType | None, database: Database, when: When) -> Mapped | str:
    """What a type becomes; a text says why it cannot."""
    if database.dialect == "sqlite":
        return _affinity(type_)
    assert type_ is not None, "columns of PostgreSQL have types"
    return _postgres(type_, database, when, DOMAIN_DEPTH_MAX)


def _postgres(type_: SqlType, database: Database, when: When, depth: int) -> Mapped | str:
    if depth == 0:
        return f"domain {type_.name} is made of too many others"
    if type_.dimensions > 1:
        return f"lists of lists such as {type_.name}[][] do not exist in liq"
    named = _named(type_, database, when, depth)
    if isinstance(named, str):
        return named
    if type_.dimensions:
        return _listed(named, type_)
    return named


def _listed(element: Mapped, type_: SqlType) -> Mapped | str:
    if element.checks or element.kind == "vector" or element.auto:
        return f"lists of {type_.name} do not exist in liq"
    note = element.note
    if element.length is not None:
        note = f"the length of the elements of {type_.name}({element.length})[] is not checked"
    return Mapped(syntax.evolve(element.ref, is_list=True), f"list:{element.kind}", note=note)


def _named(type_: SqlType, database: Database, when: When, depth: int) -> Mapped | str:
    if type_.schema in (None, "pg_catalog", "public", "extensions"):
        if type_.name in _SERIALS:
            return evolve(plain(_SERIALS[type_.name]), auto=True)
        if type_.name in _POSTGRES:
            return _builtin(type_)
    name = SqlName((type_.schema, type_.name) if type_.schema else (type_.name,))
    enum = database.enum(name, when)
    if enum is not None:
        ref = syntax.TypeRef(qualified(database, enum.schema, enum.name))
        return Mapped(ref, f"enum:{ref.name.text}")
    for key in database.candidates(name, when):
        if key in database.domains:
            return _domain(key, database, depth)
    return f"type {name.text} does not exist in liq"


def _builtin(type_: SqlType) -> Mapped | str:
    name, sizes = _POSTGRES[type_.name], _sizes(type_)
    if sizes is None:
        return f"the size of {type_.name} is not a number"
    note = _NOTES.get(type_.name)
    if name == "decimal":
        return _decimal(sizes, type_.name)
    if name == "vector":
        if len(sizes) != 1 or not 1 <= sizes[0] <= VECTOR_DIMENSIONS_MAX:
            return f"a vector has its number of dimensions, 1 to {VECTOR_DIMENSIONS_MAX}"
        return plain("vector", *sizes)
    found = evolve(plain(name), note=note)
    if type_.name in _SIZED_TEXT:
        length = sizes[0] if sizes else 1 if type_.name in ("char", "character", "national character") else None
        return evolve(found, length=length)
    if sizes and name in ("timestamp", "time", "interval"):
        rounding = f"{type_.name}({sizes[0]}) rounds to {sizes[0]} digits of a second, liq does not"
        return evolve(found, note=note or rounding)
    if sizes and type_.name == "float" and sizes[0] < 25:
        return evolve(found, note=_NOTES["real"])
    return found


def _decimal(sizes: tuple[int, ...], written: str) -> Mapped | str:
    if not sizes:
        return plain("decimal")
    precision, scale = (*sizes, 0)[:2]
    if scale < 0 or scale > precision:
        return f"{written}({precision}, {scale}) does not exist in liq: none to all digits stand behind the point"
    if precision > DECIMAL_DIGITS:
        note = f"{written}({precision}, {scale}) has more than {DECIMAL_DIGITS} digits, liq's decimal has not"
        return evolve(plain("decimal"), note=note)
    return plain("decimal", precision, scale)


def _sizes(type_: SqlType) -> tuple[int, ...] | None:
    try:
        return tuple(int(text) for text in type_.arguments if len(text) <= 9)
    except ValueError:
        return None


def _domain(key: tuple[str, str], database: Database, depth: int) -> Mapped | str:
    domain, when, _ = database.domains[key]
    base = _postgres(domain.type, database, when, depth - 1)
    if isinstance(base, str):
        return base
    checks = (*base.checks, *((check, when) for check in domain.checks))
    return evolve(
        base, checks=checks, not_null=base.not_null or domain.not_null, default=domain.default or base.default
    )


def qualified(database: Database, schema: str, name: str) -> syntax.QualifiedName:
    """A name as liq writes it: the schema stands before it where that is not the usual one."""
    parts = (name,) if schema == database.home else (schema, name)
    return syntax.QualifiedName(tuple(syntax.Name(part) for part in parts))


def _affinity(type_: SqlType | None) -> Mapped | str:
    """SQLite's rules for declared types, and what is plainly meant by a few names."""
    if type_ is None:
        return evolve(plain("bytes"), note="a column without a type holds anything; liq keeps bytes")
    name, sizes = type_.name, _sizes(type_) or ()
    words = name.split()
    if name in ("boolean", "bool"):
        return plain("bool")
    if name in ("datetime", "timestamp", "timestamptz", "timestamp with time zone"):
        return evolve(plain("timestamp"), note=f"{name.upper()} of SQLite holds what is put in; liq keeps instants")
    if name == "date":
        return evolve(plain("date"), note="DATE of SQLite holds what is put in; liq keeps days")
    if name == "any":
        return evolve(plain("text"), note="ANY holds values of any type; liq keeps their text")
    if "int" in name:
        return plain("int")
    if any(part in name for part in ("char", "clob", "text")):
        return evolve(plain("text"), note=None)
    if "blob" in name:
        return plain("bytes")
    if any(part in name for part in ("real", "floa", "doub")):
        return plain("float")
    if words[0] in ("decimal", "numeric"):
        found = _decimal(sizes, words[0])
        exact = "SQLite keeps decimals as floats; liq keeps them exact"
        return found if isinstance(found, str) else evolve(found, note=exact)
    if name in ("uuid", "json", "jsonb", "string", "time"):
        kept = {"string": "text", "time": "text", "jsonb": "json"}.get(name, name)
        return evolve(plain(kept), note=f"{name.upper()} of SQLite holds what is put in; liq keeps {kept}")
    note = f"{name.upper()} of SQLite holds numbers, or what is put in; liq keeps decimals"
    return evolve(plain("decimal"), note=note)
