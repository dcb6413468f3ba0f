"""Native row security: liq's policies as PostgreSQL's, the second belt of ``guard = both``.

liq's policies read bare tables, PostgreSQL's see what the invoker sees. So whatever reads a table becomes a
function that runs
as its owner (``stable security definer set search_path = ''``), and the owner of the tables is not subject to
their policies:
row security is enabled, not forced. Claims are read from the setting ``liq.claims``, which the backend sets for one
transaction. Tombstones stay with the compiled plans, which alone know ``with deleted``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence

from attrs import define, field
from sqlglot import exp

from liq.front.grants import role_among
from liq.model import expr as e
from liq.model import schema as s
from liq.model import types as t
from liq.model.ir import Scan
from liq.model.node import walk
from liq_planner.emit import nodes as n
from liq_planner.emit.casts import cast_value
from liq_planner.emit.emission import EmitOptions, Env, Family
from liq_planner.emit.nodes import Sql, SqlType
from liq_planner.emit.printing import postgres_text
from liq_planner.emit.refusal import EmitRefused
from liq_planner.emit.relations import Relations
from liq_planner.emit.schema import DdlEmission, DdlScalars, SchemaSql, qualified, string
from liq_planner.emit.sqltypes import cast_to, quoted, spelled, sql_type
from liq_planner.prune import prune_expr, references

SCHEMA = "liq"
NAME_BYTES_MAX = 63
DEFAULT_SCHEMA = "public"
SETTING = "liq.claims"
COMMANDS = {
    s.Operation.READ: "SELECT",
    s.Operation.INSERT: "INSERT",
    s.Operation.UPDATE: "UPDATE",
    s.Operation.DELETE: "DELETE",
}


class _PolicyEmission(DdlEmission):
    """Claims are functions; nothing else can be bound."""

    def bind(self, expr: e.Expr, type_: t.Type | None = None) -> Sql:
        if isinstance(expr, e.ClaimRef):  # in a subquery of its own: computed once per statement, not per row
            return n.subquery(exp.Select(expressions=[_called(_claim_name(expr.name))]))
        return super().bind(expr, type_)


@define
class _Writer:
    """Writes the functions that policies call, each once."""

    schema: s.Schema
    functions: dict[str, str] = field(factory=dict)

    def spell(self, expr: e.Expr, env: Env) -> Sql:
        """An expression without binds, every name of the catalog qualified."""
        emission = _PolicyEmission(self.schema, EmitOptions(text_is_c=False), Family())
        scalars = DdlScalars(emission)
        Relations(emission, scalars, references(expr))
        return _qualified(scalars.spell(prune_expr(expr), env), self.schema)

    def predicate(self, table: s.Table, expr: e.Expr, name: str) -> str:
        """A predicate over a table's row as text: itself, or the call of a function where it reads tables."""
        if not any(isinstance(node, e.Relation) for node in walk(expr)):
            row: Env = {c.id: exp.Column(this=n.name(c.name)) for c in table.row}
            return postgres_text(self.spell(expr, row))
        used = references(expr)
        columns = [c for c in table.row if c.id in used]
        rows: Env = {c.id: cast_to(n.placeholder(i), c.type) for i, c in enumerate(columns, 1)}
        name = short_name(name)
        self._function(name, [self._type(c.type) for c in columns], "boolean", self.spell(expr, rows))
        arguments = [exp.Column(this=n.name(c.name)) for c in columns]
        return postgres_text(_called(name, *arguments))

    def claim(self, claim: s.Claim) -> None:
        """The function that reads a claim."""
        text = n.call("nullif", n.call("current_setting", n.fixed(SETTING), n.boolean(True)), n.fixed(""))
        node: Sql = cast_to(text, t.JSON)
        path = (claim.path or claim.name).split(".")
        for step in path[:-1]:
            node = n.arrow(node, "->", exp.Literal(this=step, is_string=True))
        last = exp.Literal(this=path[-1], is_string=True)
        value = self._claim_value(claim, n.arrow(node, "->", last), n.arrow(node.copy(), "->>", last.copy()))
        if claim.default is not None:
            value = n.coalesce(value, self.spell(claim.default, {}))
        self._function(_claim_name(claim.name), [], self._type(claim.type), _qualified(value, self.schema))

    def _claim_value(self, claim: s.Claim, document: Sql, text: Sql) -> Sql:
        """What stands in the token, converted as ``::`` does; lists element by element."""
        scalars = DdlScalars(_PolicyEmission(self.schema, EmitOptions(), Family()))
        if not isinstance(claim.type, t.List):
            return cast_value(scalars, text, t.TEXT, claim.type, False)
        rows = n.rows_from(n.call("jsonb_array_elements_text", document), "item1", ["v", "n"], ordinality=True)
        item = cast_value(scalars, n.column("item1", "v"), t.TEXT, claim.type.element, False)
        items = exp.select(item).from_(rows, copy=False).order_by(n.column("item1", "n"), copy=False)
        is_list = n.compare(n.call("jsonb_typeof", document.copy()), "=", n.fixed("array"))
        return n.case([(is_list, cast_to(n.array_of(items), claim.type))])

    def _type(self, type_: t.Type) -> str:
        return postgres_text(_qualified(sql_type(type_), self.schema))

    def _function(self, name: str, arguments: Sequence[str], result: str, body: Sql) -> None:
        head = f"CREATE FUNCTION {quoted(SCHEMA)}.{quoted(name)}({', '.join(arguments)}) RETURNS {result}"
        how = "LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''"
        self.functions[name] = f"{head}\n{how}\nRETURN {postgres_text(n.paren(body))}"


