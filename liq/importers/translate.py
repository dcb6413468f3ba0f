"""SQL expressions to liq expressions: names resolved, functions inlined, the session's settings turned into claims."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from sqlglot import exp

from liq.importers import calls, conditions, operators, reads, sqltree
from liq.importers.claims import Claims, claims_in
from liq.importers.constants import literal
from liq.importers.database import Database, Table, View, When
from liq.importers.ddl import Fragment, Name
from liq.importers.problems import Place, Unknown, Unsayable
from liq.importers.scopes import Frame, Rows, Scope, Value, path
from liq.importers.sqltree import Node, Tree
from liq.importers.types import Mapped, map_type
from liq.model import codes
from liq.model.stack import stack_room
from liq_grammar import syntax as s

NODES_MAX = 5_000
"""Nodes that one declaration may make: inlined policies and functions can double at every level."""
ALL_NODES_MAX = 500_000
"""Nodes of all declarations of an import."""
LEVELS_MAX = 200
"""Nodes of SQL around one another."""
DEPTH_MAX = 90
"""Nodes of liq around one another in one declaration; the grammar allows a few more."""

R = TypeVar("R", bound=s.Node | Value | reads.Built)
Handler = Callable[["Translator", Any], Value]
_HANDLERS: dict[type[Node], Handler] = {**conditions.HANDLERS, **operators.HANDLERS, **calls.HANDLERS}


class Translator:
    """Translates what belongs to one declaration after the other. ``differs`` is told of small differences."""

    def __init__(self, database: Database, claims: Claims, differs: Callable[[str, Place], None]) -> None:
        self.database = database
        self.claims = claims
        self.differs = differs
        self.definers: frozenset[str] = frozenset()
        self.functions: list[str] = []
        self.guarded: list[Table] = []
        self.trail: list[str] = []
        self.touched: list[Table | View] = []
        self.reserved: dict[Table, set[str]] = {}
        """Names that no link of a table may have: a text over it speaks of outer rows by them."""
        self.trees: dict[tuple[int, int, str, bool], Tree] = {}
        self.spent = self.level = self.spent_in_all = 0
        self.seen: dict[View, tuple[reads.Built, bool] | Unsayable | None] = {}
        self.frame: Frame
        self.reader: Scope

    # ---------------------------------------------------------------------------------------------- ways in
    def parsed(self, fragment: Fragment, *, query: bool = False) -> Tree:
        """The tree of a fragment; each is parsed once, however often it is inlined."""
        key = id(fragment.source), fragment.at, fragment.text, query
        tree = self.trees.get(key)
        if tree is None:
            read = sqltree.query if query else sqltree.expression
            tree = self.trees[key] = read(fragment, self.database.dialect)
        return tree

    def condition(self, fragment: Fragment, when: When, table: Table, invoker: bool = False) -> s.Expr:
        """A condition over a row of a table. ``invoker``: subqueries see what the caller may read."""
        tree = self.parsed(fragment)
        scope = self.row(table, when)
        self._start(Frame(tree, when, scope, "invoker" if invoker else "plain"), scope)
        return self._guarded(fragment, lambda: self.truth(tree.root))

    def value(self, fragment: Fragment, when: When, kind: str, table: Table | None = None) -> Value:
        """An expression whose result is stored as a value of ``kind``; over a row where a table is given."""
        tree = self.parsed(fragment)
        scope = self.row(table, when)
        self._start(Frame(tree, when, scope), scope)
        return self._guarded(fragment, lambda: self.met(self.expression(tree.root), kind, tree.root))

    def over_value(self, fragment: Fragment, when: When, column: str, kind: str) -> s.Expr:
        """The condition of a domain, over a column of that type."""
        tree = self.parsed(fragment)
        scope = Scope(rows=[Rows("", "", {"value": (column, kind)})])
        self._start(Frame(tree, when, scope), scope)
        return self._guarded(fragment, lambda: self.truth(tree.root))

    def query(self, fragment: Fragment, when: When, labels: tuple[str, ...] = ()) -> reads.Built:
        """A query that stands alone, such as that of a view."""
        tree = self.parsed(fragment, query=True)
        scope = Scope()
        self._start(Frame(tree, when, scope), scope)
        return self._guarded(fragment, lambda: reads.query(self, tree.root, labels))

    def row(self, table: Table | None, when: When) -> Scope:
        """A scope over the row at hand, by the name that its table had."""
        rows = [] if table is None else [self.rows_of(table, self.database.name_at(table, when), table.name)]
        return Scope(rows=rows)

    def rows_of(self, table: Table, called: str, alias: str) -> Rows:
        """A table as a source."""
        columns = {}
        for key, column in table.columns.items():
            mapped = map_type(column.type, self.database, column.when)
            columns[key] = column.name, "" if isinstance(mapped, str) or column.generated else mapped.kind
        return Rows(called, alias, columns, table, table.schema)

    def _start(self, frame: Frame, reader: Scope) -> None:
        self.spent = self.level = 0
        self.functions, self.guarded, self.touched, self.trail = [], [], [], []
        self.frame, self.reader = frame, reader

    def _guarded(self, fragment: Fragment, run: Callable[[], R]) -> R:
        try:
            with stack_room():
                found = run()
        except RecursionError:
            raise Unsayable("this is nested too deeply", Place.of(fragment), code=codes.TOO_LARGE) from None
        said = found.expr if isinstance(found, Value) else found.read if isinstance(found, reads.Built) else found
        if _depth(said) > DEPTH_MAX:
            raise Unsayable("this is nested too deeply", Place.of(fragment), code=codes.TOO_LARGE)
        for key in self.claims.closure(claims_in(said)):
            held = self.claims.held[key]
            if not held.path and held.default is None:
                help = "name what it holds: ->> 'sub'"
                raise Unsayable("the whole token has no form in liq", Place.of(fragment), help)
        return found

    def seen_view(self, view: View, node: Node) -> tuple[reads.Built, bool]:
        """What a view gives, and whether a table below it is under row security."""
        if view not in self.seen:
            self.seen[view] = None
            other = Translator(self.database, self.claims, lambda message, place: None)
            other.seen, other.definers, other.reserved = self.seen, self.definers, self.reserved
            other.trees = self.trees
            try:
                built = other.query(view.what.query, view.when, view.what.columns)
                self.seen[view] = built, other.protected()
            except Unsayable as problem:
                self.seen[view] = problem
        found = self.seen[view]
        if found is None or isinstance(found, Unsayable):
            raise self.refuse(node, f"view {view.name} is not imported")
        return found

    def protected(self) -> bool:
        """Whether what was translated last reads a table under row security."""
        for each in self.touched:
            if isinstance(each, Table):
                if each.row_security:
                    return True
            else:
                found = self.seen.get(each)
                if isinstance(found, tuple) and found[1]:
                    return True
        return False

    # ---------------------------------------------------------------------------------------------- in between
    @contextmanager
    def within(self, frame: Frame | None = None, reader: Scope | None = None) -> Iterator[None]:
        """Read what follows with another frame, or let it land in another query."""
        before = self.frame, self.reader
        self.frame, self.reader = frame or self.frame, reader or self.reader
        try:
            yield
        finally:
            self.frame, self.reader = before

    @contextmanager
    def inside(self, held: list[Any], what: Any, name: str) -> Iterator[None]:
        """Remember that a function is being inlined, or a table's policies are."""
        held.append(what)
        self.trail.append(name)
        try:
            yield
        finally:
            held.pop()
            self.trail.pop()

    def way_back(self, name: str) -> str:
        """How what is being inlined came to need ``name`` again."""
        return " → ".join((*self.trail[self.trail.index(name) :], name))

    def place(self, node: Node) -> Place:
        """Where a node stands."""
        return self.frame.tree.place(node)

    def refuse(self, node: Node, message: str, help: str | None = None) -> Unsayable:
        """The problem that liq cannot say a node."""
        return Unsayable(message, self.place(node), help)

    def only(self, node: Node, *allowed: str) -> None:
        """Refuse a node with any argument but these."""
        sqltree.only(node, self.refuse, *allowed)

    def spend(self, node: Node) -> None:
        """Count a node against the limit."""
        self.spent += 1
        self.spent_in_all += 1
        if self.spent > NODES_MAX or self.spent_in_all > ALL_NODES_MAX:
            raise Unsayable("this becomes too large when functions and policies are written out", self.place(node),
                            code=codes.TOO_LARGE)  # fmt: skip

    # ---------------------------------------------------------------------------------------------- expressions
    def expression(self, node: Node) -> Value:
        """Any expression."""
        self.spend(node)
        handler = _HANDLERS.get(type(node))
        if handler is None:
            raise self.refuse(node, f"{sqltree.name_of(node)} has no form in liq")
        if self.level > LEVELS_MAX:
            raise Unsayable("this is nested too deeply", self.place(node), code=codes.TOO_LARGE)
        self.level += 1
        try:
            return handler(self, node)
        finally:
            self.level -= 1

    def truth(self, node: Node) -> s.Expr:
        """A condition; SQLite takes numbers for one."""
        value = self.expression(node)
        if self.database.dialect == "sqlite" and value.kind in ("int", "decimal", "float"):
            if isinstance(value.expr, s.Number):
                return s.Boolean(value.expr.digits.strip("0.") != "")
            return s.Compare("<>", value.expr, s.Number("0"))
        return self.met(value, "bool", node).expr

    def met(self, value: Value, kind: str, node: Node) -> Value:
        """A value where one of ``kind`` is wanted: bare constants take that type, SQLite's 0 and 1 may be bools."""
        expr = value.expr
        if kind in ("", value.kind):
            return value
        if isinstance(expr, s.Text) and value.kind == "text":
            return Value(literal(expr.value, kind, self.place(node)), kind, value.label)
        if self.database.dialect == "sqlite":
            if kind == "bool" and isinstance(expr, s.Number) and expr.text in ("0", "1"):
                return Value(s.Boolean(expr.text == "1"), "bool", value.label)
            if kind in ("int", "decimal", "float") and isinstance(expr, s.Boolean):
                return Value(s.Number("1" if expr.value else "0"), kind, value.label)
            if kind == "text" and isinstance(expr, s.Number):
                return Value(s.Text(expr.text), "text", value.label)
        return value

    def type(self, node: Node) -> Mapped:
        """The type that a cast names."""
        from liq.importers.cursor import Cursor, Unreadable
        from liq.importers.tokens import Lexer, Token
        from liq.model.source import Source

        text = node.sql(dialect=self.database.dialect)
        lexer, tokens = Lexer(text, self.database.dialect), list[Token]()
        while (token := lexer.next()) is not None:
            tokens.append(token)
        cursor = Cursor(Source("", text), tuple(tokens), self.database.dialect, len(text))
        try:
            found = cursor.type() if self.database.dialect == "postgres" else cursor.affinity_type(frozenset())
        except Unreadable:
            raise self.refuse(node, f"type {text} does not exist in liq") from None
        mapped = map_type(found, self.database, self.frame.when)
        if isinstance(mapped, str) or mapped.checks or not cursor.done:
            raise self.refuse(node, mapped if isinstance(mapped, str) else f"a cast to {text} has no form in liq")
        return mapped

    # ---------------------------------------------------------------------------------------------- names
    def column(self, node: exp.Column) -> Value:
        """A name, perhaps with the name of its source before it."""
        self.only(node, "this", "table", "db")
        identifier = node.this
        if not isinstance(identifier, exp.Identifier):
            raise self.refuse(node, "a star has no place here")
        name = self.identifier(identifier)
        parts = [self.identifier(p) for p in (node.args.get("db"), node.args.get("table")) if p is not None]
        scope: Scope | None = self.frame.lookup
        while scope is not None:
            found = self._in_scope(scope, parts, name, node)
            if found is not None:
                return found
            scope = scope.outer
        return self._unknown(node, parts, name)

    def identifier(self, node: Node) -> str:
        """The name that an identifier means, as names are compared."""
        text = str(node.this)
        if node.args.get("quoted"):
            return self.database.fold(text)
        return text.lower()

    def _in_scope(self, scope: Scope, parts: list[str], name: str, node: Node) -> Value | None:
        found: list[tuple[Rows, str]] = []
        for rows in scope.rows:
            called = self.database.fold(rows.called)
            if parts and (parts[-1] != called or (len(parts) > 1 and rows.schema != parts[0])):
                continue
            key = self._current(rows, name)
            if key in rows.columns:
                found.append((rows, key))
        if len(found) > 1:
            raise Unknown(f"column {name} is ambiguous", self.place(node))
        if found:
            ((rows, key),) = found
            value = self._reference(rows, key, node)
            if key != self.database.fold(name):
                value.label = name  # the result of a query keeps the name that the column had
            return value
        if name in scope.parameters and parts in ([], [scope.function]):
            argument = scope.parameters[name]
            with self.within(argument.frame):
                return self.met(self.expression(argument.node), argument.kind, argument.node)
        return None

    def _current(self, rows: Rows, name: str) -> str:
        """The name a column has now, given the one it had when the text was written."""
        column = self.database.column(rows.table, name, self.frame.when) if rows.table else None
        return self.database.fold(column.name) if column is not None else name

    def _reference(self, rows: Rows, key: str, node: Node) -> Value:
        name, kind = rows.columns[key]
        if rows.table is not None and not kind:
            raise self.refuse(node, f"column {name} of {rows.table.name} is not imported")
        alone = len(self.reader.rows) == 1 and self.reader.rows[0] is rows
        self._reach(rows, node)
        return Value(path(name) if alone else path(rows.alias, name), kind, name)

    def _reach(self, rows: Rows, node: Node) -> None:
        """An outer row is reached by its alias, so nothing further in may have that name: no column, no link."""
        passed: list[Rows] = []
        scope: Scope | None = self.reader
        while scope is not None and rows not in scope.rows:
            passed.extend(scope.rows)
            scope = scope.around
        for each in passed if scope is not None else ():
            if self.database.fold(rows.alias) in each.columns:
                raise self.refuse(node, f"{each.called} has a column called {rows.alias}, as the rows around it are",
                                  "give them another name: AS")  # fmt: skip
            if each.table is not None:
                self.reserved.setdefault(each.table, set()).add(rows.alias)

    def _unknown(self, node: exp.Column, parts: list[str], name: str) -> Value:
        special = calls.special_name(self, name) if not parts and not node.this.args.get("quoted") else None
        if special is not None:
            return special
        if self.database.dialect == "sqlite" and not parts:
            if node.this.args.get("quoted"):  # SQLite takes "text" for a string where no column is called so
                return Value(literal(str(node.this.this), "text", self.place(node)), "text")
            if name in ("rowid", "oid", "_rowid_"):
                raise self.refuse(node, "rowid has no form in liq", "name the key column")
        raise Unknown(f"column {'.'.join((*parts, name))} does not exist", self.place(node))

    def function_name(self, node: Node) -> Name:
        """``schema.name`` of a call."""
        parts: list[str] = []
        while isinstance(node, exp.Dot):
            parts.append(self.identifier(node.this) if isinstance(node.this, exp.Identifier) else "?")
            node = node.expression
        return Name((*parts, str(node.this).lower()))


def _depth(node: s.Node) -> int:
    """How many nodes stand around one another."""
    deepest, level = 0, [node]
    while level:
        deepest += 1
        level = [inner for each in level for inner in s.children(each)]
    return deepest
