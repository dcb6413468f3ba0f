"""What is said of wrong reads: every finding, its place, its help and its fix."""

from __future__ import annotations

import pytest

from liq.model.codes import CODES
from tests.front.golden import Case, cases, findings_of
from tests.front.programs import resolve_program

ALL = cases()


def test_there_are_many_wrong_programs() -> None:
    assert len(ALL) >= 100
    assert len({case.program for case in ALL}) == len(ALL)


@pytest.mark.parametrize("case", ALL, ids=[f"{case.file}/{case.title}" for case in ALL])
def test_findings(case: Case) -> None:
    assert case.findings, "a wrong program has findings"
    assert findings_of(case.program) == case.findings


def test_messages_are_one_line_without_a_full_stop() -> None:
    for case in ALL:
        for diagnostic in resolve_program(case.program).diagnostics:
            assert diagnostic.code.id in CODES
            assert "\n" not in diagnostic.message and not diagnostic.message.endswith(".")


def test_a_fix_mends_the_program() -> None:
    """A program with one finding that has a fix is right with it, or at least the finding is gone."""
    mended = 0
    for case in ALL:
        found = resolve_program(case.program).diagnostics
        if len(found) == 1 and found[0].fix is not None:
            fix = found[0].fix
            text = case.program[: fix.span.start] + fix.replacement + case.program[fix.span.end :]
            assert not [d for d in resolve_program(text).diagnostics if d.code == found[0].code], text
            mended += 1
    assert mended >= 8
