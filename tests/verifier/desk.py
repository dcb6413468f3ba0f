"""A small schema and plans over it, built by hand: documents of organisations, their members and comments."""

from __future__ import annotations

from itertools import count

from liq.model import ir
from liq.model import physical as p
from liq.model.expr import (
    And,
    Call,
    ClaimRef,
    Column,
    ColumnRef,
    Exists,
    Expr,
    Is,
    Item,
    Literal,
    Or,
    ParamRef,
    Truth,
)
from liq.model.schema import Claim, ForeignKey, Key, Operation, Policy, Schema, Table, TableColumn
from liq.model.types import BOOL, INT, TEXT, TIMESTAMP, Type

READ = frozenset({Operation.READ})
ALL = frozenset(Operation)
_ids = count(100)


def col(table: Table, name: str, id_: int | None = None) -> ColumnRef:
    number = 1 + [c.name for c in table.columns].index(name)
    column = table.columns[number - 1]
    return ColumnRef(number if id_ is None else id_, name, column.type, column.nullable)


def call(name: str, *args: Expr, type_: Type = BOOL) -> Call:
    return Call(name, args, type_, True)


def eq(a: Expr, b: Expr) -> Call:
    return call("=", a, b)


def lit(value, type_: Type = INT) -> Literal:
    return Literal(value, type_)


def null(a: Expr) -> Is:
    return Is(a, Truth.NULL)


ORG = ClaimRef("org", INT, True)
UID = ClaimRef("uid", INT, True)

docs = Table(
    "docs",
    (
        TableColumn("id", INT, False),
        TableColumn("org", INT, True),
        TableColumn("owner", INT, True),
        TableColumn("title", TEXT, True),
        TableColumn("amount", INT, True),
        TableColumn("secret", TEXT, True, sensitive=True),
        TableColumn("deleted", TIMESTAMP, True, tombstone=True),
    ),
    (Key("docs_key", ("id",), primary=True),),
)
members = Table(
    "members",
    (TableColumn("usr", INT, False), TableColumn("org", INT, False), TableColumn("revoked", BOOL, True)),
    (Key("members_key", ("usr", "org"), primary=True),),
)
notes = Table(
    "notes",
    (
        TableColumn("id", INT, False, auto=True),
        TableColumn("doc", INT, False),
        TableColumn("author", INT, True),
        TableColumn("text", TEXT, True),
    ),
    (Key("notes_key", ("id",), primary=True),),
    (ForeignKey("notes_doc", ("doc",), "docs", ("id",), "doc", "notes"),),
)


class Scanned:
    """A scan with fresh ids, and references to its columns by name."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.ids = {c.name: next(_ids) for c in table.columns}
        self.op = p.TableScan(
            table.name,
            tuple(self.ids),
            tuple(Column(self.ids[c.name], c.name, c.type, c.nullable) for c in table.columns),
        )
        self.ir = ir.Scan(table.name, self.op.columns, None, table.name)

    def __getitem__(self, name: str) -> ColumnRef:
        return col(self.table, name, self.ids[name])


def member_of(org: Expr, *, revoked: bool = True, physical: bool = False) -> Exists:
    """exists (members where org = … and usr = @uid and revoked is not true)"""
    m = Scanned(members)
    parts: list[Expr] = [eq(m["org"], org), eq(m["usr"], UID)]
    if revoked:
        parts.append(Is(m["revoked"], Truth.TRUE, negated=True))
    return Exists(p.Select(m.op, And(tuple(parts)), p.Origin.QUERY) if physical else ir.Filter(m.ir, And(tuple(parts))))


def notes_policy(doc: Expr, *, physical: bool = False) -> Exists:
    d = Scanned(docs)
    predicate = And((eq(d["id"], doc), eq(d["org"], ORG), null(d["deleted"])))
    return Exists(p.Select(d.op, predicate, p.Origin.QUERY) if physical else ir.Filter(d.ir, predicate))


CLAIMS = (Claim("org", INT, True, None), Claim("uid", INT, True, None), Claim("role", TEXT, True, None))
TENANT = Schema(
    tables=(docs, members, notes),
    claims=CLAIMS,
    policies=(
        Policy("tenant", "docs", ALL, using=eq(col(docs, "org"), ORG)),
        Policy("own", "members", ALL, using=eq(col(members, "usr"), UID)),
        Policy("by_doc", "notes", ALL, using=notes_policy(col(notes, "doc"))),
    ),
)
MEMBERS = Schema(
    tables=(docs, members, notes),
    claims=CLAIMS,
    policies=(
        Policy("member", "docs", ALL, using=member_of(col(docs, "org"))),
        Policy("own", "members", ALL, using=eq(col(members, "usr"), UID)),
        Policy("open", "notes", ALL, using=Literal(True, BOOL)),
    ),
)


def where(op: p.Operator, *parts: Expr) -> p.Select:
    return p.Select(op, parts[0] if len(parts) == 1 else And(parts), p.Origin.QUERY)


def tenant(d: Scanned) -> tuple[Expr, ...]:
    return eq(d["org"], ORG), null(d["deleted"])


def visible(d: Scanned) -> p.Select:
    """The rows of docs that TENANT lets exist."""
    return where(d.op, *tenant(d))


def show(op: p.Operator, *exprs: Expr) -> p.Compute:
    return p.Compute(op, tuple(Item(Column(next(_ids), f"c{i}", e.type, True), e) for i, e in enumerate(exprs)))


def plan(*ops: p.Operator) -> p.PhysicalPlan:
    return p.PhysicalPlan(tuple(p.Step(op, None, None, True) for op in ops))


def query(op: p.Operator, *params: ir.Parameter) -> ir.Query:
    return ir.Query("q", params, (), (), op.columns)


def fresh(name: str, type_: Type) -> Column:
    return Column(next(_ids), name, type_, True)


def param(name: str, type_: Type = INT) -> ParamRef:
    return ParamRef(name, type_, True)


def parameter(name: str, type_: Type = INT) -> ir.Parameter:
    return ir.Parameter(name, type_, True)


def either(*parts: Expr) -> Or:
    return Or(parts)
