"""Random well-typed expressions as liq text."""

from __future__ import annotations

from collections.abc import Callable

from attrs import define, field, frozen

from tests.gen import values
from tests.gen.rng import Rng
from tests.gen.schemas import GenColumn, GenSchema, GenTable

Option = tuple[float, Callable[[], str]]
ORDERED = ("int", "float", "decimal", "text", "date", "time", "timestamp", "interval", "uuid", "bool", "bytes", "enum")


def base(type_: str) -> str:
    """The type an expression of that column computes in."""
    word = type_.partition("(")[0]
    return "int" if word in ("int16", "int32") else word


@frozen
class Visible:
    """A column in scope: how it is written, and what it is."""

    text: str
    column: GenColumn


@define
class Parameters:
    """The parameters that a program declares while it is written: name to (type, may be null, labels)."""

    rng: Rng
    declared: dict[str, tuple[str, bool, tuple[str, ...]]] = field(factory=dict)

    def add(self, type_: str, nullable: bool, column: GenColumn | None = None) -> str:
        """A new parameter of this type, as text."""
        name = f"p{len(self.declared)}"
        self.declared[name] = (column.enum_name or type_ if column else type_, nullable, column.labels if column else ())
        return f"${name}"


@define
class Expressions:
    """Writes expressions over a scope. ``links``: paths may follow links from ``table`` (written under ``prefix``)."""

    rng: Rng
    schema: GenSchema
    scope: list[Visible]
    parameters: Parameters
    table: GenTable | None = None
    prefix: str = ""
    depth_max: int = 3
    subqueries: bool = True

    # ------------------------------------------------------------------------------------------ leaves
    def column_of(self, type_: str) -> Visible | None:
        """A visible column of a type."""
        fitting = [v for v in self.scope if base(v.column.type) == type_]
        return self.rng.pick(fitting) if fitting else None

    def leaf(self, type_: str, like: GenColumn | None = None) -> str:
        """A column, a parameter, a claim or a constant."""
        found = self.column_of(type_) if like is None else None
        if found is not None and self.rng.chance(0.75):
            return found.text
        if type_ in ("int", "text", "uuid") and self.rng.chance(0.08):
            return {"int": "@org", "text": "@team", "uuid": "@uid"}[type_]
        if self.rng.chance(0.2):
            declared = "decimal(8, 2)" if type_ == "decimal" else type_
            return self.parameters.add(declared, self.rng.chance(0.3), like)
        return values.literal(self.rng, type_, like.labels if like else ("low",))

    def expr(self, type_: str, depth: int = 0) -> str:
        """An expression of a type, at most ``depth_max`` deep."""
        if depth >= self.depth_max or self.rng.chance(0.35):
            return self.leaf(type_) if type_ != "bool" else self.predicate(depth + 1)
        options: list[Option] = [(2.0, lambda: self.leaf(type_)), (0.6, lambda: self.case(type_, depth)), (0.5, lambda: self.coalesce(type_, depth))]
        options += getattr(self, f"_{type_}", lambda depth: [])(depth)
        if self.subqueries and depth == 0:
            options += self._link_values(type_)
        return self.rng.weighted(options)

    def case(self, type_: str, depth: int) -> str:
        """A case expression."""
        part = lambda: self.expr(type_, depth + 1)  # noqa: E731
        other = f" else {part()}" if self.rng.chance(0.7) else ""
        return f"case when {self.predicate(depth + 1)} then {part()}{other} end"

    def coalesce(self, type_: str, depth: int) -> str:
        """The first value that is there."""
        return f"coalesce({self.expr(type_, depth + 1)}, {self.expr(type_, depth + 1)})"

    # ------------------------------------------------------------------------------------------ by type
    def _int(self, depth: int) -> list[Option]:
        part = lambda: self.expr("int", depth + 1)  # noqa: E731
        text = lambda: self.expr("text", depth + 1)  # noqa: E731
        return [
            (2.0, lambda: f"({part()} {self.rng.pick(['+', '-', '*'])} {part()})"),
            (0.5, lambda: f"({part()} {self.rng.pick(['/', '%'])} nullif({part()}, 0))"),
            (0.05, lambda: f"({part()} / {part()})"),
            (0.5, lambda: f"-({self.leaf('int')})" if self.rng.chance(0.3) else f"abs({part()})"),
            (1.0, lambda: f"length({text()})"),
            (0.4, lambda: f"position({text()}, {text()})"),
            (0.4, lambda: f"{self.rng.pick(['greatest', 'least'])}({part()}, {part()})"),
            (0.3, lambda: f"({self.expr('date', depth + 1)} - {self.expr('date', depth + 1)})"),
            (0.3, lambda: f"date_part('{self.rng.pick(['year', 'month', 'day', 'dow', 'hour'])}', {self.expr('timestamp', depth + 1)})::int"),
            (0.3, lambda: f"({text()})::int?"),
            (0.3, lambda: f"cardinality({self.lists()})"),
            (0.2, lambda: f"array_position({self.lists()}, {self.leaf('text')})"),
            (0.3, lambda: f"{self.json_path()}::int?"),
        ]

    def _decimal(self, depth: int) -> list[Option]:
        part = lambda: self.expr("decimal", depth + 1)  # noqa: E731
        return [
            (2.0, lambda: f"({part()} {self.rng.pick(['+', '-', '*'])} {part()})"),
            (0.6, lambda: f"({part()} / nullif({part()}, 0))"),
            (0.8, lambda: f"round({part()}, {self.rng.between(0, 2)})"),
            (0.4, lambda: f"{self.rng.pick(['floor', 'ceil', 'trunc', 'abs', 'sign'])}({part()})"),
            (0.5, lambda: f"({self.expr('int', depth + 1)})::decimal"),
            (0.3, lambda: f"({part()} % nullif({part()}, 0))"),
            (0.2, lambda: f"({self.expr('text', depth + 1)})::decimal?"),
        ]

    def _float(self, depth: int) -> list[Option]:
        part = lambda: self.expr("float", depth + 1)  # noqa: E731
        return [
            (1.5, lambda: f"({part()} {self.rng.pick(['+', '-', '*'])} {part()})"),
            (0.4, lambda: f"({part()} / nullif({part()}, 0))"),
            (0.5, lambda: f"({self.expr('int', depth + 1)})::float"),
            (0.3, lambda: f"sqrt(abs({part()}))"),
            (0.4, lambda: f"{self.rng.pick(['floor', 'ceil', 'abs', 'round', 'trunc'])}({part()})"),
        ]

    def _text(self, depth: int) -> list[Option]:
        part = lambda: self.expr("text", depth + 1)  # noqa: E731
        small = lambda: str(self.rng.between(0, 3))  # noqa: E731
        return [
            (1.5, lambda: f"({part()} || {part()})"),
            (1.0, lambda: f"{self.rng.pick(['lower', 'upper', 'trim', 'ltrim', 'rtrim', 'reverse', 'md5'])}({part()})"),
            (0.8, lambda: f"substring({part()}, {self.rng.between(-1, 3)}, {small()})"),
            (0.5, lambda: f"{self.rng.pick(['left', 'right'])}({part()}, {self.rng.between(-2, 3)})"),
            (0.4, lambda: f"replace({part()}, {part()}, {part()})"),
            (0.3, lambda: f"split_part({part()}, 'b', {self.rng.between(1, 2)})"),
            (0.3, lambda: f"lpad({part()}, {small()}, 'xy')"),
            (0.4, lambda: f"mask({part()}, 1, {small()})"),
            (0.2, lambda: f"hash({part()})"),
            (0.8, lambda: f"({self.expr(self.rng.pick(['int', 'decimal', 'uuid', 'date', 'timestamp', 'interval', 'time']), depth + 1)})::text"),
            (0.3, lambda: f"concat({part()}, {part()})"),
            (1.0, lambda: f"{self.json_path()}::text?"),
            (0.4, lambda: f"{self.lists()}[{small()}]"),
            (0.3, lambda: f"nullif({part()}, {part()})"),
            (0.2, lambda: f"array_to_string({self.lists()}, '-')"),
        ]

    def _date(self, depth: int) -> list[Option]:
        return [
            (1.0, lambda: f"({self.expr('date', depth + 1)} {self.rng.pick(['+', '-'])} {self.rng.between(0, 40)})"),
            (0.6, lambda: f"({self.expr('timestamp', depth + 1)})::date"),
        ]

    def _timestamp(self, depth: int) -> list[Option]:
        part = lambda: self.expr("timestamp", depth + 1)  # noqa: E731
        unit = lambda: self.rng.pick(["day", "month", "year", "hour", "week", "quarter"])  # noqa: E731
        return [
            (1.0, lambda: f"({part()} {self.rng.pick(['+', '-'])} {self.expr('interval', depth + 1)})"),
            (0.8, lambda: f"date_trunc('{unit()}', {part()})"),
            (0.4, lambda: f"({self.expr('date', depth + 1)})::timestamp"),
            (0.3, lambda: "now()"),
        ]

    def _interval(self, depth: int) -> list[Option]:
        return [
            (0.8, lambda: f"({self.expr('timestamp', depth + 1)} - {self.expr('timestamp', depth + 1)})"),
            (0.6, lambda: f"({self.expr('interval', depth + 1)} + {self.expr('interval', depth + 1)})"),
            (0.4, lambda: f"({self.expr('interval', depth + 1)} * {self.rng.between(-2, 3)})"),
        ]

    def lists(self) -> str:
        """A list of text."""
        found = self.column_of("text[]")
        if found is not None and self.rng.chance(0.7):
            return found.text
        return "[" + ", ".join(values.quote(self.rng.pick(values.TEXTS)) for _ in range(self.rng.between(1, 3))) + "]"

    def json_path(self) -> str:
        """A step or two into a JSON column, or into a constant."""
        found = self.column_of("json")
        steps = self.rng.pick([".a", ".a.b", ".b[1]", "['a']", "[0]"])
        if found is None:
            return f"({values.literal(self.rng, 'json')}){steps}"
        return found.text + steps

    # ------------------------------------------------------------------------------------------ predicates
    def predicate(self, depth: int = 0) -> str:
        """A three-valued predicate."""
        options: list[Option] = [(4.0, lambda: self.comparison(depth)), (1.2, self.null_test), (1.0, lambda: self.membership(depth)), (0.8, lambda: self.pattern(depth))]
        found = self.column_of("bool")
        if found is not None:
            options.append((1.0, lambda: self.rng.pick([found.text, f"not {found.text}", f"{found.text} is not true", f"{found.text} is false"])))
        if depth < self.depth_max:
            inner = lambda: self.predicate(depth + 1)  # noqa: E731
            options += [(1.2, lambda: f"({inner()} and {inner()})"), (1.2, lambda: f"({inner()} or {inner()})"), (0.7, lambda: f"not ({inner()})")]
        if self.subqueries and depth <= 1:
            options += self._subquery_predicates()
        return self.rng.weighted(options)

    def comparison(self, depth: int) -> str:
        """Two operands of one type compared."""
        operator = self.rng.pick(["=", "=", "<>", "<", "<=", ">", ">=", "!=", "is distinct from", "is not distinct from"])
        found = self.rng.pick(self.scope) if self.scope else None
        if found is None or found.column.type in ("json", "bool") or found.column.type.endswith("[]"):
            return f"{self.expr('int', depth + 1)} {operator} {values.literal(self.rng, 'int')}"
        kind = base(found.column.type)
        if self.rng.chance(0.1):
            low, high = values.literal(self.rng, kind, found.column.labels), self.leaf(kind, found.column)
            return f"{found.text} {self.rng.pick(['', 'not '])}between {low} and {high}"
        if self.rng.chance(0.1):
            return self.row_comparison(operator)
        if kind == "enum":
            return f"{found.text} {operator} {self.leaf('enum', found.column)}"
        other = self.expr(kind, depth + 1) if self.rng.chance(0.4) else self.leaf(kind, found.column)
        return f"{found.text} {operator} {other}" if other != found.text else f"{found.text} is not null"

    def row_comparison(self, operator: str) -> str:
        """Two rows compared."""
        plain = [v for v in self.scope if base(v.column.type) in ("int", "text", "timestamp", "date", "uuid")]
        if len(plain) < 2 or "distinct" in operator:
            return self.null_test()
        left = self.rng.sample(plain, 2)
        right = [self.leaf(base(v.column.type), v.column) for v in left]
        return f"({left[0].text}, {left[1].text}) {operator} ({right[0]}, {right[1]})"

    def null_test(self) -> str:
        """Whether something is null."""
        what = self.rng.pick(self.scope).text if self.scope else self.leaf("int")
        return f"{what} is {self.rng.pick(['', 'not '])}null"

    def membership(self, depth: int) -> str:
        """A value in a list of some kind."""
        plain = [v for v in self.scope if base(v.column.type) in ("int", "text", "uuid", "date", "enum")]
        if not plain:
            return self.null_test()
        found = self.rng.pick(plain)
        kind = base(found.column.type)
        no = self.rng.pick(["", "", "not "])
        listed = [values.literal(self.rng, kind, found.column.labels) for _ in range(self.rng.between(1, 3))]
        if kind == "text" and self.rng.chance(0.3):
            return f"{found.text} {no}in {self.lists()}"
        if kind != "enum" and self.rng.chance(0.3):
            return f"{found.text} {no}in {self.parameters.add(kind + '[]', False)}"
        if kind == "text" and self.rng.chance(0.2):
            return f"{self.rng.pick(['has_any', 'has_all'])}({self.lists()}, {self.lists()})"
        return f"{found.text} {no}in ({', '.join(listed)})"

    def pattern(self, depth: int) -> str:
        """Text matched."""
        operand = self.expr("text", depth + 1)
        pattern = self.rng.pick(["'a%'", "'%b%'", "'_'", "'%\\%%'", "'A_'", "''"])
        text = lambda: self.leaf("text")  # noqa: E731
        return self.rng.weighted([
            (1.0, lambda: f"{operand} {self.rng.pick(['', 'not '])}{self.rng.pick(['like', 'ilike'])} {pattern}"),
            (0.7, lambda: f"{self.rng.pick(['starts_with', 'ends_with', 'contains'])}({operand}, {text()})"),
            (0.4, lambda: f"replace(replace({operand}, 'é', 'e'), '日本', 'x y') matches {values.quote(self.rng.pick(['a', 'x y', 'li', 'A e', '', '10']))}"),
        ])

    # ------------------------------------------------------------------------------------------ links and subqueries
    def _link_values(self, type_: str) -> list[Option]:
        if self.table is None:
            return []
        options: list[Option] = []
        for link in self.table.links:
            fitting = [c for c in self.schema.table(link.target).columns if base(c.type) == type_]
            if fitting:
                options.append((0.8, lambda k=link, f=fitting: f"{self.prefix}{k.name}.{self.rng.pick(f).name}"))  # type: ignore[misc]
        for source, link in self.schema.arriving(self.table.name):
            if link.unique:
                continue
            fitting = [c for c in source.columns if base(c.type) == type_]
            where = lambda s=source: f" where {self.inner(s).predicate(2)}" if self.rng.chance(0.5) else ""  # noqa: E731
            if type_ == "int":
                options.append((0.8, lambda k=link, w=where: f"count({self.prefix}{k.reverse}{w()})"))  # type: ignore[misc]
            if fitting and type_ in ("int", "decimal", "text", "timestamp", "date", "float"):
                options.append((0.5, lambda k=link, f=fitting: f"{self.rng.pick(['min', 'max'])}({self.prefix}{k.reverse}.{self.rng.pick(f).name})"))  # type: ignore[misc]
        if type_ in ("int", "text", "timestamp"):
            options.append((0.4, lambda: self._scalar_read(type_)))
        return options

    def inner(self, table: GenTable, alias: str = "") -> Expressions:
        """A writer for a subquery over a table: its columns only, no further subqueries."""
        prefix = f"{alias}." if alias else ""
        scope = [Visible(prefix + c.name, c) for c in table.columns]
        return Expressions(self.rng, self.schema, scope, self.parameters, None, prefix, 2, False)

    def _scalar_read(self, type_: str) -> str:
        fitting = [(t, c) for t in self.schema.tables for c in t.columns if base(c.type) == type_]
        if not fitting:
            return self.leaf(type_)
        table, column = self.rng.pick(fitting)
        where = f" where {self.inner(table, 'z').predicate(2)}" if self.rng.chance(0.7) else ""
        return f"(read {table.name} z {{ v: {self.rng.pick(['min', 'max'])}(z.{column.name}) }}{where})"

    def _subquery_predicates(self) -> list[Option]:
        options: list[Option] = [(0.6, self._in_read), (0.5, self._exists_read)]
        if self.table is not None:
            for source, link in self.schema.arriving(self.table.name):
                if not link.unique:
                    options.append((0.8, lambda s=source, k=link: f"{self.rng.pick(['', 'not '])}exists ({self.prefix}{k.reverse} where {self.inner(s).predicate(2)})"))  # type: ignore[misc]
        return options

    def _in_read(self) -> str:
        plain = [v for v in self.scope if base(v.column.type) in ("int", "text", "uuid")]
        if not plain:
            return self.null_test()
        found = self.rng.pick(plain)
        fitting = [(t, c) for t in self.schema.tables for c in t.columns if base(c.type) == base(found.column.type)]
        if not fitting:
            return self.null_test()
        table, column = self.rng.pick(fitting)
        where = f" where {self.inner(table, 'y').predicate(2)}" if self.rng.chance(0.6) else ""
        return f"{found.text} {self.rng.pick(['', 'not '])}in (read {table.name} y {{ y.{column.name} }}{where})"

    def _exists_read(self) -> str:
        table = self.rng.pick(self.schema.tables)
        column = self.rng.pick(table.columns)
        outer = [v for v in self.scope if v.column.type == column.type and column.type in ("int", "text", "uuid", "date") and "." in v.text]
        joined = f"w.{column.name} = {self.rng.pick(outer).text}" if outer else self.inner(table, "w").predicate(2)
        return f"{self.rng.pick(['', 'not '])}exists (read {table.name} w where {joined} and {self.inner(table, 'w').predicate(2)})"
