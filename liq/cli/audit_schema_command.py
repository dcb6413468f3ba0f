"""``liq audit schema``: what is wrong with the policies of a schema, each finding with rows that show it."""

from __future__ import annotations

import click

from liq.cli import options
from liq.cli.main import FINDINGS, OK, UNPROVED
from liq.cli.output import leave, refuse, show, write
from liq.model.diagnostics import Diagnostic
from liq.project import ProjectError


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="FILE...")
@click.option("--dialect", type=click.Choice(["liq", "postgres", "sqlite"]), default=None,
              help="What the files are; else PostgreSQL where one ends in .sql.")  # fmt: skip
@click.option("--tenant", "tenants", multiple=True, metavar="CLAIM",
              help="The claim that names the tenant (repeatable); else the one that owns most tables.")  # fmt: skip
@click.option("--definer", "definers", multiple=True, metavar="FUNCTION",
              help="Take this SQL function to be SECURITY DEFINER (repeatable).")  # fmt: skip
@click.option("--strict", is_flag=True, envvar="LIQ_STRICT", help="Warnings count as findings, too.")
@options.stdin_option
@options.format_option
def command(
    paths: tuple[str, ...], dialect: str | None, tenants: tuple[str, ...], definers: tuple[str, ...], strict: bool,
    stdin_filename: str, form: str,
) -> None:  # fmt: skip
    """Audit the policies of a schema: liq declarations, or SQL DDL straight."""
    from liq.cli.audit_inputs import read
    from liq.model.stack import stack_room

    with stack_room():
        try:
            given = read(paths, dialect, definers, stdin_filename)  # type: ignore[arg-type]  # click has checked it
        except ProjectError as error:
            refuse(error, form)
        found = given.diagnostics
        undecided = False
        if given.schema is not None:
            from liq_verifier.policies import audit
            from liq_verifier.policies.report import diagnostics

            tell = [t for t in tenants if t not in given.schema.claim_by_name]
            if tell:
                raise click.UsageError(f"There is no claim @{tell[0]} in this schema.")
            result = audit(given.schema, settings=given.settings, tenants=tenants)
            found = (*found, *diagnostics(result, given.place))
            undecided = bool(result.undecided)
            if form == "human":
                _tell(result.tenants, given.definers)
    show(found, given.sources, form)
    leave(_code(found, strict, undecided))


def _tell(tenants: tuple[str, ...], definers: tuple[str, ...]) -> None:
    said = ", ".join(tenants) or "nothing: no policy compares a column with a claim (--tenant says which one)"
    write(f"tenants are told apart by {said}\n", err=True)
    if definers:
        names = ", ".join(definers)
        write(f"policies that need themselves are audited as if {names} were SECURITY DEFINER\n", err=True)


def _code(found: tuple[Diagnostic, ...], strict: bool, undecided: bool) -> int:
    """1 for findings, 3 where a question stayed open, else 0."""
    from liq.model.diagnostics import Severity

    counted = {Severity.ERROR, Severity.WARNING} if strict else {Severity.ERROR}
    if any(d.severity in counted for d in found):
        return FINDINGS
    return UNPROVED if undecided else OK