def emit_row_security(schema: s.Schema, exact: bool = True) -> SchemaSql:
    """The DDL that follows ``emit_schema``. ``exact``: refuse where PostgreSQL would let more through than liq does.

    Roles list columns and views, which row security knows nothing of: not exact, only tables are told apart.
    """
    if exact and schema.roles:
        raise EmitRefused("row security", "which columns and views a role lists", schema.roles[0].span)
    writer = _Writer(schema)
    for claim in schema.claims:
        writer.claim(claim)
    statements: list[str] = []
    for table in schema.tables:
        statements.append(f"ALTER TABLE {qualified(table.name)} ENABLE ROW LEVEL SECURITY")
        for policy in schema.policies_of.get(table.name, ()):
            statements += _policies(writer, table, policy)
        statements += _role_policies(writer, table)
    functions = list(writer.functions.values())
    grants = [f"GRANT USAGE ON SCHEMA {quoted(SCHEMA)} TO PUBLIC"]
    notes = ("columns and views that roles list are told apart by compiled plans only",) if schema.roles else ()
    made = [f"CREATE SCHEMA IF NOT EXISTS {quoted(SCHEMA)}", *functions, *grants, *statements]
    return SchemaSql(tuple(made), notes)


def emit_epoch(epoch: str) -> SchemaSql:
    """The DDL that tells plans which schema and policies a database holds: the backend reads it in each plan's
    snapshot."""
    table = f"{quoted(SCHEMA)}.{quoted('epoch')}"
    return SchemaSql((
        f"CREATE SCHEMA IF NOT EXISTS {quoted(SCHEMA)}",
        f"CREATE TABLE IF NOT EXISTS {table} "
        "(single boolean PRIMARY KEY DEFAULT true CHECK (single), value text NOT NULL)",
        f"INSERT INTO {table} (value) VALUES ({string(epoch)}) "
        "ON CONFLICT (single) DO UPDATE SET value = excluded.value",
        f"GRANT USAGE ON SCHEMA {quoted(SCHEMA)} TO PUBLIC",
        f"GRANT SELECT ON {table} TO PUBLIC",
    ))  # fmt: skip


