"""The TextMate grammar for editors, made from the terminals, so that it cannot drift from the language."""

from __future__ import annotations

from typing import Any

CONSTANTS = ("true", "false", "null")
OPERATORS = ("and", "or", "not", "in", "is", "like", "ilike", "between", "matches", "exists", "distinct")
DECLARATIONS = (
    "session", "table", "view", "enum", "policy", "fn", "role", "channel", "query", "test", "migration", "let",
)  # fmt: skip


def _words(words: list[str], scope: str) -> dict[str, str]:
    return {"name": f"{scope}.liq", "match": rf"\b(?:{'|'.join(sorted(words))})\b"}


def textmate_grammar(tables: dict[str, Any]) -> dict[str, Any]:
    """A grammar from the saved parser tables. Soft words are marked only where a name cannot stand as well."""
    patterns = {tables["terminals"][number]: pattern for number, pattern in tables["patterns"]}
    keywords = set(tables["keywords"])
    reserved = {word for word in keywords if word not in CONSTANTS and word not in OPERATORS}
    typed = sorted(word for word, found in tables["before"].items() for number, _ in found
                   if tables["terminals"][number] == "TYPE_WORD")  # fmt: skip
    numbers = "|".join(f"(?:{patterns[name]})" for name in ("FLOAT", "DECIMAL", "INT"))
    no_call = "|".join(sorted(keywords))
    return {
        "$schema": "https://raw.githubusercontent.com/martinring/tmlanguage/master/tmlanguage.json",
        "name": "liq",
        "scopeName": "source.liq",
        "fileTypes": ["liq"],
        "patterns": [
            {"name": "comment.line.documentation.liq", "match": r"---(?!-).*$"},
            {"name": "comment.line.double-dash.liq", "match": r"--.*$"},
            {"name": "string.quoted.single.liq", "begin": "'", "end": "'", "patterns": [
                {"name": "constant.character.escape.liq", "match": "''"},
            ]},
            {"name": "variable.other.quoted.liq", "match": r"`[^`\n]*`"},
            {"name": "variable.parameter.liq", "match": patterns["PARAM"]},
            {"name": "variable.language.claim.liq", "match": patterns["CLAIM"]},
            {"name": "constant.numeric.liq", "match": rf"\b(?:{numbers})\b"},
            {
                "match": rf"\b({'|'.join(DECLARATIONS)})\s+([a-z_][a-z0-9_.]*)",
                "captures": {"1": {"name": "storage.type.liq"}, "2": {"name": "entity.name.liq"}},
            },
            {"name": "storage.type.literal.liq", "match": rf"\b(?:{'|'.join(typed)})(?=\s*')"},
            {"name": "variable.other.member.liq", "match": r"(?<=\.)[a-z_][a-z0-9_]*"},
            {"name": "variable.other.label.liq", "match": r"\b[a-z_][a-z0-9_]*(?=\s*:(?!:))"},
            {"name": "entity.name.function.liq", "match": rf"\b(?!(?:{no_call})\b)[a-z_][a-z0-9_]*(?=\s*\()"},
            _words(list(CONSTANTS), "constant.language"),
            _words(list(OPERATORS), "keyword.operator.word"),
            _words(list(reserved), "keyword.control"),
            {"name": "storage.type.cast.liq", "match": r"(?<=::)\s*[a-z_][a-z0-9_.]*"},
            {"name": "keyword.operator.liq", "match": r"<>|!=|<=|>=|->|::|\|\||[=<>+*/%|-]"},
        ],
    }  # fmt: skip
