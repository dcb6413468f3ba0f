"""The registry of a folder: register, revoke, adopt a schema, and the gate through which plans run.

Every decision is one entry of the log, written and synced under one lock before it is answered: that entry is the
moment when the decision holds. Objects are written before the entry that names them, the signed head after it.
Proving is done outside of the lock; what was proved for a schema that is not current any more is proved again.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, NoReturn

from attrs import define, field, frozen

from liq.model.codes import (
    NOT_PROVED,
    REFUTED,
    REGISTRY_BROKEN,
    REGISTRY_KEY,
    REGISTRY_REFUSED,
    REGISTRY_REVOKED,
    REGISTRY_STALE,
    REGISTRY_UNKNOWN,
)
from liq.model.diagnostics import Code, Diagnostic
from liq.model.document import PlanDocument, against_schema, read_plan, read_schema, schema_epoch, write_schema
from liq.model.json_text import DocumentError
from liq.model.schema import Schema
from liq.model.source import NO_SPAN
from liq.registry.envelope import HEAD, STATEMENT, opened, sealed
from liq.registry.files import FOLDER_MODE, Lock, Objects, check_folder, make_folder, read_whole, write_whole
from liq.registry.keys import Signer, Trust, write_public
from liq.registry.log import GROUP_MAX, Entry, Head, Log, utc_now
from liq.registry.redact import without_secrets
from liq.registry.refusal import RegistryError, refuse
from liq.registry.state import ADOPTED, REGISTERED, REVOKED, State, Version, as_payload
from liq.registry.statement import Numbers, adoption, check_adoption, check_registration, registration
from liq_verifier import Certified, certify
from liq_verifier.findings import findings

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*){0,3}")
NAME_MAX = 128
ATTEMPTS_MAX = 5
"""How often a plan is proved again because the schema changed meanwhile."""
Audit = Literal["group", "sync"]


@frozen
class Options:
    """How a registry is opened. ``pinned``: the newest head that the host has seen; an older log is refused."""

    trust: Trust | None = None
    signer: Signer | None = None
    pinned: Head | None = None
    audit: Audit = "group"
    clock: Callable[[], dt.datetime] = utc_now


@frozen
class Admitted:
    """A plan that may run now, and the entry of the log that says so."""

    version: Version
    plan: PlanDocument
    schema: Schema
    entry: Entry


@frozen
class Adopted:
    """What became of the plans when a schema was adopted: their new versions, and the names that fell out, with why."""

    kept: tuple[Version, ...]
    fallen: dict[str, str]


@define
class Registry:
    """An open registry. Methods may be called from any thread, and by several processes at once."""

    folder: Path
    trust: Trust
    signer: Signer | None
    objects: Objects
    log: Log
    _lock: Lock
    state: State = field(factory=State, init=False)
    _plans: dict[str, PlanDocument] = field(factory=dict, init=False)
    _schema: tuple[str, Schema] | None = field(default=None, init=False)

    # ----------------------------------------------------------------------------------------- opening
    @classmethod
    def create(cls, folder: Path, schema: Schema, signer: Signer | None = None, **options: Any) -> Registry:
        """A new registry for a schema, in a folder that is empty or not there. It makes a key where none is given."""
        make_folder(folder)
        if any(folder.iterdir()):
            refuse(REGISTRY_REFUSED, f"{folder} is not empty")
        folder.chmod(FOLDER_MODE)
        for name in ("objects", "trust", "keys"):
            make_folder(folder / name)
        if signer is None:
            signer = Signer.new()
            signer.write(folder / "keys" / "signing.pem")
        write_public(folder / "trust", signer.public)
        write_whole(folder / "head.json", _sealed_head(Head(), signer))
        write_whole(folder / ".gitignore", b"/keys/\n/lock\n")  # a project's history is no place for keys
        registry = cls.open(folder, Options(signer=signer, **options))
        registry.adopt(schema)
        return registry

    @classmethod
    def open(cls, folder: Path, options: Options | None = None) -> Registry:
        """The registry of a folder, or a refusal: all of its log is read, and must lead to its signed head."""
        options = options or Options()
        for each in (folder, folder / "objects", folder / "trust"):
            check_folder(each)
        signer, key = options.signer, folder / "keys" / "signing.pem"
        if signer is None and key.exists():
            signer = Signer.read(key)
        registry = cls(
            folder, options.trust or Trust.read(folder / "trust"), signer, Objects(folder / "objects"),
            Log(folder / "log.jsonl", options.clock, 1 if options.audit == "sync" else GROUP_MAX),
            Lock(folder / "lock"),
        )  # fmt: skip
        with registry._lock.held():
            heads = {Head()} | {entry.head for entry in registry._read_news()}
            registry._check_heads(heads, options.pinned)
        return registry

    def _check_heads(self, heads: set[Head], pinned: Head | None) -> None:
        if pinned is not None and pinned not in heads:
            refuse(REGISTRY_BROKEN, f"the log does not hold the pinned entry {pinned.seq}: it is older, or another one")
        said = opened(read_whole(self.folder / "head.json"), HEAD, self.trust, "the head of the log")
        if said.keys() != {"hash", "seq"} or not any((h.seq, h.hash) == (said["seq"], said["hash"]) for h in heads):
            refuse(REGISTRY_BROKEN, "the log does not lead to its signed head: entries were changed or taken away")

    # ----------------------------------------------------------------------------------------- the lock
    @contextmanager
    def _current(self) -> Iterator[State]:
        """Hold the lock, knowing everything that was decided."""
        with self._lock.held():
            self._read_news()
            yield self.state

    def _read_news(self) -> list[Entry]:
        entries = self.log.news()
        for entry in entries:
            self.state = self.state.after(entry)
        return entries

    def _record(self, event: str, payload: dict[str, Any], durable: bool = True) -> Entry:
        entry = self.log.append(event, payload, durable)
        self.state = self.state.after(entry)
        return entry

    def _sign_head(self) -> None:
        if self.signer is not None:
            write_whole(self.folder / "head.json", _sealed_head(self.log.head, self.signer))

    def _signing(self) -> Signer:
        if self.signer is None or self.signer.id not in self.trust.keys:
            refuse(REGISTRY_KEY, "there is no key here whose signature this registry trusts")
        return self.signer

    # ----------------------------------------------------------------------------------------- registering
    def register(self, plan: PlanDocument | bytes | str) -> Version:
        """Prove a plan for the current schema and register it; the same plan again is the version that is there."""
        document = self._read(plan)
        for _ in range(ATTEMPTS_MAX):
            schema, epoch = self.schema()
            found = self._proved(document, schema)
            with self._current() as state:
                if state.epoch == epoch:
                    return self._register(found)
        refuse(REGISTRY_STALE, f"{document.name}: the schema changes faster than the plan can be proved")

    def _read(self, plan: PlanDocument | bytes | str) -> PlanDocument:
        try:
            document = read_plan(plan.data if isinstance(plan, PlanDocument) else plan)
        except DocumentError as error:
            self._refused("", "", [error.diagnostic])
        if NAME.fullmatch(document.name) is None or len(document.name) > NAME_MAX:
            self._refused(document.name, document.plan_id, [_because(REGISTRY_REFUSED, "plans have plain names")])
        return document

    def _proved(self, document: PlanDocument, schema: Schema) -> Certified:
        """A plan with its proof. No certificate is looked at: everything is derived and solved here."""
        try:
            found = certify(document, schema)
        except DocumentError as error:
            self._refused(document.name, document.plan_id, [error.diagnostic])
        if not found.proved:
            self._refused(
                document.name, document.plan_id, [d for d in findings(found) if d.code in (REFUTED, NOT_PROVED)]
            )
        return found

    def _refused(self, name: str, plan_id: str, diagnostics: list[Diagnostic]) -> NoReturn:
        """Record that a plan is not taken, then say so."""
        reasons = [f"{d.code.id} {without_secrets(d.message)}" for d in diagnostics[:5]]
        with self._current():
            self._record("plan.refused", {"name": name[:NAME_MAX], "plan_id": plan_id, "reasons": reasons})
        raise RegistryError(*diagnostics)

    def _register(self, found: Certified) -> Version:
        """Register what was proved, with the lock held."""
        plan, state = found.plan, self.state
        known = [v for v in state.of(plan.name) if v.plan_id == plan.plan_id]
        if any(v.key in state.revoked for v in known):
            refuse(REGISTRY_REVOKED, f"{plan.name}: this very plan was revoked", "register another one")
        newest = state.current(plan.name)
        if newest is not None and newest.plan_id == plan.plan_id:
            return newest
        version = self._kept(found, Numbers(len(state.of(plan.name)) + 1, state.epoch))
        self._record(REGISTERED, as_payload(version))
        self._sign_head()
        return version

    def _kept(self, found: Certified, numbers: Numbers) -> Version:
        """Put plan, certificate and signed statement among the objects."""
        document = self.objects.put(found.plan.data)
        certificate = self.objects.put(found.certificate.data)
        statement = registration(found, numbers, document, certificate)
        envelope = self.objects.put(sealed(STATEMENT, statement, self._signing()))
        plan = found.plan
        return Version(plan.name, numbers.version, plan.plan_id, document, certificate, envelope, numbers.epoch)

    # ----------------------------------------------------------------------------------------- schemas
    def schema(self) -> tuple[Schema, int]:
        """The current schema and the number of its epoch."""
        with self._current() as state:
            return self._schema_of(state), state.epoch

    def _schema_of(self, state: State) -> Schema:
        if self._schema is None or self._schema[0] != state.schema_envelope:
            try:
                schema = read_schema(self.objects.get(state.schema))
            except DocumentError as error:
                raise RegistryError(error.diagnostic) from None
            said = opened(self.objects.get(state.schema_envelope), STATEMENT, self.trust, "the schema's envelope")
            check_adoption(said, schema, state)
            self._schema = (state.schema_envelope, schema)
        return self._schema[1]

    def adopt(self, schema: Schema, recompiled: Mapping[str, PlanDocument] | None = None) -> Adopted:
        """Make a schema the current one.

        Plans that were compiled for it (``recompiled``) and prove become new versions; all others fall out.
        """
        for _ in range(ATTEMPTS_MAX):
            with self._current() as state:
                before = state
                if state.epoch and schema_epoch(self._schema_of(state)) == schema_epoch(schema):
                    return Adopted((), {})
            proved, fallen = self._proved_again(before, schema, recompiled or {})
            with self._current() as state:
                if state == before:
                    return self._adopt(schema, proved, fallen)
        refuse(REGISTRY_STALE, "the registry changes faster than its plans can be proved again")

    def _proved_again(
        self, before: State, schema: Schema, recompiled: Mapping[str, PlanDocument]
    ) -> tuple[list[Certified], dict[str, str]]:
        proved, fallen = [], {}
        for name in sorted({version.name for version in before.versions.values()}):
            if before.current(name) is None:
                continue
            plan = recompiled.get(name)
            if plan is None or plan.name != name:
                fallen[name] = "it was not compiled for the new schema"
                continue
            try:
                found = certify(read_plan(plan.data), schema)
            except DocumentError as error:
                fallen[name] = error.diagnostic.message
                continue
            if found.proved:
                proved.append(found)
            else:
                failed = found.verification.failed[0]
                fallen[name] = without_secrets(f"{failed.verdict.value}: {failed.about}: {failed.claim}")
        return proved, fallen

    def _adopt(self, schema: Schema, proved: list[Certified], fallen: dict[str, str]) -> Adopted:
        signer, epoch = self._signing(), self.state.epoch + 1
        document = self.objects.put(write_schema(schema))
        envelope = self.objects.put(sealed(STATEMENT, adoption(schema, document, epoch), signer))
        kept = tuple(self._kept(each, Numbers(len(self.state.of(each.plan.name)) + 1, epoch)) for each in proved)
        self._record(ADOPTED, {
            "envelope": envelope, "epoch": epoch, "fallen": fallen, "plans": [as_payload(each) for each in kept],
            "schema": document, "schema_epoch": schema_epoch(schema),
        })  # fmt: skip
        self._sign_head()
        return Adopted(kept, fallen)

    # ----------------------------------------------------------------------------------------- revoking
    def revoke(self, name: str, version: int | None = None, reason: str = "") -> tuple[Version, ...]:
        """Revoke a version, or every version of a name. When this returns none of them is admitted any more."""
        with self._current() as state:
            found = [v for v in state.of(name) if version in (None, v.version)]
            if not found:
                self._unknown(name, version)
            gone = [v for v in found if v.key not in state.revoked]
            if gone:
                numbers = [v.version for v in gone]
                self._record(REVOKED, {"name": name, "reason": without_secrets(reason), "versions": numbers})
                self._sign_head()
            return tuple(gone)

    def _unknown(self, name: str, version: int | None) -> NoReturn:
        label = name[:NAME_MAX] if version is None else f"{name[:NAME_MAX]}@{version}"
        refuse(REGISTRY_UNKNOWN, f"there is no plan {label} in the registry")

    # ----------------------------------------------------------------------------------------- looking
    def plans(self) -> tuple[tuple[Version, str], ...]:
        """Every version with its status, by name and number."""
        with self._current() as state:
            return tuple((v, state.status(v)) for _, v in sorted(state.versions.items()))

    def show(self, name: str, version: int | None = None) -> tuple[Version, str, PlanDocument, bytes]:
        """A version, its status, its plan and its certificate; whole and signed, whether it may run or not."""
        with self._current() as state:
            found = self._named(state, name, version)
            data, certificate = self.objects.get(found.document), self.objects.get(found.certificate)
            return found, state.status(found), read_plan(data), certificate

    def entries(self) -> tuple[Entry, ...]:
        """The whole log, read again and verified."""
        from liq.registry.log import read_entries

        with self._current():
            self.log.verify_chain()
            return tuple(read_entries(self.log.path.read_bytes(), Head()))

    def verify_chain(self) -> int:
        """Read the whole log again; how many entries it has, or a refusal."""
        with self._current():
            return self.log.verify_chain()

    def head(self) -> Head:
        """The newest entry: what a host pins."""
        with self._current():
            return self.log.head

    # ----------------------------------------------------------------------------------------- running
    def admit(self, name: str, version: int | None = None, caller: str = "", given: Iterable[str] = ()) -> Admitted:
        """The gate. A plan comes out of it when it is registered, whole, signed, not revoked, and of this epoch.

        ``given``: names of parameters, for the log. What comes out may run at once: whatever is decided later is
        for later calls.
        """
        with self._current() as state:
            try:
                found = self._runnable(state, name, version)
                plan, schema = self._checked(found, state), self._schema_of(state)
            except RegistryError as error:
                self._record("plan.denied", {
                    "caller": without_secrets(caller), "name": name[:NAME_MAX], "version": version,
                    "reason": f"{error.code.id} {error.code.name}",
                })  # fmt: skip
                raise
            entry = self._record("plan.admitted", {
                "caller": without_secrets(caller), "name": found.name, "version": found.version,
                "plan_id": found.plan_id, "parameters": sorted(set(given) & {p.name for p in plan.query.parameters}),
            }, durable=False)  # fmt: skip
            return Admitted(found, plan, schema, entry)

    def finished(self, admitted: Admitted, outcome: str) -> None:
        """Record how a run ended: ``ok``, or the kind of its error."""
        with self._current():
            self._record("plan.ran", {"admitted": admitted.entry.seq, "outcome": outcome[:64]}, durable=False)

    def record(self, event: str, payload: dict[str, Any]) -> Entry:
        """Write something that is no decision about plans into the log, durably."""
        if event in (ADOPTED, REGISTERED, REVOKED) or event.startswith("plan."):
            refuse(REGISTRY_REFUSED, f"{event} is written by the registry alone")
        with self._current():
            return self._record(event, payload)

    def sync(self) -> None:
        """Make the entries about runs durable."""
        with self._lock.held():
            self.log.sync()

    def _named(self, state: State, name: str, version: int | None) -> Version:
        """The version that is meant; of a name none of whose versions may run, the newest that was not revoked."""
        known = state.of(name) if version is None else [v for v in state.of(name) if v.version == version]
        if not known:
            self._unknown(name, version)
        able = [v for v in known if v.key not in state.revoked]
        return state.current(name) or (able or known)[-1] if version is None else known[0]

    def _runnable(self, state: State, name: str, version: int | None) -> Version:
        found = self._named(state, name, version)
        match state.status(found):
            case "revoked":
                refuse(REGISTRY_REVOKED, f"{found.label} was revoked")
            case "stale":
                refuse(REGISTRY_STALE, f"{found.label} was registered for an earlier schema")
            case _:
                return found

    def _checked(self, found: Version, state: State) -> PlanDocument:
        """The plan of a version: signed by a trusted key, and the very bytes that were proved."""
        schema = self._schema_of(state)
        said = opened(self.objects.get(found.envelope), STATEMENT, self.trust, found.label)
        check_registration(said, found, state, schema_epoch(schema))
        data, _ = self.objects.get(found.document), self.objects.get(found.certificate)
        if found.document not in self._plans:
            try:
                plan = read_plan(data)
                against_schema(plan, schema)
            except DocumentError as error:
                refuse(REGISTRY_BROKEN, f"{found.label}: {error.diagnostic.message}")
            self._plans[found.document] = plan
        plan = self._plans[found.document]
        if (plan.name, plan.plan_id, plan.schema_epoch) != (found.name, found.plan_id, schema_epoch(schema)):
            refuse(REGISTRY_BROKEN, f"{found.label}: the plan is another one than was registered")
        return plan


def _sealed_head(head: Head, signer: Signer) -> bytes:
    return sealed(HEAD, {"hash": head.hash, "seq": head.seq}, signer)


def _because(code: Code, message: str) -> Diagnostic:
    return Diagnostic(code, message, NO_SPAN)
