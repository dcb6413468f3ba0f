"""How reading goes on behind an error.

A broken item ends at the next comma, line or closing bracket of its list; a broken statement at the next line that
begins with a statement or declaration word. What was skipped stands in the tree as ``Broken``. A misspelt keyword is
read as it was meant. Every step moves forwards or gives up the statement, so the length of the text bounds the work.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from typing import Final

from liq.model import codes
from liq.model.diagnostics import Code, Label
from liq.model.source import Span
from liq_grammar.advice import complain
from liq_grammar.brackets import ITEM_WORDS, Brackets
from liq_grammar.limits import DEPTH_MAX
from liq_grammar.machine import Machine, TooDeep
from liq_grammar.report import Report
from liq_grammar.scanner import Token
from liq_grammar.spelling import nearest
from liq_grammar.sql_forms import sql_form
from liq_grammar.tables import tables

SYMBOLS_DROPPED_MAX: Final = 64
"""How much of what was read an error may cost before its statement is given up."""
TARGETS_MAX: Final = 8
LEVELS_MAX: Final = 16
QUIET_TOKENS: Final = 2
"""An error so soon behind another, on the same line, says nothing new."""
QUIET_BEHIND_FORM: Final = 4
"""How far behind an SQL form that was named the rest of it may be."""
DECLARING: Final = frozenset("table view enum policy fn role query migration let".split())


class Recovery:
    """Drives a machine over tokens, errors or not."""

    def __init__(
        self, brackets: Brackets, machine: Machine, report: Report, misread: frozenset[int] = frozenset()
    ) -> None:
        table = tables()
        self.misread: Final = misread
        """Where words begin that were reported because they would not be read as they are meant."""
        self.brackets: Final = brackets
        self.tokens: Final = brackets.tokens
        self.machine: Final = machine
        self.report: Final = report
        self.broken: Final = (table.ids["BROKEN"],)
        self.words: Final = {number: word for word, number in table.keywords.items()}
        items = next(at for at, name in enumerate(table.nonterminals) if name.startswith("__start_star"))
        self.items_state: Final = table.gotos(table.start)[items]
        self.misplaced: dict[int, int] = {}
        """For an unclosed bracket, the token before which it should have been closed."""
        self._last_error = -1
        self._resumed = -QUIET_TOKENS

    def run(self, stop: int) -> None:
        """Take every token before ``stop``; ``stop`` behind the end of the text takes the end, too."""
        index = 0
        while index < stop:
            try:
                index = self.machine.run(index, stop)
                if index < stop:
                    index = self._recover(index)
            except TooDeep:
                index = self.machine.index
                self.report(
                    codes.TOO_LARGE,
                    f"nested more than {DEPTH_MAX} levels deep",
                    self.tokens[index].span,
                    help="`and`, `or` and lists may be as long as they like; name parts with `let` or a `view`",
                )
                index = self._next_statement(index)
            if self.report.full and index < len(self.tokens) - 1:
                index = self._next_statement(index, len(self.tokens) - 1)
        self._report_unclosed()

    def _recover(self, at: int) -> int:
        """Read on behind the error at this token; returns the token to go on with."""
        if at == self._last_error:
            return self._next_statement(at)
        self._last_error = at
        quiet = self._is_consequence(at)
        respelt = self._respell(at)
        if respelt is not None:
            return respelt
        parent = self.brackets.parent[at]
        if parent in self.brackets.unclosed:
            self.misplaced.setdefault(parent, at)
            if self._close_here(parent, at):
                return at
        elif not quiet:
            self._complain(at, parent, self.report.touching(self.tokens[max(at - 1, 0)].start, self.tokens[at].end))
        for low, high, targets in self._levels(at):
            for target in targets:
                if self._skip_to(target, at, low, high):
                    self._resumed = target
                    return target
        return self._next_statement(at)

    # --------------------------------------------------------------------------------------------- what is said

    def _is_consequence(self, at: int) -> bool:
        """Whether this error most likely only follows from what was said before."""
        before = self.tokens[at - 1] if at else None
        if before is not None and before.start == before.end:
            return True  # a bracket was supplied here
        since = self.tokens[self._resumed + 1 : at + 1] if self._resumed >= 0 else []
        if 0 < len(since) < QUIET_TOKENS and all(each.indent < 0 for each in since):
            return True
        return any(each.start in self.misread for each in self.tokens[max(0, at - QUIET_BEHIND_FORM) : at + 1])

    def _complain(self, at: int, parent: int, said: frozenset[Code]) -> None:
        """Say what is wrong with a token, unless the scanner said so; that it belongs to an SQL form says more."""
        machine, table = self.machine, self.machine.table
        terminals = frozenset(table.terminals[kind] for kind in machine.accepted(len(machine.states)))
        first = bisect_left(self.tokens, self._statement_start(at), key=lambda token: token.start)
        complaint = complain(self.tokens, at, min(first, at), parent, terminals)
        if said and complaint.code is not codes.SQL_FORM:
            return
        labels: tuple[Label, ...] = ()
        if (
            complaint.span is None
            and parent >= 0
            and self.tokens[at].text
            and (closer := self.brackets.closer[parent]) <= at
        ):
            labels = (Label(self.tokens[parent].span, f"`{self.tokens[parent].text}` opened here"),)
            assert closer == at
        self.report(
            complaint.code, complaint.message, complaint.span or self._visible(at), labels=labels, help=complaint.help
        )

    def _visible(self, at: int) -> Span:
        """The span of a token; at the end of the text, the last thing that was written."""
        token = self.tokens[at]
        if token.text or at == 0:
            return token.span
        return self.tokens[at - 1].span

    def _report_unclosed(self) -> None:
        for opener in sorted(self.brackets.unclosed):
            token = self.tokens[opener]
            before = self.misplaced.get(opener, self.brackets.closer[opener] + 1)
            labels: tuple[Label, ...] = ()
            if before < len(self.tokens) and self.tokens[before].end > self.tokens[before].start:
                labels = (Label(self.tokens[before].span, "it should end before this"),)
            self.report(codes.UNCLOSED, f"this `{token.text}` is never closed", token.span, labels=labels)

    # ---------------------------------------------------------------------------------------------------- repairs

    def _respell(self, at: int) -> int | None:
        """Read a misspelt keyword as it was meant, if the text goes on behind it: this word, or a name before it."""
        machine = self.machine
        for index, length in ((at, len(machine.states)), (at - 1, len(machine.states) - 1)):
            token = self.tokens[index]
            if index < 0 or token.kinds != (machine.table.ids["NAME"],) or token.text.startswith("`"):
                continue
            if index < at and (length < 1 or machine.starts[-1] != token.start):
                continue
            if any(sql_form(self.tokens, max(0, index - 4), each, False) for each in (index, at)):
                continue
            words = {self.words[kind]: kind for kind in machine.accepted(length) if kind in self.words}
            word = nearest(token.text, words)
            if word is None:
                continue
            if not machine.fits(length, (words[word],), self.tokens[index + 1].kinds):
                continue
            self.report(codes.SYNTAX, f"unknown word `{token.text}` — did you mean `{word}`?", token.span,
                        fix=(word, f"write {word}"))  # fmt: skip
            machine.cut(length)
            machine.put(words[word], token._replace(text=word))
            return index + 1
        return None

    def _close_here(self, opener: int, at: int) -> bool:
        """Supply the missing closing bracket before this token rather than where the layout put it."""
        closer = self.brackets.closer[opener]
        supplied = self.tokens[closer]
        if closer == at or not self.machine.fits(len(self.machine.states), supplied.kinds, self.tokens[at].kinds):
            return False
        self.machine.put(supplied.kinds[0], supplied._replace(start=self.machine.last_end, end=self.machine.last_end))
        self.tokens[closer] = supplied._replace(kinds=())
        return True

    def _levels(self, at: int) -> Iterator[tuple[int, int, Iterator[int]]]:
        """From the innermost list outwards: how many symbols lie below it, how many up to what broke in it, and where
        its next items may begin.
        """
        opener, inner = self.brackets.parent[at], True
        high = len(self.machine.states)
        for _ in range(LEVELS_MAX):
            low = self._symbols_below(opener)
            if low is None:
                return
            yield low, high, self._targets(at, opener, inner)
            high = low - 1
            if opener < 0:
                return
            at, opener, inner = self.brackets.closer[opener] + 1, self._outer(opener), False

    def _outer(self, opener: int) -> int:
        return self.brackets.parent[opener]

    def _symbols_below(self, opener: int) -> int | None:
        """How many symbols of the stack stay when the list of this bracket is given up down to its opening."""
        if opener < 0:
            return self._below_statement()
        symbol = bisect_left(self.machine.starts, self.tokens[opener].start)
        return symbol + 1 if symbol < len(self.machine.starts) else None

    def _targets(self, at: int, opener: int, inner: bool) -> Iterator[int]:
        """Tokens of one list that an item may end before: this one, commas, starts of lines, the closing bracket."""
        tokens, closers = self.tokens, self.brackets.closer
        end = closers[opener] if opener >= 0 else len(tokens) - 1
        by_line = opener >= 0 and tokens[opener].text == "{"
        found = 0
        if inner and self._may_end_item(at):
            yield at
        while at < end and found < TARGETS_MAX:
            token = tokens[at]
            if opener < 0 and token.indent >= 0 and token.text in ITEM_WORDS and inner:
                return
            if token.text == "," or (by_line and token.indent >= 0):
                found += 1
                yield at
            at = closers.get(at, at) + 1
            inner = True
        if opener >= 0:
            yield end

    def _may_end_item(self, at: int) -> bool:
        """Whether a token could follow an item that was left out: no operator, which would join it to what comes."""
        token = self.tokens[at]
        return token.indent >= 0 or token.text in (",", ")", "]", "}", "|", "") or token.kinds[0] in self.words

    def _skip_to(self, target: int, at: int, low: int, high: int) -> bool:
        """Go on at ``target``, giving up as little as possible of what was read."""
        machine = self.machine
        kinds = self.tokens[target].kinds
        if not kinds:
            return False
        top = len(machine.states)
        for length in range(high, max(low, high - SYMBOLS_DROPPED_MAX) - 1, -1):
            if machine.fits(length, self.broken, kinds):
                self._put_broken(length, at, target)
                return True
            if length == top and target > at and not self._begins_line(target) and machine.fits(length, kinds):
                return True
        return False

    def _put_broken(self, length: int, at: int, target: int, declares: str = "") -> None:
        machine = self.machine
        start = machine.starts[length] if length < len(machine.starts) else self.tokens[at].start
        end = self.tokens[target - 1].end if target > 0 else start
        machine.cut(length)
        machine.put(self.broken[0], Token(declares, start, max(start, end), self.broken))

    # ------------------------------------------------------------------------------------------------- statements

    def _below_statement(self) -> int:
        """How many symbols lie below the statement that is being read: the start, and the items before it."""
        states = self.machine.states
        return 2 if len(states) > 1 and states[1] == self.items_state else 1

    def _statement_start(self, at: int) -> int:
        below = self._below_statement()
        starts = self.machine.starts
        return starts[below] if below < len(starts) else self.tokens[at].start

    def _next_statement(self, at: int, target: int = -1) -> int:
        """Give up the statement; go on at the next line that begins one."""
        below = self._below_statement()
        begun = below < len(self.machine.states)
        last = len(self.tokens) - 1
        if target < 0:
            target = at if begun else at + 1
            while target < last and not self._begins_item(target):
                target += 1
        first = bisect_left(self.tokens, self._statement_start(at), key=lambda token: token.start)
        if target > first or begun:
            self._put_broken(below, at, max(target, first), self._declared(first))
        self._last_error = -1
        return max(target, at) if begun else max(target, at + 1)

    def _begins_line(self, at: int) -> bool:
        return self.tokens[at].indent >= 0 and self.tokens[at].text in ITEM_WORDS

    def _begins_item(self, at: int) -> bool:
        return self._begins_line(at) and self.brackets.parent[at] < 0

    def _declared(self, first: int) -> str:
        """The name that the statement at this token declares."""
        words = self.tokens[first : first + 4]
        if not words or words[0].text not in DECLARING or len(words) < 4:
            return ""
        name = words[1].text
        return f"{name}.{words[3].text}" if words[2].text == "." else name
