"""What liq can write: names, and descriptions made of comments."""

from __future__ import annotations

from liq.importers.ddl import Fragment
from liq_grammar.characters import FORBIDDEN, REPLACEMENT
from liq_grammar.limits import NAME_CHARACTERS_MAX
from liq_grammar.names_out import QUOTABLE

DESCRIPTION_CHARACTERS_MAX = 20_000


def nameable(name: str, *, table: bool = False) -> bool:
    """Whether liq can write a name, in backticks if need be; a table's has no dot, which parts it from its schema."""
    fits = len(name) <= NAME_CHARACTERS_MAX - 2 and QUOTABLE.fullmatch(name) is not None and name.strip() == name
    return fits and not (table and "." in name)


LABEL_BYTES_MAX = 63
LABEL_RULE = f"labels are different, have 1 to {LABEL_BYTES_MAX} bytes and no control characters"


def is_label(label: str) -> bool:
    """Whether an enum of liq, and of PostgreSQL, can have such a value."""
    return 1 <= len(label.encode(errors="replace")) <= LABEL_BYTES_MAX and FORBIDDEN.search(label) is None


def described(comment: str | None) -> str | None:
    """A comment as a description: its lines, without characters that liq refuses."""
    if comment is None or not comment.strip():
        return None
    lines = comment[:DESCRIPTION_CHARACTERS_MAX].replace("\r\n", "\n").replace("\r", "\n").split("\n")
    clean = [FORBIDDEN.sub(REPLACEMENT, line).strip() for line in lines]
    return "\n".join(clean).strip("\n")


def one_line(fragment: Fragment | None) -> str:
    """A fragment for messages."""
    text = " ".join(fragment.text.split()) if fragment is not None else ""
    return text if len(text) <= 60 else text[:57] + "…"
