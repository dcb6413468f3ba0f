"""A write as it is resolved, before its access is attached."""

from __future__ import annotations

from attrs import frozen

from liq.model.expr import Literal
from liq.model.ir import Delete, Insert, Update, WriteCheck
from liq.model.schema import Table
from liq.model.types import BOOL

UNCHECKED = WriteCheck(Literal(True, BOOL), ())
"""Stands in a write until its access is attached; then a new row must fulfil what its policies say."""


@frozen
class Written:
    """``shows``: it has a ``returning``. ``named``: the columns that the statement sets itself, defaults left out."""

    body: Insert | Update | Delete
    table: Table
    shows: bool
    named: frozenset[str]