# ------------------------------------------------------------------------------------------------- policies
def _policies(writer: _Writer, table: s.Table, policy: s.Policy) -> Iterator[str]:
    """One policy per command: PostgreSQL lets each have conditions of its own kind only."""
    for operation in s.Operation:
        if operation not in policy.operations:
            continue
        label = f"{policy.name} {operation.value}"
        using = _condition(writer, table, policy, policy.using, f"{table.name} {label}")
        check = _condition(writer, table, policy, policy.check or policy.using, f"{table.name} {label} check")
        yield _policy(table, label, policy.restrictive, operation, using, check)


def _policy(table: s.Table, label: str, restrictive: bool, operation: s.Operation, using: str, check: str) -> str:
    kind = "RESTRICTIVE" if restrictive else "PERMISSIVE"
    clauses = [] if operation is s.Operation.INSERT else [f"USING ({using})"]
    if operation in (s.Operation.INSERT, s.Operation.UPDATE):
        clauses.append(f"WITH CHECK ({check})")
    head = f"CREATE POLICY {quoted(short_name(label))} ON {qualified(table.name)} AS {kind} FOR {COMMANDS[operation]}"
    return " ".join([head, *clauses])


def _condition(writer: _Writer, table: s.Table, policy: s.Policy, expr: e.Expr | None, name: str) -> str:
    """The condition for the roles that the policy is for; a restrictive one narrows for those only."""
    if expr is None:
        return "false"
    if policy.roles:
        among = role_among(writer.schema, policy.roles)
        narrowed = e.Or((e.Not(e.Is(among, e.Truth.TRUE)), expr))
        expr = narrowed if policy.restrictive else e.And((among, expr))
    return writer.predicate(table, expr, name)


def _role_policies(writer: _Writer, table: s.Table) -> Iterator[str]:
    """Where roles are declared, a table is closed to those that list neither it nor a view over it."""
    if not writer.schema.roles:
        return
    for operation in s.Operation:
        able = role_among(
            writer.schema, [r.name for r in writer.schema.roles if _lists(writer.schema, r, table, operation)]
        )
        condition = writer.predicate(table, able, f"{table.name} roles {operation.value}")
        yield _policy(table, f"liq roles {operation.value}", True, operation, condition, condition)


def _lists(schema: s.Schema, role: s.Role, table: s.Table, operation: s.Operation) -> bool:
    if operation in role.everything:
        return True
    names = [grant.target for grant in role.grants if grant.operation is operation]
    views = [schema.view_by_name[name] for name in names if name in schema.view_by_name]
    return table.name in names or any(table.name in _tables_of(view.relation) for view in views)


def _tables_of(relation: e.Relation) -> Iterable[str]:
    return {node.table for node in walk(relation) if isinstance(node, Scan)}


# ------------------------------------------------------------------------------------------------- names
def _claim_name(name: str) -> str:
    return short_name(f"claim {name}")


def short_name(name: str) -> str:
    """The name, or where PostgreSQL would cut it off, its beginning and a hash of the whole."""
    data = name.encode()
    if len(data) <= NAME_BYTES_MAX:
        return name
    return data[:40].decode(errors="ignore") + "_" + hashlib.sha256(data).hexdigest()[:16]


def _called(name: str, *arguments: Sql) -> Sql:
    """A call of one of our functions."""
    return exp.Anonymous(this=f"{quoted(SCHEMA)}.{quoted(name)}", expressions=list(arguments))


def _qualified(tree: Sql, schema: s.Schema) -> Sql:
    """Tables and enums by their schema: these texts are parsed under whatever search path there is."""
    enums = {spelled(enum) for enum in schema.enums if "." not in enum.name}

    def change(node: Sql) -> Sql:
        if isinstance(node, exp.Table) and isinstance(node.this, exp.Identifier):
            if node.this.args.get("quoted") and node.args.get("db") is None:
                node.set("db", n.name(DEFAULT_SCHEMA))
        if isinstance(node, SqlType) and str(node.this).removesuffix("[]") in enums:
            return SqlType(this=f"{quoted(DEFAULT_SCHEMA)}.{node.this}")
        return node

    return tree.transform(change)
