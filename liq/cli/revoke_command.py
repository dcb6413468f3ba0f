"""``liq revoke``: a plan that must not run any more."""

from __future__ import annotations

import click

from liq.cli import options
from liq.cli.output import write
from liq.cli.registries import complain, named, opened, registry_option


@click.command()
@click.argument("name", metavar="NAME[@VERSION]")
@registry_option
@options.format_option
@click.option("--reason", default="", help="Why, for the log.")
def command(name: str, where: str | None, pin: str | None, form: str, reason: str) -> None:
    """Revoke a version of a plan, or all of them. It is in force when the command ends."""
    from liq.registry.refusal import RegistryError

    registry = opened(where, pin, form)
    try:
        gone = registry.revoke(*named(name), reason)
    except RegistryError as error:
        complain(error, form)
    for version in gone:
        write(f"{version.label} revoked\n")
    if not gone:
        write(f"{name} was revoked before\n", err=True)
