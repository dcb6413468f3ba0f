"""What a statement may raise beyond what its own evaluation met.

A database may evaluate an expression earlier than written: below joins and other filters, on every visible row of the
scans it refers to, or, where it refers to none, when it plans. So each expression that can raise is tried on those rows
as well; only ``case`` and ``coalesce`` guard. Where there are too many rows to try, every kind that the expression
could raise counts.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence

from attrs import define, field

from liq.model.errors import ErrorKind
from liq.model.expr import (
    And,
    Call,
    Case,
    Cast,
    Coalesce,
    Column,
    ColumnRef,
    Expr,
    Is,
    Not,
    Optional,
    Or,
    Relation,
    ScalarQuery,
)
from liq.model.functions import FUNCTIONS, resolve
from liq.model.ir import (
    Access,
    Aggregate,
    Follow,
    Join,
    JoinKind,
    LetScan,
    ParamRows,
    Project,
    Scan,
    Series,
    SetOperation,
    Unnest,
    Values,
    Window,
)
from liq.model.node import Node, children, walk
from liq.model.physical import Operator
from liq.model.values import Value
from liq.reference import rowops
from liq.reference.casts import cast_kinds
from liq.reference.expressions import evaluate
from liq.reference.machine import OBSERVED_MAX, Env, Machine, Row
from liq.reference.relations import visible_rows

TRIES_MAX = 3_000
"""Rows that one expression is tried on."""
VARIANTS_MAX = 16

_SOURCES = (Scan, Values, ParamRows, Series, Unnest, LetScan)


def foreseen(body: Relation, machine: Machine) -> None:
    """Add to the may-raise set what other orders of evaluation could meet. A physical plan says its own order."""
    if isinstance(body, Operator):
        return
    origins = _Origins()
    origins.read(body)
    with machine.aside() as journal:
        for query in origins.queries:
            if id(query) not in machine.observed and not free_columns(query):
                machine.rows(query, {}, machine)  # a back end may look first whether there is anything to do
        for expr, inside in origins.expressions:
            _fold(expr, machine)
            for atom in _atoms(expr, machine):
                kinds = kinds_of(atom)
                if not kinds <= machine.may | journal.kinds:
                    _try(atom, kinds, origins, inside, machine)
    machine.may |= journal.kinds


# ------------------------------------------------------------------------------------------------- static kinds
def kinds_of(expr: Expr) -> frozenset[ErrorKind]:
    """Every kind that an expression could raise on some row; its subqueries are looked at by themselves."""
    kinds: set[ErrorKind] = set()
    for node in _without_queries(expr):
        match node:
            case Call(function=name, args=args):
                resolved = resolve(FUNCTIONS, name, [arg.type for arg in args])
                kinds |= resolved.overload.errors if resolved is not None else set()
            case Cast(arg=arg, type=type_, safe=False):
                kinds |= cast_kinds(arg.type, type_)
            case ScalarQuery():
                kinds.add(ErrorKind.TOO_MANY_ROWS)
            case _:
                pass
    return frozenset(kinds)


def _without_queries(expr: Expr) -> Iterator[Node]:
    stack: list[Node] = [expr]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(child for child in children(node) if not isinstance(child, Relation))


# ------------------------------------------------------------------------------------------------- planning time
def _fold(expr: Expr, machine: Machine) -> None:
    """Evaluate the parts that hang on no row: a planner may, even where no row ever comes."""
    if _is_constant(expr):
        evaluate(expr, {}, machine)
        return
    match expr:
        case Case(branches=branches, otherwise=otherwise):
            for branch in branches:
                _fold(branch.condition, machine)
                if not _is_constant(branch.condition):
                    _fold(branch.value, machine)
                elif evaluate(branch.condition, {}, machine) is True:
                    _fold(branch.value, machine)
                    return
            _fold(otherwise, machine)
        case Coalesce(args=args):
            for arg in args:
                _fold(arg, machine)
                if _is_constant(arg) and evaluate(arg, {}, machine) is not None:
                    return
        case Optional(param=param) if machine.params[param] is None:
            return
        case _:
            for child in children(expr):
                if isinstance(child, Expr):
                    _fold(child, machine)


def _is_constant(expr: Expr) -> bool:
    return not any(isinstance(node, ColumnRef | Relation) for node in walk(expr))


# ------------------------------------------------------------------------------------------------- earlier evaluation
def _atoms(expr: Expr, machine: Machine) -> Iterator[Expr]:
    """The parts of a predicate that may be evaluated by themselves."""
    stack = [expr]
    while stack:
        match stack.pop():
            case And(args=args) | Or(args=args):
                stack.extend(args)
            case Not(arg=arg) | Is(arg=arg):
                stack.append(arg)
            case Optional(param=param, predicate=predicate):
                if machine.params[param] is not None:
                    stack.append(predicate)
            case atom:
                yield atom


@define
class _Origins:
    """Where the columns of a statement come from."""

    bases: dict[int, Relation] = field(factory=dict)
    """Columns that rows of a relation hold."""
    definitions: dict[int, Expr] = field(factory=dict)
    """Columns that are computed from others."""
    branches: dict[int, tuple[int, tuple[int, ...]]] = field(factory=dict)
    """Columns of set operations: the number of the choice between its inputs, and the column of each."""
    missing: dict[int, tuple[int, ...]] = field(factory=dict)
    """Columns that an outer join may fill with null: the numbers of the choices that decide it."""
    choices: list[int] = field(factory=list)
    """How many alternatives each choice has; of an outer join's, 1 is null."""
    queries: list[Relation] = field(factory=list)
    """Subqueries."""
    expressions: list[tuple[Expr, frozenset[int]]] = field(factory=list)
    """Expressions, with the scans (by identity) in whose access predicates they stand."""

    def read(self, body: Relation) -> None:
        """Take in a statement with everything below it."""
        stack: list[tuple[Node, frozenset[int], bool]] = [(body, frozenset(), False)]
        while stack:
            node, inside, in_expression = stack.pop()
            if isinstance(node, Relation):
                self._register(node)
                if in_expression:
                    self.queries.append(node)
                in_expression = False
            elif isinstance(node, Expr):
                if not in_expression:
                    self.expressions.append((node, inside))
                in_expression = True
            if isinstance(node, Access):  # its rules say the same again
                stack.append((node.predicate, inside, False))
                continue
            for child in children(node):
                access_of = {id(node)} if isinstance(node, Scan) and isinstance(child, Access) else set()
                stack.append((child, inside | access_of, in_expression))

    def _register(self, relation: Relation) -> None:
        match relation:
            case Project(items=items):
                for item in items:
                    self._define(item.column, item.expr)
            case Aggregate(keys=keys, aggregates=aggregates):
                for key in keys:
                    self._define(key.column, key.expr)
                self.bases |= {a.column.id: relation for a in aggregates}
            case Window(items=computed):
                self.bases |= {i.column.id: relation for i in computed}
            case Follow(depth=depth):
                self.bases[depth.id] = relation
            case SetOperation(inputs=inputs, columns=columns):
                self.choices.append(len(inputs))
                for place, column in enumerate(columns):
                    others = tuple(input_.columns[place].id for input_ in inputs)
                    self.branches[column.id] = (len(self.choices) - 1, others)
            case Join(kind=JoinKind.LEFT, right=right):
                self._may_be_missing(right.columns)
            case Join(kind=JoinKind.FULL, left=left, right=right):
                self._may_be_missing(left.columns)
                self._may_be_missing(right.columns)
            case _ if isinstance(relation, _SOURCES):
                self.bases |= {column.id: relation for column in relation.columns}
            case _:
                pass

    def _define(self, column: Column, expr: Expr) -> None:
        if not (isinstance(expr, ColumnRef) and expr.id == column.id):
            self.definitions[column.id] = expr

    def _may_be_missing(self, columns: Sequence[Column]) -> None:
        self.choices.append(2)
        for column in columns:
            self.missing[column.id] = (*self.missing.get(column.id, ()), len(self.choices) - 1)

    def choices_of(self, id_: int) -> tuple[int, ...]:
        """The choices on which the value of a column hangs directly."""
        return self.missing.get(id_, ()) + ((self.branches[id_][0],) if id_ in self.branches else ())


