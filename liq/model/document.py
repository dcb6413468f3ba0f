"""The plan document ``liq.plan/1`` and the schema document ``liq.schema/1``: what leaves the compiler, and how it
is read.

``plan_id`` covers what runs and what is promised: parameters and preconditions, claims, result, effects, bounds, schema
epoch, physical plan, SQL. ``document`` covers everything but itself. White space, comments and the name of a query
change the second, never the first. Reading is closed-world: a document that is not exactly what its own content
writes is refused before anyone looks at it (see ``docs/plan-document.md``).
"""

from __future__ import annotations

import hashlib
from typing import Any

import attrs
from attrs import field, frozen

from liq.model.codec import Codec, ir_codec, physical_codec
from liq.model.codes import DOCUMENT_CLAIM, DOCUMENT_FORMAT, DOCUMENT_HASH, DOCUMENT_LIMIT, DOCUMENT_SHAPE
from liq.model.diagnostics import Diagnostic
from liq.model.effects import Effect, claims_of, effects_of, row_bound
from liq.model.emitted import SqlPlan
from liq.model.ir import Delete, Insert, Parameter, Precondition, Query, Update
from liq.model.json_text import LIMITS, DocumentError, Json, canonical, canonical_object, parse, refuse, shown
from liq.model.physical import PhysicalPlan
from liq.model.schema import Claim, Schema
from liq.model.source import NO_SPAN, Span
from liq.model.stack import stack_room
from liq.model.tool_schema import tool_schema
from liq.model.trust import Trust, trust_of_result
from liq.model.types import Type
from liq.model.version import COMPILER

PLAN_FORMAT = "liq.plan/1"
SCHEMA_FORMAT = "liq.schema/1"
_EPOCH = "_epoch"


@frozen
class SourceText:
    """What was compiled: the text that every span of the IR points into, and where in it the query stands."""

    name: str
    text: str = field(repr=False)
    span: Span = NO_SPAN


@frozen
class ResultColumn:
    """One column of the rows that a caller gets."""

    name: str
    type: Type
    nullable: bool
    trust: Trust


@frozen
class Result:
    """What a call returns: rows, or (``affected``) the number of rows written. ``paging``: the cursor parameter."""

    columns: tuple[ResultColumn, ...]
    affected: bool = False
    ordered: bool = False
    paging: str | None = None


@frozen
class Bounds:
    """What a call can cost. ``rows``: the greatest number of rows of the result, where the plan bounds it."""

    rows: int | None = None


@frozen(slots=False)
class PlanDocument:
    """One compiled query. ``data`` are its canonical bytes."""

    query: Query
    source: SourceText
    claims: tuple[Claim, ...]
    result: Result
    effects: tuple[Effect, ...]
    bounds: Bounds
    schema_epoch: str
    physical: PhysicalPlan
    sql: dict[str, SqlPlan]
    warnings: tuple[Diagnostic, ...] = ()
    compiler: str = COMPILER
    plan_id: str = field(default="", eq=False)
    document: str = field(default="", eq=False)
    data: bytes = field(default=b"", eq=False, repr=False)

    @property
    def name(self) -> str:
        """The name of the query."""
        return self.query.name


@frozen
class _Section:
    """A member of the document: how it is written, and whether ``plan_id`` covers it."""

    codec: Codec
    kind: Any
    covered: bool


_BARE, _FULL, _PHYSICAL = ir_codec(spans=False), ir_codec(), physical_codec()
SECTIONS: dict[str, _Section] = {
    "bounds": _Section(_BARE, Bounds, True),
    "claims": _Section(_BARE, tuple[Claim, ...], True),
    "effects": _Section(_BARE, tuple[Effect, ...], True),
    "parameters": _Section(_BARE, tuple[Parameter, ...], True),
    "physical": _Section(_PHYSICAL, PhysicalPlan, True),
    "preconditions": _Section(_BARE, tuple[Precondition, ...], True),
    "result": _Section(_BARE, Result, True),
    "schema_epoch": _Section(_BARE, str, True),
    "sql": _Section(_PHYSICAL, dict[str, SqlPlan], True),
    "compiler": _Section(_BARE, str, False),
    "ir": _Section(_FULL, Query, False),
    "name": _Section(_BARE, str, False),
    "source": _Section(_FULL, SourceText, False),
    "warnings": _Section(_FULL, tuple[Diagnostic, ...], False),
}
"""Every typed member. Beside them stand ``format``, ``params`` (derived, covered), ``plan_id`` and ``document``."""


