"""Results, parameters and preconditions of reads: names, types, nullability."""

from __future__ import annotations

import pytest

from liq.model.expr import ColumnRef, Optional, ParamRef
from liq.model.ir import Filter, JoinKind, Limit, Parameter, Scan, Sort, SortChoice
from liq.model.ir import Join as IrJoin
from liq.model.node import walk
from liq.model.types import INT, TEXT, Cursor
from tests.front.programs import resolve_program, shown

RESULTS = [
    ("read a", "x int, y text?"),
    ("read candidates limit 1",
     "id text, city text?, skills text[], resume text, embedding vector(3)?, deleted_at timestamp?"),
    ("read packages { * except (meta, tags, created_at) } limit 1", "id uuid, name text, owner_id uuid, description text?"),
    ("read package_versions { package.name, owner: package.owner.name } limit 1", "name text?, owner text?"),
    ("read packages { owner { id, name } } limit 1", "owner { id: uuid, name: text }?"),
    ("read packages { name, versions(limit 2) { version, published_at } } limit 1",
     "name text, versions { version: text, published_at: timestamp }[]"),
    ("read packages { n: count(versions), newest: max(versions.published_at) } limit 1", "n int, newest timestamp?"),
    ("read packages { yanked: versions { yank.reason } } limit 1", "yanked { reason: text? }[]"),
    ("read agent_runs { n: count(), s: sum(cost), a: avg(cost), m: max(error) }", "n int, s decimal?, a decimal?, m text?"),
    ("read agent_runs { status, s: sum(cost), m: max(error), l: array_agg(error) } group status",
     "status run_status, s decimal, m text?, l text[]"),
    ("read agent_runs { x: cost / 2, y: cost * 1.5, z: -cost, w: round(cost) } limit 1",
     "x decimal, y decimal, z decimal, w decimal"),
    ("read events { x: seq / 2, y: seq + 1.5, z: seq * 1e0, q: seq % 2 } limit 1", "x int, y decimal, z float, q int"),
    ("read package_versions { x: size, y: size + 1, z: coverage_pct / 2 } limit 1", "x int32, y int, z float"),
    ("read agent_runs { x: coalesce(error, ''), y: nullif(error, ''), z: error is null } limit 1", "x text, y text?, z bool"),
    ("read agent_runs { x: case when cost > 1 then 'a' end, y: case when cost > 1 then 1 else 2.5 end } limit 1",
     "x text?, y decimal"),
    ("read agent_runs { meta.a.b, c: meta['c']::int, d: meta.d[0]::bool? } limit 1", "b json?, c int?, d bool?"),
    ("read calls { x: at + 1, y: at - at::date, z: at + interval '1 day', w: today() - at } limit 1",
     "x date, y int, z timestamp, w int"),
    ("read agent_runs { x: started_at - started_at::timestamp, y: finished_at - started_at } limit 1", "x interval, y interval?"),
    ("read packages { x: tags[0], y: cardinality(tags), z: 'a' in tags } limit 1", "x text?, y int, z bool?"),
    ("read agent_runs { x: row_number() over (order cost), l: lag(cost) over (order cost), "
     "d: lag(cost, 1, 0) over (order cost), s: sum(cost) over () } limit 1", "x int, l decimal?, d decimal, s decimal"),
    ("read agent_runs r left join events e on e.run_id = r.run_id { r.run_id, e.seq } limit 1", "run_id text, seq int?"),
    ("read agent_runs r full join events e on e.run_id = r.run_id { a: r.run_id, e.seq } limit 1", "a text?, seq int?"),
    ("read a { x } union all read b { x: x * 1.5 } | limit 3", "x decimal"),
    ("read a { x, y } except read b { y, x } | limit 3", "x int, y text?"),
    ("read workspaces { id, depth } follow parent_id -> id from 'a' | limit 3", "id text, depth int"),
    ("read packages { x: (read package_versions { max(version) } where package_id = packages.id) } limit 1", "x text?"),
    ("read packages { x: (read package_versions { count() } where package_id = packages.id) } limit 1", "x int"),
    ("read series(1, 5) n", "n int"),
    ("read series(date '2026-01-01', date '2026-02-01', interval '1 week') d", "d timestamp"),
    ("read unnest(['a', 'b']) t", "t text?"),
    ("read latest limit 3", "package_id uuid, last timestamp"),
    ("read runs_of($p) r { r.run_id, status } limit 3", "run_id text, status run_status"),
    ("read package_versions { x: label(package.name, version), new: is_new(published_at) } limit 1", "x text?, new bool"),
    ("describe packages", "table text, column text, type text, null bool, key text?, link text?, description text?"),
    ("let v = read packages { id, name } where name = 'x'\nread a { n: v.name } limit 1", "n text?"),
    ("read agent_runs { j: { id: run_id, tags: ['a', 'b'], none: null } } limit 1", "j json"),
]  # fmt: skip


