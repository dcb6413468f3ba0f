"""O2: every scanned row that matters is one that the read policy of its table lets the session see."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from attrs import field, frozen

from liq.model.expr import Expr, Relation
from liq.model.ir import Parameter, Scan
from liq.model.schema import Operation, Schema, Table
from liq_verifier.algebra import NO_LETS, Lets
from liq_verifier.claims import Builder
from liq_verifier.columns import Uses
from liq_verifier.guard import Asked, Place, Site, places
from liq_verifier.obligation import Either, Formula, Goal, Kind, Need, Subject
from liq_verifier.policy import TRUE, able_roles, alive, all_of, role_among, role_policy, row_policy


@frozen
class Setting:
    """What every obligation of a plan is judged by. ``also``: what more must be true of the rows of a scan (by its
    first
    column), because they are written."""

    schema: Schema
    parameters: Mapping[str, Parameter]
    uses: Uses
    also: Mapping[int, Expr] = field(factory=dict)
    with_deleted: frozenset[str] = frozenset()
    """Tables of which the query asks for deleted rows too; that is open to everybody where no roles are declared."""
    lets: Lets = NO_LETS
    text_roles: Mapping[str, frozenset[str]] | None = None
    """Where a text is judged: the roles that may read each table as the plan does. Columns are judged on the plan."""

    def sensitive(self, scan: Scan) -> frozenset[str]:
        """The sensitive columns of a scan that are used."""
        table = self.schema.table_by_name[scan.table]
        return frozenset(name for name in self.uses.of(scan) if table.by_name[name].sensitive)

    def policy(self, scan: Scan, columns: Iterable[str]) -> Expr:
        """What must be true of the rows of a scan, where these columns are used."""
        schema, table = self.schema, self.schema.table_by_name[scan.table]
        first = scan.columns[0].id if scan.columns else None
        seen = TRUE if table.name in self.with_deleted and not schema.roles else alive(schema, table)
        more = TRUE if first is None else self.also.get(first, TRUE)
        return all_of((row_policy(schema, table, Operation.READ), seen, self._role(table, first, columns), more))

    def _role(self, table: Table, first: int | None, columns: Iterable[str]) -> Expr:
        """That the role lists the table, or the view that the scan stands in."""
        wanted = frozenset(columns)
        if self.text_roles is not None:
            return role_among(self.schema, self.text_roles.get(table.name, ())) if self.schema.roles else TRUE
        through = self.uses.through.get(first, frozenset()) if first is not None else frozenset()
        if not self.schema.roles or not through:
            return role_policy(self.schema, Operation.READ, table, wanted)
        return role_among(self.schema, able_roles(self.schema, Operation.READ, table, wanted) | through)

    def roles_of(self, scan: Scan) -> frozenset[str]:
        """The roles that may read a scan as it is used."""
        table = self.schema.table_by_name[scan.table]
        plain = self.uses.of(scan) - self.sensitive(scan)
        through = self.uses.through.get(scan.columns[0].id, frozenset()) if scan.columns else frozenset()
        return able_roles(self.schema, Operation.READ, table, plain) | through


def verify_reads(root: Relation, setting: Setting) -> Iterator[Need]:
    """The obligations of one statement that reads."""
    for place in places(root):
        yield from _needs(place, setting)


def _needs(place: Place, setting: Setting) -> Iterator[Need]:
    match place:
        case Site():
            yield guarded(place, setting)
            sensitive = setting.sensitive(place.scan)
            if sensitive and setting.text_roles is None:
                yield _listed(place, setting, sensitive)
        case Asked():
            inner = tuple(need for site in place.sites for need in _needs(site, setting))
            yield Either(((_implied(place, setting),), inner))


def guarded(site: Site, setting: Setting) -> Goal:
    """Guard is true of the row => policy is true of the row."""
    table = setting.schema.table_by_name[site.scan.table]
    plain = setting.uses.of(site.scan) - setting.sensitive(site.scan)
    claim = f"every row of {table.name} that matters is visible"
    return _goal(Subject(Kind.ROW, table.name, claim, site.scan.span), site, setting.policy(site.scan, plain), setting)


def _listed(site: Site, setting: Setting, columns: frozenset[str]) -> Goal:
    """Guard is true of the row => the session's role lists the sensitive columns that are used."""
    table = setting.schema.table_by_name[site.scan.table]
    policy = role_policy(setting.schema, Operation.READ, table, columns)
    claim = f"{', '.join(sorted(columns))} is used only by roles that list it"
    return _goal(Subject(Kind.COLUMN, table.name, claim, site.scan.span), site, policy, setting)


def _goal(subject: Subject, site: Site, policy: Expr, setting: Setting) -> Goal:
    def build(strings: bool) -> Formula:
        builder = Builder(setting.schema, setting.parameters, strings)
        row = builder.row(site.scan)
        beside(builder, site.context.scans, site.scan)
        builder.loose(site.context.loose)
        builder.assume(site.guards)
        return builder.unless(policy, builder.encoder.row_env(row), row)

    return Goal(subject, build)


def beside(builder: Builder, scans: tuple[Scan, ...], but: Scan | None) -> None:
    """The rows that exist beside the one in question."""
    seen = {but.columns[0].id} if but is not None and but.columns else set()
    for scan in scans:
        if scan.columns and scan.columns[0].id not in seen:
            seen.add(scan.columns[0].id)
            builder.row(scan)


def _implied(asked: Asked, setting: Setting) -> Goal:
    """A predicate that reads bare tables says nothing beyond the policies of the rows it is asked of."""

    def build(strings: bool) -> Formula:
        builder = Builder(setting.schema, setting.parameters, strings)
        for scan in asked.scans:
            row = builder.row(scan)
            builder.assume_policy(setting.policy(scan, ()), row)
        return builder.unless(asked.conjunct, builder.env, None)

    about = ", ".join(dict.fromkeys(scan.table for scan in asked.scans)) or "the session"
    claim = "a condition that reads other tables is part of the policy"
    return Goal(Subject(Kind.ROW, about, claim, asked.conjunct.span), build)