def digest(data: bytes) -> str:
    """The SHA-256 of bytes, as documents write it."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def schema_epoch(schema: Schema) -> str:
    """The hash of everything that a schema means; spans and descriptions are not part of it. Kept beside the schema."""
    kept = vars(schema)
    if _EPOCH not in kept:
        with stack_room():
            kept[_EPOCH] = digest(canonical(ir_codec(spans=False, descriptions=False).encode(Schema, schema)))
    epoch: str = kept[_EPOCH]
    return epoch


# --------------------------------------------------------------------------------------------------- making
def make_document(
    *,
    query: Query,
    physical: PhysicalPlan,
    sql: dict[str, SqlPlan],
    schema: Schema,
    source: SourceText,
    warnings: tuple[Diagnostic, ...] = (),
) -> PlanDocument:
    """The document of a compiled query; everything that can be derived is derived here."""
    with stack_room():
        return _sealed(PlanDocument(
            query=query,
            source=source,
            claims=claims_of((query, physical), schema),
            result=result_of(query, physical),
            effects=effects_of(physical, schema),
            bounds=Bounds(row_bound(physical, query.preconditions, schema)),
            schema_epoch=schema_epoch(schema),
            physical=physical,
            sql=sql,
            warnings=warnings,
        ))  # fmt: skip


def result_of(query: Query, physical: PhysicalPlan) -> Result:
    """What a call of the query returns."""
    last = query.statements[-1]
    affected = isinstance(last.body, Insert | Update | Delete) and not last.shows
    labels = trust_of_result(physical)
    columns = () if affected else tuple(
        ResultColumn(column.name, column.type, column.nullable, label)
        for column, label in zip(query.result, labels, strict=False)
    )  # fmt: skip
    return Result(columns, affected, query.ordered, query.paging.param if query.paging else None)


def _members(plan: PlanDocument) -> dict[str, bytes]:
    """The canonical bytes of every member but the two hashes."""
    values: dict[str, Any] = {
        "bounds": plan.bounds, "claims": plan.claims, "compiler": plan.compiler, "effects": plan.effects,
        "ir": plan.query, "name": plan.query.name, "parameters": plan.query.parameters, "physical": plan.physical,
        "preconditions": plan.query.preconditions, "result": plan.result, "schema_epoch": plan.schema_epoch,
        "source": plan.source, "sql": plan.sql, "warnings": plan.warnings,
    }  # fmt: skip
    members = {key: canonical(section.codec.encode(section.kind, values[key])) for key, section in SECTIONS.items()}
    members["format"] = canonical(PLAN_FORMAT)
    members["params"] = canonical(tool_schema(plan.query.parameters, plan.query.preconditions))
    return members


_COVERED = frozenset({"format", "params", *(key for key, section in SECTIONS.items() if section.covered)})


def _sealed(plan: PlanDocument) -> PlanDocument:
    """The plan with its hashes and bytes."""
    members = _members(plan)
    plan_id = digest(canonical_object({key: members[key] for key in _COVERED}))
    members["plan_id"] = canonical(plan_id)
    document = digest(canonical_object(members))
    members["document"] = canonical(document)
    data = canonical_object(members)
    if len(data) > LIMITS.bytes_max:
        refuse(DOCUMENT_LIMIT, f"the plan has {len(data)} bytes; documents have at most {LIMITS.bytes_max}")
    return attrs.evolve(plan, plan_id=plan_id, document=document, data=data)


# --------------------------------------------------------------------------------------------------- reading
def read_plan(data: bytes | str, file: str = "") -> PlanDocument:
    """The plan of a document, or ``DocumentError``. What it says of itself is checked; ``against_schema`` checks
    the rest.
    """
    try:
        with stack_room():
            return _read_plan(data, file)
    except RecursionError:
        refuse(DOCUMENT_LIMIT, "the plan nests too deeply", file=file)


def _read_plan(data: bytes | str, file: str) -> PlanDocument:
    raw = _top(parse(data, file), PLAN_FORMAT, {"params", "plan_id", "document", *SECTIONS}, file)
    values = {
        key: section.codec.decode(section.kind, raw[key], file, root=key) for key, section in SECTIONS.items()
    }
    query: Query = values["ir"]
    if not query.statements or not values["physical"].steps:
        refuse(DOCUMENT_SHAPE, "a plan has at least one statement", file=file)
    plan = _sealed(PlanDocument(
        query=query, source=values["source"], claims=values["claims"], result=values["result"],
        effects=values["effects"], bounds=values["bounds"], schema_epoch=values["schema_epoch"],
        physical=values["physical"], sql=values["sql"], warnings=values["warnings"], compiler=values["compiler"],
    ))  # fmt: skip
    repeated = {"name": query.name, "parameters": query.parameters, "preconditions": query.preconditions}
    for key, value in repeated.items():
        if values[key] != value:
            refuse(DOCUMENT_CLAIM, f"{key} and ir do not say the same", file=file)
    if canonical(raw["params"]) != canonical(tool_schema(query.parameters, query.preconditions)):
        refuse(DOCUMENT_CLAIM, "params is not the schema of the parameters", file=file)
    if plan.result != result_of(query, plan.physical):
        refuse(DOCUMENT_CLAIM, "result is not what the plan returns", file=file)
    _check_hash("plan_id", raw["plan_id"], plan.plan_id, file)
    _check_hash("document", raw["document"], plan.document, file)
    return plan


def against_schema(plan: PlanDocument, schema: Schema) -> None:
    """Refuse a plan that was made for another schema, or whose promises are not those its physical plan keeps there."""
    file = plan.source.name
    if plan.schema_epoch != schema_epoch(schema):
        refuse(DOCUMENT_CLAIM, "the plan was compiled for another schema", file=file, help="compile it again")
    derived = {
        "claims": (plan.claims, claims_of((plan.query, plan.physical), schema)),
        "effects": (plan.effects, effects_of(plan.physical, schema)),
        "bounds": (plan.bounds, Bounds(row_bound(plan.physical, plan.query.preconditions, schema))),
    }
    for key, (said, found) in derived.items():
        if said != found:
            refuse(DOCUMENT_CLAIM, f"{key} is not what the plan does", file=file)


def _top(raw: Json, expected: str, members: set[str], file: str) -> dict[str, Json]:
    if not isinstance(raw, dict):
        refuse(DOCUMENT_SHAPE, "a document is an object", file=file)
    written = raw.get("format")
    if written != expected:
        said = shown(written) if isinstance(written, str) else "none"
        refuse(DOCUMENT_FORMAT, f"expected a document of format {expected}, found {said}", file=file)
    names = members | {"format"}
    for key in sorted(raw.keys() ^ names):
        has = "has no member" if key in raw else "needs the member"
        refuse(DOCUMENT_SHAPE, f"a document {has} {shown(key)}", file=file)
    return raw


def _check_hash(name: str, said: Json, found: str, file: str) -> None:
    if said != found:
        refuse(DOCUMENT_HASH, f"{name} is not the hash of the content", file=file)


# --------------------------------------------------------------------------------------------------- schemas
def write_schema(schema: Schema) -> bytes:
    """The canonical bytes of a schema document."""
    with stack_room():
        members = {
            "epoch": canonical(schema_epoch(schema)),
            "format": canonical(SCHEMA_FORMAT),
            "schema": canonical(_FULL.encode(Schema, schema)),
        }
    return canonical_object(members)


def read_schema(data: bytes | str, file: str = "") -> Schema:
    """The schema of a document, or ``DocumentError``."""
    try:
        with stack_room():
            raw = _top(parse(data, file), SCHEMA_FORMAT, {"epoch", "schema"}, file)
            schema: Schema = _FULL.decode(Schema, raw["schema"], file, root="schema")
            _check_hash("epoch", raw["epoch"], schema_epoch(schema), file)
            return schema
    except RecursionError:
        refuse(DOCUMENT_LIMIT, "the schema nests too deeply", file=file)


__all__ = [
    "PLAN_FORMAT", "SCHEMA_FORMAT", "SECTIONS", "Bounds", "DocumentError", "PlanDocument", "Result", "ResultColumn",
    "SourceText", "against_schema", "digest", "make_document", "read_plan", "read_schema", "result_of", "schema_epoch",
    "write_schema",
]  # fmt: skip
