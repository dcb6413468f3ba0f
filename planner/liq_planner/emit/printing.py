"""From sqlglot trees to PostgreSQL text."""

from __future__ import annotations

from typing import Any, ClassVar

from sqlglot import ErrorLevel, exp
from sqlglot.generators.postgres import PostgresGenerator

from liq_planner.emit.nodes import Aggregated, Compare, Infix, Sql, SqlType, Subscript

LINE_WIDTH = 100
FLAT_NODES_MAX = 40

_BEFORE_CAST = (
    exp.Column,
    exp.Placeholder,
    exp.Anonymous,
    exp.Paren,
    exp.Subquery,
    exp.Cast,
    exp.Literal,
    exp.Null,
    exp.Boolean,
)


def _cast(generator: Any, node: exp.Cast) -> str:
    inner, to = generator.sql(node, "this"), generator.sql(node, "to")
    return f"{inner}::{to}" if isinstance(node.this, _BEFORE_CAST) else f"CAST({inner} AS {to})"


def _paren(generator: Any, node: exp.Paren) -> str:
    inner = generator.sql(node, "this")
    if "\n" not in inner and len(inner) <= LINE_WIDTH:
        return f"({inner})"
    # as sqlglot's own, which would print the inner part again: twice at every level
    body = generator.seg(generator.indent(inner), sep="")
    return f"({body}{generator.seg(')', sep='')}"


def _aggregated(generator: Any, node: Aggregated) -> str:
    inner = ", ".join(generator.sql(each) for each in node.expressions)
    order = ", ".join(generator.sql(each) for each in node.args["order"])
    return f"{node.this}({'DISTINCT ' if node.args['distinct'] else ''}{inner}{' ORDER BY ' + order if order else ''})"


def _subquery(generator: Any, node: exp.Subquery) -> str:
    flat = _on_one_line(generator, node)
    return flat if flat is not None else str(PostgresGenerator.subquery_sql(generator, node))


def _exists(generator: Any, node: exp.Exists) -> str:
    flat = _on_one_line(generator, node)
    return flat if flat is not None else str(PostgresGenerator.exists_sql(generator, node))


def _on_one_line(generator: Any, node: Sql) -> str | None:
    """A small subquery as one line; None where it has none."""
    if not generator.pretty or sum(1 for _ in node.walk()) > FLAT_NODES_MAX:
        return None
    flat = _generator(pretty=False).generate(node, copy=False)
    return flat if len(flat) <= LINE_WIDTH else None


CUSTOM_NODES: dict[Any, Any] = {
    Infix: lambda self, e: f"{self.sql(e, 'this')} {e.args['op']} {self.sql(e, 'expression')}",
    Compare: lambda self, e: f"{self.sql(e, 'this')} {e.args['op']} {self.sql(e, 'expression')}",
    Subscript: lambda self, e: f"{self.sql(e, 'this')}[{self.sql(e, 'expression')}]",
    SqlType: lambda self, e: str(e.this),
    Aggregated: _aggregated,
    exp.Extract: lambda self, e: f"extract({self.sql(e, 'this')} FROM {self.sql(e, 'expression')})",
    exp.Cast: _cast,
    exp.Paren: _paren,
    exp.Placeholder: lambda self, e: f"${e.name}",
    exp.Collate: lambda self, e: f"{self.sql(e, 'this')} COLLATE {self.sql(e, 'expression')}",
    exp.AtTimeZone: lambda self, e: f"{self.sql(e, 'this')} AT TIME ZONE {self.sql(e, 'zone')}",
}
"""Nodes that no dialect may print in its own way."""


class PostgresText(PostgresGenerator):
    """PostgreSQL as liq prints it: ``$1`` for binds, ``x::t`` for casts, short parentheses on one line."""

    TRANSFORMS: ClassVar[dict[Any, Any]] = {
        **PostgresGenerator.TRANSFORMS,
        **CUSTOM_NODES,
        exp.Subquery: _subquery,
        exp.Exists: _exists,
        exp.Placeholder: lambda self, e: f"${e.name}",
        exp.Collate: lambda self, e: f"{self.sql(e, 'this')} COLLATE {self.sql(e, 'expression')}",
        exp.AtTimeZone: lambda self, e: f"{self.sql(e, 'this')} AT TIME ZONE {self.sql(e, 'zone')}",
    }


def _generator(pretty: bool) -> PostgresText:
    return PostgresText(
        dialect="postgres",
        pretty=pretty,
        normalize_functions=False,
        comments=False,
        max_text_width=LINE_WIDTH,
        unsupported_level=ErrorLevel.RAISE,
    )


def postgres_text(tree: Sql) -> str:
    """The text of a statement. The tree is not changed."""
    return _generator(pretty=True).generate(tree, copy=True)
