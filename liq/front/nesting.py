"""Views and functions inside each other: no circles, and no deeper than what is inlined can be walked."""

from __future__ import annotations

from attrs import define, field

NESTING_MAX = 24
"""Views and functions of which each uses the next."""


@define
class Nesting:
    """What is being resolved, from the outside in, and how deep what is resolved already goes."""

    way: list[str] = field(factory=list)
    depths: dict[str, int] = field(factory=dict)
    _below: list[int] = field(factory=list)

    @property
    def full(self) -> bool:
        """Whether nothing more may be begun."""
        return len(self.way) >= NESTING_MAX

    def circle(self, key: str) -> list[str] | None:
        """The way from a declaration that is being resolved back to itself."""
        return [*self.way[self.way.index(key) :], key] if key in self.way else None

    def met(self, key: str) -> None:
        """Something that is resolved already is used by what is being resolved."""
        if self._below:
            self._below[-1] = max(self._below[-1], self.depths.get(key, 0))

    def begin(self, key: str) -> None:
        """Start to resolve a declaration."""
        self.way.append(key)
        self._below.append(0)

    def end(self, *, sound: bool) -> bool:
        """Done with the innermost declaration; False where it goes too deep. What is not sound is inlined nowhere."""
        key, depth = self.way.pop(), self._below.pop() + 1
        deep = sound and depth > NESTING_MAX
        self.depths[key] = depth if sound and not deep else 0
        return not deep
