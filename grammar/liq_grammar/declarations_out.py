"""Declarations to documents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, assert_never

from liq_grammar import names_out as out
from liq_grammar import syntax as s
from liq_grammar.layout import HARD, SOFT, SPACE, WIDTH, Doc, Either, Suffix, cat, flat_width, group, indent, join
from liq_grammar.statements_out import StatementWriter, ends_with_braces

TO: Final = frozenset({"to"})
DEEPEST_ITEM: Final = 4
"""How far an item with a description can be indented: two for its braces, two for a migration around them."""


class DeclarationWriter(StatementWriter):
    """Writes declarations, and so whole files."""

    def item(self, node: s.Item) -> Doc:
        """What stands at the top of a file."""
        match node:
            case s.Statement():
                return self.statement(node)
            case s.Let():
                return self.let(node)
            case _:
                return self.carry(node, cat(*self.described(node), self._declaration(node)))

    def _declaration(self, node: s.Declaration) -> Doc:
        match node:
            case s.SessionDecl(claims):
                return self._block("session ", claims, [self._claim(claim) for claim in claims])
            case s.TableDecl():
                return self._table(node)
            case s.ViewDecl(name, read):
                return self.equals(f"view {out.qualified(name)}", self.read(read), hug=ends_with_braces(read))
            case s.EnumDecl(name, values):
                return self._block(
                    f"enum {out.qualified(name)} ", values, [self._enum_value(value) for value in values]
                )
            case s.PolicyDecl(name, tables, parts):
                listed = indent(self._list([out.qualified(table) for table in tables]))
                head = group(f"policy {out.name(name)} on ", listed)
                docs = [self.carry(part, self._policy_part(part)) for part in parts]
                return group(head, *((indent(SPACE, join(SPACE, docs)),) if docs else ()))
            case s.FnDecl(name, parameters, body):
                head = self._head(f"fn {out.qualified(name)}", parameters, always=True)
                return self.equals(head, self.read(body) if isinstance(body, s.Read) else self.expr(body))
            case s.RoleDecl(name, grants):
                return self._role(name, grants)
            case s.ChannelDecl(paths, roles):
                listed = join(cat(",", SPACE), [self.path(path) for path in paths])
                doc = group("channel exists(", indent(SOFT, listed), SOFT, ")")
                return cat(doc, " ", self.carry(roles, self._policy_part(roles))) if roles else doc
            case s.QueryDecl(name, parameters, steps):
                return self._query(self._head(f"query {out.qualified(name)}", parameters, always=False), steps)
            case s.TestDecl(title, tests):
                return self._steps(f"test {out.text(title.value)} ", [self._test_step(step) for step in tests])
            case s.MigrationDecl(name, migrations):
                docs = [self._migration_step(step) for step in migrations]
                return self._steps(f"migration {out.name(name)} ", docs)
            case _:
                assert_never(node)

    # ------------------------------------------------------------------------------------------- described items

    def _documented(self, node: s.Documented, doc: Doc, *behind: Doc) -> Doc:
        """An item with its description behind it, or above it where it does not fit on the line."""
        description = node.description
        if description is None:
            return cat(doc, *behind)
        width = DEEPEST_ITEM + flat_width(cat(doc, *behind)) + len("  --- ") + len(description) + 1
        crowded = id(node) in self.places.behind or self.places.carries_inside(node)
        if "\n" in description or width > WIDTH or crowded:
            return cat(*self.described(node), doc, *behind)
        return cat(doc, *behind, Suffix(f"--- {description}".rstrip()))

    def _block(self, head: str, nodes: Sequence[s.Node], docs: Sequence[Doc]) -> Doc:
        return self.braces(head, nodes, docs, [False] * len(docs))

    def _claim(self, node: s.ClaimDecl | s.Broken) -> Doc:
        if isinstance(node, s.Broken):
            raise ValueError("a tree with broken parts has no text")
        parts: list[Doc] = [f"{out.name(node.name)}: {out.type_ref(node.type)}"]
        for part in node.parts:
            parts += [SPACE, self.default(part) if isinstance(part, s.Default) else f"from {out.text(part.path.value)}"]
        return self._documented(node, group(indent(*parts)))

    def _enum_value(self, node: s.EnumValue | s.Broken) -> Doc:
        if isinstance(node, s.Broken):
            raise ValueError("a tree with broken parts has no text")
        value = out.enum_value(node.text)
        if "\n" in value and node.description is not None and "\n" not in node.description:
            return cat(value, Suffix(f"--- {node.description}".rstrip()))  # above it, it would stand behind `add`
        return self._documented(node, value)

    # ---------------------------------------------------------------------------------------------------- tables

    def _table(self, node: s.TableDecl) -> Doc:
        """One element per line; a check of one column alone stays behind that column."""
        lines: list[list[s.Element]] = []
        for element in node.elements:
            if lines and isinstance(element, s.Check) and self._stays_behind(element, lines[-1]):
                lines[-1].append(element)
            else:
                lines.append([element])
        firsts = [line[0] for line in lines]
        commas = [isinstance(first, s.Column) and first.name.text in out.COLUMN_WORDS for first in firsts]
        docs = [self._line(*line) for line in lines]
        return self.braces(f"table {out.qualified(node.name)} ", firsts, docs, commas)

    def _stays_behind(self, check: s.Check, line: Sequence[s.Element]) -> bool:
        """Whether a check stands on the line of its column: it speaks of nothing else, and no comment comes between."""
        first = line[0]
        carried = any(self.places.carries(each) for each in (*line, check))
        return isinstance(first, s.Column) and not carried and _speaks_of(check, first.name.text)

    def _line(self, first: s.Element, *checks: s.Element) -> Doc:
        if not checks or not isinstance(first, s.Column):
            return self._element(first)
        behind = [piece for check in checks for piece in (SPACE, self._element(check))]
        return self._documented(first, group(self._column(first), indent(*behind)))

    def _column(self, node: s.Column, plain_type: bool = False) -> Doc:
        parts: list[Doc] = [f"{out.name(node.name)} {out.type_ref(node.type, plain_type)}"]
        for part in node.parts:
            parts += [SPACE, self._column_part(part)]
        return group(indent(*parts))

    def _column_part(self, node: s.ColumnPart) -> Doc:
        match node:
            case s.Flag(word):
                return word
            case s.Default():
                return self.default(node)
            case s.References(table, columns):
                return f"-> {out.qualified(table)}{f' {out.names(columns)}' if columns else ''}"
            case s.LinkAs(name):
                return f"as {out.name(name)}"
            case s.Reverse(name):
                return f"reverse {out.name(name)}"
            case s.OnDelete(action):
                return f"on delete {action}"
            case s.Was(name):
                return f"was {out.name(name)}"
            case _:
                assert_never(node)

    def _element(self, node: s.Element | s.EnumValue, plain_type: bool = False) -> Doc:
        match node:
            case s.Column():
                return self._documented(node, self._column(node, plain_type))
            case s.KeyConstraint(columns):
                return f"key {out.names(columns)}"
            case s.UniqueConstraint(keys, nulls_not_distinct, where, name):
                head = cat("unique ", self._keys(keys), " nulls not distinct" if nulls_not_distinct else "")
                return self._conditions(head, where, name)
            case s.Check(condition, name):
                return cat("check ", self.expr(condition), f" as {out.name(name)}" if name else "")
            case s.IndexDecl(keys, method, where, name):
                head = cat("index ", self._keys(keys), f" using {out.name(method)}" if method else "")
                return self._conditions(head, where, name)
            case s.Foreign(columns, parts):
                docs = [self._column_part(part) for part in parts]
                return group(f"foreign {out.names(columns)}", indent(SPACE, join(SPACE, docs)))
            case s.EnumValue():
                return self._enum_value(node)
            case s.Broken():
                raise ValueError("a tree with broken parts has no text")
            case _:
                assert_never(node)

    def _keys(self, keys: Sequence[s.OrderKey]) -> Doc:
        return group("(", indent(SOFT, self._list([self._order_key(key) for key in keys])), SOFT, ")")

    def _conditions(self, head: Doc, where: s.Where | None, name: s.Name | None) -> Doc:
        parts: list[Doc] = [head]
        if where:
            parts.append(self.clause(where))
        if name:
            parts.append(f"as {out.name(name)}")
        return group(indent(join(SPACE, parts)))

    # ------------------------------------------------------------------------------------------ policies and roles

    def _policy_part(self, node: s.PolicyPart) -> Doc:
        match node:
            case s.Restrictive():
                return "restrictive"
            case s.ForOperations(operations):
                return f"for {', '.join(operations)}"
            case s.ToRoles(roles):
                return f"to {', '.join(out.name(role) for role in roles)}"
            case s.Using(condition):
                return cat("using ", self.expr(condition))
            case s.Check():
                return self._element(node)
            case _:
                assert_never(node)

    def _role(self, name: s.Name, grants: Sequence[s.Grant | s.MaxRows | s.Broken]) -> Doc:
        if not grants:
            return f"role {out.name(name)} {{}}"
        docs = [self.carry(grant, self._grant(grant)) for grant in grants]
        return group(f"role {out.name(name)} {{", indent(SPACE, join(SPACE, docs)), SPACE, "}")

    def _grant(self, node: s.Grant | s.MaxRows | s.Broken) -> Doc:
        match node:
            case s.MaxRows(rows):
                return f"max rows {rows.text}"
            case s.Grant(action, _, everything=True):
                return f"{action} all"
            case s.Grant(action, targets):
                return group(f"{action} ", indent(self._list([self._target(target) for target in targets])))
            case s.Broken():
                raise ValueError("a tree with broken parts has no text")
            case _:
                assert_never(node)

    @staticmethod
    def _target(node: s.Target | s.Broken) -> Doc:
        if isinstance(node, s.Broken):
            raise ValueError("a tree with broken parts has no text")
        columns = f" {out.names(node.columns)}" if node.columns else ""
        return f"{out.qualified(node.name)}{columns}{' with deleted' if node.deleted else ''}"

    # ----------------------------------------------------------------------------------------- queries and functions

    def _head(self, head: str, parameters: Sequence[s.ParameterDecl | s.Broken], always: bool) -> Doc:
        """``query name($a: text)``; one parameter per line where they do not fit or are described."""
        if not parameters:
            return f"{head}()" if always else head
        parts: list[Doc] = []
        for at, parameter in enumerate(parameters):
            last = at == len(parameters) - 1
            parts += [SOFT if at == 0 else SPACE, self.carry(parameter, self._parameter(parameter, last))]
        return group(f"{head}(", indent(*parts), SOFT, ")")

    def _parameter(self, node: s.ParameterDecl | s.Broken, last: bool) -> Doc:
        """With the comma behind it, so that a description stands behind the comma."""
        if isinstance(node, s.Broken):
            raise ValueError("a tree with broken parts has no text")
        parts: list[Doc] = [f"${node.name}: {out.type_ref(node.type)}"]
        for part in node.parts:
            parts += [SPACE, self._parameter_part(part)]
        comma = Either(broken=",", flat="") if last else ","
        return self._documented(node, group(indent(*parts)), comma)

    def _parameter_part(self, node: s.Default | s.Check) -> Doc:
        return self.default(node) if isinstance(node, s.Default) else self.carry(node, self._element(node))

    def _query(self, head: Doc, steps: Sequence[s.Step | s.Broken]) -> Doc:
        if len(steps) == 1 and isinstance(steps[0], s.Statement):
            return self.equals(head, self.statement(steps[0]), hug=self.hugs(steps[0]))
        return self._steps(cat(head, " "), [self._step(step) for step in steps])

    @staticmethod
    def _steps(head: Doc, docs: Sequence[Doc]) -> Doc:
        """Steps of a body, each on a line of its own."""
        if not docs:
            return cat(head, "{}")
        return cat(head, "{", indent(HARD, join(HARD, docs)), HARD, "}")

    def _step(self, node: s.Step | s.Broken) -> Doc:
        match node:
            case s.Statement():
                return self.statement(node)
            case s.Let():
                return self.let(node)
            case s.Broken():
                raise ValueError("a tree with broken parts has no text")
            case _:
                assert_never(node)

    # ------------------------------------------------------------------------------------------ tests and migrations

    def _test_step(self, node: s.TestStep) -> Doc:
        match node:
            case s.Given(table, rows):
                return self.carry(node, cat(f"given {out.qualified(table)} ", self.records(rows)))
            case s.SessionStep(claims):
                return self.carry(node, cat("session ", self.record(claims)))
            case s.ExpectRows(body, rows):
                doc = group("expect ", self._outcome(body), indent(SPACE, "gives ", self.records(rows)))
                return self.carry(node, doc)
            case s.ExpectError(body, code):
                shown = f"{out.text(code.value)} " if code else ""
                return self.carry(node, cat(f"expect error {shown}", self._outcome(body)))
            case s.Statement():
                return self.statement(node)
            case s.Broken():
                raise ValueError("a tree with broken parts has no text")
            case _:
                assert_never(node)

    def _outcome(self, node: s.Body | s.Run) -> Doc:
        if isinstance(node, s.Run):
            arguments = (" ", self.record(node.arguments)) if node.arguments else ()
            return cat(f"run {out.qualified(node.query)}", *arguments)
        return self.body(node)

    def _migration_step(self, node: s.MigrationStep) -> Doc:
        match node:
            case s.Alter(table, change):
                return self.carry(node, cat(f"alter {out.qualified(table)} ", self._change(change)))
            case s.DropTable(table):
                return self.carry(node, f"drop table {out.qualified(table)}")
            case s.TableDecl() | s.EnumDecl() | s.Statement():
                return self.item(node)
            case s.Broken():
                raise ValueError("a tree with broken parts has no text")
            case _:
                assert_never(node)

    def _change(self, node: s.Add | s.SetColumn | s.DropColumn | s.RenameColumn | s.RenameTable) -> Doc:
        match node:
            case s.Add(elements) | s.SetColumn(elements):
                word = "add" if isinstance(node, s.Add) else "set"
                docs = [self.carry(element, self._element(element, plain_type=word == "add")) for element in elements]
                return group(f"{word} ", indent(join(SPACE, docs)))
            case s.DropColumn(column):
                return f"drop {out.name(column)}"
            case s.RenameColumn(old, new):
                return f"rename {out.name(old, TO)} to {out.name(new)}"
            case s.RenameTable(new):
                return f"rename to {out.name(new)}"
            case _:
                assert_never(node)


def _speaks_of(check: s.Check, column: str) -> bool:
    """Whether a check names one column and nothing else."""
    paths = {node.text for node in s.descendants(check.condition) if isinstance(node, s.Path)}
    functions = {node.function.text for node in s.descendants(check.condition) if isinstance(node, s.Call)}
    return paths - functions == {column}
