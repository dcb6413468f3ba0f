"""liq: a query language whose compiled plans can be inspected and proved before anything runs.

    plan = liq.compile("read notes where owner = @uid limit 20", schema=text)
    plan.plan_id, plan.document, plan.sql("postgres")

Names are loaded on first use: ``import liq`` costs next to nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from liq.api import (
        Answer,
        Compilation,
        CompileError,
        Host,
        Plan,
        check,
        check_sources,
        compile,
        compile_sources,
        format,
        load_schema,
        run_in_memory,
        run_on_postgres,
        sample_database,
    )
    from liq.model.diagnostics import Diagnostic
    from liq.model.document import read_plan, read_schema, write_schema
    from liq.model.errors import LiqError
    from liq.model.source import Source

_HOMES = {
    "liq.api": (
        "Answer", "Compilation", "CompileError", "Host", "Plan", "check", "check_sources", "compile",
        "compile_sources", "format", "load_schema", "run_in_memory", "run_on_postgres", "sample_database",
    ),
    "liq.model.diagnostics": ("Diagnostic",),
    "liq.model.document": ("read_plan", "read_schema", "write_schema"),
    "liq.model.errors": ("LiqError",),
    "liq.model.source": ("Source",),
}  # fmt: skip
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "Answer", "Compilation", "CompileError", "Diagnostic", "Host", "LiqError", "Plan", "Source", "check",
    "check_sources", "compile", "compile_sources", "format", "load_schema", "read_plan", "read_schema",
    "run_in_memory", "run_on_postgres", "sample_database", "write_schema",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name in _HOME_OF:
        from importlib import import_module

        value = getattr(import_module(_HOME_OF[name]), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'liq' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
