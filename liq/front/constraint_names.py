"""The names of constraints and indexes that a declaration leaves out: those PostgreSQL would choose."""

from __future__ import annotations

NAME_BYTES_MAX = 63
"""What PostgreSQL keeps of a name."""


class ConstraintNames:
    """Hands out names that nothing else has: of constraints within a table, of keys and indexes within a schema."""

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._next: dict[tuple[str, str, str], int] = {}
        """The first number that may be free: a name that is taken stays so."""

    def take(self, name: str) -> bool:
        """Reserve a name that the author chose; False where something has it already."""
        if name in self._taken:
            return False
        self._taken.add(name)
        return True

    def choose(self, table: str, columns: tuple[str, ...], suffix: str) -> str:
        """``table_column_suffix``, with a number behind it where that is taken."""
        first, middle = table.rpartition(".")[2], "_".join(columns)
        key = (first, middle, suffix)
        while True:
            number = self._next.get(key, 0)
            self._next[key] = number + 1
            name = object_name(first, middle, f"{suffix}{number or ''}")
            if self.take(name):
                return name


def object_name(first: str, second: str, label: str) -> str:
    """PostgreSQL's ``makeObjectName``: the longer of the first two parts loses what does not fit into 63 bytes."""
    overhead = len(label) + 1 + (1 if second else 0)
    left, right = len(first.encode()), len(second.encode())
    while left + right + overhead > NAME_BYTES_MAX:
        if left > right:
            left -= 1
        else:
            right -= 1
    parts = (first.encode()[:left].decode(errors="ignore"), second.encode()[:right].decode(errors="ignore"), label)
    return "_".join(part for part in parts if part)
