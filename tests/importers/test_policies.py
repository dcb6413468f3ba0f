"""Policies keep PostgreSQL's meaning: queries in them see what the caller may read, to a fixpoint, or raise."""

from __future__ import annotations

import textwrap

import psycopg
import pytest

from tests.importers.declared import declared, findings, imported, schema_of, script
from tests.pg.server import Server
from tests.tools.import_dir import PRELUDE

TEAMS = """
    create table teams (id int primary key, name text, open boolean not null default false);
    create table members (team_id int references teams, user_id uuid, primary key (team_id, user_id));
    create table notes (id int primary key, team_id int references teams, body text);
    alter table teams enable row level security; alter table members enable row level security;
    alter table notes enable row level security;
"""


def policies(text: str) -> dict[str, str]:
    """Each policy on one line, by name."""
    lines = declared(TEAMS + textwrap.dedent(text)).split("\n")
    blocks = [" ".join(block.split()) for block in "\n".join(x for x in lines if not x.startswith("---")).split("\n\n")]
    found = {}
    for block in blocks:
        for line in block.replace(" policy ", "\npolicy ").split("\n"):
            if line.startswith("policy "):
                found[line.split(" ")[1]] = line.split(" on ", 1)[1]
    return found


def test_parts() -> None:
    found = policies("""
        create policy a on notes for select using (body is not null);
        create policy b on notes for insert with check (id > 0);
        create policy c on notes for update using (id > 1) with check (id > 2);
        create policy d on notes for delete using (id > 3);
        create policy e on notes as restrictive for all using (id > 4);
        create policy f on notes as permissive using (id > 5) with check (id > 6);
        create policy g on notes for update using (id > 7);
        create policy h on notes for all using (id > 8) with check ((id > 8));
    """)
    assert found == {
        "a": "notes for read using body is not null", "b": "notes for insert check id > 0",
        "c": "notes for update using id > 1 check id > 2", "d": "notes for delete using id > 3",
        "e": "notes restrictive for all using id > 4", "f": "notes for all using id > 5 check id > 6",
        "g": "notes for update using id > 7", "h": "notes for all using id > 8",
    }  # fmt: skip


def test_a_policy_without_a_condition_opens_nothing_and_narrows_nothing() -> None:
    found = policies("""
        create policy a on notes for select; create policy b on notes for insert; create policy c on notes with check (id > 0);
        create policy d on notes as restrictive for select; create policy e on notes as restrictive for insert;
        create policy f on notes as restrictive with check (id > 0);
    """)
    assert found == {
        "a": "notes for read using false", "b": "notes for insert check false", "c": "notes for all using false check id > 0",
        "d": "notes restrictive for read using true", "e": "notes restrictive for insert check true",
        "f": "notes restrictive for all using true check id > 0",
    }  # fmt: skip


def test_a_query_over_a_protected_table_gets_its_read_policies() -> None:
    found = policies("""
        create policy own on members for select using (user_id = auth.uid());
        create policy staff on members to staff, boss using (true);
        create policy never on members for update using (false);
        create policy young on members as restrictive for select to intern using (team_id < 9);
        create policy p on notes for select using (exists (select 1 from members m where m.team_id = notes.team_id));
        create policy q on notes for delete using (team_id in (select team_id from members where user_id = auth.uid()));
    """)
    guard = "(user_id = @uid or @role in ('staff', 'boss')) and (not @role = 'intern' is true or team_id < 9)"
    guard = "(user_id = @uid or @role in ('staff', 'boss')) and (not (@role = 'intern') is true or team_id < 9)"
    assert found["p"] == f"notes for read using exists ( read members m where team_id = notes.team_id and {guard} )"
    assert found["q"].startswith("notes for delete using team_id in ( read members { team_id } where user_id = @uid and (user_id = @uid or")


def test_to_a_fixpoint() -> None:
    found = policies("""
        create policy t on teams using (open or exists (select 1 from members m where m.team_id = id and m.user_id = auth.uid()));
        create policy m on members using (user_id = auth.uid());
        create policy n on notes using (exists (select 1 from teams where teams.id = notes.team_id));
    """)
    assert found["n"] == (
        "notes for all using exists ( read teams where id = notes.team_id and (`open` or exists "
        "(read members m where team_id = teams.id and user_id = @uid and user_id = @uid)) )"
    ).replace("`open`", "open")


def test_a_table_without_row_security_needs_no_policy() -> None:
    found = policies("""
        create table plain (id int primary key); alter table teams disable row level security;
        create policy n on notes using (team_id in (select id from teams) and id in (select id from plain));
    """)
    assert found["n"] == "notes for all using team_id in (read teams { id }) and id in (read plain { id })"


def test_a_closed_table_lets_nothing_through() -> None:
    found = policies("create policy n on notes using (exists (select 1 from members where members.team_id = notes.team_id));")
    assert found["n"] == "notes for all using exists (read members where false)"


