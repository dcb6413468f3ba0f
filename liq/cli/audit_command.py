"""``liq audit``: make every obligation of plans again from the files alone, solve it again, compare certificates."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from liq.cli import options
from liq.cli.output import exit_code, leave, refuse, show, write
from liq.cli.targets import declared_schema, refuse_document, schema_document
from liq.model.json_text import LIMITS, DocumentError
from liq.project import ProjectError, read_source

if TYPE_CHECKING:
    from liq.model.schema import Schema
    from liq_verifier.audit import Audited

FORMAT = "liq.audit/1"
PLAN_SUFFIX, CERTIFICATE_SUFFIX = ".plan.json", ".cert.json"


@click.command()
@click.argument("plans", nargs=-1, required=True, metavar="PLAN.json...")
@options.inputs
@click.option("--certs", "folder_of_certificates", metavar="DIR", help="Where the certificates are; else beside plans.")
def command(
    plans: tuple[str, ...], schema: tuple[str, ...], folder: str | None, stdin_filename: str, form: str,
    folder_of_certificates: str | None,
) -> None:  # fmt: skip
    """Audit plan documents and their certificates against a schema; no database is needed, nobody is trusted."""
    files = [file for each in plans for file in _plan_files(each)]
    if not files:
        raise click.UsageError("There is no plan document here.")
    try:
        declared = _schema(schema, folder, stdin_filename, form)
        audited = [_audit(file, declared, folder_of_certificates) for file in files]
    except ProjectError as error:
        refuse(error, form)
    except DocumentError as error:
        refuse_document(error, form)
    _show(audited, form)
    leave(exit_code([d for each in audited for d in each.diagnostics]))


def _plan_files(path: str) -> list[Path]:
    """A file, or the plan documents of a folder."""
    return sorted(Path(path).glob(f"*{PLAN_SUFFIX}")) if Path(path).is_dir() else [Path(path)]


def _schema(schema: tuple[str, ...], folder: str | None, stdin_filename: str, form: str) -> Schema:
    if len(schema) == 1 and schema[0].endswith(".json"):
        return schema_document(schema[0])
    return declared_schema(schema, folder, stdin_filename, form)[0]


def _audit(file: Path, schema: Schema, certificates: str | None) -> Audited:
    from liq_verifier.audit import audit

    beside = file.with_name(file.name.removesuffix(PLAN_SUFFIX).removesuffix(".json") + CERTIFICATE_SUFFIX)
    place = beside if certificates is None else Path(certificates) / beside.name
    given = _text(place) if place.exists() else None
    return audit(_text(file), given, schema, file.as_posix())


def _text(file: Path) -> str:
    return read_source(file, file.as_posix(), LIMITS.bytes_max).text


def _show(audited: list[Audited], form: str) -> None:
    found = [d for each in audited for d in each.diagnostics]
    if form == "json":
        said = {"format": FORMAT, "ok": all(each.ok for each in audited), "plans": [_json(each) for each in audited]}
        write(json.dumps(said, indent=2) + "\n")
    elif form == "jsonl":
        write("".join(json.dumps(_json(each)) + "\n" for each in audited))
    else:
        if form == "human":
            _table(audited)
        show(found, {}, form)


def _json(each: Audited) -> dict[str, Any]:
    from liq.render.machine import diagnostic_json

    made = each.certified
    return {
        "file": each.file,
        "plan": each.name,
        "ok": each.ok,
        "plan_id": None if made is None else made.plan.plan_id,
        "verdict": None if made is None else made.verification.verdict.value,
        "obligations": each.compared,
        "formulas": 0 if made is None else len(made.certificate.formulas),
        "solvers": list(each.solvers),
        "diagnostics": [diagnostic_json(d, {}) for d in each.diagnostics],
    }


def _table(audited: list[Audited]) -> None:
    from rich.table import Table
    from rich.text import Text

    from liq.cli.verdict_view import STYLES, shown
    from liq.render.visible import visible

    table = Table(box=None, pad_edge=False)
    for heading in ("plan", "verdict", "certificate", "obligations", "solvers"):
        table.add_column(heading, overflow="fold")
    for each in audited:
        verdict = "unread" if each.certified is None else each.certified.verification.verdict.value
        state = Text("confirmed", "green") if each.ok else Text("not confirmed", "bold red")
        name = Text(visible(each.name or each.file))
        solvers = Text(", ".join(each.solvers) or "none")
        table.add_row(name, Text(verdict, STYLES.get(verdict, "bold red")), state, str(each.compared), solvers)
    write(shown([table], click.get_current_context().find_root().obj))