def _try(
    atom: Expr, kinds: frozenset[ErrorKind], origins: _Origins, inside: frozenset[int], machine: Machine
) -> None:
    """Evaluate an expression on all rows of the relations it refers to."""
    reached = _reached(atom, origins)
    choices = sorted({choice for id_ in reached for choice in origins.choices_of(id_)})
    options = [range(origins.choices[choice]) for choice in choices]
    tries = 0
    for number, picks in enumerate(itertools.product(*options)):
        plan = _Plan(origins, dict(zip(choices, picks, strict=True)))
        relations = _relations(atom, plan)
        if relations is None:
            return
        sources = [_rows(relation, ids, id(relation) in inside, machine) for relation, ids in relations]
        known_rows = [rows for rows in sources if rows is not None and len(rows) < OBSERVED_MAX]
        tries += math.prod(len(rows) for rows in known_rows)
        if len(known_rows) < len(sources) or tries > TRIES_MAX or number >= VARIANTS_MAX:
            machine.journal.kinds |= kinds
            return
        for rows_ in itertools.product(*known_rows):
            known: Row = {}
            for row in rows_:
                known |= row
            evaluate(atom, plan.env(atom, known, machine), machine)


@define
class _Plan:
    """One way to compute the columns of an expression: an alternative picked for each choice."""

    origins: _Origins
    picks: Mapping[int, int]

    def step(self, id_: int) -> int | Expr | None:
        """What a column is: another column, an expression, or null; itself when it stands in rows."""
        if any(self.picks[choice] == 1 for choice in self.origins.missing.get(id_, ())):
            return None
        if id_ in self.origins.branches:
            choice, others = self.origins.branches[id_]
            return others[self.picks[choice]]
        return self.origins.definitions.get(id_, id_)

    def env(self, atom: Expr, known: Row, machine: Machine) -> Env:
        """The values of all columns that an expression needs."""
        values = dict(known)

        def value(id_: int) -> Value:
            if id_ not in values:
                what = self.step(id_)
                if isinstance(what, Expr):
                    for inner in free_columns(what):
                        value(inner)
                    values[id_] = evaluate(what, values, machine)
                else:
                    values[id_] = None if what is None else value(what)
            return values[id_]

        for id_ in free_columns(atom):
            value(id_)
        return values


