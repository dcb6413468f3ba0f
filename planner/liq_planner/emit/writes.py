"""Writes as one statement: the rows are computed and checked first, and written only when no check refuses one.

``WITH proposed (or targeted) AS …, refused AS (how many rows a check refuses), done AS (INSERT, UPDATE or
DELETE)``. Each
row of the answer ends with the numbers of rows attempted and written, which differ exactly when a check has
refused a row
or the server has dropped one. An answer without rows is one row of nulls with the numbers behind.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import attrs
from attrs import frozen
from sqlglot import exp

from liq.model import expr as e
from liq.model import ir
from liq.model import types as t
from liq.model.schema import Key, Table, TableColumn
from liq_planner.emit import nodes as n
from liq_planner.emit.block import labels, render_items
from liq_planner.emit.emission import Env
from liq_planner.emit.nodes import Sql
from liq_planner.emit.refusal import EmitRefused
from liq_planner.emit.relations import Relations
from liq_planner.emit.sources import conjuncts
from liq_planner.emit.sqltypes import cast_to, sql_type
from liq_planner.prune import references

PROPOSED, TARGETED, REFUSED, DONE, COUNTS = "proposed", "targeted", "refused", "done", "counts"
PLACE = "ctid"
"""Where a row stands in its table: what the rows found are found again by. Transactions that write are serialisable."""


@frozen
class Parts:
    """The pieces of a write: CTEs in order, and what to count and show."""

    ctes: tuple[tuple[str, exp.Query | exp.DML], ...]
    attempted: Sql
    written: Sql
    returning: tuple[e.Item, ...]
    env: Env


def write(r: Relations, body: e.Relation, statement: ir.Statement) -> exp.Select:
    """The statement of a write."""
    shown = statement.shows or statement.name is not None
    match body:
        case ir.Insert():
            return _answer(r, _insert(r, body, shown), shown)
        case ir.Update():
            return _answer(r, _update(r, body, shown), shown)
        case ir.Delete():
            return _answer(r, _delete(r, body, shown), shown)
        case _:
            raise AssertionError(type(body))


def _answer(r: Relations, parts: Parts, shown: bool) -> exp.Select:
    """The returned rows, each with the counts."""
    counts = exp.Select(expressions=[n.labelled(parts.attempted, "attempted"), n.labelled(parts.written, "written")])
    numbers = [n.column(COUNTS, "attempted"), n.column(COUNTS, "written")]
    items: list[Sql] = []
    if shown:
        columns = tuple(item.column for item in parts.returning)
        for item, label in zip(parts.returning, labels(columns), strict=True):
            items.append(n.labelled(r.scalars.item(item.expr, parts.env, item.column.type), label))
    select = exp.Select(expressions=[*items, *numbers])
    select.set("from_", exp.From(this=exp.Subquery(this=counts, alias=exp.TableAlias(this=n.alias_name(COUNTS)))))
    if shown:
        done = exp.Table(this=n.alias_name(DONE))
        select.set("joins", [exp.Join(this=done, side="LEFT", on=n.boolean(True))])
    ctes = [
        exp.CTE(
            this=query,
            alias=exp.TableAlias(this=n.alias_name(name)),
            materialized=True if name in (PROPOSED, TARGETED, REFUSED) else None,
        )
        for name, query in parts.ctes
    ]
    select.set("with_", exp.With(expressions=ctes))
    return select


# ------------------------------------------------------------------------------------------------- pieces
def _from(name: str) -> exp.From:
    return exp.From(this=exp.Table(this=n.alias_name(name)))


def _count(name: str, condition: Sql | None = None) -> Sql:
    """How many rows of a CTE there are, or satisfy a condition."""
    select = exp.Select(expressions=[n.call("count", exp.Star())])
    select.set("from_", _from(name))
    if condition is not None:
        select.set("where", exp.Where(this=condition))
    return n.subquery(select)


def _refused() -> Sql:
    select = exp.Select(expressions=[n.column(REFUSED, "n")])
    select.set("from_", _from(REFUSED))
    return n.subquery(select)


def _none_refused() -> Sql:
    return n.compare(_refused(), "=", n.number(0))


def _fails(r: Relations, predicate: e.Expr, env: Env) -> Sql:
    """Whether a row does not pass: its check is false or null."""
    return n.is_(r.scalars.spell(predicate, env), n.boolean(True), negated=True)


def _total(counts: Sequence[Sql]) -> exp.Select:
    """The CTE of refused rows."""
    total = counts[0]
    for each in counts[1:]:
        total = n.Infix(this=total, op="+", expression=each)  # sums read from left to right
    return exp.Select(expressions=[n.labelled(total, "n")])


def _named(source: str, columns: Iterable[e.Column]) -> dict[int, Sql]:
    return {c.id: n.column(source, c.name) for c in columns}


def _stored(node: Sql, source: t.Type, column: TableColumn) -> Sql:
    """A value as its column keeps it: rounded, checked for its range, of its type."""
    plain = isinstance(node, exp.Column) and source == column.type
    typed = isinstance(node, exp.Cast) and node.args["to"] == sql_type(column.type)
    return node if plain or typed else cast_to(node, column.type)


def _returning(used: frozenset[int], row: Iterable[e.Column], source: str | None) -> exp.Returning:
    """The columns of the written rows that something shows or checks."""
    names = [c.name for c in row if c.id in used]
    nodes = [n.column(source, name) if source else exp.Column(this=n.name(name)) for name in names]
    return exp.Returning(expressions=nodes or [n.labelled(n.number(1), "one")])


def _is_trivial(check: ir.WriteCheck) -> bool:
    return not conjuncts(check.predicate)


# ------------------------------------------------------------------------------------------------- insert
def _insert(r: Relations, body: ir.Insert, shown: bool) -> Parts:
    table = r.emission.schema.table_by_name[body.table]
    if not body.targets:
        raise EmitRefused(r.scalars.dialect, "an insert without columns", body.span)
    proposed = _proposed(r, body, table)
    late = _is_checked_late(body, table)
    counts = [] if late or _is_trivial(body.check) else [_count_refused(r, body.check, _proposal(body, table))]
    if body.conflict is not None:
        counts += _conflict_counts(r, body, body.conflict, table)
    used = references(*(body.returning if shown else ()), body.check.predicate if late else None)
    done = _insertion(r, body, table, gated=bool(counts), used=used)
    env = _named(DONE, body.row)
    written = _count(DONE, r.scalars.spell(body.check.predicate, env) if late else None)
    attempted = _count(PROPOSED)
    if body.conflict is not None:
        attempted = _refused() if counts else n.number(0)
        attempted = n.infix(attempted, "+", _count(DONE))
    ctes: list[tuple[str, exp.Query | exp.DML]] = [(PROPOSED, proposed)]
    if counts:
        ctes.append((REFUSED, _total(counts)))
    return Parts((*ctes, (DONE, done)), attempted, written, body.returning, env)


def _proposed(r: Relations, body: ir.Insert, table: Table) -> exp.Query:
    """The new rows, as the table would keep them."""
    block = r.block(body.source, {})
    if block.compound is not None or block.distinct:
        from liq_planner.emit.block import derived

        block = derived(block, r.emission)
    items = [
        n.labelled(_stored(block.spelled[c.id].copy(), c.type, table.by_name[name]), name)
        for c, name in zip(body.source.columns, body.targets, strict=True)
    ]
    return render_items(block, items)


def _proposal(body: ir.Insert, table: Table) -> dict[int, Sql]:
    """The new row before it is stored; columns that the database numbers have no value yet."""
    return {
        c.id: n.column(PROPOSED, c.name) if c.name in body.targets else cast_to(n.null(), table.by_name[c.name].type)
        for c in body.row
    }


def _is_checked_late(body: ir.Insert, table: Table) -> bool:
    """Whether the check looks at a column that the database numbers: then it is made of the stored row."""
    used = references(body.check.predicate)
    return any(c.id in used and table.by_name[c.name].auto and c.name not in body.targets for c in body.row)


def _count_refused(r: Relations, check: ir.WriteCheck, env: Env, source: str = PROPOSED) -> Sql:
    return _count(source, _fails(r, check.predicate, env))


def _insertion(r: Relations, body: ir.Insert, table: Table, gated: bool, used: frozenset[int]) -> exp.Insert:
    source = exp.Select(expressions=[n.column(PROPOSED, name) for name in body.targets])
    source.set("from_", _from(PROPOSED))
    if gated:
        source.set("where", exp.Where(this=_none_refused()))
    alias = r.emission.alias(table.name)
    target = exp.Schema(this=n.table(table.name, alias), expressions=[n.name(name) for name in body.targets])
    return exp.Insert(
        this=target,
        expression=source,
        conflict=None if body.conflict is None else _on_conflict(r, body.conflict, table, alias),
        returning=_returning(used, body.row, alias),
    )


# ------------------------------------------------------------------------------------------------- conflicts
def _on_conflict(r: Relations, conflict: ir.Conflict, table: Table, alias: str) -> exp.OnConflict:
    keys = [n.name(name) for name in conflict.target]
    where = _key_condition(r, conflict, table)
    inference = exp.Where(this=where) if where is not None and keys else None
    if conflict.action is ir.ConflictAction.SKIP:
        return exp.OnConflict(conflict_keys=keys, index_predicate=inference, action=exp.Var(this="DO NOTHING"))
    env = _named(alias, conflict.existing) | _named("excluded", conflict.excluded)
    assignments: list[Sql] = [
        exp.EQ(
            this=exp.Column(this=n.name(a.column)),
            expression=_stored(r.scalars.spell(a.value, env), a.value.type, table.by_name[a.column]),
        )
        for a in conflict.assignments
    ]
    condition = None if conflict.where is None else exp.Where(this=r.scalars.spell(conflict.where, env))
    return exp.OnConflict(
        conflict_keys=keys,
        index_predicate=inference,
        action=exp.Var(this="DO UPDATE"),
        expressions=assignments,
        where=condition,
    )


def _key_of(conflict: ir.Conflict, table: Table) -> Key | None:
    wanted = frozenset(conflict.target)
    return next((key for key in table.keys if frozenset(key.columns) == wanted), None)


def _key_condition(r: Relations, conflict: ir.Conflict, table: Table) -> Sql | None:
    """Which rows the key holds apart, as ON CONFLICT must say to find a partial index: over bare column names."""
    env = {c.id: exp.Column(this=n.name(c.name)) for c in table.row}
    parts = _key_parts(r, _key_of(conflict, table), table, env)
    return n.conjunction(parts) if parts else None


def _key_parts(r: Relations, key: Key | None, table: Table, env: Env) -> list[Sql]:
    parts = [] if key is None or key.where is None else [r.scalars.spell(c, env) for c in conjuncts(key.where)]
    if table.tombstone is not None:
        place = next(c for c in table.row if c.name == table.tombstone.name)
        deleted = n.is_(env[place.id].copy(), n.null())
        parts = [deleted, *(part for part in parts if part != deleted)]
    return parts


def _conflict_counts(r: Relations, body: ir.Insert, conflict: ir.Conflict, table: Table) -> list[Sql]:
    """Rows there that may not be seen, and changed rows that a check refuses."""
    if conflict.action is ir.ConflictAction.SKIP:
        return []
    counts: list[Sql] = []
    alias = r.emission.alias(table.name)
    env = _named(alias, conflict.existing) | {
        c.id: node for c, node in zip(conflict.excluded, _proposal_in_order(body, table, conflict), strict=True)
    }
    if conflict.visible is not None and conjuncts(conflict.visible.predicate):
        hidden = _fails(r, conflict.visible.predicate, env)
        counts.append(_count_there(r, conflict, table, alias, [hidden]))
    if conflict.check is not None and not _is_trivial(conflict.check):
        changed = {**env, **_changed(r, conflict, table, alias, env)}
        tests = [_fails(r, conflict.check.predicate, changed)]
        if conflict.where is not None:
            tests = [n.is_(r.scalars.spell(conflict.where, env), n.boolean(True)), *tests]
        counts.append(_count_there(r, conflict, table, alias, tests))
    return counts


def _proposal_in_order(body: ir.Insert, table: Table, conflict: ir.Conflict) -> list[Sql]:
    return [
        n.column(PROPOSED, c.name) if c.name in body.targets else cast_to(n.null(), table.by_name[c.name].type)
        for c in conflict.excluded
    ]


def _changed(r: Relations, conflict: ir.Conflict, table: Table, alias: str, env: Env) -> dict[int, Sql]:
    """The row there as it would be."""
    values = {a.column: a.value for a in conflict.assignments}
    return {
        c.id: _stored(r.scalars.spell(values[c.name], env), values[c.name].type, table.by_name[c.name])
        if c.name in values
        else n.column(alias, c.name)
        for c in conflict.changed
    }


def _count_there(r: Relations, conflict: ir.Conflict, table: Table, alias: str, tests: Sequence[Sql]) -> Sql:
    """How many proposed rows meet a row there that satisfies the tests."""
    key = _key_of(conflict, table)
    op = "=" if key is None or key.nulls_distinct else "IS NOT DISTINCT FROM"
    there = {c.id: n.column(alias, c.name) for c in table.row}
    new = {c.id: n.column(PROPOSED, c.name) for c in table.row}
    on = [n.compare(n.column(alias, name), op, n.column(PROPOSED, name)) for name in conflict.target]
    on += _key_parts(r, key, table, there)
    if key is not None and key.where is not None:
        on += [r.scalars.spell(part, new) for part in conjuncts(key.where)]
    select = exp.Select(expressions=[n.call("count", exp.Star())])
    select.set("from_", _from(PROPOSED))
    select.set("joins", [exp.Join(this=n.table(table.name, alias), on=n.conjunction(on))])
    select.set("where", exp.Where(this=n.conjunction([test.copy() for test in tests])))
    return n.subquery(select)


# ------------------------------------------------------------------------------------------------- update, delete
def _targeted(r: Relations, scan: ir.Scan, predicate: e.Expr) -> tuple[e.Column, ir.Filter]:
    """The rows to be written, with their places."""
    place = r.emission.column(PLACE, t.TEXT)
    wider = attrs.evolve(scan, columns=(*scan.columns, place))
    return place, ir.Filter(wider, predicate)


def _update(r: Relations, body: ir.Update, shown: bool) -> Parts:
    table = r.emission.schema.table_by_name[body.scan.table]
    place, found = _targeted(r, body.scan, body.predicate)
    block = r.block(found, {})
    env = block.env({})
    values = {a.column: a.value for a in body.assignments}
    checked = references(body.check.predicate)
    items = [n.labelled(block.spelled[place.id].copy(), PLACE)]
    old = {c.name: c for c in body.scan.columns}
    for column in body.row:
        if column.name in values:
            value = values[column.name]
            node = _stored(r.scalars.spell(value, env), value.type, table.by_name[column.name])
            items.append(n.labelled(node, column.name))
        elif column.id in checked:
            items.append(n.labelled(block.spelled[old[column.name].id].copy(), column.name))
    kept = _old_values(body, old, block.spelled, shown)
    items += [n.labelled(node, label) for label, node in kept.values()]
    ctes: list[tuple[str, exp.Query | exp.DML]] = [(TARGETED, render_items(block, items))]
    gated = not _is_trivial(body.check)
    before = {id_: n.column(TARGETED, label) for id_, (label, _) in kept.items()}
    if gated:
        count = _count_refused(r, body.check, before | _named(TARGETED, body.row), TARGETED)
        ctes.append((REFUSED, _total([count])))
    done = _change(r, table, list(values), gated, references(*(body.returning if shown else ())), body.row, kept)
    env_after = _named(DONE, body.row) | {id_: n.column(DONE, label) for id_, (label, _) in kept.items()}
    return Parts((*ctes, (DONE, done)), _count(TARGETED), _count(DONE), body.returning, env_after)


def _old_values(
    body: ir.Update, old: Mapping[str, e.Column], spelled: Mapping[int, Sql], shown: bool
) -> dict[int, tuple[str, Sql]]:
    """What checks and returned expressions read of the old row, by the ids of its columns."""
    used = references(body.check.predicate, *(body.returning if shown else ()))
    return {c.id: (f"{c.name} before", spelled[c.id].copy()) for c in old.values() if c.id in used}


def _change(
    r: Relations,
    table: Table,
    assigned: Sequence[str],
    gated: bool,
    used: frozenset[int],
    row: Sequence[e.Column],
    kept: Mapping[int, tuple[str, Sql]],
) -> exp.Update:
    alias = r.emission.alias(table.name)
    where = [n.compare(n.column(alias, PLACE), "=", n.column(TARGETED, PLACE))]
    if gated:
        where.append(_none_refused())
    returning = _returning(used, row, alias)
    if kept:
        returning.set(
            "expressions", [*returning.expressions, *(n.column(TARGETED, label) for label, _ in kept.values())]
        )
    return exp.Update(
        this=n.table(table.name, alias),
        expressions=[exp.EQ(this=exp.Column(this=n.name(c)), expression=n.column(TARGETED, c)) for c in assigned],
        from_=_from(TARGETED),
        where=exp.Where(this=n.conjunction(where)),
        returning=returning,
    )


def _delete(r: Relations, body: ir.Delete, shown: bool) -> Parts:
    place, found = _targeted(r, body.scan, body.predicate)
    block = r.block(found, {})
    targeted = render_items(block, [n.labelled(block.spelled[place.id].copy(), PLACE)])
    alias = r.emission.alias(body.scan.table)
    used = references(*(body.returning if shown else ()))
    done = exp.Delete(
        this=n.table(body.scan.table, alias),
        using=[exp.Table(this=n.alias_name(TARGETED))],
        where=exp.Where(this=n.compare(n.column(alias, PLACE), "=", n.column(TARGETED, PLACE))),
        returning=_returning(used, body.scan.columns, alias),
    )
    env = _named(DONE, body.scan.columns)
    ctes: tuple[tuple[str, exp.Query | exp.DML], ...] = ((TARGETED, targeted), (DONE, done))
    return Parts(ctes, _count(TARGETED), _count(DONE), body.returning, env)
