"""Pages: a text asks for one row more than the page shows, so that the backend knows whether another page follows."""

from __future__ import annotations

from typing import cast

import attrs

from liq.model.expr import Call, Expr, Literal, Relation
from liq.model.ir import Limit, Project, Query, Statement
from liq.model.types import INT


def page_size(query: Query) -> Expr | None:
    """How many rows a page shows; None where the query is not paged."""
    if query.paging is None:
        return None
    node = query.statements[-1].body
    while isinstance(node, Project):
        node = node.input
    return node.count if isinstance(node, Limit) else None


def paged_statements(query: Query) -> tuple[Statement, ...]:
    """The statements to emit: of a paged query, the last asks for one row more."""
    if query.paging is None:
        return query.statements
    last = query.statements[-1]
    return (*query.statements[:-1], attrs.evolve(last, body=with_one_more(last.body)))


def with_one_more(body: Relation) -> Relation:
    """The relation with a limit that lets one row more through."""
    match body:
        case Project(input_):
            return attrs.evolve(body, input=with_one_more(input_))
        case Limit(count=Literal(value=int(count))):
            return attrs.evolve(body, count=Literal(count + 1, INT))
        case Limit(count=Expr() as count_):
            return attrs.evolve(body, count=cast(Expr, Call("+", (count_, Literal(1, INT)), INT, False)))
        case _:
            return body
