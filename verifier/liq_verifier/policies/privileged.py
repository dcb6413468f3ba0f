"""Privileged sessions: those to which a policy opens whole tables because of who they are (a service's role, admins).

Questions about tenants leave them out. ``@uid is not null`` and the roles of ordinary callers are no privilege.
"""

from __future__ import annotations

from collections.abc import Iterator

from liq.model.expr import ClaimRef, Expr, Literal
from liq.model.ir import Scan
from liq.model.node import walk
from liq.model.schema import Operation, Policy, Schema
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
    secrets = [n.value for n in nodes if isinstance(n, Literal) and n.value is not None]
    ordinary = any(value in ORDINARY for value in secrets if isinstance(value, str))
    return (bool(secrets) or any(isinstance(n, Scan) for n in nodes)) and not ordinary
