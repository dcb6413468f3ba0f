"""O2: every scanned row that matters is one that the read policy of its table lets the session see."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from attrs import frozen

from liq.model.expr import Relation
from liq.model.ir import Parameter, Scan
from liq.model.schema import Schema
from liq_verifier.claims import Builder
from liq_verifier.columns import Uses
from liq_verifier.guard import Asked, Place, Site, places
from liq_verifier.obligation import Either, Formula, Goal, Kind, Need, Subject
from liq_verifier.policy import read_policy


@frozen
class Setting:
    """What every obligation of a plan is judged by."""

    schema: Schema
    parameters: Mapping[str, Parameter]
    uses: Uses


def verify_reads(root: Relation, setting: Setting) -> Iterator[Need]:
    """The obligations of one statement that reads."""
    for place in places(root):
        yield _need(place, setting)


def _need(place: Place, setting: Setting) -> Need:
    match place:
        case Site():
            return guarded(place, setting)
        case Asked():
            return Either(((_implied(place, setting),), tuple(_need(inner, setting) for inner in place.sites)))


def guarded(site: Site, setting: Setting) -> Goal:
    """Guard is true of the row => policy is true of the row."""
    table = setting.schema.table_by_name[site.scan.table]
    policy = read_policy(setting.schema, table, setting.uses.of(site.scan))

    def build(strings: bool) -> Formula:
        builder = Builder(setting.schema, setting.parameters, strings)
        row = builder.row(site.scan)
        _beside(builder, site.context.scans, site.scan)
        builder.loose(site.context.loose)
        builder.assume(site.guards)
        return builder.unless(policy, builder.encoder.row_env(row), row)

    claim = f"every row of {table.name} that matters is visible"
    return Goal(Subject(Kind.ROW, table.name, claim, site.scan.span), build)


def _beside(builder: Builder, scans: tuple[Scan, ...], but: Scan | None) -> None:
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
            table = setting.schema.table_by_name[scan.table]
            builder.assume_policy(read_policy(setting.schema, table, ()), row)
        return builder.unless(asked.conjunct, builder.env, None)

    about = ", ".join(dict.fromkeys(scan.table for scan in asked.scans)) or "the session"
    claim = "a condition that reads other tables is part of the policy"
    return Goal(Subject(Kind.ROW, about, claim, asked.conjunct.span), build)
