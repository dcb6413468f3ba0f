"""Building IR by hand, over a small library: authors, books (with a policy and a tombstone), edges of a graph."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal as D
from itertools import count

import attrs

from liq.model import expr as e
from liq.model import ir
from liq.model import schema as s
from liq.model import types as t
from liq.model.functions import AGGREGATES, FUNCTIONS, WINDOWS, resolve
from liq.model.types import Type
from liq.model.values import JsonValue, Value

MOOD = t.Enum("mood", ("low", "mid", "high"))
PRICE = t.Decimal(8, 2)


def _column(name: str, type_: Type, nullable: bool = False, **more: object) -> s.TableColumn:
    return s.TableColumn(name, type_, nullable, **more)  # type: ignore[arg-type]


LIBRARY = s.Schema(
    enums=(MOOD,),
    tables=(
        s.Table(
            "authors",
            (
                _column("id", t.INT), _column("name", t.TEXT), _column("country", t.TEXT, True), _column("born", t.DATE, True),
                _column("score", PRICE, True), _column("rating", t.FLOAT, True), _column("active", t.BOOL),
                _column("tags", t.List(t.TEXT)), _column("meta", t.JSON, True), _column("small", t.INT16, True),
            ),
            keys=(s.Key("authors_pkey", ("id",), primary=True), s.Key("authors_name_key", ("name",))),
            description="who wrote it; -- a comment's quote '",
        ),
        s.Table(
            "books",
            (
                _column("id", t.INT, auto=True), _column("author_id", t.INT, True), _column("title", t.TEXT),
                _column("price", PRICE), _column("pages", t.INT32, True), _column("published", t.TIMESTAMP, True),
                _column("mood", MOOD, True), _column("owner", t.TEXT), _column("deleted_at", t.TIMESTAMP, True, tombstone=True),
            ),
            keys=(s.Key("books_pkey", ("id",), primary=True), s.Key("books_title_key", ("title",))),
            foreign_keys=(
                s.ForeignKey("books_author", ("author_id",), "authors", ("id",), "author", "books", s.OnDelete.CASCADE),
            ),
            checks=(s.Check("has_price", e.Call(">=", (e.ColumnRef(4, "price", PRICE, False), e.Literal(D(0), t.DECIMAL)), t.BOOL, False)),),
            indexes=(
                s.Index("by_owner", (s.IndexKey(e.ColumnRef(8, "owner", t.TEXT, False)),)),
                s.Index("by_words", (s.IndexKey(e.ColumnRef(3, "title", t.TEXT, False)),), method="words"),
            ),
        ),
        s.Table(
            "edges",
            (_column("src", t.TEXT), _column("dst", t.TEXT, True), _column("weight", t.INT)),
        ),
    ),
    claims=(s.Claim("who", t.TEXT, True, "sub"),),
)  # fmt: skip

WHO = e.ClaimRef("who", t.TEXT, True)


def _at(year: int, month: int = 1, day: int = 1, hour: int = 0) -> dt.datetime:
    return dt.datetime(year, month, day, hour, tzinfo=dt.UTC)


ROWS: dict[str, list[dict[str, Value]]] = {
    "authors": [
        {"id": 1, "name": "Ada", "country": "GB", "born": dt.date(1815, 12, 10), "score": D("9.50"), "rating": 4.5, "active": True,
         "tags": ("math", "poetry"), "meta": JsonValue({"a": 1, "b": {"c": "x"}}), "small": 7},
        {"id": 2, "name": "Émile", "country": "FR", "born": None, "score": D("7.25"), "rating": 0.1, "active": True,
         "tags": (), "meta": JsonValue({"a": "not a number"}), "small": 32767},
        {"id": 3, "name": "Zoë \"Q\" O'Neil", "country": None, "born": dt.date(2000, 2, 29), "score": None, "rating": float("nan"),
         "active": False, "tags": ("a,b", 'c"d', "NULL", "\\"), "meta": None, "small": None},
        {"id": 4, "name": "ada", "country": "GB", "born": dt.date(1999, 1, 1), "score": D("-1.00"), "rating": float("-inf"),
         "active": False, "tags": ("math",), "meta": JsonValue(None), "small": -5},
    ],
    "books": [
        {"id": 1, "author_id": 1, "title": "Notes", "price": D("10.00"), "pages": 100, "published": _at(2020, 5, 17, 23), "mood": "low",
         "owner": "ann", "deleted_at": None},
        {"id": 2, "author_id": 1, "title": "More notes", "price": D("12.50"), "pages": 0, "published": _at(2021, 5, 17), "mood": "high",
         "owner": "ann", "deleted_at": None},
        {"id": 3, "author_id": 2, "title": "Travaux", "price": D("0.00"), "pages": None, "published": None, "mood": None,
         "owner": "bob", "deleted_at": None},
        {"id": 4, "author_id": 3, "title": "a_b%", "price": D("99.99"), "pages": 2147483647, "published": _at(2020, 12, 31, 12),
         "mood": "mid", "owner": "ann", "deleted_at": None},
        {"id": 5, "author_id": None, "title": "Anonymous", "price": D("5.00"), "pages": 5, "published": _at(1999), "mood": "low",
         "owner": "ann", "deleted_at": None},
        {"id": 6, "author_id": 4, "title": "Gone", "price": D("5.00"), "pages": 5, "published": _at(1999), "mood": "low",
         "owner": "ann", "deleted_at": _at(2022)},
    ],
    "edges": [
        {"src": "a", "dst": "b", "weight": 1}, {"src": "b", "dst": "c", "weight": 2}, {"src": "c", "dst": "a", "weight": 3},
        {"src": "b", "dst": "d", "weight": 4}, {"src": "d", "dst": None, "weight": 5}, {"src": "a", "dst": "b", "weight": 1},
        {"src": "x", "dst": "y", "weight": 9},
    ],
}  # fmt: skip


class Rel:
    """A relation with its columns at hand as attributes."""

    def __init__(self, relation: e.Relation) -> None:
        self.relation = relation

    def __getitem__(self, name: str) -> e.ColumnRef:
        column = next(c for c in self.relation.columns if c.name == name)
        return e.ColumnRef(column.id, column.name, column.type, column.nullable)

    def key(self, name: str, descending: bool = False, nulls_first: bool | None = None) -> e.SortKey:
        """An order by one of its columns, nulls where PostgreSQL places them."""
        return e.SortKey(self[name], descending, descending if nulls_first is None else nulls_first)


class Build:
    """Makes nodes with fresh column ids."""

    def __init__(self, schema: s.Schema = LIBRARY) -> None:
        self.schema = schema
        self.ids = count(100)

    def column(self, name: str, type_: Type, nullable: bool = True) -> e.Column:
        """A new column."""
        return e.Column(next(self.ids), name, type_, nullable)

    def row(self, table: str) -> tuple[e.Column, ...]:
        """Fresh columns for a row of a table."""
        return tuple(self.column(c.name, c.type, c.nullable) for c in self.schema.table_by_name[table].columns)

    def scan(self, table: str, access: bool = True) -> Rel:
        """A table under its policy: books belong to ``@who``; authors are those of visible books, or French."""
        columns = self.row(table)
        bare = Rel(ir.Scan(table, columns, None, table))
        predicate = self.policy(table, bare) if access else None
        rules = () if predicate is None else (ir.Rule(ir.RuleKind.POLICY, f"{table}_policy", predicate),)
        return Rel(ir.Scan(table, columns, None if predicate is None else ir.Access(predicate, rules), table))

    def policy(self, table: str, row: Rel) -> e.Expr:
        """What must be true of a row."""
        match table:
            case "books":
                return e.And((call("=", row["owner"], WHO), e.Is(row["deleted_at"], e.Truth.NULL)))
            case "authors":
                books = self.scan("books", access=False)
                mine = e.And((call("=", books["author_id"], row["id"]), call("=", books["owner"], WHO)))
                return e.Or((e.Exists(ir.Filter(books.relation, mine)), call("=", row["country"], text("FR"))))
            case _:
                return e.Literal(True, t.BOOL)

    def filter(self, rel: Rel, predicate: e.Expr) -> Rel:
        """where"""
        return Rel(ir.Filter(rel.relation, predicate))

    def project(self, rel: Rel, **items: e.Expr) -> Rel:
        """A shape."""
        made = tuple(e.Item(self.column(name, x.type, x.nullable), x) for name, x in items.items())
        return Rel(ir.Project(rel.relation, made))

    def keep(self, rel: Rel, *names: str) -> Rel:
        """Columns handed on under their own ids."""
        refs = [rel[name] for name in names]
        return Rel(ir.Project(rel.relation, tuple(e.Item(e.Column(r.id, r.name, r.type, r.nullable), r) for r in refs)))

    def join(self, kind: ir.JoinKind, left: Rel, right: Rel, on: e.Expr | None) -> Rel:
        """A join; columns of equal names are found on the left."""
        return Rel(ir.Join(kind, left.relation, right.relation, on))

    def group(self, rel: Rel, keys: Mapping[str, e.Expr], **calls: e.AggregateCall) -> Rel:
        """group"""
        items = tuple(e.Item(self.column(k, x.type, x.nullable), x) for k, x in keys.items())
        made = tuple(e.AggregateItem(self.column(k, c.type, c.nullable), c) for k, c in calls.items())
        return Rel(ir.Aggregate(rel.relation, items, made))

    def window(self, rel: Rel, **calls: e.WindowCall) -> Rel:
        """over"""
        return Rel(ir.Window(rel.relation, tuple(e.WindowItem(self.column(k, c.type, c.nullable), c) for k, c in calls.items())))

    def sort(self, rel: Rel, *keys: e.SortKey) -> Rel:
        """order"""
        return Rel(ir.Sort(rel.relation, keys))

    def limit(self, rel: Rel, number: int | e.Expr | None, offset: int | None = None) -> Rel:
        """limit"""
        counted = integer(number) if isinstance(number, int) else number
        return Rel(ir.Limit(rel.relation, counted, None if offset is None else integer(offset)))

    def distinct(self, rel: Rel) -> Rel:
        """distinct"""
        return Rel(ir.Distinct(rel.relation))

    def combine(self, operator: ir.SetOperator, *inputs: Rel) -> Rel:
        """union and the like"""
        columns = tuple(self.column(c.name, c.type, c.nullable) for c in inputs[0].relation.columns)
        return Rel(ir.SetOperation(operator, tuple(i.relation for i in inputs), columns))

    def values(self, types: Mapping[str, Type], *rows: Sequence[e.Expr]) -> Rel:
        """Literal rows."""
        return Rel(ir.Values(tuple(self.column(k, x) for k, x in types.items()), tuple(tuple(r) for r in rows)))

    def follow(self, rel: Rel, source: str, target: str, start: e.Expr, maximum: int) -> Rel:
        """Transitive closure."""
        depth = self.column("depth", t.INT, False)
        return Rel(ir.Follow(rel.relation, (rel[source].id,), (rel[target].id,), (start,), maximum, depth))


def literal(value: Value, type_: Type) -> e.Literal:
    """A constant."""
    return e.Literal(value, type_)


def text(value: str) -> e.Literal:
    """A constant text."""
    return e.Literal(value, t.TEXT)


def integer(value: int) -> e.Literal:
    """A constant int."""
    return e.Literal(value, t.INT)


def call(name: str, *args: e.Expr) -> e.Call:
    """A function or operator, its arguments converted as the front end does."""
    resolved = resolve(FUNCTIONS, name, [a.type for a in args])
    assert resolved is not None, (name, [a.type for a in args])
    made = tuple(a if _same(a.type, w) else e.Cast(a, w) for a, w in zip(args, resolved.arguments, strict=True))
    return e.Call(name, made, resolved.result, True)


def _same(actual: Type, wanted: Type) -> bool:
    narrow = isinstance(actual, t.Int) and isinstance(wanted, t.Int)
    return actual == wanted or narrow or (isinstance(actual, t.Decimal) and wanted == t.DECIMAL)


def aggregate(name: str, *args: e.Expr, **more: object) -> e.AggregateCall:
    """An aggregate."""
    resolved = resolve(AGGREGATES, name, [a.type for a in args])
    assert resolved is not None, name
    made = tuple(a if _same(a.type, w) else e.Cast(a, w) for a, w in zip(args, resolved.arguments, strict=True))
    return e.AggregateCall(name, made, resolved.result, True, **more)  # type: ignore[arg-type]


def window(name: str, *args: e.Expr, **more: object) -> e.WindowCall:
    """A window function."""
    resolved = resolve({**AGGREGATES, **WINDOWS}, name, [a.type for a in args])
    assert resolved is not None, name
    made = tuple(a if _same(a.type, w) else e.Cast(a, w) for a, w in zip(args, resolved.arguments, strict=True))
    return e.WindowCall(name, made, resolved.result, True, **more)  # type: ignore[arg-type]


def query(*bodies: Rel | ir.Statement, parameters: Sequence[ir.Parameter] = (), ordered: bool = False) -> ir.Query:
    """A query of statements; the result is all of the last one's."""
    statements = tuple(b if isinstance(b, ir.Statement) else ir.Statement(b.relation) for b in bodies)
    return ir.Query("q", tuple(parameters), (), statements, statements[-1].body.columns, ordered)


def parameter(name: str, type_: Type, **more: object) -> ir.Parameter:
    """A parameter."""
    return attrs.evolve(ir.Parameter(name, type_, False), **more)  # type: ignore[arg-type]


def param(name: str, type_: Type) -> e.ParamRef:
    """A use of a parameter."""
    return e.ParamRef(name, type_, True)
