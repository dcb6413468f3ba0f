"""What audits say of small schemas: faults that they find, and sound policies that they leave alone."""

from __future__ import annotations

import pytest

from liq_verifier.policies import audit
from liq_verifier.policies.answer import Answers, Never, Seen
from liq_verifier.policies.ground import ground
from liq_verifier.policies.question import Question, RowOf, Says
from tests.verifier.policies.audited import TEAM, audited, codes, found, schema_of

CLAIMS = "session { org: int? from 'org', uid: int? from 'sub', role: text from 'role' = 'anon' }\n"
DOCS = CLAIMS + "table docs { id int key, org int, owner int?, body text }\n"


@pytest.mark.parametrize("policies", [
    "policy own on docs for all using org = @org",
    "policy own on docs for all using org = @org and (owner = @uid or owner is null)",
    "policy own on docs for read, update, delete using org = @org\npolicy add on docs for insert check org = @org and body <> ''",
    "policy every on docs for all using true\npolicy org on docs restrictive for all using org = @org",
    "policy own on docs for all using org = @org\npolicy service on docs for all using @role = 'service'",
    "policy own on docs for all using (org, owner) = (@org, @uid)",
])  # fmt: skip
def test_isolated(policies: str) -> None:
    assert not {f.probe.code.name for f in audited(DOCS + policies, "org").findings if f.probe.code.severity.value == "error"}


@pytest.mark.parametrize("policies, name", [
    ("policy own on docs for all using org = @org or owner = @uid", "tenant-isolation"),
    ("policy own on docs for all using org = @org\npolicy enter on docs for read using @role = 'authenticated'", "tenant-isolation"),
    ("policy own on docs for read using owner = @uid\npolicy up on docs for update using owner = @uid or owner is null", "tenant-isolation"),
    ("policy own on docs for all using coalesce(@org, org) = org", "null-session"),
    ("policy own on docs for all using org = @org\npolicy top on docs for update using org = @org check owner = @uid", "moved-row"),
    ("policy own on docs for all using org = @org check true", "open-writes"),
    ("policy own on docs for all using org = @org check true", "foreign-row"),
    ("policy a on docs for all using org = @org\npolicy b on docs restrictive for read using org > 0 or org <= 0", "always-true"),
    ("policy a on docs for all using org = @org\npolicy b on docs restrictive for read using org < 0 and org > 0", "never-true"),
    ("policy a on docs for all using org = @org\npolicy b on docs restrictive for read using org = @org", "redundant-policy"),
    ("policy a on docs for all using org = @org\npolicy staff on docs for all using @role = 'staff'", "privileged-session"),
])  # fmt: skip
def test_found(policies: str, name: str) -> None:
    assert name in codes(DOCS + policies, "org")


def test_of_two_equal_policies_the_later_one_is_redundant() -> None:
    text = DOCS + "policy a on docs for all using org = @org\npolicy b on docs for all using org = @org"
    redundant = [f.probe.policy for f in audited(text).findings if f.probe.code.name == "redundant-policy"]
    assert [policy.name for policy in redundant if policy is not None] == ["b"]


def test_a_membership_table_is_the_tenant() -> None:
    text = TEAM + "policy team on docs for all using is_member(team_id)"
    result = audited(text)
    assert result.tenants == ("members.team_id of @uid",)
    assert not {f.probe.code.name for f in result.findings if f.probe.code.severity.value == "error"}
    assert not result.undecided


def test_a_policy_beside_the_membership_leaks() -> None:
    text = TEAM + "policy team on docs for all using is_member(team_id)\npolicy any on docs for read using @uid > 0"
    seen = found(text, "tenant-isolation").seen
    assert seen is not None
    ours, theirs = seen.sessions
    teams = {s["uid"]: {r["team_id"] for r in seen.tables.get("members", ()) if r["user_id"] == s["uid"]} for s in (ours, theirs)}
    assert ours["uid"] != theirs["uid"]
    assert not teams[ours["uid"]] & teams[theirs["uid"]]


def test_rows_move_between_teams_only_for_members_of_both() -> None:
    moving = "policy team on docs for read, update using is_member(team_id) check true"
    assert "moved-row" in codes(TEAM + moving)
    assert "moved-row" not in codes(TEAM + "policy team on docs for all using is_member(team_id)")


def test_roles_that_may_not_write_are_no_open_writes() -> None:
    reader = "role anon { read docs }\npolicy open on docs for all using true"
    writer = "role anon { read docs insert docs }\npolicy open on docs for all using true"
    assert "open-writes" not in codes(DOCS + reader)
    assert "open-writes" in codes(DOCS + writer)


def test_answers_are_the_same_every_time() -> None:
    text = DOCS + "policy own on docs for all using org = @org or body = 'x'"
    assert audited(text) == audited(text)


def test_a_new_row_does_not_vouch_for_itself() -> None:
    """A policy that asks its own table is asked before the new row is in it."""
    text = TEAM + "policy enter on members for insert check is_member(team_id)"
    schema = schema_of(text)
    base = ground(schema, settings=False)
    new = Question((RowOf("members", False),), (Says(base.inserts(schema.table_by_name["members"]), 0),))
    seen = Answers(schema).ask(new)
    assert isinstance(seen, Seen)
    assert len(seen.tables["members"]) == 1
    own = "policy enter on members for insert check is_member(team_id) and not exists (read members)"
    schema = schema_of(TEAM + own)
    base = ground(schema, settings=False)
    new = Question((RowOf("members", False),), (Says(base.inserts(schema.table_by_name["members"]), 0),))
    assert isinstance(Answers(schema).ask(new), Never)


def test_without_policies_every_table_is_closed() -> None:
    assert {f.probe.code.name for f in audit(schema_of(DOCS)).findings} == {"closed-table"}
