"""What SQL DDL says, statement by statement, before any name is looked up. Expressions stay text (``Fragment``)."""

from __future__ import annotations

from typing import Literal, TypeAlias

from attrs import field, frozen

from liq.model.source import NO_SPAN, Source, Span


@frozen
class Name:
    """A name that may stand in a schema: ``public.agent_runs``."""

    parts: tuple[str, ...]
    span: Span = field(default=NO_SPAN, eq=False)

    @property
    def last(self) -> str:
        """The name without its schema."""
        return self.parts[-1]

    @property
    def text(self) -> str:
        """For messages."""
        return ".".join(self.parts)


@frozen
class Fragment:
    """A piece of an SQL text that holds an expression or a query; ``text`` has comments blanked out.

    ``at`` is where it begins in ``source``. Of some bodies of functions only the beginning is known (``inside``).
    """

    text: str
    at: int
    source: Source
    inside: bool = False

    @property
    def span(self) -> Span:
        """Where it stands."""
        return Span(self.at, self.at if self.inside else self.at + len(self.text))


@frozen
class SqlType:
    """A type as written: ``character varying(20)[]``; ``name`` is in lower case with single spaces."""

    name: str
    arguments: tuple[str, ...]
    dimensions: int
    schema: str | None
    span: Span


@frozen
class KeyPart:
    """One key of an index or a constraint. ``column`` is set where the key is a bare column."""

    fragment: Fragment
    column: str | None
    descending: bool = False
    nulls: Literal["first", "last"] | None = None
    operator_class: str | None = None
    collation: str | None = None


@frozen
class KeyConstraint:
    """``PRIMARY KEY (…)`` or ``UNIQUE (…)``."""

    keys: tuple[KeyPart, ...]
    primary: bool
    name: str | None
    span: Span
    nulls_not_distinct: bool = False
    deferrable: bool = False
    index: str | None = None
    """``USING INDEX name``: the constraint takes an index over."""
    conflict: str | None = None
    """``ON CONFLICT REPLACE`` of SQLite."""


@frozen
class ForeignConstraint:
    """``FOREIGN KEY (…) REFERENCES … (…)``."""

    columns: tuple[str, ...]
    target: Name
    target_columns: tuple[str, ...]
    name: str | None
    span: Span
    on_delete: str = "no action"
    on_update: str = "no action"
    oddities: tuple[str, ...] = ()
    """What has no liq form: MATCH FULL, DEFERRABLE, columns behind SET NULL."""


@frozen
class CheckConstraint:
    """``CHECK (…)``; ``column`` is where it stood, which names it in PostgreSQL only if it is the one column used."""

    condition: Fragment
    name: str | None
    span: Span


@frozen
class ExclusionConstraint:
    """``EXCLUDE USING …``."""

    name: str | None
    span: Span


Constraint: TypeAlias = KeyConstraint | ForeignConstraint | CheckConstraint | ExclusionConstraint


@frozen
class ColumnDef:
    """One column with what stands behind it."""

    name: str
    type: SqlType | None
    span: Span
    not_null: bool = False
    default: Fragment | None = None
    identity: bool = False
    auto_increment: bool = False
    generated: bool = False
    collation: str | None = None
    conflict: str | None = None
    constraints: tuple[Constraint, ...] = ()


@frozen
class CreateTable:
    """``CREATE TABLE``; ``oddities`` are parts of it that liq does not have."""

    name: Name
    columns: tuple[ColumnDef, ...]
    constraints: tuple[Constraint, ...]
    span: Span
    if_not_exists: bool = False
    oddities: tuple[str, ...] = ()
    without_rowid: bool = False
    strict: bool = False
    likes: tuple[Name, ...] = ()


@frozen
class CreateIndex:
    """``CREATE [UNIQUE] INDEX``."""

    name: Name | None
    table: Name
    keys: tuple[KeyPart, ...]
    span: Span
    unique: bool = False
    if_not_exists: bool = False
    method: str | None = None
    where: Fragment | None = None
    nulls_not_distinct: bool = False
    include: bool = False


@frozen
class CreateEnum:
    """``CREATE TYPE … AS ENUM (…)``."""

    name: Name
    labels: tuple[str, ...]
    span: Span


@frozen
class AlterEnum:
    """``ALTER TYPE … ADD VALUE`` and ``RENAME VALUE`` (then ``old`` is set)."""

    name: Name
    label: str
    span: Span
    old: str | None = None
    place: tuple[Literal["before", "after"], str] | None = None
    if_not_exists: bool = False


@frozen
class CreateDomain:
    """``CREATE DOMAIN``: a type with checks over ``VALUE``."""

    name: Name
    type: SqlType
    checks: tuple[CheckConstraint, ...]
    span: Span
    not_null: bool = False
    default: Fragment | None = None


@frozen
class Parameter:
    """A parameter of a function."""

    name: str | None
    type: SqlType
    default: Fragment | None = None


@frozen
class CreateFunction:
    """``CREATE FUNCTION``; ``body`` is set for functions in SQL, ``problem`` says why a function cannot be used."""

    name: Name
    parameters: tuple[Parameter, ...]
    returns: SqlType | None
    body: Fragment | None
    span: Span
    many: bool = False
    columns: tuple[str, ...] = ()
    language: str = ""
    definer: bool = False
    strict: bool = False
    problem: str | None = None


