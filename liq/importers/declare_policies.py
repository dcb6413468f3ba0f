"""Row security: policies with PostgreSQL's meaning, tables without any as open."""

from __future__ import annotations

from liq.importers.database import Database, Policy, Table
from liq.importers.ddl import Fragment
from liq.importers.problems import Endless, Place, Report, Unsayable
from liq.importers.protection import is_public
from liq.importers.translate import Translator
from liq.importers.types import qualified
from liq.importers.words import described, nameable
from liq.model import codes
from liq_grammar import syntax as s

_OPERATIONS: dict[str, s.Operation] = {
    "all": "all", "select": "read", "insert": "insert", "update": "update", "delete": "delete",
}  # fmt: skip
Problems = list[tuple[Unsayable, Place]]
"""What keeps a policy from being said, and the text that wants it."""
_SPEAKERS = ("current_user", "session_user", "current_role")
_OPEN_HELP = "enable row level security and write policies before others than its owner reach it"


class Policies:
    """Declares the policies of the tables that are there."""

    def __init__(self, database: Database, report: Report, translator: Translator) -> None:
        self.database = database
        self.report = report
        self.translator = translator
        self.roles: list[tuple[str, Place]] = []

    def declare(self, tables: list[Table]) -> list[s.PolicyDecl]:
        """Every policy, table by table; open tables share one."""
        found = [policy for table in tables if table.row_security for policy in self._policies(table)]
        opened = [table for table in tables if not table.row_security]
        if opened:
            self._warn(opened)
            names = tuple(qualified(self.database, table.schema, table.name) for table in opened)
            found.append(s.PolicyDecl(s.Name("open"), names, (s.ForOperations(("all",)), s.Using(s.Boolean(True)))))
        return found

    def _warn(self, opened: list[Table]) -> None:
        if self.database.dialect == "sqlite":
            count = f"all {len(opened)} tables are" if len(opened) > 1 else f"table {opened[0].name} is"
            self.report.add(codes.IMPORT_OPEN, f"SQLite has no row security: {count} imported open", opened[0].place,
                            "write policies before others than the owner reach them")  # fmt: skip
            return
        for table in opened:
            self.report.add(codes.IMPORT_OPEN, f"table {table.name} has no row security and is imported open",
                            table.place, _OPEN_HELP)  # fmt: skip
            for policy in table.policies.values():
                said = f"policy {policy.name} is left out: without row security on {table.name} it has no effect"
                self.report.add(codes.IMPORT_DIFFERS, said, policy.place)

    def _policies(self, table: Table) -> list[s.PolicyDecl]:
        if not table.policies:
            said = f"no policy opens {table.name}: only its owner reaches its rows"
            self.report.add(codes.IMPORT_CLOSED, said, table.place)
        found = []
        for policy in table.policies.values():
            if not nameable(policy.name):
                said = f"policy {policy.name[:60]!r} on {table.name} is left out: liq cannot write its name"
                self.report.add(codes.IMPORT_NAME, said, policy.place)
                continue
            found.append(self._policy(table, policy))
        return found

    def _policy(self, table: Table, policy: Policy) -> s.PolicyDecl:
        """One policy. What cannot be said, or raises in PostgreSQL, opens nothing."""
        operation = _OPERATIONS[policy.what.command]
        restrictive = policy.what.restrictive
        problems: Problems = []
        nothing = s.Boolean(restrictive)  # a condition that is not there opens nothing, and narrows nothing
        using = self._condition(table, policy, policy.using, problems) if policy.using else nothing
        check = self._condition(table, policy, policy.check, problems) if policy.check else None
        roles = self._roles(policy, problems)
        if roles is None:
            using, check, roles = s.Boolean(False), None, ()
        parts: list[s.PolicyPart] = [s.Restrictive()] if restrictive else []
        parts.append(s.ForOperations((operation,)))
        parts += [s.ToRoles(tuple(s.Name(role) for role in roles))] if roles else []
        if operation == "insert":
            parts.append(s.Check(nothing if check is None else check))
        else:
            parts.append(s.Using(using))
            if check is not None and check != using and operation in ("update", "all"):
                parts.append(s.Check(check))
        name = qualified(self.database, table.schema, table.name)
        description = described("\n".join(filter(None, (policy.comment, self._tell(table, policy, problems)))))
        return s.PolicyDecl(s.Name(policy.name), (name,), tuple(parts), description=description)

    def _condition(self, table: Table, policy: Policy, fragment: Fragment, problems: Problems) -> s.Expr:
        try:
            return self.translator.condition(fragment, policy.when, table, invoker=True)
        except Unsayable as problem:
            problems.append((problem, Place.of(fragment)))
            return s.Boolean(False)

    def _roles(self, policy: Policy, problems: Problems) -> tuple[str, ...] | None:
        if is_public(policy.roles):
            return ()
        for role in policy.roles:
            if role in _SPEAKERS or not nameable(role):
                problems.append((Unsayable(f"TO {role} has no form in liq", policy.place), policy.place))
                return None
            self.roles.append((role, policy.place))
        return policy.roles

    def _tell(self, table: Table, policy: Policy, problems: Problems) -> str | None:
        """Report why a policy is closed, and say it in its description."""
        said: str | None = None
        for problem, wanted in problems:
            self.report.problem(problem, f"policy {policy.name} on {table.name} is imported closed", wanted)
            raises = "PostgreSQL raises: " if isinstance(problem, Endless) else ""
            said = said or f"Imported closed. {raises}{problem.message}"
        return said
