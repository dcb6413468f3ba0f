"""Which rows a session reaches: policies, roles and tombstones as predicates, put on every table access.

Attached last, when all columns that a statement uses are known. Policies see bare tables: what is attached is not
looked at again, but the rows that a tombstone hides are hidden from policies too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

from attrs import evolve, frozen

from liq.front.context import Context, Names, Reach
from liq.front.grants import (
    FALSE,
    TRUE,
    missing_columns,
    role_among,
    roles_with_deleted,
    table_roles,
    view_roles,
)
from liq.front.uses import Uses
from liq.model import codes
from liq.model.expr import Column, ColumnRef, Expr, Is, Not, Or, Relation, Truth, conjunction, disjunction
from liq.model.instantiate import instantiate
from liq.model.ir import Access, Rule, RuleKind, Scan, WriteCheck
from liq.model.node import Node, map_children
from liq.model.schema import Operation, Policy, Schema, Table
from liq.model.source import Span

N = TypeVar("N", bound=Node)
_DOING = {
    Operation.READ: "reading",
    Operation.INSERT: "inserting",
    Operation.UPDATE: "updating",
    Operation.DELETE: "deleting",
}


def always_visible(schema: Schema, table: Table) -> bool:
    """Whether every session reaches every row of a table: no role, tombstone or policy can hide one."""
    policies = [p for p in schema.policies_of.get(table.name, ()) if Operation.READ in p.operations]
    opened = any(not p.restrictive and not p.roles and p.using == TRUE for p in policies)
    return opened and not any(p.restrictive for p in policies) and not schema.roles and table.tombstone is None


def alive(table: Table, columns: Sequence[Column]) -> Expr | None:
    """That a row is not deleted; None for a table without a tombstone."""
    tombstone = table.tombstone
    if tombstone is None:
        return None
    column = next(c for c in columns if c.name == tombstone.name)
    return Is(ColumnRef(column.id, column.name, column.type, column.nullable), Truth.NULL)


def hide_deleted(node: N, names: Names) -> N:
    """Bare scans, as policies make them, without deleted rows."""

    def change(current: Node) -> Node:
        if isinstance(current, Scan):
            table = names.table(current.table)
            live = alive(table, current.columns) if table is not None and not current.with_deleted else None
            if live is None or current.access is not None:
                return current
            return evolve(current, access=Access(live, (Rule(RuleKind.TOMBSTONE, current.table, live),)))
        return map_children(current, change)

    return change(node)  # type: ignore[return-value]


def combined(rules: Sequence[Rule]) -> Expr:
    """(OR of the policies) AND every other rule; nothing opens what no policy opens."""
    opening = [rule.predicate for rule in rules if rule.kind is RuleKind.POLICY]
    if not opening:
        return FALSE
    first = TRUE if TRUE in opening else disjunction(tuple(opening))
    return both((first, *(rule.predicate for rule in rules if rule.kind is not RuleKind.POLICY)))


def both(parts: Iterable[Expr]) -> Expr:
    """All of some predicates, without those that are true anyway."""
    kept = tuple(part for part in parts if part != TRUE)
    return FALSE if FALSE in kept else conjunction(kept) or TRUE


@frozen
class Guard:
    """Makes the access predicates of one statement's tables."""

    schema: Schema
    context: Context

    # ------------------------------------------------------------------------------------------------- policies
    def policies(
        self, table: Table, operation: Operation, row: Sequence[Column], span: Span, *, check: bool = False
    ) -> list[Rule]:
        """The policies of an operation over a row: permissive ones first. ``check``: of a new row."""
        declared = [p for p in self.schema.policies_of.get(table.name, ()) if operation in p.operations]
        rules = [self._opens(p, row, span, check) for p in declared if not p.restrictive]
        return [*rules, *(self._narrows(p, row, span, check) for p in declared if p.restrictive)]

    def _opens(self, policy: Policy, row: Sequence[Column], span: Span, check: bool) -> Rule:
        parts = [role_among(self.schema, policy.roles)] if policy.roles else []
        return Rule(RuleKind.POLICY, policy.name, both([*parts, self._condition(policy, row, span, check)]))

    def _narrows(self, policy: Policy, row: Sequence[Column], span: Span, check: bool) -> Rule:
        condition = self._condition(policy, row, span, check)
        if policy.roles:  # a restrictive policy narrows for its roles only
            condition = Or((Not(Is(role_among(self.schema, policy.roles), Truth.TRUE)), condition))
        return Rule(RuleKind.RESTRICTIVE, policy.name, condition)

    def _condition(self, policy: Policy, row: Sequence[Column], span: Span, check: bool) -> Expr:
        condition = (policy.check or policy.using) if check else policy.using
        if condition is None or not self.context.charge_copy(condition, span):
            return FALSE
        columns: dict[int, Expr] = {i: ColumnRef(c.id, c.name, c.type, c.nullable) for i, c in enumerate(row, 1)}
        return instantiate(condition, self.context.fresh, columns)

    def readable(self, table: Table, row: Sequence[Column], span: Span) -> list[Rule]:
        """What a row that is changed or shown again must fulfil to be read, as rules that narrow."""
        rules = self.policies(table, Operation.READ, row, span)
        self.warn_unless_open(table, Operation.READ, rules, span)
        opening = [rule for rule in rules if rule.kind is RuleKind.POLICY]
        whole = combined(opening)
        narrowing = [rule for rule in rules if rule.kind is not RuleKind.POLICY]
        if whole == TRUE:
            return narrowing
        names = " or ".join(rule.name for rule in opening) or "no policy"
        return [Rule(RuleKind.RESTRICTIVE, f"to be read: {names}", whole), *narrowing]

    def warn_unless_open(self, table: Table, operation: Operation, rules: Sequence[Rule], span: Span) -> None:
        """Point out a table that nobody reaches."""
        if any(rule.kind is RuleKind.POLICY for rule in rules):
            return
        self.context.report(
            codes.NO_POLICY, span, f"no policy opens {table.name} for {_DOING[operation]}, so nobody reaches its rows",
            help=f"declare one: policy open on {table.name} for {operation.value} "
            + ("check true" if operation is Operation.INSERT else "using true"),
        )  # fmt: skip

    # ------------------------------------------------------------------------------------------------- roles
    def role_rules(
        self, table: Table, needs: Sequence[tuple[Operation, frozenset[str]]], span: Span
    ) -> list[Rule]:
        """That the session's role lists the table, and all columns, for each operation; nothing without roles."""
        if not self.schema.roles:
            return []
        able = [table_roles(self.schema, operation, table, wanted) for operation, wanted in needs]
        names = [r.name for r in self.schema.roles if all(r.name in each for each in able)]
        if not names:
            self._no_role(table, needs, span)
        return [Rule(RuleKind.ROLE, table.name, role_among(self.schema, names))]

    def _no_role(self, table: Table, needs: Sequence[tuple[Operation, frozenset[str]]], span: Span) -> None:
        operation, wanted = next(
            ((o, w) for o, w in needs if not table_roles(self.schema, o, table, w)), needs[0]
        )  # fmt: skip
        lacking = missing_columns(self.schema, operation, table, wanted)
        if operation is Operation.READ and any(self._unlisted(table, name) for name in lacking):
            return  # reported as that
        what = f"{table.name} ({', '.join(lacking)})" if lacking else table.name
        self.context.report(
            codes.NO_ROLE, span, f"no role may {operation.value} {what}, so this never reaches a row",
            help=f"list it in a role: role … {{ {operation.value} {what} }}",
        )  # fmt: skip

    def sensitive(self, table: Table, columns: Sequence[Column], used: frozenset[str], uses: Uses, span: Span) -> None:
        """Report sensitive columns that no role lists."""
        for name in sorted(used):
            if not self._unlisted(table, name):
                continue
            place = uses.place(columns, name)
            self.context.report(
                codes.SENSITIVE, place if place.end > place.start else span,
                f"{table.name}.{name} is sensitive, and no role lists it",
                help=f"show it in a view as mask({name}, 1, 0), hash({name}) or null, or list it in a role: "
                f"role … {{ read {table.name} ({name}) }}",
            )  # fmt: skip

    def _unlisted(self, table: Table, name: str) -> bool:
        """Whether a column is sensitive and no role lists it."""
        listed = table_roles(self.schema, Operation.READ, table, frozenset((name,)))
        return table.by_name[name].sensitive and not listed

    # ------------------------------------------------------------------------------------------------- reads
    def read(self, scan: Scan, uses: Uses) -> Scan:
        """A scan of the user's, with its access."""
        table = self.schema.table_by_name[scan.table]
        reach = self.context.user_scans.get(scan.columns[0].id, Reach())
        rules = self.policies(table, Operation.READ, scan.columns, scan.span)
        self.warn_unless_open(table, Operation.READ, rules, scan.span)
        if reach.view is None:
            used = uses.names(scan.columns)
            self.sensitive(table, scan.columns, used, uses, scan.span)
            rules.extend(self.role_rules(table, ((Operation.READ, used),), scan.span))
        else:
            rules.extend(self._view_role(table, scan, reach, uses))
        rules.extend(self._living(table, scan))
        return evolve(scan, access=Access(combined(rules), tuple(rules)))

    def _view_role(self, table: Table, scan: Scan, reach: Reach, uses: Uses) -> list[Rule]:
        """The role lists the view with the columns that are used of it, or the table with what the view uses."""
        if not self.schema.roles or reach.view is None:
            return []
        within = uses.names(scan.columns, redacted=True)
        direct = set(table_roles(self.schema, Operation.READ, table, within))
        wanted = frozenset(c.name for c in reach.columns if c.id in uses.every)
        through = set(view_roles(self.schema, reach.view, (c.name for c in reach.columns), wanted))
        secret = frozenset(name for name in within if table.by_name[name].sensitive)
        if secret:  # what a view shows as it is needs a role that lists it on the table
            through &= set(table_roles(self.schema, Operation.READ, table, secret))
        names = direct | through
        if not names:
            self.context.report(
                codes.NO_ROLE, scan.span, f"no role may read {reach.view}, so this never reaches a row",
                help=f"list it in a role: role … {{ read {reach.view} }}",
            )  # fmt: skip
        return [Rule(RuleKind.ROLE, reach.view, role_among(self.schema, names))]

    def _living(self, table: Table, scan: Scan) -> list[Rule]:
        live = alive(table, scan.columns)
        if live is None:
            return []
        if scan.with_deleted:
            if not self.schema.roles:
                return []
            seeing = role_among(self.schema, roles_with_deleted(self.schema, table))
            live = live if seeing == FALSE else Or((live, seeing))
        return [Rule(RuleKind.TOMBSTONE, table.name, live)]

    # ------------------------------------------------------------------------------------------------- changes
    def changed(self, scan: Scan, operation: Operation, needs: Sequence[tuple[Operation, frozenset[str]]]) -> Scan:
        """The scan of an update or delete: rows that the operation's policies open and that may be read."""
        table = self.schema.table_by_name[scan.table]
        rules = self.policies(table, operation, scan.columns, scan.span)
        self.warn_unless_open(table, operation, rules, scan.span)
        rules.extend(self.unsaid(rules, self.readable(table, scan.columns, scan.span)))
        rules.extend(self.role_rules(table, needs, scan.span))
        rules.extend(self._living(table, scan))
        return evolve(scan, access=Access(combined(rules), tuple(rules)))

    @staticmethod
    def unsaid(rules: Sequence[Rule], more: Sequence[Rule]) -> list[Rule]:
        """Rules that say something that the others do not say already."""
        opening = disjunction(tuple(rule.predicate for rule in rules if rule.kind is RuleKind.POLICY))
        known = [opening, *(rule.predicate for rule in rules if rule.kind is not RuleKind.POLICY)]
        return [rule for rule in more if rule.predicate not in known]

    def new_row(
        self, table: Table, operation: Operation, row: Sequence[Column], span: Span, *, shown: bool,
        needs: Sequence[tuple[Operation, frozenset[str]]],
    ) -> WriteCheck:  # fmt: skip
        """What a new row must fulfil. ``shown``: it must be readable too."""
        rules = self.policies(table, operation, row, span, check=True)
        if operation is Operation.INSERT:
            self.warn_unless_open(table, operation, rules, span)
        if shown:
            rules.extend(self.unsaid(rules, self.readable(table, row, span)))
        if needs:
            rules.extend(self.role_rules(table, needs, span))
        return WriteCheck(combined(rules), tuple(rules))


def attach_access(relation: Relation, context: Context, schema: Schema, uses: Uses) -> Relation:
    """A relation of a user's statement in which every scan has its access. None is left bare, known to be the user's
    or not."""
    guard = Guard(schema, context)
    result = attached(relation, guard, uses)
    assert isinstance(result, Relation)
    return result


def attached(node: N, guard: Guard, uses: Uses) -> N:
    """The same for any part of a statement."""

    def change(current: Node) -> Node:
        if isinstance(current, Scan):
            return guard.read(current, uses) if current.access is None else current
        return map_children(current, change)

    return change(node)  # type: ignore[return-value]
