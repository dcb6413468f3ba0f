"""The pages of diagnostic codes: ``docs/codes`` in the repository, packaged beside this module in a wheel."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from liq.model.codes import CODES


def page(code: str) -> str | None:
    """The Markdown page of a code, or None where there is no such code."""
    if code not in CODES:
        return None
    packaged = files("liq.cli") / "codes" / f"{code}.md"
    if packaged.is_file():
        return packaged.read_text(encoding="utf-8")
    beside = Path(__file__).parents[2] / "docs" / "codes" / f"{code}.md"  # an editable install
    return beside.read_text(encoding="utf-8")
