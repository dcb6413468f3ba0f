"""FROM: tables, views, functions and subqueries as sources, joins between them, and what row security adds to each."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from attrs import evolve, frozen
from sqlglot import exp

from liq.importers import protection, routines
from liq.importers.database import Table, View
from liq.importers.ddl import KeyConstraint, Name
from liq.importers.problems import Unknown
from liq.importers.scopes import Rows, Scope, both, path
from liq.importers.sqltree import Node
from liq.importers.types import qualified
from liq_grammar import syntax as s

if TYPE_CHECKING:
    from liq.importers.reads import Built
    from liq.importers.translate import Translator

Change = Callable[[s.Expr], s.Expr]


@frozen
class Found:
    """A source: how liq writes it, and the rows it gives."""

    source: s.Source
    rows: Rows


def sources(t: Translator, node: exp.Select, scope: Scope) -> tuple[s.Source, tuple[s.Join, ...], list[s.Expr]]:
    """The sources of a SELECT, and the conditions that row security puts on those that no outer join may miss."""
    first, joins = _flattened(t, node.args["from_"].this, list(node.args.get("joins") or ()))
    sides = [_side(t, join) for join in joins]
    nodes = [first, *(join.this for join in joins)]
    if "right" in sides:
        if sides != ["right"]:
            raise t.refuse(node, "RIGHT JOIN among other joins has no form in liq", "turn it into a LEFT JOIN")
        nodes.reverse()
    missing = [False] + [side in ("left", "right", "full") for side in sides]
    for position, side in enumerate(sides):
        if side == "full":
            missing[: position + 1] = [True] * (position + 1)
    found: list[Found] = []
    for each, nullable in zip(nodes, missing, strict=True):
        found.append(_source(t, each, scope, derived=nullable))
        scope.rows.append(found[-1].rows)
    written = []
    for position, (join, side) in enumerate(zip(joins, sides, strict=True), 1):
        seen = Scope(scope.outer, scope.around, scope.rows[: position + 1])
        with t.within(evolve(t.frame, lookup=seen), scope):
            on = _on(t, join, seen, scope)
        kind = "left" if side == "right" else side
        written.append(s.Join("cross" if on is None else kind, found[position].source, on))  # type: ignore[arg-type]
    with t.within(evolve(t.frame, lookup=scope), scope):
        open_rows = [each.rows for each, nullable in zip(found, missing, strict=True) if not nullable]
        guards = [protection.read_condition(t, rows, node) for rows in open_rows]
    return found[0].source, tuple(written), [guard for guard in guards if guard is not None]


def _flattened(t: Translator, first: Node, joins: list[Node]) -> tuple[Node, list[Node]]:
    """``((a JOIN b ON …) JOIN c ON …)``, as dumps write it, without its parentheses."""
    while True:
        joins = [*(first.args.get("joins") or ()), *joins]
        wrapped = isinstance(first, exp.Subquery) and isinstance(first.this, exp.Table | exp.Subquery)
        if not wrapped or first.args.get("alias") is not None or _is_query(first.this):
            return first, joins
        t.only(first, "this", "joins")
        first = first.this


def _is_query(node: Node) -> bool:
    while isinstance(node, exp.Subquery):
        node = node.this
    return isinstance(node, exp.Query)


def _side(t: Translator, join: Node) -> str:
    t.only(join, "this", "on", "using", "side", "kind")
    side, kind = str(join.args.get("side") or "").lower(), str(join.args.get("kind") or "").lower()
    if kind not in ("", "inner", "cross", "outer"):
        raise t.refuse(join, f"{kind.upper()} JOIN has no form in liq")
    return side or "inner"


def _on(t: Translator, join: Node, seen: Scope, scope: Scope) -> s.Expr | None:
    """The condition of a join; None for a cross join."""
    on, using = join.args.get("on"), join.args.get("using")
    if on is not None:
        return t.truth(on)
    if not using:
        if join.args.get("side"):
            raise t.refuse(join, "an outer join without a condition has no form in liq")
        return None
    pairs: list[s.Expr] = []
    for identifier in using:
        name = t.identifier(identifier)
        last = seen.rows[-1]
        holders = [rows for rows in seen.rows[:-1] if name in rows.columns]
        if len(holders) != 1 or name not in last.columns:
            raise Unknown(f"column {name} does not join these tables", t.place(join))
        here, there = holders[0].columns[name][0], last.columns[name][0]
        pairs.append(s.Compare("=", path(holders[0].alias, here), path(last.alias, there)))
    return both(*pairs)


# ------------------------------------------------------------------------------------------------- one source
def _source(t: Translator, node: Node, scope: Scope, *, derived: bool) -> Found:
    t.spend(node)
    if isinstance(node, exp.Subquery):
        t.only(node, "this", "alias", "joins")
        return _derived_query(t, node, scope)
    if isinstance(node, exp.Table) and isinstance(node.this, exp.Identifier):
        return _table(t, node, scope, derived=derived)
    if isinstance(node, exp.Table):
        t.only(node, "this", "alias", "db")
        return _function(t, node.this, node, scope)
    if isinstance(node, exp.Unnest):
        t.only(node, "expressions", "alias")
        return _list_rows(t, "unnest", list(node.expressions), node, scope)
    raise t.refuse(node, "this source has no form in liq")


def _alias(t: Translator, node: Node) -> tuple[str | None, tuple[str, ...]]:
    """The alias of a source and the names of its columns, where they are given."""
    alias = node.args.get("alias")
    if alias is None:
        return None, ()
    t.only(alias, "this", "columns")
    name = alias.args.get("this")
    columns = tuple(t.identifier(column) for column in alias.args.get("columns") or ())
    return (t.identifier(name) if name is not None else None), columns


def _free(scope: Scope, wanted: str) -> str:
    """An alias that hides nothing that this text may still speak of."""
    taken, number, alias = scope.aliases(), 1, wanted
    while alias in taken:
        number += 1
        alias = f"{wanted}_{number}"
    return alias


def _derived_query(t: Translator, node: exp.Subquery, scope: Scope) -> Found:
    from liq.importers.reads import query

    called, columns = _alias(t, node)
    return _derived(t, query(t, node.this, columns), called or "q", scope)


def _derived(t: Translator, built: Built, called: str, scope: Scope) -> Found:
    alias = _free(scope, called)
    columns = {t.database.fold(label): (label, kind) for label, kind in zip(built.labels, built.kinds, strict=True)}
    return Found(s.DerivedSource(built.read, s.Name(alias)), Rows(called, alias, columns))


def _table(t: Translator, node: exp.Table, scope: Scope, *, derived: bool) -> Found:
    t.only(node, "this", "db", "alias", "only", "joins")
    called, columns = _alias(t, node)
    if columns:
        raise t.refuse(node, "new names for the columns of a table have no form in liq")
    parts = [t.identifier(part) for part in (node.args.get("db"), node.this) if part is not None]
    name = Name(tuple(parts))
    if len(parts) == 1 and parts[0] in t.frame.queries:
        return _named_query(t, parts[0], called or parts[0], scope)
    table = t.database.table(name, t.frame.when)
    if table is not None:
        return _plain_table(t, table, called, parts[-1], scope, node, derived=derived)
    view = t.database.view(name, t.frame.when)
    if view is not None:
        return _view(t, view, called or view.name, scope, node)
    said = t.database.was_left_out(name, t.frame.when)
    if said is not None:
        raise t.refuse(node, f"{name.text} is not imported: {said}")
    raise Unknown(f"relation {name.text} does not exist", t.place(node))


def _named_query(t: Translator, name: str, called: str, scope: Scope) -> Found:
    from liq.importers.reads import query

    node, frame = t.frame.queries[name]
    columns = tuple(t.identifier(column) for column in node.args["alias"].args.get("columns") or ())
    with t.within(frame):
        built = query(t, node.this, columns)
    return _derived(t, built, called, scope)


def _plain_table(
    t: Translator, table: Table, called: str | None, written: str, scope: Scope, node: Node, *, derived: bool
) -> Found:
    t.touched.append(table)
    alias = _free(scope, called or table.name)
    rows = t.rows_of(table, called or written, alias)
    name = qualified(t.database, table.schema, table.name)
    if derived:
        inner = Scope(around=scope, rows=[evolve(rows, alias=table.name)])
        with t.within(evolve(t.frame, lookup=inner), inner):
            guard = protection.read_condition(t, inner.rows[0], node)
        if guard is not None:
            read = s.Read(s.SimpleRead(s.TableSource(name), (), None, (s.Where(guard),)))
            return Found(s.DerivedSource(read, s.Name(alias)), rows)
    return Found(s.TableSource(name, None if alias == table.name else s.Name(alias)), rows)


def _view(t: Translator, view: View, called: str, scope: Scope, node: Node) -> Found:
    """A view by its name where its tables have no policies, or its reader is held to them; else written out.

    Policies see bare tables in liq, so a view within one is what its owner sees, or its caller, as PostgreSQL has it.
    """
    from liq.importers.reads import query
    from liq.importers.scopes import Frame

    built, protected = t.seen_view(view, node)
    t.touched.append(view)
    if protected and t.frame.mode == "plain" and not view.invoker:
        raise t.refuse(node, f"view {view.name} is not imported")
    if protected and t.frame.mode != "plain":
        tree = t.parsed(view.what.query, query=True)
        mode = t.frame.mode if view.invoker else "definer"
        with t.within(Frame(tree, view.when, Scope(), mode), Scope(around=scope)):
            return _derived(t, query(t, tree.root, view.what.columns), called, scope)
    alias = _free(scope, called)
    columns = {t.database.fold(label): (label, kind) for label, kind in zip(built.labels, built.kinds, strict=True)}
    name = qualified(t.database, view.schema, view.name)
    return Found(s.TableSource(name, None if alias == view.name else s.Name(alias)), Rows(called, alias, columns))


def _function(t: Translator, inner: Node, node: Node, scope: Scope) -> Found:
    if isinstance(inner, exp.ExplodingGenerateSeries | exp.GenerateSeries):
        t.only(inner, "start", "end", "step")
        arguments = [inner.args[name] for name in ("start", "end", "step") if inner.args.get(name) is not None]
        return _list_rows(t, "series", arguments, node, scope)
    if not isinstance(inner, exp.Anonymous | exp.Dot):
        raise t.refuse(node, "this source has no form in liq")
    call = inner
    while isinstance(call, exp.Dot):
        call = call.expression
    parts = t.function_name(inner)
    if node.args.get("db") is not None:
        parts = Name((t.identifier(node.args["db"]), parts.last))
    made = t.database.function(parts, len(call.expressions), t.frame.when)
    if made is None:
        raise t.refuse(node, f"function {parts.text}() has no form in liq as a source")
    called, columns = _alias(t, node)
    built = routines.rows(t, made, list(call.expressions), node, columns)
    return _derived(t, built, called or parts.last, scope)


def _list_rows(t: Translator, function: str, arguments: list[Node], node: Node, scope: Scope) -> Found:
    called, columns = _alias(t, node)
    if called is None or len(columns) > 1:
        raise t.refuse(node, f"{function} needs a name for its rows: {function}(…) AS x")
    values = [t.expression(argument) for argument in arguments]
    alias = _free(scope, columns[0] if columns else called)
    kind = values[0].kind.removeprefix("list:") if values else ""
    name = s.QualifiedName((s.Name(function),))
    source = s.FunctionSource(name, tuple(v.expr for v in values), s.Name(alias))
    return Found(source, Rows(called, alias, {columns[0] if columns else called: (alias, kind)}))


# ------------------------------------------------------------------------------------------------- keys
def key_fixed(t: Translator, rows: Rows, condition: s.Expr) -> bool:
    """Whether a condition fixes every column of a key of the table by ``=``."""
    fixed = set()
    for each in condition.operands if isinstance(condition, s.And) else (condition,):
        match each:
            case s.Compare("=", s.Path((s.Name(name),)), other) if not _mentions(other, rows):
                fixed.add(name)
            case s.Compare("=", other, s.Path((s.Name(name),))) if not _mentions(other, rows):
                fixed.add(name)
            case _:
                pass
    table = rows.table
    assert table is not None
    for constraint in table.constraints:
        if isinstance(constraint.what, KeyConstraint):
            columns = [t.database.column(table, k.column, constraint.when) if k.column else None
                       for k in constraint.what.keys]  # fmt: skip
            if columns and all(c is not None and c.name in fixed for c in columns):
                return True
    return False


def _mentions(expr: s.Expr, rows: Rows) -> bool:
    own = {name for name, _ in rows.columns.values()}
    return any(
        isinstance(each, s.Path) and (each.names[0].text == rows.alias or (len(each.names) == 1 and each.text in own))
        for each in s.descendants(expr)
    )
