"""``liq describe``: the tables of a schema, a line per column, with who may reach their rows."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from liq.cli import options
from liq.cli.inputs import gather
from liq.cli.output import leave, refuse, show, write
from liq.project import ProjectError

if TYPE_CHECKING:
    from liq.model.schema import Schema, Table


@click.command()
@click.argument("tables", nargs=-1, metavar="[TABLE]...")
@options.inputs
def command(
    tables: tuple[str, ...], schema: tuple[str, ...], folder: str | None, stdin_filename: str, form: str
) -> None:
    """Describe tables: columns, types, keys, links, policies."""
    from liq.api import CompileError, load_schema

    try:
        inputs = gather((), schema, folder, stdin_filename)
        declared = load_schema(list(inputs.sources))
    except ProjectError as error:
        refuse(error, form)
    except CompileError as error:
        show(error.diagnostics, error.sources, form)
        leave(1)
    unknown = [name for name in tables if name not in declared.table_by_name]
    if unknown:
        raise click.UsageError(f"There is no table {unknown[0]!r}; there are {', '.join(declared.table_by_name)}.")
    wanted = [table for table in declared.tables if not tables or table.name in tables]
    if form in ("json", "jsonl"):
        rows = [row for table in wanted for row in _rows(table)]
        write("".join(json.dumps(row) + "\n" for row in rows) if form == "jsonl" else json.dumps(rows, indent=2) + "\n")
    else:
        write("\n".join(_page(table, declared) for table in wanted))


def _rows(table: Table) -> list[dict[str, Any]]:
    links = {name: key for key in table.foreign_keys for name in key.columns}
    keys = {key.columns[0]: key for key in reversed(table.keys) if len(key.columns) == 1 and key.where is None}
    return [
        {
            "table": table.name,
            "column": column.name,
            "type": str(column.type),
            "null": column.nullable,
            "key": None if column.name not in keys else "primary" if keys[column.name].primary else "unique",
            "link": None if column.name not in links else links[column.name].target,
            "sensitive": column.sensitive,
            "description": column.description,
        }
        for column in table.columns
    ]


def _page(table: Table, schema: Schema) -> str:
    from liq.render.visible import visible

    lines = [f"table {table.name}" + (f" — {visible(table.description)}" if table.description else "")]
    for row in _rows(table):
        type_ = row["type"] + "?" * row["null"]
        marks = [row["key"] or "", f"-> {row['link']}" if row["link"] else "", "sensitive" * row["sensitive"]]
        said = "  ".join(mark for mark in marks if mark)
        described = f"  --- {visible(row['description'])}" if row["description"] else ""
        lines.append(f"  {row['column']:<24} {type_:<16} {said}{described}".rstrip())
    for key in (key for other in schema.tables for key in other.foreign_keys if key.target == table.name):
        if key.reverse:
            lines.append(f"  {key.reverse:<24} rows that point here")
    for unique in table.keys:
        if len(unique.columns) > 1 or unique.where is not None:
            kind = "key" if unique.primary else "unique"
            lines.append(f"  {kind} ({', '.join(unique.columns)})" + " for some rows" * (unique.where is not None))
    for policy in schema.policies_of.get(table.name, ()):
        what = ", ".join(sorted(operation.value for operation in policy.operations))
        kind = "restrictive policy" if policy.restrictive else "policy"
        lines.append(f"  {kind} {policy.name} for {what}" + (f" to {', '.join(policy.roles)}" if policy.roles else ""))
    if table.name not in schema.policies_of:
        lines.append("  no policy: nobody reaches a row")
    return "\n".join(lines) + "\n"
