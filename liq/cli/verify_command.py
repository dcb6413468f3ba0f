"""``liq verify``: prove plans safe under a schema's policies, or show the rows that would leak."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from liq.cli import options
from liq.cli.main import FINDINGS, OK, UNPROVED
from liq.cli.output import leave, show, write
from liq.cli.targets import Targets, file_name, refuse_document, targets
from liq.model.json_text import DocumentError

if TYPE_CHECKING:
    from liq_verifier import Certified


@click.command()
@click.argument("paths", nargs=-1, metavar="[PLAN.json|FILE.liq]...")
@options.inputs
@click.option("--name", help="Only the query of this name.")
@click.option("-o", "--out", metavar="DIR", help="Write DIR/NAME.cert.json for each plan that is proved.")
@click.option("--summary", is_flag=True, help="One line per plan that is proved.")
def command(
    paths: tuple[str, ...], schema: tuple[str, ...], folder: str | None, stdin_filename: str, form: str,
    name: str | None, out: str | None, summary: bool,
) -> None:  # fmt: skip
    """Prove plans: plan documents, queries, or all queries of the project.

    Exit code 0: all proved. 1: one is refuted, with rows that show it. 3: none is refuted, one is not proved.
    """
    from liq_verifier import certify
    from liq_verifier.repair import repairs

    wanted = targets(paths, schema, folder, stdin_filename, form, name)
    try:
        found = [certify(plan, wanted.schema) for plan, _ in wanted.plans]
    except DocumentError as error:
        refuse_document(error, form)
    repaired = [{} if each.proved else repairs(each.verification, each.plan, each.schema) for each in found]
    _show(found, repaired, wanted, form, summary)
    if out is not None:
        for each in found:
            if each.proved:
                _save(each, Path(out))
    leave(_exit_code(found))


def _exit_code(found: list[Certified]) -> int:
    verdicts = {each.verification.verdict.value for each in found}
    return FINDINGS if "refuted" in verdicts else UNPROVED if "unknown" in verdicts else OK


def _show(
    found: list[Certified], repaired: list[dict[str, str]], wanted: Targets, form: str, summary: bool
) -> None:
    from liq.cli.verdict_json import FORMAT, certified_json
    from liq.cli.verdict_view import certified_view, shown
    from liq_verifier.findings import findings

    said = [findings(each, fixes) for each, fixes in zip(found, repaired, strict=True)]
    if form == "human":
        parts = [
            part
            for each, fixes in zip(found, repaired, strict=True)
            for part in list(certified_view(each, fixes))[: 1 if summary and each.proved else None]
        ]
        write(shown(parts, click.get_current_context().find_root().obj))
        show([d for each in said for d in each if d.is_error], wanted.sources, form)
    elif form in ("json", "jsonl"):
        plans = [
            certified_json(each, fixes, diagnostics, wanted.sources)
            for each, fixes, diagnostics in zip(found, repaired, said, strict=True)
        ]
        if form == "jsonl":
            write("".join(json.dumps(plan) + "\n" for plan in plans))
        else:
            write(json.dumps({"format": FORMAT, "plans": plans}, indent=2) + "\n")
    else:
        show([d for each in said for d in each], wanted.sources, form)


def _save(found: Certified, folder: Path) -> None:
    file = folder / file_name(found.plan.name, "cert")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file.write_bytes(found.certificate.data + b"\n")
    except OSError as error:
        raise click.UsageError(f"cannot write {file}: {(error.strerror or 'error').lower()}") from None
    write(f"{found.certificate.certificate} {file.as_posix()}\n", err=True)
