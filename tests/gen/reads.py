"""Random reads as liq text."""

from __future__ import annotations

from attrs import evolve

from tests.gen.expressions import ORDERED, Expressions, Parameters, Visible, base
from tests.gen.rng import Rng
from tests.gen.schemas import GenSchema, GenTable

SHOWN = ("int", "text", "decimal", "bool", "timestamp", "date", "float", "interval", "uuid")
AGGREGATED = {"int": ("sum", "avg", "min", "max"), "decimal": ("sum", "avg", "min", "max"), "float": ("sum", "min", "max"),
              "text": ("min", "max"), "timestamp": ("min", "max"), "date": ("min", "max"), "bool": ("bool_and", "bool_or")}


def over(rng: Rng, schema: GenSchema, table: GenTable, parameters: Parameters, prefix: str = "") -> Expressions:
    """A writer of expressions over a table."""
    scope = [Visible(prefix + c.name, c) for c in table.columns]
    return Expressions(rng, schema, scope, parameters, table if table.key else None, prefix)


class Reads:
    """Writes whole reads. ``paged`` and ``optional`` parts are for the outermost read of a program only."""

    def __init__(self, rng: Rng, schema: GenSchema, parameters: Parameters) -> None:
        self.rng, self.schema, self.parameters = rng, schema, parameters
        self.optional: set[str] = set()

    def source(self) -> GenTable:
        """A table or a view."""
        if self.schema.views and self.rng.chance(0.15):
            return self.rng.pick(list(self.schema.views.values()))
        return self.rng.pick(self.schema.tables)

    def program(self) -> str:
        """A read of any form."""
        forms = [(3.0, self.plain), (1.6, self.grouped), (1.2, self.joined), (0.8, self.united), (1.2, self.nested),
                 (1.3, self.windowed), (1.0, self.followed), (1.0, self.distinct), (0.8, self.staged), (0.8, self.derived),
                 (1.1, self.made_rows), (1.5, self.family), (1.1, self.paged), (0.9, self.described), (0.9, self.whole),
                 (0.6, self.path_star), (0.7, self.by_subquery)]
        return self.rng.weighted([(w, f) for w, f in forms])

    # ------------------------------------------------------------------------------------------ parts
    def where(self, write: Expressions) -> str:
        """A where clause, mostly."""
        if not self.rng.chance(0.42):
            return ""
        parts = [write.predicate() for _ in range(1 if self.rng.chance(0.7) else 2)]
        return " where " + " and ".join(f"({p})" if " or " in p else p for p in parts)

    def items(self, write: Expressions, count: int | None = None) -> list[str]:
        """Shape items with labels v0, v1 …"""
        return [f"v{i}: {write.expr(self.rng.pick(SHOWN))}" for i in range(count or self.rng.between(1, 3))]

    def keys(self, write: Expressions) -> str:
        """Order keys over columns, the key of the table last."""
        fitting = [v for v in write.scope if base(v.column.type) in ORDERED]
        chosen = [v.text for v in self.rng.sample(self.rng.shuffled(fitting), self.rng.between(0, 2))]
        if write.table is not None and write.table.key:
            chosen += [write.prefix + k for k in write.table.key if write.prefix + k not in chosen]
        return ", ".join(c + self.rng.pick(["", "", " desc", " asc", " desc nulls last", " nulls first"]) for c in chosen)

    def order(self, write: Expressions) -> str:
        """An order clause, or none."""
        keys = self.keys(write)
        return f" order {keys}" if keys and self.rng.chance(0.6) else ""

    def limit(self) -> str:
        """A limit and an offset, or none."""
        if not self.rng.chance(0.35):
            return ""
        text = f" limit {self.rng.pick([0, 1, 2, 3, 4, 5, 6, 7])}"
        return text + (f" offset {self.rng.between(0, 3)}" if self.rng.chance(0.4) else "")

    # ------------------------------------------------------------------------------------------ forms
    def whole(self) -> str:
        """Every column, by one of the ways to say so."""
        table = self.source()
        write = over(self.rng, self.schema, table, self.parameters)
        shape = self.rng.pick(["", " { * }", f" {{ * except ({table.columns[-1].name}) }}" if len(table.columns) > 1 else "", " { *, extra: 1 }"])
        return f"read {table.name}{shape}{self.where(write)}{self.order(write)}{self.limit()}"

    def plain(self) -> str:
        """Columns and expressions of one table and its links."""
        table = self.source()
        write = over(self.rng, self.schema, table, self.parameters)
        shown = [c.name for c in self.rng.sample(table.columns, 2)]
        items = shown + self.items(write)
        separator = ", " if self.rng.chance(0.8) else " "
        if separator == " ":
            items = [shown[0], *[i for i in items[len(shown):]]]
        return f"read {table.name} {{ {separator.join(items)} }}{self.where(write)}{self.order(write)}{self.limit()}"

    def aggregate(self, write: Expressions) -> str:
        """One aggregate call."""
        kind = self.rng.pick(list(AGGREGATED))
        text, number = write.column_of("text"), write.column_of("int")
        part = f" where {write.predicate(2)}" if self.rng.chance(0.25) else ""
        return self.rng.weighted([
            (1.0, lambda: "count()"),
            (0.6, lambda: f"count({self.rng.pick(write.scope).text})"),
            (0.4, lambda: f"count(where {write.predicate(2)})"),
            (0.4, lambda: f"count(distinct {write.leaf('int')})" if write.column_of("int") else "count()"),
            (2.0, lambda: f"{self.rng.pick(AGGREGATED[kind])}({write.expr(kind, 2)}{part})"),
            (0.4, lambda: f"string_agg({write.expr('text', 2)}, ','{part} order {text.text})" if text else "count()"),
            (0.3, lambda: f"array_agg({number.text} order {number.text})" if number else "count()"),
            (0.2, lambda: f"percentile(0.5, {write.expr('float', 2)})"),
        ])

    def grouped(self) -> str:
        """Groups with aggregates, maybe filtered by a further stage."""
        table = self.source()
        write = over(self.rng, self.schema, table, self.parameters)
        write.subqueries = False
        groupable = [v for v in write.scope if base(v.column.type) in ORDERED]
        keys = [v.text for v in self.rng.sample(groupable, self.rng.between(0, 2))]
        aggregates = [f"a{i}: {self.aggregate(write)}" for i in range(self.rng.between(1, 2))]
        computed = []
        number = write.column_of("int")
        if keys and number is not None and self.rng.chance(0.35):
            computed = [f"k: {number.text} + {write.expr('int', 2)}"]
        group = f" group {', '.join(keys + (['k'] if computed else []))}" if keys else ""
        text = f"read {table.name} {{ {', '.join(keys + computed + aggregates + ['n: count()'])} }}{self.where(write)}{group}"
        if self.rng.chance(0.4):
            text += f" | where n >= {self.rng.between(0, 2)}"
            text += f" order n desc{''.join(', ' + k for k in keys)}" if self.rng.chance(0.5) else ""
        elif keys and self.rng.chance(0.4):
            text += f" order {', '.join(keys)}"
        return text

    def joined(self) -> str:
        """Two tables joined on columns of one type."""
        left, right = self.rng.pick(self.schema.tables), self.rng.pick(self.schema.tables)
        pairs = [(a, b) for a in left.columns for b in right.columns
                 if base(a.type) == base(b.type) and a.enum_name == b.enum_name and base(a.type) in ("int", "text", "uuid", "date", "enum")]
        kind = self.rng.pick(["join", "join", "left join", "full join", "inner join"])
        scope = [Visible(f"l.{c.name}", c) for c in left.columns] + [Visible(f"r.{c.name}", c) for c in right.columns]
        write = Expressions(self.rng, self.schema, scope, self.parameters, left, "l.")
        if not pairs or self.rng.chance(0.1):
            head = f"read {left.name} l cross join {right.name} r"
        else:
            a, b = self.rng.pick(pairs)
            extra = f" and {over(self.rng, self.schema, right, self.parameters, 'r.').predicate(3)}" if self.rng.chance(0.3) and kind != "full join" else ""
            head = f"read {left.name} l {kind} {right.name} r on l.{a.name} = r.{b.name}{extra}"
            if kind == "full join":
                write.table = None
        items = [f"x: l.{self.rng.pick(left.columns).name}", f"y: r.{self.rng.pick(right.columns).name}", *self.items(write, 1)]
        return f"{head} {{ {', '.join(items)} }}{self.where(write)}{self.limit() if kind != 'full join' else ''}"

    def united(self) -> str:
        """Set operations."""
        operator = self.rng.pick(["union", "union all", "except", "intersect"])
        kind = self.rng.pick(["int", "text", "decimal", "timestamp"])
        operands = []
        for _ in range(self.rng.between(2, 3) if operator.startswith("union") else 2):
            table = self.source()
            write = over(self.rng, self.schema, table, self.parameters)
            operands.append(f"read {table.name} {{ v: {write.expr(kind, 1)}, w: {write.expr('int', 2)} }}{self.where(write)}")
        tail = " | order v, w" + self.limit() if self.rng.chance(0.4) else ""
        return f" {operator} ".join(operands) + tail

    def nested(self) -> str:
        """Nested objects and lists along links."""
        candidates = [t for t in self.schema.tables if t.links or self.schema.arriving(t.name)]
        if not candidates:
            return self.plain()
        table = self.rng.pick(candidates)
        write = over(self.rng, self.schema, table, self.parameters)
        items = [c.name for c in self.rng.sample(table.columns, 2)]
        for link in table.links:
            target = self.schema.table(link.target)
            if self.rng.chance(0.7):
                items.append(f"{link.name} {{ {', '.join(c.name for c in self.rng.sample(target.columns, 2))} }}")
            if self.rng.chance(0.4):
                items.append(f"from_{link.name}: {link.name}.{self.rng.pick(target.columns).name}")
        for source, link in self.schema.arriving(table.name):
            inner = over(self.rng, self.schema, source, self.parameters)
            inner.subqueries = False
            shown = ", ".join(c.name for c in self.rng.sample(source.columns, 2))
            if link.unique:
                items.append(f"{link.reverse} {{ {shown} }}")
                continue
            clauses = (f"where {inner.predicate(2)} " if self.rng.chance(0.5) else "") + (f"order {self.keys(inner)} " if self.rng.chance(0.6) else "")
            clauses += f"limit {self.rng.between(1, 3)}" if self.rng.chance(0.4) else ""
            items.append(f"{link.reverse}({clauses.strip()}) {{ {shown} }}" if clauses else f"{link.reverse} {{ {shown} }}")
        return f"read {table.name} {{ {', '.join(items)} }}{self.where(write)}{self.order(write)}{self.limit()}"

    def windowed(self) -> str:
        """Window functions, maybe filtered by a further stage."""
        table = self.rng.pick(self.schema.tables)
        write = over(self.rng, self.schema, table, self.parameters)
        fitting = [v.text for v in write.scope if base(v.column.type) in ORDERED]
        part = f"by {self.rng.pick(fitting)} " if self.rng.chance(0.6) else ""
        keys = f"order {self.keys(write)}"
        frame = self.rng.pick(["", " rows between 1 preceding and current row", " rows between unbounded preceding and 1 following", " rows 2 preceding"])
        number = write.column_of("int")
        ordered = self.rng.weighted([
            (1.0, lambda: f"row_number() over ({part}{keys})"), (1.0, lambda: f"rank() over ({part}{keys})"),
            (0.6, lambda: f"dense_rank() over ({part}{keys})"), (0.4, lambda: f"ntile(2) over ({part}{keys})"),
            (1.0, lambda: f"{self.rng.pick(['lag', 'lead', 'first_value', 'last_value'])}({self.rng.pick(write.scope).text}) over ({part}{keys})"),
        ])
        items = ["id", f"w: {ordered}"]
        items.append(f"s: sum({number.text if number else '1'}) over ({part}{keys}{frame})" if self.rng.chance(0.6) else f"c: count() over ({part.strip()})")
        tail = " | where w is not null" if self.rng.chance(0.4) else ""
        return f"read {table.name} {{ {', '.join(items)} }}{self.where(write)}{tail}"

    def followed(self) -> str:
        """Transitive closure along a link of a table to itself, or along two columns of one type."""
        edges = [(t, a, b) for t in self.schema.tables for a in t.columns for b in t.columns
                 if a.name != b.name and a.type == b.type and a.type in ("int", "text", "uuid")]
        if not edges:
            return self.plain()
        table, a, b = self.rng.pick(edges)
        write = over(self.rng, self.schema, table, self.parameters)
        write.subqueries = False
        start = write.parameters.add(base(a.type), False) if self.rng.chance(0.7) else self.rng_literal(a.type)
        tail = " | where depth <= 2" if self.rng.chance(0.3) else ""
        most = f" max {self.rng.between(2, 8)}" if self.rng.chance(0.5) else ""
        return f"read {table.name} {{ {a.name}, {b.name}, depth }}{self.where(write)} follow {a.name} -> {b.name} from {start}{most}{tail}"

    def rng_literal(self, type_: str) -> str:
        """A constant."""
        from tests.gen.values import literal

        return literal(self.rng, base(type_))

    def distinct(self) -> str:
        """Different rows only."""
        table = self.source()
        write = over(self.rng, self.schema, table, self.parameters)
        fitting = [c.name for c in table.columns if base(c.type) in ORDERED]
        items = ", ".join(self.rng.sample(fitting, self.rng.between(1, 2)) or ["id"])
        tail = f" order {items}" if self.rng.chance(0.4) else ""
        return f"read {table.name} {{ {items} }}{self.where(write)} distinct{tail}{self.limit() if tail else ''}"

    def staged(self) -> str:
        """Several stages."""
        table = self.rng.pick(self.schema.tables)
        write = over(self.rng, self.schema, table, self.parameters)
        kind = self.rng.pick(["int", "text", "decimal"])
        first = f"read {table.name} {{ id, v: {write.expr(kind)}, w: {write.expr('int')} }}{self.where(write)}"
        column = evolve(table.columns[0], name="v", type=kind, nullable=True, enum_name=None, auto=False)
        inner = Expressions(self.rng, self.schema, [Visible("v", column), Visible("w", evolve(column, name="w", type="int"))], self.parameters, None, "", 2)
        return first + self.rng.weighted([
            (1.0, lambda: f" | {{ id, v, twice: w + w }} where {inner.predicate(1)}"),
            (1.0, lambda: f" | where {inner.predicate(1)} order v, id"),
            (1.0, lambda: " | { n: count(), m: max(w) }"),
            (0.7, lambda: " | { v, n: count() } group v order n desc, v"),
        ])

    def derived(self) -> str:
        """A read as a source, joined or alone."""
        table, other = self.rng.pick(self.schema.tables), self.rng.pick(self.schema.tables)
        write = over(self.rng, self.schema, table, self.parameters)
        inner = f"(read {table.name} {{ k: {write.expr('int')}, m: id }}{self.where(write)}) q"
        if self.rng.chance(0.5):
            return f"read {inner} {{ k, n: count() }} group k order k"
        fitting = [c.name for c in other.columns if base(c.type) == "int"]
        return f"read {other.name} o left join {inner} on q.k = o.{self.rng.pick(fitting)} {{ o.id, q.k }}" if fitting else f"read {inner}"

    def made_rows(self) -> str:
        """Rows out of series and lists."""
        table = self.rng.pick(self.schema.tables)
        fitting = [c.name for c in table.columns if base(c.type) == "int"]
        if fitting and self.rng.chance(0.6):
            name = self.rng.pick(fitting)
            return f"read series({self.rng.between(-2, 1)}, {self.rng.between(1, 4)}, 1) s left join {table.name} o on o.{name} = s {{ s, n: count(o.id) }} group s order s"
        return self.rng.pick(["read unnest(['a', 'b', null::text]) u order u nulls first", "read series(date '2026-01-30', date '2026-02-02', interval '1 day') d { d }",
                              "read unnest([3, 1, 2]) u { u, v: u * 2 } where u > 1"])

    def family(self) -> str:
        """Optional filters and a choice of orders."""
        table = self.rng.pick(self.schema.tables)
        write = over(self.rng, self.schema, table, self.parameters)
        fitting = [v for v in write.scope if base(v.column.type) in ("int", "text", "uuid", "date", "timestamp")]
        parts = []
        for found in self.rng.sample(fitting, self.rng.between(1, 2)):
            name = self.parameters.add(base(found.column.type), True)
            self.optional.add(name[1:])
            parts.append(f"{found.text} {self.rng.pick(['=', '>=', '<>'])} {name}?")
        if self.rng.chance(0.5):
            parts.append(write.predicate(2))
            parts[-1] = f"({parts[-1]})"
        where = " where " + " and ".join(parts) if parts else ""
        order = ""
        if self.rng.chance(0.65) and len(fitting) > 1:
            name = self.parameters.add("choice", True)
            self.optional.add(name[1:])
            a, b = self.rng.sample(fitting, 2)
            order = f" order choose {name}? {{ first: {a.text}, {', '.join(table.key)}, second: {b.text} desc }}"
        else:
            order = self.order(write)
        return f"read {table.name} {{ id{''.join(', ' + v.text for v in fitting[:2] if v.text != 'id')} }}{where}{order}{self.limit()}"

    def paged(self) -> str:
        """One page after a cursor."""
        table = self.rng.pick(self.schema.tables)
        write = over(self.rng, self.schema, table, self.parameters)
        name = self.parameters.add("cursor", True)
        self.optional.add(name[1:])
        return f"read {table.name} {{ {', '.join(c.name for c in self.rng.sample(table.columns, 3))} }}{self.where(write)} order {self.keys(write)} after {name}? limit {self.rng.between(1, 4)}"

    def path_star(self) -> str:
        """Every column of the row that a link leads to."""
        linked = [(t, link) for t in self.schema.tables for link in t.links]
        if not linked:
            return self.whole()
        table, link = self.rng.pick(linked)
        write = over(self.rng, self.schema, table, self.parameters)
        return f"read {table.name} {{ one: 1, {link.name}.* }}{self.where(write)}"

    def by_subquery(self) -> str:
        """A value that a read gives, shown or compared with."""
        table, other = self.rng.pick(self.schema.tables), self.rng.pick(self.schema.tables)
        inner = over(self.rng, self.schema, other, self.parameters, "z.")
        inner.subqueries = False
        number = inner.column_of("int")
        value = f"(read {other.name} z {{ v: {f'max({number.text})' if number else 'count()'} }}{self.where(inner)})"
        return self.rng.pick([f"read {table.name} {{ id, top: {value} }}", f"read {table.name} {{ id }} where {value} is not null",
                              f"read {table.name} {{ id }} where coalesce({value}, 0) >= 1"])

    def described(self) -> str:
        """The columns of tables."""
        return f"describe {', '.join(t.name for t in self.rng.sample(self.schema.tables, 2))}"
