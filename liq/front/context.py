"""What the resolution of one query (or one schema expression) shares: names, diagnostics, ids, parameters, lets.

A ``Context`` is made per query, policy, view, default … Everything that is decided *while* a text is resolved and that
must outlive the expression at hand is recorded here: which scans are the user's, which parameters were met, what a
``let`` names. Work is bounded: each node made is charged, and what goes beyond the limit is one diagnostic (TOO_LARGE).
"""

from __future__ import annotations

import difflib
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol, TypeVar

from attrs import define, field, frozen

from liq.front.parameters import Mode, Parameters
from liq.model import codes
from liq.model.diagnostics import Code, Diagnostic, Fix, Label
from liq.model.expr import Column, Relation
from liq.model.ir import Scan
from liq.model.node import Node, children, walk
from liq.model.schema import Claim, Function, Schema, Table, View
from liq.model.source import Span
from liq.model.types import Enum
from liq_grammar import syntax

if TYPE_CHECKING:
    from liq.front.links import Link

NODES_MAX = 50_000
"""Nodes that one query may grow to, with the views and functions it uses inlined."""
DEPTH_MAX = 100
"""Expressions and reads inside each other."""
COPIED_MAX = 10_000
"""Nodes of views and functions that one query may inline."""
COPY_DEPTH_MAX = 150
"""How deep a view or a function may be with all that it uses."""
CHAIN_MAX = 100
"""Stages of a read, joins of a stage."""
RECURSION_NEEDED = 6_000
"""Frames: some per level of a tree."""
DIAGNOSTICS_MAX = 200
"""Findings of one query beyond which nothing more is said."""

T = TypeVar("T")


class Names(Protocol):
    """What declarations offer, by name. A schema under construction may resolve views and functions when asked."""

    def table(self, name: str) -> Table | None: ...
    def view(self, name: str) -> View | None: ...
    def function(self, name: str) -> Function | None: ...
    def enum(self, name: str) -> Enum | None: ...
    def claim(self, name: str) -> Claim | None: ...
    def tables(self) -> Iterable[Table]: ...
    def source_names(self) -> Iterable[str]:
        """Tables and views, for suggestions."""
        ...

    def function_names(self) -> Iterable[str]: ...
    def enum_names(self) -> Iterable[str]: ...
    def claim_names(self) -> Iterable[str]: ...


class SchemaNames:
    """The names of a finished schema."""

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self._functions = {f.name: f for f in schema.functions}

    def table(self, name: str) -> Table | None:
        """The table of that name."""
        return self.schema.table_by_name.get(name)

    def view(self, name: str) -> View | None:
        """The view of that name."""
        return self.schema.view_by_name.get(name)

    def function(self, name: str) -> Function | None:
        """The declared function of that name."""
        return self._functions.get(name)

    def enum(self, name: str) -> Enum | None:
        """The enum of that name."""
        return self.schema.enum_by_name.get(name)

    def claim(self, name: str) -> Claim | None:
        """The claim of that name."""
        return self.schema.claim_by_name.get(name)

    def tables(self) -> Iterable[Table]:
        """All tables, in declared order."""
        return self.schema.tables

    def source_names(self) -> Iterable[str]:
        """Tables and views."""
        return (*self.schema.table_by_name, *self.schema.view_by_name)

    def function_names(self) -> Iterable[str]:
        """Declared functions."""
        return self._functions

    def enum_names(self) -> Iterable[str]:
        """Enums."""
        return self.schema.enum_by_name

    def claim_names(self) -> Iterable[str]:
        """Claims."""
        return self.schema.claim_by_name


@frozen
class Reach:
    """How a user's scan was reached: directly, or through a view.

    ``view``: the outermost view. ``columns``: its columns as inlined there; those that the statement names are used.
    """

    view: str | None = None
    columns: tuple[Column, ...] = ()


@frozen
class LetBinding:
    """What a ``let`` names. ``keys``: sets of column positions that are unique; an empty set says at most one row."""

    name: str
    columns: tuple[Column, ...]
    keys: tuple[frozenset[int], ...] = ()
    exactly_one: bool = False
    bounded: bool = False
    span: Span = Span(0, 0)

    @property
    def at_most_one(self) -> bool:
        """Whether it may be used as a value."""
        return frozenset() in self.keys


