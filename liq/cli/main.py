"""The ``liq`` command: finds the module of a command, and turns whatever happens into an exit code.

0 ok, 1 findings, 2 usage, configuration or I/O, 3 not proved, 101 a bug in liq, 130 interrupted.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import NoReturn

import click

from liq.model.version import COMPILER

COMMANDS = {
    "audit": "liq.cli.audit_group",
    "check": "liq.cli.check_command",
    "compile": "liq.cli.compile_command",
    "completion": "liq.cli.completion_command",
    "debug": "liq.cli.debug_command",
    "describe": "liq.cli.describe_command",
    "doctor": "liq.cli.doctor_command",
    "exec": "liq.cli.exec_command",
    "explain": "liq.cli.explain_command",
    "fmt": "liq.cli.fmt_command",
    "import": "liq.cli.import_command",
    "init": "liq.cli.init_command",
    "plans": "liq.cli.plans_command",
    "register": "liq.cli.register_command",
    "revoke": "liq.cli.revoke_command",
    "run": "liq.cli.run_command",
    "schema": "liq.cli.schema_command",
    "verify": "liq.cli.verify_command",
}
OK, FINDINGS, USAGE, UNPROVED, BUG, INTERRUPTED = 0, 1, 2, 3, 101, 130


class LazyGroup(click.Group):
    """Commands by name; the module of one is imported when the command is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All commands."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a name."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(COMMANDS[cmd_name]).command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, with a hint for a word that is nearly a command."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            from difflib import get_close_matches

            near = get_close_matches(args[0], COMMANDS, 1)
            if not near:
                raise
            raise click.UsageError(f"{error.message} Did you mean {near[0]!r}?", ctx) from None


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(COMPILER.removeprefix("liq "), prog_name="liq", message="%(prog)s %(version)s")
@click.option(
    "--color", type=click.Choice(["auto", "always", "never"]), default="auto", envvar="LIQ_COLOR",
    help="Colour people's output; auto: on a terminal without NO_COLOR.",
)  # fmt: skip
@click.pass_context
def cli(ctx: click.Context, color: str) -> None:
    """liq: queries that are compiled, inspected and bound to policies before anything runs."""
    ctx.obj = color


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run a command and exit."""
    gc.set_threshold(50_000, 20, 100)  # a short life: trees are made and shown, hardly any becomes garbage
    sys.exit(run(sys.argv[1:] if arguments is None else list(arguments)))


def run(arguments: list[str]) -> int:
    """The exit code of a command; nothing but an exit code comes out of it."""
    try:
        result = cli.main(arguments, prog_name="liq", standalone_mode=False)
        sys.stdout.flush()
        return result if isinstance(result, int) else OK
    except click.exceptions.Exit as done:
        return done.exit_code
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except click.ClickException as error:
        error.show(sys.stderr)
        return USAGE
    except BrokenPipeError:
        # the reader has gone (`liq … | head`); whatever is still in the buffer has nowhere to go
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except Exception as error:
        if os.environ.get("LIQ_DEBUG"):
            raise
        _tell_of_bug(error)
        return BUG


def _tell_of_bug(error: Exception) -> None:
    from liq.render.visible import visible

    kind = type(error).__name__
    said = visible(" ".join(str(error).split()))[:300]
    sys.stderr.write(
        f"liq: internal error: {kind}: {said}\n"
        f"This is a bug in {COMPILER}, not in your input. LIQ_DEBUG=1 shows where; please report it with the command.\n"
    )