def test_outer_joins_keep_their_rows() -> None:
    found = policies("""
        create policy m on members using (user_id = auth.uid());
        create policy t on teams using (open);
        create policy n on notes using (exists (
          select 1 from teams t left join members m on m.team_id = t.id where t.id = notes.team_id and m.user_id is null));
    """)
    assert found["n"] == (
        "notes for all using exists ( read teams t left join (read members where user_id = @uid) m on m.team_id = t.id "
        "where t.id = notes.team_id and m.user_id is null and t.open )"
    )


def test_functions_see_what_their_caller_or_owner_sees() -> None:
    text = """
        create policy own on members for select using (user_id = auth.uid());
        create function in_team(team int, who uuid default auth.uid()) returns boolean language sql stable {} as $$
          select exists (select 1 from members where team_id = team and user_id = $2) $$;
        create policy p on notes using (in_team(team_id));
    """
    body = "read members where team_id = notes.team_id and user_id = @uid"
    assert policies(text.format(""))["p"] == f"notes for all using exists ( {body} and user_id = @uid )".replace("( ", "(").replace(" )", ")")
    assert policies(text.format("security definer"))["p"] == f"notes for all using exists ({body})"
    forced = "alter table members force row level security;" + text.format("security definer")
    assert policies(forced)["p"] == policies(text.format(""))["p"]


def test_functions_that_give_rows() -> None:
    found = policies("""
        create function my_teams() returns setof int language sql stable security definer as
          'select team_id from members where user_id = auth.uid()';
        create function my_table() returns table (t int, u uuid) language sql security definer as
          $$ select team_id, user_id from members $$;
        create policy p on notes using (team_id in (select my_teams()));
        create policy q on notes using (team_id in (select t from my_table() x where x.u = auth.uid()));
        create policy r on notes using (team_id = any (select my_teams() as my_teams));
    """)
    assert found["p"] == found["r"] == "notes for all using team_id in (read members { team_id } where user_id = @uid)"
    assert found["q"] == (
        "notes for all using team_id in (read (read members { t: team_id, u: user_id }) x { t } where u = @uid)"
    )


def test_one_name_does_not_hide_another() -> None:
    """What a policy says of its own row is said of that row, also within queries over the same table, or linked ones."""
    text = """
        create function peers(team int) returns boolean language sql security definer as
          'select exists (select 1 from members where members.team_id = team)';
        create policy p on members using (peers(team_id + 1));
        create policy q on teams using (exists (select 1 from members where team_id = teams.id));
    """
    found = policies(text)
    assert found["p"] == "members for all using exists ( read members members_2 where team_id = members.team_id + 1 )".replace("( ", "(").replace(" )", ")")
    assert "read members where team_id = teams.id" in found["q"]
    assert "team_id int32 -> teams" in declared(TEAMS + textwrap.dedent(text))
    hidden = """
        create table a (id int primary key); create table b (id int primary key, x int references a, y int);
        alter table a enable row level security;
        create policy p on a using (exists (select 1 from b where b.y = a.id));
    """
    written = declared(hidden)
    assert "x int32? -> a as x_a" in written, "b.a would be the row that x points at"
    assert "exists (read b where y = a.id)" in written


@pytest.mark.parametrize(
    "text, way",
    [
        (
            "create policy p on members using (exists (select 1 from members m where m.user_id = auth.uid()));",
            'infinite recursion detected in policy for relation "members": members → members',
        ),
        (
            """create policy p on members using (team_id in (select id from teams));
               create policy q on teams using (id in (select team_id from members));""",
            'infinite recursion detected in policy for relation "teams": teams → members → teams',
        ),
        (
            """create function f() returns boolean language sql as 'select exists (select 1 from members)';
               create policy p on members using (f());""",
            "stack depth limit exceeded: f → members → f",
        ),
        (
            """create function f() returns int language sql as 'select g()'; create function g() returns int language sql as 'select f()';
               create policy p on members using (f() = 1);""",
            "stack depth limit exceeded: f → g → f",
        ),
    ],
)  # fmt: skip
def test_recursion_is_reported_and_closed(text: str, way: str) -> None:
    said = [line for line in findings(TEAMS + text) if "import-recursion" in line]
    assert any(way in line for line in said)
    assert policies(text)["p"] == "members for all using false"


def test_the_server_raises_there(pg: Server) -> None:
    texts = [
        "create policy p on members using (exists (select 1 from members m where m.user_id = auth.uid()));",
        "create function f() returns boolean language sql as 'select exists (select 1 from members)'; create policy p on members using (f());",
    ]
    for text in texts:
        with psycopg.connect(pg.fresh_database(), autocommit=True) as connection:
            connection.execute(PRELUDE)
            connection.execute((TEAMS + text).encode())
            connection.execute(b"insert into teams values (1); insert into members values (1, gen_random_uuid());")
            connection.execute(b"grant select on members to authenticated; grant usage on schema auth to authenticated; set role authenticated")
            with pytest.raises(psycopg.Error, match=r"infinite recursion|stack depth"):
                connection.execute("select * from members")


