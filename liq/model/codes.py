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

# 07xx — plan documents
DOCUMENT_TEXT = _declare(701, "document-text", "the text of a document is not the JSON that documents are made of")
DOCUMENT_LIMIT = _declare(702, "document-limit", "a document is larger or deeper than the limits allow")
DOCUMENT_SHAPE = _declare(703, "document-shape", "a document does not have the shape of its format")
DOCUMENT_FORMAT = _declare(704, "document-format", "a document of a format or version that this liq does not read")
DOCUMENT_HASH = _declare(705, "document-hash", "a document whose hashes are not those of its content")
DOCUMENT_CLAIM = _declare(706, "document-claim", "a document promises something other than what its plan does")

# 09xx — projects and configuration
PROJECT_MISSING = _declare(901, "project-missing", "no liq.toml here or above")
PROJECT_TEXT = _declare(902, "project-text", "a project file that is not TOML in UTF-8")
PROJECT_KEY = _declare(903, "project-key", "a key that a project file does not have, or a value of the wrong type")
PROJECT_PATH = _declare(904, "project-path", "a path or pattern that leaves the folder of the project")
PROJECT_LIMIT = _declare(905, "project-limit", "a project that is larger than the limits allow")
FILE_UNREADABLE = _declare(906, "file-unreadable", "a file that cannot be read")
NO_SCHEMA = _declare(907, "no-schema", "a query is compiled without a schema")
