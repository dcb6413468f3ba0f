"""O1 and O10: the SQL of a plan is one constant statement whose values are binds, and read back it is safe by itself.

O1 looks at the text: one statement, no comments, names of the catalog, placeholders that are declared binds at the
place of a
value. O10 reads the text back to algebra, apart from the emitter, and proves of that what O2 and O3 prove of the
plan: so a
mistake of the emitter that widens what is read is refuted on the text itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from liq.model import ir
from liq.model import physical as p
from liq.model.emitted import LetColumn, RowsColumn, SqlPlan, SqlStep, SqlText
from liq.model.expr import ClaimRef, ColumnRef, ParamRef, Relation
from liq.model.node import walk
from liq.model.schema import Schema
from liq_verifier.algebra import Lets, read_operator
from liq_verifier.channels import verify_channels
from liq_verifier.columns import uses
from liq_verifier.obligation import Either, Goal, Kind, Need, Settled, Subject, Verdict
from liq_verifier.reads import Setting, verify_reads
from liq_verifier.sql_queries import QueryReader
from liq_verifier.sql_scalars import Unreadable, function_name
from liq_verifier.sql_writes import read_write
from liq_verifier.upserts import verify_upsert
from liq_verifier.writes import read_change, verify_change

TEXT_MAX = 200_000
WRITES = (p.InsertRows, p.UpdateRows, p.DeleteRows)


def verify_text(
    emitted: SqlPlan, plan: p.PhysicalPlan, query: ir.Query, schema: Schema, lets: Sequence[Lets]
) -> Iterator[Need]:
    """The obligations of everything emitted for one dialect. ``lets``: what is known of named rows before each step."""
    about = emitted.dialect
    if emitted.dialect not in ("postgres", "duckdb"):
        yield _settled(Kind.TEXT, about, "the dialect can be read", "the dialect cannot be read")
        return
    for number, member in enumerate(emitted.members, 1):
        name = f"{about} {number}"
        if [s.step for s in member.steps] != list(range(len(plan.steps))):
            yield _settled(Kind.EMIT, name, "each step of the plan has its statement", "the steps differ")
            continue
        for step in member.steps:
            yield from _step(step, f"{name}.{step.step + 1}", emitted.dialect, plan, query, schema, lets[step.step])


def _settled(kind: Kind, about: str, claim: str, problem: str | None) -> Settled:
    verdict = Verdict.PROVED if problem is None else Verdict.UNKNOWN
    return Settled(Subject(kind, about, claim), verdict, problem or "")


def _step(
    step: SqlStep, about: str, dialect: str, plan: p.PhysicalPlan, query: ir.Query, schema: Schema, lets: Lets
) -> Iterator[Need]:
    claim = "the text is one constant statement, and every value is a bind"
    try:
        tree = parse(step.main.text, dialect)
        problem = _binds(step.main, query, schema) or _shape(tree, step.main)
    except Unreadable as found:
        tree, problem = None, str(found)
    yield _settled(Kind.TEXT, about, claim, problem)
    if tree is None:
        return
    root = plan.steps[step.step].root
    yield from _reading(tree, step.main, about, root, query, schema, lets)


def parse(text: str, dialect: str) -> Any:
    """The one statement of a text."""
    import sqlglot
    from sqlglot import errors, exp

    if len(text) > TEXT_MAX:
        raise Unreadable("the text is too long")
    try:
        tokens = sqlglot.tokenize(text, read=dialect)
        trees = sqlglot.parse(text, read=dialect)
    except (errors.SqlglotError, RecursionError) as problem:
        raise Unreadable("the text does not parse") from problem
    if any(token.comments for token in tokens) or len(trees) != 1 or trees[0] is None:
        raise Unreadable("the text is not one statement without comments")
    tree = trees[0]
    if isinstance(tree, exp.Command) or not isinstance(tree, exp.Query | exp.DML):
        raise Unreadable("the statement neither reads nor writes rows")
    return tree


def _binds(text: SqlText, query: ir.Query, schema: Schema) -> str | None:
    """What is wrong with the binds: they are made of declared parameters and claims, never of columns."""
    declared = {parameter.name for parameter in query.parameters}
    lets = {s.name for s in query.statements if s.name is not None}
    for bind in text.binds:
        for node in walk(bind):
            match node:
                case ParamRef(name) | RowsColumn(name) if name not in declared:
                    return f"a bind of an unknown parameter {name}"
                case ClaimRef(name) if name not in schema.claim_by_name:
                    return f"a bind of an unknown claim {name}"
                case LetColumn(name) if name not in lets:
                    return f"a bind of an unknown let {name}"
                case ColumnRef() | Relation():
                    return "a bind that depends on rows"
                case _:
                    pass
    return None


def _shape(tree: Any, text: SqlText) -> str | None:
    """What is wrong with the tree: placeholders are typed values, functions are of the list, nothing is a command."""
    from sqlglot import exp

    used: set[int] = set()
    for node in tree.walk():
        if isinstance(node, exp.Placeholder | exp.Parameter):
            number = str(node.this.this if isinstance(node.this, exp.Expression) else node.this)
            if not number.isdigit() or not 1 <= int(number) <= len(text.binds):
                return f"placeholder {number} has no bind"
            if not isinstance(node.parent, exp.Cast):
                return f"placeholder {number} has no type"
            used.add(int(number))
        elif isinstance(node, exp.Command | exp.Into | exp.Lock):
            return f"{type(node).__name__} is not part of a plan"
        elif isinstance(node, exp.Anonymous) or (isinstance(node, exp.Func) and not isinstance(node, exp.Connector)):
            try:
                if not isinstance(node, exp.Cast | exp.Case | exp.If | exp.Exists | exp.Any | exp.Coalesce):
                    function_name(node)
            except Unreadable as found:
                return str(found)
    missing = set(range(1, len(text.binds) + 1)) - used
    return f"bind {min(missing)} is not used" if missing else None


# ------------------------------------------------------------------------------------------------- reading back
def _reading(
    tree: Any, text: SqlText, about: str, root: p.Operator, query: ir.Query, schema: Schema, lets: Lets
) -> Iterator[Need]:
    claim = "the text reads the tables of the plan, and is safe by itself"
    reader = QueryReader(schema, text.binds, lets)
    if isinstance(root, p.InsertRows | p.UpdateRows | p.DeleteRows):
        yield from _writing(tree, reader, about, root, query, schema, lets)
        return
    try:
        relation = reader.statement(tree)
    except Unreadable as found:
        yield _settled(Kind.EMIT, about, claim, str(found))
        return
    planned = {n.table for n in walk(root) if isinstance(n, p.TableScan)}
    other = sorted(reader.tables - planned)
    yield _settled(Kind.EMIT, about, claim, f"the text reads {other[0]}, the plan does not" if other else None)
    parameters: Mapping[str, ir.Parameter] = {q.name: q for q in query.parameters}
    setting = Setting(
        schema,
        parameters,
        uses([relation], schema),
        with_deleted=with_deleted(query),
        text_roles=_roles(root, query, schema, lets),
    )
    yield from _as_text(verify_reads(relation, setting), about)


def _writing(
    tree: Any,
    reader: QueryReader,
    about: str,
    root: p.InsertRows | p.UpdateRows | p.DeleteRows,
    query: ir.Query,
    schema: Schema,
    lets: Lets,
) -> Iterator[Need]:
    claim = "the text writes what the plan writes, and is safe by itself"
    try:
        found = read_write(tree, reader, schema)
    except (Unreadable, ValueError, KeyError, AttributeError) as problem:
        yield _settled(Kind.EMIT, about, claim, str(problem) or type(problem).__name__)
        return
    yield _settled(Kind.EMIT, about, claim, _differs(found.root, root))
    parameters: Mapping[str, ir.Parameter] = {q.name: q for q in query.parameters}
    read = [found.answer, *(i.expr for i in found.root.returning)]
    setting = Setting(
        schema,
        parameters,
        uses(read, schema),
        with_deleted=with_deleted(query),
        text_roles=_roles(root, query, schema, lets),
    )
    step = p.Step(found.root, None, None, bool(root.returning))
    change, needs = read_change(step, setting)
    yield from _as_text(needs, about)
    yield from _as_text(verify_change(change, setting), about)
    yield from _as_text(verify_channels(change, setting), about)
    if isinstance(found.root, p.InsertRows) and found.root.upsert is not None:
        yield from _as_text(verify_upsert(found.root.upsert, change, setting), about)
    yield from _as_text(verify_reads(found.answer, setting), about)


def _differs(text: p.Operator, plan: p.Operator) -> str | None:
    """What a text writes that the plan does not."""
    match text, plan:
        case (p.InsertRows(), p.InsertRows()) | (p.UpdateRows(), p.UpdateRows()) | (p.DeleteRows(), p.DeleteRows()):
            table = getattr(text, "table")  # noqa: B009
            if table != getattr(plan, "table"):  # noqa: B009
                return f"the text changes {table}"
        case _:
            return "the text makes another kind of change"
    match text, plan:
        case p.InsertRows(), p.InsertRows() if text.targets != plan.targets:
            return "the text gives other columns values"
        case p.InsertRows(), p.InsertRows() if (text.upsert is None) != (plan.upsert is None):
            return "the text meets conflicts in another way"
        case p.UpdateRows(), p.UpdateRows() if {a.column for a in text.assignments} != {
            a.column for a in plan.assignments
        }:
            return "the text changes other columns"
        case _:
            return None


def _roles(root: p.Operator, query: ir.Query, schema: Schema, lets: Lets) -> dict[str, frozenset[str]]:
    """The roles that may read each table as the plan does."""
    planned = read_operator(root.source if isinstance(root, WRITES) else root, schema, lets)
    shows = not isinstance(root, p.UpdateRows | p.DeleteRows)
    setting = Setting(schema, {}, uses([planned], schema, result=shows), with_deleted=with_deleted(query))
    found: dict[str, frozenset[str]] = {}
    for scan in (n for n in walk(planned) if isinstance(n, ir.Scan)):
        found[scan.table] = found.get(scan.table, frozenset()) | setting.roles_of(scan)
    return found


def with_deleted(query: ir.Query) -> frozenset[str]:
    """The tables of which a query asks for deleted rows too."""
    return frozenset(n.table for n in walk(query) if isinstance(n, ir.Scan) and n.with_deleted)


def _as_text(needs: Iterable[Need], about: str) -> Iterator[Need]:
    """The obligations of the text as parts of O10."""
    for need in needs:
        match need:
            case Goal(subject, build):
                yield Goal(Subject(Kind.EMIT, f"{about} {subject.about}", subject.claim), build)
            case Settled(subject, verdict, reason):
                yield Settled(Subject(Kind.EMIT, f"{about} {subject.about}", subject.claim), verdict, reason)
            case Either(alternatives):
                yield Either(tuple(tuple(_as_text(each, about)) for each in alternatives))
