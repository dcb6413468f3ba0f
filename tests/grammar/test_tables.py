"""What is made from the grammar is in step with it, and the parser at run time needs nothing else."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import liq_grammar
from liq_grammar.builders import BUILDERS
from liq_grammar.generate import generated, grammar_text
from liq_grammar.tables import tables

HERE = Path(liq_grammar.__file__).parent


def test_generated_files_are_in_step() -> None:
    for name, text in generated().items():
        assert (HERE / name).read_text(encoding="utf-8") == text, "run: python -m liq_grammar.generate"


def test_every_rule_has_its_builder_and_every_builder_a_rule() -> None:
    assert {rule.name for rule in tables().rules if rule.how == "node"} == BUILDERS.keys()


RESERVED = """all and as asc between by case check delete desc distinct else end except exists expect false from group
ilike in insert intersect is join let like limit matches not null offset on or order over read returning set skip then true
union unique update using when where"""


def test_reserved_words_are_those_of_the_language() -> None:
    """The grammar spells them once, in the pattern of NAME; every other keyword stays a name."""
    found = re.search(r"^NAME: /\(\?!\(\?:([a-z|]+)\)\\b\)", grammar_text(), re.M)
    assert found is not None
    reserved = set(RESERVED.split())
    assert set(found[1].split("|")) == reserved
    table = tables()
    names = re.compile(table.patterns[table.ids["NAME"]])
    assert {word for word in table.keywords if not names.fullmatch(word)} == reserved


def test_tables_are_plain_data() -> None:
    data = json.loads((HERE / "tables.json").read_text(encoding="utf-8"))
    assert len(data["terminals"]) == len(set(data["terminals"]))
    assert all(0 <= rule[0] < len(data["nonterminals"]) for rule in data["rules"])
    assert len((HERE / "tables.json").read_bytes()) < 300_000


def test_textmate_patterns_find_what_they_name() -> None:
    grammar = json.loads((HERE.parent / "textmate" / "liq.tmLanguage.json").read_text(encoding="utf-8"))
    patterns = {
        each["name"]: re.compile(each["match"]) for each in grammar["patterns"] if "name" in each and "match" in each
    }
    line = "read t { total: sum(a)::text, b: date '2026-01-01' } where a = $x? and b is null limit 1_000 --- said"
    for scope, word in (
        ("keyword.control.liq", "read"), ("variable.parameter.liq", "$x?"), ("constant.language.liq", "null"),
        ("constant.numeric.liq", "1_000"), ("comment.line.documentation.liq", "--- said"),
        ("entity.name.function.liq", "sum"), ("variable.other.label.liq", "total"), ("storage.type.literal.liq", "date"),
        ("keyword.operator.word.liq", "and"),
    ):  # fmt: skip
        assert word in [found[0] for found in patterns[scope].finditer(line)], scope


def test_reading_a_file_loads_neither_lark_nor_the_formatter() -> None:
    code = """
import sys
from liq_grammar import parse
from liq.model.source import Source
assert parse(Source("a", "read t")).ok
print([name for name in ("lark", "liq_grammar.formatter", "sqlglot", "z3", "numba") if name in sys.modules])
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