@frozen
class CreatePolicy:
    """``CREATE POLICY``."""

    name: str
    table: Name
    span: Span
    restrictive: bool = False
    command: Literal["all", "select", "insert", "update", "delete"] = "all"
    roles: tuple[str, ...] = ()
    using: Fragment | None = None
    check: Fragment | None = None


@frozen
class AlterPolicy:
    """``ALTER POLICY``: what is None stays."""

    name: str
    table: Name
    span: Span
    rename: str | None = None
    roles: tuple[str, ...] | None = None
    using: Fragment | None = None
    check: Fragment | None = None


@frozen
class CreateView:
    """``CREATE VIEW``."""

    name: Name
    columns: tuple[str, ...]
    query: Fragment
    span: Span
    invoker: bool = False
    or_replace: bool = False
    if_not_exists: bool = False
    oddities: tuple[str, ...] = ()


@frozen
class Comment:
    """``COMMENT ON kind name [ON table] IS text``."""

    kind: str
    name: Name
    text: str | None
    span: Span
    on: Name | None = None


@frozen
class AddColumn:
    """``ADD COLUMN``."""

    column: ColumnDef
    if_not_exists: bool = False


@frozen
class DropColumn:
    """``DROP COLUMN``."""

    name: str
    if_exists: bool = False
    cascade: bool = False


@frozen
class RenameColumn:
    """``RENAME COLUMN a TO b``."""

    old: str
    new: str


@frozen
class RenameTable:
    """``RENAME TO b``; of a view or index, too."""

    new: str


@frozen
class SetSchema:
    """``SET SCHEMA x``."""

    schema: str


@frozen
class AddConstraint:
    """``ADD CONSTRAINT``."""

    constraint: Constraint


@frozen
class DropConstraint:
    """``DROP CONSTRAINT``."""

    name: str
    if_exists: bool = False


@frozen
class RenameConstraint:
    """``RENAME CONSTRAINT a TO b``."""

    old: str
    new: str


@frozen
class SetDefault:
    """``ALTER COLUMN c SET DEFAULT x`` (``DROP DEFAULT``: None)."""

    column: str
    default: Fragment | None


@frozen
class SetNotNull:
    """``ALTER COLUMN c SET | DROP NOT NULL``."""

    column: str
    not_null: bool


@frozen
class SetType:
    """``ALTER COLUMN c TYPE t``."""

    column: str
    type: SqlType


@frozen
class AddIdentity:
    """``ALTER COLUMN c ADD GENERATED … AS IDENTITY`` (``DROP IDENTITY``: not ``add``)."""

    column: str
    add: bool = True


@frozen
class RowSecurity:
    """``ENABLE | DISABLE | FORCE | NO FORCE ROW LEVEL SECURITY``."""

    word: Literal["enable", "disable", "force", "no force"]


@frozen
class ViewOption:
    """``ALTER VIEW v SET (security_invoker = true)``."""

    invoker: bool


@frozen
class Oddity:
    """A part of ``ALTER`` that liq has no form for, or that says nothing about rows (then ``harmless``)."""

    text: str
    harmless: bool = False


Action: TypeAlias = (
    AddColumn | DropColumn | RenameColumn | RenameTable | SetSchema | AddConstraint | DropConstraint | RenameConstraint
    | SetDefault | SetNotNull | SetType | AddIdentity | RowSecurity | ViewOption | Oddity
)  # fmt: skip


@frozen
class Alter:
    """``ALTER TABLE | VIEW | INDEX name action, …``."""

    kind: str
    name: Name
    actions: tuple[Action, ...]
    span: Span
    if_exists: bool = False


@frozen
class Drop:
    """``DROP TABLE a, b``; a policy's or trigger's table is ``on``."""

    kind: str
    names: tuple[Name, ...]
    span: Span
    if_exists: bool = False
    cascade: bool = False
    on: Name | None = None


@frozen
class SequenceOwner:
    """``ALTER SEQUENCE s OWNED BY t.c``, ``CREATE SEQUENCE s``: used by defaults, otherwise left out."""

    name: Name
    span: Span
    owner: Name | None = None


@frozen
class SearchPath:
    """``SET search_path = app, public``: where unqualified names are made and looked up."""

    schemas: tuple[str, ...]
    span: Span


@frozen
class RowsWritten:
    """``INSERT``, ``UPDATE``, ``DELETE``: rows are not imported, but the names in it must exist."""

    statement: Fragment
    verb: str
    span: Span


@frozen
class Silent:
    """Says nothing about the schema and loses nothing: ``BEGIN``, ``COMMIT``, ``SET``."""


@frozen
class Skipped:
    """Says nothing that liq keeps: worth a note."""

    what: str
    span: Span


@frozen
class LeftOut:
    """An object that liq has no form for: worth a warning."""

    what: str
    span: Span
    help: str | None = None
    relation: Name | None = None
    """What later statements may speak of, without being told again that it is not there."""


Statement: TypeAlias = (
    CreateTable | CreateIndex | CreateEnum | AlterEnum | CreateDomain | CreateFunction | CreatePolicy | AlterPolicy
    | CreateView | Comment | Alter | Drop | SequenceOwner | SearchPath | RowsWritten | Silent | Skipped | LeftOut
)  # fmt: skip
