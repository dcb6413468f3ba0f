"""Roles, their grants, and channels."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from liq.front.context import Context, closest
from liq.front.declared import Declarations, Declared
from liq.front.parts import distinct_names, report_unknown, unknown_column, unknown_table
from liq.front.row_expressions import NewContext
from liq.model import codes
from liq.model.diagnostics import Label
from liq.model.schema import Channel, Claim, Grant, Operation, Policy, Role, Table, View
from liq.model.types import TEXT, Enum, Null
from liq_grammar import syntax

ROLE = "role"
"""The claim that names the role of a session."""


def declare_role(
    declared: Declared[syntax.RoleDecl], tables: Mapping[str, Table], views: Mapping[str, View],
    queries: Collection[str], new_context: NewContext,
) -> Role:  # fmt: skip
    """What a role may do. Names are looked up; what its queries may read is looked at where they are compiled."""
    context = new_context(declared.file, 1)
    grants: list[Grant] = []
    everything: set[Operation] = set()
    runs: list[str] = []
    maximum: syntax.MaxRows | None = None
    for node in declared.node.grants:
        match node:
            case syntax.MaxRows():
                maximum = _maximum(node, maximum, context)
            case syntax.Grant("run"):
                runs.extend(_runs(node, queries, context))
            case syntax.Grant(action) if node.everything:
                everything.add(Operation(action))
            case syntax.Grant():
                grants.extend(_grants(node, tables, views, context))
            case syntax.Broken():
                continue
    rows = int(maximum.rows.digits) if maximum is not None and _is_count(maximum.rows) else None
    name = declared.node.name
    return Role(name.text, tuple(grants), frozenset(everything), tuple(dict.fromkeys(runs)), rows, name.span)


def _maximum(node: syntax.MaxRows, first: syntax.MaxRows | None, context: Context) -> syntax.MaxRows:
    if first is not None:
        label = Label(first.span, "it is said here already")
        context.report(codes.DUPLICATE_PART, node.span, "max rows is said twice", (label,))
        return first
    if not _is_count(node.rows):
        context.report(codes.GRANT, node.rows.span, "max rows is a whole number of rows, 1 at least")
    return node


def _is_count(number: syntax.Number) -> bool:
    return number.kind == "int" and len(number.digits) <= 10 and 1 <= int(number.digits) < 2**31


def _runs(node: syntax.Grant, queries: Collection[str], context: Context) -> list[str]:
    if node.everything:
        return sorted(queries)
    found: list[str] = []
    for target in syntax.pick(node.targets, syntax.Target):
        name = target.name
        if target.columns or target.deleted:
            context.report(codes.GRANT, target.span, "a query is run as a whole: its name alone stands behind run")
        if name.text in queries:
            found.append(name.text)
        else:
            said = f'unknown query "{name.text}"'
            report_unknown(context, codes.UNKNOWN_QUERY, name.span, said, name.text, queries)
    return found


def _grants(
    node: syntax.Grant, tables: Mapping[str, Table], views: Mapping[str, View], context: Context
) -> list[Grant]:
    operation = Operation(node.action)
    found: list[Grant] = []
    for target in syntax.pick(node.targets, syntax.Target):
        name = target.name.text
        table, view = tables.get(name), views.get(name)
        if table is None and view is None:
            unknown_table(context, target.name, (*tables, *views))
            continue
        if not _grantable(operation, target, table, context):
            continue
        known = [c.name for c in (table.columns if table is not None else view.relation.columns if view else ())]
        found.append(Grant(operation, name, _columns(target, name, known, context), target.deleted))
    return found


def _grantable(operation: Operation, target: syntax.Target, table: Table | None, context: Context) -> bool:
    name = target.name.text
    if table is None and operation is not Operation.READ:
        context.report(
            codes.NOT_A_TABLE, target.name.span, f"{name} is a view: it can be read, not changed",
            help=f"grant {operation.value} on its table",
        )  # fmt: skip
        return False
    if operation is Operation.DELETE and target.columns:
        message = "a row is deleted as a whole: delete takes no columns"
        context.report(codes.GRANT, target.span, message, help=f"write `delete {name}`")
        return False
    if target.deleted and (table is None or table.tombstone is None or operation is not Operation.READ):
        reads = operation is Operation.READ
        message = f"{name} keeps no deleted rows" if reads else "with deleted stands behind read"
        help = "write `read candidates with deleted` for a table with a tombstone"
        context.report(codes.WITH_DELETED, target.span, message, help=help)
        return False
    return True


def _columns(target: syntax.Target, name: str, known: list[str], context: Context) -> frozenset[str] | None:
    if not target.columns:
        return None
    for column in target.columns:
        if known and column.text not in known:
            unknown_column(context, column, name, known)
    listed = distinct_names(target.columns, context)
    return frozenset(column.text for column in listed if not known or column.text in known)


def check_role_names(
    declarations: Declarations, roles: Mapping[str, Role], policies: list[Policy], claims: Mapping[str, Claim],
    new_context: NewContext,
) -> None:  # fmt: skip
    """Where roles are spoken of, ``@role`` must say which one a session has; undeclared ones are pointed out."""
    spoken = [(d.file, _to(d.node)) for d in declarations.policies]
    spoken += [(d.file, d.node.roles) for d in declarations.channels]
    for file, to in spoken:
        if to is None:
            continue
        context = new_context(file, 1)
        _check_claim(to, claims, context)
        for name in to.roles if roles else ():
            if name.text not in roles:
                meant = closest(name.text, roles)
                context.report(
                    codes.UNKNOWN_ROLE, name.span,
                    f"role {name.text} is not declared" + (f" — did you mean {meant}?" if meant else ""),
                    help="where any role is declared, the others reach nothing",
                )  # fmt: skip
    for role in declarations.roles.values():
        _check_claim(role.node.name, claims, new_context(role.file, 1))


def _to(node: syntax.PolicyDecl) -> syntax.ToRoles | None:
    parts = syntax.pick(node.parts, syntax.ToRoles)
    return parts[0] if parts else None


def _check_claim(node: syntax.Node, claims: Mapping[str, Claim], context: Context) -> None:
    claim = claims.get(ROLE)
    if claim is None:
        context.report(
            codes.ROLE_CLAIM, node.span, "roles need a claim that says which one the session has",
            help="declare it: session { role: text from 'role' = 'anon' }",
        )  # fmt: skip
    elif claim.type != TEXT and not isinstance(claim.type, Enum | Null):
        message = f"@role is {claim.type}, and roles have names"
        context.report(codes.ROLE_CLAIM, node.span, message, help="declare it as text")


def declare_channel(
    declared: Declared[syntax.ChannelDecl], tables: Mapping[str, Table], new_context: NewContext
) -> list[Channel]:
    """What anyone (of some roles) may learn: whether a value stands in a column of a key."""
    node, context = declared.node, new_context(declared.file, 1)
    roles = tuple(name.text for name in distinct_names(node.roles.roles, context)) if node.roles is not None else ()
    found: list[Channel] = []
    for path in node.paths:
        names = [name.text for name in path.names]
        table = tables.get(".".join(names[:-1]))
        if table is None:
            meant = closest(".".join(names[:-1]), tables)
            hint = f" — did you mean {meant}.{names[-1]}?" if meant else ""
            message = f"{path.text} is no column of a table{hint}"
            context.report(codes.CHANNEL, path.span, message, help="write channel exists(packages.name)")
        elif names[-1] not in table.by_name:
            unknown_column(context, path.names[-1], table.name, list(table.by_name))
        elif not any(names[-1] in key.columns for key in table.keys):
            context.report(
                codes.CHANNEL, path.span, f"{path.text} is part of no key, so no write can tell that a value is there",
                help="declare it unique, or leave the channel out",
            )  # fmt: skip
        else:
            found.append(Channel(table.name, names[-1], roles, path.span))
    return found
