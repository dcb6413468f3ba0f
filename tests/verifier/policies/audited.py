"""Audits of texts, and the examples of code pages as texts to audit."""

from __future__ import annotations

import re

from liq.front import load_schema
from liq.model.schema import Schema
from liq.model.source import Source
from liq_verifier.policies import Audit, Finding, audit
from tests.cli.shell import ROOT

TEAM = """session { uid: int? from 'sub' }
table teams { id int key, name text }
table members { team_id int -> teams, user_id int, key (team_id, user_id) }
table docs { id int key, team_id int -> teams, body text }
fn is_member($team: int) = exists (read members m where m.team_id = $team and m.user_id = @uid)
policy mine on members for read using user_id = @uid
policy mine on teams for read using is_member(id)
"""


def schema_of(text: str) -> Schema:
    """A schema without complaints."""
    loaded = load_schema([Source("schema.liq", text)])
    assert loaded.ok, loaded.diagnostics
    return loaded.schema


def audited(text: str, *tenants: str) -> Audit:
    """The audit of a text."""
    return audit(schema_of(text), tenants=tenants)


def codes(text: str, *tenants: str) -> set[str]:
    """The names of the codes that the audit of a text gives."""
    return {finding.probe.code.name for finding in audited(text, *tenants).findings}


def found(text: str, name: str) -> Finding:
    """The first finding of a code."""
    return next(f for f in audited(text).findings if f.probe.code.name == name)


def example(code: str) -> str:
    """The first example of a page."""
    page = (ROOT / "docs" / "codes" / f"{code}.md").read_text(encoding="utf-8")
    return str(re.findall(r"^```(?:liq|sql)\n(.*?)^```$", page, re.M | re.S)[0])
