"""Replaying a model on ``liq.reference``: a refutation is shown only when the plan's answer depends on a row it must
not see.

Two databases that differ in hidden rows alone, and in which the same rows are visible, must give the same answer. The
model
gives the first, the second is the first without the hidden row; when answers differ, the plan leaks, whatever any
formula says.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import attrs
from attrs import frozen

from liq.model.expr import Expr
from liq.model.ir import Parameter, Query
from liq.model.node import walk
from liq.model.physical import PhysicalPlan, TableScan
from liq.model.schema import Schema, Table
from liq.model.types import Bool, Int
from liq.model.values import Value
from liq.reference.constraints import schema_env
from liq.reference.database import Database
from liq.reference.expressions import truth
from liq.reference.run import Call, Signature, attempt_physical
from liq_verifier.decode import Decoded, decode, plain
from liq_verifier.obligation import Formula, Kind, Subject, Witness
from liq_verifier.policy import read_policy
from liq_verifier.rows import Row
from liq_verifier.scenarios import SCENARIOS_MAX, Tables, scenarios, smaller
from liq_verifier.solver import Answer

STEPS_MAX = 200_000
ROUNDS_MAX = 12


@frozen
class Replayer:
    """Replays models for one plan."""

    plan: PhysicalPlan
    query: Query
    schema: Schema

    def replay(self, subject: Subject, formula: Formula, answer: Answer) -> Witness | None:
        """The rows of a model as a witness, when the plan goes wrong on them."""
        if answer.values is None:
            return None
        decoded = decode(formula, answer.values)
        tables, blamed = _tables(decoded, formula.blamed)
        self._add_parents(tables)
        found: Witness | None = None
        if blamed is not None and formula.blamed is not None:
            table = formula.blamed.table
            search = self._hidden_column if subject.kind is Kind.COLUMN else self._hidden_row
            found = search(table, blamed, tables, decoded)
        if found is None and formula.policy is not None and formula.written is not None:
            found = self._written(subject, formula.policy, formula.written, tables, decoded)
        return found

    # ------------------------------------------------------------------------------------------ what is left behind
    def _written(
        self, subject: Subject, policy: Expr, table: Table, tables: Tables, decoded: Decoded
    ) -> Witness | None:
        """A row that a write made (or, of another table, took away) although its policies do not let it."""
        for params in self._arguments(decoded, {}):
            tried = attempt_physical(self.plan, Signature.of(self.query), self._call(tables, decoded, params))
            if tried.outcome is None:
                continue
            before, after = tables.get(table.name, []), tried.outcome.database.rows(table.name)
            there, then = (before, after) if subject.kind is Kind.REFERENCE else (after, before)
            for row in there:
                if row not in then and not self.holds(policy, table, row, tables, decoded, params):
                    said = (
                        "this row may not be changed"
                        if subject.kind is Kind.REFERENCE
                        else "this row may not be written"
                    )
                    return self._witness(tables, table, row, decoded, params, (tried.outcome.rows, said))
        return None

    # ------------------------------------------------------------------------------------------ the two databases
    def _hidden_row(self, table: Table, blamed: int, tables: Tables, decoded: Decoded) -> Witness | None:
        hidden = tables[table.name][blamed]
        found = self._differs(table, hidden, tables, decoded, 12)
        if found is None:
            names = sorted({n.table for n in walk(self.plan) if isinstance(n, TableScan)} | set(tables))
            values = [*self._claims(decoded).values(), *decoded.params.values()]
            for grown in islice(scenarios(self.schema, names, tables, values), self._scenarios_max()):
                self._add_parents(grown)
                found = self._differs(table, hidden, grown, decoded)
                if found is not None:
                    tables = grown
                    break
        return None if found is None else self._smallest(table, hidden, tables, decoded, found)

    def _scenarios_max(self) -> int:
        """Fewer for large plans: the work of a search is bounded by its size."""
        return max(8, SCENARIOS_MAX // (1 + sum(1 for _ in walk(self.plan)) // 60))

    def _smallest(
        self, table: Table, hidden: Mapping[str, Value], tables: Tables, decoded: Decoded, found: Witness
    ) -> Witness:
        """The witness with rows left out as long as it stays one."""
        shrunk = True
        while shrunk:
            shrunk = False
            for fewer in smaller(tables, table.name, hidden):
                if not self._is_whole(fewer):
                    continue
                again = self._differs(table, hidden, fewer, decoded, 12)
                if again is not None:
                    tables, found, shrunk = fewer, again, True
                    break
        return found

    def _is_whole(self, tables: Tables) -> bool:
        return all(_there(tables, key, values) for key, values in self._pointers(tables))

    def _differs(
        self,
        table: Table,
        hidden: Mapping[str, Value],
        tables: Tables,
        decoded: Decoded,
        variants_max: int = 3,
    ) -> Witness | None:
        """A witness, when the answer depends on the hidden row although the same rows are visible."""
        blamed = next((i for i, r in enumerate(tables.get(table.name, ())) if r == hidden), None)
        if blamed is None:
            return None
        variants = islice(self._without(table, blamed, tables), variants_max)
        others = [o for o in variants if self._same_view(tables, o, decoded)]
        if not others:
            return None
        for params in self._arguments(decoded, hidden):
            before = self._run(self._call(tables, decoded, params))
            for other in others:
                after = self._run(self._call(other, decoded, params))
                if before != after:
                    return self._witness(tables, table, hidden, decoded, params, (before, after))
        return None

    def _without(self, table: Table, blamed: int, tables: Tables) -> Iterator[Tables]:
        rows = tables[table.name]
        yield {**tables, table.name: [row for i, row in enumerate(rows) if i != blamed]}
        for name in table.by_name:
            if not any(name in key.columns for key in table.keys) and not table.by_name[name].auto:
                changed = {**rows[blamed], name: _another(table, name, rows[blamed][name])}
                yield {**tables, table.name: [changed if i == blamed else row for i, row in enumerate(rows)]}

    def _hidden_column(self, table: Table, blamed: int, tables: Tables, decoded: Decoded) -> Witness | None:
        row = tables[table.name][blamed]
        for column in (c for c in table.columns if c.sensitive):
            changed = {**row, column.name: _another(table, column.name, row[column.name])}
            other = {**tables, table.name: [changed if i == blamed else r for i, r in enumerate(tables[table.name])]}
            for params in self._arguments(decoded, row):
                before = self._run(self._call(tables, decoded, params))
                after = self._run(self._call(other, decoded, params))
                if before != after:
                    return self._witness(tables, table, row, decoded, params, (before, after))
        return None

    def _same_view(self, one: Tables, two: Tables, decoded: Decoded) -> bool:
        return all(self._visible(t, one, decoded) == self._visible(t, two, decoded) for t in self.schema.tables)

    def _visible(self, table: Table, tables: Tables, decoded: Decoded) -> list[str]:
        if not tables.get(table.name):
            return []
        policy = read_policy(self.schema, table, ())
        return sorted(repr(row) for row in tables[table.name] if self.holds(policy, table, row, tables, decoded))

    def holds(
        self,
        predicate: Expr,
        table: Table,
        row: Mapping[str, Value],
        tables: Tables,
        decoded: Decoded,
        params: Mapping[str, Any] | None = None,
    ) -> bool:
        """Whether a predicate of the schema is true of a row."""
        machine = self._call(tables, decoded, {}).machine()
        machine.claims.update(self._claims(decoded))
        machine.params.update(decoded.params)
        machine.params.update({name: value for name, value in (params or {}).items() if name not in decoded.params})
        return truth(predicate, schema_env(tuple(row[c.name] for c in table.columns)), machine) is True

    # ------------------------------------------------------------------------------------------ running
    def _call(self, tables: Tables, decoded: Decoded, params: Mapping[str, object]) -> Call:
        claims = tuple(attrs.evolve(c, default=None, path=None) for c in self.schema.claims)
        schema = attrs.evolve(self.schema, claims=claims)
        database = Database.of(self.schema, tables)
        given = {name: value for name, value in self._claims(decoded).items() if value is not None}
        return Call(schema, database, params, given, now=decoded.now, hash_key=b"key", steps_max=STEPS_MAX)

    def _claims(self, decoded: Decoded) -> dict[str, Value]:
        return {
            claim.name: decoded.claims[claim.name]
            if claim.name in decoded.claims
            else None
            if claim.nullable
            else plain(claim.type, 1)
            for claim in self.schema.claims
        }

    def _arguments(self, decoded: Decoded, row: Mapping[str, Value]) -> Iterator[dict[str, object]]:
        """Arguments for what the model says nothing of: small, larger, and values of the hidden row."""
        for number in (1, 20, 0):
            given: dict[str, object] = {}
            for parameter in self.query.parameters:
                if parameter.name in decoded.params and not (
                    parameter.optional and decoded.params[parameter.name] is None
                ):
                    given[parameter.name] = decoded.params[parameter.name]
                elif not parameter.optional and parameter.default is None:
                    given[parameter.name] = _argument(parameter, number) if number else _borrowed(parameter, row)
            yield given

    def _run(self, call: Call) -> tuple[tuple[Value, ...], ...] | str:
        tried = attempt_physical(self.plan, Signature.of(self.query), call)
        if tried.outcome is None:
            return f"error: {tried.error.kind.value if tried.error else '?'}"
        rows: Sequence[tuple[Value, ...]] = tried.outcome.rows or ((tried.outcome.affected,),)
        return tuple(rows) if tried.outcome.ordered else tuple(sorted(rows, key=repr))

    # ------------------------------------------------------------------------------------------ making it whole
    def _add_parents(self, tables: Tables) -> None:
        """Rows that foreign keys of the model's rows point at."""
        number = 1000
        for _ in range(ROUNDS_MAX):
            missing = [(key, values) for key, values in self._pointers(tables) if not _there(tables, key, values)]
            if not missing:
                return
            for key, values in missing:
                if not _there(tables, key, values):
                    number += 1
                    target = self.schema.table_by_name[key.target]
                    row: dict[str, Value] = {
                        c.name: None if c.nullable else plain(c.type, number) for c in target.columns
                    }
                    row.update(zip(key.target_columns, values, strict=True))
                    tables.setdefault(key.target, []).append(row)

    def _pointers(self, tables: Tables) -> Iterator[tuple[Any, tuple[Value, ...]]]:
        for name, rows in tuple(tables.items()):
            for key in self.schema.table_by_name[name].foreign_keys:
                for row in tuple(rows):
                    values = tuple(row[c] for c in key.columns)
                    if None not in values:
                        yield key, values

    def _witness(
        self,
        tables: Tables,
        table: Table,
        hidden: Mapping[str, Value],
        decoded: Decoded,
        params: Mapping[str, object],
        answers: Any,
    ) -> Witness:
        frozen_rows = {name: tuple(rows) for name, rows in tables.items() if rows}
        columns = tuple(c.name for c in self.query.result)
        before, after = answers
        return Witness(
            frozen_rows, table.name, dict(hidden), self._claims(decoded), dict(params), before, after, columns
        )


