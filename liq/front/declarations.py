"""All declarations of a project -> one ``Schema``: names first, then what they say, in declared order.

Views, functions and policies may name what stands later, or in another file: views and functions are resolved when they
are first asked for, and one that comes back to itself is reported with the way round.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from attrs import define, evolve, field, frozen

from liq.front import functions, views
from liq.front.access import Guard, always_visible, hide_deleted
from liq.front.constraint_names import ConstraintNames
from liq.front.context import Context, deep_enough
from liq.front.declared import Declarations, Declared, SourceFile, gather
from liq.front.enums import declare_enum
from liq.front.foreign_keys import check_link_names, declare_foreign_keys
from liq.front.nesting import NESTING_MAX, Nesting
from liq.front.parameters import Mode, Parameters
from liq.front.policies import declare_policy
from liq.front.roles import check_role_names, declare_channel, declare_role
from liq.front.row_expressions import complete
from liq.front.session import claim_defaults, declare_claim
from liq.front.tables import TableDraft, draft_table
from liq.front.uses import uses_of
from liq.model import codes
from liq.model.diagnostics import Diagnostic
from liq.model.ir import Scan
from liq.model.node import walk
from liq.model.schema import Claim, Function, Policy, Schema, Table, View
from liq.model.types import Enum
from liq_grammar import syntax

Inlined = Declared[syntax.ViewDecl] | Declared[syntax.FnDecl]
"""What is copied to where it is used."""


@define
class SchemaBuilder:
    """A schema under construction; it answers for its names while it is being built (``context.Names``)."""

    declarations: Declarations
    queries: frozenset[str] = frozenset()
    """The names of all queries, those of files among them."""
    contexts: list[Context] = field(factory=list)
    enums: dict[str, Enum] = field(factory=dict)
    claims: dict[str, Claim] = field(factory=dict)
    drafts: dict[str, TableDraft] = field(factory=dict)
    known: dict[str, Table] = field(factory=dict)
    policies: list[Policy] = field(factory=list)
    ready_views: dict[str, View] = field(factory=dict)
    ready_functions: dict[str, Function] = field(factory=dict)
    nesting: Nesting = field(factory=Nesting)
    schema: Schema = field(factory=Schema)

    # ------------------------------------------------------------------------------------------------- names
    def table(self, name: str) -> Table | None:
        """The table of that name, as far as it is known."""
        return self.known.get(name)

    def view(self, name: str) -> View | None:
        """The view of that name, resolved when it is first asked for."""
        declared = self.declarations.views.get(name)
        if declared is None:
            return None
        if name not in self.ready_views:
            if not self._begin("view", name, declared):
                return views.stand_in(declared.node)
            view = views.declare_view(declared.node, self.context(declared.file, bare=False))
            fits = self._end("view", name, declared, sound=bool(view.relation.columns))
            self.ready_views[name] = view if fits else views.stand_in(declared.node)
        self.nesting.met(f"view {name}")
        return self.ready_views[name]

    def function(self, name: str) -> Function | None:
        """The function of that name, resolved when it is first asked for."""
        declared = self.declarations.functions.get(name)
        if declared is None:
            return None
        if name not in self.ready_functions:
            if not self._begin("fn", name, declared):
                return functions.stand_in(declared.node)
            made = functions.declare_function(declared.node, self.context(declared.file))
            fits = self._end("fn", name, declared, sound=functions.is_sound(made))
            self.ready_functions[name] = made if fits else functions.stand_in(declared.node)
        self.nesting.met(f"fn {name}")
        return self.ready_functions[name]

    def _begin(self, kind: str, name: str, declared: Inlined) -> bool:
        """Start to resolve a declaration, unless it needs itself or stands too deep in others."""
        circle = self.nesting.circle(f"{kind} {name}")
        if circle is not None:
            message = f"{kind} {name} needs itself: {' → '.join(circle)}"
            help = "rows along edges are reached with follow"
            self.context(declared.file).report(codes.RECURSION, declared.node.name.span, message, help=help)
            return False
        if self.nesting.full:
            self._too_deep(kind, name, declared)
            return False
        self.nesting.begin(f"{kind} {name}")
        return True

    def _end(self, kind: str, name: str, declared: Inlined, *, sound: bool) -> bool:
        fits = self.nesting.end(sound=sound)
        if not fits:
            self._too_deep(kind, name, declared)
        return fits

    def _too_deep(self, kind: str, name: str, declared: Inlined) -> None:
        message = f"{kind} {name} stands over more than {NESTING_MAX} views and functions, each over the next"
        self.context(declared.file).report(codes.TOO_LARGE, declared.node.name.span, message)

    def enum(self, name: str) -> Enum | None:
        """The enum of that name."""
        return self.enums.get(name)

    def claim(self, name: str) -> Claim | None:
        """The claim of that name."""
        return self.claims.get(name)

    def tables(self) -> Iterable[Table]:
        """All tables."""
        return self.known.values()

    def source_names(self) -> Iterable[str]:
        """Tables and views."""
        return (*self.known, *self.declarations.views)

    def function_names(self) -> Iterable[str]:
        """Declared functions."""
        return self.declarations.functions

    def enum_names(self) -> Iterable[str]:
        """Enums."""
        return self.declarations.enums

    def claim_names(self) -> Iterable[str]:
        """Claims."""
        return self.claims

    # ------------------------------------------------------------------------------------------------- building
    def context(self, file: str, next_id: int = 1, *, bare: bool = True) -> Context:
        """A context for a part of the schema; its findings are the schema's."""
        context = Context(self, file, bare, Parameters(Mode.NONE), self._always_visible, next_id)
        self.contexts.append(context)
        return context

    def _always_visible(self, table: Table) -> bool:
        return not self.declarations.roles and always_visible(self.schema, table)

    def build(self) -> None:
        """Everything, in an order in which each part finds what it needs."""
        for name, declared_enum in self.declarations.enums.items():
            self.enums[name] = declare_enum(declared_enum.node, self.context(declared_enum.file))
        for name, declared_claim in self.declarations.claims.items():
            self.claims[name] = declare_claim(declared_claim.node, self.context(declared_claim.file))
        self._tables()
        self.schema = Schema(tuple(self.enums.values()), tuple(self.known.values()), claims=tuple(self.claims.values()))
        for name in self.declarations.functions:
            self.function(name)
        self._policies()
        self.claims = {
            name: claim if claim.default is None else evolve(claim, default=hide_deleted(claim.default, self))
            for name, claim in claim_defaults(self.claims, self.declarations.claims, self.context).items()
        }
        self.schema = evolve(
            self.schema, policies=tuple(self.policies), claims=tuple(self.claims.values()),
            functions=tuple(self.ready_functions[name] for name in self.declarations.functions),
        )  # fmt: skip
        self._roles_and_views()

    def _tables(self) -> None:
        relation_names = ConstraintNames()
        for name in (*self.declarations.tables, *self.declarations.views):
            relation_names.take(name.rpartition(".")[2])
        for name, declared in self.declarations.tables.items():
            self.drafts[name] = draft_table(name, declared.node, self.context(declared.file), relation_names)
        for draft in self.drafts.values():
            for key in draft.keys:
                draft.constraint_names.take(key.name)
        for draft in self.drafts.values():
            declare_foreign_keys(draft, self.drafts, self.declarations.views)
        check_link_names(self.drafts)
        self.known = {name: draft.table() for name, draft in self.drafts.items() if draft.columns}
        for draft in self.drafts.values():
            complete(draft, self.context, relation_names)
        self.known = {name: draft.table() for name, draft in self.drafts.items() if draft.columns}

    def _policies(self) -> None:
        view_names = frozenset(self.declarations.views)
        for declared in self.declarations.policies:
            self.policies.extend(declare_policy(declared, self.known, view_names, self.context))

    def _roles_and_views(self) -> None:
        """Whether a link may lead nowhere depends on policies, so views come behind them; roles list views."""
        for name in self.declarations.views:
            self.view(name)
        found = {name: self.ready_views[name] for name in self.declarations.views}
        queries = self.queries | self.declarations.queries.keys()
        roles = {
            name: declare_role(declared, self.known, found, queries, self.context)
            for name, declared in self.declarations.roles.items()
        }
        check_role_names(self.declarations, roles, self.policies, self.claims, self.context)
        channels = [
            channel for declared in self.declarations.channels
            for channel in declare_channel(declared, self.known, self.context)
        ]  # fmt: skip
        self.schema = evolve(
            self.schema, views=tuple(found.values()), roles=tuple(roles.values()), channels=tuple(channels)
        )
        self._sensitive_views()

    def _sensitive_views(self) -> None:
        """What a view shows of sensitive columns without redaction needs a role that lists them."""
        for name, view in self.ready_views.items():
            uses = uses_of(view.relation, view.span)
            guard = Guard(self.schema, self.context(self.declarations.views[name].file))
            for node in walk(view.relation):
                if isinstance(node, Scan):
                    used = uses.names(node.columns, redacted=True)
                    guard.sensitive(self.known[node.table], node.columns, used, uses, view.span)

    def findings(self) -> list[Diagnostic]:
        """Everything that is wrong, file by file in the order given, each from top to bottom."""
        return [*self.declarations.diagnostics, *(d for context in self.contexts for d in context.diagnostics)]


@frozen
class DeclaredSchema:
    """What some files declare: the schema, what was found wrong, and what is left for queries, tests and migrations."""

    schema: Schema
    declarations: Declarations
    diagnostics: tuple[Diagnostic, ...]


def declare(files: Sequence[SourceFile]) -> DeclaredSchema:
    """The schema of some files."""
    builder = SchemaBuilder(gather(files), frozenset(file.stem for file in files if file.tree.steps))
    with deep_enough():
        builder.build()
    return DeclaredSchema(builder.schema, builder.declarations, in_order(builder.findings(), files))


def in_order(findings: Iterable[Diagnostic], files: Sequence[SourceFile]) -> tuple[Diagnostic, ...]:
    """Findings by file, each once, from top to bottom."""
    place = {file.name: number for number, file in enumerate(files)}
    unique = dict.fromkeys(findings)
    return tuple(sorted(unique, key=lambda d: (place.get(d.file, len(place)), d.span.start, d.span.end, d.code.id)))
