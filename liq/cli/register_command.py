"""``liq register``: prove plans for the registry's own schema, and register those that are proved."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from liq.cli import options
from liq.cli.main import FINDINGS, OK, UNPROVED
from liq.cli.output import leave, show, write
from liq.cli.registries import complain, folder_of, opened, registry_option
from liq.cli.targets import Targets, targets
from liq.model.codes import NOT_PROVED

if TYPE_CHECKING:
    from liq.model.diagnostics import Diagnostic
    from liq.registry.registry import Registry


@click.command()
@click.argument("paths", nargs=-1, metavar="[PLAN.json|FILE.liq]...")
@options.inputs
@registry_option
@click.option("--name", help="Only the query of this name.")
@click.option("--adopt-schema", is_flag=True, help="Make this schema the current one first: plans prove again or fall.")
def command(
    paths: tuple[str, ...], schema: tuple[str, ...], folder: str | None, stdin_filename: str, form: str,
    where: str | None, pin: str | None, name: str | None, adopt_schema: bool,
) -> None:  # fmt: skip
    """Register plans. Each is proved here, for the schema that the registry holds; certificates are never asked."""
    from liq.registry.refusal import RegistryError

    wanted = targets(paths, schema, folder, stdin_filename, form, name)
    try:
        registry = _registry(where, pin, wanted, adopt_schema, form)
    except RegistryError as error:
        complain(error, form)
    refused = _register(registry, wanted)
    show(refused, wanted.sources, form, machine_on_stdout=False)
    leave(OK if not refused else UNPROVED if all(d.code is NOT_PROVED for d in refused) else FINDINGS)


def _register(registry: Registry, wanted: Targets) -> list[Diagnostic]:
    """Register every plan that is proved; why the others are not."""
    from liq.registry.refusal import RegistryError

    refused: list[Diagnostic] = []
    for plan, _ in wanted.plans:
        try:
            version = registry.register(plan)
        except RegistryError as error:
            refused += error.diagnostics
        else:
            write(f"{version.label}  {version.plan_id}\n")
    head = registry.head()
    write(f"log {head.seq}:{head.hash}\n", err=True)
    return refused


def _registry(where: str | None, pin: str | None, wanted: Targets, adopt: bool, form: str) -> Registry:
    """The registry; a new one where there is none yet."""
    from liq.registry.registry import Registry

    if not folder_of(where).exists():
        registry = Registry.create(folder_of(where), wanted.schema)
        write(f"new registry in {folder_of(where).as_posix()}\n", err=True)
        return registry
    registry = opened(where, pin, form)
    if adopt:
        from liq.api import adopt_schema

        adopted = adopt_schema(registry, wanted.schema, (plan for plan, _ in wanted.plans))
        for version in adopted.kept:
            write(f"{version.label}  {version.plan_id}\n")
        for name, reason in adopted.fallen.items():
            write(f"{name} fell out: {reason}\n", err=True)
    return registry