def test_the_way_out_of_recursion() -> None:
    text = """
        create function team_of() returns int language sql stable {} as
          'select team_id from members where user_id = auth.uid() limit 1';
        create policy own on members using (team_id = team_of());
        create policy p on notes using (team_id = team_of());
    """
    closed = policies(text.format(""))
    assert closed == {"own": "members for all using false", "p": "notes for all using false"}
    opened = {
        "own": "members for all using team_id = (read members members_2 { team_id } where user_id = @uid limit 1)",
        "p": "notes for all using team_id = (read members { team_id } where user_id = @uid limit 1)",
    }
    assert policies(text.format("security definer")) == opened
    by_option = declared(TEAMS + text.format(""), definers=["team_of"])
    assert all(condition.partition("using ")[2] in " ".join(by_option.split()) for condition in opened.values())
    made = imported(TEAMS + text.format(""))
    assert all("SECURITY DEFINER" in (d.help or "") for d in made.diagnostics if d.code.name == "import-recursion")


def test_what_cannot_be_said_closes_its_policy_and_says_why() -> None:
    text = textwrap.dedent("""
        create function admin() returns boolean language plpgsql as $$ begin return true; end $$;
        create policy p on notes using (admin());
        create policy q on notes for update using (true) with check (body ~ 'x');
        create policy r on notes as restrictive using (nothing = 1);
        create policy s on notes to current_user using (true);
        create policy t on nowhere using (true);
        create policy p on notes using (true);
    """)
    assert findings(TEAMS + text)[2:] == [
        "9 import-expression: policy p on notes is imported closed: admin() cannot be inlined: it is written in plpgsql",
        "10 import-expression: policy q on notes is imported closed: ~ (a regular expression) has no form in liq",
        "11 import-unknown: policy r on notes is imported closed: column nothing does not exist",
        "12 import-expression: policy s on notes is imported closed: TO current_user has no form in liq",
        "13 import-unknown: table nowhere of policy t does not exist; the statement is left out",
        "14 import-duplicate: policy p on notes exists already",
    ]
    assert policies(text) == {
        "p": "notes for all using false", "q": "notes for update using true check false",
        "r": "notes restrictive for all using false", "s": "notes for all using false",
    }  # fmt: skip
    assert "--- Imported closed. admin() cannot be inlined: it is written in plpgsql" in declared(TEAMS + text)


def test_policies_are_altered_and_dropped() -> None:
    found = policies("""
        create policy a on notes using (id > 1); create policy b on notes using (id > 2); create policy c on notes to x using (id > 3);
        alter policy a on notes rename to aa; alter policy b on notes to boss using (id > 4) with check (id > 5);
        alter policy c on notes to public; drop policy if exists zzz on notes; comment on policy c on notes is 'Why';
    """)
    assert found == {
        "aa": "notes for all using id > 1", "b": "notes for all to boss using id > 4 check id > 5",
        "c": "notes for all using id > 3",
    }  # fmt: skip
    assert policies("create policy a on notes using (id > 1); drop policy a on notes;") == {}


def test_tables_without_row_security_are_open_with_a_warning() -> None:
    text = "create table a (id int primary key);\ncreate table b (id int primary key);\ncreate policy p on b using (false);"
    made = imported(text)
    schema = schema_of(made)
    assert [(p.name, p.table) for p in schema.policies] == [("open", "a"), ("open", "b")]
    assert [d.code.name for d in made.diagnostics] == ["import-open", "import-open", "import-differs"]
    assert "policy p is left out: without row security on b it has no effect" in made.diagnostics[2].message


def test_a_registry_whose_policies_need_themselves() -> None:
    """The shape of a registry in the wild: the caller's guild is found in a table that only the guild's members may read."""
    source = script("guild.sql")
    text = source.text.replace("SECURITY DEFINER", "")
    made = imported(text)
    closed = [p.name for p in schema_of(made).policies if p.using is not None and str(getattr(p.using, "value", "")) == "False"]
    assert closed == ["own_guild", "update_editions", "delete_editions", "manage_members"]
    assert sum(d.code.name == "import-recursion" for d in made.diagnostics) == 7
    again = imported(text, definers=["guild_auth.own_guild", "guild_auth.owns"])
    assert again.file == imported(source).file


def test_doubling_is_bounded() -> None:
    """Policies that read a table twice, which reads another twice …: a finding, not a tree of a million nodes."""
    tables = [f"create table t{n} (id int primary key); alter table t{n} enable row level security;" for n in range(16)]
    rules = [
        f"create policy p on t{n} using (exists (select 1 from t{n + 1}) and exists (select 1 from t{n + 1} x));" for n in range(15)
    ]
    said = findings("\n".join([*tables, *rules]))
    assert any("too-large" in line and "becomes too large" in line for line in said)
