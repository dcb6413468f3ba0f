"""Plans of the examples, compiled from text: plan and SQL prove, but for those whose keys tell of rows that others hold."""

from __future__ import annotations

from pathlib import Path

import pytest

import liq.api
from liq.model.source import Source
from liq_verifier import Kind, Verdict, certificate, verify
from liq_verifier.certificate import is_proof

EXAMPLES = Path(__file__).parents[2] / "examples"
PROJECTS = sorted(path.name for path in EXAMPLES.iterdir() if path.is_dir())
ORACLES = {
    "plans.archive": {Kind.CONFLICT},  # an archived plan of another workspace may hold the id
    "steps.insert_at": {Kind.CONFLICT},  # the caller chooses the id of a step
}
"""What a channel would have to accept."""


@pytest.mark.parametrize("project", PROJECTS)
def test_the_plans_of_an_example_are_proved(project: str) -> None:
    folder = EXAMPLES / project
    sources = [Source(str(f.relative_to(folder)), f.read_text(encoding="utf-8")) for f in sorted(folder.rglob("*.liq"))]
    found = liq.api.compile_sources(sources)
    assert found.ok and found.plans
    for plan in found.plans:
        contents = plan.contents
        verification = verify(contents.physical, contents.query, found.schema, tuple(contents.sql.values()))
        failed = {o.kind for o in verification.failed if o.kind is not Kind.EMIT}
        assert failed == ORACLES.get(plan.name, set()), (plan.name, [(o.claim, o.reason) for o in verification.failed])
        if plan.name not in ORACLES:
            assert verification.verdict is Verdict.PROVED, (plan.name, [(o.claim, o.reason) for o in verification.failed])
            assert is_proof(certificate(verification, contents, found.schema))
