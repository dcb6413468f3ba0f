"""The database that a script built, as declarations of liq."""

from __future__ import annotations

from liq.importers.claims import Claims, claims_in
from liq.importers.database import Database
from liq.importers.declare_policies import Policies
from liq.importers.declare_tables import Tables
from liq.importers.problems import Place, Report, Unsayable
from liq.importers.read_function import void
from liq.importers.translate import Translator
from liq.importers.types import qualified
from liq.importers.words import described, nameable
from liq.model import codes
from liq.model.diagnostics import Diagnostic
from liq_grammar import syntax as s

_VIEW_HELP = (
    "ALTER VIEW … SET (security_invoker = true) holds whoever reads it to the policies of its tables, as views of liq"
    " do; if it is to show more, write a policy that opens those rows, or a role that reads the view, in liq"
)
_ROLE_HELP = "the host puts the role of the caller into the token; without it no such policy opens anything"


def declare(database: Database, report: Report, definers: frozenset[str]) -> s.File:
    """Everything that is there, and a finding for everything that is not imported as it is."""
    claims = Claims()
    told: set[tuple[str, str]] = set()

    def differs(message: str, place: Place) -> None:
        if (message, place.source.name) not in told:
            told.add((message, place.source.name))
            report.add(codes.IMPORT_DIFFERS, message, place)

    translator = Translator(database, claims, differs)
    translator.definers = definers
    tables = Tables(database, report, translator)
    policies = Policies(database, report, translator)
    policy_nodes = policies.declare(tables.draft())
    view_nodes = _views(database, report, translator)
    table_nodes = tables.declare()
    _left_over(database, report)
    enums = _enums(database, report)
    body: list[s.Declaration] = [*table_nodes, *policy_nodes, *view_nodes]
    used = claims.closure(key for node in body for key in claims_in(node))
    anonymous = any(role == "anon" for role, _ in policies.roles)
    names = claims.names(used, role=bool(policies.roles), anonymous=anonymous)
    if policies.roles:
        role, place = policies.roles[0]
        report.add(codes.IMPORT_CLAIM, f"policies name roles such as {role}: liq compares them with the claim @role",
                   place, _ROLE_HELP)  # fmt: skip
    session = claims.declaration(names)
    items = [*enums, *([session] if session else []), *(claims.renamed(node, names) for node in body)]
    return s.File(tuple(items))


def _enums(database: Database, report: Report) -> list[s.EnumDecl]:
    found = []
    for enum in database.enums.values():
        if not nameable(enum.name, table=True) or not enum.labels:
            said = "it has no values" if not enum.labels else "liq cannot write its name"
            report.add(codes.IMPORT_NAME, f"enum {enum.name[:60]} is left out: {said}", enum.place)
            continue
        name = qualified(database, enum.schema, enum.name)
        values = tuple(s.EnumValue(label) for label in enum.labels)
        found.append(s.EnumDecl(name, values, description=described(enum.comment)))
    return found


def _views(database: Database, report: Report, translator: Translator) -> list[s.ViewDecl]:
    found = []
    for view in database.views.values():
        said = f"view {view.name} is left out"
        if not nameable(view.name, table=True):
            report.add(codes.IMPORT_NAME, f"{said}: liq cannot write its name", view.place)
            continue
        try:
            built = translator.query(view.what.query, view.when, view.what.columns)
        except Unsayable as problem:
            report.problem(problem, said, Place.of(view.what.query))
            continue
        if translator.protected() and not view.invoker:
            message = f"{said}: it is not security_invoker, so it shows rows that the policies of its tables hide"
            report.add(codes.IMPORT_DEFINER_VIEW, message, view.place, _VIEW_HELP)
            continue
        for oddity in view.what.oddities:
            message = f"view {view.name}: {oddity} is left out; liq writes tables only"
            report.add(codes.IMPORT_DIFFERS, message, view.place)
        name = qualified(database, view.schema, view.name)
        found.append(s.ViewDecl(name, built.read, description=described(view.comment)))
    return found


def _left_over(database: Database, report: Report) -> None:
    """Functions that nothing imported uses, and sequences that number nothing."""
    for functions in database.functions.values():
        for function in functions:
            if not function.used:
                name, place = function.what.name.text, function.place
                help = None if void(function.what.returns) else "a `fn` of liq is an expression or a read"
                message = f"function {name}() is left out: nothing imported uses it"
                report.add(codes.IMPORT_LEFT_OUT, message, place, help)
    for (_, name), place in database.sequences.items():
        report.add(codes.IMPORT_LEFT_OUT, f"sequence {name} is left out: no imported column is numbered by it", place)


def in_order(findings: tuple[Diagnostic, ...], names: list[str]) -> tuple[Diagnostic, ...]:
    """Findings by file and place, each once."""
    place = {name: number for number, name in enumerate(names)}
    unique = dict.fromkeys(findings)
    return tuple(sorted(unique, key=lambda d: (place.get(d.file, 0), d.span.start, d.code.id)))