@define
class Context:
    """See the module. ``bare``: policies, their functions and claim defaults see tables without policies.

    ``always_visible``: whether no policy can hide a row of a table from anyone (a link to it then never leads nowhere).
    """

    names: Names
    file: str = ""
    bare: bool = False
    parameters: Parameters = field(factory=Parameters)
    always_visible: Callable[[Table], bool] = lambda table: False
    next_id: int = 1
    lets: dict[str, LetBinding] = field(factory=dict)
    diagnostics: list[Diagnostic] = field(factory=list)
    user_scans: dict[int, Reach] = field(factory=dict)
    """By the id of a scan's first column. Scans that are not in here are bare."""
    links: dict[str, dict[str, Link]] = field(factory=dict)
    """Links by table, as far as they were asked for: see ``liq.front.links``."""
    shared: bool = False
    """The body of a function: policies call it, and users, so nothing is sure to be visible."""
    nodes: int = 0
    copied: int = 0
    depth: int = 0
    too_large: bool = False
    _said: set[tuple[str, Span, str]] = field(factory=set)

    # ---------------------------------------------------------------------------------------------- findings
    def report(
        self, code: Code, span: Span, message: str, labels: Iterable[Label] = (), help: str | None = None,
        fix: Fix | None = None,
    ) -> None:  # fmt: skip
        """Record a finding; the same one twice is one."""
        key = (code.id, span, message)
        if key in self._said or len(self.diagnostics) >= DIAGNOSTICS_MAX:
            return
        self._said.add(key)
        self.diagnostics.append(Diagnostic(code, message, span, self.file, tuple(labels), help, fix))

    @property
    def failed(self) -> bool:
        """Whether an error was found."""
        return any(d.is_error for d in self.diagnostics)

    # ---------------------------------------------------------------------------------------------- ids and work
    def fresh(self) -> int:
        """The next unused column id."""
        self.next_id += 1
        return self.next_id - 1

    def charge(self, nodes: int, span: Span) -> bool:
        """Count work; False (and one diagnostic) beyond the limit."""
        self.nodes += nodes
        if self.nodes <= NODES_MAX:
            return True
        if not self.too_large:
            self.too_large = True
            self.report(
                codes.TOO_LARGE, span, "the query grows too large",
                help="views and functions are inlined where they are used: use fewer of them, or name rows with let",
            )  # fmt: skip
        return False

    def enter(self, span: Span) -> bool:
        """One level deeper; False (and one diagnostic) beyond the limit. ``leave`` it in any case."""
        self.depth += 1
        if self.depth <= DEPTH_MAX:
            return True
        if not self.too_large:
            self.too_large = True
            self.report(codes.TOO_LARGE, span, f"more than {DEPTH_MAX} expressions inside each other")
        return False

    def chain(self, parts: Sequence[syntax.Node], what: str) -> bool:
        """Whether a read has not too many stages or joins; reported where it has."""
        if len(parts) <= CHAIN_MAX:
            return True
        self.report(codes.TOO_LARGE, parts[CHAIN_MAX].span, f"more than {CHAIN_MAX} {what} in one read")
        return False

    def leave(self) -> None:
        """Back from ``enter``."""
        self.depth -= 1

    def charge_copy(self, node: Node, span: Span) -> bool:
        """Count the nodes of something that is about to be copied; False where it is too large or too deep."""
        count = 0
        pending = [(node, 1)]
        while pending:
            current, depth = pending.pop()
            count += 1
            if self.copied + count > COPIED_MAX:
                break
            if depth > COPY_DEPTH_MAX:
                if not self.too_large:
                    self.too_large = True
                    said = f"what is inlined here is more than {COPY_DEPTH_MAX} levels deep"
                    self.report(codes.TOO_LARGE, span, said)
                return False
            pending.extend((child, depth + 1) for child in children(current))
        self.copied += count
        return self.charge(count if self.copied <= COPIED_MAX else NODES_MAX, span)

    # ---------------------------------------------------------------------------------------------- scans
    def enlist(self, relation: Relation, view: str | None = None) -> None:
        """Record every scan of an inlined relation (a view, a function) as the user's, reached through ``view``."""
        if self.bare:
            return
        reach = Reach(view, relation.columns if view else ())
        for node in walk(relation):
            if isinstance(node, Scan):
                self.user_scans[node.columns[0].id] = reach


def closest(word: str, words: Iterable[str]) -> str | None:
    """The name that was probably meant."""
    found = difflib.get_close_matches(word, sorted(set(words)), n=1, cutoff=0.6)
    return found[0] if found else None


def counted(number: int, what: str) -> str:
    """``1 column``, ``2 columns``."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def one_of(words: Iterable[str], most: int = 8) -> str:
    """Names for a help text: ``a, b, c …``."""
    listed = list(dict.fromkeys(words))
    return ", ".join(listed[:most]) + (" …" if len(listed) > most else "")


@contextmanager
def deep_enough() -> Iterator[None]:
    """Room for the recursion over the deepest trees that the limits let through."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, RECURSION_NEEDED))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


def learn_parameters(context: Context, run: Callable[[Context], T]) -> T:
    """Run a resolution so that undeclared parameters have their final types from the start.

    A query that declares its parameters, or has none, is resolved once; another one twice: the first pass learns types
    and nullability from use, the second holds every use to them. What the first one says is thrown away.
    """
    with deep_enough():
        return _learnt(context, run)


def _learnt(context: Context, run: Callable[[Context], T]) -> T:
    if context.parameters.mode is not Mode.LEARNING:
        return run(context)
    start_id, start_lets, said = context.next_id, dict(context.lets), len(context.diagnostics)
    result = run(context)
    if not context.parameters.entries:
        return result
    del context.diagnostics[said:]
    context._said.clear()
    context.parameters = context.parameters.learnt()
    context.next_id, context.lets = start_id, start_lets
    context.user_scans.clear()
    context.nodes, context.copied, context.too_large = 0, 0, False
    return run(context)
