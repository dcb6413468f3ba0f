"""``liq audit schema``: dialects, formats, exit codes, and the defects of a registry's row security of our own making."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.cli.shell import Ran, liq
from tests.verifier.policies.audited import example

OWN = "session { org: int? from 'org' }\ntable docs { id int key, org int }\npolicy own on docs for all using org = @org\n"
LEAK = OWN + "policy named on docs for read using id > 0 and @org is not null\n"
REGISTRY = """
create function tenant() returns uuid language sql stable as $$
  select coalesce(nullif(current_setting('app.tenant', true), '')::uuid,
    (select m.shop_id from staff m where m.user_id = nullif(current_setting('app.user', true), '')::uuid order by m.shop_id limit 1));
$$;
create table shops (id uuid primary key, name text not null);
create table items (id uuid primary key, name text not null unique);
create table offers (
  id uuid primary key, item_id uuid not null references items(id), label text not null,
  shop_id uuid not null references shops(id), gone boolean not null default false, unique (item_id, label)
);
create table refunds (id uuid primary key, offer_id uuid not null unique references offers(id), by_shop uuid not null references shops(id));
create table staff (
  shop_id uuid not null references shops(id), user_id uuid not null,
  rank text not null default 'clerk' check (rank in ('boss', 'clerk')), primary key (shop_id, user_id)
);
create table log (id bigint primary key, line text);
alter table shops enable row level security;
alter table items enable row level security;
alter table offers enable row level security;
alter table refunds enable row level security;
alter table staff enable row level security;
create policy root on offers using (current_setting('app.role', true) = 'service');
create policy shown on items for select using (true);
create policy shown on offers for select using (not gone);
create policy add on offers for insert with check (shop_id = tenant());
create policy own on offers for update using (shop_id = tenant());
create policy add on refunds for insert with check (
  by_shop = tenant() and exists (select 1 from offers o where o.id = offer_id and o.shop_id = tenant()));
create policy mine on staff for select using (user_id = nullif(current_setting('app.user', true), '')::uuid);
create policy manage on staff for all using (tenant() is not null and shop_id = tenant());
"""
DEFECTS = {
    "LIQ0607",  # staff needs itself
    "LIQ1031",  # log has no row security
    "LIQ1032",  # nothing opens shops
    "LIQ1034",  # items are public
    "LIQ1039",  # offers are
    "LIQ1043",  # an offer under an item that another shop's offers stand under
    "LIQ1044",  # insert into refunds … returning
    "LIQ1045",  # upsert of refunds
    "LIQ1046",  # update offers set gone = true where id = …
    "LIQ1047",  # a clerk becomes boss
    "LIQ1049",  # a clerk adds others
    "LIQ1051",  # set app.role
}


def run(folder: Path, text: str, *arguments: str, name: str = "schema.liq") -> Ran:
    (folder / name).write_text(text, encoding="utf-8")
    return liq("audit", "schema", name, *arguments, folder=folder)


def defects(ran: Ran) -> set[str]:
    """The codes that are no remarks about the import."""
    return {code for code in re.findall(r"LIQ\d{4}", ran.err) if code == "LIQ0607" or not code.startswith("LIQ06")}


def test_exit_codes(tmp_path: Path) -> None:
    assert run(tmp_path, OWN).code == 0
    assert run(tmp_path, LEAK).code == 1
    assert run(tmp_path, example("LIQ1053")).code == 3
    assert run(tmp_path, OWN, "--tenant", "nobody").code == 2
    assert liq("audit", "schema", "missing.liq", folder=tmp_path).code == 2
    assert run(tmp_path, "table docs { id int key, id int }").code == 1


def test_warnings_count_when_strict(tmp_path: Path) -> None:
    closed = "table docs { id int key }\n"
    assert run(tmp_path, closed).code == 0
    assert run(tmp_path, closed, "--strict").code == 1


def test_people_see_place_session_and_rows(tmp_path: Path) -> None:
    shown = run(tmp_path, LEAK).err
    assert "error[LIQ1038]: two sessions that differ in @org can read one row of docs" in shown
    assert "schema.liq:4:1" in shown
    assert re.search(r"for instance: session 1 @org = \d+; session 2 @org = \d+; row of docs \(id \d+, org \d+\)", shown)


@pytest.mark.parametrize("form", ["json", "sarif", "github"])
def test_programs_see_the_same(tmp_path: Path, form: str) -> None:
    ran = run(tmp_path, LEAK, "--format", form)
    assert ran.code == 1
    if form == "sarif":
        result = json.loads(ran.out)["runs"][0]["results"][0]
        assert result["ruleId"] == "LIQ1038"
        assert "session 1 @org" in result["relatedLocations"][0]["message"]["text"]
        assert result["locations"][0]["physicalLocation"]["region"]["startLine"] == 4
    elif form == "json":
        assert "LIQ1038" in json.dumps(json.loads(ran.out))
        assert "session 1 @org" in ran.out
    else:
        assert ran.out.startswith("::error ")


def test_sql_is_audited_straight(tmp_path: Path) -> None:
    ran = run(tmp_path, REGISTRY, "--format", "concise", name="registry.sql")
    assert ran.code == 1
    assert defects(ran) == DEFECTS
    assert "registry.sql:" in ran.err
    assert "imported.liq" not in ran.err


def test_a_definer_heals_the_recursion(tmp_path: Path) -> None:
    ran = run(tmp_path, REGISTRY, "--definer", "tenant", "--format", "concise", name="registry.sql")
    assert defects(ran) == DEFECTS - {"LIQ0607"}


def test_sqlite_has_no_row_security(tmp_path: Path) -> None:
    ran = run(tmp_path, "create table t (id integer primary key);", "--dialect", "sqlite", "--format", "concise", name="t.sql")
    assert ran.code == 1
    assert "LIQ1031" in ran.err


@pytest.mark.parametrize("text", ["", "\0", "create policy", "create table t (" + "(" * 5000, "policy p on nothing for all using true"])
@pytest.mark.parametrize("name", ["hostile.liq", "hostile.sql"])
def test_hostile_texts_give_no_traceback(tmp_path: Path, text: str, name: str) -> None:
    assert run(tmp_path, text, name=name).code in (0, 1, 2, 3)


def test_plans_are_audited_as_before(tmp_path: Path) -> None:
    assert liq("audit", "missing.plan.json", folder=tmp_path).code == 2
