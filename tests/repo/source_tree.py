"""The repository as the tidy tests see it: its text files, its modules and what they import."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PRODUCT_ROOTS = (Path("."), Path("grammar"), Path("planner"), Path("engine"), Path("verifier"))
PACKAGES = ("liq", "liq_grammar", "liq_planner", "liq_engine", "liq_verifier")
NOT_OURS = {"build", "dist", "node_modules", "__pycache__"}
TEXT_SUFFIXES = {"", ".py", ".pyi", ".md", ".lark", ".liq", ".sql", ".toml", ".txt", ".json", ".jsonl", ".mjs", ".yml"}


@cache
def files() -> tuple[Path, ...]:
    """Every file of the tree, relative to its root; caches, builds and the environment left out."""
    found = []
    for folder, folders, names in os.walk(ROOT):
        folders[:] = sorted(name for name in folders if name == ".ci" or not (name.startswith(".") or name in NOT_OURS))
        found += [Path(folder, name).relative_to(ROOT) for name in sorted(names)]
    return tuple(path for path in found if path.parts != (".git",))


def text_files() -> Iterator[tuple[Path, str]]:
    """Every text file with its text. Texts that are wrong on purpose may hold any bytes."""
    for path in files():
        if path.suffix in TEXT_SUFFIXES:
            yield path, (ROOT / path).read_text(encoding="utf-8", errors="replace")


def python_files() -> tuple[Path, ...]:
    """Every Python file."""
    return tuple(path for path in files() if path.suffix == ".py")


@cache
def syntax(path: Path) -> ast.Module:
    """The syntax tree of one Python file."""
    return ast.parse((ROOT / path).read_text(encoding="utf-8"), filename=str(path))


def module_name(path: Path) -> str | None:
    """The name that a product or test file is imported by."""
    for base in sorted(PRODUCT_ROOTS, key=lambda root: -len(root.parts)):
        if path.is_relative_to(base):
            parts = path.relative_to(base).with_suffix("").parts
            break
    if parts[0] not in (*PACKAGES, "tests"):
        return None
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def mentioned_modules(path: Path) -> set[str]:
    """Names that a file imports, early or late, or holds as a string (lazy loading names modules by string)."""
    names = set()
    for node in ast.walk(syntax(path)):
        match node:
            case ast.Import():
                names |= {alias.name for alias in node.names}
            case ast.ImportFrom(module=str(module)):
                names |= {module} | {f"{module}.{alias.name}" for alias in node.names}
            case ast.Constant(value=str(text)) if text.partition(".")[0] in PACKAGES:
                names |= {text, text.partition(":")[0], text.rpartition(".")[0]}
            case _:
                pass
    return names


def is_entry(path: Path) -> bool:
    """Whether a file is run rather than imported."""
    return path.name == "__main__.py" or any(
        isinstance(node, ast.If) and ast.unparse(node.test) == "__name__ == '__main__'" for node in syntax(path).body
    )
