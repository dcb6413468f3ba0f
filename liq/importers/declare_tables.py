"""Tables: columns, keys, foreign keys, checks and indexes, in the order in which a person would write them."""

from __future__ import annotations

import re

from attrs import define, field

from liq.importers.database import Column, Constraint, Database, Index, Table, When
from liq.importers.ddl import CheckConstraint, ForeignConstraint, KeyConstraint, KeyPart
from liq.importers.declare_columns import Columns, Declared
from liq.importers.links import Way, name_ways
from liq.importers.problems import Place, Report, Unsayable
from liq.importers.scopes import path
from liq.importers.translate import Translator
from liq.importers.types import qualified
from liq.importers.words import described, nameable
from liq.model import codes
from liq_grammar import syntax as s

_METHODS = ("hash", "gin", "gist", "brin", "hnsw", "ivfflat")
_USUAL_CLASS = re.compile(
    r"(?:public\.|extensions\.|pg_catalog\.)?(?:[a-z0-9]+_ops|vector_cosine_ops)", re.IGNORECASE
)
_ODD_CLASS = re.compile(r"trgm|pattern|path_ops|l2_ops|ip_ops|l1_ops", re.IGNORECASE)
_TSVECTOR = re.compile(
    r"\(?\s*to_tsvector\s*\(\s*(?:'[a-z_.]+'\s*(?:::\s*regconfig)?\s*,\s*)?(?:coalesce\s*\(\s*)?\"?(\w+)\"?"
    r"\s*(?:,\s*'')?\s*\)?\s*\)\s*\)?",
    re.IGNORECASE,
)
_ELSEWHERE = ("auth", "storage")
"""Schemas of Supabase, which scripts point at without making them."""
_NUMBERS = ("int", "decimal", "float")


@define(eq=False)
class Foreign:
    """A foreign key that can be declared."""

    constraint: Constraint
    what: ForeignConstraint
    columns: tuple[Column, ...]
    target: Table
    target_columns: tuple[str, ...]
    action: str | None
    way: Way


@define(eq=False)
class Drafted:
    """A table whose columns are declared."""

    table: Table
    name: s.QualifiedName
    columns: dict[str, Declared]
    foreign: list[Foreign] = field(factory=list)


