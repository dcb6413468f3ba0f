"""Claims that the caller could have written: metadata that users edit, and settings that any SQL session sets."""

from __future__ import annotations

from collections.abc import Iterator

from liq.model import codes
from liq.model.expr import ClaimRef
from liq.model.node import walk
from liq.model.schema import Policy
from liq_verifier.fingerprint import fingerprint
from liq_verifier.policies.ground import Ground
from liq_verifier.policies.privileged import bypassing
from liq_verifier.policies.probe import Probe
from liq_verifier.policies.question import Question, Says
from liq_verifier.policies.tenant_isolation import claims_of

EDITABLE = frozenset({"user_metadata", "raw_user_meta_data"})


def probes(ground: Ground) -> Iterator[Probe]:
    """One probe for each claim that users edit, and each privilege that a setting gives."""
    claims = {c.name: c for c in ground.schema.claims}
    told: set[str] = set()
    for policy in ground.schema.policies:
        for name in sorted(claims_of(policy) - told):
            path = claims[name].path or ""
            if EDITABLE & set(path.split(".")):
                told.add(name)
                said = f"policy {policy.name} on {policy.table} trusts @{name} from {path}, which users write"
                help = "read it from app_metadata, or from a table"
                yield Probe(codes.CALLER_CLAIM, said, policy.table, policy, help)
    yield from _privileges(ground)


def _privileges(ground: Ground) -> Iterator[Probe]:
    seen: dict[object, list[Policy]] = {}
    exprs = {}
    for policy, expr in bypassing(ground.schema):
        key = fingerprint(expr, {})
        seen.setdefault(key, []).append(policy)
        exprs[key] = expr
    for key, policies in seen.items():
        tables = ", ".join(dict.fromkeys(p.table for p in policies))
        names = " and ".join(sorted({f"@{n.name}" for n in walk(exprs[key]) if isinstance(n, ClaimRef)}))
        question = Question((), (Says(exprs[key]),))
        if ground.settings:
            code = codes.SETTABLE_PRIVILEGE
            said = f"{names} is a setting: any SQL session can set it and reach every row of"
            help: str | None = "hold privileged access by a database role (`TO role`), not by a setting"
        else:
            code, said, help = codes.PRIVILEGED_SESSION, f"a privilege in {names} opens every row of", None
        yield Probe(code, f"{said} {tables}", policies[0].table, policies[0], help, possible=(question,))
