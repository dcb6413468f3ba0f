"""Right programs of every construct, for laws that hold of all of them."""

from __future__ import annotations

import re
from pathlib import Path

PROGRAMS: tuple[str, ...] = tuple(
    text.strip()
    for text in re.split(r"^---$", (Path(__file__).parent / "sound.liq").read_text(encoding="utf-8"), flags=re.M)
)
