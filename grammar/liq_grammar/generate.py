"""Make what is made from ``liq.lark``: the parser tables and the TextMate grammar. ``python -m liq_grammar.generate``.

Only this module needs lark, and only while liq is built: at run time ``machine.py`` walks the saved tables. A test
keeps the files in step with the grammar, and another holds the machine against lark's own parser.
"""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Collection
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from lark import Lark
from lark.grammar import Rule, Terminal
from lark.lexer import PatternStr, TerminalDef
from lark.parsers.lalr_analysis import Shift

from liq_grammar.textmate import textmate_grammar

END: Final = "$END"
LOOKAHEAD = re.compile(r"^(?:\(\?:)?([a-z|]+)\)?\(\?=")


def grammar_text() -> str:
    """The text of ``liq.lark``."""
    return (files("liq_grammar") / "liq.lark").read_text(encoding="utf-8")


def build_lark() -> Lark:
    """lark's own parser for the grammar, built strictly: any conflict is an error (this needs ``interegular``)."""
    return Lark(grammar_text(), parser="lalr", lexer="contextual", strict=True)


def _rule_entry(rule: Rule, nonterminals: dict[str, int]) -> list[Any]:
    """``[origin, name, how, length, kept, spliced]``; ``how`` is list, pass or node (see ``tables.Rule``)."""
    origin = str(rule.origin.name)
    kept = [at for at, symbol in enumerate(rule.expansion) if not (isinstance(symbol, Terminal) and symbol.filter_out)]
    spliced = [at for at in kept if not rule.expansion[at].is_term and rule.expansion[at].name.startswith("_")]
    if rule.alias:
        how = "node"
    elif origin.startswith("_"):
        how = "list"
    elif rule.options.expand1 and len(kept) == 1:
        how = "pass"
    else:
        how = "node"
    assert not (how == "pass" and spliced), origin
    return [nonterminals[origin], rule.alias or origin, how, len(rule.expansion), kept, spliced]


def _terminal_entries(terminals: Collection[TerminalDef], ids: dict[str, int]) -> dict[str, Any]:
    """How a token is told: by its word, by the word and what follows, by its sign, or by a pattern."""
    keywords: dict[str, int] = {}
    before: dict[str, list[list[Any]]] = {}
    signs: dict[str, int] = {}
    patterns: list[tuple[int, str, str]] = []
    for terminal in terminals:
        value = terminal.pattern.value
        if isinstance(terminal.pattern, PatternStr):
            (keywords if value.isidentifier() else signs)[value] = ids[terminal.name]
        elif found := LOOKAHEAD.match(value):
            for word in found[1].split("|"):
                before.setdefault(word, []).append([ids[terminal.name], value[found.end() - 3 :]])
        elif terminal.name in ids:
            patterns.append((-terminal.priority, terminal.name, value))
    return {
        "keywords": keywords,
        "before": before,
        "signs": signs,
        "patterns": [[ids[name], value] for _, name, value in sorted(patterns)],
    }


def _numbered(table: Any) -> dict[int, int]:
    """New numbers for the states, in the order a walk from the start meets them: lark's differ from run to run."""
    numbers = {table.start_states["start"]: 0}
    pending = deque(numbers)
    while pending:
        for _, (action, argument) in sorted(table.states[pending.popleft()].items(), key=lambda cell: cell[0]):
            if action is Shift and argument not in numbers:
                numbers[argument] = len(numbers)
                pending.append(argument)
    return numbers


def parser_tables(lark: Lark) -> dict[str, Any]:
    """Everything the machine and the scanner need, as JSON."""
    table = lark.parser.parser._parse_table
    used = sorted({name for row in table.states.values() for name in row})
    rules = sorted(lark.rules, key=lambda rule: (rule.origin.name, [symbol.name for symbol in rule.expansion]))
    numbers = _numbered(table)
    origins = {str(rule.origin.name) for rule in rules} | {"$root_start"}
    nonterminals = {name: at for at, name in enumerate(sorted(origins))}
    terminals = {name: at for at, name in enumerate(name for name in used if name not in origins)}
    rule_ids = {rule: at for at, rule in enumerate(rules)}
    lookaheads: dict[tuple[int, ...], int] = {}
    states = []
    for number in sorted(numbers, key=lambda old: numbers[old]):
        shifts: list[list[int]] = []
        gotos: list[list[int]] = []
        reduces: dict[int, list[int]] = {}
        for name, (action, argument) in sorted(table.states[number].items(), key=lambda cell: cell[0]):
            if action is not Shift:
                reduces.setdefault(rule_ids[argument], []).append(terminals[name])
            elif name in terminals:
                shifts.append([terminals[name], numbers[argument]])
            else:
                gotos.append([nonterminals[name], numbers[argument]])
        if number == table.end_states["start"]:
            shifts.append([terminals[END], numbers[number]])  # lark stops here without taking the end; we take it
        sets = [[rule, lookaheads.setdefault(tuple(ahead), len(lookaheads))] for rule, ahead in sorted(reduces.items())]
        states.append([shifts, gotos, sets])
    return {
        "terminals": list(terminals),
        "nonterminals": list(nonterminals),
        **_terminal_entries(lark.terminals, terminals),
        "rules": [_rule_entry(rule, nonterminals) for rule in rules],
        "lookaheads": [list(ahead) for ahead in lookaheads],
        "states": states,
        "start": numbers[table.start_states["start"]],
        "end": numbers[table.end_states["start"]],
    }


def generated() -> dict[str, str]:
    """Every generated file, by its path from the folder of this package."""
    lark = build_lark()
    tables = parser_tables(lark)
    return {
        "tables.json": json.dumps(tables, separators=(",", ":"), sort_keys=True) + "\n",
        "../textmate/liq.tmLanguage.json": json.dumps(textmate_grammar(tables), indent=2, ensure_ascii=False) + "\n",
    }


def main() -> None:
    """Write the generated files beside this module."""
    here = Path(str(files("liq_grammar")))
    for name, text in generated().items():
        path = here / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
