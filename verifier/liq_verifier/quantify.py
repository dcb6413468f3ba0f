"""Subqueries in formulas: booleans for "there is such a row", tied to witness rows and to instances
(docs/verifier.md, "Row small model").

Each question gets a constant b. ``b => a witness row`` and ``not b => no row of the formula is one`` are both said,
so a
question may stand anywhere. Leaving out instances only weakens the formula: what is refuted then is only a candidate,
and
what is proved stays proved. That is why every bound here is sound.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import product
from typing import TYPE_CHECKING

from attrs import define

from liq.model.expr import Column, ColumnRef, Expr, Relation
from liq.model.ir import Scan
from liq_verifier import smt
from liq_verifier.blocks import Block, NotBlocks, blocks
from liq_verifier.fingerprint import fingerprint, is_volatile
from liq_verifier.rows import Binding, Row
from liq_verifier.terms import Rails, Term

if TYPE_CHECKING:
    from liq_verifier.encode import Encoder

Env = Mapping[int, Binding]
Body = Callable[[Block, Env], str]
INSTANCES_MAX = 600
WITNESS_DEPTH_MAX = 2


@define
class _Universal:
    """``unless or no rows of the scans satisfy the body``; ``done`` are the instances said so far."""

    unless: str
    block: Block
    env: Env
    body: Body
    depth: int
    done: set[tuple[int, ...]]


class Quantifiers:
    """The questions of one formula."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._universals: list[_Universal] = []
        self._depth = 0
        self._instances = 0
        self._rails: dict[object, Rails] = {}
        self._terms: dict[object, Term] = {}
        self.complete = True

    def exists(self, query: Relation, env: Env) -> str:
        """Whether the query has a row."""
        key = ("exists", self._print(query, env))
        if key in self._rails:
            return self._rails[key].true
        try:
            found = blocks(query, existence=True)
        except NotBlocks as problem:
            return self._unknown(key, problem).true
        if any(not block.scans and not block.predicates for block in found):
            holds = smt.TRUE
        else:
            holds = self._question("exists", found, env, self._holds)
        self._rails[key] = Rails(holds, smt.neg(holds))
        return holds

    def member(self, operands: Sequence[Expr], query: Relation, env: Env) -> Rails:
        """``operands in (query)``: true with an equal row, false when every row differs."""
        outer = tuple(self._encoder.term(operand, env) for operand in operands)
        key = ("in", tuple((t.ident, t.null) for t in outer), self._print(query, env))
        if key in self._rails:
            return self._rails[key]
        try:
            found = blocks(query, existence=False)
        except NotBlocks as problem:
            return self._unknown(key, problem)
        seen = [(block, tuple(block.see(_column(c)) for c in query.columns)) for block in found]
        wanted = {id(block): values for block, values in seen}

        def matches(block: Block, inner: Env) -> str:
            pairs = zip(outer, self._values(wanted[id(block)], inner), strict=True)
            return smt.conj((self._holds(block, inner), *(self._equal(a, b) for a, b in pairs)))

        def might(block: Block, inner: Env) -> str:
            pairs = zip(outer, self._values(wanted[id(block)], inner), strict=True)
            return smt.conj((self._holds(block, inner), *(smt.neg(self._differs(a, b)) for a, b in pairs)))

        true, possible = self._question("in", found, env, matches), self._question("maybe_in", found, env, might)
        self._encoder.script.claim(smt.implies(true, possible))
        self._rails[key] = Rails(true, smt.neg(possible))
        return self._rails[key]

    def scalar(self, query: Relation, env: Env) -> Term:
        """The one column of the one row, null without a row."""
        key = ("scalar", self._print(query, env))
        if key in self._terms:
            return self._terms[key]
        column = query.columns[0]
        value = self._encoder.free("value", column.type, True)
        self._terms[key] = value
        try:
            found = blocks(query, existence=False)
            wanted = {id(block): block.see(_column(column)) for block in found}
        except NotBlocks as problem:
            self._encoder.opaque.add(f"a subquery with {problem}")
            return value

        def gives(block: Block, inner: Env) -> str:
            term = self._encoder.term(wanted[id(block)], inner)
            same = smt.disj(
                (
                    smt.conj((term.null, value.null)),
                    smt.conj(
                        (
                            smt.neg(term.null),
                            smt.neg(value.null),
                            smt.equal(term.value, value.value),
                        )
                    ),
                )
            )
            return smt.conj((self._holds(block, inner), same))

        there = self._question("one", found, env, self._holds, witness=gives)
        self._encoder.script.claim(smt.disj((there, value.null)))
        return value

    # ------------------------------------------------------------------------------------------ parts
    def _print(self, query: Relation, env: Env) -> object:
        return object() if is_volatile(query) else fingerprint(query, self._encoder.idents(env))

    def _unknown(self, key: object, problem: NotBlocks) -> Rails:
        self._encoder.opaque.add(f"a subquery with {problem}")
        true = self._encoder.script.constant("asked", smt.BOOL)
        false = self._encoder.script.constant("denied", smt.BOOL)
        exists = isinstance(key, tuple) and key[0] == "exists"
        rails = (
            Rails(true, smt.neg(true))
            if exists
            else Rails(smt.conj((true, smt.neg(false))), smt.conj((false, smt.neg(true))))
        )
        self._rails[key] = rails
        return rails

    def _holds(self, block: Block, env: Env) -> str:
        return smt.conj(self._encoder.true(predicate, env) for predicate in block.predicates)

    def _values(self, exprs: Sequence[Expr], env: Env) -> tuple[Term, ...]:
        return tuple(self._encoder.term(expr, env) for expr in exprs)

    def _equal(self, left: Term, right: Term) -> str:
        return smt.conj((smt.neg(left.null), smt.neg(right.null), smt.equal(left.value, right.value)))

    def _differs(self, left: Term, right: Term) -> str:
        return smt.conj((smt.neg(left.null), smt.neg(right.null), smt.neg(smt.equal(left.value, right.value))))

    def _question(self, hint: str, found: Sequence[Block], env: Env, body: Body, witness: Body | None = None) -> str:
        """A constant that is true exactly when rows of some block satisfy the body."""
        holds = self._encoder.script.constant(hint, smt.BOOL)
        if self._depth <= WITNESS_DEPTH_MAX:
            witnesses = [self._witness(block, env, witness or body) for block in found]
            self._encoder.script.claim(smt.implies(holds, smt.disj(witnesses)))
        else:
            self.complete = False
        self._universals += [_Universal(holds, block, env, body, self._depth, set()) for block in found]
        return holds

    def _witness(self, block: Block, env: Env, body: Body) -> str:
        rows = [self._encoder.world.maybe(scan.table) for scan in block.scans]
        self._depth += 1
        try:
            formula = body(block, self._bound(block.scans, rows, env))
        finally:
            self._depth -= 1
        return self._encoder.script.share(smt.BOOL, smt.conj((*(row.present for row in rows), formula)))

    def _bound(self, scans: Sequence[Scan], rows: Sequence[Row], env: Env) -> Env:
        inner = dict(env)
        for scan, row in zip(scans, rows, strict=True):
            inner.update(self._encoder.bind(scan, row))
        return inner

    def tables(self) -> frozenset[str]:
        """The tables that some question is about."""
        return frozenset(scan.table for universal in self._universals for scan in universal.block.scans)

    def close(self) -> None:
        """Say every universal statement of every row there is, until nothing new comes of it."""
        progress = True
        while progress:
            progress = False
            for universal in tuple(self._universals):
                progress |= self._instantiate(universal)
            if not progress:
                progress = self._encoder.constraints()

    def _instantiate(self, universal: _Universal) -> bool:
        progress = False
        for rows in product(*(self._encoder.world.of(scan.table) for scan in universal.block.scans)):
            numbers = tuple(row.number for row in rows)
            if numbers in universal.done:
                continue
            if self._instances >= INSTANCES_MAX:
                self.complete = False
                return False
            self._instances += 1
            universal.done.add(numbers)
            self._depth = universal.depth + 1
            formula = universal.body(universal.block, self._bound(universal.block.scans, rows, universal.env))
            self._depth = 0
            present = smt.conj(row.present for row in rows)
            self._encoder.script.claim(smt.disj((universal.unless, smt.neg(smt.conj((present, formula))))))
            progress = True
        return progress


def _column(column: Column) -> Expr:
    return ColumnRef(column.id, column.name, column.type, column.nullable)
