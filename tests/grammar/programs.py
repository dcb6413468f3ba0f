"""The programs that the grammar is tested on, and sentences made from the grammar itself."""

from __future__ import annotations

import random
from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import Final

from lark import Lark
from lark.lexer import PatternStr

from liq_grammar.generate import build_lark
from tests.repo.source_tree import ROOT

CORPUS: Final = Path(__file__).parent / "corpus"
FOLDERS: Final = ("examples", "tests/grammar/corpus", "tests/acceptance")


def programs() -> list[Path]:
    """Every file of liq in the repository, from its root."""
    return sorted(path.relative_to(ROOT) for folder in FOLDERS for path in (ROOT / folder).rglob("*.liq"))


def rejects() -> list[str]:
    """Programs, one per line, that must be refused."""
    return CORPUS.joinpath("rejects.txt").read_text(encoding="utf-8").splitlines()


@cache
def lark() -> Lark:
    """lark's own parser for the grammar, the oracle for ours."""
    return build_lark()


PLAIN: Final = ("a", "b", "tab", "col_1", "zed")
QUOTED: Final = (
    "`order`",
    "`view`",
    "`left`",
    "`a b`",
    "`right`",
    "`nulls`",
    "`choose`",
    "`table`",
    "`any`",
    "`filter`",
)
TERMINALS: Final = {
    "PARAM": ("$p", "$q"), "CLAIM": ("@uid",), "STRING": ("'x'", "'it''s'", "''", "'a\nb'"), "FLOAT": ("1e3",),
    "DECIMAL": ("1.5",), "INT": ("1", "2_000"), "COMPARE": ("<>", "!=", "<", "<=", ">", ">="), "EMPTY": ("[]",),
    "OR_ELSE": ("or",), "LEFT": ("left",), "FULL": ("full",), "CROSS": ("cross",), "INNER": ("inner",),
    "NULLS_EQUAL": ("nulls",), "KEY_LIST": ("key",), "UNIQUE_LIST": ("unique",), "FOREIGN_LIST": ("foreign",),
    "INDEX_LIST": ("index",), "CHOOSE": ("choose",), "TYPE_WORD": ("date", "uuid"),
}  # fmt: skip
UNREACHABLE: Final = 10**6


class Sentences:
    """Random sentences of the grammar: whatever it derives must parse."""

    def __init__(self) -> None:
        self.rules: dict[str, list[list[tuple[str, bool]]]] = defaultdict(list)
        for rule in lark().rules:
            self.rules[rule.origin.name].append([(symbol.name, symbol.is_term) for symbol in rule.expansion])
        terminals = lark().terminals
        self.words = {each.name: each.pattern.value for each in terminals if isinstance(each.pattern, PatternStr)}
        self.depths = dict.fromkeys(self.rules, UNREACHABLE)
        while any([self._shorten(name) for name in self.rules]):
            pass

    def _shorten(self, name: str) -> bool:
        depth = min(self.depth(body) for body in self.rules[name]) + 1
        changed = depth < self.depths[name]
        self.depths[name] = min(depth, self.depths[name])
        return changed

    def depth(self, body: list[tuple[str, bool]]) -> int:
        """How deep the shallowest tree of a rule is; what recovery alone may write is out of reach."""
        if any(name == "BROKEN" for name, _ in body):
            return UNREACHABLE
        return max((self.depths[name] for name, terminal in body if not terminal), default=0)

    def tokens(self, chance: random.Random, start: str, budget: int) -> list[str]:
        """The words and signs of one sentence."""
        out: list[str] = []
        pending = [(start, False, budget)]
        while pending:
            name, terminal, left = pending.pop()
            if terminal:
                out.append(self._word(chance, name))
                continue
            reachable = [body for body in self.rules[name] if self.depth(body) < UNREACHABLE]
            fitting = [body for body in reachable if self.depth(body) <= left] or [min(reachable, key=self.depth)]
            pending += [(each, is_terminal, left - 1) for each, is_terminal in reversed(chance.choice(fitting))]
        return out

    def _word(self, chance: random.Random, name: str) -> str:
        if name == "NAME":
            return chance.choice(PLAIN if chance.random() < 0.8 else QUOTED)
        return self.words.get(name) or chance.choice(TERMINALS[name])


@cache
def _sentences() -> Sentences:
    return Sentences()


GAPS: Final = (" ",) * 16 + ("\n", "\n\n", "  ")
COMMENTS: Final = (" -- end {}\n", "\n-- own {}\n", "\n\n-- apart {}\n\n", " --- said {}\n", "\n--- above {}\n")


def sentence(seed: int, comments: bool) -> str:
    """A program made from a seed: one to three statements or declarations, with comments anywhere if asked for."""
    chance = random.Random(seed)
    words: list[str] = []
    for _ in range(chance.randrange(1, 4)):
        start = chance.choice(("statement", "let", "_declaration", "_declaration"))
        words += _sentences().tokens(chance, start, chance.choice((8, 12, 16, 20)))
    gaps = []
    for at in range(len(words)):
        comment = comments and chance.random() < 0.15
        gaps.append(chance.choice(COMMENTS).format(at) if comment else chance.choice(GAPS))
    return "".join(word + gap for word, gap in zip(words, gaps, strict=True))
