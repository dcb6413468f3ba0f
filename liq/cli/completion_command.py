"""``liq completion bash``: the script that completes commands and options in a shell."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from liq.cli.output import write

SHELLS = ("bash", "fish", "zsh")


@click.command(epilog="bash: eval \"$(liq completion bash)\" in ~/.bashrc; fish: liq completion fish | source")
@click.argument("shell", type=click.Choice(SHELLS))
def command(shell: str) -> None:
    """Print the completion script of a shell."""
    from liq.cli.main import cli

    maker = get_completion_class(shell)
    assert maker is not None
    write(maker(cli, {}, "liq", "_LIQ_COMPLETE").source() + "\n")
