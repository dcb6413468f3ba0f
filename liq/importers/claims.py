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
    """One thing a session holds: at ``path`` of the token as a value of ``kind`` (``text``: not converted)."""

    path: tuple[str, ...]
    kind: str
    type: s.TypeRef | None = field(default=None, eq=False)
    default: s.Expr | None = None
    required: bool = False
    hint: str | None = field(default=None, eq=False)


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
        found: dict[str, str] = {}
        taken: set[str] = set()
        chosen = self._role(keys)
        if role and chosen is None:
            default = s.Text("anon") if anonymous else None
            chosen = self.claim(Held(_ROLE, "text", default=default)).name
            keys.insert(0, chosen)
        if chosen is not None:
            found[chosen] = ROLE
            taken.add(ROLE)
        for key in keys:
            if key not in found:
                found[key] = self._free(self.held[key], taken)
                taken.add(found[key])
        return found

    def _role(self, keys: list[str]) -> str | None:
        """The claim that roles are compared with: at ``role``, as text, with a default if there is one."""
        at_role = [key for key in keys if self.held[key].path == _ROLE and self.held[key].kind == "text"]
        return next((key for key in at_role if self.held[key].default is not None), next(iter(at_role), None))

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
        for key, name in names.items():
            held = self.held[key]
            parts: list[s.From | s.Default] = []
            if held.path:
                parts.append(s.From(s.Text(".".join(held.path))))
            if held.default is not None:
                parts.append(s.Default(renamed(held.default, names)))
            sure = held.required or isinstance(held.default, s.Text)
            type_ = held.type or s.TypeRef(s.QualifiedName((s.Name("text"),)))
            claims.append(s.ClaimDecl(s.Name(name), s.evolve(type_, nullable=not sure), tuple(parts)))
        return s.SessionDecl(tuple(claims)) if claims else None

    def closure(self, used: Iterable[str]) -> list[str]:
        """The claims in use and those that their defaults use."""
        found: dict[str, None] = {}
        pending = list(used)
        while pending:
            key = pending.pop(0)
            if key in found or key not in self.held:
                continue
            found[key] = None
            default = self.held[key].default
            if default is not None:
                pending.extend(claims_in(default))
        return list(found)


def claims_in(node: s.Node) -> list[str]:
    """The claims that a tree mentions."""
    return [each.name for each in s.descendants(node) if isinstance(each, s.Claim) and each.name.startswith(_KEY)]


def renamed(node: s.N, names: dict[str, str]) -> s.N:
    """A tree with the names of claims in place of their numbers."""
    if isinstance(node, s.Claim):
        return s.evolve(node, name=names.get(node.name, node.name))
    changes: dict[str, Any] = {}
    for name, value in parts(node):
        if isinstance(value, s.Node):
            changes[name] = renamed(value, names)
        elif isinstance(value, tuple) and any(isinstance(each, s.Node) for each in value):
            changes[name] = tuple(renamed(each, names) if isinstance(each, s.Node) else each for each in value)
    return s.evolve(node, **changes) if changes else node


def parts(node: s.Node) -> list[tuple[str, Any]]:
    """The fields of a node, by name."""
    kind: Any = type(node)
    return [(each.name, getattr(node, each.name)) for each in attrs.fields(kind) if each.name != "span"]