def free_columns(tree: Node) -> set[int]:
    """The columns from outside that an expression or relation refers to."""
    nodes = list(walk(tree))
    own = {node.id for node in nodes if isinstance(node, Column)}
    return {node.id for node in nodes if isinstance(node, ColumnRef)} - own


def _reached(atom: Expr, origins: _Origins) -> set[int]:
    """Every column that an expression may depend on, whatever the picks."""
    seen: set[int] = set()
    stack = list(free_columns(atom))
    while stack:
        id_ = stack.pop()
        if id_ not in seen:
            seen.add(id_)
            stack += origins.branches[id_][1] if id_ in origins.branches else ()
            if id_ in origins.definitions:
                stack += free_columns(origins.definitions[id_])
    return seen


def _relations(atom: Expr, plan: _Plan) -> list[tuple[Relation, set[int]]] | None:
    """The relations whose rows are needed, with the columns; None when rows in the making (of a write) are."""
    needed: dict[int, tuple[Relation, set[int]]] = {}
    seen: set[int] = set()
    stack = list(free_columns(atom))
    while stack:
        id_ = stack.pop()
        if id_ in seen:
            continue
        seen.add(id_)
        what = plan.step(id_)
        if isinstance(what, Expr):
            stack += free_columns(what)
        elif what == id_:
            relation = plan.origins.bases.get(id_)
            if relation is None:
                return None
            needed.setdefault(id(relation), (relation, set()))[1].add(id_)
        elif what is not None:
            stack.append(what)
    return list(needed.values())


def _rows(relation: Relation, ids: set[int], stored: bool, machine: Machine) -> list[Row] | None:
    """The different rows of a relation, as far as the needed columns go; None when it was never evaluated."""
    if isinstance(relation, Scan) and stored:
        rows = rowops.table_rows(relation.table, [c.name for c in relation.columns], relation.columns, machine)
    elif isinstance(relation, Scan) and id(relation) not in machine.observed:
        rows = visible_rows(relation, {}, machine)
        machine.observe(relation, rows)
    elif id(relation) in machine.observed:
        rows = machine.observed[id(relation)]
    else:
        return None
    columns = [column for column in relation.columns if column.id in ids]
    return rowops.different([{c.id: row[c.id] for c in columns} for row in rows], columns)
