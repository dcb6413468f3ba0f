"""Who owns rows, read off the policies: a column that equals a claim, or that a membership table ties to the user.

``org_id = @org`` makes org a tenant and org_id its column; ``org_id in (read members { org_id } where user_id = @uid)``
makes members a membership table. The claim of the user in a membership table is nobody's tenant.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from attrs import frozen

from liq.model.expr import Call, ClaimRef, ColumnRef, Expr, InList, InQuery, Item
from liq.model.ir import Scan
from liq.model.node import walk
from liq.model.schema import Schema, Table
from liq.model.types import Json
from liq_verifier.policy import ROLE

USERS = frozenset({"uid", "user", "user_id", "sub"})
"""Names of claims that say who the user is."""


@frozen
class Tenancy:
    """``claim`` names the tenant, or, with a ``membership`` table, the ``user`` whose rows there name ``tenant``s."""

    claim: ClaimRef
    membership: str | None = None
    user: str = ""
    tenant: str = ""

    @property
    def said(self) -> str:
        """In words."""
        name = f"@{self.claim.name}"
        return name if self.membership is None else f"{self.membership}.{self.tenant} of {name}"


@frozen
class Membership:
    """A table that ties users, by a claim, to something."""

    table: str
    user: str
    claim: ClaimRef


def tenancies(schema: Schema, wanted: tuple[str, ...] = ()) -> tuple[Tenancy, ...]:
    """The tenancies of a schema: of the claims ``wanted``, else memberships and the claim that owns most tables."""
    members = memberships(schema)
    tied = {t: None for p in _predicates(schema) for m in members for t in _tied(p, m)}
    if wanted:
        plain = tuple(Tenancy(ref) for ref in _claims(schema) if ref.name in wanted)
        return plain
    users = {m.claim.name for m in members}
    owning = Counter(
        name
        for table in schema.tables
        for name in {ref.name for _, ref in _pairs(schema, table)}
        if name not in users and name != ROLE
    )
    if not owning:
        return tuple(tied)
    most = max(owning.values())
    first = next(ref for ref in _claims(schema) if owning.get(ref.name) == most)
    return (Tenancy(first), *tied)


def memberships(schema: Schema) -> tuple[Membership, ...]:
    """Tables that policies, or defaults of claims, look up by a claim of the session."""
    found: dict[Membership, None] = {}
    for expr in (*_predicates(schema), *(c.default for c in schema.claims if c.default is not None)):
        places = _places(expr)
        for left, right in _equalities(expr):
            if isinstance(left, ColumnRef) and left.id in places and isinstance(right, ClaimRef):
                table, column = places[left.id]
                if right.name != ROLE:
                    found[Membership(table, column, right)] = None
    for each in schema.tables:
        for column, claim in _pairs(schema, each):
            member = Membership(each.name, column, claim)
            if _is_tie(schema, member) and _names_user(schema, claim):
                found[member] = None
    return tuple(m for m in found if _is_tie(schema, m) or _names_user(schema, m.claim))


def owner_columns(schema: Schema, tenancy: Tenancy, table: Table) -> str | None:
    """The column that says whose a row is."""
    if tenancy.membership is None:
        names = [column for column, ref in _pairs(schema, table) if ref.name == tenancy.claim.name]
        return names[0] if names else None
    if tenancy.membership == table.name:
        return tenancy.tenant
    member = Membership(tenancy.membership, tenancy.user, tenancy.claim)
    for policy in schema.policies_of.get(table.name, ()):
        for expr in (policy.using, policy.check):
            if expr is not None:
                for name, tie in _outer_ties(expr, member):
                    if tie == tenancy.tenant:
                        return name
    return None


def _is_tie(schema: Schema, member: Membership) -> bool:
    keys = schema.table_by_name[member.table].keys
    return any(member.user in key.columns and len(key.columns) > 1 for key in keys)


def _names_user(schema: Schema, claim: ClaimRef) -> bool:
    return schema.claim_by_name[claim.name].path == "sub" or claim.name in USERS


def _tied(expr: Expr, member: Membership) -> Iterator[Tenancy]:
    for _, tenant in _outer_ties(expr, member):
        yield Tenancy(member.claim, member.table, member.user, tenant)


def _outer_ties(expr: Expr, member: Membership) -> Iterator[tuple[str, str]]:
    """Columns of the row at hand that a look-up in the membership table is tied to, with the column there."""
    places = _places(expr)
    if not any(
        places.get(left.id) == (member.table, member.user)
        for left, right in _equalities(expr)
        if isinstance(left, ColumnRef) and right == member.claim
    ):
        return
    for left, right in _equalities(expr):
        if not (isinstance(left, ColumnRef) and isinstance(right, ColumnRef)):
            continue
        if left.id in places and right.id not in places:
            table, column = places[left.id]
            if table == member.table and column != member.user:
                yield right.name, column


def _pairs(schema: Schema, table: Table) -> Iterator[tuple[str, ClaimRef]]:
    """Columns of a table that its policies compare with claims."""
    for policy in schema.policies_of.get(table.name, ()):
        for expr in (policy.using, policy.check):
            if expr is not None:
                places = _places(expr)
                for left, right in _equalities(expr):
                    if isinstance(left, ColumnRef) and left.id not in places and isinstance(right, ClaimRef):
                        yield left.name, right


def _equalities(expr: Expr) -> Iterator[tuple[Expr, Expr]]:
    """Both ways round, what is compared for equality anywhere in an expression."""
    outputs = {n.column.id: n.expr for n in walk(expr) if isinstance(n, Item)}
    for node in walk(expr):
        match node:
            case Call("=", (left, right)):
                yield left, right
                yield right, left
            case InList((left,), ((right,),)):
                yield left, right
            case InQuery((left,), query):
                column = query.columns[0]
                ref = ColumnRef(column.id, column.name, column.type, column.nullable)
                yield outputs.get(column.id, ref), left
            case _:
                pass


def _places(expr: Expr) -> dict[int, tuple[str, str]]:
    return {c.id: (n.table, c.name) for n in walk(expr) if isinstance(n, Scan) for c in n.columns}


def _predicates(schema: Schema) -> tuple[Expr, ...]:
    return tuple(e for p in schema.policies for e in (p.using, p.check) if e is not None)


def _claims(schema: Schema) -> tuple[ClaimRef, ...]:
    plain = (c for c in schema.claims if not isinstance(c.type, Json))
    return tuple(ClaimRef(c.name, c.type, c.nullable) for c in plain)
