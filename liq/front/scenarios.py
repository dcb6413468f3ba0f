"""``test`` declarations: rows that are there, a session, and what statements give; all of it typed, to be run later."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import define, evolve, field, frozen

from liq.front.broken import is_broken
from liq.front.coerce import coerce
from liq.front.context import Context, closest, one_of
from liq.front.expressions import infer
from liq.front.inserts import resolve_insert
from liq.front.parameters import Mode
from liq.front.queries import QuerySource, compile_one, new_context
from liq.front.scope import empty_scope
from liq.model import codes
from liq.model.diagnostics import Diagnostic, Label
from liq.model.errors import ErrorKind
from liq.model.expr import Expr
from liq.model.ir import Query, Statement
from liq.model.schema import Schema, Table
from liq.model.source import Span
from liq.model.types import List, Record, Type
from liq_grammar import syntax

_ERRORS = frozenset((*codes.CODES, *(kind.value for kind in ErrorKind)))
"""What a test may expect: a code of the compiler, or a kind of error of a run."""
Named = tuple[tuple[str, Expr], ...]
"""Values by name: constants, or expressions over nothing."""


@frozen
class Call:
    """A query and its arguments: a statement of the test, or one that is declared elsewhere."""

    query: Query
    arguments: Named = ()


@frozen
class GivenRows:
    """Rows that are stored before anything runs, whatever the policies."""

    insert: Query


@frozen
class AsSession:
    """The claims of whoever runs what follows."""

    claims: Named


@frozen
class GivesRows:
    """The rows that a call gives: of each the columns that are named, in order where the call has one."""

    call: Call
    rows: tuple[Named, ...]


@frozen
class GivesError:
    """A call that fails. ``refused``: the codes with which compiling refuses it already (then there is no call)."""

    call: Call | None
    code: str | None
    refused: tuple[str, ...] = ()


@frozen
class Runs:
    """A statement that runs for what it does."""

    call: Call


Step = GivenRows | AsSession | GivesRows | GivesError | Runs


@frozen
class CompiledTest:
    """A test, ready to be run."""

    __test__ = False

    title: str
    file: str
    steps: tuple[Step, ...]
    span: Span


@define
class _Compiler:
    file: str
    schema: Schema
    queries: Mapping[str, Query]
    names: frozenset[str]
    context: Context
    found: list[Diagnostic] = field(factory=list)

    def step(self, node: syntax.TestStep) -> Step | None:
        """One step; None, reported, where it is wrong."""
        match node:
            case syntax.Given():
                return self._given(node)
            case syntax.SessionStep(claims):
                return AsSession(self._claims(claims))
            case syntax.ExpectRows(body, rows):
                call = self._call(body, self.found)
                return None if call is None else GivesRows(call, self._rows(rows, call))
            case syntax.ExpectError():
                return self._error(node)
            case syntax.Statement():
                query = self._statement(node, self.found)
                return None if query is None else Runs(Call(query))
            case syntax.Broken():
                return None

    # ------------------------------------------------------------------------------------------------- what is there
    def _given(self, node: syntax.Given) -> Step | None:
        table = self.schema.table_by_name.get(node.table.text)
        stored = self.schema if table is None else _with_numbers(self.schema, table)
        context = new_context(stored, self.file)
        context.parameters.mode = Mode.NONE
        written = resolve_insert(syntax.Insert(node.table, node.rows, (), span=node.span), context)
        self.found.extend(context.diagnostics)
        if written is None or context.failed:
            return None
        statement = Statement(written.body, shows=False, span=node.span)
        return GivenRows(Query(f"given {node.table.text}", (), (), (statement,), (), span=node.span))

    def _claims(self, record: syntax.Record) -> Named:
        types = {name: (claim.type, claim.nullable) for name, claim in self.schema.claim_by_name.items()}
        return self._values(record, types, "claim", "the session declares", codes.UNKNOWN_CLAIM.id)

    # ------------------------------------------------------------------------------------------------- calls
    def _call(self, body: syntax.Body | syntax.Run, found: list[Diagnostic]) -> Call | None:
        if not isinstance(body, syntax.Run):
            query = self._statement(syntax.Statement(body, span=body.span), found)
            return None if query is None else Call(query)
        name = body.query.text
        known = self.queries.get(name)
        if known is None:
            if name not in self.names:
                meant = closest(name, self.names)
                hint = f" — did you mean {meant}?" if meant else ""
                self.context.report(codes.UNKNOWN_QUERY, body.query.span, f'unknown query "{name}"{hint}')
            return None
        types = {p.name: (p.type, p.nullable) for p in known.parameters}
        arguments = () if body.arguments is None else self._values(
            body.arguments, types, "parameter", f"{name} takes", codes.ARGUMENTS.id
        )  # fmt: skip
        given = {label for label, _ in arguments}
        missing = [p.name for p in known.parameters if not p.optional and p.default is None and p.name not in given]
        if missing:
            message = f"run {name} needs {', '.join(missing)}"
            self.context.report(codes.ARGUMENTS, body.span, message, help=f"write run {name} {{ {missing[0]}: … }}")
        return Call(known, arguments)

    def _statement(self, node: syntax.Statement, found: list[Diagnostic]) -> Query | None:
        source = QuerySource("a test", self.file, (), (node,), "", node.span, node.span)
        query, said = compile_one(source, self.schema)
        found.extend(d for d in said if d.is_error)  # what a test reads may be unbounded, or never visible
        if query is not None and query.parameters:
            first = query.parameters[0]
            message = f"a test has no caller who gives ${first.name} a value"
            found.append(Diagnostic(codes.TEST_STEP, message, first.span, self.file, help="write the value itself"))
            return None
        return query

    def _error(self, node: syntax.ExpectError) -> Step | None:
        code = node.code.value if node.code is not None else None
        if node.code is not None and code not in _ERRORS:
            meant = closest(node.code.value, _ERRORS)
            hint = f" — did you mean '{meant}'?" if meant else ""
            self.context.report(codes.TEST_STEP, node.code.span, f"there is no error '{code}'{hint}")
            return None
        found: list[Diagnostic] = []
        before = len(self.context.diagnostics)
        call = self._call(node.body, found)
        refused = tuple(dict.fromkeys(d.code.id for d in found))
        if call is None and not refused:
            return None if len(self.context.diagnostics) > before else GivesError(None, code)
        if refused and code not in refused:
            self.context.report(
                codes.TEST_REFUSED, node.body.span, f"compiling refuses this already: {found[0].message}",
                help=f"write expect error '{refused[0]}' if that is meant",
            )  # fmt: skip
        return GivesError(call if not refused else None, code, refused)

    # ------------------------------------------------------------------------------------------------- values
    def _rows(self, records: syntax.Records, call: Call) -> tuple[Named, ...]:
        types = {c.name: (c.type, c.nullable) for c in call.query.result}
        return tuple(
            self._values(record, types, "column", "the result has", codes.TEST_STEP.id)
            for record in syntax.pick(records.records, syntax.Record)
        )

    def _values(
        self, record: syntax.Record, types: Mapping[str, tuple[Type, bool]], what: str, has: str, code: str
    ) -> Named:
        scope = empty_scope(self.context)
        found: dict[str, tuple[Span, Expr]] = {}
        for entry in syntax.pick(record.entries, syntax.Entry):
            name = entry.name.text
            if name in found:
                label = Label(found[name][0], "it is given here already")
                self.context.report(codes.COLUMN_TWICE, entry.name.span, f"{name} is given twice", (label,))
                continue
            wanted = types.get(name)
            if wanted is None:
                meant = closest(name, types)
                hint = f" — did you mean {meant}?" if meant else ""
                help = f"{has} {one_of(types) or 'none'}"
                self.context.report(codes.CODES[code], entry.name.span, f'unknown {what} "{name}"{hint}', help=help)
                continue
            type_, nullable = wanted
            value = infer(entry.value, scope, None if _nested(type_) else type_)
            if not is_broken(value) and not _nested(type_):
                value = coerce(value, type_, self.context, nullable=nullable, wanted=name)
            found[name] = (entry.name.span, value)
        return tuple((name, value) for name, (_, value) in found.items())


def _nested(type_: Type) -> bool:
    """Whether values are written as JSON: nested objects and lists."""
    return isinstance(type_, Record) or (isinstance(type_, List) and isinstance(type_.element, Record))


def _with_numbers(schema: Schema, table: Table) -> Schema:
    """The schema with a table whose numbered columns may be given, or left to the database."""
    columns = tuple(evolve(c, auto=False, nullable=c.nullable or c.auto) for c in table.columns)
    changed = evolve(table, columns=columns)
    return evolve(schema, tables=tuple(changed if t.name == table.name else t for t in schema.tables))


def compile_test(
    file: str, node: syntax.TestDecl, schema: Schema, queries: Mapping[str, Query], names: frozenset[str]
) -> tuple[CompiledTest | None, list[Diagnostic]]:
    """A test, or None where an error was found; and everything that was found."""
    context = new_context(schema, file)
    context.parameters.mode = Mode.NONE
    compiler = _Compiler(file, schema, queries, names, context)
    steps = [compiler.step(step) for step in node.steps]
    found = [*compiler.found, *context.diagnostics]
    if any(d.is_error for d in found) or any(step is None for step in steps):
        return None, found
    return CompiledTest(node.title.value, file, tuple(s for s in steps if s is not None), node.span), found
