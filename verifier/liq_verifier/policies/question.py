"""Questions about policies: are there rows and sessions such that …? Answered by the solver, shown by the reference.

A question names some rows, stored ones and *loose* ones (a new row is not in its table yet when its policy is asked),
and what must be true of them. Sessions are numbered: the claims of session 1 carry a mark, so that one formula can
speak of two.
"""

from __future__ import annotations

import attrs
from attrs import frozen

from liq.model.expr import ClaimRef, Expr
from liq.model.node import Node, map_children
from liq.model.schema import Schema
from liq_verifier import smt
from liq_verifier.encode import Encoder
from liq_verifier.obligation import Formula
from liq_verifier.rows import Row, same_value

MARK = "′"
"""Follows the name of a claim of session 1; no name of liq holds it."""
LOOSE_FROM = 10_000
PARENT_DEPTH = 2


@frozen
class RowOf:
    """A row of a table; ``stored``: it is there already."""

    table: str
    stored: bool = True


@frozen
class Says:
    """A predicate is true of a row (or, ``holds`` false, is not). Without a row it speaks of sessions only."""

    predicate: Expr
    row: int | None = None
    session: int = 0
    holds: bool = True


@frozen
class Same:
    """Two columns of rows hold one value that is not null; ``equal`` false: two values, neither null."""

    left: tuple[int, str]
    right: tuple[int, str]
    equal: bool = True


@frozen
class Question:
    """Rows, and what is said of them all together."""

    rows: tuple[RowOf, ...]
    says: tuple[Says | Same, ...]

    def and_(self, *more: Says | Same) -> Question:
        """The question with more to be true."""
        return attrs.evolve(self, says=(*self.says, *more))


@frozen(eq=False)
class Built:
    """A question as a formula; ``loose`` and ``stored`` are its rows, by their numbers."""

    formula: Formula
    rows: tuple[Row, ...]


def of_session(expr: Expr, session: int) -> Expr:
    """An expression as another session sees it."""
    if session == 0:
        return expr

    def change(node: Node) -> Node:
        if isinstance(node, ClaimRef):
            return attrs.evolve(node, name=node.name + MARK * session)
        return map_children(node, change)

    return change(expr)  # type: ignore[return-value]


def two_sessions(schema: Schema) -> Schema:
    """The schema with the claims of session 1 beside those of session 0."""
    others = tuple(attrs.evolve(c, name=c.name + MARK) for c in schema.claims)
    return attrs.evolve(schema, claims=(*schema.claims, *others))


def build(question: Question, schema: Schema, strings: bool) -> Built:
    """The formula that is satisfiable when the answer is yes."""
    encoder = Encoder(two_sessions(schema), {}, strings=strings)
    rows = tuple(_row(encoder, schema, number, each) for number, each in enumerate(question.rows))
    for row in rows:
        _parents(encoder, row, PARENT_DEPTH)
    parts = [_said(encoder, rows, said) for said in question.says]
    encoder.quantifiers.close()
    for row in (*rows, *encoder.world.rows):
        _touch(row)
    for row, spec in zip(rows, question.rows, strict=True):
        if not spec.stored:
            _as_new(encoder, row)
    encoder.finish()
    for row, spec in zip(rows, question.rows, strict=True):
        if not spec.stored:
            _own_key(encoder, row, rows)
    return Built(Formula(encoder, encoder.script.text(), smt.conj(parts), None), rows)


def _row(encoder: Encoder, schema: Schema, number: int, spec: RowOf) -> Row:
    if spec.stored:
        return encoder.world.add(spec.table, smt.TRUE)
    table = schema.table_by_name[spec.table]
    return Row(table, LOOSE_FROM + number, smt.TRUE, encoder.script, encoder.strings, 0)


def _said(encoder: Encoder, rows: tuple[Row, ...], said: Says | Same) -> str:
    if isinstance(said, Says):
        env = {} if said.row is None else encoder.row_env(rows[said.row])
        true = encoder.true(of_session(said.predicate, said.session), env)
        return true if said.holds else smt.neg(true)
    (left, a), (right, b) = said.left, said.right
    one, two = rows[left].term(a), rows[right].term(b)
    equal = smt.equal(one.value, two.value)
    return smt.conj((smt.neg(one.null), smt.neg(two.null), equal if said.equal else smt.neg(equal)))


def _parents(encoder: Encoder, row: Row, depth: int) -> None:
    """The rows that a row points at exist."""
    if depth == 0:
        return
    for key in row.table.foreign_keys:
        parent = encoder.world.maybe(key.target, 1)
        ours, theirs = [row.term(c) for c in key.columns], [parent.term(c) for c in key.target_columns]
        points = smt.conj((row.present, *(smt.neg(term.null) for term in ours)))
        there = smt.conj((parent.present, *(same_value(a, b) for a, b in zip(ours, theirs, strict=True))))
        encoder.script.claim(smt.implies(points, there))
        _parents(encoder, parent, depth - 1)


def _touch(row: Row) -> None:
    """Name the columns that checks and keys speak of, so that the model gives them values that satisfy these."""
    from liq_verifier.fingerprint import free_columns

    table = row.table
    named = {c for key in table.keys for c in key.columns} | {c for key in table.foreign_keys for c in key.columns}
    named |= {table.columns[i - 1].name for check in table.checks for i in free_columns(check.predicate)}
    for name in sorted(named):
        row.term(name)


def _as_new(encoder: Encoder, row: Row) -> None:
    """What the table's checks say of a row that is not stored."""
    for check in row.table.checks:
        encoder.script.claim(smt.neg(encoder.rails(check.predicate, encoder.row_env(row)).false))


def _own_key(encoder: Encoder, row: Row, rows: tuple[Row, ...]) -> None:
    """A new row has no key of a stored row, but of the one that it is the new version of: the row before it."""
    before = rows[row.number - LOOSE_FROM - 1] if row.number > LOOSE_FROM else None
    for other in encoder.world.of(row.table.name):
        if other is not before:
            for key in row.table.keys:
                agree = smt.conj(same_value(row.term(c), other.term(c)) for c in key.columns)
                encoder.script.claim(smt.implies(other.present, smt.neg(agree)))