@pytest.mark.parametrize("text, result", RESULTS, ids=[text[:60] for text, _ in RESULTS])
def test_result(text: str, result: str) -> None:
    assert shown(resolve_program(text).root.result) == result


PARAMETERS = [
    ("read agent_runs where status = $s and cost > $c limit 1", "s run_status, c decimal"),
    ("read agent_runs where error = $e limit 1", "e text?"),
    ("read agent_runs where error = $e and agent_id = $e limit 1", "e text"),
    ("read agent_runs where agent_id in $ids limit 1", "ids text[]"),
    ("read agent_runs where agent_id in ($a, $b) limit 1", "a text, b text"),
    ("read agent_runs where (cost, run_id) > ($c, $r) limit 1", "c decimal, r text"),
    ("read agent_runs where $at < started_at limit 1", "at timestamp"),
    ("read agent_runs where started_at between $from and $to limit 1", "from timestamp, to timestamp"),
    ("read agent_runs where starts_with(agent_id, $p) limit 1", "p text"),
    ("read agent_runs where started_at > now() - $age limit 1", "age interval"),
    ("read agent_runs where cost > $x * 2 limit 1", "x decimal"),
    ("read calls where at >= $d and at < $d + interval '1 month' limit 1", "d date"),
    ("read candidates order distance(embedding, $v) limit 1", "v vector(3)"),
    ("read candidates where resume matches $q order score(resume, $q) desc limit 1", "q text"),
    ("read candidates where has_any(skills, $s) limit 1", "s text[]"),
    ("read candidates where array_position($ids, id) = 1 limit 1", "ids text[]"),
    ("read agent_runs { x: $x::int, y: coalesce($y, cost) } limit 1", "x int, y decimal?"),
    ("read agent_runs { x: $x } where agent_id = $x limit 1", "x text"),
    ("read agent_runs where status = $s? limit 1", "s run_status? optional"),
    ("read events order at after $c? limit 5", "c cursor? optional"),
    ("read events order choose $by? { at: at, seq: seq } limit $n max 50", "by text? optional [at, seq], n int"),
    ("read workspaces follow parent_id -> id from $r | limit 3", "r text?"),
    ("read packages where owner_id = @publisher_id and id in (read package_versions { package_id } where version = $v) limit 1",
     "v text"),
]  # fmt: skip


@pytest.mark.parametrize("text, wanted", PARAMETERS, ids=[text[:60] for text, _ in PARAMETERS])
def test_parameters(text: str, wanted: str) -> None:
    resolved = resolve_program(text)
    assert not resolved.errors
    assert ", ".join(_parameter(p) for p in resolved.parameters) == wanted


def _parameter(parameter: Parameter) -> str:
    options = f" [{', '.join(parameter.options)}]" if parameter.options else ""
    optional = " optional" if parameter.optional else ""
    return f"{parameter.name} {parameter.type}{'?' if parameter.nullable else ''}{optional}{options}"


