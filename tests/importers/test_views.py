"""Views: queries that liq can say become views; privileges are refused."""

from __future__ import annotations

import pytest

from tests.importers.declared import declared, imported

TABLES = """
    create table teams (id int primary key, name text not null, lead int);
    create table people (id int primary key, team_id int references teams, name text, age int, joined timestamptz default now());
"""


def view(query: str, columns: str = "", before: str = "", dialect: str = "postgres") -> str:
    """What a view becomes, on one line."""
    text = declared(f"{TABLES}{before} create view v{columns} as {query};", dialect)
    found = [" ".join(block.split()) for block in text.split("\n\n") if block.startswith("view ") or "\nview " in block]
    assert found, text
    return found[-1].partition("view v = ")[2]


QUERIES = {
    "select * from teams": "read teams",
    "select id, name as title from teams t where t.name <> ''": "read teams t { id, title: name } where name <> ''",
    "select t.*, p.name as person from teams t join people p on p.team_id = t.id": (
        "read teams t join people p on p.team_id = t.id { t.id, t.name, t.lead, person: p.name }"
    ),
    "select p.id, t.name from people p left join teams t on t.id = p.team_id and t.name <> ''": (
        "read people p left join teams t on t.id = p.team_id and t.name <> '' { p.id, t.name }"
    ),
    "select p.id from teams t right join people p on p.team_id = t.id": (
        "read people p left join teams t on p.team_id = t.id { p.id }"
    ),
    "select p.id from people p full join teams t on p.id = t.lead": "read people p full join teams t on p.id = t.lead { p.id }",
    "select p.id as a, t.id as b from people p, teams t where t.lead = p.id": (
        "read people p cross join teams t { a: p.id, b: t.id } where t.lead = p.id"
    ),
    "select p.name from (people p join teams t on ((t.id = p.team_id)))": "read people p join teams t on t.id = p.team_id { p.name }",
    "select a.id from people a join people b using (id)": "read people a join people b on a.id = b.id { a.id }",
    "select team_id, count(*), count(distinct name) as names, avg(age) filter (where age > 3) a from people group by team_id": (
        "read people { team_id, count(), names: count(distinct name), a: avg(age where age > 3) } group team_id"
    ),
    "select team_id as t, max(age) from people group by 1 order by 2 desc nulls last, t limit 3 offset 1": (
        "read people { t: team_id, max(age) } group t order max desc nulls last, t limit 3 offset 1"
    ),
    "select team_id from people group by team_id having count(*) > 3 and max(age) < 9": (
        "read people { team_id, having_1: count(), having_2: max(age) } group team_id "
        "| { team_id } where having_1 > 3 and having_2 < 9"
    ),
    "select team_id, count(*) as n from people group by team_id having count(*) > 3 order by n": (
        "read people { team_id, n: count() } group team_id | where n > 3 order n"
    ),
    "select distinct name from people order by name": "read people { name } distinct order name",
    "select string_agg(name, ', ' order by age desc) as all_names from people": (
        "read people { all_names: string_agg(name, ', ' order age desc) }"
    ),
    "select id, row_number() over (partition by team_id order by age desc) as rn, "
    "sum(age) over (order by id rows between 2 preceding and current row) as s from people": (
        "read people { id rn: row_number() over (by team_id order age desc) "
        "s: sum(age) over (order id rows between 2 preceding and current row) }"
    ),
    "select id, (select max(age) from people p where p.team_id = teams.id) as oldest from teams": (
        "read teams { id, oldest: (read people p { max(age) } where team_id = teams.id) }"
    ),
    "select id, (select name from teams where teams.id = people.team_id) as team from people": (
        "read people { id, team: (read teams { name } where id = people.team_id) }"
    ),
    "select id from people where team_id in (select id from teams where name like 'a%') and exists (select 1 from teams t where t.lead = people.id)": (
        "read people { id } where team_id in (read teams { id } where name like 'a%') and exists (read teams t where lead = people.id)"
    ),
    "select id from people union all select lead from teams union all select 1 from teams order by 1 limit 2": (
        "read people { id } union all read teams { id: lead } union all read teams { id: 1 } | order id limit 2"
    ),
    "(select id from people limit 1) union select id from teams": "read (read people { id } limit 1) q union read teams { id }",
    "select id from people except select lead from teams": "read people { id } except read teams { id: lead }",
    "with old as (select * from people where age > 60) select team_id, count(*) as n from old group by team_id": (
        "read (read people where age > 60) old { team_id, n: count() } group team_id"
    ),
    "select q.n from (select count(*) as n, team_id from people group by team_id) q where q.n > 1": (
        "read (read people { n: count(), team_id } group team_id) q { n } where n > 1"
    ),
    "select case when age > 3 then 'old' else 'young' end, coalesce(name, '?'), age + 1, age::text, upper(name) from people": (
        "read people { `case`: case when age > 3 then 'old' else 'young' end coalesce(name, '?') column_3: age + 1 age::text upper(name) }"
    ),
    "select s.n from generate_series(1, 3) as s(n)": "read series(1, 3) n { n }",
    "select id from people where joined > now() - interval '1 day' order by joined": (
        "read people { id } where joined > now() - interval '1 day' order joined"
    ),
}  # fmt: skip