def _tables(decoded: Decoded, blamed: Row | None) -> tuple[Tables, int | None]:
    """Rows by table, each once: rows of the model may be one row."""
    tables: Tables = {}
    place = None
    for row, values in sorted(decoded.rows, key=lambda pair: pair[0] is not blamed):
        rows = tables.setdefault(row.table.name, [])
        key = row.table.primary_key
        same = [i for i, r in enumerate(rows) if r == values or (key and all(r[c] == values[c] for c in key.columns))]
        if row is blamed:
            place = len(rows)
        if not same:
            rows.append(dict(values))
    return tables, place


def _there(tables: Tables, key: Any, values: tuple[Value, ...]) -> bool:
    return any(tuple(row[c] for c in key.target_columns) == values for row in tables.get(key.target, ()))


def _another(table: Table, name: str, value: Value) -> Value:
    """Some other value of a column."""
    type_ = table.by_name[name].type
    if isinstance(type_, Bool):
        return value is not True
    return next(v for v in (plain(type_, 91), plain(type_, 92), value) if v != value or v is value)


def _borrowed(parameter: Parameter, row: Mapping[str, Value]) -> object:
    """A value of the hidden row that the parameter can take."""
    like = _argument(parameter, 1)
    return next((v for v in row.values() if type(v) is type(like)), like)


def _argument(parameter: Parameter, number: int) -> object:
    if parameter.rows_of:
        return [{c.name: plain(c.type, number) for c in parameter.rows_of}]
    if parameter.options:
        return parameter.options[0]
    return number if isinstance(parameter.type, Int) else plain(parameter.type, number)