class Tables:
    """Declares every table."""

    def __init__(self, database: Database, report: Report, translator: Translator) -> None:
        self.database = database
        self.report = report
        self.translator = translator
        self.drafts: dict[Table, Drafted] = {}
        self.names: set[str] = set()

    def draft(self) -> list[Table]:
        """Declare the columns of every table; the tables that have some."""
        columns = Columns(self.database, self.report, self.translator)
        for table in self.database.tables.values():
            if not nameable(table.name, table=True) or not nameable(table.schema, table=True):
                self.report.add(codes.IMPORT_NAME, f"table {table.name[:60]!r} is left out: liq cannot write its name",
                                table.place, "give it a name of ASCII characters")  # fmt: skip
                continue
            found = {key: columns.declare(table, column) for key, column in table.columns.items()}
            kept = {key: each for key, each in found.items() if each is not None}
            if not kept:
                said = f"table {table.name} is left out: it has no columns"
                self.report.add(codes.IMPORT_LEFT_OUT, said, table.place)
                continue
            name = qualified(self.database, table.schema, table.name)
            self.drafts[table] = Drafted(table, name, kept)
        self.names = {draft.table.name for draft in self.drafts.values()}
        self.names |= {view.name for view in self.database.views.values()}
        return list(self.drafts)

    def declare(self) -> list[s.TableDecl]:
        """The tables, in the order in which they were made; policies and views are translated by now."""
        self._foreign_keys()
        return [self._table(draft) for draft in self.drafts.values()]

    # ---------------------------------------------------------------------------------------------- foreign keys
    def _foreign_keys(self) -> None:
        for draft in self.drafts.values():
            for constraint in draft.table.constraints:
                if isinstance(constraint.what, ForeignConstraint):
                    found = self._foreign(draft, constraint, constraint.what)
                    if found is not None:
                        draft.foreign.append(found)
        ways = [foreign.way for draft in self.drafts.values() for foreign in draft.foreign]
        columns = {d.name.text: [c.node.name.text for c in d.columns.values()] for d in self.drafts.values()}
        reserved = {
            self.drafts[table].name.text: names
            for table, names in self.translator.reserved.items()
            if table in self.drafts
        }
        name_ways(ways, columns, reserved)

    def _foreign(self, draft: Drafted, constraint: Constraint, what: ForeignConstraint) -> Foreign | None:
        table = draft.table
        said = f"a foreign key of {table.name} to {what.target.text} is left out"
        target = self.database.table(what.target, constraint.when)
        there = self.drafts.get(target) if target is not None else None
        if target is None or there is None:
            away = what.target.parts[0] in _ELSEWHERE or self.database.was_left_out(what.target, constraint.when)
            foreign = target is None and bool(away)
            missing = "its table is not imported" if target is not None else f"table {what.target.text} does not exist"
            code = codes.IMPORT_LEFT_OUT if foreign else codes.IMPORT_UNKNOWN
            self.report.add(code, f"{said}: {missing}{' in these scripts' if foreign else ''}", constraint.place)
            return None
        columns = self._known(draft, what.columns, constraint.when)
        key = self._primary(there)
        targets = self._known(there, what.target_columns, constraint.when) if what.target_columns else key
        if columns is None or not targets or len(columns) != len(targets):
            self.report.add(codes.IMPORT_UNKNOWN, f"{said}: its columns do not match", constraint.place)
            return None
        if not self._points_at_key(there, targets):
            shown = ", ".join(c.name for c in targets)
            self.report.add(codes.IMPORT_UNKNOWN, f"{said}: ({shown}) is no key of {target.name}", constraint.place)
            return None
        for here, other in zip(columns, targets, strict=True):
            mine, theirs = draft.columns[self._key_of(here)].mapped, there.columns[self._key_of(other)].mapped
            if not _alike(mine.kind, theirs.kind):
                different = f"{said}: {here.name} and {other.name} differ in type"
                self.report.add(codes.IMPORT_TYPE, different, constraint.place)
                return None
        names = tuple(c.name for c in columns)
        action = self._action(draft, columns, what, constraint.place)
        pointed = () if list(targets) == key else tuple(c.name for c in targets)
        return Foreign(constraint, what, tuple(columns), target, pointed, action,
                       Way(draft.name.text, names, there.name.text))  # fmt: skip

    def _key_of(self, column: Column) -> str:
        return self.database.fold(column.name)

    def _known(self, draft: Drafted, names: tuple[str, ...], when: When) -> list[Column] | None:
        found = [self.database.column(draft.table, name, when) for name in names]
        kept = [c for c in found if c is not None and self._key_of(c) in draft.columns]
        return kept if len(kept) == len(names) else None

    def _primary(self, draft: Drafted) -> list[Column]:
        return next((columns for what, columns in self._keys(draft) if what.primary), [])

    def _keys(self, draft: Drafted) -> list[tuple[KeyConstraint, list[Column]]]:
        """The keys whose columns are all there."""
        found = []
        for constraint in draft.table.constraints:
            if isinstance(constraint.what, KeyConstraint):
                columns = self._known(draft, tuple(k.column or "" for k in constraint.what.keys), constraint.when)
                if columns:
                    found.append((constraint.what, columns))
        return found

    def _points_at_key(self, draft: Drafted, columns: list[Column]) -> bool:
        keys = [set(c.name for c in known) for _, known in self._keys(draft)]
        for index in draft.table.indexes:
            bare = all(k.column and not k.descending and k.nulls is None for k in index.what.keys)
            if index.what.unique and index.what.where is None and bare:
                known = self._known(draft, tuple(k.column or "" for k in index.what.keys), index.when)
                keys.append({c.name for c in known or ()})
        return {c.name for c in columns} in keys

    def _action(self, draft: Drafted, columns: list[Column], what: ForeignConstraint, place: Place) -> str | None:
        for oddity in what.oddities:
            self.report.add(codes.IMPORT_DIFFERS, f"a foreign key of {draft.table.name}: {oddity} is left out", place)
        if what.on_update not in ("no action", "restrict"):
            said = f"ON UPDATE {what.on_update.upper()} is left out: keys that are pointed at cannot be changed"
            self.report.add(codes.IMPORT_DIFFERS, f"a foreign key of {draft.table.name}: {said}", place)
        action = what.on_delete
        declared = [draft.columns[self._key_of(c)] for c in columns]
        if action == "set null":
            fits = all(d.node.type.nullable for d in declared)
        elif action == "set default":
            fits = all(d.node.type.nullable or s.pick(d.node.parts, s.Default) for d in declared)
        else:
            fits = True
        if not fits:
            said = f"ON DELETE {action.upper()} can only fail here, so rows pointed at cannot be deleted"
            self.report.add(codes.IMPORT_DIFFERS, f"a foreign key of {draft.table.name}: {said}", place)
            return None
        return None if action == "no action" else action

    # ---------------------------------------------------------------------------------------------- elements
    def _table(self, draft: Drafted) -> s.TableDecl:
        table = draft.table
        flags: dict[str, list[s.Flag]] = {key: [] for key in draft.columns}
        behind: dict[str, list[s.Check]] = {key: list(each.checks) for key, each in draft.columns.items()}
        below: list[s.Element] = []
        for constraint in table.constraints:
            match constraint.what:
                case KeyConstraint() as what:
                    below.extend(self._key(draft, constraint, what, flags))
                case CheckConstraint() as what:
                    self._check(draft, constraint, what, behind, below)
                case _:
                    pass
        inline, others = self._links(draft)
        below.extend(others)
        for index in table.indexes:
            below.extend(self._index(draft, index))
        given = {c.name for c in table.constraints if c.given}
        for key, checks in behind.items():
            behind[key] = [_told_apart(check, table.name, draft.columns[key].node.name.text, given) for check in checks]
        elements: list[s.Element] = []
        for key, declared in draft.columns.items():
            parts = (*flags[key], *declared.node.parts, *inline.get(key, ()))
            elements.append(s.evolve(declared.node, parts=_ordered(parts)))
            elements.extend(behind[key])
        return s.TableDecl(draft.name, (*elements, *below), description=described(table.comment))

    def _key(
        self, draft: Drafted, constraint: Constraint, what: KeyConstraint, flags: dict[str, list[s.Flag]]
    ) -> list[s.Element]:
        names = tuple(k.column or "" for k in what.keys)
        columns = self._known(draft, names, constraint.when)
        kind = "key" if what.primary else "unique key"
        if not columns:
            self.report.add(codes.IMPORT_EXPRESSION, f"a {kind} of {draft.table.name} is left out: its columns are not "
                            "imported", constraint.place)  # fmt: skip
            return []
        if what.deferrable:
            said = f"the {kind} of {draft.table.name} is checked at the end of each statement, never later"
            self.report.add(codes.IMPORT_DIFFERS, said, constraint.place)
        listed = tuple(s.Name(c.name) for c in columns)
        if not constraint.given:
            self.names.add(constraint.name)
        if what.primary:
            if len(columns) > 1:
                return [s.KeyConstraint(listed)]
            flags[self._key_of(columns[0])].insert(0, s.Flag("key"))
            return []
        if any(f.word == "key" for f in flags[self._key_of(columns[0])]) and len(columns) == 1:
            return []  # the key is unique already
        if len(columns) == 1 and not constraint.given and not what.nulls_not_distinct:
            there = flags[self._key_of(columns[0])]
            there.extend([s.Flag("unique")] if not there else [])
            return []
        keys = tuple(s.OrderKey(s.Path((name,))) for name in listed)
        name = self._name(constraint.name) if constraint.given else None
        return [s.UniqueConstraint(keys, what.nulls_not_distinct, None, name)]

    def _name(self, name: str) -> s.Name | None:
        """The name of a key or index, unless something else has it: PostgreSQL has such names per schema."""
        if name in self.names or not nameable(name):
            return None
        self.names.add(name)
        return s.Name(name)

    def _check(
        self, draft: Drafted, constraint: Constraint, what: CheckConstraint, behind: dict[str, list[s.Check]],
        below: list[s.Element],
    ) -> None:  # fmt: skip
        table = draft.table
        try:
            condition = self.translator.condition(what.condition, constraint.when, table)
            row_only(condition, Place.of(what.condition))
            if condition == s.Boolean(True):
                return
        except Unsayable as problem:
            said = f"check {constraint.name} of {table.name} is left out"
            self.report.problem(problem, said, Place.of(what.condition))
            return
        name = s.Name(constraint.name) if constraint.given and nameable(constraint.name) else None
        used = {p.names[0].text for p in s.descendants(condition) if isinstance(p, s.Path) and _is_value(p, draft)}
        holders = [key for key, each in draft.columns.items() if each.node.name.text in used]
        check = s.Check(condition, name)
        if len(holders) == 1:
            behind[holders[0]].append(check)
        else:
            below.append(check)

    def _links(self, draft: Drafted) -> tuple[dict[str, list[s.ColumnPart]], list[s.Element]]:
        """Links behind their column, where it has one only, and links of several columns."""
        inline: dict[str, list[s.ColumnPart]] = {}
        others: list[s.Element] = []
        for foreign in draft.foreign:
            target = self.drafts[foreign.target].name
            parts: list[s.LinkPart] = [s.References(target, tuple(s.Name(c) for c in foreign.target_columns))]
            if foreign.way.link is not None:
                parts.append(s.LinkAs(s.Name(foreign.way.link)))
            if foreign.way.reverse is not None:
                parts.append(s.Reverse(s.Name(foreign.way.reverse)))
            if foreign.action is not None:
                parts.append(s.OnDelete(foreign.action))  # type: ignore[arg-type]  # the reader knows these words only
            key = self._key_of(foreign.columns[0])
            if len(foreign.columns) == 1 and key not in inline:
                inline[key] = list(parts)
            else:
                others.append(s.Foreign(tuple(s.Name(c.name) for c in foreign.columns), tuple(parts)))
        return inline, others

    # ---------------------------------------------------------------------------------------------- indexes
    def _index(self, draft: Drafted, index: Index) -> list[s.Element]:
        what, table = index.what, draft.table
        method = what.method if what.method not in (None, "btree") else None
        said = f"index {index.name} on {table.name}"
        if method is not None and method not in _METHODS:
            self.report.add(codes.IMPORT_LEFT_OUT, f"{said} is left out: liq has no method {method}", index.place)
            return []
        words = self._words(draft, index) if method in ("gin", "gist") else None
        if words is not None:
            self.report.add(codes.IMPORT_DIFFERS, f"{said} becomes one of words, as `matches` takes them", index.place)
            return [words]
        try:
            keys = tuple(self._index_key(table, part, index) for part in what.keys)
            where = None
            if what.where is not None:
                condition = self.translator.condition(what.where, index.when, table)
                row_only(condition, Place.of(what.where))
                where = s.Where(condition)
        except Unsayable as problem:
            self.report.problem(problem, f"{said} is left out", index.place)
            return []
        self._index_differences(what.include, what.keys, said, index.place)
        name = self._name(index.name) if what.name is not None else None
        if what.unique:
            return [s.UniqueConstraint(keys, what.nulls_not_distinct, where, name)]
        return [s.IndexDecl(keys, s.Name(method) if method else None, where, name)]

    def _index_key(self, table: Table, part: KeyPart, index: Index) -> s.OrderKey:
        if part.column is not None:
            column = self.database.column(table, part.column, index.when)
            draft = self.drafts[table]
            if column is None or self._key_of(column) not in draft.columns:
                raise Unsayable(f"column {part.column} is not imported", index.place)
            value: s.Expr = path(column.name)
        else:
            value = self.translator.value(part.fragment, index.when, "", table).expr
            row_only(value, Place.of(part.fragment))
        usual = "first" if part.descending else "last"
        if self.database.dialect == "sqlite":
            usual = part.nulls or usual  # SQLite has nulls first when ascending; an index serves either
        return s.OrderKey(value, part.descending, None if part.nulls in (None, usual) else part.nulls)

    def _index_differences(self, include: bool, keys: tuple[KeyPart, ...], said: str, place: Place) -> None:
        if include:
            self.report.add(codes.IMPORT_DIFFERS, f"{said}: INCLUDE is left out", place)
        for part in keys:
            operators = part.operator_class
            if operators is not None and (_ODD_CLASS.search(operators) or not _USUAL_CLASS.fullmatch(operators)):
                self.report.add(codes.IMPORT_DIFFERS, f"{said}: operator class {operators} is left out", place)
            if part.collation is not None and part.collation.lower() not in ("c", "posix", "binary", "default"):
                self.report.add(codes.IMPORT_DIFFERS, f"{said}: collation {part.collation} is left out", place)

    def _words(self, draft: Drafted, index: Index) -> s.IndexDecl | None:
        """``gin (to_tsvector('english', body))`` as an index of words."""
        if len(index.what.keys) != 1:
            return None
        found = _TSVECTOR.fullmatch(index.what.keys[0].fragment.text)
        column = self.database.column(draft.table, found[1].lower(), index.when) if found else None
        if column is None or self._key_of(column) not in draft.columns:
            return None
        if draft.columns[self._key_of(column)].mapped.kind != "text":
            return None
        name = self._name(index.name) if index.what.name is not None else None
        return s.IndexDecl((s.OrderKey(path(column.name)),), s.Name("words"), None, name)


