"""`make demo`: one query from text to rows. Compiled, proved, run as two callers; then what liq refuses, and why.

Everything runs in memory on ``liq.reference``, the executable definition of what liq means.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import attrs
from rich.console import Console
from rich.syntax import Syntax
from rich.table import Table

import liq
from liq.api import run_in_memory, sample_database
from liq.model import physical as p
from liq.model.node import map_children
from liq.model.source import Source
from liq_verifier.obligation import Verdict, Verification, Witness
from liq_verifier.verify import verify

REGISTRY = Path(__file__).parent / "registry"
QUERY = "read package_versions { version, yanked, package.name } where package.name = $name order version limit 10"
INJECTION = "x' or '1' = '1"
UNSAFE = "read package_versions where version = '${version}'; drop table packages"
SHORT = 12
CALLERS = {"acme, who published it": "acme.json", "bolt, a stranger": "bolt.json"}

console = Console(highlight=False, width=110)


def main() -> int:
    """Runs the steps in order; 1 when one of them did not do what it says."""
    schema = liq.load_schema([_source("schema.liq"), _source("policies.liq")])
    _step(1, "a query, compiled against a schema with row policies")
    console.print(Syntax(QUERY, "sql", background_color="default"))
    plan = liq.compile(QUERY, schema=schema, name="versions")
    console.print(f"plan {plan.plan_id}, {len(plan.document):,} bytes; its SQL, a constant of the plan:")
    sql = plan.sql("postgres")
    console.print(Syntax(sql.members[0].steps[0].main.text, "postgresql", background_color="default"))

    _step(2, "the proof: for every database, session and parameter, each row it touches is one its caller may see")
    proved = verify(plan.physical, plan.query, schema, (sql,))
    _show(proved)

    _step(3, "the same plan for two callers: acme sees its own yanked version, bolt does not")
    database = sample_database(schema, json.loads((REGISTRY / "sample" / "data.json").read_text(encoding="utf-8")))
    answers = []
    for who, file in CALLERS.items():
        claims = json.loads((REGISTRY / "sample" / file).read_text(encoding="utf-8"))
        answers.append(run_in_memory(plan, database, {"name": "li-math"}, claims).rows)
        console.print(f"  {who}: {answers[-1]}")

    _step(4, "a hostile value is a value: it finds nothing, and the SQL is the same")
    nothing = run_in_memory(plan, database, {"name": INJECTION}, {}).rows
    console.print(f"  name = {INJECTION!r}: {nothing}")

    _step(5, "text that tries to be more than a query is refused, with all its errors at once")
    refused = _refused(schema)

    _step(6, "a plan that lost its policy on the way, by a bug or by hand, is refuted with the rows that would leak")
    leaky = verify(_without_policies(plan.physical), plan.query, schema)
    _show(leaky, refuted_only=True)

    fine = proved.verdict is Verdict.PROVED and refused and leaky.verdict is Verdict.REFUTED and len(answers[0]) > len(answers[1]) > 0 and not nothing
    return 0 if fine else 1


def _source(name: str) -> Source:
    return Source(name, (REGISTRY / name).read_text(encoding="utf-8"))


def _step(number: int, title: str) -> None:
    console.print(f"\n[bold]{number}. {title}[/bold]")


def _refused(schema: object) -> bool:
    try:
        liq.compile(UNSAFE, schema=schema, name="unsafe")  # type: ignore[arg-type]
    except liq.CompileError as error:
        console.print(f"  {UNSAFE}", style="dim")
        console.print(str(error), markup=False)
        return True
    return False


def _without_policies(plan: p.PhysicalPlan) -> p.PhysicalPlan:
    def change(node: object) -> object:
        if isinstance(node, p.Select) and node.origin is p.Origin.POLICY:
            return change(node.input)
        return map_children(node, change)  # type: ignore[type-var]

    return attrs.evolve(plan, steps=tuple(attrs.evolve(s, root=change(s.root)) for s in plan.steps))


def _show(found: Verification, *, refuted_only: bool = False) -> None:
    table = Table("obligation", "claim", "verdict", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for each in found.obligations:
        if not refuted_only or each.verdict is Verdict.REFUTED:
            table.add_row(each.id, each.claim, each.verdict.value)
    console.print(table)
    for each in found.obligations:
        if each.verdict is Verdict.REFUTED and each.witness is not None:
            _witness(each.witness)
            return


def _witness(found: Witness) -> None:
    said = ", ".join(f"{name} = {_short(value)}" for name, value in {**found.claims, **found.params}.items())
    console.print(f"  a caller with {said} would be shown this row of {found.table}, which no policy opens to them:")
    row = Table(*found.hidden, padding=(0, 1, 0, 0))
    row.add_row(*(_short(value) for value in found.hidden.values()))
    console.print(row, markup=False)


def _short(value: object) -> str:
    text = "null" if value is None else str(value)
    return text if len(text) <= SHORT else "…" + text[-4:]


if __name__ == "__main__":
    sys.exit(main())
