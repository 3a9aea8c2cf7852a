"""Events → registry: a pure fold. An event that may not be has no effect and leaves a finding."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from proofpress.evidence.finding import Finding
from proofpress.registry.events import (
    GENESIS,
    LOG,
    Activated,
    Event,
    Registered,
    Retired,
    RolledBack,
    Yanked,
    bundle_id_of,
)
from proofpress.registry.log import Logged
from proofpress.registry.state import (
    FINAL,
    BundleState,
    Registry,
    ScopeKey,
    Status,
    Step,
    Tenure,
    scope_key,
    scope_text,
)

LEGAL: Final[dict[str, frozenset[Status]]] = {
    "candidate": frozenset({"REGISTERED"}),
    "approved": frozenset({"CANDIDATE"}),
    "rejected": frozenset({"REGISTERED", "CANDIDATE", "APPROVED"}),
    "activated": frozenset({"APPROVED", "ACTIVE", "RETIRED"}),
    "retired": frozenset({"ACTIVE"}),
    "yanked": frozenset({"REGISTERED", "CANDIDATE", "APPROVED", "ACTIVE", "RETIRED"}),
    "rolled_back": frozenset({"ACTIVE", "RETIRED", "YANKED"}),
}
"""From which status each event may move a bundle."""

REACHED: Final[dict[str, Status]] = {
    "registered": "REGISTERED",
    "candidate": "CANDIDATE",
    "approved": "APPROVED",
    "rejected": "REJECTED",
    "activated": "ACTIVE",
    "retired": "RETIRED",
    "yanked": "YANKED",
}
"""The status that each event leads to; a rollback retires what it rolls back."""


def fold(log: Iterable[Logged], findings: Iterable[Finding] = ()) -> Registry:
    """Apply all events in order; `findings` are those of reading the log.

    The fold of a prefix of the log is a prefix of the fold: of its steps, its findings and its tenures.
    """
    state = Fold(findings)
    for logged in log:
        state.apply(logged)
    return state.registry()


class Fold:
    """A registry in the making. Stops for good where the chain or the numbering breaks."""

    def __init__(self, findings: Iterable[Finding] = ()) -> None:
        self.findings = list(findings)
        self._bundles: dict[str, BundleState] = {}
        self._packs: dict[str, str] = {}
        self._tenures: dict[ScopeKey, list[Tenure]] = {}
        self._steps: list[Step] = []
        self._size, self._head, self._at = 0, GENESIS, ""
        self._stopped = False

    def registry(self) -> Registry:
        """The state so far."""
        histories: dict[str, list[Step]] = {}
        for step in self._steps:
            histories.setdefault(step.bundle_id, []).append(step)
        return Registry(
            bundles=dict(self._bundles),
            tenures={scope: tuple(tenures) for scope, tenures in self._tenures.items()},
            steps=tuple(self._steps),
            histories={name: tuple(steps) for name, steps in histories.items()},
            findings=tuple(self.findings),
            size=self._size,
            head=self._head,
        )

    def apply(self, logged: Logged) -> None:
        """Let one event have its effect, or tell why it has none."""
        event = logged.event
        if self._stopped or not self._chained(event):
            self._stopped = True
            return
        self._size, self._head = event.seq, logged.sha256
        if event.at < self._at:
            self._refuse(event, "REG005", "time goes backwards", f"{self._at} or later", event.at)
            return
        self._at = event.at
        if isinstance(event, Registered):
            self._register(event)
        elif (state := self._known(event)) is not None:
            self._move(event, state)

    def _chained(self, event: Event) -> bool:
        hint = "restore the log from its last commit; nothing from here on is believed"
        if event.prev != self._head:
            self._refuse(event, "REG003", "the chain of digests is broken", self._head, event.prev, hint)
            return False
        if event.seq != self._size + 1:
            self._refuse(event, "REG004", "the numbering is broken", str(self._size + 1), str(event.seq), hint)
            return False
        return True

    def _register(self, event: Registered) -> None:
        name = event.bundle_id
        if (state := self._bundles.get(name)) is not None:
            if state.pack_id != event.pack_id:
                hint = f"submit the corrected pack as bundle {event.bundle + 1}"
                self._refuse(event, "REG007", "the bundle has another pack", state.pack_id, event.pack_id, hint)
            else:
                self._illegal(event, state)
        elif (owner := self._packs.get(event.pack_id)) is not None:
            self._refuse(event, "REG007", "the pack is registered under another name", owner, name)
        elif event.bundle > 1 and bundle_id_of(event.release_id, event.bundle - 1) not in self._bundles:
            before = bundle_id_of(event.release_id, event.bundle - 1)
            self._refuse(event, "REG006", "the bundle before it is not registered", before, "no such bundle")
        else:
            self._packs[event.pack_id] = name
            self._bundles[name] = BundleState(
                bundle_id=name,
                release_id=event.release_id,
                bundle=event.bundle,
                pack_id=event.pack_id,
                registered_at=event.at,
                rehearsal=event.fixture,
                status="REGISTERED",
                since=event.at,
            )
            self._step(event, name, None)

    def _known(self, event: Event) -> BundleState | None:
        state = self._bundles.get(event.bundle_id)
        if state is None:
            hint = "register it first"
            self._refuse(event, "REG006", "the bundle is not registered", "a registered bundle", event.bundle_id, hint)
        elif state.pack_id != event.pack_id:
            self._refuse(event, "REG007", "the event names another pack", state.pack_id, event.pack_id)
            return None
        return state

    def _move(self, event: Event, state: BundleState) -> None:
        if state.status not in LEGAL[event.kind]:
            self._illegal(event, state)
        elif isinstance(event, Activated):
            self._activate(event, state, scope_key(event.scope))
        elif isinstance(event, RolledBack):
            self._roll_back(event, state, scope_key(event.scope))
        elif isinstance(event, Retired):
            self._retire(event, state)
        elif isinstance(event, Yanked):
            self._yank(event, state)
        elif event.kind == "approved" and state.rehearsal:
            self._refuse(event, "REG011", "a rehearsal can't be approved", "measured evidence", "fixture: true")
        else:
            self._update(event, state.bundle_id, REACHED[event.kind])

    def _activate(self, event: Activated, state: BundleState, scope: ScopeKey) -> None:
        name, where = state.bundle_id, scope_text(scope)
        current = self._current(scope)
        if current == name:
            self._refuse(event, "REG008", f"the bundle is already active in {where}", "another bundle", name)
        elif any(tenure.bundle_id == name for tenure in self._tenures.get(scope, ())):
            hint = "record a rollback that restores it"
            self._refuse(event, "REG008", f"the bundle was active in {where} before", "a rollback", event.kind, hint)
        elif event.supersedes != current:
            expected = f"supersedes {current}" if current else "supersedes nothing"
            found = f"supersedes {event.supersedes or 'nothing'}"
            hint = f"name {current} as what it supersedes" if current else "leave out what it supersedes"
            self._refuse(event, "REG009", f"{current or 'nothing'} is active in {where}", expected, found, hint)
        else:
            self._enter(event, name, scope, other=current)
            if current is not None:
                self._leave(event, current, (scope,), kind="superseded", other=name)
            self._tenures.setdefault(scope, []).append(Tenure(at=event.at, bundle_id=name))

    def _roll_back(self, event: RolledBack, state: BundleState, scope: ScopeKey) -> None:
        tenants = [tenure.bundle_id for tenure in self._tenures.get(scope, ()) if tenure.bundle_id is not None]
        restored, where = self._bundles.get(event.restores), scope_text(scope)
        usable = sorted({name for name in tenants if name != state.bundle_id and self._usable(name)})
        hint = f"bundles to return to: {', '.join(usable) or 'none'}"
        if not tenants or tenants[-1] != state.bundle_id:
            last = tenants[-1] if tenants else "none"
            message = f"the bundle is not the last one that was active in {where}"
            self._refuse(event, "REG010", message, last, state.bundle_id)
        elif restored is None or restored.bundle_id not in usable:
            message = f"the rollback can't return to {event.restores} in {where}"
            self._refuse(event, "REG010", message, "a usable bundle that was active there", event.restores, hint)
        else:
            self._leave(event, state.bundle_id, (scope,), kind=event.kind, other=event.restores)
            self._enter(event, event.restores, scope, kind="restored", other=state.bundle_id)
            self._tenures[scope].append(Tenure(at=event.at, bundle_id=event.restores))

    def _retire(self, event: Retired, state: BundleState) -> None:
        scope = None if event.scope is None else scope_key(event.scope)
        if scope is not None and scope not in state.scopes:
            where = "; ".join(map(scope_text, state.scopes))
            message = f"the bundle is not active in {scope_text(scope)}"
            self._refuse(event, "REG008", message, where, scope_text(scope), "name a scope that it is active in")
            return
        scopes = state.scopes if scope is None else (scope,)
        self._leave(event, state.bundle_id, scopes, kind=event.kind)
        self._vacate(event, scopes)

    def _yank(self, event: Yanked, state: BundleState) -> None:
        path = event.upgrade_path
        if path is not None and (path == state.bundle_id or not self._usable(path)):
            found = self._bundles[path].status if path in self._bundles else "not registered"
            message = f"the upgrade path {path} does not lead to a usable bundle"
            self._refuse(event, "REG012", message, "a registered bundle, not rejected, not yanked", found)
            return
        self._vacate(event, state.scopes)
        self._bundles[state.bundle_id] = replace(state, scopes=(), upgrade_path=path)
        self._update(event, state.bundle_id, "YANKED", other=path)

    def _usable(self, name: str) -> bool:
        return name in self._bundles and self._bundles[name].status not in FINAL

    def _current(self, scope: ScopeKey) -> str | None:
        tenures = self._tenures.get(scope)
        return tenures[-1].bundle_id if tenures else None

    def _vacate(self, event: Event, scopes: Iterable[ScopeKey]) -> None:
        for scope in scopes:
            self._tenures[scope].append(Tenure(at=event.at, bundle_id=None))

    def _enter(self, event: Event, name: str, scope: ScopeKey, *, kind: str = "", other: str | None) -> None:
        state = self._bundles[name]
        self._bundles[name] = replace(state, scopes=tuple(sorted((*state.scopes, scope))))
        self._update(event, name, "ACTIVE", kind=kind, scope=scope, other=other)

    def _leave(
        self, event: Event, name: str, scopes: tuple[ScopeKey, ...], *, kind: str, other: str | None = None
    ) -> None:
        """Take a bundle out of scopes; it is RETIRED when none is left, unless it is yanked already."""
        state = self._bundles[name]
        left = tuple(scope for scope in state.scopes if scope not in scopes)
        self._bundles[name] = replace(state, scopes=left)
        after: Status = "ACTIVE" if left else "YANKED" if state.status == "YANKED" else "RETIRED"
        scope = scopes[0] if len(scopes) == 1 else None
        self._update(event, name, after, kind=kind, scope=scope, other=other)

    def _update(
        self,
        event: Event,
        name: str,
        after: Status,
        *,
        kind: str = "",
        scope: ScopeKey | None = None,
        other: str | None = None,
    ) -> None:
        before = self._bundles[name].status
        if after != before:
            self._bundles[name] = replace(self._bundles[name], status=after, since=event.at)
        self._step(event, name, before, kind=kind, scope=scope, other=other)

    def _step(
        self,
        event: Event,
        name: str,
        before: Status | None,
        *,
        kind: str = "",
        scope: ScopeKey | None = None,
        other: str | None = None,
    ) -> None:
        self._steps.append(
            Step(
                seq=event.seq,
                at=event.at,
                kind=kind or event.kind,
                bundle_id=name,
                by=event.by,
                before=before,
                after=self._bundles[name].status,
                reason=event.reason,
                scope=scope,
                other=other,
            )
        )

    def _illegal(self, event: Event, state: BundleState) -> None:
        moves = ", ".join(kind for kind, origins in LEGAL.items() if state.status in origins)
        message = f"a bundle that is {state.status} can't be {event.kind.replace('_', ' ')}"
        hint = f"{state.status} is final" if state.status in FINAL else f"legal from {state.status}: {moves}"
        origins = " or ".join(sorted(LEGAL.get(event.kind, ()))) or "an unregistered bundle"
        self._refuse(event, "REG008", message, origins, state.status, hint)

    def _refuse(self, event: Event, rule: str, message: str, expected: str, found: str, hint: str = "") -> None:
        self.findings.append(
            Finding(
                rule=rule,
                file=LOG,
                pointer=f"/{self._size if rule in {'REG003', 'REG004'} else event.seq - 1}",
                message=f"event {event.seq} ({event.kind} {event.bundle_id}): {message}",
                expected=expected,
                found=found,
                hint=hint or "record events with 'proofpress registry', which refuses what may not be",
            )
        )