def row_only(condition: s.Expr, place: Place) -> None:
    """Refuse what looks beyond its row."""
    for each in s.descendants(condition):
        if isinstance(each, s.Read):
            raise Unsayable("a check or index looks at its own row only", place)
        if isinstance(each, s.Claim):
            raise Unsayable("a check or index cannot know the session", place)


def _is_value(node: s.Path, draft: Drafted) -> bool:
    return any(each.node.name.text == node.names[0].text for each in draft.columns.values())


def _alike(here: str, there: str) -> bool:
    return here == there or (here in _NUMBERS and there in _NUMBERS)


def _told_apart(check: s.Check, table: str, column: str, given: set[str]) -> s.Check:
    """A check without a name, but not where it would get one that somebody chose for another."""
    name = f"{table}_{column}_check"
    if check.name is not None or name not in given:
        return check
    number = 1
    while f"{name}{number}" in given:
        number += 1
    given.add(f"{name}{number}")
    return s.evolve(check, name=s.Name(f"{name}{number}"))


_PARTS = (s.Flag, s.Default, s.References, s.LinkAs, s.Reverse, s.OnDelete, s.Was)


def _ordered(parts: tuple[s.ColumnPart, ...]) -> tuple[s.ColumnPart, ...]:
    """Parts of a column in the order in which a tree has them."""
    words = ("key", "unique", "auto", "sensitive", "tombstone")
    return tuple(
        sorted(parts, key=lambda p: (_PARTS.index(type(p)), words.index(p.word) if isinstance(p, s.Flag) else 0))
    )
