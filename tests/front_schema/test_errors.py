"""What is said of wrong declarations, writes and plans: every finding, its place, its help and its fix."""

from __future__ import annotations

import pytest

from liq.model.codes import CODES
from liq.model.source import Source
from tests.front_schema.golden import Case, cases, compiled, findings_of

ALL = cases()


def test_there_are_many_wrong_programs() -> None:
    assert len(ALL) >= 100
    assert len({(case.file, case.program) for case in ALL}) == len(ALL)


@pytest.mark.parametrize("case", ALL, ids=[f"{case.file}/{case.title}" for case in ALL])
def test_findings(case: Case) -> None:
    assert case.findings, "a wrong program has findings"
    assert findings_of(case.file, case.program) == case.findings


def test_messages_are_one_line_without_a_full_stop() -> None:
    for case in ALL:
        source = Source("test.liq", case.program)
        for diagnostic in compiled(case.file, case.program).diagnostics:
            assert diagnostic.code.id in CODES
            assert "\n" not in diagnostic.message and not diagnostic.message.endswith(".")
            assert diagnostic.file == "test.liq" and diagnostic.span.end <= len(source.text)


def test_a_fix_mends_the_program() -> None:
    """What a fix is for is gone once it is made."""
    mended = 0
    for case in ALL:
        for found in compiled(case.file, case.program).diagnostics:
            if found.fix is None:
                continue
            fix = found.fix
            text = case.program[: fix.span.start] + fix.replacement + case.program[fix.span.end :]
            again = compiled(case.file, text).diagnostics
            assert (found.code, found.message) not in [(d.code, d.message) for d in again], text
            mended += 1
    assert mended >= 15


def test_what_is_wrong_is_left_out_and_the_rest_is_there() -> None:
    text = "query good = read counters limit 1\nquery bad = read countrs limit 1\n"
    project = compiled("shop_x", text)
    assert [q.query.name for q in project.queries] == ["good"]
    assert not project.ok
