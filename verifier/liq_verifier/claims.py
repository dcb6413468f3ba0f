"""Building formulas: assumptions that hold together, and the one claim that is negated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from liq.model.expr import Column, ColumnRef, Expr
from liq.model.ir import Parameter, Scan
from liq.model.node import walk
from liq.model.schema import Schema
from liq_verifier import smt
from liq_verifier.encode import Encoder, Undecided
from liq_verifier.fingerprint import free_columns
from liq_verifier.obligation import Formula
from liq_verifier.rows import Binding, Row


class Builder:
    """One formula in the making."""

    def __init__(self, schema: Schema, parameters: Mapping[str, Parameter], strings: bool) -> None:
        self.encoder = Encoder(schema, parameters, strings=strings)
        self.env: dict[int, Binding] = {}
        self.schema = schema

    def row(self, scan: Scan) -> Row:
        """A stored row under a scan's column ids."""
        row = self.encoder.world.add(scan.table, smt.TRUE)
        self.env.update(self.encoder.bind(scan, row))
        return row

    def stored(self, table: str) -> Row:
        """A stored row of a table."""
        return self.encoder.world.add(table, smt.TRUE)

    def loose(self, columns: Sequence[Column]) -> None:
        """Columns about which nothing is known."""
        for column in columns:
            self.env[column.id] = self.encoder.free(column.name, column.type, column.nullable)

    def assume(self, predicates: Sequence[Expr]) -> None:
        """Predicates that are true; one that speaks of what is not in scope, or has no encoding, is left out, which
        is sound."""
        for predicate in predicates:
            if free_columns(predicate) <= self.env.keys():
                try:
                    self.encoder.script.claim(self.encoder.true(predicate, self.env))
                except Undecided:
                    continue

    def assume_policy(self, policy: Expr, row: Row) -> None:
        """A predicate of the schema is true of a row."""
        self.encoder.script.claim(self.encoder.true(policy, self.encoder.row_env(row)))

    def assume_policy_of(self, policy: Expr, env: Mapping[int, Binding]) -> None:
        """The same of a row that is not stored."""
        self.encoder.script.claim(self.encoder.true(policy, env))

    def complete(self, expr: Expr) -> None:
        """Give every column of an expression that is not in scope some value."""
        for node in walk(expr):
            if isinstance(node, ColumnRef) and node.id in free_columns(expr) and node.id not in self.env:
                self.env[node.id] = self.encoder.free(node.name, node.type, True)

    def unless(self, claim: Expr, env: Mapping[int, Binding], blamed: Row | None) -> Formula:
        """The formula that says: everything assumed, and the claim not true."""
        return self.unless_text(self.encoder.true(claim, env), blamed)

    def unless_text(self, claim: str, blamed: Row | None) -> Formula:
        """The same for an encoded claim."""
        self.encoder.finish()
        return Formula(self.encoder, self.encoder.script.text(), smt.neg(claim), blamed)
