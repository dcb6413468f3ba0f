"""Random programs: reads, writes, and plans of several statements, with the arguments to call them with."""

from __future__ import annotations

from typing import Any

from attrs import frozen

from tests.gen import values
from tests.gen.expressions import Expressions, Parameters, base
from tests.gen.reads import Reads, over
from tests.gen.rng import Rng
from tests.gen.schemas import GenColumn, GenSchema, GenTable


@frozen
class Program:
    """A query declaration. ``parameters``: name to (type, may be null, labels); ``optional`` may be left out."""

    text: str
    parameters: dict[str, tuple[str, bool, tuple[str, ...]]]
    optional: frozenset[str]
    writes: bool

    def arguments(self, rng: Rng) -> dict[str, Any]:
        """Arguments of the declared types; optional ones are sometimes left out, cursors always (pages start at the first)."""
        result: dict[str, Any] = {}
        for name, (type_, nullable, labels) in self.parameters.items():
            if name in self.optional and (type_ == "cursor" or rng.chance(0.4)):
                continue
            if type_.startswith("rows of "):
                result[name] = [dict(row) for row in labels]  # type: ignore[arg-type]
            elif type_ == "choice":
                result[name] = rng.pick(["first", "second"])
            elif nullable and rng.chance(0.2):
                result[name] = None
            else:
                result[name] = values.value(rng, "enum" if labels else type_, labels)
        return result


def make_program(rng: Rng, schema: GenSchema, name: str = "q") -> Program:
    """A program of any form."""
    parameters = Parameters(rng)
    reads = Reads(rng, schema, parameters)
    writes = Writes(rng, schema, parameters)
    kind = rng.weighted([(7.0, lambda: "read"), (2.0, lambda: "write"), (0.5, lambda: "plan"), (0.7, lambda: "lets")])
    body = {"read": reads.program, "write": writes.statement, "plan": writes.plan, "lets": lambda: lets(rng, reads)}[kind]()
    declared = ", ".join(
        f"${n}: {t.removeprefix('rows of ')}{'[]' if t.startswith('rows of ') else ''}{'?' if null else ''}"
        for n, (t, null, _) in parameters.declared.items() if t not in ("choice", "cursor")
    )  # fmt: skip
    undeclared = any(t in ("choice", "cursor") for t, _, _ in parameters.declared.values())
    head = f"query {name}" + (f"({declared})" if declared and not undeclared else "")
    text = f"{head} {{\n{body}\n}}" if kind in ("plan", "lets") else f"{head} = {body}"
    return Program(text, dict(parameters.declared), frozenset(reads.optional), kind in ("write", "plan"))


def lets(rng: Rng, reads: Reads) -> str:
    """Rows named by let, read again as a source and as a list."""
    table = rng.pick(reads.schema.tables)
    write = over(rng, reads.schema, table, reads.parameters)
    first = f"  let a = read {table.name} {{ id, v: {write.expr('int')} }}{reads.where(write)}\n"
    return first + rng.pick([
        "  read a { n: count(), m: max(v) }",
        f"  read {table.name} {{ id }} where id in a.id order id",
        "  let b = read a { v, n: count() } group v\n  read b where n > 0 order n desc, v",
        f"  read {table.name} o join a on a.id = o.id {{ o.id, a.v }} order id",
    ])


