"""The parameters of the query at hand: declared ones, and those whose types come from the columns they meet."""

from __future__ import annotations

from enum import Enum

import attrs
from attrs import define, field

from liq.model.expr import Column, Expr
from liq.model.ir import Parameter, Precondition
from liq.model.source import Span
from liq.model.types import NULL, Null, Type


class Mode(Enum):
    """How parameters come into being."""

    DECLARED = "declared"  # the query declares some: it declares all
    LEARNING = "learning"  # first pass over a query that declares none: types come from use
    LEARNT = "learnt"  # second pass: what the first one learnt holds everywhere
    NONE = "none"  # schema expressions, policies, defaults


@define
class Entry:
    """What is known of one parameter. ``origin``: where its type comes from. ``meets``: may what it met be null."""

    name: str
    span: Span
    type: Type | None = None
    declared_nullable: bool = False
    optional: bool = False
    required: bool = False
    origin: Span | None = None
    default: Expr | None = None
    description: str = ""
    rows_of: tuple[Column, ...] = ()
    options: tuple[str, ...] = ()
    meets: list[bool] = field(factory=list)
    used: bool = False

    @property
    def nullable(self) -> bool:
        """Declared so, or every column it meets may be null."""
        return self.declared_nullable or (bool(self.meets) and all(self.meets))


@define
class Parameters:
    """All parameters of one query, by name. Sub-contexts share it."""

    mode: Mode = Mode.LEARNING
    entries: dict[str, Entry] = field(factory=dict)
    preconditions: list[Precondition] = field(factory=list)

    def declare(self, parameter: Parameter) -> Entry:
        """Add a declared parameter (the mode becomes DECLARED)."""
        self.mode = Mode.DECLARED
        entry = Entry(
            parameter.name, parameter.span, parameter.type, parameter.nullable, parameter.optional,
            origin=parameter.span, default=parameter.default,
            description=parameter.description, rows_of=parameter.rows_of,
        )  # fmt: skip
        self.entries[parameter.name] = entry
        return entry

    def use(self, name: str, span: Span, optional: bool) -> Entry | None:
        """The entry of a parameter that stands at ``span``; None where it is not declared although others are."""
        entry = self.entries.get(name)
        if entry is None:
            if self.mode is not Mode.LEARNING:
                return None
            entry = self.entries[name] = Entry(name, span)
        entry.used = True
        entry.optional = entry.optional or optional
        entry.required = entry.required or not optional
        return entry

    def meet(self, entry: Entry, type_: Type, nullable: bool, span: Span) -> None:
        """A parameter stands where a value of ``type_`` is wanted. The first such place types an undeclared one."""
        if isinstance(type_, Null):
            return
        if self.mode is Mode.LEARNING:
            entry.meets.append(nullable)
            if entry.type is None:
                entry.type, entry.origin = type_, span

    def require(self, precondition: Precondition) -> None:
        """Add a precondition, once."""
        if precondition not in self.preconditions:
            self.preconditions.append(precondition)

    def learnt(self) -> Parameters:
        """The parameters for the second pass."""
        return Parameters(Mode.LEARNT, {name: attrs.evolve(entry) for name, entry in self.entries.items()})

    def finished(self) -> tuple[Parameter, ...]:
        """As the IR holds them: declared ones in declared order, the others in the order of their first use."""
        entries = list(self.entries.values())
        if self.mode is not Mode.DECLARED:
            entries.sort(key=lambda e: (e.span.start, e.name))
        return tuple(
            Parameter(
                name=e.name, type=e.type or NULL, nullable=e.nullable or e.optional, optional=e.optional,
                default=e.default, description=e.description, rows_of=e.rows_of, options=e.options,
                span=e.span,
            )
            for e in entries
        )  # fmt: skip
