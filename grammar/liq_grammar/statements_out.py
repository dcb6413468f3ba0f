"""Statements to documents: a statement that does not fit has its parts on lines of their own, one below the other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final, assert_never

from liq_grammar import names_out as out
from liq_grammar import syntax as s
from liq_grammar.expressions_out import CONCAT, ExpressionWriter
from liq_grammar.layout import HARD, PART, SOFT, SPACE, Concat, Doc, cat, group, indent, join

INTO: Final = frozenset({"into"})
NULLS: Final = frozenset({"nulls"})


class StatementWriter(ExpressionWriter):
    """Writes reads and writes."""

    def statement(self, node: s.Statement) -> Doc:
        """A statement with its ``expect``, description and comments."""
        parts = self._body_parts(node.body)
        if node.expect:
            text = f"expect {node.expect.rows.text}"
            if node.expect.message:
                text += f" else {out.text(node.expect.message.value)}"
            parts.append(self.carry(node.expect, text))
        return self.carry(node, cat(*self.described(node), in_parts(parts)))

    @staticmethod
    def described(node: s.Documented) -> list[Doc]:
        """The lines of a description, to stand above its node."""
        if node.description is None:
            return []
        return [part for line in node.description.split("\n") for part in (f"--- {line}".rstrip(), HARD)]

    def let(self, node: s.Let) -> Doc:
        """``let v = …``."""
        statement = node.statement
        doc = self.equals(f"let {out.name(node.name)}", self.statement(statement), hug=self.hugs(statement))
        return self.carry(node, doc)

    @staticmethod
    def equals(head: Doc, doc: Doc, hug: bool = False) -> Doc:
        """``head = doc``; on a line of its own where it does not fit behind the head, unless it ends with braces."""
        return cat(head, " = ", doc) if hug else cat(head, group(" =", indent(SPACE, doc)))

    def hugs(self, node: s.Statement) -> bool:
        """Whether a statement may stay behind its ``=``: nothing follows its braces, nothing stands above it."""
        alone = node.expect is None and node.description is None and not self.places.carries(node)
        return alone and ends_with_braces(node.body)

    def _body_parts(self, node: s.Body) -> list[Doc]:
        match node:
            case s.Read():
                return self._read_parts(node)
            case s.Insert(table, rows, clauses):
                return [self._insert_head(table, rows), *map(self._insert_clause, clauses)]
            case s.Update(table, assignments, clauses):
                head = cat(f"update {out.qualified(table)} set ", self._assignments(assignments))
                return [head, *map(self._write_clause, clauses)]
            case s.Delete(table, clauses):
                return [f"delete {out.qualified(table)}", *map(self._write_clause, clauses)]
            case s.Describe(tables):
                names = join(cat(",", SPACE), [out.qualified(table) for table in tables])
                return [group("describe ", indent(names))]
            case _:
                assert_never(node)

    def body(self, node: s.Body) -> Doc:
        """A statement without ``expect``."""
        return in_parts(self._body_parts(node))

    # -------------------------------------------------------------------------------------------------- reading

    def read(self, node: s.Read) -> Doc:
        """A read."""
        return in_parts(self._read_parts(node))

    def _read_parts(self, node: s.Read) -> list[Doc]:
        """Its lines, if it does not fit on one: clauses, or whole operands and stages where there are several."""
        if not node.rest and not node.stages:
            return self._simple_parts(node.first)
        parts: list[Doc] = [in_parts(self._simple_parts(node.first))]
        for operation in node.rest:
            head, *lines = self._simple_parts(operation.read)
            parts.append(self.carry(operation, in_parts([cat(f"{operation.operator} ", head), *lines])))
        for stage in node.stages:
            shape = [self.shape("", stage.shape)] if stage.shape else []
            head, *lines = [*shape, *(self.clause(clause) for clause in stage.clauses)]
            parts.append(self.carry(stage, in_parts([cat("| ", head), *lines])))
        return parts

    def _simple_parts(self, node: s.SimpleRead) -> list[Doc]:
        parts: list[Doc] = [cat("read ", self._source(node.source))]
        for join_ in node.joins:
            parts.append(self.carry(join_, self._join(join_)))
        if node.shape:
            if node.joins:
                parts.append(self.shape("", node.shape))
            else:
                parts[0] = cat(parts[0], " ", self.shape("", node.shape))
        return parts + [self.clause(clause) for clause in node.clauses]

    def _source(self, node: s.Source) -> Doc:
        match node:
            case s.TableSource(name, alias, deleted):
                shown = f" {out.alias(alias)}" if alias else ""
                return f"{out.qualified(name)}{' with deleted' if deleted else ''}{shown}"
            case s.DerivedSource(read, alias):
                return cat(self._in_parentheses(self.read(read)), f" {out.alias(alias)}")
            case s.FunctionSource(function, arguments, alias):
                call = self._listed("(", arguments, ")") if arguments else "()"
                return cat(out.qualified(function), call, f" {out.alias(alias)}" if alias else "")
            case _:
                assert_never(node)

    def _join(self, node: s.Join) -> Doc:
        head = "join " if node.kind == "inner" else f"{node.kind} join "
        if node.on is None:
            return cat(head, self._source(node.source))
        condition = self.expr(node.on)
        if _last_word(node.on) in out.JOIN_WORDS:
            condition = cat("(", condition, ")")
        return group(head, self._source(node.source), indent(SPACE, "on ", condition))

    def shape(self, head: str, node: s.Shape) -> Doc:
        """``{ … }``."""
        docs = [self._item(item) for item in node.items]
        return self.braces(head, node.items, docs, [not _begins_with_name(item) for item in node.items])

    def _item(self, node: s.ShapeItem) -> Doc:
        match node:
            case s.Star(excluded):
                return f"* except {out.names(excluded)}" if excluded else "*"
            case s.PathStar(path):
                return f"{self.path(path)}.*"
            case s.Field(label, value):
                return cat(f"{out.name(label)}: " if label else "", self.expr(value))
            case s.Nested(label, target, shape):
                start = self.call(target) if isinstance(target, s.Call) else self.path(target)
                return cat(f"{out.name(label)}: " if label else "", start, " ", self.shape("", shape))
            case s.Broken():
                raise ValueError("a tree with broken parts has no text")
            case _:
                assert_never(node)

    # -------------------------------------------------------------------------------------------------- clauses

    def clause(self, node: s.Clause) -> Doc:
        """A clause, with the comments it carries."""
        return self.carry(node, self._clause(node))

    def _clause(self, node: s.Clause) -> Doc:
        match node:
            case s.Where(condition):
                return cat("where ", self.expr(condition))
            case s.Group(keys):
                return group("group ", indent(self._list([self.expr(key) for key in keys])))
            case s.Order(keys):
                return cat("order ", self.order_keys(keys))
            case s.OrderChoose(parameter, choices):
                docs = [self._choice(choice) for choice in choices]
                commas = [choice.label.text == "nulls" for choice in choices]
                return self.braces(f"order choose {out.parameter(parameter)} ", choices, docs, commas)
            case s.Limit(count, maximum):
                return f"limit {out.bound(count)}{out.maximum(maximum)}"
            case s.Offset(count):
                return f"offset {out.bound(count)}"
            case s.After(cursor):
                return f"after {out.parameter(cursor)}"
            case s.Distinct():
                return "distinct"
            case s.Follow(sources, targets, start, maximum):
                head = f"follow {out.columns(sources)} -> {out.columns(targets)} from "
                return cat(head, self.expr(start), out.maximum(maximum))
            case _:
                assert_never(node)

    @staticmethod
    def _list(docs: Iterable[Doc]) -> Doc:
        return join(cat(",", SPACE), docs)

    def _choice(self, node: s.Choice) -> Doc:
        return cat(f"{out.name(node.label)}: ", self.order_keys(node.keys))

    def order_keys(self, keys: Sequence[s.OrderKey]) -> Doc:
        """``a desc, b nulls last``."""
        return group(indent(self._list([self._order_key(key) for key in keys])))

    def _order_key(self, node: s.OrderKey) -> Doc:
        nulls = f" nulls {node.nulls}" if node.nulls else ""
        return cat(self.expr(node.value), " desc" if node.descending else "", nulls)

    # -------------------------------------------------------------------------------------------------- writing

    def _insert_head(self, table: s.QualifiedName, rows: s.Records | s.FromRead | s.FromParameter) -> Doc:
        head = f"insert {out.qualified(table, INTO)} "
        match rows:
            case s.Records((s.Record() as record,)):
                return cat(head, self.record(record))
            case s.Records():
                return cat(head, self.records(rows))
            case s.FromRead(read):
                return cat(head, "from ", self.read(read))
            case s.FromParameter(parameter, shape):
                source = f"from {out.parameter(parameter)}"
                return cat(head, source, *((" ", self.shape("", shape)) if shape else ()))
            case _:
                assert_never(rows)

    def records(self, node: s.Records) -> Doc:
        """``[{ … }, { … }]``."""
        docs = [self.record(record) for record in node.records if isinstance(record, s.Record)]
        return group("[", indent(SOFT, self._list(docs)), SOFT, "]") if docs else "[]"

    def _insert_clause(self, node: s.InsertClause) -> Doc:
        match node:
            case s.OrSkip(on):
                return self.carry(node, f"or skip{f' on {out.names(on)}' if on else ''}")
            case s.OrUpdate(on, assignments, where):
                head = f"or update{f' on {out.names(on)}' if on else ''}"
                parts: list[Doc] = [cat(head, " set ", self._assignments(assignments)) if assignments else head]
                if where:
                    parts.append(self.clause(where))
                return self.carry(node, in_parts(parts))
            case s.Returning():
                return self._returning(node)
            case _:
                assert_never(node)

    def _write_clause(self, node: s.WriteClause) -> Doc:
        return self._returning(node) if isinstance(node, s.Returning) else self.clause(node)

    def _returning(self, node: s.Returning) -> Doc:
        """A list of names, or a shape where one is needed (or carries a comment)."""
        items = node.shape.items
        paths = [item.value for item in items if isinstance(item, s.Field) and item.label is None]
        names = [self.path(path) for path in paths if isinstance(path, s.Path)]
        if len(names) == len(items) and not any(map(self.places.carries, items)):
            return self.carry(node, group("returning ", indent(self._list(names))))
        return self.carry(node, self.shape("returning ", node.shape))

    def _assignments(self, nodes: Sequence[s.Assign | s.Broken]) -> Doc:
        docs: list[Doc] = []
        for node in nodes:
            if isinstance(node, s.Broken):
                raise ValueError("a tree with broken parts has no text")
            column = out.name(node.column)
            docs.append(cat(f"{column} = ", self.expr(node.value)) if node.value else column)
        return group(indent(indent(self._list(docs))))

    def default(self, node: s.Default) -> Doc:
        """``= value``."""
        return cat("= ", self.expr(node.value, CONCAT))


def ends_with_braces(node: s.Body) -> bool:
    """Whether a statement has one part, which ends with braces."""
    match node:
        case s.Read(s.SimpleRead(s.TableSource(), (), s.Shape(), ()), (), ()):
            return True
        case s.Insert(_, s.Records((_,)), ()) | s.Insert(_, s.FromParameter(_, s.Shape()), ()):
            return True
        case _:
            return False


def in_parts(parts: Sequence[Doc]) -> Doc:
    """A head and what follows it: on one line, or each part on a line of its own, indented below the head."""
    head, *following = parts
    pieces = (piece for part in following for piece in (SPACE if _begins_with_comment(part) else PART, part))
    return group(head, indent(*pieces))


def _begins_with_comment(doc: Doc) -> bool:
    return isinstance(doc, Concat) and isinstance(doc.parts[0], str) and doc.parts[0].startswith("--")


def _begins_with_name(item: s.ShapeItem) -> bool:
    """Whether an item may follow another without a comma: as in the grammar, not everything that begins with a name."""
    match item:
        case s.Star():
            return False
        case s.Field(None, s.Call(s.Path((name,)))) | s.Nested(None, s.Call(s.Path((name,)))):
            return name.text not in out.LIST_WORDS
        case s.Field(None, value):
            return _is_plain(value)
        case _:
            return True


def _is_plain(node: s.Expr) -> bool:
    while isinstance(node, (s.Cast, s.Index, s.Member)):
        if isinstance(node, s.Member) and isinstance(node.operand, (s.Path, s.Cast)):
            return False
        node = node.operand
    return isinstance(node, (s.Path, s.Call))


def _last_word(node: s.Expr) -> str:
    """The name that an expression ends with, if it does."""
    while True:
        match node:
            case s.Path(names):
                return names[-1].text
            case s.And(operands) | s.Or(operands):
                node = operands[-1]
            case s.Not(operand) | s.Negate(operand):
                node = operand
            case s.Compare(_, _, last) | s.Binary(_, _, last) | s.IsDistinct(_, last) | s.Matches(_, last):
                node = last
            case s.Like(_, last) | s.Between(_, _, last):
                node = last
            case s.Member(_, name):
                return name.text
            case s.Cast(_, type_):
                return type_.name.parts[-1].text
            case s.In(_, s.Path() as last):
                node = last
            case _:
                return ""
