"""Expressions to documents: parentheses only where the grammar needs them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Final, assert_never

from liq_grammar import names_out as out
from liq_grammar import syntax as s
from liq_grammar.layout import HARD, SOFT, SPACE, Doc, Either, Suffix, cat, group, indent, join
from liq_grammar.places import Places

OR, AND, NOT, COMPARE, CONCAT, SUM, PRODUCT, UNARY, CAST, PRIMARY = range(1, 11)
"""How tightly an expression binds."""

OPERATOR: Final[dict[str, int]] = {
    "||": CONCAT, "+": SUM, "-": SUM, "*": PRODUCT, "/": PRODUCT, "%": PRODUCT,
}  # fmt: skip


def binding(expr: s.Expr) -> int:
    """How tightly an expression binds, as written."""
    match expr:
        case s.Or():
            return OR
        case s.And():
            return AND
        case s.Not():
            return NOT
        case s.Compare() | s.Is() | s.IsDistinct() | s.In() | s.Like() | s.Between() | s.Matches():
            return COMPARE
        case s.Binary(operator):
            return OPERATOR[operator]
        case s.Negate():
            return UNARY
        case s.Cast():
            return CAST
        case _:
            return PRIMARY


def _not(negated: bool) -> str:
    return "not " if negated else ""


class ExpressionWriter(ABC):
    """Writes expressions; statements inside them are written by the class below."""

    def __init__(self, places: Places) -> None:
        self.places: Final = places

    @abstractmethod
    def read(self, node: s.Read) -> Doc:
        """A read."""

    @abstractmethod
    def clause(self, node: s.Clause) -> Doc:
        """A clause, with the comments it carries."""

    # ------------------------------------------------------------------------------------------------- comments

    def carry(self, node: s.Node, doc: Doc) -> Doc:
        """A document with the comments of its node."""
        places = self.places
        above = places.above.get(id(node), ())
        lead = [part for comment in above for part in (comment.text, HARD)]
        behind = (Suffix(places.behind[id(node)]),) if id(node) in places.behind else ()
        below = [Suffix(text, own_line=True) for text in places.below.get(id(node), ())]
        return cat(*lead, doc, *behind, *below) if lead or behind or below else doc

    # ---------------------------------------------------------------------------------------------- expressions

    def expr(self, node: s.Expr, least: int = OR) -> Doc:
        """An expression, in parentheses if it binds less tightly than it must."""
        if binding(node) < least:
            return group("(", indent(SOFT, self._bare(node)), SOFT, ")")
        return self._bare(node)

    def _bare(self, node: s.Expr) -> Doc:
        match node:
            case s.Or(operands):
                return self._chain("or", operands, AND)
            case s.And(operands):
                return self._chain("and", operands, NOT)
            case s.Not(operand):
                return cat("not ", self.expr(operand, NOT))
            case s.Binary():
                return self._arithmetic(node)
            case s.Negate(operand):
                return cat("- " if isinstance(operand, s.Negate) else "-", self.expr(operand, UNARY))
            case s.Cast(operand, type_):
                return cat(self.expr(operand, CAST), "::", out.type_ref(type_))
            case s.Index(operand, index):
                return cat(self.expr(operand, CAST), "[", self.expr(index), "]")
            case s.Member(operand, name):
                return cat(self._stem(operand), ".", out.name(name))
            case s.Call():
                return self.call(node)
            case s.Case():
                return self._case(node)
            case s.Row(items):
                return self._listed("(", items, ")")
            case s.ListLiteral(items):
                return self._listed("[", items, "]") if items else "[]"
            case s.Record():
                return self.record(node)
            case s.Subquery(read):
                return self._in_parentheses(self.read(read))
            case s.Exists(rows):
                return cat("exists ", self._in_parentheses(self._rows(rows)))
            case s.Compare() | s.Is() | s.IsDistinct() | s.In() | s.Like() | s.Between() | s.Matches():
                return self._comparison(node)
            case _:
                return self._atom(node)

    def _atom(
        self, node: s.Null | s.Boolean | s.Number | s.Text | s.Typed | s.Parameter | s.Claim | s.Path | s.Broken
    ) -> Doc:
        match node:
            case s.Null():
                return "null"
            case s.Boolean(value):
                return "true" if value else "false"
            case s.Number(digits):
                return digits
            case s.Text(value):
                return out.text(value)
            case s.Typed(kind, value):
                return f"{kind} {out.text(value)}"
            case s.Parameter():
                return out.parameter(node)
            case s.Claim(name):
                return f"@{name}"
            case s.Path():
                return self.path(node)
            case s.Broken():
                raise ValueError("a tree with broken parts has no text")
            case _:
                assert_never(node)

    def path(self, node: s.Path) -> str:
        """``a.b.c``."""
        return ".".join(out.name(name) for name in node.names)

    def _chain(self, word: str, operands: Sequence[s.Expr], least: int) -> Doc:
        """``a and b and c``; a line that is too long is broken before each word."""
        first, *rest = (self.expr(operand, least) for operand in operands)
        tail: list[Doc] = []
        for operand, doc in zip(operands[1:], rest, strict=True):
            tail += [SPACE, self.carry(operand, cat(f"{word} ", doc))]
        return group(self.carry(operands[0], first), indent(*tail))

    def _arithmetic(self, node: s.Binary) -> Doc:
        """A chain of operators of one strength, unrolled: it grows to the left."""
        level = OPERATOR[node.operator]
        tail: list[Doc] = []
        left: s.Expr = node
        while isinstance(left, s.Binary) and OPERATOR[left.operator] == level:
            tail += [self.expr(left.right, level + 1), f"{left.operator} ", SPACE]
            left = left.left
        return group(self.expr(left, level), indent(*reversed(tail)))

    def _stem(self, node: s.Expr) -> Doc:
        """What ``.name`` can follow: a path or a cast would swallow it."""
        doc = self.expr(node, PRIMARY)
        return cat("(", doc, ")") if isinstance(node, s.Path) else doc

    def _comparison(self, node: s.Compare | s.Is | s.IsDistinct | s.In | s.Like | s.Between | s.Matches) -> Doc:
        match node:
            case s.Compare(sign, left, right):
                return self._two(left, sign, right)
            case s.Is(operand, value, negated):
                return cat(self.expr(operand, CONCAT), f" is {_not(negated)}{value}")
            case s.IsDistinct(left, right, negated):
                return self._two(left, f"is {_not(negated)}distinct from", right)
            case s.Like(operand, pattern, ignore_case, negated):
                return self._two(operand, f"{_not(negated)}{'ilike' if ignore_case else 'like'}", pattern)
            case s.Matches(operand, query):
                return self._two(operand, "matches", query)
            case s.Between(operand, low, high, negated):
                last = cat("and ", self.expr(high, CONCAT))
                first = self._two(operand, f"{_not(negated)}between", low)
                return group(first, indent(SPACE, last))
            case s.In(operand, choices, negated):
                return cat(self.expr(operand, CONCAT), f" {_not(negated)}in ", self._choices(choices))
            case _:
                assert_never(node)

    def _two(self, left: s.Expr, word: str, right: s.Expr) -> Doc:
        """``left word right``; what has brackets of its own breaks inside them, not before the word."""
        if isinstance(right, s.Subquery | s.ListLiteral | s.Record | s.Row | s.Case):
            return cat(self.expr(left, CONCAT), f" {word} ", self.expr(right, CONCAT))
        return group(self.expr(left, CONCAT), indent(SPACE, f"{word} ", self.expr(right, CONCAT)))

    def _choices(self, node: s.Choices | s.Read | s.Expr) -> Doc:
        match node:
            case s.Choices(items):
                return self._listed("(", items, ")")
            case s.Read():
                return self._in_parentheses(self.read(node))
            case _:
                return self.expr(node, CAST)

    def _rows(self, node: s.Read | s.LinkRows) -> Doc:
        if isinstance(node, s.Read):
            return self.read(node)
        where = (SPACE, self.clause(node.where)) if node.where else ()
        return group(self.path(node.path), *where)

    def _in_parentheses(self, doc: Doc) -> Doc:
        return group("(", indent(SOFT, doc), SOFT, ")")

    def _listed(self, opener: str, items: Sequence[s.Expr], closer: str) -> Doc:
        docs = [self.expr(item) for item in items]
        return group(opener, indent(SOFT, join(cat(",", SPACE), docs)), SOFT, closer)

    def _case(self, node: s.Case) -> Doc:
        head: Doc = cat("case ", self.expr(node.subject)) if node.subject else "case"
        lines: list[Doc] = []
        for arm in node.arms:
            doc = cat("when ", self.expr(arm.condition), " then ", self.expr(arm.result))
            lines += [SPACE, self.carry(arm, group(doc))]
        if node.otherwise:
            lines += [SPACE, "else ", self.expr(node.otherwise)]
        return group(head, indent(*lines), SPACE, "end")

    # ------------------------------------------------------------------------------------------- calls and records

    def call(self, node: s.Call) -> Doc:
        """``f(distinct a, b where c order d) over (…)``."""
        inside: list[Doc] = []
        if node.arguments:
            docs = [self.expr(argument) for argument in node.arguments]
            inside.append(cat("distinct " if node.distinct else "", join(cat(",", SPACE), docs)))
        inside += [self.clause(clause) for clause in node.clauses]
        arguments = group("(", indent(SOFT, join(SPACE, inside)), SOFT, ")") if inside else "()"
        over = cat(" over ", self._over(node.over)) if node.over else ""
        return cat(self._function(node.function), arguments, over)

    def _function(self, node: s.Path) -> str:
        """The name of a function; ``any (`` would look like SQL's."""
        match node:
            case s.Path((s.Name("any" | "some" | "filter" as word),)):
                return f"`{word}`"
            case _:
                return self.path(node)

    def _over(self, node: s.Over) -> Doc:
        parts: list[Doc] = []
        if node.by:
            parts.append(cat("by ", join(cat(",", SPACE), [self.expr(each) for each in node.by])))
        if node.order:
            parts.append(self.clause(node.order))
        if node.frame:
            parts.append(self._frame(node.frame))
        return group("(", indent(SOFT, join(SPACE, parts)), SOFT, ")") if parts else "()"

    @staticmethod
    def _frame(node: s.Frame) -> str:
        def bound(each: s.WindowBound) -> str:
            if each.side == "current row":
                return each.side
            return f"{each.rows.text if each.rows else 'unbounded'} {each.side}"

        if node.end is None:
            return f"rows {bound(node.start)}"
        return f"rows between {bound(node.start)} and {bound(node.end)}"

    def record(self, node: s.Record) -> Doc:
        """``{ a: 1, $b }``; no item per line needs a comma but before a label that is a text."""
        docs: list[Doc] = []
        needs: list[bool] = []
        for entry in node.entries:
            if isinstance(entry, s.Broken):
                raise ValueError("a tree with broken parts has no text")
            label = out.label(entry.name)
            docs.append(self.expr(entry.value) if entry.pun else cat(label, ": ", self.expr(entry.value)))
            needs.append(label.startswith("'") and not entry.pun)
        return self.braces("", node.entries, docs, needs)

    def braces(self, head: str, nodes: Sequence[s.Node], docs: Sequence[Doc], comma_before: Sequence[bool]) -> Doc:
        """``{ a, b }`` on one line; else one item per line, with commas only where the grammar needs them."""
        if not docs:
            return f"{head}{{}}"
        parts: list[Doc] = []
        for at, (node, doc) in enumerate(zip(nodes, docs, strict=True)):
            needed = at + 1 < len(docs) and comma_before[at + 1]
            comma = Either(broken="," if needed else "", flat="," if at + 1 < len(docs) else "")
            parts += [SPACE, self.carry(node, cat(doc, comma))]
        return group(f"{head}{{", indent(*parts), SPACE, "}")