def test_every_use_of_a_parameter_has_its_final_type() -> None:
    resolved = resolve_program("read agent_runs { x: $x, y: coalesce($x, 'a') } where error = $x limit 1")
    types = {(n.type, n.nullable) for n in walk(resolved.root.relation) if isinstance(n, ParamRef)}
    assert types == {(TEXT, True)}


def test_limits_are_checked_before_anything_runs() -> None:
    resolved = resolve_program("read events limit $n max 200 offset $skip")
    assert [p.message for p in resolved.preconditions] == ["$n must be between 0 and 200", "$skip must not be negative"]
    limit = resolved.root.relation
    assert isinstance(limit, Limit)
    assert isinstance(limit.count, ParamRef) and limit.count.type == INT and not limit.count.nullable


def test_an_optional_parameter_switches_its_operand_only() -> None:
    root = resolve_program("read events where kind = $k? and (seq = 1 or seq = $s?) and at > now() limit 1").root
    found = [n for n in walk(root.relation) if isinstance(n, Optional)]
    assert [n.param for n in found] == ["k", "s"]
    inside = [n for o in found for n in walk(o) if isinstance(n, ParamRef)]
    assert not any(n.nullable for n in inside)


def test_a_cursor_has_the_types_of_the_order() -> None:
    resolved = resolve_program("read agent_runs { run_id } order finished_at desc after $c? limit 5")
    assert isinstance(resolved.parameters[0].type, Cursor)
    assert [str(t) for t in resolved.parameters[0].type.keys] == ["timestamp", "text"]
    paging = resolved.root.paging
    assert paging is not None and paging.param == "c"
    columns = {c.id: c for c in resolved.root.relation.columns}
    assert [str(columns[i].type) for i in paging.keys] == ["timestamp", "text"]
    assert len(resolved.root.result) == 1 and len(resolved.root.relation.columns) == 2


def test_order_choice() -> None:
    relation = resolve_program("read events order choose $by? { newest: at desc, seq: seq desc } limit 5").root.relation
    assert isinstance(relation, Limit) and isinstance(relation.input, SortChoice)
    names = {c.id: c.name for c in relation.columns}
    options = [
        (o.label, [(names[k.expr.id], k.descending) for k in o.keys if isinstance(k.expr, ColumnRef)])
        for o in relation.input.options
    ]
    assert options == [("newest", [("at", True), ("id", True)]), ("seq", [("seq", True), ("id", True)])]


ORDERS = [
    ("read events limit 1", "id"),
    ("read events order at desc limit 1", "at desc, id desc"),
    ("read events order id limit 1", "id"),
    ("read events order at desc, id limit 1", "at desc, id"),
    ("read events order run_id, seq limit 1", "run_id, seq"),
    ("read events where run_id = 'a' order seq limit 1", "seq"),
    ("read events where id = 1 order seq limit 1", "seq"),
    ("read events where id = 1 limit 1", ""),
    ("read events { kind } distinct limit 1", "kind"),
    ("read events { kind, n: count() } group kind order n limit 1", "n, kind"),
    ("read events { n: count() } limit 1", ""),
    ("read events { at } order seq limit 1", "key_1, key_2"),
    ("read events e join agent_runs r on r.run_id = e.run_id { e.id, r.cost } limit 1", "id"),
    ("read events e join agent_runs r on r.cost > e.seq { e.id, r.run_id } limit 1", "id, run_id"),
    ("read a { x } union all read b { x } | limit 1", "x"),
    ("read unnest([1, 2]) t limit 1", "t"),
    ("read events order at", "at"),
    ("read events { id, at } | order at | limit 2", "id"),
]


@pytest.mark.parametrize("text, wanted", ORDERS, ids=[text for text, _ in ORDERS])
def test_orders_are_completed_with_the_key(text: str, wanted: str) -> None:
    relation = resolve_program(text).root.relation
    below = relation.input if isinstance(relation, Limit) else relation
    keys = below.keys if isinstance(below, Sort) else ()
    names = {c.id: c.name for c in relation.columns}
    said = [names[k.expr.id] + (" desc" if k.descending else "") for k in keys if isinstance(k.expr, ColumnRef)]
    assert ", ".join(said) == wanted


