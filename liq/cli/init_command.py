"""``liq init``: a small project that compiles, to change into one's own."""

from __future__ import annotations

import re
from pathlib import Path

import click

from liq.cli.output import write

FILES = {
    "liq.toml": """\
# A liq project: all files named here are one schema and one set of queries.
[project]
name = "{name}"
schema = ["schema.liq"]
queries = ["queries/**/*.liq"]
dialects = ["postgres"]

# liq run --profile dev: sample rows in memory, as one of the sample users
[profiles.dev]
data = "sample/data.json"
claims = "sample/ada.json"
""",
    "schema.liq": """\
--- A note that somebody wrote.
table notes {{
  id int key auto
  owner text  --- who wrote it: the `sub` of the session
  title text check title <> ''
  body text = ''
  shared bool = false  --- anyone may read it
  created_at timestamp = now()
  index (owner, created_at desc)
}}

session {{ uid: text? from 'sub' }}

policy readable on notes for read using owner = @uid or shared
policy own on notes for insert, update, delete using owner = @uid
""",
    "queries/notes.liq": """\
--- The newest notes that one may read.
query notes.recent(
  $word: text?,  --- only notes whose title holds this word
  $n: int = 20 check $n between 1 and 100,
) = read notes {{ id, owner, title, created_at }} where title matches $word? order created_at desc limit $n

--- Write a note of one's own.
query notes.add($title: text, $body: text = '') = insert notes {{ $title, $body, owner: @uid }} returning id
""",
    "sample/data.json": """\
{{
  "notes": [
    {{"id": 1, "owner": "ada", "title": "engine notes", "created_at": "2026-11-20T10:00:00Z"}},
    {{"id": 2, "owner": "bob", "title": "shopping", "body": "milk", "created_at": "2026-11-20T11:00:00Z"}},
    {{"id": 3, "owner": "bob", "title": "team notes", "shared": true, "created_at": "2026-11-20T12:00:00Z"}}
  ]
}}
""",
    "sample/ada.json": '{{"sub": "ada"}}\n',
}


@click.command()
@click.argument("folder", default=".", metavar="[DIR]")
@click.option("--name", help="Name of the project; else that of the folder.")
def command(folder: str, name: str | None) -> None:
    """Make a small project that compiles and runs."""
    root = Path(folder)
    named = re.sub(r"[^a-z0-9_-]+", "-", (name or root.resolve().name).lower()).strip("-") or "project"
    there = [path for path in FILES if (root / path).exists()]
    if there:
        raise click.UsageError(f"{', '.join(there)} is there already; nothing was written.")
    try:
        for path, text in FILES.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text.format(name=named), encoding="utf-8")
    except OSError as error:
        raise click.UsageError(f"cannot write to {folder}: {(error.strerror or 'error').lower()}") from None
    write(f"made {', '.join(FILES)}\n")
    write("try: liq check, liq compile --name notes.recent, liq run notes.recent --profile dev\n")
