"""The typed syntax tree of liq: what a text says, before any name is looked up.

Every node is frozen and slotted and holds its ``span``. Spans (and comments) are not part of equality: two trees are
equal when they say the same thing, wherever they stand. Positional fields match in the order in which they are written:

    match expression:
        case Compare("=", Path(names), Parameter(name, optional=True)): ...

What only differs in spelling (``group by``, ``!=``, ``count(*)``, ``insert into``, ``x as y``, needless parentheses,
the order of clauses) is one tree. ``Broken`` stands where recovery skipped text; a diagnostic was given for it already.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, ClassVar, Literal, TypeAlias, TypeVar, dataclass_transform

import attrs
from attrs import field

from liq.model.source import NO_SPAN, Span

C = TypeVar("C", bound=type)


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def frozen(kind: C) -> C:
    """``attrs.frozen``, but what every node does alike (comparing, showing, pickling) is written once, in ``Node``.

    That halves the time to import this module, which every cold start of the command line pays.
    """
    return attrs.define(frozen=True, eq=False, repr=False, getstate_setstate=False)(kind)


def _attributes(kind: Any) -> tuple[attrs.Attribute[Any], ...]:
    return tuple(attrs.fields(kind))


@frozen
class Node:
    """Anything that stands in a text. Comparing, hashing and walking need no call stack, however deep a tree is."""

    span: Span = field(default=NO_SPAN, kw_only=True, eq=False, repr=False)

    def __eq__(self, other: object) -> bool:
        pending: list[tuple[object, object]] = [(self, other)]
        while pending:
            left, right = pending.pop()
            if left is right:
                continue
            if type(left) is not type(right):
                return False
            if isinstance(left, Node):
                pending.extend((getattr(left, name), getattr(right, name)) for name in _compared(type(left)))
            elif isinstance(left, tuple) and isinstance(right, tuple):
                if len(left) != len(right):
                    return False
                pending.extend(zip(left, right, strict=True))
            elif left != right:
                return False
        return True

    def __hash__(self) -> int:
        leaves: list[object] = []
        pending: list[object] = [self]
        while pending:
            value = pending.pop()
            if isinstance(value, Node):
                leaves.append(type(value))
                pending.extend(getattr(value, name) for name in _compared(type(value)))
            elif isinstance(value, tuple):
                leaves.append(len(value))
                pending.extend(value)
            else:
                leaves.append(value)
        return hash(tuple(leaves))

    def __repr__(self) -> str:
        shown = ((each, getattr(self, each.name)) for each in _attributes(type(self)) if each.repr)
        said = (
            f"{each.name}={value!r}" if each.kw_only else repr(value) for each, value in shown if value != each.default
        )
        return f"{type(self).__name__}({', '.join(said)})"

    def __getstate__(self) -> dict[str, Any]:
        return {each.name: getattr(self, each.name) for each in _attributes(type(self))}

    def __setstate__(self, state: dict[str, Any]) -> None:
        for name, value in state.items():
            object.__setattr__(self, name, value)


_compared_fields: dict[type, tuple[str, ...]] = {}


def _compared(kind: type[Node]) -> tuple[str, ...]:
    if kind not in _compared_fields:
        _compared_fields[kind] = tuple(each.name for each in _attributes(kind) if each.eq)
    return _compared_fields[kind]


@frozen
class Documented(Node):
    """A node that may carry a description: ``--- text`` above it, or behind it on its line; lines keep their breaks."""

    description: str | None = field(default=None, kw_only=True)


@frozen
class Broken(Node):
    """Text that could not be read; stands for an expression, an item, an element or a step."""

    declares: str = field(default="", kw_only=True)
    """The name that a broken declaration or ``let`` would have declared, where it can be seen."""


@frozen
class Name(Node):
    """One name, without its backticks: ``status``."""

    text: str


@frozen
class QualifiedName(Node):
    """The name of a table, view, enum, function or query: ``packages``, ``audit.events``, ``agent_runs.by_status``."""

    parts: tuple[Name, ...]

    @property
    def text(self) -> str:
        """The parts joined by dots."""
        return ".".join(part.text for part in self.parts)


@frozen
class TypeRef(Node):
    """A type as written: ``text``, ``decimal(15, 2)``, ``text[]``, ``timestamp?``, ``audit.kind``."""

    name: QualifiedName
    arguments: tuple[int, ...] = ()
    is_list: bool = False
    nullable: bool = False


# ------------------------------------------------------------------------------------------------ expressions


@frozen
class Null(Node):
    """``null``."""


@frozen
class Boolean(Node):
    """``true``, ``false``."""

    value: bool


@frozen
class Number(Node):
    """``12``, ``1_000``, ``1.5``, ``1e3``: kept as written."""

    text: str

    @property
    def kind(self) -> Literal["int", "decimal", "float"]:
        """Which literal it is: an exponent makes a float, a point alone a decimal."""
        if "e" in self.text:
            return "float"
        return "decimal" if "." in self.text else "int"

    @property
    def digits(self) -> str:
        """The text without ``_``, ready for ``int`` or ``Decimal``."""
        return self.text.replace("_", "")


@frozen
class Text(Node):
    """``'it''s'``; ``value`` is what it means (``it's``)."""

    value: str


TypedKind: TypeAlias = Literal["date", "time", "timestamp", "interval", "uuid", "bytes"]


@frozen
class Typed(Node):
    """``date '2026-11-20'``: a text literal with its type before it, not yet checked."""

    kind: TypedKind
    value: str


@frozen
class Parameter(Node):
    """``$status``; ``$status?`` is optional."""

    name: str
    optional: bool = False


@frozen
class Claim(Node):
    """``@publisher_id``."""

    name: str


@frozen
class Path(Node):
    """``status``, ``package.publisher.name``, ``meta.source.repo``: which dots are links and which JSON, types tell."""

    names: tuple[Name, ...]

    @property
    def text(self) -> str:
        """The names joined by dots."""
        return ".".join(name.text for name in self.names)


@frozen
class Member(Node):
    """``items[0].name``: a step into what is not itself a path."""

    operand: Expr
    name: Name


@frozen
class Index(Node):
    """``meta['any name']``, ``items[0]``."""

    operand: Expr
    index: Expr


@frozen
class Cast(Node):
    """``x::type``; ``x::type?`` (``type.nullable``) gives null where the plain cast would fail."""

    operand: Expr
    type: TypeRef


@frozen
class WindowBound(Node):
    """``6 preceding``, ``unbounded following``, ``current row``."""

    side: Literal["preceding", "current row", "following"]
    rows: Number | None = None
    """How many rows away; None with a side other than ``current row`` means unbounded."""


@frozen
class Frame(Node):
    """``rows between 6 preceding and current row``; ``rows 6 preceding`` leaves ``end`` out."""

    start: WindowBound
    end: WindowBound | None = None


@frozen
class Over(Node):
    """``over (by region order amount desc rows …)``."""

    by: tuple[Expr, ...] = ()
    order: Order | None = None
    frame: Frame | None = None


@frozen
class Call(Node):
    """``round(x, 2)``, ``count(distinct a where b)``, ``versions(where not yanked order at desc limit 3)``.

    ``clauses`` stand in canonical order, each occurrence kept. ``count(*)`` has no arguments.
    """

    function: Path
    arguments: tuple[Expr, ...] = ()
    distinct: bool = False
    clauses: tuple[Where | Order | Limit | Offset, ...] = ()
    over: Over | None = None


@frozen
class Negate(Node):
    """``-x``."""

    operand: Expr


@frozen
class Not(Node):
    """``not x``."""

    operand: Expr


@frozen
class And(Node):
    """``a and b and c``: two operands or more; a parenthesised ``and`` inside stays an operand of its own."""

    operands: tuple[Expr, ...]


@frozen
class Or(Node):
    """``a or b or c``: two operands or more."""

    operands: tuple[Expr, ...]


ArithmeticOperator: TypeAlias = Literal["||", "+", "-", "*", "/", "%"]
CompareOperator: TypeAlias = Literal["=", "<>", "<", "<=", ">", ">="]


@frozen
class Binary(Node):
    """``a + b``, ``a || b``: left-associative."""

    operator: ArithmeticOperator
    left: Expr
    right: Expr


@frozen
class Compare(Node):
    """``a = b``, ``(a, b) < ($x, $y)``; ``!=`` is ``<>``. Comparisons do not chain."""

    operator: CompareOperator
    left: Expr
    right: Expr


@frozen
class Is(Node):
    """``x is [not] null|true|false``."""

    operand: Expr
    value: Literal["null", "true", "false"]
    negated: bool = False


@frozen
class IsDistinct(Node):
    """``a is [not] distinct from b``."""

    left: Expr
    right: Expr
    negated: bool = False


@frozen
class Choices(Node):
    """The right side of ``x in (a, b)``: one expression or more."""

    items: tuple[Expr, ...]


@frozen
class In(Node):
    """``x in (a, b)`` (Choices), ``x in (read …)`` (Read), ``x in $list | column | ['a'] | f(x)`` (an expression)."""

    operand: Expr
    choices: Choices | Read | Expr
    negated: bool = False


@frozen
class Like(Node):
    """``x like 'a%'``, ``x not ilike 'a%'``."""

    operand: Expr
    pattern: Expr
    ignore_case: bool = False
    negated: bool = False


@frozen
class Between(Node):
    """``x between low and high``."""

    operand: Expr
    low: Expr
    high: Expr
    negated: bool = False


@frozen
class Matches(Node):
    """``body matches $q``: word search."""

    operand: Expr
    query: Expr


@frozen
class When(Node):
    """One arm of a case."""

    condition: Expr
    result: Expr


@frozen
class Case(Node):
    """``case when a then b else c end``; with a ``subject``: ``case x when 1 then …``."""

    subject: Expr | None
    arms: tuple[When, ...]
    otherwise: Expr | None = None


@frozen
class Row(Node):
    """``(a, b)``: two items or more."""

    items: tuple[Expr, ...]


@frozen
class ListLiteral(Node):
    """``['a', 'b']``, ``[]``."""

    items: tuple[Expr, ...]


@frozen
class Entry(Node):
    """``name: value`` in a record. ``$reason`` alone is ``reason: $reason``; ``pun``: it can be written so."""

    name: Name
    value: Expr

    @property
    def pun(self) -> bool:
        """Whether the value alone says the name."""
        match self.value:
            case Parameter(name, optional=False) | Claim(name):
                return name == self.name.text
            case _:
                return False


@frozen
class Record(Node):
    """``{ a: 1, b: [] }``: a JSON object, or a row to insert."""

    entries: tuple[Entry | Broken, ...]


@frozen
class Subquery(Node):
    """``(read …)`` used as a value."""

    read: Read


@frozen
class LinkRows(Node):
    """``versions where not yanked`` inside ``exists ( )``: the rows a link leads to."""

    path: Path
    where: Where | None = None


@frozen
class Exists(Node):
    """``exists (read …)``, ``exists (versions where yanked)``."""

    rows: Read | LinkRows


LiteralExpr: TypeAlias = Null | Boolean | Number | Text | Typed
Expr: TypeAlias = (
    Null | Boolean | Number | Text | Typed | Parameter | Claim | Path | Member | Index | Cast | Call | Negate | Not
    | And | Or | Binary | Compare | Is | IsDistinct | In | Like | Between | Matches | Case | Row | ListLiteral | Record
    | Subquery | Exists | Broken
)  # fmt: skip

# ------------------------------------------------------------------------------------------------ reading


@frozen
class TableSource(Node):
    """``packages p``, ``candidates with deleted``; also a view or an earlier ``let``."""

    name: QualifiedName
    alias: Name | None = None
    deleted: bool = False


@frozen
class DerivedSource(Node):
    """``(read …) q``."""

    read: Read
    alias: Name


@frozen
class FunctionSource(Node):
    """``series($from, $to, interval '1 day') day``, ``live_versions($package)``."""

    function: QualifiedName
    arguments: tuple[Expr, ...]
    alias: Name | None = None


Source: TypeAlias = TableSource | DerivedSource | FunctionSource


@frozen
class Join(Node):
    """``left join SOURCE on CONDITION``; ``on`` is None for ``cross`` only."""

    kind: Literal["inner", "left", "full", "cross"]
    source: Source
    on: Expr | None


@frozen
class Star(Node):
    """``*``, ``* except (a, b)``."""

    excluded: tuple[Name, ...] = ()


@frozen
class PathStar(Node):
    """``package.*``, ``p.*``."""

    path: Path


@frozen
class Field(Node):
    """``label: expression``, or an expression alone that names itself."""

    label: Name | None
    value: Expr


@frozen
class Nested(Node):
    """``publisher { id, name }``, ``recent: versions(where … limit 3) { version }`` (a Call as ``target``)."""

    label: Name | None
    target: Path | Call
    shape: Shape


ShapeItem: TypeAlias = Star | PathStar | Field | Nested | Broken


@frozen
class Shape(Node):
    """``{ … }``: one item or more."""

    items: tuple[ShapeItem, ...]


@frozen
class Where(Node):
    """``where CONDITION``."""

    condition: Expr


@frozen
class Group(Node):
    """``group a, b``."""

    keys: tuple[Expr, ...]


@frozen
class OrderKey(Node):
    """``published_at desc nulls last``."""

    value: Expr
    descending: bool = False
    nulls: Literal["first", "last"] | None = None


@frozen
class Order(Node):
    """``order a desc, b``."""

    keys: tuple[OrderKey, ...]


@frozen
class Choice(Node):
    """``newest: started_at desc, run_id``."""

    label: Name
    keys: tuple[OrderKey, ...]


@frozen
class OrderChoose(Node):
    """``order choose $sort? { newest: started_at desc, run_id, agent: agent_id }``."""

    parameter: Parameter
    choices: tuple[Choice, ...]


@frozen
class Limit(Node):
    """``limit 20``, ``limit $n max 200``."""

    count: Number | Parameter
    maximum: Number | None = None


@frozen
class Offset(Node):
    """``offset $skip``."""

    count: Number | Parameter


@frozen
class After(Node):
    """``after $cursor?``."""

    cursor: Parameter


@frozen
class Distinct(Node):
    """``distinct``."""


@frozen
class Follow(Node):
    """``follow source_id -> target_id from $start max 32``."""

    sources: tuple[Name, ...]
    targets: tuple[Name, ...]
    start: Expr
    maximum: Number | None = None


Clause: TypeAlias = Where | Group | Distinct | Order | OrderChoose | Follow | Limit | Offset | After
CLAUSE_ORDER: tuple[type[Node], ...] = (Where, Group, Distinct, Order, OrderChoose, Follow, Limit, Offset, After)
"""The canonical order, in which a tree holds its clauses; a second one of a kind is kept, to be reported."""


@frozen
class SimpleRead(Node):
    """``read SOURCE join* {shape}? clause*``."""

    source: Source
    joins: tuple[Join, ...] = ()
    shape: Shape | None = None
    clauses: tuple[Clause, ...] = ()


@frozen
class SetOperation(Node):
    """``union all read …`` behind the first operand."""

    operator: Literal["union", "union all", "except", "intersect"]
    read: SimpleRead


@frozen
class Stage(Node):
    """``| {shape}? clause*``: at least one of them."""

    shape: Shape | None = None
    clauses: tuple[Clause, ...] = ()


@frozen
class Read(Node):
    """``read … union read … | stage | stage``: operands joined by set operators, then stages over all of them."""

    first: SimpleRead
    rest: tuple[SetOperation, ...] = ()
    stages: tuple[Stage, ...] = ()


# ------------------------------------------------------------------------------------------------ writing


@frozen
class Records(Node):
    """``{ … }`` or ``[{ … }, { … }]``."""

    records: tuple[Record | Broken, ...]


@frozen
class FromRead(Node):
    """``from read …``."""

    read: Read


@frozen
class FromParameter(Node):
    """``from $rows { seq, run_id: $run }``."""

    parameter: Parameter
    shape: Shape | None = None


@frozen
class Assign(Node):
    """``status = 'done'``; without a value (in ``or update set reason``) the proposed one is taken."""

    column: Name
    value: Expr | None = None


@frozen
class OrSkip(Node):
    """``or skip``, ``or skip on (name)``."""

    on: tuple[Name, ...] = ()


@frozen
class OrUpdate(Node):
    """``or update on (name) set hits = hits + excluded.hits where …``; no assignments: all columns but the key."""

    on: tuple[Name, ...] = ()
    assignments: tuple[Assign | Broken, ...] = ()
    where: Where | None = None


@frozen
class Returning(Node):
    """``returning id, name`` and ``returning { id, name }`` are one tree."""

    shape: Shape


InsertClause: TypeAlias = OrSkip | OrUpdate | Returning
WriteClause: TypeAlias = Where | Returning


@frozen
class Insert(Node):
    """``insert TABLE ROWS clause*``."""

    table: QualifiedName
    rows: Records | FromRead | FromParameter
    clauses: tuple[InsertClause, ...] = ()


@frozen
class Update(Node):
    """``update TABLE set … clause*``."""

    table: QualifiedName
    assignments: tuple[Assign | Broken, ...]
    clauses: tuple[WriteClause, ...] = ()


@frozen
class Delete(Node):
    """``delete TABLE clause*``."""

    table: QualifiedName
    clauses: tuple[WriteClause, ...] = ()


@frozen
class Describe(Node):
    """``describe agent_runs, packages``."""

    tables: tuple[QualifiedName, ...]


@frozen
class Expect(Node):
    """``expect 1 else 'the step is not active'``."""

    rows: Number
    message: Text | None = None


Body: TypeAlias = Read | Insert | Update | Delete | Describe


@frozen
class Statement(Documented):
    """A read or a write, with its ``expect``. A description is only kept on a statement that stands alone in a file."""

    body: Body
    expect: Expect | None = None


@frozen
class Let(Node):
    """``let next = read …``."""

    name: Name
    statement: Statement


Step: TypeAlias = Statement | Let
"""What a plan is made of."""

# ------------------------------------------------------------------------------------------------ declarations


@frozen
class Default(Node):
    """``= expr`` behind a column, parameter or claim."""

    value: Expr


@frozen
class From(Node):
    """``from 'app_metadata.publisher_id'``: the path of a claim in the verified token."""

    path: Text


@frozen
class ClaimDecl(Documented):
    """``role: text from 'role' = 'anon'``; ``parts`` in canonical order (From, Default), every occurrence kept."""

    name: Name
    type: TypeRef
    parts: tuple[From | Default, ...] = ()


@frozen
class SessionDecl(Documented):
    """``session { … }``."""

    claims: tuple[ClaimDecl | Broken, ...]


@frozen
class Flag(Node):
    """A word behind a column."""

    word: Literal["key", "unique", "auto", "sensitive", "tombstone"]


@frozen
class References(Node):
    """``-> packages``, ``-> desks (org_id, id)``."""

    table: QualifiedName
    columns: tuple[Name, ...] = ()


@frozen
class LinkAs(Node):
    """``as candidate``: the name of a link."""

    name: Name


@frozen
class Reverse(Node):
    """``reverse versions``: the name of the way back."""

    name: Name


@frozen
class OnDelete(Node):
    """``on delete cascade``."""

    action: Literal["cascade", "restrict", "set null", "set default"]


@frozen
class Was(Node):
    """``was old_name``: this column was renamed."""

    name: Name


LinkPart: TypeAlias = References | LinkAs | Reverse | OnDelete
ColumnPart: TypeAlias = Flag | Default | References | LinkAs | Reverse | OnDelete | Was


@frozen
class Column(Documented):
    """``package_id uuid -> packages reverse versions on delete cascade``; ``parts`` in canonical order, all kept.

    A ``check`` behind a column is an element of the table of its own: a check belongs to the row, wherever it stands.
    """

    name: Name
    type: TypeRef
    parts: tuple[ColumnPart, ...] = ()


@frozen
class KeyConstraint(Node):
    """``key (publisher_id, user_id)``."""

    columns: tuple[Name, ...]


@frozen
class UniqueConstraint(Node):
    """``unique (org_id, candidate_id) nulls not distinct where … as name``."""

    keys: tuple[OrderKey, ...]
    nulls_not_distinct: bool = False
    where: Where | None = None
    name: Name | None = None


@frozen
class Check(Node):
    """``check org_id > 0 as has_place``; also behind a parameter and in a policy (without a name)."""

    condition: Expr
    name: Name | None = None


@frozen
class IndexDecl(Node):
    """``index (package_id, published_at desc) using words where not yanked as name``."""

    keys: tuple[OrderKey, ...]
    method: Name | None = None
    where: Where | None = None
    name: Name | None = None


@frozen
class Foreign(Node):
    """``foreign (org_id, desk_id) -> desks (org_id, id) as desk``; ``parts`` in canonical order, all kept."""

    columns: tuple[Name, ...]
    parts: tuple[LinkPart, ...]


Element: TypeAlias = Column | KeyConstraint | UniqueConstraint | Check | IndexDecl | Foreign | Broken


@frozen
class TableDecl(Documented):
    """``table packages { … }``."""

    name: QualifiedName
    elements: tuple[Element, ...]


@frozen
class ViewDecl(Documented):
    """``view candidates_safe = read …``."""

    name: QualifiedName
    read: Read


@frozen
class EnumValue(Documented):
    """``queued``, ``'timed-out'``."""

    text: str


@frozen
class EnumDecl(Documented):
    """``enum run_status { queued, running, 'timed-out' }``."""

    name: QualifiedName
    values: tuple[EnumValue | Broken, ...]


@frozen
class Restrictive(Node):
    """``restrictive``."""


Operation: TypeAlias = Literal["read", "insert", "update", "delete", "all"]


@frozen
class ForOperations(Node):
    """``for insert, update``."""

    operations: tuple[Operation, ...]


@frozen
class ToRoles(Node):
    """``to service_role``."""

    roles: tuple[Name, ...]


@frozen
class Using(Node):
    """``using not yanked``."""

    condition: Expr


PolicyPart: TypeAlias = Restrictive | ForOperations | ToRoles | Using | Check


@frozen
class PolicyDecl(Documented):
    """``policy own on package_versions, yanks …``; ``parts`` in canonical order, every occurrence kept."""

    name: Name
    tables: tuple[QualifiedName, ...]
    parts: tuple[PolicyPart, ...]


@frozen
class ParameterDecl(Documented):
    """``$n: int = 20 check $n between 1 and 200``; ``parts`` in canonical order (Default, Check), all kept."""

    name: str
    type: TypeRef
    parts: tuple[Default | Check, ...] = ()


@frozen
class FnDecl(Documented):
    """``fn is_member($org: uuid) = EXPRESSION | READ``."""

    name: QualifiedName
    parameters: tuple[ParameterDecl | Broken, ...]
    body: Expr | Read


@frozen
class Target(Node):
    """``call_log (candidate_id, at)``, ``candidates with deleted``; behind ``run`` the name of a query."""

    name: QualifiedName
    columns: tuple[Name, ...] = ()
    deleted: bool = False


@frozen
class Grant(Node):
    """``read packages, call_log (at)``; ``read all`` has ``everything`` and no targets."""

    action: Literal["read", "insert", "update", "delete", "run"]
    targets: tuple[Target | Broken, ...] = ()
    everything: bool = False


@frozen
class MaxRows(Node):
    """``max rows 200``."""

    rows: Number


@frozen
class RoleDecl(Documented):
    """``role agent { read candidates_safe max rows 200 }``."""

    name: Name
    grants: tuple[Grant | MaxRows | Broken, ...]


@frozen
class ChannelDecl(Documented):
    """``channel exists(packages.name) to authenticated``."""

    paths: tuple[Path, ...]
    roles: ToRoles | None = None


@frozen
class QueryDecl(Documented):
    """``query name($a: text) = statement`` and ``query name { let … statement }``: one step or more."""

    name: QualifiedName
    parameters: tuple[ParameterDecl | Broken, ...]
    steps: tuple[Step | Broken, ...]


@frozen
class Run(Node):
    """``run agent_runs.by_status { status: 'done' }`` in a test."""

    query: QualifiedName
    arguments: Record | None = None


@frozen
class Given(Node):
    """``given publishers [{ … }]``."""

    table: QualifiedName
    rows: Records


@frozen
class SessionStep(Node):
    """``session { role: 'authenticated' }`` in a test."""

    claims: Record


@frozen
class ExpectRows(Node):
    """``expect read … gives [{ … }]``."""

    body: Body | Run
    rows: Records


@frozen
class ExpectError(Node):
    """``expect error 'LIQ0403' insert …``; the text is optional."""

    body: Body | Run
    code: Text | None = None


TestStep: TypeAlias = Given | SessionStep | ExpectRows | ExpectError | Statement | Broken


@frozen
class TestDecl(Documented):
    """``test 'a tenant sees only its own' { … }``."""

    __test__: ClassVar[bool] = False

    title: Text
    steps: tuple[TestStep, ...]


@frozen
class Add(Node):
    """``alter packages add homepage text? check …``; also a constraint, an index, or a value of an enum."""

    elements: tuple[Element | EnumValue, ...]


@frozen
class SetColumn(Node):
    """``alter package_versions set coverage_pct decimal(5, 2)``: the column is declared anew."""

    elements: tuple[Column | Check, ...]


@frozen
class DropColumn(Node):
    """``alter packages drop motto``."""

    column: Name


@frozen
class RenameColumn(Node):
    """``alter packages rename repo to repository_url``."""

    old: Name
    new: Name


@frozen
class RenameTable(Node):
    """``alter packages rename to bundles``."""

    new: Name


@frozen
class Alter(Node):
    """``alter TABLE change``."""

    table: QualifiedName
    change: Add | SetColumn | DropColumn | RenameColumn | RenameTable


@frozen
class DropTable(Node):
    """``drop table old_things``."""

    table: QualifiedName


MigrationStep: TypeAlias = Alter | DropTable | TableDecl | EnumDecl | Statement | Broken


@frozen
class MigrationDecl(Documented):
    """``migration m003_publish { … }``."""

    name: Name
    steps: tuple[MigrationStep, ...]


Declaration: TypeAlias = (
    SessionDecl | TableDecl | ViewDecl | EnumDecl | PolicyDecl | FnDecl | RoleDecl | ChannelDecl | QueryDecl | TestDecl
    | MigrationDecl
)  # fmt: skip
Item: TypeAlias = Statement | Let | Declaration

# ------------------------------------------------------------------------------------------------ a whole file


@frozen
class Comment(Node):
    """``-- text`` or ``--- text``, with the dashes in ``text``, and the tokens it stands between."""

    text: str
    own_line: bool = True
    """Whether nothing but white space stands before it on its line."""
    after: int = 0
    """Where the token before it ends (a comma is passed over)."""
    before: int = 0
    """Where the token behind it begins (``and``, ``or`` and ``|`` are passed over)."""
    blank_below: bool = False
    """Whether an empty line follows."""


@frozen
class File(Node):
    """Everything one text says, in its order."""

    items: tuple[Item, ...]
    comments: tuple[Comment, ...] = field(default=(), eq=False)
    """Every comment that is not the description of something."""
    broken: tuple[Broken, ...] = field(default=(), eq=False)
    """Statements and declarations that could not be read at all."""

    @property
    def steps(self) -> tuple[Step, ...]:
        """The bare statements and lets."""
        return tuple(item for item in self.items if isinstance(item, (Statement, Let)))

    @property
    def declarations(self) -> tuple[Declaration, ...]:
        """The declarations."""
        return tuple(item for item in self.items if not isinstance(item, (Statement, Let)))


# ------------------------------------------------------------------------------------------------ walking

N = TypeVar("N", bound=Node)


_NOT_CHILDREN = ("span", "description", "comments")
_node_fields: dict[type[Node], tuple[str, ...]] = {}


def _fields_of(kind: type[Node]) -> tuple[str, ...]:
    if kind not in _node_fields:
        _node_fields[kind] = tuple(each.name for each in _attributes(kind) if each.name not in _NOT_CHILDREN)
    return _node_fields[kind]


def children(node: Node) -> Iterator[Node]:
    """The nodes directly inside ``node``, in the order of its fields."""
    for name in _fields_of(type(node)):
        value = getattr(node, name)
        if isinstance(value, Node):
            yield value
        elif isinstance(value, tuple):
            yield from (item for item in value if isinstance(item, Node))


def descendants(node: Node) -> Iterator[Node]:
    """``node`` and everything inside it, parents first; needs no call stack."""
    pending = [node]
    while pending:
        current = pending.pop()
        yield current
        pending.extend(reversed(tuple(children(current))))


def evolve(node: N, **changes: Any) -> N:
    """The same node with some fields changed."""
    return attrs.evolve(node, **changes)  # type: ignore[misc]  # mypy sees a dataclass_transform, attrs its own class


def pick(nodes: Iterable[Node], kind: type[N]) -> tuple[N, ...]:
    """Those of one kind: ``pick(read.clauses, Where)`` has two items where ``where`` was written twice."""
    return tuple(node for node in nodes if isinstance(node, kind))
