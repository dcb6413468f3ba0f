"""Privileged sessions: those to which a policy opens whole tables because of who they are (a service's role, admins).

Questions about tenants leave them out. ``@uid is not null`` and the roles of ordinary callers are no privilege.
"""

from __future__ import annotations

from collections.abc import Iterator

from liq.model.expr import Call, ClaimRef, Expr, InList, Literal
from liq.model.ir import Scan
from liq.model.node import Node, walk
from liq.model.schema import Operation, Policy, Schema
from liq.model.types import Bool
from liq_verifier.fingerprint import fingerprint, free_columns
from liq_verifier.policy import opens

ORDINARY = frozenset({"anon", "anonymous", "authenticated", "public", "user", "member", ""})


def privileged(schema: Schema) -> tuple[Expr, ...]:
    """The conditions under which a session is privileged, each once."""
    return tuple({fingerprint(expr, {}): expr for _, expr in bypassing(schema)}.values())


def bypassing(schema: Schema) -> Iterator[tuple[Policy, Expr]]:
    """The policies that open every row to privileged sessions, with what makes a session one."""
    for policy in schema.policies:
        if policy.restrictive:
            continue
        expr = opens(schema, policy, Operation.INSERT in policy.operations and policy.using is None)
        if not free_columns(expr) and _is_privilege(expr):
            yield policy, expr


def _is_privilege(expr: Expr) -> bool:
    nodes = tuple(walk(expr))
    if not any(isinstance(n, ClaimRef) for n in nodes):
        return False
    wanted = {n.value for each in nodes if _compares(each) for n in walk(each) if isinstance(n, Literal)}
    flag = any(isinstance(n, ClaimRef) and isinstance(n.type, Bool) for n in nodes)
    looks_up = any(isinstance(n, Scan) for n in nodes)
    return (bool(wanted) or flag or looks_up) and not any(v in ORDINARY for v in wanted if isinstance(v, str))


def _compares(node: Node) -> bool:
    """Whether a claim has to be one of some values."""
    equal = isinstance(node, InList) or (isinstance(node, Call) and node.function == "=")
    return equal and any(isinstance(n, ClaimRef) for n in walk(node))
