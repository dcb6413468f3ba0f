"""``package.*``, ``p.*``: all columns of a source, or of the row that a link leads to."""

from __future__ import annotations

from liq.front.links import follow, links_of
from liq.front.paths import column_ref
from liq.front.scope import Scope, Source
from liq.front.unknown_names import unknown
from liq.model import codes
from liq.model.expr import ColumnRef
from liq_grammar import syntax


def path_star(path: syntax.Path, scope: Scope) -> list[ColumnRef]:
    """References to every column that is not sensitive."""
    source = link_source(path, scope)
    if source is None:
        return []
    secret = {c.name for c in source.table.columns if c.sensitive} if source.table is not None else set()
    return [column_ref(c, source, path.span) for c in source.columns if c.name not in secret]


def link_source(path: syntax.Path, scope: Scope) -> Source | None:
    """The source that an alias or a path of links to one row leads to; None, reported, where there is none."""
    names = list(path.names)
    source = scope.source(names[0].text)
    if source is not None:
        names = names[1:]
    else:
        tables = [(s, s.table) for s in scope.sources if s.table is not None]
        holders = [s for s, table in tables if names[0].text in links_of(table, scope.context)]
        if len(holders) != 1:
            unknown(path, scope)
            return None
        source = holders[0]
    for name in names:
        link = links_of(source.table, scope.context).get(name.text) if source.table is not None else None
        if link is None:
            unknown(path, scope, source, name)
            return None
        if link.many or scope.row_only:
            said = f"{path.text} is a list of rows" if link.many else "a link gives single columns here"
            scope.context.report(
                codes.LINK_TO_MANY, path.span, said,
                help=f"write {path.text} {{ … }}" if link.many else f"write {path.text}.{link.target.columns[0].name}",
            )  # fmt: skip
            return None
        source = follow(source, link, scope.context, name.span)
    return source
