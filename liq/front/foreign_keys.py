"""Foreign keys and the links they make: where they point, and what the way there and the way back are called."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from attrs import evolve, frozen

from liq.front.parts import single, unknown_column, unknown_table
from liq.front.tables import TableDraft, node_type
from liq.model import codes
from liq.model.diagnostics import Label
from liq.model.schema import ForeignKey, OnDelete
from liq.model.source import Span
from liq.model.types import Null, Type, common_type, is_numeric, widened
from liq_grammar import syntax

Drafts = Mapping[str, TableDraft]


def declare_foreign_keys(draft: TableDraft, drafts: Drafts, views: Iterable[str]) -> None:
    """Every foreign key of a table, behind a column or as an element of its own."""
    known_views = frozenset(views)
    for element in draft.node.elements:
        match element:
            case syntax.Column(name, _, parts) if draft.column(name.text) is not None:
                references = single(parts, syntax.References, "the table that a column points at", draft.context)
                if references is None:
                    _without_target(draft, parts)
                else:
                    _declare(draft, drafts, known_views, (name,), references, parts)
            case syntax.Foreign(names, parts):
                references = single(parts, syntax.References, "the table that a key points at", draft.context)
                if references is not None and draft.known(names) is not None:
                    _declare(draft, drafts, known_views, names, references, parts)
            case _:
                pass


def _without_target(draft: TableDraft, parts: tuple[syntax.ColumnPart, ...]) -> None:
    words = {syntax.LinkAs: "as", syntax.Reverse: "reverse", syntax.OnDelete: "on delete"}
    for part in parts:
        word = words.get(type(part))
        if word is not None:
            draft.context.report(
                codes.COLUMN_PARTS, part.span, f"{word} says something about a link, and this column has none",
                help="a link is written `package_id uuid -> packages`",
            )  # fmt: skip


def _declare(
    draft: TableDraft, drafts: Drafts, views: frozenset[str], names: tuple[syntax.Name, ...],
    references: syntax.References, parts: Iterable[syntax.Node],
) -> None:  # fmt: skip
    context, parts = draft.context, tuple(parts)
    target = drafts.get(references.table.text)
    link = single(parts, syntax.LinkAs, "the name of a link", context)
    reverse = single(parts, syntax.Reverse, "the name of the way back", context)
    action = single(parts, syntax.OnDelete, "on delete", context)
    columns = tuple(name.text for name in names)
    if target is None:
        _no_target(draft, drafts, views, references.table)
        return
    pointed_at = _target_columns(draft, target, columns, references)
    if pointed_at is None or not _same_types(draft, target, names, pointed_at, references):
        return
    on_delete = OnDelete(action.action) if action is not None else OnDelete.NO_ACTION
    if action is not None:
        _on_delete_fits(draft, on_delete, names, action.span)
    draft.foreign_keys.append(
        ForeignKey(
            draft.constraint_names.choose(draft.name, columns, "fkey"), columns, target.name, pointed_at,
            link.name.text if link else default_link(columns, target.name),
            reverse.name.text if reverse else draft.name.rpartition(".")[2],
            on_delete, references.span,
        )
    )  # fmt: skip


def default_link(columns: tuple[str, ...], target: str) -> str:
    """A link is called as its column without ``_id``, else as the table that it points at."""
    if len(columns) == 1 and columns[0].endswith("_id") and columns[0] != "_id":
        return columns[0].removesuffix("_id")
    return target.rpartition(".")[2]


def _no_target(draft: TableDraft, drafts: Drafts, views: frozenset[str], name: syntax.QualifiedName) -> None:
    if name.text in views:
        message = f"{name.text} is a view: a link points at the key of a table"
        draft.context.report(codes.FOREIGN_KEY, name.span, message)
        return
    unknown_table(draft.context, name, drafts)


def _target_columns(
    draft: TableDraft, target: TableDraft, columns: tuple[str, ...], references: syntax.References
) -> tuple[str, ...] | None:
    """What the key points at: the columns named, which must be a key there, or the key of the table."""
    context = draft.context
    if references.columns:
        listed = _listed(draft, target, references)
        if listed is None or not _as_many(draft, columns, listed, references.span):
            return None
        if not any(key.where is None and set(key.columns) == set(listed) for key in target.keys):
            shown = ", ".join(listed)
            context.report(
                codes.FOREIGN_KEY, references.span, f"({shown}) is no key of {target.name}",
                (Label(target.node.name.span, "declared here", _elsewhere(draft, target)),),
                help=f"declare `unique ({shown})` there, or point at its key",
            )  # fmt: skip
            return None
        return listed
    primary = next((key for key in target.keys if key.primary), None)
    if primary is None:
        context.report(
            codes.FOREIGN_KEY, references.span, f"{target.name} has no key to point at",
            (Label(target.node.name.span, "declared here", _elsewhere(draft, target)),),
            help=f"give it one, or name the unique columns: `-> {target.name} (…)`",
        )  # fmt: skip
        return None
    return primary.columns if _as_many(draft, columns, primary.columns, references.span) else None


def _listed(draft: TableDraft, target: TableDraft, references: syntax.References) -> tuple[str, ...] | None:
    there = [c.name for c in target.columns]
    unknown = [name for name in references.columns if name.text not in there]
    for name in unknown:
        unknown_column(draft.context, name, target.name, there)
    return None if unknown else tuple(name.text for name in references.columns)


def _as_many(draft: TableDraft, here: tuple[str, ...], there: tuple[str, ...], span: Span) -> bool:
    if len(here) == len(there):
        return True
    few, many = ("1 column" if len(x) == 1 else f"{len(x)} columns" for x in (here, there))
    draft.context.report(
        codes.FOREIGN_KEY, span, f"{few} cannot point at a key of {many}",
        help=f"the key there is ({', '.join(there)}): write `foreign (…) -> table ({', '.join(there)})`",
    )  # fmt: skip
    return False


def _same_types(
    draft: TableDraft, target: TableDraft, names: tuple[syntax.Name, ...], pointed_at: tuple[str, ...],
    references: syntax.References,
) -> bool:  # fmt: skip
    fits = True
    for name, there in zip(names, pointed_at, strict=True):
        mine, theirs = draft.column(name.text), target.column(there)
        assert mine is not None and theirs is not None, "both were looked up"
        if not _comparable(mine.type, theirs.type):
            fits = False
            draft.context.report(
                codes.FOREIGN_KEY, references.span,
                f"{name.text} is {mine.type}, but {target.name}.{there} is {theirs.type}",
                (
                    Label(theirs.span, f"{theirs.type} here", _elsewhere(draft, target)),
                    Label(mine.span, f"{mine.type} here"),
                ),
                help=f"declare {name.text} as {theirs.type}",
            )  # fmt: skip
    return fits


def _comparable(mine: Type, theirs: Type) -> bool:
    if isinstance(mine, Null) or isinstance(theirs, Null):
        return True
    if is_numeric(mine) and is_numeric(theirs):
        return common_type(mine, theirs) is not None
    return widened(mine) == widened(theirs)


def _on_delete_fits(draft: TableDraft, action: OnDelete, names: tuple[syntax.Name, ...], span: Span) -> None:
    if action is OnDelete.SET_NULL:
        for name in names:
            column = draft.column(name.text)
            if column is not None and not column.nullable:
                draft.context.report(
                    codes.FOREIGN_KEY, span, f"on delete set null, but {name.text} may not be null",
                    (Label(column.span, f"{node_type(column)} here"),), help=f"declare it as {column.type}?",
                )  # fmt: skip
    if action is OnDelete.SET_DEFAULT:
        for name in names:
            position = next(i for i, c in enumerate(draft.columns) if c.name == name.text)
            column = draft.columns[position]
            if not column.nullable and not syntax.pick(draft.nodes[position].parts, syntax.Default):
                message = f"on delete set default, but {name.text} has no default"
                draft.context.report(codes.FOREIGN_KEY, span, message, help=f"give {name.text} one: {name.text} … = …")


def _elsewhere(draft: TableDraft, target: TableDraft) -> str | None:
    return None if target.context.file == draft.context.file else target.context.file


# ------------------------------------------------------------------------------------------------- names of links
@frozen
class _Way:
    """A name that paths over a table may begin with."""

    name: str
    what: str
    span: Span
    file: str
    word: str = ""  # what renames it: as, reverse; empty for columns


def check_link_names(drafts: Drafts) -> None:
    """Columns, links and ways back of one table have different names; what collides loses its name."""
    ways: dict[str, dict[str, _Way]] = {name: _columns(draft) for name, draft in drafts.items()}
    for draft in drafts.values():
        for position, key in enumerate(draft.foreign_keys):
            way = _Way(key.link or "", f"the link along {_along(draft, key)}", key.span, draft.context.file, "as")
            if not _take(draft, draft.name, ways[draft.name], way):
                draft.foreign_keys[position] = evolve(key, link=None)
    for draft in drafts.values():
        for position, key in enumerate(draft.foreign_keys):
            what = f"the way back along {_along(draft, key)}"
            back = _Way(key.reverse or "", what, key.span, draft.context.file, "reverse")
            if not _take(draft, key.target, ways[key.target], back):
                draft.foreign_keys[position] = evolve(key, reverse=None)


def _along(draft: TableDraft, key: ForeignKey) -> str:
    return f"{draft.name}.{key.columns[0]}" if len(key.columns) == 1 else f"{draft.name} ({', '.join(key.columns)})"


def _columns(draft: TableDraft) -> dict[str, _Way]:
    return {c.name: _Way(c.name, f"the column {c.name}", c.span, draft.context.file) for c in draft.columns}


def _take(draft: TableDraft, table: str, taken: dict[str, _Way], way: _Way) -> bool:
    first = taken.setdefault(way.name, way)
    if first is way:
        return True
    label = Label(first.span, first.what, None if first.file == way.file else first.file)
    suffix = "" if way.word == "reverse" else " (or rename the column)"
    draft.context.report(
        codes.LINK_NAME, way.span, f"{way.what} would be called {way.name} on {table}, as {first.what} is", (label,),
        help=f"give it another name: `{way.word} …` behind the link{suffix if not first.word else ''}",
    )  # fmt: skip
    return False

