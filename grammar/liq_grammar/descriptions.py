"""Giving ``--- text`` to what it describes: what begins behind it, or what it stands behind on its line."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import Final

from liq.model.source import Source, Span
from liq_grammar import syntax as s
from liq_grammar.scanner import Token, Trivia

PASSED_OVER: Final = ("and", "or", "|")


def is_description(text: str) -> bool:
    """Whether a comment is a description; longer rows of dashes are only decoration."""
    return text.startswith("---") and not text.startswith("----")


class Descriptions:
    """The documented nodes of one tree, and the descriptions they turn out to have."""

    def __init__(self, source: Source, nodes: Iterable[s.Documented]) -> None:
        self.source: Final = source
        self.nodes: Final = sorted(nodes, key=lambda node: (node.span.start, -node.span.end))
        self.first: Final[dict[int, s.Documented]] = {}
        for node in self.nodes:
            self.first.setdefault(node.span.start, node)
        self.starts: Final = [node.span.start for node in self.nodes]
        self.lines: dict[int, list[str]] = {}

    def take(self, text: str, comment: Trivia, following: int) -> bool:
        """Attach one comment to a node; False if it describes nothing."""
        node = self.first.get(following) if comment.own_line else self._before(comment.start)
        if node is None:
            return False
        self.lines.setdefault(id(node), []).append(text[4:] if text[3:4] == " " else text[3:])
        return True

    def _before(self, offset: int) -> s.Documented | None:
        """The last node that begins before the offset, if it begins or ends on its line."""
        line = self.source.position(offset)[0]
        at = bisect_right(self.starts, offset) - 1
        while at >= 0:
            node = self.nodes[at]
            if not isinstance(node, s.Statement):
                begins = self.source.position(node.span.start)[0]
                ends = self.source.position(max(node.span.start, node.span.end - 1))[0]
                if line in (begins, ends) and (node.span.end <= offset or begins == line):
                    return node
                if begins < line:
                    return None
            at -= 1
        return None

    def set(self) -> None:
        """Write the descriptions into their nodes, which nobody has seen yet."""
        for node in self.nodes:
            if id(node) in self.lines:
                object.__setattr__(node, "description", "\n".join(line.rstrip() for line in self.lines[id(node)]))


def attach_comments(
    source: Source, tree: s.File, tokens: Sequence[Token], trivia: Sequence[Trivia], text: str
) -> s.File:
    """The tree with its comments: descriptions in the nodes they describe, all others in the list of the file."""
    if not trivia:
        return tree
    documented = [node for node in s.descendants(tree) if isinstance(node, s.Documented)]
    descriptions = Descriptions(source, documented)
    comments: list[s.Comment] = []
    for each in trivia:
        words = text[each.start : each.end].rstrip()
        following = tokens[each.follower].start
        if is_description(words) and descriptions.take(words, each, following):
            continue
        follower = each.follower
        if tokens[follower].text in PASSED_OVER and tokens[follower + 1].text not in ("update", "skip"):
            following = tokens[follower + 1].start
        before = follower - 1
        if before >= 0 and tokens[before].text == ",":
            before -= 1
        after = tokens[before].end if before >= 0 else 0
        if is_description(words):
            words = "--" + words[3:]  # it describes nothing, so it is a comment like any other
        blank = re.compile(r"\n[ \t\r]*\n").match(text, each.end) is not None
        comments.append(s.Comment(words, each.own_line, after, following, blank, span=Span(each.start, each.end)))
    descriptions.set()
    return s.evolve(tree, comments=tuple(comments))
