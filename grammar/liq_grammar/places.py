"""Where the formatter puts each comment: above, behind or below the part of the tree that it belongs to.

Only parts that begin a line when their surroundings are broken can carry comments; a comment anywhere else moves up to
the smallest such part around it. A part that begins or ends with the same token as a larger one leaves the comment to
the larger, so that a second run finds every comment where the first has put it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Final

from liq_grammar import syntax as s

CARRIERS: Final[tuple[type[s.Node], ...]] = (
    s.Statement, s.Let, s.SessionDecl, s.TableDecl, s.ViewDecl, s.EnumDecl, s.PolicyDecl, s.FnDecl, s.RoleDecl,
    s.ChannelDecl, s.QueryDecl, s.TestDecl, s.MigrationDecl, s.Join, s.SetOperation, s.Stage, s.Where, s.Group,
    s.Order, s.OrderChoose, s.Limit, s.Offset, s.After, s.Distinct, s.Follow, s.Expect, s.OrSkip, s.OrUpdate,
    s.Returning, s.Star, s.PathStar, s.Field, s.Nested, s.Entry, s.Column, s.KeyConstraint, s.UniqueConstraint,
    s.Check, s.IndexDecl, s.Foreign, s.ClaimDecl, s.ParameterDecl, s.EnumValue, s.Grant, s.MaxRows,
    s.Restrictive, s.ForOperations, s.ToRoles, s.Using, s.Choice, s.When, s.Given, s.SessionStep, s.ExpectRows,
    s.ExpectError, s.Alter, s.DropTable,
)  # fmt: skip


ITEMS: Final = (
    s.Statement, s.Let, s.Given, s.SessionStep, s.ExpectRows, s.ExpectError, s.Alter, s.DropTable, s.TableDecl,
    s.EnumDecl, s.Star, s.PathStar, s.Field, s.Nested, s.Entry, s.Column, s.KeyConstraint, s.UniqueConstraint,
    s.Check, s.IndexDecl, s.Foreign, s.ClaimDecl, s.ParameterDecl, s.EnumValue, s.Grant, s.MaxRows, s.Choice,
)  # fmt: skip
"""Those of them that end their line, so that a comment can stand on the next."""


class Places:
    """The comments of one file, by the node (its ``id``) that carries them."""

    def __init__(self, tree: s.File) -> None:
        self.above: dict[int, list[s.Comment]] = {}
        self.behind: dict[int, str] = {}
        self.below: dict[int, list[str]] = {}
        self.at_end: list[s.Comment] = []
        self.any: Final = bool(tree.comments)
        if tree.comments:
            self._nodes, self._parents, self._inline = _carriers(tree)
            self._starts: Final = [node.span.start for node in self._nodes]
            self._first: Final[dict[int, s.Node]] = {}
            self._last: Final[dict[int, s.Node]] = {}
            for node in reversed(self._nodes):
                self._last[node.span.end] = node
                if id(node) not in self._inline:
                    self._first[node.span.start] = node
            self._leads, self._ends = _edges(tree)
            for comment in tree.comments:
                self._place(comment)

    def carries(self, node: s.Node) -> bool:
        """Whether a node carries any comment."""
        return any(id(node) in each for each in (self.above, self.behind, self.below))

    def carries_inside(self, node: s.Node) -> bool:
        """Whether a part of the node carries any comment."""
        return self.any and any(self.carries(each) for each in s.descendants(node) if each is not node)

    def _place(self, comment: s.Comment) -> None:
        following = self._lifted(self._first.get(comment.before), self._leads, self._first)
        before = self._lifted(self._last.get(comment.after), self._ends, self._last)
        if before is not None and not isinstance(before, CARRIERS) and not self._chained(following):
            before = None  # the last operand of a chain: more may follow on its line
        if (
            not comment.own_line
            and before is not None
            and id(before) not in self.behind
            and id(before) not in self.below
        ):
            self.behind[id(before)] = comment.text
        elif following is not None:
            self.above.setdefault(id(following), []).append(comment)
        elif isinstance(before, ITEMS) and self._container_goes_on(comment, before):
            self.below.setdefault(id(before), []).append(comment.text)
        else:
            around = self._around(comment.span.start)
            if around is None:
                self.at_end.append(comment)
            else:
                first = self._first[around.span.start]
                carrier = self._lifted(first, self._leads, self._first) or first
                self.above.setdefault(id(carrier), []).append(comment)

    @staticmethod
    def _chained(following: s.Node | None) -> bool:
        """Whether a node is an operand of ``and`` or ``or``."""
        return following is not None and not isinstance(following, CARRIERS)

    @staticmethod
    def _lifted(node: s.Node | None, edges: dict[int, int], carriers: dict[int, s.Node]) -> s.Node | None:
        """Clauses are written in canonical order: what will be at the edge of a larger part belongs to that part."""
        return carriers.get(edges[id(node)], node) if node is not None and id(node) in edges else node

    def _container_goes_on(self, comment: s.Comment, before: s.Node) -> bool:
        """Whether the comment stands in the same larger part as the node before it."""
        around = self._around(comment.span.start)
        return around is not None and around.span.start <= before.span.start

    def _around(self, offset: int) -> s.Node | None:
        """The smallest carrier that the offset stands in."""
        at = bisect_right(self._starts, offset) - 1
        while at >= 0 and (self._nodes[at].span.end <= offset or id(self._nodes[at]) in self._inline):
            at = self._parents[at]
        return self._nodes[at] if at >= 0 else None


def _carriers(tree: s.File) -> tuple[Sequence[s.Node], Sequence[int], frozenset[int]]:
    """The nodes that carry comments, outer before inner; the number of the one around each (or -1); which never begin a
    line, so that a comment can only stand behind them.
    """
    chains = [each.operands for each in s.descendants(tree) if isinstance(each, (s.And, s.Or))]
    operands = {id(node) for chain in chains for node in chain}
    inline = frozenset(id(chain[0]) for chain in chains if not isinstance(chain[0], CARRIERS))
    nodes = [node for node in s.descendants(tree) if isinstance(node, CARRIERS) or id(node) in operands]
    nodes.sort(key=lambda node: (node.span.start, -node.span.end))
    parents: list[int] = []
    open_: list[int] = []
    for at, node in enumerate(nodes):
        while open_ and nodes[open_[-1]].span.end <= node.span.start:
            open_.pop()
        parents.append(open_[-1] if open_ else -1)
        open_.append(at)
    return nodes, parents, inline


def _edges(tree: s.File) -> tuple[dict[int, int], dict[int, int]]:
    """For clauses that will be written first or last of theirs: where the part that they stand in begins or ends."""
    leads: dict[int, int] = {}
    ends: dict[int, int] = {}
    for node in s.descendants(tree):
        match node:
            case s.Stage(shape, (first, *_, last)):
                ends[id(last)] = node.span.end
                if shape is None:
                    leads[id(first)] = node.span.start
            case s.SimpleRead(clauses=(_, *_, last)) | s.Insert(_, _, (_, *_, last)) | s.Update(_, _, (_, *_, last)):
                ends[id(last)] = node.span.end
            case s.Delete(_, (_, *_, last)) | s.PolicyDecl(_, _, (_, *_, last)):
                ends[id(last)] = node.span.end
            case s.QueryDecl(_, _, (s.Statement() as only,)):
                ends[id(only)] = node.span.end  # it will be written without braces
            case _:
                pass
    return leads, ends
