"""What SQL reads of its session becomes claims."""

from __future__ import annotations

import textwrap

import pytest

from tests.importers.declared import declared, findings

TABLE = "create table t (id uuid primary key, name text, n int, tags text[]); alter table t enable row level security;"


def policy(using: str, before: str = "") -> tuple[str, str]:
    """The session and the condition that a policy becomes."""
    text = declared(f"{before}\n{TABLE}\ncreate policy p on t using ({using});")
    session = next((block for block in text.split("\n\n") if block.startswith("session")), "")
    condition = " ".join(text.split()).partition(" using ")[2]
    claims = session.removeprefix("session {").removesuffix("}").strip()
    return " ".join(claims.replace("\n  ", ", ").replace(",   ", " ").split()) if "\n" in claims else claims, condition


@pytest.mark.parametrize(
    "using, session, condition",
    [
        ("id = auth.uid()", "uid: uuid? from 'sub'", "id = @uid"),
        ("(select auth.uid()) = id", "uid: uuid? from 'sub'", "@uid = id"),
        ("id = ((auth.jwt() ->> 'sub'::text))::uuid", "sub: uuid? from 'sub'", "id = @sub"),
        ("auth.role() = 'x' and auth.email() = name", "role: text? from 'role', email: text? from 'email'", "@role = 'x' and @email = name"),
        (
            "(auth.jwt() -> 'app_metadata' ->> 'org')::uuid = id", "org: uuid? from 'app_metadata.org'", "@org = id",
        ),
        ("id = current_setting('app.tenant', true)::uuid", "tenant: uuid? from 'app.tenant'", "id = @tenant"),
        ("id = current_setting('app.tenant')::uuid", "tenant: uuid from 'app.tenant'", "id = @tenant"),
        (
            "name = current_setting('request.jwt.claims', true)::json ->> 'nick'", "nick: text? from 'nick'", "name = @nick",
        ),
        ("name = current_setting('request.jwt.claim.nick'::text, true)", "nick: text? from 'nick'", "name = @nick"),
        (
            "coalesce(nullif(current_setting('app.role', true), ''), 'anon') = 'boss'", "role: text from 'app.role' = 'anon'",
            "@role = 'boss'",
        ),
        ("name = nullif(current_setting('app.nick', true), '')", "nick: text? from 'app.nick'", "name = nullif(@nick, '')"),
        ("nullif(current_setting('app.nick', true), '') = 'x'", "nick: text? from 'app.nick'", "@nick = 'x'"),
        ("(auth.jwt() ->> 'n')::int > n and auth.jwt() ->> 'n' <> name", "n: int32? from 'n', n_text: text? from 'n'", "@n > n and @n_text <> name"),
        ("name = any (string_to_array(current_setting('app.names', true), ','))", "names: text? from 'app.names'", "name in string_to_array(@names, ',')"),
        ("auth.jwt() -> 'teams' ? name", "teams: text[]? from 'teams'", "name in @teams"),
        (
            "name in (select jsonb_array_elements_text(auth.jwt() -> 'app_metadata' -> 'teams'))",
            "teams: text[]? from 'app_metadata.teams'", "name in @teams",
        ),
        ("current_user = name or session_user = 'x'", "role: text? from 'role'", "@role = name or @role = 'x'"),
    ],
)  # fmt: skip
def test_what_the_session_holds(using: str, session: str, condition: str) -> None:
    assert policy(using) == (session, condition)


def test_functions_name_their_claims() -> None:
    before = """
        create function app.token() returns jsonb language sql stable as
          $$ select coalesce(nullif(current_setting('request.jwt.claims', true), '')::jsonb, '{}'::jsonb) $$;
        create function app.actor() returns uuid language sql stable return (app.token() ->> 'sub')::uuid;
        create function app.kind() returns text language sql begin atomic select coalesce(nullif(app.token() ->> 'kind', ''), 'guest'); end;
    """
    assert policy("id = app.actor() and app.kind() = 'x'", before) == (
        "actor: uuid? from 'sub', kind: text from 'kind' = 'guest'", "id = @actor and @kind = 'x'",
    )  # fmt: skip


def test_a_claim_may_have_a_read_as_its_default() -> None:
    before = """
        create table members (user_id uuid, team uuid, at timestamptz, primary key (user_id, team));
        alter table members enable row level security;
        create function team() returns uuid language sql stable security definer as $$
          select coalesce((auth.jwt() ->> 'team')::uuid, (select m.team from members m where m.user_id = auth.uid() order by at limit 1))
        $$;
    """
    assert policy("id = team()", before) == (
        "uid: uuid? from 'sub', team: uuid? from 'team' = (read members m { team } where user_id = @uid order at limit 1)",
        "id = @team",
    )


def test_roles() -> None:
    text = f"{TABLE} create policy p on t to authenticated using (true); create policy q on t for select to anon, boss using (true);"
    written = declared(text)
    assert "session { role: text from 'role' = 'anon' }" in written
    assert "policy p on t for all to authenticated using true\n" in written
    assert "policy q on t for read to anon, boss using true\n" in written
    assert findings(text) == ["1 import-claim: policies name roles such as authenticated: liq compares them with the claim @role"]
    nested = declared(f"""{TABLE} create table u (id int primary key, x uuid); alter table u enable row level security;
        create policy p on t for select to anon using (id is not null); create policy q on t for select using (auth.role() = 'x');
        create policy r on u using (x in (select id from t) or current_user = 'boss');""")
    assert "session { role: text from 'role' = 'anon', role_text: text? from 'role' }" in nested
    assert "x in (read t { id } where @role = 'anon' and id is not null or @role_text = 'x') or @role = 'boss'" in " ".join(nested.split())
    without_anon = declared(f"{TABLE} create policy p on t to authenticated, public using (true); create policy r on t to boss using (true);")
    assert "session { role: text? from 'role' }" in without_anon
    assert "policy p on t for all using true\n" in without_anon


@pytest.mark.parametrize(
    "using, said",
    [
        ("auth.jwt() is not null", "the whole token has no form in liq"),
        ("current_setting(name, true) = 'x'", "a name that is not a constant"),
        ("auth.jwt() ->> 'a.b' = 'x'", "such a step into the token"),
        ("auth.jwt() -> 'l' ->> 0 = 'x'", "such a step into the token"),
        ("auth.nothing() = 1", "function auth.nothing() has no form in liq"),
        ("(auth.jwt() -> 'o')::text = 'x'", "a cast of an object in the token to text"),
    ],
)  # fmt: skip
def test_what_no_claim_can_be(using: str, said: str) -> None:
    text = f"{TABLE} create policy p on t using ({using});"
    assert said in "\n".join(findings(text))
    assert "policy p on t for all using false\n" in declared(text)


def test_settings_that_the_host_must_make_are_told() -> None:
    text = textwrap.dedent(f"{TABLE}\ncreate policy p on t using (name = current_setting('app.x', true));")
    assert findings(text) == ["2 import-differs: the setting app.x becomes a claim: the host must put it into the token"]


def test_defaults_may_use_the_session() -> None:
    assert declared("create table t (id int primary key, owner uuid default auth.uid());") == (
        "session { uid: uuid? from 'sub' }\n\ntable t { id int32 key, owner uuid? = @uid }\n"
    )