def test_links_are_joined_once() -> None:
    root = resolve_program(
        "read package_versions { package.name, package.owner.name as_: package.owner.id } where package.owner.name = 'x' limit 1"
        .replace("package.owner.name as_: ", "owner: ")
    ).root
    scans = [n.table for n in walk(root.relation) if isinstance(n, Scan)]
    assert sorted(scans) == ["package_versions", "packages", "publishers"]


@pytest.mark.parametrize("visible, kind", [(False, JoinKind.LEFT), (True, JoinKind.INNER)])
def test_a_link_that_cannot_miss_is_an_inner_join(visible: bool, kind: JoinKind) -> None:
    root = resolve_program("read package_versions { package.name } limit 1", visible=visible).root
    joins = [n.kind for n in walk(root.relation) if isinstance(n, IrJoin)]
    assert joins == [kind]
    assert root.result[0].nullable is (kind is JoinKind.LEFT)


def test_a_link_with_a_nullable_key_may_miss() -> None:
    root = resolve_program("read package_versions { publisher.name } limit 1", visible=True).root
    assert root.result[0].nullable


def test_scans_of_views_are_reached_through_the_outermost_one() -> None:
    context = resolve_program("read latest { package_id } limit 1").context
    assert {reach.view for reach in context.user_scans.values()} == {"latest"}
    direct = resolve_program("read packages limit 1").context
    assert {reach.view for reach in direct.user_scans.values()} == {None}


def test_ids_are_unique() -> None:
    text = ("read packages p join live_versions v on v.package_id = p.id "
            "{ p.name, n: count(p.versions), m: count(p.versions where yanked), x: label(p.name, v.version) } limit 1")  # fmt: skip
    root = resolve_program(text).root
    scans = [n.columns[0].id for n in walk(root.relation) if isinstance(n, Scan)]
    assert len(scans) == len(set(scans)) == 4


BOUNDED = ["read events limit 5", "read events where id = $i", "read events { n: count() }", "read packages where name = $n",
           "read agent_runs where run_id in $ids", "read package_versions where package.name = $n and version = $v",
           "read events { kind, n: count() } group kind", "read a { x } union read b { x } | limit 3", "describe a"]  # fmt: skip
UNBOUNDED = ["read events", "read events where run_id = $r", "read packages { name } distinct",
             "read workspaces follow parent_id -> id from $r", "read a { x } union all read b { x }"]  # fmt: skip


@pytest.mark.parametrize("text", BOUNDED)
def test_bounded_reads_are_not_warned_of(text: str) -> None:
    assert not resolve_program(text).diagnostics


@pytest.mark.parametrize("text", UNBOUNDED)
def test_unbounded_reads_are_warned_of(text: str) -> None:
    assert [d.code.name for d in resolve_program(text).diagnostics] == ["unbounded-read"]


def test_where_is_below_the_order_and_the_limit() -> None:
    relation = resolve_program("read events where seq = 1 limit 5").root.relation
    assert isinstance(relation, Limit) and isinstance(relation.input, Sort) and isinstance(relation.input.input, Filter)


def test_declared_parameters_are_all_there_are() -> None:
    declared = (Parameter("n", INT, False), Parameter("kind", TEXT, True))
    right = resolve_program("read events where seq = $n and kind = $kind? limit 1", declared=declared)
    assert not right.errors and right.parameters[1].optional
    wrong = resolve_program("read events where seq = $m limit 1", declared=declared)
    assert wrong.errors == ["LIQ0501 unknown parameter $m"]
    required = resolve_program("read events where seq = $n? limit 1", declared=declared)
    assert required.errors == ["LIQ0507 $n is declared as int, which is required"]
