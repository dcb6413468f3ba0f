"""The claims of a session: what a verified token holds, and what stands for it where it holds nothing."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import evolve

from liq.front.context import Context
from liq.front.declared import Declared
from liq.front.parts import single
from liq.front.row_expressions import NewContext, default_value
from liq.front.scope import Place
from liq.front.type_refs import resolve_type
from liq.model import codes
from liq.model.expr import ClaimRef
from liq.model.node import walk
from liq.model.schema import Claim
from liq.model.types import NULL, Cursor, Record, Vector
from liq_grammar import syntax

PATH_SEGMENTS_MAX = 16


def declare_claim(node: syntax.ClaimDecl, context: Context) -> Claim:
    """A claim without its default. Without ``from`` the token holds it under its own name."""
    type_ = resolve_type(node.type, context) or NULL
    if isinstance(type_, Vector | Record | Cursor):
        context.report(codes.CLAIM_PATH, node.type.span, f"a token holds no {type_}")
    source = single(node.parts, syntax.From, "from", context)
    single(node.parts, syntax.Default, "a default", context)
    path = node.name.text
    if source is not None:
        path = source.path.value
        _check_path(source.path, context)
    return Claim(node.name.text, type_, node.type.nullable, path, None, node.description or "", node.name.span)


def _check_path(path: syntax.Text, context: Context) -> None:
    segments = path.value.split(".")
    if all(segments) and len(segments) <= PATH_SEGMENTS_MAX:
        return
    context.report(
        codes.CLAIM_PATH, path.span, "the path of a claim is made of names with dots between them",
        help="write it like 'app_metadata.publisher_id'",
    )  # fmt: skip


def claim_defaults(
    claims: Mapping[str, Claim], declared: Mapping[str, Declared[syntax.ClaimDecl]], new_context: NewContext
) -> dict[str, Claim]:
    """Claims with their defaults, which may be reads of bare tables and may use other claims, but not in a circle."""
    complete: dict[str, Claim] = {}
    needs: dict[str, list[str]] = {}
    contexts: dict[str, Context] = {}
    for name, claim in claims.items():
        complete[name] = claim
        declaration = declared[name]
        parts = syntax.pick(declaration.node.parts, syntax.Default)
        if not parts:
            continue
        context = contexts[name] = new_context(declaration.file, 1)
        value = default_value(parts[0], claim.type, claim.nullable, context, place=Place.DEFAULT, subqueries=True)
        if value is not None:
            complete[name] = evolve(claim, default=value)
            needs[name] = list(dict.fromkeys(n.name for n in walk(value) if isinstance(n, ClaimRef)))
    for name in needs:
        circle = _circle(name, needs)
        if circle is not None:
            contexts[name].report(
                codes.RECURSION, claims[name].span,
                "the default of a claim needs the claim itself: " + " → ".join(f"@{c}" for c in circle),
            )  # fmt: skip
    return _in_order(complete, needs)


def _in_order(claims: Mapping[str, Claim], needs: Mapping[str, list[str]]) -> dict[str, Claim]:
    """Claims in declared order, but behind those that their defaults use: sessions are opened from first to last."""
    done: dict[str, Claim] = {}
    pending = list(claims)
    while pending:
        ready = next((name for name in pending if all(n in done for n in needs.get(name, ()))), pending[0])
        done[ready] = claims[ready]
        pending.remove(ready)
    return done


def _circle(start: str, needs: Mapping[str, list[str]]) -> list[str] | None:
    """A way from a claim back to itself."""
    pending, seen = [[start]], {start}
    while pending:
        way = pending.pop()
        for following in needs.get(way[-1], ()):
            if following == start:
                return [*way, start]
            if following not in seen:
                seen.add(following)
                pending.append([*way, following])
    return None
