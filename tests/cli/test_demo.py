"""``make demo`` runs, and says what it is there to say."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.cli.shell import ROOT


def test_demo(pg_database: str) -> None:
    env = {**os.environ, "LIQ_DEMO_DSN": pg_database, "PYTHONIOENCODING": "utf-8"}
    ran = subprocess.run(
        [sys.executable, str(ROOT / "examples" / "demo.py")], env=env, capture_output=True, encoding="utf-8", check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert "the same rows as in memory" in ran.stdout
    assert "bolt publishes into a package of acme: refused (policy" in ran.stdout
    assert ran.stdout.count("error[LIQ") >= 5
