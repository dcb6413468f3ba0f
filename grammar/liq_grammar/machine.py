"""The parser proper: an LALR(1) machine over the saved tables. It builds nodes as it goes and stops at the first error.

It never recurses, whatever the text; ``recovery.py`` decides how to go on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Protocol

from liq.model.source import Span
from liq_grammar.limits import DEPTH_MAX, STACK_MAX
from liq_grammar.scanner import Token
from liq_grammar.tables import Tables, tables


class Build(Protocol):
    """Makes the node of one rule from what the rule keeps."""

    def __call__(self, kids: list[Any], span: Span, /) -> object: ...


class TooDeep(Exception):
    """The text is nested deeper than the limits allow. Never leaves this package."""


class Machine:
    """Four parallel stacks: state, value, offset where it begins, and height of its tree."""

    def __init__(self, tokens: Sequence[Token], builders: Mapping[str, Build]) -> None:
        self.table: Final[Tables] = tables()
        self.tokens: Final = tokens
        self.states: list[int] = [self.table.start]
        self.values: list[Any] = [None]
        self.starts: list[int] = [-1]
        self.heights: list[int] = [0]
        self.index = 0
        self.last_end = 0
        self.terminals: dict[int, int] = {}
        """Which terminal each token turned out to be."""
        self.steps = 0
        """Shifts, reductions and trials made: the work done, in tokens."""
        self._builders: Final = [builders.get(rule.name, _unbuilt) for rule in self.table.rules]

    def run(self, index: int, stop: int) -> int:
        """Take tokens from ``index`` on; returns the first one that does not fit, or ``stop``."""
        tokens, actions = self.tokens, self.table.actions
        while index < stop:
            self.index = index
            token = tokens[index]
            if not token.kinds:
                index += 1  # a closing bracket that was supplied further up
                continue
            row = actions(self.states[-1])
            kind = self._choose(token.kinds, row)
            if kind is None or not self._take(kind, token):
                return index
            self.terminals[index] = kind
            index += 1
        return index

    @staticmethod
    def _choose(kinds: tuple[int, ...], row: Mapping[int, int]) -> int | None:
        for kind in kinds:
            if kind in row:
                return kind
        return None

    def _take(self, kind: int, token: Token) -> bool:
        """Reduce as far as the terminal asks for, then shift it; False where it does not fit after all."""
        step, states = self.table.step, self.states
        while True:
            below = states[-2] if len(states) > 1 else states[-1]
            states[-1], action = step(below, states[-1], kind)
            self.steps += 1
            if action is None:
                return False
            if action >= 0:
                if len(states) >= STACK_MAX:
                    raise TooDeep
                self._push(action, token, token.start, 0)
                self.last_end = token.end
                return True
            self._reduce(~action)

    def _push(self, state: int, value: object, start: int, height: int) -> None:
        self.states.append(state)
        self.values.append(value)
        self.starts.append(start)
        self.heights.append(height)

    def _reduce(self, number: int) -> None:
        origin, name, how, length, kept, spliced = self.table.rules[number]
        bottom = len(self.values) - length
        values = self.values[bottom:]
        start = self.starts[bottom] if length else self.last_end
        height = self.heights[-1] if length == 1 else max(self.heights[bottom:], default=0)
        value: object
        if how == "pass":
            value = values[kept[0]]
        else:
            kids = values if len(kept) == length and not spliced else _kept(values, kept, spliced)
            if how == "list":
                value = kids
            else:
                height += 1
                if height > DEPTH_MAX and name != "start":
                    raise TooDeep
                value = self._builders[number](kids, Span(start, max(start, self.last_end)))
        if length == 1:
            self.states[-1] = self.table.gotos(self.states[-2])[origin]
            self.values[-1], self.heights[-1] = value, height
        else:
            self.cut(bottom)
            self._push(self.table.gotos(self.states[-1])[origin], value, start, height)

    def cut(self, length: int) -> None:
        """Forget everything above the first ``length`` symbols."""
        del self.states[length:], self.values[length:], self.starts[length:], self.heights[length:]

    def put(self, kind: int, token: Token) -> None:
        """Take a token that a trial has shown to fit."""
        taken = self._take(kind, token)
        assert taken, "only what was tried is put"

    # ------------------------------------------------------------------------------------------------- looking ahead

    def fits(self, length: int, *expected: tuple[int, ...]) -> bool:
        """Whether tokens of these kinds could follow the first ``length`` symbols; changes nothing."""
        below, above = length, list[int]()
        for kinds in expected:
            top = above[-1] if above else self.states[below - 1]
            kind = self._choose(kinds, self.table.actions(top))
            if kind is None:
                return False
            while True:
                self.steps += 1
                action = self.table.actions(above[-1] if above else self.states[below - 1]).get(kind)
                if action is None:
                    return False
                if action >= 0:
                    above.append(action)
                    break
                rule = self.table.rules[~action]
                from_above = min(rule.length, len(above))
                del above[len(above) - from_above :]
                below -= rule.length - from_above
                top = above[-1] if above else self.states[below - 1]
                above.append(self.table.gotos(top)[rule.origin])
        return True

    def accepted(self, length: int) -> Iterator[int]:
        """The terminals that could follow the first ``length`` symbols."""
        return (kind for kind in self.table.actions(self.states[length - 1]) if self.fits(length, (kind,)))


def _kept(values: list[Any], kept: tuple[int, ...], spliced: frozenset[int]) -> list[Any]:
    """The children of a rule. The list of a repetition is grown in place, or long lists would cost their square."""
    kids: list[Any] = []
    for at in kept:
        if at not in spliced:
            kids.append(values[at])
        elif kids:
            kids += values[at]
        else:
            kids = values[at]
    return kids


def _unbuilt(kids: list[Any], span: Span) -> object:
    raise AssertionError("a test checks that every rule has its builder")
