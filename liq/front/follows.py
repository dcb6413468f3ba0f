"""``follow a -> b from s max n``: transitive closure along the rows of a stage as edges."""

from __future__ import annotations

from liq.front import expressions
from liq.front.broken import is_broken
from liq.front.coerce import article, coerce, nullable_column
from liq.front.completion import reference
from liq.front.context import Context, closest, counted
from liq.front.draft import Following
from liq.front.kinds import orderable
from liq.front.limits import whole
from liq.front.scope import Place, Scope, Source
from liq.model import codes
from liq.model.expr import Column, Expr
from liq.model.types import INT, widened
from liq_grammar import syntax

DEPTH_DEFAULT = 64
DEPTH_LIMIT = 100_000


def resolve_follow(node: syntax.Follow, scope: Scope) -> Following | None:
    """The parts of a ``follow``; ``depth`` is added to the scope. None where an error was reported."""
    context = scope.context
    sources = [_column(name, scope) for name in node.sources]
    targets = [_column(name, scope) for name in node.targets]
    depth = Column(context.fresh(), "depth", INT, False)
    known_sources = [c for c in sources if c is not None]
    known_targets = [c for c in targets if c is not None]
    start = _start(node, known_sources, scope)
    if any(s.column("depth") is not None for s in scope.sources):
        context.report(
            codes.FOLLOW, node.span, "these rows have a column depth of their own",
            help="read them under a shape that calls it something else: read (read …) q",
        )  # fmt: skip
        return None
    scope.sources.append(Source("", (depth,), scope.sources[0].relation, span=node.span))
    if len(known_sources) < len(sources) or len(known_targets) < len(targets) or start is None:
        return None
    if not _lead_back(node, known_sources, known_targets, context):
        return None
    maximum = DEPTH_DEFAULT if node.maximum is None else whole(node.maximum, context)
    if maximum is None or not 1 <= maximum <= DEPTH_LIMIT:
        if maximum is not None and node.maximum is not None:
            context.report(codes.LIMIT, node.maximum.span, f"a depth is between 1 and {DEPTH_LIMIT}")
        return None
    return Following(node, tuple(known_sources), tuple(known_targets), start, maximum, depth)


def _lead_back(node: syntax.Follow, sources: list[Column], targets: list[Column], context: Context) -> bool:
    """Whether what the targets hold can be looked for in the sources."""
    if len(sources) != len(targets):
        context.report(codes.FOLLOW, node.span, f"{len(sources)} columns cannot lead to {len(targets)}")
        return False
    for source, target in zip(sources, targets, strict=True):
        if widened(source.type) != widened(target.type) or not orderable(source.type):
            context.report(
                codes.TYPE_MISMATCH, node.span,
                f"{source.name} is {article(source.type)}, but {target.name}, which leads to it, is "
                f"{article(target.type)}",
            )  # fmt: skip
            return False
    return True

def _column(name: syntax.Name, scope: Scope) -> Column | None:
    holders = [c for s in scope.sources if (c := s.column(name.text)) is not None]
    if len(holders) == 1:
        return holders[0]
    names = [c.name for s in scope.sources for c in s.columns]
    meant = closest(name.text, names)
    said = "is ambiguous here" if holders else "is no column of these rows"
    scope.context.report(
        codes.FOLLOW, name.span,
        f'"{name.text}" {said}' + (f" — did you mean {meant}?" if meant and not holders else ""),
        help="follow goes along columns of one table; read it alone" if holders else None,
    )  # fmt: skip
    return None


def _start(node: syntax.Follow, columns: list[Column], scope: Scope) -> tuple[Expr, ...] | None:
    """Where to start: constants, parameters, claims and outer rows, as values of the source columns."""
    context = scope.context
    nodes = node.start.items if isinstance(node.start, syntax.Row) else (node.start,)
    if len(nodes) != len(node.sources):
        said = f"the start has {counted(len(nodes), 'value')} for {counted(len(node.sources), 'column')}"
        context.report(codes.FOLLOW, node.start.span, said)
        return None
    outside = Scope(context, [], scope.outer, Place.VALUE, subqueries=scope.subqueries)
    values = []
    for each, column in zip(nodes, columns, strict=False):
        value = expressions.infer(each, outside, column.type)
        met = nullable_column(reference(column, each.span))
        values.append(coerce(value, column.type, context, nullable=met, wanted=f"the start, {column.name},"))
    return None if is_broken(*values) or len(values) < len(nodes) else tuple(values)
