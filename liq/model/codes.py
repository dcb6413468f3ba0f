"""Every diagnostic code, declared once. ``docs/codes/<id>.md`` explains each.

Ranges: 00xx text and syntax, 01xx declarations, 02xx names, 03xx types, 04xx statements and clauses, 05xx parameters,
claims and roles, 06xx import, 07xx plan documents, 08xx execution, 09xx projects and configuration.
"""

from __future__ import annotations

from liq.model.diagnostics import Code, Severity

CODES: dict[str, Code] = {}


def _declare(number: int, name: str, summary: str, severity: Severity = Severity.ERROR) -> Code:
    code = Code(f"LIQ{number:04d}", name, severity, summary)
    assert code.id not in CODES, code.id
    CODES[code.id] = code
    return code


# 00xx — text and syntax
INVALID_CHARACTER = _declare(1, "invalid-character", "a character that liq source may not hold")
SYNTAX = _declare(2, "syntax", "the text does not follow the grammar")
TOO_LARGE = _declare(3, "too-large", "the source is larger, deeper or longer than the limits allow")
SQL_FORM = _declare(4, "sql-form", "an SQL form that liq writes in another way")
