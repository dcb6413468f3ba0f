"""The database that a script builds: what is there after each statement. Expressions stay text until all is read."""

from __future__ import annotations

from attrs import define, field, frozen

from liq.importers.ddl import (
    CheckConstraint,
    CreateDomain,
    CreateFunction,
    CreateIndex,
    CreatePolicy,
    CreateView,
    ForeignConstraint,
    Fragment,
    KeyConstraint,
    Name,
    SqlType,
)
from liq.importers.problems import Place
from liq.importers.tokens import Dialect

Key = tuple[str, str]
"""Schema and name, as they are compared."""


@frozen
class When:
    """The moment a statement was applied: later renames concern what it says. ``path``: where names were."""

    number: int
    path: tuple[str, ...]


@define(eq=False)
class Column:
    """A column as it is now."""

    name: str
    type: SqlType | None
    when: When
    place: Place
    not_null: bool = False
    default: Fragment | None = None
    auto: bool = False
    generated: bool = False
    collation: str | None = None
    comment: str | None = None


@define(eq=False)
class Constraint:
    """A key, foreign key or check. ``name`` is PostgreSQL's where none was ``given``."""

    what: KeyConstraint | ForeignConstraint | CheckConstraint
    name: str
    given: bool
    when: When
    place: Place


@define(eq=False)
class Index:
    """An index that no constraint made."""

    what: CreateIndex
    name: str
    when: When
    place: Place


@define(eq=False)
class Policy:
    """A row security policy."""

    what: CreatePolicy
    name: str
    when: When
    place: Place
    using: Fragment | None
    check: Fragment | None
    roles: tuple[str, ...]
    comment: str | None = None


@define(eq=False)
class Table:
    """A table as it is now. ``renames``: of its columns, with the moment."""

    schema: str
    name: str
    place: Place
    columns: dict[str, Column] = field(factory=dict)
    constraints: list[Constraint] = field(factory=list)
    indexes: list[Index] = field(factory=list)
    policies: dict[str, Policy] = field(factory=dict)
    renames: list[tuple[int, str, str]] = field(factory=list)
    row_security: bool = False
    forced: bool = False
    comment: str | None = None
    without_rowid: bool = False


@define(eq=False)
class View:
    """A view as it is now."""

    schema: str
    name: str
    what: CreateView
    when: When
    place: Place
    invoker: bool
    comment: str | None = None


@define(eq=False)
class EnumType:
    """An enum as it is now."""

    schema: str
    name: str
    labels: list[str]
    place: Place
    comment: str | None = None


@define(eq=False)
class Function:
    """A function as it is now; functions of one name differ in the number of parameters."""

    schema: str
    what: CreateFunction
    when: When
    place: Place
    used: bool = False


@define(eq=False)
class Database:
    """Everything that exists, by schema and name."""

    dialect: Dialect
    tables: dict[Key, Table] = field(factory=dict)
    views: dict[Key, View] = field(factory=dict)
    enums: dict[Key, EnumType] = field(factory=dict)
    domains: dict[Key, tuple[CreateDomain, When, Place]] = field(factory=dict)
    functions: dict[Key, list[Function]] = field(factory=dict)
    sequences: dict[Key, Place] = field(factory=dict)
    left_out: dict[Key, str] = field(factory=dict)
    """Relations that were reported as left out: a reference to one is not reported as unknown again."""
    index_names: set[str] = field(factory=set)
    """Every name that an index ever had, so that most names are known not to be one."""
    moves: list[tuple[int, Key, Key]] = field(factory=list)
    path: tuple[str, ...] = ()
    number: int = 0

    @property
    def home(self) -> str:
        """The schema whose name is not written."""
        return "public" if self.dialect == "postgres" else "main"

    @property
    def now(self) -> When:
        """The moment of the statement at hand."""
        return When(self.number, self.path or (self.home,))

    def fold(self, name: str) -> str:
        """What names are compared by: SQLite does not tell upper from lower case."""
        return name.lower() if self.dialect == "sqlite" else name

    def key(self, name: Name) -> Key:
        """Where a new object of this name goes."""
        schema = name.parts[-2] if len(name.parts) > 1 else self.now.path[0]
        return self.fold(schema), self.fold(name.last)

    def candidates(self, name: Name, when: When | None = None) -> list[Key]:
        """Where an object of this name may be, as the names were at that moment and are now."""
        path = (when or self.now).path
        schemas = [name.parts[-2]] if len(name.parts) > 1 else [*path, self.home]
        keys = [(self.fold(schema), self.fold(name.last)) for schema in schemas]
        if when is not None:
            keys = [self._moved(key, when) for key in keys]
        return list(dict.fromkeys(keys))

    def _moved(self, key: Key, when: When) -> Key:
        for number, old, new in self.moves:
            if number > when.number and key == old:
                key = new
        return key

    def name_at(self, table: Table, when: When) -> str:
        """What a table was called at a moment."""
        key = table.schema, self.fold(table.name)
        for number, old, new in reversed(self.moves):
            if number > when.number and key == new:
                key = old
        return table.name if key == (table.schema, self.fold(table.name)) else key[1]

    def table(self, name: Name, when: When | None = None) -> Table | None:
        """The table of this name."""
        return next((self.tables[key] for key in self.candidates(name, when) if key in self.tables), None)

    def view(self, name: Name, when: When | None = None) -> View | None:
        """The view of this name."""
        return next((self.views[key] for key in self.candidates(name, when) if key in self.views), None)

    def enum(self, name: Name, when: When | None = None) -> EnumType | None:
        """The enum of this name."""
        return next((self.enums[key] for key in self.candidates(name, when) if key in self.enums), None)

    def function(self, name: Name, arguments: int, when: When | None = None) -> Function | None:
        """The function of this name that takes so many arguments."""
        for key in self.candidates(name, when):
            for function in self.functions.get(key, ()):
                parameters = function.what.parameters
                optional = sum(p.default is not None for p in parameters)
                if len(parameters) - optional <= arguments <= len(parameters):
                    return function
        return None

    def was_left_out(self, name: Name, when: When | None = None) -> str | None:
        """What was said about a relation that is not imported."""
        return next((self.left_out[key] for key in self.candidates(name, when) if key in self.left_out), None)

    def column(self, table: Table, name: str, when: When | None = None) -> Column | None:
        """A column by the name that it had at that moment."""
        name = self.fold(name)
        if when is not None:
            for number, old, new in table.renames:
                if number > when.number and name == old:
                    name = new
        return table.columns.get(name)

    def index(self, name: Name) -> tuple[Table, Index] | None:
        """The index of this name, with its table."""
        wanted = self.fold(name.last)
        if wanted not in self.index_names:
            return None
        for table in self.tables.values():
            for index in table.indexes:
                here = len(name.parts) == 1 or self.fold(name.parts[-2]) == table.schema
                if here and self.fold(index.name) == wanted:
                    return table, index
        return None

    def taken(self, key: Key) -> bool:
        """Whether a table or view has this name."""
        return key in self.tables or key in self.views
