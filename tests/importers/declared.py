"""What the tests of the import share: a script in, declarations out, held to what every import promises."""

from __future__ import annotations

import textwrap
from pathlib import Path

from liq import front
from liq.importers import Imported, import_sql
from liq.model.schema import Schema
from liq.model.source import Source
from liq_grammar import format_tree, parse

SCRIPTS = Path(__file__).parent / "scripts"


def script(name: str) -> Source:
    """One of our scripts."""
    return Source(name, (SCRIPTS / name).read_text(encoding="utf-8"))


def imported(text: str | Source, dialect: str = "postgres", **options: object) -> Imported:
    """The import of a script; its text parses as its tree and formats to itself."""
    source = text if isinstance(text, Source) else Source("script.sql", textwrap.dedent(text))
    made = import_sql([source], dialect, **options)  # type: ignore[arg-type]
    written = format_tree(made.file)
    parsed = parse(Source("imported.liq", written))
    assert parsed.ok, ([d.message for d in parsed.diagnostics], written)
    assert parsed.tree == made.file, written
    assert format_tree(parsed.tree) == written
    for each in made.diagnostics:
        assert each.file == source.name
        assert 0 <= each.span.start <= each.span.end <= len(source.text)
    return made


def schema_of(made: Imported) -> Schema:
    """The schema that an import declares; it resolves without an error."""
    source = Source("imported.liq", format_tree(made.file))
    loaded = front.load_schema([source])
    errors = [(source.position(d.span.start), d.message) for d in loaded.diagnostics if d.is_error]
    assert not errors, (errors, source.text)
    return loaded.schema


def declared(text: str | Source, dialect: str = "postgres", **options: object) -> str:
    """The declarations as text, without the policies of open tables, which every small script has."""
    made = imported(text, dialect, **options)
    schema_of(made)
    written = format_tree(made.file)
    kept = [block for block in written.split("\n\n") if not block.startswith("policy open on ")]
    return "\n\n".join(kept).strip() + "\n"


def findings(text: str | Source, dialect: str = "postgres", **options: object) -> list[str]:
    """``line code message`` of every finding but that tables are open."""
    made = imported(text, dialect, **options)
    source = text if isinstance(text, Source) else Source("script.sql", textwrap.dedent(text))
    return [
        f"{source.position(d.span.start)[0]} {d.code.name}: {d.message}"
        for d in made.diagnostics
        if d.code.name != "import-open"
    ]


def of_table(columns: str, dialect: str = "postgres") -> str:
    """The elements that one table's columns become, one per line; a check of one column stands behind it."""
    lines = declared(f"create table t ({columns});", dialect).strip()
    assert lines.startswith("table t {"), lines
    body = lines.removeprefix("table t {").removesuffix("}").strip()
    if "\n" in body:
        return "\n".join(line.strip() for line in body.split("\n"))
    return "\n".join(_parts(body))


def _parts(body: str) -> list[str]:
    """A line cut at the commas that are in no bracket."""
    found, depth, start = [], 0, 0
    for at, char in enumerate(body):
        depth += (char in "([{") - (char in ")]}")
        if char == "," and depth == 0:
            found.append(body[start:at].strip())
            start = at + 1
    return [*found, body[start:].strip()]


COLUMNS = "a int, b text, c boolean, m jsonb, l text[], d timestamptz, f float8, u uuid, n numeric"


def condition(expression: str, columns: str = COLUMNS, dialect: str = "postgres") -> str:
    """What a check becomes; `x` is a column that the expression cannot mean."""
    made = imported(f"create table t ({columns}, x int, check (({expression}) and x > 0));", dialect)
    schema_of(made)
    text = " ".join(format_tree(made.file).split())
    found = text.partition("check ")[2].partition(" } policy open on ")[0]
    assert found.endswith(" and x > 0"), ([d.message for d in made.diagnostics], text)
    return found.removesuffix(" and x > 0")


def refusal(expression: str, columns: str = COLUMNS, dialect: str = "postgres") -> str:
    """Why a check is left out."""
    made = imported(f"create table t ({columns}, check ({expression}));", dialect)
    said = [d.message for d in made.diagnostics if d.is_error]
    assert len(said) == 1, (said, format_tree(made.file))
    return said[0].partition(" is left out: ")[2]
