"""How much text one source may hold; beyond, a diagnostic says so. Nothing here depends on machine or clock."""

from __future__ import annotations

from typing import Final

SOURCE_CHARACTERS_MAX: Final = 4 * 1024 * 1024
TOKENS_MAX: Final = 200_000
NAME_CHARACTERS_MAX: Final = 128
NUMBER_CHARACTERS_MAX: Final = 128
DEPTH_MAX: Final = 128
"""Levels of the syntax tree, and of brackets: later stages may recurse over a tree with a bounded stack."""
STACK_MAX: Final = 4_000
"""Symbols waiting in the parser: bounds what recovery has to look at."""
DIAGNOSTICS_MAX: Final = 100
