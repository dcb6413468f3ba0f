"""Register, revoke, replace, adopt and run at once, from threads and from processes: one order explains every answer.

The log is that order. Each thread notes what it asked, when it asked and what it was answered; afterwards a plain model
runs through the log, and every answer must be the one that the model gives at some moment between asking and answering.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from attrs import frozen

import liq.api
from liq.registry.log import Entry
from liq.registry.refusal import RegistryError
from liq.registry.registry import Registry
from tests.registry.office import NARROW, call, compiled, new_registry, refusal, reopened
from tests.verifier.workshop import LIST

TEXTS = {limit: LIST.replace("limit 20", f"limit {limit}") for limit in (1, 2, 3)}


@frozen
class Answered:
    """One call: the heads of the log before and after it, and what came of it."""

    what: str
    before: int
    after: int
    outcome: str
    version: int | None = None
    seq: int | None = None


@frozen
class Model:
    """Which versions of the one name there are, and which are revoked."""

    versions: tuple[str, ...] = ()
    revoked: frozenset[int] = frozenset()

    def after(self, entry: Entry) -> Model:
        match entry.event:
            case "plan.registered":
                assert entry.payload["version"] == len(self.versions) + 1
                return Model((*self.versions, entry.payload["plan_id"]), self.revoked)
            case "plan.revoked":
                return Model(self.versions, self.revoked | set(entry.payload["versions"]))
            case _:
                return self

    def current(self) -> int | None:
        able = [n for n in range(1, len(self.versions) + 1) if n not in self.revoked]
        return able[-1] if able else None


def worker(registry: Registry, random: Random, done: list[Answered], rounds: int) -> None:
    for _ in range(rounds):
        before = registry.head().seq
        kind = random.choice(["run", "run", "run", "register", "revoke"])
        outcome = "ok"
        version: int | None = None
        seq: int | None = None
        try:
            if kind == "run":
                admitted = registry.admit("notes.list")
                version, seq = admitted.version.version, admitted.entry.seq
            elif kind == "register":
                version = registry.register(PLANS[random.choice([1, 2, 3])]).version
            else:
                gone = registry.revoke("notes.list", random.choice([None, 1, 2, 3]))
                version = gone[0].version if gone else None
        except RegistryError as error:
            outcome = error.code.name
        done.append(Answered(kind, before, registry.head().seq, outcome, version, seq))


PLANS = {limit: compiled(text).contents for limit, text in TEXTS.items()}


def check(entries: tuple[Entry, ...], answers: list[Answered]) -> None:
    """Every answer is right at some moment between its ends."""
    models = [Model()]
    for entry in entries:
        models.append(models[-1].after(entry))
    for entry, model in zip(entries, models, strict=False):
        if entry.event == "plan.admitted":
            assert entry.payload["version"] == model.current(), entry
            assert entry.payload["plan_id"] == model.versions[entry.payload["version"] - 1]
    for answer in answers:
        between = models[answer.before : answer.after + 1]
        match answer.what, answer.outcome:
            case "run", "ok":
                assert answer.seq is not None
                assert answer.before < answer.seq <= answer.after
                assert answer.version == models[answer.seq - 1].current()
            case "run", "registry-revoked":
                assert any(m.current() is None and m.versions for m in between)
            case "run" | "revoke", "registry-unknown":
                assert answer.what == "revoke" or any(not m.versions for m in between)
            case "register", "ok":
                assert answer.version is not None
                assert any(m.current() == answer.version for m in between)
            case "register", "registry-revoked":
                assert any(m.revoked for m in between)
            case "revoke", "ok":
                assert any(answer.version is None or answer.version in m.revoked for m in between)
            case _:
                raise AssertionError(answer)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("shared", [True, False])
def test_every_answer_has_its_place_in_one_order(tmp_path: Path, seed: int, shared: bool) -> None:
    """``shared``: all threads use one open registry; else each opened its own, as processes do."""
    first = new_registry(tmp_path, LIST)
    done: list[list[Answered]] = [[] for _ in range(6)]
    threads = [
        threading.Thread(target=worker, args=(first if shared else reopened(first), Random(seed * 10 + n), mine, 12))
        for n, mine in enumerate(done)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    answers = [answer for mine in done for answer in mine]
    assert len(answers) == 72
    assert {"run", "register", "revoke"} <= {a.what for a in answers}
    check(reopened(first).entries(), answers)


def test_the_model_notices_a_wrong_answer(tmp_path: Path) -> None:
    """The check itself can fail."""
    registry = new_registry(tmp_path, LIST)
    registry.revoke("notes.list")
    at = registry.head().seq
    with pytest.raises(AssertionError):
        check(registry.entries(), [Answered("register", at, at, "ok", 1)])
    with pytest.raises(AssertionError):
        check(registry.entries(), [Answered("run", 0, 0, "registry-revoked")])


def test_after_revoke_has_answered_nothing_is_admitted(tmp_path: Path) -> None:
    registry = new_registry(tmp_path, LIST)
    revoked = threading.Event()
    late: list[str] = []

    def run_on(mine: Registry) -> None:
        for _ in range(200):
            answered = revoked.is_set()
            outcome = refusal(lambda: mine.admit("notes.list"))
            if answered and outcome != "registry-revoked":
                late.append(outcome)

    threads = [threading.Thread(target=run_on, args=(reopened(registry),)) for _ in range(4)]
    for thread in threads:
        thread.start()
    registry.revoke("notes.list")
    revoked.set()
    for thread in threads:
        thread.join()
    assert late == []
    assert refusal(lambda: call(registry)) == "registry-revoked"


def test_a_plan_that_was_proved_for_the_former_schema_is_proved_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The schema changes between proof and registration: the proof does not count."""
    registry, other = new_registry(tmp_path, LIST), None
    real: Callable[..., object] = Registry._proved

    def slow(self: Registry, document: object, schema: object) -> object:
        nonlocal other
        found = real(self, document, schema)
        if other is None:
            other = reopened(registry)
            other.adopt(liq.api.load_schema(NARROW))
        return found

    monkeypatch.setattr(Registry, "_proved", slow)
    assert refusal(lambda: registry.register(PLANS[2])) == "document-claim"
    assert [s for _, s in registry.plans()] == ["stale"]


def test_processes_share_one_log(tmp_path: Path) -> None:
    registry = new_registry(tmp_path, LIST)
    code = (
        "import sys; from pathlib import Path; from liq.registry.registry import Registry\n"
        "r = Registry.open(Path(sys.argv[1]))\n"
        "for _ in range(25): r.admit('notes.list', caller=sys.argv[2])\n"
        "r.sync()"
    )
    runs = [subprocess.Popen([sys.executable, "-c", code, str(registry.folder), f"p{n}"]) for n in range(3)]
    for _ in range(25):
        registry.admit("notes.list", caller="here")
    assert [run.wait() for run in runs] == [0, 0, 0]
    callers = [e.payload["caller"] for e in registry.entries() if e.event == "plan.admitted"]
    assert {name: callers.count(name) for name in set(callers)} == {"here": 25, "p0": 25, "p1": 25, "p2": 25}
