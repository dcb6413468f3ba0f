"""Generated text through the whole compiler."""

from __future__ import annotations

from attrs import frozen

from liq.front import compile as front
from liq.model import ir
from liq.model.diagnostics import Diagnostic
from liq.model.emitted import SqlPlan
from liq.model.physical import PhysicalPlan
from liq.model.schema import Schema
from liq.model.source import Source
from liq_planner.emit.query import emit_query
from liq_planner.lower import lower_query


@frozen
class Compiled:
    """A program in all its forms."""

    query: ir.Query
    physical: PhysicalPlan
    sql: SqlPlan

    def sql_text(self) -> str:
        """The SQL of the first member, for reports."""
        return "\n".join(step.main.text for step in self.sql.members[0].steps)


def compile_schema(text: str) -> Schema:
    """The schema of generated declarations, which must be right."""
    loaded = front.load_schema([Source("schema.liq", text)])
    problems = [d for d in loaded.diagnostics if d.is_error]
    assert not problems, f"{said(problems)}\n{text}"
    return loaded.schema


def compile_program(text: str, schema: Schema) -> Compiled | str:
    """The compiled program, or why it does not compile."""
    compiled = front.compile_query(Source("program.liq", text), schema)
    problems = [d for d in compiled.diagnostics if d.is_error]
    if problems:
        return said(problems)
    assert len(compiled.queries) == 1
    query = compiled.queries[0]
    return Compiled(query, lower_query(query), emit_query(query, schema))


def said(problems: list[Diagnostic]) -> str:
    """Diagnostics in a line."""
    return "; ".join(f"{d.code.id} {d.message} [{d.span.start}:{d.span.end}]" for d in problems)