@pytest.mark.parametrize("query", QUERIES)
def test_what_a_view_becomes(query: str) -> None:
    assert view(query) == QUERIES[query]


def test_columns_of_the_view() -> None:
    assert view("select id, name from people", " (a, b)") == "read people { a: id, b: name }"
    assert view("select count(*) from people", " (n)") == "read people { n: count() }"


def test_views_over_views() -> None:
    before = "create view w as select id, name from people where age > 3;"
    assert view("select w.name from w join teams on teams.lead = w.id", "", before) == (
        "read w join teams on teams.lead = w.id { w.name }"
    )


def test_a_star_means_the_columns_of_its_day() -> None:
    text = f"{TABLES} create view v as select * from teams; alter table teams add column extra int;"
    assert "view v = read teams { id, name, lead }" in declared(text)


@pytest.mark.parametrize(
    "query",
    [
        "select distinct on (team_id) id from people", "select id from people for update", "select 1 as a", "values (1)",
        "select p.id from people p cross join lateral (select 1 as x) q", "select id from people natural join teams",
        "with recursive r as (select 1 as n union all select n + 1 from r) select n from r",
        "select id, id from people", "select id from people limit (select 1)", "select id from people tablesample system (3)",
        "select id from people fetch first 3 rows with ties", "select rank() over w from people window w as (order by id)",
        "select id from people group by rollup (id)", "select id from nowhere", "select nothing from people",
        "select sum(age) over (order by id range between 1 preceding and current row) from people", "select name from people, teams",
        "select id from people union select name, id from teams", "select id from people intersect all select id from teams",
    ],
)  # fmt: skip
def test_what_no_view_can_say(query: str) -> None:
    made = imported(f"{TABLES} create view v as {query};")
    assert "view v is left out" in "\n".join(d.message for d in made.diagnostics if d.is_error)
    assert all(type(item).__name__ != "ViewDecl" for item in made.file.items)


PROTECTED = f"{TABLES} alter table people enable row level security; create policy p on people using (age > 3);"


def test_a_view_over_protected_rows_is_a_privilege() -> None:
    made = imported(f"{PROTECTED} create view v as select id from people; create view w as select id from v;")
    said = [(d.code.name, d.message.partition(":")[0]) for d in made.diagnostics if d.is_error]
    assert said == [("import-definer-view", "view v is left out"), ("import-expression", "view w is left out")]
    help = next(d.help for d in made.diagnostics if d.code.name == "import-definer-view")
    assert help is not None and "security_invoker" in help and "policy" in help


@pytest.mark.parametrize("option", ["with (security_invoker)", "with (security_invoker = on, security_barrier)", ""])
def test_a_view_that_holds_its_reader_to_the_policies(option: str) -> None:
    later = "" if option else "alter view v set (security_invoker = true);"
    assert "view v = read people { id }" in declared(f"{PROTECTED} create view v {option} as select id from people; {later}")


def test_views_in_policies() -> None:
    """A policy sees through an invoker's view what the caller may read, and through the owner's view everything."""
    text = f"""{PROTECTED} alter table teams enable row level security;
        create view mine with (security_invoker) as select id, team_id from people;
        create view everyone as select id, team_id from people;
        create policy a on teams for select using (exists (select 1 from mine m where m.team_id = teams.id));
        create policy b on teams for update using (exists (select 1 from everyone e where e.team_id = teams.id));
    """
    written = " ".join(declared(text).split())
    assert "policy a on teams for read using exists (read (read people { id, team_id } where age > 3) m where team_id = teams.id)" in written
    assert "policy b on teams for update using exists (read (read people { id, team_id }) e where team_id = teams.id)" in written
