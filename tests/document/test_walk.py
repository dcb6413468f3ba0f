"""``children`` skips fields by their annotation: it must find every node that is really there."""

from __future__ import annotations

from typing import Any, cast

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from liq.model import ir, physical
from liq.model.node import Node, children, map_children, walk
from tests.document.nodes import Maker


def nodes_in(value: Any) -> list[Node]:
    if isinstance(value, Node):
        return [value]
    return [node for item in value for node in nodes_in(item)] if isinstance(value, tuple) else []


@pytest.mark.parametrize("relations, kind", [(ir, ir.Query), (physical, physical.PhysicalPlan)])
@given(seed=st.integers(0, 2**40))
def test_every_node_is_found_and_in_order(relations: Any, kind: Any, seed: int) -> None:
    root = Maker(seed, relations).make(kind)
    for node in walk(root):
        fields = [getattr(node, each.name) for each in attrs.fields(cast(Any, type(node)))]
        assert children(node) == [found for value in fields for found in nodes_in(value)]
        assert map_children(node, lambda child: child) is node