class Writes:
    """Writes statements that change rows."""

    def __init__(self, rng: Rng, schema: GenSchema, parameters: Parameters) -> None:
        self.rng, self.schema, self.parameters = rng, schema, parameters

    def statement(self) -> str:
        """One write."""
        return self.rng.weighted([(1.5, self.insert), (1.7, self.update), (1.2, self.delete), (1.0, self.copy), (0.7, self.from_rows)])

    def plan(self) -> str:
        """Some statements in one transaction."""
        return "\n".join("  " + self.statement() for _ in range(self.rng.between(2, 3)))

    def cell(self, table: GenTable, column: GenColumn) -> str:
        """A new value for a column."""
        links = {link.column for link in table.links}
        kind = base(column.type)
        if column.nullable and self.rng.chance(0.2):
            return "null"
        if column.name in links and kind == "int":
            return str(self.rng.between(1, 5))
        if self.rng.chance(0.15) and kind in ("int", "uuid", "text") and column.nullable:
            return {"int": "@org", "uuid": "@uid", "text": "@team"}[kind]
        if self.rng.chance(0.3) and column.type != "enum":
            return self.parameters.add("decimal(8, 2)" if kind == "decimal" else column.type, False, column)
        return values.literal(self.rng, column.type, column.labels)

    def record(self, table: GenTable) -> str:
        """One row."""
        entries = []
        for column in table.columns:
            if column.auto or column.name == table.tombstone:
                continue
            if (column.nullable or column.default is not None) and self.rng.chance(0.3):
                continue
            entries.append(f"{column.name}: {self.fresh_id(column) if column.name == 'id' else self.cell(table, column)}")
        return "{ " + ", ".join(entries) + " }"

    def fresh_id(self, column: GenColumn) -> str:
        """A key that is sometimes taken."""
        match column.type:
            case "int":
                return str(self.rng.between(1, 30))
            case "uuid":
                return f"uuid '00000000-0000-0000-0000-{self.rng.between(1, 30):012x}'"
            case _:
                return values.quote(self.rng.pick(["n1", "n2", "n3", "a", "b"]))

    def returning(self, table: GenTable) -> str:
        """Some columns shown, or none."""
        if not self.rng.chance(0.5):
            return ""
        return " returning " + ", ".join(c.name for c in self.rng.sample(table.columns, 3))

    def expect(self) -> str:
        """A number of rows expected, seldom."""
        return f" expect {self.rng.between(0, 1)}" if self.rng.chance(0.09) else ""

    def conflict(self, table: GenTable) -> str:
        """What to do when the key is taken, or nothing."""
        settable = [c for c in table.columns if c.name not in table.key and not c.auto and c.name != table.tombstone and c.type in ("int", "text", "bool")]
        if table.column("id").auto:
            return ""
        on = f" on ({', '.join(table.key)})"
        options = [(1.6, lambda: ""), (0.9, lambda: " or skip" + (on if self.rng.chance(0.5) else ""))]
        if settable:
            column = self.rng.pick(settable)
            options.append((1.2, lambda: f" or update{on} set {column.name} = {self.rng.pick(['excluded.' + column.name, column.name])}"))
        return self.rng.weighted(options)

    def insert(self) -> str:
        """One row or several."""
        table = self.rng.pick(self.schema.tables)
        rows = self.record(table) if self.rng.chance(0.7) else "[" + ", ".join(self.record(table) for _ in range(2)) + "]"
        return f"insert {table.name} {rows}{self.conflict(table)}{self.returning(table)}{self.expect()}"

    def copy(self) -> str:
        """Rows of a read inserted again under another key."""
        table = self.rng.pick(self.schema.tables)
        if table.key != ("id",):
            return self.update()
        key = table.column("id")
        shift = {"int": "id + 20", "text": "id || 'x'"}.get(base(key.type))
        items = [c.name for c in table.columns if c.name != "id" and c.name not in table.uniques and c.name != table.tombstone
                 and not any(link.unique and link.column == c.name for link in table.links)]
        if len(items) + 1 + (table.tombstone is not None) < len(table.columns) or (shift is None and not key.auto):
            return self.update()
        shown = items if key.auto else [f"id: {shift}", *items]
        write = over(self.rng, self.schema, table, self.parameters)
        return f"insert {table.name} from read {table.name} {{ {', '.join(shown)} }} where {write.predicate(2)}{self.returning(table)}"

    def from_rows(self) -> str:
        """Rows that the host hands over."""
        table = self.rng.pick(self.schema.tables)
        columns = [c for c in table.columns if not c.auto and c.name != table.tombstone]
        rows = tuple(tuple(self._given(table, column, number) for column in columns) for number in range(self.rng.between(1, 2)))
        name = f"p{len(self.parameters.declared)}"
        self.parameters.declared[name] = (f"rows of {table.name}", False, rows)  # type: ignore[assignment]
        shape = f" {{ {', '.join(c.name for c in columns)} }}" if self.rng.chance(0.5) else ""
        return f"insert {table.name} from ${name}{shape}{self.conflict(table)}{self.returning(table)}"

    def _given(self, table: GenTable, column: GenColumn, number: int) -> tuple[str, Any]:
        if column.nullable and self.rng.chance(0.3):
            return column.name, None
        if column.name == "id":
            fresh = {"int": 40 + number, "text": f"g{number}", "uuid": f"00000000-0000-0000-0000-{40 + number:012x}"}
            return column.name, fresh[column.type]
        if any(link.column == column.name for link in table.links) and base(column.type) == "int":
            return column.name, self.rng.between(1, 5)
        return column.name, values.value(self.rng, column.type, column.labels)

    def update(self) -> str:
        """Some columns of some rows."""
        table = self.rng.pick(self.schema.tables)
        write: Expressions = over(self.rng, self.schema, table, self.parameters)
        settable = [c for c in table.columns if c.name not in table.key and not c.auto and c.name != table.tombstone]
        if not settable:
            return self.delete()
        sets = []
        for column in self.rng.sample(settable, self.rng.between(1, 2)):
            kind = base(column.type)
            computed = kind in ("int", "text", "timestamp", "date") and column.type in ("int", "text", "timestamp", "date") and not any(link.column == column.name for link in table.links)
            new = write.expr(kind, 1) if computed and self.rng.chance(0.4) else self.cell(table, column)
            if computed and not column.nullable and new != "null":
                new = f"coalesce({new}, {values.literal(self.rng, column.type)})"
            sets.append(f"{column.name} = {new}")
        where = write.predicate() if self.rng.chance(0.9) else "true"
        return f"update {table.name} set {', '.join(sets)} where {where}{self.returning(table)}{self.expect()}"

    def delete(self) -> str:
        """Some rows."""
        table = self.rng.pick(self.schema.tables)
        write = over(self.rng, self.schema, table, self.parameters)
        return f"delete {table.name} where {write.predicate()}{self.returning(table)}{self.expect()}"
