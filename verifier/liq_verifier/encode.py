"""Expressions as formulas: booleans on two rails, scalars as key and null flag.

What the encoding does not decide is *uninterpreted*: one symbol for one function (of exactly equal arguments), so
that a
proof may use that it is the same on both sides, and nothing else. A model that rests on such a symbol is only a
candidate.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import cast

from liq.model import expr as e
from liq.model.ir import Parameter, Scan
from liq.model.schema import Schema
from liq.model.types import BOOL, Bool, Text, Type
from liq_verifier import smt, sorts
from liq_verifier.fingerprint import fingerprint, free_columns, is_volatile
from liq_verifier.quantify import Quantifiers
from liq_verifier.rows import Binding, Cell, Row, World, free_term, same_value
from liq_verifier.smt import Script
from liq_verifier.sorts import domain, is_exact, sort_of
from liq_verifier.terms import UNKNOWN, Rails, Term, all_of, always, any_of, exact_term

Env = Mapping[int, Binding]
DEPTH_MAX = 60
CHASE_MAX = 2


class Undecided(Exception):
    """The expression has no encoding at all; the verdict is unknown."""


class Encoder:
    """Encodes expressions of one obligation into one script."""

    def __init__(self, schema: Schema, parameters: Mapping[str, Parameter], *, strings: bool = False) -> None:
        self.schema, self.parameters, self.strings = schema, parameters, strings
        self.script = Script()
        self.world = World(schema, self.script, strings)
        self.quantifiers = Quantifiers(self)
        self.named: dict[object, Term] = {}
        self.literals: dict[str, dict[object, str]] = {}
        self.functions: dict[object, str] = {}
        self.opaque: set[str] = set()
        self.wants_strings = False
        self._depth = 0
        self._checked: set[tuple[int, str]] = set()
        self._chased: set[tuple[int, str]] = set()

    # ------------------------------------------------------------------------------------------ names
    def bind(self, scan: Scan, row: Row) -> dict[int, Binding]:
        """What a scan's columns stand for on a row."""
        known = row.table.by_name
        return {column.id: Cell(row, column.name) for column in scan.columns if column.name in known}

    def look(self, env: Env, column: int) -> Term:
        """The value of a column."""
        found = env.get(column)
        if found is None:
            raise Undecided(f"column {column} is not in scope")
        return found if isinstance(found, Term) else found.row.term(found.name)

    def idents(self, env: Env) -> Mapping[int, str]:
        """How fingerprints name the columns in scope."""
        return _Idents(self, env)

    def free(self, hint: str, type_: Type, nullable: bool) -> Term:
        """A value about which only its type is known."""
        return free_term(self.script, hint, e.Column(0, hint, type_, nullable), self.strings)

    def remember(self, key: object, hint: str, type_: Type, nullable: bool) -> Term:
        """One free value for one key."""
        known = self.named.get(key)
        if known is None:
            known = self.free(hint, type_, nullable)
            self.named[key] = known
        return known

    # ------------------------------------------------------------------------------------------ booleans
    def rails(self, expr: e.Expr, env: Env) -> Rails:
        """When a boolean expression is true and when it is false."""
        self._depth += 1
        try:
            if self._depth > DEPTH_MAX:
                raise Undecided("the expression is nested too deeply")
            rails = self._rails(expr, env)
            return Rails(self.script.share(smt.BOOL, rails.true), self.script.share(smt.BOOL, rails.false))
        finally:
            self._depth -= 1

    def true(self, expr: e.Expr, env: Env) -> str:
        """``expr is true``."""
        return self.rails(expr, env).true

    def _rails(self, expr: e.Expr, env: Env) -> Rails:
        match expr:
            case e.And(args):
                return all_of(tuple(self.rails(arg, env) for arg in args))
            case e.Or(args):
                return any_of(tuple(self.rails(arg, env) for arg in args))
            case e.Not(arg):
                inner = self.rails(arg, env)
                return Rails(inner.false, inner.true)
            case e.Is(arg, truth, negated):
                holds = self._is(arg, truth, env)
                return Rails(smt.neg(holds), holds) if negated else Rails(holds, smt.neg(holds))
            case e.InList(operands, rows):
                return any_of(tuple(self._row_equal(operands, row, env) for row in rows))
            case e.RowCompare(op, left, right):
                return self._row_compare(op, left, right, env)
            case e.Exists(query):
                holds = self.quantifiers.exists(query, env)
                return Rails(holds, smt.neg(holds))
            case e.InQuery(operands, query):
                return self.quantifiers.member(operands, query, env)
            case e.Optional(param, predicate):
                absent, inner = self.parameter(param, None, BOOL).null, self.rails(predicate, env)
                return Rails(smt.disj((absent, inner.true)), smt.conj((smt.neg(absent), inner.false)))
            case e.Literal(value):
                return UNKNOWN if value is None else always(bool(value))
            case e.Case() | e.Coalesce():
                return self._lazy_rails(expr, env)
            case _:
                term = self.term(expr, env)
                here = smt.neg(term.null)
                return Rails(smt.conj((here, term.value)), smt.conj((here, smt.neg(term.value))))

    def _is(self, arg: e.Expr, truth: e.Truth, env: Env) -> str:
        if truth is e.Truth.NULL:
            return self.term(arg, env).null
        rails = self.rails(arg, env)
        return rails.true if truth is e.Truth.TRUE else rails.false

    def _lazy_rails(self, expr: e.Case | e.Coalesce, env: Env) -> Rails:
        if isinstance(expr, e.Case):
            result = self.rails(expr.otherwise, env)
            for branch in reversed(expr.branches):
                taken, value = self.true(branch.condition, env), self.rails(branch.value, env)
                result = Rails(smt.ite(taken, value.true, result.true), smt.ite(taken, value.false, result.false))
            return result
        result = UNKNOWN
        for arg in reversed(expr.args):
            value = self.rails(arg, env)
            null = smt.neg(smt.disj((value.true, value.false)))
            result = Rails(
                smt.disj((value.true, smt.conj((null, result.true)))),
                smt.disj((value.false, smt.conj((null, result.false)))),
            )
        return result

    def _row_equal(self, left: Sequence[e.Expr], right: Sequence[e.Expr], env: Env) -> Rails:
        return all_of(tuple(self.compare("=", a, b, env) for a, b in zip(left, right, strict=True)))

    def compare(self, op: str, left: e.Expr, right: e.Expr, env: Env) -> Rails:
        """A comparison of two scalars."""
        from liq_verifier.calls import comparison

        term = comparison(self, op, self.term(left, env), self.term(right, env))
        here = smt.neg(term.null)
        return Rails(smt.conj((here, term.value)), smt.conj((here, smt.neg(term.value))))

    def _row_compare(self, op: str, left: Sequence[e.Expr], right: Sequence[e.Expr], env: Env) -> Rails:
        if op == "=":
            return self._row_equal(left, right, env)
        if op == "<>":
            equal = self._row_equal(left, right, env)
            return Rails(equal.false, equal.true)
        strict, swap = op[0], {"<": ">", ">": "<"}
        true, false, before = [], [], smt.TRUE
        for a, b in zip(left, right, strict=True):
            true.append(smt.conj((before, self.compare(strict, a, b, env).true)))
            false.append(smt.conj((before, self.compare(swap[strict], a, b, env).true)))
            before = smt.conj((before, self.compare("=", a, b, env).true))
        (true if op.endswith("=") else false).append(before)
        return Rails(smt.disj(true), smt.disj(false))

    # ------------------------------------------------------------------------------------------ scalars
    def term(self, expr: e.Expr, env: Env) -> Term:
        """The value of an expression."""
        self._depth += 1
        try:
            if self._depth > DEPTH_MAX:
                raise Undecided("the expression is nested too deeply")
            term = self._term(expr, env)
            return self._shared(term)
        finally:
            self._depth -= 1

    def _shared(self, term: Term) -> Term:
        value = self.script.share(sort_of(term.type, self.strings), term.value)
        null = self.script.share(smt.BOOL, term.null)
        return Term(term.type, value, null, term.ident)

    def _term(self, expr: e.Expr, env: Env) -> Term:
        from liq_verifier import calls, casts

        match expr:
            case e.ColumnRef(id_):
                return self.look(env, id_)
            case e.Literal(value, type_):
                return self.literal(expr) if value is not None else self.null(type_)
            case e.ParamRef(name, type_, key=key):
                return self.parameter(name, key, type_)
            case e.ClaimRef(name):
                return self.claim_value(name)
            case e.Call():
                return calls.encode(self, expr, env)
            case e.Cast():
                return casts.encode(self, expr, env)
            case e.Case() | e.Coalesce() if not isinstance(expr.type, Bool):
                return self._lazy_term(expr, env)
            case e.JsonStep(arg, key):
                return self.uninterpreted(f"step {key!r}", expr.type, (self.term(arg, env),), nullable=True)
            case e.ScalarQuery(query):
                return self.quantifiers.scalar(query, env)
            case e.Collect() | e.RecordExpr() | e.ListExpr() | e.JsonExpr():
                return self.by_print(expr, env, nullable=False)
            case _ if isinstance(expr.type, Bool):
                rails = self.rails(expr, env)
                return exact_term(BOOL, rails.true, smt.neg(smt.disj((rails.true, rails.false))))
            case _:
                raise Undecided(f"{type(expr).__name__} has no encoding")

    def null(self, type_: Type) -> Term:
        """The null of a type."""
        value = self.remember(("null", str(type_)), "null", type_, False).value
        return Term(type_, value, smt.TRUE, f"null {type_}")

    def literal(self, literal: e.Literal) -> Term:
        """A constant."""
        value, type_ = literal.value, literal.type
        ident = f"{type_} {value!r}"
        if isinstance(type_, Bool):
            return Term(type_, smt.TRUE if value else smt.FALSE, smt.FALSE, ident)
        if isinstance(type_, Text) and self.strings:
            return Term(type_, smt.string(cast(str, value)), smt.FALSE, ident)
        text = sorts.number(value, type_)
        if text is None:
            places = self.literals.setdefault(type(type_).__name__, {})
            key = value if is_exact(type_) else ident
            if key not in places:
                places[key] = self.script.constant(f"literal_{len(places)}", sort_of(type_, self.strings))
            text = places[key]
        return Term(type_, text, smt.FALSE, ident)

    def parameter(self, name: str, key: int | None, type_: Type) -> Term:
        """What the caller gives; absent is null."""
        declared = self.parameters.get(name)
        if declared is None:
            raise Undecided(f"there is no parameter {name}")
        if key is not None:
            return self.remember(("param", name, key), f"param_{name}_{key}", type_, True)
        nullable = declared.nullable or declared.optional
        return self.remember(("param", name, None), f"param_{name}", declared.type, nullable)

    def claim_value(self, name: str) -> Term:
        """What the host says of the session."""
        claim = self.schema.claim_by_name.get(name)
        if claim is None:
            raise Undecided(f"there is no claim {name}")
        return self.remember(("claim", name), f"claim_{name}", claim.type, claim.nullable)

    def _lazy_term(self, expr: e.Case | e.Coalesce, env: Env) -> Term:
        if isinstance(expr, e.Case):
            result = self.term(expr.otherwise, env)
            for branch in reversed(expr.branches):
                taken, value = self.true(branch.condition, env), self.term(branch.value, env)
                result = self.choose(taken, value, result, expr.type)
            return result
        result = self.term(expr.args[-1], env)
        for arg in reversed(expr.args[:-1]):
            value = self.term(arg, env)
            result = self.choose(smt.neg(value.null), value, result, expr.type)
        return result

    def choose(self, condition: str, then: Term, other: Term, type_: Type) -> Term:
        """One of two values."""
        value, null = smt.ite(condition, then.value, other.value), smt.ite(condition, then.null, other.null)
        return Term(
            type_,
            self.script.share(sort_of(type_, self.strings), value),
            null,
            f"if {condition} {then.ident} {other.ident}",
        )

    # ------------------------------------------------------------------------------------------ the undecided
    def by_print(self, expr: e.Expr, env: Env, *, nullable: bool) -> Term:
        """A value known only to be the same wherever the same expression stands over the same rows."""
        self.opaque.add(type(expr).__name__)
        if is_volatile(expr):
            return self.free("volatile", expr.type, nullable)
        return self.remember(("print", fingerprint(expr, self.idents(env))), "opaque", expr.type, nullable)

    def uninterpreted(
        self,
        name: str,
        type_: Type,
        args: Sequence[Term],
        *,
        nullable: bool,
        strict: bool = True,
        volatile: bool = False,
        keyed: bool = False,
    ) -> Term:
        """A function of which nothing is known but that it is one. ``keyed``: equal values give equal results,
        whatever their type."""
        self.opaque.add(name)
        nulls = smt.disj(arg.null for arg in args) if strict else smt.FALSE
        if volatile:
            return self.free(name, type_, nullable)
        if not args or not strict or not (keyed or all(is_exact(arg.type) for arg in args)):
            key = ("function", name, str(type_), tuple((a.ident, a.null) for a in args))
            result = self.remember(key, name, type_, nullable)
            return Term(type_, result.value, smt.disj((nulls, result.null)), result.ident)
        value = smt.apply(self._function(name, type_, args), *(arg.value for arg in args))
        value = self.script.share(sort_of(type_, self.strings), value)
        self.script.claim(domain(type_, value))
        null = (
            smt.apply(self._function(f"{name} is null", BOOL, args), *(a.value for a in args))
            if nullable
            else smt.FALSE
        )
        return Term(type_, value, smt.disj((nulls, null)), f"{name} {' '.join(a.ident for a in args)}")

    def _function(self, name: str, type_: Type, args: Sequence[Term]) -> str:
        key = (name, str(type_), tuple(str(arg.type) for arg in args))
        if key not in self.functions:
            arguments = [sort_of(arg.type, self.strings) for arg in args]
            self.functions[key] = self.script.function(name, arguments, sort_of(type_, self.strings))
        return self.functions[key]

    # ------------------------------------------------------------------------------------------ closing
    def finish(self) -> None:
        """Say what is left to say: instances of universal statements, keys, checks, the order of literals."""
        self.quantifiers.close()
        self.world.claim_keys()
        for kind in ("Text", "Bytes", "Uuid"):
            places = self.literals.get(kind, {})
            ordered = [places[value] for value in sorted(places)]  # type: ignore[type-var]
            for left, right in pairwise(ordered):
                self.script.claim(f"(< {left} {right})")

    def constraints(self) -> bool:
        """Checks and foreign keys of the rows there are; whether that made new rows."""
        before = len(self.world.rows)
        for row in tuple(self.world.rows):
            self._checks(row)
            self._parents(row)
        return len(self.world.rows) > before

    def row_env(self, row: Row) -> dict[int, Binding]:
        """The columns of a row as schema expressions number them."""
        return {number: Cell(row, column.name) for number, column in enumerate(row.table.columns, 1)}

    def _checks(self, row: Row) -> None:
        env = self.row_env(row)
        for check in row.table.checks:
            named = {row.table.columns[i - 1].name for i in free_columns(check.predicate) if i in env}
            if (row.number, check.name) not in self._checked and named & set(row.columns):
                self._checked.add((row.number, check.name))
                holds = smt.neg(self.rails(check.predicate, env).false)
                self.script.claim(smt.implies(row.present, holds))

    def _parents(self, row: Row) -> None:
        """A row that points at another has it. Chased where it can matter, and not for ever: fewer rows say less."""
        if row.generation >= CHASE_MAX:
            return
        wanted = self.quantifiers.tables()
        for key in row.table.foreign_keys:
            if (
                key.target in wanted
                and (row.number, key.name) not in self._chased
                and set(key.columns) & set(row.columns)
            ):
                self._chased.add((row.number, key.name))
                parent = self.world.maybe(key.target, row.generation + 1)
                ours = [row.term(name) for name in key.columns]
                theirs = [parent.term(name) for name in key.target_columns]
                points = smt.conj((row.present, *(smt.neg(term.null) for term in ours)))
                there = smt.conj((parent.present, *(same_value(a, b) for a, b in zip(ours, theirs, strict=True))))
                self.script.claim(smt.implies(points, there))


class _Idents(Mapping[int, str]):
    """Column ids to idents, looked up only when a fingerprint asks."""

    def __init__(self, encoder: Encoder, env: Env) -> None:
        self._encoder, self._env = encoder, env

    def __getitem__(self, column: int) -> str:
        term = self._encoder.look(self._env, column)
        return f"{term.ident}?{term.null}"

    def __contains__(self, column: object) -> bool:
        return column in self._env

    def get(self, column: int, default: str | None = None) -> str | None:  # type: ignore[override]
        return self[column] if column in self._env else default

    def __iter__(self) -> Iterator[int]:
        return iter(self._env)

    def __len__(self) -> int:
        return len(self._env)
