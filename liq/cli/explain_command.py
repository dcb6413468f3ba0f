"""``liq explain LIQ0201``: the page of a diagnostic code."""

from __future__ import annotations

import click

from liq.cli.output import write


@click.command()
@click.argument("code", required=False)
@click.option("--list", "listed", is_flag=True, help="List all codes.")
def command(code: str | None, listed: bool) -> None:
    """Say what a diagnostic code means, why it matters and what to do."""
    from liq.cli.code_pages import page
    from liq.model.codes import CODES

    if listed or code is None:
        for each in CODES.values():
            write(f"{each.id}  {each.severity.value:<8} {each.name:<28} {each.summary}\n")
        return
    wanted = code.upper() if code.upper().startswith("LIQ") else f"LIQ{code:>04}"
    by_name = next((each.id for each in CODES.values() if each.name == code.lower()), wanted)
    text = page(by_name)
    if text is None:
        raise click.UsageError(f"There is no code {code!r}; `liq explain --list` lists them.")
    write(text)
