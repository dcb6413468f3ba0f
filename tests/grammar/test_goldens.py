"""Messages and layouts, word for word: the pages in ``errors`` and ``layout``."""

from __future__ import annotations

import pytest

from tests.grammar.golden import Case, cases, findings, layout


@pytest.mark.parametrize("case", list(cases("errors")), ids=lambda case: case.name)
def test_messages(case: Case) -> None:
    assert findings(case.program) == case.answer
    assert case.answer, "a wrong program is answered"


@pytest.mark.parametrize("case", list(cases("layout")), ids=lambda case: case.name)
def test_layout(case: Case) -> None:
    assert layout(case.program) == case.answer
    assert layout(case.answer) == case.answer
    assert not findings(case.program)


def test_there_are_enough_messages() -> None:
    assert len(list(cases("errors"))) >= 150
