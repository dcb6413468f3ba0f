"""From a plan document to its verdict: what the doors, the auditor and the registry ask."""

from __future__ import annotations

from attrs import frozen

from liq.model.document import PlanDocument, against_schema
from liq.model.schema import Schema
from liq.model.stack import stack_room
from liq_verifier.certificate import Certificate, certificate
from liq_verifier.obligation import Verdict, Verification
from liq_verifier.verify import verify


@frozen
class Certified:
    """A plan with everything that was found out about it."""

    plan: PlanDocument
    schema: Schema
    verification: Verification
    certificate: Certificate

    @property
    def proved(self) -> bool:
        """Whether every obligation is."""
        return self.verification.verdict is Verdict.PROVED


def certify(plan: PlanDocument, schema: Schema) -> Certified:
    """Verify a plan and all of its SQL under a schema. ``DocumentError`` where it was not compiled for that schema."""
    with stack_room():
        against_schema(plan, schema)
        found = verify(plan.physical, plan.query, schema, tuple(plan.sql.values()))
    return Certified(plan, schema, found, certificate(found, plan, schema))
