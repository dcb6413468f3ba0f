"""``liq audit``: of plan documents, or, with the word ``schema``, of a schema's policies."""

from __future__ import annotations

from importlib import import_module

import click

HOMES = {"plans": "liq.cli.audit_command", "schema": "liq.cli.audit_schema_command"}


class AuditGroup(click.Group):
    """Two commands; what does not begin with the name of one is about plans."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Both."""
        return list(HOMES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a name."""
        if cmd_name not in HOMES:
            return None
        command: click.Command = import_module(HOMES[cmd_name]).command
        return command

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """``liq audit X`` is ``liq audit plans X``."""
        if args and args[0] not in (*HOMES, "-h", "--help"):
            args = ["plans", *args]
        return super().parse_args(ctx, args)


@click.group(cls=AuditGroup)
def command() -> None:
    """Audit plans and their certificates (`liq audit PLAN…`), or a schema's policies (`liq audit schema FILE…`)."""
