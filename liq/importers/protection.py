"""What PostgreSQL adds to a read of a table under row security: the table's own read policies, to a fixpoint."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from liq.importers.claims import Held
from liq.importers.database import Policy
from liq.importers.problems import Endless
from liq.importers.scopes import Frame, Rows, Scope, both, either
from liq.importers.sqltree import Node
from liq_grammar import syntax as s

if TYPE_CHECKING:
    from liq.importers.translate import Translator

READ = ("all", "select")
DEFINER_HELP = (
    "read it through a function that is SECURITY DEFINER, which sees the table without its policies, or write the"
    " policy in liq, where policies see bare tables"
)


def is_public(roles: Iterable[str]) -> bool:
    """Whether a policy is for everybody."""
    names = tuple(roles)
    return not names or "public" in names


def read_condition(t: Translator, rows: Rows, node: Node) -> s.Expr | None:
    """Which rows of a source the text at hand may read; None: every one."""
    table = rows.table
    if table is None or not table.row_security or t.frame.mode in ("plain", "bare"):
        return None
    owner = t.frame.mode == "definer"
    if owner and not table.forced:
        return None
    if table in t.guarded:
        said = f'infinite recursion detected in policy for relation "{table.name}"'
        raise Endless(f"{said}: {t.way_back(table.name)}", t.place(node), DEFINER_HELP)
    with t.inside(t.guarded, table, table.name):
        policies = [p for p in table.policies.values() if p.what.command in READ and p.using is not None]
        if owner:  # the owner is in no role that a policy could name
            policies = [p for p in policies if is_public(p.roles)]
        opened = [_opens(t, p, rows) for p in policies if not p.what.restrictive]
        narrowed = [_narrows(t, p, rows) for p in policies if p.what.restrictive]
    return both(either(*opened), *narrowed)


def _opens(t: Translator, policy: Policy, rows: Rows) -> s.Expr:
    condition = both(_role(t, policy.roles), _using(t, policy, rows))
    return s.Boolean(True) if condition is None else condition


def _narrows(t: Translator, policy: Policy, rows: Rows) -> s.Expr:
    role = _role(t, policy.roles)
    using = _using(t, policy, rows)
    return using if role is None else either(s.Not(_surely(role)), using)


def _surely(role: s.Expr) -> s.Expr:
    """A session without a role has none of these roles."""
    return s.Is(role, "true")


def _role(t: Translator, roles: tuple[str, ...]) -> s.Expr | None:
    """That the session has one of the roles."""
    if is_public(roles):
        return None
    claim = t.claims.claim(Held(("role",), "text", caller=True))
    if len(roles) == 1:
        return s.Compare("=", claim, s.Text(roles[0]))
    return s.In(claim, s.Choices(tuple(s.Text(role) for role in roles)))


def _using(t: Translator, policy: Policy, rows: Rows) -> s.Expr:
    assert policy.using is not None, "policies without USING open nothing and narrow nothing"
    tree = t.parsed(policy.using)
    name = t.database.name_at(rows.table, policy.when) if rows.table is not None else rows.called
    called = Rows(name, rows.alias, rows.columns, rows.table, rows.schema)
    scope = Scope(rows=[called])
    called_alone = len(t.reader.rows) == 1 and t.reader.rows[0] is rows
    reader = Scope(around=t.reader.around, rows=[called]) if called_alone else t.reader
    with t.within(Frame(tree, policy.when, scope, "definer" if t.frame.mode == "definer" else "invoker"), reader):
        return t.truth(tree.root)
