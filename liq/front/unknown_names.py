"""What is said of a name that nothing in reach has."""

from __future__ import annotations

from liq.front.broken import broken
from liq.front.context import closest, one_of
from liq.front.links import links_of
from liq.front.scope import Scope, Source
from liq.model import codes
from liq.model.diagnostics import Fix
from liq.model.expr import Expr
from liq_grammar import syntax


def unknown(path: syntax.Path, scope: Scope, source: Source | None = None, name: syntax.Name | None = None) -> Expr:
    """Report a path that leads nowhere: ``name`` of ``source`` is unknown, or the first name is."""
    name = name or path.names[0]
    on = f" on {source.name}" if source is not None and source.name else ""
    if source is None and len(scope.sources) == 1 and scope.sources[0].name:
        on = f" on {scope.sources[0].name}"
    if source is None and name.text == "excluded":
        message = "excluded is the row that an insert proposes, and there is none here"
        scope.context.report(codes.NEVER_INSERTED, name.span, message, help="it stands in or update set …")
        return broken(path.span)
    if source is None and _elsewhere(path, name, scope):
        return broken(path.span)
    candidates = _columns(source, scope) if source is not None else _names_in_reach(scope)
    meant = closest(name.text, candidates)
    what = "column" if len(path.names) == 1 or source is not None else "name"
    scope.context.report(
        codes.UNKNOWN_COLUMN, name.span,
        f'unknown {what} "{name.text}"{on}' + (f" — did you mean {meant}?" if meant else ""),
        help=None if meant else _listing(source, scope),
        fix=Fix(name.span, meant, f"replace by {meant}") if meant else None,
    )  # fmt: skip
    return broken(path.span)


def _elsewhere(path: syntax.Path, name: syntax.Name, scope: Scope) -> bool:
    """Whether a name is a table that is not read here; reported as that."""
    known = scope.context.names.table(name.text) or scope.context.names.view(name.text)
    if known is None or len(path.names) < 2:
        return False
    links = [
        link.name
        for s in scope.sources
        if s.table is not None
        for link in links_of(s.table, scope.context).values()
        if link.target.name == name.text and not link.many
    ]
    hint = f"join {name.text}, or read it in a subquery"
    if links:
        hint = f"follow the link: {links[0]}.{path.names[1].text}"
    scope.context.report(codes.OUT_OF_REACH, path.span, f"{name.text} is not read here", help=hint)
    return True


def _columns(source: Source, scope: Scope) -> list[str]:
    links = links_of(source.table, scope.context) if source.table is not None else {}
    return [*(c.name for c in source.columns), *links]


def _names_in_reach(scope: Scope) -> list[str]:
    names: list[str] = []
    level: Scope | None = scope
    while level is not None:
        names.extend(level.labels)
        for source in level.sources:
            names.append(source.name)
            if not source.hidden:
                names.extend(_columns(source, scope))
        level = level.outer
    return [n for n in (*names, *scope.context.lets) if n]


def _listing(source: Source | None, scope: Scope) -> str | None:
    sources = [source] if source is not None else scope.sources
    names = [c.name for s in sources for c in s.columns]
    return f"its columns are {one_of(names, 12)}" if names else None


def not_a_link(path: syntax.Path, scope: Scope) -> None:
    """Report a path that leads to no rows."""
    context = scope.context
    known = context.names.table(path.text) or context.names.view(path.text) or context.lets.get(path.text)
    if known is not None:
        context.report(
            codes.NOT_A_LINK, path.span, f"{path.text} is no link from here",
            help=f"write exists (read {path.text} where …)",
        )  # fmt: skip
        return
    names = [name for s in scope.sources if s.table is not None for name in links_of(s.table, context)]
    meant = closest(path.names[-1].text, names)
    context.report(
        codes.NOT_A_LINK, path.span, f"{path.text} leads to no rows" + (f" — did you mean {meant}?" if meant else ""),
        help=f"the links are {one_of(names)}" if names else "write exists (read …)",
    )  # fmt: skip
