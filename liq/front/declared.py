"""What all files of a project declare, by name: a name is declared once, wherever it stands."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Generic, TypeVar

from attrs import define, field, frozen

from liq.model import codes
from liq.model.diagnostics import Diagnostic, Label
from liq.model.functions import AGGREGATES, FUNCTIONS, WINDOWS
from liq.model.source import Span
from liq.model.types import NAMED
from liq_grammar import syntax

N = TypeVar("N", bound=syntax.Node)
M = TypeVar("M", bound=syntax.Node)


@frozen
class SourceFile:
    """One parsed file: its display name and what it says."""

    name: str
    tree: syntax.File

    @property
    def stem(self) -> str:
        """``queries/agent_runs.by_status.liq`` is called ``agent_runs.by_status``: its statements are that query."""
        return self.name.replace("\\", "/").rpartition("/")[2].removesuffix(".liq") or "query"


@frozen
class Declared(Generic[N]):
    """A declaration and the file it stands in."""

    file: str
    node: N


@define
class Declarations:
    """Everything declared, by name, in declared order. Tables, views and enums share one space of names."""

    enums: dict[str, Declared[syntax.EnumDecl]] = field(factory=dict)
    tables: dict[str, Declared[syntax.TableDecl]] = field(factory=dict)
    views: dict[str, Declared[syntax.ViewDecl]] = field(factory=dict)
    functions: dict[str, Declared[syntax.FnDecl]] = field(factory=dict)
    claims: dict[str, Declared[syntax.ClaimDecl]] = field(factory=dict)
    roles: dict[str, Declared[syntax.RoleDecl]] = field(factory=dict)
    queries: dict[str, Declared[syntax.QueryDecl]] = field(factory=dict)
    tests: dict[str, Declared[syntax.TestDecl]] = field(factory=dict)
    migrations: dict[str, Declared[syntax.MigrationDecl]] = field(factory=dict)
    policies: list[Declared[syntax.PolicyDecl]] = field(factory=list)
    channels: list[Declared[syntax.ChannelDecl]] = field(factory=list)
    diagnostics: list[Diagnostic] = field(factory=list)
    seen_relations: dict[str, tuple[str, Span, str]] = field(factory=dict)
    seen_policies: dict[tuple[str, str], tuple[Span, str]] = field(factory=dict, init=False)

    def add(self, file: str, node: syntax.Declaration) -> None:
        """Take in one declaration."""
        match node:
            case syntax.EnumDecl():
                self._relation("enum", self.enums, Declared(file, node), node.name)
            case syntax.TableDecl():
                self._relation("table", self.tables, Declared(file, node), node.name)
            case syntax.ViewDecl():
                self._relation("view", self.views, Declared(file, node), node.name)
            case syntax.FnDecl():
                self._function(Declared(file, node))
            case syntax.SessionDecl():
                for claim in syntax.pick(node.claims, syntax.ClaimDecl):
                    self._named("claim", self.claims, Declared(file, claim), claim.name.text, claim.name.span)
            case syntax.RoleDecl():
                self._named("role", self.roles, Declared(file, node), node.name.text, node.name.span)
            case syntax.QueryDecl():
                self._named("query", self.queries, Declared(file, node), node.name.text, node.name.span)
            case syntax.TestDecl():
                self._named("test", self.tests, Declared(file, node), node.title.value, node.title.span)
            case syntax.MigrationDecl():
                self._named("migration", self.migrations, Declared(file, node), node.name.text, node.name.span)
            case syntax.PolicyDecl():
                self._policy(Declared(file, node))
            case syntax.ChannelDecl():
                self.channels.append(Declared(file, node))

    def twice(self, kind: str, name: str, file: str, span: Span, first: tuple[Span, str]) -> None:
        """Report a second declaration of a name."""
        at, where = first
        label = Label(at, "it is declared here first", None if where == file else where)
        message = f"{kind} {name} is declared twice"
        self.diagnostics.append(Diagnostic(codes.DUPLICATE_NAME, message, span, file, (label,)))

    def _named(
        self, kind: str, space: dict[str, Declared[M]], declared: Declared[M], name: str, span: Span
    ) -> None:
        first = space.get(name)
        if first is not None:
            self.twice(kind, name, declared.file, span, (_name_span(first.node), first.file))
        else:
            space[name] = declared

    def _relation(
        self, kind: str, space: dict[str, Declared[M]], declared: Declared[M], name: syntax.QualifiedName
    ) -> None:
        if any("." in part.text for part in name.parts):
            message = f"{kind} {name.text} has a dot in its name: a dot divides a schema from what is in it"
            self.diagnostics.append(Diagnostic(codes.NAME_TAKEN, message, name.span, declared.file))
        first = self.seen_relations.get(name.text)
        if first is not None:
            other, span, file = first
            if other == kind:
                self.twice(kind, name.text, declared.file, name.span, (span, file))
            else:
                label = Label(span, f"the {other} is declared here", None if file == declared.file else file)
                message = f"{kind} {name.text} has the name of {'an' if other == 'enum' else 'a'} {other}"
                self.diagnostics.append(
                    Diagnostic(codes.DUPLICATE_NAME, message, name.span, declared.file, (label,))
                )
            return
        if kind == "enum" and (name.text in NAMED or name.text == "vector"):
            self._given_away("enum", name, declared.file, "a type of the language")
        self.seen_relations[name.text] = (kind, name.span, declared.file)
        space[name.text] = declared

    def _function(self, declared: Declared[syntax.FnDecl]) -> None:
        name = declared.node.name
        if name.text in FUNCTIONS or name.text in AGGREGATES or name.text in WINDOWS or name.text in _FORMS:
            self._given_away("fn", name, declared.file, "a function of the language")
            return
        self._named("fn", self.functions, declared, name.text, name.span)

    def _given_away(self, kind: str, name: syntax.QualifiedName, file: str, what: str) -> None:
        self.diagnostics.append(
            Diagnostic(codes.NAME_TAKEN, f"{kind} {name.text} has the name of {what}", name.span, file,
                       help="choose another name")
        )  # fmt: skip

    def _policy(self, declared: Declared[syntax.PolicyDecl]) -> None:
        name, file = declared.node.name, declared.file
        for table in declared.node.tables:
            first = self.seen_policies.setdefault((name.text, table.text), (name.span, file))
            if first != (name.span, file):
                self.twice("policy", f"{name.text} on {table.text}", file, name.span, first)
                return
        self.policies.append(declared)


_FORMS = frozenset({"coalesce", "exists", "mask", "hash", "series", "unnest"})
"""What is called like a function, but is not in the table of functions."""


def _name_span(node: syntax.Node) -> Span:
    match node:
        case syntax.TestDecl():
            return node.title.span
        case _:
            name = getattr(node, "name", node)
            return name.span if isinstance(name, syntax.Node) else node.span


def gather(files: Iterable[SourceFile]) -> Declarations:
    """Everything that some files declare."""
    declarations = Declarations()
    for file in files:
        for node in file.tree.declarations:
            declarations.add(file.name, node)
    return declarations
