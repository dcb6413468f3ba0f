"""Queries: declared ones, and files of bare statements."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

from liq.front.access import always_visible
from liq.front.context import Context, SchemaNames, learn_parameters
from liq.front.declared import SourceFile
from liq.front.declared_parameters import declare_parameters, report_unused
from liq.front.statements import Plan, narrow_row_lists, resolve_steps, with_access, without_access
from liq.model import codes
from liq.model.diagnostics import Diagnostic
from liq.model.expr import Literal, Relation
from liq.model.ir import Limit, Query
from liq.model.node import children
from liq.model.schema import Role, Schema
from liq.model.source import Span
from liq_grammar import syntax


@frozen
class QuerySource:
    """A query as it stands in a file: declared, or the bare statements of the file."""

    name: str
    file: str
    parameters: tuple[syntax.ParameterDecl | syntax.Broken, ...]
    steps: Sequence[syntax.Step | syntax.Broken]
    description: str
    span: Span
    whole: Span

    @classmethod
    def declared(cls, file: str, node: syntax.QueryDecl) -> QuerySource:
        """A ``query`` declaration."""
        return cls(node.name.text, file, node.parameters, node.steps, node.description or "", node.name.span, node.span)

    @classmethod
    def bare(cls, file: SourceFile) -> QuerySource:
        """The bare statements of a file, called as the file is."""
        tree = file.tree
        first = tree.steps[0]
        described = [s.description for s in tree.steps if isinstance(s, syntax.Statement) and s.description]
        whole = first.span.join(tree.steps[-1].span)
        return cls(file.stem, file.name, (), tree.steps, described[0] if described else "", first.span, whole)


def new_context(schema: Schema, file: str) -> Context:
    """A context for a statement against a finished schema."""
    return Context(SchemaNames(schema), file, always_visible=lambda table: always_visible(schema, table))


def compile_one(
    source: QuerySource, schema: Schema, *, owner: bool = False
) -> tuple[Query | None, list[Diagnostic]]:
    """A query, or None where an error was found; and everything that was found. ``owner``: policies do not bind it."""
    context = new_context(schema, source.file)
    declare_parameters(source.parameters, context)
    if not source.steps:
        context.report(codes.PLAN_EMPTY, source.span, f"query {source.name} has no statement")
    plan = learn_parameters(context, lambda shared: resolve_steps(source.steps, shared))
    broken = any(isinstance(node, syntax.Broken) for node in (*source.steps, *source.parameters))
    if broken or context.failed:
        return None, context.diagnostics
    report_unused(context)
    narrow_row_lists(plan, context)
    statements = without_access(plan) if owner else with_access(plan, context, schema)
    _check_roles(source, plan, schema, context)
    if not statements or any(d.is_error for d in context.diagnostics):
        return None, context.diagnostics
    parameters = context.parameters.finished()
    query = Query(
        source.name, parameters, tuple(context.parameters.preconditions), statements, plan.result, plan.ordered,
        plan.paging, source.description, span=source.whole,
    )  # fmt: skip
    return query, context.diagnostics


def _check_roles(source: QuerySource, plan: Plan, schema: Schema, context: Context) -> None:
    """A role that may run the query must not be given more rows than it may have."""
    for role in schema.roles:
        if role.max_rows is None or source.name not in role.runs or not plan.result:
            continue
        count = _literal_limit(plan)
        if not plan.bounded:
            _too_many(source, role, role.max_rows, "nothing bounds its rows", context)
        elif count is not None and count > role.max_rows:
            _too_many(source, role, role.max_rows, f"its limit is {count}", context)


def _literal_limit(plan: Plan) -> int | None:
    """The limit that the result has, where it is written out."""
    node = plan.steps[-1].body
    while not isinstance(node, Limit):
        below = [child for child in children(node) if isinstance(child, Relation)]
        if len(below) != 1:
            return None
        node = below[0]
    return node.count.value if isinstance(node.count, Literal) and isinstance(node.count.value, int) else None


def _too_many(source: QuerySource, role: Role, most: int, why: str, context: Context) -> None:
    message = f"role {role.name} may have {most} rows at most and may run {source.name}, but {why}"
    context.report(codes.ROLE_ROWS, source.span, message, help=f"write limit {most}, or limit $n max {most}")
