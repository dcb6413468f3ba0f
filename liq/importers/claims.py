"""What a session holds: settings and token reads of SQL gathered into claims, named once everything is read.

While SQL is translated a claim is ``@`` and a number; ``rename`` puts the names in. The token itself is a claim without
a path, from which ``->`` steps into it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import attrs
from attrs import define, evolve, field, frozen

from liq_grammar import syntax as s

_KEY = "#"
_ROLE = ("role",)
ROLE = "role"


@frozen
class Held:
    """One thing a session holds: at ``path`` of the token as a value of ``kind`` (``text``: not converted).

    ``emptied``: ``nullif(…, '')`` stood around it, so that an empty text is one that is not there.
    """

    path: tuple[str, ...]
    kind: str
    type: s.TypeRef | None = field(default=None, eq=False)
    default: s.Expr | None = None
    required: bool = False
    hint: str | None = field(default=None, eq=False)
    emptied: bool = False
    caller: bool = False
    """The role that policies are for, whatever the claim of it turns out to be."""

    @property
    def same(self) -> tuple[object, ...]:
        """What two of them have in common that are one claim."""
        return self.path, self.kind, self.default, self.required


@define
class Claims:
    """Every claim that translating met."""

    held: dict[str, Held] = field(factory=dict)
    keys: dict[Held, str] = field(factory=dict)

    def claim(self, held: Held) -> s.Claim:
        """The claim for what a session holds."""
        key = self.keys.get(held)
        if key is None:
            key = f"{_KEY}{len(self.keys)}"
            self.keys[held], self.held[key] = key, held
        return s.Claim(key)

    def of(self, node: s.Expr) -> Held | None:
        """What a claim stands for; None for other expressions."""
        return self.held.get(node.name) if isinstance(node, s.Claim) else None

    def hinted(self, node: s.Claim, hint: str) -> None:
        """A function that gives the claim suggests its name; the first one is kept."""
        held = self.held[node.name]
        if held.hint is None:
            self.held[node.name] = evolve(held, hint=hint)

    # ---------------------------------------------------------------------------------------------- naming
    def names(self, used: Iterable[str], *, role: bool, anonymous: bool) -> dict[str, str]:
        """A name for every claim in use. ``role``: policies name roles, so ``@role`` must be the role's claim."""
        keys = list(dict.fromkeys(used))
        callers = [key for key in keys if self.held[key].caller]
        keys = [key for key in keys if not self.held[key].caller]
        chosen = self._role(keys, anonymous)
        if chosen is None and (role or callers):
            default = s.Text("anon") if anonymous else None
            chosen = self.claim(Held(_ROLE, "text", default=default)).name
            keys.insert(0, chosen)
        named: dict[tuple[object, ...], str] = {}
        if chosen is not None:
            named[self.held[chosen].same] = ROLE
        for key in keys:
            held = self.held[key]
            if held.same not in named:
                named[held.same] = self._free(held, set(named.values()))
        return {key: named[self.held[key].same] for key in keys} | dict.fromkeys(callers, ROLE)

    def _role(self, keys: list[str], anonymous: bool) -> str | None:
        """The claim that roles are compared with: at ``role``, as text, with a default if there is one.

        ``anonymous``: a policy is for callers without a token, so that one without a default will not do.
        """
        at_role = [key for key in keys if self.held[key].path == _ROLE and self.held[key].kind == "text"]
        with_default = next((key for key in at_role if self.held[key].default is not None), None)
        return with_default or (None if anonymous else next(iter(at_role), None))

    def _free(self, held: Held, taken: set[str]) -> str:
        wanted = held.hint or (held.path[-1] if held.path else "claim")
        wanted = re.sub(r"[^a-z0-9_]+", "_", wanted.lower()).strip("_")[:60] or "claim"
        wanted = f"c_{wanted}" if wanted[0].isdigit() else wanted
        for name in (wanted, f"{wanted}_{held.kind.replace(':', '_').replace('.', '_')}"):
            if name not in taken:
                return name
        number = 2
        while f"{wanted}_{number}" in taken:
            number += 1
        return f"{wanted}_{number}"

    def declaration(self, names: dict[str, str]) -> s.SessionDecl | None:
        """``session { … }`` with every named claim."""
        claims = []
        for name in dict.fromkeys(names.values()):
            same = [self.held[key] for key in names if names[key] == name and not self.held[key].caller]
            held = next((each for each in same if each.type is not None), same[0])
            parts: list[s.From | s.Default] = []
            if held.path:
                parts.append(s.From(s.Text(".".join(held.path))))
            if held.default is not None:
                parts.append(s.Default(self.renamed(held.default, names)))
            sure = held.required or isinstance(held.default, s.Text)
            type_ = held.type or s.TypeRef(s.QualifiedName((s.Name("text"),)))
            claims.append(s.ClaimDecl(s.Name(name), s.evolve(type_, nullable=not sure), tuple(parts)))
        return s.SessionDecl(tuple(claims)) if claims else None

    def renamed(self, node: s.N, names: dict[str, str]) -> s.N:
        """A tree with the names of claims in place of their numbers."""
        changes: dict[str, Any] = {}
        for field_name, value in parts(node):
            if isinstance(value, s.Node):
                changes[field_name] = self._replaced(value, node, names)
            elif isinstance(value, tuple) and any(isinstance(each, s.Node) for each in value):
                changes[field_name] = tuple(
                    self._replaced(each, node, names) if isinstance(each, s.Node) else each for each in value
                )
        return s.evolve(node, **changes) if changes else node

    def _replaced(self, node: s.Node, around: s.Node, names: dict[str, str]) -> s.Node:
        held = self.of(node) if isinstance(node, s.Claim) else None
        if held is None or not isinstance(node, s.Claim):
            return self.renamed(node, names)
        claim = s.Claim(names[node.name])
        if held.emptied and held.kind == "text" and held.default is None and not _meets_constant(around):
            return s.Call(s.Path((s.Name("nullif"),)), (claim, s.Text("")))
        return claim

    def closure(self, used: Iterable[str]) -> list[str]:
        """The claims in use and those that their defaults use, which come first: a session is opened in order."""
        found: dict[str, None] = {}

        def add(key: str, around: tuple[str, ...]) -> None:
            if key in found or key in around or key not in self.held:
                return
            default = self.held[key].default
            for needed in claims_in(default) if default is not None else ():
                add(needed, (*around, key))
            found[key] = None

        for key in used:
            add(key, ())
        return list(found)


def _meets_constant(around: s.Node) -> bool:
    """Whether a claim is only compared with texts that are not empty: then an empty one equals none of them."""
    match around:
        case s.Compare("=", _, s.Text(value)) | s.Compare("=", s.Text(value), _):
            return value != ""
        case s.In(_, s.Choices(items), False):
            return all(isinstance(item, s.Text) and item.value for item in items)
        case _:
            return False


def claims_in(node: s.Node) -> list[str]:
    """The claims that a tree mentions."""
    return [each.name for each in s.descendants(node) if isinstance(each, s.Claim) and each.name.startswith(_KEY)]


def parts(node: s.Node) -> list[tuple[str, Any]]:
    """The fields of a node, by name."""
    kind: Any = type(node)
    return [(each.name, getattr(node, each.name)) for each in attrs.fields(kind) if each.name != "span"]
