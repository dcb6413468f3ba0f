"""Where a plan reads a view: roles may list a view instead of its tables, so the verifier has to see that it is the
view.

A part of the plan is an instance of a view when it is the view's own relation, but for column ids, columns left out,
and
the policies that stand on the scans. A role that lists the columns it yields may then read the tables through it.
"""

from __future__ import annotations

from typing import Any

import attrs

from liq.model.expr import Column, ColumnRef, Expr, Relation
from liq.model.ir import Filter, Project, Scan
from liq.model.node import Node, walk
from liq.model.schema import Operation, Schema, View
from liq_verifier.algebra import Fence
from liq_verifier.blocks import conjuncts
from liq_verifier.fingerprint import fingerprint, free_columns
from liq_verifier.policy import ROLE, able_roles, alive, covers, row_policy, unset_tombstone

_SKIPPED = frozenset({"span", "name", "nullable", "alias"})


def instances(root: Node, schema: Schema) -> dict[int, frozenset[str]]:
    """Per scan that stands in a view (by its first column): the roles that may read it through the view."""
    found: dict[int, frozenset[str]] = {}
    if not schema.views:
        return found
    for node in walk(root):
        if isinstance(node, Project):
            for view in schema.views:
                scans = _match(view, node, schema)
                if scans is not None:
                    roles = _readers(view, node, schema)
                    for scan in scans:
                        found[scan.columns[0].id] = found.get(scan.columns[0].id, frozenset()) | roles
    return found


def _match(view: View, node: Project, schema: Schema) -> list[Scan] | None:
    matcher = _Matcher(schema)
    return matcher.scans if matcher.same(view.relation, node) else None


def _readers(view: View, node: Project, schema: Schema) -> frozenset[str]:
    known = [c.name for c in view.relation.columns]
    wanted = frozenset(c.name for c in node.columns)
    secret = _sensitive(node, schema)
    through = {r.name for r in schema.roles if covers(r, Operation.READ, view.name, known, wanted)}
    for table, names in secret.items():
        through &= able_roles(schema, Operation.READ, schema.table_by_name[table], frozenset(names))
    return frozenset(through)


def _sensitive(node: Project, schema: Schema) -> dict[str, set[str]]:
    """Sensitive columns that the view uses as they are, by table."""
    from liq.model.expr import Call

    places = {c.id: (s.table, c.name) for s in walk(node) if isinstance(s, Scan) for c in s.columns}
    redacted = {id(n.args[0]) for n in walk(node) if isinstance(n, Call) and n.function in ("mask", "hash") and n.args}
    found: dict[str, set[str]] = {}
    for ref in (n for n in walk(node) if isinstance(n, ColumnRef) and id(n) not in redacted):
        table, name = places.get(ref.id, ("", ""))
        if table and schema.table_by_name[table].by_name[name].sensitive:
            found.setdefault(table, set()).add(name)
    return found


class _Matcher:
    """Compares a view with a part of a plan; ``ids`` pairs column ids of the view with the plan's."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._ids: dict[int, int] = {}
        self.scans: list[Scan] = []

    def same(self, view: Any, plan: Any) -> bool:
        """Whether the plan's part is the view's."""
        if isinstance(plan, Fence):
            return self.same(view, plan.input)
        match view:
            case Scan():
                return self._scan(view, plan)
            case Project():
                return isinstance(plan, Project) and self.same(view.input, plan.input) and self._items(view, plan)
            case Column():
                return isinstance(plan, Column) and self._ids.setdefault(view.id, plan.id) == plan.id
            case ColumnRef():
                return isinstance(plan, ColumnRef) and self._ids.get(view.id) == plan.id
            case Node():
                return type(view) is type(plan) and all(
                    self.same(getattr(view, a.name), getattr(plan, a.name))
                    for a in attrs.fields(type(view))  # type: ignore[arg-type]
                    if a.name not in _SKIPPED and a.eq is not False
                )
            case tuple():
                return (
                    isinstance(plan, tuple)
                    and len(view) == len(plan)
                    and all(self.same(a, b) for a, b in zip(view, plan, strict=True))
                )
            case bool() | int() | float() | str() | None:
                return type(view) is type(plan) and repr(view) == repr(plan)
            case _:
                return bool(view == plan)

    def _items(self, view: Project, plan: Project) -> bool:
        """Each item of the plan is the view's of that name; others may be left out."""
        offered = {item.column.name: item for item in view.items}
        for item in plan.items:
            declared = offered.get(item.column.name)
            if (
                declared is None
                or not self.same(declared.expr, item.expr)
                or not self.same(declared.column, item.column)
            ):
                return False
        return True

    def _scan(self, view: Scan, plan: Relation) -> bool:
        """The same table, below nothing but its own policy."""
        policies: list[Expr] = []
        while isinstance(plan, Filter | Fence):
            policies += conjuncts(plan.predicate) if isinstance(plan, Filter) else ()
            plan = plan.input
        if not isinstance(plan, Scan) or plan.table != view.table or not plan.columns:
            return False
        if not all(self._is_policy(part, plan) for part in policies):
            return False
        places = {c.name: c.id for c in plan.columns}
        for column in view.columns:
            if column.name in places:
                self._ids[column.id] = places[column.name]
        self.scans.append(plan)
        return True

    def _is_policy(self, part: Expr, scan: Scan) -> bool:
        table = self._schema.table_by_name[scan.table]
        if not free_columns(part):  # about the session alone: it can only narrow
            return any(getattr(n, "name", None) == ROLE for n in walk(part))
        own = {c.id: f"@{c.name}" for c in scan.columns}
        by_place = {i: f"@{c.name}" for i, c in enumerate(table.columns, 1)}
        wholes = (row_policy(self._schema, table, Operation.READ), alive(self._schema, table), unset_tombstone(table))
        known = {fingerprint(each, by_place) for whole in wholes for each in conjuncts(whole)}
        return fingerprint(part, own) in known
