"""The meaning of programs: compiled SQL with compiled-in policies on PostgreSQL = ``liq.reference`` = the plain query under native
row security = DuckDB for what needs no policies = the physical plan.

A case is a random schema with data and policies, and programs of every construct called by several sessions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import attrs

from liq.model import ir
from liq.model.errors import ErrorKind, LiqError
from liq.model.expr import Expr, Literal, conjunction
from liq.model.node import Node, map_children
from liq.model.types import BOOL
from liq.reference.inputs import typed
from liq.reference.run import Attempt, Call, Signature, attempt, attempt_physical
from tests.campaigns.campaign import Campaign, Case, Failure, Tally
from tests.campaigns.constructs import constructs_of, grammar_constructs
from tests.campaigns.databases import Postgres, postgres
from tests.campaigns.programs import Compiled, compile_program, compile_schema
from tests.campaigns.results import peers_of, same_bag, same_order
from tests.gen.data import make_rows, make_session
from tests.gen.programs import Program, make_program
from tests.gen.rng import Rng
from tests.gen.schemas import GenSchema, make_schema

HASH_KEY = b"campaign"
PROGRAMS = 14
SESSIONS = 2
ROWS_SHARE, POLICY_SHARE, ERROR_SHARE, CONSTRUCT_MIN = 0.5, 0.25, 0.15, 100


@contextmanager
def open_meaning() -> Iterator[Case]:
    """The campaign's case function, over one throw-away server."""
    with postgres() as server:
        yield lambda seed: meaning_case(server, seed)


def meaning_case(server: Postgres, seed: str) -> Tally:
    """One schema with data, several programs, several sessions each."""
    rng = Rng(seed)
    tally = Tally()
    generated = make_schema(rng.fork("schema"))
    schema = compile_schema(generated.text)
    rows = {
        table: [{name: typed(value, schema.table_by_name[table].by_name[name].type) if value is not None else None for name, value in row.items()} for row in records]
        for table, records in make_rows(rng.fork("rows"), generated).items()
    }
    tally.constructs.update(constructs_of(generated.text))
    with server.loaded(schema, rows) as database:
        for number in range(PROGRAMS):
            _program(rng.fork(number), seed, generated, database, tally)
    return tally


def _program(rng: Rng, seed: str, generated: GenSchema, database: Any, tally: Tally) -> None:
    program = make_program(rng, generated)
    compiled = compile_program(program.text, database.schema)
    tally.counts["programs"] += 1
    if isinstance(compiled, str):
        tally.counts["not compiled"] += 1
        tally.failures.append(Failure(seed, f"not compiled: {compiled}", program.text + "\n\n" + generated.text))
        return
    tally.constructs.update(constructs_of(program.text))
    for turn in range(SESSIONS):
        stream = rng.fork(f"call {turn}")
        call = Call(database.schema, database.reference, program.arguments(stream), make_session(stream), hash_key=HASH_KEY)
        problem = _compare(database, compiled, program, call, tally)
        if problem is not None:
            details = f"{program.text}\n\n{generated.text}\narguments {call.params}\nclaims {call.claims}\n\n{problem}"
            tally.failures.append(Failure(seed, problem.splitlines()[0][:200], details))
            return


def _compare(database: Any, compiled: Compiled, program: Program, call: Call, tally: Tally) -> str | None:
    expected = attempt(compiled.query, call)
    tally.counts["compared"] += 1
    _count(expected, compiled.query, call, tally)
    got = database.run(compiled, call)
    problem = _difference(expected, got, compiled.query, call)
    if problem is not None:
        return f"PostgreSQL: {problem}\n{compiled.sql_text()}"
    problem = _difference(expected, _physical(compiled, call), compiled.query, call)
    if problem is not None:
        return f"physical plan: {problem}"
    if program.writes:
        if expected.outcome is not None and not isinstance(got, LiqError):
            return database.settle(expected.outcome.database)
        return database.restore()
    return _natively(database, compiled, call, expected, tally) or _on_duckdb(database, compiled, call, tally)


def _count(expected: Attempt, query: ir.Query, call: Call, tally: Tally) -> None:
    if expected.outcome is None:
        tally.counts["errors"] += 1
        tally.counts[f"error {expected.error.kind.value}" if expected.error else "error"] += 1
        return
    tally.counts["with rows"] += bool(expected.outcome.rows or expected.outcome.affected)
    opened = attempt(without_policies(query), call)
    lost = opened.outcome is None or len(opened.outcome.rows) != len(expected.outcome.rows) or opened.outcome.affected != expected.outcome.affected
    if not lost and opened.outcome is not None:
        lost = not same_bag(opened.outcome.rows, expected.outcome.rows)
    tally.counts["lost to a policy"] += lost


