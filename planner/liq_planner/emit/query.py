"""A query as SQL: one text per statement and member of its family, or a refusal."""

from __future__ import annotations

from sqlglot import exp

from liq.model.emitted import SqlMember, SqlPlan, SqlStep, SqlText
from liq.model.expr import Expr, Relation
from liq.model.ir import Delete, Insert, Query, Statement, Update
from liq.model.schema import Schema
from liq_planner.emit.emission import Emission, EmitOptions, Family
from liq_planner.emit.family import families
from liq_planner.emit.paging import paged_statements
from liq_planner.emit.printing import postgres_text
from liq_planner.emit.relations import Relations
from liq_planner.emit.scalars import Scalars
from liq_planner.emit.writes import write
from liq_planner.prune import prune, prune_expr, references

DEFAULTS = EmitOptions()


def emit_query(query: Query, schema: Schema, dialect: str = "postgres", options: EmitOptions = DEFAULTS) -> SqlPlan:
    """The SQL of a query in a dialect (``postgres`` or ``duckdb``); raises ``EmitRefused`` where it cannot be said."""
    if dialect == "duckdb":
        from liq_planner.emit.duckdb import emit_for_duckdb

        return emit_for_duckdb(query, schema, options)
    assert dialect == "postgres", dialect
    members = families(query, options.members_max)
    guarded = members is None
    statements = paged_statements(query)
    return SqlPlan(
        dialect,
        tuple(
            SqlMember(choices, tuple(_step(i, s, schema, options, family) for i, s in enumerate(statements)))
            for choices, family in (members if members is not None else [((), Family())])
        ),
        guarded,
    )


def emit_expression(expr: Expr, schema: Schema, options: EmitOptions = DEFAULTS) -> SqlText:
    """A statement that yields the one value of an expression over parameters and claims, as claims' defaults are."""
    emission = Emission(schema, options, Family())
    pruned = prune_expr(expr)
    relations = _relations(emission, references(pruned))
    value = relations.scalars.item(pruned, {}, expr.type)
    return _text(
        emission, exp.Select(expressions=[exp.Alias(this=value, alias=exp.to_identifier("value", quoted=True))])
    )


def _relations(emission: Emission, used: frozenset[int]) -> Relations:
    return Relations(emission, Scalars(emission), used)


def _step(index: int, statement: Statement, schema: Schema, options: EmitOptions, family: Family) -> SqlStep:
    emission = Emission(schema, options, family)
    body = prune(statement.body)
    relations = _relations(emission, references(body) | frozenset(c.id for c in body.columns))
    counted = isinstance(body, Insert | Update | Delete)
    tree = write(relations, body, statement) if counted else _read(relations, body)
    return SqlStep(index, _text(emission, tree), statement.name, counted)


def _read(relations: Relations, body: Relation) -> exp.Query:
    return relations.query(body, {})


def _text(emission: Emission, tree: exp.Query) -> SqlText:
    return SqlText(postgres_text(tree), tuple(emission.binds))
