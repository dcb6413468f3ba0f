"""Random schemas with keys, links, policies, roles, claims, views and functions, as liq text and as facts about it."""

from __future__ import annotations

from attrs import field, frozen

from tests.gen import values
from tests.gen.rng import Rng

SCALARS = ("bool", "int", "int16", "int32", "float", "decimal(8, 2)", "decimal", "text", "bytes", "uuid", "date", "time",
           "timestamp", "interval", "json", "enum", "text[]", "int[]")
COMMON = ("int", "text", "bool", "timestamp", "decimal(8, 2)", "text", "int", "uuid", "date")
KEYS = ("int", "text", "uuid", "int", "auto")
ENUMS = {"mood": ("low", "mid", "high"), "stage": ("new", "open", "done", "timed-out")}
CLAIMS = {"uid": "uuid?", "org": "int?", "role": "text", "team": "text?"}


@frozen
class GenColumn:
    """A column: ``type`` is liq's, ``enum`` for enums (``enum_name`` says which)."""

    name: str
    type: str
    nullable: bool
    enum_name: str | None = None
    auto: bool = False
    default: str | None = None

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels of an enum column."""
        return ENUMS[self.enum_name] if self.enum_name else ()

    @property
    def spelled(self) -> str:
        """The type as source text."""
        return self.enum_name or self.type


@frozen
class GenLink:
    """A foreign key of one column and the names of its two links."""

    column: str
    target: str
    name: str
    reverse: str
    nullable: bool
    unique: bool
    on_delete: str
    apart: bool = False


@frozen
class GenTable:
    """A table; ``key`` names its key columns."""

    name: str
    columns: tuple[GenColumn, ...]
    key: tuple[str, ...]
    links: tuple[GenLink, ...]
    uniques: tuple[str, ...]
    tombstone: str | None
    checks: tuple[str, ...] = ()
    apart: bool = False

    def column(self, name: str) -> GenColumn:
        """A column by name."""
        return next(c for c in self.columns if c.name == name)


@frozen
class GenSchema:
    """Tables and the whole text. ``reverse``: per table, the links that arrive there as (table, link)."""

    tables: tuple[GenTable, ...]
    text: str
    has_roles: bool
    views: dict[str, GenTable] = field(factory=dict)
    functions: dict[str, str] = field(factory=dict)

    def table(self, name: str) -> GenTable:
        """A table by name."""
        return next(t for t in self.tables if t.name == name)

    def arriving(self, name: str) -> list[tuple[GenTable, GenLink]]:
        """The links that point at a table, with the table they come from."""
        return [(t, link) for t in self.tables for link in t.links if link.target == name]


def make_schema(rng: Rng, *, tables_max: int = 6) -> GenSchema:
    """A schema of 1 to ``tables_max`` tables whose links point backwards or at the table itself."""
    made: list[GenTable] = []
    for i in range(rng.between(1, tables_max)):
        made.append(_table(rng, f"t{i}", made))
    tables = tuple(made)
    has_roles = rng.chance(0.3)
    parts = [f"enum {name} {{ {', '.join(values.quote(x) if not x.isidentifier() else x for x in labels)} }}" for name, labels in ENUMS.items()]
    parts.append("session {\n  uid: uuid? from 'sub'\n  org: int? from 'org'\n  role: text from 'role' = 'anon'\n  team: text? from 'app.team'\n}")
    parts += [_table_text(table) for table in tables]
    schema = GenSchema(tables, "", has_roles)
    functions = _functions(rng, schema)
    parts += functions.values()
    parts += [policy for table in tables for policy in _policies(rng, table, schema)]
    views = _views(rng, schema)
    parts += [text for text, _ in views.values()]
    if has_roles:
        listed = ", ".join([t.name for t in tables] + list(views))
        parts.append(f"role anon {{ read {listed} }}")
        names = ", ".join(t.name for t in tables)
        parts.append(f"role member {{ read {listed} insert {names} update {names} delete {names} }}")
        parts.append("role boss { read all insert all update all delete all }")
        with_deleted = [t.name for t in tables if t.tombstone]
        if with_deleted:
            parts.append(f"role keeper {{ read {', '.join(n + ' with deleted' for n in with_deleted)} }}")
    return GenSchema(tables, "\n".join(parts) + "\n", has_roles, {n: t for n, (_, t) in views.items()}, functions)


def _table(rng: Rng, name: str, before: list[GenTable]) -> GenTable:
    key_type = rng.pick(KEYS)
    key = GenColumn("id", "int" if key_type == "auto" else key_type, False, auto=key_type == "auto")
    columns = [key]
    for i in range(rng.between(1, 6)):
        columns.append(_column(rng, f"c{i}"))
    links: list[GenLink] = []
    for i in range(rng.between(0, 2)):
        targets = [t for t in before if len(t.key) == 1]
        own = GenTable(name, (key,), ("id",), (), (), None)
        target = rng.pick([*targets, own] if rng.chance(0.25) else targets or [own])
        target_key = target.column(target.key[0])
        nullable = target.name == name or rng.chance(0.5)
        unique = rng.chance(0.15)
        columns.append(GenColumn(f"r{i}_id", target_key.type, nullable))
        action = rng.pick(["", "cascade", "restrict"] + (["set null"] if nullable else []))
        links.append(GenLink(f"r{i}_id", target.name, f"r{i}", f"{name}_r{i}", nullable, unique, action, rng.chance(0.3)))
    tombstone = "gone_at" if rng.chance(0.15) else None
    if tombstone:
        columns.append(GenColumn("gone_at", "timestamp", True))
    if rng.chance(0.4):
        columns.append(GenColumn("org_id", "int", rng.chance(0.3)))
    plain = [c.name for c in columns if c.type in ("int", "text", "uuid") and c.name != "id"]
    key_names: tuple[str, ...] = ("id",)
    if not key.auto and not any(link.target == name for link in links) and rng.chance(0.3):
        second = [c for c in columns[1:] if c.type in ("int", "text", "uuid") and not c.nullable]
        if second:
            key_names = ("id", second[0].name)
    uniques = tuple(rng.sample([p for p in plain if not any(p == link.column for link in links)], 1)) if rng.chance(0.2) else ()
    checks = tuple(f"{c.name} <> 77777" for c in columns if c.type == "int" and rng.chance(0.1))
    return GenTable(name, tuple(columns), key_names, tuple(links), uniques, tombstone, checks, rng.chance(0.5))


def _column(rng: Rng, name: str) -> GenColumn:
    type_ = rng.pick(COMMON) if rng.chance(0.6) else rng.pick(SCALARS)
    enum_name = rng.pick(tuple(ENUMS)) if type_ == "enum" else None
    nullable = rng.chance(0.4)
    default = None
    if rng.chance(0.25):
        labels = ENUMS[enum_name] if enum_name else ()
        default = "now()" if type_ == "timestamp" else values.literal(rng, type_, labels)
    return GenColumn(name, type_, nullable, enum_name, default=default)


def _table_text(table: GenTable) -> str:
    lines = []
    for column in table.columns:
        words = [column.name, column.spelled + ("?" if column.nullable else "")]
        if table.key == (column.name,):
            words.append("key")
        if column.auto:
            words.append("auto")
        if column.name in table.uniques and not table.apart:
            words.append("unique")
        if column.name == table.tombstone:
            words.append("tombstone")
        for link in table.links:
            if link.column == column.name and not link.apart:
                words += ["unique"] if link.unique else []
                words += ["->", link.target, "as", link.name, "reverse", link.reverse]
                words += ["on delete", link.on_delete] if link.on_delete else []
        if column.default is not None:
            words.append(f"= {column.default}")
        lines.append("  " + " ".join(words))
    if len(table.key) > 1:
        lines.append(f"  key ({', '.join(table.key)})")
    if table.apart:
        lines += [f"  unique ({name}){' nulls not distinct' if not table.column(name).nullable else ''}" for name in table.uniques]
    for link in table.links:
        if link.apart:
            action = f" on delete {link.on_delete}" if link.on_delete else ""
            lines.append(f"  foreign ({link.column}) -> {link.target} (id) as {link.name} reverse {link.reverse}{action}")
            lines += [f"  unique ({link.column})"] if link.unique else []
    lines += [f"  check {check}" for check in table.checks]
    return f"table {table.name} {{\n" + "\n".join(lines) + "\n}"


def _policies(rng: Rng, table: GenTable, schema: GenSchema) -> list[str]:
    if rng.chance(0.38):
        return [f"policy open on {table.name} for all using true"]
    result = []
    for i in range(rng.between(1, 3)):
        operations = rng.pick(["all", "all", "read", "read, insert", "read, update", "read, insert, update, delete"])
        roles = rng.pick(["", "", "", "", " to member, boss", " to member"])
        result.append(f"policy p{i} on {table.name} for {operations}{roles} using {policy_predicate(rng, table, schema)}")
    if rng.chance(0.15):
        result.append(f"policy narrow on {table.name} restrictive for all using {policy_predicate(rng, table, schema)}")
    if rng.chance(0.3):
        result.append(f"policy boss on {table.name} for all to boss using true")
    if rng.chance(0.2):
        result.append(f"policy adds on {table.name} for insert check {policy_predicate(rng, table, schema)}")
    return result


def policy_predicate(rng: Rng, table: GenTable, schema: GenSchema, depth: int = 0) -> str:
    """A predicate over a row of a table and the session."""
    options = [(1.0, lambda: f"{rng.pick(table.columns).name} is {rng.pick(['', 'not '])}null")]
    for column in table.columns:
        if column.type in ("int", "text", "uuid", "bool", "enum", "timestamp", "decimal(8, 2)") :
            options.append((1.0, lambda c=column: f"{c.name} {rng.pick(['=', '<>', '<>', '<', '>=', '>='])} {values.literal(rng, c.type, c.labels)}" if c.type != "bool" else c.name))  # type: ignore[misc]
        claim = {"int": "@org", "uuid": "@uid", "text": "@team"}.get(column.type)
        if claim:
            options.append((3.0, lambda c=column, k=claim: f"{c.name} {rng.pick(['=', '=', 'is not distinct from', '<>', '<>', '>=', '<='])} {k}"))  # type: ignore[misc]
    if depth < 2:
        inner = lambda: policy_predicate(rng, table, schema, depth + 1)  # noqa: E731
        options.append((1.5, lambda: f"({inner()} or {inner()})"))
        options.append((1.5, lambda: f"({inner()} and {inner()})"))
        options.append((0.5, lambda: f"not ({inner()})"))
        for link in table.links:
            target = schema.table(link.target)
            if target.name != table.name:
                column = rng.pick(target.columns)
                options.append((1.0, lambda k=link, c=column: f"{k.name}.{c.name} is not null"))  # type: ignore[misc]
        for source, link in schema.arriving(table.name):
            options.append((1.0, lambda s=source, k=link: f"exists (read {s.name} x where x.{k.column} = {table.name}.id and {_column_test(rng, 'x', s)})"))  # type: ignore[misc]
    return rng.weighted(options)


def _column_test(rng: Rng, alias: str, table: GenTable) -> str:
    column = rng.pick(table.columns)
    claim = {"int": "@org", "uuid": "@uid", "text": "@team"}.get(column.type)
    if claim and rng.chance(0.6):
        return f"{alias}.{column.name} = {claim}"
    return f"{alias}.{column.name} is not null"


def _functions(rng: Rng, schema: GenSchema) -> dict[str, str]:
    if not rng.chance(0.5):
        return {}
    table = rng.pick(schema.tables)
    key = table.column("id")
    return {
        "is_known": f"fn is_known($x: {key.spelled}) = exists (read {table.name} where id = $x)",
        "shifted": "fn shifted($n: int) = case when $n > 100 then 100 else $n + 1 end",
    }


def _views(rng: Rng, schema: GenSchema) -> dict[str, tuple[str, GenTable]]:
    if not rng.chance(0.55):
        return {}
    table = rng.pick(schema.tables)
    kept = [table.columns[0], *rng.sample(table.columns[1:], 3)]
    text = f"view v0 = read {table.name} {{ {', '.join(c.name for c in kept)} }} where {rng.pick(kept).name} is not null"
    columns = tuple(GenColumn(c.name, c.type, c.nullable, c.enum_name) for c in kept)
    return {"v0": (text, GenTable("v0", columns, (), (), (), None))}
