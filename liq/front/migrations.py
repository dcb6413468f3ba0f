"""``migration`` declarations, typed against the schema that they lead to.

Declarations say what the schema is after the last migration. So migrations are walked backwards from it, which gives
the tables as they were around every step: what is added must be there afterwards, what is dropped must not be. The type
of a column that was dropped or changed later is unknown, and fits everything.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import assert_never

from attrs import define, evolve, field, frozen

from liq.front.constraint_names import ConstraintNames
from liq.front.context import Context, SchemaNames, closest
from liq.front.declared import Declared
from liq.front.foreign_keys import declare_foreign_keys
from liq.front.migration_states import State, add_column, remove_columns, rename_column, retype
from liq.front.parameters import Mode, Parameters
from liq.front.queries import QuerySource, compile_one
from liq.front.row_expressions import complete
from liq.front.tables import TableDraft, draft_table, extended
from liq.model import codes
from liq.model.diagnostics import Diagnostic
from liq.model.ir import Query
from liq.model.schema import Schema, Table
from liq.model.source import Span
from liq.model.types import Enum, Null
from liq_grammar import syntax


@frozen
class Change:
    """A step: what it says, and, where it adds or changes columns and constraints, those as a table of their own."""

    node: syntax.Alter | syntax.DropTable | syntax.TableDecl | syntax.EnumDecl
    parts: Table | None = None


@frozen
class RunStatement:
    """A statement that changes rows, over the tables as they are then."""

    query: Query


@frozen
class CompiledMigration:
    """A migration: its steps in order. The order of names is the order in which migrations apply."""

    name: str
    file: str
    steps: tuple[Change | RunStatement, ...]
    span: Span


@define
class _Walk:
    """One migration, walked from its last step to its first."""

    file: str
    state: State
    schema: Schema
    context: Context
    found: list[Diagnostic] = field(factory=list)

    def step(self, node: syntax.MigrationStep) -> Change | RunStatement | None:
        """One step, after which the tables are those of ``state``; then ``state`` is as before it."""
        match node:
            case syntax.Alter():
                return self._alter(node)
            case syntax.DropTable(name):
                if name.text in self.state:
                    self._not_so(name.span, f"the declarations still have the table {name.text} that is dropped here")
                return Change(node)
            case syntax.TableDecl(name):
                if name.text not in self.state:
                    self._unknown_table(name)
                self.state.pop(name.text, None)
                return Change(node, self._drafted(node))
            case syntax.EnumDecl(name):
                if name.text not in self.schema.enum_by_name:
                    self._not_so(name.span, f"the declarations have no enum {name.text}")
                return Change(node)
            case syntax.Statement():
                return self._statement(node)
            case syntax.Broken():
                return None
            case _:
                assert_never(node)

    def _not_so(self, span: Span, message: str, help: str | None = None) -> None:
        self.context.report(codes.MIGRATION, span, message, help=help)

    def _unknown_table(self, name: syntax.QualifiedName) -> None:
        meant = closest(name.text, self.state)
        hint = f" — did you mean {meant}?" if meant else ""
        self._not_so(name.span, f"the declarations have no table {name.text}{hint}")

    # ------------------------------------------------------------------------------------------------- statements
    def _statement(self, node: syntax.Statement) -> RunStatement | None:
        """A statement of a migration is its owner's: no policy hides a row from it."""
        schema = evolve(self.schema, tables=tuple(self.state.values()), policies=(), roles=(), views=())
        source = QuerySource("a migration", self.file, (), (node,), "", node.span, node.span)
        query, said = compile_one(source, schema, owner=True)
        self.found.extend(d for d in said if d.is_error)
        if query is not None and query.parameters:
            first = query.parameters[0]
            message = f"a migration has no caller who gives ${first.name} a value"
            self.found.append(Diagnostic(codes.PARAMETER_PLACE, message, first.span, self.file))
            return None
        return None if query is None else RunStatement(query)

    # ------------------------------------------------------------------------------------------------- alter
    def _alter(self, node: syntax.Alter) -> Change | None:
        name = node.table.text
        if name in self.schema.enum_by_name and isinstance(node.change, syntax.Add):
            self._labels(node.change, self.schema.enum_by_name[name])
            return Change(node)
        table = self.state.get(name)
        match node.change:
            case syntax.RenameTable(new):
                return self._renamed(node, new)
            case _ if table is None:
                self._unknown_table(node.table)
                return Change(node)
            case syntax.Add(elements):
                return self._added(node, table, elements)
            case syntax.SetColumn(elements):
                return self._changed(node, table, elements)
            case syntax.DropColumn(column):
                if column.text in table.by_name:
                    message = f"the declarations still have {name}.{column.text}, which is dropped here"
                    self._not_so(column.span, message)
                else:
                    self.state[name] = add_column(table, column.text)
                return Change(node)
            case syntax.RenameColumn(old, new):
                if new.text not in table.by_name:
                    self._no_column(table, new)
                elif old.text in table.by_name:
                    message = f"the declarations still have {name}.{old.text}, which gets another name here"
                    self._not_so(old.span, message)
                else:
                    self.state[name] = rename_column(table, new.text, old.text)
                return Change(node)
            case _:
                assert_never(node.change)

    def _renamed(self, node: syntax.Alter, new: syntax.Name) -> Change:
        schema, dot, _ = node.table.text.rpartition(".")
        target = f"{schema}{dot}{new.text}"
        if target not in self.state:
            self._not_so(new.span, f"the declarations have no table {target}")
        elif node.table.text in self.state:
            message = f"the declarations still have the table {node.table.text}, which gets another name here"
            self._not_so(node.table.span, message)
        else:
            self.state[node.table.text] = evolve(self.state.pop(target), name=node.table.text)
        return Change(node)

    def _labels(self, change: syntax.Add, enum: Enum) -> None:
        for element in syntax.pick(change.elements, syntax.EnumValue):
            if element.text not in enum.labels:
                self._not_so(element.span, f"the declarations have no '{element.text}' in {enum.name}")

    def _added(self, node: syntax.Alter, table: Table, elements: tuple[syntax.Node, ...]) -> Change:
        parts = self._parts(node, table, elements, new=True)
        columns = {c.name.text for c in syntax.pick(elements, syntax.Column)}
        self.state[table.name] = remove_columns(table, columns)
        return Change(node, parts)

    def _changed(self, node: syntax.Alter, table: Table, elements: tuple[syntax.Node, ...]) -> Change:
        parts = self._parts(node, table, elements, new=False)
        for column in syntax.pick(elements, syntax.Column):
            if column.name.text in self.state[table.name].by_name:
                self.state[table.name] = retype(self.state[table.name], column.name.text)
        return Change(node, parts)

    def _no_column(self, table: Table, name: syntax.Name) -> None:
        meant = closest(name.text, table.by_name)
        hint = f" — did you mean {meant}?" if meant else ""
        self._not_so(name.span, f"the declarations have no {table.name}.{name.text}{hint}")

    def _parts(self, node: syntax.Alter, table: Table, elements: tuple[syntax.Node, ...], *, new: bool) -> Table:
        """What is added or changed, typed over the table as it is afterwards."""
        for column in syntax.pick(elements, syntax.Column):
            there = table.by_name.get(column.name.text)
            if there is None:
                self._no_column(table, column.name)
        declared = tuple(e for e in elements if not isinstance(e, syntax.EnumValue))
        drafted = syntax.TableDecl(node.table, declared, span=node.span)  # type: ignore[arg-type]
        draft = extended(table, drafted, self._schema_context(self.file, 1))
        self._compare(draft, table, {c.name.text for c in syntax.pick(declared, syntax.Column)}, new=new)
        declare_foreign_keys(draft, {**self._drafts(), table.name: draft}, (v.name for v in self.schema.views))
        complete(draft, self._schema_context, ConstraintNames())
        return draft.table()

    def _compare(self, draft: TableDraft, table: Table, named: set[str], *, new: bool) -> None:
        for column in draft.columns:
            there = table.by_name.get(column.name) if column.name in named else None
            if there is None or isinstance(there.type, Null) or isinstance(column.type, Null):
                continue
            if (there.type, there.nullable) != (column.type, column.nullable):
                mine, theirs = (f"{c.type}{'?' if c.nullable else ''}" for c in (column, there))
                does = "adds" if new else "makes"
                self._not_so(
                    column.span, f"this {does} {table.name}.{column.name} {mine}, and the declarations say {theirs}"
                )

    def _drafts(self) -> Mapping[str, TableDraft]:
        blank = syntax.TableDecl(syntax.QualifiedName((syntax.Name(""),)), ())
        return {
            name: TableDraft(name, blank, self.context, list(table.columns), [], list(table.keys))
            for name, table in self.state.items()
        }

    def _drafted(self, node: syntax.TableDecl) -> Table:
        names = ConstraintNames()
        draft = draft_table(node.name.text, node, self._schema_context(self.file, 1), names)
        declare_foreign_keys(draft, {**self._drafts(), draft.name: draft}, (v.name for v in self.schema.views))
        complete(draft, self._schema_context, names)
        return draft.table()

    def _schema_context(self, file: str, next_id: int) -> Context:
        """A context for schema expressions over the tables of this moment; its findings are the migration's."""
        schema = evolve(self.schema, tables=tuple(self.state.values()))
        context = Context(SchemaNames(schema), file, True, Parameters(Mode.NONE), next_id=next_id)
        context.diagnostics = self.found
        return context


def compile_migrations(
    declared: Mapping[str, Declared[syntax.MigrationDecl]], schema: Schema, diagnostics: list[Diagnostic]
) -> tuple[CompiledMigration, ...]:
    """All migrations in the order in which they apply; those in which an error was found are left out."""
    state: State = dict(schema.table_by_name)
    done: list[CompiledMigration] = []
    for name in sorted(declared, reverse=True):
        file, node = declared[name].file, declared[name].node
        context = Context(SchemaNames(schema), file, True, Parameters(Mode.NONE))
        walk = _Walk(file, state, schema, context)
        steps = [walk.step(step) for step in reversed(node.steps)]
        found = [*context.diagnostics, *walk.found]
        diagnostics.extend(found)
        if not any(d.is_error for d in found) and all(step is not None for step in steps):
            kept = tuple(step for step in reversed(steps) if step is not None)
            done.append(CompiledMigration(name, file, kept, node.span))
    return tuple(reversed(done))
