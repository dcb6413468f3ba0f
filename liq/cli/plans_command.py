"""``liq plans``: what is registered, one plan in full, or the audit log."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click
from attrs import asdict

from liq.cli import options
from liq.cli.output import write
from liq.cli.registries import complain, named, opened, registry_option

if TYPE_CHECKING:
    from liq.registry.registry import Registry


@click.command()
@click.argument("name", required=False, metavar="[NAME[@VERSION]]")
@registry_option
@options.format_option
@click.option("--log", is_flag=True, help="The audit log instead, verified from its first entry.")
@click.option("--document", is_flag=True, help="Of one plan: its plan document.")
@click.option("--certificate", is_flag=True, help="Of one plan: its certificate.")
def command(
    name: str | None, where: str | None, pin: str | None, form: str, log: bool, document: bool, certificate: bool
) -> None:
    """List the registered plans, or show one."""
    from liq.registry.refusal import RegistryError

    registry = opened(where, pin, form)
    try:
        if log:
            write("".join(entry.line().decode() for entry in registry.entries()))
        elif name is None:
            _list(registry, form)
        else:
            _show(registry, *named(name), form, document, certificate)
    except RegistryError as error:
        complain(error, form)


def _list(registry: Registry, form: str) -> None:
    rows: list[dict[str, Any]] = [{**asdict(version), "status": status} for version, status in registry.plans()]
    if form in ("json", "jsonl"):
        write("".join(json.dumps(row) + "\n" for row in rows) if form == "jsonl" else json.dumps(rows, indent=2) + "\n")
        return
    widths = [max((len(row[key]) for row in rows), default=0) for key in ("name", "status")]
    for row in rows:
        label = f"{row['name']}@{row['version']}"
        write(f"{label:<{widths[0] + 5}}  {row['status']:<{widths[1]}}  {row['plan_id']}\n")
    head = registry.head()
    write(f"log {head.seq}:{head.hash}\n", err=True)


def _show(registry: Registry, name: str, version: int | None, form: str, document: bool, certificate: bool) -> None:
    found, status, plan, proof = registry.show(name, version)
    if document:
        write(plan.data.decode("ascii") + "\n")
    elif certificate:
        write(proof.decode("ascii") + "\n")
    elif form in ("json", "jsonl"):
        write(json.dumps({**asdict(found), "status": status}) + "\n")
    else:
        from liq.render.visible import visible

        parameters = ", ".join(f"${p.name}: {p.type}{'?' * p.optional}" for p in plan.query.parameters)
        text = plan.source.text[plan.source.span.start : plan.source.span.end]
        write(f"{found.label}  {status}\nplan_id      {found.plan_id}\nparameters   {parameters or 'none'}\n")
        write(f"certificate  sha256:{found.certificate}\nenvelope     sha256:{found.envelope}\n\n")
        write("\n".join(visible(line) for line in text.splitlines()) + "\n")
