"""``describe agent_runs, packages``: one row per column, as constants."""

from __future__ import annotations

from liq.front.context import Context, closest
from liq.front.links import links_of
from liq.model import codes
from liq.model.expr import Column, Expr, Literal
from liq.model.ir import Values
from liq.model.schema import Table, View
from liq.model.source import Span
from liq.model.types import BOOL, TEXT, Type
from liq_grammar import syntax

_COLUMNS: tuple[tuple[str, Type, bool], ...] = (
    ("table", TEXT, False), ("column", TEXT, False), ("type", TEXT, False), ("null", BOOL, False), ("key", TEXT, True),
    ("link", TEXT, True), ("description", TEXT, True),
)  # fmt: skip


def resolve_describe(node: syntax.Describe, context: Context) -> Values:
    """The columns of tables and views: name, type, whether null may stand there, keys and links."""
    columns = tuple(Column(context.fresh(), name, type_, nullable) for name, type_, nullable in _COLUMNS)
    rows: list[tuple[Expr, ...]] = []
    for name in node.tables:
        table, view = context.names.table(name.text), context.names.view(name.text)
        if table is not None:
            rows.extend(_table_rows(table, context, name.span))
        elif view is not None:
            rows.extend(_view_rows(view, name.span))
        else:
            meant = closest(name.text, context.names.source_names())
            context.report(
                codes.UNKNOWN_TABLE, name.span,
                f'unknown table "{name.text}"' + (f" — did you mean {meant}?" if meant else ""),
            )  # fmt: skip
    return Values(columns, tuple(rows), span=node.span)


def _table_rows(table: Table, context: Context, span: Span) -> list[tuple[Expr, ...]]:
    links = links_of(table, context)
    rows = []
    for column in table.columns:
        own = [link for link in links.values() if _is_own(table, link.name)]
        ways = [f"{w.name} -> {w.target.name}" for w in own if any(here == column.name for here, _ in w.pairs)]
        rows.append(_row(
            span, table.name, column.name, str(column.type), column.nullable, _key(table, column.name),
            ", ".join(ways) or None, column.description or None,
        ))  # fmt: skip
    return rows


def _is_own(table: Table, link: str) -> bool:
    return any(key.link == link for key in table.foreign_keys)


def _key(table: Table, column: str) -> str | None:
    holding = [key for key in table.keys if column in key.columns]
    if any(key.primary for key in holding):
        return "key"
    if any(key.columns == (column,) and key.where is None for key in holding):
        return "unique"
    return "part of unique" if holding else None


def _view_rows(view: View, span: Span) -> list[tuple[Expr, ...]]:
    return [_row(span, view.name, c.name, str(c.type), c.nullable, None, None, None) for c in view.relation.columns]


def _row(span: Span, *values: str | bool | None) -> tuple[Expr, ...]:
    return tuple(
        Literal(value, type_, span=span) for value, (_, type_, _) in zip(values, _COLUMNS, strict=True)
    )
