"""Compiled plans, their certificates, and what somebody who tampers with documents can do: change a part, make the
hashes fit again."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Iterator
from functools import cache
from typing import Any

import liq.api
from liq.model.json_text import canonical
from liq_verifier import Certified, certify

NOTES = """
session { uid: uuid from 'sub' }
table notes {
  id uuid key = gen_random_uuid()
  owner uuid
  title text
  hits int = 0
}
policy own on notes for read, insert, update, delete using owner = @uid
"""
LIST = "query notes.list($title: text?) = read notes { id, title } where title = $title? order id limit 20"
ADD = "query notes.add($title: text check length($title) between 1 and 80) { insert notes { owner: @uid, $title } returning id }"
TAKE = "query notes.take($id: uuid, $title: text) { insert notes { $id, owner: @uid, $title } returning id }"
"""Refuted: whether an id is taken tells of rows of others."""


@cache
def notes_schema():
    return liq.api.load_schema(NOTES)


def compiled(text: str = LIST, schema: str = NOTES) -> liq.api.Plan:
    return liq.api.compile(text, schema=schema)


@cache
def certified(text: str = LIST) -> Certified:
    return certify(compiled(text).contents, notes_schema())


def resealed(tree: dict[str, Any], *, of: str) -> bytes:
    """A document with every hash made again: ``certificate`` or ``plan``."""
    tree = copy.deepcopy(tree)
    if of == "certificate":
        renamed = {hashlib.sha256(text.encode()).hexdigest(): text for text in tree.get("formulas", {}).values()}
        moved = {old: new for old, (new, text) in zip(tree["formulas"], renamed.items(), strict=False)}
        tree["formulas"] = renamed
        for proof in tree.get("obligations", ()):
            if proof.get("formula") in moved:
                proof["formula"] = moved[proof["formula"]]
        tree.pop("certificate", None)
        tree["certificate"] = _digest(tree)
        return canonical(tree)
    covered = {"bounds", "claims", "effects", "format", "parameters", "params", "physical", "preconditions", "result",
               "schema_epoch", "sql"}
    tree.pop("document", None)
    tree["plan_id"] = _digest({key: tree[key] for key in covered if key in tree})
    tree["document"] = _digest(tree)
    return canonical(tree)


def _digest(tree: Any) -> str:
    return f"sha256:{hashlib.sha256(canonical(tree)).hexdigest()}"


def tampered(data: bytes) -> Iterator[tuple[str, dict[str, Any]]]:
    """A document with one part changed: every leaf in turn, every list without its first part and with it twice."""
    tree = json.loads(data)
    for path, value in _parts(tree, ()):
        for kind, other in _others(value):
            changed = copy.deepcopy(tree)
            place: Any = changed
            for step in path[:-1]:
                place = place[step]
            place[path[-1]] = other
            yield f"{'/'.join(map(str, path))}: {kind}", changed


def _parts(value: Any, path: tuple[Any, ...]) -> Iterator[tuple[tuple[Any, ...], Any]]:
    if path:
        yield path, value
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _parts(item, (*path, key))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _parts(item, (*path, number))


def _others(value: Any) -> Iterator[tuple[str, Any]]:
    match value:
        case bool():
            yield "negated", not value
        case int():
            yield "one more", value + 1
        case str():
            yield "longer", value + "x"
        case [first, *rest]:
            yield "without its first", rest
            yield "its first twice", [first, first, *rest]
        case _:
            pass
