"""Resolving read programs against the small registry, without access: what the tests of reads look at."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from attrs import frozen

from liq.front import keys, reads
from liq.front.context import Context, LetBinding, SchemaNames, learn_parameters
from liq.front.declarations import declare
from liq.front.declared import SourceFile
from liq.front.describe import resolve_describe
from liq.front.parameters import Parameters
from liq.front.reads import RootRead
from liq.model.diagnostics import Diagnostic
from liq.model.expr import Column, Relation
from liq.model.ir import Parameter, Precondition, Query, Statement
from liq.model.schema import Schema
from liq.model.source import Source
from liq_grammar import syntax
from liq_grammar.parser import parse

HERE = Path(__file__).parent


@cache
def registry() -> Schema:
    """The schema of the tests."""
    source = Source("registry.liq", (HERE / "registry.liq").read_text(encoding="utf-8"))
    parsed = parse(source)
    declared = declare([SourceFile(source.name, parsed.tree)])
    assert not parsed.diagnostics and not declared.diagnostics, (parsed.diagnostics, declared.diagnostics)
    return declared.schema


@frozen
class Resolved:
    """A program of reads: its last one, and what was said."""

    read: RootRead | None
    statements: tuple[Statement, ...]
    parameters: tuple[Parameter, ...]
    preconditions: tuple[Precondition, ...]
    diagnostics: tuple[Diagnostic, ...]
    context: Context

    @property
    def errors(self) -> list[str]:
        """The errors, as one line each."""
        return [f"{d.code.id} {d.message}" for d in self.diagnostics if d.is_error]

    @property
    def root(self) -> RootRead:
        """The last read of a program that is right."""
        assert self.read is not None and not self.errors, self.errors
        return self.read

    def query(self) -> Query:
        """The program as a query, over bare tables."""
        root = self.root
        return Query(
            "test", self.parameters, self.preconditions, self.statements, root.result, root.ordered, root.paging
        )


def resolve_program(
    text: str, *, schema: Schema | None = None, visible: bool = False, declared: tuple[Parameter, ...] = ()
) -> Resolved:
    """Resolve reads, ``let``s of reads and ``describe``. ``visible``: no policy hides a row."""
    source = Source("test.liq", text)
    parsed = parse(source)
    schema = schema or registry()
    context = Context(SchemaNames(schema), "test.liq", parameters=Parameters(), always_visible=lambda _: visible)
    for parameter in declared:
        context.parameters.declare(parameter)
    statements: list[Statement] = []
    last: list[RootRead] = []

    def run(current: Context) -> None:
        statements.clear()
        last.clear()
        for number, step in enumerate(parsed.tree.steps):
            _step(step, current, statements, last, final=number + 1 == len(parsed.tree.steps))

    learn_parameters(context, run)
    diagnostics = (*parsed.diagnostics, *context.diagnostics)
    return Resolved(
        last[0] if last else None, tuple(statements), context.parameters.finished(),
        tuple(context.parameters.preconditions), tuple(sorted(diagnostics, key=lambda d: d.span)), context,
    )  # fmt: skip


def _step(
    step: syntax.Step, context: Context, statements: list[Statement], last: list[RootRead], *, final: bool
) -> None:
    statement = step.statement if isinstance(step, syntax.Let) else step
    match statement.body:
        case syntax.Read() as read if isinstance(step, syntax.Let):
            name = step.name.text
            relation = reads.resolve_read(read, context)
            context.lets[name] = binding(step.name, relation, context)
            statements.append(Statement(relation, name))
        case syntax.Read() as read:
            root = reads.root_read(read, context, warn=final and statement.expect is None)
            statements.append(Statement(root.relation))
            last[:] = [root]
        case syntax.Describe() as describe:
            rows = resolve_describe(describe, context)
            statements.append(Statement(rows))
            last[:] = [RootRead(rows, rows.columns, False, None, True)]
        case other:
            raise AssertionError(f"no test of reads holds {type(other).__name__}")


def binding(name: syntax.Name, relation: Relation, context: Context) -> LetBinding:
    """What a ``let`` of a read names."""
    places = {column.id: place for place, column in enumerate(relation.columns)}
    found = tuple(frozenset(places[i] for i in key) for key in keys.keys_of(relation, context))
    return LetBinding(name.text, relation.columns, found, keys.exactly_one(relation), span=name.span)


def shown(columns: tuple[Column, ...]) -> str:
    """Columns as a test states them: ``id uuid, name text?``."""
    return ", ".join(f"{c.name} {c.type}{'?' if c.nullable else ''}" for c in columns)
