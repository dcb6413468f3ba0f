"""The saved LALR(1) tables: loaded once, each state unpacked when it is first reached."""

from __future__ import annotations

import json
import os.path
from functools import cache
from typing import Any, Final, Literal, NamedTuple

How = Literal["list", "pass", "node"]


class Rule(NamedTuple):
    """One production.

    ``how``: a ``list`` rule hands its children to the rule above, a ``pass`` rule its only child, a ``node`` rule calls
    the builder ``name``. ``kept`` are the symbols that leave something behind, ``spliced`` those that are lists.
    """

    origin: int
    name: str
    how: How
    length: int
    kept: tuple[int, ...]
    spliced: frozenset[int]


class Tables:
    """An LALR(1) automaton over numbered terminals.

    ``actions(state)`` maps a terminal to what to do: a number >= 0 is the state to shift into, one < 0 is ``~rule`` to
    reduce by. ``gotos(state)`` maps a nonterminal to the state behind it.
    """

    def __init__(self, data: dict[str, Any]) -> None:
        self.terminals: Final[tuple[str, ...]] = tuple(data["terminals"])
        self.ids: Final[dict[str, int]] = {name: at for at, name in enumerate(self.terminals)}
        self.nonterminals: Final[tuple[str, ...]] = tuple(data["nonterminals"])
        self.keywords: Final[dict[str, int]] = data["keywords"]
        self.before: Final[dict[str, list[tuple[int, str]]]] = data["before"]
        self.signs: Final[dict[str, int]] = data["signs"]
        self.patterns: Final[dict[int, str]] = dict(data["patterns"])
        self.rules: Final = tuple(
            Rule(origin, name, how, length, tuple(kept), frozenset(spliced))
            for origin, name, how, length, kept, spliced in data["rules"]
        )
        self.start: Final[int] = data["start"]
        self.end: Final[int] = data["end"]
        self._lookaheads: Final[list[list[int]]] = data["lookaheads"]
        self._states: Final[list[Any]] = data["states"]
        self._actions: list[dict[int, int] | None] = [None] * len(self._states)
        self._gotos: list[dict[int, int] | None] = [None] * len(self._states)
        self._steps: dict[tuple[int, int, int], tuple[int, int | None]] = {}

    def actions(self, state: int) -> dict[int, int]:
        """What a state does on each terminal."""
        row = self._actions[state]
        if row is None:
            shifts, _, reduces = self._states[state]
            row = dict(shifts)
            for rule, ahead in reduces:
                row.update(dict.fromkeys(self._lookaheads[ahead], ~rule))
            self._actions[state] = row
        return row

    def step(self, below: int, state: int, kind: int) -> tuple[int, int | None]:
        """What ``state`` (above ``below``) becomes when every rule that only hands its child on has been applied, and
        its action then. An operand alone passes a dozen levels of precedence; this takes them at once.
        """
        key = (below, state, kind)
        found = self._steps.get(key)
        if found is None:
            while (action := self.actions(state).get(kind)) is not None and action < 0:
                rule = self.rules[~action]
                if rule.length != 1 or rule.how != "pass":
                    break
                state = self.gotos(below)[rule.origin]
            found = self._steps[key] = (state, action)
        return found

    def gotos(self, state: int) -> dict[int, int]:
        """The state behind each nonterminal."""
        row = self._gotos[state]
        if row is None:
            row = self._gotos[state] = dict(self._states[state][1])
        return row


@cache
def tables() -> Tables:
    """The tables of liq."""
    # importlib.resources would take longer to import than the tables take to load
    with open(os.path.join(os.path.dirname(__file__), "tables.json"), encoding="utf-8") as file:
        return Tables(json.load(file))
