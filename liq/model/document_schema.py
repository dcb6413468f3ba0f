"""The JSON Schema of plan documents, generated from the same shapes that read them: ``schemas/plan.v1.json``.

``python -m liq.model.document_schema > schemas/plan.v1.json`` writes it.
"""

from __future__ import annotations

import json
import sys

from liq.model.codec_shapes import Definitions
from liq.model.document import PLAN_FORMAT, SECTIONS
from liq.model.json_text import Json

DRAFT = "https://json-schema.org/draft/2020-12/schema"
_HASH: Json = {"type": "string", "pattern": "^sha256:[0-9a-f]{64}$"}


def plan_document_schema() -> dict[str, Json]:
    """The schema of one plan document."""
    definitions: Definitions = {}
    members: dict[str, Json] = {
        key: section.codec.shape(section.kind).schema(definitions) for key, section in SECTIONS.items()
    }
    members |= {
        "format": {"const": PLAN_FORMAT},
        "params": {"description": "JSON Schema of the parameters, ready to be a tool's input.", "type": "object"},
        "plan_id": _HASH,
        "document": _HASH,
        "schema_epoch": _HASH,
    }
    return {
        "$schema": DRAFT,
        "$id": "urn:liq:plan:1",
        "title": "liq plan document, version 1",
        "type": "object",
        "properties": members,
        "required": sorted(members),
        "additionalProperties": False,
        "$defs": definitions,
    }


def text() -> str:
    """The schema as it is committed."""
    return json.dumps(plan_document_schema(), indent=1, sort_keys=True, ensure_ascii=True) + "\n"


if __name__ == "__main__":
    sys.stdout.write(text())
