"""The SQL of a write, read back as a write of the physical vocabulary, so that O6, O7 and O8 can be proved of the text.

The text has one form: rows are found or made (``targeted``, ``proposed``), those that a check refuses are counted
(``refused``), and the change (``done``) happens to exactly the rows found, when none is refused. A text of
another form is
refused. Operators made here hold algebra where a plan's hold physical operators.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any, cast

from attrs import frozen

from liq.model import physical as p
from liq.model import types as t
from liq.model.expr import Column, ColumnRef, Expr, Is, Item, Literal, Relation, Truth
from liq.model.ir import Assignment, ConflictAction, Filter, LetScan, Project, Scan
from liq.model.schema import Schema, Table
from liq.model.types import BOOL
from liq_verifier.algebra import Fence
from liq_verifier.fingerprint import replace_columns
from liq_verifier.guard import reference
from liq_verifier.policy import all_of
from liq_verifier.sql_queries import QueryReader
from liq_verifier.sql_scalars import Unreadable

FOUND, MADE, REFUSED, DONE = "targeted", "proposed", "refused", "done"
PLACE = "ctid"
TRUE = Literal(True, BOOL)


@frozen
class TextWrite:
    """A write of a text: the operator it amounts to, and the query that answers."""

    root: p.InsertRows | p.UpdateRows | p.DeleteRows
    answer: Relation


def read_write(tree: Any, reader: QueryReader, schema: Schema) -> TextWrite:
    """The write of a text."""
    with_ = tree.args.get("with_")
    parts = {cte.alias: cte.this for cte in (with_.expressions if with_ is not None else ())}
    if (
        set(parts) - {FOUND, MADE, REFUSED, DONE}
        or DONE not in parts
        or (with_ is not None and with_.args.get("recursive"))
    ):
        raise Unreadable("the write is not of the form that plans have")
    return _Writer(reader, schema, parts).read(tree)


class _Writer:
    def __init__(self, reader: QueryReader, schema: Schema, parts: dict[str, Any]) -> None:
        self._reader, self._schema, self._parts = reader, schema, parts
        self._ids = count(3_000_000)

    def read(self, tree: Any) -> TextWrite:
        """The operator and the answer."""
        done = self._parts[DONE]
        kind = type(done).__name__
        name = MADE if kind == "Insert" else FOUND
        if name not in self._parts or len({FOUND, MADE} & set(self._parts)) != 1:
            raise Unreadable("the rows of a write are found or made in one place")
        with self._reader.pseudo_column(PLACE):
            source = self._reader.query(self._parts[name], {})
        table = self._table(done)
        row = tuple(Column(next(self._ids), c.name, c.type, True) for c in table.columns)
        root: p.InsertRows | p.UpdateRows | p.DeleteRows
        match kind:
            case "Insert":
                root = self._insert(done, source, table, row)
            case "Update":
                root = self._update(done, source, table, row)
            case "Delete":
                root = self._delete(done, source, table)
            case _:
                raise Unreadable(f"{kind} is not a write of plans")
        return TextWrite(root, self._answer(tree, source, name, table, root))

    def _table(self, done: Any) -> Table:
        node = done.this.this if type(done.this).__name__ == "Schema" else done.this
        name = ".".join(x for x in (node.args["db"].name if node.args.get("db") else "", node.name) if x)
        table = self._schema.table_by_name.get(name)
        if table is None:
            raise Unreadable(f"there is no table {name}")
        return table

    # ------------------------------------------------------------------------------------------ checks
    def _checks(self, source: Relation, name: str) -> Iterator[Expr]:
        """The predicates that all rows found or made satisfy where none is refused."""
        refused = self._parts.get(REFUSED)
        if refused is None:
            return
        (item,) = refused.expressions
        for each in _summands(item.this):
            if each.args.get("joins"):
                continue
            yield from self._passing(each, source, name)

    def _passing(self, query: Any, source: Relation, name: str) -> Iterator[Expr]:
        """``SELECT count(*) FROM source WHERE (predicate) IS NOT TRUE``: where it is 0, the predicate is true."""
        if not _is_count(query, name):
            raise Unreadable("rows are refused in another form")
        scope = {name: {c.name: reference(c) for c in source.columns}}
        condition = self._reader.expression(query.args["where"].this, scope)
        match condition:
            case Is(predicate, Truth.TRUE, True):
                yield predicate
            case _:
                raise Unreadable("rows are refused by another condition")

    def _is_gated(self, parts: list[Any]) -> bool:
        return any(part.sql("postgres") == '(SELECT refused."n" FROM refused) = 0' for part in parts)

    # ------------------------------------------------------------------------------------------ the three writes
    def _insert(self, done: Any, source: Relation, table: Table, row: tuple[Column, ...]) -> p.InsertRows:
        targets = tuple(c.name for c in done.this.expressions)
        inner = done.expression
        known = {"expressions", "from_", "where"}
        if {k for k, v in inner.args.items() if v} - known or inner.args["from_"].this.sql() != MADE:
            raise Unreadable("an insert takes its rows from another place")
        scope = {MADE: {c.name: reference(c) for c in source.columns}}
        values = [self._reader.expression(node, scope) for node in inner.expressions]
        items = tuple(Item(Column(next(self._ids), n, v.type, True), v) for n, v in zip(targets, values, strict=True))
        where = inner.args.get("where")
        gated = where is not None and self._is_gated(_parts(where.this))
        check = all_of(tuple(self._checks(source, MADE))) if gated else TRUE
        upsert = self._upsert(done, source, table, targets, gated)
        rows = cast(p.Operator, Project(source, items))
        return p.InsertRows(table.name, targets, rows, row, p.RowCheck(check, ()), upsert, self._returning(done, row))

    def _update(self, done: Any, source: Relation, table: Table, row: tuple[Column, ...]) -> p.UpdateRows:
        rows, see = self._found(source, table)
        self._same_place(done, done.args["from_"].this.sql())
        scope = {FOUND: {c.name: reference(c) for c in source.columns}}
        assigned = []
        for each in done.expressions:
            if type(each).__name__ != "EQ" or type(each.this).__name__ != "Column":
                raise Unreadable("an assignment of another form")
            assigned.append(Assignment(each.this.name, see(self._reader.expression(each.expression, scope))))
        gated = self._is_gated(_parts(done.args["where"].this))
        check = all_of(see(part) for part in self._checks(source, FOUND)) if gated else TRUE
        return p.UpdateRows(
            table.name, cast(p.Operator, rows), tuple(assigned), row, p.RowCheck(check, ()), self._returning(done, row)
        )

    def _delete(self, done: Any, source: Relation, table: Table) -> p.DeleteRows:
        rows, _ = self._found(source, table)
        using = done.args.get("using") or []
        self._same_place(done, using[0].sql() if len(using) == 1 else "")
        scan = _scan(rows)
        shown = _returned(done)
        items = tuple(
            Item(Column(next(self._ids), c.name, c.type, True), reference(c)) for c in scan.columns if c.name in shown
        )
        return p.DeleteRows(table.name, cast(p.Operator, rows), items)

    def _found(self, source: Relation, table: Table) -> tuple[Relation, Any]:
        """The rows that are found, as filters over one scan of the table whose place is taken."""
        if not isinstance(source, Project):
            raise Unreadable("the rows of a change are found in another form")
        scan = _scan(source.input)
        places = [i.expr for i in source.items if isinstance(i.expr, ColumnRef) and i.column.name == PLACE]
        if (
            scan.table != table.name
            or len(places) != 1
            or places[0].id not in {c.id for c in scan.columns if c.name == PLACE}
        ):
            raise Unreadable("a change finds rows of another table")
        made = {i.column.id: i.expr for i in source.items}
        return source.input, lambda expr: replace_columns(expr, made)

    def _same_place(self, done: Any, source: str) -> None:
        """The change is made to the very rows that were found."""
        alias = done.this.alias
        wanted = f'{alias}."{PLACE}" = {FOUND}."{PLACE}"'
        where = done.args.get("where")
        parts = [part.sql("postgres") for part in _parts(where.this)] if where is not None else []
        if source != FOUND or wanted not in parts:
            raise Unreadable("a change is made to other rows than those found")
        extra = {k for k, v in done.args.items() if v} - {"this", "expressions", "from_", "using", "where", "returning"}
        if extra:
            raise Unreadable(f"a change with {min(extra)}")

    def _returning(self, done: Any, row: tuple[Column, ...]) -> tuple[Item, ...]:
        shown = _returned(done)
        return tuple(Item(Column(next(self._ids), c.name, c.type, True), reference(c)) for c in row if c.name in shown)

    # ------------------------------------------------------------------------------------------ conflicts
    def _upsert(
        self, done: Any, source: Relation, table: Table, targets: tuple[str, ...], gated: bool
    ) -> p.Upsert | None:
        conflict = done.args.get("conflict")
        if conflict is None:
            return None
        keys = tuple(k.this.name for k in conflict.args.get("conflict_keys") or ())
        if conflict.args["action"].name == "DO NOTHING":
            return p.Upsert(ConflictAction.SKIP, keys, (), (), (), None, None, (), None)
        if (
            conflict.args["action"].name != "DO UPDATE"
            or conflict.args.get("constraint")
            or conflict.args.get("duplicate")
        ):
            raise Unreadable("a conflict is met in another way")
        existing, excluded, changed = (
            tuple(Column(next(self._ids), c.name, c.type, True) for c in table.columns) for _ in range(3)
        )
        alias = done.this.this.alias
        scope = {alias: {c.name: reference(c) for c in existing}, "excluded": {c.name: reference(c) for c in excluded}}
        assigned = tuple(
            Assignment(each.this.name, self._reader.expression(each.expression, scope)) for each in conflict.expressions
        )
        where = conflict.args.get("where")
        only = None if where is None else self._reader.expression(where.this, scope)
        new = {c.name: reference(c) for c in excluded if c.name in targets}
        visible = all_of(self._meeting(source, table, keys, existing, new)) if gated else TRUE
        check = p.RowCheck(visible, ())
        return p.Upsert(ConflictAction.UPDATE, keys, existing, excluded, assigned, only, check, changed, None)

    def _meeting(
        self,
        source: Relation,
        table: Table,
        keys: tuple[str, ...],
        existing: tuple[Column, ...],
        new: dict[str, ColumnRef],
    ) -> Iterator[Expr]:
        """What the refused rows say of the row that is there, found by exactly the key in conflict."""
        refused = self._parts.get(REFUSED)
        for each in _summands(refused.expressions[0].this) if refused is not None else ():
            joins = each.args.get("joins") or []
            if not joins:
                continue
            (join,) = joins
            alias = join.this.alias
            if join.this.name != table.name or join.args.get("side") or not _is_count(each, MADE, joined=True):
                raise Unreadable("conflicts are refused in another form")
            allowed = {f'{alias}."{k}" = {MADE}."{k}"' for k in keys}
            if table.tombstone is not None and (table.name, frozenset(keys)) not in self._schema.pointed_at:
                allowed.add(f'{alias}."{table.tombstone.name}" IS NULL')
            if not {part.sql("postgres") for part in _parts(join.args["on"])} <= allowed:
                raise Unreadable("conflicts are looked for by another key")
            made = {n: new.get(n, Literal(None, t.NULL)) for n in (c.name for c in source.columns)}
            scope = {alias: {c.name: reference(c) for c in existing}, MADE: cast(dict[str, ColumnRef], made)}
            condition = self._reader.expression(each.args["where"].this, scope)
            match condition:
                case Is(predicate, Truth.TRUE, True):
                    yield predicate
                case _:
                    raise Unreadable("conflicts are refused by another condition")

    # ------------------------------------------------------------------------------------------ the answer
    def _answer(
        self, tree: Any, source: Relation, name: str, table: Table, root: p.InsertRows | p.UpdateRows | p.DeleteRows
    ) -> Relation:
        """The query that shows the rows written: it sees them, the rows found or made, and counts."""
        shown = _returned(self._parts[DONE])
        types = {c.name: c.type for c in table.columns}
        columns = tuple(Column(next(self._ids), n, types.get(n, t.INT), True) for n in shown)
        number = (Column(next(self._ids), "n", t.INT, True),)
        bound = {DONE: LetScan(DONE, columns), REFUSED: LetScan(REFUSED, number), name: LetScan(name, source.columns)}
        bare = tree.copy()
        bare.set("with_", None)
        return self._reader.with_bound(bound, bare)


def _scan(relation: Relation) -> Scan:
    while isinstance(relation, Filter | Fence | Project):
        if isinstance(relation, Project):
            raise Unreadable("the rows of a change are computed")
        relation = relation.input
    if not isinstance(relation, Scan):
        raise Unreadable("the rows of a change come from several places")
    return relation


def _returned(done: Any) -> tuple[str, ...]:
    returning = done.args.get("returning")
    names = []
    for each in returning.expressions if returning is not None else ():
        if type(each).__name__ not in ("Column", "Alias"):
            raise Unreadable("RETURNING of another form")
        names.append(each.alias_or_name)
    return tuple(names)


def _parts(node: Any) -> list[Any]:
    if type(node).__name__ == "And":
        return [*_parts(node.left), *_parts(node.right)]
    return [node]


def _summands(node: Any) -> list[Any]:
    """The counts that are added up."""
    match type(node).__name__:
        case "Add":
            return [*_summands(node.this), *_summands(node.expression)]
        case "Paren" | "Subquery":
            return _summands(node.this)
        case "Select":
            return [node]
        case _:
            raise Unreadable("refused rows are counted in another form")


def _is_count(query: Any, source: str, joined: bool = False) -> bool:
    known = {"expressions", "from_", "where", "joins"} if joined else {"expressions", "from_", "where"}
    counted = [e.sql("postgres").lower() for e in query.expressions] == ["count(*)"]
    return counted and not {k for k, v in query.args.items() if v} - known and query.args["from_"].this.sql() == source