def _physical(compiled: Compiled, call: Call) -> Any:
    tried = attempt_physical(compiled.physical, Signature.of(compiled.query), call)
    return tried.error if tried.error is not None else tried.outcome


def _difference(expected: Attempt, got: Any, query: ir.Query, call: Call) -> str | None:
    """What differs between the reference and another back end; errors need only be among those that may be raised."""
    if isinstance(got, LiqError):
        if got.kind in expected.may_raise:
            return None
        return f"raised {got.kind.value} ({got.message}), expected {_said(expected)}, may raise {sorted(k.value for k in expected.may_raise)}"
    if expected.outcome is None:
        assert expected.error is not None
        lenient = expected.error.kind in _VALUE_ERRORS
        return None if lenient else f"gave rows, expected the error {expected.error.kind.value} ({expected.error.message})"
    if query.ordered:
        equal = same_order(expected.outcome.rows, got.rows, peers_of(query, call, len(expected.outcome.rows)))
    else:
        equal = same_bag(expected.outcome.rows, got.rows)
    if not equal:
        return f"other rows\nexpected {_shown(expected.outcome.rows)}\ngot      {_shown(got.rows)}"
    if not expected.outcome.rows and got.affected != expected.outcome.affected:
        return f"affected {got.affected}, expected {expected.outcome.affected}"
    return None


_VALUE_ERRORS = frozenset({ErrorKind.DIVISION_BY_ZERO, ErrorKind.OUT_OF_RANGE, ErrorKind.INVALID_VALUE, ErrorKind.INVALID_ARGUMENT, ErrorKind.TOO_MANY_ROWS})


def _said(expected: Attempt) -> str:
    return f"the error {expected.error.kind.value}" if expected.error else f"{len(expected.outcome.rows) if expected.outcome else 0} rows"


def _shown(rows: Any) -> str:
    return "\n         ".join(str(row) for row in rows[:12]) or "nothing"


# ------------------------------------------------------------------------------------------------- other oracles
def _natively(database: Any, compiled: Compiled, call: Call, expected: Attempt, tally: Tally) -> str | None:
    """The plain query, its policies left to PostgreSQL's own row security."""
    got = database.run_natively(without_policies(compiled.query), call)
    if got is None:
        return None
    tally.counts["compared natively"] += 1
    problem = _difference(expected, got, compiled.query, call)
    return None if problem is None else f"native row security: {problem}"


def _on_duckdb(database: Any, compiled: Compiled, call: Call, tally: Tally) -> str | None:
    """The query without policies on DuckDB, where it can be said there."""
    plain = without_policies(compiled.query)
    got = database.run_on_duckdb(plain, call)
    if got is None:
        return None
    tally.counts["compared on DuckDB"] += 1
    problem = _difference(attempt(plain, call), got, plain, call)
    return None if problem is None else f"DuckDB: {problem}"


def without_policies(query: ir.Query) -> ir.Query:
    """The query over bare tables: only tombstones stay hidden."""
    bare: ir.Query = _bare(query)
    return bare


def _bare(node: Node) -> Any:
    if isinstance(node, ir.Access):
        kept = tuple(rule for rule in node.rules if rule.kind is ir.RuleKind.TOMBSTONE)
        predicate: Expr = conjunction(tuple(rule.predicate for rule in kept)) or Literal(True, BOOL)
        return ir.Access(predicate, kept)
    if isinstance(node, ir.WriteCheck):
        return attrs.evolve(node, predicate=Literal(True, BOOL), rules=())
    return map_children(node, _bare)


def judge(tally: Tally) -> list[str]:
    """What a run leaves unsaid."""
    counts: Mapping[str, int] = tally.counts
    compared = counts.get("compared", 0)
    if not compared:
        return ["nothing was compared"]
    problems = []
    if counts.get("with rows", 0) < ROWS_SHARE * compared:
        problems.append(f"only {counts.get('with rows', 0)} of {compared} results have rows")
    if counts.get("lost to a policy", 0) < POLICY_SHARE * compared:
        problems.append(f"only {counts.get('lost to a policy', 0)} of {compared} results lose a row to a policy")
    if counts.get("errors", 0) > ERROR_SHARE * compared:
        problems.append(f"{counts.get('errors', 0)} of {compared} are errors")
    missing = Counter({name: tally.constructs[name] for name in grammar_constructs()})
    problems += [f"{name} occurs {count} times" for name, count in sorted(missing.items()) if count < CONSTRUCT_MIN]
    return problems


CAMPAIGN = Campaign("meaning", open_meaning, judge)
