"""Runs every measurement and prints a table: ``python -m tests.bench.run``."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench import compile_bench

ROUNDS = 40


def interleaved(contenders: dict[str, Callable[[], object]], rounds: int = ROUNDS) -> dict[str, list[float]]:
    """Milliseconds of each contender, taken in turns so that a busy machine is busy for all of them."""
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for run in contenders.values():
        run()
    for _ in range(rounds):
        for name, run in contenders.items():
            start = time.perf_counter()
            run()
            times[name].append((time.perf_counter() - start) * 1000)
    return times


def cold_check(rounds: int = 7) -> list[float]:
    """Milliseconds of ``liq check FILE`` as a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "one.liq"
        path.write_text(compile_bench.SCHEMA + compile_bench.LIQ, encoding="utf-8")
        command = [str(Path(sys.executable).parent / "liq"), "check", str(path)]
        return [_timed(lambda: subprocess.run(command, check=True, capture_output=True)) for _ in range(rounds)]


def project(queries: int = 1000) -> float:
    """Milliseconds of ``liq check`` of a project of that many queries in one process."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "liq.toml").write_text('[project]\nname = "bench"\nschema = ["schema.liq"]\nqueries = ["queries/*.liq"]\n', encoding="utf-8")
        (root / "schema.liq").write_text(compile_bench.SCHEMA, encoding="utf-8")
        (root / "queries").mkdir()
        for number in range(queries):
            text = compile_bench.LIQ.replace("sales.by_customer", f"sales.q{number}")
            (root / "queries" / f"q{number}.liq").write_text(text, encoding="utf-8")
        command = [str(Path(sys.executable).parent / "liq"), "check"]
        return _timed(lambda: subprocess.run(command, cwd=root, check=True, capture_output=True))


def _timed(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return (time.perf_counter() - start) * 1000


def main() -> None:
    """Prints medians and ratios."""
    table = Table("what", "median ms", "beside liq")
    times = interleaved(compile_bench.contenders())
    base = statistics.median(times["liq"])
    for name, measured in times.items():
        median = statistics.median(measured)
        table.add_row(f"compile 20 lines: {name}", f"{median:.2f}", f"{median / base:.2f}x")
    table.add_row("liq check, one file, cold process", f"{statistics.median(cold_check()):.0f}", "")
    table.add_row("liq check, project of 1,000 queries", f"{project():.0f}", "")
    Console().print(table)


if __name__ == "__main__":
    main()
