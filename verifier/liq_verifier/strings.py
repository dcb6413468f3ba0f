"""Predicates over text: uninterpreted at first; decided by the theory of strings when a proof or a witness needs
them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from liq.model.expr import Call, Literal
from liq.model.types import BOOL
from liq_verifier import smt
from liq_verifier.terms import Term

if TYPE_CHECKING:
    from liq_verifier.encode import Encoder

TEXT_PREDICATES = frozenset({"like", "starts_with", "ends_with", "contains", "length", "||"})
CODE_POINT_MAX = 0x2FFFF
"""The last character of the theory of strings."""


def text_predicate(encoder: Encoder, call: Call, args: Sequence[Term]) -> Term | None:
    """The decided form where the encoder works with strings and the function is one of theirs."""
    from liq.model.types import Int, Text

    if not all(isinstance(arg.type, Text) for arg in args):
        return None
    encoder.wants_strings = True
    if not encoder.strings:
        return None
    value = _decided(call, [arg.value for arg in args])
    if value is None:
        return None
    null = smt.disj(arg.null for arg in args)
    type_ = call.type if call.function == "||" else Int() if call.function == "length" else BOOL
    return Term(type_, value, null, f"{call.function} {' '.join(a.ident for a in args)}")


def _decided(call: Call, values: Sequence[str]) -> str | None:
    match call.function, values:
        case "like", (text, _):
            pattern = call.args[1]
            known = isinstance(pattern, Literal) and isinstance(pattern.value, str)
            return f"(str.in_re {text} {like(str(pattern.value))})" if known else None  # type: ignore[attr-defined]
        case "starts_with", (text, part):
            return f"(str.prefixof {part} {text})"
        case "ends_with", (text, part):
            return f"(str.suffixof {part} {text})"
        case "contains", (text, part):
            return f"(str.contains {text} {part})"
        case "length", (text,):
            return f"(str.len {text})"
        case "||", (left, right):
            return f"(str.++ {left} {right})"
        case _:
            return None


def like(pattern: str) -> str:
    """A LIKE pattern as a regular expression: % any run, _ one character, backslash takes the next literally."""
    parts, plain, at = [], "", 0
    while at < len(pattern):
        char = pattern[at]
        if char in "%_":
            if plain:
                parts.append(f"(str.to_re {smt.string(plain)})")
                plain = ""
            parts.append("(re.* re.allchar)" if char == "%" else "re.allchar")
        else:
            at += char == "\\" and at + 1 < len(pattern)
            plain += pattern[at]
        at += 1
    if plain or not parts:
        parts.append(f"(str.to_re {smt.string(plain)})")
    return parts[0] if len(parts) == 1 else f"(re.++ {' '.join(parts)})"
