"""Enums: an ordered set of labels."""

from __future__ import annotations

from liq.front.context import Context
from liq.model import codes
from liq.model.diagnostics import Label
from liq.model.types import Enum
from liq_grammar import syntax

LABEL_BYTES_MAX = 63
"""What PostgreSQL keeps of a label."""


def declare_enum(node: syntax.EnumDecl, context: Context) -> Enum:
    """The enum that a declaration says; labels that cannot be are reported and left out."""
    labels: dict[str, syntax.EnumValue] = {}
    for value in syntax.pick(node.values, syntax.EnumValue):
        text = value.text
        if text in labels:
            label = Label(labels[text].span, "it stands here first")
            context.report(codes.DUPLICATE_COLUMN, value.span, f"'{text}' stands twice in {node.name.text}", (label,))
        elif not text or len(text.encode()) > LABEL_BYTES_MAX or "\0" in text:
            message = f"a value of an enum has 1 to {LABEL_BYTES_MAX} bytes"
            context.report(codes.ENUM_VALUES, value.span, message)
        else:
            labels[text] = value
    return Enum(node.name.text, tuple(labels))
